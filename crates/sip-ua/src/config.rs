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
    /// ACK, BYE and CANCEL, which the endpoint handles. Others are refused with 405 or 501.
    /// Default OPTIONS, INFO and MESSAGE.
    pub methods: Vec<Method>,
    /// Option tags that a request may require; others are refused with 420. Default none.
    pub supported: Vec<Token>,
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
            methods: vec![Method::Options, Method::Info, Method::Message],
            supported: Vec::new(),
            retry_after: Duration::from_secs(5),
        }
    }
}
