//! Every branch of RFC 3263 4.1 and 4.2, as a table: URI, zone, targets.

use plenum_sip_ua::locate::{Families, NextHop, SearchEnd};

use crate::zone::{World, written};

/// A domain as in the example of RFC 3263 4.1.
const HALL: &str = "
    hall.example NAPTR 50 50 s SIPS+D2T _sips._tcp.hall.example
    hall.example NAPTR 90 50 s SIP+D2T _sip._tcp.hall.example
    hall.example NAPTR 100 50 s SIP+D2U _sip._udp.hall.example
    _sips._tcp.hall.example SRV 0 1 5061 one.hall.example
    _sip._tcp.hall.example SRV 0 1 5062 one.hall.example
    _sip._tcp.hall.example SRV 1 1 5062 two.hall.example
    _sip._udp.hall.example SRV 0 1 5063 two.hall.example
    one.hall.example A 192.0.2.1
    two.hall.example A 192.0.2.2
    hall.example A 192.0.2.9
";

/// A domain with services but no rules.
const SERVICES: &str = "
    _sip._udp.hall.example SRV 0 1 5063 one.hall.example
    _sips._tcp.hall.example SRV 0 1 5061 one.hall.example
    one.hall.example A 192.0.2.1
    hall.example A 192.0.2.9
";

/// A domain with an address only.
const HOST: &str = "hall.example A 192.0.2.9";

#[track_caller]
fn check(zone: &str, transports: &str, table: &[(&str, &str)]) {
    for (uri, targets) in table {
        let mut world = World::with(zone, transports, Families::V4);
        assert_eq!(world.targets(uri), *targets, "{uri} by {transports}");
    }
}

#[test]
fn an_address_needs_no_questions() {
    let table = [
        ("sip:ann@192.0.2.7", "UDP 192.0.2.7:5060"),
        ("sip:ann@192.0.2.7:5070", "UDP 192.0.2.7:5070"),
        ("sip:ann@192.0.2.7;transport=tcp", "TCP 192.0.2.7:5060"),
        ("sip:ann@192.0.2.7;transport=tls", "TLS 192.0.2.7:5061"),
        ("sip:ann@192.0.2.7;transport=ws", "WS 192.0.2.7:80"),
        ("sip:ann@192.0.2.7:9;transport=wss", "WSS 192.0.2.7:9"),
        ("sips:ann@192.0.2.7", "TLS 192.0.2.7:5061"),
        ("sips:ann@192.0.2.7;transport=tcp", "TLS 192.0.2.7:5061"),
        ("sips:ann@192.0.2.7;transport=ws", "WSS 192.0.2.7:443"),
        ("sip:ann@hall.example;maddr=192.0.2.8", "UDP 192.0.2.8:5060"),
    ];
    for (uri, targets) in table {
        let mut world = World::new(HALL);
        assert_eq!(world.targets(uri), targets, "{uri}");
        assert!(world.asked.is_empty(), "{uri} asked {:?}", world.asked);
    }
}

#[test]
fn a_side_without_udp_takes_its_first_transport() {
    check(HOST, "TCP TLS", &[("sip:192.0.2.7", "TCP 192.0.2.7:5060")]);
    check(HOST, "TLS TCP", &[("sip:192.0.2.7", "TLS 192.0.2.7:5061")]);
    check(HOST, "UDP WSS", &[("sips:192.0.2.7", "WSS 192.0.2.7:443")]);
}

#[test]
fn a_name_with_a_port_asks_for_addresses_only() {
    let mut world = World::with(HALL, "UDP TCP TLS", Families::V4);
    assert_eq!(world.targets("sip:hall.example:5070"), "UDP 192.0.2.9:5070");
    assert_eq!(
        world.targets("sips:hall.example:5071"),
        "TLS 192.0.2.9:5071"
    );
    let tcp = "sip:hall.example:5072;transport=tcp";
    assert_eq!(world.targets(tcp), "TCP 192.0.2.9:5072");
    assert_eq!(world.asked, ["A hall.example"]);
}

#[test]
fn a_transport_asks_for_no_rules() {
    let mut world = World::with(HALL, "UDP TCP TLS", Families::V4);
    let targets = "TCP 192.0.2.1:5062, TCP 192.0.2.2:5062";
    assert_eq!(world.targets("sip:hall.example;transport=tcp"), targets);
    let asked = [
        "SRV _sip._tcp.hall.example",
        "A one.hall.example",
        "A two.hall.example",
    ];
    assert_eq!(world.asked, asked);
    check(
        HALL,
        "UDP TCP TLS",
        &[
            ("sip:hall.example;transport=tls", "TLS 192.0.2.1:5061"),
            ("sips:hall.example;transport=tcp", "TLS 192.0.2.1:5061"),
            ("sip:hall.example;transport=UDP", "UDP 192.0.2.2:5063"),
        ],
    );
    let host = [("sip:hall.example;transport=tcp", "TCP 192.0.2.9:5060")];
    check(HOST, "UDP TCP", &host);
    // The service of another transport is none of ours.
    check(SERVICES, "UDP TCP", &host);
}

#[test]
fn rules_are_followed_in_the_order_of_the_domain_as_far_as_we_can() {
    let both = "TCP 192.0.2.1:5062, TCP 192.0.2.2:5062";
    check(
        HALL,
        "UDP TCP TLS",
        &[("sip:hall.example", "TLS 192.0.2.1:5061")],
    );
    check(HALL, "UDP TCP", &[("sip:hall.example", both)]);
    check(HALL, "UDP", &[("sip:hall.example", "UDP 192.0.2.2:5063")]);
    check(
        HALL,
        "UDP TCP TLS",
        &[("sips:hall.example", "TLS 192.0.2.1:5061")],
    );
}

#[test]
fn rules_of_one_order_follow_their_preference() {
    let zone = "
        hall.example NAPTR 10 20 s SIP+D2U _sip._udp.hall.example
        hall.example NAPTR 10 10 S sip+d2t _sip._tcp.hall.example
        hall.example NAPTR 20 10 s SIPS+D2T _sips._tcp.hall.example
        _sip._udp.hall.example SRV 0 0 5063 one.hall.example
        _sip._tcp.hall.example SRV 0 0 5062 one.hall.example
        one.hall.example A 192.0.2.1
    ";
    let targets = "TCP 192.0.2.1:5062, UDP 192.0.2.1:5063";
    check(zone, "UDP TCP TLS", &[("sip:hall.example", targets)]);
}

#[test]
fn websocket_has_rules_and_services_too() {
    let zone = "
        hall.example NAPTR 10 10 s SIPS+D2W _sips._ws.hall.example
        hall.example NAPTR 20 10 s SIP+D2W _sip._ws.hall.example
        _sips._ws.hall.example SRV 0 0 8443 one.hall.example
        _sip._ws.hall.example SRV 0 0 8080 one.hall.example
        one.hall.example A 192.0.2.1
    ";
    check(
        zone,
        "WS WSS",
        &[("sip:hall.example", "WSS 192.0.2.1:8443")],
    );
    check(zone, "WS", &[("sip:hall.example", "WS 192.0.2.1:8080")]);
    check(zone, "WSS", &[("sips:hall.example", "WSS 192.0.2.1:8443")]);
    check(
        zone,
        "WS",
        &[("sip:hall.example;transport=ws", "WS 192.0.2.1:8080")],
    );
}

#[test]
fn rules_that_are_not_for_us_count_as_none() {
    let rules = [
        "hall.example NAPTR 10 10 s SIP+D2S _sip._sctp.hall.example",
        "hall.example NAPTR 10 10 u E2U+sip .",
        "hall.example NAPTR 10 10 s SIP+D2U .",
        "hall.example NAPTR 10 10 s SIP+D2U _sip._udp.other.example !^.*$!sip:x@y.example!",
        "hall.example NAPTR 10 10 u SIP+D2U _sip._udp.other.example",
        "hall.example NAPTR fails",
    ];
    for rule in rules {
        let zone = format!("{SERVICES}\n{rule}");
        let targets = "UDP 192.0.2.1:5063, TLS 192.0.2.1:5061";
        check(&zone, "UDP TCP TLS", &[("sip:hall.example", targets)]);
        check(
            &zone,
            "UDP TCP TLS",
            &[("sips:hall.example", "TLS 192.0.2.1:5061")],
        );
    }
}

#[test]
fn a_rule_may_lead_to_a_host_or_to_further_rules() {
    let zone = r#"
        hall.example NAPTR 10 10 "" "" rules.example
        rules.example NAPTR 10 10 a SIP+D2T one.hall.example
        one.hall.example A 192.0.2.1
        hall.example A 192.0.2.9
    "#;
    check(
        zone,
        "UDP TCP",
        &[("sip:hall.example", "TCP 192.0.2.1:5060")],
    );
}

#[test]
fn rules_in_a_circle_end_at_the_domain_itself() {
    let zone = r#"
        hall.example NAPTR 10 10 "" "" rules.example
        rules.example NAPTR 10 10 "" "" hall.example
        hall.example A 192.0.2.9
    "#;
    check(
        zone,
        "UDP TCP",
        &[("sip:hall.example", "UDP 192.0.2.9:5060")],
    );
}

#[test]
fn a_rule_without_a_service_behind_it_leads_to_the_domain_by_its_transport() {
    let zone = "
        hall.example NAPTR 10 10 s SIP+D2T _sip._tcp.hall.example
        hall.example A 192.0.2.9
    ";
    check(
        zone,
        "UDP TCP",
        &[("sip:hall.example", "TCP 192.0.2.9:5060")],
    );
}

#[test]
fn without_rules_each_transport_of_ours_is_looked_for() {
    let table = [
        ("UDP TCP TLS", "UDP 192.0.2.1:5063, TLS 192.0.2.1:5061"),
        ("TLS UDP", "TLS 192.0.2.1:5061, UDP 192.0.2.1:5063"),
        ("TCP", "TCP 192.0.2.9:5060"),
    ];
    for (transports, targets) in table {
        check(SERVICES, transports, &[("sip:hall.example", targets)]);
    }
}

#[test]
fn without_services_the_domain_itself_is_the_server() {
    check(
        HOST,
        "UDP TCP TLS",
        &[
            ("sip:hall.example", "UDP 192.0.2.9:5060"),
            ("sips:hall.example", "TLS 192.0.2.9:5061"),
            ("sip:HALL.example.", "UDP 192.0.2.9:5060"),
        ],
    );
}

#[test]
fn a_service_that_is_decidedly_not_offered_is_not_sought_elsewhere() {
    let zone = "
        _sip._udp.hall.example SRV 0 0 0 .
        hall.example A 192.0.2.9
    ";
    let mut world = World::with(zone, "UDP", Families::V4);
    let search = world.begin("sip:hall.example").unwrap();
    assert_eq!(world.run(search), (vec![], SearchEnd::NotFound));
}

#[test]
fn servers_come_by_priority_and_each_only_when_it_is_needed() {
    let zone = "
        _sip._udp.hall.example SRV 20 0 5060 two.hall.example
        _sip._udp.hall.example SRV 10 0 5060 one.hall.example
        _sip._udp.hall.example SRV 30 0 5060 one.hall.example
        one.hall.example A 192.0.2.1
        two.hall.example A 192.0.2.2
    ";
    let mut world = World::with(zone, "UDP", Families::V4);
    let mut search = world.begin("sip:hall.example;transport=udp").unwrap();
    let first = world.step(&mut search).unwrap().target;
    assert_eq!(first.to_string(), "UDP 192.0.2.1:5060");
    assert_eq!(
        world.asked,
        ["SRV _sip._udp.hall.example", "A one.hall.example"]
    );
    // The third server is the first again, so it is not tried twice.
    assert_eq!(written(&world.run(search).0), "UDP 192.0.2.2:5060");
}

#[test]
fn the_versions_of_ip_take_turns() {
    let zone = "
        hall.example A 192.0.2.1
        hall.example A 192.0.2.2
        hall.example A 192.0.2.3
        hall.example AAAA 2001:db8::1
    ";
    let (a, b, c) = ("UDP 192.0.2.1:9", "UDP 192.0.2.2:9", "UDP 192.0.2.3:9");
    let six = "UDP [2001:db8::1]:9";
    let table = [
        (Families::V4, vec![a, b, c]),
        (Families::V6, vec![six]),
        (Families::V4ThenV6, vec![a, six, b, c]),
        (Families::V6ThenV4, vec![six, a, b, c]),
    ];
    for (families, targets) in table {
        let mut world = World::with(zone, "UDP", families);
        assert_eq!(
            world.targets("sip:hall.example:9"),
            targets.join(", "),
            "{families:?}"
        );
    }
}

#[test]
fn both_versions_are_asked_for_at_once_and_one_may_fail() {
    let zone = "hall.example A 192.0.2.1\nhall.example AAAA fails";
    let mut world = World::with(zone, "UDP", Families::V6ThenV4);
    assert_eq!(world.targets("sip:hall.example:9"), "UDP 192.0.2.1:9");
    assert_eq!(world.asked, ["AAAA hall.example", "A hall.example"]);
}

#[test]
fn the_certificate_is_checked_for_the_host_of_the_uri() {
    let mut world = World::with(HALL, "TLS", Families::V4);
    for uri in ["sips:hall.example", "sips:hall.example;maddr=192.0.2.8"] {
        let mut search = world.begin(uri).unwrap();
        let target = world.step(&mut search).unwrap().target;
        assert_eq!(target.domain.to_string(), "hall.example");
    }
}

#[test]
fn a_long_request_prefers_transports_without_loss() {
    let table = [
        ("sip:192.0.2.7", "TCP 192.0.2.7:5060, UDP 192.0.2.7:5060"),
        (
            "sip:hall.example:9;transport=udp",
            "TCP 192.0.2.9:9, UDP 192.0.2.9:9",
        ),
        (
            "sip:hall.example",
            "TCP 192.0.2.1:5062, TCP 192.0.2.2:5062, UDP 192.0.2.2:5063",
        ),
        (
            "sip:plain.example",
            "TCP 192.0.2.4:5060, UDP 192.0.2.4:5060",
        ),
        ("sip:192.0.2.7;transport=tcp", "TCP 192.0.2.7:5060"),
    ];
    let zone = format!("{HALL}\nplain.example A 192.0.2.4");
    for (uri, targets) in table {
        let mut world = World::with(&zone, "UDP TCP", Families::V4);
        let next_hop = NextHop::of_uri(&uri.parse().unwrap()).unwrap();
        let search = world.locator.search(world.now, &next_hop, true).unwrap();
        assert_eq!(written(&world.run(search).0), targets, "{uri}");
    }
}

#[test]
fn the_first_route_is_the_next_hop() {
    let mut world = World::with(HALL, "UDP TCP TLS", Families::V4);
    let route = "<sip:192.0.2.50:5080;lr>".parse().unwrap();
    let service_route = "<sip:192.0.2.51;lr>".parse().unwrap();
    let routes = [route, service_route];
    let table = [
        ("sip:ann@hall.example", "UDP 192.0.2.50:5080"),
        // RFC 3261 8.1.2: what is to be secure is secure from the first hop on.
        ("sips:ann@hall.example", "TLS 192.0.2.50:5080"),
    ];
    for (uri, targets) in table {
        let next_hop = NextHop::of_request(&uri.parse().unwrap(), &routes).unwrap();
        let search = world.locator.search(world.now, &next_hop, false).unwrap();
        assert_eq!(written(&world.run(search).0), targets);
    }
    let alone = NextHop::of_request(&"tel:+4930".parse().unwrap(), &routes).unwrap();
    let search = world.locator.search(world.now, &alone, false).unwrap();
    assert_eq!(written(&world.run(search).0), "UDP 192.0.2.50:5080");
}
