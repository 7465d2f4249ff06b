use alloc::boxed::Box;
use alloc::vec;
use core::fmt;
use core::time::Duration;
use std::panic::{AssertUnwindSafe, catch_unwind};

use plenum_media::PortId;
use plenum_switch::{Command, Selector};

use super::*;
use crate::Request;
use crate::testing::Bench;

type Trap = Box<dyn Fn(&Step<'_>) -> bool>;

/// Faults that wait for the pieces of work in which they show; each shows once.
#[derive(Default)]
pub(crate) struct Traps(Vec<Trap>);

impl Traps {
    pub(crate) fn spring(&mut self, step: &Step<'_>) {
        if let Some(index) = self.0.iter().position(|trap| trap(step)) {
            drop(self.0.remove(index));
            panic!("a fault at {step:?}");
        }
    }
}

impl fmt::Debug for Traps {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} traps", self.0.len())
    }
}

/// Alice and Bob are together in a room.
struct Story {
    bench: Bench,
    alice: ChannelKey,
    bob: ChannelKey,
}

impl Story {
    fn begin() -> Self {
        let mut bench = Bench::ready();
        bench.connects("alice", "1");
        bench.connects("bob", "1");
        let mut channels = bench.control.switch().view().channels.keys().copied();
        let (alice, bob) = (channels.next(), channels.next());
        drop(channels);
        let mut story = Self {
            bench,
            alice: alice.expect("Alice's channel"),
            bob: bob.expect("Bob's channel"),
        };
        story.bench.media.clear();
        story
    }

    fn leg(&self, channel: ChannelKey) -> LegId {
        self.bench.control.leg_of_channel[&channel].id()
    }

    fn trap(&mut self, trap: impl Fn(&Step<'_>) -> bool + 'static) {
        self.bench.control.traps.0.push(Box::new(trap));
    }

    /// Mutes everybody in the room as an operator does; tells how often the machine panicked.
    fn mutes_all(&mut self) -> usize {
        let command = Command::Mute {
            room: "1".to_string(),
            selector: Selector::All,
            muted: true,
        };
        let request = Request::Switch(command);
        drives(&mut self.bench, |control, now, out| {
            control.request(now, request, out);
        })
    }

    fn is_in_the_room(&self, channel: ChannelKey) -> bool {
        let view = self.bench.control.switch().view();
        let mut rooms = view.rooms.values();
        rooms.any(|room| room.participants.contains_key(&channel))
    }

    /// Expects that Alice's call is over and nothing is left of it, and that Bob's goes on.
    fn expects_bob_alone(&self, bobs_leg: LegId) {
        let sizes = self.bench.control.sizes();
        assert_eq!((sizes.legs, sizes.seats), (1, 1));
        assert_eq!(self.leg(self.bob), bobs_leg);
        assert!(self.is_in_the_room(self.bob));
        let removed = MediaCommand::RemoveLeg { leg: bobs_leg };
        let removed = std::format!("{removed:?}");
        let orders = self.bench.media.iter();
        assert!(
            orders
                .map(|order| std::format!("{order:?}"))
                .all(|order| order != removed)
        );
        assert!(!self.bench.is_hung_up("bob"));
    }
}

/// Does what a driver does: calls the machine, and tells it to recover as often as it panics.
fn drives(
    bench: &mut Bench,
    work: impl FnOnce(&mut Control, Instant, &mut ControlOutbox),
) -> usize {
    let (control, now, out) = (&mut bench.control, bench.now, &mut bench.out);
    let mut panics = 0;
    let mut outcome = catch_unwind(AssertUnwindSafe(|| work(control, now, out)));
    while outcome.is_err() {
        panics += 1;
        outcome = catch_unwind(AssertUnwindSafe(|| control.recover(now, out)));
    }
    bench.carry_out();
    panics
}

fn gates(step: &Step<'_>, whom: ChannelKey) -> bool {
    matches!(step, Step::Effect(Effect::Gate { channel, .. }) if *channel == whom)
}

fn tells_of(step: &Step<'_>, whom: ChannelKey) -> bool {
    matches!(step, Step::Stimulus(Stimulus::Leg { channel, .. }) if *channel == whom)
}

fn destroyed(bench: &Bench, gone: ChannelKey) -> Option<(Cause, Option<u16>)> {
    let journal = bench.control.switch().journal();
    let entries = journal.read_after(0, &Filter::default(), 10_000).entries;
    entries.into_iter().find_map(|entry| match entry.event {
        DomainEvent::ChannelDestroyed {
            channel,
            cause,
            protocol_code,
        } if channel == gone => Some((cause, protocol_code)),
        _ => None,
    })
}

#[test]
fn a_fault_in_one_call_ends_that_call_with_bye_and_no_other() {
    let mut story = Story::begin();
    let (alice, bobs_leg) = (story.alice, story.leg(story.bob));
    story.trap(move |step| gates(step, alice));
    assert_eq!(story.mutes_all(), 1);
    assert!(story.bench.is_hung_up("alice"));
    story.expects_bob_alone(bobs_leg);
    assert!(!story.is_in_the_room(alice));
    let gated = story.bench.media.iter().any(
        |order| matches!(order, MediaCommand::Gate { leg, talk: false, .. } if *leg == bobs_leg),
    );
    assert!(gated, "what the turn had left for Bob is done");
    assert_eq!(destroyed(&story.bench, alice), Some((FAULT, None)));
    let counters = story.bench.control.counters();
    assert_eq!((counters.calls_faulted, counters.calls_answered), (1, 2));
}

#[test]
fn a_recovery_that_panics_goes_on_when_it_is_called_again() {
    let mut story = Story::begin();
    let (alice, bobs_leg) = (story.alice, story.leg(story.bob));
    story.trap(move |step| gates(step, alice));
    story.trap(move |step| tells_of(step, alice));
    assert_eq!(story.mutes_all(), 2);
    assert!(story.bench.is_hung_up("alice"));
    story.expects_bob_alone(bobs_leg);
    assert_eq!(story.bench.control.counters().calls_faulted, 1);
}

#[test]
fn a_call_that_is_not_answered_yet_gets_500() {
    let mut story = Story::begin();
    story.trap(|step| matches!(step, Step::Effect(Effect::Answer { .. })));
    let panics = drives_invite(&mut story.bench, "carol", "2");
    assert_eq!(panics, 1);
    assert_eq!(story.bench.status("carol"), 500);
    assert!(story.bench.response("carol").contains(SORRY));
    assert_eq!(story.bench.control.sizes().seats, 2);
    let channels = story.bench.control.switch().view().channels.len();
    assert_eq!(channels, 2);
    story.bench.connects("carol2", "2");
}

#[test]
fn a_fault_before_there_is_a_leg_refuses_the_call() {
    let mut story = Story::begin();
    story.trap(|step| matches!(step, Step::Sip(Event::Incoming { .. })));
    drives_invite(&mut story.bench, "carol", "2");
    assert_eq!(story.bench.status("carol"), 500);
    assert_eq!(story.bench.control.sizes().legs, 2);
}

#[test]
fn a_fault_at_a_call_that_waited_for_its_port_refuses_it_and_the_next_is_seated() {
    let mut bench = Bench::new(1, 200);
    bench.invites("alice", "2", "4000");
    bench.invites("bob", "2", "4000");
    bench
        .control
        .traps
        .0
        .push(Box::new(|step| matches!(step, Step::Held(_))));
    let (shard, _) = bench.binding.pop_front().expect("pairs are asked for");
    let ports = vec![(PortId(0), 10_000), (PortId(1), 10_002)];
    let input = crate::Input::PortsBound {
        shard,
        ports,
        shortage: None,
    };
    drives(&mut bench, |control, now, out| {
        control.handle(now, input, out)
    });
    assert_eq!((bench.status("alice"), bench.status("bob")), (500, 200));
}

#[test]
fn an_arrival_cut_short_within_the_switch_leaves_no_channel() {
    let mut story = Story::begin();
    let seq = story.bench.control.switch().journal().last_seq();
    story.bench.invites("carol", "3", "4000");
    let control = &mut story.bench.control;
    let newest = control.switch().view().channels.keys().next_back();
    let carol = *newest.expect("Carol's channel");
    // As if the switch had panicked right behind the events: the leg knows no channel yet.
    let key = control.leg_of_channel.remove(&carol).expect("Carol's leg");
    control.legs[key].channel = None;
    let who = Some(Who::Call(control.legs[key].call));
    control.at_work = Some(AtWork { who, seq });
    drives(&mut story.bench, Control::recover);
    assert_eq!(story.bench.status("carol"), 500);
    assert_eq!(destroyed(&story.bench, carol), Some((FAULT, Some(500))));
    assert_eq!(story.bench.control.sizes().seats, 2);
}

#[test]
fn a_fault_when_time_is_up_ends_the_call_whose_dialplan_went_on() {
    let mut story = Story::begin();
    let bobs_leg = story.leg(story.bob);
    story.bench.connects("carol", "2");
    let seq = story.bench.control.switch().journal().last_seq();
    story.bench.waits(Duration::from_secs(1));
    story.bench.control.at_work = Some(AtWork { who: None, seq });
    drives(&mut story.bench, Control::recover);
    assert!(story.bench.is_hung_up("carol") && !story.bench.is_hung_up("alice"));
    assert_eq!(story.leg(story.bob), bobs_leg);
    assert_eq!(story.bench.control.counters().calls_faulted, 1);
}

#[test]
fn nobody_at_work_is_nobody_at_fault() {
    let mut story = Story::begin();
    story.trap(|step| matches!(step, Step::Common));
    assert_eq!(story.mutes_all(), 1);
    assert_eq!(story.bench.control.counters().calls_faulted, 0);
    assert_eq!(story.bench.control.sizes().legs, 2);
    assert_eq!(drives(&mut story.bench, Control::recover), 0);
    assert_eq!(story.bench.control.sizes().legs, 2);
}

/// Lets a caller call while a fault is about.
fn drives_invite(bench: &mut Bench, caller: &str, number: &str) -> usize {
    let mut panics = 0;
    let invite = catch_unwind(AssertUnwindSafe(|| bench.invites(caller, number, "4000")));
    if invite.is_err() {
        panics = 1 + drives(bench, Control::recover);
    }
    panics
}
