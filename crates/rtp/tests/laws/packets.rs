use plenum_rtp::{
    PayloadType, RtpError, RtpHeader, RtpPacket, RtpTimestamp, SequenceNumber, Ssrc,
    looks_like_rtcp,
};
use proptest::prelude::*;

prop_compose! {
    fn any_header()(
        marker in any::<bool>(),
        payload_type in 0_u8..128,
        sequence in any::<u16>(),
        timestamp in any::<u32>(),
        ssrc in any::<u32>(),
    ) -> RtpHeader {
        RtpHeader {
            marker,
            payload_type: PayloadType::new(payload_type).expect("seven bits"),
            sequence: SequenceNumber(sequence),
            timestamp: RtpTimestamp(timestamp),
            ssrc: Ssrc(ssrc),
        }
    }
}

/// The parts of a datagram that only a peer writes.
#[derive(Clone, Debug)]
struct Extras {
    csrcs: Vec<u32>,
    extension: Option<(u16, Vec<[u8; 4]>)>,
    padding: u8,
}

prop_compose! {
    fn any_extras()(
        csrcs in prop::collection::vec(any::<u32>(), 0..16),
        extension in prop::option::of(
            (any::<u16>(), prop::collection::vec(any::<[u8; 4]>(), 0..9))
        ),
        padding in any::<u8>(),
    ) -> Extras {
        Extras { csrcs, extension, padding }
    }
}

fn datagram(header: &RtpHeader, extras: &Extras, payload: &[u8]) -> Vec<u8> {
    let mut bytes = vec![0; RtpHeader::LEN];
    header.write(&mut bytes);
    bytes[0] |= extras.csrcs.len() as u8;
    bytes.extend(extras.csrcs.iter().flat_map(|csrc| csrc.to_be_bytes()));
    if let Some((profile, words)) = &extras.extension {
        bytes[0] |= 0x10;
        bytes.extend(profile.to_be_bytes());
        bytes.extend((words.len() as u16).to_be_bytes());
        bytes.extend(words.iter().flatten());
    }
    bytes.extend(payload);
    if extras.padding > 0 {
        bytes[0] |= 0x20;
        bytes.extend(std::iter::repeat_n(0, usize::from(extras.padding) - 1));
        bytes.push(extras.padding);
    }
    bytes
}

proptest! {
    /// RFC 3550 5.1 and 5.3.1.
    #[test]
    fn what_is_written_is_parsed(
        header in any_header(),
        extras in any_extras(),
        payload in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let bytes = datagram(&header, &extras, &payload);
        let packet = RtpPacket::parse(&bytes).unwrap();
        prop_assert_eq!(packet.header, header);
        prop_assert_eq!(packet.payload, &payload[..]);
        prop_assert_eq!(packet.csrcs().map(|csrc| csrc.0).collect::<Vec<_>>(), extras.csrcs);
        let extension = packet.extension.map(|found| (found.profile, found.data.to_vec()));
        let expected = extras.extension.map(|(profile, words)| (profile, words.concat()));
        prop_assert_eq!(extension, expected);
    }

    #[test]
    fn every_cut_packet_is_refused_or_shorter(
        header in any_header(),
        extras in any_extras(),
        payload in prop::collection::vec(any::<u8>(), 0..40),
        cut in any::<prop::sample::Index>(),
    ) {
        let bytes = datagram(&header, &extras, &payload);
        let cut = cut.index(bytes.len());
        if let Ok(packet) = RtpPacket::parse(&bytes[..cut]) {
            prop_assert_eq!(packet.header, header);
            prop_assert!(packet.payload.len() < bytes.len());
            prop_assert_eq!(packet.csrcs().len(), extras.csrcs.len());
        }
    }

    #[test]
    fn no_bytes_panic(bytes in prop::collection::vec(any::<u8>(), 0..300)) {
        if let Ok(packet) = RtpPacket::parse(&bytes) {
            prop_assert!(packet.payload.len() + RtpHeader::LEN <= bytes.len());
            prop_assert_eq!(bytes[0] >> 6, 2);
        }
        prop_assert!(!looks_like_rtcp(&bytes) || bytes[1] >= 192);
    }

    #[test]
    fn a_header_needs_its_twelve_bytes(header in any_header(), room in 0_usize..12) {
        let mut out = [0xEE; 12];
        prop_assert_eq!(header.write(&mut out[..room]), 0);
        prop_assert_eq!(out, [0xEE; 12]);
    }

    /// RFC 5761 4.
    #[test]
    fn media_on_the_usual_payload_types_is_never_taken_for_rtcp(header in any_header()) {
        let mut bytes = [0; 12];
        header.write(&mut bytes);
        let reserved = (64..96).contains(&header.payload_type.value());
        prop_assert_eq!(looks_like_rtcp(&bytes), reserved && header.marker);
    }
}

#[test]
fn refusals_name_the_field() {
    let mut bytes = [0; 12];
    assert_eq!(
        RtpPacket::parse(&bytes[..11]),
        Err(RtpError::Truncated { need: 12, have: 11 })
    );
    bytes[0] = 0x40;
    assert_eq!(RtpPacket::parse(&bytes), Err(RtpError::Version(1)));
    bytes[0] = 0xA0;
    assert_eq!(RtpPacket::parse(&bytes), Err(RtpError::Padding(0)));
    bytes[0] = 0x81;
    assert_eq!(
        RtpPacket::parse(&bytes),
        Err(RtpError::Truncated { need: 4, have: 0 })
    );
}

#[test]
fn a_packet_may_be_nothing_but_padding() {
    let mut bytes = vec![0; 16];
    bytes[0] = 0xA0;
    bytes[15] = 4;
    assert_eq!(
        RtpPacket::parse(&bytes).map(|packet| packet.payload),
        Ok(&[][..])
    );
    bytes[15] = 5;
    assert_eq!(RtpPacket::parse(&bytes), Err(RtpError::Padding(5)));
}
