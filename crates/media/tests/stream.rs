//! What a leg sends and reports: packets, digits, reports, silence.
#![allow(clippy::unwrap_used, reason = "a test may panic")]

mod common;

use std::time::Duration;

use common::{AUDIO, EVENT, Peer, World, address, identity, mixes, setup};
use plenum_codecs::Codec;
use plenum_media::{
    FRAME, LegId, LegStats, MediaCommand, MediaNotice, Patch, ShardConfig, StreamSetup,
    TalkDetection,
};
use plenum_rtp::rtcp::{Compound, RtcpPacket, RtcpWriter, SenderInfo};
use plenum_rtp::telephone_event::{DigitReceiver, TelephoneEvent};
use plenum_rtp::{NtpTime, RtpTimestamp, Ssrc};
use proptest::prelude::*;

fn echo(world: &mut World, leg: u64, setup: StreamSetup) {
    world.add_leg(leg, setup);
    world.command(MediaCommand::Connect {
        leg: LegId(leg),
        to: Patch::Echo,
    });
}

fn digits(notices: &[MediaNotice]) -> String {
    let digit = |notice: &MediaNotice| match notice {
        MediaNotice::Digit { digit, .. } => Some(*digit),
        _ => None,
    };
    notices.iter().filter_map(digit).collect()
}

fn stats(world: &mut World, leg: u64) -> LegStats {
    world.command(MediaCommand::ReportStats { leg: LegId(leg) });
    match world.heard.pop() {
        Some(MediaNotice::Stats { stats, .. }) => *stats,
        other => panic!("stats expected, not {other:?}"),
    }
}

/// Follows the packets of a leg and holds them to the laws of a stream.
struct Follower {
    samples: u32,
    sequence: u16,
    paused: bool,
    timestamp: Option<u32>,
}

impl Follower {
    fn follow(&mut self, world: &mut World) {
        for sent in world.take_rtp(address(0)) {
            let packet = sent.rtp();
            assert_eq!(packet.header.sequence.0, self.sequence);
            assert_eq!(
                packet.header.marker, self.paused,
                "a marker at starts alone"
            );
            assert_eq!(packet.payload.len(), self.samples as usize * 2);
            let timestamp = packet.header.timestamp.0;
            if let Some(before) = self.timestamp.replace(timestamp) {
                let step = timestamp.wrapping_sub(before);
                assert!(step >= self.samples && step % 80 == 0, "a step of {step}");
            }
            self.sequence = self.sequence.wrapping_add(1);
            self.paused = false;
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    #[test]
    fn packets_count_on_and_timestamps_follow_the_clock(
        steps in 1_u32..=6,
        actions in proptest::collection::vec((0_u8..6, 1_u64..5), 1..20),
    ) {
        let mut world = World::new();
        let packet_time = Duration::from_millis(10) * steps;
        echo(&mut world, 0, StreamSetup { packet_time, ..setup(0) });
        let identity = identity(0);
        let mut follower = Follower {
            samples: 80 * steps,
            sequence: identity.sequence,
            paused: true,
            timestamp: None,
        };
        let mut ticks_run = 0;
        for (action, ticks) in actions {
            if action == 0 {
                world.command(MediaCommand::Connect { leg: LegId(0), to: Patch::Nothing });
                world.tick();
                world.command(MediaCommand::Connect { leg: LegId(0), to: Patch::Echo });
                follower.follow(&mut world);
                follower.paused = true;
                ticks_run += 1;
            }
            if action == 1 && ticks_run > 0 {
                world.stall(ticks);
                ticks_run += ticks;
            }
            (0..ticks).for_each(|_| world.tick());
            follower.follow(&mut world);
            ticks_run += ticks;
        }
        (0..6).for_each(|_| world.tick());
        follower.follow(&mut world);
        let last = follower.timestamp.unwrap().wrapping_sub(identity.timestamp);
        let elapsed = (ticks_run + 6) as u32 * FRAME as u32;
        let waiting_max = 2 * (80 * steps).max(FRAME as u32);
        prop_assert!(elapsed - last <= waiting_max, "{} of {}", last, elapsed);
    }
}

#[test]
fn a_digit_is_reported_once_and_its_tone_is_not_mixed() {
    let mut world = World::new();
    let mut peers = mixes(&mut world, 1, 0..2);
    let peer = peers.get_mut(&0).unwrap();
    let start = peer.timestamp;
    for tick in 0..20_u16 {
        // The phone sends the tone as audio as well; three ends, the middle one twice.
        let packet = peer.say(&[9000; FRAME]);
        world.receive(peer.address, &packet);
        if (3..13).contains(&tick) {
            let end = tick >= 10;
            let duration = (tick - 2).min(8) * 160;
            let event = TelephoneEvent {
                event: 5,
                end,
                volume: 10,
                duration,
            };
            let packet = peer.packet(EVENT, start.wrapping_add(480), &event.to_bytes());
            world.receive(peer.address, &packet);
            if tick == 11 {
                world.receive(peer.address, &packet);
            }
        }
        world.tick();
        let heard = world.take_rtp(address(1))[0].samples(Codec::L16);
        let silent = heard.iter().all(|sample| *sample == 0);
        assert_eq!(silent, (3..10).contains(&tick), "tick {tick}");
    }
    assert_eq!(digits(&world.heard), "5");
    let lasted = world.heard.iter().find_map(|notice| match notice {
        MediaNotice::Digit { duration, .. } => Some(*duration),
        _ => None,
    });
    assert_eq!(lasted, Some(Duration::from_millis(160)));
}

#[test]
fn a_digit_without_an_end_is_reported_after_a_pause() {
    let mut world = World::new();
    echo(&mut world, 0, setup(0));
    let mut peer = Peer::new(0);
    let event = TelephoneEvent {
        event: 11,
        end: false,
        volume: 10,
        duration: 320,
    };
    let packet = peer.packet(EVENT, 1000, &event.to_bytes());
    world.receive(peer.address, &packet);
    (0..9).for_each(|_| world.tick());
    assert_eq!(digits(&world.heard), "");
    (0..4).for_each(|_| world.tick());
    assert_eq!(digits(&world.heard), "#");
}

#[test]
fn digits_are_sent_as_events_and_audio_goes_on() {
    let mut world = World::new();
    echo(&mut world, 0, setup(0));
    world.tick();
    world.command(MediaCommand::SendDigits {
        leg: LegId(0),
        digits: "1*D".chars().collect(),
        tone: Duration::from_millis(100),
        gap: Duration::from_millis(80),
    });
    (0..40).for_each(|_| world.tick());
    let sent = world.take_rtp(address(0));
    let mut receiver = DigitReceiver::new(Duration::from_secs(1));
    let mut heard = String::new();
    let (mut sequence, mut audio_at) = (None, 0);
    for packet in &sent {
        let packet = packet.rtp();
        let header = packet.header;
        let next = sequence.replace(header.sequence.0);
        assert!(next.is_none_or(|next: u16| next.wrapping_add(1) == header.sequence.0));
        if header.payload_type.value() == EVENT {
            let event = TelephoneEvent::parse(packet.payload).unwrap();
            let received = receiver.receive(world.now, header.timestamp, &event);
            heard.extend(received.map(|received| received.digit.to_char()));
        } else {
            audio_at = header.timestamp.0;
        }
    }
    assert_eq!(heard, "1*D");
    let events = sent
        .iter()
        .filter(|sent| sent.rtp().header.payload_type.value() == EVENT);
    assert_eq!(events.count(), 3 * 7, "five packets and two more ends each");
    let first = identity(0).timestamp;
    assert_eq!(
        audio_at.wrapping_sub(first),
        40 * FRAME as u32,
        "no time was lost"
    );

    world.command(MediaCommand::SendDigits {
        leg: LegId(0),
        digits: vec!['x'],
        tone: Duration::from_millis(100),
        gap: Duration::ZERO,
    });
    assert!(matches!(
        world.heard.last(),
        Some(MediaNotice::Refused { .. })
    ));
}

#[test]
fn hold_stops_packets_but_not_time() {
    let mut world = World::new();
    echo(&mut world, 0, setup(0));
    (0..5).for_each(|_| world.tick());
    let before = world.take_rtp(address(0)).last().unwrap().rtp().header;
    let hold = StreamSetup {
        sends: false,
        ..setup(0)
    };
    world.command(MediaCommand::UpdateLeg {
        leg: LegId(0),
        stream: Box::new(hold),
    });
    (0..50).for_each(|_| world.tick());
    assert!(world.take_rtp(address(0)).is_empty());
    world.command(MediaCommand::UpdateLeg {
        leg: LegId(0),
        stream: Box::new(setup(0)),
    });
    world.tick();
    let after = world.take_rtp(address(0))[0].rtp().header;
    assert!(after.marker);
    assert_eq!(after.sequence, before.sequence.next());
    assert_eq!(
        after.timestamp.distance(before.timestamp),
        51 * FRAME as i32
    );
}

#[test]
fn a_peer_on_hold_is_not_heard() {
    let mut world = World::new();
    let mut peers = mixes(&mut world, 1, 0..2);
    let hold = StreamSetup {
        receives: false,
        ..setup(0)
    };
    world.command(MediaCommand::UpdateLeg {
        leg: LegId(0),
        stream: Box::new(hold),
    });
    let peer = peers.get_mut(&0).unwrap();
    for _ in 0..5 {
        let packet = peer.say(&[9000; FRAME]);
        world.receive(peer.address, &packet);
        world.tick();
    }
    let heard = world.take_rtp(address(1));
    assert!(
        heard
            .iter()
            .all(|sent| sent.samples(Codec::L16) == [0; FRAME])
    );
}

#[test]
fn silence_is_told_once_and_so_is_its_end() {
    let config = ShardConfig {
        stream_timeout: Duration::from_secs(2),
        ..ShardConfig::default()
    };
    let mut world = World::with(config);
    echo(&mut world, 0, setup(0));
    let mut peer = Peer::new(0);
    let packet = peer.say(&[0; FRAME]);
    world.receive(peer.address, &packet);
    (0..500).for_each(|_| world.tick());
    let packet = peer.say(&[0; FRAME]);
    world.receive(peer.address, &packet);
    let stories: Vec<&str> = world
        .heard
        .iter()
        .map(|notice| match notice {
            MediaNotice::StreamStarted { .. } => "started",
            MediaNotice::StreamSilent { silence, .. } => {
                assert_eq!(silence.as_millis() / 20, 100);
                "silent"
            }
            other => panic!("{other:?}"),
        })
        .collect();
    assert_eq!(stories, ["started", "silent", "started"]);
}

#[test]
fn talking_begins_with_a_word_and_ends_after_a_pause() {
    let mut world = World::with(ShardConfig {
        talk: None,
        ..ShardConfig::default()
    });
    let mut peers = mixes(&mut world, 1, 0..1);
    let rules = TalkDetection {
        threshold: 160,
        silence: Duration::from_millis(400),
    };
    world.command(MediaCommand::DetectTalk {
        leg: LegId(0),
        detection: Some(rules),
    });
    let peer = peers.get_mut(&0).unwrap();
    let mut changes = Vec::new();
    for tick in 0..100 {
        let level = if (20..30).contains(&tick) || tick == 35 {
            200
        } else {
            100
        };
        let packet = peer.say(&[level; FRAME]);
        world.receive(peer.address, &packet);
        world.tick();
        for notice in world.take_notices() {
            if let MediaNotice::Talking { talking, .. } = notice {
                changes.push((tick, talking));
            }
        }
    }
    assert_eq!(changes, [(20, true), (55, false)]);
}

#[test]
fn a_stream_that_starts_over_is_heard_at_once() {
    let mut world = World::new();
    echo(&mut world, 0, setup(0));
    let mut peer = Peer::new(0);
    let heard_of = |world: &mut World, peer: &mut Peer, level: i16, ticks: usize| {
        for _ in 0..ticks {
            let packet = peer.say(&[level; FRAME]);
            world.receive(peer.address, &packet);
            world.tick();
        }
        world
            .take_rtp(address(0))
            .last()
            .unwrap()
            .samples(Codec::L16)
    };
    assert_eq!(heard_of(&mut world, &mut peer, 1000, 50), vec![1000; FRAME]);
    let mut other = Peer {
        ssrc: 5,
        sequence: 40_000,
        timestamp: 7,
        ..peer.clone()
    };
    assert_eq!(heard_of(&mut world, &mut other, 2000, 2), vec![2000; FRAME]);
    // The same source with numbers out of all order: believed at the second packet.
    other.sequence = 3;
    other.timestamp = 3_000_000_000;
    assert_eq!(heard_of(&mut world, &mut other, 3000, 4), vec![3000; FRAME]);
    let stats = stats(&mut world, 0);
    assert_eq!(stats.packets_lost, 0);
    assert_eq!(stats.packets_received, 55);
}

#[test]
fn loss_and_duplicates_are_counted() {
    let mut world = World::new();
    echo(&mut world, 0, setup(0));
    let mut peer = Peer::new(0);
    let mut kept = None;
    for number in 0..100 {
        let packet = peer.say(&[1000; FRAME]);
        match number {
            10 | 20 | 21 => {}
            30 => kept = Some(packet),
            31 => {
                world.receive(peer.address, &packet);
                world.receive(peer.address, &kept.take().unwrap());
            }
            40 => {
                world.receive(peer.address, &packet);
                world.receive(peer.address, &packet);
            }
            _ => world.receive(peer.address, &packet),
        }
        world.tick();
    }
    let bad = peer.packet(77, 0, &[0; 10]);
    world.receive(peer.address, &bad);
    let stats = stats(&mut world, 0);
    assert_eq!(stats.packets_received, 98);
    assert_eq!(stats.packets_duplicate, 1);
    assert_eq!(stats.packets_reordered, 1);
    assert_eq!(stats.packets_invalid, 1);
    assert!(stats.frames_concealed >= 6);
    assert_eq!(stats.remote, Some(address(0)));
    assert!(
        stats.playout_delay <= Duration::from_millis(60),
        "{:?}",
        stats.playout_delay
    );
}

#[test]
fn reports_go_out_every_few_seconds_and_the_last_says_goodbye() {
    let mut world = World::new();
    echo(&mut world, 0, setup(0));
    let mut peer = Peer::new(0);
    for _ in 0..1500 {
        let packet = peer.say(&[1000; FRAME]);
        world.receive(peer.address, &packet);
        world.tick();
    }
    world.take_rtp(address(0));
    let rtcp = std::mem::take(&mut world.sent);
    assert!(
        (4..=12).contains(&rtcp.len()),
        "{} reports in 30 s",
        rtcp.len()
    );
    let port = address(0).port() + 1;
    assert!(rtcp.iter().all(|sent| sent.rtcp && sent.to.port() == port));
    let Some(Ok(RtcpPacket::SenderReport(report))) = Compound::new(&rtcp[0].bytes).next() else {
        panic!("a sender report comes first");
    };
    assert_eq!(report.ssrc, Ssrc(identity(0).ssrc));
    assert!(report.info.packets > 0);

    world.command(MediaCommand::RemoveLeg { leg: LegId(0) });
    assert!(matches!(
        world.heard.last(),
        Some(MediaNotice::LegRemoved { .. })
    ));
    world.tick();
    assert_eq!(world.sent.len(), 1);
    let last = Compound::new(&world.sent[0].bytes).last();
    assert!(matches!(last, Some(Ok(RtcpPacket::Goodbye(_)))));
}

#[test]
fn a_peers_report_tells_round_trip_and_loss() {
    let config = ShardConfig {
        wall_at_zero: Duration::from_secs(1_700_000_000),
        ..ShardConfig::default()
    };
    let mut world = World::with(config);
    echo(&mut world, 0, setup(0));
    let mut peer = Peer::new(0);
    while world.sent.iter().all(|sent| !sent.rtcp) {
        let packet = peer.say(&[1000; FRAME]);
        world.receive(peer.address, &packet);
        world.run_slice();
    }
    let report = world.sent.iter().find(|sent| sent.rtcp).unwrap().clone();
    let Some(Ok(RtcpPacket::SenderReport(sent))) = Compound::new(&report.bytes).next() else {
        panic!("a sender report comes first");
    };
    // The peer answers 30 ms later and took 10 ms of them itself.
    let block = plenum_rtp::rtcp::ReportBlock {
        ssrc: Ssrc(identity(0).ssrc),
        fraction_lost: 26,
        cumulative_lost: 3,
        highest_sequence: 0,
        jitter: 80,
        last_sr: sent.info.ntp.middle(),
        delay_since_last_sr: 655,
    };
    let mut bytes = [0; 200];
    let mut writer = RtcpWriter::new(&mut bytes);
    let info = SenderInfo {
        ntp: NtpTime(1 << 40),
        timestamp: RtpTimestamp(1),
        packets: 1,
        octets: 1,
    };
    writer
        .sender_report(Ssrc(peer.ssrc), &info, &[block])
        .unwrap();
    let answer = writer.finish().to_vec();
    while world.now.since(report.at) < Duration::from_millis(30) {
        world.run_slice();
    }
    let mut from = address(0);
    from.set_port(from.port() + 1);
    world.receive_rtcp(from, &answer);
    let stats = stats(&mut world, 0);
    assert_eq!(stats.remote_fraction_lost, 26);
    assert_eq!(stats.remote_jitter, Duration::from_millis(10));
    let round_trip = stats.round_trip.as_micros();
    assert!((19_900..=20_100).contains(&round_trip), "{round_trip} us");
    assert_eq!(world.shard.counters().rtcp_unmatched, 0);
}

#[test]
fn rtcp_on_the_rtp_port_stays_there() {
    let mut world = World::new();
    let stream = StreamSetup {
        rtcp_mux: true,
        ..setup(0)
    };
    echo(&mut world, 0, stream);
    let mut peer = Peer::new(0);
    for _ in 0..500 {
        let packet = peer.say(&[1000; FRAME]);
        world.receive(peer.address, &packet);
        world.tick();
    }
    let reports: Vec<_> = world
        .sent
        .iter()
        .filter(|sent| plenum_rtp::looks_like_rtcp(&sent.bytes))
        .collect();
    assert!(!reports.is_empty());
    assert!(
        reports
            .iter()
            .all(|sent| !sent.rtcp && sent.to == address(0))
    );
    let again = reports[0].bytes.clone();
    world.receive(address(0), &again);
    assert_eq!(world.shard.counters().rtcp_received, 1);
    assert_eq!(world.shard.counters().rtcp_unmatched, 0);
}

#[test]
fn every_codec_and_packet_length_echoes() {
    for (payload_type, codec) in [(0, Codec::Pcmu), (8, Codec::Pcma), (AUDIO, Codec::L16)] {
        for steps in 1..=6_u16 {
            let mut world = World::new();
            let stream = StreamSetup {
                codec,
                send_payload_type: payload_type,
                receive: vec![(AUDIO, codec)],
                packet_time: Duration::from_millis(10) * u32::from(steps),
                ..setup(0)
            };
            echo(&mut world, 0, stream);
            let mut peer = Peer {
                codec,
                ..Peer::new(0)
            };
            let samples = usize::from(steps) * 80;
            for millis in 0..100_u16 {
                if millis % steps == 0 {
                    let packet = peer.say(&vec![8031; samples]);
                    world.receive(peer.address, &packet);
                }
                if millis % 2 == 1 {
                    world.tick();
                }
            }
            let sent = world.take_rtp(address(0));
            let last = sent.last().unwrap();
            assert_eq!(last.rtp().header.payload_type.value(), payload_type);
            let heard = last.samples(codec);
            assert_eq!(heard.len(), samples);
            assert!(
                heard.iter().all(|sample| sample.abs_diff(8031) < 300),
                "{codec:?} {steps}"
            );
        }
    }
}
