use alloc::string::ToString as _;
use core::net::IpAddr;

use super::*;

const CONFIG: BrakeConfig = BrakeConfig {
    failures_per_source: 3,
    failures_per_account: 5,
    window: Duration::from_secs(60),
    cooling: Duration::from_secs(30),
    cooling_max: Duration::from_secs(100),
    max_braked: 4,
    max_trusted: 4,
};

fn at(second: u64) -> Instant {
    Instant::from_millis(second * 1_000)
}

fn source(last: u8) -> SourceKey {
    IpAddr::from([192, 0, 2, last]).into()
}

fn ann() -> String {
    "ann".to_string()
}

fn fail_times(brake: &mut Brake, now: Instant, source: SourceKey, times: u32) {
    for _ in 0..times {
        brake.fail(now, source, &ann());
    }
}

#[test]
fn a_source_cools_after_its_failures_and_each_time_twice_as_long() {
    let mut brake = Brake::new(CONFIG);
    fail_times(&mut brake, at(0), source(1), 2);
    assert_eq!(brake.check(at(0), source(1), &ann()), None);
    let mut now = 0;
    for cooling in [30, 60, 100, 100] {
        brake = Brake {
            accounts: Lru::new(4),
            ..brake
        };
        fail_times(&mut brake, at(now), source(1), 3);
        let stop = Stop::Source(Duration::from_secs(cooling));
        assert_eq!(brake.check(at(now), source(1), &ann()), Some(stop));
        assert_eq!(brake.check(at(now), source(2), &ann()), None);
        now += cooling;
        assert_eq!(brake.check(at(now), source(1), &ann()), None);
    }
}

#[test]
fn a_long_rest_is_a_fresh_start() {
    let mut brake = Brake::new(CONFIG);
    fail_times(&mut brake, at(0), source(1), 3);
    fail_times(&mut brake, at(1_000), source(1), 3);
    let stop = Stop::Source(CONFIG.cooling);
    assert_eq!(brake.check(at(1_000), source(1), &ann()), Some(stop));
}

#[test]
fn slow_failures_never_run_over() {
    let mut brake = Brake::new(CONFIG);
    for second in (0..2_000).step_by(20) {
        brake.fail(at(second), source(1), &ann());
        assert_eq!(brake.check(at(second), source(1), &ann()), None);
    }
}

#[test]
fn many_sources_heat_one_account_for_strangers_only() {
    let mut brake = Brake::new(CONFIG);
    brake.succeed(source(9), "ann");
    for last in 1..=5 {
        brake.fail(at(0), source(last), &ann());
    }
    let stop = Stop::Account(CONFIG.cooling);
    assert_eq!(brake.check(at(0), source(7), &ann()), Some(stop));
    assert_eq!(brake.check(at(0), source(7), &"ben".to_string()), None);
    assert_eq!(brake.check(at(0), source(9), &ann()), None);
}

#[test]
fn a_trusted_pair_passes_while_its_source_cools_until_it_fails_itself() {
    let mut brake = Brake::new(CONFIG);
    brake.succeed(source(1), "ben");
    fail_times(&mut brake, at(0), source(1), 3);
    let ben = "ben".to_string();
    assert_eq!(brake.check(at(0), source(1), &ben), None);
    for _ in 0..3 {
        brake.fail(at(0), source(1), &ben);
    }
    let stop = Stop::Source(CONFIG.cooling);
    assert_eq!(brake.check(at(0), source(1), &ben), Some(stop));
}

#[test]
fn the_tables_stay_within_their_limits() {
    let mut brake = Brake::new(CONFIG);
    for last in 0..100 {
        brake.fail(at(0), source(last), &last.to_string());
        brake.succeed(source(last), "ann");
    }
    assert_eq!(brake.sizes(), (4, 4, 4));
}
