//! The rhythm of a run, and whether the generator keeps it.

use std::time::Duration;

use plenum_time::Instant;

use super::clock::LoadClock;
use super::distribution::Distribution;

/// Slices that follow one another without a pause after a delay; older ones are given up.
const BACKLOG_MAX: u32 = 40;

/// Slices on absolute deadlines.
pub(super) struct Slices {
    length: Duration,
    due: Instant,
    number: u64,
    lateness: Distribution,
}

impl Slices {
    pub(super) fn new(now: Instant, length: Duration) -> Self {
        Self {
            length,
            due: now,
            number: 0,
            lateness: Distribution::new(),
        }
    }

    /// Waits for the next slice; returns its number and the time.
    pub(super) fn wait(&mut self, clock: &mut LoadClock) -> (u64, Instant) {
        clock.sleep_until(self.due);
        let now = clock.resync();
        self.begin(now);
        (self.number, now)
    }

    fn begin(&mut self, now: Instant) {
        let late = now.since(self.due);
        self.lateness.record(late);
        self.number += 1;
        self.due = if late > self.length * BACKLOG_MAX {
            now
        } else {
            self.due
        } + self.length;
    }

    /// How long after their deadlines slices began.
    pub(super) const fn lateness(&self) -> &Distribution {
        &self.lateness
    }

    /// Forgets the lateness so far.
    pub(super) fn restart_lateness(&mut self) {
        self.lateness = Distribution::new();
    }
}

/// Does something so many times a second.
#[derive(Clone, Copy, Debug)]
pub(super) struct Pace {
    rate: u32,
    since: Instant,
    done: u64,
}

impl Pace {
    pub(super) const fn new(now: Instant, rate: u32) -> Self {
        Self {
            rate,
            since: now,
            done: 0,
        }
    }

    /// Tells whether the next one is due, and counts it.
    pub(super) fn take(&mut self, now: Instant) -> bool {
        let is_due = self.due(now) > self.done;
        self.done += u64::from(is_due);
        is_due
    }

    fn due(&self, now: Instant) -> u64 {
        let due = now.since(self.since).as_micros() * u128::from(self.rate) / 1_000_000;
        u64::try_from(due).unwrap_or(u64::MAX).saturating_add(1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const MS: Duration = Duration::from_millis(1);

    #[test]
    fn a_late_slice_is_counted_and_made_up_for() {
        let mut slices = Slices::new(Instant::ZERO, MS * 5);
        for now in [0, 5, 18, 18, 20] {
            slices.begin(Instant::from_millis(now));
        }
        assert_eq!(slices.lateness().max(), MS * 8);
        assert_eq!(slices.due, Instant::from_millis(25));
        slices.begin(Instant::from_millis(900));
        assert_eq!(slices.due, Instant::from_millis(905));
    }

    #[test]
    fn a_pace_is_kept_on_average() {
        let mut pace = Pace::new(Instant::ZERO, 300);
        let mut taken = 0;
        for slice in 0..200 {
            while pace.take(Instant::from_millis(slice * 5)) {
                taken += 1;
            }
        }
        assert_eq!(taken, 299);
    }
}
