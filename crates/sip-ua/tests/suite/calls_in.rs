//! Calls that come in.

use plenum_sip_msg::HeaderName;
use plenum_sip_ua::{Body, CallError, EndCause, Event, ExtraHeaders, Reliability};

use crate::bench::{Bench, SDP, ack, header, inside, invite, status, word};

#[test]
fn a_phone_calls_is_answered_and_hangs_up() {
    let mut bench = Bench::udp();
    let call = bench.called();
    bench
        .ua
        .provisional(
            bench.now,
            call,
            status(180),
            None,
            Reliability::Unreliable,
            &mut bench.out,
        )
        .unwrap();
    bench.drain();
    let ringing = bench.take_one();
    assert_eq!(word(&ringing), "180");
    assert_eq!(
        header(&ringing, HeaderName::Contact),
        "<sip:4711@192.0.2.1:5060>"
    );

    bench.accept(call);
    let ok = bench.take_one();
    assert_eq!(word(&ok), "200");
    assert_eq!(
        header(&ok, HeaderName::To),
        header(&ringing, HeaderName::To)
    );
    assert_eq!(
        header(&ok, HeaderName::Allow),
        "INVITE, ACK, CANCEL, BYE, PRACK, OPTIONS, INFO, MESSAGE, UPDATE"
    );
    assert_eq!(&ok.body()[..], SDP.as_bytes());

    bench.hear(&ack(&ok, 1));
    assert!(matches!(bench.take_event(), Event::Acknowledged { .. }));
    bench.hear(&inside(&ok, "BYE", 2, "bye", ""));
    assert_eq!(bench.take_words(), ["200"]);
    assert!(matches!(bench.take_end(), EndCause::RemoteBye(_)));
    bench.assert_empties();
}

#[test]
fn a_repeated_invite_gets_the_last_response_and_shows_once() {
    let mut bench = Bench::udp();
    let call = bench.called();
    bench.hear(&invite(""));
    assert_eq!(bench.take_words(), ["100"]);
    bench
        .ua
        .provisional(
            bench.now,
            call,
            status(183),
            None,
            Reliability::Unreliable,
            &mut bench.out,
        )
        .unwrap();
    bench.drain();
    bench.hear(&invite(""));
    assert_eq!(bench.take_words(), ["183", "183"]);
    bench.accept(call);
    bench.take();
    bench.hear(&invite(""));
    assert!(
        bench.take().is_empty(),
        "RFC 6026 7.1: the accepted state absorbs the INVITE"
    );
    assert!(bench.events.is_empty());
    assert_eq!(bench.ua.counters().repeated_requests, 3);
}

#[test]
fn a_rejected_call_ends_at_once_with_the_headers_of_its_owner() {
    let mut bench = Bench::udp();
    let call = bench.called();
    let headers = ExtraHeaders::none()
        .with(HeaderName::Reason, "Q.850;cause=17;text=\"busy\"")
        .with(HeaderName::RetryAfter, "30");
    bench
        .ua
        .reject(bench.now, call, status(486), &headers, &mut bench.out)
        .unwrap();
    bench.drain();
    let busy = bench.take_one();
    assert_eq!(word(&busy), "486");
    assert_eq!(
        header(&busy, HeaderName::Reason),
        "Q.850;cause=17;text=\"busy\""
    );
    assert_eq!(header(&busy, HeaderName::RetryAfter), "30");
    assert!(matches!(bench.take_end(), EndCause::Rejected(code) if code == status(486)));
    let again = bench
        .ua
        .reject(bench.now, call, status(486), &headers, &mut bench.out);
    assert_eq!(again, Err(CallError::UnknownCall));
    // The ACK of a refusal has the branch of its INVITE.
    bench.hear(&inside(&busy, "ACK", 1, "first", ""));
    bench.advance(4_999);
    assert!(bench.take().is_empty());
    bench.assert_empties();
}

#[test]
fn cancel_before_the_answer_ends_the_call() {
    let mut bench = Bench::udp();
    bench.called();
    bench.hear(
        &invite("")
            .replace("INVITE sip", "CANCEL sip")
            .replace("1 INVITE", "1 CANCEL"),
    );
    let sent = bench.take();
    assert_eq!(sent.iter().map(word).collect::<Vec<_>>(), ["200", "487"]);
    assert_eq!(header(&sent[0], HeaderName::CSeq), "1 CANCEL");
    assert_eq!(
        header(&sent[0], HeaderName::To),
        header(&sent[1], HeaderName::To)
    );
    assert!(matches!(bench.take_end(), EndCause::RemoteCancel(_)));
    bench.assert_empties();
}

#[test]
fn cancel_after_the_answer_changes_nothing() {
    let mut bench = Bench::udp();
    let call = bench.called();
    bench.accept(call);
    let ok = bench.take_one();
    bench.hear(
        &invite("")
            .replace("INVITE sip", "CANCEL sip")
            .replace("1 INVITE", "1 CANCEL"),
    );
    assert_eq!(bench.take_words(), ["200"]);
    bench.hear(&ack(&ok, 1));
    assert!(matches!(bench.take_event(), Event::Acknowledged { .. }));
}

#[test]
fn a_cancel_for_nothing_is_told_so() {
    let mut bench = Bench::udp();
    bench.hear(
        &invite("")
            .replace("INVITE sip", "CANCEL sip")
            .replace("1 INVITE", "1 CANCEL"),
    );
    let refusal = bench.take_one();
    assert_eq!(word(&refusal), "481");
    assert!(refusal.to().unwrap().tag().is_some());
    bench.assert_empties();
}

#[test]
fn hanging_up_before_the_answer_declines() {
    let mut bench = Bench::udp();
    let call = bench.called();
    bench.hang_up(call);
    assert_eq!(bench.take_words(), ["603"]);
    assert!(matches!(bench.take_end(), EndCause::LocalBye));
}

#[test]
fn hanging_up_after_the_answer_waits_for_the_ack() {
    let mut bench = Bench::udp();
    let call = bench.called();
    bench.accept(call);
    let ok = bench.take_one();
    bench.hang_up(call);
    assert!(
        bench.take().is_empty(),
        "RFC 3261 15: no BYE before the ACK"
    );
    bench.hear(&ack(&ok, 1));
    let bye = bench.take_one();
    assert_eq!(word(&bye), "BYE");
    assert_eq!(
        bye.request_uri().unwrap().to_string(),
        "sip:bob@192.0.2.9:5062"
    );
    assert!(matches!(bench.take_event(), Event::Acknowledged { .. }));
    bench.hear(&crate::bench::reply(&bye, "200 OK", "", ""));
    assert!(matches!(bench.take_end(), EndCause::LocalBye));
    bench.assert_empties();
}

#[test]
fn an_answer_that_nobody_acknowledges_ends_in_a_bye() {
    let mut bench = Bench::udp();
    let call = bench.called();
    bench.accept(call);
    bench.advance(31_999);
    assert!(bench.take_words().iter().all(|word| word == "200"));
    bench.advance(1);
    assert_eq!(bench.take_words(), ["BYE"]);
    assert!(
        matches!(bench.take_end(), EndCause::NoAck),
        "our owner knows at once"
    );
    bench.assert_empties();
}

#[test]
fn a_late_offer_comes_with_our_answer_and_its_answer_with_the_ack() {
    let mut bench = Bench::udp();
    let call = bench.called_with(&invite("").replace("v=0\r\n", ""));
    bench.accept(call);
    let ok = bench.take_one();
    let text = inside(&ok, "ACK", 1, "ack", "Content-Type: application/sdp") + "\n\nv=0 answer";
    bench.hear(&text);
    let Event::Acknowledged { request, .. } = bench.take_event() else {
        panic!()
    };
    assert_eq!(&request.body()[..], b"v=0 answer");
}

#[test]
fn a_bye_before_the_answer_ends_the_invite_too() {
    let mut bench = Bench::udp();
    let call = bench.called();
    bench
        .ua
        .provisional(
            bench.now,
            call,
            status(180),
            None,
            Reliability::Unreliable,
            &mut bench.out,
        )
        .unwrap();
    bench.drain();
    let ringing = bench.take_one();
    bench.hear(&inside(&ringing, "BYE", 2, "bye", ""));
    let sent = bench.take();
    assert_eq!(sent.iter().map(word).collect::<Vec<_>>(), ["200", "487"]);
    assert_eq!(header(&sent[1], HeaderName::CSeq), "1 INVITE");
    assert!(matches!(bench.take_end(), EndCause::RemoteBye(_)));
    bench.assert_empties();
}

#[test]
fn a_higher_cseq_in_the_early_dialog_does_not_confuse_the_ack() {
    let mut bench = Bench::udp();
    let call = bench.called();
    let body = Some(Body::sdp(SDP));
    bench
        .ua
        .provisional(
            bench.now,
            call,
            status(183),
            body,
            Reliability::Unreliable,
            &mut bench.out,
        )
        .unwrap();
    bench.drain();
    let early = bench.take_one();
    bench.hear(&inside(&early, "INFO", 2, "info", ""));
    assert!(matches!(bench.take_event(), Event::Request { .. }));
    bench.accept(call);
    let ok = bench.take_one();
    bench.hear(&ack(&ok, 1));
    assert!(matches!(bench.take_event(), Event::Acknowledged { .. }));
}

#[test]
fn an_invite_that_expires_is_ended() {
    let mut bench = Bench::udp();
    bench.called_with(&invite("Expires: 20"));
    bench.advance(20_000);
    let refusal = bench.take_one();
    assert_eq!(word(&refusal), "487");
    assert!(matches!(bench.take_end(), EndCause::TimedOut));
}

#[test]
fn acks_that_belong_to_nothing_are_counted_and_not_answered() {
    let mut bench = Bench::udp();
    bench.hear(
        &invite("")
            .replace("INVITE sip", "ACK sip")
            .replace("1 INVITE", "1 ACK"),
    );
    let (call, ok) = bench.called_and_up();
    bench.hear(&ack(&ok, 1));
    bench.hear(&ack(&ok, 9));
    assert!(bench.take().is_empty() && bench.events.is_empty());
    assert_eq!(bench.ua.counters().stray_acks, 3);
    bench.hang_up(call);
    assert_eq!(bench.take_words(), ["BYE"]);
}

#[test]
fn wishes_that_do_not_fit_the_state_are_refused_with_a_reason() {
    let mut bench = Bench::udp();
    let (call, _) = bench.called_and_up();
    let none = ExtraHeaders::none();
    let error = bench
        .ua
        .accept(bench.now, call, None, &none, None, &mut bench.out)
        .unwrap_err();
    assert_eq!(error.to_string(), "cannot accept while the call is up");
    let error = bench
        .ua
        .reject(bench.now, call, status(200), &none, &mut bench.out)
        .unwrap_err();
    assert_eq!(
        error.to_string(),
        "200 does not fit here: it must be a status from 300 to 699"
    );
    let error = bench
        .ua
        .acknowledge(bench.now, call, None, &mut bench.out)
        .unwrap_err();
    assert_eq!(error.to_string(), "cannot acknowledge while the call is up");
    bench.drain();
    assert!(bench.take().is_empty());
}
