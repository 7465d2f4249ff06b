//! UPDATE, in both directions, early and confirmed (RFC 3311).

use plenum_sip_msg::{HeaderName, Method};
use plenum_sip_ua::{Body, CallError, Description, EndCause, Event, RequestKey};

use crate::bench::{
    Bench, CONTACT, SDP, ack, header, inside, invite, offering, prack, reply, reply_sdp, word,
};

const ALLOW: &str = "Allow: INVITE, ACK, CANCEL, BYE, UPDATE\n        ";

fn sdp(text: &'static str) -> Option<Body> {
    Some(Body::sdp(text))
}

/// The peer calls, allows UPDATE, and is up.
fn up(bench: &mut Bench) -> (plenum_sip_ua::CallKey, plenum_sip_msg::Message) {
    let call = bench.called_with(&invite("Allow: UPDATE"));
    bench.accept(call);
    let ok = bench.take_one();
    bench.hear(&ack(&ok, 1));
    bench.take_event();
    (call, ok)
}

fn take_offer(bench: &mut Bench) -> (RequestKey, Description) {
    match bench.take_event() {
        Event::Request {
            key, description, ..
        } => (key, description),
        other => panic!("{other:?}"),
    }
}

#[test]
fn the_other_side_changes_the_session_by_update() {
    let mut bench = Bench::udp();
    let (call, ok) = up(&mut bench);
    let moved = offering(&ok, "UPDATE", 2, "v=0 hold").replace("192.0.2.9:5062>", "192.0.2.10>");
    bench.hear(&moved);
    let (key, description) = take_offer(&mut bench);
    assert_eq!(description, Description::Offer("v=0 hold".into()));
    bench.respond(key, 200, sdp(SDP));
    let answer = bench.take_one();
    assert_eq!(header(&answer, HeaderName::CSeq), "2 UPDATE");
    assert_eq!(
        header(&answer, HeaderName::Contact),
        "<sip:4711@192.0.2.1:5060>"
    );
    assert_eq!(&answer.body()[..], SDP.as_bytes());
    bench.hang_up(call);
    let bye = bench.take_one();
    assert_eq!(
        bye.request_uri().unwrap().to_string(),
        "sip:bob@192.0.2.10",
        "target refresh"
    );
}

#[test]
fn an_update_without_offer_is_answered_by_itself() {
    let mut bench = Bench::udp();
    let (_, ok) = up(&mut bench);
    bench.hear(&inside(&ok, "UPDATE", 2, "update", CONTACT));
    assert_eq!(bench.take_words(), ["200"]);
    assert!(bench.events.is_empty());
}

#[test]
fn a_second_update_before_the_answer_is_told_to_wait() {
    let mut bench = Bench::udp();
    let (_, ok) = up(&mut bench);
    bench.hear(&offering(&ok, "UPDATE", 2, "v=0 one"));
    bench.hear(&offering(&ok, "UPDATE", 3, "v=0 two"));
    let refusal = bench.take_one();
    assert_eq!(word(&refusal), "500");
    assert!(refusal.retry_after().unwrap().unwrap().seconds <= 10);
    bench.hear(&offering(&ok, "INVITE", 4, "v=0 three"));
    assert_eq!(bench.take_words(), ["500"]);
}

#[test]
fn an_update_that_crosses_our_offer_is_pending() {
    let mut bench = Bench::udp();
    let (call, ok) = up(&mut bench);
    bench.update(call, sdp("v=0 ours"));
    assert_eq!(bench.take_words(), ["UPDATE"]);
    bench.hear(&offering(&ok, "UPDATE", 2, "v=0 theirs"));
    bench.hear(&offering(&ok, "INVITE", 3, "v=0 theirs"));
    assert_eq!(bench.take_words(), ["491", "491"]);
    bench.hear(&inside(&ok, "UPDATE", 4, "plain", CONTACT));
    assert_eq!(bench.take_words(), ["200"], "without offer nothing crosses");
}

#[test]
fn our_update_is_answered() {
    let mut bench = Bench::udp();
    let (call, _) = up(&mut bench);
    bench.update(call, sdp("v=0 ours"));
    let update = bench.take_one();
    assert_eq!(
        header(&update, HeaderName::Contact),
        "<sip:4711@192.0.2.1:5060>"
    );
    bench.hear(&reply_sdp(&update, "200 OK", "", "", "v=0 theirs"));
    let Event::UpdateAnswered { description, .. } = bench.take_event() else {
        panic!()
    };
    assert_eq!(description, Description::Answer("v=0 theirs".into()));
}

#[test]
fn a_refresh_of_ours_lets_their_reinvite_pass() {
    let mut bench = Bench::udp();
    let (call, ok) = up(&mut bench);
    bench.update(call, None);
    bench.hear(&offering(&ok, "INVITE", 2, "v=0 theirs"));
    assert_eq!(bench.take_words(), ["UPDATE", "100"]);
    assert!(matches!(bench.take_event(), Event::Reinvited { .. }));
}

#[test]
fn an_update_that_the_end_leaves_unanswered_is_refused() {
    let mut bench = Bench::udp();
    let (_, ok) = up(&mut bench);
    bench.hear(&offering(&ok, "UPDATE", 2, "v=0 hold"));
    bench.events.clear();
    bench.hear(&inside(&ok, "BYE", 3, "bye", ""));
    let sent = bench.take();
    assert_eq!(sent.iter().map(word).collect::<Vec<_>>(), ["200", "487"]);
    assert_eq!(header(&sent[1], HeaderName::CSeq), "2 UPDATE");
    bench.events.clear();
    bench.assert_empties();
}

#[test]
fn after_a_glare_our_update_goes_again() {
    let mut bench = Bench::udp();
    let (call, _) = up(&mut bench);
    bench.update(call, sdp("v=0 ours"));
    let first = bench.take_one();
    bench.hear(&reply(&first, "491 Request Pending", "", ""));
    bench.advance(2_000);
    let again = bench.take();
    assert_eq!(again[0].body(), first.body());
    assert!(again[0].cseq().unwrap().number > first.cseq().unwrap().number);
    assert!(bench.events.is_empty());
}

#[test]
fn a_refused_update_leaves_the_session() {
    let mut bench = Bench::udp();
    let (call, ok) = up(&mut bench);
    bench.update(call, sdp("v=0 ours"));
    let update = bench.take_one();
    bench.hear(&reply(&update, "488 No", "", ""));
    assert!(matches!(bench.take_event(), Event::UpdateRefused { .. }));
    bench.hear(&offering(&ok, "UPDATE", 2, "v=0 theirs"));
    take_offer(&mut bench);
}

#[test]
fn an_update_that_finds_no_call_ends_ours() {
    let mut bench = Bench::udp();
    let (call, _) = up(&mut bench);
    bench.update(call, sdp("v=0 ours"));
    let update = bench.take_one();
    bench.hear(&reply(&update, "481 Gone", "", ""));
    assert_eq!(bench.take_words(), ["BYE"]);
    assert!(matches!(bench.take_end(), EndCause::Gone));
    bench.assert_empties();
}

#[test]
fn a_peer_that_does_not_allow_update_gets_none() {
    let mut bench = Bench::udp();
    let (call, ..) = bench.called_and_up();
    let error = bench
        .ua
        .update(bench.now, call, None, None, &mut bench.out)
        .unwrap_err();
    assert_eq!(error, CallError::NotAllowed(Method::Update));
}

#[test]
fn the_callee_changes_an_early_session() {
    let mut bench = Bench::udp();
    let call = bench.called_with(&invite("Supported: 100rel\n        Allow: UPDATE"));
    bench.ring_reliably(call, 183, sdp(SDP));
    let early = bench.take_one();
    bench.update(call, sdp("v=0 early"));
    assert!(bench.take().is_empty(), "the answer is not acknowledged");
    bench.hear(&prack(&early, 2, ""));
    let sent = bench.take();
    assert_eq!(sent.iter().map(word).collect::<Vec<_>>(), ["200", "UPDATE"]);
    bench.events.clear();
    bench.accept(call);
    assert!(
        bench.take().is_empty(),
        "RFC 6337: the offer is answered first"
    );
    bench.hear(&reply_sdp(&sent[1], "200 OK", "", "", "v=0 fine"));
    assert_eq!(bench.take_words(), ["200"]);
    assert!(matches!(bench.take_event(), Event::UpdateAnswered { .. }));
}

#[test]
fn the_caller_changes_an_early_session() {
    let mut bench = Bench::udp();
    let (call, invite) = bench.calling();
    let reliable = format!("{ALLOW}Require: 100rel\n        RSeq: 1\n        ");
    bench.update_fails(call);
    bench.hear(&reply_sdp(
        &invite,
        "183 Progress",
        "there",
        &reliable,
        "v=0 a",
    ));
    assert_eq!(bench.take_words(), ["PRACK"]);
    bench.events.clear();
    bench.update(call, sdp("v=0 early"));
    let update = bench.take_one();
    assert_eq!(header(&update, HeaderName::CSeq), "3 UPDATE");
    bench.hear(&reply_sdp(&update, "200 OK", "", "", "v=0 b"));
    assert!(matches!(
        bench.take_event(),
        Event::UpdateAnswered { early: Some(_), .. }
    ));
}

#[test]
fn an_early_update_of_the_callee_reaches_our_owner() {
    let mut bench = Bench::udp();
    let (_, invite) = bench.calling();
    let reliable = format!("{ALLOW}Require: 100rel\n        RSeq: 1\n        ");
    bench.hear(&reply_sdp(
        &invite,
        "183 Progress",
        "there",
        &reliable,
        "v=0 a",
    ));
    bench.take();
    bench.events.clear();
    let more = crate::bench::inside_out(&invite, "UPDATE", 1, "early");
    bench.hear(&format!(
        "{more}        Content-Type: application/sdp\n\nv=0 c"
    ));
    let Event::Request {
        key,
        early: Some(_),
        description: Description::Offer(_),
        ..
    } = bench.take_event()
    else {
        panic!()
    };
    bench.respond(key, 488, None);
    assert_eq!(bench.take_words(), ["488"]);
}

impl Bench {
    fn update_fails(&mut self, call: plenum_sip_ua::CallKey) {
        let early = self.ua.update(self.now, call, None, None, &mut self.out);
        assert!(matches!(early, Err(CallError::WrongState { .. })));
    }
}
