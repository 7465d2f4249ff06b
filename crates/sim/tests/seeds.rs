//! Random stories: a few here, fifty in the continuous integration.

use plenum_sim::{Summary, random_run};

const STEPS: u32 = 40;

fn run(seed: u64) -> Summary {
    match random_run(seed, STEPS, false) {
        Ok(summary) => summary,
        Err(failure) => panic!("{failure}"),
    }
}

#[test]
fn seeds_1_to_4_keep_every_invariant() {
    assert!((1..=4).map(run).all(|summary| summary.calls_answered > 0));
}

#[test]
fn seeds_5_to_8_keep_every_invariant() {
    assert!((5..=8).map(run).all(|summary| summary.calls_answered > 0));
}

#[test]
fn one_seed_gives_one_run_and_another_gives_another() {
    assert_eq!(run(9), run(9));
    assert_ne!(run(9).fingerprint, run(10).fingerprint);
}
