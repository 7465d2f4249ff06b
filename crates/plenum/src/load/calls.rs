//! What became of the calls of a run.

use std::collections::BTreeMap;
use std::time::Duration;

use plenum_time::Instant;

use super::distribution::Distribution;

/// Reasons for failures that are told apart.
const REASONS_MAX: usize = 32;

/// Counts calls from the first dialled to the last one ended.
#[derive(Clone, Debug)]
pub(super) struct CallLog {
    pub(super) wanted: u64,
    pub(super) begun: u64,
    pub(super) answered: u64,
    pub(super) failed: u64,
    /// Calls that the server ended before we did.
    pub(super) dropped: u64,
    /// Calls that ended as they should.
    pub(super) ended: u64,
    pub(super) failures: BTreeMap<String, u64>,
    pub(super) setup: Distribution,
    first: Option<Instant>,
    last: Option<Instant>,
}

impl CallLog {
    pub(super) fn new(wanted: u64) -> Self {
        Self {
            wanted,
            begun: 0,
            answered: 0,
            failed: 0,
            dropped: 0,
            ended: 0,
            failures: BTreeMap::new(),
            setup: Distribution::new(),
            first: None,
            last: None,
        }
    }

    pub(super) fn begin(&mut self, now: Instant) {
        self.begun += 1;
        self.first.get_or_insert(now);
        self.last = Some(now);
    }

    pub(super) fn answer(&mut self, setup: Duration) {
        self.answered += 1;
        self.setup.record(setup);
    }

    pub(super) fn fail(&mut self, why: String) {
        self.failed += 1;
        if self.failures.len() < REASONS_MAX || self.failures.contains_key(&why) {
            *self.failures.entry(why).or_default() += 1;
        }
    }

    pub(super) fn end(&mut self, by_server: bool) {
        let count = if by_server {
            &mut self.dropped
        } else {
            &mut self.ended
        };
        *count += 1;
    }

    /// Calls that are neither answered nor failed.
    pub(super) const fn in_setup(&self) -> u64 {
        self.begun.saturating_sub(self.answered + self.failed)
    }

    /// Calls that are up.
    pub(super) const fn up(&self) -> u64 {
        self.answered.saturating_sub(self.ended + self.dropped)
    }

    /// Calls begun a second; zero until there are two.
    pub(super) fn rate(&self) -> f64 {
        let (Some(first), Some(last)) = (self.first, self.last) else {
            return 0.0;
        };
        let span = last.since(first).as_secs_f64();
        if span > 0.0 {
            (self.begun - 1) as f64 / span
        } else {
            0.0
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_call_is_counted_once() {
        let mut log = CallLog::new(4);
        (0..4).for_each(|call| log.begin(Instant::from_millis(call * 10)));
        log.answer(Duration::from_millis(3));
        log.answer(Duration::from_millis(3));
        log.fail("486 Busy Here".into());
        assert_eq!((log.in_setup(), log.failures["486 Busy Here"]), (1, 1));
        log.end(true);
        log.end(false);
        assert_eq!((log.dropped, log.ended, log.up()), (1, 1, 0));
        assert!((log.rate() - 100.0).abs() < 0.01);
    }

    #[test]
    fn reasons_are_bounded() {
        let mut log = CallLog::new(0);
        (0..1000).for_each(|reason| log.fail(format!("{reason}")));
        assert_eq!((log.failed, log.failures.len()), (1000, REASONS_MAX));
    }
}
