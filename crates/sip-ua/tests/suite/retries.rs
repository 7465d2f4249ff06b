//! Another try after a refusal: redirection, credentials, failover (RFC 3261 8.1.3).

use std::time::Duration;

use plenum_sip_msg::{HeaderName, Message, Method};
use plenum_sip_ua::{
    Body, CallError, CallKey, EndCause, Event, ExtraHeaders, Flow, Invite, MAX_ATTEMPTS,
    OutgoingRequest, Retry,
};

use crate::bench::{Bench, CONTACT, HERE, address, header, outgoing, reply, status, word};

fn calling(bench: &mut Bench) -> (CallKey, Message) {
    let invite = Invite {
        may_retry: true,
        ..outgoing(bench.flow)
    };
    let call = bench.ua.invite(bench.now, invite, &mut bench.out).unwrap();
    bench.drain();
    (call, bench.take_one())
}

fn retry(bench: &mut Bench, call: CallKey, retry: Retry) -> Result<(), CallError> {
    let done = bench.ua.retry(bench.now, call, retry, &mut bench.out);
    bench.drain();
    done
}

fn to(uri: &str) -> Retry {
    Retry {
        request_uri: Some(uri.parse().unwrap()),
        ..Retry::default()
    }
}

fn credentials(response: &str) -> Retry {
    let value = format!("Digest username=\"room\", response=\"{response}\"");
    Retry {
        headers: ExtraHeaders::none().with(HeaderName::Authorization, value),
        ..Retry::default()
    }
}

#[test]
fn a_redirection_offers_its_targets_by_their_quality() {
    let mut bench = Bench::udp();
    let (call, first) = calling(&mut bench);
    let contacts = "Contact: <sip:c@192.0.2.3>;q=0.2, <sip:a@192.0.2.3>, <sip:b@192.0.2.3>;q=0.9\n";
    bench.hear(&reply(&first, "302 Moved", "proxy", contacts));
    assert_eq!(bench.take_words(), ["ACK"]);
    let Event::Refused {
        targets, may_retry, ..
    } = bench.take_event()
    else {
        panic!()
    };
    assert!(may_retry);
    let users: Vec<_> = targets.iter().map(|uri| uri.user().unwrap()).collect();
    assert_eq!(users, ["a", "b", "c"]);
    let there = Retry {
        flow: Some(Flow::udp(address(HERE), address("192.0.2.3:5060"))),
        ..to("sip:a@192.0.2.3")
    };
    retry(&mut bench, call, there.clone()).unwrap();
    let sent = bench.sent.pop().unwrap();
    assert_eq!(sent.flow.remote, address("192.0.2.3:5060"));
    let second = sent.message;
    assert_eq!(second.request_uri().unwrap().to_string(), "sip:a@192.0.2.3");
    assert_eq!(
        header(&second, HeaderName::From),
        header(&first, HeaderName::From)
    );
    assert_eq!(
        header(&second, HeaderName::To),
        header(&first, HeaderName::To)
    );
    assert_eq!(
        header(&second, HeaderName::CallId),
        header(&first, HeaderName::CallId)
    );
    assert_eq!(header(&second, HeaderName::CSeq), "2 INVITE");
    assert_ne!(
        header(&second, HeaderName::Via),
        header(&first, HeaderName::Via)
    );
    assert_eq!(second.body(), first.body());
    bench.hear(&reply(&second, "302 Moved", "proxy", contacts));
    bench.events.clear();
    assert_eq!(retry(&mut bench, call, there), Err(CallError::RetryLoop));
    bench.hang_up(call);
    assert!(matches!(bench.take_end(), EndCause::Refused(s) if s == status(302)));
    bench.assert_empties();
}

#[test]
fn a_challenge_is_met_and_its_credentials_are_in_the_ack() {
    let mut bench = Bench::udp();
    let (call, first) = calling(&mut bench);
    bench.hear(&reply(&first, "401 Unauthorized", "proxy", ""));
    bench.take();
    bench.take_event();
    retry(&mut bench, call, credentials("one")).unwrap();
    let second = bench.take_one();
    assert!(header(&second, HeaderName::Authorization).contains("one"));
    bench.hear(&reply(&second, "200 OK", "there", CONTACT));
    let ack = bench.take_one();
    assert_eq!(header(&ack, HeaderName::CSeq), "2 ACK");
    // RFC 3261 22.1.
    assert!(header(&ack, HeaderName::Authorization).contains("one"));
    assert!(matches!(bench.take_event(), Event::Answered { .. }));
}

#[test]
fn a_target_that_does_not_answer_is_followed_by_the_next() {
    let mut bench = Bench::udp();
    let (call, _) = calling(&mut bench);
    bench.advance(32_000);
    assert!(matches!(
        bench.take_event(),
        Event::Refused { status: s, response: None, may_retry: true, .. } if s == status(408)
    ));
    bench.take();
    retry(&mut bench, call, to("sip:b@192.0.2.4")).unwrap();
    assert_eq!(bench.take_words(), ["INVITE"]);
    let flow = bench.flow;
    bench.ua.transport_failed(bench.now, flow, &mut bench.out);
    bench.drain();
    assert!(matches!(bench.take_event(), Event::Refused { status: s, .. } if s == status(503)));
    retry(&mut bench, call, to("sip:c@192.0.2.4")).unwrap();
    let third = bench.take_one();
    bench.hear(&reply(&third, "200 OK", "there", CONTACT));
    assert!(matches!(bench.take_event(), Event::Answered { call: c, .. } if c == call));
}

#[test]
fn an_owner_that_does_not_decide_loses_the_call() {
    let mut bench = Bench::udp();
    let (call, first) = calling(&mut bench);
    bench.hear(&reply(&first, "503 Busy", "proxy", ""));
    bench.take_event();
    bench.advance(32_000);
    assert!(matches!(bench.take_end(), EndCause::Refused(s) if s == status(503)));
    let late = retry(&mut bench, call, to("sip:b@192.0.2.4"));
    assert_eq!(late, Err(CallError::UnknownCall));
    bench.assert_empties();
}

#[test]
fn attempts_are_bounded() {
    let mut bench = Bench::udp();
    let (call, mut invite) = calling(&mut bench);
    for attempt in 1..=MAX_ATTEMPTS {
        bench.hear(&reply(&invite, "404 Not Found", "proxy", ""));
        bench.take();
        bench.events.clear();
        let done = retry(&mut bench, call, to(&format!("sip:{attempt}@192.0.2.4")));
        if attempt == MAX_ATTEMPTS {
            assert_eq!(done, Err(CallError::TooManyAttempts(MAX_ATTEMPTS)));
        } else {
            done.unwrap();
            invite = bench.take_one();
        }
    }
}

#[test]
fn without_the_wish_a_refusal_ends_the_call_at_once() {
    let mut bench = Bench::udp();
    let (_, invite) = bench.calling();
    bench.hear(&reply(&invite, "401 Unauthorized", "proxy", ""));
    assert!(matches!(
        bench.events[0],
        Event::Refused {
            may_retry: false,
            ..
        }
    ));
    assert!(matches!(bench.events[1], Event::Ended { .. }));
}

#[test]
fn a_call_that_we_gave_up_is_not_tried_again() {
    let mut bench = Bench::udp();
    let (call, invite) = calling(&mut bench);
    bench.hear(&reply(&invite, "180 Ringing", "there", CONTACT));
    bench.events.clear();
    bench.hang_up(call);
    bench.hear(&reply(&invite, "487 Terminated", "there", ""));
    assert!(matches!(bench.take_end(), EndCause::LocalCancel));
}

#[test]
fn a_refused_reinvite_goes_again_with_credentials() {
    let mut bench = Bench::udp();
    let (call, ..) = bench.calling_and_up();
    bench.reinvite(call, Some(Body::sdp("v=0 hold")));
    let first = bench.take_one();
    bench.hear(&reply(&first, "407 Proxy", "", ""));
    bench.take();
    assert!(matches!(bench.take_event(), Event::ReinviteRefused { .. }));
    retry(&mut bench, call, credentials("one")).unwrap();
    let again = bench.take_one();
    assert!(header(&again, HeaderName::Authorization).contains("one"));
    assert_eq!(again.body(), first.body());
}

#[test]
fn a_request_keeps_its_key_over_its_attempts() {
    let mut bench = Bench::udp();
    let request = OutgoingRequest {
        flow: bench.flow,
        method: Method::Register,
        request_uri: "sip:example.org".parse().unwrap(),
        from: "<sip:room@example.org>".parse().unwrap(),
        to: "<sip:room@example.org>".parse().unwrap(),
        contact: None,
        routes: vec![],
        headers: ExtraHeaders::none(),
        body: None,
        call_id: None,
        cseq: Some(7),
    };
    let (now, out) = (bench.now, &mut bench.out);
    let key = bench.ua.send_request(now, request, out).unwrap();
    bench.drain();
    let first = bench.take_one();
    bench.hear(&reply(&first, "401 Unauthorized", "proxy", ""));
    assert!(matches!(bench.take_event(), Event::Response { key: k, .. } if k == key));
    let again = |bench: &mut Bench, retry: Retry| {
        let done = bench
            .ua
            .retry_request(bench.now, key, retry, &mut bench.out);
        bench.drain();
        done
    };
    again(&mut bench, credentials("one")).unwrap();
    let second = bench.take_one();
    assert_eq!(header(&second, HeaderName::CSeq), "8 REGISTER");
    assert_eq!(
        header(&second, HeaderName::CallId),
        header(&first, HeaderName::CallId)
    );
    assert_eq!(
        header(&second, HeaderName::From),
        header(&first, HeaderName::From)
    );
    bench.hear(&reply(&second, "401 Unauthorized", "proxy", ""));
    bench.events.clear();
    assert_eq!(
        again(&mut bench, credentials("one")),
        Err(CallError::RetryLoop)
    );
    again(&mut bench, credentials("two")).unwrap();
    let third = bench.take_one();
    bench.hear(&reply(&third, "200 OK", "proxy", ""));
    assert!(matches!(bench.take_event(), Event::Response { key: k, .. } if k == key));
    let over = again(&mut bench, credentials("three"));
    assert_eq!(over, Err(CallError::UnknownRequest));
    bench.assert_empties();
}

#[test]
fn a_request_inside_a_call_goes_again_too() {
    let mut bench = Bench::udp();
    let (call, _) = bench.called_and_up();
    let none = ExtraHeaders::none();
    let (now, out) = (bench.now, &mut bench.out);
    let key = bench
        .ua
        .request(now, call, Method::Info, &none, None, out)
        .unwrap();
    bench.drain();
    let first = bench.take_one();
    bench.hear(&reply(&first, "407 Proxy", "", ""));
    bench.take_event();
    bench
        .ua
        .retry_request(bench.now, key, credentials("one"), &mut bench.out)
        .unwrap();
    bench.drain();
    let second = bench.take_one();
    assert_eq!(word(&second), "INFO");
    assert_eq!(header(&second, HeaderName::CSeq), "2 INFO");
    assert!(bench.now.since(plenum_time::Instant::ZERO) < Duration::from_secs(1));
}
