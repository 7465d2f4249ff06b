//! Reliable provisional responses that we send (RFC 3262 3).

use alloc::collections::VecDeque;
use core::time::Duration;

use bytes::Bytes;
use plenum_sip_msg::{HeaderName, Message, MessageBuilder, Method, StatusCode};
use plenum_time::Instant;

use super::Phase;
use super::exchange::Glare;
use crate::body::description_of;
use crate::compose;
use crate::endpoint::Endpoint;
use crate::endpoint::incoming::Received;
use crate::keys::ServerKey;
use crate::transaction::earliest;
use crate::{Body, CallError, CallKey, EndCause, Event, Outbox};

/// Most reliable responses that wait for the PRACK of the one before.
const MAX_QUEUED_PROVISIONALS: usize = 8;
/// RFC 3262 3: the first RSeq is drawn from 1 to 2^31 - 1.
const RSEQ_BOUND: u64 = (1 << 31) - 1;

/// Whether a provisional response must not get lost (RFC 3262).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Reliability {
    /// It is sent once, and again each minute. Sent reliably all the same where the other side
    /// requires it.
    #[default]
    Unreliable,
    /// It is repeated until a PRACK comes, where the other side supports that.
    WherePossible,
}

/// The reliable provisional responses of one INVITE.
#[derive(Debug, Default)]
pub(crate) struct Reliable {
    /// The INVITE says `Supported: 100rel`.
    pub(crate) is_possible: bool,
    /// The INVITE says `Require: 100rel`.
    pub(crate) is_required: bool,
    last: Option<u32>,
    /// The status of the last one, which is repeated each minute.
    status: Option<StatusCode>,
    pending: Option<Unpracked>,
    queue: VecDeque<(StatusCode, Option<Body>)>,
}

/// One that no PRACK has acknowledged.
#[derive(Debug)]
struct Unpracked {
    rseq: u32,
    cseq: u32,
    has_description: bool,
    response: Bytes,
    pause: Duration,
    resend_at: Instant,
    gives_up_at: Instant,
}

impl Reliable {
    pub(crate) fn of(request: &Message, is_wanted: bool) -> Self {
        let has = |is: bool| is_wanted && is;
        let is_required = has(request.require().contains("100rel"));
        Self {
            is_possible: is_required || has(request.supported().contains("100rel")),
            is_required,
            ..Self::default()
        }
    }

    /// Whether one was sent and acknowledged, so that the other side knows the dialog.
    pub(crate) fn is_acknowledged(&self) -> bool {
        self.last.is_some() && self.pending.is_none()
    }

    /// RFC 3262 3: a success waits while a description is not acknowledged.
    fn holds_success(&self) -> bool {
        let pending = self.pending.as_ref();
        pending.is_some_and(|pending| pending.has_description)
            || self.queue.iter().any(|(_, body)| body.is_some())
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        let pending = self.pending.as_ref()?;
        earliest([Some(pending.resend_at), Some(pending.gives_up_at)])
    }
}

impl Endpoint {
    /// Sends a reliable provisional response, or lets it wait for its turn.
    pub(crate) fn send_reliable(
        &mut self,
        now: Instant,
        key: CallKey,
        status: StatusCode,
        body: Option<Body>,
        out: &mut Outbox,
    ) -> Result<(), CallError> {
        let call = self.calls.get_mut(key).ok_or(CallError::UnknownCall)?;
        if call.reliable.queue.len() >= MAX_QUEUED_PROVISIONALS {
            return Err(CallError::TooManyProvisionals(MAX_QUEUED_PROVISIONALS));
        }
        let exchange = &mut call.dialog.exchange;
        let body = compose::session_body(body, |body| exchange.send_response(body, true, false))?;
        call.reliable.queue.push_back((status, body));
        self.next_reliable(now, key, out);
        Ok(())
    }

    /// Sends the next one, if the one before is acknowledged.
    fn next_reliable(&mut self, now: Instant, key: CallKey, out: &mut Outbox) {
        let (t1, patience) = (self.config.t1, self.patience());
        let first = 1 + u32::try_from(self.random.below(RSEQ_BOUND)).unwrap_or(0);
        let fill = self.dialog_making(key);
        let Some(call) = self.calls.get_mut(key) else {
            return;
        };
        let Phase::Offered(offered) = &call.phase else {
            return;
        };
        let server = offered.server;
        if call.reliable.pending.is_some() {
            return;
        }
        let Some((status, body)) = call.reliable.queue.pop_front() else {
            return;
        };
        let rseq = call
            .reliable
            .last
            .map_or(first, |last| last.wrapping_add(1));
        let has_description = body.as_ref().is_some_and(|b| b.description().is_some());
        let fill = |builder: MessageBuilder| {
            let builder = fill(builder)
                .header(HeaderName::Require, "100rel")
                .header(HeaderName::RSeq, rseq);
            compose::body(builder, body)
        };
        let cseq = self.cseq_of(server);
        let response = self.send_response(now, server, status, fill, out);
        let (Some(response), Some(cseq)) = (response, cseq) else {
            return;
        };
        if let Some(call) = self.calls.get_mut(key) {
            call.reliable.last = Some(rseq);
            call.reliable.status = Some(status);
            call.reliable.pending = Some(Unpracked {
                rseq,
                cseq,
                has_description,
                response,
                pause: t1,
                resend_at: now + t1,
                gives_up_at: now + patience,
            });
        }
        self.settle_call(key);
    }

    fn cseq_of(&self, server: ServerKey) -> Option<u32> {
        let request = self.servers.get(server)?.request.as_ref()?;
        Some(request.cseq().ok()?.number)
    }

    /// RFC 3261 13.3.1.1: asks for more time, in a way that the other side must acknowledge.
    /// Says whether that is how it is done in this call.
    pub(crate) fn repeat_reliably(&mut self, now: Instant, key: CallKey, out: &mut Outbox) -> bool {
        let Some(call) = self.calls.get(key) else {
            return false;
        };
        let status = match call.reliable.status {
            None if !call.reliable.is_required => return false,
            status => status.unwrap_or(StatusCode::SESSION_PROGRESS),
        };
        if call.reliable.pending.is_none() {
            // Without a body nothing in it can be refused.
            let _ = self.send_reliable(now, key, status, None, out);
        }
        true
    }

    /// Repeats the response, or refuses the INVITE when nobody acknowledges it.
    pub(crate) fn reliable_elapsed(&mut self, now: Instant, key: CallKey, out: &mut Outbox) {
        let Some(call) = self.calls.get_mut(key) else {
            return;
        };
        let Phase::Offered(offered) = &call.phase else {
            return;
        };
        let Some(pending) = &mut call.reliable.pending else {
            return;
        };
        if pending.gives_up_at <= now {
            self.counters.timeouts += 1;
            let status = StatusCode::SERVER_TIME_OUT;
            let headers = compose::warning("no PRACK came for a reliable response in 64 * T1");
            return self.end_offer(now, key, status, &headers, EndCause::NoPrack, out);
        }
        if pending.resend_at <= now {
            // RFC 3262 3: doubling without a cap.
            pending.pause = pending.pause.saturating_mul(2);
            pending.resend_at = now + pending.pause;
            if let Some(transaction) = self.servers.get(offered.server) {
                self.counters.retransmissions += 1;
                out.send(transaction.flow, pending.response.clone());
            }
        }
    }

    /// A PRACK (RFC 3262 3).
    pub(crate) fn receive_prack(
        &mut self,
        now: Instant,
        key: CallKey,
        server: ServerKey,
        received: Received,
        out: &mut Outbox,
    ) {
        let rack = received.request.rack().ok().flatten();
        let Some(call) = self.calls.get_mut(key) else {
            return;
        };
        let pending = call.reliable.pending.take_if(|pending| {
            rack.as_ref().is_some_and(|rack| {
                rack.response == pending.rseq
                    && rack.cseq.number == pending.cseq
                    && rack.cseq.method == Method::Invite
            })
        });
        if pending.is_none() {
            let headers = compose::warning("no response with the RSeq and CSeq of RAck waits");
            let status = StatusCode::CALL_DOES_NOT_EXIST;
            return self.refuse(now, server, status, &headers, out);
        }
        let said = description_of(&received.request);
        let answer = call.dialog.exchange.receive_answer(said.clone());
        let offer = match answer.bytes() {
            Some(_) => None,
            None => said,
        };
        match call.dialog.exchange.receive_offer(offer) {
            Err(glare) => self.refuse_glare(now, server, glare == Glare::Local, out),
            Ok(offer) if offer.bytes().is_some() => {
                call.dialog.changes.remote = Some(server);
                self.deliver_in_dialog(server, key, None, received, offer, out);
            }
            Ok(_) => {
                self.send_response(now, server, StatusCode::OK, |builder| builder, out);
                out.event(Event::Pracked {
                    call: key,
                    request: received.request,
                    description: answer,
                });
            }
        }
        self.next_reliable(now, key, out);
        self.release_success(now, key, out);
        self.next_change(now, key, out);
    }

    /// Whether a success must wait (RFC 3262 3, RFC 6337 2.2).
    pub(crate) fn must_hold_success(&self, key: CallKey) -> bool {
        self.calls.get(key).is_some_and(|call| {
            let is_busy = !call.dialog.changes.is_quiet();
            call.reliable.holds_success() || (call.reliable.last.is_some() && is_busy)
        })
    }

    /// Sends the success that was held, if nothing holds it any more.
    pub(crate) fn release_success(&mut self, now: Instant, key: CallKey, out: &mut Outbox) {
        if self.must_hold_success(key) {
            return;
        }
        let Some(call) = self.calls.get_mut(key) else {
            return;
        };
        let Phase::Offered(offered) = &mut call.phase else {
            return;
        };
        let server = offered.server;
        if let Some(held) = offered.held.take() {
            self.answer_offer(now, key, server, &held.headers, held.body, out);
        }
    }
}
