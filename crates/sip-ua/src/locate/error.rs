use plenum_sip_msg::Transport;
use thiserror::Error;

/// Why a text is no domain name that DNS could be asked for (RFC 1035 2.3.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum NameError {
    /// Nothing, or nothing between two dots.
    #[error("a domain name is empty between two dots; write each label")]
    EmptyLabel,
    /// A label of more than 63 characters.
    #[error("a label of the domain name is longer than 63 characters; shorten it")]
    LongLabel,
    /// More than 253 characters.
    #[error("the domain name is longer than 253 characters; shorten it")]
    Long,
    /// Neither letter, digit, hyphen nor underscore.
    #[error("a domain name holds letters, digits, hyphens and underscores only; mind its spelling")]
    Character,
}

/// Why a search cannot begin: the address that was given cannot be reached from here.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum LocateError {
    /// A `tel:` or other URI says nothing about a server.
    #[error(
        "only sip: and sips: URIs name a server; give a route, or write the number as a SIP URI"
    )]
    NotSip,
    /// The host is no domain name.
    #[error(transparent)]
    Name(#[from] NameError),
    /// RFC 3261 26.2.2: `sips` means TLS on every hop.
    #[error("a sips: URI goes over TLS, never over {0}; leave the transport parameter away")]
    Insecure(Transport),
    /// The address asks for a transport that is not ours.
    #[error("this side does not speak {0}; choose another transport or listen on one")]
    UnsupportedTransport(Transport),
    /// None of our transports is safe enough.
    #[error("a sips: URI needs TLS, which this side does not speak; use a sip: URI or set up TLS")]
    NoSecureTransport,
    /// No transport at all was given in the preferences.
    #[error("this side has no transport to reach others by; listen on one")]
    NoTransport,
    /// The address is of a family of addresses that we lack.
    #[error(
        "the address is of an IP version that this side does not use; listen on one of its kind"
    )]
    WrongFamily,
    /// RFC 7118: a browser cannot be called back.
    #[error("a {0} client opens its connection itself, so a response cannot follow it; drop it")]
    NoWayBack(Transport),
}

/// How a search ended without a target that answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum SearchEnd {
    /// Every target was handed out; the last failure says what went wrong.
    #[error("all targets of the name were tried in vain; see whether its servers run")]
    Exhausted,
    /// DNS says that no such server exists.
    #[error("DNS knows no server of this name; mind its spelling")]
    NotFound,
    /// DNS gave no answer, so there may be a server.
    #[error("DNS did not answer for this name; try again later, or check the name servers")]
    Unanswered,
    /// [`Preferences::budget`](super::Preferences::budget) is spent.
    #[error("the time for finding a server that answers is over; raise the budget, or try later")]
    OutOfTime,
}
