//! The INVITE that comes in (RFC 3261 9.2 and 13.3).

use alloc::vec::Vec;
use core::time::Duration;

use plenum_sip_msg::{Message, MessageBuilder, StatusCode, Uri};
use plenum_time::Instant;

use super::exchange::Exchange;
use super::success::with_contact;
use super::{Call, Held, Interval, Offered, Phase, Reliability, Reliable, Session};
use crate::body::description_of;
use crate::compose;
use crate::dialog::Dialog;
use crate::endpoint::Endpoint;
use crate::endpoint::incoming::Received;
use crate::endpoint::sending::response_flow;
use crate::keys::ServerKey;
use crate::transaction::ServerId;
use crate::{Body, CallError, CallKey, EndCause, Event, ExtraHeaders, Outbox};

/// The wish that an INVITE which is answered already, and held, still allows.
const END: &str = "end";

impl Endpoint {
    /// An INVITE outside of any dialog.
    pub(crate) fn receive_invite(
        &mut self,
        now: Instant,
        server: ServerKey,
        received: Received,
        out: &mut Outbox,
    ) {
        let Received {
            flow,
            request,
            core,
        } = received;
        if self.calls.len() >= self.config.max_calls {
            self.counters.overloaded += 1;
            let headers = self.overload("the limit of calls is reached; try again later");
            return self.refuse(now, server, StatusCode::SERVICE_UNAVAILABLE, &headers, out);
        }
        let Some(tag) = self.servers.get(server).map(|transaction| transaction.tag) else {
            return;
        };
        if let Some(headers) = self.inspect_interval(&request) {
            let status = StatusCode::SESSION_INTERVAL_TOO_SMALL;
            return self.refuse(now, server, status, &headers, out);
        }
        let Some(mut dialog) = Dialog::of_request(&request, &core, tag, flow) else {
            let sentence = "an INVITE must have one Contact with a sip or sips URI, \
                            and every Record-Route must be an address";
            let headers = compose::warning(sentence);
            return self.refuse(now, server, StatusCode::BAD_REQUEST, &headers, out);
        };
        let (exchange, description) = Exchange::of_received_invite(description_of(&request));
        dialog.exchange = exchange;
        dialog.peer.learn(&request);
        let call = self
            .calls
            .insert(self.offered_call(now, dialog, server, &request));
        self.calls_by_tag.insert(tag, call);
        self.counters.calls += 1;
        if let Some(transaction) = self.servers.get_mut(server) {
            transaction.call = Some(call);
        }
        // RFC 3261 17.2.1: at once, because nobody knows how long the owner takes.
        self.send_response(now, server, StatusCode::TRYING, |builder| builder, out);
        self.settle_call(call);
        out.event(Event::Incoming {
            call,
            flow,
            request,
            description,
        });
    }

    /// A call as it is when its INVITE has just come.
    fn offered_call(
        &self,
        now: Instant,
        dialog: Dialog,
        server: ServerKey,
        request: &Message,
    ) -> Call {
        let expires = request.expires().ok().flatten();
        let user = request
            .request_uri()
            .ok()
            .and_then(|uri| uri.user().map(|user| user.into_owned()));
        Call {
            contact: compose::contact(&dialog.flow, user.as_deref()),
            dialog,
            phase: Phase::Offered(Offered {
                server,
                refresh_at: now + self.config.provisional_refresh,
                expires_at: expires.map(|seconds| now + Duration::from_secs(seconds.into())),
                has_provisional: false,
                held: None,
            }),
            is_caller: false,
            reliable: Reliable::of(request, self.config.reliable_provisionals),
            interval: Interval::of(&self.config),
            credentials: ExtraHeaders::none(),
            timer: None,
            connections: Vec::new(),
        }
    }

    pub(crate) fn send_provisional(
        &mut self,
        now: Instant,
        key: CallKey,
        status: StatusCode,
        body: Option<Body>,
        reliability: Reliability,
        out: &mut Outbox,
    ) -> Result<(), CallError> {
        if !(101..=199).contains(&status.as_u16()) {
            return Err(CallError::WrongStatus {
                status,
                from: 101,
                to: 199,
            });
        }
        let refresh_at = now + self.config.provisional_refresh;
        let wish = "send a provisional response";
        self.offered_mut(key, wish)?;
        let call = self.calls.get_mut(key).ok_or(CallError::UnknownCall)?;
        let is_reliable = call.reliable.is_required
            || (call.reliable.is_possible && reliability == Reliability::WherePossible);
        if is_reliable {
            self.send_reliable(now, key, status, body, out)?;
        } else {
            let exchange = &mut call.dialog.exchange;
            let decide = |body| exchange.send_response(body, false, false);
            let body = compose::session_body(body, decide)?;
            let server = self.offered_mut(key, wish)?.server;
            let fill = self.dialog_making(key);
            self.send_response(now, server, status, |b| compose::body(fill(b), body), out);
        }
        let offered = self.offered_mut(key, wish)?;
        offered.refresh_at = refresh_at;
        offered.has_provisional = true;
        self.settle_call(key);
        Ok(())
    }

    /// RFC 3261 12.1.1 and 13.3.1: what a provisional response that makes a dialog carries.
    pub(crate) fn dialog_making(
        &self,
        key: CallKey,
    ) -> impl FnOnce(MessageBuilder) -> MessageBuilder + use<> {
        let contact = self.calls.get(key).map(|call| call.contact.clone());
        let allow = self.abilities.allow.clone();
        move |builder| {
            let builder = builder.header(plenum_sip_msg::HeaderName::Allow, allow);
            match &contact {
                Some(contact) => with_contact(builder, contact),
                None => builder,
            }
        }
    }

    pub(crate) fn accept_call(
        &mut self,
        now: Instant,
        key: CallKey,
        contact: Option<Uri>,
        headers: &ExtraHeaders,
        body: Option<Body>,
        out: &mut Outbox,
    ) -> Result<(), CallError> {
        let server = self.offered_mut(key, "accept")?.server;
        let call = self.calls.get_mut(key).ok_or(CallError::UnknownCall)?;
        let exchange = &mut call.dialog.exchange;
        let body = compose::session_body(body, |body| exchange.send_response(body, true, true))?;
        if let Some(contact) = contact {
            call.contact = contact;
        }
        if self.must_hold_success(key) {
            let headers = headers.clone();
            self.offered_mut(key, "accept")?.held = Some(Held { headers, body });
            return Ok(());
        }
        self.answer_offer(now, key, server, headers, body, out);
        Ok(())
    }

    /// Sends the success and lets the call be up.
    pub(crate) fn answer_offer(
        &mut self,
        now: Instant,
        key: CallKey,
        server: ServerKey,
        headers: &ExtraHeaders,
        body: Option<Body>,
        out: &mut Outbox,
    ) {
        if let Some(call) = self.calls.get_mut(key) {
            call.phase = Phase::Up(Session::default());
        }
        let request = self.servers.get(server).and_then(|t| t.request.clone());
        let timer = request.map(|request| self.agree_as_server(now, key, &request));
        let headers = headers.over(&timer.unwrap_or_default());
        let success = self.send_success(now, key, (server, false), &headers, body, out);
        if let Some(session) = self.session_mut(key) {
            session.unacknowledged = success;
        }
        self.settle_call(key);
    }

    pub(crate) fn reject_call(
        &mut self,
        now: Instant,
        key: CallKey,
        status: StatusCode,
        headers: &ExtraHeaders,
        out: &mut Outbox,
    ) -> Result<(), CallError> {
        if !status.is_failure() {
            return Err(CallError::WrongStatus {
                status,
                from: 300,
                to: 699,
            });
        }
        self.offered_mut(key, "reject")?;
        self.end_offer(now, key, status, headers, EndCause::Rejected(status), out);
        Ok(())
    }

    /// Answers the INVITE with a refusal and ends the call.
    pub(crate) fn end_offer(
        &mut self,
        now: Instant,
        key: CallKey,
        status: StatusCode,
        headers: &ExtraHeaders,
        cause: EndCause,
        out: &mut Outbox,
    ) {
        let Ok(offered) = self.offered_mut(key, END) else {
            return;
        };
        let server = offered.server;
        self.send_response(now, server, status, |b| compose::extra(b, headers), out);
        self.end_call(key, cause, out);
    }

    fn offered_mut(&mut self, key: CallKey, wish: &'static str) -> Result<&mut Offered, CallError> {
        let call = self.calls.get_mut(key).ok_or(CallError::UnknownCall)?;
        let state = call.state();
        match &mut call.phase {
            // Only the end of the call can change what is answered already.
            Phase::Offered(offered) if offered.held.is_none() || wish == END => Ok(offered),
            _ => Err(CallError::WrongState { wish, state }),
        }
    }

    /// A CANCEL that belongs to no transaction yet (RFC 3261 9.2).
    pub(crate) fn receive_cancel(&mut self, now: Instant, received: Received, out: &mut Outbox) {
        let Received {
            flow,
            request,
            core,
        } = &received;
        let Some(invite) = self.servers.find(&ServerId::cancelled_by(request, core)) else {
            let headers = compose::warning("there is no INVITE that this CANCEL could end");
            let flow = response_flow(&core.via, *flow);
            let status = StatusCode::CALL_DOES_NOT_EXIST;
            return self.refuse_statelessly(flow, request, status, &headers, out);
        };
        let key = self.open_server(now, &received);
        let target = self
            .servers
            .get(invite)
            .map(|target| (target.tag, target.call, target.machine.is_open()));
        let Some((tag, call, is_open)) = target else {
            return;
        };
        if let Some(transaction) = self.servers.get_mut(key) {
            // RFC 3261 9.2: the same To tag as in the responses to the INVITE.
            transaction.tag = tag;
        }
        self.send_response(now, key, StatusCode::OK, |builder| builder, out);
        // RFC 3261 9.2: after a final response a CANCEL changes nothing.
        if let Some(call) = call.filter(|_| is_open) {
            self.cancelled(now, call, invite, received.request, out);
        }
    }

    /// The other side withdraws its INVITE or re-INVITE.
    fn cancelled(
        &mut self,
        now: Instant,
        key: CallKey,
        invite: ServerKey,
        request: Message,
        out: &mut Outbox,
    ) {
        let none = ExtraHeaders::none();
        let status = StatusCode::REQUEST_TERMINATED;
        let Some(call) = self.calls.get(key) else {
            return;
        };
        match &call.phase {
            Phase::Offered(offered) if offered.server == invite => {
                self.end_offer(
                    now,
                    key,
                    status,
                    &none,
                    EndCause::RemoteCancel(request),
                    out,
                );
            }
            Phase::Up(session) if session.remote == Some(invite) => {
                self.refuse_remote_reinvite(now, key, status, &none, out);
                out.event(Event::ReinviteCancelled { call: key });
                self.next_change(now, key, out);
            }
            _ => {}
        }
    }

    /// Repeats the provisional response, or gives up an INVITE that has expired.
    pub(crate) fn offered_elapsed(&mut self, now: Instant, key: CallKey, out: &mut Outbox) {
        let refresh_at = now + self.config.provisional_refresh;
        let Ok(offered) = self.offered_mut(key, END) else {
            return;
        };
        if offered.expires_at.is_some_and(|at| at <= now) {
            let (status, cause) = (StatusCode::REQUEST_TERMINATED, EndCause::TimedOut);
            let headers = compose::warning("the INVITE expired before it was answered");
            return self.end_offer(now, key, status, &headers, cause, out);
        }
        if offered.refresh_at > now {
            return;
        }
        offered.refresh_at = refresh_at;
        if self.repeat_reliably(now, key, out) {
            return;
        }
        let Ok(offered) = self.offered_mut(key, END) else {
            return;
        };
        let server = offered.server;
        let has_provisional = core::mem::replace(&mut offered.has_provisional, true);
        if !has_provisional {
            // RFC 3261 13.3.1.1: a proxy gives up on a call that has no more than a 100.
            let fill = self.dialog_making(key);
            self.send_response(now, server, StatusCode::SESSION_PROGRESS, fill, out);
        } else if let Some(transaction) = self.servers.get(server)
            && let Some(response) = &transaction.response
        {
            self.counters.retransmissions += 1;
            out.send(transaction.flow, response.clone());
        }
    }
}
