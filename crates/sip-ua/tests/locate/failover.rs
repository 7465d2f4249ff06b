//! Servers die and come back.

use std::time::Duration;

use plenum_sip_ua::locate::{ATTEMPT_MIN, BUDGET, Failure, Families, SearchEnd};

use crate::zone::World;

const ZONE: &str = "
    _sip._udp.hall.example SRV 1 0 5060 one.hall.example
    _sip._udp.hall.example SRV 2 0 5060 two.hall.example
    _sip._udp.hall.example SRV 3 0 5060 three.hall.example
    one.hall.example A 192.0.2.1
    two.hall.example A 192.0.2.2
    three.hall.example A 192.0.2.3
";
const URI: &str = "sip:hall.example;transport=udp";

/// Three servers, of which some are down.
struct Servers {
    world: World,
    down: Vec<u8>,
}

impl Servers {
    fn new() -> Self {
        let world = World::with(ZONE, "UDP", Families::V4);
        Self {
            world,
            down: Vec::new(),
        }
    }

    /// Places a call: which servers it tried; the last one answered unless all are down.
    fn call(&mut self) -> Vec<u8> {
        let mut search = self.world.begin(URI).unwrap();
        let mut tried = Vec::new();
        while let Ok(attempt) = self.world.step(&mut search) {
            let std::net::IpAddr::V4(address) = attempt.target.address.ip() else {
                panic!("not IPv4");
            };
            let server = address.octets()[3];
            tried.push(server);
            let now = self.world.now;
            if self.down.contains(&server) {
                self.world
                    .locator
                    .failed(now, &attempt.target, Failure::Timeout);
            } else {
                self.world.locator.succeeded(&attempt.target);
                break;
            }
        }
        tried
    }

    fn wait(&mut self, seconds: u64) {
        self.world.now += Duration::from_secs(seconds);
    }
}

#[test]
fn a_dead_server_costs_one_call_a_minute_then_less_and_comes_back() {
    let mut servers = Servers::new();
    assert_eq!(servers.call(), [1]);

    servers.down = vec![1];
    assert_eq!(servers.call(), [1, 2]);
    assert_eq!(servers.call(), [2]);
    servers.wait(59);
    assert_eq!(servers.call(), [2]);

    // On trial after a minute, and found dead: two minutes of rest.
    servers.wait(1);
    assert_eq!(servers.call(), [1, 2]);
    servers.wait(119);
    assert_eq!(servers.call(), [2]);

    // It is repaired; the next trial finds it.
    servers.down.clear();
    servers.wait(1);
    assert_eq!(servers.call(), [1]);
    assert_eq!(servers.world.locator.failures_kept(), 0);
}

#[test]
fn when_all_seem_dead_all_are_tried_in_order() {
    let mut servers = Servers::new();
    servers.down = vec![1, 2, 3];
    assert_eq!(servers.call(), [1, 2, 3]);
    // All failed a moment ago, yet a call that has no other choice tries them.
    assert_eq!(servers.call(), [1, 2, 3]);
    servers.down = vec![1];
    assert_eq!(servers.call(), [1, 2]);
    // The second proved itself, the others did not.
    assert_eq!(servers.call(), [2]);
}

#[test]
fn a_live_server_that_fails_leaves_those_that_failed_before() {
    let mut servers = Servers::new();
    servers.down = vec![1];
    assert_eq!(servers.call(), [1, 2]);
    servers.down = vec![2, 3];
    assert_eq!(servers.call(), [2, 3, 1]);
}

#[test]
fn a_busy_server_is_left_alone_as_long_as_it_asks() {
    let mut servers = Servers::new();
    let mut search = servers.world.begin(URI).unwrap();
    let target = servers.world.step(&mut search).unwrap().target;
    let retry_after = Some(Duration::from_secs(10));
    let failure = Failure::Unavailable { retry_after };
    servers
        .world
        .locator
        .failed(servers.world.now, &target, failure);
    assert!(servers.world.locator.is_dead(servers.world.now, &target));
    servers.wait(9);
    assert_eq!(servers.call(), [2]);
    servers.wait(1);
    assert_eq!(servers.call(), [1]);
}

#[test]
fn the_budget_is_shared_out_over_the_targets() {
    let mut servers = Servers::new();
    let world = &mut servers.world;
    let mut search = world.begin(URI).unwrap();
    assert_eq!(search.deadline(), world.now + BUDGET);
    let mut number = 0;
    for divisor in [3, 2, 1] {
        let attempt = world.step(&mut search).unwrap();
        let left = search.deadline().since(world.now);
        assert_eq!(attempt.patience, left / divisor);
        number += 1;
        assert_eq!(attempt.number, number);
        world.now += attempt.patience;
    }
    assert_eq!(world.step(&mut search), Err(SearchEnd::OutOfTime));
}

#[test]
fn no_attempt_is_too_short_to_be_of_use() {
    let mut zone = String::new();
    for number in 0..30 {
        zone += &format!("hall.example A 192.0.2.{number}\n");
    }
    let mut world = World::with(&zone, "UDP", Families::V4);
    let mut search = world.begin("sip:hall.example:9").unwrap();
    let mut tries = 0;
    while let Ok(attempt) = world.step(&mut search) {
        let left = search.deadline().since(world.now);
        assert!(attempt.patience >= ATTEMPT_MIN.min(left));
        world.now += attempt.patience;
        tries += 1;
    }
    assert_eq!(tries, 11);
}
