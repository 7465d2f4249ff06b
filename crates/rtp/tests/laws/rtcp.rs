use std::time::Duration;

use plenum_rtp::rtcp::{
    BufferFull, Compound, ReportBlock, ReportInterval, RtcpPacket, RtcpWriter, SenderInfo,
    average_size,
};
use plenum_rtp::{NtpTime, RtpError, RtpTimestamp, Ssrc, looks_like_rtcp};
use proptest::prelude::*;

prop_compose! {
    fn any_block()(
        ssrc in any::<u32>(),
        fraction_lost in any::<u8>(),
        cumulative_lost in -0x80_0000..=0x7F_FFFF,
        highest_sequence in any::<u32>(),
        jitter in any::<u32>(),
        last_sr in any::<u32>(),
        delay_since_last_sr in any::<u32>(),
    ) -> ReportBlock {
        ReportBlock {
            ssrc: Ssrc(ssrc),
            fraction_lost,
            cumulative_lost,
            highest_sequence,
            jitter,
            last_sr,
            delay_since_last_sr,
        }
    }
}

prop_compose! {
    fn any_info()(ntp: u64, timestamp: u32, packets: u32, octets: u32) -> SenderInfo {
        SenderInfo { ntp: NtpTime(ntp), timestamp: RtpTimestamp(timestamp), packets, octets }
    }
}

fn packets(bytes: &[u8]) -> Vec<RtcpPacket<'_>> {
    Compound::new(bytes)
        .map(|packet| packet.expect("a packet"))
        .collect()
}

/// Reads every field of every packet.
fn walk(bytes: &[u8]) -> usize {
    Compound::new(bytes)
        .map(|packet| match packet {
            Ok(RtcpPacket::SenderReport(report)) => report.blocks.iter().count(),
            Ok(RtcpPacket::ReceiverReport(report)) => report.blocks.iter().count(),
            Ok(RtcpPacket::SourceDescription(sdes)) => {
                sdes.chunks().map(|chunk| chunk.items().count()).sum()
            }
            Ok(RtcpPacket::Goodbye(bye)) => bye.sources().count(),
            Ok(_) | Err(_) => 1,
        })
        .sum()
}

proptest! {
    /// RFC 3550 6.1, 6.4.1, 6.4.2, 6.5 and 6.6.
    #[test]
    fn a_written_compound_is_parsed(
        ssrc in any::<u32>().prop_map(Ssrc),
        info in any_info(),
        sent in prop::collection::vec(any_block(), 0..=31),
        received in prop::collection::vec(any_block(), 0..=31),
        cname in "[ -~]{0,255}",
        leaving in prop::collection::vec(any::<u32>().prop_map(Ssrc), 0..=31),
        reason in prop::option::of("[ -~]{0,255}"),
    ) {
        let mut buffer = vec![0xFF; 4096];
        let mut writer = RtcpWriter::new(&mut buffer);
        writer.sender_report(ssrc, &info, &sent).unwrap();
        writer.receiver_report(ssrc, &received).unwrap();
        writer.cname(ssrc, &cname).unwrap();
        writer.bye(&leaving, reason.as_deref()).unwrap();
        let bytes = writer.finish();
        prop_assert!(looks_like_rtcp(bytes));

        let packets = packets(bytes);
        let [
            RtcpPacket::SenderReport(sr),
            RtcpPacket::ReceiverReport(rr),
            RtcpPacket::SourceDescription(sdes),
            RtcpPacket::Goodbye(bye),
        ] = packets[..] else {
            return Err(TestCaseError::fail(format!("other packets: {packets:?}")));
        };
        prop_assert_eq!((sr.ssrc, sr.info, rr.ssrc), (ssrc, info, ssrc));
        prop_assert_eq!(sr.blocks.iter().collect::<Vec<_>>(), sent);
        prop_assert_eq!(rr.blocks.iter().collect::<Vec<_>>(), received);
        let chunks: Vec<_> = sdes.chunks().map(|chunk| (chunk.ssrc, chunk.cname())).collect();
        prop_assert_eq!(chunks, [(ssrc, Some(cname.as_bytes()))]);
        prop_assert_eq!(bye.sources().collect::<Vec<_>>(), leaving);
        prop_assert_eq!(bye.reason, reason.as_deref().map(str::as_bytes));
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        walk(&bytes);
    }

    #[test]
    fn no_body_panics(
        first in 0x80_u8..0xC0,
        packet_type in 198_u8..208,
        body in prop::collection::vec(prop_oneof![0_u8..8, any::<u8>()], 0..200),
    ) {
        let words = (body.len() / 4) as u8;
        let mut bytes = vec![first, packet_type, 0, words];
        bytes.extend(body);
        walk(&bytes);
    }

    #[test]
    fn what_does_not_fit_is_not_begun(room in 0_usize..28, cname in "[a-z]{20,30}") {
        let mut buffer = vec![0xEE; room];
        let mut writer = RtcpWriter::new(&mut buffer);
        let need = (4 + 4 + 2 + cname.len() + 1).next_multiple_of(4);
        prop_assert_eq!(writer.cname(Ssrc(1), &cname), Err(BufferFull { need, have: room }));
        prop_assert!(writer.is_empty());
        prop_assert!(buffer.iter().all(|&byte| byte == 0xEE));
    }

    /// RFC 3550 6.3.1.
    #[test]
    fn the_interval_follows_the_formula(
        members in 1_u32..100_000,
        senders in 0_u32..100_000,
        bandwidth in 1_u32..10_000_000,
        we_sent in any::<bool>(),
        average_size in 1_u32..2000,
        initial in any::<bool>(),
        random in any::<u32>(),
    ) {
        let senders = senders.min(members);
        let interval =
            ReportInterval { members, senders, bandwidth, we_sent, average_size, initial };
        let model = interval_model(&interval);
        let found = interval.deterministic().as_secs_f64();
        prop_assert!((found - model).abs() <= model * 1e-6, "{} is not {}", found, model);
        let factor = 0.5 + f64::from(random) / 4_294_967_296.0;
        let randomised = interval.randomised(random).as_secs_f64();
        let model = (model * factor / 1.21828).min(3600.0);
        prop_assert!((randomised - model).abs() <= model * 1e-6 + 1e-9);
    }
}

/// RFC 3550 6.3.1 in floating point.
fn interval_model(interval: &ReportInterval) -> f64 {
    let (members, senders) = (f64::from(interval.members), f64::from(interval.senders));
    let per_packet = f64::from(interval.average_size) / f64::from(interval.bandwidth);
    let shared = if senders > members * 0.25 {
        per_packet * members
    } else if interval.we_sent {
        per_packet / 0.25 * senders
    } else {
        per_packet / 0.75 * (members - senders)
    };
    shared
        .max(if interval.initial { 2.5 } else { 5.0 })
        .min(3600.0)
}

/// RFC 3550 6.2.
#[test]
fn a_call_of_two_reports_every_five_seconds() {
    let call = ReportInterval {
        members: 2,
        senders: 2,
        bandwidth: 4000,
        we_sent: true,
        average_size: 120,
        initial: false,
    };
    assert_eq!(call.deterministic(), Duration::from_secs(5));
    assert_eq!(
        ReportInterval {
            initial: true,
            ..call
        }
        .deterministic(),
        Duration::from_millis(2500),
    );
    assert_eq!(call.randomised(0).as_millis(), 2052);
    assert_eq!(call.randomised(u32::MAX).as_millis(), 6156);
}

#[test]
fn absurd_sessions_still_have_an_interval() {
    let absurd = ReportInterval {
        members: u32::MAX,
        senders: 0,
        bandwidth: 0,
        we_sent: false,
        average_size: u32::MAX,
        initial: false,
    };
    assert_eq!(absurd.deterministic(), Duration::from_secs(3600));
    let nobody = ReportInterval {
        members: 0,
        senders: u32::MAX,
        ..absurd
    };
    assert_eq!(nobody.deterministic(), Duration::from_secs(5));
}

/// RFC 3550 6.3.3.
#[test]
fn the_average_size_moves_by_a_sixteenth() {
    assert_eq!(average_size(160, 320), 170);
    assert_eq!(average_size(u32::MAX, u32::MAX), u32::MAX);
}

#[test]
fn a_wrong_length_ends_the_compound() {
    // An empty RR, then a packet that claims one word more than there is.
    let bytes = [0x80, 201, 0, 1, 0, 0, 0, 7, 0x81, 203, 0, 2, 0, 0, 0, 7];
    let found: Vec<_> = Compound::new(&bytes).collect();
    assert!(matches!(found[0], Ok(RtcpPacket::ReceiverReport(_))));
    assert_eq!(found[1..], [Err(RtpError::Truncated { need: 8, have: 4 })]);
}

#[test]
fn counts_beyond_the_body_are_refused() {
    for packet_type in 200..=203 {
        let mut bytes = vec![0x9F, packet_type, 0, 6];
        bytes.extend([0; 24]);
        let found: Vec<_> = Compound::new(&bytes).collect();
        assert_eq!(found, [Err(RtpError::RtcpCount { packet_type })]);
    }
}

#[test]
fn unread_types_and_padding_are_passed_over() {
    // Picture loss indication (RFC 4585), then a padded BYE.
    let bytes = [
        0x81, 206, 0, 2, 0, 0, 0, 1, 0, 0, 0, 2, 0xA1, 203, 0, 2, 0, 0, 0, 9, 0, 0, 0, 4,
    ];
    let packets = packets(&bytes);
    assert_eq!(
        packets[0],
        RtcpPacket::Other {
            packet_type: 206,
            count: 1,
            body: &bytes[4..12]
        },
    );
    let RtcpPacket::Goodbye(bye) = packets[1] else {
        panic!("not a BYE: {:?}", packets[1])
    };
    assert_eq!(bye.sources().collect::<Vec<_>>(), [Ssrc(9)]);
    assert_eq!(bye.reason, None);
}

/// RFC 3550 6.7.
#[test]
fn an_application_packet_keeps_its_name_and_data() {
    let bytes = [
        0x85, 204, 0, 3, 0, 0, 0, 1, b'P', b'L', b'N', b'M', 1, 2, 3, 4,
    ];
    let [RtcpPacket::ApplicationDefined(app)] = packets(&bytes)[..] else {
        panic!("not one APP");
    };
    assert_eq!(
        (app.subtype, app.ssrc, &app.name, app.data),
        (5, Ssrc(1), b"PLNM", &[1, 2, 3, 4][..])
    );
}

#[test]
fn long_texts_are_cut_between_characters() {
    let mut buffer = [0; 512];
    let mut writer = RtcpWriter::new(&mut buffer);
    writer.cname(Ssrc(1), &"ä".repeat(200)).unwrap();
    let [RtcpPacket::SourceDescription(sdes)] = packets(writer.finish())[..] else {
        panic!("not one SDES");
    };
    let cname = sdes
        .chunks()
        .next()
        .and_then(|chunk| chunk.cname())
        .unwrap();
    assert_eq!(cname, "ä".repeat(127).as_bytes());
}

#[test]
fn a_chunk_that_fills_its_words_still_has_its_end() {
    // Items of four bytes need a whole word of zeros behind them; the next chunk follows that.
    let bytes = [
        0x82, 202, 0, 6, 0, 0, 0, 1, 1, 2, b'a', b'b', 0, 0, 0, 0, 0, 0, 0, 2, 1, 3, b'c', b'd',
        b'e', 0, 0, 0,
    ];
    let [RtcpPacket::SourceDescription(sdes)] = packets(&bytes)[..] else {
        panic!("not one SDES");
    };
    let names: Vec<_> = sdes
        .chunks()
        .map(|chunk| (chunk.ssrc, chunk.cname()))
        .collect();
    assert_eq!(
        names,
        [(Ssrc(1), Some(&b"ab"[..])), (Ssrc(2), Some(&b"cde"[..]))]
    );
}
