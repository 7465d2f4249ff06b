//! A steady room allocates and frees nothing, and takes little memory: a counting allocator is the
//! witness.
#![allow(
    unsafe_code,
    reason = "an allocator can only be written with unsafe code"
)]
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::sync::Arc;
use std::time::Duration;

use common::{EVENT, Peer, World, mixes, setup};
use plenum_codecs::Codec;
use plenum_media::{
    FRAME, LegId, MediaCommand, MixerId, Notices, PacketOutbox, PlaybackId, PortId, RecordingId,
    SLICE, Shard, Source, StreamSetup, Target, Tone,
};
use plenum_rtp::telephone_event::TelephoneEvent;
use plenum_time::Instant;

thread_local! {
    static COUNT: Cell<u64> = const { Cell::new(0) };
    /// Bytes that this thread has taken and not given back.
    static HELD: Cell<isize> = const { Cell::new(0) };
}

struct Counting;

fn count(taken: usize, given_back: usize) {
    // A thread that is ending has no counter any more, and nobody asks for it.
    let _ = COUNT.try_with(|count| count.set(count.get() + 1));
    let change = taken.cast_signed() - given_back.cast_signed();
    let _ = HELD.try_with(|held| held.set(held.get() + change));
}

// SAFETY: every call goes to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        count(layout.size(), 0);
        // SAFETY: the caller's promise is passed on.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, memory: *mut u8, layout: Layout) {
        count(0, layout.size());
        // SAFETY: the caller's promise is passed on.
        unsafe { System.dealloc(memory, layout) }
    }

    unsafe fn realloc(&self, memory: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        count(size, layout.size());
        // SAFETY: the caller's promise is passed on.
        unsafe { System.realloc(memory, layout, size) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// A room with its packets made beforehand, so that only the shard is left to allocate.
struct Room {
    shard: Shard,
    now: Instant,
    out: PacketOutbox,
    notices: Notices,
    packets: Vec<Vec<(Peer, Vec<u8>)>>,
    tick: u64,
    spare: Vec<Vec<i16>>,
}

impl Room {
    /// Receives, mixes and sends for one tick; passes recorded buffers back and forth.
    fn run(&mut self) {
        let packets = &self.packets[self.tick as usize];
        for (peer, packet) in packets {
            let (port, from) = (PortId(0), peer.address);
            self.shard
                .receive_rtp(self.now, port, from, packet, &mut self.notices);
        }
        let mut sent = 0;
        for phase in 0..4 {
            self.shard
                .tick(self.now, self.tick, phase, &mut self.out, &mut self.notices);
            sent += self.out.groups().map(|group| group.len()).sum::<usize>();
            self.out.clear();
            self.now += SLICE;
        }
        assert!(sent >= 9, "only {sent} packets in tick {}", self.tick);
        self.tick += 1;
        for notice in self.notices.drain() {
            if let plenum_media::MediaNotice::RecordingFilled { buffer, .. } = notice {
                self.spare.push(buffer);
            }
        }
    }
}

const WARM_UP: u64 = 200;
const TICKS: u64 = 1000;

fn packets(peers: &mut [Peer]) -> Vec<Vec<(Peer, Vec<u8>)>> {
    let mut packets = Vec::new();
    for tick in 0..WARM_UP + TICKS {
        let mut of_tick = Vec::new();
        for (number, peer) in (0_u64..).zip(peers.iter_mut()) {
            let level = if (tick / 50 + number) % 3 == 0 {
                12_000
            } else {
                0
            };
            let packet = peer.say(&[level; FRAME]);
            // One in 64 is lost, one in 32 comes twice, and some press keys.
            let key = TelephoneEvent {
                event: 1,
                end: true,
                volume: 10,
                duration: 800,
            };
            if tick % 100 == number * 7 {
                let key = peer.packet(EVENT, peer.timestamp, &key.to_bytes());
                of_tick.push((peer.clone(), key));
            }
            if (tick + number * 5) % 64 != 0 {
                of_tick.push((peer.clone(), packet.clone()));
            }
            if (tick + number * 5) % 32 == 1 {
                of_tick.push((peer.clone(), packet));
            }
        }
        packets.push(of_tick);
    }
    packets
}

/// Turns a talker up, a listener up, and both ways of a leg down.
fn set_volumes(world: &mut World) {
    for (leg, listening_db, talking_db) in [(7, 0, 6), (8, 12, 0), (9, -6, -3)] {
        world.command(MediaCommand::Volume {
            leg: LegId(leg),
            listening_db,
            talking_db,
        });
    }
}

fn room() -> Room {
    let mut world = World::with(plenum_media::ShardConfig::default());
    let mut peers = mixes(&mut world, 1, 0..10);
    // Every codec and packet time has a listener.
    for (leg, codec, millis) in [
        (1, Codec::Pcmu, 20),
        (2, Codec::Pcma, 30),
        (3, Codec::L16, 10),
    ] {
        let packet_time = Duration::from_millis(millis);
        let stream = StreamSetup {
            codec,
            packet_time,
            ..setup(leg as u16)
        };
        world.command(MediaCommand::UpdateLeg {
            leg: LegId(leg),
            stream: Box::new(stream),
        });
    }
    set_volumes(&mut world);
    let tone = Tone {
        frequencies_hz: [440, 0],
        level_dbov: -20,
        cadence: (Duration::from_millis(200), Duration::from_millis(300)),
        length: Some(Duration::from_secs(15)),
    };
    let beep = Source::Samples {
        samples: Arc::from([500; 999]),
        repeat: true,
    };
    for (playback, target, source) in [
        (1, Target::Mixer(MixerId(1)), Source::Tone(tone)),
        (2, Target::Leg(LegId(4)), beep),
        (
            3,
            Target::Leg(LegId(5)),
            Source::Silence(Duration::from_secs(9)),
        ),
    ] {
        let playback = PlaybackId(playback);
        world.command(MediaCommand::StartPlayback {
            playback,
            target,
            source,
        });
    }
    for (recording, target) in [(1, Target::Leg(LegId(6))), (2, Target::Mixer(MixerId(1)))] {
        world.command(MediaCommand::StartRecording {
            recording: RecordingId(recording),
            target,
            buffers: (0..20).map(|_| Vec::with_capacity(8000)).collect(),
        });
    }
    let mut peers: Vec<Peer> = std::mem::take(&mut peers).into_values().collect();
    Room {
        packets: packets(&mut peers),
        shard: world.shard,
        now: world.now,
        out: world.out,
        notices: world.notices,
        tick: 0,
        spare: Vec::with_capacity(64),
    }
}

#[test]
fn a_steady_room_allocates_and_frees_nothing() {
    let mut room = room();
    (0..WARM_UP).for_each(|_| room.run());
    let before = COUNT.with(Cell::get);
    (0..TICKS).for_each(|_| room.run());
    let after = COUNT.with(Cell::get);
    assert_eq!(after - before, 0, "allocations in {TICKS} ticks");
    let counters = room.shard.counters();
    assert!(counters.packets_sent > 10 * TICKS, "{counters:?}");
    assert!(counters.rtcp_sent > 10 && counters.playbacks == 1 && !room.spare.is_empty());
    assert!(before > 0, "the allocator counts");
}

/// The shard's part of the 4 KiB that a room may take beyond its callers; the switch has the rest
/// (`switch/tests/room_memory.rs`).
const ROOM_BYTES_MAX: isize = 1024;

const CALLERS: isize = 500;

/// The bytes that a shard gives back at its end: it takes `rooms` mixers for callers, and one more
/// with as many, so that what the shard has once for its largest room is always the same.
fn shard_bytes(rooms: usize) -> isize {
    let callers = CALLERS.cast_unsigned();
    let mut config = plenum_media::ShardConfig::default();
    config.limits.mixers_max = rooms + 1;
    config.limits.legs_per_port_max = 2 * callers;
    let mut world = World::with(config);
    let mut peers: Vec<Peer> = mixes(&mut world, 0, 0..callers as u64)
        .into_values()
        .collect();
    for room in 0..rooms {
        let legs = (callers + room..2 * callers).step_by(rooms);
        let legs = legs.map(|leg| leg as u64);
        peers.extend(mixes(&mut world, 1 + room as u64, legs).into_values());
    }
    for _ in 0..20 {
        for peer in &mut peers {
            let packet = peer.say(&[0; FRAME]);
            world.receive(peer.address, &packet);
        }
        world.tick();
    }
    let sent = world.shard.counters().packets_sent;
    assert!(sent >= 15 * peers.len() as u64, "all are in a room: {sent}");
    let World { shard, .. } = world;
    let before = HELD.with(Cell::get);
    drop(shard);
    before - HELD.with(Cell::get)
}

#[test]
fn a_room_costs_the_shard_little_beyond_its_callers() {
    let (one, all) = (shard_bytes(1), shard_bytes(CALLERS.cast_unsigned()));
    assert!(one > CALLERS * 1000, "the allocator counts: {one}");
    let room = (all - one) / (CALLERS - 1);
    println!("{room} bytes a room with one caller, beyond the caller");
    assert!((1..=ROOM_BYTES_MAX).contains(&room), "{room} bytes");
}
