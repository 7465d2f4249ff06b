//! The driver: one machine, its sockets, shards and files, in real time.
//!
//! One task owns the [`Machine`] alone. It takes inputs from bounded queues, calls the machine
//! with the time, and carries out the orders that come back; it never waits while it does so.
//! [`ControlHandle`] asks the machine from other tasks.

mod call_log;
mod driver;
mod handle;
mod machine;
mod metrics;
#[cfg(test)]
mod tests;
mod world;

use std::fmt;
use std::io;
use std::sync::Arc;

use nix::sched::{CpuSet, sched_getaffinity};
use nix::unistd::Pid;
use plenum_control::{Addresses, ShardId};
use plenum_media::ShardConfig;
use tokio::sync::{Notify, mpsc, watch};
use tokio::task::JoinHandle;

use self::driver::{Driver, Queues};
use self::world::World;
use crate::clock::Clock;
use crate::files::{FileWorkers, FilesConfig};
use crate::random;
use crate::rtp::{PortPool, PortRange};
use crate::shard::{Scheduling, ShardError, ShardHandle, ShardMetrics, ShardOptions, ShardThread};
use crate::sip::{BindError, SipListen, SipMetrics, SipOptions, SipTransports};

pub use driver::{INPUTS_PER_TURN, NOTICES_PER_TURN};
pub use handle::{ControlHandle, Ending, RequestError};
pub use machine::Machine;
pub use metrics::{ControlFigures, ControlMetrics};

/// Inputs that wait for the machine. Later datagrams are dropped; everyone else waits.
pub const INPUTS_MAX: usize = 16_384;

/// Requests that wait for the machine; later ones wait in their tasks.
pub const REQUESTS_MAX: usize = 1024;

/// What a server is made of.
#[derive(Clone, Debug)]
pub struct ServerConfig {
    /// Where to listen for SIP.
    pub sip: Vec<SipListen>,
    /// How SIP is spoken there.
    pub sip_options: SipOptions,
    /// Addresses of the RTP ports.
    pub rtp_bind: Addresses,
    /// Range of the RTP ports.
    pub rtp_ports: PortRange,
    /// The media shards. Seed and wall clock of each are filled in at the start.
    pub shards: Vec<ShardOptions>,
    /// Where files are.
    pub files: FilesConfig,
}

impl ServerConfig {
    /// Builds the options of `count` shards, one for each of the last cores the process may use.
    ///
    /// With one core, or more shards than cores, they run where the system puts them. Where audio
    /// takes a whole core, the kernel keeps a share of it for ordinary threads
    /// (`sched_rt_runtime_us`), so that calls can still be ended.
    #[must_use]
    pub fn shards(count: u16, real_time: bool, config: &ShardConfig) -> Vec<ShardOptions> {
        let cores = permitted_cores();
        let first = cores
            .len()
            .checked_sub(usize::from(count))
            .filter(|_| cores.len() > 1);
        (0..count)
            .map(|index| ShardOptions {
                id: ShardId(index),
                cpu: first.map(|first| cores[first + usize::from(index)]),
                real_time,
                config: config.clone(),
            })
            .collect()
    }
}

/// Returns the cores that the process may use, in their order.
fn permitted_cores() -> Vec<usize> {
    let Ok(permitted) = sched_getaffinity(Pid::from_raw(0)) else {
        return Vec::new();
    };
    (0..CpuSet::count())
        .filter(|core| permitted.is_set(*core).unwrap_or(false))
        .collect()
}

/// Why a server did not start.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// A SIP address cannot be listened on.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// A shard thread did not start.
    #[error(transparent)]
    Shard(#[from] ShardError),
    /// The system gave no thread or no randomness.
    #[error("the server cannot start: {0}")]
    System(#[from] io::Error),
}

/// What is known once everything is bound, before the machine is built.
#[derive(Clone, Debug)]
pub struct Facts {
    /// The SIP addresses with their real ports.
    pub sip: Vec<SipListen>,
    /// The shards, and how the system schedules each.
    pub shards: Vec<(ShardId, Scheduling)>,
    /// A seed for the machine.
    pub seed: [u8; 32],
    /// The clock that the machine will see.
    pub clock: Clock,
}

/// A running server. Dropping it ends it at once.
pub struct Server<M: Machine> {
    handle: ControlHandle<M>,
    facts: Facts,
    sip: Arc<SipMetrics>,
    shards: Vec<Arc<ShardMetrics>>,
    task: JoinHandle<()>,
}

impl<M: Machine> Server<M> {
    /// Binds everything, builds the machine and starts to drive it.
    ///
    /// # Errors
    ///
    /// [`StartError`] with the sentence for the user; nothing runs then.
    pub async fn start(
        config: ServerConfig,
        build: impl FnOnce(&Facts, &mut M::Outbox) -> M,
    ) -> Result<Self, StartError> {
        let clock = Clock::start();
        let (inputs, input_queue) = mpsc::channel(INPUTS_MAX);
        let transports =
            SipTransports::bind(&config.sip, config.sip_options, inputs.clone()).await?;
        let wake = Arc::new(Notify::new());
        let shards = spawn_shards(config.shards, clock, &wake)?;
        let files = FileWorkers::start(config.files, inputs)?;
        let facts = Facts {
            sip: transports.listens().to_vec(),
            shards: shards
                .iter()
                .map(|shard| (shard.id(), shard.scheduling()))
                .collect(),
            seed: random::seed()?,
            clock,
        };
        let mut out = M::Outbox::default();
        let machine = build(&facts, &mut out);
        let metrics = Arc::new(ControlMetrics::default());
        let sip = Arc::clone(transports.metrics());
        let shard_metrics = shards
            .iter()
            .map(|shard| Arc::clone(shard.metrics()))
            .collect();
        let ports = PortPool::new(config.rtp_bind, config.rtp_ports);
        let (world, bound) = World::new(
            transports,
            (shards, wake),
            files,
            ports,
            Arc::clone(&metrics),
        );
        let (asks, ask_queue) = mpsc::channel(REQUESTS_MAX);
        let (journal, journal_watch) = watch::channel(machine.journal_head());
        let queues = Queues {
            inputs: input_queue,
            asks: ask_queue,
            bound,
        };
        let handle = ControlHandle::new(asks, journal_watch, Arc::clone(&metrics));
        let driver = Driver {
            machine,
            out,
            clock,
            world,
            queues,
            journal,
            metrics,
            ending: None,
        };
        let task = tokio::spawn(driver.run());
        Ok(Self {
            handle,
            facts,
            sip,
            shards: shard_metrics,
            task,
        })
    }

    /// Returns what asks the machine.
    #[must_use]
    pub const fn handle(&self) -> &ControlHandle<M> {
        &self.handle
    }

    /// Returns what was known when the machine was built.
    #[must_use]
    pub const fn facts(&self) -> &Facts {
        &self.facts
    }

    /// Returns the figures of the SIP transports.
    #[must_use]
    pub const fn sip_metrics(&self) -> &Arc<SipMetrics> {
        &self.sip
    }

    /// Returns the figures of the shard threads, in the order of the shards.
    #[must_use]
    pub fn shard_metrics(&self) -> &[Arc<ShardMetrics>] {
        &self.shards
    }
}

impl<M: Machine> fmt::Debug for Server<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Server")
            .field("facts", &self.facts)
            .finish_non_exhaustive()
    }
}

impl<M: Machine> Drop for Server<M> {
    fn drop(&mut self) {
        self.task.abort();
    }
}

fn spawn_shards(
    options: Vec<ShardOptions>,
    clock: Clock,
    wake: &Arc<Notify>,
) -> Result<Vec<ShardHandle>, StartError> {
    let mut shards = Vec::with_capacity(options.len());
    for mut options in options {
        options.config.seed = random::number()?;
        options.config.wall_at_zero = clock.wall_at_zero();
        shards.push(ShardThread::spawn(options, clock, Arc::clone(wake))?);
    }
    Ok(shards)
}
