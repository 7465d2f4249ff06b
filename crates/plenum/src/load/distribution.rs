//! Quantiles of many durations in fixed memory.

use std::time::Duration;

/// The width of one bucket: the error of a quantile is at most this.
const BUCKET: Duration = Duration::from_micros(50);

/// Durations from here on fall into the last bucket; the largest one is kept exactly.
const RANGE: Duration = Duration::from_secs(2);

const BUCKETS: usize = (RANGE.as_micros() / BUCKET.as_micros()) as usize;

/// Counts durations by size.
#[derive(Clone, Debug)]
pub(super) struct Distribution {
    buckets: Vec<u32>,
    count: u64,
    max: Duration,
}

impl Distribution {
    pub(super) fn new() -> Self {
        Self {
            buckets: vec![0; BUCKETS],
            count: 0,
            max: Duration::ZERO,
        }
    }

    pub(super) fn record(&mut self, value: Duration) {
        let bucket = (value.as_micros() / BUCKET.as_micros()) as usize;
        self.buckets[bucket.min(BUCKETS - 1)] += 1;
        self.count += 1;
        self.max = self.max.max(value);
    }

    pub(super) const fn count(&self) -> u64 {
        self.count
    }

    pub(super) const fn max(&self) -> Duration {
        self.max
    }

    /// Returns the duration that `share` of all do not exceed; zero without any.
    ///
    /// # Units and range
    ///
    /// `share` is `0.0..=1.0`.
    pub(super) fn quantile(&self, share: f64) -> Duration {
        let rank = ((self.count as f64 * share).ceil() as u64).max(1);
        let mut below = 0;
        for (bucket, &count) in (1..).zip(&self.buckets[..BUCKETS - 1]) {
            below += u64::from(count);
            if below >= rank {
                return (BUCKET * bucket).min(self.max);
            }
        }
        self.max
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quantiles_are_right_to_a_bucket() {
        let mut sizes = Distribution::new();
        assert_eq!(sizes.quantile(0.5), Duration::ZERO);
        (1..=1000).for_each(|ms| sizes.record(Duration::from_millis(ms)));
        for (share, ms) in [(0.5, 500), (0.99, 990), (1.0, 1000), (0.0, 1)] {
            let exact = Duration::from_millis(ms);
            let found = sizes.quantile(share);
            assert!(
                found >= exact && found - exact <= BUCKET,
                "{share}: {found:?}"
            );
        }
    }

    #[test]
    fn a_duration_beyond_the_range_is_the_maximum() {
        let mut sizes = Distribution::new();
        sizes.record(Duration::from_secs(7));
        assert_eq!(
            (sizes.max(), sizes.quantile(0.5)),
            (Duration::from_secs(7), Duration::from_secs(7))
        );
        assert_eq!(sizes.count(), 1);
    }
}
