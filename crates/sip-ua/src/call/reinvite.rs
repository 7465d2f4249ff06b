//! Re-INVITE from the other side (RFC 3261 14.2).

use plenum_sip_msg::StatusCode;
use plenum_time::Instant;

use super::exchange::Glare;
use super::{Phase, Session};
use crate::body::description_of;
use crate::compose;
use crate::endpoint::Endpoint;
use crate::endpoint::incoming::Received;
use crate::keys::ServerKey;
use crate::{Body, CallError, CallKey, Event, ExtraHeaders, Outbox};

/// What a re-INVITE meets.
enum Meets {
    Nothing,
    /// An INVITE or offer of ours that is not through: 491.
    Ours,
    /// One of theirs that is not answered: 500.
    Theirs,
    /// A call that is over.
    Gone,
}

impl Endpoint {
    /// The other side sends a re-INVITE (RFC 3261 14.2).
    pub(crate) fn receive_reinvite(
        &mut self,
        now: Instant,
        key: CallKey,
        server: ServerKey,
        received: Received,
        out: &mut Outbox,
    ) {
        if let Some(headers) = self.inspect_interval(&received.request) {
            let status = StatusCode::SESSION_INTERVAL_TOO_SMALL;
            return self.refuse(now, server, status, &headers, out);
        }
        match self.what_meets(key) {
            Meets::Ours => self.refuse_glare(now, server, true, out),
            Meets::Theirs => self.refuse_glare(now, server, false, out),
            Meets::Gone => self.refuse_unknown(now, server, out),
            Meets::Nothing => self.take_reinvite(now, key, server, received, out),
        }
        self.settle_call(key);
    }

    fn what_meets(&self, key: CallKey) -> Meets {
        let Some(call) = self.calls.get(key) else {
            return Meets::Gone;
        };
        match &call.phase {
            Phase::Offered(_) => Meets::Theirs,
            Phase::Calling(_) => Meets::Ours,
            Phase::Ending(_) | Phase::Waiting(_) => Meets::Gone,
            Phase::Up(session) => match &call.dialog.changes {
                changes if session.remote.is_some() || changes.remote.is_some() => Meets::Theirs,
                changes if changes.crosses_invite() || !session.accepts_reinvite() => Meets::Ours,
                _ => Meets::Nothing,
            },
        }
    }

    fn take_reinvite(
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
        let dialog = &mut call.dialog;
        let description = match dialog
            .exchange
            .receive_invite(description_of(&received.request))
        {
            Ok(description) => description,
            Err(glare) => return self.refuse_glare(now, server, glare == Glare::Local, out),
        };
        dialog.refresh_target(&received.request);
        dialog.peer.learn(&received.request);
        dialog.follow(&received.core, received.flow);
        if let Some(session) = call.session_mut() {
            session.remote = Some(server);
        }
        if let Some(transaction) = self.servers.get_mut(server) {
            transaction.call = Some(key);
        }
        self.send_response(now, server, StatusCode::TRYING, |builder| builder, out);
        out.event(Event::Reinvited {
            call: key,
            request: received.request,
            description,
        });
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
            let body = compose::session_body(body, |body| {
                call.dialog.exchange.send_response(body, true, true)
            })?;
            let request = self.servers.get(server).and_then(|t| t.request.clone());
            let timer = request.map(|request| self.agree_as_server(now, key, &request));
            let headers = headers.over(&timer.unwrap_or_default());
            let success = self.send_success(now, key, (server, true), &headers, body, out);
            if let Some(session) = self.session_mut(key) {
                session.unacknowledged = success;
                session.remote = None;
            }
        } else {
            self.refuse_remote_reinvite(now, key, status, headers, out);
        }
        self.next_change(now, key, out);
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
        if let Some(call) = self.calls.get_mut(key) {
            call.dialog.exchange.refuse();
        }
        self.send_response(now, server, status, |b| compose::extra(b, headers), out);
    }
}

impl Session {
    /// Whether no INVITE is under way that a re-INVITE of the other side could cross.
    fn accepts_reinvite(&self) -> bool {
        self.unacknowledged.is_none() && self.owed_ack.is_none()
    }
}
