use core::slice;

use crate::read::{strip_padding, take, take_slice, take_u16};
use crate::{PayloadType, RtpError, RtpTimestamp, SequenceNumber, Ssrc};

/// The version that both RTP and RTCP carry in their first two bits.
pub(crate) const VERSION: u8 = 2;

const PADDING_BIT: u8 = 0x20;
const EXTENSION_BIT: u8 = 0x10;
const CSRC_COUNT_MASK: u8 = 0x0F;
const MARKER_BIT: u8 = 0x80;

/// One RTP packet, as a view over the datagram it came in.
///
/// ```text
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |V=2|P|X|  CC   |M|     PT      |           sequence            |
/// |                           timestamp                           |
/// |                             SSRC                              |
/// |                     CSRCs, CC of them ...                     |
/// ```
///
/// # Standard
///
/// RFC 3550 section 5.1.
///
/// ```
/// use plenum_rtp::{PayloadType, RtpHeader, RtpPacket, RtpTimestamp, SequenceNumber, Ssrc};
///
/// let header = RtpHeader {
///     marker: true,
///     payload_type: PayloadType::PCMU,
///     sequence: SequenceNumber(7),
///     timestamp: RtpTimestamp(160),
///     ssrc: Ssrc(0xCAFE),
/// };
/// let mut datagram = [0xFF; RtpHeader::LEN + 160];
/// header.write(&mut datagram);
///
/// let packet = RtpPacket::parse(&datagram)?;
/// assert_eq!(packet.header, header);
/// assert_eq!(packet.payload.len(), 160);
/// # Ok::<(), plenum_rtp::RtpError>(())
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RtpPacket<'a> {
    /// The fields every packet has.
    pub header: RtpHeader,
    /// The header extension, uninterpreted.
    pub extension: Option<HeaderExtension<'a>>,
    /// The payload without padding.
    pub payload: &'a [u8],
    csrcs: &'a [[u8; 4]],
}

impl<'a> RtpPacket<'a> {
    /// Parses a datagram.
    ///
    /// # Errors
    ///
    /// [`RtpError`] names the field that is missing or impossible.
    pub fn parse(datagram: &'a [u8]) -> Result<Self, RtpError> {
        let mut rest = datagram;
        let fixed = take::<{ RtpHeader::LEN }>(&mut rest)?;
        let version = fixed[0] >> 6;
        if version != VERSION {
            return Err(RtpError::Version(version));
        }
        let header = RtpHeader::from_bytes(&fixed);
        let csrc_bytes = take_slice(&mut rest, usize::from(fixed[0] & CSRC_COUNT_MASK) * 4)?;
        let (csrcs, _) = csrc_bytes.as_chunks::<4>();
        let extension = if fixed[0] & EXTENSION_BIT == 0 {
            None
        } else {
            Some(HeaderExtension::take(&mut rest)?)
        };
        let payload = if fixed[0] & PADDING_BIT == 0 {
            rest
        } else {
            strip_padding(rest)?
        };
        Ok(Self {
            header,
            extension,
            payload,
            csrcs,
        })
    }

    /// Walks the contributing sources, of which a mixer lists at most 15.
    pub fn csrcs(&self) -> impl ExactSizeIterator<Item = Ssrc> + 'a {
        let csrcs: slice::Iter<'a, [u8; 4]> = self.csrcs.iter();
        csrcs.map(|&bytes| Ssrc(u32::from_be_bytes(bytes)))
    }
}

/// A header extension: a profile's number and the bytes it defines.
///
/// # Standard
///
/// RFC 3550 section 5.3.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HeaderExtension<'a> {
    /// The 16 bits that the profile defines.
    pub profile: u16,
    /// The extension's words.
    pub data: &'a [u8],
}

impl<'a> HeaderExtension<'a> {
    fn take(rest: &mut &'a [u8]) -> Result<Self, RtpError> {
        let profile = take_u16(rest)?;
        let words = take_u16(rest)?;
        let data = take_slice(rest, usize::from(words) * 4)?;
        Ok(Self { profile, data })
    }
}

/// The twelve bytes every RTP packet starts with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RtpHeader {
    /// Starts a talkspurt, for audio (RFC 3551 section 4.1).
    pub marker: bool,
    /// Names the payload's format.
    pub payload_type: PayloadType,
    /// Counts packets.
    pub sequence: SequenceNumber,
    /// The sampling instant of the first byte of the payload.
    pub timestamp: RtpTimestamp,
    /// The stream's source.
    pub ssrc: Ssrc,
}

impl RtpHeader {
    /// Bytes of a header without CSRCs and extension.
    pub const LEN: usize = 12;

    /// Writes the header without padding, CSRCs and extension, and returns its length.
    ///
    /// The payload goes behind it. Writes nothing and returns zero if `out` is shorter than
    /// [`RtpHeader::LEN`].
    pub fn write(&self, out: &mut [u8]) -> usize {
        let Some(out) = out.first_chunk_mut::<{ Self::LEN }>() else {
            return 0;
        };
        let marker = if self.marker { MARKER_BIT } else { 0 };
        out[0] = VERSION << 6;
        out[1] = marker | self.payload_type.value();
        out[2..4].copy_from_slice(&self.sequence.0.to_be_bytes());
        out[4..8].copy_from_slice(&self.timestamp.0.to_be_bytes());
        out[8..12].copy_from_slice(&self.ssrc.0.to_be_bytes());
        Self::LEN
    }

    fn from_bytes(bytes: &[u8; Self::LEN]) -> Self {
        let [_, second, s0, s1, t0, t1, t2, t3, c0, c1, c2, c3] = *bytes;
        Self {
            marker: second & MARKER_BIT != 0,
            payload_type: PayloadType::from_header_byte(second),
            sequence: SequenceNumber(u16::from_be_bytes([s0, s1])),
            timestamp: RtpTimestamp(u32::from_be_bytes([t0, t1, t2, t3])),
            ssrc: Ssrc(u32::from_be_bytes([c0, c1, c2, c3])),
        }
    }
}
