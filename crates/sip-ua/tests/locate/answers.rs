//! What is remembered of the answers of DNS.

use std::time::Duration;

use plenum_sip_ua::locate::{Answer, Families, SearchEnd};
use plenum_time::Instant;

use crate::zone::{World, question};

#[test]
fn what_is_known_is_not_asked_again_until_it_expires() {
    let mut world = World::with("hall.example A 192.0.2.1", "UDP", Families::V4);
    let uri = "sip:hall.example:5070";
    for (seconds, asked) in [(0, 1), (59, 1), (60, 2)] {
        world.now = Instant::ZERO + Duration::from_secs(seconds);
        assert_eq!(world.targets(uri), "UDP 192.0.2.1:5070");
        assert_eq!(world.asked.len(), asked, "after {seconds} s");
    }
    world.locator.forget_answers();
    world.targets(uri);
    assert_eq!(world.asked.len(), 3);
}

#[test]
fn that_there_is_none_is_remembered_too() {
    let mut world = World::with("", "UDP", Families::V4);
    for _ in 0..5 {
        let search = world.begin("sip:hall.example").unwrap();
        assert_eq!(world.run(search).1, SearchEnd::NotFound);
    }
    let asked = [
        "NAPTR hall.example",
        "SRV _sip._udp.hall.example",
        "A hall.example",
    ];
    assert_eq!(world.asked, asked);
    assert_eq!(world.locator.answers_kept(), 3);
}

#[test]
fn an_answer_without_time_to_live_serves_its_own_search() {
    let mut world = World::with("hall.example A 192.0.2.1", "UDP", Families::V4);
    world.zone.ttl = Duration::ZERO;
    for asked in 1..=3 {
        assert_eq!(world.targets("sip:hall.example:9"), "UDP 192.0.2.1:9");
        assert_eq!(world.asked.len(), asked);
    }
    assert_eq!(world.locator.answers_kept(), 0);
}

#[test]
fn an_answer_to_a_search_that_is_gone_is_not_lost() {
    let mut world = World::with("hall.example A 192.0.2.1", "UDP", Families::V4);
    let address = question("A", "hall.example");
    let answer = world.zone.answer(&address);
    world.locator.learn(world.now, address, answer);
    assert_eq!(world.targets("sip:hall.example:9"), "UDP 192.0.2.1:9");
    assert!(world.asked.is_empty());
}

#[test]
fn failures_of_dns_hold_for_seconds_only() {
    let mut world = World::with("", "UDP", Families::V4);
    let address = question("A", "hall.example");
    world.locator.learn(world.now, address, Answer::TimedOut);
    let search = world.begin("sip:hall.example:9").unwrap();
    assert_eq!(world.run(search).1, SearchEnd::Unanswered);
    world.now += Duration::from_secs(5);
    let search = world.begin("sip:hall.example:9").unwrap();
    assert_eq!(world.run(search).1, SearchEnd::NotFound);
}
