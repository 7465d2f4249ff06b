//! Phones meet in rooms.

use plenum_sim::{Hold, MUSIC_HZ, PhoneHandle, World, millis, secs};
use plenum_switch::{Command, Event};

/// Lets phones dial one room and waits until they hear each other.
fn meet(world: &mut World, number: &str, phones: &[&PhoneHandle]) {
    for phone in phones {
        assert!(phone.dials(number));
    }
    world.runs_for(secs(3));
    world.expects_all_to_hear_each_other(phones);
}

#[test]
fn three_phones_in_a_room_hear_each_other_and_not_themselves() {
    let mut world = World::new(1).build();
    let (alice, bob, carol) = (
        world.phone("alice"),
        world.phone("bob"),
        world.phone("carol"),
    );
    meet(&mut world, "4711", &[&alice, &bob, &carol]);
    world.expects_harmony();
    for phone in [&alice, &bob, &carol] {
        assert!(phone.hangs_up());
    }
    world.expects_nothing_left();
}

#[test]
fn twelve_phones_in_a_room_hear_all_eleven_others() {
    let mut world = World::new(2).build();
    let phones: Vec<_> = (0..12).map(|n| world.phone(&format!("phone{n}"))).collect();
    let all: Vec<_> = phones.iter().collect();
    meet(&mut world, "7001", &all);
    world.expects_harmony();
}

#[test]
fn phones_on_several_shards_meet_in_one_room() {
    for shards in 2..=3 {
        let mut world = World::new(15).with_shards(shards).build();
        let phones: Vec<_> = (1..=6).map(|n| world.phone(&format!("phone{n}"))).collect();
        for (phone, number) in phones.iter().zip(7101..) {
            assert!(phone.dials(&number.to_string()));
        }
        world.runs_for(secs(3));
        let legs = world.legs_per_shard();
        assert!(legs.iter().all(|legs| *legs > 0), "{legs:?}");
        world.expects_all_to_hear_each_other(&phones.iter().collect::<Vec<_>>());
        world.expects_harmony();
        world.mutes("71", &phones[0], true);
        world.kicks("71", &phones[1]);
        world.runs_for(secs(2));
        world.expects_harmony();
        for phone in &phones {
            phone.hangs_up();
        }
        world.expects_nothing_left();
    }
}

#[test]
fn two_rooms_do_not_hear_each_other() {
    let mut world = World::new(3).build();
    let (alice, bob) = (world.phone("alice"), world.phone("bob"));
    let (carol, dave) = (world.phone("carol"), world.phone("dave"));
    meet(&mut world, "7001", &[&alice, &bob]);
    meet(&mut world, "7002", &[&carol, &dave]);
    assert!(!alice.hears(&carol) && !carol.hears(&alice));
    world.expects_harmony();
}

#[test]
fn a_kicked_phone_is_hung_up_and_heard_no_more() {
    let mut world = World::new(4).build();
    let (alice, bob, carol) = (
        world.phone("alice"),
        world.phone("bob"),
        world.phone("carol"),
    );
    meet(&mut world, "7001", &[&alice, &bob, &carol]);
    world.kicks("7001", &bob);
    world.runs_for(secs(2));
    assert_eq!(bob.call_end(), Some(plenum_sim::CallEnd::HungUpByServer));
    assert!(!alice.hears(&bob));
    world.expects_all_to_hear_each_other(&[&alice, &carol]);
    world.expects_harmony();
}

#[test]
fn a_muted_phone_hears_but_is_not_heard_until_it_is_unmuted() {
    let mut world = World::new(5).build();
    let (alice, bob, carol) = (
        world.phone("alice"),
        world.phone("bob"),
        world.phone("carol"),
    );
    meet(&mut world, "7001", &[&alice, &bob, &carol]);
    world.mutes("7001", &bob, true);
    world.runs_for(secs(2));
    assert!(!alice.hears(&bob) && !carol.hears(&bob));
    assert!(bob.hears(&alice) && bob.hears(&carol));
    world.expects_harmony();
    world.mutes("7001", &bob, false);
    world.runs_for(secs(2));
    world.expects_all_to_hear_each_other(&[&alice, &bob, &carol]);
}

#[test]
fn a_locked_room_takes_nobody_until_it_is_unlocked() {
    let mut world = World::new(6).build();
    let (alice, bob, carol) = (
        world.phone("alice"),
        world.phone("bob"),
        world.phone("carol"),
    );
    meet(&mut world, "7001", &[&alice, &bob]);
    world
        .command(Command::Lock {
            room: "7001".into(),
        })
        .unwrap();
    carol.dials("7001");
    world.runs_for(secs(3));
    assert!(!carol.is_up());
    assert!(!alice.hears(&carol));
    world
        .command(Command::Unlock {
            room: "7001".into(),
        })
        .unwrap();
    carol.dials("7001");
    world.runs_for(secs(3));
    world.expects_all_to_hear_each_other(&[&alice, &bob, &carol]);
}

#[test]
fn a_room_behind_a_pin_opens_for_those_who_know_it() {
    let mut world = World::new(7).build();
    let (alice, bob, eve) = (world.phone("alice"), world.phone("bob"), world.phone("eve"));
    for phone in [&alice, &bob, &eve] {
        phone.dials("8042");
    }
    world.runs_for(secs(1));
    assert!(alice.presses("4242#"));
    for key in "4242#".chars() {
        assert!(bob.presses_by_info(key));
        world.runs_for(millis(200));
    }
    assert!(eve.presses("1111#"));
    world.runs_for(secs(5));
    world.expects_all_to_hear_each_other(&[&alice, &bob]);
    assert!(!alice.hears(&eve) && !eve.hears(&alice));
    world.expects_harmony();
}

#[test]
fn whoever_is_alone_hears_music_until_somebody_comes() {
    let builder = World::new(8).with_user_option("quiet_user", "music_on_hold_when_empty", "yes");
    let mut world = builder.build();
    let (alice, bob) = (world.phone("alice"), world.phone("bob"));
    alice.dials("7001");
    world.runs_for(secs(3));
    assert!(alice.hears_tone(MUSIC_HZ));
    bob.dials("7001");
    world.runs_for(secs(3));
    assert!(!alice.hears_tone(MUSIC_HZ));
    world.expects_all_to_hear_each_other(&[&alice, &bob]);
}

#[test]
fn a_full_room_refuses_one_more() {
    let builder = World::new(9).with_bridge_option("default_bridge", "max_members", "2");
    let mut world = builder.build();
    let (alice, bob, carol) = (
        world.phone("alice"),
        world.phone("bob"),
        world.phone("carol"),
    );
    meet(&mut world, "7001", &[&alice, &bob]);
    carol.dials("7001");
    world.runs_for(secs(3));
    assert!(!carol.is_up());
    world.expects_all_to_hear_each_other(&[&alice, &bob]);
}

/// Each style of hold: nobody hears the holder, not even its music, and it hears nobody.
fn hold_and_resume(seed: u64, hold: Hold) {
    let mut world = World::new(seed).build();
    let (alice, bob, carol) = (
        world.phone("alice"),
        world.phone("bob"),
        world.phone("carol"),
    );
    meet(&mut world, "7001", &[&alice, &bob, &carol]);
    assert!(bob.holds(hold));
    world.runs_for(secs(2));
    assert!(!alice.hears(&bob) && !carol.hears(&bob), "{hold:?}");
    assert!(
        bob.heard_tones().is_empty(),
        "{hold:?}: {:?}",
        bob.heard_tones()
    );
    assert!(
        world
            .events()
            .iter()
            .any(|event| matches!(event, Event::Held { .. }))
    );
    world.expects_all_to_hear_each_other(&[&alice, &carol]);
    world.expects_harmony();
    assert!(bob.resumes());
    world.runs_for(secs(2));
    assert!(
        world
            .events()
            .iter()
            .any(|event| matches!(event, Event::Resumed { .. }))
    );
    world.expects_all_to_hear_each_other(&[&alice, &bob, &carol]);
}

#[test]
fn hold_by_sendonly_silences_both_ways_until_resumed() {
    hold_and_resume(10, Hold::SendOnly);
}

#[test]
fn hold_by_inactive_silences_both_ways_until_resumed() {
    hold_and_resume(11, Hold::Inactive);
}

#[test]
fn hold_by_the_zero_address_silences_both_ways_until_resumed() {
    hold_and_resume(12, Hold::ZeroAddress);
}

#[test]
fn a_phone_goes_on_at_another_address() {
    let mut world = World::new(13).build();
    let (alice, bob) = (world.phone("alice"), world.phone("bob"));
    meet(&mut world, "7001", &[&alice, &bob]);
    assert!(alice.moves_its_audio());
    world.runs_for(secs(2));
    world.expects_all_to_hear_each_other(&[&alice, &bob]);
    world.expects_harmony();
}

#[test]
fn ten_minutes_of_drifting_clocks_keep_the_delay_bounded() {
    let mut world = World::new(14).build();
    let fast = world.phone_with_drift("fast", 200);
    let slow = world.phone_with_drift("slow", -200);
    let exact = world.phone("exact");
    meet(&mut world, "7001", &[&fast, &slow, &exact]);
    for minute in 1..=10 {
        world.runs_for(secs(60));
        let delay = world.longest_playout_delay();
        assert!(delay <= millis(60), "{delay:?} after {minute} minutes");
    }
    world.expects_harmony();
    let joined = plenum_time::Instant::from_millis(3_000);
    assert_eq!(exact.gaps_of(&fast, joined), [], "no word was lost");
    assert_eq!(exact.gaps_of(&slow, joined), [], "no word was lost");
}

/// A room whose callers mute themselves and change volumes by keys.
const MENU_ROOM: &str = "\
[default]
exten => 7001,1,Answer()
 same => n,Set(CONFBRIDGE(menu,*1)=toggle_mute)
 same => n,Set(CONFBRIDGE(menu,*2)=decrease_talking_volume)
 same => n,Set(CONFBRIDGE(menu,*3)=decrease_listening_volume)
 same => n,Set(CONFBRIDGE(menu,*0)=reset_talking_volume,reset_listening_volume)
 same => n,Set(CONFBRIDGE(menu,*8)=leave_conference)
 same => n,ConfBridge(${EXTEN},,quiet_user)
 same => n,Hangup()
";

#[test]
fn a_phone_mutes_itself_by_keys_and_leaves_by_one() {
    let mut world = World::new(31).with_dialplan(MENU_ROOM).build();
    let (alice, bob) = (world.phone("alice"), world.phone("bob"));
    meet(&mut world, "7001", &[&alice, &bob]);
    bob.presses("*1");
    world.runs_for(secs(3));
    assert!(!alice.hears(&bob) && bob.hears(&alice));
    world.expects_harmony();
    bob.presses("*1");
    world.runs_for(secs(3));
    world.expects_all_to_hear_each_other(&[&alice, &bob]);
    bob.presses("*8");
    world.runs_for(secs(2));
    assert_eq!(bob.call_end(), Some(plenum_sim::CallEnd::HungUpByServer));
    world.expects_harmony();
}

#[test]
fn phones_turn_themselves_and_the_others_down() {
    let mut world = World::new(32).with_dialplan(MENU_ROOM).build();
    let (alice, bob) = (world.phone("alice"), world.phone("bob"));
    meet(&mut world, "7001", &[&alice, &bob]);
    let levels = || (alice.level_of(&bob), bob.level_of(&alice));
    let (Some(at_alice), Some(at_bob)) = levels() else {
        panic!("they hear each other")
    };
    let is = |level: Option<f32>, expected: f32| {
        level.is_some_and(|level| (level - expected).abs() < 0.5)
    };
    bob.presses("*2*2");
    world.runs_for(secs(3));
    assert!(
        is(levels().0, at_alice - 6.0) && is(levels().1, at_bob),
        "{:?}",
        levels()
    );
    bob.presses("*3");
    world.runs_for(secs(3));
    assert!(is(levels().1, at_bob - 3.0), "{:?}", levels());
    bob.presses("*0");
    world.runs_for(secs(3));
    assert!(
        is(levels().0, at_alice) && is(levels().1, at_bob),
        "{:?}",
        levels()
    );
}
