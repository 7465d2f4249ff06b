//! The sending side of a leg.

use alloc::vec::Vec;
use core::net::SocketAddr;
use core::time::Duration;

use plenum_codecs::Codec;
use plenum_rtp::telephone_event::{Digit, DigitSender, TelephoneEvent};
use plenum_rtp::{PayloadType, RtpHeader, RtpTimestamp, SequenceNumber, Ssrc};

use super::digits::{DigitQueue, QueuedDigit};
use crate::command::{PortId, StreamIdentity, StreamSetup};
use crate::outbox::PacketOutbox;
use crate::stats::LegStats;
use crate::time::{FRAME, TEN_MS, samples_in};

/// Longest packet time in steps of 10 ms.
const PACKET_STEPS_MAX: usize = 6;

/// Bytes of the widest sample on the wire.
const SAMPLE_BYTES_MAX: usize = 2;

/// 20 ms of audio to send.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Frame<'a> {
    /// Already in the codec of the leg, shared with other listeners.
    Encoded(&'a [u8]),
    /// To be encoded for this leg alone.
    Samples(&'a [i16; FRAME]),
}

/// Packets on their way to one peer.
#[derive(Debug)]
pub(crate) struct Sender {
    ssrc: Ssrc,
    sequence: SequenceNumber,
    /// Timestamp of the first pending sample, or of the next frame.
    timestamp: u32,
    codec: Codec,
    payload_type: PayloadType,
    event_type: Option<PayloadType>,
    packet_samples: usize,
    /// Encoded audio that waits to fill a packet.
    pending: Vec<u8>,
    sends: bool,
    /// Whether the frame before this one was sent.
    in_talkspurt: bool,
    digits: DigitQueue,
    packets: u64,
    bytes: u64,
}

impl Sender {
    pub(crate) fn new(identity: StreamIdentity) -> Self {
        Self {
            ssrc: Ssrc(identity.ssrc),
            sequence: SequenceNumber(identity.sequence),
            timestamp: identity.timestamp,
            codec: Codec::Pcmu,
            payload_type: PayloadType::PCMU,
            event_type: None,
            packet_samples: FRAME,
            pending: Vec::new(),
            sends: false,
            in_talkspurt: false,
            digits: DigitQueue::default(),
            packets: 0,
            bytes: 0,
        }
    }

    pub(crate) fn configure(&mut self, setup: &StreamSetup) {
        self.drop_pending();
        let steps = samples_in(setup.packet_time) as usize / TEN_MS;
        self.packet_samples = steps.clamp(1, PACKET_STEPS_MAX) * TEN_MS;
        self.codec = setup.codec;
        // A payload type beyond seven bits cannot be sent.
        let payload_type = PayloadType::new(setup.send_payload_type);
        self.payload_type = payload_type.unwrap_or(PayloadType::PCMU);
        self.sends = setup.sends && payload_type.is_some();
        self.event_type = setup.send_event_type.and_then(PayloadType::new);
        if self.packet_samples != FRAME {
            self.pending
                .reserve((self.packet_samples + FRAME) * SAMPLE_BYTES_MAX);
        }
    }

    pub(crate) const fn ssrc(&self) -> Ssrc {
        self.ssrc
    }

    pub(crate) const fn codec(&self) -> Codec {
        self.codec
    }

    /// Tells whether frames leave, so that making them is worth while.
    pub(crate) const fn sends(&self) -> bool {
        self.sends
    }

    pub(crate) const fn timestamp(&self) -> RtpTimestamp {
        RtpTimestamp(self.timestamp)
    }

    pub(crate) const fn packets(&self) -> u64 {
        self.packets
    }

    pub(crate) const fn bytes(&self) -> u64 {
        self.bytes
    }

    /// Returns how many digits wait, and whether the peer takes any.
    pub(crate) fn digits(&self) -> (usize, bool) {
        (self.digits.len(), self.event_type.is_some())
    }

    pub(crate) fn queue_digit(&mut self, digit: Digit, tone: Duration, gap: Duration) {
        let packets = DigitSender::new(digit, samples_in(tone), FRAME as u16);
        self.digits.push(QueuedDigit {
            packets,
            gap: samples_in(gap),
        });
    }

    /// Lets the time of frames pass that nobody had a turn in.
    pub(crate) fn skip(&mut self, frames: u64) {
        if frames > 0 {
            self.drop_pending();
            self.timestamp = self
                .timestamp
                .wrapping_add((frames as u32).wrapping_mul(FRAME as u32));
        }
    }

    /// Sends a frame, or a digit in its place; returns how many packets left.
    pub(crate) fn send(
        &mut self,
        frame: Option<Frame<'_>>,
        to: Option<(PortId, SocketAddr)>,
        out: &mut PacketOutbox,
    ) -> u64 {
        let Some(to) = to.filter(|_| self.sends) else {
            self.digits.clear();
            self.pass();
            return 0;
        };
        if self.digits.len() > 0 && self.send_digit(to, out) {
            return 1;
        }
        let Some(frame) = frame else {
            self.pass();
            return 0;
        };
        if self.packet_samples == FRAME {
            self.send_whole(frame, to, out);
            return 1;
        }
        self.send_in_pieces(frame, to, out)
    }

    pub(crate) fn stats(&self, stats: &mut LegStats) {
        stats.packets_sent = self.packets;
        stats.bytes_sent = self.bytes;
    }

    /// Lets the time of a frame pass in silence; the next packet starts a talkspurt.
    fn pass(&mut self) {
        self.drop_pending();
        self.advance(FRAME);
        self.in_talkspurt = false;
    }

    fn send_whole(&mut self, frame: Frame<'_>, to: (PortId, SocketAddr), out: &mut PacketOutbox) {
        let header = self.next_header();
        let len = RtpHeader::LEN + self.codec.frame_bytes(FRAME);
        let codec = self.codec;
        let written = out.write((to.0, false, to.1), len, |packet| {
            let head = header.write(packet);
            let payload = &mut packet[head..];
            match frame {
                Frame::Encoded(bytes) => payload.copy_from_slice(bytes.get(..payload.len())?),
                Frame::Samples(samples) => {
                    codec.encode(samples, payload);
                }
            }
            Some(len)
        });
        self.count(written);
        self.advance(FRAME);
    }

    fn send_in_pieces(
        &mut self,
        frame: Frame<'_>,
        to: (PortId, SocketAddr),
        out: &mut PacketOutbox,
    ) -> u64 {
        match frame {
            Frame::Encoded(bytes) => self.pending.extend_from_slice(bytes),
            Frame::Samples(samples) => {
                let start = self.pending.len();
                self.pending
                    .resize(start + self.codec.frame_bytes(FRAME), 0);
                self.codec.encode(samples, &mut self.pending[start..]);
            }
        }
        let size = self.codec.frame_bytes(self.packet_samples);
        let mut sent = 0;
        let mut at = 0;
        while self.pending.len() - at >= size {
            let header = self.next_header();
            let payload = &self.pending[at..at + size];
            let written = write_packet(&header, payload, to, out);
            self.count(written);
            self.advance(self.packet_samples);
            at += size;
            sent += 1;
        }
        self.pending.drain(..at);
        sent
    }

    fn send_digit(&mut self, to: (PortId, SocketAddr), out: &mut PacketOutbox) -> bool {
        let Some(payload_type) = self.event_type else {
            self.digits.clear();
            return false;
        };
        // An event must not start amid audio that has not left.
        let start = self.timestamp.wrapping_add(self.pending_samples());
        let Some((packet, timestamp)) = self.digits.next(start) else {
            return false;
        };
        self.drop_pending();
        let header = RtpHeader {
            marker: packet.marker,
            payload_type,
            sequence: self.sequence,
            timestamp: RtpTimestamp(timestamp),
            ssrc: self.ssrc,
        };
        self.sequence = self.sequence.next();
        let payload: [u8; TelephoneEvent::LEN] = packet.payload.to_bytes();
        let written = write_packet(&header, &payload, to, out);
        self.count(written);
        self.advance(FRAME);
        self.in_talkspurt = true;
        true
    }

    fn next_header(&mut self) -> RtpHeader {
        let header = RtpHeader {
            marker: !self.in_talkspurt,
            payload_type: self.payload_type,
            sequence: self.sequence,
            timestamp: RtpTimestamp(self.timestamp),
            ssrc: self.ssrc,
        };
        self.sequence = self.sequence.next();
        self.in_talkspurt = true;
        header
    }

    fn count(&mut self, written: usize) {
        self.packets += 1;
        self.bytes += written.saturating_sub(RtpHeader::LEN) as u64;
    }

    fn advance(&mut self, samples: usize) {
        self.timestamp = self.timestamp.wrapping_add(samples as u32);
    }

    fn pending_samples(&self) -> u32 {
        self.codec.samples_in(self.pending.len()) as u32
    }

    fn drop_pending(&mut self) {
        self.timestamp = self.timestamp.wrapping_add(self.pending_samples());
        self.pending.clear();
    }
}

fn write_packet(
    header: &RtpHeader,
    payload: &[u8],
    (port, to): (PortId, SocketAddr),
    out: &mut PacketOutbox,
) -> usize {
    out.write(
        (port, false, to),
        RtpHeader::LEN + payload.len(),
        |packet| {
            let head = header.write(packet);
            packet.get_mut(head..)?.copy_from_slice(payload);
            Some(head + payload.len())
        },
    )
}
