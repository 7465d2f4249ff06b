//! The grid that a shard runs on.

use core::time::Duration;

use plenum_time::Instant;

/// Samples a second of everything that is mixed.
pub const SAMPLE_RATE: u32 = 8000;

/// The time between two ticks of a leg.
pub const TICK: Duration = Duration::from_millis(20);

/// Slices that a tick is cut into; each leg and mixer works in one of them.
///
/// The driver calls [`Shard::tick`](crate::Shard::tick) once for each slice, so that packets leave
/// evenly instead of all at once.
pub const PHASES: u8 = 4;

/// The time between two slices.
pub const SLICE: Duration = Duration::from_millis(5);

/// Samples in one tick.
pub const FRAME: usize = (SAMPLE_RATE / 50) as usize;

/// Samples in 10 ms, the unit in which concealed and dropped audio is counted.
pub(crate) const TEN_MS: usize = FRAME / 2;

/// The time between two samples.
const SAMPLE_NANOS: u64 = 1_000_000_000 / SAMPLE_RATE as u64;

/// Converts a length of audio to samples, rounding down; saturates at about six days.
pub(crate) fn samples_in(length: Duration) -> u32 {
    let nanos = u64::try_from(length.as_nanos()).unwrap_or(u64::MAX);
    u32::try_from(nanos / SAMPLE_NANOS).unwrap_or(u32::MAX)
}

/// Converts samples to their length.
pub(crate) fn length_of(samples: u64) -> Duration {
    Duration::from_nanos(samples.saturating_mul(SAMPLE_NANOS))
}

/// Converts the time from `now` until `then` to samples; zero if `then` is past.
pub(crate) fn samples_until(now: Instant, then: Instant) -> u32 {
    samples_in(then.since(now))
}

/// Returns a time as a count of samples that wraps like a timestamp.
pub(crate) const fn sample_clock(now: Instant) -> u32 {
    (now.as_nanos() / SAMPLE_NANOS) as u32
}
