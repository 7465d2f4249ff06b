//! The world itself: everything that is, and what happens next.

use std::time::Duration;

use plenum_control::Input;
use plenum_media::SLICE;
use plenum_time::{Instant, TimerQueue};

use crate::dice::Dice;
use crate::network::{Datagram, Host, Link, Network, Transit};
use crate::phone::{Phone, PhoneSetup};
use crate::server::{Errand, SIP_PORT, Server};
use crate::trace::Trace;
use crate::watch::Watch;

/// How often the invariants that take a look around are checked.
const CHECK_EVERY: Duration = Duration::from_millis(100);

/// Steps within one instant; more means that two machines feed each other for ever.
const STEPS_PER_INSTANT_MAX: u32 = 200_000;

/// Something that happens at a known time.
#[derive(Debug)]
enum Happening {
    /// A datagram reaches the server, from this phone.
    AtServer(Host, Datagram),
    /// A datagram reaches a phone's end of its link.
    AtPhone(Host, Datagram),
    /// An errand within the server arrives.
    Errand(Errand),
    /// A slice of the shards' tick.
    Slice(u64),
    /// The invariants are looked at.
    Check,
}

/// Why a run is no good: the sentence of the invariant that broke.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Violation {
    /// When, in virtual time.
    pub at: Instant,
    /// The invariant and what broke it.
    pub sentence: String,
}

/// Everything that is.
pub(crate) struct State {
    pub(crate) now: Instant,
    pub(crate) server: Server,
    pub(crate) network: Network,
    pub(crate) phones: Vec<Phone>,
    pub(crate) trace: Trace,
    pub(crate) dice: Dice,
    pub(crate) watch: Watch,
    pub(crate) violation: Option<Violation>,
    queue: TimerQueue<Happening>,
    busy: (Instant, u32),
}

impl State {
    pub(crate) fn new(mut dice: Dice, server: Server, trace: Trace) -> Self {
        let mut queue = TimerQueue::new();
        queue.arm(Instant::ZERO + SLICE, Happening::Slice(1));
        queue.arm(Instant::ZERO + CHECK_EVERY, Happening::Check);
        let network = Network::new(dice.split());
        let mut state = Self {
            now: Instant::ZERO,
            server,
            network,
            phones: Vec::new(),
            trace,
            dice,
            watch: Watch::default(),
            violation: None,
            queue,
            busy: (Instant::ZERO, 0),
        };
        state.flush_server();
        state
    }

    pub(crate) fn add_phone(&mut self, setup: PhoneSetup, public: [u8; 4], nat: bool, link: Link) {
        self.network.plug(public.into(), nat, link);
        let dice = self.dice.split();
        self.phones.push(Phone::new(setup, dice));
        let tones: Vec<f32> = self.phones.iter().map(|phone| phone.setup.hz).collect();
        for phone in &mut self.phones {
            phone.tones.clone_from(&tones);
        }
    }

    /// Lets the world go on until `until`, or until an invariant breaks.
    pub(crate) fn run_until(&mut self, until: Instant) {
        while self.violation.is_none() && self.step(until) {}
    }

    /// Lets a phone do something, and sends what it sends.
    pub(crate) fn with_phone<T>(
        &mut self,
        host: Host,
        act: impl FnOnce(&mut Phone, Instant) -> T,
    ) -> T {
        let value = act(&mut self.phones[host], self.now);
        self.flush_phone(host);
        value
    }

    /// Lets the server do something, and sends what it sends.
    pub(crate) fn with_server<T>(&mut self, act: impl FnOnce(&mut Server, Instant) -> T) -> T {
        let value = act(&mut self.server, self.now);
        self.flush_server();
        self.watch_step();
        value
    }

    /// Writes down what somebody does.
    pub(crate) fn trace_note(&mut self, text: &str) {
        self.trace.note(self.now, text);
    }

    /// Notes that an invariant broke; the first one counts.
    pub(crate) fn violate(&mut self, sentence: String) {
        self.trace.note(self.now, &format!("VIOLATION: {sentence}"));
        self.violation.get_or_insert(Violation {
            at: self.now,
            sentence,
        });
    }

    /// Does the next thing; tells whether there was any before `until`.
    fn step(&mut self, until: Instant) -> bool {
        let due = self.next_due().filter(|at| *at <= until);
        let Some(due) = due else {
            self.now = self.now.max(until);
            return false;
        };
        self.now = self.now.max(due);
        self.count_step();
        if let Some((_, happening)) = self.queue.pop_due(self.now) {
            self.happen(happening);
        } else if self
            .server
            .control
            .next_deadline()
            .is_some_and(|at| at <= self.now)
        {
            self.server.timeout(self.now);
            self.flush_server();
        } else {
            self.phone_timeouts();
        }
        self.watch_step();
        true
    }

    fn next_due(&self) -> Option<Instant> {
        let phones = self.phones.iter().filter_map(Phone::next_deadline).min();
        let server = self.server.control.next_deadline();
        [self.queue.next_deadline(), server, phones]
            .into_iter()
            .flatten()
            .min()
    }

    fn count_step(&mut self) {
        self.busy = if self.busy.0 == self.now {
            (self.now, self.busy.1 + 1)
        } else {
            (self.now, 0)
        };
        if self.busy.1 > STEPS_PER_INSTANT_MAX {
            self.violate("time stands still: something is due at once, for ever".to_owned());
        }
    }

    fn happen(&mut self, happening: Happening) {
        match happening {
            Happening::AtServer(host, datagram) => {
                let is_sip = datagram.to.port() == SIP_PORT;
                let rung = is_sip.then(|| (self.phones[host].setup.name.as_str(), true));
                self.trace.arrival(self.now, &datagram, rung);
                self.server.receive(self.now, &datagram);
                self.flush_server();
            }
            Happening::AtPhone(host, datagram) => self.reach_phone(host, datagram),
            Happening::Errand(errand) => {
                self.server.run(self.now, errand);
                self.flush_server();
            }
            Happening::Slice(number) => {
                self.server.slice(self.now, number);
                self.queue
                    .arm_in(self.now, SLICE, Happening::Slice(number + 1));
                self.flush_server();
            }
            Happening::Check => {
                self.queue.arm_in(self.now, CHECK_EVERY, Happening::Check);
                let outcome = self.watch.check(self.now, &self.server, &self.phones);
                if let Err(sentence) = outcome {
                    self.violate(sentence);
                }
            }
        }
    }

    fn reach_phone(&mut self, host: Host, datagram: Datagram) {
        let Some(datagram) = self.network.enter(host, datagram) else {
            return;
        };
        let phone = &mut self.phones[host];
        if !phone.is_on {
            return;
        }
        let is_sip = datagram.from.port() == SIP_PORT;
        let rung = is_sip.then_some((phone.setup.name.as_str(), false));
        self.trace.arrival(self.now, &datagram, rung);
        phone.receive(self.now, datagram);
        self.flush_phone(host);
    }

    fn phone_timeouts(&mut self) {
        for host in 0..self.phones.len() {
            if self.phones[host]
                .next_deadline()
                .is_some_and(|at| at <= self.now)
            {
                self.phones[host].timeout(self.now);
                self.flush_phone(host);
            }
        }
    }

    fn flush_phone(&mut self, host: Host) {
        for datagram in self.phones[host].take_outgoing() {
            let Transit { datagram, arrivals } = self.network.leave_phone(host, datagram);
            for delay in arrivals {
                let happening = Happening::AtServer(host, datagram.clone());
                self.queue.arm_in(self.now, delay, happening);
            }
        }
    }

    fn flush_server(&mut self) {
        for datagram in std::mem::take(&mut self.server.outgoing) {
            let Some((host, transit)) = self.network.leave_server(datagram) else {
                continue;
            };
            for delay in transit.arrivals {
                let happening = Happening::AtPhone(host, transit.datagram.clone());
                self.queue.arm_in(self.now, delay, happening);
            }
        }
        for (delay, errand) in std::mem::take(&mut self.server.errands) {
            if let Errand::Tell(Input::Media { notice, .. }) = &errand {
                self.watch.notice(notice);
            }
            self.queue
                .arm_in(self.now, delay, Happening::Errand(errand));
        }
    }

    fn watch_step(&mut self) {
        let outcome = self.watch.step(self.now, &self.server, &mut self.trace);
        if let Err(sentence) = outcome {
            self.violate(sentence);
        }
    }
}
