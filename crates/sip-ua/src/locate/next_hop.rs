use alloc::vec;
use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};

use plenum_sip_msg::{Host, NameAddr, Rport, Transport, Uri, Via};

use super::service::is_known;
use super::{DnsName, LocateError, Preferences};

/// What is to be reached: the parts of a URI or Via that decide where a message goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NextHop {
    /// Whether only TLS will do.
    secure: bool,
    /// RFC 3263 4: TARGET, the `maddr` or the host.
    host: TargetHost,
    port: Option<u16>,
    transport: Option<Transport>,
    /// The host as written, for the certificate.
    domain: Host,
    /// RFC 3261 18.2.2: where the request of a response came from, tried before all else.
    source: Option<SocketAddr>,
}

/// RFC 3263 4: TARGET.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum TargetHost {
    Numeric(IpAddr),
    Name(DnsName),
}

impl NextHop {
    /// The next hop of a request to a URI without routes.
    ///
    /// # Errors
    ///
    /// [`LocateError`], if the URI is none of SIP or asks for what cannot be.
    ///
    /// # Standard
    ///
    /// RFC 3263 section 4.
    pub fn of_uri(uri: &Uri) -> Result<Self, LocateError> {
        Self::build(uri, uri.is_secure())
    }

    /// The next hop of a request: its first route if it has any, otherwise its request URI.
    ///
    /// An outbound proxy or a service route is the first of the routes.
    ///
    /// # Errors
    ///
    /// As [`NextHop::of_uri`].
    ///
    /// # Standard
    ///
    /// RFC 3261 section 8.1.2. A `sips` request URI demands TLS of the first hop too.
    pub fn of_request(request_uri: &Uri, routes: &[NameAddr]) -> Result<Self, LocateError> {
        match routes.first() {
            Some(route) => {
                Self::build(&route.uri, request_uri.is_secure() || route.uri.is_secure())
            }
            None => Self::of_uri(request_uri),
        }
    }

    /// Where a response goes whose connection is gone, or whose way back failed.
    ///
    /// First to the address that the request came from (`received`), at the port of sent-by or of
    /// `rport`, then to what sent-by names. `maddr` is passed over, because it lets a forged
    /// request point our responses at a third party.
    ///
    /// # Errors
    ///
    /// [`LocateError::NoWayBack`] for WebSocket clients, which cannot be connected to.
    ///
    /// # Standard
    ///
    /// RFC 3263 section 5, RFC 3261 section 18.2.2.
    pub fn of_response(via: &Via) -> Result<Self, LocateError> {
        if matches!(via.transport, Transport::Ws | Transport::Wss) {
            return Err(LocateError::NoWayBack(via.transport.clone()));
        }
        let port = match via.rport() {
            // RFC 3581 4: the way back through the address translation, which datagrams took.
            Rport::Port(port) if via.transport == Transport::Udp => port,
            _ => via.port.unwrap_or_else(|| via.transport.default_port()),
        };
        Ok(Self {
            secure: via.transport.is_secure(),
            host: TargetHost::new(&via.host)?,
            port: via.port,
            transport: Some(via.transport.clone()),
            domain: via.host.clone(),
            source: via.received().map(|address| SocketAddr::new(address, port)),
        })
    }

    fn build(uri: &Uri, secure: bool) -> Result<Self, LocateError> {
        let (true, Some(domain)) = (uri.is_sip(), uri.host()) else {
            return Err(LocateError::NotSip);
        };
        Ok(Self {
            secure,
            host: TargetHost::new(&uri.maddr().unwrap_or_else(|| domain.clone()))?,
            port: uri.port(),
            transport: uri.transport(),
            domain: domain.clone(),
            source: None,
        })
    }

    pub(super) const fn host(&self) -> &TargetHost {
        &self.host
    }

    pub(super) const fn port(&self) -> Option<u16> {
        self.port
    }

    pub(super) const fn domain(&self) -> &Host {
        &self.domain
    }

    pub(super) const fn source(&self) -> Option<SocketAddr> {
        self.source
    }

    /// Chooses among our transports (RFC 3263 4.1).
    pub(super) fn plan(
        &self,
        preferences: &Preferences,
        prefer_reliable: bool,
    ) -> Result<Plan, LocateError> {
        let ours = &preferences.transports;
        let mut usable: Vec<Transport> = ours
            .iter()
            .filter(|transport| is_known(transport) && (!self.secure || transport.is_secure()))
            .cloned()
            .collect();
        let first = usable.first().cloned().ok_or(if self.secure {
            LocateError::NoSecureTransport
        } else {
            LocateError::NoTransport
        })?;
        let asked = self.asked_transport()?;
        if let Some(asked) = asked.as_ref().filter(|asked| !usable.contains(asked)) {
            return Err(LocateError::UnsupportedTransport(asked.clone()));
        }
        let usual = if self.secure {
            Transport::Tls
        } else {
            Transport::Udp
        };
        let usual = if usable.contains(&usual) {
            usual
        } else {
            first
        };
        let is_open = asked.is_none();
        let mut without_dns = vec![asked.unwrap_or(usual)];
        if prefer_reliable {
            usable.sort_by_key(|transport| !transport.is_reliable());
            // RFC 3261 18.1.1: TCP even where UDP was asked for, and UDP only if TCP fails.
            if without_dns[0] == Transport::Udp && usable.contains(&Transport::Tcp) {
                without_dns.insert(0, Transport::Tcp);
            }
        }
        Ok(Plan {
            usable,
            without_dns,
            is_open,
        })
    }

    /// The transport that was asked for, as the one it is on the wire.
    fn asked_transport(&self) -> Result<Option<Transport>, LocateError> {
        let Some(asked) = &self.transport else {
            return Ok(None);
        };
        if !is_known(asked) {
            return Err(LocateError::UnsupportedTransport(asked.clone()));
        }
        match (self.secure, asked) {
            // RFC 3261 26.2.2: the parameter names what is under TLS.
            (true, Transport::Tcp) => Ok(Some(Transport::Tls)),
            (true, Transport::Ws) => Ok(Some(Transport::Wss)),
            (true, asked) if !asked.is_secure() => Err(LocateError::Insecure(asked.clone())),
            (_, asked) => Ok(Some(asked.clone())),
        }
    }
}

impl TargetHost {
    fn new(host: &Host) -> Result<Self, LocateError> {
        match host {
            Host::Name(name) => Ok(Self::Name(DnsName::new(name)?)),
            Host::V4(address) => Ok(Self::Numeric((*address).into())),
            Host::V6(address) => Ok(Self::Numeric((*address).into())),
        }
    }
}

/// The transports of one search.
#[derive(Debug)]
pub(super) struct Plan {
    /// Those that DNS may choose from, in our order.
    pub(super) usable: Vec<Transport>,
    /// Those to take where DNS does not choose.
    pub(super) without_dns: Vec<Transport>,
    /// Whether none was asked for, so that DNS may choose.
    pub(super) is_open: bool,
}
