//! The mistakes that other stacks were found to make, one test each.

use plenum_sip_msg::HeaderName;
use plenum_sip_ua::{Body, EndCause, EndpointConfig, Event, ExtraHeaders};

use crate::bench::{
    Bench, CONTACT, SDP, ack, header, inside, inside_out, invite, offering, reply, status, word,
};

#[test]
fn unknown_method_405() {
    let mut bench = Bench::udp();
    bench.hear(&invite("").replace("INVITE", "JUMP"));
    let refusal = bench.take_one();
    assert_eq!(word(&refusal), "405");
    assert!(header(&refusal, HeaderName::Allow).contains("INVITE"));
}

#[test]
fn in_dialog_cseq_gap() {
    let mut bench = Bench::udp();
    let (_, ok) = bench.called_and_up();
    bench.hear(&inside(&ok, "BYE", 4_711, "bye", ""));
    assert_eq!(bench.take_words(), ["200"]);
    assert!(matches!(bench.take_end(), EndCause::RemoteBye(_)));
}

#[test]
fn lower_cseq() {
    let mut bench = Bench::udp();
    let (_, ok) = bench.called_and_up();
    bench.hear(&inside(&ok, "INFO", 9, "nine", ""));
    bench.take_event();
    bench.hear(&inside(&ok, "INFO", 8, "eight", ""));
    assert_eq!(bench.take_words(), ["500"]);
    assert!(bench.events.is_empty());
}

#[test]
fn in_dialog_update_info_message_options() {
    let methods = ["INFO", "MESSAGE", "OPTIONS", "UPDATE", "REFER", "NOTIFY"];
    let config = EndpointConfig {
        methods: methods.iter().map(|m| m.parse().unwrap()).collect(),
        ..EndpointConfig::default()
    };
    let mut bench = Bench::new(Bench::udp().flow, config);
    let (call, ok) = bench.called_and_up();
    for (cseq, method) in (2..).zip(methods) {
        let text = match method {
            "UPDATE" => offering(&ok, method, cseq, SDP),
            _ => inside(&ok, method, cseq, method, ""),
        };
        bench.hear(&text);
        let Event::Request { key, call: c, .. } = bench.take_event() else {
            panic!("{method}")
        };
        assert_eq!(c, Some(call), "{method} comes inside the call");
        let body = (method == "UPDATE").then(|| Body::sdp(SDP));
        bench.respond(key, 200, body);
        assert_eq!(bench.take_words(), ["200"]);
    }
    let mut bench = Bench::udp();
    let (_, ok) = bench.called_and_up();
    bench.hear(&inside(&ok, "REFER", 2, "refer", ""));
    assert_eq!(bench.take_words(), ["405"], "nobody wants REFER here");
}

#[test]
fn to_tag_in_non_2xx_responses() {
    let mut bench = Bench::udp();
    let call = bench.called();
    bench.ring_reliably(call, 180, None);
    let ringing = bench.take_one();
    let none = ExtraHeaders::none();
    bench
        .ua
        .reject(bench.now, call, status(486), &none, &mut bench.out)
        .unwrap();
    bench.drain();
    let busy = bench.take_one();
    let tag = ringing.to().unwrap().tag().unwrap().to_owned();
    assert_eq!(busy.to().unwrap().tag(), Some(&*tag));
    for text in [
        invite("Require: magic"),
        invite("").replace("sip:4711@192.0.2.1 SIP", "tel:+49 SIP"),
        invite("").replace("INVITE", "JUMP"),
        invite("").replace("Max-Forwards: 70", "Max-Forwards: x"),
    ] {
        let mut bench = Bench::udp();
        bench.hear(&text);
        let refusal = bench.take_one();
        assert!(refusal.to().unwrap().tag().is_some(), "{refusal:?}");
        assert!(refusal.has(&HeaderName::Warning), "and a sentence");
    }
}

#[test]
fn content_types_that_are_not_understood_415() {
    let mut bench = Bench::udp();
    bench.hear(&invite("").replace("application/sdp", "application/pidf+xml"));
    let refusal = bench.take_one();
    assert_eq!(word(&refusal), "415");
    assert_eq!(header(&refusal, HeaderName::Accept), "application/sdp");
    let mut bench = Bench::udp();
    bench.hear(&invite("Content-Encoding: gzip"));
    let refusal = bench.take_one();
    assert_eq!(word(&refusal), "415");
    assert_eq!(header(&refusal, HeaderName::AcceptEncoding), "identity");
    let mut bench = Bench::udp();
    let optional = invite("Content-Disposition: render; handling=optional");
    bench.called_with(&optional.replace("application/sdp", "text/html"));
}

#[test]
fn a_caller_that_takes_no_session_description_406() {
    for (accept, expected) in [
        ("Accept: text/plain", "406"),
        ("Accept: text/plain, application/*", "100"),
        ("Accept: */*", "100"),
    ] {
        let mut bench = Bench::udp();
        bench.hear(&invite(accept));
        assert_eq!(bench.take_words(), [expected], "{accept}");
    }
}

#[test]
fn requests_of_dialogs_that_are_not_there_481() {
    for method in ["PRACK", "UPDATE", "BYE"] {
        let mut bench = Bench::udp();
        bench.hear(&invite("").replace("INVITE", method));
        assert_eq!(bench.take_words(), ["481"], "{method}");
    }
}

#[test]
fn glare_491() {
    let mut bench = Bench::udp();
    let (call, ok) = bench.called_and_up();
    bench.reinvite(call, Some(Body::sdp(SDP)));
    let ours = bench.take_one();
    bench.hear(&offering(&ok, "INVITE", 2, "v=0 theirs"));
    assert_eq!(bench.take_words(), ["491"]);
    bench.hear(&inside(&ok, "ACK", 2, "INVITE2", ""));
    bench.hear(&reply(&ours, "491 Request Pending", "", ""));
    assert_eq!(bench.take_words(), ["ACK"]);
    // Theirs comes first, ours goes when theirs is through.
    bench.hear(&offering(&ok, "INVITE", 3, "v=0 theirs"));
    assert!(matches!(bench.take_event(), Event::Reinvited { .. }));
    bench.advance(3_000);
    assert_eq!(bench.take_words(), ["100"]);
    let body = Some(Body::sdp("v=0 fine"));
    bench
        .ua
        .accept_reinvite(bench.now, call, body, &mut bench.out)
        .unwrap();
    bench.drain();
    bench.take();
    bench.hear(&ack(&ok, 3));
    assert_eq!(bench.take_words(), ["INVITE"]);
}

#[test]
fn forked_responses() {
    let mut bench = Bench::udp();
    let (_, invite) = bench.calling();
    bench.hear(&reply(&invite, "200 OK", "one", CONTACT));
    bench.hear(&reply(&invite, "200 OK", "two", CONTACT));
    assert_eq!(bench.take_words(), ["ACK", "ACK", "BYE"]);
    assert_eq!(bench.events.len(), 1);
}

#[test]
fn cancel_200_race() {
    let mut bench = Bench::udp();
    let (call, invite) = bench.calling();
    bench.hear(&reply(&invite, "180 Ringing", "there", CONTACT));
    bench.events.clear();
    bench.hang_up(call);
    assert_eq!(bench.take_words(), ["CANCEL"]);
    bench.hear(&reply(&invite, "200 OK", "there", CONTACT));
    assert_eq!(bench.take_words(), ["ACK", "BYE"]);
    bench.hear(&inside_out(&invite, "BYE", 1, "crossing"));
    bench.advance(64_000);
    assert!(matches!(bench.take_end(), EndCause::LocalCancel));
    // And on the other side: the CANCEL that comes after our 200 changes nothing.
    let mut bench = Bench::udp();
    let call = bench.called();
    bench.accept(call);
    let ok = bench.take_one();
    bench.hear(
        &inside(&ok, "CANCEL", 1, "first", "")
            .replace(&header(&ok, HeaderName::To), "<sip:4711@192.0.2.1>"),
    );
    assert_eq!(bench.take_words(), ["200"]);
    bench.hear(&ack(&ok, 1));
    assert!(matches!(bench.take_event(), Event::Acknowledged { .. }));
}
