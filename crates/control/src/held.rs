//! Calls that wait until a port pair is bound for them.
//!
//! A burst of calls that all announce one address (phones behind one NAT, a gateway) needs a pair
//! for each call, because nothing tells them apart before their first packet. It can be larger
//! than the reserve. What is beyond it waits here for the few milliseconds that binding takes.

use alloc::collections::{BTreeMap, VecDeque};
use core::time::Duration;

use plenum_sip_ua::CallKey;
use plenum_time::Instant;

use crate::ShardId;
use crate::control::{Control, ControlOutbox};
use crate::inbound::{Admission, Invitation, Rejection};
use crate::ports::PortTable;
use crate::recover::Step;

/// Calls that wait for a port pair at most; one more is refused with 503.
pub const HELD_MAX: usize = 4_096;

/// How long a call waits for a port pair at most, before it is refused with 503.
pub const HELD_FOR: Duration = Duration::from_secs(4);

/// What a caller is told for whom there is no port.
const NO_PORT: &str = "no RTP port is free; widen [rtp] ports or call again later";

/// One call that waits.
#[derive(Debug)]
struct Held {
    invitation: Invitation,
    /// Where a pair is being bound for it; it takes one anywhere.
    shard: ShardId,
    until: Instant,
}

/// The calls that wait, the oldest first.
#[derive(Debug, Default)]
pub(crate) struct HeldCalls {
    queue: VecDeque<Held>,
    by_shard: BTreeMap<ShardId, usize>,
}

impl HeldCalls {
    pub(crate) fn len(&self) -> usize {
        self.queue.len()
    }

    /// Returns how many calls wait for a pair of a shard.
    pub(crate) fn at(&self, shard: ShardId) -> usize {
        self.by_shard.get(&shard).copied().unwrap_or(0)
    }

    /// Tells when the oldest call has waited long enough.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.queue.front().map(|held| held.until)
    }

    /// Takes a call out that ended while it waited.
    pub(crate) fn remove(&mut self, call: CallKey) {
        let found = self
            .queue
            .iter()
            .position(|held| held.invitation.call == call);
        if let Some(held) = found.and_then(|index| self.queue.remove(index)) {
            self.count_out(held.shard);
        }
    }

    fn push(&mut self, held: Held) {
        *self.by_shard.entry(held.shard).or_insert(0) += 1;
        self.queue.push_back(held);
    }

    fn pop(&mut self) -> Option<Held> {
        let held = self.queue.pop_front()?;
        self.count_out(held.shard);
        Some(held)
    }

    /// Lets the calls of one shard wait for pairs of another.
    fn reassign(&mut self, from: ShardId, to: ShardId) {
        let Some(moved) = self.by_shard.remove(&from) else {
            return;
        };
        *self.by_shard.entry(to).or_insert(0) += moved;
        for held in self.queue.iter_mut().filter(|held| held.shard == from) {
            held.shard = to;
        }
    }

    fn count_out(&mut self, shard: ShardId) {
        if let Some(count) = self.by_shard.get_mut(&shard) {
            *count -= 1;
        }
    }
}

impl Control {
    /// Keeps a call for which there is no place until pairs are bound; refuses it if none will be.
    pub(crate) fn hold(&mut self, now: Instant, invitation: Invitation) {
        let mut shards = self.shards_for(&invitation.request).into_iter();
        let shard = shards.find(|shard| self.ports[shard].has_hope(now));
        match shard.filter(|_| self.held.len() < HELD_MAX) {
            Some(shard) => {
                self.counters.calls_held += 1;
                self.held.push(Held {
                    invitation,
                    shard,
                    until: now + HELD_FOR,
                });
            }
            None => self.turn_away(now, &invitation, &Rejection::unavailable(NO_PORT)),
        }
    }

    /// Seats the oldest call that waits if there is a pair for it; refuses those that wait if no
    /// more pairs will come. Tells whether anything was done.
    pub(crate) fn serve_held(&mut self, now: Instant, out: &mut ControlOutbox) -> bool {
        if self.held.len() == 0 {
            return false;
        }
        if self.ports.values().any(PortTable::is_free)
            && let Some(Held { invitation, .. }) = self.held.pop()
        {
            self.begin(Step::Held(invitation.call));
            match self.admit(now, &invitation, out) {
                Ok(Admission::Seated) => {}
                Ok(Admission::NoPlace) => {
                    self.turn_away(now, &invitation, &Rejection::unavailable(NO_PORT));
                }
                Err(rejection) => self.turn_away(now, &invitation, &rejection),
            }
            return true;
        }
        let mut shards = self.ports.iter();
        match shards.find(|(_, table)| table.has_hope(now)) {
            Some((hope, _)) => {
                self.leave_hopeless(now, *hope);
                false
            }
            None => {
                self.refuse_held(now, NO_PORT);
                true
            }
        }
    }

    /// Refuses all calls that wait.
    pub(crate) fn refuse_held(&mut self, now: Instant, why: &str) {
        while let Some(held) = self.held.pop() {
            self.turn_away(now, &held.invitation, &Rejection::unavailable(why));
        }
    }

    /// Refuses the calls that have waited too long.
    pub(crate) fn expire_held(&mut self, now: Instant) {
        while self.held.next_deadline().is_some_and(|at| at <= now)
            && let Some(held) = self.held.pop()
        {
            let why = "no RTP port was bound in time; call again later";
            self.turn_away(now, &held.invitation, &Rejection::unavailable(why));
        }
    }

    /// Lets nobody wait for a shard that will bind no more pairs.
    fn leave_hopeless(&mut self, now: Instant, hope: ShardId) {
        for (shard, table) in &self.ports {
            if self.held.at(*shard) > 0 && !table.has_hope(now) {
                self.held.reassign(*shard, hope);
            }
        }
    }
}

#[cfg(test)]
mod tests;
