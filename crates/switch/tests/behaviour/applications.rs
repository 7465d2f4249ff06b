//! Each application, as a caller lives through it.

use std::time::Duration;

use plenum_switch::{Cause, Command, Connection, LegEvent, PlaybackOutcome};

use crate::world::World;

fn world(steps: &str) -> World {
    World::new(&format!(
        "[default]\nexten => 1,1,{}\n",
        steps.replace(" | ", "\nsame => n,")
    ))
}

#[test]
fn a_call_has_the_identifiers_of_the_field() {
    let mut world = world("Answer() | Wait(60)");
    let first = world.call("alice", "1");
    let second = world.call("bob", "1");
    assert_eq!(&*world.view(first).id, "1795240185.0");
    assert_eq!(&*world.view(first).name, "SIP/anonymous-00000000");
    assert_eq!(&*world.view(second).name, "SIP/anonymous-00000001");
    assert_eq!(world.variable(first, "SIPDOMAIN"), "example.org");
    assert_eq!(world.view(first).state.as_str(), "Up");
}

#[test]
fn a_number_that_is_not_there_is_refused_with_a_suggestion() {
    let mut world = World::new("[default]\nexten => 4711,1,Answer()\n");
    let refusal = world.try_call("alice", "471").unwrap_err();
    assert_eq!(refusal.cause, Cause::UNALLOCATED);
    assert_eq!(
        refusal.why,
        "no extension \"471\" in context \"default\"; nearest: 4711"
    );
    assert_eq!(world.switch.counts().refused, 1);
}

#[test]
fn too_many_channels_are_refused() {
    let mut world = World::with("[default]\nexten => 1,1,Wait(9)\n", |c| c.channels_max = 1);
    world.call("alice", "1");
    let refusal = world.try_call("bob", "1").unwrap_err();
    assert_eq!(refusal.cause, Cause::SWITCH_CONGESTION);
    assert!(refusal.why.contains("all 1 channels"));
}

#[test]
fn answer_waits_for_the_leg_and_then_as_long_as_it_is_told() {
    let mut world = world("Answer(500) | Hangup()");
    world.prompt = false;
    let alice = world.call("alice", "1");
    world.seconds(5);
    assert!(
        world.legs[&alice].hang_up.is_none(),
        "the phone has not confirmed yet"
    );
    world.leg(alice, LegEvent::Answered);
    world.wait(Duration::from_millis(499));
    assert!(world.legs[&alice].hang_up.is_none());
    world.wait(Duration::from_millis(1));
    assert_eq!(
        world.legs[&alice].hang_up,
        Some((Cause::NORMAL_CLEARING, String::new()))
    );
}

#[test]
fn the_end_of_an_extension_ends_the_call() {
    let mut world = world("NoOp(nothing)");
    world.prompt = false;
    let alice = world.call("alice", "1");
    let (cause, why) = world.legs[&alice].hang_up.clone().unwrap();
    assert_eq!(cause, Cause::NORMAL_CLEARING);
    assert_eq!(
        why,
        "the dialplan ended at default,1,2 without answering the call"
    );
}

#[test]
fn ringing_and_progress_come_before_the_answer() {
    let mut world = world("Ringing() | Wait(1) | Progress() | Progress() | Wait(0.5) | Answer()");
    world.call("alice", "1");
    world.seconds(2);
    let kinds: Vec<_> = world
        .log
        .iter()
        .map(|order| order.split(' ').next().unwrap())
        .collect();
    assert_eq!(kinds, ["Ring", "Progress", "Answer", "HangUp"]);
}

#[test]
fn busy_refuses_a_call_and_plays_a_tone_to_one_that_is_up() {
    let mut world = world("Busy()");
    world.prompt = false;
    let alice = world.call("alice", "1");
    assert_eq!(
        world.legs[&alice].hang_up.as_ref().unwrap().0,
        Cause::USER_BUSY
    );

    let mut world = self::world("Answer() | Congestion(3)");
    let alice = world.call("alice", "1");
    assert_eq!(world.hears(alice), ["tone 480"]);
    world.seconds(2);
    assert!(!world.is_gone(alice));
    world.seconds(1);
    assert!(world.is_gone(alice));
    assert!(
        world
            .log
            .iter()
            .any(|order| order.contains("cause: Cause(34)"))
    );
}

#[test]
fn playback_answers_and_plays_one_sound_after_the_other() {
    let mut world = world("Playback(hello&world) | Set(END=${PLAYBACKSTATUS}) | Wait(9)");
    world.quick_sounds = false;
    let alice = world.call("alice", "1");
    assert_eq!(world.view(alice).state.as_str(), "Up");
    assert_eq!(world.hears(alice), ["hello"]);
    let first = *world.playing.keys().next().unwrap();
    world.ends(first, PlaybackOutcome::Finished);
    assert_eq!(world.hears(alice), ["world"]);
    world.hears_out(alice);
    assert_eq!(world.variable(alice, "END"), "SUCCESS");
}

#[test]
fn a_sound_that_is_missing_never_stalls_a_call() {
    let mut world = world("Playback(gone&hello) | Set(END=${PLAYBACKSTATUS}) | Wait(9)");
    world.quick_sounds = false;
    let alice = world.call("alice", "1");
    let first = *world.playing.keys().next().unwrap();
    world.ends(
        first,
        PlaybackOutcome::Failed("there is no such file".into()),
    );
    world.hears_out(alice);
    assert_eq!(world.variable(alice, "END"), "FAILED");
}

#[test]
fn playback_can_be_heard_before_the_answer() {
    let mut world = world("Playback(hello,noanswer) | Wait(9)");
    let alice = world.call("alice", "1");
    assert_eq!(world.view(alice).state.as_str(), "Ring");
    assert!(world.log[0].starts_with("Progress"));
}

#[test]
fn echo_lasts_until_the_hash_key() {
    let mut world = world("Echo() | Wait(9)");
    let alice = world.call("alice", "1");
    assert_eq!(world.legs[&alice].connection, Connection::Echo);
    world.presses(alice, "1");
    assert_eq!(world.legs[&alice].connection, Connection::Echo);
    world.presses(alice, "#");
    assert_eq!(world.legs[&alice].connection, Connection::Nothing);
    assert_eq!(world.view(alice).application, "Wait");
}

#[test]
fn milliwatt_sounds_until_the_caller_hangs_up() {
    let mut world = world("Milliwatt()");
    let alice = world.call("alice", "1");
    assert_eq!(world.hears(alice), ["tone 1004"]);
    world.seconds(3600);
    world.hangs_up(alice);
    assert!(world.is_gone(alice) && world.playing.is_empty());
}

#[test]
fn a_caller_records_and_hears_it_back() {
    let mut world =
        world("Record(demo-${UNIQUEID}.wav,3,60) | Playback(${RECORDED_FILE}) | Wait(9)");
    let alice = world.call("alice", "1");
    let files: Vec<_> = world.recording.values().cloned().collect();
    assert_eq!(files, ["demo-1795240185.0.wav"]);
    world.quick_sounds = false;
    world.leg(alice, LegEvent::Talking(true));
    world.seconds(10);
    world.presses(alice, "#");
    assert_eq!(world.variable(alice, "RECORD_STATUS"), "DTMF");
    assert_eq!(world.hears(alice), ["demo-1795240185.0"]);
}

#[test]
fn silence_or_time_ends_a_recording() {
    let mut world = world("Record(a,3,60) | Wait(99)");
    let alice = world.call("alice", "1");
    world.leg(alice, LegEvent::Talking(true));
    world.seconds(30);
    world.leg(alice, LegEvent::Talking(false));
    world.seconds(2);
    assert_eq!(world.recording.len(), 1);
    world.seconds(1);
    assert_eq!(world.variable(alice, "RECORD_STATUS"), "SILENCE");

    let mut world = self::world("Record(a,0,5) | Wait(99)");
    let alice = world.call("alice", "1");
    world.seconds(5);
    assert_eq!(world.variable(alice, "RECORD_STATUS"), "TIMEOUT");
}

#[test]
fn a_recording_that_does_not_close_does_not_hold_the_call() {
    let mut world = world("Record(a,0,5) | Wait(99)");
    let alice = world.call("alice", "1");
    world.prompt = false;
    world.presses(alice, "#");
    world.seconds(9);
    assert_eq!(world.view(alice).application, "Record");
    world.seconds(1);
    assert_eq!(world.variable(alice, "RECORD_STATUS"), "ERROR");
    assert_eq!(world.view(alice).application, "Wait");
}

#[test]
fn whoever_hangs_up_while_recording_still_gets_its_file_closed() {
    let mut world = world("Record(a)");
    let alice = world.call("alice", "1");
    world.hangs_up(alice);
    assert!(world.is_gone(alice) && world.recording.is_empty());
    assert!(
        world
            .log
            .iter()
            .any(|order| order.starts_with("StopRecord"))
    );
}

#[test]
fn goto_takes_one_two_or_three_parts() {
    let mut world = World::new(
        "[default]\nexten => 1,1,Goto(there)\nsame => n,NoOp(passed over)\n\
         same => n(there),Goto(2,1)\nexten => 2,1,Goto(other,3,end)\n\
         [other]\nexten => 3,1,NoOp(passed over)\nsame => n(end),Wait(9)\n",
    );
    let alice = world.call("alice", "1");
    assert_eq!(world.view(alice).position.to_string(), "other,3,2");
}

#[test]
fn goto_if_decides() {
    let mut world =
        world("Set(N=5) | GotoIf($[${N} > 3]?big:small) | Hangup() | Wait(1) | NoOp(x) | NoOp(y)");
    world.call("alice", "1");
    assert!(
        world.warnings()[0].contains("has no label \"big\""),
        "{:?}",
        world.warnings()
    );

    let mut world = World::new(
        "[default]\nexten => 1,1,GotoIf($[\"${CALLERID(num)}\" = \"alice\"]?yes:no)\n\
         same => n(yes),Wait(9)\nsame => n(no),Busy()\n",
    );
    let alice = world.call("alice", "1");
    assert_eq!(world.view(alice).application, "Wait");
    let bob = world.call("bob", "1");
    assert!(world.is_gone(bob));
}

#[test]
fn a_jump_that_leads_nowhere_goes_to_the_invalid_extension() {
    let mut world = World::new(
        "[default]\nexten => 1,1,Goto(${NONE}9,1)\n\
         exten => i,1,Set(WAS=${INVALID_EXTEN})\nsame => n,Wait(9)\n",
    );
    let alice = world.call("alice", "1");
    assert_eq!(&*world.view(alice).position.extension, "i");
    assert_eq!(world.variable(alice, "WAS"), "9");
}

#[test]
fn a_dialplan_that_runs_in_circles_is_stopped() {
    let mut world = world("NoOp(round) | Goto(1,1)");
    world.prompt = false;
    let alice = world.call("alice", "1");
    let (cause, why) = world.legs[&alice].hang_up.clone().unwrap();
    assert_eq!(cause, Cause::FAILURE);
    assert!(why.contains("10000 steps within a second"), "{why}");
    assert_eq!(world.switch.counts().runaways, 1);
}

#[test]
fn a_circle_over_long_values_is_stopped_sooner() {
    let text = "[default]\n\
                exten => 1,1,Set(A=xxxxxxxxxxxxxxxx)\n\
                same => n(again),Set(A=${A}${A}${A}${A})\n\
                same => n,Set(GLOBAL(ROUNDS)=$[0${ROUNDS} + 1])\n\
                same => n,Goto(again)\n";
    let mut world = World::new(text);
    let alice = world.call("alice", "1");
    assert!(world.is_gone(alice));
    let rounds: u32 = world.switch.view().globals["ROUNDS"].parse().unwrap();
    assert!((50..400).contains(&rounds), "{rounds}");
}

#[test]
fn a_loop_that_waits_may_run_for_ever() {
    let mut world = world("Answer() | Wait(1) | Goto(1,2)");
    let alice = world.call("alice", "1");
    world.seconds(20_000);
    assert!(!world.is_gone(alice));
}

#[test]
fn variables_are_set_read_and_limited() {
    let mut world = world(
        "Set(__A=1) | Set(B=\"two words\") | Set(CALLERID(name)=Alice) | \
         Set(CHANNEL(language)=de) | Set(GLOBAL(G)=everyone) | Set(C=${A}${B}${G}) | \
         Set(D=${CALLERID(all)} ${LEN(${B})} ${EXTEN} ${CONTEXT} ${PRIORITY} ${CHANNEL(state)}) | \
         Set(nothing) | Set(CHANNEL(state)=Up) | Wait(9)",
    );
    let alice = world.call("alice", "1");
    assert_eq!(world.variable(alice, "C"), "1two wordseveryone");
    assert_eq!(
        world.variable(alice, "D"),
        "\"Alice\" <alice> 9 1 default 7 Ring"
    );
    assert_eq!(&*world.view(alice).language, "de");
    let warnings = world.warnings();
    assert!(warnings[0].contains("has no =") && warnings[1].contains("cannot be set"));
    let bob = world.call("bob", "1");
    assert_eq!(world.variable(bob, "C"), "1two wordseveryone");
}

#[test]
fn variables_do_not_grow_without_a_limit() {
    let mut world = world("Set(N=0) | Set(V${N}=x) | Set(N=$[${N} + 1]) | Wait(0.01) | Goto(1,2)");
    let alice = world.call("alice", "1");
    world.seconds(20);
    assert_eq!(world.view(alice).variables.len(), 1_000);
    assert!(
        world
            .warnings()
            .last()
            .unwrap()
            .contains("1000 variables already")
    );
}

#[test]
fn globals_hold_for_every_call() {
    let mut world = World::new(
        "[globals]\nROOM=4711\nBOTH=<${ROOM}>\n[default]\nexten => 1,1,NoOp(${BOTH})\n\
         same => n,Wait(9)\n",
    );
    let alice = world.call("alice", "1");
    world.seconds(1);
    assert_eq!(&*world.switch.view().globals["BOTH"], "<4711>");
    assert_eq!(world.view(alice).application, "Wait");
}

#[test]
fn the_hangup_extension_runs_when_the_call_is_over() {
    let mut world = World::new(
        "[default]\nexten => 1,1,Answer()\nsame => n,Wait(99)\n\
         exten => h,1,Set(GLOBAL(LAST)=${HANGUPCAUSE})\nsame => n,Playback(never)\n\
         same => n,Set(GLOBAL(DONE)=${CALLERID(num)})\n",
    );
    let alice = world.call("alice", "1");
    world.hangs_up(alice);
    assert_eq!(&*world.switch.view().globals["LAST"], "16");
    assert_eq!(&*world.switch.view().globals["DONE"], "alice");
    assert!(world.playing.is_empty() && world.is_gone(alice));
    assert!(world.warnings()[0].contains("Playback is passed over"));
}

#[test]
fn a_circle_in_the_hangup_extension_is_stopped_too() {
    let mut world = World::new("[default]\nexten => 1,1,Wait(9)\nexten => h,1,Goto(h,1)\n");
    let alice = world.call("alice", "1");
    world.hangs_up(alice);
    assert!(world.is_gone(alice));
    assert_eq!(world.switch.counts().runaways, 1);
}

#[test]
fn hangup_takes_a_cause() {
    let mut world = world("Hangup(USER_BUSY)");
    world.prompt = false;
    let alice = world.call("alice", "1");
    assert_eq!(
        world.legs[&alice].hang_up.as_ref().unwrap().0,
        Cause::USER_BUSY
    );
}

#[test]
fn wait_exten_goes_where_the_digits_lead() {
    let dialplan = "[default]\nexten => 1,1,Answer()\nsame => n,WaitExten(7)\nsame => n,Busy()\n\
                    exten => 200,1,Wait(99)\nexten => _3X.,1,Wait(99)\n\
                    exten => t,1,Wait(98)\nexten => i,1,Wait(97)\n";
    let mut world = World::new(dialplan);
    let alice = world.call("alice", "1");
    world.presses(alice, "200");
    assert_eq!(&*world.view(alice).position.extension, "200");
    let bob = world.call("bob", "1");
    world.presses(bob, "312");
    world.seconds(4);
    assert_eq!(
        world.view(bob).application,
        "WaitExten",
        "more digits may follow"
    );
    world.seconds(1);
    assert_eq!(&*world.view(bob).position.extension, "312");
    let carol = world.call("carol", "1");
    world.seconds(7);
    assert_eq!(&*world.view(carol).position.extension, "t");
    let dave = world.call("dave", "1");
    world.presses(dave, "9");
    assert_eq!(&*world.view(dave).position.extension, "i");
}

#[test]
fn a_reload_is_for_calls_that_come_later() {
    let mut world = world("Answer() | Wait(5) | Wait(5)");
    let alice = world.call("alice", "1");
    let other = plenum_switch::Dialplan::parse("[default]\nexten => 2,1,Wait(9)\n").unwrap();
    world.switch.reload_dialplan(world.now, other);
    assert!(world.try_call("bob", "1").is_err());
    world.call("bob", "2");
    world.seconds(9);
    assert!(!world.is_gone(alice));
}

#[test]
fn draining_ends_all_calls_and_takes_no_more() {
    let mut world = world("Answer() | Wait(99)");
    let calls = [world.call("alice", "1"), world.call("bob", "1")];
    let mut effects = plenum_switch::Effects::new();
    world.switch.drain(world.now, &mut effects);
    assert_eq!(effects.len(), 2);
    for call in calls {
        world.hangs_up(call);
    }
    assert!(
        world
            .try_call("carol", "1")
            .unwrap_err()
            .why
            .contains("shutting down")
    );
    let counts = world.switch.counts();
    assert_eq!(
        (counts.channels, counts.timers, counts.destroyed),
        (0, 0, 2)
    );
}

#[test]
fn an_operator_lists_and_ends_calls() {
    let mut world = world("Answer() | Wait(99)");
    let alice = world.call("alice", "1");
    let reply = world.command(Command::ChannelList).unwrap();
    let plenum_switch::Reply::Channels(list) = reply else {
        panic!("a list of channels")
    };
    assert_eq!((list[0].key, list[0].application.0), (alice, "Wait"));
    let channel = "sip/ANONYMOUS-00000000".to_string();
    let command = Command::HangUp {
        channel: channel.clone(),
        cause: Cause::USER_BUSY,
    };
    world.command(command.clone()).unwrap();
    assert!(world.is_gone(alice));
    assert!(
        world
            .command(command)
            .unwrap_err()
            .to_string()
            .contains("no channel")
    );
}

#[test]
fn late_reports_are_counted_and_ignored() {
    let mut world = world("Answer() | Wait(99)");
    let alice = world.call("alice", "1");
    world.hangs_up(alice);
    let before = world.switch.journal().last_seq();
    world.leg(alice, LegEvent::Held);
    world.hangs_up(alice);
    assert_eq!(world.switch.counts().late_stimuli, 2);
    assert_eq!(world.switch.journal().last_seq(), before);
}
