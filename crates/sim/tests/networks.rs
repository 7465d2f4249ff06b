//! Networks that lose, delay, cut and translate, and phones that fail.

use plenum_sim::{CallEnd, Link, PhoneHandle, World, millis, secs};
use plenum_switch::Event;

fn audio_missing(world: &World) -> Vec<String> {
    let events = world.events().into_iter();
    let missing = events.filter_map(|event| match event {
        Event::AudioMissing { why, .. } => Some(why),
        _ => None,
    });
    missing.collect()
}

fn meet(world: &mut World, phones: &[&PhoneHandle]) {
    for phone in phones {
        assert!(phone.dials("7001"));
    }
    world.runs_for(secs(3));
    world.expects_all_to_hear_each_other(phones);
}

#[test]
fn calls_come_up_and_end_although_a_tenth_of_everything_is_lost() {
    for seed in 41..46 {
        let mut world = World::new(seed).with_link(Link::LOSSY).build();
        let (alice, bob, carol) = (
            world.phone("alice"),
            world.phone("bob"),
            world.phone("carol"),
        );
        for phone in [&alice, &bob, &carol] {
            phone.dials("7001");
        }
        let everybody = [alice.clone(), bob.clone(), carol.clone()];
        let up = |_: &World| everybody.iter().all(PhoneHandle::is_up);
        assert!(world.runs_until(secs(32), up), "seed {seed}");
        world.runs_for(secs(3));
        world.expects_harmony();
        alice.hangs_up();
        world.kicks("7001", &bob);
        world.runs_for(secs(32));
        world.expects_harmony();
        carol.hangs_up();
        world.expects_nothing_left();
    }
}

#[test]
fn a_call_outlives_a_pulled_cable() {
    let mut world = World::new(47).build();
    let (alice, bob) = (world.phone("alice"), world.phone("bob"));
    meet(&mut world, &[&alice, &bob]);
    world.link(&alice, Link::CUT);
    world.runs_for(secs(7));
    assert!(!bob.hears(&alice) && !alice.hears(&bob));
    assert_eq!(audio_missing(&world).len(), 1);
    world.link(&alice, Link::GOOD);
    world.runs_for(secs(2));
    world.expects_all_to_hear_each_other(&[&alice, &bob]);
}

#[test]
fn a_phone_that_vanishes_is_noticed_and_can_be_removed() {
    let mut world = World::new(48).build();
    let (alice, bob, carol) = (
        world.phone("alice"),
        world.phone("bob"),
        world.phone("carol"),
    );
    meet(&mut world, &[&alice, &bob, &carol]);
    let channel = bob.channel_id().unwrap();
    bob.vanishes();
    world.runs_for(secs(7));
    assert_eq!(audio_missing(&world).len(), 1);
    assert!(!alice.hears(&bob));
    let selector = plenum_switch::Selector::One(channel);
    let kick = plenum_switch::Command::Kick {
        room: "7001".into(),
        selector,
    };
    world.command(kick).unwrap();
    world.runs_for(secs(40));
    world.expects_harmony();
    assert_eq!(world.view().channels.len(), 2);
    world.expects_all_to_hear_each_other(&[&alice, &carol]);
    alice.hangs_up();
    carol.hangs_up();
    world.expects_nothing_left();
}

#[test]
fn a_phone_that_restarts_calls_again_while_its_old_call_stands() {
    let mut world = World::new(49).build();
    let (alice, bob) = (world.phone("alice"), world.phone("bob"));
    meet(&mut world, &[&alice, &bob]);
    let old = alice.channel_id().unwrap();
    alice.vanishes();
    world.runs_for(secs(1));
    alice.restarts();
    alice.dials("7001");
    world.runs_for(secs(3));
    world.expects_all_to_hear_each_other(&[&alice, &bob]);
    let cause = plenum_switch::Cause::NORMAL_CLEARING;
    world
        .command(plenum_switch::Command::HangUp {
            channel: old,
            cause,
        })
        .unwrap();
    world.runs_for(secs(2));
    assert_eq!(
        world.view().channels.len(),
        2,
        "the phone says 481, so the old call is over"
    );
    world.expects_harmony();
}

#[test]
fn a_nat_that_binds_anew_is_followed() {
    let mut world = World::new(50).build();
    let alice = world.phone_behind_nat("alice", "192.168.1.10");
    let bob = world.phone("bob");
    meet(&mut world, &[&alice, &bob]);
    let before = world.now();
    alice.nat_rebinds();
    world.runs_for(secs(3));
    world.expects_all_to_hear_each_other(&[&alice, &bob]);
    for gap in bob
        .gaps_of(&alice, before)
        .into_iter()
        .chain(alice.gaps_of(&bob, before))
    {
        assert!(gap <= millis(700), "{gap:?}");
    }
    alice.hangs_up();
    world.runs_for(secs(2));
    assert_eq!(alice.call_end(), Some(CallEnd::HungUp));
    world.expects_harmony();
}

#[test]
fn phones_with_the_same_private_address_are_told_apart() {
    let mut world = World::new(51).build();
    let alice = world.phone_behind_nat("alice", "192.168.1.10");
    let bob = world.phone_behind_nat("bob", "192.168.1.10");
    let carol = world.phone_behind_nat("carol", "192.168.1.10");
    meet(&mut world, &[&alice, &bob, &carol]);
    world.expects_harmony();
    world.kicks("7001", &bob);
    world.runs_for(secs(2));
    assert_eq!(bob.call_end(), Some(CallEnd::HungUpByServer));
    assert!(alice.is_up() && carol.is_up());
    for phone in [&alice, &carol] {
        phone.hangs_up();
    }
    world.expects_nothing_left();
}

#[test]
fn phones_with_the_same_private_address_share_few_ports() {
    let mut world = World::new(52).with_port_pairs(2).build();
    let phones: Vec<_> = (0..6)
        .map(|n| world.phone_behind_nat(&format!("phone{n}"), "192.168.1.10"))
        .collect();
    for phone in &phones {
        phone.dials("7001");
        world.runs_for(millis(500));
    }
    let up: Vec<_> = phones.iter().filter(|phone| phone.is_up()).collect();
    assert!(up.len() >= 2, "{} are up", up.len());
    world.runs_for(secs(3));
    world.expects_all_to_hear_each_other(&up);
    world.expects_harmony();
}

#[test]
fn garbage_harms_nobody() {
    let mut world = World::new(53).build();
    let (alice, bob, mallory) = (
        world.phone("alice"),
        world.phone("bob"),
        world.phone("mallory"),
    );
    meet(&mut world, &[&alice, &bob, &mallory]);
    for _ in 0..500 {
        mallory.misbehaves();
        world.runs_for(millis(10));
    }
    world.expects_all_to_hear_each_other(&[&alice, &bob, &mallory]);
    for phone in [&alice, &bob, &mallory] {
        phone.hangs_up();
    }
    world.expects_nothing_left();
}

#[test]
fn a_phone_that_says_nothing_is_reported_and_still_hears() {
    let mut world = World::new(54).build();
    let (alice, bob) = (world.phone("alice"), world.phone("bob"));
    meet(&mut world, &[&alice, &bob]);
    alice.falls_silent();
    world.runs_for(secs(7));
    assert_eq!(audio_missing(&world).len(), 1);
    assert!(alice.hears(&bob) && !bob.hears(&alice));
    alice.speaks();
    world.runs_for(secs(2));
    world.expects_all_to_hear_each_other(&[&alice, &bob]);
}
