use alloc::string::String;
use alloc::vec;
use alloc::vec::Vec;
use core::time::Duration;

use plenum_sip_msg::{Method, Token};

/// Most calls at once by default.
pub const MAX_CALLS: usize = 20_000;
/// Most transactions at once by default, client and server together. On UDP each finished call
/// leaves two or three that linger for 32 s (timers J, L and M).
pub const MAX_TRANSACTIONS: usize = 250_000;

/// What an endpoint does about session timers (RFC 4028).
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum SessionTimers {
    /// Does not know of them.
    Off,
    /// Agrees when the other side asks.
    #[default]
    Accept,
    /// Asks for them in every call.
    Request,
}

/// What an [`Endpoint`](crate::Endpoint) must know before the first message.
#[derive(Clone, Debug)]
pub struct EndpointConfig {
    /// RFC 3261 17.1.1.1: estimate of the round-trip time. Default 500 ms.
    pub t1: Duration,
    /// RFC 3261 17.1.2.2: longest pause between repetitions. Default 4 s.
    pub t2: Duration,
    /// RFC 3261 17.1.2.2: longest a message stays in the network. Default 5 s.
    pub t4: Duration,
    /// Text of the User-Agent and Server headers.
    pub product: String,
    /// Most calls at once; one more INVITE is refused with 503. Default [`MAX_CALLS`].
    pub max_calls: usize,
    /// Most transactions at once; one more request is refused with 503. Default
    /// [`MAX_TRANSACTIONS`].
    pub max_transactions: usize,
    /// RFC 3261 13.3.1.1: how often a provisional response is repeated, so that no proxy on the
    /// way gives up. Default 1 min.
    pub provisional_refresh: Duration,
    /// How long an INVITE of ours may go on without a final response after the last provisional
    /// one, as timer C of RFC 3261 16.6; then it is cancelled. Default 180 s.
    pub invite_expiry: Duration,
    /// Methods that reach the owner as [`Event::Request`](crate::Event::Request), beside INVITE,
    /// ACK, BYE and CANCEL, which the endpoint handles. Others are refused with 405.
    /// Default OPTIONS, INFO, MESSAGE and UPDATE. An UPDATE without offer is answered by the
    /// endpoint.
    pub methods: Vec<Method>,
    /// Option tags that a request may require, beside `100rel` and `timer`, which the endpoint
    /// speaks itself; others are refused with 420. Default none.
    pub supported: Vec<Token>,
    /// Whether the other side may send us reliable provisional responses, and we them to it
    /// (RFC 3262). Default yes.
    pub reliable_provisionals: bool,
    /// Whether calls are refreshed and end when nobody refreshes them (RFC 4028). Default
    /// [`SessionTimers::Accept`].
    pub session_timers: SessionTimers,
    /// RFC 4028 4: how long a call lives without a refresh, where we are asked. Default 1800 s.
    pub session_expires: Duration,
    /// RFC 4028 5: the shortest such interval that we accept. Default 90 s, which is also the
    /// lowest that the standard allows.
    pub min_se: Duration,
    /// What `Retry-After` says in a 503 of ours. Default 5 s.
    pub retry_after: Duration,
}

impl EndpointConfig {
    /// RFC 3261 17.1.1.2: 64 times T1, how long a transaction tries (timers B, F, H, L, M, J).
    #[must_use]
    pub const fn patience(&self) -> Duration {
        self.t1.saturating_mul(64)
    }
}

impl Default for EndpointConfig {
    fn default() -> Self {
        Self {
            t1: Duration::from_millis(500),
            t2: Duration::from_secs(4),
            t4: Duration::from_secs(5),
            product: String::from(concat!("Plenum/", env!("CARGO_PKG_VERSION"))),
            max_calls: MAX_CALLS,
            max_transactions: MAX_TRANSACTIONS,
            provisional_refresh: Duration::from_secs(60),
            invite_expiry: Duration::from_secs(180),
            methods: vec![
                Method::Options,
                Method::Info,
                Method::Message,
                Method::Update,
            ],
            supported: Vec::new(),
            reliable_provisionals: true,
            session_timers: SessionTimers::Accept,
            session_expires: Duration::from_secs(1_800),
            min_se: Duration::from_secs(90),
            retry_after: Duration::from_secs(5),
        }
    }
}
