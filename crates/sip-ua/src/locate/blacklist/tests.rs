use plenum_sip_msg::Host;

use super::*;

const SECOND: Duration = Duration::from_secs(1);

fn target(port: u16) -> Target {
    Target {
        transport: Transport::Udp,
        address: SocketAddr::new([192, 0, 2, 1].into(), port),
        domain: Host::Name("hall.example".into()),
    }
}

fn at(seconds: u32) -> Instant {
    Instant::ZERO + SECOND * seconds
}

/// The second at which the target is trusted again.
fn back_at(list: &Blacklist, from: u32) -> u32 {
    (from..from + 10_000)
        .find(|second| !list.is_dead(at(*second), &target(1)))
        .unwrap()
}

#[test]
fn a_dead_target_is_skipped_for_a_minute_and_twice_as_long_each_time_it_fails_again() {
    let mut list = Blacklist::default();
    let mut now = 0;
    for penalty in [60, 120, 240, 480, 960, 960] {
        list.failed(at(now), &target(1), Failure::Timeout);
        assert_eq!(back_at(&list, now), now + penalty);
        now += penalty;
    }
    // As long again without failure, and all is forgotten.
    list.failed(at(now + 960), &target(1), Failure::Transport);
    assert_eq!(back_at(&list, now + 960), now + 960 + 60);
}

#[test]
fn calls_that_fail_side_by_side_count_once() {
    let mut list = Blacklist::default();
    for _ in 0..100 {
        list.failed(at(5), &target(1), Failure::Timeout);
    }
    assert_eq!(back_at(&list, 5), 65);
    assert_eq!(list.len(), 1);
}

#[test]
fn a_server_says_itself_when_to_come_back() {
    let unavailable = |seconds: Option<u64>| Failure::Unavailable {
        retry_after: seconds.map(Duration::from_secs),
    };
    for (retry_after, back) in [
        (Some(7), 7),
        (None, 60),
        (Some(999_999), 3_600),
        (Some(0), 0),
    ] {
        let mut list = Blacklist::default();
        list.failed(at(0), &target(1), unavailable(retry_after));
        assert_eq!(back_at(&list, 0), back);
    }
}

#[test]
fn a_target_that_answers_is_trusted_at_once() {
    let mut list = Blacklist::default();
    list.failed(at(0), &target(1), Failure::Timeout);
    list.succeeded(&target(1));
    assert!(!list.is_dead(at(1), &target(1)));
    assert_eq!((list.len(), list.by_end.len()), (0, 0));
}

#[test]
fn the_list_stays_in_its_bounds() {
    let mut list = Blacklist::default();
    list.failed(at(0), &target(0), Failure::Timeout);
    for port in 1..=u16::try_from(MAX_BLACKLISTED).unwrap() {
        list.failed(at(1), &target(port), Failure::Timeout);
    }
    assert_eq!(
        (list.len(), list.by_end.len()),
        (MAX_BLACKLISTED, MAX_BLACKLISTED)
    );
    assert!(!list.is_dead(at(2), &target(0)));
    assert!(list.is_dead(at(2), &target(1)));
}
