use core::fmt;
use core::net::IpAddr;
use core::str::FromStr;

use crate::host::{parse_host_port, write_port};
use crate::scan::{find_outside, number, trim};
use crate::{HeaderValue, Host, Params, SyntaxError, Transport};

/// RFC 3261 8.1.1.7: what the branch of a conforming client starts with.
const MAGIC_COOKIE: &str = "z9hG4bK";

/// One hop a request took, and the way its response goes back (RFC 3261 20.42).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Via {
    /// The transport it was sent by.
    pub transport: Transport,
    /// The host of sent-by.
    pub host: Host,
    /// The port of sent-by, when it names one.
    pub port: Option<u16>,
    /// All parameters, `branch`, `received` and `rport` included.
    pub params: Params,
}

/// The `rport` parameter (RFC 3581 3).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Rport {
    /// The client does not ask for it.
    Absent,
    /// The client asks for the response at the source port of its request.
    Requested,
    /// The server saw this source port.
    Port(u16),
}

impl Via {
    /// A Via with nothing but sent-by.
    pub fn new(transport: Transport, host: impl Into<Host>, port: Option<u16>) -> Self {
        Self {
            transport,
            host: host.into(),
            port,
            params: Params::new(),
        }
    }

    /// Sets the branch.
    #[must_use]
    pub fn with_branch(mut self, branch: &str) -> Self {
        self.params.set("branch", branch);
        self
    }

    /// Asks the server to answer to the source port (RFC 3581 3).
    #[must_use]
    pub fn with_rport_requested(mut self) -> Self {
        self.params.set_flag("rport");
        self
    }

    /// The transaction identifier.
    pub fn branch(&self) -> Option<&str> {
        self.params.value("branch")
    }

    /// Whether the branch is unique by the rules of RFC 3261, not those of RFC 2543.
    pub fn has_magic_cookie(&self) -> bool {
        self.branch()
            .and_then(|branch| branch.get(..MAGIC_COOKIE.len()))
            .is_some_and(|start| start.eq_ignore_ascii_case(MAGIC_COOKIE))
    }

    /// The source address that the server saw; IPv6 with or without brackets (RFC 5118 4.5).
    pub fn received(&self) -> Option<IpAddr> {
        let text = self.params.value("received")?;
        text.strip_prefix('[')
            .and_then(|text| text.strip_suffix(']'))
            .unwrap_or(text)
            .parse()
            .ok()
    }

    /// The source port, asked for or seen. A malformed port counts as asked for.
    pub fn rport(&self) -> Rport {
        if !self.params.has("rport") {
            return Rport::Absent;
        }
        self.params
            .value("rport")
            .and_then(number)
            .map_or(Rport::Requested, Rport::Port)
    }

    /// The multicast or override address of the response.
    pub fn maddr(&self) -> Option<Host> {
        self.params
            .value("maddr")
            .and_then(|value| value.parse().ok())
    }

    /// Notes where the request came from, as a server must before it answers.
    ///
    /// # Standard
    ///
    /// RFC 3261 section 18.2.1: `received` when sent-by is another address or a name. RFC 3581
    /// section 4: with `rport`, both are always filled in.
    pub fn note_source(&mut self, address: IpAddr, port: u16) {
        let asked = self.rport() != Rport::Absent;
        if asked {
            self.set_param("rport", port);
        }
        if asked || self.host.ip() != Some(address) {
            self.set_param("received", address);
        } else {
            // A client has no say about where it was seen.
            self.params.remove("received");
        }
    }

    fn set_param(&mut self, name: &str, value: impl alloc::string::ToString) {
        self.params.set(name, &value.to_string());
    }
}

impl HeaderValue for Via {
    const IS_LIST: bool = true;

    fn parse_value(text: &str) -> Result<Self, SyntaxError> {
        let text = trim(text);
        let end = find_outside(text, b';', false);
        let rest = trim(after_protocol(&text[..end])?);
        let blank = memchr::memchr2(b' ', b'\t', rest.as_bytes()).ok_or(SyntaxError::Via)?;
        let (transport, sent_by) = rest.split_at(blank);
        let (host, port) = parse_host_port(trim(sent_by))?;
        Ok(Self {
            transport: transport.parse()?,
            host,
            port,
            params: text[end..].parse()?,
        })
    }
}

/// What follows the version and its slash.
fn after_protocol(text: &str) -> Result<&str, SyntaxError> {
    if let Some(rest) = text.strip_prefix("SIP/2.0/") {
        return Ok(rest);
    }
    let mut parts = text.splitn(3, '/');
    let (Some(name), Some(version), Some(rest)) = (parts.next(), parts.next(), parts.next()) else {
        return Err(SyntaxError::Via);
    };
    if trim(name).eq_ignore_ascii_case("SIP") && trim(version) == "2.0" {
        Ok(rest)
    } else {
        Err(SyntaxError::Via)
    }
}

impl FromStr for Via {
    type Err = SyntaxError;

    fn from_str(text: &str) -> Result<Self, SyntaxError> {
        Self::parse_value(text)
    }
}

impl fmt::Display for Via {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("SIP/2.0/")?;
        f.write_str(self.transport.as_str())?;
        f.write_str(" ")?;
        self.host.fmt(f)?;
        write_port(f, self.port)?;
        self.params.fmt(f)
    }
}
