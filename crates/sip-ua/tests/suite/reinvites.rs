//! Changes of a session that is up (RFC 3261 14).

use plenum_sip_msg::HeaderName;
use plenum_sip_ua::{Body, CallError, CallKey, EndCause, Event, ExtraHeaders, Reliability};

use crate::bench::{Bench, CONTACT, SDP, ack, header, inside, inside_out, reply, status, word};

fn hold() -> Option<Body> {
    Some(Body::sdp("v=0 hold"))
}

fn accept_reinvite(bench: &mut Bench, call: CallKey) {
    let body = Some(Body::sdp(SDP));
    bench
        .ua
        .accept_reinvite(bench.now, call, body, &mut bench.out)
        .unwrap();
    bench.drain();
}

#[test]
fn the_other_side_puts_us_on_hold() {
    let mut bench = Bench::udp();
    let (call, ok) = bench.called_and_up();
    let moved = "Contact: <sip:bob@192.0.2.10:5070>";
    bench.hear(&inside(&ok, "INVITE", 2, "hold", moved));
    assert_eq!(bench.take_words(), ["100"]);
    assert!(matches!(bench.take_event(), Event::Reinvited { .. }));
    accept_reinvite(&mut bench, call);
    let held = bench.take_one();
    assert_eq!(header(&held, HeaderName::CSeq), "2 INVITE");
    assert_eq!(
        header(&held, HeaderName::Contact),
        "<sip:4711@192.0.2.1:5060>"
    );
    bench.advance(600);
    assert_eq!(bench.take_one(), held, "repeated until the ACK");
    bench.hear(&ack(&ok, 2));
    assert!(matches!(
        bench.take_event(),
        Event::ReinviteAcknowledged { .. }
    ));
    bench.hang_up(call);
    let bye = bench.sent.pop().unwrap();
    assert_eq!(
        bye.flow.remote.to_string(),
        "192.0.2.10:5070",
        "the target is refreshed"
    );
}

#[test]
fn a_refused_reinvite_leaves_the_call_up() {
    let mut bench = Bench::udp();
    let (call, ok) = bench.called_and_up();
    bench.hear(&inside(&ok, "INVITE", 2, "hold", CONTACT));
    bench.take();
    bench.take_event();
    let none = ExtraHeaders::none();
    bench
        .ua
        .refuse_reinvite(bench.now, call, status(488), &none, &mut bench.out)
        .unwrap();
    bench.drain();
    assert_eq!(bench.take_words(), ["488"]);
    assert_eq!(bench.ua.call_count(), 1);
    let again = bench
        .ua
        .refuse_reinvite(bench.now, call, status(488), &none, &mut bench.out);
    assert!(matches!(again, Err(CallError::WrongState { .. })));
}

#[test]
fn a_second_reinvite_before_the_answer_is_told_to_wait() {
    let mut bench = Bench::udp();
    let (_, ok) = bench.called_and_up();
    bench.hear(&inside(&ok, "INVITE", 2, "one", CONTACT));
    bench.take();
    bench.hear(&inside(&ok, "INVITE", 3, "two", CONTACT));
    let refusal = bench.take_one();
    assert_eq!(word(&refusal), "500");
    let seconds = refusal.retry_after().unwrap().unwrap().seconds;
    assert!(seconds <= 10);
    assert!(header(&refusal, HeaderName::Warning).starts_with("399 plenum \""));
}

#[test]
fn a_second_invite_before_the_first_is_answered_is_told_to_wait() {
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
    bench.hear(&inside(&ringing, "INVITE", 2, "early", CONTACT));
    let refusal = bench.take_one();
    assert_eq!(word(&refusal), "500");
    assert!(refusal.retry_after().unwrap().is_some());
}

#[test]
fn a_reinvite_that_crosses_ours_is_pending() {
    let mut bench = Bench::udp();
    let (call, ok) = bench.called_and_up();
    bench.reinvite(call, hold());
    assert_eq!(bench.take_words(), ["INVITE"]);
    bench.hear(&inside(&ok, "INVITE", 2, "glare", CONTACT));
    assert_eq!(bench.take_words(), ["491"]);
    assert!(bench.events.is_empty());
}

#[test]
fn after_a_glare_the_side_that_owns_the_call_id_waits_longer() {
    // Who called owns the Call-ID and waits 2.1 to 4 s, the other 0 to 2 s (RFC 3261 14.1).
    let mut caller = Bench::udp();
    let (call, ..) = caller.calling_and_up();
    let mut callee = Bench::udp();
    let (answered, _) = callee.called_and_up();
    for (bench, call, earliest, latest) in [
        (&mut caller, call, 2_100, 4_000),
        (&mut callee, answered, 0, 2_000),
    ] {
        bench.reinvite(call, hold());
        let first = bench.take_one();
        bench.hear(&reply(&first, "491 Request Pending", "", ""));
        assert_eq!(bench.take_words()[0], "ACK");
        let start = bench.now.as_millis();
        bench.advance(4_000);
        let again = bench
            .sent
            .iter()
            .find(|sent| word(&sent.message) == "INVITE")
            .unwrap();
        let waited = again.at.as_millis() - start;
        assert!((earliest..=latest).contains(&waited), "{waited}");
        assert_eq!(again.message.body(), first.body());
        assert!(again.message.cseq().unwrap().number > first.cseq().unwrap().number);
        assert!(
            bench.events.is_empty(),
            "our owner hears of the answer alone"
        );
    }
}

#[test]
fn our_reinvites_wait_for_their_turn() {
    let mut bench = Bench::udp();
    let (call, ..) = bench.calling_and_up();
    bench.reinvite(call, hold());
    bench.reinvite(call, Some(Body::sdp("v=0 resume")));
    let first = bench.take_one();
    bench.hear(&reply(&first, "200 OK", "", CONTACT));
    let sent = bench.take();
    assert_eq!(sent.iter().map(word).collect::<Vec<_>>(), ["ACK", "INVITE"]);
    assert_eq!(&sent[1].body()[..], b"v=0 resume");
    assert!(matches!(bench.take_event(), Event::ReinviteAnswered { .. }));
    bench.hear(&reply(&sent[1], "488 No", "", ""));
    assert!(
        matches!(bench.take_event(), Event::ReinviteRefused { status: s, .. } if s == status(488))
    );
    for _ in 0..5 {
        bench.reinvite(call, hold());
    }
    let error = bench
        .ua
        .reinvite(bench.now, call, hold(), &mut bench.out)
        .unwrap_err();
    assert_eq!(error, CallError::TooManyReinvites(4));
}

#[test]
fn a_reinvite_waits_for_the_ack_of_our_answer() {
    let mut bench = Bench::udp();
    let call = bench.called();
    bench.accept(call);
    let ok = bench.take_one();
    bench.reinvite(call, hold());
    assert!(bench.take().is_empty());
    bench.hear(&ack(&ok, 1));
    assert_eq!(bench.take_words(), ["INVITE"]);
}

#[test]
fn a_reinvite_without_offer_is_acknowledged_by_its_owner() {
    let mut bench = Bench::udp();
    let (call, ..) = bench.calling_and_up();
    bench.reinvite(call, None);
    let again = bench.take_one();
    bench.hear(&reply(&again, "200 OK", "", CONTACT));
    assert!(bench.take().is_empty());
    assert!(matches!(
        bench.take_event(),
        Event::ReinviteAnswered {
            needs_acknowledge: true,
            ..
        }
    ));
    bench
        .ua
        .acknowledge(bench.now, call, hold(), &mut bench.out)
        .unwrap();
    bench.drain();
    let ack = bench.take_one();
    assert_eq!(header(&ack, HeaderName::CSeq), "2 ACK");
    bench.hear(&reply(&again, "200 OK", "", CONTACT));
    assert_eq!(bench.take(), [ack]);
}

#[test]
fn a_reinvite_that_finds_no_call_ends_ours() {
    let mut bench = Bench::udp();
    let (call, ..) = bench.calling_and_up();
    bench.reinvite(call, hold());
    let again = bench.take_one();
    bench.hear(&reply(&again, "481 Gone", "", ""));
    let sent = bench.take();
    assert_eq!(sent.iter().map(word).collect::<Vec<_>>(), ["ACK", "BYE"]);
    assert!(matches!(bench.take_end(), EndCause::Gone));
    bench.assert_empties();
}

#[test]
fn a_reinvite_that_nobody_answers_ends_the_call() {
    let mut bench = Bench::udp();
    let (call, ..) = bench.calling_and_up();
    bench.reinvite(call, hold());
    bench.advance(32_000);
    assert_eq!(bench.take_words().last().map(String::as_str), Some("BYE"));
    bench.advance(32_000);
    let events = std::mem::take(&mut bench.events);
    assert!(matches!(
        &events[0],
        Event::ReinviteRefused { response: None, .. }
    ));
    assert!(matches!(
        &events[1],
        Event::Ended {
            cause: EndCause::TimedOut,
            ..
        }
    ));
    bench.assert_empties();
}

#[test]
fn a_reinvite_that_stays_at_trying_is_cancelled_and_then_ends_the_call() {
    let mut bench = Bench::udp();
    let (call, ..) = bench.calling_and_up();
    bench.reinvite(call, hold());
    let again = bench.take_one();
    bench.hear(&reply(&again, "100 Trying", "", ""));
    bench.advance(180_000);
    assert_eq!(bench.take_words(), ["CANCEL"]);
    bench.advance(32_000);
    assert_eq!(bench.take_words().last().map(String::as_str), Some("BYE"));
    bench.advance(32_000);
    assert!(matches!(
        bench.events.pop(),
        Some(Event::Ended {
            cause: EndCause::TimedOut,
            ..
        })
    ));
    bench.assert_empties();
}

#[test]
fn the_other_side_hangs_up_while_its_reinvite_waits() {
    let mut bench = Bench::udp();
    let (_, ok) = bench.called_and_up();
    bench.hear(&inside(&ok, "INVITE", 2, "hold", CONTACT));
    bench.take();
    bench.take_event();
    bench.hear(&inside(&ok, "BYE", 3, "bye", ""));
    let sent = bench.take();
    assert_eq!(sent.iter().map(word).collect::<Vec<_>>(), ["200", "487"]);
    assert_eq!(header(&sent[1], HeaderName::CSeq), "2 INVITE");
    assert!(matches!(bench.take_end(), EndCause::RemoteBye(_)));
    bench.assert_empties();
}

#[test]
fn the_other_side_hangs_up_while_ours_waits() {
    let mut bench = Bench::udp();
    let (call, invite, _) = bench.calling_and_up();
    bench.reinvite(call, hold());
    let again = bench.take_one();
    bench.hear(&inside_out(&invite, "BYE", 1, "bye"));
    assert_eq!(bench.take_words(), ["200"]);
    assert!(matches!(bench.take_end(), EndCause::RemoteBye(_)));
    // An answer that was under way is acknowledged, so that it is not repeated.
    bench.hear(&reply(&again, "200 OK", "", CONTACT));
    assert_eq!(bench.take_words(), ["ACK"]);
    assert!(bench.events.is_empty());
    bench.assert_empties();
}

#[test]
fn a_reinvite_that_the_end_of_the_call_leaves_unanswered_is_forgotten() {
    let mut bench = Bench::udp();
    let (call, invite, _) = bench.calling_and_up();
    bench.reinvite(call, hold());
    let again = bench.take_one();
    bench.hear(&reply(&again, "100 Trying", "", ""));
    bench.hear(&inside_out(&invite, "BYE", 1, "bye"));
    assert!(matches!(bench.take_end(), EndCause::RemoteBye(_)));
    bench.assert_empties();
}

#[test]
fn we_hang_up_while_a_reinvite_waits() {
    let mut bench = Bench::udp();
    let (call, ok) = bench.called_and_up();
    bench.hear(&inside(&ok, "INVITE", 2, "hold", CONTACT));
    bench.take();
    bench.take_event();
    bench.hang_up(call);
    assert_eq!(bench.take_words(), ["487", "BYE"]);
}

#[test]
fn a_cancelled_reinvite_leaves_nothing_to_answer() {
    let mut bench = Bench::udp();
    let (call, ok) = bench.called_and_up();
    bench.hear(&inside(&ok, "INVITE", 2, "hold", CONTACT));
    bench.take();
    bench.take_event();
    bench.hear(&inside(&ok, "CANCEL", 2, "hold", ""));
    assert_eq!(bench.take_words(), ["200", "487"]);
    assert!(matches!(
        bench.take_event(),
        Event::ReinviteCancelled { .. }
    ));
    let late = bench
        .ua
        .accept_reinvite(bench.now, call, None, &mut bench.out);
    assert!(matches!(late, Err(CallError::WrongState { .. })));
    assert_eq!(bench.ua.call_count(), 1);
}

#[test]
fn a_reinvite_whose_answer_nobody_acknowledges_ends_the_call() {
    let mut bench = Bench::udp();
    let (call, ok) = bench.called_and_up();
    bench.hear(&inside(&ok, "INVITE", 2, "hold", CONTACT));
    bench.take_event();
    accept_reinvite(&mut bench, call);
    bench.advance(64_000);
    assert!(matches!(bench.take_end(), EndCause::NoAck));
    bench.assert_empties();
}
