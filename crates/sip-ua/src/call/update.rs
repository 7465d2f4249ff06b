//! UPDATE from the other side (RFC 3311 5.2).

use plenum_sip_msg::{HeaderName, Message, MessageBuilder, Method, StatusCode};
use plenum_time::Instant;

use super::Phase;
use super::exchange::Glare;
use super::success::with_contact;
use crate::body::description_of;
use crate::endpoint::Endpoint;
use crate::endpoint::incoming::Received;
use crate::keys::ServerKey;
use crate::{Body, CallError, CallKey, EarlyKey, ExtraHeaders, Outbox};

impl Endpoint {
    /// An UPDATE: without offer it is answered here, with one it goes to our owner.
    pub(crate) fn receive_update(
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
        let Some(call) = self.calls.get_mut(key) else {
            return;
        };
        let remote_tag = received.core.from.tag().unwrap_or_default();
        let is_invited = matches!(&call.phase, Phase::Up(session) if session.remote.is_some());
        let dialog = call.dialog_mut(remote_tag);
        let said = description_of(&received.request);
        if dialog.changes.remote.is_some() || (is_invited && said.is_some()) {
            return self.refuse_glare(now, server, false, out);
        }
        match dialog.exchange.receive_offer(said) {
            Err(glare) => self.refuse_glare(now, server, glare == Glare::Local, out),
            Ok(offer) => {
                dialog.refresh_target(&received.request);
                dialog.peer.learn(&received.request);
                let early = dialog.early;
                if offer.bytes().is_some() {
                    dialog.changes.remote = Some(server);
                    return self.deliver_in_dialog(server, key, early, received, offer, out);
                }
                let headers = self.agree_as_server(now, key, &received.request);
                let fill = self.target_refresh(key, &headers);
                self.send_response(now, server, StatusCode::OK, fill, out);
                self.settle_call(key);
            }
        }
    }

    /// RFC 3311 5.2: what a success to UPDATE carries.
    fn target_refresh(
        &self,
        key: CallKey,
        timer: &ExtraHeaders,
    ) -> impl FnOnce(MessageBuilder) -> MessageBuilder + use<> {
        let contact = self.calls.get(key).map(|call| call.contact.clone());
        let (abilities, timer) = (self.abilities.clone(), timer.clone());
        move |builder| {
            let builder = crate::compose::extra(abilities.add_inside(builder, &timer), &timer);
            match &contact {
                Some(contact) => with_contact(builder, contact),
                None => builder,
            }
        }
    }

    /// The dialog whose offer this request made, if it made one.
    fn offer_of(&self, server: ServerKey) -> Option<(CallKey, Option<EarlyKey>)> {
        let key = self.servers.get(server)?.call?;
        let call = self.calls.get(key)?;
        let dialog = call
            .dialogs()
            .find(|dialog| dialog.changes.remote == Some(server))?;
        Some((key, dialog.early))
    }

    /// Our owner answers a request that may have made an offer. Hands back what the response
    /// carries beside what our owner gives.
    pub(crate) fn answer_offering_request(
        &mut self,
        now: Instant,
        server: ServerKey,
        status: StatusCode,
        body: Option<&Body>,
    ) -> Result<ExtraHeaders, CallError> {
        let none = ExtraHeaders::none();
        let Some((key, early)) = self.offer_of(server).filter(|_| status.is_final()) else {
            return Ok(none);
        };
        let Some(dialog) = self.dialog_at(key, early) else {
            return Ok(none);
        };
        if !status.is_success() {
            dialog.exchange.refuse();
            dialog.changes.remote = None;
            return Ok(none);
        }
        dialog.exchange.send_answer(body)?;
        dialog.changes.remote = None;
        let request = self.servers.get(server).and_then(|t| t.request.clone());
        let Some(request) = request.filter(|r| r.method() == Some(&Method::Update)) else {
            return Ok(none);
        };
        let headers = self.agree_as_server(now, key, &request);
        let contact = self.calls.get(key).map(|call| call.contact.clone());
        Ok(match contact {
            Some(contact) => headers.with(HeaderName::Contact, alloc::format!("<{contact}>")),
            None => headers,
        })
    }

    /// What an answer of our owner lets go on.
    pub(crate) fn after_answer(&mut self, now: Instant, call: Option<CallKey>, out: &mut Outbox) {
        if let Some(key) = call {
            self.next_change(now, key, out);
            self.release_success(now, key, out);
        }
    }

    /// A request of the other side was never answered by our owner.
    pub(crate) fn request_forgotten(
        &mut self,
        now: Instant,
        server: ServerKey,
        call: CallKey,
        out: &mut Outbox,
    ) {
        if let Some((key, early)) = self.offer_of(server)
            && let Some(dialog) = self.dialog_at(key, early)
        {
            dialog.exchange.refuse();
            dialog.changes.remote = None;
        }
        self.after_answer(now, Some(call), out);
    }

    /// Hands a request inside a dialog to the owner.
    pub(crate) fn deliver_in_dialog(
        &mut self,
        server: ServerKey,
        key: CallKey,
        early: Option<EarlyKey>,
        received: Received,
        description: crate::Description,
        out: &mut Outbox,
    ) {
        let Received { flow, request, .. } = received;
        self.deliver_request(
            server,
            Some((key, early)),
            (flow, request),
            description,
            out,
        );
    }

    /// Whether a message asks for `extension` by Require or Supported.
    pub(crate) fn mentions(message: &Message, extension: &str) -> bool {
        message.supported().contains(extension) || message.require().contains(extension)
    }
}
