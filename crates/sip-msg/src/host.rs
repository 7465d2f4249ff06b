use alloc::borrow::ToOwned;
use alloc::string::String;
use core::fmt;
use core::net::{IpAddr, Ipv4Addr, Ipv6Addr};
use core::str::FromStr;

use crate::SyntaxError;
use crate::decimal::Decimal;

/// A host of a URI or Via: a name as it was spelled, or an address.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Host {
    /// A domain name. Its characters were checked; [`Host::equivalent`] ignores its case.
    Name(String),
    /// An IPv4 address.
    V4(Ipv4Addr),
    /// An IPv6 address, printed in brackets.
    V6(Ipv6Addr),
}

impl Host {
    /// The address, when the host is one.
    pub fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::Name(_) => None,
            Self::V4(address) => Some(IpAddr::V4(*address)),
            Self::V6(address) => Some(IpAddr::V6(*address)),
        }
    }

    /// Compares addresses by value and names without case (RFC 3261 19.1.4).
    pub fn equivalent(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Name(a), Self::Name(b)) => a.eq_ignore_ascii_case(b),
            (a, b) => a == b,
        }
    }
}

impl From<IpAddr> for Host {
    fn from(address: IpAddr) -> Self {
        match address {
            IpAddr::V4(address) => Self::V4(address),
            IpAddr::V6(address) => Self::V6(address),
        }
    }
}

impl From<Ipv4Addr> for Host {
    fn from(address: Ipv4Addr) -> Self {
        Self::V4(address)
    }
}

impl From<Ipv6Addr> for Host {
    fn from(address: Ipv6Addr) -> Self {
        Self::V6(address)
    }
}

impl FromStr for Host {
    type Err = SyntaxError;

    fn from_str(text: &str) -> Result<Self, SyntaxError> {
        if let Some(inner) = text.strip_prefix('[') {
            let inner = inner.strip_suffix(']').ok_or(SyntaxError::Host)?;
            return parse_v6(inner).map(Self::V6).ok_or(SyntaxError::Host);
        }
        let bytes = text.as_bytes();
        // A domain name's last label starts with a letter, so digits and dots are an address.
        let is_address = |byte: &u8| byte.is_ascii_digit() || *byte == b'.';
        if bytes.last().is_none_or(is_address) && bytes.iter().all(is_address) {
            return text.parse().map(Self::V4).map_err(|_| SyntaxError::Host);
        }
        let is_name = |all: bool, byte: &u8| all & IS_NAME[usize::from(*byte)];
        if bytes.iter().fold(bytes[0] != b'.', is_name) {
            Ok(Self::Name(text.to_owned()))
        } else {
            Err(SyntaxError::Host)
        }
    }
}

/// Octets of a domain name. The underscore is not in the grammar, but names of internal hosts
/// carry it.
static IS_NAME: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 128u8 {
        table[byte as usize] = byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        byte += 1;
    }
    table
};

fn parse_v6(text: &str) -> Option<Ipv6Addr> {
    if let Ok(address) = text.parse() {
        return Some(address);
    }
    // RFC 5118 4.10: the grammar of RFC 3261 has a third colon before an IPv4 address, and a
    // receiver must tolerate it.
    let (front, address) = text
        .split_once(":::")
        .filter(|(_, rest)| !rest.contains(':'))?;
    alloc::format!("{front}::{address}").parse().ok()
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Name(name) => f.write_str(name),
            Self::V4(address) => {
                let mut text = Decimal::default();
                for (index, octet) in address.octets().into_iter().enumerate() {
                    if index > 0 {
                        text.push(b'.');
                    }
                    text.push_number(octet.into());
                }
                f.write_str(text.as_str())
            }
            Self::V6(address) => write!(f, "[{address}]"),
        }
    }
}

/// Prints the colon and the port, if there is one.
pub(crate) fn write_port(f: &mut fmt::Formatter<'_>, port: Option<u16>) -> fmt::Result {
    let Some(port) = port else { return Ok(()) };
    let mut text = Decimal::default();
    text.push(b':');
    text.push_number(port.into());
    f.write_str(text.as_str())
}

/// Splits `host[:port]`; blanks around the colon are allowed in a Via (RFC 3261 20.42).
pub(crate) fn parse_host_port(text: &str) -> Result<(Host, Option<u16>), SyntaxError> {
    let bytes = text.as_bytes();
    let host_end = if bytes.first() == Some(&b'[') {
        memchr::memchr(b']', bytes).map(|bracket| bracket + 1)
    } else {
        memchr::memchr(b':', bytes)
    };
    let host_end = host_end.unwrap_or(text.len());
    let host = crate::scan::trim(&text[..host_end]).parse()?;
    let rest = crate::scan::trim(&text[host_end..]);
    if rest.is_empty() {
        return Ok((host, None));
    }
    let digits = crate::scan::trim(rest.strip_prefix(':').ok_or(SyntaxError::Host)?);
    Ok((
        host,
        Some(crate::scan::number::<u16>(digits).ok_or(SyntaxError::Port)?),
    ))
}
