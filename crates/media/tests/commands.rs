//! Whatever is commanded, in whatever order: nothing breaks, and everything lent comes back.

#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::collections::BTreeSet;
use std::time::Duration;

use common::{Peer, World, address, identity, setup};
use plenum_media::{
    FRAME, LegId, MediaCommand, MediaNotice, MixerId, Patch, PlaybackId, PortId, RecordingId,
    Source, StreamSetup, Target,
};
use proptest::prelude::*;

const LEGS: u64 = 5;
const MIXERS: u64 = 3;
const NAMES: u64 = 6;

fn leg() -> impl Strategy<Value = LegId> {
    (0..LEGS).prop_map(LegId)
}

fn mixer() -> impl Strategy<Value = MixerId> {
    (0..MIXERS).prop_map(MixerId)
}

fn target() -> impl Strategy<Value = Target> {
    prop_oneof![leg().prop_map(Target::Leg), mixer().prop_map(Target::Mixer)]
}

fn patch() -> impl Strategy<Value = Patch> {
    prop_oneof![
        1 => Just(Patch::Nothing),
        1 => Just(Patch::Echo),
        4 => mixer().prop_map(Patch::Mixer),
    ]
}

fn stream() -> impl Strategy<Value = StreamSetup> {
    (0..LEGS as u16, any::<bool>(), any::<bool>(), 1_u32..=6).prop_map(
        |(number, sends, receives, steps)| StreamSetup {
            sends,
            receives,
            packet_time: Duration::from_millis(10) * steps,
            ..setup(number)
        },
    )
}

fn source() -> impl Strategy<Value = Source> {
    (0_usize..2000, any::<bool>()).prop_map(|(len, repeat)| Source::Samples {
        samples: vec![77; len].into(),
        repeat,
    })
}

fn leg_command() -> impl Strategy<Value = MediaCommand> {
    prop_oneof![
        3 => (leg(), proptest::option::of(stream())).prop_map(|(leg, stream)| {
            let identity = identity(leg.0);
            MediaCommand::AddLeg { leg, port: PortId(0), identity, stream: stream.map(Box::new) }
        }),
        1 => (leg(), stream())
            .prop_map(|(leg, stream)| MediaCommand::UpdateLeg { leg, stream: Box::new(stream) }),
        1 => leg().prop_map(|leg| MediaCommand::RemoveLeg { leg }),
        3 => (leg(), patch()).prop_map(|(leg, to)| MediaCommand::Connect { leg, to }),
        1 => (leg(), any::<bool>(), any::<bool>())
            .prop_map(|(leg, talk, hear)| MediaCommand::Gate { leg, talk, hear }),
        1 => leg().prop_map(|leg| MediaCommand::SendDigits {
            leg,
            digits: vec!['1', '#'],
            tone: Duration::from_millis(60),
            gap: Duration::from_millis(40),
        }),
        1 => leg().prop_map(|leg| MediaCommand::ReportStats { leg }),
    ]
}

fn command() -> impl Strategy<Value = MediaCommand> {
    prop_oneof![
        4 => leg_command(),
        1 => mixer().prop_map(|mixer| MediaCommand::AddMixer { mixer }),
        1 => mixer().prop_map(|mixer| MediaCommand::RemoveMixer { mixer }),
        1 => (0..NAMES, target(), source()).prop_map(|(name, target, source)| {
            MediaCommand::StartPlayback { playback: PlaybackId(name), target, source }
        }),
        1 => (0..NAMES).prop_map(|name| MediaCommand::StopPlayback { playback: PlaybackId(name) }),
        1 => (0..NAMES, target(), 0_usize..3).prop_map(|(name, target, buffers)| {
            let buffers = (0..buffers).map(|_| Vec::with_capacity(300)).collect();
            MediaCommand::StartRecording { recording: RecordingId(name), target, buffers }
        }),
        1 => (0..NAMES).prop_map(|name| MediaCommand::RecycleBuffer {
            recording: RecordingId(name),
            buffer: Vec::with_capacity(300),
        }),
        1 => (0..NAMES)
            .prop_map(|name| MediaCommand::StopRecording { recording: RecordingId(name) }),
    ]
}

/// Follows which playbacks and recordings are under way, by what was answered.
#[derive(Default)]
struct Ledger {
    playbacks: BTreeSet<u64>,
    recordings: BTreeSet<u64>,
}

impl Ledger {
    fn obey(&mut self, world: &mut World, command: MediaCommand) {
        // What begins is reported as ended once, also where it is refused.
        match &command {
            MediaCommand::StartPlayback { playback, .. } => {
                self.playbacks.insert(playback.0);
            }
            MediaCommand::StartRecording { recording, .. } => {
                self.recordings.insert(recording.0);
            }
            _ => {}
        }
        world.command(command);
        self.settle(world);
    }

    fn settle(&mut self, world: &mut World) {
        for notice in world.take_notices() {
            match notice {
                MediaNotice::PlaybackEnded { playback, .. } => {
                    assert!(self.playbacks.remove(&playback.0), "ended twice");
                }
                MediaNotice::RecordingEnded { recording, .. } => {
                    assert!(self.recordings.remove(&recording.0), "ended twice");
                }
                _ => {}
            }
        }
        assert_eq!(self.playbacks.len(), world.shard.counters().playbacks);
        assert_eq!(self.recordings.len(), world.shard.counters().recordings);
    }
}

proptest! {
    #[test]
    fn no_order_of_commands_breaks_a_shard(
        story in proptest::collection::vec((command(), 0_u8..3, any::<bool>()), 1..80),
    ) {
        let mut world = World::new();
        let mut ledger = Ledger::default();
        let mut peers: Vec<Peer> = (0..LEGS as u16).map(Peer::new).collect();
        for (command, ticks, talks) in story {
            ledger.obey(&mut world, command);
            for _ in 0..ticks {
                for peer in peers.iter_mut().filter(|_| talks) {
                    let packet = peer.say(&[3000; FRAME]);
                    world.receive(peer.address, &packet);
                }
                world.run_slice();
                ledger.settle(&mut world);
            }
        }
        for leg in 0..LEGS {
            ledger.obey(&mut world, MediaCommand::RemoveLeg { leg: LegId(leg) });
        }
        for mixer in 0..MIXERS {
            ledger.obey(&mut world, MediaCommand::RemoveMixer { mixer: MixerId(mixer) });
        }
        world.tick();
        let counters = world.shard.counters();
        let left = [counters.legs, counters.mixers, counters.playbacks, counters.recordings];
        prop_assert_eq!(left, [0; 4]);
        world.sent.clear();
        (0..10).for_each(|_| world.tick());
        prop_assert!(world.sent.is_empty(), "an empty shard is quiet");

        // And it still serves.
        world.add_leg(99, setup(9));
        world.command(MediaCommand::Connect { leg: LegId(99), to: Patch::Echo });
        world.tick();
        prop_assert_eq!(world.take_rtp(address(9)).len(), 1);
    }
}
