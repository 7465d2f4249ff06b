//! What participants do with their keys.

use std::time::Duration;

use plenum_switch::{AudioTarget, ChannelKey, Connection, PlaybackOutcome};

use crate::world::World;

const DIALPLAN: &str = "\
[default]
exten => 1,1,ConfBridge(1,,,keys)
same => n,Set(AFTER=${CONFBRIDGE_RESULT})
same => n,Wait(99)
exten => _A.,1,ConfBridge(1,,${EXTEN:1},keys)
same => n,Set(AFTER=${CONFBRIDGE_RESULT})
same => n,Wait(99)
exten => 2,1,ConfBridge(1)
exten => 3,1,ConfBridge(1,,,nowhere)
exten => 4,1,Set(CONFBRIDGE(menu,template)=keys)
same => n,Set(CONFBRIDGE(menu,*1)=playback(own),toggle_mute)
same => n,Set(CONFBRIDGE(menu,7)=fly)
same => n,ConfBridge(1)
exten => echo,1,Set(HERE=${EXTEN})
same => n,Echo()
same => n,Set(THERE=${HERE})
exten => nested,1,ConfBridge(2)
same => n,Hangup()
exten => h,1,Set(GLOBAL(ENDED)=${EXTEN})
";

const MENU: &[(&str, &str)] = &[
    ("*1", "toggle_mute"),
    ("*2", "increase_listening_volume"),
    ("*3", "decrease_talking_volume"),
    ("*4", "reset_listening_volume,reset_talking_volume"),
    ("*5", "participant_count"),
    ("*6", "playback(news&weather),toggle_mute"),
    ("*7", "dialplan_exec(default,echo),toggle_mute"),
    ("*77", "dialplan_exec(default,nested)"),
    ("*78", "dialplan_exec(default,nothing)"),
    ("*8", "leave_conference"),
    ("*", "playback_and_continue(usermenu)"),
    ("91", "admin_toggle_conference_lock"),
    ("92", "admin_kick_last"),
    ("93", "admin_toggle_mute_participants"),
    (
        "0",
        "no_op,toggle_binaural,set_as_single_video_src,release_as_single_video_src",
    ),
];

fn world() -> World {
    World::with(DIALPLAN, |config| {
        for (keys, actions) in MENU {
            let set = config.rooms.set_menu("keys", keys, actions);
            set.expect("the menu is good");
        }
        for (profile, option, value) in [
            ("admin", "admin", "yes"),
            ("music", "music_on_hold_when_empty", "yes"),
            ("passes", "dtmf_passthrough", "yes"),
            ("short", "timeout", "30"),
        ] {
            let set = config.rooms.set_user(profile, option, value);
            set.expect("the option exists");
        }
    })
}

/// A room of two, whose prompts are over; from here on sounds last until they are ended.
fn meeting(world: &mut World) -> (ChannelKey, ChannelKey) {
    let alice = world.call("alice", "1");
    let bob = world.call("bob", "1");
    world.quick_sounds = false;
    (alice, bob)
}

fn is_muted(world: &World, channel: ChannelKey) -> bool {
    world.room("1").participants[&channel].muted
}

fn room_hears(world: &World) -> Vec<String> {
    world.heard_by(AudioTarget::Bridge(world.room("1").bridge))
}

#[test]
fn a_caller_mutes_and_unmutes_itself_and_is_told() {
    let mut world = world();
    let (alice, bob) = meeting(&mut world);
    world.presses(bob, "*1");
    assert!(is_muted(&world, bob) && !world.is_heard(bob, alice));
    assert!(world.is_heard(alice, bob));
    assert_eq!(world.hears(bob), ["conf-muted"]);
    assert_eq!(world.hears(alice), [""; 0]);
    // A key need not wait for the prompt.
    world.presses(bob, "*1");
    assert!(world.talk(alice, bob));
    assert_eq!(world.hears(bob), ["conf-unmuted"]);
}

#[test]
fn a_sequence_is_only_one_if_its_keys_come_in_time() {
    let mut world = world();
    let (_, bob) = meeting(&mut world);
    world.presses(bob, "9");
    world.wait(Duration::from_millis(1_001));
    world.presses(bob, "3");
    world.seconds(2);
    assert!(!is_muted(&world, bob) && world.warnings().is_empty());
    world.presses(bob, "9");
    world.wait(Duration::from_millis(999));
    world.presses(bob, "3");
    assert_eq!(world.warnings().len(), 1, "the sequence was 93");
}

#[test]
fn a_short_sequence_waits_for_a_longer_one() {
    let mut world = world();
    let (alice, bob) = meeting(&mut world);
    world.presses(bob, "*7");
    assert!(!world.room("1").participants[&bob].away, "*77 may follow");
    world.seconds(1);
    assert!(world.room("1").participants[&bob].away);
    assert_eq!(world.legs[&bob].connection, Connection::Echo);
    // *7 and then a key that belongs to no longer sequence needs no waiting.
    world.presses(alice, "*74");
    assert!(world.room("1").participants[&alice].away);
}

#[test]
fn the_menu_prompt_ends_with_a_key_and_the_sequence_goes_on() {
    let mut world = world();
    let (_, bob) = meeting(&mut world);
    world.presses(bob, "*");
    assert_eq!(world.hears(bob), [""; 0], "a longer sequence is possible");
    world.seconds(1);
    assert_eq!(world.hears(bob), ["usermenu"]);
    world.presses(bob, "1");
    assert!(is_muted(&world, bob));
    assert_eq!(world.hears(bob), ["conf-muted"]);
    world.hears_out(bob);

    world.presses(bob, "*");
    world.seconds(1);
    world.hears_out(bob);
    world.presses(bob, "1");
    assert!(!is_muted(&world, bob), "shortly behind the prompt, too");
    world.hears_out(bob);

    world.presses(bob, "*");
    world.seconds(1);
    world.hears_out(bob);
    world.seconds(2);
    world.presses(bob, "1");
    assert!(!is_muted(&world, bob), "the sequence is over");
    world.presses(bob, "*");
    world.seconds(1);
    world.presses(bob, "93");
    assert_eq!(world.warnings().len(), 1, "another sequence may follow");
}

#[test]
fn keys_do_nothing_while_a_playback_lasts_and_the_next_action_waits() {
    let mut world = world();
    let (_, bob) = meeting(&mut world);
    world.presses(bob, "*6");
    assert_eq!(world.hears(bob), ["news"]);
    world.presses(bob, "*2*2");
    let playing = *world.playing.keys().next().unwrap();
    world.ends(playing, PlaybackOutcome::Failed("no such file".into()));
    assert_eq!(world.hears(bob), ["weather"]);
    assert!(!is_muted(&world, bob));
    let playing = *world.playing.keys().next().unwrap();
    world.ends(playing, PlaybackOutcome::Finished);
    assert!(is_muted(&world, bob));
    assert_eq!(world.legs[&bob].volume, (0, 0));
}

#[test]
fn volumes_change_in_steps_within_a_range_and_end_with_the_room() {
    let mut world = world();
    let (_, bob) = meeting(&mut world);
    world.presses(bob, "*2*2*3");
    assert_eq!(world.legs[&bob].volume, (6, -3));
    world.presses(bob, &"*2".repeat(20));
    assert_eq!(world.legs[&bob].volume, (24, -3));
    world.presses(bob, "*4");
    assert_eq!(world.legs[&bob].volume, (0, 0));
    world.presses(bob, "*3*8");
    assert_eq!(world.legs[&bob].volume, (0, 0));
    assert_eq!(world.variable(bob, "AFTER"), "DTMF");
}

#[test]
fn a_caller_is_told_how_many_others_there_are() {
    let mut world = world();
    let alice = world.call("alice", "1");
    world.quick_sounds = false;
    world.presses(alice, "*5");
    assert_eq!(world.hears(alice), [""; 0], "it is alone");
    world.quick_sounds = true;
    world.call("bob", "1");
    world.quick_sounds = false;
    world.presses(alice, "*5");
    assert_eq!(world.hears(alice), ["conf-onlyone"]);
    world.hears_out(alice);
    world.quick_sounds = true;
    for _ in 0..21 {
        world.call("carol", "1");
    }
    world.quick_sounds = false;
    world.presses(alice, "*5");
    let mut heard = Vec::new();
    while let Some((playback, _)) = world.playing.iter().next() {
        let playback = *playback;
        heard.extend(world.hears(alice));
        world.ends(playback, PlaybackOutcome::Finished);
    }
    assert_eq!(
        heard,
        [
            "conf-thereare",
            "digits/20",
            "digits/2",
            "conf-otherinparty"
        ]
    );
}

#[test]
fn who_leaves_by_a_key_goes_on_in_the_dialplan() {
    let mut world = world();
    let (alice, bob) = meeting(&mut world);
    world.presses(bob, "*8");
    assert_eq!(world.variable(bob, "AFTER"), "DTMF");
    assert_eq!(world.room("1").participants.len(), 1);
    assert_eq!(world.legs[&bob].connection, Connection::Nothing);
    world.presses(bob, "*1");
    assert!(!is_muted(&world, alice));
}

#[test]
fn admins_lock_mute_and_kick_and_others_do_not() {
    let mut world = world();
    let admin = world.call("admin", "Aadmin");
    let (alice, bob) = meeting(&mut world);
    world.presses(bob, "91929");
    world.presses(bob, "3");
    assert!(!world.room("1").locked && !world.room("1").muted);
    assert_eq!(world.hears(bob), [""; 0], "93 ends the error prompt of 92");
    assert_eq!(world.room("1").participants.len(), 3);
    assert_eq!(world.warnings().len(), 3, "{:?}", world.warnings());

    world.presses(admin, "91");
    assert!(world.room("1").locked);
    assert_eq!(world.hears(admin), ["conf-lockednow"]);
    world.presses(admin, "91");
    assert_eq!(world.hears(admin), ["conf-unlockednow"]);
    world.hears_out(admin);

    world.presses(admin, "93");
    assert!(is_muted(&world, alice) && is_muted(&world, bob) && !is_muted(&world, admin));
    assert_eq!(room_hears(&world).last().unwrap(), "conf-now-muted");
    world.quick_sounds = true;
    let late = world.call("late", "1");
    world.quick_sounds = false;
    assert!(is_muted(&world, late));
    world.presses(admin, "93");
    assert!(!is_muted(&world, late) && world.talk(alice, bob));

    world.presses(admin, "92");
    assert_eq!(world.hears(late), ["conf-kicked"]);
    assert_eq!(world.room("1").participants.len(), 3);
}

#[test]
fn the_last_one_is_not_kicked_if_it_is_an_admin() {
    let mut world = world();
    world.call("alice", "1");
    let admin = world.call("admin", "Aadmin");
    world.quick_sounds = false;
    world.presses(admin, "92");
    assert_eq!(world.hears(admin), ["conf-errormenu"]);
    assert_eq!(world.room("1").participants.len(), 2);
}

#[test]
fn a_caller_runs_the_dialplan_and_comes_back() {
    let mut world = world();
    let (alice, bob) = meeting(&mut world);
    world.presses(bob, "*7");
    world.seconds(1);
    assert_eq!(world.variable(bob, "HERE"), "echo");
    assert!(!world.is_heard(bob, alice) && !world.is_heard(alice, bob));
    assert_eq!(world.room("1").participants.len(), 2, "it still counts");
    world.presses(bob, "*1");
    assert!(!is_muted(&world, bob), "its keys belong to the dialplan");
    world.presses(bob, "#");
    assert_eq!(world.variable(bob, "THERE"), "echo");
    assert!(is_muted(&world, bob), "the action behind follows");
    assert!(world.is_heard(alice, bob));
    world.hears_out(bob);
    world.presses(bob, "*1");
    assert!(world.talk(alice, bob));
    world.presses(bob, "*8");
    assert_eq!(world.variable(bob, "AFTER"), "DTMF");
}

#[test]
fn a_place_that_does_not_exist_is_an_error_prompt() {
    let mut world = world();
    let (alice, bob) = meeting(&mut world);
    world.presses(bob, "*78");
    assert_eq!(world.hears(bob), ["conf-errormenu"]);
    assert!(world.talk(alice, bob));
    assert!(world.warnings()[0].contains("nothing"));
}

#[test]
fn a_room_within_the_room_is_passed_over_and_hanging_up_is_the_end() {
    let mut world = world();
    let (_, bob) = meeting(&mut world);
    world.presses(bob, "*77");
    assert!(world.is_gone(bob));
    assert!(world.warnings()[0].starts_with("ConfBridge is passed over"));
    assert_eq!(world.room("1").participants.len(), 1);
    assert_eq!(&*world.switch.view().globals["ENDED"], "h");
}

#[test]
fn who_is_away_can_be_kicked_and_its_time_runs_on() {
    let mut world = world();
    let alice = world.call("alice", "Ashort");
    let bob = world.call("bob", "1");
    let admin = world.call("admin", "Aadmin");
    for who in [alice, bob] {
        world.presses(who, "*7");
    }
    world.seconds(1);
    let carol = world.call("carol", "1");
    world.hangs_up(carol);
    let name = world.view(bob).name.to_string();
    let kick = plenum_switch::Command::Kick {
        room: "1".into(),
        selector: plenum_switch::Selector::One(name),
    };
    world.command(kick).unwrap();
    assert_eq!(world.variable(bob, "AFTER"), "KICKED");
    world.seconds(40);
    assert_eq!(world.variable(alice, "AFTER"), "", "it is away still");
    world.presses(alice, "#");
    world.seconds(0);
    assert_eq!(world.variable(alice, "AFTER"), "TIMEOUT");
    assert_eq!(world.room("1").participants.len(), 1);
    world.hangs_up(admin);
}

#[test]
fn who_hangs_up_while_it_is_away_leaves_nothing_behind() {
    let mut world = world();
    let (alice, bob) = meeting(&mut world);
    world.presses(bob, "*74");
    world.hangs_up(bob);
    assert_eq!(world.room("1").participants.len(), 1);
    world.hangs_up(alice);
    let counts = world.switch.counts();
    assert_eq!((counts.rooms, counts.bridges, counts.timers), (0, 0, 0));
    assert!(world.playing.is_empty());
}

#[test]
fn music_waits_for_a_prompt() {
    let mut world = world();
    let alice = world.call("alice", "Amusic");
    world.quick_sounds = false;
    assert_eq!(world.hears(alice), ["music default"]);
    world.presses(alice, "*1");
    assert_eq!(world.hears(alice), ["conf-muted"]);
    world.hears_out(alice);
    assert_eq!(world.hears(alice), ["music default"]);
}

#[test]
fn keys_that_the_menu_does_not_take_pass_to_the_others_if_they_are_to() {
    let mut world = world();
    let alice = world.call("alice", "1");
    let bob = world.call("bob", "Apasses");
    world.presses(bob, "5*1*1");
    assert_eq!(world.legs[&alice].keys, "5");
    world.presses(bob, "97");
    assert_eq!(
        world.legs[&alice].keys, "597",
        "9 might have been the start of 91"
    );
    world.presses(alice, "5");
    assert_eq!(world.legs[&bob].keys, "");
    world.presses(bob, "*15");
    assert_eq!(world.legs[&alice].keys, "597", "a muted one sends nothing");
}

#[test]
fn the_menu_is_the_named_one_or_the_default_one_and_is_in_the_journal() {
    let mut world = world();
    let alice = world.call("alice", "1");
    let bob = world.call("bob", "2");
    world.presses(bob, "*1");
    assert!(!is_muted(&world, bob), "default_menu is empty");
    let menu = |world: &World, who| world.room("1").participants[&who].menu.to_string();
    assert_eq!(menu(&world, alice), "keys");
    assert_eq!(menu(&world, bob), "default_menu");
    let lost = world.call("lost", "3");
    assert!(world.is_gone(lost));
    assert_eq!(
        world.warnings(),
        ["ConfBridge: there is no menu \"nowhere\""]
    );
}

#[test]
fn the_dialplan_makes_a_menu_of_its_own() {
    let mut world = world();
    world.call("alice", "1");
    let bob = world.call("bob", "4");
    assert!(world.warnings()[0].contains("a menu has no action \"fly\""));
    world.quick_sounds = false;
    world.presses(bob, "*1");
    assert_eq!(world.hears(bob), ["own"]);
    world.hears_out(bob);
    assert!(is_muted(&world, bob));
    world.presses(bob, "*8");
    assert_eq!(
        world.room("1").participants.len(),
        1,
        "the template is in force"
    );
}
