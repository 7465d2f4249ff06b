//! The server: the machines that production drives, with a virtual world around them.

use std::collections::{BTreeMap, BTreeSet};
use std::net::{IpAddr, Ipv4Addr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use plenum_control::{Control, ControlConfig, ControlOutbox, Input, Output, ShardId};
use plenum_media::{
    LegId, LegStats, MediaCommand, MediaNotice, Notices, PHASES, PacketOutbox, PortId, Shard,
    ShardConfig,
};
use plenum_sip_ua::Flow;
use plenum_switch::SwitchConfig;
use plenum_time::Instant;

use crate::dice::Dice;
use crate::network::Datagram;
use crate::shelf::Shelf;

/// The server's address for everything.
pub(crate) const SERVER: IpAddr = IpAddr::V4(Ipv4Addr::new(192, 0, 2, 1));

/// The server's port for SIP.
pub(crate) const SIP_PORT: u16 = 5060;

/// The first port for audio.
const FIRST_RTP_PORT: u16 = 20_000;

/// How long an order is under way to a shard, and a notice back.
const CROSSING: Duration = Duration::from_millis(1);

/// How long the binding of ports takes.
const BINDING: Duration = Duration::from_millis(10);

/// How long a file worker takes at most.
const FILE_WORK: Duration = Duration::from_millis(20);

/// Something that reaches a part of the server a little later.
#[derive(Debug)]
pub(crate) enum Errand {
    /// The control machine is told something.
    Tell(Input),
    /// A shard gets an order.
    Order(ShardId, MediaCommand),
}

/// The control machine, its shards, and what they order about.
pub(crate) struct Server {
    pub(crate) control: Control,
    pub(crate) shelf: Shelf,
    shards: Vec<Shard>,
    out: ControlOutbox,
    packets: PacketOutbox,
    notices: Notices,
    sockets: BTreeMap<u16, Socket>,
    /// The RTP port of each port pair.
    rtp_ports: BTreeMap<(ShardId, PortId), u16>,
    dice: Dice,
    pub(crate) legs: BTreeSet<(ShardId, LegId)>,
    pub(crate) stats: BTreeMap<LegId, LegStats>,
    pub(crate) errands: Vec<(Duration, Errand)>,
    pub(crate) outgoing: Vec<Datagram>,
}

/// Who reads a port.
#[derive(Clone, Copy, Debug)]
struct Socket {
    shard: ShardId,
    port: PortId,
    rtcp: bool,
}

/// What a server is like.
#[derive(Debug)]
pub(crate) struct ServerSetup {
    pub(crate) switch: SwitchConfig,
    pub(crate) shards: u16,
    pub(crate) pairs_per_shard: usize,
    pub(crate) calls_max: usize,
    pub(crate) anonymous_context: Option<String>,
    pub(crate) stream_timeout: Duration,
}

impl Server {
    pub(crate) fn new(setup: ServerSetup, mut dice: Dice) -> Self {
        let wall_at_zero = setup.switch.wall_at_zero;
        let config = ControlConfig {
            product: "Plenum".into(),
            calls_max: setup.calls_max,
            anonymous_context: setup.anonymous_context,
            media_addresses: SERVER.into(),
            shards: setup.shards,
            pairs_per_shard: setup.pairs_per_shard,
            recording_buffer_samples: 4_000,
            switch: setup.switch,
        };
        let mut out = ControlOutbox::new();
        let control = Control::new(config, dice.seed(), &mut out);
        let shard = |_| {
            Shard::new(ShardConfig {
                seed: dice.long(),
                wall_at_zero,
                stream_timeout: setup.stream_timeout,
                ..ShardConfig::default()
            })
        };
        let mut server = Self {
            control,
            shelf: Shelf::default(),
            shards: (0..setup.shards.max(1)).map(shard).collect(),
            out,
            packets: PacketOutbox::default(),
            notices: Notices::default(),
            sockets: BTreeMap::new(),
            rtp_ports: BTreeMap::new(),
            dice,
            legs: BTreeSet::new(),
            stats: BTreeMap::new(),
            errands: Vec::new(),
            outgoing: Vec::new(),
        };
        server.carry_out();
        server
    }

    /// Takes a datagram that came to one of the server's ports.
    pub(crate) fn receive(&mut self, now: Instant, datagram: &Datagram) {
        if datagram.to.port() == SIP_PORT {
            let flow = Flow::udp(datagram.to, datagram.from);
            self.tell(
                now,
                Input::Datagram {
                    flow,
                    bytes: datagram.bytes.clone(),
                },
            );
            return;
        }
        let Some(socket) = self.sockets.get(&datagram.to.port()).copied() else {
            return;
        };
        let shard = &mut self.shards[usize::from(socket.shard.0)];
        let (from, bytes, notices) = (datagram.from, &datagram.bytes, &mut self.notices);
        if socket.rtcp {
            shard.receive_rtcp(now, socket.port, from, bytes, notices);
        } else {
            shard.receive_rtp(now, socket.port, from, bytes, notices);
        }
        self.report(socket.shard);
    }

    /// Does an errand that has arrived.
    pub(crate) fn run(&mut self, now: Instant, errand: Errand) {
        match errand {
            Errand::Tell(input) => self.tell(now, input),
            Errand::Order(shard, command) => {
                self.note(shard, &command);
                let target = &mut self.shards[usize::from(shard.0)];
                target.command(now, command, &mut self.notices);
                self.report(shard);
            }
        }
    }

    /// Calls the control machine's timers if they are due.
    pub(crate) fn timeout(&mut self, now: Instant) {
        if self.control.next_deadline().is_some_and(|at| at <= now) {
            self.control.timeout(now, &mut self.out);
            self.carry_out();
        }
    }

    /// Calls the control machine with an outbox, and carries out what it orders.
    pub(crate) fn with_control<T>(
        &mut self,
        work: impl FnOnce(&mut Control, &mut ControlOutbox) -> T,
    ) -> T {
        let value = work(&mut self.control, &mut self.out);
        self.carry_out();
        value
    }

    /// Runs a slice of the tick on every shard.
    pub(crate) fn slice(&mut self, now: Instant, number: u64) {
        let (tick, phase) = (number / u64::from(PHASES), number % u64::from(PHASES));
        let phase = u8::try_from(phase).unwrap_or(0);
        for index in 0..self.shards.len() {
            let shard = ShardId(u16::try_from(index).unwrap_or(0));
            self.packets.clear();
            self.shards[index].tick(now, tick, phase, &mut self.packets, &mut self.notices);
            let sent = self.packets.packets().filter_map(|packet| {
                let rtp_port = self.rtp_ports.get(&(shard, packet.port))?;
                let from = SocketAddr::new(SERVER, rtp_port + u16::from(packet.rtcp));
                let bytes = Bytes::copy_from_slice(packet.bytes);
                Some(Datagram {
                    from,
                    to: packet.to,
                    bytes,
                })
            });
            self.outgoing.extend(sent);
            self.report(shard);
        }
    }

    /// Orders the figures of every leg; they are there a moment later.
    pub(crate) fn ask_for_stats(&mut self) {
        self.stats.clear();
        let ask = |(shard, leg): &(ShardId, LegId)| {
            (
                CROSSING,
                Errand::Order(*shard, MediaCommand::ReportStats { leg: *leg }),
            )
        };
        self.errands.extend(self.legs.iter().map(ask));
    }

    /// Returns how many legs, mixers, playbacks and recordings the shards hold.
    pub(crate) fn media_sizes(&self) -> [usize; 4] {
        let mut sizes = [0; 4];
        for counters in self.shards.iter().map(Shard::counters) {
            sizes[0] += counters.legs;
            sizes[1] += counters.mixers;
            sizes[2] += counters.playbacks;
            sizes[3] += counters.recordings;
        }
        sizes
    }

    /// Returns how many legs each shard has.
    pub(crate) fn legs_per_shard(&self) -> Vec<usize> {
        self.shards
            .iter()
            .map(|shard| shard.counters().legs)
            .collect()
    }

    fn tell(&mut self, now: Instant, input: Input) {
        self.control.handle(now, input, &mut self.out);
        self.carry_out();
    }

    fn carry_out(&mut self) {
        while let Some(output) = self.out.pop() {
            self.obey(output);
        }
    }

    fn obey(&mut self, output: Output) {
        match output {
            Output::Send { flow, bytes } => {
                self.outgoing.push(Datagram {
                    from: flow.local,
                    to: flow.remote,
                    bytes,
                });
            }
            Output::Media { shard, command } => {
                self.errands.push((CROSSING, Errand::Order(shard, command)));
            }
            Output::BindPorts { shard, count } => self.bind(shard, count),
            Output::LoadSound { job, sound } => {
                let outcome = self.shelf.load(&sound);
                self.answer_from_file(Input::SoundLoaded { job, outcome });
            }
            Output::OpenRecording { recording, file } => self.shelf.open(recording, file),
            Output::WriteRecording {
                recording,
                mut buffer,
            } => {
                self.shelf.write(recording, &buffer);
                buffer.clear();
                self.answer_from_file(Input::BufferWritten { recording, buffer });
            }
            Output::CloseRecording { recording, last } => {
                self.shelf.write(recording, &last);
                let outcome = self.shelf.close(recording);
                self.answer_from_file(Input::RecordingClosed { recording, outcome });
            }
            other => panic!("the world does not know how to carry out {other:?}"),
        }
    }

    fn answer_from_file(&mut self, input: Input) {
        let delay = CROSSING + self.dice.duration(FILE_WORK);
        self.errands.push((delay, Errand::Tell(input)));
    }

    fn bind(&mut self, shard: ShardId, count: u16) {
        let mut ports = Vec::new();
        for _ in 0..count {
            let free_name = |port: &PortId| !self.rtp_ports.contains_key(&(shard, *port));
            let port = (0..).map(PortId).find(free_name).expect("few pairs");
            let free_port = |port: &u16| !self.sockets.contains_key(port);
            let rtp_port = (FIRST_RTP_PORT..)
                .step_by(2)
                .find(free_port)
                .expect("few pairs");
            self.rtp_ports.insert((shard, port), rtp_port);
            for rtcp in [false, true] {
                self.sockets
                    .insert(rtp_port + u16::from(rtcp), Socket { shard, port, rtcp });
            }
            ports.push((port, rtp_port));
        }
        let input = Input::PortsBound {
            shard,
            ports,
            shortage: None,
        };
        self.errands.push((BINDING, Errand::Tell(input)));
    }

    /// Sends what a shard has to say on its way to the control machine.
    fn report(&mut self, shard: ShardId) {
        for notice in self.notices.drain() {
            if let MediaNotice::Stats { leg, stats } = notice {
                self.stats.insert(leg, *stats);
            } else {
                self.errands
                    .push((CROSSING, Errand::Tell(Input::Media { shard, notice })));
            }
        }
    }

    /// Follows which legs and port pairs there are.
    fn note(&mut self, shard: ShardId, command: &MediaCommand) {
        match command {
            MediaCommand::AddLeg { leg, .. } => {
                self.legs.insert((shard, *leg));
            }
            MediaCommand::RemoveLeg { leg } => {
                self.legs.remove(&(shard, *leg));
            }
            MediaCommand::RemovePort { port } => {
                if let Some(rtp_port) = self.rtp_ports.remove(&(shard, *port)) {
                    self.sockets.remove(&rtp_port);
                    self.sockets.remove(&(rtp_port + 1));
                }
            }
            _ => {}
        }
    }
}
