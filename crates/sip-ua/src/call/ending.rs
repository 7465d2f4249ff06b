//! The end of a call, from either side (RFC 3261 15).

use plenum_sip_msg::{Message, Method, StatusCode};
use plenum_time::Instant;

use super::Phase;
use super::change::LocalChange;
use crate::compose;
use crate::endpoint::sending::{Outgoing, request_in};
use crate::endpoint::{Due, Endpoint};
use crate::keys::ServerKey;
use crate::transaction::ClientOwner;
use crate::{CallError, CallKey, EndCause, Event, ExtraHeaders, Outbox};

impl Endpoint {
    pub(crate) fn hang_up_call(
        &mut self,
        now: Instant,
        key: CallKey,
        headers: &ExtraHeaders,
        out: &mut Outbox,
    ) -> Result<(), CallError> {
        let call = self.calls.get_mut(key).ok_or(CallError::UnknownCall)?;
        match &mut call.phase {
            Phase::Calling(_) => self.give_up(now, key, EndCause::LocalCancel, headers, out),
            Phase::Offered(_) => {
                let (status, cause) = (StatusCode::DECLINE, EndCause::LocalBye);
                self.end_offer(now, key, status, headers, cause, out);
            }
            Phase::Waiting(_) => self.give_up_retry(key, out),
            Phase::Up(session) => match &session.unacknowledged {
                // RFC 3261 15: whom we answered must have acknowledged before we hang up.
                Some(success) if !success.is_reinvite => {
                    session.hang_up.get_or_insert_with(|| headers.clone());
                }
                _ => self.send_bye(now, key, EndCause::LocalBye, headers, out),
            },
            Phase::Ending(_) => {}
        }
        Ok(())
    }

    /// Sends the BYE.
    ///
    /// A hang-up that our owner wished ends the call when the BYE is answered, so that a server
    /// that shuts down can wait for it. Any other cause ends the call at once: our owner has to
    /// know, and nothing that the BYE brings changes it.
    pub(crate) fn send_bye(
        &mut self,
        now: Instant,
        key: CallKey,
        cause: EndCause,
        headers: &ExtraHeaders,
        out: &mut Outbox,
    ) {
        self.leave_session(now, key, out);
        let branch = self.random.branch();
        let Some(call) = self.calls.get_mut(key) else {
            return;
        };
        let (flow, builder) = request_in(&mut call.dialog, Method::Bye, branch);
        let message = self.user_agent(compose::extra(builder, headers)).build();
        let is_wish = matches!(cause, EndCause::LocalBye | EndCause::LocalCancel);
        let owner = if is_wish {
            ClientOwner::Bye(key)
        } else {
            ClientOwner::Nobody
        };
        let method = Method::Bye;
        self.open_client(
            now,
            Outgoing {
                flow,
                branch,
                method,
                owner,
                message,
            },
            out,
        );
        match self.calls.get_mut(key) {
            Some(call) if is_wish => call.phase = Phase::Ending(cause),
            _ => self.end_call(key, cause, out),
        }
        self.settle_call(key);
    }

    /// Settles what is open in a session that ends: an ACK that is owed, a re-INVITE to answer, a
    /// re-INVITE of ours that may never be answered.
    fn leave_session(&mut self, now: Instant, key: CallKey, out: &mut Outbox) {
        let Some(session) = self.session_mut(key) else {
            return;
        };
        let owed_ack = session.owed_ack.take();
        let local = self.calls.get_mut(key).map(|call| {
            call.dialog.changes.queue.clear();
            core::mem::take(&mut call.dialog.changes.local)
        });
        if let Some(owed) = owed_ack {
            // Nobody is left to answer the offer, but the success must not be repeated.
            self.acknowledge_success(key, owed.client, owed.cseq, None, out);
        }
        if let Some(LocalChange::Running { client, .. }) = local {
            self.abandon_client(now, client);
        }
        let (status, none) = (StatusCode::REQUEST_TERMINATED, ExtraHeaders::none());
        self.refuse_remote_reinvite(now, key, status, &none, out);
        // RFC 3261 15.1.2: what waits for an answer gets this one.
        let call = self.calls.get_mut(key);
        if let Some(server) = call.and_then(|call| call.dialog.changes.remote.take()) {
            self.send_response(now, server, status, |builder| builder, out);
        }
    }

    /// The other side hangs up.
    pub(crate) fn receive_bye(
        &mut self,
        now: Instant,
        key: CallKey,
        server: ServerKey,
        request: Message,
        out: &mut Outbox,
    ) {
        self.send_response(now, server, StatusCode::OK, |builder| builder, out);
        let Some(call) = self.calls.get(key) else {
            return;
        };
        let (none, cause) = (ExtraHeaders::none(), EndCause::RemoteBye(request));
        match &call.phase {
            // RFC 3261 15.1.2: the INVITE is answered by 487.
            Phase::Offered(_) => {
                let status = StatusCode::REQUEST_TERMINATED;
                self.end_offer(now, key, status, &none, cause, out);
            }
            Phase::Up(_) => {
                self.leave_session(now, key, out);
                self.end_call(key, cause, out);
            }
            Phase::Calling(_) => self.give_up(now, key, cause, &none, out),
            // Both hung up: our own BYE gets its answer or times out.
            Phase::Ending(_) | Phase::Waiting(_) => {}
        }
    }

    /// Our BYE got a response: whatever it says, the call is over (RFC 3261 15.1.1).
    pub(crate) fn bye_answered(&mut self, key: CallKey, response: &Message, out: &mut Outbox) {
        if response.status().is_some_and(StatusCode::is_final) {
            self.bye_unanswered(key, out);
        }
    }

    /// Our BYE is done with.
    pub(crate) fn bye_unanswered(&mut self, key: CallKey, out: &mut Outbox) {
        let Some(call) = self.calls.get_mut(key) else {
            return;
        };
        if let Phase::Ending(cause) = &mut call.phase {
            let cause = core::mem::replace(cause, EndCause::LocalBye);
            self.end_call(key, cause, out);
        }
    }

    /// Forgets the call and tells its owner.
    pub(crate) fn end_call(&mut self, key: CallKey, cause: EndCause, out: &mut Outbox) {
        let Some(call) = self.calls.remove(key) else {
            return;
        };
        if let Some(timer) = call.timer {
            self.timers.cancel(timer);
        }
        self.calls_by_tag.remove(&call.dialog.local_tag);
        for connection in &call.connections {
            self.calls_by_connection.remove(connection, key);
        }
        out.event(Event::Ended { call: key, cause });
    }

    /// Arms the timer of a call anew.
    pub(crate) fn settle_call(&mut self, key: CallKey) {
        self.index_call(key);
        let Some(call) = self.calls.get_mut(key) else {
            return;
        };
        if let Some(timer) = call.timer.take() {
            self.timers.cancel(timer);
        }
        call.timer = call
            .deadline()
            .map(|at| self.timers.arm(at, Due::Call(key)));
    }

    /// Something of a call is due.
    pub(crate) fn call_elapsed(&mut self, now: Instant, key: CallKey, out: &mut Outbox) {
        let Some(call) = self.calls.get_mut(key) else {
            return;
        };
        call.timer = None;
        match &call.phase {
            Phase::Calling(_) => self.calling_elapsed(now, key, out),
            Phase::Offered(_) => {
                self.reliable_elapsed(now, key, out);
                self.offered_elapsed(now, key, out);
            }
            Phase::Waiting(waiting) if waiting.gives_up_at <= now => self.give_up_retry(key, out),
            Phase::Up(_) => {
                self.success_elapsed(now, key, out);
                self.session_elapsed(now, key, out);
            }
            Phase::Ending(_) | Phase::Waiting(_) => {}
        }
        self.changes_elapsed(now, key, out);
        self.settle_call(key);
    }
}
