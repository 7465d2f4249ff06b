//! All other requests, inside and outside of calls.

use alloc::boxed::Box;
use alloc::string::{String, ToString};

use plenum_sip_msg::{HeaderName, Message, MessageBuilder, Method, StatusCode};
use plenum_time::{Instant, TimerId};

use super::Phase;
use super::retry::Tried;
use crate::compose::{self, RequestHead};
use crate::endpoint::incoming::Received;
use crate::endpoint::sending::{Outgoing, request_in};
use crate::endpoint::{Due, Endpoint};
use crate::keys::ServerKey;
use crate::random::Tag;
use crate::transaction::ClientOwner;
use crate::{
    Body, CallError, CallKey, ClientRequestKey, Description, EarlyKey, EndCause, Event,
    ExtraHeaders, Flow, Outbox, OutgoingRequest, RequestKey, Retry,
};

/// The body type that OPTIONS says is understood (RFC 3261 11.2).
const ACCEPT: &str = "application/sdp";

/// A request of our owner, with what it takes to send it again.
#[derive(Debug)]
pub(crate) struct SentRequest {
    place: Place,
    tried: Tried,
    /// Headers of the last attempt, beside those of the request.
    more: ExtraHeaders,
    /// Set once it is refused: until then it can be sent again.
    forgotten_at: Option<TimerId>,
}

/// Where a request goes.
#[derive(Debug)]
enum Place {
    Inside {
        call: CallKey,
        early: Option<EarlyKey>,
        method: Method,
        headers: ExtraHeaders,
        body: Option<Body>,
    },
    Outside {
        request: Box<OutgoingRequest>,
        call_id: String,
        tag: Tag,
        cseq: u32,
    },
}

impl SentRequest {
    fn new(place: Place) -> Self {
        Self {
            place,
            tried: Tried::default(),
            more: ExtraHeaders::none(),
            forgotten_at: None,
        }
    }

    fn call(&self) -> Option<CallKey> {
        match &self.place {
            Place::Inside { call, .. } => Some(*call),
            Place::Outside { .. } => None,
        }
    }
}

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
            let status = StatusCode::SERVER_INTERNAL_ERROR;
            return self.refuse(now, server, status, &headers, out);
        }
        // RFC 3261 12.2.2: gaps are no error.
        dialog.remote_cseq = Some(core.cseq.number);
        dialog.follow(core, received.flow);
        let early = dialog.early;
        let is_over = matches!(call.phase, Phase::Ending(_) | Phase::Waiting(_));
        self.index_call(key);
        match received.core.cseq.method {
            Method::Invite => self.receive_reinvite(now, key, server, received, out),
            Method::Bye => self.receive_bye(now, key, server, received.request, out),
            _ if is_over => self.refuse_unknown(now, server, out),
            Method::Prack => self.receive_prack(now, key, server, received, out),
            Method::Update => self.receive_update(now, key, server, received, out),
            _ => self.deliver_in_dialog(server, key, early, received, Description::None, out),
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
            Method::Invite
                | Method::Ack
                | Method::Bye
                | Method::Cancel
                | Method::Prack
                | Method::Update
        ) {
            return Err(CallError::WrongMethod(method));
        }
        self.check_transactions()?;
        let call = self.calls.get_mut(key).ok_or(CallError::UnknownCall)?;
        let (wish, state) = ("send a request", call.state());
        let dialog = call.dialog_for_requests(None);
        let early = dialog.ok_or(CallError::WrongState { wish, state })?.early;
        let request = self.requests.insert(SentRequest::new(Place::Inside {
            call: key,
            early,
            method,
            headers: headers.clone(),
            body,
        }));
        self.send_again(now, request, &Retry::default(), out)?;
        Ok(request)
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
        let tag = self.random.tag();
        let call_id = match &request.call_id {
            Some(call_id) => call_id.clone(),
            None => self.random.call_id().to_string(),
        };
        let cseq = request.cseq.unwrap_or(1);
        let key = self.requests.insert(SentRequest::new(Place::Outside {
            request: Box::new(request),
            call_id,
            tag,
            cseq,
        }));
        self.send_again(now, key, &Retry::default(), out)?;
        Ok(key)
    }

    pub(crate) fn send_request_again(
        &mut self,
        now: Instant,
        key: ClientRequestKey,
        retry: Retry,
        out: &mut Outbox,
    ) -> Result<(), CallError> {
        self.check_transactions()?;
        let request = self
            .requests
            .get_mut(key)
            .ok_or(CallError::UnknownRequest)?;
        let timer = request.forgotten_at.take();
        let timer = timer.ok_or(CallError::UnknownRequest)?;
        if let Place::Outside { cseq, .. } = &mut request.place {
            *cseq = cseq.saturating_add(1);
        }
        let sent = self.send_again(now, key, &retry, out);
        match self.requests.get_mut(key) {
            // It can still be tried in another way.
            Some(request) if sent.is_err() => request.forgotten_at = Some(timer),
            _ => drop(self.timers.cancel(timer)),
        }
        sent
    }

    /// Sends a request, for the first time or again.
    fn send_again(
        &mut self,
        now: Instant,
        key: ClientRequestKey,
        retry: &Retry,
        out: &mut Outbox,
    ) -> Result<(), CallError> {
        let branch = self.random.branch();
        let request = self
            .requests
            .get_mut(key)
            .ok_or(CallError::UnknownRequest)?;
        let (flow, method, builder, headers, body) = match &mut request.place {
            Place::Inside {
                call,
                early,
                method,
                headers,
                body,
            } => {
                let call = self.calls.get_mut(*call).ok_or(CallError::UnknownCall)?;
                let dialog = call.dialog_at(*early).ok_or(CallError::UnknownCall)?;
                let flow = retry.flow.unwrap_or(dialog.flow);
                request.tried.note(flow, &dialog.target, &retry.headers)?;
                let (flow, builder) = request_in(dialog, method.clone(), branch);
                let flow = retry.flow.unwrap_or(flow);
                (flow, method.clone(), builder, &*headers, body.clone())
            }
            Place::Outside {
                request: outgoing,
                call_id,
                tag,
                cseq,
            } => {
                let target = redirect(outgoing, retry);
                request.tried.note(target.0, &target.1, &retry.headers)?;
                (outgoing.flow, outgoing.request_uri) = target;
                if let Some(routes) = &retry.routes {
                    outgoing.routes.clone_from(routes);
                }
                let builder = begin_outside(outgoing, call_id, *tag, *cseq, branch);
                let (flow, method) = (outgoing.flow, outgoing.method.clone());
                (
                    flow,
                    method,
                    builder,
                    &outgoing.headers,
                    outgoing.body.clone(),
                )
            }
        };
        request.more = retry.headers.clone();
        let headers = request.more.over(headers);
        let builder = self.user_agent(compose::extra(builder, &headers));
        let message = compose::body(builder, body).build();
        let owner = ClientOwner::Request(key);
        let outgoing = Outgoing {
            flow,
            branch,
            method,
            owner,
            message,
        };
        self.open_client(now, outgoing, out);
        Ok(())
    }

    /// A request of ours was answered, or never will be.
    pub(crate) fn request_answered(
        &mut self,
        now: Instant,
        key: ClientRequestKey,
        response: Option<&Message>,
        out: &mut Outbox,
    ) {
        let status = response.and_then(Message::status);
        if status.is_some_and(StatusCode::is_provisional) {
            return;
        }
        let Some(request) = self.requests.get_mut(key) else {
            return;
        };
        let call = request.call();
        if status.is_some_and(StatusCode::is_success) {
            self.requests.remove(key);
        } else {
            let at = now + self.config.patience();
            request.forgotten_at = Some(self.timers.arm(at, Due::Request(key)));
        }
        let call = call.filter(|call| self.calls.contains_key(*call));
        out.event(Event::Response {
            key,
            call,
            response: response.cloned(),
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
        let call = transaction.call;
        let request = transaction
            .request
            .as_ref()
            .ok_or(CallError::UnknownRequest)?;
        let is_update = request.method() == Some(&Method::Update);
        let tells_abilities =
            status.is_success() && (is_update || request.method() == Some(&Method::Options));
        let more = self.answer_offering_request(now, key.0, status, body.as_ref())?;
        let headers = &headers.over(&more);
        let abilities = self.abilities.clone();
        let fill = |builder: MessageBuilder| {
            let mut builder = compose::extra(builder, headers);
            if tells_abilities {
                builder = match is_update {
                    true => abilities.add_inside(builder, headers),
                    false => abilities.add(builder, headers),
                };
                if !is_update && !headers.contains(&HeaderName::Accept) {
                    builder = builder.header(HeaderName::Accept, ACCEPT);
                }
            }
            compose::body(builder, body)
        };
        let sent = self.send_response(now, key.0, status, fill, out);
        if status.is_final() {
            self.after_answer(now, call, out);
        }
        sent.map(|_| ()).ok_or(CallError::UnknownRequest)
    }
}

/// Where a request outside of dialogs goes when it is sent again.
fn redirect(request: &OutgoingRequest, retry: &Retry) -> (Flow, plenum_sip_msg::Uri) {
    let uri = retry.request_uri.as_ref();
    (
        retry.flow.unwrap_or(request.flow),
        uri.unwrap_or(&request.request_uri).clone(),
    )
}

fn begin_outside(
    request: &OutgoingRequest,
    call_id: &str,
    tag: Tag,
    cseq: u32,
    branch: crate::random::Branch,
) -> MessageBuilder {
    let course = crate::dialog::course(&request.request_uri, &request.routes, request.flow);
    let head = RequestHead {
        method: request.method.clone(),
        course: &course,
        from: &request.from.clone().with_tag(&tag.to_string()),
        to: &request.to,
        call_id,
        cseq,
    };
    let builder = compose::request(&head, branch);
    match &request.contact {
        Some(contact) => super::success::with_contact(builder, contact),
        None => builder,
    }
}
