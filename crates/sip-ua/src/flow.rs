use alloc::collections::BTreeMap;
use core::fmt;
use core::net::SocketAddr;

use plenum_sip_msg::Host;

/// Names that are kept for [`PeerId`]s, by the machine that gives them and by the owner of the
/// sockets; the oldest goes first.
pub const PEER_NAMES_MAX: usize = 4096;

/// A transport this endpoint speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Transport {
    /// Datagrams: may be lost, repeated and reordered.
    Udp,
    /// One stream that carries many messages.
    Tcp,
    /// Such a stream under TLS (RFC 3261 26.2).
    Tls,
    /// WebSocket: one message a WebSocket message (RFC 7118).
    Ws,
    /// WebSocket under TLS.
    Wss,
}

impl Transport {
    /// All transports.
    pub const ALL: [Self; 5] = [Self::Udp, Self::Tcp, Self::Tls, Self::Ws, Self::Wss];

    /// Whether the transport delivers every message, so that none is repeated (RFC 3261 17).
    #[must_use]
    pub const fn is_reliable(self) -> bool {
        !matches!(self, Self::Udp)
    }

    /// Whether the transport is encrypted.
    #[must_use]
    pub const fn is_secure(self) -> bool {
        matches!(self, Self::Tls | Self::Wss)
    }

    /// Whether the transport is WebSocket: only clients open its connections (RFC 7118 5).
    #[must_use]
    pub const fn is_websocket(self) -> bool {
        matches!(self, Self::Ws | Self::Wss)
    }

    /// The port where a URI or a Via names none (RFC 3261 19.1.2, RFC 7118 5.3).
    #[must_use]
    pub const fn default_port(self) -> u16 {
        match self {
            Self::Udp | Self::Tcp => 5060,
            Self::Tls => 5061,
            Self::Ws => 80,
            Self::Wss => 443,
        }
    }

    /// The spelling in a Via header.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
            Self::Tls => "TLS",
            Self::Ws => "WS",
            Self::Wss => "WSS",
        }
    }

    /// The `transport` parameter of a URI that leads here; the default of RFC 3261 19.1.1 needs
    /// none.
    ///
    /// WebSocket has one word for both: under TLS too it is `ws` (RFC 7118 5.2).
    #[must_use]
    pub const fn uri_param(self) -> Option<&'static str> {
        match self {
            Self::Udp => None,
            Self::Tcp => Some("tcp"),
            Self::Tls => Some("tls"),
            Self::Ws | Self::Wss => Some("ws"),
        }
    }

    /// The transport of a message or of a search for the next hop, if this endpoint speaks it.
    #[must_use]
    pub fn of(named: &plenum_sip_msg::Transport) -> Option<Self> {
        let mut all = Self::ALL.into_iter();
        all.find(|transport| transport.as_str() == named.as_str())
    }
}

impl fmt::Display for Transport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// Names one connection of a stream transport; the owner of the sockets chooses it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ConnectionId(pub u64);

/// Stands for the name that a peer's TLS certificate must show: the host of the URI that the
/// search for the next hop began with (RFC 5922 7.3).
///
/// [`PeerNames`] gives it; the owner of the sockets learns what it stands for before the first
/// message that carries it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PeerId(pub u64);

/// The names that stand behind [`PeerId`]s.
///
/// At most [`PEER_NAMES_MAX`]; the oldest is forgotten first. Numbers are never given twice, so a
/// flow that outlives its name fails to connect; it is never checked for another name.
#[derive(Clone, Debug, Default)]
pub struct PeerNames {
    by_name: BTreeMap<Host, PeerId>,
    by_id: BTreeMap<PeerId, Host>,
    given: u64,
}

impl PeerNames {
    /// Returns what stands for a name, and whether the owner of the sockets must be told.
    pub fn intern(&mut self, name: &Host) -> (PeerId, bool) {
        if let Some(id) = self.by_name.get(name) {
            return (*id, false);
        }
        if self.by_id.len() >= PEER_NAMES_MAX
            && let Some((_, oldest)) = self.by_id.pop_first()
        {
            self.by_name.remove(&oldest);
        }
        self.given += 1;
        let id = PeerId(self.given);
        self.by_name.insert(name.clone(), id);
        self.by_id.insert(id, name.clone());
        (id, true)
    }
}

/// The path a message came or goes: RFC 5626's flow.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Flow {
    /// The transport.
    pub transport: Transport,
    /// Our address. It is written into Via and Contact, so it must be one that peers can reach.
    pub local: SocketAddr,
    /// The address of the next hop.
    pub remote: SocketAddr,
    /// The connection to use. `None` on a stream transport asks the owner of the sockets to open
    /// one to `remote`, or to use one that is open.
    pub connection: Option<ConnectionId>,
    /// Who must be at the other end of a TLS connection that is opened for the message; `None`
    /// asks for a certificate that names the address of `remote`.
    pub peer: Option<PeerId>,
}

impl Flow {
    /// Builds the flow to an address, over a connection that is found or opened.
    #[must_use]
    pub const fn to(transport: Transport, local: SocketAddr, remote: SocketAddr) -> Self {
        Self {
            transport,
            local,
            remote,
            connection: None,
            peer: None,
        }
    }

    /// Builds the flow of a datagram transport.
    #[must_use]
    pub const fn udp(local: SocketAddr, remote: SocketAddr) -> Self {
        Self::to(Transport::Udp, local, remote)
    }

    /// Builds the flow of an open connection.
    #[must_use]
    pub const fn tcp(local: SocketAddr, remote: SocketAddr, connection: ConnectionId) -> Self {
        Self::to(Transport::Tcp, local, remote).over(connection)
    }

    /// Takes an open connection.
    #[must_use]
    pub const fn over(self, connection: ConnectionId) -> Self {
        Self {
            connection: Some(connection),
            ..self
        }
    }

    /// Demands that the certificate of the peer shows a name.
    #[must_use]
    pub const fn to_peer(self, peer: PeerId) -> Self {
        Self {
            peer: Some(peer),
            ..self
        }
    }

    /// Points the flow at another remote address; a connection and the name of the peer are kept
    /// only if it is the same address.
    pub(crate) fn towards(self, remote: SocketAddr) -> Self {
        if remote == self.remote {
            return self;
        }
        Self::to(self.transport, self.local, remote)
    }

    /// Our address as the host of a Via or Contact.
    pub(crate) fn local_host(&self) -> Host {
        Host::from(self.local.ip().to_canonical())
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;

    use super::*;

    fn host(name: &str) -> Host {
        Host::Name(name.into())
    }

    #[test]
    fn a_name_has_one_number_and_a_forgotten_one_never_comes_back() {
        let mut names = PeerNames::default();
        let (first, is_new) = names.intern(&host("hall.example"));
        assert!(is_new);
        assert_eq!(names.intern(&host("hall.example")), (first, false));
        for number in 0..PEER_NAMES_MAX {
            names.intern(&host(&format!("hall{number}.example")));
        }
        assert_eq!(
            (names.by_name.len(), names.by_id.len()),
            (PEER_NAMES_MAX, PEER_NAMES_MAX)
        );
        let (second, is_new) = names.intern(&host("hall.example"));
        assert!(is_new && second > first);
    }

    #[test]
    fn another_address_is_another_peer() {
        let local = "192.0.2.1:5061".parse().expect("an address");
        let remote = "192.0.2.9:5061".parse().expect("an address");
        let flow = Flow::to(Transport::Tls, local, remote)
            .to_peer(PeerId(1))
            .over(ConnectionId(1));
        assert_eq!(flow.towards(remote), flow);
        let other = "192.0.2.10:5061".parse().expect("an address");
        assert_eq!(flow.towards(other), Flow::to(Transport::Tls, local, other));
    }

    #[test]
    fn the_words_of_messages_are_ours() {
        for transport in Transport::ALL {
            let named: plenum_sip_msg::Transport = transport.as_str().parse().expect("a word");
            assert_eq!(Transport::of(&named), Some(transport));
            assert_eq!(named.default_port(), transport.default_port());
            assert_eq!(named.is_secure(), transport.is_secure());
            assert_eq!(named.is_reliable(), transport.is_reliable());
        }
        assert_eq!(Transport::of(&plenum_sip_msg::Transport::Sctp), None);
    }
}
