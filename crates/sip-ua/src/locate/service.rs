use plenum_sip_msg::Transport;

/// What a transport is called in DNS.
struct Service {
    transport: Transport,
    naptr: &'static str,
    srv: &'static str,
}

/// RFC 3263 4.1 and 9; RFC 7118 for WebSocket.
const SERVICES: [Service; 5] = [
    Service {
        transport: Transport::Udp,
        naptr: "SIP+D2U",
        srv: "_sip._udp",
    },
    Service {
        transport: Transport::Tcp,
        naptr: "SIP+D2T",
        srv: "_sip._tcp",
    },
    Service {
        transport: Transport::Tls,
        naptr: "SIPS+D2T",
        srv: "_sips._tcp",
    },
    Service {
        transport: Transport::Ws,
        naptr: "SIP+D2W",
        srv: "_sip._ws",
    },
    Service {
        transport: Transport::Wss,
        naptr: "SIPS+D2W",
        srv: "_sips._ws",
    },
];

/// The transport that a rule offers; services are compared without case (RFC 3403 4.1).
pub(super) fn transport_of(naptr: &str) -> Option<&'static Transport> {
    SERVICES
        .iter()
        .find(|service| service.naptr.eq_ignore_ascii_case(naptr))
        .map(|service| &service.transport)
}

/// The labels before the domain under which the servers for a transport stand.
pub(super) fn srv_labels(transport: &Transport) -> Option<&'static str> {
    SERVICES
        .iter()
        .find(|service| service.transport == *transport)
        .map(|service| service.srv)
}

/// Whether a server can be searched for by this transport.
pub(super) fn is_known(transport: &Transport) -> bool {
    srv_labels(transport).is_some()
}
