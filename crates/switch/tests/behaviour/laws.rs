//! What holds whatever callers, operators and the driver do, in whatever order.

use std::collections::BTreeMap;
use std::time::Duration;

use plenum_switch::{
    Cause, ChannelKey, Command, Cursor, Event, LegEvent, PlaybackOutcome, Reading, Selector, View,
};
use proptest::prelude::*;

use crate::world::World;

const DIALPLAN: &str = "\
[default]
exten => 1,1,ConfBridge(1)
same => n,Playback(bye)
exten => 2,1,ConfBridge(${NONE}1,small,music)
same => n,Wait(3)
exten => 3,1,ConfBridge(1,,pin)
exten => 4,1,ConfBridge(1,,leader)
exten => 5,1,ConfBridge(1,,follower)
same => n,Goto(1,1)
exten => 6,1,Record(a,2,4)
same => n,Playback(${RECORDED_FILE}&more)
exten => 7,1,Playback(hello,noanswer)
same => n,Echo()
same => n,Busy(2)
exten => 8,1,Set(N=$[${N} + 1])
same => n,GotoIf($[${N} < 40]?1)
same => n,WaitExten(3)
exten => 9,1,ConfBridge(1,,any)
same => n,Milliwatt()
exten => 10,1,ConfBridge(1,,music,keys)
same => n,Playback(bye)
exten => 11,1,Set(CONFBRIDGE(menu,9)=admin_kick_last)
same => n,ConfBridge(1,,pin)
exten => away,1,Playback(hello)
same => n,Record(a,1,2)
same => n,Echo()
exten => t,1,Set(GLOBAL(LATE)=${CHANNEL})
exten => h,1,Set(GLOBAL(LAST)=${UNIQUEID})
same => n,Wait(1)
";

fn world() -> World {
    World::with(DIALPLAN, |config| {
        for (profile, option, value) in [
            ("music", "music_on_hold_when_empty", "yes"),
            ("music", "startmuted", "yes"),
            ("pin", "pin", "12"),
            ("pin", "admin", "yes"),
            ("leader", "marked", "yes"),
            ("follower", "wait_marked", "yes"),
            ("follower", "end_marked", "yes"),
            ("follower", "music_on_hold_when_empty", "yes"),
            ("any", "end_marked_any", "yes"),
            ("any", "marked", "yes"),
            ("any", "timeout", "3"),
        ] {
            config
                .rooms
                .set_user(profile, option, value)
                .expect("the option exists");
        }
        for (keys, actions) in [
            ("1", "toggle_mute,increase_talking_volume"),
            ("12", "dialplan_exec(default,away),participant_count"),
            ("2", "decrease_listening_volume"),
            ("*", "playback_and_continue(menu&more)"),
            ("*1", "admin_toggle_mute_participants,playback(a)"),
            ("*9", "leave_conference,toggle_mute"),
            ("#", "admin_toggle_conference_lock,reset_listening_volume"),
        ] {
            for menu in ["keys", "default_menu"] {
                let set = config.rooms.set_menu(menu, keys, actions);
                set.expect("the actions exist");
            }
        }
        config
            .rooms
            .set_bridge("small", "max_members", "3")
            .expect("the option exists");
    })
}

/// One thing that happens; numbers choose among what there is.
#[derive(Clone, Debug)]
enum Act {
    Call(u8),
    HangUp(usize),
    Answer(usize),
    Digit(usize, char),
    Hold(usize, bool),
    Talk(usize, bool),
    SoundEnds(usize, bool),
    RecordingsClose,
    Wait(u16),
    Mute(bool),
    Kick(usize),
    KickAll,
    Lock(bool),
    Clear(usize),
    /// The driver is slow to carry out and to report.
    Slow(bool, bool),
    /// A report about a channel that was there once.
    Late,
}

fn act() -> impl Strategy<Value = Act> {
    let digit = prop::sample::select(vec!['1', '2', '9', '#', '*']);
    prop_oneof![
        4 => (1_u8..12).prop_map(Act::Call),
        2 => any::<usize>().prop_map(Act::HangUp),
        4 => any::<usize>().prop_map(Act::Answer),
        6 => (any::<usize>(), digit).prop_map(|(who, digit)| Act::Digit(who, digit)),
        1 => any::<(usize, bool)>().prop_map(|(who, held)| Act::Hold(who, held)),
        1 => any::<(usize, bool)>().prop_map(|(who, talks)| Act::Talk(who, talks)),
        6 => any::<(usize, bool)>().prop_map(|(which, fails)| Act::SoundEnds(which, fails)),
        1 => Just(Act::RecordingsClose),
        3 => (0_u16..4_000).prop_map(Act::Wait),
        1 => any::<bool>().prop_map(Act::Mute),
        1 => any::<usize>().prop_map(Act::Kick),
        1 => Just(Act::KickAll),
        1 => any::<bool>().prop_map(Act::Lock),
        1 => any::<usize>().prop_map(Act::Clear),
        1 => any::<(bool, bool)>().prop_map(|(prompt, quick)| Act::Slow(prompt, quick)),
        1 => Just(Act::Late),
    ]
}

fn pick<T: Copy>(from: &[T], number: usize) -> Option<T> {
    from.get(number.checked_rem(from.len())?).copied()
}

fn perform(world: &mut World, act: &Act, gone: &mut Vec<ChannelKey>) {
    match act {
        Act::Call(number) => {
            let number = number.to_string();
            world
                .try_call("someone", &number)
                .expect("the number exists");
        }
        Act::Answer(which) => {
            if let Some(leg) = pick(&world.unanswered.clone(), *which) {
                world.unanswered.retain(|waiting| *waiting != leg);
                report(world, leg, gone);
            }
        }
        Act::SoundEnds(which, fails) => {
            let playing: Vec<_> = world.playing.keys().copied().collect();
            let Some(playback) = pick(&playing, *which) else {
                return;
            };
            let failed = fails.then(|| PlaybackOutcome::Failed("no such file".into()));
            world.ends(playback, failed.unwrap_or(PlaybackOutcome::Finished));
        }
        Act::RecordingsClose => {
            let closed = world.close_recordings();
            closed.into_iter().for_each(|report| world.tell(report));
        }
        Act::Wait(millis) => world.wait(Duration::from_millis((*millis).into())),
        Act::Late => {
            if let Some(leg) = gone.last() {
                world.presses(*leg, "1");
            }
        }
        Act::Slow(prompt, quick) => (world.prompt, world.quick_sounds) = (*prompt, *quick),
        Act::HangUp(who)
        | Act::Digit(who, _)
        | Act::Hold(who, _)
        | Act::Talk(who, _)
        | Act::Kick(who)
        | Act::Clear(who) => {
            let legs: Vec<ChannelKey> = world.legs.keys().copied().collect();
            if let Some(leg) = pick(&legs, *who) {
                perform_on(world, act, leg, gone);
            }
        }
        Act::Mute(_) | Act::KickAll | Act::Lock(_) => operate(world, act),
    }
}

/// Something that concerns one leg.
fn perform_on(world: &mut World, act: &Act, leg: ChannelKey, gone: &mut Vec<ChannelKey>) {
    match act {
        Act::HangUp(_) => {
            gone.push(leg);
            world.hangs_up(leg);
        }
        Act::Digit(_, digit) => world.presses(leg, &digit.to_string()),
        Act::Hold(_, true) => world.leg(leg, LegEvent::Held),
        Act::Hold(_, false) => world.leg(leg, LegEvent::Resumed),
        Act::Talk(_, talks) => world.leg(leg, LegEvent::Talking(*talks)),
        Act::Kick(_) => {
            let selector = Selector::One(world.view(leg).name.to_string());
            let room = "1".into();
            // Whether it is in the room is chance; a refusal is fine.
            let _ = world.command(Command::Kick { room, selector });
        }
        Act::Clear(_) => {
            let channel = world.view(leg).id.to_string();
            let cause = Cause::NORMAL_CLEARING;
            let done = world.command(Command::HangUp { channel, cause });
            done.expect("the channel exists");
        }
        _ => unreachable!("only acts on legs come here"),
    }
}

/// Something that concerns the room. Whether it is open is chance; a refusal is fine.
fn operate(world: &mut World, act: &Act) {
    let room = String::from("1");
    let command = match act {
        Act::Mute(muted) => {
            let selector = Selector::Participants;
            Command::Mute {
                room,
                selector,
                muted: *muted,
            }
        }
        Act::Lock(true) => Command::Lock { room },
        Act::Lock(false) => Command::Unlock { room },
        _ => Command::Kick {
            room,
            selector: Selector::All,
        },
    };
    let _ = world.command(command);
}

/// What a slow driver says at last about a leg.
fn report(world: &mut World, leg: ChannelKey, gone: &mut Vec<ChannelKey>) {
    match world.legs.get(&leg).map(|leg| leg.hang_up.is_some()) {
        Some(true) => {
            gone.push(leg);
            world.hangs_up(leg);
        }
        Some(false) => world.leg(leg, LegEvent::Answered),
        None => {}
    }
}

/// Everyone hangs up, and all files are closed.
fn finish(world: &mut World) {
    for leg in world.legs.keys().copied().collect::<Vec<_>>() {
        world.hangs_up(leg);
    }
    for report in world.close_recordings() {
        world.tell(report);
    }
}

/// How often each event of a kind came, by what it is about.
fn tally(view_of: &World) -> (BTreeMap<ChannelKey, (u32, u32)>, i64, i64) {
    let mut channels: BTreeMap<ChannelKey, (u32, u32)> = BTreeMap::new();
    let (mut playbacks, mut rooms) = (0, 0);
    let Reading::Entries(entries) = view_of.switch.read(&mut Cursor::default(), usize::MAX) else {
        panic!("the journal is large enough for a test")
    };
    for entry in entries {
        match &entry.event {
            Event::ChannelCreated { channel, .. } => channels.entry(*channel).or_default().0 += 1,
            Event::ChannelDestroyed { channel, .. } => channels.entry(*channel).or_default().1 += 1,
            Event::PlaybackStarted { .. } => playbacks += 1,
            Event::PlaybackFinished { .. } => playbacks -= 1,
            Event::RoomStarted { .. } => rooms += 1,
            Event::RoomEnded { .. } => rooms -= 1,
            _ => {}
        }
    }
    (channels, playbacks, rooms)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    /// The world checks after each act: orders name what is there, a room exists if and only if
    /// it has participants, gates follow mute, hold, music and waiting, the view is the world.
    #[test]
    fn everything_that_begins_ends_exactly_once(acts in prop::collection::vec(act(), 1..60)) {
        let mut world = world();
        let mut gone = Vec::new();
        for act in &acts {
            perform(&mut world, act, &mut gone);
        }
        finish(&mut world);
        let counts = world.switch.counts();
        prop_assert_eq!(counts.channels + counts.rooms + counts.bridges, 0);
        prop_assert_eq!(counts.playbacks + counts.recordings + counts.timers, 0);
        let (channels, playbacks, rooms) = tally(&world);
        prop_assert!(channels.values().all(|ends| *ends == (1, 1)), "{:?}", channels);
        prop_assert_eq!((playbacks, rooms), (0, 0));
    }

    /// The journal's law: a view at any moment, and the events after it, make the view of now.
    #[test]
    fn a_snapshot_and_what_follows_make_the_present(
        acts in prop::collection::vec(act(), 1..60),
        moment in any::<prop::sample::Index>(),
        batch in 1_usize..20,
    ) {
        let mut world = world();
        let mut gone = Vec::new();
        let moment = moment.index(acts.len());
        let mut cursor = Cursor::default();
        let mut follower = View::default();
        for (number, act) in acts.iter().enumerate() {
            if number == moment {
                let (seq, view) = world.switch.snapshot();
                cursor.after = seq;
                follower = view;
            }
            perform(&mut world, act, &mut gone);
        }
        // One more follower begins with nothing and reads everything.
        let mut from_start = (Cursor::default(), View::default());
        let from_start = (&mut from_start.0, &mut from_start.1);
        for (cursor, view) in [(&mut cursor, &mut follower), from_start] {
            loop {
                let Reading::Entries(entries) = world.switch.read(cursor, batch) else {
                    panic!("the journal is large enough for a test")
                };
                if entries.is_empty() {
                    break;
                }
                entries.iter().for_each(|entry| view.apply(entry));
            }
            prop_assert_eq!(&*view, world.switch.view());
        }
    }

    /// The same orders come of the same acts: nothing depends on chance or on the order of a table.
    #[test]
    fn a_replay_takes_the_same_path(acts in prop::collection::vec(act(), 1..40)) {
        let run = || {
            let mut world = world();
            let mut gone = Vec::new();
            acts.iter().for_each(|act| perform(&mut world, act, &mut gone));
            (world.log, world.switch.snapshot())
        };
        prop_assert_eq!(run(), run());
    }
}
