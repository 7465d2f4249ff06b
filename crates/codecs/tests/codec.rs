//! Payloads in and out of every codec, in buffers of every length.

use plenum_codecs::Codec;
use plenum_codecs::g711::{decode_alaw, decode_ulaw, encode_alaw, encode_ulaw};
use proptest::prelude::*;

fn any_codec() -> impl Strategy<Value = Codec> {
    prop::sample::select(&Codec::ALL[..])
}

/// One sample at a time, with no buffer to run out of.
fn naive_decode(codec: Codec, payload: &[u8]) -> Vec<i16> {
    match codec {
        Codec::Pcmu => payload.iter().map(|&byte| decode_ulaw(byte)).collect(),
        Codec::Pcma => payload.iter().map(|&byte| decode_alaw(byte)).collect(),
        _ => payload
            .chunks_exact(2)
            .map(|b| i16::from(b[0] as i8) * 256 + i16::from(b[1]))
            .collect(),
    }
}

fn naive_encode(codec: Codec, samples: &[i16]) -> Vec<u8> {
    match codec {
        Codec::Pcmu => samples.iter().map(|&sample| encode_ulaw(sample)).collect(),
        Codec::Pcma => samples.iter().map(|&sample| encode_alaw(sample)).collect(),
        _ => samples
            .iter()
            .flat_map(|&sample| [(sample >> 8) as u8, sample as u8])
            .collect(),
    }
}

proptest! {
    #[test]
    fn decoding_stops_at_the_shorter_buffer(
        codec in any_codec(),
        payload in prop::collection::vec(any::<u8>(), 0..400),
        room in 0_usize..400,
    ) {
        let mut out = vec![0x5A5A; room];
        let written = codec.decode(&payload, &mut out);
        prop_assert_eq!(written, codec.samples_in(payload.len()).min(room));
        prop_assert_eq!(&out[..written], &naive_decode(codec, &payload)[..written]);
        prop_assert!(out[written..].iter().all(|&sample| sample == 0x5A5A));
    }

    #[test]
    fn encoding_stops_at_the_shorter_buffer(
        codec in any_codec(),
        samples in prop::collection::vec(any::<i16>(), 0..400),
        room in 0_usize..800,
    ) {
        let mut out = vec![0xA5; room];
        let written = codec.encode(&samples, &mut out);
        let fitting = samples.len().min(codec.samples_in(room));
        prop_assert_eq!(written, codec.frame_bytes(fitting));
        prop_assert_eq!(&out[..written], &naive_encode(codec, &samples)[..written]);
        prop_assert!(out[written..].iter().all(|&byte| byte == 0xA5));
    }
}

#[test]
fn linear_samples_survive_unchanged() {
    let samples: Vec<i16> = (i16::MIN..=i16::MAX).collect();
    let mut payload = vec![0; Codec::L16.frame_bytes(samples.len())];
    assert_eq!(Codec::L16.encode(&samples, &mut payload), payload.len());
    assert_eq!(payload[..4], [0x80, 0x00, 0x80, 0x01]);
    let mut decoded = vec![0; samples.len()];
    assert_eq!(Codec::L16.decode(&payload, &mut decoded), samples.len());
    assert_eq!(decoded, samples);
}

#[test]
fn silence_is_what_zeros_encode_to() {
    for codec in Codec::ALL {
        let mut payload = [0x11; 2];
        let written = codec.encode(&[0; 2], &mut payload);
        assert!(
            payload[..written]
                .iter()
                .all(|&byte| byte == codec.silence_byte())
        );
    }
}

#[test]
fn signalling_finds_codecs_by_name_and_by_number() {
    for codec in Codec::ALL {
        let lower = codec.encoding_name().to_ascii_lowercase();
        assert_eq!(Codec::from_rtpmap(&lower, 8000), Some(codec));
        assert_eq!(Codec::from_rtpmap(&lower, 44_100), None);
        if let Some(number) = codec.static_payload_type() {
            assert_eq!(Codec::from_static_payload_type(number), Some(codec));
        }
    }
    assert_eq!(Codec::from_rtpmap("opus", 8000), None);
    assert_eq!(Codec::from_static_payload_type(11), None);
}
