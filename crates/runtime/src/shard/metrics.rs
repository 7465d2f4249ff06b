use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

use plenum_media::ShardCounters;

/// Upper bounds of the buckets in which the lateness of slices is counted; the last one is open.
pub const LATENESS_BUCKETS: [Duration; 8] = [
    Duration::from_micros(100),
    Duration::from_micros(250),
    Duration::from_micros(500),
    Duration::from_millis(1),
    Duration::from_micros(2500),
    Duration::from_millis(5),
    Duration::from_millis(10),
    Duration::from_millis(25),
];

macro_rules! shard_metrics {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// What a shard thread did, written by it alone and readable from anywhere.
        #[derive(Debug, Default)]
        pub struct ShardMetrics {
            $(pub(super) $name: AtomicU64,)*
            pub(super) lateness: [AtomicU64; LATENESS_BUCKETS.len() + 1],
        }

        /// The figures of a shard thread at one moment.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct ShardFigures {
            $($(#[$doc])* pub $name: u64,)*
            /// Slices by how long after their deadline they began, as [`LATENESS_BUCKETS`] says;
            /// the last count is that of all later ones.
            pub lateness: [u64; LATENESS_BUCKETS.len() + 1],
        }

        impl ShardMetrics {
            /// Reads all figures.
            #[must_use]
            pub fn read(&self) -> ShardFigures {
                ShardFigures {
                    $($name: self.$name.load(Relaxed),)*
                    lateness: std::array::from_fn(|bucket| self.lateness[bucket].load(Relaxed)),
                }
            }
        }
    };
}

shard_metrics! {
    /// Slices run.
    slices,
    /// Slices missed because the thread was late.
    slices_skipped,
    /// The longest time after its deadline that a slice began, in nanoseconds.
    lateness_max_nanos,
    /// Time spent at work, in nanoseconds.
    busy_nanos,
    /// The longest slice, in nanoseconds.
    busy_max_nanos,
    /// Datagrams read.
    packets_in,
    /// Datagrams sent.
    packets_out,
    /// Datagrams that the kernel did not take.
    send_errors,
    /// Datagrams that were longer than the room for them.
    packets_oversized,
    /// Datagrams that the kernel dropped because a socket's buffer was full.
    kernel_drops,
    /// Calls of the shard that panicked.
    panics,
    /// Notices lost because nobody took them.
    notices_lost,
    /// Orders obeyed.
    orders,
    /// Legs at present.
    legs,
    /// Mixers at present.
    mixers,
    /// Port pairs at present.
    ports,
    /// Datagrams that no leg claimed.
    packets_unmatched,
    /// Datagrams that were no valid packet of their leg.
    packets_invalid,
}

impl ShardMetrics {
    pub(super) fn add(counter: &AtomicU64, count: u64) {
        // One thread writes, so a load and a store do without a locked instruction.
        counter.store(counter.load(Relaxed).wrapping_add(count), Relaxed);
    }

    pub(super) fn raise(counter: &AtomicU64, value: u64) {
        if value > counter.load(Relaxed) {
            counter.store(value, Relaxed);
        }
    }

    pub(super) fn began_late(&self, late: Duration) {
        let bucket = LATENESS_BUCKETS.partition_point(|bound| *bound < late);
        Self::add(&self.lateness[bucket], 1);
        Self::raise(&self.lateness_max_nanos, nanos(late));
    }

    pub(super) fn worked(&self, time: Duration) {
        Self::add(&self.busy_nanos, nanos(time));
        Self::raise(&self.busy_max_nanos, nanos(time));
    }

    pub(super) fn copy(&self, counters: &ShardCounters) {
        self.legs.store(counters.legs as u64, Relaxed);
        self.mixers.store(counters.mixers as u64, Relaxed);
        self.packets_unmatched
            .store(counters.packets_unmatched, Relaxed);
        self.packets_invalid
            .store(counters.packets_invalid, Relaxed);
    }
}

fn nanos(time: Duration) -> u64 {
    u64::try_from(time.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lateness_falls_into_the_first_bucket_that_holds_it() {
        let metrics = ShardMetrics::default();
        metrics.began_late(Duration::ZERO);
        metrics.began_late(Duration::from_micros(100));
        metrics.began_late(Duration::from_micros(101));
        metrics.began_late(Duration::from_secs(1));
        let figures = metrics.read();
        assert_eq!(figures.lateness, [2, 1, 0, 0, 0, 0, 0, 0, 1]);
        assert_eq!(figures.lateness_max_nanos, 1_000_000_000);
    }
}
