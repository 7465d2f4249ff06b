//! Session timers, in both directions (RFC 4028).

use plenum_sip_msg::{HeaderName, Message};
use plenum_sip_ua::{CallKey, EndCause, EndpointConfig, Event, SessionTimers};

use crate::bench::{Bench, CONTACT, SDP, ack, header, inside, invite, reply, reply_sdp, word};

fn asking() -> Bench {
    let config = EndpointConfig {
        session_timers: SessionTimers::Request,
        ..EndpointConfig::default()
    };
    Bench::new(Bench::udp().flow, config)
}

/// The peer calls with these headers and is up.
fn called(bench: &mut Bench, more: &str) -> (CallKey, Message) {
    let call = bench.called_with(&invite(more));
    bench.accept(call);
    let ok = bench.take_one();
    bench.hear(&ack(&ok, 1));
    bench.events.clear();
    (call, ok)
}

/// We call, and the peer answers with these headers.
fn calling(bench: &mut Bench, more: &str) -> (CallKey, Message) {
    let (call, invite) = bench.calling();
    bench.hear(&reply_sdp(&invite, "200 OK", "there", more, "v=0 theirs"));
    bench.take();
    bench.events.clear();
    (call, invite)
}

#[test]
fn the_caller_refreshes_when_it_asks_for_it() {
    let mut bench = Bench::udp();
    let more = "Supported: timer\n        Session-Expires: 600;refresher=uac";
    let (_, ok) = called(&mut bench, more);
    assert_eq!(header(&ok, HeaderName::SessionExpires), "600;refresher=uac");
    assert_eq!(header(&ok, HeaderName::Require), "timer");
    bench.advance(500_000);
    let more = format!("{more}\n        {CONTACT}");
    bench.hear(&inside(&ok, "UPDATE", 2, "refresh", &more));
    let refreshed = bench.take_one();
    assert_eq!(
        header(&refreshed, HeaderName::SessionExpires),
        "600;refresher=uac"
    );
    bench.advance(567_999);
    assert!(bench.take().is_empty());
    bench.advance(1);
    // RFC 4028 10: 32 s before the interval ends.
    let bye = bench.take_one();
    assert_eq!(word(&bye), "BYE");
    assert!(header(&bye, HeaderName::Reason).starts_with("SIP;cause=408"));
    assert!(matches!(bench.take_end(), EndCause::SessionExpired));
    bench.assert_empties();
}

#[test]
fn a_caller_that_knows_no_timers_is_refreshed_by_us() {
    let mut bench = Bench::udp();
    // A proxy asked for it.
    let (_, ok) = called(&mut bench, "Session-Expires: 200\n        Allow: UPDATE");
    assert_eq!(header(&ok, HeaderName::SessionExpires), "200;refresher=uas");
    assert_eq!(header(&ok, HeaderName::Require), "");
    bench.advance(100_000);
    let update = bench.take_one();
    assert_eq!(word(&update), "UPDATE");
    assert_eq!(
        header(&update, HeaderName::SessionExpires),
        "200;refresher=uac"
    );
    assert!(update.body().is_empty());
    bench.hear(&reply(
        &update,
        "200 OK",
        "",
        "Session-Expires: 200;refresher=uac\n",
    ));
    bench.advance(99_999);
    assert!(bench.take().is_empty() && bench.events.is_empty());
    bench.advance(1);
    assert_eq!(bench.take_words(), ["UPDATE"]);
}

#[test]
fn a_peer_without_update_is_refreshed_by_reinvite() {
    let mut bench = asking();
    let (_, invite) = calling(&mut bench, "Session-Expires: 300;refresher=uac\n        ");
    assert_eq!(header(&invite, HeaderName::SessionExpires), "1800");
    assert_eq!(header(&invite, HeaderName::MinSe), "90");
    bench.advance(150_000);
    let again = bench.take_one();
    assert_eq!(word(&again), "INVITE");
    assert_eq!(&again.body()[..], SDP.as_bytes(), "what we said last");
    let more = "Session-Expires: 300;refresher=uac\n        ";
    bench.hear(&reply_sdp(&again, "200 OK", "", more, "v=0 theirs"));
    assert_eq!(bench.take_words(), ["ACK"]);
    assert!(bench.events.is_empty(), "nothing has changed");
    bench.advance(150_000);
    let again = bench.take_one();
    bench.hear(&reply_sdp(&again, "200 OK", "", more, "v=0 moved"));
    assert!(matches!(bench.take_event(), Event::Refreshed { .. }));
}

#[test]
fn the_callee_that_shall_refresh_and_does_not_is_hung_up() {
    let mut bench = asking();
    calling(&mut bench, "Session-Expires: 90;refresher=uas\n        ");
    bench.advance(59_999);
    assert!(bench.take().is_empty());
    bench.advance(1);
    assert_eq!(
        bench.take_words(),
        ["BYE"],
        "a third of 90 s before the end"
    );
    assert!(matches!(bench.take_end(), EndCause::SessionExpired));
}

#[test]
fn a_refresh_that_fails_is_tried_again_until_the_session_expires() {
    let mut bench = Bench::udp();
    called(&mut bench, "Session-Expires: 200\n        Allow: UPDATE");
    bench.advance(100_000);
    let update = bench.take_one();
    bench.hear(&reply(&update, "500 No", "", ""));
    bench.advance(68_000);
    let words: Vec<_> = bench.take_words();
    assert!(words.contains(&"UPDATE".to_owned()), "{words:?}");
    assert_eq!(words.last().unwrap(), "BYE");
}

#[test]
fn an_interval_that_is_too_short_is_refused_with_min_se() {
    let mut bench = Bench::udp();
    bench.hear(&invite("Supported: timer\n        Session-Expires: 60"));
    let refusal = bench.take_one();
    assert_eq!(word(&refusal), "422");
    assert_eq!(header(&refusal, HeaderName::MinSe), "90");
    assert!(bench.events.is_empty());
    let mut bench = Bench::udp();
    let (_, ok) = bench.called_and_up();
    for method in ["UPDATE", "INVITE"] {
        let more = format!("Supported: timer\n        Session-Expires: 60\n        {CONTACT}");
        let cseq = if method == "UPDATE" { 2 } else { 3 };
        bench.hear(&inside(&ok, method, cseq, method, &more));
        assert_eq!(bench.take_words(), ["422"]);
    }
}

#[test]
fn a_422_makes_us_ask_for_more() {
    let mut bench = asking();
    let (_, first) = bench.calling();
    bench.hear(&reply(&first, "422 Too Small", "proxy", "Min-SE: 3600\n"));
    let sent = bench.take();
    assert_eq!(sent.iter().map(word).collect::<Vec<_>>(), ["ACK", "INVITE"]);
    let again = &sent[1];
    assert_eq!(header(again, HeaderName::SessionExpires), "3600");
    assert_eq!(header(again, HeaderName::MinSe), "3600");
    assert_eq!(again.call_id().unwrap(), first.call_id().unwrap());
    assert_eq!(header(again, HeaderName::CSeq), "2 INVITE");
    assert!(bench.events.is_empty());
    bench.hear(&reply(again, "422 Too Small", "proxy", "Min-SE: 7200\n"));
    assert!(matches!(bench.events[0], Event::Refused { .. }));
}

#[test]
fn without_timers_nothing_is_said_of_them() {
    let config = EndpointConfig {
        session_timers: SessionTimers::Off,
        ..EndpointConfig::default()
    };
    let mut bench = Bench::new(Bench::udp().flow, config);
    let (_, ok) = called(&mut bench, "Supported: timer\n        Session-Expires: 600");
    assert_eq!(header(&ok, HeaderName::SessionExpires), "");
    bench.advance(2_000_000);
    assert!(bench.take().is_empty());
}
