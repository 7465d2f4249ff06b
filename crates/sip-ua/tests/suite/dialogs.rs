//! What both sides remember of each other (RFC 3261 12).

use plenum_sip_msg::HeaderName;
use plenum_sip_ua::{EndCause, Event};

use crate::bench::{Bench, ack, address, header, inside, inside_out, invite, reply, word};

/// A request of a dialog that was never here.
fn elsewhere(method: &str) -> String {
    let tagged = "To: <sip:4711@192.0.2.1>;tag=0123456789abcdef";
    invite("")
        .replace("To: <sip:4711@192.0.2.1>", tagged)
        .replace("INVITE", method)
        .replace("first", "elsewhere")
}

#[test]
fn a_request_for_no_dialog_is_told_so() {
    let mut bench = Bench::udp();
    let (_, ok) = bench.called_and_up();
    let wrong = [
        inside(&ok, "BYE", 2, "a", "").replace("call-of-bob", "other-call"),
        inside(&ok, "BYE", 2, "b", "").replace("tag=there", "tag=else"),
        invite("").replace("INVITE", "BYE"),
        elsewhere("INVITE"),
        elsewhere("INFO"),
    ];
    for text in wrong {
        bench.hear(&text);
        assert_eq!(bench.take_words(), ["481"], "{text}");
    }
    assert!(bench.events.is_empty());
    assert_eq!(bench.ua.call_count(), 1);
}

#[test]
fn numbers_may_jump_and_must_not_fall() {
    let mut bench = Bench::udp();
    let (_, ok) = bench.called_and_up();
    bench.hear(&inside(&ok, "INFO", 17, "a", ""));
    assert!(matches!(bench.take_event(), Event::Request { .. }));
    bench.hear(&inside(&ok, "INFO", 16, "b", ""));
    assert_eq!(bench.take_words(), ["500"]);
    bench.hear(&inside(&ok, "BYE", 100, "c", ""));
    assert_eq!(bench.take_words(), ["200"]);
    assert!(matches!(bench.take_end(), EndCause::RemoteBye(_)));
}

#[test]
fn a_server_keeps_the_route_set_in_order() {
    let mut bench = Bench::udp();
    let routes = "Record-Route: <sip:192.0.2.50;lr>, <sip:192.0.2.51:5080;lr;x=1>";
    let call = bench.called_with(&invite(routes));
    bench.accept(call);
    let ok = bench.take_one();
    let listed: Vec<_> = ok
        .record_routes()
        .map(|route| route.unwrap().uri.to_string())
        .collect();
    assert_eq!(listed, ["sip:192.0.2.50;lr", "sip:192.0.2.51:5080;lr;x=1"]);
    bench.hear(&ack(&ok, 1));
    bench.hang_up(call);
    let bye = bench.sent.pop().unwrap();
    assert_eq!(bye.flow.remote, address("192.0.2.50:5060"));
    assert_eq!(
        bye.message.request_uri().unwrap().to_string(),
        "sip:bob@192.0.2.9:5062"
    );
    let routes: Vec<_> = bye
        .message
        .routes()
        .map(|route| route.unwrap().uri.to_string())
        .collect();
    assert_eq!(routes, listed);
}

#[test]
fn a_client_turns_the_route_set_around() {
    let mut bench = Bench::udp();
    let (_, invite) = bench.calling();
    let more = "Record-Route: <sip:192.0.2.51;lr>\n        Record-Route: <sip:192.0.2.50;lr>
        Contact: <sip:bob@192.0.2.99>";
    bench.hear(&reply(&invite, "200 OK", "there", more));
    let ack = bench.sent.pop().unwrap();
    assert_eq!(ack.flow.remote, address("192.0.2.50:5060"));
    assert_eq!(
        ack.message.request_uri().unwrap().to_string(),
        "sip:bob@192.0.2.99"
    );
    let routes: Vec<_> = ack
        .message
        .routes()
        .map(|route| route.unwrap().uri.to_string())
        .collect();
    assert_eq!(routes, ["sip:192.0.2.50;lr", "sip:192.0.2.51;lr"]);
}

#[test]
fn a_strict_router_becomes_the_request_uri() {
    let mut bench = Bench::udp();
    let routes = "Record-Route: <sip:192.0.2.50>, <sip:192.0.2.51;lr>";
    let call = bench.called_with(&invite(routes));
    bench.accept(call);
    let ok = bench.take_one();
    bench.hear(&ack(&ok, 1));
    bench.hang_up(call);
    let bye = bench.sent.pop().unwrap();
    assert_eq!(bye.flow.remote, address("192.0.2.50:5060"));
    assert_eq!(
        bye.message.request_uri().unwrap().to_string(),
        "sip:192.0.2.50"
    );
    let routes: Vec<_> = bye
        .message
        .routes()
        .map(|route| route.unwrap().uri.to_string())
        .collect();
    assert_eq!(routes, ["sip:192.0.2.51;lr", "sip:bob@192.0.2.9:5062"]);
}

#[test]
fn a_target_that_is_a_name_is_reached_the_way_it_came() {
    let mut bench = Bench::udp();
    let call = bench.called_with(&invite("").replace("bob@192.0.2.9:5062>", "bob@phone.example>"));
    bench.accept(call);
    let ok = bench.take_one();
    bench.hear(&ack(&ok, 1));
    bench.hang_up(call);
    let bye = bench.sent.pop().unwrap();
    assert_eq!(bye.flow, bench.flow);
    assert_eq!(
        bye.message.request_uri().unwrap().to_string(),
        "sip:bob@phone.example"
    );
}

#[test]
fn a_phone_behind_a_translator_is_reached_at_its_outer_address() {
    let mut bench = Bench::udp();
    let inner = |text: String| text.replace("192.0.2.9:5062", "10.0.0.9:5062");
    let asks = |text: String| text.replace(";branch", ";rport;branch");
    let call = bench.called_with(&asks(inner(invite(""))));
    bench.accept(call);
    let sent = bench.sent.pop().unwrap();
    assert_eq!(sent.flow, bench.flow);
    // The translator gives it another port during the call.
    bench.flow.remote.set_port(6_000);
    bench.hear(&asks(inner(ack(&sent.message, 1))));
    bench.hang_up(call);
    let bye = bench.sent.pop().unwrap();
    assert_eq!(bye.flow, bench.flow);
}

#[test]
fn a_stream_is_used_for_the_whole_call() {
    let mut bench = Bench::tcp();
    let call = bench.called_with(&invite("").replace("UDP", "TCP"));
    bench.accept(call);
    let ok = bench.take_one();
    assert_eq!(
        header(&ok, HeaderName::Contact),
        "<sip:4711@192.0.2.1:5060;transport=tcp>"
    );
    bench.hear(&ack(&ok, 1).replace("UDP", "TCP"));
    bench.hang_up(call);
    let bye = bench.sent.pop().unwrap();
    assert_eq!(bye.flow, bench.flow);
    assert_eq!(bye.message.top_via().unwrap().transport.as_str(), "TCP");
}

#[test]
fn a_client_learns_the_connection_from_the_answer() {
    let mut bench = Bench::tcp();
    let open = bench.flow;
    bench.flow.connection = None;
    let (call, invite) = bench.calling();
    bench.hear_over(
        open,
        &reply(&invite, "200 OK", "there", "Contact: <sip:bob@192.0.2.9>"),
    );
    bench.hang_up(call);
    let flows: Vec<_> = bench.sent.iter().map(|sent| sent.flow).collect();
    assert_eq!(flows, [open, open]);
}

#[test]
fn our_target_is_refreshed_by_the_answer_to_a_reinvite() {
    let mut bench = Bench::udp();
    let (call, ..) = bench.calling_and_up();
    bench.reinvite(call, None);
    let again = bench.take_one();
    bench.hear(&reply(
        &again,
        "200 OK",
        "",
        "Contact: <sip:bob@192.0.2.33>",
    ));
    bench.hang_up(call);
    let targets: Vec<_> = bench.sent.iter().map(|sent| sent.flow.remote).collect();
    assert_eq!(targets, [address("192.0.2.33:5060"); 2]);
}

#[test]
fn who_was_called_counts_its_own_numbers() {
    let mut bench = Bench::udp();
    let (_, invite, _) = bench.calling_and_up();
    bench.hear(&inside_out(&invite, "INFO", 50, "a"));
    bench.hear(&inside_out(&invite, "INFO", 49, "b"));
    let words: Vec<_> = bench.take().iter().map(word).collect();
    assert_eq!(words, ["500"]);
}
