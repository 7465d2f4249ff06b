//! The INVITE that we send (RFC 3261 9.1 and 13.2).

use alloc::boxed::Box;
use alloc::string::ToString;
use alloc::vec::Vec;

use plenum_sip_msg::{
    Core, HeaderName, Message, MessageBuilder, Method, NameAddr, StatusCode, Uri,
};
use plenum_time::Instant;

use super::change::Changes;
use super::exchange::Exchange;
use super::prack::Order;
use super::success::with_contact;
use super::{
    Attempt, Call, Calling, GivingUp, Interval, MAX_EARLY_DIALOGS, OwedAck, Phase, Reliable,
    Session,
};
use crate::body::description_of;
use crate::compose;
use crate::dialog::{Dialog, OwedPrack, Peer};
use crate::endpoint::Endpoint;
use crate::endpoint::drive::Silence;
use crate::endpoint::sending::Outgoing;
use crate::keys::ClientKey;
use crate::random::Tag;
use crate::transaction::ClientOwner;
use crate::{
    CallError, CallKey, Description, EarlyKey, EndCause, Event, ExtraHeaders, Flow, Invite, Outbox,
};

/// What a provisional response means to its early dialog.
struct Early {
    key: Option<EarlyKey>,
    order: Order,
    description: Description,
}

impl Default for Early {
    fn default() -> Self {
        Self {
            key: None,
            order: Order::Unreliable,
            description: Description::None,
        }
    }
}

impl Calling {
    /// The early dialog that a provisional response belongs to or opens (RFC 3261 12.1.2).
    fn early_dialog(
        &mut self,
        response: &Message,
        core: &Core,
        (tag, flow, fallback): (Tag, Flow, &Uri),
    ) -> Option<&mut Dialog> {
        let remote_tag = core.to.tag()?;
        let known = self
            .early
            .iter()
            .position(|dialog| dialog.remote_tag() == remote_tag);
        if let Some(at) = known {
            return self.early.get_mut(at);
        }
        if self.early.len() >= MAX_EARLY_DIALOGS {
            return None;
        }
        let mut dialog = Dialog::of_response(response, core, tag, flow, fallback);
        dialog.exchange = Exchange::of_sent_invite(self.attempt.body());
        dialog.early = Some(EarlyKey(self.forks));
        self.forks += 1;
        self.early.push(dialog);
        self.early.last_mut()
    }
}

impl Endpoint {
    pub(crate) fn place_call(
        &mut self,
        now: Instant,
        invite: Invite,
        out: &mut Outbox,
    ) -> Result<CallKey, CallError> {
        if self.calls.len() >= self.config.max_calls {
            return Err(CallError::TooManyCalls(self.config.max_calls));
        }
        self.check_transactions()?;
        let dialog = self.dialog_to_be(&invite);
        let (local_tag, contact) = (dialog.local_tag, invite.contact.clone());
        let attempt = Box::new(Attempt::new(invite));
        let interval = Interval::of(&self.config);
        let key = self.calls.insert(Call {
            dialog,
            contact,
            // Until the INVITE is sent, which is next.
            phase: Phase::Ending(EndCause::LocalCancel),
            is_caller: true,
            reliable: Reliable::default(),
            interval,
            credentials: ExtraHeaders::none(),
            timer: None,
            connections: Vec::new(),
        });
        self.calls_by_tag.insert(local_tag, key);
        self.counters.calls += 1;
        self.send_invite(now, key, attempt, out);
        Ok(key)
    }

    /// What of the dialog is known before anybody answers.
    fn dialog_to_be(&mut self, invite: &Invite) -> Dialog {
        let local_tag = self.random.tag();
        let call_id = match &invite.call_id {
            Some(call_id) => call_id.clone(),
            None => self.random.call_id().to_string(),
        };
        let mut remote = invite.to.clone();
        remote.params.remove("tag");
        Dialog {
            call_id,
            local_tag,
            local: invite.from.clone().with_tag(&local_tag.to_string()),
            remote,
            local_cseq: 0,
            remote_cseq: None,
            target: invite.request_uri.clone(),
            routes: invite.routes.clone(),
            flow: invite.flow,
            is_translated: false,
            peer: Peer::default(),
            exchange: Exchange::default(),
            changes: Changes::default(),
            early: None,
            was_early: None,
            rseq: None,
            owed_prack: None,
        }
    }

    /// What an INVITE has beside the headers of every request.
    pub(crate) fn invite_headers(
        &self,
        builder: MessageBuilder,
        contact: &Uri,
        headers: &ExtraHeaders,
    ) -> MessageBuilder {
        let builder = self.user_agent(compose::extra(builder, headers));
        let builder = with_contact(builder, contact);
        self.abilities.add(builder, headers)
    }

    /// What a re-INVITE or UPDATE has beside the headers of every request.
    pub(crate) fn session_headers(
        &self,
        builder: MessageBuilder,
        contact: &Uri,
        headers: &ExtraHeaders,
    ) -> MessageBuilder {
        let builder = self.user_agent(compose::extra(builder, headers));
        let builder = with_contact(builder, contact);
        self.abilities.add_inside(builder, headers)
    }

    /// RFC 3261 20.41.
    pub(crate) fn user_agent(&self, builder: MessageBuilder) -> MessageBuilder {
        match self.config.product.as_str() {
            "" => builder,
            product => builder.header(HeaderName::UserAgent, product),
        }
    }

    fn calling_mut(&mut self, call: CallKey) -> Option<&mut Calling> {
        match &mut self.calls.get_mut(call)?.phase {
            Phase::Calling(calling) => Some(calling),
            _ => None,
        }
    }

    /// A response to our INVITE, other than a repeated success.
    pub(crate) fn invite_answered(
        &mut self,
        now: Instant,
        key: CallKey,
        (client, flow): (ClientKey, Flow),
        response: &Message,
        core: &Core,
        out: &mut Outbox,
    ) {
        let Some(status) = response.status() else {
            return;
        };
        match status.class() {
            1 => self.invite_progressed(now, key, flow, response, core, out),
            2 => self.invite_accepted(now, key, (client, flow), response, core, out),
            _ => {
                let cause = EndCause::Refused(status);
                self.invite_refused(now, key, status, Some(response), cause, out);
            }
        }
        self.settle_call(key);
    }

    fn invite_progressed(
        &mut self,
        now: Instant,
        key: CallKey,
        flow: Flow,
        response: &Message,
        core: &Core,
        out: &mut Outbox,
    ) {
        let expires_at = now + self.config.invite_expiry;
        let Some(call) = self.calls.get_mut(key) else {
            return;
        };
        let (fallback, tag) = (&call.dialog.target, call.dialog.local_tag);
        let Phase::Calling(calling) = &mut call.phase else {
            return;
        };
        if response.status() == Some(StatusCode::TRYING) {
            return self.send_cancel(now, key, out);
        }
        // RFC 3261 16.6 and 16.7: timer C starts again with each of 101 to 199.
        if calling.giving_up.is_none() {
            calling.expires_at = expires_at;
        }
        let course = (tag, flow, fallback);
        let mut heard = Early::default();
        if let Some(dialog) = calling.early_dialog(response, core, course) {
            let order = dialog.order(response);
            if order == Order::Drop {
                return;
            }
            let said = description_of(response);
            heard.key = dialog.early;
            heard.order = order;
            heard.description = dialog
                .exchange
                .receive_response(said, order != Order::Unreliable);
            dialog.peer.learn(response);
        }
        self.early_heard(now, key, heard, response, core.cseq.number, out);
    }

    /// Acknowledges a provisional response and tells the owner of it.
    fn early_heard(
        &mut self,
        now: Instant,
        key: CallKey,
        heard: Early,
        response: &Message,
        cseq: u32,
        out: &mut Outbox,
    ) {
        let is_wanted = self
            .calling_mut(key)
            .is_some_and(|calling| calling.giving_up.is_none());
        let is_offer = matches!(heard.description, Description::Offer(_));
        if let Order::Next(rseq) = heard.order {
            let owed = OwedPrack { rseq, cseq };
            match self.dialog_at(key, heard.key) {
                Some(dialog) if is_offer && is_wanted => dialog.owed_prack = Some(owed),
                _ => self.send_prack(now, key, heard.key, owed, None, out),
            }
        }
        if !is_wanted {
            return self.send_cancel(now, key, out);
        }
        out.event(Event::Progress {
            call: key,
            early: heard.key,
            response: response.clone(),
            description: heard.description,
            needs_prack: is_offer,
        });
        // RFC 6228: the fork has ended, others go on.
        if response.status() == Some(StatusCode::EARLY_DIALOG_TERMINATED)
            && let Some(calling) = self.calling_mut(key)
        {
            calling.early.retain(|dialog| dialog.early != heard.key);
        }
        self.next_change(now, key, out);
    }

    fn invite_accepted(
        &mut self,
        now: Instant,
        key: CallKey,
        (client, flow): (ClientKey, Flow),
        response: &Message,
        core: &Core,
        out: &mut Outbox,
    ) {
        let Some(call) = self.calls.get_mut(key) else {
            return;
        };
        let (tag, target) = (call.dialog.local_tag, &call.dialog.target);
        let mut dialog = Dialog::of_response(response, core, tag, flow, target);
        let Phase::Calling(calling) = &mut call.phase else {
            return;
        };
        let remote_tag = dialog.remote_tag();
        let early = calling
            .early
            .iter()
            .position(|early| early.remote_tag() == remote_tag)
            .map(|at| calling.early.swap_remove(at));
        dialog.exchange = Exchange::of_sent_invite(calling.attempt.body());
        let name = early.as_ref().and_then(|early| early.early);
        if let Some(early) = early {
            dialog.go_on_from(early);
        }
        dialog.peer.learn(response);
        let description = dialog
            .exchange
            .receive_response(description_of(response), true);
        let has_offer = calling.attempt.has_offer() || dialog.exchange.may_offer();
        if calling.attempt.has_offer() && !dialog.changes.is_running() {
            // An answer that is missing leaves no offer behind.
            dialog.exchange.receive_answer(None);
        }
        let giving_up = calling.giving_up.take();
        call.dialog = dialog;
        call.phase = Phase::Up(Session::default());
        if has_offer || giving_up.is_some() {
            self.acknowledge_success(key, client, core.cseq.number, None, out);
        } else if let Some(session) = self.session_mut(key) {
            session.owed_ack = Some(OwedAck {
                client,
                cseq: core.cseq.number,
            });
        }
        match giving_up {
            // RFC 3261 15.1.1: the answer crossed our CANCEL, so the call ends by a BYE.
            Some(GivingUp { cause, headers, .. }) => {
                self.counters.late_answers += 1;
                self.send_bye(now, key, cause, &headers, out);
            }
            None => {
                self.agree_as_client(now, key, response);
                out.event(Event::Answered {
                    call: key,
                    early: name,
                    response: response.clone(),
                    description,
                    needs_acknowledge: !has_offer,
                });
                self.next_change(now, key, out);
            }
        }
    }

    /// Our INVITE got no response at all, or its transport failed.
    pub(crate) fn invite_unanswered(
        &mut self,
        now: Instant,
        key: CallKey,
        silence: Silence,
        out: &mut Outbox,
    ) {
        let (status, cause) = silence.meaning();
        self.invite_refused(now, key, status, None, cause, out);
    }

    /// Gives up an INVITE: CANCEL as soon as it may go.
    pub(crate) fn give_up(
        &mut self,
        now: Instant,
        key: CallKey,
        cause: EndCause,
        headers: &ExtraHeaders,
        out: &mut Outbox,
    ) {
        let Some(calling) = self.calling_mut(key) else {
            return;
        };
        if calling.giving_up.is_none() {
            let headers = headers.clone();
            calling.giving_up = Some(GivingUp {
                cause,
                headers,
                is_cancelled: false,
            });
            self.send_cancel(now, key, out);
        }
        self.settle_call(key);
    }

    /// Sends the CANCEL, once, if a provisional response allows it (RFC 3261 9.1).
    fn send_cancel(&mut self, now: Instant, key: CallKey, out: &mut Outbox) {
        let patience = self.patience();
        let Some(call) = self.calls.get_mut(key) else {
            return;
        };
        let Phase::Calling(calling) = &mut call.phase else {
            return;
        };
        let Some(giving_up) = &mut calling.giving_up else {
            return;
        };
        let may_go = self
            .clients
            .get(calling.client)
            .is_some_and(|invite| invite.machine.is_proceeding());
        if giving_up.is_cancelled || !may_go {
            return;
        }
        giving_up.is_cancelled = true;
        // RFC 3261 9.1: no final response in 64 * T1 means that it never comes.
        calling.expires_at = now + patience;
        let (client, headers) = (calling.client, giving_up.headers.clone());
        self.cancel_transaction(now, client, &headers, out);
    }

    /// Sends the CANCEL of an INVITE or re-INVITE in a transaction of its own.
    pub(crate) fn cancel_transaction(
        &mut self,
        now: Instant,
        client: ClientKey,
        headers: &ExtraHeaders,
        out: &mut Outbox,
    ) {
        let Some(invite) = self.clients.get(client) else {
            return;
        };
        let Some(builder) = compose::companion(&invite.request, Method::Cancel, None) else {
            return;
        };
        let (flow, branch) = (invite.flow, invite.branch);
        let message = self.user_agent(compose::extra(builder, headers)).build();
        let (method, owner) = (Method::Cancel, ClientOwner::Nobody);
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

    /// Timer C, or the wait after a CANCEL, ran out.
    pub(crate) fn calling_elapsed(&mut self, now: Instant, key: CallKey, out: &mut Outbox) {
        let patience = self.patience();
        let Some(calling) = self
            .calling_mut(key)
            .filter(|calling| calling.expires_at <= now)
        else {
            return;
        };
        let client = calling.client;
        let is_cancelled = calling
            .giving_up
            .as_ref()
            .is_some_and(|wish| wish.is_cancelled);
        if is_cancelled {
            self.close_client(client);
            let status = StatusCode::REQUEST_TIMEOUT;
            return self.invite_refused(now, key, status, None, EndCause::TimedOut, out);
        }
        // Where no response came at all no CANCEL may go, and timer B ends the call.
        calling.expires_at = now + patience;
        self.give_up(now, key, EndCause::TimedOut, &ExtraHeaders::none(), out);
    }

    /// Acknowledges a refusal inside the transaction of its INVITE (RFC 3261 17.1.1.3).
    pub(crate) fn acknowledge_refusal(&mut self, client: ClientKey, core: &Core, out: &mut Outbox) {
        let Some(transaction) = self.clients.get_mut(client) else {
            return;
        };
        let to: &NameAddr = &core.to;
        let Some(builder) = compose::companion(&transaction.request, Method::Ack, Some(to)) else {
            return;
        };
        let message = builder.build().bytes().clone();
        out.send(transaction.flow, message.clone());
        transaction.remember_ack("", transaction.flow, message);
    }
}
