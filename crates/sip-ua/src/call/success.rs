//! Successes to INVITE and their ACKs, in both directions (RFC 3261 13.2.2.4 and 13.3.1.4).

use plenum_sip_msg::{Core, HeaderName, Message, MessageBuilder, Method, StatusCode, Uri};
use plenum_time::Instant;

use super::{MAX_FORKS, Session, Success};
use crate::body::description_of;
use crate::compose;
use crate::dialog::Dialog;
use crate::endpoint::Endpoint;
use crate::endpoint::incoming::Received;
use crate::endpoint::sending::{Outgoing, ack_in, request_in};
use crate::keys::{ClientKey, ServerKey};
use crate::random::Tag;
use crate::transaction::ClientOwner;
use crate::{Body, CallError, CallKey, EndCause, Event, ExtraHeaders, Outbox};

impl Endpoint {
    /// Sends the ACK of a success and keeps it for repetitions of the success.
    pub(crate) fn acknowledge_success(
        &mut self,
        key: CallKey,
        client: ClientKey,
        cseq: u32,
        body: Option<Body>,
        out: &mut Outbox,
    ) {
        let branch = self.random.branch();
        let Some(call) = self.calls.get(key) else {
            return;
        };
        let (flow, builder) = ack_in(&call.dialog, cseq, branch);
        let builder = compose::extra(self.user_agent(builder), &call.credentials);
        let message = compose::body(builder, body).build();
        out.send(flow, message.bytes().clone());
        if let Some(transaction) = self.clients.get_mut(client) {
            transaction.remember_ack(call.dialog.remote_tag(), flow, message.bytes().clone());
        }
    }

    /// Our owner has the answer to the offer of a success.
    pub(crate) fn acknowledge_answer(
        &mut self,
        now: Instant,
        key: CallKey,
        body: Option<Body>,
        out: &mut Outbox,
    ) -> Result<(), CallError> {
        let call = self.calls.get_mut(key).ok_or(CallError::UnknownCall)?;
        let state = call.state();
        let owed = call
            .session_mut()
            .and_then(|session| session.owed_ack.take());
        let owed = owed.ok_or(CallError::WrongState {
            wish: "acknowledge",
            state,
        })?;
        if call.dialog.exchange.send_answer(body.as_ref()).is_err() {
            // RFC 3261 13.2.2.4: the ACK goes in any case, and without an answer all is as before.
            call.dialog.exchange.refuse();
        }
        self.acknowledge_success(key, owed.client, owed.cseq, body, out);
        self.next_change(now, key, out);
        Ok(())
    }

    /// A further success to an INVITE: a repetition, or the answer of another fork, which is
    /// acknowledged and hung up (RFC 3261 13.2.2.4).
    pub(crate) fn repeat_success(
        &mut self,
        now: Instant,
        client: ClientKey,
        response: &Message,
        core: &Core,
        out: &mut Outbox,
    ) {
        let remote_tag = core.to.tag().unwrap_or_default();
        let Some(transaction) = self.clients.get(client) else {
            return;
        };
        if transaction.ack_for(remote_tag).is_some() {
            return self.repeat_ack(client, remote_tag, out);
        }
        let call = match transaction.owner {
            ClientOwner::Invite(call) | ClientOwner::Change(call) => self.calls.get(call),
            _ => None,
        };
        let is_owed = call.is_some_and(|call| call.has_dialog(&core.call_id, remote_tag));
        if is_owed || transaction.acks.len() >= MAX_FORKS {
            return;
        }
        self.end_late_dialog(now, client, response, core, out);
    }

    /// Sends an ACK again because its response came again.
    pub(crate) fn repeat_ack(&mut self, client: ClientKey, remote_tag: &str, out: &mut Outbox) {
        let Some(transaction) = self.clients.get(client) else {
            return;
        };
        if let Some(ack) = transaction.ack_for(remote_tag) {
            self.counters.retransmissions += 1;
            out.send(ack.flow, ack.message.clone());
        }
    }

    /// Acknowledges a success whose call is gone, from the success alone.
    pub(crate) fn acknowledge_orphan(
        &mut self,
        client: ClientKey,
        response: &Message,
        core: &Core,
        out: &mut Outbox,
    ) -> Option<Dialog> {
        let branch = self.random.branch();
        let transaction = self.clients.get_mut(client)?;
        // The tag only serves to find calls, and there is none to find.
        let (tag, flow) = (Tag(0), transaction.flow);
        let dialog = Dialog::of_response(response, core, tag, flow, &core.to.uri);
        let (flow, builder) = ack_in(&dialog, core.cseq.number, branch);
        let ack = builder.build().bytes().clone();
        transaction.remember_ack(dialog.remote_tag(), flow, ack.clone());
        out.send(flow, ack);
        Some(dialog)
    }

    /// Acknowledges and hangs up a dialog that nobody wants.
    fn end_late_dialog(
        &mut self,
        now: Instant,
        client: ClientKey,
        response: &Message,
        core: &Core,
        out: &mut Outbox,
    ) {
        self.counters.late_answers += 1;
        let Some(mut dialog) = self.acknowledge_orphan(client, response, core, out) else {
            return;
        };
        let branch = self.random.branch();
        let (flow, builder) = request_in(&mut dialog, Method::Bye, branch);
        let message = self.user_agent(builder).build();
        let (method, owner) = (Method::Bye, ClientOwner::Nobody);
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
    }

    /// Sends a success to an INVITE or re-INVITE; it is repeated until its ACK comes.
    pub(crate) fn send_success(
        &mut self,
        now: Instant,
        key: CallKey,
        (server, is_reinvite): (ServerKey, bool),
        headers: &ExtraHeaders,
        body: Option<Body>,
        out: &mut Outbox,
    ) -> Option<Success> {
        let request = self.servers.get(server)?.request.as_ref()?;
        let cseq = request.cseq().ok()?.number;
        let call = self.calls.get(key)?;
        let contact = call.contact.clone();
        let abilities = self.abilities.clone();
        let fill = |builder: MessageBuilder| {
            let builder = with_contact(compose::extra(builder, headers), &contact);
            compose::body(abilities.add_inside(builder, headers), body)
        };
        let status = StatusCode::OK;
        let response = self.send_response(now, server, status, fill, out)?;
        Some(Success {
            cseq,
            is_reinvite,
            server,
            response,
            pause: self.config.t1,
            resend_at: now + self.config.t1,
            gives_up_at: now + self.patience(),
        })
    }

    /// An ACK that belongs to no transaction of a refusal.
    pub(crate) fn acknowledged(
        &mut self,
        now: Instant,
        key: CallKey,
        received: Received,
        out: &mut Outbox,
    ) {
        let Received {
            flow,
            request,
            core,
        } = received;
        let Some(call) = self.calls.get_mut(key) else {
            return;
        };
        let is_awaited = |success: &mut Success| success.cseq == core.cseq.number;
        let success = call
            .session_mut()
            .and_then(|session| session.unacknowledged.take_if(is_awaited));
        let Some(success) = success else {
            self.counters.stray_acks += 1;
            return;
        };
        call.dialog.follow(&core, flow);
        let said = description_of(&request);
        let description = call.dialog.exchange.receive_answer(said);
        out.event(match success.is_reinvite {
            false => Event::Acknowledged {
                call: key,
                request,
                description,
            },
            true => Event::ReinviteAcknowledged {
                call: key,
                request,
                description,
            },
        });
        let hang_up = self
            .session_mut(key)
            .and_then(|session| session.hang_up.take());
        match hang_up {
            Some(headers) => self.send_bye(now, key, EndCause::LocalBye, &headers, out),
            None => self.next_change(now, key, out),
        }
        self.settle_call(key);
    }

    /// Repeats a success, or hangs up when nobody acknowledges it (RFC 3261 13.3.1.4).
    pub(crate) fn success_elapsed(&mut self, now: Instant, key: CallKey, out: &mut Outbox) {
        let timing = self.timing();
        let Some(session) = self.session_mut(key) else {
            return;
        };
        let Some(success) = &mut session.unacknowledged else {
            return;
        };
        if success.gives_up_at <= now {
            self.counters.timeouts += 1;
            return self.send_bye(now, key, EndCause::NoAck, &ExtraHeaders::none(), out);
        }
        if success.resend_at <= now {
            success.pause = timing.double(success.pause);
            success.resend_at = now + success.pause;
            let (server, response) = (success.server, success.response.clone());
            if let Some(transaction) = self.servers.get(server) {
                self.counters.retransmissions += 1;
                out.send(transaction.flow, response);
            }
        }
    }

    pub(crate) fn session_mut(&mut self, key: CallKey) -> Option<&mut Session> {
        self.calls.get_mut(key)?.session_mut()
    }
}

/// RFC 3261 12.1.1: a response that makes or refreshes a dialog says where we are.
pub(crate) fn with_contact(builder: MessageBuilder, contact: &Uri) -> MessageBuilder {
    builder.set(HeaderName::Contact, format_args!("<{contact}>"))
}
