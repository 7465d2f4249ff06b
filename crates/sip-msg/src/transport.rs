use core::fmt;
use core::str::FromStr;

use crate::{SyntaxError, Token};

/// The transport of a Via or of a URI's `transport` parameter, compared without case.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the variants are the words on the wire")]
pub enum Transport {
    Udp,
    Tcp,
    Tls,
    Sctp,
    Ws,
    Wss,
    /// Any other transport, spelled as received.
    Other(Token),
}

impl Transport {
    /// The spelling of the Via header.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
            Self::Sctp => "SCTP",
            Self::Ws => "WS",
            Self::Wss => "WSS",
            Self::Other(token) => token,
        }
    }

    /// Whether the transport delivers every message, so that requests are not repeated.
    pub fn is_reliable(&self) -> bool {
        !matches!(self, Self::Udp | Self::Other(_))
    }

    /// Whether the transport is encrypted.
    pub fn is_secure(&self) -> bool {
        matches!(self, Self::Tls | Self::Wss)
    }

    /// The port when a URI or Via names none (RFC 3261 19.1.2, RFC 7118 5.3).
    pub fn default_port(&self) -> u16 {
        match self {
            Self::Tls => 5061,
            Self::Ws => 80,
            Self::Wss => 443,
            _ => 5060,
        }
    }
}

impl FromStr for Transport {
    type Err = SyntaxError;

    fn from_str(text: &str) -> Result<Self, SyntaxError> {
        let is = |known: &str| text.eq_ignore_ascii_case(known);
        Ok(match text.len() {
            2 if is("WS") => Self::Ws,
            3 if is("UDP") => Self::Udp,
            3 if is("TCP") => Self::Tcp,
            3 if is("TLS") => Self::Tls,
            3 if is("WSS") => Self::Wss,
            4 if is("SCTP") => Self::Sctp,
            _ => Self::Other(Token::new(text)?),
        })
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}
