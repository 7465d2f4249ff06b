use alloc::format;
use alloc::string::ToString;

use super::*;
use crate::testing::Bench;

/// Reads all refused calls that the journal has.
fn journal(bench: &Bench) -> Vec<RefusedCall> {
    let filter = Filter::kinds(KindSet::NONE.with(EventKind::CallRefused));
    let batch = bench
        .control
        .switch()
        .journal()
        .read_after(0, &filter, usize::MAX);
    let facts = batch.entries.iter().map(|entry| match &entry.event {
        Event::CallRefused { facts } => (**facts).clone(),
        other => panic!("the filter lets only refusals through, not {other:?}"),
    });
    facts.collect()
}

#[test]
fn a_number_that_does_not_exist_is_in_the_journal_with_its_sentence() {
    let mut bench = Bench::ready();
    bench.invites("alice", "404", "4000");
    assert_eq!(bench.status("alice"), 404);
    let [refused] = &journal(&bench)[..] else {
        panic!("one call was refused")
    };
    assert_eq!(refused.technology, "SIP");
    assert_eq!(refused.protocol_id, "alice");
    assert_eq!(&*refused.caller.number, "alice");
    assert_eq!(refused.number, "404");
    assert_eq!(
        (refused.protocol_code, refused.cause),
        (404, Some(Cause::UNALLOCATED))
    );
    assert!(!refused.why.is_empty());
    let reports = bench.control.reports();
    assert_eq!(reports.len(), 1);
    assert_eq!(reports[0].why, refused.why);
    assert_eq!(reports[0].outcome, CallOutcome::Refused { left_out: 0 });
    assert_eq!(bench.control.reports(), [], "each is reported once");
}

#[test]
fn an_offer_of_unknown_codecs_is_told_which_to_offer() {
    let mut bench = Bench::ready();
    bench.invites_with("alice", "1", "m=audio 4000 RTP/AVP 9\r\n");
    assert_eq!(bench.status("alice"), 488);
    let refused = journal(&bench);
    assert_eq!(refused[0].protocol_code, 488);
    let why = &refused[0].why;
    assert!(why.ends_with("; offer PCMU or PCMA"), "{why}");
    assert!(bench.response("alice").contains("; offer PCMU or PCMA"));
}

#[test]
fn calls_are_refused_with_a_trace_while_the_server_stops() {
    let mut bench = Bench::ready();
    bench.control.drain(bench.now, &mut bench.out);
    bench.invites("alice", "1", "4000");
    assert_eq!(bench.status("alice"), 503);
    assert_eq!(journal(&bench)[0].protocol_code, 503);
}

#[test]
fn a_flood_of_refusals_is_counted_instead_of_written_down() {
    let mut bench = Bench::ready();
    let noted = usize::try_from(plenum_switch::REFUSALS_NOTED_PER_SECOND).expect("a small number");
    for number in 0..noted + 90 {
        bench.invites(&format!("flood{number}"), "404", "4000");
    }
    assert_eq!(journal(&bench).len(), noted);
    assert_eq!(bench.control.counters().calls_refused, noted as u64 + 90);
    bench.waits(Duration::from_secs(1));
    bench.invites("alice", "404", "4000");
    bench.invites("bob", "404", "4000");
    let refused = journal(&bench);
    let left_out: Vec<u64> = refused[noted..].iter().map(|call| call.left_out).collect();
    assert_eq!(left_out, [90, 0]);
}

#[test]
fn texts_that_the_caller_chose_are_cut() {
    let mut bench = Bench::ready();
    let long = "9".repeat(5_000);
    bench.invites("alice", &long, "4000");
    let refused = &journal(&bench)[0];
    assert_eq!(refused.number.len(), 256);
    assert!(refused.why.len() <= 1024, "{}", refused.why.len());
}

#[test]
fn a_call_that_is_over_is_reported_with_its_length() {
    let mut bench = Bench::ready();
    bench.connects("alice", "2");
    assert_eq!(bench.control.reports(), []);
    bench.waits(Duration::from_secs(3));
    bench.hangs_up("alice", "2");
    let reports = bench.control.reports();
    let [report] = &reports[..] else {
        panic!("one call ended, not {reports:?}")
    };
    let (caller, number) = (report.caller.to_string(), report.number.to_string());
    assert_eq!((&*caller, &*number), ("alice", "2"));
    let time = Duration::from_secs(3);
    assert_eq!(
        report.outcome,
        CallOutcome::Ended {
            lasted: time,
            talked: Some(time)
        }
    );
    assert_eq!(report.cause, Some(Cause::NORMAL_CLEARING));
}

#[test]
fn an_offer_of_ours_is_of_the_family_of_the_signalling() {
    for (source, expected) in [
        ("192.0.2.9", "c=IN IP4 192.0.2.1"),
        ("2001:db8::9", "c=IN IP6 2001:db8::1"),
    ] {
        let mut bench = Bench::ready();
        bench.control.config.media_addresses = crate::Addresses::of(&[
            "192.0.2.1".parse().expect("an address"),
            "2001:db8::1".parse().expect("an address"),
        ])
        .expect("one of each family");
        bench.source = source.parse().expect("an address");
        bench.invites_without_offer("alice", "1");
        assert_eq!(bench.status("alice"), 200);
        let response = bench.response("alice");
        assert!(response.contains(expected), "{source}: {response}");
    }
}
