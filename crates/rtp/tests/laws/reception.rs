use std::time::Duration;

use plenum_rtp::rtcp::ReportBlock;
use plenum_rtp::{ExtendedSequence, NtpTime, ReceptionStats, RtpTimestamp, SequenceNumber, Ssrc};
use plenum_time::Instant;
use proptest::prelude::*;

const SOURCE: Ssrc = Ssrc(0xFEED);
const FRAME: u32 = 160;

fn announced() -> ReceptionStats {
    ReceptionStats::new(ExtendedSequence::announced())
}

/// Receives the packets of a steady stream that `kept` names.
fn hear(stats: &mut ReceptionStats, kept: impl IntoIterator<Item = u16>) {
    for number in kept {
        let at = RtpTimestamp(u32::from(number) * FRAME);
        stats.receive(SequenceNumber(number), at, at);
    }
}

proptest! {
    /// RFC 3550 A.8.
    #[test]
    fn jitter_follows_the_formula(
        start in any::<u32>(),
        delays in prop::collection::vec(0_u32..20_000, 1..300),
    ) {
        let mut stats = announced();
        let mut model = 0.0_f64;
        for (number, &delay) in delays.iter().enumerate() {
            let sent = RtpTimestamp(start).plus(number as u32 * FRAME);
            stats.receive(SequenceNumber(number as u16), sent, sent.plus(delay));
            if let Some(before) = number.checked_sub(1) {
                let change = (f64::from(delay) - f64::from(delays[before])).abs();
                model += (change - model) / 16.0;
            }
            let error = (f64::from(stats.jitter()) - model).abs();
            prop_assert!(error <= 1.5, "{} is not {}", stats.jitter(), model);
        }
    }

    /// RFC 3550 A.3.
    #[test]
    fn reports_count_what_was_lost(
        before in prop::collection::btree_set(1_u16..500, 0..400),
        since in prop::collection::btree_set(500_u16..999, 0..400),
    ) {
        let mut stats = announced();
        hear(&mut stats, [0].into_iter().chain(before.iter().copied()).chain([500]));
        stats.report(SOURCE, Instant::ZERO);
        let since: Vec<u16> = since.into_iter().filter(|&number| number > 500).collect();
        hear(&mut stats, since.iter().copied().chain([999]));
        let block = stats.report(SOURCE, Instant::ZERO);

        let heard = since.len() as u64 + 1;
        let lost_lately = 499 - heard;
        prop_assert_eq!(u64::from(block.fraction_lost), lost_lately * 256 / 499);
        prop_assert_eq!(i64::from(block.cumulative_lost), stats.lost());
        prop_assert_eq!(stats.expected(), 1000);
        let distinct = before.len() + 2 + heard as usize;
        prop_assert_eq!(stats.received(), distinct as u64);
        prop_assert_eq!((stats.duplicates(), stats.reordered()), (0, 0));
    }

    #[test]
    fn no_packets_panic(
        packets in prop::collection::vec(any::<(u16, u32, u32, u64)>(), 0..200),
    ) {
        let mut stats = ReceptionStats::default();
        for (sequence, timestamp, arrival, clock) in packets {
            stats.receive(SequenceNumber(sequence), RtpTimestamp(timestamp), RtpTimestamp(arrival));
            stats.receive_sender_report(NtpTime(clock), Instant::from_nanos(clock));
            let block = stats.report(SOURCE, Instant::from_nanos(clock.rotate_left(7)));
            let round_trip = block.round_trip(NtpTime(clock.rotate_left(13)));
            prop_assert!(round_trip.is_none_or(|span| span < Duration::from_secs(1 << 15)));
        }
    }

    #[test]
    fn the_round_trip_is_what_is_left_of_the_time(
        sent_ms in 0_u64..4_000_000_000_000,
        there_ms in 0_u64..10_000,
        held_ms in 0_u64..60_000,
        back_ms in 0_u64..10_000,
    ) {
        let wall = |ms| NtpTime::from_unix(Duration::from_millis(ms));
        let mut stats = announced();
        stats.receive_sender_report(wall(sent_ms), Instant::ZERO);
        let block = stats.report(SOURCE, Instant::from_millis(held_ms));
        prop_assume!(block.last_sr != 0);
        let arrived = sent_ms + there_ms + held_ms + back_ms;
        let found = block.round_trip(wall(arrived)).expect("possible numbers");
        let error = found.abs_diff(Duration::from_millis(there_ms + back_ms));
        prop_assert!(error < Duration::from_micros(50), "off by {:?}", error);
    }
}

/// RFC 3550 6.4.1.
#[test]
fn the_round_trip_of_the_standards_example() {
    let block = ReportBlock {
        ssrc: SOURCE,
        fraction_lost: 0,
        cumulative_lost: 0,
        highest_sequence: 0,
        jitter: 0,
        last_sr: 0xB705_2000,
        delay_since_last_sr: 0x0005_4000,
    };
    let now = NtpTime(0xB710_8000 << 16);
    assert_eq!(block.round_trip(now), Some(Duration::from_millis(6125)));
    // Without a sender report, and with a clock that went backwards.
    assert_eq!(
        ReportBlock {
            last_sr: 0,
            ..block
        }
        .round_trip(now),
        None
    );
    assert_eq!(block.round_trip(NtpTime(0xB705_0000 << 16)), None);
}

#[test]
fn duplicates_and_stragglers_are_counted_apart() {
    let mut stats = announced();
    hear(&mut stats, [1, 2, 4, 3, 4, 3, 1]);
    assert_eq!(
        (stats.received(), stats.expected(), stats.lost()),
        (7, 4, -3)
    );
    assert_eq!((stats.duplicates(), stats.reordered()), (3, 1));
    let block = stats.report(SOURCE, Instant::ZERO);
    assert_eq!((block.fraction_lost, block.cumulative_lost), (0, -3));
}

#[test]
fn a_source_that_falls_silent_loses_nothing() {
    let mut stats = announced();
    hear(&mut stats, [1, 2, 3]);
    stats.report(SOURCE, Instant::ZERO);
    assert_eq!(stats.report(SOURCE, Instant::ZERO).fraction_lost, 0);
}

#[test]
fn a_restarted_sender_keeps_the_totals() {
    let mut stats = announced();
    hear(&mut stats, [1, 2, 4]);
    // The first packet after the restart is a stray until the second proves it.
    hear(&mut stats, [20_000, 20_001, 20_002]);
    assert_eq!(
        (stats.expected(), stats.received(), stats.lost()),
        (6, 5, 1)
    );
    assert_eq!(stats.highest_sequence(), 20_002);
}

#[test]
fn the_new_timestamps_of_a_restarted_sender_are_no_jitter() {
    let mut stats = announced();
    hear(&mut stats, [1, 2, 4]);
    for number in 20_000..20_003 {
        let arrival = RtpTimestamp(u32::from(number) * FRAME);
        stats.receive(SequenceNumber(number), arrival.plus(0x1234_5678), arrival);
    }
    assert_eq!((stats.received(), stats.jitter()), (5, 0));
}

#[test]
fn packets_of_one_event_add_no_jitter() {
    let mut stats = announced();
    let start = RtpTimestamp(0);
    stats.receive(SequenceNumber(0), start, start);
    for number in 1..20 {
        stats.receive_untimed(SequenceNumber(number));
    }
    stats.receive(
        SequenceNumber(20),
        start.plus(20 * FRAME),
        start.plus(20 * FRAME),
    );
    assert_eq!((stats.jitter(), stats.received()), (0, 21));
}

/// RFC 3550 6.4.1.
#[test]
fn a_report_tells_how_long_ago_the_sender_report_came() {
    let mut stats = announced();
    let sent = NtpTime(0x1234_5678_9ABC_DEF0);
    stats.receive_sender_report(sent, Instant::from_millis(1000));
    let block = stats.report(SOURCE, Instant::from_millis(2500));
    assert_eq!(
        (block.last_sr, block.delay_since_last_sr),
        (0x5678_9ABC, 0x1_8000)
    );
}
