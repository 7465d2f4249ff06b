//! Calls that we place.

use plenum_sip_msg::{HeaderName, Method};
use plenum_sip_ua::{Body, EndCause, Event, ExtraHeaders};

use crate::bench::{Bench, CONTACT, SDP, header, inside_out, reply, status, word};

#[test]
fn a_call_rings_is_answered_and_hung_up() {
    let mut bench = Bench::udp();
    let (call, invite) = bench.calling();
    assert_eq!(
        header(&invite, HeaderName::Contact),
        "<sip:room@192.0.2.1:5060>"
    );
    assert_eq!(header(&invite, HeaderName::MaxForwards), "70");
    assert!(invite.top_via().unwrap().has_magic_cookie());
    bench.hear(&reply(&invite, "100 Trying", "", ""));
    assert!(bench.events.is_empty());
    bench.hear(&reply(&invite, "180 Ringing", "there", CONTACT));
    assert!(matches!(bench.take_event(), Event::Progress { .. }));
    bench.hear(&reply(&invite, "200 OK", "there", CONTACT));
    let ack = bench.take_one();
    assert_eq!(word(&ack), "ACK");
    assert_eq!(header(&ack, HeaderName::CSeq), "1 ACK");
    assert_ne!(
        ack.top_via().unwrap().branch(),
        invite.top_via().unwrap().branch()
    );
    assert!(matches!(
        bench.take_event(),
        Event::Answered {
            needs_acknowledge: false,
            ..
        }
    ));

    bench.hang_up(call);
    let bye = bench.take_one();
    assert_eq!(header(&bye, HeaderName::CSeq), "2 BYE");
    assert!(
        bench.events.is_empty(),
        "the end comes with the answer to the BYE"
    );
    bench.hear(&reply(&bye, "200 OK", "", ""));
    assert!(matches!(bench.take_end(), EndCause::LocalBye));
    bench.assert_empties();
}

#[test]
fn a_repeated_success_gets_the_same_ack() {
    let mut bench = Bench::udp();
    let (call, invite, ack) = bench.calling_and_up();
    bench.hear(&reply(&invite, "200 OK", "there", CONTACT));
    assert_eq!(bench.take_one(), ack);
    bench.hang_up(call);
    let bye = bench.take_one();
    bench.hear(&reply(&bye, "200 OK", "", ""));
    bench.take_end();
    bench.hear(&reply(&invite, "200 OK", "there", CONTACT));
    assert_eq!(bench.take(), [ack], "also when the call is over");
}

#[test]
fn a_refusal_is_acknowledged_each_time_and_shown_once() {
    let mut bench = Bench::udp();
    let (_, invite) = bench.calling();
    bench.hear(&reply(&invite, "486 Busy Here", "there", ""));
    let ack = bench.take_one();
    assert_eq!(
        header(&ack, HeaderName::Via),
        header(&invite, HeaderName::Via)
    );
    assert_eq!(ack.to().unwrap().tag(), Some("there"));
    assert_eq!(ack.raw_request_uri(), invite.raw_request_uri());
    let events = std::mem::take(&mut bench.events);
    assert!(matches!(&events[0], Event::Refused { status: code, .. } if *code == status(486)));
    assert!(matches!(
        &events[1],
        Event::Ended {
            cause: EndCause::Refused(_),
            ..
        }
    ));
    bench.hear(&reply(&invite, "486 Busy Here", "there", ""));
    assert_eq!(bench.take(), [ack]);
    assert!(bench.events.is_empty());
    bench.assert_empties();
}

#[test]
fn nobody_answers() {
    let mut bench = Bench::udp();
    bench.calling();
    bench.advance(32_000);
    let events = std::mem::take(&mut bench.events);
    assert!(matches!(&events[0], Event::Refused { response: None, .. }));
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
fn cancel_waits_for_a_provisional_response() {
    let mut bench = Bench::udp();
    let (call, invite) = bench.calling();
    let headers = ExtraHeaders::none().with(HeaderName::Reason, "SIP;cause=200");
    bench
        .ua
        .hang_up(bench.now, call, &headers, &mut bench.out)
        .unwrap();
    bench.drain();
    assert!(
        bench.take().is_empty(),
        "RFC 3261 9.1: not before a provisional response"
    );
    bench.hear(&reply(&invite, "100 Trying", "", ""));
    let cancel = bench.take_one();
    assert_eq!(word(&cancel), "CANCEL");
    assert_eq!(
        header(&cancel, HeaderName::Via),
        header(&invite, HeaderName::Via)
    );
    assert_eq!(header(&cancel, HeaderName::CSeq), "1 CANCEL");
    assert_eq!(header(&cancel, HeaderName::Reason), "SIP;cause=200");
    bench.hear(&reply(&cancel, "200 OK", "there", ""));
    bench.hear(&reply(&invite, "487 Request Terminated", "there", ""));
    assert_eq!(bench.take_words(), ["ACK"]);
    assert!(matches!(bench.take_end(), EndCause::LocalCancel));
    bench.assert_empties();
}

#[test]
fn an_answer_that_crosses_the_cancel_is_acknowledged_and_hung_up() {
    let mut bench = Bench::udp();
    let (call, invite) = bench.calling();
    bench.hear(&reply(&invite, "180 Ringing", "there", CONTACT));
    bench.take_event();
    bench.hang_up(call);
    assert_eq!(bench.take_words(), ["CANCEL"]);
    bench.hear(&reply(&invite, "200 OK", "there", CONTACT));
    let sent = bench.take();
    assert_eq!(sent.iter().map(word).collect::<Vec<_>>(), ["ACK", "BYE"]);
    bench.hear(&reply(&sent[1], "200 OK", "", ""));
    assert!(matches!(bench.take_end(), EndCause::LocalCancel));
    bench.assert_empties();
}

#[test]
fn a_cancel_without_effect_gives_up_after_64_t1() {
    let mut bench = Bench::udp();
    let (call, invite) = bench.calling();
    bench.hear(&reply(&invite, "100 Trying", "", ""));
    bench.hang_up(call);
    bench.advance(31_999);
    assert!(bench.events.is_empty());
    bench.advance(1);
    assert!(matches!(bench.take_end(), EndCause::LocalCancel));
    bench.assert_empties();
}

#[test]
fn a_call_that_only_rings_is_cancelled_by_timer_c() {
    let mut bench = Bench::udp();
    let (_, invite) = bench.calling();
    bench.advance(1_000);
    bench.hear(&reply(&invite, "180 Ringing", "there", CONTACT));
    bench.take();
    bench.take_event();
    bench.advance(179_999);
    assert!(bench.take().is_empty());
    bench.advance(1);
    assert_eq!(bench.take_words(), ["CANCEL"]);
    bench.hear(&reply(&invite, "487 Request Terminated", "there", ""));
    let events = std::mem::take(&mut bench.events);
    assert!(matches!(&events[0], Event::Refused { status: code, .. } if *code == status(408)));
    assert!(matches!(
        &events[1],
        Event::Ended {
            cause: EndCause::TimedOut,
            ..
        }
    ));
}

#[test]
fn the_second_answer_of_a_fork_is_acknowledged_and_hung_up() {
    let mut bench = Bench::udp();
    let (call, invite, _) = bench.calling_and_up();
    let other = "Contact: <sip:bob@192.0.2.77:5090>\n";
    bench.hear(&reply(&invite, "200 OK", "other", other));
    let sent = std::mem::take(&mut bench.sent);
    let words: Vec<_> = sent.iter().map(|sent| word(&sent.message)).collect();
    assert_eq!(words, ["ACK", "BYE"]);
    for sent in &sent {
        assert_eq!(sent.message.to().unwrap().tag(), Some("other"));
        assert_eq!(sent.flow.remote.to_string(), "192.0.2.77:5090");
    }
    bench.hear(&reply(&invite, "200 OK", "other", other));
    assert_eq!(bench.take_words(), ["ACK"]);
    assert!(
        bench.events.is_empty(),
        "our owner has its call: {:?}",
        bench.events
    );
    bench.hang_up(call);
    assert_eq!(bench.take_one().to().unwrap().tag(), Some("there"));
}

#[test]
fn early_dialogs_of_forks_are_kept_apart() {
    let mut bench = Bench::udp();
    let (call, invite) = bench.calling();
    bench.hear(&reply(
        &invite,
        "180 Ringing",
        "one",
        "Contact: <sip:one@192.0.2.9>",
    ));
    bench.hear(&reply(
        &invite,
        "183 Progress",
        "two",
        "Contact: <sip:two@192.0.2.9>",
    ));
    assert_eq!(bench.events.len(), 2);
    let none = ExtraHeaders::none();
    let info = bench
        .ua
        .request(bench.now, call, Method::Info, &none, None, &mut bench.out);
    info.unwrap();
    bench.drain();
    let info = bench.take_one();
    assert_eq!(info.to().unwrap().tag(), Some("two"));
    assert_eq!(info.request_uri().unwrap().to_string(), "sip:two@192.0.2.9");
    bench.hear(&reply(
        &invite,
        "200 OK",
        "one",
        "Contact: <sip:one@192.0.2.9>",
    ));
    let ack = bench.take_one();
    assert_eq!(ack.to().unwrap().tag(), Some("one"));
    assert_eq!(ack.request_uri().unwrap().to_string(), "sip:one@192.0.2.9");
}

#[test]
fn an_invite_without_offer_is_acknowledged_by_its_owner() {
    let mut bench = Bench::udp();
    let (call, invite) = bench.calling_with(None);
    bench.hear(&reply(&invite, "200 OK", "there", CONTACT));
    assert!(bench.take().is_empty());
    assert!(matches!(
        bench.take_event(),
        Event::Answered {
            needs_acknowledge: true,
            ..
        }
    ));
    bench.hear(&reply(&invite, "200 OK", "there", CONTACT));
    assert!(
        bench.take().is_empty(),
        "our owner still works on the answer"
    );
    let body = Some(Body::sdp(SDP));
    bench
        .ua
        .acknowledge(bench.now, call, body, &mut bench.out)
        .unwrap();
    bench.drain();
    let ack = bench.take_one();
    assert_eq!(&ack.body()[..], SDP.as_bytes());
    bench.hear(&reply(&invite, "200 OK", "there", CONTACT));
    assert_eq!(bench.take(), [ack]);
}

#[test]
fn hanging_up_before_the_answer_to_an_offer_still_acknowledges() {
    let mut bench = Bench::udp();
    let (call, invite) = bench.calling_with(None);
    bench.hear(&reply(&invite, "200 OK", "there", CONTACT));
    bench.take_event();
    bench.hang_up(call);
    assert_eq!(bench.take_words(), ["ACK", "BYE"]);
}

#[test]
fn the_other_side_hangs_up() {
    let mut bench = Bench::udp();
    let (_, invite, _) = bench.calling_and_up();
    bench.hear(&inside_out(&invite, "BYE", 1, "bye"));
    assert_eq!(bench.take_words(), ["200"]);
    assert!(matches!(bench.take_end(), EndCause::RemoteBye(_)));
    bench.assert_empties();
}

#[test]
fn both_hang_up_at_once() {
    let mut bench = Bench::udp();
    let (call, invite, _) = bench.calling_and_up();
    bench.hang_up(call);
    let bye = bench.take_one();
    bench.hear(&inside_out(&invite, "BYE", 1, "bye"));
    assert_eq!(bench.take_words(), ["200"]);
    bench.hear(&reply(&bye, "481 Gone", "", ""));
    assert!(matches!(bench.take_end(), EndCause::LocalBye));
    bench.assert_empties();
}

#[test]
fn a_hang_up_that_nobody_answers_ends_too() {
    let mut bench = Bench::udp();
    let (call, ..) = bench.calling_and_up();
    bench.hang_up(call);
    bench.hang_up(call);
    bench.advance(31_999);
    assert!(bench.events.is_empty());
    bench.advance(1);
    assert!(matches!(bench.take_end(), EndCause::LocalBye));
    bench.assert_empties();
}

#[test]
fn an_answer_without_contact_is_acknowledged_where_the_invite_went() {
    let mut bench = Bench::udp();
    let (_, invite) = bench.calling();
    bench.hear(&reply(&invite, "200 OK", "there", ""));
    let ack = bench.take_one();
    assert_eq!(
        ack.request_uri().unwrap().to_string(),
        "sip:bob@192.0.2.9:5062"
    );
}

#[test]
fn responses_that_belong_to_nothing_are_counted() {
    let mut bench = Bench::udp();
    let (_, invite) = bench.calling();
    let foreign =
        reply(&invite, "200 OK", "x", CONTACT).replace("branch=z9hG4bK", "branch=z9hG4bKx");
    bench.hear(&foreign);
    let two_vias = reply(
        &invite,
        "200 OK",
        "x",
        "Via: SIP/2.0/UDP 192.0.2.50;branch=z9hG4bKy\n",
    );
    bench.hear(&two_vias);
    let other_method = reply(&invite, "200 OK", "x", "").replace("1 INVITE", "1 BYE");
    bench.hear(&other_method);
    assert!(bench.take().is_empty() && bench.events.is_empty());
    assert_eq!(bench.ua.counters().stray_responses, 3);
}
