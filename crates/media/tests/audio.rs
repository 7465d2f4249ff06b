//! Playbacks and recordings.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::sync::Arc;
use std::time::Duration;

use common::{Peer, World, address, mixes, setup};
use plenum_codecs::Codec;
use plenum_media::tone::ToneEar;
use plenum_media::{
    End, FRAME, LegId, MediaCommand, MediaNotice, MixerId, PlaybackId, RecordingId, Source, Target,
    Tone,
};
use proptest::prelude::*;

fn samples(level: i16, len: usize) -> Source {
    Source::Samples {
        samples: Arc::from(vec![level; len]),
        repeat: false,
    }
}

fn play(world: &mut World, playback: u64, target: Target, source: Source) {
    world.command(MediaCommand::StartPlayback {
        playback: PlaybackId(playback),
        target,
        source,
    });
}

fn ended(world: &mut World) -> Vec<(u64, End)> {
    let notices = world.take_notices().into_iter();
    notices
        .filter_map(|notice| match notice {
            MediaNotice::PlaybackEnded { playback, end, .. } => Some((playback.0, end)),
            _ => None,
        })
        .collect()
}

/// Runs ticks and returns everything that was sent to a peer.
fn heard(world: &mut World, number: u16, ticks: usize) -> Vec<i16> {
    (0..ticks).for_each(|_| world.tick());
    world
        .take_rtp(address(number))
        .iter()
        .flat_map(|sent| sent.samples(Codec::L16))
        .collect()
}

#[test]
fn playbacks_on_a_leg_follow_each_other_without_a_gap() {
    let mut world = World::new();
    world.add_leg(0, setup(0));
    play(&mut world, 1, Target::Leg(LegId(0)), samples(100, 200));
    play(
        &mut world,
        2,
        Target::Leg(LegId(0)),
        Source::Silence(Duration::from_millis(5)),
    );
    play(&mut world, 3, Target::Leg(LegId(0)), samples(300, 80));
    let heard = heard(&mut world, 0, 10);
    let mut expected = vec![100; 200];
    expected.extend([0; 40]);
    expected.extend([300; 80]);
    assert_eq!(heard, expected, "and nothing is sent after the end");
    let all = [(1, End::Finished), (2, End::Finished), (3, End::Finished)];
    assert_eq!(ended(&mut world), all);
    assert_eq!(world.shard.counters().playbacks, 0);
}

#[test]
fn a_playback_replaces_the_room_for_its_leg_alone() {
    let mut world = World::new();
    let mut peers = mixes(&mut world, 1, 0..3);
    play(&mut world, 1, Target::Leg(LegId(1)), samples(50, 5 * FRAME));
    for tick in 0..10 {
        let peer = peers.get_mut(&0).unwrap();
        let packet = peer.say(&[1000; FRAME]);
        world.receive(peer.address, &packet);
        let first = heard(&mut world, 1, 1);
        assert_eq!(
            first,
            vec![if tick < 5 { 50 } else { 1000 }; FRAME],
            "tick {tick}"
        );
        assert_eq!(
            world.take_rtp(address(2))[0].samples(Codec::L16),
            vec![1000; FRAME]
        );
    }
}

#[test]
fn playbacks_on_a_mixer_sound_together_for_everyone() {
    let mut world = World::new();
    let mut peers = mixes(&mut world, 1, 0..2);
    let mixer = Target::Mixer(MixerId(1));
    play(&mut world, 1, mixer, samples(10, 3 * FRAME));
    play(
        &mut world,
        2,
        mixer,
        Source::Samples {
            samples: Arc::from([500; 7]),
            repeat: true,
        },
    );
    let mut talker = vec![];
    for _ in 0..5 {
        let peer = peers.get_mut(&0).unwrap();
        let packet = peer.say(&[1000; FRAME]);
        world.receive(peer.address, &packet);
        talker.extend(heard(&mut world, 0, 1));
    }
    let listener = heard(&mut world, 1, 0);
    assert_eq!(
        talker[..3 * FRAME],
        vec![510; 3 * FRAME],
        "its own voice is not in it"
    );
    assert_eq!(talker[3 * FRAME..], vec![500; 2 * FRAME]);
    assert_eq!(listener[..3 * FRAME], vec![1510; 3 * FRAME]);
    world.command(MediaCommand::StopPlayback {
        playback: PlaybackId(2),
    });
    assert_eq!(ended(&mut world), [(1, End::Finished), (2, End::Stopped)]);
    world.command(MediaCommand::StopPlayback {
        playback: PlaybackId(2),
    });
    assert!(
        world.heard.is_empty(),
        "an order that crosses the end is no fault"
    );
}

#[test]
fn a_playback_ends_with_its_target() {
    let mut world = World::new();
    mixes(&mut world, 1, 0..1);
    play(&mut world, 1, Target::Leg(LegId(0)), samples(1, 9999));
    play(&mut world, 2, Target::Mixer(MixerId(1)), samples(1, 9999));
    world.command(MediaCommand::RemoveMixer { mixer: MixerId(1) });
    world.command(MediaCommand::RemoveLeg { leg: LegId(0) });
    assert_eq!(
        ended(&mut world),
        [(2, End::TargetGone), (1, End::TargetGone)]
    );
}

#[test]
fn an_empty_playback_that_repeats_ends() {
    let mut world = World::new();
    world.add_leg(0, setup(0));
    let empty = Source::Samples {
        samples: Arc::from([]),
        repeat: true,
    };
    play(&mut world, 1, Target::Leg(LegId(0)), empty);
    world.tick();
    assert_eq!(ended(&mut world), [(1, End::Finished)]);
}

#[test]
fn a_tone_has_its_frequencies_level_and_cadence() {
    let mut world = World::new();
    world.add_leg(0, setup(0));
    let tone = Tone {
        frequencies_hz: [440, 480],
        level_dbov: -20,
        cadence: (Duration::from_millis(400), Duration::from_millis(200)),
        length: Some(Duration::from_millis(1150)),
    };
    play(&mut world, 1, Target::Leg(LegId(0)), Source::Tone(tone));
    let heard = heard(&mut world, 0, 80);
    let mut ear = ToneEar::new(&[440.0, 480.0, 620.0], Duration::from_millis(50));
    let mut sounds = Vec::new();
    for window in heard.chunks(400) {
        if ear.listen(window) == 1 {
            sounds.push(ear.hears(440.0) && ear.hears(480.0));
            assert!(!ear.hears(620.0));
        }
    }
    let expected: Vec<bool> = (0..sounds.len()).map(|at| at % 12 < 8 && at < 23).collect();
    assert_eq!(sounds, expected);
    assert!(sounds.len() >= 23);
    let mut whole = ToneEar::new(&[440.0, 480.0], Duration::from_millis(200));
    whole.listen(&heard[800..2400]);
    for hz in [440.0, 480.0] {
        assert!(
            (whole.level(hz).unwrap() + 20.0).abs() < 0.5,
            "{:?}",
            whole.level(hz)
        );
    }
    assert_eq!(ended(&mut world), [(1, End::Finished)]);
}

/// Everything a recording handed out, in order, with what it lost.
fn recorded(notices: Vec<MediaNotice>) -> (Vec<i16>, Option<(End, u64)>) {
    let (mut audio, mut over) = (Vec::new(), None);
    for notice in notices {
        match notice {
            MediaNotice::RecordingFilled { buffer, .. } => audio.extend(buffer),
            MediaNotice::RecordingEnded {
                last, end, lost, ..
            } => {
                audio.extend(last);
                over = Some((end, lost));
            }
            _ => {}
        }
    }
    (audio, over)
}

fn record(world: &mut World, target: Target, buffers: Vec<Vec<i16>>) {
    world.command(MediaCommand::StartRecording {
        recording: RecordingId(1),
        target,
        buffers,
    });
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn a_recording_keeps_time_through_pauses_and_skipped_ticks(
        capacity in 310_usize..700,
        plan in proptest::collection::vec((any::<bool>(), 0_u64..3), 1..40),
        of_mixer in any::<bool>(),
    ) {
        let mut world = World::new();
        let mut peers = mixes(&mut world, 1, 0..1);
        let peer = peers.get_mut(&0).unwrap();
        let target =
            if of_mixer { Target::Mixer(MixerId(1)) } else { Target::Leg(LegId(0)) };
        let packet = peer.say(&[0; FRAME]);
        world.receive(peer.address, &packet);
        world.tick();
        let buffers = (0..64).map(|_| Vec::with_capacity(capacity)).collect();
        record(&mut world, target, buffers);
        let mut expected = Vec::new();
        let mut taken = Vec::new();
        for (level, (talks, skipped)) in (1_i16..).zip(plan) {
            world.stall(skipped);
            // The peer's own clock stalls with ours, so that only the tick is missing.
            expected.extend(vec![0; skipped as usize * FRAME]);
            let level = if talks { level * 100 } else { 0 };
            let packet = peer.say(&[level; FRAME]);
            world.receive(peer.address, &packet);
            expected.extend([level; FRAME]);
            world.tick();
            taken.extend(world.take_notices());
        }
        world.command(MediaCommand::StopRecording { recording: RecordingId(1) });
        taken.extend(world.take_notices());
        let (audio, over) = recorded(taken);
        prop_assert_eq!(over, Some((End::Stopped, 0)));
        prop_assert_eq!(audio, expected);
    }
}

#[test]
fn what_has_no_buffer_is_lost_counted_and_silent() {
    let mut world = World::new();
    world.add_leg(0, setup(0));
    let mut peer = Peer::new(0);
    let mut talk = |world: &mut World, level: i16| {
        let packet = peer.say(&[level; FRAME]);
        world.receive(peer.address, &packet);
        world.tick();
    };
    record(
        &mut world,
        Target::Leg(LegId(0)),
        vec![Vec::with_capacity(2 * FRAME)],
    );
    (1..=4).for_each(|level| talk(&mut world, level * 100));
    let mut notices = world.take_notices();
    world.command(MediaCommand::RecycleBuffer {
        recording: RecordingId(1),
        buffer: Vec::with_capacity(9 * FRAME),
    });
    (5..=6).for_each(|level| talk(&mut world, level * 100));
    world.command(MediaCommand::RemoveLeg { leg: LegId(0) });
    notices.extend(world.take_notices());
    let (audio, over) = recorded(notices);
    let frames: Vec<i16> = audio.chunks(FRAME).map(|frame| frame[80]).collect();
    assert_eq!(frames, [100, 200, 0, 0, 500, 600]);
    assert_eq!(over, Some((End::TargetGone, 2 * FRAME as u64)));
}
