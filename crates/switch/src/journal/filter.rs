//! Which events a reader wants; looked at before anything is turned into text.

use alloc::collections::BTreeSet;

use super::event::{Event, EventKind};
use crate::ids::{BridgeKey, ChannelKey, RoomKey};

/// A set of event kinds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct KindSet(u64);

impl KindSet {
    /// Every kind.
    pub const ALL: Self = Self(u64::MAX);
    /// No kind.
    pub const NONE: Self = Self(0);

    /// Adds a kind.
    #[must_use]
    pub const fn with(self, kind: EventKind) -> Self {
        Self(self.0 | (1 << kind as u8))
    }

    /// Takes a kind out.
    #[must_use]
    pub const fn without(self, kind: EventKind) -> Self {
        Self(self.0 & !(1 << kind as u8))
    }

    /// Tells whether a kind is in the set.
    #[must_use]
    pub const fn contains(self, kind: EventKind) -> bool {
        self.0 & (1 << kind as u8) != 0
    }
}

/// Which events a reader wants: the kinds, and what they touch.
///
/// Without any channel, bridge or room named, events pass whatever they touch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Filter {
    /// Wanted kinds.
    pub kinds: KindSet,
    /// Wanted channels.
    pub channels: BTreeSet<ChannelKey>,
    /// Wanted bridges.
    pub bridges: BTreeSet<BridgeKey>,
    /// Wanted rooms.
    pub rooms: BTreeSet<RoomKey>,
}

impl Default for Filter {
    fn default() -> Self {
        Self {
            kinds: KindSet::ALL,
            channels: BTreeSet::new(),
            bridges: BTreeSet::new(),
            rooms: BTreeSet::new(),
        }
    }
}

impl Filter {
    /// Builds a filter that passes some kinds of events.
    #[must_use]
    pub fn kinds(kinds: KindSet) -> Self {
        Self {
            kinds,
            ..Self::default()
        }
    }

    /// Tells whether the reader wants an event.
    #[must_use]
    pub fn passes(&self, event: &Event) -> bool {
        if !self.kinds.contains(event.kind()) {
            return false;
        }
        if self.channels.is_empty() && self.bridges.is_empty() && self.rooms.is_empty() {
            return true;
        }
        let touches = event.touches();
        touches
            .channel
            .is_some_and(|key| self.channels.contains(&key))
            || touches
                .bridge
                .is_some_and(|key| self.bridges.contains(&key))
            || touches.room.is_some_and(|key| self.rooms.contains(&key))
    }
}
