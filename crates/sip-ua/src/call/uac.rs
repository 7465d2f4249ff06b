//! The INVITE that we send (RFC 3261 9.1 and 13.2).

use alloc::string::ToString;
use alloc::vec::Vec;

use plenum_sip_msg::{
    Core, HeaderName, Message, MessageBuilder, Method, NameAddr, StatusCode, Uri,
};
use plenum_time::Instant;

use super::success::with_contact;
use super::{Call, Calling, GivingUp, MAX_EARLY_DIALOGS, OwedAck, Phase, Session};
use crate::compose::{self, RequestHead};
use crate::dialog::Dialog;
use crate::endpoint::Endpoint;
use crate::endpoint::drive::Silence;
use crate::endpoint::sending::Outgoing;
use crate::keys::ClientKey;
use crate::transaction::ClientOwner;
use crate::{CallError, CallKey, EndCause, Event, ExtraHeaders, Flow, Invite, Outbox};

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
        let mut dialog = self.dialog_to_be(&invite);
        let (cseq, branch) = (dialog.next_cseq(), self.random.branch());
        let course = dialog.course_over(invite.flow);
        let head = RequestHead {
            method: Method::Invite,
            course: &course,
            from: &dialog.local,
            to: &dialog.remote,
            call_id: &dialog.call_id,
            cseq,
        };
        let builder = compose::request(&head, branch);
        let has_offer = invite.body.is_some();
        let builder = self.invite_headers(builder, &invite.contact, &invite.headers);
        let message = compose::body(builder, invite.body).build();
        let local_tag = dialog.local_tag;
        let expires_at = now + self.config.invite_expiry;
        let key = self.calls.insert_with_key(|_| Call {
            dialog,
            contact: invite.contact,
            phase: Phase::Calling(Calling {
                client: ClientKey::default(),
                has_offer,
                early: Vec::new(),
                expires_at,
                giving_up: None,
            }),
            is_caller: true,
            timer: None,
        });
        self.calls_by_tag.insert(local_tag, key);
        self.counters.calls += 1;
        let (owner, method) = (ClientOwner::Invite(key), Method::Invite);
        let outgoing = Outgoing {
            flow: course.flow,
            branch,
            method,
            owner,
            message,
        };
        let client = self.open_client(now, outgoing, out);
        if let Some(calling) = self.calling_mut(key) {
            calling.client = client;
        }
        self.settle_call(key);
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
        }
    }

    /// What INVITE and re-INVITE have beside the headers of every request.
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
            _ => self.invite_refused(key, status, Some(response), EndCause::Refused(status), out),
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
        let is_trying = response.status() == Some(StatusCode::TRYING);
        if let Some(remote_tag) = core.to.tag().filter(|_| !is_trying)
            && !calling
                .early
                .iter()
                .any(|dialog| dialog.remote_tag() == remote_tag)
            && calling.early.len() < MAX_EARLY_DIALOGS
        {
            calling
                .early
                .push(Dialog::of_response(response, core, tag, flow, fallback));
        }
        if calling.giving_up.is_some() {
            return self.send_cancel(now, key, out);
        }
        if !is_trying {
            // RFC 3261 16.6 and 16.7: timer C starts again with each of 101 to 199.
            calling.expires_at = expires_at;
            out.event(Event::Progress {
                call: key,
                response: response.clone(),
            });
        }
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
        if let Some(early) = calling
            .early
            .iter()
            .find(|early| early.remote_tag() == dialog.remote_tag())
        {
            // Requests may have gone both ways in the early dialog.
            dialog.local_cseq = early.local_cseq;
            dialog.remote_cseq = early.remote_cseq;
        }
        let (has_offer, giving_up) = (calling.has_offer, calling.giving_up.take());
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
                let (response, needs_acknowledge) = (response.clone(), !has_offer);
                out.event(Event::Answered {
                    call: key,
                    response,
                    needs_acknowledge,
                });
            }
        }
    }

    fn invite_refused(
        &mut self,
        key: CallKey,
        status: StatusCode,
        response: Option<&Message>,
        cause: EndCause,
        out: &mut Outbox,
    ) {
        let Some(calling) = self.calling_mut(key) else {
            return;
        };
        let (cause, status, response) = match calling.giving_up.take() {
            Some(wish) => (wish.cause, StatusCode::REQUEST_TIMEOUT, None),
            None => (cause, status, response.cloned()),
        };
        let is_news = !matches!(cause, EndCause::LocalCancel | EndCause::RemoteBye(_));
        if is_news {
            out.event(Event::Refused {
                call: key,
                status,
                response,
            });
        }
        self.end_call(key, cause, out);
    }

    /// Our INVITE got no response at all, or its transport failed.
    pub(crate) fn invite_unanswered(&mut self, key: CallKey, silence: Silence, out: &mut Outbox) {
        let (status, cause) = match silence {
            // RFC 3261 8.1.3.1: as if these responses had come.
            Silence::TimedOut => (StatusCode::REQUEST_TIMEOUT, EndCause::TimedOut),
            Silence::TransportFailed => {
                (StatusCode::SERVICE_UNAVAILABLE, EndCause::TransportFailed)
            }
        };
        self.invite_refused(key, status, None, cause, out);
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
            return self.invite_refused(key, status, None, EndCause::TimedOut, out);
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
