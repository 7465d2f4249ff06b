use std::time::Duration;

use plenum_codecs::Codec;
use plenum_media::{LegStats, Source};
use tokio::sync::{Mutex, mpsc, oneshot, watch};

use crate::audio::{Playback, RECORDING_BUFFERS_WAITING_MAX, Recording};
use crate::error::SessionError;
use crate::event::{CallEvent, Ended};
use crate::link::{CallId, Link, Order, Reply, Wish};
use crate::state::{CallStatus, State};

/// Events that wait to be taken; later ones but [`CallEvent::Ended`] are lost.
pub const EVENTS_WAITING_MAX: usize = 256;

/// One call of a [`Phone`](crate::Phone). Dropping it hangs up.
#[derive(Debug)]
pub struct Call {
    id: CallId,
    link: Link,
    status: watch::Receiver<CallStatus>,
    events: Mutex<mpsc::Receiver<CallEvent>>,
}

/// How digits are sent.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum DigitMethod {
    /// As RTP packets (RFC 4733).
    #[default]
    Rtp,
    /// As INFO requests with `application/dtmf-relay`.
    Info,
}

impl Call {
    pub(crate) fn new(
        id: CallId,
        link: Link,
        status: watch::Receiver<CallStatus>,
        events: mpsc::Receiver<CallEvent>,
    ) -> Self {
        Self {
            id,
            link,
            status,
            events: Mutex::new(events),
        }
    }

    /// Waits for the next event; none follows [`CallEvent::Ended`].
    ///
    /// # Cancel safety
    ///
    /// No event is lost when the future is dropped.
    pub async fn next_event(&self) -> Option<CallEvent> {
        self.events.lock().await.recv().await
    }

    /// Returns what is known of the call.
    #[must_use]
    pub fn status(&self) -> CallStatus {
        self.status.borrow().clone()
    }

    /// Returns where the call is in its life.
    #[must_use]
    pub fn state(&self) -> State {
        self.status.borrow().state
    }

    /// Returns the codec we send with, once agreed.
    #[must_use]
    pub fn codec(&self) -> Option<Codec> {
        self.status.borrow().codec
    }

    /// Waits until the call is up. Takes no events.
    ///
    /// # Errors
    ///
    /// [`SessionError::Ended`] if it ends first.
    pub async fn established(&self) -> Result<(), SessionError> {
        let up = |status: &CallStatus| status.state == State::Established || status.ended.is_some();
        let status = self.wait(up).await?;
        match status.ended {
            None => Ok(()),
            Some(ended) => Err(SessionError::Ended(Box::new(ended))),
        }
    }

    /// Waits until the call is over. Takes no events.
    ///
    /// # Errors
    ///
    /// [`SessionError::Stopped`] if the phone is gone before the call could end.
    pub async fn ended(&self) -> Result<Ended, SessionError> {
        let status = self.wait(|status| status.ended.is_some()).await?;
        status.ended.ok_or(SessionError::Stopped)
    }

    /// Hangs up in whatever state the call is, and waits until it is over.
    ///
    /// A call that was not answered is cancelled, one that came in is refused.
    pub async fn hang_up(&self) -> Ended {
        // A call that is over needs no order; its end is what counts.
        let _ = self.ask(|reply| Wish::HangUp { reply }).await;
        match self.ended().await {
            Ok(ended) => ended,
            Err(_) => Ended::without_confirmation(),
        }
    }

    /// Hangs up and waits for the confirmation only so long.
    ///
    /// The other side may be gone; SIP gives it up after 32 s. Without its confirmation the figures
    /// are those of the moment.
    pub async fn hang_up_within(&self, patience: Duration) -> Ended {
        let figures = self.stats().await;
        match tokio::time::timeout(patience, self.hang_up()).await {
            Ok(ended) => ended,
            Err(_) => {
                let stats = figures.unwrap_or_default();
                Ended {
                    stats,
                    ..Ended::without_confirmation()
                }
            }
        }
    }

    /// Withdraws a call that was not answered, and waits until it is over.
    ///
    /// # Errors
    ///
    /// [`SessionError::WrongState`] if it is answered already.
    pub async fn cancel(&self) -> Result<Ended, SessionError> {
        self.ask(|reply| Wish::Cancel { reply }).await?;
        self.ended().await
    }

    /// Puts the other side on hold and waits until it has agreed. Does nothing when it is.
    ///
    /// # Errors
    ///
    /// [`SessionError::WrongState`] before the call is up, [`SessionError::Refused`].
    pub async fn hold(&self) -> Result<(), SessionError> {
        self.ask(|reply| Wish::Hold { reply }).await
    }

    /// Takes the other side off hold and waits until it has agreed. Does nothing when it is not.
    ///
    /// # Errors
    ///
    /// As for [`hold`](Self::hold).
    pub async fn resume(&self) -> Result<(), SessionError> {
        self.ask(|reply| Wish::Resume { reply }).await
    }

    /// Moves the audio to another RTP port by a re-INVITE, as a phone does that changes its
    /// network, and waits until the other side has agreed.
    ///
    /// # Errors
    ///
    /// As for [`hold`](Self::hold), and [`SessionError::NoPort`].
    pub async fn move_audio(&self) -> Result<(), SessionError> {
        self.ask(|reply| Wish::Move { reply }).await
    }

    /// Sends digits as RTP packets (RFC 4733). Returns once they wait to be sent.
    ///
    /// # Units and range
    ///
    /// `0-9`, `A-D` in either case, `*` and `#`; at most 64 at a time. Each lasts 100 ms with a
    /// pause of 100 ms behind it.
    ///
    /// # Errors
    ///
    /// [`SessionError::NoDigit`], [`SessionError::NoTelephoneEvent`], [`SessionError::Limit`] and
    /// [`SessionError::WrongState`].
    pub async fn send_dtmf(&self, digits: &str) -> Result<(), SessionError> {
        self.send_dtmf_by(digits, DigitMethod::Rtp).await
    }

    /// Sends digits in the way that is asked for. With [`DigitMethod::Info`] it waits until the
    /// other side has taken each.
    ///
    /// # Errors
    ///
    /// As for [`send_dtmf`](Self::send_dtmf), and [`SessionError::Refused`].
    pub async fn send_dtmf_by(
        &self,
        digits: &str,
        method: DigitMethod,
    ) -> Result<(), SessionError> {
        let digits = digits.to_owned();
        self.ask(|reply| Wish::SendDigits {
            digits,
            method,
            reply,
        })
        .await
    }

    /// Plays audio to the other side, beside what is played already.
    ///
    /// # Errors
    ///
    /// [`SessionError::Ended`] and [`SessionError::Limit`].
    pub async fn play(&self, source: Source) -> Result<Playback, SessionError> {
        let (end, ended) = oneshot::channel();
        let id = self.ask(|reply| Wish::Play { source, end, reply }).await?;
        Ok(Playback {
            id,
            call: self.id,
            link: self.link.clone(),
            end: ended,
        })
    }

    /// Records what the other side says.
    ///
    /// # Errors
    ///
    /// [`SessionError::Ended`] and [`SessionError::Limit`].
    pub async fn record(&self) -> Result<Recording, SessionError> {
        let (queue, samples) = mpsc::channel(RECORDING_BUFFERS_WAITING_MAX);
        let id = self.ask(|reply| Wish::Record { queue, reply }).await?;
        Ok(Recording {
            id,
            call: self.id,
            link: self.link.clone(),
            queue: samples,
        })
    }

    /// Sends back what the other side says, in place of what is played.
    ///
    /// # Errors
    ///
    /// [`SessionError::Ended`].
    pub async fn echo(&self, on: bool) -> Result<(), SessionError> {
        self.ask(|reply| Wish::Echo { on, reply }).await
    }

    /// Asks for the figures of the media.
    ///
    /// # Errors
    ///
    /// [`SessionError::Ended`], which holds the final figures.
    pub async fn stats(&self) -> Result<LegStats, SessionError> {
        self.ask(|reply| Wish::Stats { reply }).await
    }

    /// Gives the driver an order for this call.
    pub(crate) async fn ask<T>(
        &self,
        wish: impl FnOnce(Reply<T>) -> Wish,
    ) -> Result<T, SessionError> {
        let call = self.id;
        let outcome = self
            .link
            .ask(|reply| Order::Call {
                call,
                wish: wish(reply),
            })
            .await;
        match outcome {
            Err(SessionError::Stopped) => match self.ended().await {
                Ok(ended) => Err(SessionError::Ended(Box::new(ended))),
                Err(error) => Err(error),
            },
            outcome => outcome,
        }
    }

    async fn wait(
        &self,
        condition: impl FnMut(&CallStatus) -> bool,
    ) -> Result<CallStatus, SessionError> {
        let mut status = self.status.clone();
        let status = status.wait_for(condition).await;
        status
            .map(|status| status.clone())
            .map_err(|_| SessionError::Stopped)
    }
}

impl Drop for Call {
    fn drop(&mut self) {
        self.link.abandon(self.id);
    }
}
