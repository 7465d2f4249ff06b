use alloc::collections::{BTreeMap, BTreeSet};
use core::net::SocketAddr;
use core::time::Duration;

use plenum_sip_msg::Transport;
use plenum_time::Instant;

use super::Target;

/// Most targets that are remembered as dead; the one that would be forgotten first makes room.
pub const MAX_BLACKLISTED: usize = 4_096;
/// How long a target that failed is skipped. Doubles each time it fails again right afterwards.
pub const PENALTY: Duration = Duration::from_secs(60);
/// The longest a target is skipped for failing again and again.
pub const PENALTY_MAX: Duration = Duration::from_secs(16 * 60);
/// The longest a server can have itself skipped by `Retry-After`.
pub const RETRY_AFTER_MAX: Duration = Duration::from_secs(3_600);

/// How a target failed, so that another may be tried (RFC 3263 4.3).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Failure {
    /// The transaction, or the attempt, got no response in time.
    Timeout,
    /// The transport said that it cannot: no connection, a TLS alert, an ICMP error.
    Transport,
    /// A response 503.
    Unavailable {
        /// Its `Retry-After` (RFC 3261 21.5.4).
        retry_after: Option<Duration>,
    },
}

/// The targets that failed lately and are skipped for a while.
///
/// ```text
///           failed: skip for 60 s             penalty over
///  trusted ----------------------> skipped ----------------> on trial
///     ^                               |                       |  |  |
///     |             succeeded         |       succeeded       |  |  | failed: skip for
///     +<------------------------------+<----------------------+  |  v twice as long
///     +<------------ as long again without failure --------------+  skipped
/// ```
#[derive(Debug, Default)]
pub(super) struct Blacklist {
    dead: BTreeMap<Way, Entry>,
    by_end: BTreeSet<(Instant, Way)>,
}

type Way = (Transport, SocketAddr);

#[derive(Clone, Copy, Debug)]
struct Entry {
    until: Instant,
    /// Until then a failure doubles the penalty.
    forgotten: Instant,
    penalty: Duration,
}

impl Blacklist {
    pub(super) fn is_dead(&self, now: Instant, target: &Target) -> bool {
        self.dead
            .get(&way(target))
            .is_some_and(|entry| now < entry.until)
    }

    pub(super) fn failed(&mut self, now: Instant, target: &Target, failure: Failure) {
        self.drop_forgotten(now);
        let way = way(target);
        let known = self.remove(&way);
        let penalty = match known {
            // Calls that run side by side fail side by side: that is one failure.
            Some(entry) if now < entry.until => entry.penalty,
            Some(entry) => (entry.penalty * 2).min(PENALTY_MAX),
            None => PENALTY,
        };
        let until = match failure {
            // The server knows best, whether it asks for more time or less.
            Failure::Unavailable {
                retry_after: Some(after),
            } => now + after.min(RETRY_AFTER_MAX),
            _ => (now + penalty).max(known.map_or(now, |entry| entry.until)),
        };
        self.insert(
            way,
            Entry {
                until,
                forgotten: until + penalty,
                penalty,
            },
        );
    }

    pub(super) fn succeeded(&mut self, target: &Target) {
        self.remove(&way(target));
    }

    pub(super) fn len(&self) -> usize {
        self.dead.len()
    }

    fn insert(&mut self, way: Way, entry: Entry) {
        if self.dead.len() >= MAX_BLACKLISTED {
            self.drop_first();
        }
        self.by_end.insert((entry.forgotten, way.clone()));
        self.dead.insert(way, entry);
    }

    fn remove(&mut self, way: &Way) -> Option<Entry> {
        let entry = self.dead.remove(way)?;
        self.by_end.remove(&(entry.forgotten, way.clone()));
        Some(entry)
    }

    fn drop_forgotten(&mut self, now: Instant) {
        while self.by_end.first().is_some_and(|(end, _)| *end <= now) {
            self.drop_first();
        }
    }

    fn drop_first(&mut self) {
        if let Some((_, way)) = self.by_end.pop_first() {
            self.dead.remove(&way);
        }
    }
}

fn way(target: &Target) -> Way {
    (target.transport.clone(), target.address)
}

#[cfg(test)]
mod tests;
