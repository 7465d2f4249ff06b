//! One INVITE that several phones answer (RFC 3261 13.2.2.4).

use plenum_sip_msg::HeaderName;
use plenum_sip_ua::{EarlyKey, Event};

use crate::bench::{Bench, CONTACT, header, reply, word};

fn reliable(rseq: u32) -> String {
    let allow = "Allow: UPDATE";
    format!("{allow}\n        Require: 100rel\n        RSeq: {rseq}\n        {CONTACT}")
}

fn take_early(bench: &mut Bench) -> EarlyKey {
    match bench.take_event() {
        Event::Progress {
            early: Some(early), ..
        } => early,
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_fork_has_its_own_pracks_and_updates() {
    let mut bench = Bench::udp();
    let (call, invite) = bench.calling();
    bench.hear(&reply(&invite, "180 Ringing", "one", &reliable(5)));
    let one = take_early(&mut bench);
    bench.hear(&reply(&invite, "180 Ringing", "two", &reliable(90)));
    let two = take_early(&mut bench);
    assert_ne!(one, two);
    let pracks = bench.take();
    let racks: Vec<_> = pracks.iter().map(|p| header(p, HeaderName::RAck)).collect();
    assert_eq!(racks, ["5 1 INVITE", "90 1 INVITE"]);
    assert!(header(&pracks[0], HeaderName::To).ends_with("tag=one"));
    bench
        .ua
        .update(bench.now, call, Some(one), None, &mut bench.out)
        .unwrap();
    bench.drain();
    // The offer of the INVITE has no answer, but an UPDATE without offer would wait for it.
    assert!(bench.take().is_empty());
}

#[test]
fn the_first_success_wins_and_the_others_are_hung_up() {
    let mut bench = Bench::udp();
    let (call, invite) = bench.calling();
    for tag in ["one", "two", "three"] {
        bench.hear(&reply(&invite, "180 Ringing", tag, CONTACT));
    }
    let keys: Vec<EarlyKey> = std::mem::take(&mut bench.events)
        .iter()
        .filter_map(|event| match event {
            Event::Progress { early, .. } => *early,
            _ => None,
        })
        .collect();
    bench.hear(&reply(&invite, "200 OK", "two", CONTACT));
    assert_eq!(bench.take_words(), ["ACK"]);
    assert!(matches!(
        bench.take_event(),
        Event::Answered { early, .. } if early == Some(keys[1])
    ));
    bench.hear(&reply(&invite, "200 OK", "three", CONTACT));
    let sent = bench.take();
    assert_eq!(sent.iter().map(word).collect::<Vec<_>>(), ["ACK", "BYE"]);
    assert!(
        sent.iter()
            .all(|m| header(m, HeaderName::To).ends_with("tag=three"))
    );
    bench.hear(&reply(&invite, "200 OK", "three", CONTACT));
    assert_eq!(
        bench.take_words(),
        ["ACK"],
        "acknowledged again, hung up once"
    );
    assert_eq!(bench.ua.counters().late_answers, 1);
    let lost = bench
        .ua
        .prack(bench.now, call, keys[0], None, &mut bench.out);
    assert!(lost.is_err());
    bench.hang_up(call);
    assert_eq!(bench.take_words(), ["BYE"]);
}

#[test]
fn a_fork_that_says_it_has_ended_is_forgotten() {
    let mut bench = Bench::udp();
    let (call, invite) = bench.calling();
    bench.hear(&reply(&invite, "180 Ringing", "one", &reliable(1)));
    bench.hear(&reply(
        &invite,
        "199 Early Dialog Terminated",
        "one",
        CONTACT,
    ));
    bench.take();
    bench.events.clear();
    let gone = bench.ua.update(bench.now, call, None, None, &mut bench.out);
    assert!(gone.is_err(), "RFC 6228: no early dialog is left");
    bench.hear(&reply(&invite, "200 OK", "two", CONTACT));
    assert!(matches!(
        bench.take_event(),
        Event::Answered { early: None, .. }
    ));
}
