//! Calls begin, fail and end.

use plenum_sim::{BEEP_HZ, CallEnd, Line, World, millis, secs};
use plenum_switch::{Command, Event};

#[test]
fn an_echo_gives_a_phone_its_own_voice_and_no_other() {
    let mut world = World::new(21).build();
    let (alice, bob) = (world.phone("alice"), world.phone("bob"));
    alice.dials("9196");
    bob.dials("9196");
    world.runs_for(secs(2));
    assert!(alice.hears_itself() && bob.hears_itself());
    assert!(!alice.hears(&bob) && !bob.hears(&alice));
    alice.hangs_up();
    bob.hangs_up();
    world.expects_nothing_left();
}

#[test]
fn a_phone_hangs_up_and_the_server_knows() {
    let mut world = World::new(22).build();
    let alice = world.phone("alice");
    alice.dials("7001");
    world.runs_for(secs(1));
    assert!(alice.is_up());
    alice.hangs_up();
    world.runs_for(secs(1));
    assert_eq!(alice.call_end(), Some(CallEnd::HungUp));
    assert!(world.view().channels.is_empty() && world.view().rooms.is_empty());
    world.expects_nothing_left();
}

#[test]
fn the_server_hangs_up_and_the_phone_knows() {
    let mut world = World::new(23).build();
    let alice = world.phone("alice");
    alice.dials("7001");
    world.runs_for(secs(1));
    let channel = alice.channel_id().unwrap();
    let cause = plenum_switch::Cause::NORMAL_CLEARING;
    world.command(Command::HangUp { channel, cause }).unwrap();
    world.runs_for(secs(1));
    assert_eq!(alice.call_end(), Some(CallEnd::HungUpByServer));
    world.expects_nothing_left();
}

#[test]
fn both_hang_up_at_the_same_moment() {
    let mut world = World::new(24).build();
    let alice = world.phone("alice");
    alice.dials("7001");
    world.runs_for(secs(1));
    world.kicks("7001", &alice);
    alice.hangs_up();
    world.runs_for(secs(1));
    assert_eq!(alice.line(), Line::Idle);
    world.expects_nothing_left();
}

#[test]
fn a_caller_gives_up_while_it_rings() {
    let mut world = World::new(25).build();
    let alice = world.phone("alice");
    alice.dials("9100");
    world.runs_for(secs(2));
    assert_eq!(alice.line(), Line::Ringing);
    alice.hangs_up();
    world.runs_for(secs(1));
    assert_eq!(alice.call_end(), Some(CallEnd::Cancelled));
    assert!(world.view().channels.is_empty());
    world.expects_nothing_left();
}

#[test]
fn a_caller_gives_up_at_every_moment_around_the_answer() {
    for after in (3_980..4_020).step_by(2) {
        let mut world = World::new(26 + after).build();
        let alice = world.phone("alice");
        alice.dials("9100");
        world.runs_for(millis(after));
        alice.hangs_up();
        world.runs_for(secs(2));
        let ended = matches!(alice.call_end(), Some(CallEnd::Cancelled | CallEnd::HungUp));
        assert!(ended, "after {after} ms: {:?}", alice.call_end());
        assert!(world.view().channels.is_empty(), "after {after} ms");
    }
}

#[test]
fn a_patient_caller_is_answered() {
    let mut world = World::new(27).build();
    let alice = world.phone("alice");
    alice.dials("9100");
    world.runs_for(secs(5));
    assert!(alice.is_up());
}

#[test]
fn a_phone_that_lets_the_server_offer_is_heard_like_any_other() {
    let mut world = World::new(28).build();
    let (alice, bob) = (world.phone("alice"), world.phone("bob"));
    alice.dials_without_offer("7001");
    bob.dials("7001");
    world.runs_for(secs(3));
    world.expects_all_to_hear_each_other(&[&alice, &bob]);
    alice.hangs_up();
    bob.hangs_up();
    world.expects_nothing_left();
}

#[test]
fn refusals_carry_the_status_that_says_why() {
    let mut world = World::new(29).build();
    let alice = world.phone("alice");
    for (number, status) in [("9486", 486), ("123", 404)] {
        alice.dials(number);
        world.runs_for(secs(1));
        assert_eq!(alice.call_end(), Some(CallEnd::Refused(status)), "{number}");
    }
    world.expects_nothing_left();
}

#[test]
fn unknown_callers_are_refused_where_they_are_not_wanted() {
    let mut world = World::new(30).without_anonymous_calls().build();
    let alice = world.phone("alice");
    alice.dials("4711");
    world.runs_for(secs(1));
    assert_eq!(alice.call_end(), Some(CallEnd::Refused(403)));
    world.expects_nothing_left();
}

#[test]
fn one_call_too_many_is_refused_and_the_others_go_on() {
    let mut world = World::new(31).with_calls_max(2).build();
    let (alice, bob, carol) = (
        world.phone("alice"),
        world.phone("bob"),
        world.phone("carol"),
    );
    for phone in [&alice, &bob, &carol] {
        phone.dials("7001");
        world.runs_for(secs(1));
    }
    assert_eq!(carol.call_end(), Some(CallEnd::Refused(503)));
    world.runs_for(secs(1));
    world.expects_all_to_hear_each_other(&[&alice, &bob]);
    alice.hangs_up();
    world.runs_for(secs(1));
    carol.dials("7001");
    world.runs_for(secs(2));
    world.expects_all_to_hear_each_other(&[&bob, &carol]);
}

#[test]
fn few_ports_serve_many_calls() {
    let mut world = World::new(32).with_port_pairs(2).build();
    let phones: Vec<_> = (0..8).map(|n| world.phone(&format!("phone{n}"))).collect();
    for phone in &phones {
        phone.dials("7001");
        world.runs_for(millis(200));
    }
    world.runs_for(secs(3));
    assert_eq!(world.sizes().port_pairs, 2);
    world.expects_all_to_hear_each_other(&phones.iter().collect::<Vec<_>>());
}

#[test]
fn what_is_recorded_is_played_back() {
    let mut world = World::new(33).build();
    let alice = world.phone("alice");
    alice.dials("9198");
    world.runs_for(millis(600));
    assert!(alice.hears_tone(BEEP_HZ));
    world.runs_for(millis(2_000));
    assert!(!alice.hears_itself());
    assert!(alice.presses("#"));
    world.runs_for(millis(1_300));
    assert!(alice.hears_itself());
    world.runs_for(secs(4));
    assert_eq!(alice.call_end(), Some(CallEnd::HungUpByServer));
    let finished = world.events().into_iter().find_map(|event| match event {
        Event::RecordingFinished { outcome, .. } => Some(outcome),
        _ => None,
    });
    let length = finished.expect("a recording").expect("that worked");
    assert!(
        (millis(1_500)..millis(2_500)).contains(&length),
        "{length:?}"
    );
    world.expects_nothing_left();
}

#[test]
fn keys_pressed_either_way_arrive_once_each_in_order() {
    let mut world = World::new(34).build();
    let alice = world.phone("alice");
    alice.dials("7001");
    world.runs_for(secs(1));
    alice.presses("159*#D");
    world.runs_for(secs(3));
    alice.presses_by_info('7');
    world.runs_for(secs(1));
    let digits = world.events().into_iter().filter_map(|event| match event {
        Event::DigitReceived { digit, .. } => Some(digit),
        _ => None,
    });
    assert_eq!(digits.collect::<String>(), "159*#D7");
}

#[test]
fn drain_ends_all_calls_and_takes_no_more() {
    let mut world = World::new(35).build();
    let (alice, bob, carol) = (
        world.phone("alice"),
        world.phone("bob"),
        world.phone("carol"),
    );
    alice.dials("7001");
    bob.dials("9198");
    carol.dials("9100");
    world.runs_for(secs(2));
    world.drains();
    world.runs_for(secs(1));
    assert_eq!(alice.call_end(), Some(CallEnd::HungUpByServer));
    assert_eq!(bob.call_end(), Some(CallEnd::HungUpByServer));
    assert!(
        matches!(carol.call_end(), Some(CallEnd::Refused(_))),
        "{:?}",
        carol.call_end()
    );
    assert!(world.is_drained());
    alice.dials("7001");
    world.runs_for(secs(1));
    assert_eq!(alice.call_end(), Some(CallEnd::Refused(503)));
    world.expects_nothing_left();
}
