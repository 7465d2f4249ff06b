//! Media shards, each on a thread of its own.
//!
//! A [`ShardThread`] owns one [`Shard`] and its sockets. Four times in each 20 ms it obeys its
//! orders, reads its sockets, runs a phase of the tick and sends what that made; then it sleeps
//! until the next absolute deadline. Orders and notices cross in queues without locks, and port
//! pairs come bound, so that the thread waits for nothing but its deadline. In the steady state a
//! slice allocates nothing.

mod grid;
mod metrics;
mod sockets;
#[cfg(test)]
mod tests;
mod worker;

use std::collections::VecDeque;
use std::fmt;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc;
use std::thread::{self, JoinHandle};

use nix::sched::{CpuSet, sched_setaffinity};
use nix::unistd::Pid;
use plenum_control::ShardId;
use plenum_media::{MediaCommand, MediaNotice, PortId, Shard, ShardConfig};
use rtrb::{Consumer, Producer, PushError, RingBuffer};
use tokio::sync::Notify;
use tracing::{info, warn};

use self::grid::Grid;
use self::sockets::Sockets;
use self::worker::{Order, Reports, Worker};
use crate::clock::Clock;
use crate::rtp::PortPair;
use crate::sys::request_real_time;

pub use metrics::{LATENESS_BUCKETS, Lateness, ShardFigures, ShardMetrics};
pub use sockets::{BATCH, DATAGRAM_LEN_MAX, SLICE_DATAGRAMS_MAX};
pub use worker::{NOTICES_WAITING_MAX, SLICE_ORDERS_MAX};

/// Orders that the queue to a shard thread holds.
pub const ORDERS_MAX: usize = 8192;

/// Orders that wait for room in that queue; later ones are refused.
pub const BACKLOG_MAX: usize = 65_536;

/// Notices that the queue from a shard thread holds.
pub const NOTICES_MAX: usize = 8192;

/// Priority among real-time threads: above none of the kernel's own, which are at 50.
pub(crate) const REAL_TIME_PRIORITY: i32 = 20;

/// How a shard thread is set up.
#[derive(Clone, Debug)]
pub struct ShardOptions {
    /// Names the shard.
    pub id: ShardId,
    /// The core to stay on; absent for any.
    pub cpu: Option<usize>,
    /// Whether to ask that the thread runs before ordinary ones (`SCHED_FIFO`).
    pub real_time: bool,
    /// The settings of the shard.
    pub config: ShardConfig,
}

/// How the system schedules a shard thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheduling {
    /// Before all ordinary threads.
    RealTime,
    /// Like any other thread, because it was not asked otherwise.
    Ordinary,
    /// Like any other thread, because the process may not ask for more.
    Denied,
}

impl fmt::Display for Scheduling {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::RealTime => "real-time (SCHED_FIFO)",
            Self::Ordinary => "ordinary",
            Self::Denied => {
                "ordinary, because real-time scheduling is not permitted (give the binary \
                 CAP_SYS_NICE, or the service LimitRTPRIO=20)"
            }
        })
    }
}

/// Why a shard thread did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ShardError {
    /// The system gave no thread or no descriptor.
    #[error("media shard {} cannot start: {source}", id.0)]
    Start {
        /// The shard.
        id: ShardId,
        /// What the system said.
        source: io::Error,
    },
    /// The thread ended before it reported.
    #[error("media shard {} ended while it started", id.0)]
    Ended {
        /// The shard.
        id: ShardId,
    },
}

/// Too many orders wait for a shard thread.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("media shard {} is {BACKLOG_MAX} orders behind", shard.0)]
pub struct BacklogFull {
    /// The shard.
    pub shard: ShardId,
}

/// Starts shard threads.
#[derive(Debug)]
pub struct ShardThread;

impl ShardThread {
    /// Starts a thread that owns a shard.
    ///
    /// `wake` is notified whenever there are notices to take.
    ///
    /// # Errors
    ///
    /// [`ShardError`] if the system gives no thread or no descriptor.
    pub fn spawn(
        options: ShardOptions,
        clock: Clock,
        wake: Arc<Notify>,
    ) -> Result<ShardHandle, ShardError> {
        let id = options.id;
        let failed = |source| ShardError::Start { id, source };
        let sockets = Sockets::new().map_err(failed)?;
        let (orders, orders_end) = RingBuffer::new(ORDERS_MAX);
        let (notices_end, notices) = RingBuffer::new(NOTICES_MAX);
        let metrics = Arc::new(ShardMetrics::default());
        let stop = Arc::new(AtomicBool::new(false));
        let (report, reported) = mpsc::channel();
        let (thread_metrics, thread_stop) = (Arc::clone(&metrics), Arc::clone(&stop));
        let body = move || {
            let scheduling = schedule(&options);
            let shard = Shard::new(options.config);
            let reports = Reports::new(notices_end, wake);
            let ends = (orders_end, reports);
            let mut worker = Worker::new(options.id, shard, sockets, ends, thread_metrics);
            // The starter waits for the report; without one there is nobody to work for.
            if report.send(scheduling).is_ok() {
                run(&mut worker, clock, &thread_stop);
            }
        };
        let name = format!("shard-{}", id.0);
        let thread = thread::Builder::new()
            .name(name)
            .spawn(body)
            .map_err(failed)?;
        let scheduling = reported.recv().map_err(|_| ShardError::Ended { id })?;
        info!(shard = id.0, %scheduling, "media shard runs");
        Ok(ShardHandle {
            id,
            scheduling,
            orders,
            backlog: VecDeque::new(),
            notices,
            ports: 0,
            free_ports: Vec::new(),
            metrics,
            stop,
            thread: Some(thread),
        })
    }
}

/// The other end of a shard thread: gives it orders and takes its notices.
///
/// Dropping it stops the thread.
#[derive(Debug)]
pub struct ShardHandle {
    id: ShardId,
    scheduling: Scheduling,
    orders: Producer<Order>,
    backlog: VecDeque<Order>,
    notices: Consumer<MediaNotice>,
    /// Names of pairs given so far, and those of closed pairs, which are given again.
    ports: u32,
    free_ports: Vec<PortId>,
    metrics: Arc<ShardMetrics>,
    stop: Arc<AtomicBool>,
    thread: Option<JoinHandle<()>>,
}

impl ShardHandle {
    /// Returns the name of the shard.
    #[must_use]
    pub const fn id(&self) -> ShardId {
        self.id
    }

    /// Returns how the system schedules the thread.
    #[must_use]
    pub const fn scheduling(&self) -> Scheduling {
        self.scheduling
    }

    /// Returns the figures of the thread.
    #[must_use]
    pub fn metrics(&self) -> &Arc<ShardMetrics> {
        &self.metrics
    }

    /// Gives an order to the shard. Orders arrive in the order they were given.
    ///
    /// # Errors
    ///
    /// [`BacklogFull`] if the thread is hopelessly behind; the order is lost.
    pub fn command(&mut self, command: MediaCommand) -> Result<(), BacklogFull> {
        let closed = match command {
            MediaCommand::RemovePort { port } => Some(port),
            _ => None,
        };
        self.order(Order::Command(command))?;
        self.free_ports.extend(closed);
        Ok(())
    }

    /// Hands sockets over; returns the name under which orders may use them from here on.
    ///
    /// # Errors
    ///
    /// [`BacklogFull`] as for [`command`](Self::command); the sockets are closed.
    pub fn add_port(&mut self, pair: PortPair) -> Result<PortId, BacklogFull> {
        let port = self
            .free_ports
            .last()
            .copied()
            .unwrap_or(PortId(self.ports));
        self.order(Order::Port(port, pair))?;
        if self.free_ports.pop().is_none() {
            self.ports += 1;
        }
        Ok(port)
    }

    /// Tells whether orders wait for room in the queue; [`flush`](Self::flush) moves them on.
    #[must_use]
    pub fn is_behind(&self) -> bool {
        !self.backlog.is_empty()
    }

    /// Moves waiting orders into the queue, as far as it has room.
    pub fn flush(&mut self) {
        while let Some(order) = self.backlog.pop_front() {
            if let Err(PushError::Full(order)) = self.orders.push(order) {
                self.backlog.push_front(order);
                return;
            }
        }
    }

    /// Takes the oldest notice.
    pub fn notice(&mut self) -> Option<MediaNotice> {
        self.notices.pop().ok()
    }

    /// Stops the thread, waits for its end and closes its sockets.
    pub fn stop(mut self) {
        self.end();
    }

    fn order(&mut self, order: Order) -> Result<(), BacklogFull> {
        self.flush();
        if self.backlog.is_empty() {
            let Err(PushError::Full(order)) = self.orders.push(order) else {
                return Ok(());
            };
            self.backlog.push_back(order);
            return Ok(());
        }
        if self.backlog.len() >= BACKLOG_MAX {
            return Err(BacklogFull { shard: self.id });
        }
        self.backlog.push_back(order);
        Ok(())
    }

    fn end(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        if let Some(thread) = self.thread.take()
            && thread.join().is_err()
        {
            warn!(shard = self.id.0, "the thread of the shard had panicked");
        }
    }
}

impl Drop for ShardHandle {
    fn drop(&mut self) {
        self.end();
    }
}

fn run(worker: &mut Worker<Shard>, clock: Clock, stop: &AtomicBool) {
    let mut grid = Grid::starting_after(clock.now());
    while !stop.load(Ordering::Relaxed) {
        clock.sleep_until(grid.deadline());
        let now = clock.now();
        if let Some(slice) = grid.due(now) {
            worker.run(now, slice);
            worker.metrics.worked(clock.now().since(now));
        }
    }
}

/// Settles where and how the calling thread runs.
fn schedule(options: &ShardOptions) -> Scheduling {
    // Without this an ordinary thread wakes up to 50 us late.
    let _ = nix::sys::prctl::set_timerslack(1);
    if let Some(cpu) = options.cpu {
        let mut cpus = CpuSet::new();
        let pinned = cpus
            .set(cpu)
            .and_then(|()| sched_setaffinity(Pid::from_raw(0), &cpus));
        if let Err(error) = pinned {
            warn!(shard = options.id.0, cpu, %error, "the shard could not be pinned to a core");
        }
    }
    if !options.real_time {
        return Scheduling::Ordinary;
    }
    match request_real_time(REAL_TIME_PRIORITY) {
        Ok(()) => Scheduling::RealTime,
        Err(_) => Scheduling::Denied,
    }
}
