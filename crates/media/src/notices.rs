//! Where a shard puts what it has to say.

use alloc::vec::{Drain, Vec};

use crate::command::MediaNotice;

/// The notices of a shard, in order, in memory that the caller owns and uses again.
///
/// Nothing is lost when the reserved capacity is exceeded: the list grows once and keeps its size.
#[derive(Debug, Default)]
pub struct Notices {
    list: Vec<MediaNotice>,
}

impl Notices {
    /// Reserves room for `capacity` notices.
    #[must_use]
    pub fn with_capacity(capacity: usize) -> Self {
        Self {
            list: Vec::with_capacity(capacity),
        }
    }

    /// Adds a notice.
    pub fn push(&mut self, notice: MediaNotice) {
        self.list.push(notice);
    }

    /// Takes all notices out, oldest first, and keeps the memory.
    pub fn drain(&mut self) -> Drain<'_, MediaNotice> {
        self.list.drain(..)
    }

    /// Returns the notices, oldest first.
    #[must_use]
    pub fn as_slice(&self) -> &[MediaNotice] {
        &self.list
    }

    /// Returns how many notices wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.list.len()
    }

    /// Tells whether no notice waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.list.is_empty()
    }

    /// Forgets all notices and keeps the memory.
    pub fn clear(&mut self) {
        self.list.clear();
    }
}
