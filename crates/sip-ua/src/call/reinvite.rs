//! Re-INVITE, in both directions (RFC 3261 14).

use core::time::Duration;

use plenum_sip_msg::{Core, HeaderName, Message, Method, StatusCode};
use plenum_time::Instant;

use super::{LocalReinvite, MAX_QUEUED_REINVITES, OwedAck, Phase, Session};
use crate::compose;
use crate::endpoint::Endpoint;
use crate::endpoint::drive::Silence;
use crate::endpoint::incoming::Received;
use crate::endpoint::sending::{Outgoing, request_in};
use crate::keys::{ClientKey, ServerKey};
use crate::transaction::ClientOwner;
use crate::{Body, CallError, CallKey, EndCause, Event, ExtraHeaders, Outbox};

/// RFC 3261 14.1: the pause after a 491 for the side that owns the Call-ID.
const OWNER_PAUSE: (Duration, Duration) = (Duration::from_millis(2_100), Duration::from_secs(4));
/// RFC 3261 14.1: the pause after a 491 for the other side.
const OTHER_PAUSE: (Duration, Duration) = (Duration::ZERO, Duration::from_secs(2));
/// RFC 3261 14.2: Retry-After of a 500 to an overlapping re-INVITE is 0 to 10 s.
const RETRY_AFTER_BOUND: u64 = 11;

impl Session {
    /// Whether a re-INVITE of ours may go.
    fn is_quiet(&self) -> bool {
        matches!(self.local, LocalReinvite::Idle)
            && self.unacknowledged.is_none()
            && self.owed_ack.is_none()
            && self.remote.is_none()
    }
}

impl Endpoint {
    pub(crate) fn start_reinvite(
        &mut self,
        now: Instant,
        key: CallKey,
        body: Option<Body>,
        out: &mut Outbox,
    ) -> Result<(), CallError> {
        let call = self.calls.get_mut(key).ok_or(CallError::UnknownCall)?;
        let state = call.state();
        let Some(session) = call
            .session_mut()
            .filter(|session| session.hang_up.is_none())
        else {
            return Err(CallError::WrongState {
                wish: "reinvite",
                state,
            });
        };
        if session.queue.len() >= MAX_QUEUED_REINVITES {
            return Err(CallError::TooManyReinvites(MAX_QUEUED_REINVITES));
        }
        session.queue.push_back(body);
        self.next_reinvite(now, key, out);
        Ok(())
    }

    /// Sends the next re-INVITE that waits, if it may go.
    pub(crate) fn next_reinvite(&mut self, now: Instant, key: CallKey, out: &mut Outbox) {
        let is_next = |session: &&mut Session| session.is_quiet() && session.hang_up.is_none();
        let Some(session) = self.session_mut(key).filter(is_next) else {
            return self.settle_call(key);
        };
        if let Some(body) = session.queue.pop_front() {
            self.send_reinvite(now, key, body, out);
        }
        self.settle_call(key);
    }

    fn send_reinvite(&mut self, now: Instant, key: CallKey, body: Option<Body>, out: &mut Outbox) {
        let branch = self.random.branch();
        let Some(call) = self.calls.get_mut(key) else {
            return;
        };
        let (flow, builder) = request_in(&mut call.dialog, Method::Invite, branch);
        let contact = call.contact.clone();
        let builder = self.invite_headers(builder, &contact, &ExtraHeaders::none());
        let message = compose::body(builder, body.clone()).build();
        let (method, owner) = (Method::Invite, ClientOwner::Reinvite(key));
        let outgoing = Outgoing {
            flow,
            branch,
            method,
            owner,
            message,
        };
        let client = self.open_client(now, outgoing, out);
        let expires_at = now + self.config.invite_expiry;
        if let Some(session) = self.session_mut(key) {
            let is_cancelled = false;
            session.local = LocalReinvite::Running {
                client,
                body,
                expires_at,
                is_cancelled,
            };
        }
    }

    /// A response to our re-INVITE, other than a repeated success.
    pub(crate) fn reinvite_answered(
        &mut self,
        now: Instant,
        key: CallKey,
        client: ClientKey,
        response: &Message,
        core: &Core,
        out: &mut Outbox,
    ) {
        let Some(status) = response.status().filter(|status| status.is_final()) else {
            return;
        };
        let Some(session) = self.session_mut(key) else {
            // The call ended meanwhile. The success must be acknowledged all the same.
            if status.is_success() {
                self.acknowledge_orphan(client, response, core, out);
            }
            return;
        };
        let LocalReinvite::Running { body, .. } = core::mem::take(&mut session.local) else {
            return;
        };
        match status {
            status if status.is_success() => {
                self.reinvite_accepted(key, client, body.is_some(), response, core, out);
            }
            StatusCode::REQUEST_PENDING => self.retry_reinvite(now, key, body),
            // RFC 3261 14.1 and 12.2.1.2: these say that the dialog is gone.
            StatusCode::CALL_DOES_NOT_EXIST | StatusCode::REQUEST_TIMEOUT => {
                self.send_bye(now, key, EndCause::Gone, &ExtraHeaders::none(), out);
            }
            status => {
                let response = Some(response.clone());
                out.event(Event::ReinviteRefused {
                    call: key,
                    status,
                    response,
                });
            }
        }
        self.next_reinvite(now, key, out);
    }

    fn reinvite_accepted(
        &mut self,
        key: CallKey,
        client: ClientKey,
        has_offer: bool,
        response: &Message,
        core: &Core,
        out: &mut Outbox,
    ) {
        let Some(call) = self.calls.get_mut(key) else {
            return;
        };
        call.dialog.refresh_target(response);
        let cseq = core.cseq.number;
        if has_offer {
            self.acknowledge_success(key, client, cseq, None, out);
        } else if let Some(session) = call.session_mut() {
            session.owed_ack = Some(OwedAck { client, cseq });
        }
        let (response, needs_acknowledge) = (response.clone(), !has_offer);
        out.event(Event::ReinviteAnswered {
            call: key,
            response,
            needs_acknowledge,
        });
    }

    /// RFC 3261 14.1: both sides asked at once, so each waits for another while.
    fn retry_reinvite(&mut self, now: Instant, key: CallKey, body: Option<Body>) {
        let Some(call) = self.calls.get_mut(key) else {
            return;
        };
        let (low, high) = if call.is_caller {
            OWNER_PAUSE
        } else {
            OTHER_PAUSE
        };
        let at = now + self.random.pause(low, high);
        if let Some(session) = call.session_mut() {
            session.local = LocalReinvite::Retrying { at, body };
        }
    }

    /// Our re-INVITE got no answer: the dialog is gone (RFC 3261 14.1).
    pub(crate) fn reinvite_unanswered(
        &mut self,
        now: Instant,
        key: CallKey,
        silence: Silence,
        out: &mut Outbox,
    ) {
        let Some(session) = self.session_mut(key) else {
            return;
        };
        session.local = LocalReinvite::Idle;
        let (status, cause) = match silence {
            Silence::TimedOut => (StatusCode::REQUEST_TIMEOUT, EndCause::TimedOut),
            Silence::TransportFailed => {
                (StatusCode::SERVICE_UNAVAILABLE, EndCause::TransportFailed)
            }
        };
        out.event(Event::ReinviteRefused {
            call: key,
            status,
            response: None,
        });
        self.send_bye(now, key, cause, &ExtraHeaders::none(), out);
    }

    /// A re-INVITE is tried again, or has gone on for too long.
    pub(crate) fn reinvite_elapsed(&mut self, now: Instant, key: CallKey, out: &mut Outbox) {
        let patience = self.patience();
        let Some(session) = self.session_mut(key) else {
            return;
        };
        match &mut session.local {
            LocalReinvite::Retrying { at, .. } if *at <= now => {
                if let LocalReinvite::Retrying { body, .. } = core::mem::take(&mut session.local) {
                    session.queue.push_front(body);
                }
                self.next_reinvite(now, key, out);
            }
            LocalReinvite::Running {
                client,
                expires_at,
                is_cancelled,
                ..
            } if *expires_at <= now => {
                let (client, was_cancelled) = (*client, *is_cancelled);
                (*expires_at, *is_cancelled) = (now + patience, true);
                if was_cancelled {
                    self.close_client(client);
                    self.reinvite_unanswered(now, key, Silence::TimedOut, out);
                } else {
                    self.cancel_transaction(now, client, &ExtraHeaders::none(), out);
                }
            }
            _ => {}
        }
    }

    /// The other side sends a re-INVITE (RFC 3261 14.2).
    pub(crate) fn receive_reinvite(
        &mut self,
        now: Instant,
        key: CallKey,
        server: ServerKey,
        received: Received,
        out: &mut Outbox,
    ) {
        let Some(call) = self.calls.get_mut(key) else {
            return;
        };
        match &mut call.phase {
            Phase::Up(session) if session.is_asked() => {
                self.refuse_overlapping(now, server, out);
            }
            Phase::Offered(_) => self.refuse_overlapping(now, server, out),
            Phase::Ending(_) => self.refuse_unknown(now, server, out),
            Phase::Up(session) if session.accepts_reinvite() => {
                session.remote = Some(server);
                call.dialog.refresh_target(&received.request);
                call.dialog.follow(&received.core, received.flow);
                if let Some(transaction) = self.servers.get_mut(server) {
                    transaction.call = Some(key);
                }
                self.send_response(now, server, StatusCode::TRYING, |builder| builder, out);
                let request = received.request;
                out.event(Event::Reinvited { call: key, request });
            }
            Phase::Up(_) | Phase::Calling(_) => {
                let sentence = "an INVITE of ours is under way; ask again in a moment";
                let headers = compose::warning(sentence);
                self.refuse(now, server, StatusCode::REQUEST_PENDING, &headers, out);
            }
        }
        self.settle_call(key);
    }

    /// RFC 3261 14.2: a second INVITE before the first is answered.
    fn refuse_overlapping(&mut self, now: Instant, server: ServerKey, out: &mut Outbox) {
        let seconds = self.random.below(RETRY_AFTER_BOUND);
        let mut headers = compose::warning("the INVITE before this one is not answered yet");
        headers.push(HeaderName::RetryAfter, alloc::format!("{seconds}"));
        self.refuse(
            now,
            server,
            StatusCode::SERVER_INTERNAL_ERROR,
            &headers,
            out,
        );
    }

    pub(crate) fn answer_reinvite(
        &mut self,
        now: Instant,
        key: CallKey,
        status: StatusCode,
        headers: &ExtraHeaders,
        body: Option<Body>,
        out: &mut Outbox,
    ) -> Result<(), CallError> {
        let call = self.calls.get_mut(key).ok_or(CallError::UnknownCall)?;
        let state = call.state();
        let server = call.session_mut().and_then(|session| session.remote);
        let server = server.ok_or(CallError::WrongState {
            wish: "answer a re-INVITE",
            state,
        })?;
        if status.is_success() {
            let success = self.send_success(now, key, server, headers, body, out);
            if let Some(session) = self.session_mut(key) {
                session.unacknowledged = success;
                session.remote = None;
            }
        } else {
            self.refuse_remote_reinvite(now, key, status, headers, out);
        }
        self.next_reinvite(now, key, out);
        Ok(())
    }

    /// Refuses the re-INVITE that waits for an answer, if there is one.
    pub(crate) fn refuse_remote_reinvite(
        &mut self,
        now: Instant,
        key: CallKey,
        status: StatusCode,
        headers: &ExtraHeaders,
        out: &mut Outbox,
    ) {
        let Some(server) = self
            .session_mut(key)
            .and_then(|session| session.remote.take())
        else {
            return;
        };
        self.send_response(now, server, status, |b| compose::extra(b, headers), out);
    }
}

impl Session {
    /// Whether a re-INVITE of the other side waits for its answer.
    fn is_asked(&self) -> bool {
        self.remote.is_some()
    }

    /// Whether no offer is under way that a re-INVITE of the other side could cross.
    fn accepts_reinvite(&self) -> bool {
        !matches!(self.local, LocalReinvite::Running { .. })
            && self.unacknowledged.is_none()
            && self.owed_ack.is_none()
    }
}
