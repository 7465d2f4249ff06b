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

/// Slices by how long after their deadline they began.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Lateness {
    /// All times together, in nanoseconds.
    pub sum_nanos: u64,
    /// Slices as [`LATENESS_BUCKETS`] says; the last count is that of all later ones.
    pub counts: [u64; LATENESS_BUCKETS.len() + 1],
}

macro_rules! shard_metrics {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// What a shard thread did, written by it alone and readable from anywhere.
        #[derive(Debug, Default)]
        pub struct ShardMetrics {
            $(pub(super) $name: AtomicU64,)*
            lateness_nanos: AtomicU64,
            lateness: [AtomicU64; LATENESS_BUCKETS.len() + 1],
        }

        /// The figures of a shard thread at one moment.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct ShardFigures {
            $($(#[$doc])* pub $name: u64,)*
            /// How long after their deadlines slices began.
            pub lateness: Lateness,
        }

        impl ShardMetrics {
            /// Reads all figures.
            #[must_use]
            pub fn read(&self) -> ShardFigures {
                ShardFigures {
                    $($name: self.$name.load(Relaxed),)*
                    lateness: Lateness {
                        sum_nanos: self.lateness_nanos.load(Relaxed),
                        counts: std::array::from_fn(|bucket| self.lateness[bucket].load(Relaxed)),
                    },
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
    /// Orders that the shard refused.
    orders_refused,
    /// Legs at present.
    legs,
    /// Mixers at present.
    mixers,
    /// Port pairs at present.
    ports,
    /// Playbacks at present.
    playbacks,
    /// Recordings at present.
    recordings,
    /// RTP datagrams received.
    rtp_received,
    /// RTP packets sent.
    rtp_sent,
    /// RTP datagrams that no leg claimed.
    rtp_unmatched,
    /// RTP datagrams that were no valid packet of their leg.
    rtp_invalid,
    /// RTCP datagrams received.
    rtcp_received,
    /// RTCP packets sent.
    rtcp_sent,
    /// RTCP datagrams that were malformed or that no leg claimed.
    rtcp_unmatched,
    /// Frames encoded once and sent to several listeners, counted for each after the first.
    encodings_shared,
    /// Frames that a mixer on another shard did not deliver in time.
    link_frames_missed,
    /// Frames that a mixer on another shard did not take.
    link_frames_dropped,
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
        Self::add(&self.lateness_nanos, nanos(late));
        Self::raise(&self.lateness_max_nanos, nanos(late));
    }

    pub(super) fn worked(&self, time: Duration) {
        Self::add(&self.busy_nanos, nanos(time));
        Self::raise(&self.busy_max_nanos, nanos(time));
    }

    /// Takes over what the shard counts itself; a counter that is not named here does not compile.
    pub(super) fn copy(&self, counters: &ShardCounters) {
        let ShardCounters {
            packets_received,
            packets_unmatched,
            packets_invalid,
            packets_sent,
            rtcp_received,
            rtcp_unmatched,
            rtcp_sent,
            commands_refused,
            encodings_shared,
            link_frames_missed,
            link_frames_dropped,
            legs,
            mixers,
            playbacks,
            recordings,
            // The thread counts its slices, those it skipped, and its sockets itself.
            phases_run: _,
            ticks_skipped: _,
            ports: _,
        } = *counters;
        let figures = [
            (&self.rtp_received, packets_received),
            (&self.rtp_unmatched, packets_unmatched),
            (&self.rtp_invalid, packets_invalid),
            (&self.rtp_sent, packets_sent),
            (&self.rtcp_received, rtcp_received),
            (&self.rtcp_unmatched, rtcp_unmatched),
            (&self.rtcp_sent, rtcp_sent),
            (&self.orders_refused, commands_refused),
            (&self.encodings_shared, encodings_shared),
            (&self.link_frames_missed, link_frames_missed),
            (&self.link_frames_dropped, link_frames_dropped),
            (&self.legs, legs as u64),
            (&self.mixers, mixers as u64),
            (&self.playbacks, playbacks as u64),
            (&self.recordings, recordings as u64),
        ];
        for (figure, value) in figures {
            figure.store(value, Relaxed);
        }
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
        assert_eq!(figures.lateness.counts, [2, 1, 0, 0, 0, 0, 0, 0, 1]);
        assert_eq!(figures.lateness_max_nanos, 1_000_000_000);
        assert_eq!(figures.lateness.sum_nanos, 1_000_201_000);
    }
}
