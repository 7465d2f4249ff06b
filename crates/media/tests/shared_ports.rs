//! Which leg of a shared port pair a packet belongs to, and where we send.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::net::SocketAddr;

use common::{Peer, World, address, identity, setup};
use plenum_media::{FRAME, LegId, MediaCommand, MediaNotice, PortId};
use proptest::prelude::*;

/// Where a peer behind a NAT is seen.
const OUTSIDE: &str = "203.0.113.9:40000";
const ELSEWHERE: &str = "203.0.113.9:50000";

fn outside() -> SocketAddr {
    OUTSIDE.parse().unwrap()
}

fn elsewhere() -> SocketAddr {
    ELSEWHERE.parse().unwrap()
}

fn speak(world: &mut World, peer: &mut Peer, from: SocketAddr) {
    let packet = peer.say(&[1000; FRAME]);
    world.receive(from, &packet);
}

fn started(world: &mut World) -> Vec<u64> {
    let notices = world.take_notices().into_iter();
    notices
        .filter_map(|notice| match notice {
            MediaNotice::StreamStarted { leg } => Some(leg.0),
            _ => None,
        })
        .collect()
}

fn learned(notices: &[MediaNotice]) -> Vec<(u64, SocketAddr)> {
    notices
        .iter()
        .filter_map(|notice| match notice {
            MediaNotice::RemoteLearned { leg, remote } => Some((leg.0, *remote)),
            _ => None,
        })
        .collect()
}

#[test]
fn announced_addresses_tell_legs_apart() {
    let mut world = World::new();
    let mut peers: Vec<Peer> = (0..20).map(Peer::new).collect();
    for leg in 0..20 {
        world.add_leg(leg, setup(leg as u16));
    }
    for peer in &mut peers {
        let from = peer.address;
        speak(&mut world, peer, from);
    }
    assert_eq!(started(&mut world), (0..20).collect::<Vec<_>>());
    assert_eq!(world.shard.counters().packets_unmatched, 0);
    for peer in &mut peers {
        let from = peer.address;
        speak(&mut world, peer, from);
    }
    assert_eq!(started(&mut world), [], "a stream starts once");
}

#[test]
fn the_only_unlatched_leg_gets_the_packets_of_a_stranger() {
    let mut world = World::new();
    world.add_leg(0, setup(0));
    let mut known = Peer::new(0);
    speak(&mut world, &mut known, address(0));
    world.add_leg(1, setup(1));
    world.take_notices();

    let mut stranger = Peer::new(1);
    speak(&mut world, &mut stranger, outside());
    assert_eq!(learned(&world.heard), [(1, outside())]);
    assert_eq!(started(&mut world), [1]);
    world.command(MediaCommand::Connect {
        leg: LegId(1),
        to: plenum_media::Patch::Echo,
    });
    for _ in 0..3 {
        speak(&mut world, &mut stranger, outside());
        world.tick();
    }
    assert!(!world.take_rtp(outside()).is_empty());
    assert!(world.take_rtp(address(1)).is_empty());
}

#[test]
fn two_unlatched_legs_leave_a_stranger_alone() {
    let mut world = World::new();
    world.add_leg(0, setup(0));
    world.add_leg(1, setup(1));
    speak(&mut world, &mut Peer::new(7), outside());
    assert_eq!(started(&mut world), []);
    assert_eq!(world.shard.counters().packets_unmatched, 1);
}

#[test]
fn a_stranger_with_the_wrong_payload_type_is_nobody() {
    let mut world = World::new();
    world.add_leg(0, setup(0));
    let packet = Peer::new(7).packet(33, 0, &[0; 160]);
    world.receive(outside(), &packet);
    assert_eq!(started(&mut world), []);
    assert_eq!(world.shard.counters().packets_unmatched, 1);
}

#[test]
fn a_peer_whose_nat_rebinds_is_followed_after_three_packets() {
    let mut world = World::new();
    world.add_leg(0, setup(0));
    world.add_leg(1, setup(1));
    let mut peer = Peer::new(0);
    speak(&mut world, &mut peer, address(0));
    world.take_notices();
    for _ in 0..2 {
        speak(&mut world, &mut peer, outside());
        assert_eq!(learned(&world.take_notices()), []);
    }
    speak(&mut world, &mut peer, outside());
    assert_eq!(learned(&world.take_notices()), [(0, outside())]);

    // A straggler from the old address does not move it back, but its audio counts.
    speak(&mut world, &mut peer, address(0));
    speak(&mut world, &mut peer, outside());
    assert_eq!(learned(&world.take_notices()), []);
    assert_eq!(world.shard.counters().packets_unmatched, 2);
}

#[test]
fn another_source_number_does_not_take_a_stream_over() {
    let mut world = World::new();
    world.add_leg(0, setup(0));
    let mut peer = Peer::new(0);
    speak(&mut world, &mut peer, address(0));
    let mut thief = Peer {
        ssrc: 99,
        ..peer.clone()
    };
    for _ in 0..10 {
        speak(&mut world, &mut thief, elsewhere());
        speak(&mut world, &mut peer, address(0));
    }
    assert_eq!(learned(&world.take_notices()), []);
    assert_eq!(world.shard.counters().packets_unmatched, 10);
}

#[test]
fn a_starved_leg_adopts_a_stranger_after_five_packets() {
    let mut world = World::new();
    world.add_leg(0, setup(0));
    world.add_leg(1, setup(1));
    let (mut gone, mut here) = (Peer::new(0), Peer::new(1));
    speak(&mut world, &mut gone, address(0));
    for _ in 0..30 {
        speak(&mut world, &mut here, address(1));
        world.tick();
    }
    world.take_notices();
    let mut returned = Peer::new(9);
    for packet in 1..=5 {
        speak(&mut world, &mut returned, elsewhere());
        let expected = if packet == 5 {
            vec![(0, elsewhere())]
        } else {
            vec![]
        };
        assert_eq!(learned(&world.take_notices()), expected, "packet {packet}");
    }
}

#[test]
fn an_update_to_another_address_asks_for_a_new_proof() {
    let mut world = World::new();
    world.add_leg(0, setup(0));
    let mut peer = Peer::new(0);
    speak(&mut world, &mut peer, address(0));
    assert_eq!(started(&mut world), [0]);

    // The same address, as in a hold: nothing to prove.
    let update = |number| MediaCommand::UpdateLeg {
        leg: LegId(0),
        stream: Box::new(setup(number)),
    };
    world.command(update(0));
    speak(&mut world, &mut peer, address(0));
    assert_eq!(started(&mut world), []);

    world.command(update(5));
    world.command(MediaCommand::Connect {
        leg: LegId(0),
        to: plenum_media::Patch::Echo,
    });
    world.tick();
    assert_eq!(
        world.take_rtp(address(5)).len(),
        1,
        "sent to the announced address at once"
    );
    speak(&mut world, &mut peer, address(5));
    assert_eq!(learned(&world.heard), []);
    assert_eq!(started(&mut world), [0]);
}

#[test]
fn a_removed_leg_leaves_no_route() {
    let mut world = World::new();
    world.add_leg(0, setup(0));
    let mut peer = Peer::new(0);
    speak(&mut world, &mut peer, outside());
    world.command(MediaCommand::RemoveLeg { leg: LegId(0) });
    world.take_notices();
    world.add_leg(1, setup(1));
    world.add_leg(2, setup(2));
    for from in [outside(), address(0)] {
        speak(&mut world, &mut peer, from);
    }
    assert_eq!(started(&mut world), []);
    assert_eq!(world.shard.counters().packets_unmatched, 2);
}

#[test]
fn commands_that_name_nothing_are_refused() {
    let mut world = World::new();
    world.add_leg(0, setup(0));
    world.add_leg(0, setup(0));
    world.join(0, 9);
    world.join(9, 9);
    world.command(MediaCommand::RemoveLeg { leg: LegId(9) });
    world.command(MediaCommand::AddPort { port: PortId(0) });
    world.command(MediaCommand::AddLeg {
        leg: LegId(3),
        port: PortId(77),
        identity: identity(3),
        stream: None,
    });
    let refused = |notice: &MediaNotice| matches!(notice, MediaNotice::Refused { .. });
    assert_eq!(
        world.heard.iter().filter(|notice| refused(notice)).count(),
        5
    );
    assert_eq!(world.shard.counters().commands_refused, 5);
    assert_eq!(world.shard.counters().legs, 1);
    // A leg that was refused, or never was, is removed all the same: its place is given back.
    let removed = |notice: &MediaNotice| matches!(notice, MediaNotice::LegRemoved { .. });
    assert_eq!(
        world.heard.iter().filter(|notice| removed(notice)).count(),
        2
    );
}

proptest! {
    #[test]
    fn no_bytes_from_anywhere_do_harm(
        packets in proptest::collection::vec(
            (any::<bool>(), 0_u16..4, proptest::collection::vec(any::<u8>(), 0..200)), 0..60),
    ) {
        let mut world = World::new();
        for leg in 0..3 {
            world.add_leg(leg, setup(leg as u16));
        }
        for (rtcp, from, bytes) in packets {
            if rtcp {
                world.receive_rtcp(address(from), &bytes);
            } else {
                let mut bytes = bytes;
                if let [first, second, ..] = &mut bytes[..] {
                    (*first, *second) = (0x80, 96);
                }
                world.receive(address(from), &bytes);
            }
            world.run_slice();
        }
        // The call that nobody disturbed is untouched.
        let mut peer = Peer::new(11);
        world.add_leg(11, setup(11));
        speak(&mut world, &mut peer, address(11));
        prop_assert!(started(&mut world).contains(&11));
    }
}
