//! RTCP: compound packets in and out, and when to send them (RFC 3550 section 6).

mod compound;
mod interval;
mod report;
mod sdes;
mod writer;

pub use compound::{ApplicationDefined, Compound, Goodbye, RtcpPacket};
pub use interval::{ReportInterval, average_size};
pub use report::{ReceiverReport, ReportBlock, ReportBlocks, SenderInfo, SenderReport};
pub use sdes::{SdesChunk, SdesChunks, SdesItem, SdesItems, SourceDescription};
pub use writer::{BufferFull, RtcpWriter};

use crate::packet::VERSION;

/// Packet type numbers (RFC 3550 section 12.1).
mod packet_type {
    pub(super) const SENDER_REPORT: u8 = 200;
    pub(super) const RECEIVER_REPORT: u8 = 201;
    pub(super) const SOURCE_DESCRIPTION: u8 = 202;
    pub(super) const GOODBYE: u8 = 203;
    pub(super) const APPLICATION_DEFINED: u8 = 204;
}

/// Bytes of the header that all RTCP packets share.
const HEADER_LEN: usize = 4;

/// Entries that the five-bit count of a header can announce.
const MAX_COUNT: usize = 31;

/// Tells RTCP from RTP when both come in on one port.
///
/// # Standard
///
/// RFC 5761 section 4: payload types 64 to 95 stay unused, so a second byte of 192 to 223 is an
/// RTCP packet type.
#[must_use]
pub const fn looks_like_rtcp(datagram: &[u8]) -> bool {
    matches!(datagram, [first, 192..=223, ..] if *first >> 6 == VERSION)
}
