//! All other requests, inside and outside of calls.

use alloc::string::ToString;

use plenum_sip_msg::{HeaderName, Message, MessageBuilder, Method, StatusCode};
use plenum_time::Instant;

use super::Phase;
use crate::compose::{self, RequestHead};
use crate::dialog::Dialog;
use crate::endpoint::Endpoint;
use crate::endpoint::incoming::Received;
use crate::endpoint::sending::{Outgoing, request_in};
use crate::keys::{ClientKey, ServerKey};
use crate::transaction::ClientOwner;
use crate::{
    Body, CallError, CallKey, ClientRequestKey, EndCause, Event, ExtraHeaders, Outbox,
    OutgoingRequest, RequestKey,
};

/// The body type that OPTIONS says is understood (RFC 3261 11.2).
const ACCEPT: &str = "application/sdp";

impl Endpoint {
    /// A request inside a dialog (RFC 3261 12.2.2).
    pub(crate) fn receive_in_call(
        &mut self,
        now: Instant,
        key: CallKey,
        server: ServerKey,
        received: Received,
        out: &mut Outbox,
    ) {
        let core = &received.core;
        let Some(call) = self.calls.get_mut(key) else {
            return;
        };
        let dialog = call.dialog_mut(core.from.tag().unwrap_or_default());
        if dialog
            .remote_cseq
            .is_some_and(|last| core.cseq.number < last)
        {
            let sentence = "the CSeq number is lower than one that came before in this call";
            let headers = compose::warning(sentence);
            return self.refuse(
                now,
                server,
                StatusCode::SERVER_INTERNAL_ERROR,
                &headers,
                out,
            );
        }
        // RFC 3261 12.2.2: gaps are no error.
        dialog.remote_cseq = Some(core.cseq.number);
        dialog.follow(core, received.flow);
        match core.cseq.method {
            Method::Invite => self.receive_reinvite(now, key, server, received, out),
            Method::Bye => self.receive_bye(now, key, server, received.request, out),
            _ if matches!(call.phase, Phase::Ending(_)) => self.refuse_unknown(now, server, out),
            _ => self.deliver_request(server, Some(key), received, out),
        }
    }

    pub(crate) fn request_in_call(
        &mut self,
        now: Instant,
        key: CallKey,
        method: Method,
        headers: &ExtraHeaders,
        body: Option<Body>,
        out: &mut Outbox,
    ) -> Result<ClientRequestKey, CallError> {
        if matches!(
            method,
            Method::Invite | Method::Ack | Method::Bye | Method::Cancel
        ) {
            return Err(CallError::WrongMethod(method));
        }
        self.check_transactions()?;
        let branch = self.random.branch();
        let call = self.calls.get_mut(key).ok_or(CallError::UnknownCall)?;
        let state = call.state();
        let dialog: Option<&mut Dialog> = match &mut call.phase {
            Phase::Calling(calling) => calling.early.last_mut(),
            Phase::Offered(offered) if offered.has_provisional => Some(&mut call.dialog),
            Phase::Up(_) => Some(&mut call.dialog),
            Phase::Offered(_) | Phase::Ending(_) => None,
        };
        let dialog = dialog.ok_or(CallError::WrongState {
            wish: "send a request",
            state,
        })?;
        let (flow, builder) = request_in(dialog, method.clone(), branch);
        let builder = self.user_agent(compose::extra(builder, headers));
        let message = compose::body(builder, body).build();
        let owner = ClientOwner::Request(Some(key));
        let outgoing = Outgoing {
            flow,
            branch,
            method,
            owner,
            message,
        };
        Ok(ClientRequestKey(self.open_client(now, outgoing, out)))
    }

    pub(crate) fn request_outside(
        &mut self,
        now: Instant,
        request: OutgoingRequest,
        out: &mut Outbox,
    ) -> Result<ClientRequestKey, CallError> {
        if matches!(
            request.method,
            Method::Invite | Method::Ack | Method::Cancel
        ) {
            return Err(CallError::WrongMethod(request.method));
        }
        self.check_transactions()?;
        let (branch, tag) = (self.random.branch(), self.random.tag());
        let call_id = match request.call_id {
            Some(call_id) => call_id,
            None => self.random.call_id().to_string(),
        };
        let (flow, method) = (request.flow, request.method);
        let course = crate::dialog::course(&request.request_uri, &request.routes, flow);
        let head = RequestHead {
            method: method.clone(),
            course: &course,
            from: &request.from.with_tag(&tag.to_string()),
            to: &request.to,
            call_id: &call_id,
            cseq: request.cseq.unwrap_or(1),
        };
        let builder = compose::request(&head, branch);
        let builder = self.user_agent(compose::extra(builder, &request.headers));
        let builder = match &request.contact {
            Some(contact) => super::success::with_contact(builder, contact),
            None => builder,
        };
        let message = compose::body(builder, request.body).build();
        let owner = ClientOwner::Request(None);
        let outgoing = Outgoing {
            flow,
            branch,
            method,
            owner,
            message,
        };
        Ok(ClientRequestKey(self.open_client(now, outgoing, out)))
    }

    /// A request of ours was answered, or never will be.
    pub(crate) fn request_answered(
        &mut self,
        now: Instant,
        client: ClientKey,
        call: Option<CallKey>,
        response: Option<&Message>,
        out: &mut Outbox,
    ) {
        let status = response.and_then(Message::status);
        if status.is_some_and(StatusCode::is_provisional) {
            return;
        }
        let call = call.filter(|call| self.calls.contains_key(*call));
        let (key, response) = (ClientRequestKey(client), response.cloned());
        out.event(Event::Response {
            key,
            call,
            response,
        });
        let is_up = |call: &CallKey| {
            self.calls
                .get(*call)
                .is_some_and(|call| matches!(call.phase, Phase::Up(_)))
        };
        // RFC 3261 12.2.1.2: the other side knows nothing of this call any more.
        if status == Some(StatusCode::CALL_DOES_NOT_EXIST)
            && let Some(call) = call.filter(is_up)
        {
            self.send_bye(now, call, EndCause::Gone, &ExtraHeaders::none(), out);
        }
    }

    pub(crate) fn respond_to_request(
        &mut self,
        now: Instant,
        key: RequestKey,
        status: StatusCode,
        headers: &ExtraHeaders,
        body: Option<Body>,
        out: &mut Outbox,
    ) -> Result<(), CallError> {
        let transaction = self.servers.get(key.0).ok_or(CallError::UnknownRequest)?;
        let request = transaction
            .request
            .as_ref()
            .ok_or(CallError::UnknownRequest)?;
        let tells_abilities = status.is_success() && request.method() == Some(&Method::Options);
        let abilities = self.abilities.clone();
        let fill = |builder: MessageBuilder| {
            let mut builder = compose::extra(builder, headers);
            if tells_abilities {
                builder = abilities.add(builder, headers);
                if !headers.contains(&HeaderName::Accept) {
                    builder = builder.header(HeaderName::Accept, ACCEPT);
                }
            }
            compose::body(builder, body)
        };
        let sent = self.send_response(now, key.0, status, fill, out);
        sent.map(|_| ()).ok_or(CallError::UnknownRequest)
    }
}
