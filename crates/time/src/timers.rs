use alloc::collections::BTreeMap;
use core::time::Duration;

use crate::Instant;

/// Names one armed timer, so that it can be cancelled.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct TimerId {
    at: Instant,
    serial: u64,
}

/// The deadlines a machine waits for, each with a value that says what is due.
///
/// Timers fire in the order of their deadlines; equal deadlines fire in the order they were armed,
/// so that a replay takes the same path.
#[derive(Debug)]
pub struct TimerQueue<T> {
    due: BTreeMap<TimerId, T>,
    serial: u64,
}

impl<T> TimerQueue<T> {
    /// Builds an empty queue.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            due: BTreeMap::new(),
            serial: 0,
        }
    }

    /// Arms a timer that fires at `at` and hands back `value`.
    pub fn arm(&mut self, at: Instant, value: T) -> TimerId {
        self.serial += 1;
        let id = TimerId {
            at,
            serial: self.serial,
        };
        self.due.insert(id, value);
        id
    }

    /// Arms a timer that fires `after` from `now`.
    pub fn arm_in(&mut self, now: Instant, after: Duration, value: T) -> TimerId {
        self.arm(now + after, value)
    }

    /// Cancels a timer; returns its value if it had not fired.
    pub fn cancel(&mut self, id: TimerId) -> Option<T> {
        self.due.remove(&id)
    }

    /// Takes the next timer whose deadline is not after `now`.
    pub fn pop_due(&mut self, now: Instant) -> Option<(Instant, T)> {
        let entry = self.due.first_entry()?;
        if entry.key().at > now {
            return None;
        }
        let (id, value) = entry.remove_entry();
        Some((id.at, value))
    }

    /// Returns the earliest deadline.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        self.due.first_key_value().map(|(id, _)| id.at)
    }

    /// Returns how many timers are armed.
    #[must_use]
    pub fn len(&self) -> usize {
        self.due.len()
    }

    /// Tells whether no timer is armed.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.due.is_empty()
    }
}

impl<T> Default for TimerQueue<T> {
    fn default() -> Self {
        Self::new()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fires_in_order_of_deadline_then_of_arming() {
        let mut queue = TimerQueue::new();
        queue.arm(Instant::from_millis(2), "late");
        queue.arm(Instant::from_millis(1), "first");
        queue.arm(Instant::from_millis(1), "second");
        let now = Instant::from_millis(5);
        let fired: alloc::vec::Vec<_> = core::iter::from_fn(|| queue.pop_due(now))
            .map(|(_, value)| value)
            .collect();
        assert_eq!(fired, ["first", "second", "late"]);
    }

    #[test]
    fn a_cancelled_timer_never_fires() {
        let mut queue = TimerQueue::new();
        let id = queue.arm_in(Instant::ZERO, Duration::from_secs(1), ());
        assert_eq!(queue.next_deadline(), Some(Instant::from_millis(1000)));
        assert!(queue.cancel(id).is_some());
        assert!(queue.cancel(id).is_none());
        assert!(queue.pop_due(Instant::from_millis(9000)).is_none());
    }

    #[test]
    fn nothing_fires_early() {
        let mut queue = TimerQueue::new();
        queue.arm(Instant::from_millis(10), ());
        assert!(queue.pop_due(Instant::from_millis(9)).is_none());
        assert!(queue.pop_due(Instant::from_millis(10)).is_some());
    }
}
