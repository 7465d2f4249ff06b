use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::*;
use crate::ports::{BIND_STEP, RESERVE};
use crate::testing::Bench;

fn callers(count: usize) -> Vec<String> {
    (0..count).map(|number| format!("caller{number}")).collect()
}

/// Lets all call at once, all with the same announced address.
fn burst(bench: &mut Bench, callers: &[String]) {
    for caller in callers {
        bench.invites(caller, "2", "4000");
    }
}

fn count(bench: &Bench, callers: &[String], status: u16) -> usize {
    let with = callers
        .iter()
        .filter(|caller| bench.status(caller) == status);
    with.count()
}

#[test]
fn a_burst_from_one_address_is_answered_to_the_last_call() {
    let mut bench = Bench::new(1, 1_000);
    bench.binds();
    let all = callers(400);
    burst(&mut bench, &all);
    assert_eq!(count(&bench, &all, 200), usize::from(BIND_STEP));
    assert_eq!(bench.control.sizes().held, 400 - usize::from(BIND_STEP));
    let asked: usize = bench
        .binding
        .iter()
        .map(|(_, many)| usize::from(*many))
        .sum();
    assert!(
        asked >= bench.control.sizes().held,
        "{asked} are on their way"
    );
    bench.binds();
    let oldest = &all[..2 * usize::from(BIND_STEP)];
    assert_eq!(count(&bench, oldest, 200), oldest.len(), "in their order");
    while bench.control.sizes().held > 0 {
        bench.binds();
    }
    assert_eq!(count(&bench, &all, 200), 400);
    let counters = bench.control.counters();
    assert_eq!((counters.calls_arrived, counters.calls_refused), (400, 0));
    assert_eq!(counters.calls_held, 400 - u64::from(BIND_STEP));
}

#[test]
fn a_burst_beyond_the_limit_of_pairs_is_answered_as_far_as_they_go() {
    for shards in [1, 3] {
        let mut bench = Bench::new(shards, 300 / usize::from(shards));
        let all = callers(400);
        burst(&mut bench, &all);
        while !bench.binding.is_empty() {
            bench.binds();
        }
        assert_eq!(count(&bench, &all, 200), 300);
        assert_eq!(count(&bench, &all, 503), 100);
        let refusal = bench.response(&all[399]);
        assert!(
            refusal.contains("no RTP port is free; widen [rtp] ports"),
            "{refusal}"
        );
        assert!(refusal.contains("Retry-After: 5"), "{refusal}");
        assert_eq!(bench.control.sizes().held, 0);
    }
}

#[test]
fn a_shortage_refuses_those_for_whom_nothing_was_bound() {
    let mut bench = Bench::new(1, 1_000);
    let all = callers(100);
    burst(&mut bench, &all);
    assert_eq!(bench.control.sizes().held, 100);
    bench.binds_only(60);
    assert_eq!(count(&bench, &all[..60], 200), 60);
    assert_eq!(count(&bench, &all[60..], 503), 40);
    bench.invites("late", "1", "4000");
    assert_eq!(bench.status("late"), 503, "more are not asked for yet");
}

#[test]
fn another_shard_helps_out_when_one_is_short() {
    let mut bench = Bench::new(2, 1_000);
    let all = callers(100);
    burst(&mut bench, &all);
    let (first, _) = bench.binding[0];
    bench.binds_only(0);
    assert_eq!(bench.control.sizes().held, 100);
    assert_ne!(bench.binding[0].0, first);
    bench.binds();
    assert_eq!(count(&bench, &all, 200), 100);
}

#[test]
fn a_caller_that_gives_up_leaves_the_queue_and_its_place_goes_to_the_next() {
    let mut bench = Bench::new(1, 2);
    burst(&mut bench, &callers(3));
    bench.cancels("caller0", "2");
    assert_eq!(bench.status("caller0"), 487);
    assert_eq!(bench.control.sizes().held, 2);
    bench.binds();
    assert_eq!(count(&bench, &callers(3)[1..], 200), 2);
    assert_eq!(
        (bench.control.sizes().legs, bench.control.sizes().held),
        (2, 0)
    );
}

#[test]
fn a_port_that_becomes_free_goes_to_who_waits() {
    let mut bench = Bench::new(1, 1_000);
    bench.binds();
    let all = callers(usize::from(BIND_STEP) + 1);
    bench.invites(&all[0], "3", "4000");
    burst(&mut bench, &all[1..]);
    let last = &all[all.len() - 1];
    assert_eq!((bench.control.sizes().held, bench.status(last)), (1, 100));
    bench.cancels(&all[0], "3");
    assert_eq!((bench.control.sizes().held, bench.status(last)), (0, 200));
}

#[test]
fn nobody_waits_for_ever() {
    let mut bench = Bench::new(1, 1_000);
    bench.invites("alice", "1", "4000");
    bench.waits(HELD_FOR - Duration::from_millis(1));
    assert_eq!(bench.status("alice"), 100);
    bench.waits(Duration::from_millis(1));
    assert_eq!(bench.status("alice"), 503);
    assert!(bench.response("alice").contains("in time"));
}

#[test]
fn a_server_that_stops_refuses_who_waits() {
    let mut bench = Bench::new(1, 1_000);
    bench.invites("alice", "1", "4000");
    bench.control.drain(bench.now, &mut bench.out);
    bench.carry_out();
    assert_eq!(bench.status("alice"), 503);
    assert!(bench.response("alice").contains("shutting down"));
}

#[test]
fn the_queue_is_bounded() {
    let mut bench = Bench::new(1, 2 * HELD_MAX);
    let all = callers(HELD_MAX + 1);
    burst(&mut bench, &all);
    assert_eq!(bench.control.sizes().held, HELD_MAX);
    assert_eq!(bench.status(&all[HELD_MAX]), 503);
    let asked: usize = bench
        .binding
        .iter()
        .map(|(_, many)| usize::from(*many))
        .sum();
    assert!(
        asked < HELD_MAX + RESERVE + usize::from(BIND_STEP),
        "{asked}"
    );
}

#[test]
fn a_call_that_waits_counts_as_a_call() {
    let mut bench = Bench::new(1, 1_000);
    bench.control.config.calls_max = 2;
    burst(&mut bench, &callers(3));
    assert_eq!(bench.status("caller2"), 503);
    assert!(bench.response("caller2").contains("limit of 2 calls"));
    bench.binds();
    assert_eq!(count(&bench, &callers(2), 200), 2);
}
