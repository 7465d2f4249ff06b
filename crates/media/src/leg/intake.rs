//! The receiving side of a leg.

use core::time::Duration;

use plenum_codecs::Codec;
use plenum_rtp::telephone_event::{DigitReceiver, ReceivedDigit, TelephoneEvent};
use plenum_rtp::{
    ExtendedSequence, NtpTime, ReceptionStats, RtpPacket, RtpTimestamp, SequenceNumber,
    SequenceOutcome, Ssrc,
};
use plenum_time::Instant;
use smallvec::SmallVec;

use crate::command::StreamSetup;
use crate::config::JitterLimits;
use crate::jitter::{Arrival, JitterBuffer, PACKET_SAMPLES_MAX, Played};
use crate::stats::LegStats;
use crate::time::{FRAME, TEN_MS, length_of, sample_clock, samples_until};

/// Comfort noise (RFC 3389): a pause, whether negotiated or not.
const COMFORT_NOISE: u8 = 13;

/// A digit whose ends were all lost is over after this pause.
const DIGIT_SILENCE: Duration = Duration::from_millis(200);

/// A stream that moved to another address cannot have skipped more packets than this.
const REBIND_SKIP_MAX: i16 = 1000;

/// Packets, digits and audio of one peer.
#[derive(Debug)]
pub(crate) struct Intake {
    formats: SmallVec<[(u8, Codec); 8]>,
    event_type: Option<u8>,
    receives: bool,
    flow: Flow,
    source: Option<Ssrc>,
    highest: SequenceNumber,
    last_packet: Instant,
    reception: ReceptionStats,
    before: Totals,
    bytes: u64,
    invalid: u64,
    digits: DigitReceiver,
    jitter: JitterBuffer,
}

/// Whether packets come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Flow {
    /// None came yet, or the time-out has passed.
    Absent,
    /// None came, and that has been said.
    Reported,
    /// They come.
    Flowing,
}

/// Figures of sources that the peer used before its present one.
#[derive(Clone, Copy, Debug, Default)]
struct Totals {
    received: u64,
    lost: u64,
    duplicates: u64,
    reordered: u64,
}

/// Room for the audio of one packet, lent so that no packet pays for clearing it.
pub(crate) type Decoded = [i16; PACKET_SAMPLES_MAX];

/// What became of a packet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Taken {
    /// It belongs to the stream.
    Accepted,
    /// It breaks a rule and was not used.
    Invalid,
}

impl Intake {
    pub(crate) fn new(now: Instant, limits: &JitterLimits) -> Self {
        Self {
            formats: SmallVec::new(),
            event_type: None,
            receives: false,
            flow: Flow::Absent,
            source: None,
            highest: SequenceNumber(0),
            last_packet: now,
            reception: ReceptionStats::new(ExtendedSequence::announced()),
            before: Totals::default(),
            bytes: 0,
            invalid: 0,
            digits: DigitReceiver::new(DIGIT_SILENCE),
            jitter: JitterBuffer::new(limits),
        }
    }

    pub(crate) fn configure(&mut self, now: Instant, setup: StreamSetup) {
        self.formats = setup.receive.into_iter().collect();
        self.event_type = setup.receive_event_type;
        if self.receives != setup.receives {
            self.receives = setup.receives;
            self.jitter.clear();
            self.last_packet = now;
        }
    }

    /// Returns the source that the peer sends with.
    pub(crate) const fn source(&self) -> Option<Ssrc> {
        self.source
    }

    /// Makes the next packet a start, because its address is to be confirmed.
    pub(crate) fn await_start(&mut self, now: Instant) {
        self.flow = Flow::Absent;
        self.last_packet = now;
    }

    /// Tells whether a payload type was negotiated.
    pub(crate) fn expects(&self, payload_type: u8) -> bool {
        self.codec(payload_type).is_some()
            || self.event_type == Some(payload_type)
            || (payload_type == COMFORT_NOISE && !self.formats.is_empty())
    }

    /// Tells whether a packet from elsewhere could go on with this stream.
    pub(crate) fn could_continue(&self, packet: &RtpPacket<'_>) -> bool {
        let skipped = packet.header.sequence.distance(self.highest);
        self.source == Some(packet.header.ssrc)
            && (1..REBIND_SKIP_MAX).contains(&skipped)
            && self.expects(packet.header.payload_type.value())
    }

    /// Tells whether a stream that should flow has not for a while.
    pub(crate) fn is_starved(&self, now: Instant, after: Duration) -> bool {
        self.receives && now.since(self.last_packet) > after
    }

    /// Counts a packet that no rule could accept.
    pub(crate) fn count_invalid(&mut self) {
        self.invalid += 1;
    }

    /// Takes a packet; `digit` gets each digit that it completes.
    pub(crate) fn receive(
        &mut self,
        now: Instant,
        next_tick: Instant,
        packet: &RtpPacket<'_>,
        decoded: &mut Decoded,
        mut digit: impl FnMut(char, Duration),
    ) -> Taken {
        let payload_type = packet.header.payload_type.value();
        if !self.expects(payload_type) {
            self.invalid += 1;
            return Taken::Invalid;
        }
        if self.source != Some(packet.header.ssrc) {
            self.begin_source(packet);
        }
        self.last_packet = now;
        let is_event = self.event_type == Some(payload_type);
        let outcome = self.track(now, packet, is_event);
        if !outcome.is_accepted() {
            return Taken::Accepted;
        }
        self.bytes += packet.payload.len() as u64;
        if is_event {
            self.receive_event(now, packet, &mut digit);
        } else if let Some(codec) = self.codec(payload_type) {
            self.receive_audio((now, next_tick), codec, packet, (outcome, decoded));
        }
        Taken::Accepted
    }

    /// Releases a digit whose ends were lost.
    pub(crate) fn poll_digits(&mut self, now: Instant, digit: impl FnOnce(char, Duration)) {
        if self.digits.pressed().is_some()
            && let Some(received) = self.digits.poll(now)
        {
            digit(received.digit.to_char(), duration_of(&received));
        }
    }

    /// Tells once that packets begin to flow.
    pub(crate) fn begins_flow(&mut self) -> bool {
        core::mem::replace(&mut self.flow, Flow::Flowing) != Flow::Flowing
    }

    /// Tells once that packets have ceased for the time-out.
    pub(crate) fn fell_silent(&mut self, now: Instant, timeout: Duration) -> Option<Duration> {
        if !self.receives || self.flow == Flow::Reported {
            return None;
        }
        let silence = now.since(self.last_packet);
        if silence < timeout {
            return None;
        }
        self.flow = Flow::Reported;
        Some(silence)
    }

    /// Plays the next frame; tells whether there is any sound in it.
    ///
    /// While the peer presses a key its audio is dropped: it would be the key's tone.
    pub(crate) fn play(&mut self, frame: &mut [i16; FRAME]) -> bool {
        self.receives
            && self.jitter.pull(frame) != Played::Silence
            && self.digits.pressed().is_none()
    }

    /// Builds a report block about the source.
    pub(crate) fn report(&mut self, now: Instant) -> Option<plenum_rtp::rtcp::ReportBlock> {
        let source = self.source?;
        Some(self.reception.report(source, now))
    }

    /// Takes a sender report of the source.
    pub(crate) fn receive_sender_report(&mut self, ssrc: Ssrc, sent: NtpTime, now: Instant) {
        if self.source == Some(ssrc) {
            self.reception.receive_sender_report(sent, now);
        }
    }

    pub(crate) fn stats(&self, stats: &mut LegStats) {
        let totals = self.totals();
        let figures = self.jitter.figures();
        stats.packets_received = totals.received;
        stats.bytes_received = self.bytes;
        stats.packets_lost = totals.lost;
        stats.packets_late = figures.packets_late;
        stats.packets_duplicate = totals.duplicates;
        stats.packets_reordered = totals.reordered;
        stats.packets_invalid = self.invalid;
        stats.frames_concealed = figures.samples_concealed / TEN_MS as u64;
        stats.frames_dropped = figures.samples_dropped / TEN_MS as u64;
        stats.jitter = length_of(u64::from(self.reception.jitter()));
        stats.playout_delay = self.jitter.delay();
    }

    fn codec(&self, payload_type: u8) -> Option<Codec> {
        self.formats
            .iter()
            .find(|(known, _)| *known == payload_type)
            .map(|(_, codec)| *codec)
    }

    fn totals(&self) -> Totals {
        let now = &self.reception;
        Totals {
            received: self.before.received + now.received(),
            lost: self.before.lost + u64::try_from(now.lost()).unwrap_or(0),
            duplicates: self.before.duplicates + now.duplicates(),
            reordered: self.before.reordered + now.reordered(),
        }
    }

    fn begin_source(&mut self, packet: &RtpPacket<'_>) {
        self.before = self.totals();
        self.reception = ReceptionStats::new(ExtendedSequence::announced());
        self.source = Some(packet.header.ssrc);
        self.highest = packet.header.sequence;
        self.digits = DigitReceiver::new(DIGIT_SILENCE);
        self.jitter.restart();
    }

    fn track(&mut self, now: Instant, packet: &RtpPacket<'_>, is_event: bool) -> SequenceOutcome {
        let header = &packet.header;
        let outcome = if is_event {
            self.reception.receive_untimed(header.sequence)
        } else {
            let arrival = RtpTimestamp(sample_clock(now));
            self.reception
                .receive(header.sequence, header.timestamp, arrival)
        };
        match outcome {
            SequenceOutcome::Advanced { .. } => self.highest = header.sequence,
            SequenceOutcome::Restarted { .. } => {
                self.highest = header.sequence;
                self.jitter.restart();
            }
            _ => {}
        }
        outcome
    }

    fn receive_event(
        &mut self,
        now: Instant,
        packet: &RtpPacket<'_>,
        digit: &mut impl FnMut(char, Duration),
    ) {
        let Ok(event) = TelephoneEvent::parse(packet.payload) else {
            self.invalid += 1;
            return;
        };
        for received in self.digits.receive(now, packet.header.timestamp, &event) {
            digit(received.digit.to_char(), duration_of(&received));
        }
    }

    fn receive_audio(
        &mut self,
        (now, next_tick): (Instant, Instant),
        codec: Codec,
        packet: &RtpPacket<'_>,
        (outcome, decoded): (SequenceOutcome, &mut Decoded),
    ) {
        let duplicate = matches!(outcome, SequenceOutcome::Duplicate { .. });
        if duplicate || !self.receives || packet.payload.is_empty() {
            return;
        }
        let len = codec.decode(packet.payload, decoded);
        let arrival = Arrival {
            timestamp: packet.header.timestamp.0,
            newest: !matches!(outcome, SequenceOutcome::Late { .. }),
            until_tick: samples_until(now, next_tick),
        };
        self.jitter.insert(arrival, &decoded[..len]);
    }
}

fn duration_of(digit: &ReceivedDigit) -> Duration {
    length_of(u64::from(digit.duration))
}
