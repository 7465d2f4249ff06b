use std::fmt;
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, oneshot, watch};

use super::machine::Machine;
use super::metrics::ControlMetrics;

/// Asks a running machine from anywhere. Clones ask the same machine.
pub struct ControlHandle<M: Machine> {
    asks: mpsc::Sender<Ask<M>>,
    journal: watch::Receiver<u64>,
    metrics: Arc<ControlMetrics>,
}

/// What crosses to the control task.
pub(super) enum Ask<M: Machine> {
    Request(M::Request, oneshot::Sender<M::Reply>),
    ShutDown {
        timeout: Duration,
        done: oneshot::Sender<Ending>,
    },
}

/// How a shutdown went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ending {
    /// Everything was finished first.
    Drained,
    /// The time was up; what was left is cut off.
    TimedOut,
}

/// The machine does not answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum RequestError {
    /// It has stopped.
    #[error("the server has stopped; start it again")]
    Stopped,
    /// It met a fault of its own while it worked on the request.
    #[error("the server failed on this request; its log says where, please report it")]
    Failed,
}

impl<M: Machine> ControlHandle<M> {
    pub(super) const fn new(
        asks: mpsc::Sender<Ask<M>>,
        journal: watch::Receiver<u64>,
        metrics: Arc<ControlMetrics>,
    ) -> Self {
        Self {
            asks,
            journal,
            metrics,
        }
    }

    /// Asks the machine and waits for its reply.
    ///
    /// # Errors
    ///
    /// [`RequestError`] if there is no reply.
    ///
    /// # Cancel safety
    ///
    /// A request that was given up may have been carried out.
    pub async fn request(&self, request: M::Request) -> Result<M::Reply, RequestError> {
        let (reply, replied) = oneshot::channel();
        let ask = Ask::Request(request, reply);
        self.asks
            .send(ask)
            .await
            .map_err(|_| RequestError::Stopped)?;
        replied.await.map_err(|_| {
            if self.asks.is_closed() {
                RequestError::Stopped
            } else {
                RequestError::Failed
            }
        })
    }

    /// Returns what tells that the journal has grown: its head after the last batch of inputs.
    #[must_use]
    pub fn journal(&self) -> watch::Receiver<u64> {
        self.journal.clone()
    }

    /// Returns the figures of the control task.
    #[must_use]
    pub const fn metrics(&self) -> &Arc<ControlMetrics> {
        &self.metrics
    }

    /// Ends the server: drains the machine for `timeout` at most, then closes everything.
    ///
    /// # Errors
    ///
    /// [`RequestError::Stopped`] if it has already ended.
    pub async fn shut_down(&self, timeout: Duration) -> Result<Ending, RequestError> {
        let (done, ended) = oneshot::channel();
        let ask = Ask::ShutDown { timeout, done };
        self.asks
            .send(ask)
            .await
            .map_err(|_| RequestError::Stopped)?;
        ended.await.map_err(|_| RequestError::Stopped)
    }
}

impl<M: Machine> Clone for ControlHandle<M> {
    fn clone(&self) -> Self {
        let (asks, journal) = (self.asks.clone(), self.journal.clone());
        Self {
            asks,
            journal,
            metrics: Arc::clone(&self.metrics),
        }
    }
}

impl<M: Machine> fmt::Debug for ControlHandle<M> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ControlHandle")
            .field("metrics", &self.metrics)
            .finish_non_exhaustive()
    }
}
