//! The clock that drives the machines.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use nix::sys::time::{TimeSpec, TimeValLike};
use nix::time::{ClockId, ClockNanosleepFlags, clock_gettime, clock_nanosleep};
use plenum_time::Instant;

/// Maps the monotonic clock of the system to the time of the machines, which begins at zero.
///
/// Copies agree with one another, so each thread has its own.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    origin_nanos: u64,
    origin: std::time::Instant,
    wall_at_zero: Duration,
}

impl Clock {
    /// Starts a clock: now is [`Instant::ZERO`].
    #[must_use]
    pub fn start() -> Self {
        let wall_at_zero = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Self {
            origin_nanos: monotonic_nanos(),
            origin: std::time::Instant::now(),
            wall_at_zero,
        }
    }

    /// Returns the time.
    #[must_use]
    pub fn now(&self) -> Instant {
        Instant::from_nanos(monotonic_nanos().saturating_sub(self.origin_nanos))
    }

    /// Returns the wall clock at [`Instant::ZERO`], since 1970.
    #[must_use]
    pub const fn wall_at_zero(&self) -> Duration {
        self.wall_at_zero
    }

    /// Returns the wall clock at a point of time, since 1970, as the system had it at the start.
    #[must_use]
    pub fn wall_at(&self, at: Instant) -> Duration {
        self.wall_at_zero.saturating_add(at.since(Instant::ZERO))
    }

    /// Converts to the clock of the standard library, for timers of an asynchronous runtime.
    ///
    /// A point of time that the standard library cannot express is a year from the start.
    #[must_use]
    pub fn to_std(&self, at: Instant) -> std::time::Instant {
        const YEAR: Duration = Duration::from_secs(365 * 24 * 3600);
        self.origin + at.since(Instant::ZERO).min(YEAR)
    }

    /// Blocks the calling thread until a point of time; may return early.
    pub(crate) fn sleep_until(&self, at: Instant) {
        let nanos = self.origin_nanos.saturating_add(at.as_nanos());
        let request = TimeSpec::nanoseconds(i64::try_from(nanos).unwrap_or(i64::MAX));
        // An interrupted sleep is one that returned early.
        let _ = clock_nanosleep(
            ClockId::CLOCK_MONOTONIC,
            ClockNanosleepFlags::TIMER_ABSTIME,
            &request,
        );
    }
}

fn monotonic_nanos() -> u64 {
    let time = clock_gettime(ClockId::CLOCK_MONOTONIC).expect("Linux has a monotonic clock");
    u64::try_from(time.num_nanoseconds()).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn time_begins_at_zero_and_never_goes_back() {
        let clock = Clock::start();
        let copy = clock;
        let first = clock.now();
        let second = copy.now();
        assert!(first <= second);
        assert!(clock.wall_at(second) >= clock.wall_at_zero());
        assert!(clock.wall_at_zero() > Duration::from_secs(1_600_000_000));
    }

    #[test]
    fn a_sleep_ends_at_its_deadline_or_after_it() {
        let clock = Clock::start();
        let deadline = clock.now() + Duration::from_millis(2);
        while clock.now() < deadline {
            clock.sleep_until(deadline);
        }
        clock.sleep_until(Instant::ZERO);
        assert!(clock.to_std(clock.now()) >= clock.to_std(deadline));
    }

    #[test]
    fn a_far_deadline_is_still_a_deadline() {
        let clock = Clock::start();
        assert!(clock.to_std(Instant::from_nanos(u64::MAX)) > std::time::Instant::now());
    }
}
