use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::time::Duration;

macro_rules! control_metrics {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// What the control task did, written by it alone and readable from anywhere.
        #[derive(Debug, Default)]
        pub struct ControlMetrics {
            $(pub(super) $name: AtomicU64,)*
        }

        /// The figures of the control task at one moment.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct ControlFigures {
            $($(#[$doc])* pub $name: u64,)*
        }

        impl ControlMetrics {
            /// Reads all figures.
            #[must_use]
            pub fn read(&self) -> ControlFigures {
                ControlFigures { $($name: self.$name.load(Relaxed),)* }
            }
        }
    };
}

control_metrics! {
    /// Inputs handled.
    inputs,
    /// Notices of shards among them.
    notices,
    /// Requests answered.
    requests,
    /// Times that something was due.
    timeouts,
    /// Orders carried out.
    outputs,
    /// Time spent in the machine, in nanoseconds.
    busy_nanos,
    /// The longest time in the machine for one input, in nanoseconds.
    busy_max_nanos,
    /// Inputs that waited when last looked: when inputs or a request were taken.
    queue_len,
    /// The most inputs that ever waited when looked.
    queue_len_max,
    /// Orders to shards that were lost because a shard was hopelessly behind.
    media_orders_lost,
    /// Calls of the machine that panicked.
    panics,
}

impl ControlMetrics {
    pub(super) fn add(counter: &AtomicU64, count: u64) {
        counter.fetch_add(count, Relaxed);
    }

    pub(super) fn worked(&self, time: Duration) {
        let nanos = u64::try_from(time.as_nanos()).unwrap_or(u64::MAX);
        Self::add(&self.busy_nanos, nanos);
        self.busy_max_nanos.fetch_max(nanos, Relaxed);
    }

    pub(super) fn waiting(&self, len: usize) {
        self.queue_len.store(len as u64, Relaxed);
        self.queue_len_max.fetch_max(len as u64, Relaxed);
    }
}
