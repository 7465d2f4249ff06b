use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use plenum_control::{Input, Output, ShardId};
use plenum_media::MediaCommand;
use tokio::sync::{Notify, mpsc};
use tracing::{debug, error, warn};

use super::metrics::ControlMetrics;
use crate::files::FileWorkers;
use crate::rtp::{PortPair, PortPool};
use crate::shard::ShardHandle;
use crate::sip::SipTransports;

/// Batches of bound port pairs that wait to be handed over.
const BOUND_WAITING_MAX: usize = 64;

/// How long connections may write what waits when everything ends.
const CLOSE_TIMEOUT: Duration = Duration::from_secs(2);

/// Everything that the control task can order about.
pub(super) struct World {
    pub(super) transports: SipTransports,
    pub(super) shards: Vec<ShardHandle>,
    /// Notified when a shard has notices.
    pub(super) wake: Arc<Notify>,
    files: FileWorkers,
    ports: Arc<Mutex<PortPool>>,
    bound: mpsc::Sender<Bound>,
    metrics: Arc<ControlMetrics>,
    /// What became of orders at once.
    pub(super) answers: VecDeque<Input>,
}

/// Port pairs that a helper has bound.
pub(super) struct Bound {
    shard: ShardId,
    pairs: Vec<PortPair>,
    shortage: Option<String>,
}

impl World {
    pub(super) fn new(
        transports: SipTransports,
        (shards, wake): (Vec<ShardHandle>, Arc<Notify>),
        files: FileWorkers,
        ports: PortPool,
        metrics: Arc<ControlMetrics>,
    ) -> (Self, mpsc::Receiver<Bound>) {
        let (bound, bound_queue) = mpsc::channel(BOUND_WAITING_MAX);
        let ports = Arc::new(Mutex::new(ports));
        let answers = VecDeque::new();
        let world = Self {
            transports,
            shards,
            wake,
            files,
            ports,
            bound,
            metrics,
            answers,
        };
        (world, bound_queue)
    }

    /// Carries out an order; never waits.
    pub(super) fn obey(&mut self, output: Output) {
        let outcome = match output {
            Output::Send { flow, bytes } => self.transports.send(flow, bytes),
            Output::NamePeer { peer, name } => {
                self.transports.name_peer(peer, &name);
                Ok(())
            }
            Output::KeepAlive { flow, every } => {
                self.transports.keep_alive(flow, every);
                Ok(())
            }
            Output::Media { shard, command } => {
                self.command(shard, command);
                Ok(())
            }
            Output::BindPorts { shard, count } => {
                self.bind(shard, count);
                Ok(())
            }
            Output::LoadSound { job, sound } => self.files.load_sound(job, sound),
            Output::OpenRecording { recording, file } => self.files.open_recording(recording, file),
            Output::WriteRecording { recording, buffer } => {
                self.files.write_recording(recording, buffer)
            }
            Output::CloseRecording { recording, last } => {
                self.files.close_recording(recording, last)
            }
            other => {
                error!(order = ?std::mem::discriminant(&other), "an order nobody carries out");
                Ok(())
            }
        };
        self.answers.extend(outcome.err());
    }

    /// Takes the notices of all shards, `limit` of each at most; returns whether some are left.
    pub(super) fn notices(&mut self, limit: usize, inputs: &mut Vec<Input>) -> bool {
        let mut left = false;
        for handle in &mut self.shards {
            let shard = handle.id();
            let mut taken = 0;
            while taken < limit
                && let Some(notice) = handle.notice()
            {
                inputs.push(Input::Media { shard, notice });
                taken += 1;
            }
            left |= taken == limit;
        }
        left
    }

    /// Tells whether orders wait for a shard.
    pub(super) fn is_behind(&self) -> bool {
        self.shards.iter().any(ShardHandle::is_behind)
    }

    /// Moves waiting orders on to the shards.
    pub(super) fn flush(&mut self) {
        self.shards.iter_mut().for_each(ShardHandle::flush);
    }

    /// Hands bound port pairs to their shard; returns what the machine is to be told.
    pub(super) fn hand_over(&mut self, bound: Bound) -> Option<Input> {
        let Bound {
            shard,
            pairs,
            mut shortage,
        } = bound;
        let handle = self.shards.iter_mut().find(|handle| handle.id() == shard)?;
        let mut ports = Vec::with_capacity(pairs.len());
        for pair in pairs {
            let rtp_port = pair.port;
            match handle.add_port(pair) {
                Ok(port) => ports.push((port, rtp_port)),
                Err(full) => shortage = Some(full.to_string()),
            }
        }
        match &shortage {
            Some(sentence) => warn!(shard = shard.0, bound = ports.len(), %sentence, "RTP ports"),
            None => debug!(shard = shard.0, bound = ports.len(), "RTP port pairs bound"),
        }
        Some(Input::PortsBound {
            shard,
            ports,
            shortage,
        })
    }

    /// Closes everything, in an order in which nobody waits for anybody who is gone.
    pub(super) async fn close(self) {
        let Self {
            transports,
            shards,
            files,
            ..
        } = self;
        transports.close(CLOSE_TIMEOUT).await;
        let blocking = move || {
            shards.into_iter().for_each(ShardHandle::stop);
            files.stop();
        };
        if tokio::task::spawn_blocking(blocking).await.is_err() {
            error!("the threads were not all ended");
        }
    }

    fn command(&mut self, shard: ShardId, command: MediaCommand) {
        let Some(handle) = self.shards.iter_mut().find(|handle| handle.id() == shard) else {
            error!(shard = shard.0, "an order for a shard that does not exist");
            return;
        };
        if let Err(full) = handle.command(command) {
            ControlMetrics::add(&self.metrics.media_orders_lost, 1);
            let lost = self.metrics.read().media_orders_lost;
            if lost.is_power_of_two() {
                error!(shard = shard.0, lost, %full, "order to a shard lost");
            }
        }
    }

    /// Binds ports where it may take its time.
    fn bind(&self, shard: ShardId, count: u16) {
        let (ports, bound) = (Arc::clone(&self.ports), self.bound.clone());
        tokio::task::spawn_blocking(move || {
            let (pairs, shortage) = ports
                .lock()
                .unwrap_or_else(PoisonError::into_inner)
                .bind_pairs(count);
            // A control task that is gone needs no ports.
            let _ = bound.blocking_send(Bound {
                shard,
                pairs,
                shortage,
            });
        });
    }
}
