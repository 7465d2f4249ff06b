use alloc::{
    string::{String, ToString},
    vec::Vec,
};
use core::{fmt, net::IpAddr};

use crate::{
    Attribute, Connection, Direction, Host, Line, Media, SdpError, attribute,
    connection::address_type, parse,
};

/// The `o=` line: who made the description, for which session, in which version (RFC 8866 5.2).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Origin {
    pub(crate) user: String,
    pub(crate) session_id: String,
    pub(crate) session_version: String,
    pub(crate) network_type: String,
    pub(crate) address_type: String,
    pub(crate) host: Host,
}

impl Origin {
    pub(crate) fn new(user: &str, session_id: u64, session_version: u64, address: IpAddr) -> Self {
        let user: String = user
            .chars()
            .filter(|c| !c.is_whitespace() && !c.is_control())
            .collect();
        Self {
            // RFC 8866 5.2: `-` if the host has no notion of users.
            user: if user.is_empty() { "-".into() } else { user },
            session_id: session_id.to_string(),
            session_version: session_version.to_string(),
            network_type: "IN".into(),
            address_type: address_type(address).into(),
            host: Host::Ip(address),
        }
    }

    pub(crate) fn set_id(&mut self, session_id: u64) {
        self.session_id = session_id.to_string();
    }

    pub(crate) fn set_version(&mut self, version: u64) {
        self.session_version = version.to_string();
    }

    /// Returns the version as a number; 0 if it is none.
    pub(crate) fn version(&self) -> u64 {
        self.session_version.parse().unwrap_or(0)
    }

    /// Returns the user name; `-` if there is none.
    pub fn user(&self) -> &str {
        &self.user
    }

    /// Returns the session id as text, because senders exceed 64 bits.
    pub fn session_id(&self) -> &str {
        &self.session_id
    }

    /// Returns the version of the description as text.
    pub fn session_version(&self) -> &str {
        &self.session_version
    }

    /// Returns the sender's host.
    pub fn host(&self) -> &Host {
        &self.host
    }
}

impl Default for Origin {
    fn default() -> Self {
        Self::new("-", 0, 0, IpAddr::V4(core::net::Ipv4Addr::UNSPECIFIED))
    }
}

impl fmt::Display for Origin {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            user,
            session_id,
            session_version,
            network_type,
            address_type,
            host,
        } = self;
        write!(
            f,
            "{user} {session_id} {session_version} {network_type} {address_type} {host}"
        )
    }
}

/// A session description: the session's own lines and its media lines in their order.
///
/// `Display` writes the lines in the order of RFC 8866 5, whatever the order they came in. Lines
/// of unknown types and unknown attributes survive.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SessionDescription {
    pub(crate) origin: Origin,
    pub(crate) name: String,
    pub(crate) connections: Vec<Connection>,
    pub(crate) lines: Vec<Line>,
    pub(crate) attributes: Vec<Attribute>,
    pub(crate) media: Vec<Media>,
}

impl SessionDescription {
    /// Reads a description in time linear in its size.
    ///
    /// Accepts what phones send beside the letter of the standard: any line end, lines out of
    /// order, missing `o=`, `s=` and `t=` lines, spaces at the end of lines, and text in
    /// ISO 8859-1, which is written back as UTF-8.
    ///
    /// # Errors
    ///
    /// [`SdpError`] names the line and the rule.
    pub fn parse(bytes: &[u8]) -> Result<Self, SdpError> {
        parse::description(bytes)
    }

    /// Writes the description as it goes on the wire.
    pub fn to_bytes(&self) -> Vec<u8> {
        self.to_string().into_bytes()
    }

    /// Returns the `o=` line.
    pub fn origin(&self) -> &Origin {
        &self.origin
    }

    /// Returns the session's name; `-` if there is none.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the first `c=` line of the session.
    pub fn connection(&self) -> Option<&Connection> {
        self.connections.first()
    }

    /// Returns the session's attributes in their order.
    pub fn attributes(&self) -> &[Attribute] {
        &self.attributes
    }

    /// Returns the first attribute of the session with a name.
    pub fn attribute(&self, name: &str) -> Option<&Attribute> {
        attribute::find(&self.attributes, name)
    }

    /// Returns the session's lines that are kept unread.
    pub fn lines(&self) -> &[Line] {
        &self.lines
    }

    /// Returns the media lines in their order.
    pub fn media(&self) -> &[Media] {
        &self.media
    }

    /// Returns the `c=` line that applies to a media line: its own, or else the session's.
    pub fn connection_of<'a>(&'a self, media: &'a Media) -> Option<&'a Connection> {
        media.connection().or_else(|| self.connection())
    }

    /// Returns the stated direction of a media line: its own, the session's, or `sendrecv`.
    pub fn direction_of(&self, media: &Media) -> Direction {
        let session = || {
            self.attributes
                .iter()
                .find_map(|a| Direction::from_attribute(a.name()))
        };
        media.direction().or_else(session).unwrap_or_default()
    }

    /// Returns an attribute of a media line, or else the session's of the same name.
    pub(crate) fn attribute_of<'a>(
        &'a self,
        media: &'a Media,
        name: &str,
    ) -> Option<&'a Attribute> {
        media.attribute(name).or_else(|| self.attribute(name))
    }
}

impl fmt::Display for SessionDescription {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "v=0\r\no={}\r\ns={}\r\n", self.origin, self.name)?;
        write_lines(f, &self.lines, &self.connections, &self.attributes)?;
        self.media.iter().try_for_each(|media| write!(f, "{media}"))
    }
}

/// Writes the lines below `s=` or `m=` in the order of RFC 8866 5; `lines` is sorted by place.
pub(crate) fn write_lines(
    f: &mut fmt::Formatter<'_>,
    lines: &[Line],
    connections: &[Connection],
    attributes: &[Attribute],
) -> fmt::Result {
    let split = lines.partition_point(|line| line.place() < Line::CONNECTION_PLACE);
    lines[..split]
        .iter()
        .try_for_each(|line| write!(f, "{line}"))?;
    connections
        .iter()
        .try_for_each(|connection| write!(f, "c={connection}\r\n"))?;
    lines[split..]
        .iter()
        .try_for_each(|line| write!(f, "{line}"))?;
    attributes
        .iter()
        .try_for_each(|attribute| write!(f, "a={attribute}\r\n"))
}
