//! Reliable provisional responses, in both directions (RFC 3262).

use plenum_sip_msg::HeaderName;
use plenum_sip_ua::{
    Body, CallError, Description, EarlyKey, EndCause, Event, ExchangeError, ExtraHeaders,
    Reliability,
};

use crate::bench::{
    Bench, CONTACT, SDP, ack, header, invite, prack, reply, reply_sdp, status, word,
};

fn sdp(text: &'static str) -> Option<Body> {
    Some(Body::sdp(text))
}

fn supporting() -> String {
    invite("Supported: 100rel")
}

fn take_progress(bench: &mut Bench) -> (Option<EarlyKey>, Description, bool) {
    match bench.take_event() {
        Event::Progress {
            early,
            description,
            needs_prack,
            ..
        } => (early, description, needs_prack),
        other => panic!("{other:?}"),
    }
}

#[test]
fn a_reliable_response_is_repeated_until_its_prack() {
    let mut bench = Bench::udp();
    let call = bench.called_with(&supporting());
    bench.ring_reliably(call, 180, None);
    let ringing = bench.take_one();
    assert_eq!(header(&ringing, HeaderName::Require), "100rel");
    assert!((1..=i32::MAX.unsigned_abs()).contains(&ringing.rseq().unwrap().unwrap()));
    bench.advance(3_500);
    let times: Vec<u64> = bench.sent.iter().map(|sent| sent.at.as_millis()).collect();
    assert_eq!(times, [500, 1_500, 3_500], "T1, doubling");
    bench.take();
    bench.hear(&prack(&ringing, 2, ""));
    assert_eq!(bench.take_words(), ["200"]);
    assert!(matches!(bench.take_event(), Event::Pracked { .. }));
    bench.advance(20_000);
    assert!(bench.take().is_empty());
}

#[test]
fn a_reliable_response_without_prack_ends_the_call() {
    let mut bench = Bench::udp();
    let call = bench.called_with(&supporting());
    bench.ring_reliably(call, 180, None);
    bench.take();
    bench.advance(31_999);
    assert!(bench.take_words().iter().all(|word| word == "180"));
    bench.advance(1);
    let refusal = bench.take_one();
    assert_eq!(word(&refusal), "504");
    assert!(header(&refusal, HeaderName::Warning).contains("PRACK"));
    assert!(matches!(bench.take_end(), EndCause::NoPrack));
    bench.assert_empties();
}

#[test]
fn several_reliable_responses_go_one_after_the_other() {
    let mut bench = Bench::udp();
    let call = bench.called_with(&supporting());
    bench.ring_reliably(call, 180, None);
    bench.ring_reliably(call, 183, sdp(SDP));
    let first = bench.take_one();
    bench.hear(&prack(&first, 2, ""));
    let sent = bench.take();
    assert_eq!(sent.iter().map(word).collect::<Vec<_>>(), ["200", "183"]);
    let (one, two) = (
        first.rseq().unwrap().unwrap(),
        sent[1].rseq().unwrap().unwrap(),
    );
    assert_eq!(two, one + 1, "RFC 3262 3: each RSeq is one more");
}

#[test]
fn a_prack_that_acknowledges_nothing_is_481() {
    let mut bench = Bench::udp();
    let call = bench.called_with(&supporting());
    bench.ring_reliably(call, 180, None);
    let ringing = bench.take_one();
    let rseq = ringing.rseq().unwrap().unwrap();
    let wrong = prack(&ringing, 2, "").replace(&format!("RAck: {rseq}"), "RAck: 1");
    bench.hear(&wrong);
    assert_eq!(bench.take_words(), ["481"]);
    bench.advance(500);
    assert_eq!(bench.take_words(), ["180"], "it still waits");
    bench.hear(&prack(&ringing, 3, ""));
    bench.hear(&prack(&ringing, 4, ""));
    assert_eq!(bench.take_words(), ["200", "481"]);
}

#[test]
fn the_success_waits_for_the_prack_of_the_answer() {
    let mut bench = Bench::udp();
    let call = bench.called_with(&supporting());
    bench.ring_reliably(call, 183, sdp(SDP));
    let early = bench.take_one();
    bench.accept(call);
    assert!(
        bench.take().is_empty(),
        "RFC 3262 3: no 2xx before the PRACK"
    );
    let none = ExtraHeaders::none();
    let again = bench
        .ua
        .accept(bench.now, call, None, &none, None, &mut bench.out);
    assert!(matches!(again, Err(CallError::WrongState { .. })));
    bench.hear(&prack(&early, 2, ""));
    let sent = bench.take();
    assert_eq!(sent.iter().map(word).collect::<Vec<_>>(), ["200", "200"]);
    assert_eq!(header(&sent[1], HeaderName::CSeq), "1 INVITE");
    assert!(sent[1].body().is_empty(), "the answer is known already");
    bench.events.clear();
    bench.hear(&ack(&sent[1], 1));
    assert!(matches!(bench.take_event(), Event::Acknowledged { .. }));
}

#[test]
fn the_success_may_overtake_a_response_without_description() {
    let mut bench = Bench::udp();
    let call = bench.called_with(&supporting());
    bench.ring_reliably(call, 180, None);
    let ringing = bench.take_one();
    bench.accept(call);
    assert_eq!(bench.take_words(), ["200"]);
    bench.hear(&prack(&ringing, 2, ""));
    assert_eq!(
        bench.take_words(),
        ["200"],
        "the PRACK still finds its response"
    );
}

#[test]
fn hanging_up_ends_a_success_that_waits() {
    let mut bench = Bench::udp();
    let call = bench.called_with(&supporting());
    bench.ring_reliably(call, 183, sdp(SDP));
    bench.accept(call);
    bench.take();
    bench.hang_up(call);
    assert_eq!(bench.take_words(), ["603"]);
    assert!(matches!(bench.take_end(), EndCause::LocalBye));
}

#[test]
fn our_offer_in_a_reliable_response_is_answered_by_the_prack() {
    let mut bench = Bench::udp();
    let late = supporting().replace("v=0\r\n", "");
    let call = bench.called_with(&late);
    bench.ring_reliably(call, 183, sdp("v=0 offer"));
    let early = bench.take_one();
    assert_eq!(&early.body()[..], b"v=0 offer");
    bench.hear(&prack(&early, 2, "v=0 answer"));
    let Event::Pracked { description, .. } = bench.take_event() else {
        panic!()
    };
    assert_eq!(description, Description::Answer("v=0 answer".into()));
    bench.take();
    let none = ExtraHeaders::none();
    bench
        .ua
        .accept(bench.now, call, None, &none, None, &mut bench.out)
        .unwrap();
    bench.drain();
    assert!(bench.take_one().body().is_empty());
}

#[test]
fn an_offer_in_a_prack_is_answered_before_the_success() {
    let mut bench = Bench::udp();
    let call = bench.called_with(&supporting());
    bench.ring_reliably(call, 183, sdp(SDP));
    let early = bench.take_one();
    bench.accept(call);
    bench.hear(&prack(&early, 2, "v=0 again"));
    assert!(bench.take().is_empty());
    let Event::Request {
        key, description, ..
    } = bench.take_event()
    else {
        panic!()
    };
    assert_eq!(description, Description::Offer("v=0 again".into()));
    let none = ExtraHeaders::none();
    let silent = bench
        .ua
        .respond(bench.now, key, status(200), &none, None, &mut bench.out);
    assert_eq!(silent, Err(ExchangeError::MissingAnswer.into()));
    bench.respond(key, 200, sdp("v=0 fine"));
    let sent = bench.take();
    assert_eq!(header(&sent[0], HeaderName::CSeq), "2 PRACK");
    assert_eq!(header(&sent[1], HeaderName::CSeq), "1 INVITE");
}

#[test]
fn a_phone_that_requires_reliability_gets_it_unasked() {
    let mut bench = Bench::udp();
    let call = bench.called_with(&invite("Require: 100rel"));
    let unreliable = Reliability::Unreliable;
    bench
        .ua
        .provisional(
            bench.now,
            call,
            status(180),
            None,
            unreliable,
            &mut bench.out,
        )
        .unwrap();
    bench.drain();
    let ringing = bench.take_one();
    assert!(ringing.rseq().unwrap().is_some());
    bench.hear(&prack(&ringing, 2, ""));
    bench.take();
    bench.advance(61_000);
    let words = bench.take();
    assert!(
        words
            .iter()
            .all(|again| again.rseq().unwrap() > ringing.rseq().unwrap())
    );
    assert!(!words.is_empty(), "more time is asked for reliably too");
}

#[test]
fn a_phone_that_knows_no_reliability_is_spared() {
    let mut bench = Bench::udp();
    let call = bench.called();
    bench.ring_reliably(call, 180, None);
    let ringing = bench.take_one();
    assert_eq!(header(&ringing, HeaderName::Require), "");
    bench.advance(10_000);
    assert!(bench.take().is_empty());
}

#[test]
fn a_body_that_does_not_fit_the_exchange_is_refused() {
    let mut bench = Bench::udp();
    let call = bench.called_with(&supporting().replace("v=0\r\n", ""));
    let unreliable = Reliability::Unreliable;
    let offer = bench.ua.provisional(
        bench.now,
        call,
        status(183),
        sdp(SDP),
        unreliable,
        &mut bench.out,
    );
    assert_eq!(offer, Err(ExchangeError::Unreliable.into()));
    let none = ExtraHeaders::none();
    let silent = bench
        .ua
        .accept(bench.now, call, None, &none, None, &mut bench.out);
    assert_eq!(silent, Err(ExchangeError::MissingOffer.into()));
    bench.ring_reliably(call, 183, sdp(SDP));
    let other = bench.ua.accept(
        bench.now,
        call,
        None,
        &none,
        sdp("v=0 other"),
        &mut bench.out,
    );
    assert_eq!(other, Err(ExchangeError::AlreadyAnswered.into()));
}

#[test]
fn we_acknowledge_reliable_responses_in_their_order_and_once() {
    let mut bench = Bench::udp();
    let (_, invite) = bench.calling();
    assert!(header(&invite, HeaderName::Supported).contains("100rel"));
    let reliable = |line: &str, rseq: u32| {
        let more = format!("Require: 100rel\n        RSeq: {rseq}\n        {CONTACT}");
        reply(&invite, line, "there", &more)
    };
    bench.hear(&reliable("180 Ringing", 10));
    let prack = bench.take_one();
    assert_eq!(header(&prack, HeaderName::RAck), "10 1 INVITE");
    assert_eq!(header(&prack, HeaderName::CSeq), "2 PRACK");
    assert_eq!(
        prack.request_uri().unwrap().to_string(),
        "sip:bob@192.0.2.9:5062"
    );
    take_progress(&mut bench);
    bench.hear(&reliable("180 Ringing", 10));
    bench.hear(&reliable("183 Progress", 12));
    assert!(bench.take().is_empty() && bench.events.is_empty());
    bench.hear(&reply(&prack, "200 OK", "", ""));
    bench.hear(&reliable("183 Progress", 11));
    assert_eq!(header(&bench.take_one(), HeaderName::RAck), "11 1 INVITE");
    take_progress(&mut bench);
}

#[test]
fn a_lost_prack_goes_out_again() {
    let mut bench = Bench::udp();
    let (_, invite) = bench.calling();
    let more = format!("Require: 100rel\n        RSeq: 1\n        {CONTACT}");
    bench.hear(&reply(&invite, "180 Ringing", "there", &more));
    let prack = bench.take_one();
    bench.advance(1_500);
    assert_eq!(bench.take(), [prack.clone(), prack]);
}

#[test]
fn the_answer_in_a_reliable_response_is_not_taken_twice() {
    let mut bench = Bench::udp();
    let (_, invite) = bench.calling();
    bench.hear(&reply_sdp(
        &invite,
        "183 Progress",
        "there",
        "",
        "v=0 preview",
    ));
    let (_, description, _) = take_progress(&mut bench);
    assert_eq!(description, Description::Preview("v=0 preview".into()));
    let reliable = "Require: 100rel\n        RSeq: 1\n        ";
    bench.hear(&reply_sdp(
        &invite,
        "183 Progress",
        "there",
        reliable,
        "v=0 answer",
    ));
    let (early, description, _) = take_progress(&mut bench);
    assert_eq!(description, Description::Answer("v=0 answer".into()));
    bench.hear(&reply_sdp(&invite, "200 OK", "there", "", "v=0 answer"));
    let Event::Answered {
        description,
        early: answered,
        ..
    } = bench.take_event()
    else {
        panic!()
    };
    assert_eq!((description, answered), (Description::None, early));
}

#[test]
fn a_late_offer_in_a_reliable_response_is_answered_in_the_prack() {
    let mut bench = Bench::udp();
    let (call, invite) = bench.calling_with(None);
    let reliable = "Require: 100rel\n        RSeq: 7\n        ";
    bench.hear(&reply_sdp(
        &invite,
        "183 Progress",
        "there",
        reliable,
        "v=0 offer",
    ));
    assert!(bench.take().is_empty());
    let (early, description, needs_prack) = take_progress(&mut bench);
    assert!(needs_prack);
    assert_eq!(description, Description::Offer("v=0 offer".into()));
    let early = early.unwrap();
    let silent = bench.ua.prack(bench.now, call, early, None, &mut bench.out);
    assert_eq!(silent, Err(ExchangeError::MissingAnswer.into()));
    bench
        .ua
        .prack(bench.now, call, early, sdp("v=0 answer"), &mut bench.out)
        .unwrap();
    bench.drain();
    let prack = bench.take_one();
    assert_eq!(&prack.body()[..], b"v=0 answer");
    bench.hear(&reply(&invite, "200 OK", "there", CONTACT));
    assert_eq!(bench.take_words(), ["ACK"], "nothing is left to answer");
    assert!(matches!(
        bench.take_event(),
        Event::Answered {
            needs_acknowledge: false,
            ..
        }
    ));
}

#[test]
fn a_call_that_we_gave_up_still_acknowledges() {
    let mut bench = Bench::udp();
    let (call, invite) = bench.calling_with(None);
    bench.hang_up(call);
    let reliable = "Require: 100rel\n        RSeq: 7\n        ";
    bench.hear(&reply_sdp(
        &invite,
        "183 Progress",
        "there",
        reliable,
        "v=0 offer",
    ));
    assert_eq!(bench.take_words(), ["PRACK", "CANCEL"]);
    assert!(bench.events.is_empty());
}

#[test]
fn a_description_is_found_among_several_parts() {
    let mut bench = Bench::udp();
    let (_, invite) = bench.calling();
    let parts = "--x\r\nContent-Type: text/plain\r\n\r\nhi\r\n--x\r\n\
        content-type: application/sdp\r\n\r\nv=0 part\r\n--x--\r\n";
    let more = format!("{CONTACT}        Content-Type: multipart/mixed;boundary=x");
    let text = reply(&invite, "200 OK", "there", &more);
    bench.hear(&format!("{text}\n\n{parts}"));
    let Event::Answered { description, .. } = bench.take_event() else {
        panic!()
    };
    assert_eq!(description, Description::Answer("v=0 part".into()));
}
