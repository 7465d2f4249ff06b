use alloc::string::String;
use alloc::vec::Vec;
use core::net::SocketAddr;

use plenum_sip_msg::{Core, Host, Message, Method, NameAddr, Uri};

use crate::call::change::Changes;
use crate::call::exchange::Exchange;
use crate::random::Tag;
use crate::{EarlyKey, Flow, Transport};

/// Most proxies in a route set; a message with more is refused.
pub(crate) const MAX_ROUTES: usize = 32;

/// What two user agents remember of each other.
///
/// ```text
///        1xx with To tag         2xx
///   ---------------------> Early ----> Confirmed ----> (BYE) gone
///             \------------------------^   |  ^
///                    2xx at once           +--+ target refresh: re-INVITE and its 2xx
/// ```
///
/// # Standard
///
/// RFC 3261 12: dialog ID, sequence numbers, URIs, remote target and route set.
#[derive(Debug)]
pub(crate) struct Dialog {
    pub(crate) call_id: String,
    pub(crate) local_tag: Tag,
    /// Our From in requests, with our tag.
    pub(crate) local: NameAddr,
    /// Our To in requests, with the tag of the other side once it is known.
    pub(crate) remote: NameAddr,
    pub(crate) local_cseq: u32,
    /// Empty until the other side has sent a request.
    pub(crate) remote_cseq: Option<u32>,
    pub(crate) target: Uri,
    pub(crate) routes: Vec<Uri>,
    /// The path the dialog was built over; the way to a next hop that has no address.
    pub(crate) flow: Flow,
    /// The other side sits behind an address translator: only its source address is of use.
    pub(crate) is_translated: bool,
    /// What the other side says it can do.
    pub(crate) peer: Peer,
    pub(crate) exchange: Exchange,
    pub(crate) changes: Changes,
    /// The name of an early dialog; none once it is confirmed.
    pub(crate) early: Option<EarlyKey>,
    /// The name that it had before it was confirmed.
    pub(crate) was_early: Option<EarlyKey>,
    /// RFC 3262 4: the last reliable provisional response that came in its order.
    pub(crate) rseq: Option<u32>,
    /// The reliable response with an offer that our owner has not answered.
    pub(crate) owed_prack: Option<OwedPrack>,
}

/// A PRACK that our owner must write the body of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OwedPrack {
    pub(crate) rseq: u32,
    /// Of the INVITE.
    pub(crate) cseq: u32,
}

/// What the other side can do, by its Allow and Supported headers.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Peer {
    pub(crate) allows_update: bool,
    pub(crate) supports_timer: bool,
}

impl Peer {
    /// Takes what a message says; what it does not mention is as before.
    pub(crate) fn learn(&mut self, message: &Message) {
        if let Some(methods) = message.allow() {
            self.allows_update = methods.contains(&Method::Update);
        }
        let is_told = message.has(&plenum_sip_msg::HeaderName::Supported);
        if is_told || message.is_request() {
            self.supports_timer = message.supported().contains("timer");
        }
    }
}

/// Where a request inside a dialog goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Course {
    pub(crate) request_uri: Uri,
    pub(crate) routes: Vec<Uri>,
    pub(crate) flow: Flow,
}

impl Dialog {
    /// The dialog that a server builds of an INVITE (RFC 3261 12.1.1). `None` when the INVITE has
    /// no usable Contact or route set.
    pub(crate) fn of_request(
        request: &Message,
        core: &Core,
        local_tag: Tag,
        flow: Flow,
    ) -> Option<Self> {
        let contact = contact_of(request)?;
        let is_translated = is_translated(core, &contact, flow);
        Some(Self {
            call_id: core.call_id.clone(),
            local_tag,
            local: core.to.clone().with_tag(&alloc::format!("{local_tag}")),
            remote: core.from.clone(),
            local_cseq: 0,
            remote_cseq: Some(core.cseq.number),
            target: contact,
            routes: record_routes(request)?,
            flow,
            is_translated,
            peer: Peer::default(),
            exchange: Exchange::default(),
            changes: Changes::default(),
            early: None,
            was_early: None,
            rseq: None,
            owed_prack: None,
        })
    }

    /// The dialog that a client builds of a response to its INVITE (RFC 3261 12.1.2), from the
    /// response alone, so that it also serves answers nobody waits for any more.
    ///
    /// A response without a usable Contact is taken to come from `fallback`: it must still be
    /// acknowledged.
    pub(crate) fn of_response(
        response: &Message,
        core: &Core,
        local_tag: Tag,
        flow: Flow,
        fallback: &Uri,
    ) -> Self {
        let mut routes = record_routes(response).unwrap_or_default();
        routes.reverse();
        Self {
            call_id: core.call_id.clone(),
            local_tag,
            local: core.from.clone(),
            remote: core.to.clone(),
            local_cseq: core.cseq.number,
            remote_cseq: None,
            target: contact_of(response).unwrap_or_else(|| fallback.clone()),
            routes,
            flow,
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

    /// The tag of the other side; empty for a peer of RFC 2543.
    pub(crate) fn remote_tag(&self) -> &str {
        self.remote.tag().unwrap_or_default()
    }

    /// Takes the Contact of a re-INVITE or of its success (RFC 3261 12.2: target refresh).
    pub(crate) fn refresh_target(&mut self, message: &Message) {
        if let Some(contact) = contact_of(message) {
            self.target = contact;
        }
    }

    /// Takes over what went on in the early dialog that this one confirms.
    pub(crate) fn go_on_from(&mut self, early: Self) {
        self.was_early = early.early;
        self.local_cseq = early.local_cseq;
        self.remote_cseq = early.remote_cseq;
        self.peer = early.peer;
        self.exchange = early.exchange;
        self.changes = early.changes;
        self.rseq = early.rseq;
        self.owed_prack = early.owed_prack;
    }

    /// Draws the number of the next request.
    pub(crate) fn next_cseq(&mut self) -> u32 {
        self.local_cseq = self.local_cseq.saturating_add(1);
        self.local_cseq
    }

    /// Works out Request-URI, Route headers and next hop (RFC 3261 12.2.1.1).
    pub(crate) fn course(&self) -> Course {
        let hop = self.routes.first().unwrap_or(&self.target);
        let stays = self.is_translated && self.routes.is_empty();
        self.course_over(if stays {
            self.flow
        } else {
            next_hop(self.flow, hop)
        })
    }

    /// The same where the next hop is known already.
    pub(crate) fn course_over(&self, flow: Flow) -> Course {
        course(&self.target, &self.routes, flow)
    }

    /// Notes where a request of the other side came from: behind a translator its address may
    /// change at any time.
    pub(crate) fn follow(&mut self, core: &Core, flow: Flow) {
        self.flow = flow;
        self.is_translated = is_translated(core, &self.target, flow);
    }
}

/// Works out Request-URI and Route headers from a target and a route set (RFC 3261 12.2.1.1).
pub(crate) fn course(target: &Uri, routes: &[Uri], flow: Flow) -> Course {
    let (request_uri, routes) = match routes {
        [first, rest @ ..] if !first.is_loose_router() => {
            // RFC 3261 12.2.1.1 and 16.12.1.1: a strict router wants to be the Request-URI.
            let routes = rest.iter().chain([target]).cloned().collect();
            (
                first.clone().without_headers().without_param("method"),
                routes,
            )
        }
        routes => (target.clone(), routes.to_vec()),
    };
    Course {
        request_uri,
        routes,
        flow,
    }
}

/// Points `flow` at a URI. A stream goes on over the connection it has; a name, which nobody here
/// can resolve, is reached the way the last message came.
pub(crate) fn next_hop(flow: Flow, uri: &Uri) -> Flow {
    if flow.connection.is_some() {
        return flow;
    }
    let host = uri.maddr().or_else(|| uri.host().cloned());
    let Some(ip) = host.and_then(|host| host.ip()) else {
        return flow;
    };
    if ip.is_ipv4() != flow.remote.is_ipv4() || ip.is_unspecified() {
        return flow;
    }
    let port = uri.port().unwrap_or(flow.transport.default_port());
    flow.towards(SocketAddr::new(ip, port))
}

/// A phone that names the same address in Via and Contact, and is seen at another one, cannot be
/// reached at the address it names.
fn is_translated(core: &Core, contact: &Uri, flow: Flow) -> bool {
    let sent_by = core.via.host.ip();
    let named = contact.host().and_then(Host::ip);
    flow.transport == Transport::Udp
        && named.is_some()
        && named == sent_by
        && sent_by != Some(flow.remote.ip())
}

/// The first Contact, as the target of later requests.
fn contact_of(message: &Message) -> Option<Uri> {
    let contact = message.contacts().next()?.ok()?;
    contact.uri.is_sip().then(|| contact.uri.without_headers())
}

/// The Record-Route values in order; `None` when they are malformed or too many.
fn record_routes(message: &Message) -> Option<Vec<Uri>> {
    let routes = message.record_routes().take(MAX_ROUTES + 1);
    let routes: Vec<Uri> = routes
        .map(|route| Some(route.ok()?.uri))
        .collect::<Option<_>>()?;
    (routes.len() <= MAX_ROUTES).then_some(routes)
}
