//! A room opens with its first participant and closes with its last.

use alloc::boxed::Box;
use alloc::collections::{BTreeMap, BTreeSet};
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::Room;
use crate::effect::Effect;
use crate::ids::{ChannelKey, RoomKey};
use crate::journal::{BridgeKind, BridgeView, Event, RoomView};
use crate::switch::{Switch, Turn};

impl Switch {
    /// Opens the room that a channel dialled.
    pub(super) fn open_room(&mut self, key: ChannelKey, turn: &mut Turn<'_>) -> Option<RoomKey> {
        let conference = self.conference_of(key)?;
        let (name, profile) = (conference.name.clone(), conference.bridge.clone());
        let profile_name = conference.bridge_name.clone();
        let created_wall = self.wall(turn.now);
        let bridge = self.bridges.insert(());
        let facts = Box::new(BridgeView {
            id: Arc::from(self.random.uuid()),
            kind: BridgeKind::Mixing,
            name: name.clone(),
            creator: "ConfBridge",
            created_wall,
            members: BTreeSet::new(),
        });
        turn.order(Effect::CreateBridge { bridge });
        self.note(turn.now, Event::BridgeCreated { bridge, facts });
        let folded_name = name.to_lowercase();
        let room = self.rooms.insert(Room {
            folded_name: folded_name.clone(),
            bridge,
            profile,
            sounds: Vec::new(),
        });
        self.room_names.insert(folded_name, room);
        let facts = Box::new(RoomView {
            name,
            bridge,
            profile: profile_name,
            locked: false,
            muted: false,
            created_wall,
            participants: BTreeMap::new(),
        });
        self.note(turn.now, Event::RoomStarted { room, facts });
        Some(room)
    }

    /// Closes a room that nobody counts in.
    pub(super) fn close_room(&mut self, room: RoomKey, turn: &mut Turn<'_>) {
        let Some(own) = self.rooms.remove(room) else {
            return;
        };
        for playback in own.sounds {
            self.stop_play(playback, turn);
        }
        self.room_names.remove(&own.folded_name);
        self.bridges.remove(own.bridge);
        self.note(turn.now, Event::RoomEnded { room });
        turn.order(Effect::DestroyBridge { bridge: own.bridge });
        self.note(turn.now, Event::BridgeDestroyed { bridge: own.bridge });
    }
}
