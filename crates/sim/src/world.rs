use std::cell::{Ref, RefCell};
use std::net::IpAddr;
use std::rc::Rc;
use std::sync::Arc;
use std::time::Duration;

use plenum_control::{Reply, Request, Sizes};
use plenum_switch::{Command, CommandError, Event, Filter, Selector, View};
use plenum_time::Instant;

use crate::builder::WorldBuilder;
use crate::handle::PhoneHandle;
use crate::network::Link;
use crate::oracle;
use crate::phone::{PHONES_MAX, Phone, PhoneSetup, phone_tone};
use crate::server::{SERVER, SIP_PORT};
use crate::state::{State, Violation};

/// The longest time after which nothing may be left of calls that are over: the timers of SIP take
/// 64 times T1 twice, and a retransmission in between.
const SETTLING: Duration = Duration::from_secs(150);

/// How finely conditions are looked at.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Whether a phone sits behind a NAT.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Seat {
    Open,
    BehindNat(IpAddr),
}

/// A server, phones, and a network between them, in virtual time.
///
/// Everything follows from the seed: one seed gives one run. The world only goes on while it is
/// told to; what phones do takes effect at the present moment.
///
/// ```
/// use plenum_sim::{World, secs};
///
/// let mut world = World::new(1).build();
/// let (alice, bob) = (world.phone("alice"), world.phone("bob"));
/// alice.dials("4711");
/// bob.dials("4711");
/// world.runs_for(secs(3));
/// world.expects_all_to_hear_each_other(&[&alice, &bob]);
/// ```
#[derive(Clone)]
pub struct World {
    pub(crate) state: Rc<RefCell<State>>,
    seed: u64,
    link: Link,
}

impl World {
    /// Starts to build a world from a seed.
    #[expect(
        clippy::new_ret_no_self,
        reason = "a story begins with World::new and ends in build"
    )]
    #[must_use]
    pub fn new(seed: u64) -> WorldBuilder {
        WorldBuilder::new(seed)
    }

    pub(crate) fn around(state: Rc<RefCell<State>>, seed: u64, link: Link) -> Self {
        Self { state, seed, link }
    }

    /// Plugs a phone in.
    pub fn phone(&mut self, name: &str) -> PhoneHandle {
        self.plug(name, Seat::Open, 0)
    }

    /// Plugs a phone in whose clock runs fast by so many millionths.
    pub fn phone_with_drift(&mut self, name: &str, ppm: i32) -> PhoneHandle {
        self.plug(name, Seat::Open, ppm)
    }

    /// Plugs a phone in behind a NAT of its own; `inside` is the address that it knows.
    ///
    /// # Panics
    ///
    /// If `inside` is no address.
    pub fn phone_behind_nat(&mut self, name: &str, inside: &str) -> PhoneHandle {
        self.plug(
            name,
            Seat::BehindNat(inside.parse().expect("an address")),
            0,
        )
    }

    /// Lets the world go on, and fails if an invariant breaks.
    ///
    /// # Panics
    ///
    /// With the invariant and what happened last.
    pub fn runs_for(&mut self, time: Duration) {
        if let Err(violation) = self.goes_on(time) {
            self.fail(&violation.sentence);
        }
    }

    /// Lets the world go on.
    ///
    /// # Errors
    ///
    /// The first invariant that broke.
    pub fn goes_on(&mut self, time: Duration) -> Result<(), Violation> {
        let mut state = self.state.borrow_mut();
        let until = state.now + time;
        state.run_until(until);
        state.violation.clone().map_or(Ok(()), Err)
    }

    /// Lets the world go on until something is true; tells whether it became true in time.
    pub fn runs_until(&mut self, limit: Duration, condition: impl Fn(&Self) -> bool) -> bool {
        let end = self.now() + limit;
        while !condition(self) {
            if self.now() >= end {
                return false;
            }
            self.runs_for(LOOK_EVERY);
        }
        true
    }

    /// Returns the time.
    #[must_use]
    pub fn now(&self) -> Instant {
        self.state.borrow().now
    }

    /// Changes what lies between a phone and the server.
    pub fn link(&mut self, phone: &PhoneHandle, link: Link) {
        self.state.borrow_mut().network.set_link(phone.host, link);
    }

    /// Changes what lies between every phone and the server.
    pub fn all_links(&mut self, link: Link) {
        let mut state = self.state.borrow_mut();
        for host in 0..state.phones.len() {
            state.network.set_link(host, link);
        }
    }

    /// Returns the public state of the server.
    #[must_use]
    pub fn view(&self) -> Ref<'_, View> {
        Ref::map(self.state.borrow(), |state| {
            state.server.control.switch().view()
        })
    }

    /// Returns what the server's control machine holds.
    #[must_use]
    pub fn sizes(&self) -> Sizes {
        self.state.borrow().server.control.sizes()
    }

    /// Returns all events so far.
    #[must_use]
    pub fn events(&self) -> Vec<Event> {
        let state = self.state.borrow();
        let journal = state.server.control.switch().journal();
        let batch = journal.read_after(0, &Filter::default(), usize::MAX);
        batch
            .entries
            .into_iter()
            .map(|entry| entry.event.clone())
            .collect()
    }

    /// Returns a finished recording by its file name.
    #[must_use]
    pub fn recording(&self, name: &str) -> Option<Arc<[i16]>> {
        self.state.borrow().server.shelf.recording(name)
    }

    /// Returns a number that differs between runs in which anything differs on the wire.
    #[must_use]
    pub fn fingerprint(&self) -> u64 {
        self.state.borrow().trace.digest()
    }

    /// Gives an operator's command.
    ///
    /// # Errors
    ///
    /// What the server says against it.
    pub fn command(&mut self, command: Command) -> Result<plenum_switch::Reply, CommandError> {
        let reply = self.request(Request::Switch(command));
        let Reply::Switch(outcome) = reply else {
            unreachable!("the switch answers a request to the switch")
        };
        outcome
    }

    /// Removes a phone from a room.
    ///
    /// # Panics
    ///
    /// If the server refuses.
    pub fn kicks(&mut self, room: &str, phone: &PhoneHandle) {
        let selector = self.selector(phone);
        let command = Command::Kick {
            room: room.into(),
            selector,
        };
        self.command(command).expect("the phone is in the room");
    }

    /// Mutes or unmutes a phone in a room.
    ///
    /// # Panics
    ///
    /// If the server refuses.
    pub fn mutes(&mut self, room: &str, phone: &PhoneHandle, muted: bool) {
        let selector = self.selector(phone);
        let command = Command::Mute {
            room: room.into(),
            selector,
            muted,
        };
        self.command(command).expect("the phone is in the room");
    }

    /// Tells the server to end all calls and take no more.
    pub fn drains(&mut self) {
        let mut state = self.state.borrow_mut();
        state.trace_note("operator: drain");
        state.with_server(|server, now| {
            server.with_control(|control, out| control.drain(now, out));
        });
    }

    /// Tells whether the server has nothing left that a stop would cut off.
    #[must_use]
    pub fn is_drained(&self) -> bool {
        self.state.borrow().server.control.is_drained()
    }

    /// Returns how many media legs each shard has.
    #[must_use]
    pub fn legs_per_shard(&self) -> Vec<usize> {
        self.state.borrow().server.legs_per_shard()
    }

    /// Returns the longest delay in a jitter buffer of the server.
    pub fn longest_playout_delay(&mut self) -> Duration {
        self.state
            .borrow_mut()
            .with_server(|server, _| server.ask_for_stats());
        self.runs_for(Duration::from_millis(5));
        let state = self.state.borrow();
        state
            .server
            .stats
            .values()
            .map(|stats| stats.playout_delay)
            .max()
            .unwrap_or_default()
    }

    /// Expects that each phone hears all others equally loud, and not itself.
    ///
    /// # Panics
    ///
    /// With who does not hear whom.
    pub fn expects_all_to_hear_each_other(&self, phones: &[&PhoneHandle]) {
        let state = self.state.borrow();
        let phones: Vec<_> = phones
            .iter()
            .map(|phone| &state.phones[phone.host])
            .collect();
        if let Err(why) = oracle::mutual_hearing(&phones) {
            drop(state);
            self.fail(&why);
        }
    }

    /// Expects that server and phones agree on who is in which call and room, and that everybody
    /// hears who talks in its room and nobody else.
    ///
    /// # Panics
    ///
    /// With what is wrong.
    pub fn expects_harmony(&self) {
        if let Err(why) = self.harmony() {
            self.fail(&why);
        }
    }

    /// Lets all timers of calls that are over run out, and expects that nothing is left of them.
    ///
    /// # Panics
    ///
    /// With what is left.
    pub fn expects_nothing_left(&mut self) {
        self.runs_for(SETTLING);
        if let Err(why) = self.emptiness() {
            self.fail(&why);
        }
    }

    pub(crate) fn harmony(&self) -> Result<(), String> {
        let state = self.state.borrow();
        oracle::membership(&state).and_then(|()| oracle::hearing(&state))
    }

    pub(crate) fn emptiness(&self) -> Result<(), String> {
        oracle::emptiness(&self.state.borrow())
    }

    /// Tells whether no call is being set up, changed or ended on any phone.
    pub(crate) fn is_calm(&self) -> bool {
        self.state.borrow().phones.iter().all(Phone::is_settled)
    }

    /// Returns the last lines of what happened.
    pub(crate) fn last_lines(&self) -> Vec<String> {
        self.state
            .borrow()
            .trace
            .lines()
            .map(str::to_owned)
            .collect()
    }

    fn request(&mut self, request: Request) -> Reply {
        let mut state = self.state.borrow_mut();
        state.trace_note(&format!("operator: {request:?}"));
        state.with_server(|server, now| {
            server.with_control(|control, out| control.request(now, request, out))
        })
    }

    fn selector(&self, phone: &PhoneHandle) -> Selector {
        Selector::One(phone.channel_id().expect("the phone has a channel"))
    }

    fn plug(&mut self, name: &str, seat: Seat, drift_ppm: i32) -> PhoneHandle {
        let mut state = self.state.borrow_mut();
        let host = state.phones.len();
        assert!(
            host < PHONES_MAX,
            "a world has at most {PHONES_MAX} phones, each with its tone"
        );
        let last = 10 + u8::try_from(host).expect("few phones");
        let (public, inside, nat) = match seat {
            Seat::Open => (
                [198, 51, 100, last],
                IpAddr::from([198, 51, 100, last]),
                false,
            ),
            Seat::BehindNat(inside) => ([203, 0, 113, last], inside, true),
        };
        let setup = PhoneSetup {
            name: name.to_owned(),
            address: inside,
            server: (SERVER, SIP_PORT).into(),
            hz: phone_tone(host),
            drift_ppm,
            codec: host,
        };
        state.add_phone(setup, public, nat, self.link);
        drop(state);
        PhoneHandle::new(self.state.clone(), host)
    }

    fn fail(&self, why: &str) -> ! {
        let lines = self.last_lines().join("\n");
        let (seed, now) = (self.seed, self.now());
        panic!("{lines}\nseed {seed}, {now:?}: {why}")
    }
}

impl std::fmt::Debug for World {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("World")
            .field("seed", &self.seed)
            .finish_non_exhaustive()
    }
}
