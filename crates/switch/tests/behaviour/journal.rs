//! What readers of the journal see.

use plenum_switch::{Cursor, EventKind, Filter, KindSet, Reading, View};

use crate::world::World;

const DIALPLAN: &str = "[default]\nexten => 1,1,ConfBridge(1)\n";

/// Names of events, without those that say what the dialplan does.
fn kinds(world: &World, cursor: &mut Cursor) -> Vec<&'static str> {
    cursor.filter = Filter::kinds(
        KindSet::ALL
            .without(EventKind::DialplanStep)
            .without(EventKind::PlaybackStarted)
            .without(EventKind::PlaybackFinished),
    );
    match world.switch.read(cursor, usize::MAX) {
        Reading::Entries(entries) => entries.iter().map(|e| e.event.kind().name()).collect(),
        Reading::Lost { .. } => panic!("nothing is lost"),
    }
}

#[test]
fn the_life_of_a_room_is_told_in_order() {
    let mut world = World::new(DIALPLAN);
    let mut cursor = Cursor::default();
    let alice = world.call("alice", "1");
    assert_eq!(
        kinds(&world, &mut cursor),
        [
            "ChannelCreated",
            "ChannelStateChanged",
            "BridgeCreated",
            "RoomStarted",
            "ParticipantAdmitted",
            "ChannelEnteredBridge",
            "ParticipantJoined",
        ]
    );
    world.hangs_up(alice);
    assert_eq!(
        kinds(&world, &mut cursor),
        [
            "HangupRequested",
            "ParticipantLeft",
            "ChannelLeftBridge",
            "ParticipantRemoved",
            "RoomEnded",
            "BridgeDestroyed",
            "VariableSet",
            "ChannelDestroyed",
        ]
    );
}

#[test]
fn a_slow_reader_gets_one_notice_and_a_snapshot() {
    let mut world = World::with(DIALPLAN, |config| config.journal_bytes = 4_000);
    let mut cursor = Cursor::default();
    for _ in 0..50 {
        world.call("alice", "1");
    }
    let last = world.switch.journal().last_seq();
    let Reading::Lost { lost, snapshot } = world.switch.read(&mut cursor, 10) else {
        panic!("the reader was slow")
    };
    assert_eq!((lost.from, lost.to, snapshot.seq), (1, last, last));
    let mut view: View = *snapshot;
    let bob = world.call("bob", "1");
    world.leg(bob, plenum_switch::LegEvent::Held);
    let Reading::Entries(entries) = world.switch.read(&mut cursor, 1_000) else {
        panic!("the notice comes once")
    };
    entries.iter().for_each(|entry| view.apply(entry));
    assert_eq!(view, *world.switch.view());
    assert!(world.switch.journal().bytes() <= 4_000);
}
