//! The task that owns a phone: its SIP machine, its shard and all its calls.

mod control;
mod digits;
mod events;
mod media;
mod notices;
mod session;
mod setup;
mod sip;
mod update;

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use plenum_media::LegId;
use plenum_runtime::Input;
use plenum_runtime::clock::Clock;
use plenum_runtime::sip::SipListen;
use plenum_sip_msg::StatusCode;
use plenum_sip_ua::{CallKey, ExtraHeaders};
use plenum_time::{Instant, TimerQueue};
use tokio::sync::{Notify, mpsc, oneshot};
use tracing::{debug, warn};

use self::media::Media;
use self::session::Session;
use self::sip::Sip;
use crate::config::PhoneConfig;
use crate::error::SessionError;
use crate::incoming::IncomingCall;
use crate::link::{CallId, Link, Order};
use crate::state::State;

/// Messages that wait for the driver.
const INPUTS_MAX: usize = 4096;

/// How long the final figures of a call are waited for.
const FIGURES_PATIENCE: Duration = Duration::from_secs(1);

/// How soon orders are passed on that the media thread had no room for.
const BACKLOG_PAUSE: Duration = Duration::from_millis(5);

/// How long connections may write what waits when the phone stops.
const CLOSE_PATIENCE: Duration = Duration::from_millis(200);

/// What a caller is told whose call is dropped unanswered.
const NOT_ANSWERED: &str = "the call was not answered; call again later";

/// Starts the driver of a phone; returns where it listens.
pub(crate) async fn start(
    config: PhoneConfig,
    link: Link,
    orders: mpsc::Receiver<Order>,
    incoming: mpsc::Sender<IncomingCall>,
    wake: Arc<Notify>,
) -> Result<Vec<SipListen>, SessionError> {
    let clock = Clock::start();
    let (inputs_end, inputs) = mpsc::channel(INPUTS_MAX);
    let sip = Sip::bind(&config, clock, inputs_end).await?;
    let media = Media::start(&config, clock, Arc::clone(&wake))?;
    let listens = sip.listens().to_vec();
    let driver = Driver {
        config,
        sip,
        media,
        link,
        incoming,
        sessions: BTreeMap::new(),
        keys: BTreeMap::new(),
        legs: BTreeMap::new(),
        calls: 0,
        ending: TimerQueue::new(),
        stopping: None,
    };
    tokio::spawn(driver.run(inputs, orders, wake));
    Ok(listens)
}

/// All that a phone is.
#[derive(Debug)]
struct Driver {
    config: PhoneConfig,
    sip: Sip,
    media: Media,
    link: Link,
    incoming: mpsc::Sender<IncomingCall>,
    sessions: BTreeMap<CallId, Session>,
    keys: BTreeMap<CallKey, CallId>,
    legs: BTreeMap<LegId, CallId>,
    calls: u64,
    /// Calls that wait for their final figures.
    ending: TimerQueue<CallId>,
    stopping: Option<Stopping>,
}

/// The phone ends its calls.
#[derive(Debug)]
struct Stopping {
    deadline: Instant,
    done: Vec<oneshot::Sender<()>>,
}

impl Driver {
    async fn run(
        mut self,
        mut inputs: mpsc::Receiver<Input>,
        mut orders: mpsc::Receiver<Order>,
        wake: Arc<Notify>,
    ) {
        while !self.is_done() {
            let deadline = self.next_deadline();
            let sleep = async {
                match deadline {
                    Some(at) => tokio::time::sleep_until(at.into()).await,
                    None => std::future::pending().await,
                }
            };
            tokio::select! {
                Some(input) = inputs.recv() => self.sip.input(input),
                Some(order) = orders.recv() => self.order(order),
                () = wake.notified() => self.woken(),
                () = sleep => self.elapsed(),
            }
            self.settle();
        }
        self.close().await;
    }

    fn next_deadline(&self) -> Option<std::time::Instant> {
        let clock = self.sip.clock();
        let behind = self.media.is_behind().then(|| clock.now() + BACKLOG_PAUSE);
        let stopping = self.stopping.as_ref().map(|stopping| stopping.deadline);
        [
            self.sip.next_deadline(),
            self.ending.next_deadline(),
            stopping,
            behind,
        ]
        .into_iter()
        .flatten()
        .min()
        .map(|at| clock.to_std(at))
    }

    /// Acts on all that the SIP machine has to say.
    fn settle(&mut self) {
        while let Some(event) = self.sip.next_event() {
            self.sip_event(event);
        }
        self.media.flush();
    }

    fn order(&mut self, order: Order) {
        match order {
            Order::Dial { to, config, reply } => reply.send(self.dial(&to, &config)),
            Order::Call { call, wish } => self.wish(call, wish),
            Order::Stop { done } => self.stop(Some(done)),
        }
    }

    /// The media thread has notices, or handles were dropped.
    fn woken(&mut self) {
        while let Some(notice) = self.media.notice() {
            self.media_notice(notice);
        }
        let (calls, phone) = self.link.take_abandoned();
        for call in calls {
            self.abandon(call);
        }
        if phone {
            self.stop(None);
        }
    }

    fn elapsed(&mut self) {
        let now = self.sip.now();
        self.sip.timeout();
        while let Some((_, call)) = self.ending.pop_due(now) {
            warn!(
                call = call.0,
                "the media thread did not report the figures of a call"
            );
            self.finish(call, None);
        }
    }

    fn stop(&mut self, done: Option<oneshot::Sender<()>>) {
        let deadline = self.sip.now() + self.config.stop_patience;
        let stopping = self.stopping.get_or_insert_with(|| Stopping {
            deadline,
            done: Vec::new(),
        });
        stopping.done.extend(done);
        let calls: Vec<CallId> = self.sessions.keys().copied().collect();
        for call in calls {
            self.abandon(call);
        }
    }

    fn is_done(&self) -> bool {
        let is_over =
            |stopping: &Stopping| self.sessions.is_empty() || stopping.deadline <= self.sip.now();
        self.stopping.as_ref().is_some_and(is_over)
    }

    /// Ends a call that nobody wants any more.
    fn abandon(&mut self, call: CallId) {
        let Some(session) = self.sessions.get_mut(&call) else {
            return;
        };
        let ended = match session.state() {
            State::Incoming => self.sip.reject(
                session.key,
                StatusCode::TEMPORARILY_UNAVAILABLE,
                NOT_ANSWERED,
            ),
            _ => self.sip.hang_up(session.key, &ExtraHeaders::none()),
        };
        session.end_locally();
        if let Err(error) = ended {
            debug!(call = call.0, %error, "not hung up");
        }
    }

    async fn close(self) {
        let left = self.sessions.len();
        if left > 0 {
            debug!(left, "the phone stops before all calls have ended");
        }
        let Self {
            sip,
            media,
            stopping,
            ..
        } = self;
        sip.close(CLOSE_PATIENCE).await;
        // Joining a thread blocks, if only for a slice.
        let _ = tokio::task::spawn_blocking(move || media.stop()).await;
        for done in stopping.into_iter().flat_map(|stopping| stopping.done) {
            let _ = done.send(());
        }
    }
}
