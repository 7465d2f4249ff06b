//! `ConfBridge`, as callers live through it.

use std::time::Duration;

use plenum_switch::{
    AudioTarget, Command, CommandError, Connection, LegEvent, PlaybackOutcome, Reply, Selector,
};

use crate::world::World;

const DIALPLAN: &str = "\
[default]
exten => 4711,1,ConfBridge(4711)
same => n,Set(AFTER=${CONFBRIDGE_RESULT})
same => n,Wait(99)
exten => _A.,1,ConfBridge(4711,,${EXTEN:1})
same => n,Wait(99)
exten => small,1,ConfBridge(4711,small)
";

/// Profiles that the stories name: what is behind the A of a number.
fn world() -> World {
    World::with(DIALPLAN, |config| {
        for (profile, option, value) in [
            ("admin", "admin", "yes"),
            ("pin", "pin", "123"),
            ("muted", "startmuted", "yes"),
            ("music", "music_on_hold_when_empty", "yes"),
            ("music", "music_on_hold_class", "jazz"),
            ("leader", "marked", "yes"),
            ("waits", "wait_marked", "yes"),
            ("waits", "music_on_hold_when_empty", "yes"),
            ("ends", "end_marked", "yes"),
            ("quiet", "quiet", "yes"),
            ("short", "timeout", "30"),
            ("deaf", "hear_own_join_sound", "no"),
        ] {
            config
                .rooms
                .set_user(profile, option, value)
                .expect("the option exists");
        }
        config
            .rooms
            .set_bridge("small", "max_members", "1")
            .expect("the option exists");
        config.music_classes.push("jazz".into());
    })
}

fn one(name: &str) -> Selector {
    Selector::parse(name)
}

fn mute(who: &str, muted: bool) -> Command {
    Command::Mute {
        room: "4711".into(),
        selector: one(who),
        muted,
    }
}

fn kick(who: &str) -> Command {
    Command::Kick {
        room: "4711".into(),
        selector: one(who),
    }
}

#[test]
fn two_callers_meet_and_hear_each_other() {
    let mut world = world();
    let alice = world.call("alice", "4711");
    let bob = world.call("bob", "4711");
    assert!(world.talk(alice, bob));
    assert_eq!(world.room("4711").participants.len(), 2);
    world.hangs_up(alice);
    assert_eq!(world.room("4711").participants.len(), 1);
    world.hangs_up(bob);
    let counts = world.switch.counts();
    assert_eq!((counts.rooms, counts.bridges, counts.timers), (0, 0, 0));
}

#[test]
fn the_first_caller_is_told_that_it_is_alone_and_everyone_hears_who_comes_and_goes() {
    let mut world = world();
    world.quick_sounds = false;
    let alice = world.call("alice", "4711");
    assert_eq!(world.hears(alice), ["conf-onlyperson"]);
    assert!(
        !world.room("4711").participants[&alice].joined,
        "prompts come before the room"
    );
    let only = *world.playing.keys().next().unwrap();
    world.ends(only, PlaybackOutcome::Finished);
    assert_eq!(world.hears(alice), ["confbridge-join"]);
    world.hears_out(alice);
    assert!(world.room("4711").participants[&alice].joined);
    let room = AudioTarget::Bridge(world.room("4711").bridge);

    let bob = world.call("bob", "4711");
    assert_eq!(world.hears(bob), ["confbridge-join"]);
    assert_eq!(world.heard_by(room), ["confbridge-join"]);
    world.hears_out(bob);
    assert!(world.talk(alice, bob));
    world.hangs_up(bob);
    assert_eq!(
        world.heard_by(room),
        ["confbridge-join", "confbridge-leave"]
    );
    world.hangs_up(alice);
    assert!(world.playing.is_empty(), "the sounds of a room end with it");
}

#[test]
fn who_does_not_want_its_own_join_sound_goes_straight_in() {
    let mut world = world();
    world.call("alice", "4711");
    world.quick_sounds = false;
    let bob = world.call("bob", "Adeaf");
    assert!(world.room("4711").participants[&bob].joined);
    assert_eq!(world.playing.len(), 1, "the others hear it");
}

#[test]
fn a_quiet_participant_is_neither_told_nor_heard_of() {
    let mut world = world();
    world.quick_sounds = false;
    let alice = world.call("alice", "Aquiet");
    let bob = world.call("bob", "Aquiet");
    world.hangs_up(alice);
    assert!(world.playing.is_empty());
    assert!(world.room("4711").participants[&bob].joined);
}

#[test]
fn room_names_have_no_case_and_a_limit() {
    let mut world =
        World::new("[default]\nexten => _.,1,ConfBridge(${EXTEN})\nsame => n,Wait(9)\n");
    world.call("alice", "Sales");
    world.call("bob", "SALES");
    assert_eq!(world.room("Sales").participants.len(), 2);
    world.prompt = false;
    let carol = world.call("carol", &"x".repeat(80));
    assert!(
        world.legs[&carol]
            .hang_up
            .as_ref()
            .unwrap()
            .1
            .contains("at most 79 characters")
    );
    assert_eq!(world.variable(carol, "CONFBRIDGE_RESULT"), "FAILED");
}

#[test]
fn a_profile_that_is_missing_ends_the_call_with_a_sentence() {
    let mut world = world();
    world.prompt = false;
    let alice = world.call("alice", "Anobody");
    let why = &world.legs[&alice].hang_up.as_ref().unwrap().1;
    assert_eq!(why, "ConfBridge: there is no user profile \"nobody\"");
    assert_eq!(world.variable(alice, "CONFBRIDGE_RESULT"), "FAILED");
}

#[test]
fn a_muted_participant_hears_and_is_not_heard() {
    let mut world = world();
    let alice = world.call("alice", "4711");
    let bob = world.call("bob", "Amuted");
    assert!(world.is_heard(alice, bob) && !world.is_heard(bob, alice));
    world.command(mute("all", false)).unwrap();
    assert!(world.talk(alice, bob));
    let name = world.view(alice).name.to_string();
    world
        .command(mute(&name[..name.len() - 1].to_uppercase(), true))
        .unwrap();
    assert!(
        !world.is_heard(alice, bob),
        "the beginning of a name means the first that has it"
    );
    assert!(world.is_heard(bob, alice));
}

#[test]
fn participants_means_everyone_but_admins() {
    let mut world = world();
    let admin = world.call("alice", "Aadmin");
    let bob = world.call("bob", "4711");
    assert_eq!(
        world.command(mute("participants", true)),
        Ok(Reply::Done { channels: 1 })
    );
    assert!(world.is_heard(admin, bob) && !world.is_heard(bob, admin));
    world.command(kick("participants")).unwrap();
    assert_eq!(world.room("4711").participants.len(), 1);
}

#[test]
fn who_holds_the_room_is_not_heard_there() {
    let mut world = world();
    let alice = world.call("alice", "4711");
    let bob = world.call("bob", "4711");
    world.leg(bob, LegEvent::Held);
    assert!(
        !world.is_heard(bob, alice),
        "music of its own system stays out"
    );
    assert!(world.view(bob).held);
    world.leg(bob, LegEvent::Resumed);
    assert!(world.talk(alice, bob));
}

#[test]
fn a_kicked_participant_hears_why_and_goes_on_in_the_dialplan() {
    let mut world = world();
    let alice = world.call("alice", "4711");
    let bob = world.call("bob", "4711");
    world.quick_sounds = false;
    let name = world.view(bob).name.to_string();
    world.command(kick(&name)).unwrap();
    assert_eq!(world.legs[&bob].connection, Connection::Nothing);
    assert_eq!(world.hears(bob), ["conf-kicked"]);
    world.hears_out(bob);
    assert_eq!(world.variable(bob, "AFTER"), "KICKED");
    assert_eq!(
        world.room("4711").participants.keys().collect::<Vec<_>>(),
        [&alice]
    );
    let again = world.command(kick(&name)).unwrap_err();
    assert!(matches!(again, CommandError::NoSuchParticipant { .. }));
}

#[test]
fn a_locked_room_takes_admins_only() {
    let mut world = world();
    world.call("alice", "4711");
    world
        .command(Command::Lock {
            room: "4711".into(),
        })
        .unwrap();
    world.quick_sounds = false;
    world.prompt = false;
    let bob = world.call("bob", "4711");
    world.leg(bob, LegEvent::Answered);
    assert_eq!(world.hears(bob), ["conf-locked"]);
    world.hears_out(bob);
    assert_eq!(
        world.legs[&bob].hang_up.as_ref().unwrap().1,
        "the room is locked"
    );
    assert_eq!(world.variable(bob, "CONFBRIDGE_RESULT"), "FAILED");
    world.quick_sounds = true;
    world.prompt = true;
    let admin = world.call("carol", "Aadmin");
    assert!(world.room("4711").participants.contains_key(&admin));
    world
        .command(Command::Unlock {
            room: "4711".into(),
        })
        .unwrap();
    let dave = world.call("dave", "4711");
    assert!(world.room("4711").participants.contains_key(&dave));
}

#[test]
fn a_full_room_takes_admins_only() {
    let mut world = world();
    world.call("alice", "small");
    let bob = world.call("bob", "4711");
    assert!(
        world.is_gone(bob),
        "the room has the profile of its first participant"
    );
    let admin = world.call("carol", "Aadmin");
    assert_eq!(world.room("4711").participants.len(), 2);
    assert!(!world.is_gone(admin));
}

#[test]
fn a_pin_opens_the_door() {
    let mut world = world();
    world.quick_sounds = false;
    let alice = world.call("alice", "Apin");
    assert_eq!(world.hears(alice), ["conf-getpin"]);
    world.presses(alice, "1");
    assert!(world.hears(alice).is_empty(), "a key ends the prompt");
    world.presses(alice, "23#");
    world.hears_out(alice);
    assert!(world.room("4711").participants[&alice].joined);
}

#[test]
fn three_wrong_pins_end_the_call() {
    let mut world = world();
    world.quick_sounds = false;
    world.prompt = false;
    let alice = world.call("alice", "Apin");
    world.leg(alice, LegEvent::Answered);
    for _ in 0..2 {
        world.presses(alice, "9#");
        assert_eq!(world.hears(alice), ["conf-invalidpin"]);
        let invalid = *world.playing.keys().next().unwrap();
        world.ends(invalid, PlaybackOutcome::Finished);
        assert_eq!(world.hears(alice), ["conf-getpin"]);
    }
    world.presses(alice, "124#");
    assert_eq!(world.hears(alice), ["conf-invalidpin"]);
    world.hears_out(alice);
    assert_eq!(
        world.legs[&alice].hang_up.as_ref().unwrap().1,
        "the PIN was wrong three times"
    );
    assert_eq!(world.variable(alice, "CONFBRIDGE_RESULT"), "FAILED");
    assert_eq!(world.switch.counts().rooms, 0);
}

#[test]
fn whoever_says_nothing_when_asked_for_the_pin_is_not_asked_for_ever() {
    let mut world = world();
    let alice = world.call("alice", "Apin");
    world.presses(alice, "123");
    world.seconds(5);
    assert!(
        world.room("4711").participants[&alice].joined,
        "a pause ends the PIN too"
    );
    let bob = world.call("bob", "Apin");
    world.seconds(29);
    assert!(!world.is_gone(bob));
    world.seconds(1);
    assert!(world.is_gone(bob));
}

#[test]
fn music_plays_for_whoever_is_alone() {
    let mut world = world();
    let alice = world.call("alice", "Amusic");
    assert_eq!(world.hears(alice), ["music jazz"]);
    let bob = world.call("bob", "4711");
    assert!(world.hears(alice).is_empty() && world.talk(alice, bob));
    world.hangs_up(bob);
    assert_eq!(world.hears(alice), ["music jazz"]);
}

#[test]
fn music_that_cannot_be_played_is_not_tried_again() {
    let mut world = world();
    let alice = world.call("alice", "Amusic");
    let music = *world.playing.keys().next().unwrap();
    world.ends(music, PlaybackOutcome::Failed("no music".into()));
    let bob = world.call("bob", "4711");
    world.hangs_up(bob);
    assert!(world.hears(alice).is_empty());
    assert_eq!(world.legs[&alice].gate, Some((true, true)));
}

#[test]
fn some_wait_until_a_marked_user_comes_and_wait_again_when_it_goes() {
    let mut world = world();
    let alice = world.call("alice", "Awaits");
    let bob = world.call("bob", "Awaits");
    assert_eq!(world.hears(alice), ["music default"]);
    assert!(!world.talk(alice, bob));
    assert!(
        world
            .log
            .iter()
            .any(|order| order.contains("conf-waitforleader"))
    );
    let leader = world.call("carol", "Aleader");
    assert!(world.talk(alice, bob) && world.talk(alice, leader));
    world.hangs_up(leader);
    assert!(!world.talk(alice, bob));
    assert_eq!(world.hears(bob), ["music default"]);
}

#[test]
fn some_leave_with_the_last_marked_user() {
    let mut world = world();
    let leader = world.call("carol", "Aleader");
    let other = world.call("dave", "Aleader");
    let alice = world.call("alice", "Aends");
    let bob = world.call("bob", "4711");
    world.hangs_up(leader);
    assert!(world.talk(alice, bob));
    world.hangs_up(other);
    assert_eq!(world.variable(alice, "CONFBRIDGE_RESULT"), "ENDMARKED");
    assert_eq!(
        world.room("4711").participants.keys().collect::<Vec<_>>(),
        [&bob]
    );
}

#[test]
fn a_time_limit_takes_a_participant_out() {
    let mut world = world();
    let alice = world.call("alice", "Ashort");
    world.seconds(29);
    assert!(world.room("4711").participants.contains_key(&alice));
    world.seconds(1);
    assert_eq!(world.variable(alice, "CONFBRIDGE_RESULT"), "TIMEOUT");
    assert_eq!(world.view(alice).application, "Wait");
    assert_eq!(world.switch.counts().rooms, 0);
}

#[test]
fn a_caller_may_hang_up_at_any_moment() {
    for stage in ["Apin", "4711", "Awaits", "Amusic"] {
        let mut world = world();
        world.quick_sounds = false;
        let alice = world.call("alice", stage);
        world.hangs_up(alice);
        world.seconds(100);
        let counts = world.switch.counts();
        assert_eq!(
            (
                counts.channels,
                counts.rooms,
                counts.playbacks,
                counts.timers
            ),
            (0, 0, 0, 0)
        );
    }
}

#[test]
fn the_dialplan_makes_profiles_of_its_own() {
    let mut world = World::new(
        "[default]\nexten => 1,1,Set(CONFBRIDGE(user,startmuted)=yes)\n\
         same => n,Set(CONFBRIDGE(user,startmutedd)=yes)\n\
         same => n,Set(CONFBRIDGE(bridge,sound_join)=tone:880/200)\n\
         same => n,ConfBridge(r)\nexten => 2,1,Answer()\n\
         same => n,Set(N=${CONFBRIDGE_INFO(parties,R)}${CONFBRIDGE_INFO(locked,r)})\n\
         same => n,Set(M=${CONFBRIDGE_CHANNELS(parties,r)}${CONFBRIDGE_INFO(parties,none)})\n\
         same => n,Wait(9)\n",
    );
    world.quick_sounds = false;
    let alice = world.call("alice", "1");
    assert!(world.room("r").participants[&alice].muted);
    let only = *world.playing.keys().next().unwrap();
    world.ends(only, PlaybackOutcome::Finished);
    assert_eq!(world.hears(alice), ["tone 880"]);
    assert!(world.warnings()[0].contains("did you mean \"startmuted\"?"));
    let bob = world.call("bob", "2");
    assert_eq!(world.variable(bob, "N"), "10");
    assert_eq!(world.variable(bob, "M"), "SIP/anonymous-000000000");
}

#[test]
fn rooms_and_participants_are_listed() {
    let mut world = world();
    let nothing = world.command(Command::RoomParticipants {
        room: "4711".into(),
    });
    assert_eq!(nothing, Err(CommandError::NoRooms));
    assert_eq!(
        world.command(Command::RoomList),
        Ok(Reply::Rooms(Vec::new()))
    );
    world.call("alice", "Awaits");
    world.call("bob", "Aadmin");
    world.wait(Duration::from_secs(5));
    let Ok(Reply::Rooms(rooms)) = world.command(Command::RoomList) else {
        panic!("rooms")
    };
    assert_eq!(
        (&*rooms[0].name, rooms[0].parties, rooms[0].locked),
        ("4711", 2, false)
    );
    let command = Command::RoomParticipants {
        room: "4711".into(),
    };
    let Ok(Reply::Participants(list)) = world.command(command) else {
        panic!("participants")
    };
    let callers: Vec<_> = list
        .iter()
        .map(|p| (&*p.caller.number, p.waiting, p.admin))
        .collect();
    assert_eq!(
        callers,
        [("bob", false, true), ("alice", true, false)],
        "active ones first"
    );
    assert_eq!(list[0].age, Duration::from_secs(5));
    let error = world
        .command(Command::Lock {
            room: "4712".into(),
        })
        .unwrap_err();
    assert!(error.to_string().contains("did you mean \"4711\"?"));
}

#[test]
fn a_hundred_who_come_at_once_do_not_drown_the_room_in_tones() {
    let mut world = world();
    world.call("alice", "4711");
    world.quick_sounds = false;
    for _ in 0..20 {
        world.call("bob", "Adeaf");
    }
    let room = AudioTarget::Bridge(world.room("4711").bridge);
    assert_eq!(world.heard_by(room).len(), 4);
}
