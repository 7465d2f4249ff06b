use alloc::collections::{BTreeMap, VecDeque};
use alloc::vec::Vec;

use hashbrown::HashMap;
use plenum_media::{MediaCommand, PortId};
use plenum_sip_msg::{Limits, Message, Method};
use plenum_sip_ua::{CallKey, Counters as SipCounters, Endpoint, EndpointConfig};
use plenum_switch::{ChannelKey, Effect, Effects, Stimulus, Switch};
use plenum_time::Instant;
use rand_chacha::ChaCha12Rng;
use rand_core::{Rng, SeedableRng};
use slotmap::SlotMap;

use crate::bridges::Bridges;
use crate::held::HeldCalls;
use crate::leg::{Leg, LegKey};
use crate::playbacks::Playbacks;
use crate::ports::PortTable;
use crate::recordings::Recordings;
use crate::recover::{AtWork, Step};
use crate::reports::Reports;
use crate::{ControlConfig, Input, Output, ShardId};

/// Turns of the inner loop for one input; more means that two machines feed each other for ever.
const TURNS_MAX: u32 = 100_000;

/// What callers are told while the server shuts down.
pub(crate) const STOPPING: &str = "the server is shutting down; call again later";

/// SIP, channels, bridges and rooms as one value.
///
/// Composes [`Endpoint`] (the SIP side of calls) with [`Switch`] (what calls do) and with the media
/// shards, which it commands but does not own. A call is a leg: it ties a SIP call, a channel
/// and a media leg together under one key.
///
/// ```text
///  Input ──► Endpoint ──events──► legs ──stimuli──► Switch
///              ▲                   │  ▲               │
///              └──answers, BYE─────┘  └───effects─────┘
///                                  │
///                                  └──► Output: SIP, media commands, files
/// ```
#[derive(Debug)]
pub struct Control {
    pub(crate) config: ControlConfigParts,
    pub(crate) ua: Endpoint,
    pub(crate) ua_out: plenum_sip_ua::Outbox,
    pub(crate) switch: Switch,
    pub(crate) effects: Effects,
    /// What is left of the orders of the switch's last turn.
    pub(crate) orders: VecDeque<Effect>,
    /// What the switch is told once its last orders are carried out.
    pub(crate) stimuli: VecDeque<Stimulus>,
    pub(crate) legs: SlotMap<LegKey, Leg>,
    pub(crate) leg_of_call: HashMap<CallKey, LegKey>,
    pub(crate) leg_of_channel: HashMap<ChannelKey, LegKey>,
    pub(crate) ports: BTreeMap<ShardId, PortTable>,
    pub(crate) held: HeldCalls,
    pub(crate) bridges: Bridges,
    pub(crate) playbacks: Playbacks,
    pub(crate) recordings: Recordings,
    pub(crate) reports: Reports,
    pub(crate) random: ChaCha12Rng,
    pub(crate) draining: bool,
    pub(crate) counters: Counters,
    /// Whose work is in hand: at fault, if the machine panics.
    pub(crate) at_work: Option<AtWork>,
    #[cfg(test)]
    pub(crate) traps: crate::recover::tests::Traps,
    limits: Limits,
}

/// The parts of the configuration that outlive the construction.
#[derive(Debug)]
pub(crate) struct ControlConfigParts {
    pub(crate) calls_max: usize,
    pub(crate) anonymous_context: Option<alloc::string::String>,
    pub(crate) media_addresses: crate::Addresses,
    pub(crate) recording_buffer_samples: usize,
}

/// Totals since start.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counters {
    /// Calls that arrived.
    pub calls_arrived: u64,
    /// Calls that were answered.
    pub calls_answered: u64,
    /// Calls that were refused before they reached the dialplan.
    pub calls_refused: u64,
    /// Calls that had to wait until a port pair was bound for them.
    pub calls_held: u64,
    /// Calls that ended, however they did.
    pub calls_ended: u64,
    /// Calls that were ended because the machine panicked at work on them; each is a bug.
    pub calls_faulted: u64,
    /// RTP packets received on calls that ended.
    pub packets_received: u64,
    /// RTP packets lost on the way to us on calls that ended.
    pub packets_lost: u64,
    /// RTP packets that came too late on calls that ended.
    pub packets_late: u64,
    /// RTP packets that came twice on calls that ended.
    pub packets_duplicate: u64,
    /// RTP packets that came out of order but in time on calls that ended.
    pub packets_reordered: u64,
    /// RTP packets that were not valid on calls that ended.
    pub packets_invalid: u64,
    /// RTP packets sent on calls that ended.
    pub packets_sent: u64,
    /// Octets of audio received on calls that ended.
    pub bytes_received: u64,
    /// Octets of audio sent on calls that ended.
    pub bytes_sent: u64,
    /// Frames of 10 ms that concealment filled on calls that ended.
    pub frames_concealed: u64,
    /// Frames of 10 ms dropped to bring the delay down on calls that ended.
    pub frames_dropped: u64,
    /// Orders that a shard refused; each is a bug.
    pub media_refused: u64,
    /// Why a shard refused the last of them.
    pub media_refusal: Option<&'static str>,
}

/// What the machine wants done, in order.
#[derive(Debug, Default)]
pub struct ControlOutbox(VecDeque<Output>);

impl ControlOutbox {
    /// Builds an empty outbox.
    #[must_use]
    pub const fn new() -> Self {
        Self(VecDeque::new())
    }

    /// Takes the oldest output.
    pub fn pop(&mut self) -> Option<Output> {
        self.0.pop_front()
    }

    /// Tells whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    pub(crate) fn push(&mut self, output: Output) {
        self.0.push_back(output);
    }
}

impl Control {
    /// Builds the machine and asks for the first port pairs.
    ///
    /// All randomness (tags, branches, SSRCs) comes from `seed`: unpredictable in production, fixed
    /// in a test.
    #[must_use]
    pub fn new(config: ControlConfig, seed: [u8; 32], out: &mut ControlOutbox) -> Self {
        let mut random = ChaCha12Rng::from_seed(seed);
        let mut ua_seed = [0; 32];
        random.fill_bytes(&mut ua_seed);
        let endpoint = EndpointConfig {
            product: config.product,
            // Calls over the limit are refused here, with our sentence; the endpoint's own limit
            // leaves room for those that are ending.
            max_calls: config.calls_max.saturating_mul(2).saturating_add(1_000),
            methods: alloc::vec![Method::Options, Method::Info],
            ..EndpointConfig::default()
        };
        let shards = (0..config.shards.max(1)).map(ShardId);
        let ports = shards
            .map(|shard| (shard, PortTable::new(config.pairs_per_shard)))
            .collect();
        let mut control = Self {
            config: ControlConfigParts {
                calls_max: config.calls_max,
                anonymous_context: config.anonymous_context,
                media_addresses: config.media_addresses,
                recording_buffer_samples: config.recording_buffer_samples,
            },
            ua: Endpoint::new(endpoint, ua_seed),
            ua_out: plenum_sip_ua::Outbox::new(),
            switch: Switch::new(config.switch, random.next_u64()),
            effects: Effects::new(),
            orders: VecDeque::new(),
            stimuli: VecDeque::new(),
            legs: SlotMap::with_key(),
            leg_of_call: HashMap::new(),
            leg_of_channel: HashMap::new(),
            ports,
            held: HeldCalls::default(),
            bridges: Bridges::default(),
            playbacks: Playbacks::default(),
            recordings: Recordings::default(),
            reports: Reports::default(),
            random,
            draining: false,
            counters: Counters::default(),
            at_work: None,
            #[cfg(test)]
            traps: Default::default(),
            limits: Limits::default(),
        };
        control.bind_more(Instant::ZERO, out);
        control
    }

    /// Takes one input and does all that follows from it.
    pub fn handle(&mut self, now: Instant, input: Input, out: &mut ControlOutbox) {
        match input {
            Input::Datagram { flow, bytes } => match Message::parse_datagram(bytes, &self.limits) {
                Ok(message) => self.ua.receive(now, flow, message, &mut self.ua_out),
                Err(error) => self
                    .ua
                    .receive_malformed(now, flow, &error, &mut self.ua_out),
            },
            Input::Framed { flow, message } => {
                self.ua.receive(now, flow, message, &mut self.ua_out)
            }
            Input::Unframed { flow, error } => {
                self.ua
                    .receive_malformed(now, flow, &error, &mut self.ua_out);
            }
            Input::ConnectionLost { connection, flow } => match connection {
                Some(connection) => self.ua.connection_closed(now, connection, &mut self.ua_out),
                None => self.ua.transport_failed(now, flow, &mut self.ua_out),
            },
            Input::Undeliverable { flow } => self.ua.transport_failed(now, flow, &mut self.ua_out),
            Input::Media { shard, notice } => {
                self.begin(Step::Notice(&notice));
                self.media_notice(now, shard, notice, out);
            }
            Input::PortsBound {
                shard,
                ports,
                shortage,
            } => {
                self.ports_bound(now, shard, &ports, shortage.is_some(), out);
            }
            Input::SoundLoaded { job, outcome } => self.sound_loaded(job, outcome, out),
            Input::RecordingClosed { recording, outcome } => {
                self.recording_closed(recording, outcome, out);
            }
            Input::BufferWritten { recording, buffer } => {
                self.buffer_written(recording, buffer, out);
            }
        }
        self.settle(now, out);
    }

    /// Does everything that is due at `now`.
    pub fn timeout(&mut self, now: Instant, out: &mut ControlOutbox) {
        self.begin(Step::Common);
        self.ua.timeout(now, &mut self.ua_out);
        self.switch.timeout(now, &mut self.effects);
        self.expire_held(now);
        self.settle(now, out);
    }

    /// Tells when [`Control::timeout`] must be called next.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        let machines = [self.ua.next_deadline(), self.switch.next_deadline()];
        let ports = self.ports.values().map(PortTable::next_deadline);
        let held = core::iter::once(self.held.next_deadline());
        machines
            .into_iter()
            .chain(ports)
            .chain(held)
            .flatten()
            .min()
    }

    /// Ends all calls and refuses new ones.
    pub fn drain(&mut self, now: Instant, out: &mut ControlOutbox) {
        self.draining = true;
        self.begin(Step::Common);
        self.refuse_held(now, STOPPING);
        self.switch.drain(now, &mut self.effects);
        self.settle(now, out);
    }

    /// Tells whether nothing is left that a stop would cut off: no call, no open recording.
    #[must_use]
    pub fn is_drained(&self) -> bool {
        self.legs.is_empty() && self.ua.call_count() == 0 && self.recordings.is_empty()
    }

    /// Returns the domain machine, for views.
    #[must_use]
    pub const fn switch(&self) -> &Switch {
        &self.switch
    }

    /// Returns the totals since start.
    #[must_use]
    pub const fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Returns the totals of the SIP side since start.
    #[must_use]
    pub const fn sip_counters(&self) -> &SipCounters {
        self.ua.counters()
    }

    /// Returns the sizes of all tables, for metrics and for tests that look for leaks.
    #[must_use]
    pub fn sizes(&self) -> Sizes {
        Sizes {
            sip_calls: self.ua.call_count(),
            sip_transactions: self.ua.transaction_count(),
            legs: self.legs.len(),
            held: self.held.len(),
            seats: self.ports.values().map(PortTable::legs).sum(),
            port_pairs: self.ports.values().map(PortTable::pairs).sum(),
            bridges: self.bridges.len(),
            playbacks: self.playbacks.len(),
            recordings: self.recordings.len(),
        }
    }

    /// Carries events and effects to and fro until all sides are quiet.
    ///
    /// All orders of one turn of the switch are carried out before it is told anything more. Each
    /// piece of work is taken out before it is begun, so that one that panics is not met again.
    pub(crate) fn settle(&mut self, now: Instant, out: &mut ControlOutbox) {
        for _ in 0..TURNS_MAX {
            if let Some(effect) = self.orders.pop_front() {
                self.begin(Step::Effect(&effect));
                self.effect(now, effect, out);
            } else if !self.effects.is_empty() {
                self.orders.extend(self.effects.drain());
            } else if let Some(stimulus) = self.stimuli.pop_front() {
                self.begin(Step::Stimulus(&stimulus));
                self.switch.stimulus(now, stimulus, &mut self.effects);
            } else if let Some(output) = self.ua_out.pop() {
                match output {
                    plenum_sip_ua::Output::Send { flow, message } => {
                        out.push(Output::Send {
                            flow,
                            bytes: message,
                        });
                    }
                    plenum_sip_ua::Output::Event(event) => {
                        self.begin(Step::Sip(&event));
                        self.sip_event(now, event, out);
                    }
                    _ => {}
                }
            } else if !self.serve_held(now, out) {
                break;
            }
        }
        self.at_work = None;
        self.bind_more(now, out);
        self.close_surplus(now, out);
    }

    /// Asks each shard whose reserve of port pairs is low, or for which calls wait, to bind more.
    fn bind_more(&mut self, now: Instant, out: &mut ControlOutbox) {
        for (shard, table) in &mut self.ports {
            while let Some(count) = table.wanted(now, self.held.at(*shard)) {
                out.push(Output::BindPorts {
                    shard: *shard,
                    count,
                });
            }
        }
    }

    /// Closes port pairs that nobody has needed for a while.
    fn close_surplus(&mut self, now: Instant, out: &mut ControlOutbox) {
        for (shard, table) in &mut self.ports {
            for port in table.surplus(now) {
                let command = MediaCommand::RemovePort { port };
                out.push(Output::Media {
                    shard: *shard,
                    command,
                });
            }
        }
    }

    fn ports_bound(
        &mut self,
        now: Instant,
        shard: ShardId,
        ports: &[(PortId, u16)],
        short: bool,
        out: &mut ControlOutbox,
    ) {
        let Some(table) = self.ports.get_mut(&shard) else {
            return;
        };
        for (port, rtp_port) in ports {
            table.bound(*port, *rtp_port);
            out.push(Output::Media {
                shard,
                command: MediaCommand::AddPort { port: *port },
            });
        }
        table.binding_done(now, short);
    }
}

/// How much the machine holds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sizes {
    /// Calls of the SIP side, ending ones included.
    pub sip_calls: usize,
    /// Transactions, those that only absorb repetitions included.
    pub sip_transactions: usize,
    /// Legs: calls whose media has not been removed yet.
    pub legs: usize,
    /// Calls that wait until a port pair is bound for them.
    pub held: usize,
    /// Places on port pairs that are taken.
    pub seats: usize,
    /// Port pairs that are bound.
    pub port_pairs: usize,
    /// Bridges with a media side.
    pub bridges: usize,
    /// Playbacks.
    pub playbacks: usize,
    /// Recordings.
    pub recordings: usize,
}

/// Buffers that a recording circulates.
pub(crate) const RECORDING_BUFFERS: usize = 4;

/// Builds the buffers of one recording.
pub(crate) fn recording_buffers(samples: usize) -> Vec<Vec<i16>> {
    (0..RECORDING_BUFFERS)
        .map(|_| Vec::with_capacity(samples))
        .collect()
}
