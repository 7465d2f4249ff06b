use crate::g711;

/// Bytes of one L16 sample on the wire.
const L16_SAMPLE_BYTES: usize = 2;

/// An audio codec that keeps no state between packets.
///
/// Every codec here is mono. Conversions never allocate and never panic: they stop at the end of
/// the shorter of the two buffers and return how much they wrote.
///
/// # Standard
///
/// RFC 3551 sections 4.5.11 and 4.5.14.
///
/// ```
/// use plenum_codecs::Codec;
///
/// let mut payload = [0; 160];
/// assert_eq!(Codec::Pcma.encode(&[0; 160], &mut payload), 160);
/// assert_eq!(payload, [Codec::Pcma.silence_byte(); 160]);
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum Codec {
    /// G.711 µ-law, static payload type 0.
    Pcmu,
    /// G.711 A-law, static payload type 8.
    Pcma,
    /// 16-bit linear PCM in network byte order at 8 kHz, always on a dynamic payload type.
    L16,
}

impl Codec {
    /// Every codec of this crate, best bandwidth first.
    pub const ALL: [Self; 3] = [Self::Pcmu, Self::Pcma, Self::L16];

    /// Finds a codec by its encoding name and clock rate as they stand in an SDP `rtpmap`.
    ///
    /// Encoding names compare without regard to case (RFC 4855 section 3).
    #[must_use]
    pub fn from_rtpmap(encoding_name: &str, clock_rate: u32) -> Option<Self> {
        Self::ALL.into_iter().find(|codec| {
            codec.encoding_name().eq_ignore_ascii_case(encoding_name)
                && codec.clock_rate() == clock_rate
        })
    }

    /// Returns the codec of a static RTP payload type (RFC 3551 section 6).
    #[must_use]
    pub const fn from_static_payload_type(payload_type: u8) -> Option<Self> {
        match payload_type {
            0 => Some(Self::Pcmu),
            8 => Some(Self::Pcma),
            _ => None,
        }
    }

    /// Returns the static RTP payload type, if RFC 3551 section 6 assigns one.
    #[must_use]
    pub const fn static_payload_type(self) -> Option<u8> {
        match self {
            Self::Pcmu => Some(0),
            Self::Pcma => Some(8),
            Self::L16 => None,
        }
    }

    /// Returns the encoding name as SDP writes it.
    #[must_use]
    pub const fn encoding_name(&self) -> &'static str {
        match self {
            Self::Pcmu => "PCMU",
            Self::Pcma => "PCMA",
            Self::L16 => "L16",
        }
    }

    /// Returns the RTP clock rate, which for these codecs is also the sampling rate.
    ///
    /// # Units and range
    ///
    /// Hertz.
    #[must_use]
    pub const fn clock_rate(&self) -> u32 {
        8000
    }

    /// Returns the payload bytes that `samples` samples take.
    #[must_use]
    pub const fn frame_bytes(&self, samples: usize) -> usize {
        match self {
            Self::Pcmu | Self::Pcma => samples,
            Self::L16 => samples.saturating_mul(L16_SAMPLE_BYTES),
        }
    }

    /// Returns the whole samples that a payload of `payload_len` bytes holds.
    #[must_use]
    pub const fn samples_in(&self, payload_len: usize) -> usize {
        match self {
            Self::Pcmu | Self::Pcma => payload_len,
            Self::L16 => payload_len / L16_SAMPLE_BYTES,
        }
    }

    /// Returns the byte that a payload of digital silence is made of.
    #[must_use]
    pub const fn silence_byte(&self) -> u8 {
        match self {
            Self::Pcmu => g711::ULAW_SILENCE,
            Self::Pcma => g711::ALAW_SILENCE,
            Self::L16 => 0,
        }
    }

    /// Decodes a payload and returns how many samples of `out` were written.
    ///
    /// An odd last byte of an L16 payload is ignored.
    pub fn decode(&self, payload: &[u8], out: &mut [i16]) -> usize {
        match self {
            Self::Pcmu => decode_bytes(payload, out, g711::decode_ulaw),
            Self::Pcma => decode_bytes(payload, out, g711::decode_alaw),
            Self::L16 => decode_l16(payload, out),
        }
    }

    /// Encodes samples and returns how many bytes of `out` were written.
    ///
    /// Only whole samples are written.
    pub fn encode(&self, samples: &[i16], out: &mut [u8]) -> usize {
        match self {
            Self::Pcmu => encode_bytes(samples, out, g711::encode_ulaw),
            Self::Pcma => encode_bytes(samples, out, g711::encode_alaw),
            Self::L16 => encode_l16(samples, out),
        }
    }
}

fn decode_bytes(payload: &[u8], out: &mut [i16], law: impl Fn(u8) -> i16) -> usize {
    for (sample, &byte) in out.iter_mut().zip(payload) {
        *sample = law(byte);
    }
    payload.len().min(out.len())
}

fn encode_bytes(samples: &[i16], out: &mut [u8], law: impl Fn(i16) -> u8) -> usize {
    for (byte, &sample) in out.iter_mut().zip(samples) {
        *byte = law(sample);
    }
    samples.len().min(out.len())
}

fn decode_l16(payload: &[u8], out: &mut [i16]) -> usize {
    let (pairs, _odd) = payload.as_chunks::<L16_SAMPLE_BYTES>();
    for (sample, &pair) in out.iter_mut().zip(pairs) {
        *sample = i16::from_be_bytes(pair);
    }
    pairs.len().min(out.len())
}

fn encode_l16(samples: &[i16], out: &mut [u8]) -> usize {
    let (pairs, _odd) = out.as_chunks_mut::<L16_SAMPLE_BYTES>();
    for (pair, &sample) in pairs.iter_mut().zip(samples) {
        *pair = sample.to_be_bytes();
    }
    samples.len().min(pairs.len()) * L16_SAMPLE_BYTES
}
