//! Where responses go, and what a broken transport does (RFC 3261 18).

use plenum_sip_msg::{HeaderName, Rport};
use plenum_sip_ua::{ConnectionId, EndCause, Event, ExtraHeaders};

use crate::bench::{Bench, CONTACT, address, header, invite, reply, status, word};

#[test]
fn without_rport_responses_go_to_the_port_of_the_via() {
    let mut bench = Bench::udp();
    bench.flow.remote = address("192.0.2.9:40000");
    bench.hear(&invite(""));
    let trying = bench.sent.pop().unwrap();
    assert_eq!(trying.flow.remote, address("192.0.2.9:5062"));
    assert_eq!(trying.message.top_via().unwrap().received(), None);
}

#[test]
fn without_a_port_in_the_via_they_go_to_5060() {
    let mut bench = Bench::udp();
    bench.hear(&invite("").replace("UDP 192.0.2.9:5062", "UDP phone.example"));
    let trying = bench.sent.pop().unwrap();
    assert_eq!(trying.flow.remote, address("192.0.2.9:5060"));
    assert_eq!(
        trying.message.top_via().unwrap().received(),
        Some("192.0.2.9".parse().unwrap())
    );
}

#[test]
fn with_rport_they_go_where_the_request_came_from() {
    let mut bench = Bench::udp();
    bench.flow.remote = address("198.51.100.7:40000");
    bench.hear(&invite("").replace("branch", "rport;branch"));
    let trying = bench.sent.pop().unwrap();
    assert_eq!(trying.flow.remote, address("198.51.100.7:40000"));
    let via = trying.message.top_via().unwrap();
    assert_eq!(via.rport(), Rport::Port(40_000));
    assert_eq!(via.received(), Some("198.51.100.7".parse().unwrap()));
}

#[test]
fn a_forged_maddr_points_at_nobody() {
    let mut bench = Bench::udp();
    bench.hear(&invite("").replace("branch", "maddr=203.0.113.66;branch"));
    assert_eq!(
        bench.sent.pop().unwrap().flow.remote,
        address("192.0.2.9:5062")
    );
}

#[test]
fn all_vias_come_back_in_order() {
    let mut bench = Bench::udp();
    bench.hear(&invite(
        "Via: SIP/2.0/UDP 10.0.0.1;branch=z9hG4bK-second, SIP/2.0/TCP [2001:db8::1]",
    ));
    let trying = bench.take_one();
    let hosts: Vec<_> = trying
        .vias()
        .map(|via| via.unwrap().host.to_string())
        .collect();
    assert_eq!(hosts, ["192.0.2.9", "10.0.0.1", "[2001:db8::1]"]);
}

#[test]
fn transactions_are_told_apart_by_branch_sender_and_method() {
    let mut bench = Bench::udp();
    bench.called();
    let other = invite("").replace("192.0.2.9:5062;branch", "192.0.2.8:5062;branch");
    bench.hear(&other.replace("call-of-bob", "another"));
    assert_eq!(bench.take_words(), ["100"]);
    assert!(matches!(bench.take_event(), Event::Incoming { .. }));
    // Hosts, tokens and the default port compare as equal however they are written.
    bench.hear(&invite("").replace("z9hG4bK-first", "Z9HG4BK-FIRST"));
    assert_eq!(bench.take_words(), ["100"]);
    assert!(bench.events.is_empty());
}

#[test]
fn a_phone_of_rfc_2543_is_matched_without_a_branch() {
    let mut bench = Bench::udp();
    let old = |text: String| text.replace(";branch=z9hG4bK-first", "");
    let call = bench.called_with(&old(invite("")));
    bench.hear(&old(invite("")));
    assert_eq!(bench.take_words(), ["100"]);
    assert!(bench.events.is_empty());
    let none = ExtraHeaders::none();
    bench
        .ua
        .reject(bench.now, call, status(486), &none, &mut bench.out)
        .unwrap();
    bench.drain();
    let busy = bench.take_one();
    bench.events.clear();
    let ack = invite("").replace("INVITE", "ACK").replace(
        "To: <sip:4711@192.0.2.1>",
        &format!("To: {}", header(&busy, HeaderName::To)),
    );
    // The ACK has the Request-URI of the INVITE.
    bench.hear(&old(ack));
    bench.advance(10_000);
    assert!(bench.take().is_empty(), "the ACK stopped the repetitions");
    bench.assert_empties();
}

#[test]
fn a_broken_transport_fails_what_is_under_way() {
    let mut bench = Bench::udp();
    bench.calling();
    bench
        .ua
        .transport_failed(bench.now, bench.flow, &mut bench.out);
    bench.drain();
    let events = std::mem::take(&mut bench.events);
    assert!(matches!(&events[0], Event::Refused { status: s, .. } if *s == status(503)));
    assert!(matches!(
        &events[1],
        Event::Ended {
            cause: EndCause::TransportFailed,
            ..
        }
    ));
    assert_eq!(bench.ua.transaction_count(), 0);
    bench.assert_empties();
}

#[test]
fn a_broken_transport_elsewhere_is_nothing_to_us() {
    let mut bench = Bench::udp();
    bench.calling();
    let mut other = bench.flow;
    other.remote.set_port(9);
    bench.ua.transport_failed(bench.now, other, &mut bench.out);
    bench.drain();
    assert!(bench.events.is_empty());
}

#[test]
fn a_closed_connection_is_replaced_by_one_to_the_address_of_the_peer() {
    let mut bench = Bench::tcp();
    bench.flow.remote = address("192.0.2.9:40000");
    let call = bench.called_with(&invite("").replace("UDP", "TCP"));
    bench
        .ua
        .connection_closed(bench.now, ConnectionId(7), &mut bench.out);
    bench.accept(call);
    let ok = bench.sent.pop().unwrap();
    assert_eq!(ok.flow.connection, None);
    assert_eq!(ok.flow.remote, address("192.0.2.9:5062"));
    bench.advance(500);
    assert_eq!(bench.sent.pop().unwrap().flow, ok.flow);
    assert_eq!(bench.ua.call_count(), 1);
}

#[test]
fn a_closed_connection_fails_requests_and_leaves_calls_up() {
    let mut bench = Bench::tcp();
    let (call, ..) = bench.calling_and_up();
    bench
        .ua
        .connection_closed(bench.now, ConnectionId(7), &mut bench.out);
    bench.drain();
    assert!(bench.events.is_empty());
    bench.hang_up(call);
    let bye = bench.sent.pop().unwrap();
    assert_eq!(
        (bye.flow.connection, bye.flow.remote),
        (None, address("192.0.2.9:5062"))
    );
    bench
        .ua
        .transport_failed(bench.now, bye.flow, &mut bench.out);
    bench.drain();
    assert!(matches!(bench.take_end(), EndCause::LocalBye));
    bench.assert_empties();
}

#[test]
fn ipv6_is_written_in_brackets() {
    let mut bench = Bench::udp();
    bench.flow.local = address("[2001:db8::1]:5060");
    bench.flow.remote = address("[2001:db8::9]:5060");
    let (_, invite) = bench.calling();
    assert!(header(&invite, HeaderName::Via).contains("UDP [2001:db8::1]:5060;branch="));
    bench.hear(&reply(&invite, "200 OK", "there", CONTACT));
    let ack = bench.sent.pop().unwrap();
    assert_eq!(word(&ack.message), "ACK");
    // The Contact is IPv4, which this socket cannot reach.
    assert_eq!(ack.flow.remote, bench.flow.remote);
}
