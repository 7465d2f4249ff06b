//! The checks that a request passes before anybody acts on it (RFC 3261 8.2).

use core::time::Duration;

use plenum_sip_msg::{Core, HeaderName, MediaType, Message, Method, StatusCode};
use plenum_time::Instant;

use super::Endpoint;
use super::incoming::Received;
use super::sending::response_flow;
use crate::compose;
use crate::keys::ServerKey;
use crate::transaction::MergeId;
use crate::{Description, ExtraHeaders, Flow, Outbox};

/// Why a request is refused before anybody acts on it.
struct Refusal {
    status: StatusCode,
    headers: ExtraHeaders,
}

impl Refusal {
    fn new(status: StatusCode, sentence: &str) -> Self {
        Self {
            status,
            headers: compose::warning(sentence),
        }
    }

    fn with(mut self, name: HeaderName, value: impl Into<alloc::string::String>) -> Self {
        self.headers.push(name, value);
        self
    }
}

impl Endpoint {
    /// Takes a request that belongs to no transaction yet.
    pub(super) fn receive_fresh(&mut self, now: Instant, received: Received, out: &mut Outbox) {
        let Received {
            flow,
            request,
            core,
        } = &received;
        let call = self.find_call(core);
        // A BYE frees more than it costs, so it passes where nothing else does.
        let is_relief = core.cseq.method == Method::Bye && call.is_some();
        if !is_relief && self.check_transactions().is_err() {
            return self.refuse_overload(*flow, request, core, out);
        }
        let is_merged = MergeId::of(core).is_some_and(|id| self.servers.has_merged(&id));
        let key = self.open_server(now, &received);
        if is_merged {
            let sentence = "this request came over another path already";
            let headers = compose::warning(sentence);
            return self.refuse(now, key, StatusCode::LOOP_DETECTED, &headers, out);
        }
        if let Some(refusal) = self.inspect(request, core) {
            return self.refuse(now, key, refusal.status, &refusal.headers, out);
        }
        match (call, core.to.tag().is_some(), &core.cseq.method) {
            (Some(call), _, _) => self.receive_in_call(now, call, key, received, out),
            (None, true, _) | (None, false, Method::Bye | Method::Prack | Method::Update) => {
                self.refuse_unknown(now, key, out)
            }
            (None, false, Method::Invite) => {
                self.receive_invite(now, key, received, out);
            }
            (None, false, _) => {
                let Received { flow, request, .. } = received;
                self.deliver_request(key, None, (flow, request), Description::None, out);
            }
        }
    }

    /// RFC 3261 12.2.2: a request of a dialog that does not exist.
    pub(crate) fn refuse_unknown(&mut self, now: Instant, key: ServerKey, out: &mut Outbox) {
        let headers = compose::warning("there is no such call here, or it has ended");
        self.refuse(now, key, StatusCode::CALL_DOES_NOT_EXIST, &headers, out);
    }

    /// Refuses without keeping anything, because there is no room to keep it.
    fn refuse_overload(&mut self, flow: Flow, request: &Message, core: &Core, out: &mut Outbox) {
        self.counters.overloaded += 1;
        let headers = self.overload("the limit of transactions is reached; try again later");
        let flow = response_flow(&core.via, flow);
        self.refuse_statelessly(
            flow,
            request,
            StatusCode::SERVICE_UNAVAILABLE,
            &headers,
            out,
        );
    }

    /// The headers of a 503 of ours.
    pub(crate) fn overload(&self, sentence: &str) -> ExtraHeaders {
        let seconds = whole_seconds(self.config.retry_after);
        compose::warning(sentence).with(HeaderName::RetryAfter, alloc::format!("{seconds}"))
    }

    /// The inspection of RFC 3261 8.2.1 to 8.2.3, in its order.
    ///
    /// Max-Forwards is read but 0 is no reason to refuse: it forbids to forward, and the request
    /// has arrived (RFC 4475 3.3.11).
    fn inspect(&self, request: &Message, core: &Core) -> Option<Refusal> {
        self.inspect_method(&core.cseq.method)
            .or_else(|| inspect_target(request))
            .or_else(|| inspect_max_forwards(request))
            .or_else(|| self.inspect_require(request))
            .or_else(|| inspect_body(&core.cseq.method, request))
            .or_else(|| inspect_accept(&core.cseq.method, request))
    }

    fn inspect_method(&self, method: &Method) -> Option<Refusal> {
        let is_own = match method {
            Method::Invite | Method::Bye => true,
            Method::Prack => self.config.reliable_provisionals,
            _ => false,
        };
        if is_own || self.config.methods.contains(method) {
            return None;
        }
        // RFC 3261 8.2.1: 405 also for a method that nobody has heard of.
        let status = StatusCode::METHOD_NOT_ALLOWED;
        let refusal = Refusal::new(status, "this method is not served here; see Allow");
        Some(refusal.with(HeaderName::Allow, &*self.abilities.allow))
    }

    /// RFC 3261 8.2.2.3.
    fn inspect_require(&self, request: &Message) -> Option<Refusal> {
        let required = request.require();
        let is_unknown = |option: &&str| !self.abilities.supports(option);
        let unknown = compose::list(required.iter().filter(is_unknown));
        if unknown.is_empty() {
            return None;
        }
        let sentence = "an extension is required that is not supported here; see Unsupported";
        let refusal = Refusal::new(StatusCode::BAD_EXTENSION, sentence);
        Some(refusal.with(HeaderName::Unsupported, unknown))
    }
}

/// RFC 3261 8.2.2.1.
fn inspect_target(request: &Message) -> Option<Refusal> {
    match request.request_uri() {
        Ok(uri) if uri.is_sip() => None,
        Ok(uri) => {
            let sentence = alloc::format!(
                "the Request-URI has the scheme {}; only sip and sips are served here",
                uri.scheme().as_str()
            );
            Some(Refusal::new(StatusCode::UNSUPPORTED_URI_SCHEME, &sentence))
        }
        Err(error) => Some(Refusal::new(
            StatusCode::BAD_REQUEST,
            &alloc::format!("{error}"),
        )),
    }
}

fn inspect_max_forwards(request: &Message) -> Option<Refusal> {
    let error = request.max_forwards().err()?;
    Some(Refusal::new(
        StatusCode::BAD_REQUEST,
        &alloc::format!("{error}"),
    ))
}

/// RFC 3261 8.2.3: a body that the session depends on must be understood.
fn inspect_body(method: &Method, request: &Message) -> Option<Refusal> {
    if !matches!(method, Method::Invite | Method::Update | Method::Prack) {
        return None;
    }
    let refused = |sentence: &str, name: HeaderName, value: &str| {
        let refusal = Refusal::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, sentence);
        Some(refusal.with(name, value))
    };
    // RFC 3261 20.11: what is optional is ignored.
    let disposition = request.text(&HeaderName::ContentDisposition);
    let is_optional = disposition
        .as_deref()
        .is_some_and(|text| text.replace(' ', "").contains("handling=optional"));
    if request.body().is_empty() || is_optional {
        return None;
    }
    let encoding = request.text(&HeaderName::ContentEncoding);
    if encoding.is_some_and(|coding| !coding.trim().eq_ignore_ascii_case("identity")) {
        let sentence = "an encoded body is not understood here; see Accept-Encoding";
        return refused(sentence, HeaderName::AcceptEncoding, "identity");
    }
    let kind = match request.content_type() {
        Ok(kind) => kind?,
        Err(error) => {
            let sentence = alloc::format!("{error}");
            return Some(Refusal::new(StatusCode::BAD_REQUEST, &sentence));
        }
    };
    if kind.is("application", "sdp") || kind.kind.eq_ignore_ascii_case("multipart") {
        return None;
    }
    let sentence = "the body must be a session description; see Accept";
    refused(sentence, HeaderName::Accept, "application/sdp")
}

/// RFC 3261 21.4.7: who wants no session description cannot be answered.
fn inspect_accept(method: &Method, request: &Message) -> Option<Refusal> {
    let is_session = matches!(method, Method::Invite | Method::Update);
    if !is_session || !request.has(&HeaderName::Accept) {
        return None;
    }
    let takes_sdp = |kind: &MediaType| {
        kind.covers("application", "sdp") || kind.kind.eq_ignore_ascii_case("multipart")
    };
    if request
        .accept()
        .filter_map(Result::ok)
        .any(|k| takes_sdp(&k))
    {
        return None;
    }
    let sentence = "our answer is application/sdp, which Accept does not name";
    Some(Refusal::new(StatusCode::NOT_ACCEPTABLE, sentence))
}

/// Rounds up to seconds, as headers want them.
pub(crate) fn whole_seconds(duration: Duration) -> u64 {
    duration.as_secs() + u64::from(duration.subsec_nanos() > 0)
}
