//! Signs of life of one connection, and the pings that ask for them.

use std::future::pending;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering::Relaxed};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use tokio::sync::watch;
use tokio::time::{Instant, sleep_until};

use crate::random;

/// What the two directions of a connection tell each other.
pub(super) struct Life {
    /// When something was last said, in either direction.
    last: Mutex<Instant>,
    /// Pings written that the reader has not been told of.
    pings: AtomicU32,
    /// Whether the answer to a ping is missing.
    is_asked: AtomicBool,
}

impl Life {
    pub(super) fn begin() -> Self {
        Self {
            last: Mutex::new(Instant::now()),
            pings: AtomicU32::new(0),
            is_asked: AtomicBool::new(false),
        }
    }

    pub(super) fn note(&self) {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    pub(super) fn last(&self) -> Instant {
        *self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Returns how many pings were written since the last time.
    pub(super) fn take_pings(&self) -> u32 {
        self.pings.swap(0, Relaxed)
    }

    /// The peer has answered a ping.
    pub(super) fn answered(&self) {
        self.is_asked.store(false, Relaxed);
    }

    fn ask(&self) {
        self.pings.fetch_add(1, Relaxed);
        self.is_asked.store(true, Relaxed);
    }
}

/// Says when to ping, and when to give up on the answer.
pub(super) struct Pinger {
    every: watch::Receiver<Option<Duration>>,
    patience: Duration,
    plan: Plan,
}

#[derive(Clone, Copy)]
enum Plan {
    Nothing,
    /// To ping at this time.
    Ping(Instant),
    /// To have the answer by this time.
    Answer(Instant),
}

/// What the pinger has found.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Waking {
    /// It is time to ping.
    Ping,
    /// A ping was not answered in time.
    Dead,
}

impl Pinger {
    /// Pings as often as `every` says, which may change; waits `patience` for each answer.
    pub(super) fn new(every: watch::Receiver<Option<Duration>>, patience: Duration) -> Self {
        let mut pinger = Self {
            every,
            patience,
            plan: Plan::Nothing,
        };
        pinger.plan_next();
        pinger
    }

    /// Waits until there is something to do, which may be never.
    ///
    /// # Cancel safety
    ///
    /// Nothing is lost when it is dropped.
    pub(super) async fn wake(&mut self, life: &Life) -> Waking {
        loop {
            tokio::select! {
                () = due(self.plan) => {}
                () = changed(&mut self.every) => {
                    if !matches!(self.plan, Plan::Answer(_)) {
                        self.plan_next();
                    }
                    continue;
                }
            }
            match self.plan {
                Plan::Ping(_) => {
                    life.ask();
                    self.plan = Plan::Answer(Instant::now() + self.patience);
                    return Waking::Ping;
                }
                Plan::Answer(_) if life.is_asked.load(Relaxed) => return Waking::Dead,
                Plan::Answer(_) | Plan::Nothing => self.plan_next(),
            }
        }
    }

    /// RFC 5626 4.4: at random between 80 % and all of the interval, so that the pings of many
    /// connections do not meet.
    fn plan_next(&mut self) {
        let Some(every) = *self.every.borrow_and_update() else {
            self.plan = Plan::Nothing;
            return;
        };
        let dice = u32::try_from(random::number().unwrap_or(0) % 21).unwrap_or(0);
        self.plan = Plan::Ping(Instant::now() + every * (80 + dice) / 100);
    }
}

async fn due(plan: Plan) {
    match plan {
        Plan::Nothing => pending().await,
        Plan::Ping(at) | Plan::Answer(at) => sleep_until(at).await,
    }
}

async fn changed(every: &mut watch::Receiver<Option<Duration>>) {
    // A sender that is gone changes nothing any more.
    if every.changed().await.is_err() {
        pending().await
    }
}
