//! Writes the messages that the endpoint sends.

use alloc::string::String;
use alloc::sync::Arc;
use core::fmt::Write as _;

use plenum_sip_msg::{
    HeaderName, Limits, Message, MessageBuilder, Method, NameAddr, StatusCode, Uri, Warning,
};

use crate::dialog::Course;
use crate::random::Branch;
use crate::{Body, EndpointConfig, ExchangeError, ExtraHeaders, Flow, SessionTimers};

/// RFC 3261 8.1.1.6.
const MAX_FORWARDS: u8 = 70;
/// RFC 3261 20.43: a warning that is text alone.
const MISCELLANEOUS_WARNING: u16 = 399;
/// Who warns, in the Warning header.
const WARN_AGENT: &str = "plenum";

/// What every request has.
#[derive(Debug)]
pub(crate) struct RequestHead<'a> {
    pub(crate) method: Method,
    pub(crate) course: &'a Course,
    pub(crate) from: &'a NameAddr,
    pub(crate) to: &'a NameAddr,
    pub(crate) call_id: &'a str,
    pub(crate) cseq: u32,
}

/// Starts a request (RFC 3261 8.1.1).
pub(crate) fn request(head: &RequestHead<'_>, branch: Branch) -> MessageBuilder {
    let mut builder = MessageBuilder::request(head.method.clone(), &head.course.request_uri)
        .header(HeaderName::Via, via(&head.course.flow, branch));
    for route in &head.course.routes {
        builder = builder.header(HeaderName::Route, format_args!("<{route}>"));
    }
    builder
        .header(HeaderName::MaxForwards, MAX_FORWARDS)
        .header(HeaderName::From, head.from)
        .header(HeaderName::To, head.to)
        .header(HeaderName::CallId, head.call_id)
        .header(
            HeaderName::CSeq,
            format_args!("{} {}", head.cseq, head.method),
        )
}

/// Writes the ACK or CANCEL that belongs to an INVITE of ours: its Request-URI, its topmost Via
/// with the same branch, its Route, From, Call-ID and CSeq number (RFC 3261 9.1, 17.1.1.3).
///
/// `to` replaces the To of the INVITE. `None` if the INVITE cannot be read, which never is.
pub(crate) fn companion(
    invite: &bytes::Bytes,
    method: Method,
    to: Option<&NameAddr>,
) -> Option<MessageBuilder> {
    let limits = Limits {
        message_len: usize::MAX,
        ..Limits::default()
    };
    let invite = Message::parse_datagram(invite.clone(), &limits).ok()?;
    let cseq = invite.cseq().ok()?.number;
    let mut builder = MessageBuilder::request(method.clone(), &invite.request_uri().ok()?);
    for field in invite.headers() {
        let name = field.name();
        match name {
            HeaderName::Via
            | HeaderName::Route
            | HeaderName::MaxForwards
            | HeaderName::From
            | HeaderName::CallId => builder = builder.header_raw(name, &field.value()),
            HeaderName::To => {
                builder = match to {
                    Some(to) => builder.header(name, to),
                    None => builder.header_raw(name, &field.value()),
                }
            }
            HeaderName::CSeq => builder = builder.header(name, format_args!("{cseq} {method}")),
            _ => {}
        }
    }
    Some(builder)
}

/// Our Via: where responses come back, also through an address translator (RFC 3581).
fn via(flow: &Flow, branch: Branch) -> impl core::fmt::Display {
    let (transport, host, port) = (flow.transport, flow.local_host(), flow.local.port());
    core::fmt::from_fn(move |f| {
        write!(f, "SIP/2.0/{transport} {host}:{port};branch={branch};rport")
    })
}

/// The Contact that leads back to us over the same transport.
pub(crate) fn contact(flow: &Flow, user: Option<&str>) -> Uri {
    let uri = Uri::sip(flow.local_host()).with_port(flow.local.port());
    let uri = match user {
        Some(user) => uri.with_user(user),
        None => uri,
    };
    match flow.transport.uri_param() {
        None => uri,
        Some(transport) => uri.with_param("transport", transport),
    }
}

/// Adds the headers of our owner; those that the endpoint writes itself stay ours.
pub(crate) fn extra(mut builder: MessageBuilder, headers: &ExtraHeaders) -> MessageBuilder {
    for (name, value) in headers.iter().filter(|(name, _)| !is_own(name)) {
        builder = builder.header(name.clone(), value);
    }
    builder
}

/// Adds a body, if there is one.
pub(crate) fn body(builder: MessageBuilder, body: Option<Body>) -> MessageBuilder {
    match body {
        Some(body) => builder.body(body.content_type, body.bytes),
        None => builder,
    }
}

/// Lets the exchange of offers and answers decide on a body that is a session description; other
/// bodies pass.
pub(crate) fn session_body(
    body: Option<Body>,
    decide: impl FnOnce(Option<Body>) -> Result<Option<Body>, ExchangeError>,
) -> Result<Option<Body>, ExchangeError> {
    let is_description = body
        .as_ref()
        .is_some_and(|body| body.description().is_some());
    match is_description {
        true => decide(body),
        false => decide(None).map(|_| body),
    }
}

/// The headers that say what this endpoint can do (RFC 3261 13.2.1, 13.3.1.4), written once.
#[derive(Clone, Debug)]
pub(crate) struct Abilities {
    pub(crate) allow: Arc<str>,
    supported: Arc<str>,
    /// What is supported inside a dialog: a re-INVITE has no reliable provisional responses.
    supported_inside: Arc<str>,
}

impl Abilities {
    pub(crate) fn of(config: &EndpointConfig) -> Self {
        let mut own = alloc::vec![Method::Invite, Method::Ack, Method::Cancel, Method::Bye];
        if config.reliable_provisionals {
            own.push(Method::Prack);
        }
        let allow = list(own.iter().chain(&config.methods));
        let has_timers = config.session_timers != SessionTimers::Off;
        let timer = has_timers.then_some("timer");
        let reliable = config.reliable_provisionals.then_some("100rel");
        let others = || config.supported.iter().map(|token| token.as_str());
        Self {
            allow: allow.into(),
            supported: list(reliable.into_iter().chain(timer).chain(others())).into(),
            supported_inside: list(timer.into_iter().chain(others())).into(),
        }
    }

    /// Whether a request may require this extension.
    pub(crate) fn supports(&self, option: &str) -> bool {
        let mut own = self.supported.split(", ");
        own.any(|own| own.eq_ignore_ascii_case(option))
    }

    /// Adds the headers that are not in `headers` already.
    pub(crate) fn add(&self, builder: MessageBuilder, headers: &ExtraHeaders) -> MessageBuilder {
        self.add_list(builder, headers, &self.supported)
    }

    /// The same for a message inside a dialog.
    pub(crate) fn add_inside(
        &self,
        builder: MessageBuilder,
        headers: &ExtraHeaders,
    ) -> MessageBuilder {
        self.add_list(builder, headers, &self.supported_inside)
    }

    fn add_list(
        &self,
        mut builder: MessageBuilder,
        headers: &ExtraHeaders,
        supported: &str,
    ) -> MessageBuilder {
        if !headers.contains(&HeaderName::Allow) {
            builder = builder.header(HeaderName::Allow, &self.allow);
        }
        if !supported.is_empty() && !headers.contains(&HeaderName::Supported) {
            builder = builder.header(HeaderName::Supported, supported);
        }
        builder
    }
}

/// Joins values by commas.
pub(crate) fn list<T: core::fmt::Display>(values: impl IntoIterator<Item = T>) -> String {
    let mut text = String::new();
    for value in values {
        let separator = if text.is_empty() { "" } else { ", " };
        // Writing to a String never fails.
        let _ = write!(text, "{separator}{value}");
    }
    text
}

/// Starts a response to a request, with the To tag that all above 100 have (RFC 3261 8.2.6.2).
pub(crate) fn response(
    request: &Message,
    status: StatusCode,
    tag: crate::random::Tag,
    config: &EndpointConfig,
) -> MessageBuilder {
    let builder = MessageBuilder::response_to(request, status);
    let builder = match status {
        StatusCode::TRYING => builder,
        _ => builder.to_tag(&alloc::format!("{tag}")),
    };
    if config.product.is_empty() {
        builder
    } else {
        builder.header(HeaderName::Server, &config.product)
    }
}

/// The headers of a refusal of our own: a sentence that names the rule.
pub(crate) fn warning(sentence: &str) -> ExtraHeaders {
    let warning = Warning {
        code: MISCELLANEOUS_WARNING,
        agent: String::from(WARN_AGENT),
        text: String::from(sentence),
    };
    ExtraHeaders::none().with(HeaderName::Warning, alloc::format!("{warning}"))
}

fn is_own(name: &HeaderName) -> bool {
    matches!(
        name,
        HeaderName::Via
            | HeaderName::From
            | HeaderName::To
            | HeaderName::CallId
            | HeaderName::CSeq
            | HeaderName::MaxForwards
            | HeaderName::Route
            | HeaderName::RecordRoute
            | HeaderName::ContentLength
            | HeaderName::ContentType
    )
}
