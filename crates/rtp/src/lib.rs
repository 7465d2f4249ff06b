//! RTP, RTCP and telephone-event packets as values, and the bookkeeping of their receivers.
//!
//! Packets are parsed as views over the caller's bytes and written into the caller's buffers;
//! nothing here allocates, and no bytes make it panic.
//!
//! - [`RtpPacket`] and [`RtpHeader`]: one media packet, in and out.
//! - [`ExtendedSequence`] and [`ReceptionStats`]: what a receiver knows of one source.
//! - [`rtcp`]: compound packets, their writer, the report interval; [`looks_like_rtcp`] tells the
//!   two apart on one port.
//! - [`telephone_event`]: digits in and out.
//!
//! Deliberately absent: encryption, header extension elements, jitter buffering, any socket.

#![no_std]
#![forbid(unsafe_code)]

mod error;
mod ntp;
mod numbers;
mod packet;
mod read;
pub mod rtcp;
mod sequence;
mod stats;
pub mod telephone_event;

pub use error::RtpError;
pub use ntp::NtpTime;
pub use numbers::{PayloadType, RtpTimestamp, SequenceNumber, Ssrc};
pub use packet::{HeaderExtension, RtpHeader, RtpPacket};
pub use rtcp::looks_like_rtcp;
pub use sequence::{ExtendedSequence, SequenceOutcome};
pub use stats::ReceptionStats;
