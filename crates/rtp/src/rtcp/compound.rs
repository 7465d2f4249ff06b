use core::slice;

use super::{HEADER_LEN, ReceiverReport, SenderReport, SourceDescription, packet_type};
use crate::packet::VERSION;
use crate::read::{strip_padding, take, take_slice, take_u32};
use crate::{RtpError, Ssrc};

const PADDING_BIT: u8 = 0x20;
const COUNT_MASK: u8 = 0x1F;

/// Walks the packets of one RTCP datagram.
///
/// Ends after the first error, because a packet with a wrong length hides where the next begins.
/// Accepts the reduced-size packets of RFC 5506, so the first need not be a report.
///
/// # Standard
///
/// RFC 3550 section 6.1.
#[derive(Clone, Debug)]
pub struct Compound<'a> {
    rest: &'a [u8],
}

impl<'a> Compound<'a> {
    /// Starts at the first packet of a datagram.
    #[must_use]
    pub const fn new(datagram: &'a [u8]) -> Self {
        Self { rest: datagram }
    }
}

impl<'a> Iterator for Compound<'a> {
    type Item = Result<RtcpPacket<'a>, RtpError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.rest.is_empty() {
            return None;
        }
        let packet = RtcpPacket::take(&mut self.rest);
        if packet.is_err() {
            self.rest = &[];
        }
        Some(packet)
    }
}

/// One packet of a compound, as a view over its bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum RtcpPacket<'a> {
    /// SR: what a source sent and received.
    SenderReport(SenderReport<'a>),
    /// RR: what a participant that sends nothing received.
    ReceiverReport(ReceiverReport<'a>),
    /// SDES: who the sources are.
    SourceDescription(SourceDescription<'a>),
    /// BYE: sources leave.
    Goodbye(Goodbye<'a>),
    /// APP: an application's own.
    ApplicationDefined(ApplicationDefined<'a>),
    /// A type this crate does not read, such as feedback (RFC 4585).
    Other {
        /// The packet type field.
        packet_type: u8,
        /// The count or format field.
        count: u8,
        /// What follows the first four bytes, without padding.
        body: &'a [u8],
    },
}

impl<'a> RtcpPacket<'a> {
    fn take(rest: &mut &'a [u8]) -> Result<Self, RtpError> {
        let [first, packet_type, length @ ..] = take::<HEADER_LEN>(rest)?;
        let version = first >> 6;
        if version != VERSION {
            return Err(RtpError::Version(version));
        }
        let words = u16::from_be_bytes(length);
        let mut body = take_slice(rest, usize::from(words) * 4)?;
        if first & PADDING_BIT != 0 {
            body = strip_padding(body)?;
        }
        Self::from_body(packet_type, first & COUNT_MASK, body)
    }

    fn from_body(packet_type: u8, count: u8, body: &'a [u8]) -> Result<Self, RtpError> {
        Ok(match packet_type {
            packet_type::SENDER_REPORT => Self::SenderReport(SenderReport::parse(count, body)?),
            packet_type::RECEIVER_REPORT => {
                Self::ReceiverReport(ReceiverReport::parse(count, body)?)
            }
            packet_type::SOURCE_DESCRIPTION => {
                Self::SourceDescription(SourceDescription::parse(count, body)?)
            }
            packet_type::GOODBYE => Self::Goodbye(Goodbye::parse(count, body)?),
            packet_type::APPLICATION_DEFINED => {
                Self::ApplicationDefined(ApplicationDefined::parse(count, body)?)
            }
            _ => Self::Other {
                packet_type,
                count,
                body,
            },
        })
    }
}

/// A BYE packet: the sources that leave, and perhaps why.
///
/// # Standard
///
/// RFC 3550 section 6.6.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Goodbye<'a> {
    /// The reason as its sender wrote it, in UTF-8 if it kept to the standard.
    pub reason: Option<&'a [u8]>,
    sources: &'a [[u8; 4]],
}

impl<'a> Goodbye<'a> {
    fn parse(count: u8, mut body: &'a [u8]) -> Result<Self, RtpError> {
        let sources =
            take_slice(&mut body, usize::from(count) * 4).map_err(|_| RtpError::RtcpCount {
                packet_type: packet_type::GOODBYE,
            })?;
        let (sources, _) = sources.as_chunks::<4>();
        let reason = match body.split_first() {
            Some((&length, mut text)) => Some(take_slice(&mut text, usize::from(length))?),
            None => None,
        };
        Ok(Self { reason, sources })
    }

    /// Walks the sources that leave.
    pub fn sources(&self) -> impl ExactSizeIterator<Item = Ssrc> + 'a {
        let sources: slice::Iter<'a, [u8; 4]> = self.sources.iter();
        sources.map(|&bytes| Ssrc(u32::from_be_bytes(bytes)))
    }
}

/// An APP packet.
///
/// # Standard
///
/// RFC 3550 section 6.7.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ApplicationDefined<'a> {
    /// The application's subtype, five bits.
    pub subtype: u8,
    /// The source it is about.
    pub ssrc: Ssrc,
    /// Four ASCII characters that name the application.
    pub name: [u8; 4],
    /// The application's data.
    pub data: &'a [u8],
}

impl<'a> ApplicationDefined<'a> {
    fn parse(subtype: u8, mut body: &'a [u8]) -> Result<Self, RtpError> {
        let ssrc = Ssrc(take_u32(&mut body)?);
        let name = take::<4>(&mut body)?;
        Ok(Self {
            subtype,
            ssrc,
            name,
            data: body,
        })
    }
}
