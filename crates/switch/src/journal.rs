//! The journal: every domain event, once, numbered, in a ring bounded in bytes.
//!
//! The law that binds it: *the view at `s` plus the events after `s` equals the view now.*

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::vec::Vec;
use core::time::Duration;

use plenum_time::Instant;

mod event;
mod filter;
mod view;

pub use event::{Event, EventKind, HangupBy, Position, RefusedCall, RoomResult, Touches};
pub use filter::{Filter, KindSet};
pub use view::{
    BridgeKind, BridgeView, ChannelState, ChannelView, ParticipantView, Party, PlaybackView,
    RecordingView, RoomView, View,
};

/// One event with its number and its times.
#[derive(Clone, Debug, PartialEq)]
pub struct Entry {
    /// Number of the event; the first is 1, and there are no gaps.
    pub seq: u64,
    /// When, on the monotonic clock.
    pub at: Instant,
    /// When, since 1970.
    pub wall: Duration,
    /// What happened.
    pub event: Event,
}

impl Entry {
    fn bytes(&self) -> usize {
        size_of::<Self>() + self.event.heap_bytes()
    }
}

/// The last events, as many as fit into the configured bytes.
///
/// The newest event is kept whatever its size.
#[derive(Debug)]
pub struct Journal {
    entries: VecDeque<Entry>,
    bytes: usize,
    bytes_max: usize,
    last: u64,
}

impl Journal {
    pub(crate) const fn new(bytes_max: usize) -> Self {
        Self {
            entries: VecDeque::new(),
            bytes: 0,
            bytes_max,
            last: 0,
        }
    }

    /// Returns the number of the newest event; 0 before the first.
    #[must_use]
    pub const fn last_seq(&self) -> u64 {
        self.last
    }

    /// Returns the number of the oldest event that is kept, or of the next one if none is.
    #[must_use]
    pub fn first_seq(&self) -> u64 {
        self.entries
            .front()
            .map_or(self.last + 1, |entry| entry.seq)
    }

    /// Returns how many bytes the kept events hold.
    #[must_use]
    pub const fn bytes(&self) -> usize {
        self.bytes
    }

    /// Reads up to `max` events after number `seq` that pass the filter.
    ///
    /// `next` is the number to go on from: everything up to it was looked at. If events after
    /// `seq` were dropped already, `lost` names them, and the entries go on behind the gap.
    #[must_use]
    pub fn read_after(&self, seq: u64, filter: &Filter, max: usize) -> Batch<'_> {
        let first = self.first_seq();
        // A number from the future (a reader of an earlier run) has seen nothing of this one.
        let seq = if seq > self.last { 0 } else { seq };
        let lost = (seq + 1 < first).then_some(Lost {
            from: seq + 1,
            to: first - 1,
        });
        let start = usize::try_from((seq + 1).saturating_sub(first)).unwrap_or(usize::MAX);
        let mut batch = Batch {
            entries: Vec::new(),
            lost,
            next: self.last,
        };
        for entry in self.entries.range(start.min(self.entries.len())..) {
            if !filter.passes(&entry.event) {
                continue;
            }
            if batch.entries.len() == max {
                batch.next = batch.entries.last().map_or(entry.seq - 1, |last| last.seq);
                break;
            }
            batch.entries.push(entry);
        }
        batch
    }

    /// Appends an event and drops the oldest ones that no longer fit.
    pub(crate) fn push(&mut self, at: Instant, wall: Duration, event: Event) -> &Entry {
        self.last += 1;
        let entry = Entry {
            seq: self.last,
            at,
            wall,
            event,
        };
        self.bytes += entry.bytes();
        self.entries.push_back(entry);
        while self.bytes > self.bytes_max && self.entries.len() > 1 {
            if let Some(oldest) = self.entries.pop_front() {
                self.bytes -= oldest.bytes();
            }
        }
        self.entries.back().expect("an entry was pushed just now")
    }
}

/// What one look into the journal gave.
#[derive(Clone, Debug, PartialEq)]
pub struct Batch<'a> {
    /// The events, oldest first.
    pub entries: Vec<&'a Entry>,
    /// Events that were dropped before they could be read.
    pub lost: Option<Lost>,
    /// The number to read on from.
    pub next: u64,
}

/// Events that a reader missed, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lost {
    /// Number of the first.
    pub from: u64,
    /// Number of the last.
    pub to: u64,
}

/// A reader's place in the journal.
#[derive(Clone, Debug, Default)]
pub struct Cursor {
    /// Everything up to this number was read.
    pub after: u64,
    /// Which events the reader wants.
    pub filter: Filter,
}

/// What a cursor found: events, or the one notice that it fell off the tail.
#[derive(Clone, Debug)]
pub enum Reading<'a> {
    /// Events, oldest first; empty if there is nothing to read.
    Entries(Vec<&'a Entry>),
    /// Events are gone. The snapshot is the state after `lost.to`; the cursor goes on from there.
    Lost {
        /// Which.
        lost: Lost,
        /// The state after them.
        snapshot: Box<View>,
    },
}

#[cfg(test)]
mod tests;
