//! The mixer against a naive model, sample by sample.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::collections::BTreeMap;
use std::time::Duration;

use common::{Peer, World, address, mixes};
use plenum_codecs::Codec;
use plenum_media::{FRAME, LegId, MediaCommand, MixerId, Patch, PortId};
use plenum_time::Instant;
use proptest::prelude::*;

/// What one leg does in one tick.
#[derive(Clone, Copy, Debug)]
struct Turn {
    seed: u16,
    loudness: i16,
    sends: bool,
    talk: bool,
    hear: bool,
}

fn turn(loudness: i16) -> impl Strategy<Value = Turn> {
    (
        any::<u16>(),
        0..=loudness,
        any::<bool>(),
        any::<bool>(),
        any::<bool>(),
    )
        .prop_map(|(seed, loudness, sends, talk, hear)| Turn {
            seed,
            loudness,
            sends,
            talk,
            hear,
        })
}

/// Noise between minus and plus the loudness, never all silent unless that is zero.
fn noise(turn: &Turn) -> [i16; FRAME] {
    let mut state = u32::from(turn.seed) | 1;
    core::array::from_fn(|_| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        let unit = (state >> 16) as i32 - 32_768;
        (unit * i32::from(turn.loudness) / 32_768) as i16
    })
}

/// Silence and the idle pattern of A-law are nothing to say.
fn audible(frame: &[i16; FRAME]) -> bool {
    frame.iter().any(|sample| sample.unsigned_abs() > 8)
}

/// Runs a room and hands each listener's frame to `judge` with the sum it should hear.
fn run_room(turns: &[Vec<Turn>], mut judge: impl FnMut(&[i32; FRAME], &[i16])) {
    let legs = turns[0].len() as u64;
    let mut world = World::new();
    let mut peers = mixes(&mut world, 1, 0..legs);
    // Everyone sends once, so that streams begin before the room is judged.
    for peer in peers.values_mut() {
        let packet = peer.say(&[0; FRAME]);
        world.receive(peer.address, &packet);
    }
    world.tick();
    world.sent.clear();
    for tick in turns {
        let mut admitted: BTreeMap<u64, [i16; FRAME]> = BTreeMap::new();
        for (leg, turn) in (0..).zip(tick) {
            let (talk, hear) = (turn.talk, turn.hear);
            world.command(MediaCommand::Gate {
                leg: LegId(leg),
                talk,
                hear,
            });
            let frame = if turn.sends { noise(turn) } else { [0; FRAME] };
            let peer = peers.get_mut(&leg).unwrap();
            let packet = peer.say(&frame);
            world.receive(peer.address, &packet);
            if turn.talk && audible(&frame) {
                admitted.insert(leg, frame);
            }
        }
        world.tick();
        for (leg, turn) in (0..).zip(tick) {
            let sent = world.take_rtp(address(leg as u16));
            assert_eq!(sent.len(), 1, "one packet a tick for leg {leg}");
            let heard = sent[0].samples(Codec::L16);
            let others = admitted.iter().filter(|(other, _)| **other != leg);
            let mut sum = [0; FRAME];
            for (_, frame) in others.filter(|_| turn.hear) {
                for (sum, sample) in sum.iter_mut().zip(frame) {
                    *sum += i32::from(*sample);
                }
            }
            judge(&sum, &heard);
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn each_hears_exactly_the_sum_of_the_others(
        turns in (1_usize..9).prop_flat_map(|legs| {
            proptest::collection::vec(proptest::collection::vec(turn(4000), legs), 1..12)
        }),
    ) {
        run_room(&turns, |sum, heard| {
            let heard: Vec<i32> = heard.iter().copied().map(i32::from).collect();
            assert_eq!(&sum[..], &heard[..]);
        });
    }

    #[test]
    fn a_room_too_loud_is_turned_down_and_never_clipped(
        turns in proptest::collection::vec(proptest::collection::vec(turn(32_000), 12), 1..8),
    ) {
        run_room(&turns, |sum, heard| {
            let peak = sum.iter().map(|sum| sum.abs()).max().unwrap_or(0);
            let at = sum.iter().position(|sum| sum.abs() == peak).unwrap_or(0);
            let mut gains = (f32::MAX, 0.0_f32);
            for (index, (sum, heard)) in sum.iter().zip(heard).enumerate() {
                assert!(i32::from(*heard).abs() <= sum.abs());
                assert!(i32::from(*heard).signum() * sum.signum() >= 0);
                if index >= at && sum.abs() > 10_000 {
                    let gain = f32::from(*heard) / *sum as f32;
                    gains = (gains.0.min(gain), gains.1.max(gain));
                }
            }
            // A clamp turns down the loud samples alone; the gain holds behind the loudest one.
            if peak > 32_767 {
                let needed = 32_767.0 / peak as f32;
                assert!(gains.0 <= needed, "{gains:?} where {needed} is needed");
                assert!(gains.1 <= needed * 1.001, "{gains:?} where {needed} is needed");
            }
        });
    }
}

#[test]
fn a_leg_hears_the_room_it_is_in_and_no_other() {
    let mut world = World::new();
    let mut first = mixes(&mut world, 1, 0..2);
    let mut second = mixes(&mut world, 2, 2..4);
    let levels = [100_i16, 200, 400, 800];
    let expect = |world: &mut World, expected: [i16; 4]| {
        for (leg, expected) in (0_u16..).zip(expected) {
            let sent = world.take_rtp(address(leg));
            let heard = sent.last().unwrap().samples(Codec::L16);
            assert_eq!(heard, vec![expected; FRAME], "leg {leg}");
        }
    };
    let mut talk = |world: &mut World| {
        for (leg, peer) in first.iter_mut().chain(&mut second) {
            let packet = peer.say(&[levels[*leg as usize]; FRAME]);
            world.receive(peer.address, &packet);
        }
        world.tick();
    };
    (0..5).for_each(|_| talk(&mut world));
    expect(&mut world, [200, 100, 800, 400]);

    world.join(1, 2);
    (0..10).for_each(|_| talk(&mut world));
    expect(&mut world, [0, 1200, 1000, 600]);

    world.command(MediaCommand::RemoveMixer { mixer: MixerId(2) });
    world.command(MediaCommand::Connect {
        leg: LegId(3),
        to: Patch::Echo,
    });
    world.take_rtp(address(1));
    (0..10).for_each(|_| talk(&mut world));
    assert!(
        world.take_rtp(address(1)).is_empty(),
        "a leg without a mixer is sent nothing"
    );
    let echo = world.take_rtp(address(3));
    assert_eq!(echo.last().unwrap().samples(Codec::L16), vec![800; FRAME]);
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(12))]

    /// Packets come at any time within the tick, each up to 2 ms early or late.
    #[test]
    fn audio_is_on_its_way_again_within_a_tick_and_a_half(
        offsets in proptest::collection::vec(0_u64..20_000, 8),
        seed in any::<u32>(),
    ) {
        let mut world = World::new();
        let mut rooms: Vec<_> = (0..4).map(|m| mixes(&mut world, m, m * 2..m * 2 + 2)).collect();
        let mut peers: Vec<Peer> =
            rooms.iter_mut().flat_map(|room| std::mem::take(room).into_values()).collect();
        let (start, mut state) = (world.now, seed | 1);
        let mut arrivals = Vec::new();
        for number in 0..300_u64 {
            for (leg, offset) in offsets.iter().enumerate() {
                state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                let jitter = u64::from(state >> 16) % 2000;
                let at = start + Duration::from_micros(number * 20_000 + offset + jitter);
                arrivals.push((at, leg, number));
            }
        }
        arrivals.sort_unstable();
        let mut arrivals = arrivals.into_iter().peekable();
        let mut sent_at: BTreeMap<(usize, i16), Instant> = BTreeMap::new();
        let mut delays = Vec::new();
        while world.now < start + Duration::from_secs(6) {
            let slice = world.now;
            while let Some((at, leg, number)) = arrivals.next_if(|(at, ..)| *at <= slice) {
                // Each packet is told by its level.
                let level = 100 + number as i16;
                let packet = peers[leg].say(&[level; FRAME]);
                let (port, from) = (PortId(0), peers[leg].address);
                world.shard.receive_rtp(at, port, from, &packet, &mut world.notices);
                sent_at.insert((leg, level), at);
            }
            world.run_slice();
            for leg in 0..8_usize {
                for sent in world.take_rtp(address(leg as u16)) {
                    let last = *sent.samples(Codec::L16).last().unwrap();
                    if let Some(at) = sent_at.remove(&(leg ^ 1, last)) {
                        delays.push(sent.at.since(at));
                    }
                }
            }
        }
        delays.sort_unstable();
        prop_assert!(delays.len() > 2000, "only {} packets were followed", delays.len());
        let median = delays[delays.len() / 2];
        let most = delays[delays.len() * 99 / 100];
        prop_assert!(median <= Duration::from_millis(20), "median {:?}", median);
        prop_assert!(most <= Duration::from_millis(45), "99 of 100 {:?}", most);
    }
}

#[test]
fn silent_listeners_share_one_encoding() {
    let mut world = World::new();
    let mut peers = mixes(&mut world, 1, 0..6);
    let talker = peers.get_mut(&0).unwrap();
    for _ in 0..10 {
        let packet = talker.say(&[1000; FRAME]);
        world.receive(talker.address, &packet);
        world.tick();
    }
    // Five listeners in each of ten ticks; the first of each tick pays. The talker has its own.
    assert_eq!(world.shard.counters().encodings_shared, 40);
}
