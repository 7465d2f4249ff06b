//! The time of a run, and the times the kernel notes on datagrams.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use plenum_runtime::clock::Clock;
use plenum_time::Instant;

/// The clock of a run.
///
/// The kernel stamps datagrams by the wall clock, which an administrator or NTP may step, so the
/// distance between the two clocks is measured again in each slice.
#[derive(Clone, Copy, Debug)]
pub(super) struct LoadClock {
    clock: Clock,
    /// The wall clock at [`Instant::ZERO`], since 1970.
    wall_at_zero: Duration,
}

impl LoadClock {
    pub(super) fn start() -> Self {
        let clock = Clock::start();
        Self {
            clock,
            wall_at_zero: clock.wall_at_zero(),
        }
    }

    pub(super) fn now(&self) -> Instant {
        self.clock.now()
    }

    /// Measures the distance to the wall clock anew; returns the time.
    pub(super) fn resync(&mut self) -> Instant {
        let now = self.clock.now();
        let wall = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        self.wall_at_zero = wall.saturating_sub(now.since(Instant::ZERO));
        now
    }

    /// Converts a time of the wall clock, since 1970.
    pub(super) fn at_wall(&self, wall: Duration) -> Instant {
        Instant::ZERO + wall.saturating_sub(self.wall_at_zero)
    }

    pub(super) fn sleep_until(&self, at: Instant) {
        let ahead = at.since(self.now());
        if !ahead.is_zero() {
            std::thread::sleep(ahead);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wall_time_and_the_time_of_the_run_name_the_same_moment() {
        let mut clock = LoadClock::start();
        let now = clock.resync();
        let wall = SystemTime::now().duration_since(UNIX_EPOCH).unwrap();
        let then = clock.at_wall(wall);
        assert!(then.since(now) < Duration::from_secs(1));
        assert!(now.since(then) < Duration::from_secs(1));
    }
}
