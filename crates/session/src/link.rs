//! How the handles reach the driver.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use plenum_media::{End, LegStats, PlaybackId, RecordingId, Source};
use plenum_sip_msg::StatusCode;
use tokio::sync::{Notify, mpsc, oneshot};

use crate::call::{Call, DigitMethod};
use crate::config::CallConfig;
use crate::destination::Destination;
use crate::error::SessionError;

/// Orders that wait for the driver; whoever gives one more waits.
pub(crate) const ORDERS_MAX: usize = 1024;

/// Names one call of one phone; never used again.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct CallId(pub(crate) u64);

/// Where the driver puts the outcome of an order. Dropping it says that the call is gone.
#[derive(Debug)]
pub(crate) struct Reply<T>(oneshot::Sender<Result<T, SessionError>>);

impl<T> Reply<T> {
    /// Answers; whoever no longer waits does not want to know.
    pub(crate) fn send(self, outcome: Result<T, SessionError>) {
        let _ = self.0.send(outcome);
    }
}

/// What the driver is asked for.
#[derive(Debug)]
pub(crate) enum Order {
    Dial {
        to: Box<Destination>,
        config: CallConfig,
        reply: Reply<Call>,
    },
    Call {
        call: CallId,
        wish: Wish,
    },
    Stop {
        done: oneshot::Sender<()>,
    },
}

/// What is wanted of one call.
#[derive(Debug)]
pub(crate) enum Wish {
    Ring {
        reply: Reply<()>,
    },
    Answer {
        config: CallConfig,
        reply: Reply<()>,
    },
    Reject {
        status: StatusCode,
        text: String,
        reply: Reply<()>,
    },
    HangUp {
        reply: Reply<()>,
    },
    Cancel {
        reply: Reply<()>,
    },
    Hold {
        reply: Reply<()>,
    },
    Resume {
        reply: Reply<()>,
    },
    Move {
        reply: Reply<()>,
    },
    SendDigits {
        digits: String,
        method: DigitMethod,
        reply: Reply<()>,
    },
    Echo {
        on: bool,
        reply: Reply<()>,
    },
    Play {
        source: Source,
        end: oneshot::Sender<End>,
        reply: Reply<PlaybackId>,
    },
    StopPlayback {
        playback: PlaybackId,
    },
    Record {
        queue: mpsc::Sender<Vec<i16>>,
        reply: Reply<RecordingId>,
    },
    StopRecording {
        recording: RecordingId,
    },
    Stats {
        reply: Reply<LegStats>,
    },
}

/// A way to the driver.
#[derive(Clone, Debug)]
pub(crate) struct Link {
    orders: mpsc::Sender<Order>,
    abandoned: Arc<Abandoned>,
}

impl Link {
    pub(crate) fn new(wake: Arc<Notify>) -> (Self, mpsc::Receiver<Order>) {
        let (orders, queue) = mpsc::channel(ORDERS_MAX);
        let (calls, phone) = (Mutex::new(Vec::new()), AtomicBool::new(false));
        let abandoned = Arc::new(Abandoned { calls, phone, wake });
        (Self { orders, abandoned }, queue)
    }

    /// Gives an order and waits for its outcome.
    pub(crate) async fn ask<T>(
        &self,
        order: impl FnOnce(Reply<T>) -> Order,
    ) -> Result<T, SessionError> {
        let (reply, outcome) = oneshot::channel();
        let order = order(Reply(reply));
        self.orders
            .send(order)
            .await
            .map_err(|_| SessionError::Stopped)?;
        outcome.await.map_err(|_| SessionError::Stopped)?
    }

    /// Gives an order whose outcome nobody waits for, if there is room.
    pub(crate) fn tell(&self, call: CallId, wish: Wish) -> bool {
        self.orders.try_send(Order::Call { call, wish }).is_ok()
    }

    /// Tells the driver to stop and waits until it has.
    pub(crate) async fn stop(&self) {
        let (done, stopped) = oneshot::channel();
        if self.orders.send(Order::Stop { done }).await.is_ok() {
            let _ = stopped.await;
        }
    }

    /// Notes that nobody holds a call any more. Never blocks and never fails.
    pub(crate) fn abandon(&self, call: CallId) {
        self.abandoned.calls().push(call);
        self.abandoned.wake.notify_one();
    }

    /// Notes that nobody holds the phone any more.
    pub(crate) fn abandon_phone(&self) {
        self.abandoned.phone.store(true, Ordering::Release);
        self.abandoned.wake.notify_one();
    }

    /// Takes the calls that nobody holds any more, and tells whether the phone is one of them.
    pub(crate) fn take_abandoned(&self) -> (Vec<CallId>, bool) {
        let calls = std::mem::take(&mut *self.abandoned.calls());
        (calls, self.abandoned.phone.load(Ordering::Acquire))
    }
}

/// What was dropped. At most one entry for each call that exists.
#[derive(Debug)]
struct Abandoned {
    calls: Mutex<Vec<CallId>>,
    phone: AtomicBool,
    wake: Arc<Notify>,
}

impl Abandoned {
    fn calls(&self) -> std::sync::MutexGuard<'_, Vec<CallId>> {
        // A list of names is whole after each push.
        self.calls.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
