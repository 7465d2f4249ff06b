//! All other requests, inside and outside of calls.

use plenum_sip_msg::{HeaderName, Method};
use plenum_sip_ua::{Body, CallError, EndCause, Event, ExtraHeaders, OutgoingRequest, RequestKey};

use crate::bench::{Bench, header, inside, invite, outgoing, reply, status, word};

fn options() -> String {
    invite("").replace("INVITE", "OPTIONS")
}

fn respond(bench: &mut Bench, key: RequestKey, code: u16) -> Result<(), CallError> {
    let none = ExtraHeaders::none();
    let result = bench
        .ua
        .respond(bench.now, key, status(code), &none, None, &mut bench.out);
    bench.drain();
    result
}

#[test]
fn options_says_what_we_can_do() {
    let mut bench = Bench::udp();
    bench.hear(&options());
    let Event::Request {
        key, call: None, ..
    } = bench.take_event()
    else {
        panic!()
    };
    respond(&mut bench, key, 200).unwrap();
    let ok = bench.take_one();
    assert_eq!(
        header(&ok, HeaderName::Allow),
        "INVITE, ACK, CANCEL, BYE, PRACK, OPTIONS, INFO, MESSAGE, UPDATE"
    );
    assert_eq!(header(&ok, HeaderName::Accept), "application/sdp");
    assert!(header(&ok, HeaderName::Server).starts_with("Plenum/"));
    assert!(ok.to().unwrap().tag().is_some());
    bench.hear(&options());
    assert_eq!(bench.take(), [ok]);
    assert!(bench.events.is_empty());
    assert_eq!(
        respond(&mut bench, key, 200),
        Err(CallError::UnknownRequest)
    );
    bench.assert_empties();
}

#[test]
fn an_info_in_a_call_goes_to_the_owner() {
    let mut bench = Bench::udp();
    let (call, ok) = bench.called_and_up();
    let digits = "Content-Type: application/dtmf-relay";
    bench.hear(&(inside(&ok, "INFO", 2, "info", digits) + "\n\nSignal=5\n"));
    let Event::Request {
        key,
        call: from,
        request,
        ..
    } = bench.take_event()
    else {
        panic!()
    };
    assert_eq!(from, Some(call));
    assert_eq!(&request.body()[..], b"Signal=5\n");
    respond(&mut bench, key, 200).unwrap();
    assert_eq!(bench.take_words(), ["200"]);
}

#[test]
fn a_request_that_its_owner_forgets_is_dropped_without_an_answer() {
    let mut bench = Bench::udp();
    bench.hear(&options());
    let Event::Request { key, .. } = bench.take_event() else {
        panic!()
    };
    bench.advance(32_000);
    assert_eq!(
        respond(&mut bench, key, 200),
        Err(CallError::UnknownRequest)
    );
    assert!(bench.take().is_empty(), "RFC 4320 4.2");
    bench.assert_empties();
}

#[test]
fn a_request_of_ours_in_a_call_gets_its_answer() {
    let mut bench = Bench::udp();
    let (call, _) = bench.called_and_up();
    let body = Some(Body {
        content_type: "text/plain".parse().unwrap(),
        bytes: "hi".into(),
    });
    let (none, method) = (ExtraHeaders::none(), Method::Message);
    let key = bench
        .ua
        .request(bench.now, call, method, &none, body, &mut bench.out)
        .unwrap();
    bench.drain();
    let message = bench.take_one();
    assert_eq!(word(&message), "MESSAGE");
    assert_eq!(message.from().unwrap().tag().map(str::len), Some(16));
    assert_eq!(message.to().unwrap().tag(), Some("there"));
    bench.hear(&reply(&message, "415 No", "", ""));
    let Event::Response {
        key: answered,
        call: Some(of),
        response: Some(_),
    } = bench.take_event()
    else {
        panic!()
    };
    assert_eq!((answered, of), (key, call));
    assert_eq!(bench.ua.call_count(), 1);
}

#[test]
fn a_request_that_finds_no_call_ends_ours() {
    let mut bench = Bench::udp();
    let (call, _) = bench.called_and_up();
    let (none, method) = (ExtraHeaders::none(), Method::Info);
    bench
        .ua
        .request(bench.now, call, method, &none, None, &mut bench.out)
        .unwrap();
    bench.drain();
    let info = bench.take_one();
    bench.hear(&reply(&info, "481 Gone", "", ""));
    let bye = bench.take_one();
    bench.hear(&reply(&bye, "481 Gone", "", ""));
    assert!(matches!(
        bench.events.pop(),
        Some(Event::Ended {
            cause: EndCause::Gone,
            ..
        })
    ));
}

#[test]
fn an_answer_after_the_end_of_the_call_names_no_call() {
    let mut bench = Bench::udp();
    let (call, ok) = bench.called_and_up();
    let (none, method) = (ExtraHeaders::none(), Method::Info);
    bench
        .ua
        .request(bench.now, call, method, &none, None, &mut bench.out)
        .unwrap();
    bench.hear(&inside(&ok, "BYE", 2, "bye", ""));
    assert!(matches!(bench.take_end(), EndCause::RemoteBye(_)));
    bench.advance(32_000);
    assert!(matches!(
        bench.take_event(),
        Event::Response {
            call: None,
            response: None,
            ..
        }
    ));
    bench.assert_empties();
}

#[test]
fn a_request_outside_of_calls() {
    let mut bench = Bench::udp();
    let template = outgoing(bench.flow);
    let request = OutgoingRequest {
        flow: bench.flow,
        method: Method::Options,
        request_uri: template.request_uri,
        from: template.from,
        to: template.to,
        contact: None,
        routes: vec![],
        headers: ExtraHeaders::none(),
        body: None,
        call_id: None,
        cseq: None,
    };
    let wrong = OutgoingRequest {
        method: Method::Invite,
        ..request.clone()
    };
    let key = bench
        .ua
        .send_request(bench.now, request, &mut bench.out)
        .unwrap();
    bench.drain();
    let options = bench.take_one();
    assert_eq!(header(&options, HeaderName::CSeq), "1 OPTIONS");
    bench.hear(&reply(&options, "200 OK", "x", ""));
    assert!(matches!(bench.take_event(), Event::Response { key: k, .. } if k == key));
    let error = bench
        .ua
        .send_request(bench.now, wrong, &mut bench.out)
        .unwrap_err();
    assert_eq!(error, CallError::WrongMethod(Method::Invite));
    bench.assert_empties();
}

#[test]
fn methods_that_are_not_served_are_named() {
    for (method, code) in [("PUBLISH", "405"), ("JUMP", "405")] {
        let mut bench = Bench::udp();
        bench.hear(&invite("").replace("INVITE", method));
        let refusal = bench.take_one();
        assert_eq!(word(&refusal), code);
        assert!(header(&refusal, HeaderName::Allow).contains("INVITE"));
        assert!(bench.events.is_empty());
        bench.assert_empties();
    }
}

/// What an INVITE is refused with, and the sentence that says why.
fn refusal_of(text: &str) -> (String, String) {
    let mut bench = Bench::udp();
    bench.hear(text);
    let refusal = bench.take_one();
    assert!(bench.events.is_empty());
    assert!(refusal.to().is_ok_and(|to| to.tag().is_some()) || !text.contains("To:"));
    let warning = refusal
        .warning()
        .next()
        .map(|warning| warning.unwrap().text);
    bench.assert_empties();
    (word(&refusal), warning.unwrap_or_default())
}

#[test]
fn what_is_wrong_is_said_in_a_sentence() {
    let without = |line: &str| -> String {
        invite("")
            .lines()
            .filter(|l| !l.trim().starts_with(line))
            .collect::<Vec<_>>()
            .join("\n")
    };
    let cases = [
        (without("Call-ID"), "400", "the Call-ID header is missing"),
        (without("To:"), "400", "the To header is missing"),
        (without("From:"), "400", "the From header is missing"),
        (without("CSeq"), "400", "the CSeq header is missing"),
        (without("Contact"), "400", "an INVITE must have one Contact"),
        (
            invite("").replace("1 INVITE", "1 BYE"),
            "400",
            "the method of CSeq differs",
        ),
        (
            invite("").replace("sip:4711@192.0.2.1 SIP", "mailto:a@b SIP"),
            "416",
            "scheme mailto",
        ),
        (
            invite("Require: 100rel, path"),
            "420",
            "an extension is required",
        ),
        (
            invite("").replace("Max-Forwards: 70", "Max-Forwards: 300"),
            "400",
            "Max-Forwards",
        ),
        (
            invite("").replace("SIP/2.0\n", "SIP/7.0\n"),
            "505",
            "version",
        ),
    ];
    for (text, code, sentence) in cases {
        let (word, warning) = refusal_of(&text);
        assert_eq!(word, code, "{text}");
        assert!(warning.contains(sentence), "{warning}");
    }
}

#[test]
fn options_that_are_not_supported_are_listed() {
    let mut bench = Bench::udp();
    bench.hear(&invite("Require: precondition\n        Require: path"));
    assert_eq!(
        header(&bench.take_one(), HeaderName::Unsupported),
        "precondition, path"
    );
}

#[test]
fn the_last_hop_may_be_us() {
    let mut bench = Bench::udp();
    bench.called_with(&invite("").replace("Max-Forwards: 70", "Max-Forwards: 0"));
}

#[test]
fn a_request_over_two_paths_is_a_loop() {
    let mut bench = Bench::udp();
    let call = bench.called();
    bench.hear(&invite("").replace("z9hG4bK-first", "z9hG4bK-other"));
    assert_eq!(bench.take_words(), ["482"]);
    bench.hear(&invite("").replace("z9hG4bK-first", "z9hG4bK-third"));
    assert_eq!(bench.take_words(), ["482"]);
    assert!(bench.events.is_empty());
    bench.accept(call);
    assert_eq!(bench.take_words(), ["200"]);
}

#[test]
fn garbage_is_counted_and_garbled_acks_are_not_answered() {
    let mut bench = Bench::udp();
    bench.hear("hello");
    bench.hear(
        &invite("")
            .replace("INVITE", "ACK")
            .replace("CSeq", "X-CSeq"),
    );
    bench.hear(&invite("").replace("Via:", "X-Via:"));
    assert!(bench.take().is_empty());
    assert_eq!(bench.ua.counters().malformed, 3);
    bench.assert_empties();
}
