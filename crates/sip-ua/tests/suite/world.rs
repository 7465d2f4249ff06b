//! Two endpoints over a network that loses, repeats, delays and reorders, in virtual time.

use std::collections::BTreeMap;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use plenum_sip_msg::{Limits, Message};
use plenum_sip_ua::{CallKey, Endpoint, EndpointConfig, Event, Flow, Outbox, Output, Transport};
use plenum_time::Instant;

/// How bad the network is.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Weather {
    /// Messages of a hundred that are lost.
    pub(crate) loss: u64,
    /// Messages of a hundred that arrive twice.
    pub(crate) repeats: u64,
    /// Longest delay; each message has its own, so messages overtake each other.
    pub(crate) delay_ms: u64,
    pub(crate) transport: Transport,
}

/// One side.
pub(crate) struct Phone {
    pub(crate) ua: Endpoint,
    pub(crate) address: SocketAddr,
    pub(crate) events: Vec<(Instant, Event)>,
}

pub(crate) struct World {
    pub(crate) now: Instant,
    pub(crate) phones: [Phone; 2],
    pub(crate) weather: Weather,
    wire: BTreeMap<(Instant, u64), Packet>,
    serial: u64,
    dice: u64,
    out: Outbox,
    /// Every message that was sent: when, by whom.
    pub(crate) log: Vec<(Instant, usize, Message)>,
    /// After this nothing is lost any more.
    pub(crate) calm_at: Option<Instant>,
}

struct Packet {
    to: usize,
    bytes: Bytes,
}

impl World {
    pub(crate) fn new(seed: u64, weather: Weather) -> Self {
        Self::with_config(seed, weather, &EndpointConfig::default())
    }

    pub(crate) fn with_config(seed: u64, weather: Weather, config: &EndpointConfig) -> Self {
        let phone = |number: u8| {
            let mut key = [number; 32];
            key[..8].copy_from_slice(&seed.to_le_bytes());
            Phone {
                ua: Endpoint::new(config.clone(), key),
                address: SocketAddr::from(([192, 0, 2, number], 5060)),
                events: Vec::new(),
            }
        };
        Self {
            now: Instant::ZERO,
            phones: [phone(1), phone(2)],
            weather,
            wire: BTreeMap::new(),
            serial: 0,
            dice: seed,
            out: Outbox::new(),
            log: Vec::new(),
            calm_at: None,
        }
    }

    /// The path from one phone to the other.
    pub(crate) fn flow(&self, from: usize) -> Flow {
        let (local, remote) = (self.phones[from].address, self.phones[1 - from].address);
        Flow::to(self.weather.transport, local, remote)
    }

    /// Lets the owner of a phone do something.
    pub(crate) fn act<T>(
        &mut self,
        who: usize,
        what: impl FnOnce(&mut Endpoint, Instant, &mut Outbox) -> T,
    ) -> T {
        let result = what(&mut self.phones[who].ua, self.now, &mut self.out);
        self.drain(who);
        result
    }

    /// Runs until something happens to an owner or until `end`; says whether it stopped early.
    pub(crate) fn run_until_event(&mut self, end: Instant) -> bool {
        let seen = |world: &Self| {
            world
                .phones
                .iter()
                .map(|phone| phone.events.len())
                .sum::<usize>()
        };
        let before = seen(self);
        while let Some(at) = self.next_moment().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.step();
            if seen(self) != before {
                return true;
            }
        }
        self.now = end;
        false
    }

    pub(crate) fn run(&mut self, millis: u64) {
        let end = self.now + Duration::from_millis(millis);
        while self.run_until_event(end) {}
    }

    fn next_moment(&self) -> Option<Instant> {
        let arrival = self.wire.first_key_value().map(|((at, _), _)| *at);
        let deadlines = self
            .phones
            .iter()
            .filter_map(|phone| phone.ua.next_deadline());
        deadlines.chain(arrival).min()
    }

    fn step(&mut self) {
        if self
            .wire
            .first_key_value()
            .is_some_and(|((at, _), _)| *at <= self.now)
        {
            let (_, packet) = self.wire.pop_first().unwrap();
            let message = Message::parse_datagram(packet.bytes, &Limits::default()).unwrap();
            let flow = self.flow(packet.to);
            let phone = &mut self.phones[packet.to];
            phone.ua.receive(self.now, flow, message, &mut self.out);
            return self.drain(packet.to);
        }
        for who in 0..2 {
            self.phones[who].ua.timeout(self.now, &mut self.out);
            self.drain(who);
        }
    }

    fn drain(&mut self, who: usize) {
        while let Some(output) = self.out.pop() {
            match output {
                Output::Send { flow, message } => {
                    assert_eq!(flow.remote, self.phones[1 - who].address);
                    let text = Message::parse_datagram(message.clone(), &Limits::default());
                    self.log.push((self.now, who, text.unwrap()));
                    self.post(1 - who, message);
                }
                Output::Event(event) => self.phones[who].events.push((self.now, event)),
                _ => panic!("an output that the tests do not know"),
            }
        }
    }

    fn post(&mut self, to: usize, bytes: Bytes) {
        let is_calm = self.calm_at.is_some_and(|at| at <= self.now);
        let is_datagram = self.weather.transport == Transport::Udp && !is_calm;
        if is_datagram && self.roll(100) < self.weather.loss {
            return;
        }
        let copies = if is_datagram && self.roll(100) < self.weather.repeats {
            2
        } else {
            1
        };
        for _ in 0..copies {
            let delay = match is_datagram {
                true => self.roll(self.weather.delay_ms + 1),
                false => 1,
            };
            self.serial += 1;
            let at = self.now + Duration::from_millis(delay);
            self.wire.insert(
                (at, self.serial),
                Packet {
                    to,
                    bytes: bytes.clone(),
                },
            );
        }
    }

    /// A number below `bound` (splitmix64).
    pub(crate) fn roll(&mut self, bound: u64) -> u64 {
        self.dice = self.dice.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.dice;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        (mixed ^ (mixed >> 31)) % bound.max(1)
    }
}

impl Phone {
    /// The call an event is about, if it is about one.
    pub(crate) fn call_of(event: &Event) -> Option<CallKey> {
        match event {
            Event::Incoming { call, .. }
            | Event::Progress { call, .. }
            | Event::Pracked { call, .. }
            | Event::UpdateAnswered { call, .. }
            | Event::UpdateRefused { call, .. }
            | Event::Refreshed { call, .. }
            | Event::Answered { call, .. }
            | Event::Refused { call, .. }
            | Event::Acknowledged { call, .. }
            | Event::Reinvited { call, .. }
            | Event::ReinviteCancelled { call }
            | Event::ReinviteAcknowledged { call, .. }
            | Event::ReinviteAnswered { call, .. }
            | Event::ReinviteRefused { call, .. }
            | Event::Ended { call, .. } => Some(*call),
            Event::Request { call, .. } | Event::Response { call, .. } => *call,
            _ => None,
        }
    }
}
