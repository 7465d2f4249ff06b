use alloc::string::String;
use core::{fmt, net::IpAddr};

/// The host of a `c=` or `o=` line.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Host {
    /// An address.
    Ip(IpAddr),
    /// A host name, or any other text; it is not resolved here.
    Name(String),
}

impl Host {
    pub(crate) fn parse(text: &str) -> Self {
        let bare = text
            .strip_prefix('[')
            .and_then(|rest| rest.strip_suffix(']'))
            .unwrap_or(text);
        match bare.parse() {
            Ok(ip) => Self::Ip(ip),
            Err(_) => Self::Name(text.into()),
        }
    }

    /// Returns the address unless this is a name.
    pub fn ip(&self) -> Option<IpAddr> {
        match self {
            Self::Ip(ip) => Some(*ip),
            Self::Name(_) => None,
        }
    }
}

impl fmt::Display for Host {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Ip(ip) => ip.fmt(f),
            Self::Name(name) => f.write_str(name),
        }
    }
}

/// Returns the address type that RFC 8866 5.2 names for an address.
pub(crate) fn address_type(ip: IpAddr) -> &'static str {
    match ip {
        IpAddr::V4(_) => "IP4",
        IpAddr::V6(_) => "IP6",
    }
}

/// A `c=` line (RFC 8866 5.7).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Connection {
    network_type: String,
    address_type: String,
    host: Host,
    /// What follows the first slash: time to live and count of multicast addresses.
    scope: Option<String>,
}

impl Connection {
    /// Builds the line for a unicast address.
    pub fn new(address: IpAddr) -> Self {
        Self {
            network_type: "IN".into(),
            address_type: address_type(address).into(),
            host: Host::Ip(address),
            scope: None,
        }
    }

    /// Reads `<nettype> <addrtype> <address>`; `None` unless there are exactly three words.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let mut words = text.split_ascii_whitespace();
        let (network_type, address_type, address) = (words.next()?, words.next()?, words.next()?);
        if words.next().is_some() {
            return None;
        }
        let (host, scope) = match address.split_once('/') {
            Some((host, scope)) => (host, Some(scope.into())),
            None => (address, None),
        };
        Some(Self {
            network_type: network_type.into(),
            address_type: address_type.into(),
            host: Host::parse(host),
            scope,
        })
    }

    /// Returns the host.
    pub fn host(&self) -> &Host {
        &self.host
    }

    /// Returns the address unless the host is a name.
    pub fn ip(&self) -> Option<IpAddr> {
        self.host.ip()
    }

    /// Tells whether the address is of IPv6, by the address itself, or else by what is stated.
    pub(crate) fn is_ipv6(&self) -> bool {
        match self.ip() {
            Some(ip) => ip.is_ipv6(),
            None => self.address_type.eq_ignore_ascii_case("IP6"),
        }
    }
}

impl fmt::Display for Connection {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} {} {}",
            self.network_type, self.address_type, self.host
        )?;
        match &self.scope {
            Some(scope) => write!(f, "/{scope}"),
            None => Ok(()),
        }
    }
}
