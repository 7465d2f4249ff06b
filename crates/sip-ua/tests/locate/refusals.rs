//! What cannot be searched for, and how searches end.

use plenum_sip_msg::Transport;
use plenum_sip_ua::locate::{
    Families, LocateError, MAX_RULES_DEPTH, MAX_TARGETS, NameError, SearchEnd,
};

use crate::zone::World;

#[test]
fn what_cannot_be_reached_is_refused_with_the_reason() {
    let table = [
        ("tel:+4930", "UDP", LocateError::NotSip),
        (
            "sip:a..b.example",
            "UDP",
            LocateError::Name(NameError::EmptyLabel),
        ),
        (
            "sips:hall.example;transport=udp",
            "UDP TLS",
            LocateError::Insecure(Transport::Udp),
        ),
        (
            "sip:hall.example;transport=sctp",
            "UDP SCTP",
            LocateError::UnsupportedTransport(Transport::Sctp),
        ),
        (
            "sip:hall.example;transport=tcp",
            "UDP",
            LocateError::UnsupportedTransport(Transport::Tcp),
        ),
        (
            "sips:hall.example",
            "UDP TCP WS",
            LocateError::NoSecureTransport,
        ),
        ("sip:hall.example", "", LocateError::NoTransport),
        ("sip:hall.example", "SCTP", LocateError::NoTransport),
        ("sip:[2001:db8::1]", "UDP", LocateError::WrongFamily),
    ];
    for (uri, transports, error) in table {
        let world = World::with("", transports, Families::V4);
        assert_eq!(world.begin(uri).unwrap_err(), error, "{uri}");
    }
}

#[test]
fn a_search_says_why_it_found_nothing() {
    let broken = "
        hall.example NAPTR fails
        _sip._udp.hall.example SRV fails
        hall.example A fails
    ";
    let table = [
        ("", SearchEnd::NotFound),
        ("hall.example AAAA 2001:db8::1", SearchEnd::NotFound),
        (broken, SearchEnd::Unanswered),
        ("hall.example A 192.0.2.1", SearchEnd::Exhausted),
    ];
    for (zone, end) in table {
        let mut world = World::with(zone, "UDP", Families::V4);
        let search = world.begin("sip:hall.example").unwrap();
        assert_eq!(world.run(search).1, end, "{zone}");
    }
}

#[test]
fn a_domain_cannot_keep_us_busy() {
    let mut zone = String::new();
    for server in 0..100 {
        zone += &format!("_sip._udp.hall.example SRV {server} 0 5060 s{server}.hall.example\n");
        for address in 0..100 {
            zone += &format!("s{server}.hall.example A 10.0.{server}.{address}\n");
        }
    }
    let mut world = World::with(&zone, "UDP", Families::V4);
    let search = world.begin("sip:hall.example;transport=udp").unwrap();
    assert_eq!(world.run(search).0.len(), MAX_TARGETS);
}

#[test]
fn rules_are_followed_only_so_far() {
    let mut zone = String::new();
    for step in 0..20 {
        zone += &format!(
            "r{step}.example NAPTR 1 1 \"\" \"\" r{}.example\n",
            step + 1
        );
    }
    let mut world = World::with(&zone, "UDP", Families::V4);
    let search = world.begin("sip:r0.example").unwrap();
    assert_eq!(world.run(search).1, SearchEnd::NotFound);
    let rules = world
        .asked
        .iter()
        .filter(|asked| asked.starts_with("NAPTR"));
    assert_eq!(rules.count(), usize::from(MAX_RULES_DEPTH));
}

#[test]
fn an_answer_that_nobody_asked_for_changes_nothing() {
    let mut world = World::with("hall.example A 192.0.2.1", "UDP", Families::V4);
    let mut search = world.begin("sip:hall.example:9").unwrap();
    let stray = crate::zone::question("A", "evil.example");
    let answer = world
        .zone
        .answer(&crate::zone::question("A", "hall.example"));
    world.locator.answer(world.now, &mut search, stray, answer);
    let target = world.step(&mut search).unwrap().target;
    assert_eq!(target.to_string(), "UDP 192.0.2.1:9");
}
