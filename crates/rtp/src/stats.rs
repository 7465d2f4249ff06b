use core::time::Duration;

use plenum_time::Instant;

use crate::ntp::{short_span, short_units};
use crate::rtcp::ReportBlock;
use crate::{ExtendedSequence, NtpTime, RtpTimestamp, SequenceNumber, SequenceOutcome, Ssrc};

/// RFC 3550 A.8 keeps the jitter in sixteenths.
const JITTER_SCALE: u32 = 4;

/// The cumulative loss of a report block has 24 bits and a sign.
const LOST_LIMITS: (i64, i64) = (-0x80_0000, 0x7F_FFFF);

/// Two truncated clocks make a round trip of nothing look this much less than nothing.
const ROUND_TRIP_SLACK: u32 = 66;

/// What a receiver knows of one source, and the report blocks it sends about it.
///
/// # Standard
///
/// RFC 3550 section 6.4.1, appendices A.1, A.3 and A.8.
#[derive(Clone, Debug, Default)]
pub struct ReceptionStats {
    sequence: ExtendedSequence,
    received: u64,
    duplicates: u64,
    late: u64,
    /// Expected packets of senders before they started over.
    expected_before: u64,
    reported: Totals,
    transit: Option<u32>,
    jitter: u64,
    last_sender_report: Option<(NtpTime, Instant)>,
}

#[derive(Clone, Copy, Debug, Default)]
struct Totals {
    expected: u64,
    received: u64,
}

impl ReceptionStats {
    /// Starts with a source whose sequence numbers `sequence` judges.
    #[must_use]
    pub fn new(sequence: ExtendedSequence) -> Self {
        Self {
            sequence,
            ..Self::default()
        }
    }

    /// Takes a packet of media.
    ///
    /// `arrival` is the time of arrival in units of the payload's clock rate from any origin, see
    /// [`RtpTimestamp::from_duration`].
    pub fn receive(
        &mut self,
        sequence: SequenceNumber,
        timestamp: RtpTimestamp,
        arrival: RtpTimestamp,
    ) -> SequenceOutcome {
        let outcome = self.receive_untimed(sequence);
        if outcome.is_accepted() {
            self.time(timestamp, arrival);
        }
        outcome
    }

    /// Takes a packet whose timestamp is not its sending time, so that it says nothing of jitter.
    ///
    /// Updates and retransmitted ends of a telephone event all carry the timestamp of its start.
    pub fn receive_untimed(&mut self, sequence: SequenceNumber) -> SequenceOutcome {
        let expected = self.sequence.expected();
        let outcome = self.sequence.receive(sequence);
        match outcome {
            SequenceOutcome::Duplicate { .. } => self.duplicates += 1,
            SequenceOutcome::Late { .. } => self.late += 1,
            SequenceOutcome::Restarted { .. } => {
                self.expected_before += expected;
                self.transit = None;
            }
            _ => {}
        }
        self.received += u64::from(outcome.is_accepted());
        outcome
    }

    /// Takes a sender report of the source.
    pub fn receive_sender_report(&mut self, sent: NtpTime, now: Instant) {
        self.last_sender_report = Some((sent, now));
    }

    /// Builds a report block and starts the next reporting interval.
    pub fn report(&mut self, ssrc: Ssrc, now: Instant) -> ReportBlock {
        let totals = Totals {
            expected: self.expected(),
            received: self.received,
        };
        let fraction_lost = fraction_lost(self.reported, totals);
        self.reported = totals;
        let (last_sr, delay_since_last_sr) = match self.last_sender_report {
            Some((sent, arrived)) => (sent.middle(), short_units(now.since(arrived))),
            None => (0, 0),
        };
        ReportBlock {
            ssrc,
            fraction_lost,
            cumulative_lost: self.lost().clamp(LOST_LIMITS.0, LOST_LIMITS.1) as i32,
            highest_sequence: self.sequence.highest(),
            jitter: self.jitter(),
            last_sr,
            delay_since_last_sr,
        }
    }

    /// Returns the accepted packets, late and duplicate ones included.
    #[must_use]
    pub const fn received(&self) -> u64 {
        self.received
    }

    /// Returns how many packets the sequence numbers say were sent.
    #[must_use]
    pub fn expected(&self) -> u64 {
        self.expected_before + self.sequence.expected()
    }

    /// Returns expected less received packets; duplicates can make it negative (RFC 3550 A.3).
    #[must_use]
    pub fn lost(&self) -> i64 {
        self.expected()
            .cast_signed()
            .wrapping_sub(self.received.cast_signed())
    }

    /// Returns the packets that came more than once.
    #[must_use]
    pub const fn duplicates(&self) -> u64 {
        self.duplicates
    }

    /// Returns the packets that came after a later one.
    #[must_use]
    pub const fn reordered(&self) -> u64 {
        self.late
    }

    /// Returns the interarrival jitter in timestamp units.
    #[must_use]
    pub fn jitter(&self) -> u32 {
        u32::try_from(self.jitter >> JITTER_SCALE).unwrap_or(u32::MAX)
    }

    /// Returns the highest sequence number in a report's form.
    #[must_use]
    pub fn highest_sequence(&self) -> u32 {
        self.sequence.highest()
    }

    /// RFC 3550 A.8.
    fn time(&mut self, timestamp: RtpTimestamp, arrival: RtpTimestamp) {
        let transit = arrival.0.wrapping_sub(timestamp.0);
        if let Some(previous) = self.transit.replace(transit) {
            let change = transit.wrapping_sub(previous).cast_signed().unsigned_abs();
            let decay = (self.jitter + 8) >> JITTER_SCALE;
            self.jitter = (self.jitter + u64::from(change)).saturating_sub(decay);
        }
    }
}

impl ReportBlock {
    /// Returns the round-trip time that a report about our own stream shows.
    ///
    /// `now` is the wall-clock time of its arrival. Returns `None` if the reporter had no sender
    /// report of ours or its numbers are impossible.
    ///
    /// # Standard
    ///
    /// RFC 3550 section 6.4.1, "delay since last SR".
    #[must_use]
    pub fn round_trip(&self, now: NtpTime) -> Option<Duration> {
        if self.last_sr == 0 {
            return None;
        }
        let units = now
            .middle()
            .wrapping_sub(self.last_sr)
            .wrapping_sub(self.delay_since_last_sr);
        if units.wrapping_neg() <= ROUND_TRIP_SLACK {
            return Some(Duration::ZERO);
        }
        (units.cast_signed() > 0).then(|| short_span(units))
    }
}

/// RFC 3550 A.3: loss since the last report in 1/256, never more than the byte holds.
fn fraction_lost(before: Totals, now: Totals) -> u8 {
    let expected = now.expected.saturating_sub(before.expected);
    let received = now.received.saturating_sub(before.received);
    let lost = expected.saturating_sub(received);
    if expected == 0 {
        return 0;
    }
    u8::try_from(u128::from(lost) * 256 / u128::from(expected)).unwrap_or(u8::MAX)
}
