use core::slice;

use super::packet_type;
use crate::read::{take, take_slice, take_u32};
use crate::{NtpTime, RtpError, RtpTimestamp, Ssrc};

/// An SR packet. Extensions of profiles behind its report blocks are skipped.
///
/// # Standard
///
/// RFC 3550 section 6.4.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SenderReport<'a> {
    /// The source that reports.
    pub ssrc: Ssrc,
    /// What it sent.
    pub info: SenderInfo,
    /// What it received.
    pub blocks: ReportBlocks<'a>,
}

impl<'a> SenderReport<'a> {
    pub(super) fn parse(count: u8, mut body: &'a [u8]) -> Result<Self, RtpError> {
        let ssrc = Ssrc(take_u32(&mut body)?);
        let info = SenderInfo::take(&mut body)?;
        let blocks = ReportBlocks::parse(packet_type::SENDER_REPORT, count, body)?;
        Ok(Self { ssrc, info, blocks })
    }
}

/// An RR packet. Extensions of profiles behind its report blocks are skipped.
///
/// # Standard
///
/// RFC 3550 section 6.4.2.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceiverReport<'a> {
    /// The participant that reports.
    pub ssrc: Ssrc,
    /// What it received.
    pub blocks: ReportBlocks<'a>,
}

impl<'a> ReceiverReport<'a> {
    pub(super) fn parse(count: u8, mut body: &'a [u8]) -> Result<Self, RtpError> {
        let ssrc = Ssrc(take_u32(&mut body)?);
        let blocks = ReportBlocks::parse(packet_type::RECEIVER_REPORT, count, body)?;
        Ok(Self { ssrc, blocks })
    }
}

/// What a sender says of its own stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct SenderInfo {
    /// The wall-clock time of the report.
    pub ntp: NtpTime,
    /// The same instant in the stream's timestamps.
    pub timestamp: RtpTimestamp,
    /// Packets sent since the stream began.
    pub packets: u32,
    /// Payload bytes sent since the stream began.
    pub octets: u32,
}

impl SenderInfo {
    pub(super) const LEN: usize = 20;

    fn take(body: &mut &[u8]) -> Result<Self, RtpError> {
        Ok(Self {
            ntp: NtpTime(u64::from_be_bytes(take(body)?)),
            timestamp: RtpTimestamp(take_u32(body)?),
            packets: take_u32(body)?,
            octets: take_u32(body)?,
        })
    }

    pub(super) fn to_bytes(self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        bytes[0..8].copy_from_slice(&self.ntp.0.to_be_bytes());
        bytes[8..12].copy_from_slice(&self.timestamp.0.to_be_bytes());
        bytes[12..16].copy_from_slice(&self.packets.to_be_bytes());
        bytes[16..20].copy_from_slice(&self.octets.to_be_bytes());
        bytes
    }
}

/// What a receiver says of one source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct ReportBlock {
    /// The source.
    pub ssrc: Ssrc,
    /// Loss since the last report, in 1/256.
    pub fraction_lost: u8,
    /// Loss since the beginning; duplicates can make it negative. 24 bits with the sign.
    pub cumulative_lost: i32,
    /// The highest sequence number, with its cycles in the upper half.
    pub highest_sequence: u32,
    /// Interarrival jitter in timestamp units.
    pub jitter: u32,
    /// The middle bits of the NTP time in the source's last sender report; zero if there was none.
    pub last_sr: u32,
    /// The time since that report arrived, in 1/65536 s.
    pub delay_since_last_sr: u32,
}

impl ReportBlock {
    pub(super) const LEN: usize = 24;

    fn from_bytes(bytes: &[u8; Self::LEN]) -> Self {
        let word = |at: usize| {
            u32::from_be_bytes([bytes[at], bytes[at + 1], bytes[at + 2], bytes[at + 3]])
        };
        Self {
            ssrc: Ssrc(word(0)),
            fraction_lost: bytes[4],
            // The shifts extend the sign of 24 bits.
            cumulative_lost: (word(4) << 8).cast_signed() >> 8,
            highest_sequence: word(8),
            jitter: word(12),
            last_sr: word(16),
            delay_since_last_sr: word(20),
        }
    }

    pub(super) fn to_bytes(self) -> [u8; Self::LEN] {
        let mut bytes = [0; Self::LEN];
        let lost = self.cumulative_lost.clamp(-0x80_0000, 0x7F_FFFF);
        bytes[0..4].copy_from_slice(&self.ssrc.0.to_be_bytes());
        bytes[4..8].copy_from_slice(&lost.to_be_bytes());
        bytes[4] = self.fraction_lost;
        bytes[8..12].copy_from_slice(&self.highest_sequence.to_be_bytes());
        bytes[12..16].copy_from_slice(&self.jitter.to_be_bytes());
        bytes[16..20].copy_from_slice(&self.last_sr.to_be_bytes());
        bytes[20..24].copy_from_slice(&self.delay_since_last_sr.to_be_bytes());
        bytes
    }
}

/// Walks the report blocks of an SR or RR, of which there are at most 31.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReportBlocks<'a> {
    blocks: &'a [[u8; ReportBlock::LEN]],
}

impl<'a> ReportBlocks<'a> {
    fn parse(packet_type: u8, count: u8, mut body: &'a [u8]) -> Result<Self, RtpError> {
        let bytes = take_slice(&mut body, usize::from(count) * ReportBlock::LEN)
            .map_err(|_| RtpError::RtcpCount { packet_type })?;
        let (blocks, _) = bytes.as_chunks();
        Ok(Self { blocks })
    }

    /// Walks the blocks.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = ReportBlock> + 'a {
        let blocks: slice::Iter<'a, _> = self.blocks.iter();
        blocks.map(ReportBlock::from_bytes)
    }
}
