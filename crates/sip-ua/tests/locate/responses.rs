//! Where a response goes whose connection is gone (RFC 3263 5).

use plenum_sip_ua::locate::{Families, LocateError, NextHop};

use crate::zone::{World, written};

const ZONE: &str = "
    _sip._tcp.client.example SRV 0 0 5070 one.client.example
    _sips._tcp.client.example SRV 0 0 5071 one.client.example
    one.client.example A 192.0.2.1
    client.example A 192.0.2.9
";

fn way_back(via: &str) -> Result<String, LocateError> {
    let next_hop = NextHop::of_response(&via.parse().unwrap())?;
    let mut world = World::with(ZONE, "UDP TCP TLS", Families::V4);
    let search = world.locator.search(world.now, &next_hop, false)?;
    Ok(written(&world.run(search).0))
}

#[test]
fn a_response_follows_its_via() {
    let table = [
        // Without a port the service of the transport is looked for.
        ("TCP client.example", "TCP 192.0.2.1:5070"),
        ("TLS client.example", "TLS 192.0.2.1:5071"),
        ("TCP client.example:5090", "TCP 192.0.2.9:5090"),
        ("UDP client.example", "UDP 192.0.2.9:5060"),
        ("TCP 192.0.2.30", "TCP 192.0.2.30:5060"),
        ("TLS 192.0.2.30", "TLS 192.0.2.30:5061"),
        // First to where the request came from.
        (
            "TCP client.example:5090;received=192.0.2.77",
            "TCP 192.0.2.77:5090, TCP 192.0.2.9:5090",
        ),
        (
            "TCP client.example;received=192.0.2.77",
            "TCP 192.0.2.77:5060, TCP 192.0.2.1:5070",
        ),
        // The source port of a connection is nothing to connect to; that of a datagram is.
        (
            "TCP 192.0.2.30;received=192.0.2.77;rport=40000",
            "TCP 192.0.2.77:5060, TCP 192.0.2.30:5060",
        ),
        (
            "UDP 192.0.2.30;received=192.0.2.77;rport=40000",
            "UDP 192.0.2.77:40000, UDP 192.0.2.30:5060",
        ),
        // Nobody may point our responses at a third party.
        ("UDP 192.0.2.30;maddr=192.0.2.99", "UDP 192.0.2.30:5060"),
    ];
    for (via, targets) in table {
        assert_eq!(
            way_back(&format!("SIP/2.0/{via}")).unwrap(),
            targets,
            "{via}"
        );
    }
}

#[test]
fn a_browser_cannot_be_called_back() {
    for transport in ["WS", "WSS"] {
        let via = format!("SIP/2.0/{transport} df7jal23ls0d.invalid");
        assert!(matches!(way_back(&via), Err(LocateError::NoWayBack(_))));
    }
}
