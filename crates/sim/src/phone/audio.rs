use std::collections::VecDeque;
use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use plenum_codecs::Codec;
use plenum_media::tone::ToneSource;
use plenum_media::{FRAME, TICK};
use plenum_rtp::telephone_event::{Digit, DigitSender};
use plenum_rtp::{
    PayloadType, RtpHeader, RtpPacket, RtpTimestamp, SequenceNumber, Ssrc, looks_like_rtcp,
};
use plenum_sdp::Negotiated;
use plenum_time::Instant;

use super::hearing::Hearing;
use super::playout::Playout;
use crate::dice::Dice;

/// The level of each phone's tone: twelve of them fit below full scale.
pub(crate) const TONE_DBOV: f32 = -26.0;

/// Samples of a digit.
const DIGIT_SAMPLES: u32 = 800;

/// Ticks of audio between two digits.
const DIGIT_GAP_TICKS: u8 = 4;

/// Octets of the longest packet: L16.
const PACKET_MAX: usize = RtpHeader::LEN + 2 * FRAME;

/// What a phone says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Voice {
    /// Its tone.
    Tone,
    /// Packets of silence.
    Muted,
    /// No packets at all.
    Nothing,
}

/// The audio of one call: a tone out each 20 ms of the phone's own clock, and an ear.
#[derive(Debug)]
pub(crate) struct Audio {
    pub(crate) address: SocketAddr,
    pub(crate) voice: Voice,
    pub(crate) hearing: Hearing,
    format: Option<Format>,
    tone: ToneSource,
    ssrc: Ssrc,
    sequence: SequenceNumber,
    timestamp: u32,
    digits: Digits,
    playout: Playout,
    next_tick: Instant,
    period: Duration,
    pub(crate) packets_received: u64,
}

/// What was negotiated.
#[derive(Clone, Debug)]
struct Format {
    remote: Option<SocketAddr>,
    send: (PayloadType, Codec),
    receive: Vec<(u8, Codec)>,
    event: Option<PayloadType>,
    sends: bool,
    receives: bool,
}

#[derive(Debug, Default)]
struct Digits {
    waiting: VecDeque<Digit>,
    current: Option<(DigitSender, u32)>,
    pause: u8,
}

impl Audio {
    /// Builds the audio of a call with the phone's own tone and how fast its clock runs.
    ///
    /// `tones` are those that it may hear.
    pub(crate) fn new(
        now: Instant,
        address: SocketAddr,
        (hz, ppm): (f32, i32),
        tones: &[f32],
        dice: &mut Dice,
    ) -> Self {
        let nanos = i64::try_from(TICK.as_nanos()).unwrap_or(0);
        let period = nanos - nanos * i64::from(ppm) / 1_000_000;
        Self {
            address,
            voice: Voice::Tone,
            hearing: Hearing::new(tones),
            format: None,
            tone: ToneSource::new(hz, TONE_DBOV),
            ssrc: Ssrc(dice.word()),
            sequence: SequenceNumber((dice.word() & 0xFFFF) as u16),
            timestamp: dice.word(),
            digits: Digits::default(),
            playout: Playout::new(),
            next_tick: now,
            period: Duration::from_nanos(u64::try_from(period).unwrap_or(1)),
            packets_received: 0,
        }
    }

    /// Puts the outcome of an offer and answer into force.
    pub(crate) fn apply(&mut self, now: Instant, negotiated: &Negotiated) {
        let codec = |encoding: &str| Codec::from_rtpmap(encoding, 8_000);
        let format = &negotiated.format;
        let send = PayloadType::new(format.payload_type).zip(codec(format.encoding.as_str()));
        let receive = negotiated.receive_formats.iter();
        let receive = receive
            .filter_map(|format| Some((format.payload_type, codec(format.encoding.as_str())?)));
        if self.format.is_none() {
            self.next_tick = now + self.period;
        }
        self.format = send.map(|send| Format {
            remote: negotiated.remote,
            send,
            receive: receive.collect(),
            event: negotiated
                .telephone_event
                .and_then(|event| PayloadType::new(event.send_pt)),
            sends: negotiated.direction.sends(),
            receives: negotiated.direction.receives(),
        });
        if !negotiated.direction.receives() {
            self.playout.reset();
        }
    }

    /// Returns where the server receives audio.
    pub(crate) fn remote(&self) -> Option<SocketAddr> {
        self.format.as_ref().and_then(|format| format.remote)
    }

    /// Returns when [`Audio::tick`] is due.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        self.format.is_some().then_some(self.next_tick)
    }

    /// Presses keys one after the other; tells whether they can be sent as events.
    pub(crate) fn press(&mut self, keys: &str) -> bool {
        let takes = self
            .format
            .as_ref()
            .is_some_and(|format| format.event.is_some());
        self.digits
            .waiting
            .extend(keys.chars().filter_map(Digit::from_char));
        takes
    }

    /// Frames that were not there when they were due.
    pub(crate) fn frames_missing(&self) -> u64 {
        self.playout.frames_missing
    }

    /// Lives through 20 ms: plays what is due, and returns the packet to send.
    pub(crate) fn tick(&mut self, now: Instant) -> Option<(SocketAddr, Bytes)> {
        self.next_tick += self.period;
        let hearing = &mut self.hearing;
        self.playout.play(now, |frame| hearing.listen(now, frame));
        let packet = self.say();
        self.timestamp = self.timestamp.wrapping_add(FRAME as u32);
        packet
    }

    /// Takes a datagram from the phone's RTP port.
    pub(crate) fn receive(&mut self, now: Instant, datagram: &[u8]) {
        let Some(format) = self.format.as_ref().filter(|_| !looks_like_rtcp(datagram)) else {
            return;
        };
        let Ok(packet) = RtpPacket::parse(datagram) else {
            return;
        };
        let payload_type = packet.header.payload_type.value();
        let codec = format
            .receive
            .iter()
            .find(|(known, _)| *known == payload_type);
        let Some((_, codec)) = codec.filter(|_| format.receives) else {
            return;
        };
        let mut audio = [0; FRAME * 3];
        let samples = codec.decode(packet.payload, &mut audio);
        self.packets_received += 1;
        self.playout.put(now, &packet.header, &audio[..samples]);
    }

    fn say(&mut self) -> Option<(SocketAddr, Bytes)> {
        let mut frame = [0; FRAME];
        self.tone.fill(&mut frame);
        let format = self.format.as_ref().filter(|format| format.sends)?;
        let remote = format.remote?;
        let event = format.event;
        if let Some(packet) = event.and_then(|event| self.next_digit(event)) {
            return Some((remote, packet));
        }
        match self.voice {
            Voice::Tone => {}
            Voice::Muted => frame.fill(0),
            Voice::Nothing => return None,
        }
        let (payload_type, codec) = self.format.as_ref()?.send;
        let mut payload = [0; 2 * FRAME];
        let len = codec.encode(&frame, &mut payload);
        Some((
            remote,
            self.packet(false, payload_type, self.timestamp, &payload[..len]),
        ))
    }

    /// Returns the next packet of a digit that is pressed.
    fn next_digit(&mut self, event: PayloadType) -> Option<Bytes> {
        let digits = &mut self.digits;
        if digits.current.is_none() {
            if digits.pause > 0 {
                digits.pause -= 1;
                return None;
            }
            let digit = digits.waiting.pop_front()?;
            let sender = DigitSender::new(digit, DIGIT_SAMPLES, FRAME as u16);
            digits.current = Some((sender, self.timestamp));
        }
        let (sender, start) = digits.current.as_mut()?;
        let Some(packet) = sender.next() else {
            digits.current = None;
            digits.pause = DIGIT_GAP_TICKS;
            return None;
        };
        let timestamp = start.wrapping_add(packet.timestamp_offset);
        let payload = packet.payload.to_bytes();
        Some(self.packet(packet.marker, event, timestamp, &payload))
    }

    fn packet(
        &mut self,
        marker: bool,
        payload_type: PayloadType,
        timestamp: u32,
        payload: &[u8],
    ) -> Bytes {
        let header = RtpHeader {
            marker,
            payload_type,
            sequence: self.sequence,
            timestamp: RtpTimestamp(timestamp),
            ssrc: self.ssrc,
        };
        self.sequence = self.sequence.next();
        let mut bytes = [0; PACKET_MAX];
        let start = header.write(&mut bytes);
        let end = start + payload.len();
        bytes[start..end].copy_from_slice(payload);
        Bytes::copy_from_slice(&bytes[..end])
    }
}
