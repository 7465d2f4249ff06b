//! What holds for every zone.

use std::collections::{BTreeMap, BTreeSet};

use plenum_sip_ua::locate::{
    DnsName, Families, MAX_QUESTIONS, MAX_TARGETS, Naptr, Question, RecordData, RecordKind, Srv,
};
use proptest::collection::vec;
use proptest::prelude::*;

use crate::zone::World;

/// Few names, so that everything leads to everything.
const NAMES: [&str; 8] = [
    "a.example",
    "b.example",
    "_sip._udp.a.example",
    "_sip._tcp.a.example",
    "_sips._tcp.a.example",
    "_sip._udp.b.example",
    "c.example",
    "d.example",
];
const SERVICES: [&str; 7] = [
    "SIP+D2U", "SIP+D2T", "SIPS+D2T", "SIP+D2W", "E2U+sip", "", "?",
];

fn name() -> impl Strategy<Value = DnsName> {
    proptest::sample::select(&NAMES[..]).prop_map(|name| name.parse().unwrap())
}

fn naptr() -> impl Strategy<Value = RecordData> {
    let flags = proptest::sample::select(&["s", "a", "", "u"][..]);
    let services = proptest::sample::select(&SERVICES[..]);
    (
        0_u16..3,
        0_u16..3,
        flags,
        services,
        proptest::option::of(name()),
    )
        .prop_map(|(order, preference, flags, services, replacement)| {
            RecordData::Naptr(Naptr {
                order,
                preference,
                flags: flags.into(),
                services: services.into(),
                regexp: String::new(),
                replacement,
            })
        })
}

fn srv() -> impl Strategy<Value = RecordData> {
    (
        0_u16..3,
        any::<u16>(),
        1_u16..4,
        proptest::option::of(name()),
    )
        .prop_map(|(priority, weight, port, target)| {
            RecordData::Srv(Srv {
                priority,
                weight,
                port,
                target,
            })
        })
}

fn address() -> impl Strategy<Value = RecordData> {
    (any::<bool>(), 0_u8..8).prop_map(|(four, last)| {
        RecordData::Address(if four {
            [192, 0, 2, last].into()
        } else {
            [0x2001, 0xdb8, 0, 0, 0, 0, 0, u16::from(last)].into()
        })
    })
}

/// Answers that may even hold records of a kind that was not asked for.
fn records() -> impl Strategy<Value = Vec<RecordData>> {
    vec(prop_oneof![naptr(), srv(), address()], 1..40)
}

fn kind() -> impl Strategy<Value = RecordKind> {
    use RecordKind::{A, Aaaa, Naptr, Srv};
    proptest::sample::select(&[Naptr, Srv, A, Aaaa][..])
}

fn question() -> impl Strategy<Value = Question> {
    (kind(), name()).prop_map(|(kind, name)| Question { kind, name })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn every_search_ends_without_repeats_within_its_limits(
        zone in vec((question(), records()), 0..24),
        secure in any::<bool>(),
        prefer_reliable in any::<bool>(),
    ) {
        let mut world = World::with("", "UDP TCP TLS WS", Families::V6ThenV4);
        for (question, data) in zone {
            world.zone.insert(question, data);
        }
        let uri = if secure { "sips:a.example" } else { "sip:a.example" };
        let next_hop = crate::zone::next_hop(uri).unwrap();
        let search = world.locator.search(world.now, &next_hop, prefer_reliable).unwrap();
        let (targets, _) = world.run(search);
        prop_assert!(targets.len() <= MAX_TARGETS);
        prop_assert!(world.asked.len() <= MAX_QUESTIONS);
        let ways: BTreeSet<String> = targets.iter().map(ToString::to_string).collect();
        prop_assert_eq!(ways.len(), targets.len());
        prop_assert!(!secure || targets.iter().all(|target| target.transport.is_secure()));
    }
}

/// Draws the first server of one priority often.
fn first_choices(weights: &[u16], calls: u32) -> BTreeMap<u16, f64> {
    let mut world = World::with("", "UDP", Families::V4);
    let servers = weights.iter().zip(0_u16..).map(|(weight, index)| {
        RecordData::Srv(Srv {
            priority: 0,
            weight: *weight,
            port: 5000 + index,
            target: Some("one.example".parse().unwrap()),
        })
    });
    let service = crate::zone::question("SRV", "_sip._udp.a.example");
    world.zone.insert(service, servers.collect());
    let host = crate::zone::question("A", "one.example");
    let address = RecordData::Address([192, 0, 2, 1].into());
    world.zone.insert(host, vec![address]);
    let mut counts = BTreeMap::new();
    for _ in 0..calls {
        let mut search = world.begin("sip:a.example;transport=udp").unwrap();
        let port = world.step(&mut search).unwrap().target.address.port();
        *counts.entry(port - 5000).or_insert(0.0) += 1.0;
    }
    counts
}

#[test]
fn servers_are_drawn_by_their_weight() {
    const CALLS: u32 = 20_000;
    for weights in [&[10, 20, 70][..], &[1, 1], &[50, 0, 50], &[0, 65_535]] {
        let total: f64 = weights.iter().map(|weight| f64::from(*weight)).sum();
        let counts = first_choices(weights, CALLS);
        for (weight, index) in weights.iter().zip(0_u16..) {
            // RFC 2782 draws from 0 to the sum, both included: a server of no weight keeps a
            // small chance, which it takes from the others.
            let share = f64::from(*weight) / total;
            let expected = share * f64::from(CALLS);
            let slip = f64::from(CALLS) / (total + 1.0);
            let deviation = (f64::from(CALLS) * share * (1.0 - share)).sqrt();
            let found = counts.get(&index).copied().unwrap_or_default();
            let bound = 5.0 * (deviation + slip.sqrt()) + slip;
            assert!((found - expected).abs() <= bound, "{weights:?}: {counts:?}");
        }
    }
}

#[test]
fn servers_of_no_weight_keep_the_order_of_the_answer() {
    let counts = first_choices(&[0, 0, 0], 100);
    assert_eq!(counts, BTreeMap::from([(0, 100.0)]));
}
