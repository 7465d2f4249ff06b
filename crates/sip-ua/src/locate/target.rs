use core::fmt;
use core::net::SocketAddr;
use core::time::Duration;

use plenum_sip_msg::{Host, Transport};

/// One way to the next hop.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Target {
    /// By which transport.
    pub transport: Transport,
    /// To which address.
    pub address: SocketAddr,
    /// Who must be there: what a TLS certificate is checked for, and the host of a WebSocket URL.
    ///
    /// It is the host of the URI, not a name that DNS led to: DNS can be forged (RFC 5922 7.3).
    pub domain: Host,
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.transport, self.address)
    }
}

/// One target to try, and how long.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attempt {
    /// Where to send the request.
    pub target: Target,
    /// How long to wait for a first response before the next step of the search; what is left of
    /// the budget when no other target is known. It is a suggestion: a transaction may outlive it.
    pub patience: Duration,
    /// Counts the attempts of one search, from 1.
    pub number: usize,
}
