//! Measures what a caller costs in a shard: receive, decode, mix, encode, packet.
//!
//! ```text
//! cargo run --release -p plenum-media --example tick [TICKS]
//! ```
//!
//! Prints nanoseconds per caller and tick for rooms of four in which all talk, and for one large
//! room with 16 talkers, each in µ-law and A-law. 2,000 ns are 0.01 % of a core.
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a tool that measures time"
)]

use std::net::SocketAddr;
use std::time::Duration;

use plenum_codecs::Codec;
use plenum_media::{
    FRAME, LegId, MediaCommand, MixerId, Notices, PHASES, PacketOutbox, Patch, PortId, SLICE,
    Shard, ShardConfig, StreamIdentity, StreamSetup,
};
use plenum_rtp::{PayloadType, RtpHeader, RtpTimestamp, SequenceNumber, Ssrc};
use plenum_time::Instant;

/// Port pairs that the legs share.
const PORTS: u32 = 32;

struct Load {
    name: &'static str,
    codec: Codec,
    rooms: u64,
    room_size: u64,
    talkers: u64,
}

fn main() {
    let ticks = std::env::args()
        .nth(1)
        .and_then(|ticks| ticks.parse().ok())
        .unwrap_or(500);
    for (codec, [four, large]) in [
        (
            Codec::Pcmu,
            ["rooms of four, u-law", "one room, u-law, 16 talk"],
        ),
        (
            Codec::Pcma,
            ["rooms of four, A-law", "one room, A-law, 16 talk"],
        ),
    ] {
        run(
            &Load {
                name: four,
                codec,
                rooms: 375,
                room_size: 4,
                talkers: 4,
            },
            ticks,
        );
        run(
            &Load {
                name: large,
                codec,
                rooms: 1,
                room_size: 1000,
                talkers: 16,
            },
            ticks,
        );
    }
}

fn run(load: &Load, ticks: u64) {
    let mut shard = build(load);
    let callers = load.rooms * load.room_size;
    let mut out = PacketOutbox::with_capacity(4096, 1 << 20);
    let mut notices = Notices::with_capacity(4096);
    let mut now = Instant::from_millis(1000);
    let (mut receiving, mut ticking) = (Duration::ZERO, Duration::ZERO);
    let mut sent = 0;
    for tick in 0..ticks {
        for phase in 0..PHASES {
            let packets: Vec<_> = (0..callers)
                .filter(|caller| caller % u64::from(PHASES) == u64::from(phase))
                .map(|caller| (caller, packet(load, caller, tick)))
                .collect();
            let start = std::time::Instant::now();
            for (caller, packet) in &packets {
                let port = PortId((caller % u64::from(PORTS)) as u32);
                shard.receive_rtp(now, port, address(*caller), packet, &mut notices);
            }
            receiving += start.elapsed();
            let start = std::time::Instant::now();
            shard.tick(now, tick, phase, &mut out, &mut notices);
            sent += out.groups().map(|group| group.len()).sum::<usize>();
            ticking += start.elapsed();
            out.clear();
            notices.clear();
            now += SLICE;
        }
    }
    let each = |time: Duration| time.as_nanos() / u128::from(callers * ticks);
    println!(
        "{:26} {callers:5} callers: {:5} ns per caller and tick ({} receiving, {} ticking), \
         {sent} packets sent",
        load.name,
        each(receiving + ticking),
        each(receiving),
        each(ticking),
    );
}

fn build(load: &Load) -> Shard {
    let mut shard = Shard::new(ShardConfig::default());
    let mut notices = Notices::with_capacity(64);
    let mut command = |command| shard.command(Instant::ZERO, command, &mut notices);
    (0..PORTS).for_each(|port| command(MediaCommand::AddPort { port: PortId(port) }));
    for room in 0..load.rooms {
        command(MediaCommand::AddMixer {
            mixer: MixerId(room),
        });
        for seat in 0..load.room_size {
            let caller = room * load.room_size + seat;
            let (leg, port) = (LegId(caller), PortId((caller % u64::from(PORTS)) as u32));
            let identity = StreamIdentity {
                ssrc: caller as u32,
                sequence: 0,
                timestamp: 0,
            };
            let stream = Some(Box::new(stream(load.codec, address(caller))));
            command(MediaCommand::AddLeg {
                leg,
                port,
                identity,
                stream,
            });
            command(MediaCommand::Connect {
                leg,
                to: Patch::Mixer(MixerId(room)),
            });
        }
    }
    shard
}

fn stream(codec: Codec, remote: SocketAddr) -> StreamSetup {
    let payload_type = codec.static_payload_type().unwrap_or(96);
    StreamSetup {
        remote: Some(remote),
        remote_rtcp: None,
        rtcp_mux: false,
        codec,
        send_payload_type: payload_type,
        receive: vec![(payload_type, codec)],
        send_event_type: Some(101),
        receive_event_type: Some(101),
        sends: true,
        receives: true,
        packet_time: Duration::from_millis(20),
    }
}

fn address(caller: u64) -> SocketAddr {
    SocketAddr::from(([127, 0, 0, 1], 10_000 + caller as u16))
}

fn packet(load: &Load, caller: u64, tick: u64) -> Vec<u8> {
    let talks = caller % load.room_size < load.talkers;
    let sample = |at: usize| {
        let phase = (tick as usize * FRAME + at) * (caller as usize % 7 + 3) % 80;
        if talks { (phase as i16 - 40) * 100 } else { 0 }
    };
    let samples: [i16; FRAME] = core::array::from_fn(sample);
    let mut packet = vec![0; RtpHeader::LEN + load.codec.frame_bytes(FRAME)];
    let header = RtpHeader {
        marker: tick == 0,
        payload_type: PayloadType::new(load.codec.static_payload_type().unwrap_or(96))
            .unwrap_or(PayloadType::PCMU),
        sequence: SequenceNumber(tick as u16),
        timestamp: RtpTimestamp(tick as u32 * FRAME as u32),
        ssrc: Ssrc(caller as u32),
    };
    let head = header.write(&mut packet);
    load.codec.encode(&samples, &mut packet[head..]);
    packet
}
