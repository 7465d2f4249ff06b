//! A world for one shard: peers that talk and listen, and a clock that runs by slices.
#![allow(
    dead_code,
    unreachable_pub,
    reason = "each test file uses its own part of the world"
)]

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use plenum_codecs::Codec;
use plenum_media::{
    FRAME, LegId, MediaCommand, MediaNotice, MixerId, Notices, PacketOutbox, Patch, PortId, SLICE,
    Shard, ShardConfig, StreamIdentity, StreamSetup,
};
use plenum_rtp::{PayloadType, RtpHeader, RtpPacket, RtpTimestamp, SequenceNumber, Ssrc};
use plenum_time::Instant;

pub const AUDIO: u8 = 96;
pub const EVENT: u8 = 101;

/// A datagram that the shard sent.
#[derive(Clone, Debug)]
pub struct Sent {
    pub at: Instant,
    pub port: PortId,
    pub rtcp: bool,
    pub to: SocketAddr,
    pub bytes: Vec<u8>,
}

impl Sent {
    pub fn rtp(&self) -> RtpPacket<'_> {
        RtpPacket::parse(&self.bytes).unwrap()
    }

    pub fn samples(&self, codec: Codec) -> Vec<i16> {
        let mut samples = vec![0; 960];
        let len = codec.decode(self.rtp().payload, &mut samples);
        samples.truncate(len);
        samples
    }
}

/// One shard with its clock.
pub struct World {
    pub shard: Shard,
    pub now: Instant,
    slice: u64,
    pub out: PacketOutbox,
    pub notices: Notices,
    pub sent: Vec<Sent>,
    pub heard: Vec<MediaNotice>,
}

impl World {
    pub fn new() -> Self {
        Self::with(ShardConfig {
            talk: None,
            ..ShardConfig::default()
        })
    }

    pub fn with(config: ShardConfig) -> Self {
        let mut world = Self {
            shard: Shard::new(config),
            now: Instant::from_millis(1000),
            slice: 0,
            out: PacketOutbox::with_capacity(4096, 1 << 20),
            notices: Notices::with_capacity(1024),
            sent: Vec::new(),
            heard: Vec::new(),
        };
        world.command(MediaCommand::AddPort { port: PortId(0) });
        world
    }

    pub fn command(&mut self, command: MediaCommand) {
        self.shard.command(self.now, command, &mut self.notices);
        self.heard.extend(self.notices.drain());
    }

    /// Adds a leg that announces the address of a peer.
    pub fn add_leg(&mut self, leg: u64, setup: StreamSetup) {
        self.command(MediaCommand::AddLeg {
            leg: LegId(leg),
            port: PortId(0),
            identity: identity(leg),
            stream: Some(Box::new(setup)),
        });
    }

    pub fn join(&mut self, leg: u64, mixer: u64) {
        self.command(MediaCommand::Connect {
            leg: LegId(leg),
            to: Patch::Mixer(MixerId(mixer)),
        });
    }

    pub fn receive(&mut self, from: SocketAddr, packet: &[u8]) {
        self.shard
            .receive_rtp(self.now, PortId(0), from, packet, &mut self.notices);
        self.heard.extend(self.notices.drain());
    }

    pub fn receive_rtcp(&mut self, from: SocketAddr, packet: &[u8]) {
        self.shard
            .receive_rtcp(self.now, PortId(0), from, packet, &mut self.notices);
        self.heard.extend(self.notices.drain());
    }

    /// Runs the four slices of a tick.
    pub fn tick(&mut self) {
        for _ in 0..4 {
            self.run_slice();
        }
    }

    pub fn run_slice(&mut self) {
        let phase = (self.slice % 4) as u8;
        self.shard.tick(
            self.now,
            self.slice / 4,
            phase,
            &mut self.out,
            &mut self.notices,
        );
        let at = self.now;
        self.sent.extend(self.out.packets().map(|packet| Sent {
            at,
            port: packet.port,
            rtcp: packet.rtcp,
            to: packet.to,
            bytes: packet.bytes.to_vec(),
        }));
        self.out.clear();
        self.heard.extend(self.notices.drain());
        self.slice += 1;
        self.now += SLICE;
    }

    /// Skips ticks, as a driver does that is late.
    pub fn stall(&mut self, ticks: u64) {
        self.slice += ticks * 4;
        self.now += Duration::from_millis(20) * u32::try_from(ticks).unwrap();
    }

    /// Takes the RTP packets sent to a peer.
    pub fn take_rtp(&mut self, to: SocketAddr) -> Vec<Sent> {
        let (taken, kept) = self
            .sent
            .drain(..)
            .partition(|sent| sent.to == to && !sent.rtcp);
        self.sent = kept;
        taken
    }

    pub fn take_notices(&mut self) -> Vec<MediaNotice> {
        std::mem::take(&mut self.heard)
    }
}

/// A peer that sends.
#[derive(Clone, Debug)]
pub struct Peer {
    pub address: SocketAddr,
    pub ssrc: u32,
    pub sequence: u16,
    pub timestamp: u32,
    pub codec: Codec,
}

impl Peer {
    pub fn new(number: u16) -> Self {
        Self {
            address: address(number),
            ssrc: 0x1000_0000 + u32::from(number),
            sequence: number.wrapping_mul(7919),
            timestamp: u32::from(number).wrapping_mul(0x1234_5678),
            codec: Codec::L16,
        }
    }

    /// Builds the next audio packet.
    pub fn say(&mut self, samples: &[i16]) -> Vec<u8> {
        let mut payload = vec![0; self.codec.frame_bytes(samples.len())];
        self.codec.encode(samples, &mut payload);
        let packet = self.packet(AUDIO, self.timestamp, &payload);
        self.timestamp = self.timestamp.wrapping_add(samples.len() as u32);
        packet
    }

    pub fn packet(&mut self, payload_type: u8, timestamp: u32, payload: &[u8]) -> Vec<u8> {
        let header = RtpHeader {
            marker: false,
            payload_type: PayloadType::new(payload_type).unwrap(),
            sequence: SequenceNumber(self.sequence),
            timestamp: RtpTimestamp(timestamp),
            ssrc: Ssrc(self.ssrc),
        };
        self.sequence = self.sequence.wrapping_add(1);
        let mut packet = vec![0; RtpHeader::LEN];
        header.write(&mut packet);
        packet.extend_from_slice(payload);
        packet
    }
}

pub fn address(number: u16) -> SocketAddr {
    SocketAddr::from(([192, 0, 2, 1], 10_000 + number * 2))
}

pub fn identity(leg: u64) -> StreamIdentity {
    StreamIdentity {
        ssrc: 0x2000_0000 + u32::try_from(leg).unwrap(),
        sequence: 65_530,
        timestamp: u32::MAX - 300,
    }
}

/// A stream in L16, so that what is heard can be compared sample by sample.
pub fn setup(number: u16) -> StreamSetup {
    StreamSetup {
        remote: Some(address(number)),
        remote_rtcp: None,
        rtcp_mux: false,
        codec: Codec::L16,
        send_payload_type: AUDIO,
        receive: vec![(AUDIO, Codec::L16), (0, Codec::Pcmu)],
        send_event_type: Some(EVENT),
        receive_event_type: Some(EVENT),
        sends: true,
        receives: true,
        packet_time: Duration::from_millis(20),
    }
}

pub fn names(notices: &[MediaNotice]) -> Vec<String> {
    notices.iter().map(|notice| format!("{notice:?}")).collect()
}

pub fn mixes(
    world: &mut World,
    mixer: u64,
    legs: impl Iterator<Item = u64>,
) -> BTreeMap<u64, Peer> {
    world.command(MediaCommand::AddMixer {
        mixer: MixerId(mixer),
    });
    let mut peers = BTreeMap::new();
    for leg in legs {
        let number = u16::try_from(leg).unwrap();
        world.add_leg(leg, setup(number));
        world.join(leg, mixer);
        peers.insert(leg, Peer::new(number));
    }
    peers
}

pub fn silence() -> [i16; FRAME] {
    [0; FRAME]
}
