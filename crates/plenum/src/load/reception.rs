//! Loss and lateness of one received stream.

use std::time::Duration;

use plenum_rtp::{ExtendedSequence, RtpHeader, SequenceOutcome, Ssrc};
use plenum_time::Instant;

/// Nanoseconds of one unit of the RTP clock at 8 kHz.
const UNIT_NANOS: i64 = 125_000;

/// Packets that need not have come at the edges of the counted time.
const EDGE: u64 = 3;

/// A timestamp that steps by more than this starts a stream anew: 10 s.
const STEP_MAX: i32 = 80_000;

/// What came of a stream while it counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct ReceptionTally {
    pub(super) received: u64,
    /// Numbers that were skipped and did not come later, and packets that were due and never sent.
    pub(super) lost: u64,
    pub(super) late: u64,
    pub(super) duplicates: u64,
}

impl ReceptionTally {
    pub(super) const fn add(&mut self, other: &Self) {
        self.received += other.received;
        self.lost += other.lost;
        self.late += other.late;
        self.duplicates += other.duplicates;
    }
}

/// Follows one stream.
#[derive(Clone, Debug)]
pub(super) struct Reception {
    late_after: Duration,
    sequence: ExtendedSequence,
    stream: Option<Stream>,
    received: u64,
    skipped: i64,
    late: u64,
    duplicates: u64,
}

#[derive(Clone, Copy, Debug)]
struct Stream {
    ssrc: Ssrc,
    timestamp: plenum_rtp::RtpTimestamp,
    /// The timestamp without its wraps, since the first packet.
    units: i64,
    /// The shortest trip so far, on an arbitrary scale.
    best: i64,
}

impl Reception {
    /// Builds a reception where a packet counts as late after this much delay more than the best.
    pub(super) fn new(late_after: Duration) -> Self {
        Self {
            late_after,
            sequence: ExtendedSequence::announced(),
            stream: None,
            received: 0,
            skipped: 0,
            late: 0,
            duplicates: 0,
        }
    }

    /// Counts from zero, and measures lateness against what is the best from here on.
    pub(super) fn restart(&mut self) {
        (self.received, self.skipped, self.late, self.duplicates) = (0, 0, 0, 0);
        if let Some(stream) = &mut self.stream {
            stream.best = i64::MAX;
        }
    }

    /// Takes the header of a packet; returns how many numbers were skipped before it, `None` for a
    /// packet that is not the next one.
    pub(super) fn receive(&mut self, header: &RtpHeader, arrival: Instant) -> Option<u16> {
        let is_other = self.stream.is_some_and(|stream| stream.ssrc != header.ssrc);
        if is_other {
            self.sequence = ExtendedSequence::announced();
            self.stream = None;
        }
        let skipped = match self.sequence.receive(header.sequence) {
            SequenceOutcome::Advanced { skipped, .. } => Some(skipped),
            SequenceOutcome::Restarted { .. } => Some(0),
            SequenceOutcome::Duplicate { .. } => {
                self.duplicates += 1;
                return None;
            }
            SequenceOutcome::Late { .. } => {
                self.skipped -= 1;
                None
            }
            _ => return None,
        };
        self.received += 1;
        self.skipped += i64::from(skipped.unwrap_or(0));
        self.time(header, arrival);
        skipped
    }

    fn time(&mut self, header: &RtpHeader, arrival: Instant) {
        let stream = self.stream.get_or_insert(Stream {
            ssrc: header.ssrc,
            timestamp: header.timestamp,
            units: 0,
            best: i64::MAX,
        });
        let step = header.timestamp.distance(stream.timestamp);
        stream.timestamp = header.timestamp;
        stream.units += i64::from(step);
        if step.abs() > STEP_MAX {
            stream.best = i64::MAX;
        }
        let arrival = i64::try_from(arrival.as_nanos()).unwrap_or(i64::MAX);
        let trip = arrival.saturating_sub(stream.units * UNIT_NANOS);
        stream.best = stream.best.min(trip);
        let lag = u64::try_from(trip - stream.best).unwrap_or(0);
        self.late += u64::from(Duration::from_nanos(lag) > self.late_after);
    }

    /// Returns what counted over `span`, in which a packet was due each `packet_time`.
    pub(super) fn tally(&self, span: Duration, packet_time: Duration) -> ReceptionTally {
        let due = span.as_nanos() / packet_time.as_nanos().max(1);
        let due = u64::try_from(due).unwrap_or(u64::MAX).saturating_sub(EDGE);
        let skipped = u64::try_from(self.skipped).unwrap_or(0);
        let never_sent = due.saturating_sub(self.received + skipped);
        ReceptionTally {
            received: self.received,
            lost: skipped + never_sent,
            late: self.late,
            duplicates: self.duplicates,
        }
    }
}

#[cfg(test)]
mod tests {
    use plenum_rtp::{PayloadType, RtpTimestamp, SequenceNumber};

    use super::*;

    const PACKET: Duration = Duration::from_millis(20);

    fn header(number: u64) -> RtpHeader {
        RtpHeader {
            marker: false,
            payload_type: PayloadType::PCMU,
            sequence: SequenceNumber(number as u16),
            timestamp: RtpTimestamp(number as u32 * 160),
            ssrc: Ssrc(1),
        }
    }

    /// Delivers packets by number and delay in milliseconds.
    fn deliver(packets: impl IntoIterator<Item = (u64, u64)>) -> Reception {
        let mut reception = Reception::new(Duration::from_millis(40));
        for (number, delay) in packets {
            reception.receive(&header(number), Instant::from_millis(number * 20 + delay));
        }
        reception
    }

    #[test]
    fn a_steady_stream_loses_nothing_across_a_wrap() {
        let reception = deliver((65_500..65_600).map(|number| (number, 7)));
        let tally = reception.tally(PACKET * 100, PACKET);
        assert_eq!(
            tally,
            ReceptionTally {
                received: 100,
                ..ReceptionTally::default()
            }
        );
    }

    #[test]
    fn gaps_are_lost_and_reordering_is_not() {
        let reception = deliver([(1, 5), (2, 5), (6, 5), (5, 5), (5, 5), (7, 5)]);
        let tally = reception.tally(Duration::ZERO, PACKET);
        assert_eq!((tally.received, tally.lost, tally.duplicates), (5, 2, 1));
    }

    #[test]
    fn a_packet_is_late_against_the_best_one() {
        let reception = deliver([(1, 30), (2, 10), (3, 49), (4, 51), (5, 10)]);
        assert_eq!(reception.tally(Duration::ZERO, PACKET).late, 1);
    }

    #[test]
    fn a_stream_that_stops_is_lost() {
        let reception = deliver((0..20).map(|number| (number, 5)));
        assert_eq!(reception.tally(PACKET * 100, PACKET).lost, 100 - EDGE - 20);
        let silent = Reception::new(PACKET);
        assert_eq!(silent.tally(PACKET * 100, PACKET).lost, 100 - EDGE);
    }

    #[test]
    fn what_came_before_the_restart_does_not_count() {
        let mut reception = deliver([(1, 0), (2, 100), (9, 5)]);
        reception.restart();
        reception.receive(&header(10), Instant::from_millis(290));
        reception.receive(&header(11), Instant::from_millis(310));
        let tally = reception.tally(Duration::ZERO, PACKET);
        assert_eq!(
            tally,
            ReceptionTally {
                received: 2,
                ..ReceptionTally::default()
            }
        );
    }
}
