use core::fmt;
use core::net::SocketAddr;

use plenum_sip_msg::Host;

/// A transport this endpoint speaks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Transport {
    /// Datagrams: may be lost, repeated and reordered.
    Udp,
    /// One stream that carries many messages.
    Tcp,
}

impl Transport {
    /// Whether the transport delivers every message, so that none is repeated (RFC 3261 17).
    #[must_use]
    pub const fn is_reliable(self) -> bool {
        matches!(self, Self::Tcp)
    }

    /// The port where a URI or a Via names none (RFC 3261 19.1.2).
    #[must_use]
    pub const fn default_port(self) -> u16 {
        5060
    }

    /// The spelling in a Via header.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Udp => "UDP",
            Self::Tcp => "TCP",
        }
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
}

impl Flow {
    /// Builds the flow of a datagram transport.
    #[must_use]
    pub const fn udp(local: SocketAddr, remote: SocketAddr) -> Self {
        Self {
            transport: Transport::Udp,
            local,
            remote,
            connection: None,
        }
    }

    /// Builds the flow of an open connection.
    #[must_use]
    pub const fn tcp(local: SocketAddr, remote: SocketAddr, connection: ConnectionId) -> Self {
        Self {
            transport: Transport::Tcp,
            local,
            remote,
            connection: Some(connection),
        }
    }

    /// Points the flow at another remote address; a connection is kept only if it leads there.
    pub(crate) fn towards(self, remote: SocketAddr) -> Self {
        let connection = if remote == self.remote {
            self.connection
        } else {
            None
        };
        Self {
            remote,
            connection,
            ..self
        }
    }

    /// Our address as the host of a Via or Contact.
    pub(crate) fn local_host(&self) -> Host {
        Host::from(self.local.ip().to_canonical())
    }
}
