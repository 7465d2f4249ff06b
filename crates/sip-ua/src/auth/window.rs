use alloc::collections::BTreeMap;
use core::time::Duration;

use plenum_time::Instant;

use super::credential::Ha1;
use super::nonce::NonceId;

/// Most nonces at once whose counts are remembered by default. Only a correct answer adds one.
pub const MAX_NONCES: usize = 65_536;
/// How far a nonce count may lie below the highest one seen.
const WINDOW_LEN: u32 = u64::BITS;

/// Which counts of which nonces were used, so that no answer is taken twice.
///
/// A nonce that is not in the table was not used yet: it is forgotten only together with all
/// older ones, and none of those is taken any more.
#[derive(Debug)]
pub(crate) struct Windows {
    limit: usize,
    lifetime: Duration,
    table: BTreeMap<NonceId, Window>,
    /// No nonce up to this one is taken.
    floor: Option<NonceId>,
}

/// The counts used with one nonce.
#[derive(Debug)]
struct Window {
    highest: u32,
    /// Bit `n` stands for the count `highest - n`.
    used: u64,
    /// RFC 2069 has no count, so that such an answer uses its nonce up.
    is_used_up: bool,
    /// RFC 7616 3.4.2: the key of the first answer, for the `-sess` algorithms.
    session_key: Option<Ha1>,
}

impl Windows {
    pub(crate) const fn new(limit: usize, lifetime: Duration) -> Self {
        Self {
            limit,
            lifetime,
            table: BTreeMap::new(),
            floor: None,
        }
    }

    /// Whether the nonce is young enough.
    pub(crate) fn is_alive(&self, now: Instant, id: NonceId) -> bool {
        let issued = Instant::from_millis(id.issued_ms);
        issued <= now && now.since(issued) < self.lifetime && Some(id) > self.floor
    }

    pub(crate) fn session_key(&self, id: NonceId) -> Option<&Ha1> {
        self.table.get(&id)?.session_key.as_ref()
    }

    /// Takes a correct answer; says no when it may be a repetition.
    #[must_use]
    pub(crate) fn take(
        &mut self,
        now: Instant,
        id: NonceId,
        count: Option<u32>,
        session_key: Option<Ha1>,
    ) -> bool {
        self.forget_dead(now);
        if let Some(window) = self.table.get_mut(&id) {
            return count.is_some_and(|count| window.take(count));
        }
        if self.table.len() >= self.limit.max(1) {
            self.floor = self.table.pop_first().map(|(oldest, _)| oldest);
        }
        // The one forgotten to make room may have been younger than this one.
        if Some(id) <= self.floor {
            return false;
        }
        let window = Window {
            highest: count.unwrap_or(0),
            used: 1,
            is_used_up: count.is_none(),
            session_key,
        };
        self.table.insert(id, window);
        true
    }

    pub(crate) fn len(&self) -> usize {
        self.table.len()
    }

    fn forget_dead(&mut self, now: Instant) {
        while let Some(oldest) = self.table.first_entry() {
            let issued = Instant::from_millis(oldest.key().issued_ms);
            if now.since(issued) < self.lifetime {
                return;
            }
            oldest.remove();
        }
    }
}

impl Window {
    fn take(&mut self, count: u32) -> bool {
        if self.is_used_up {
            return false;
        }
        if count > self.highest {
            let ahead = count - self.highest;
            self.used = self.used.checked_shl(ahead).unwrap_or(0) | 1;
            self.highest = count;
            return true;
        }
        let behind = self.highest - count;
        let bit = if behind < WINDOW_LEN { 1 << behind } else { 0 };
        let is_new = bit != 0 && self.used & bit == 0;
        self.used |= bit;
        is_new
    }
}

#[cfg(test)]
mod tests;
