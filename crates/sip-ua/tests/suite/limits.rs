//! What happens when there is no room.

use plenum_sip_msg::HeaderName;
use plenum_sip_ua::{CallError, EndpointConfig, Event};

use crate::bench::{Bench, ack, header, inside, invite, outgoing, word};

fn small(max_calls: usize, max_transactions: usize) -> Bench {
    let config = EndpointConfig {
        max_calls,
        max_transactions,
        ..EndpointConfig::default()
    };
    Bench::new(Bench::udp().flow, config)
}

fn other_call(text: &str) -> String {
    text.replace("z9hG4bK-", "z9hG4bK-other-")
        .replace("call-of-bob", "other-call")
}

#[test]
fn one_call_too_many_is_told_when_to_try_again() {
    let mut bench = small(1, 100);
    let call = bench.called();
    bench.hear(&other_call(&invite("")));
    let refusal = bench.take_one();
    assert_eq!(word(&refusal), "503");
    assert_eq!(header(&refusal, HeaderName::RetryAfter), "5");
    assert!(header(&refusal, HeaderName::Warning).starts_with("399 plenum \"the limit of calls"));
    assert!(bench.events.is_empty());
    let outgoing = outgoing(bench.flow);
    let error = bench
        .ua
        .invite(bench.now, outgoing, &mut bench.out)
        .unwrap_err();
    assert_eq!(error, CallError::TooManyCalls(1));
    bench.hang_up(call);
    bench.take_event();
    bench.take();
    bench.hear(&other_call(&invite("")).replace("other-", "third-"));
    assert_eq!(bench.take_words(), ["100"]);
}

#[test]
fn without_room_for_transactions_a_bye_still_passes() {
    let mut bench = small(10, 1);
    let call = bench.called();
    bench.accept(call);
    let ok = bench.take_one();
    bench.hear(&ack(&ok, 1));
    assert!(matches!(bench.take_event(), Event::Acknowledged { .. }));
    let again = other_call(&invite(""));
    bench.hear(&again);
    let first = bench.take_one();
    assert_eq!(word(&first), "503");
    assert!(first.retry_after().unwrap().is_some());
    bench.hear(&again);
    assert_eq!(
        bench.take(),
        [first],
        "a stateless answer is the same each time"
    );
    assert_eq!(bench.ua.counters().overloaded, 2);
    let error = bench
        .ua
        .invite(bench.now, outgoing(bench.flow), &mut bench.out)
        .unwrap_err();
    assert_eq!(error, CallError::TooManyTransactions(1));
    bench.hear(&inside(&ok, "BYE", 2, "bye", ""));
    assert_eq!(bench.take_words(), ["200"]);
    assert!(matches!(bench.take_event(), Event::Ended { .. }));
    bench.assert_empties();
}

#[test]
fn a_thousand_calls_leave_nothing() {
    let mut bench = Bench::udp();
    for number in 0..1_000 {
        let call_id = format!("call-{number}");
        let mine = |text: String| {
            let branch = format!("z9hG4bK-{number}-");
            text.replace("call-of-bob", &call_id)
                .replace("z9hG4bK-", &branch)
        };
        let call = bench.called_with(&mine(invite("")));
        bench.accept(call);
        let ok = bench.take_one();
        bench.hear(&mine(ack(&ok, 1)));
        bench.hear(&mine(inside(&ok, "BYE", 2, "bye", "")));
        bench.events.clear();
        bench.take();
        bench.advance(10);
    }
    assert_eq!(bench.ua.call_count(), 0);
    bench.assert_empties();
}
