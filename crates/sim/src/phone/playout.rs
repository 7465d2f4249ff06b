use plenum_media::{FRAME, SAMPLE_RATE};
use plenum_rtp::RtpHeader;
use plenum_time::Instant;

/// Samples that fit: just over a second, a power of two.
const RING: usize = 8_192;

/// Audio is played so long after it was due on a perfect network: 100 ms.
const LATENCY: i64 = SAMPLE_RATE as i64 / 10;

/// A packet this far from where it belongs starts the stream anew.
const JUMP_MAX: i64 = SAMPLE_RATE as i64 / 2;

/// Puts what arrives in its place in time, and plays it a fixed while later.
///
/// The naive model beside the server's adaptive buffer: the sender's clock is the virtual clock,
/// so a sample's place follows from its timestamp alone.
#[derive(Debug)]
pub(super) struct Playout {
    anchor: Option<Anchor>,
    /// The next sample to play, counted from the anchor.
    next: i64,
    samples: Vec<Option<i16>>,
    /// Frames that were not all there when they were due.
    pub(super) frames_missing: u64,
}

/// The first packet of a stream: what was said then.
#[derive(Clone, Copy, Debug)]
struct Anchor {
    ssrc: u32,
    timestamp: u32,
    at: Instant,
}

impl Anchor {
    fn samples_until(&self, now: Instant) -> i64 {
        let nanos = i128::try_from(now.since(self.at).as_nanos()).unwrap_or(0);
        i64::try_from(nanos * i128::from(SAMPLE_RATE) / 1_000_000_000).unwrap_or(0)
    }
}

impl Playout {
    pub(super) fn new() -> Self {
        Self {
            anchor: None,
            next: 0,
            samples: vec![None; RING],
            frames_missing: 0,
        }
    }

    /// Forgets the stream, because the server sends none from here on.
    pub(super) fn reset(&mut self) {
        self.anchor = None;
    }

    /// Takes the audio of a packet.
    pub(super) fn put(&mut self, now: Instant, header: &RtpHeader, audio: &[i16]) {
        let timestamp = header.timestamp.0;
        let known = self.anchor.filter(|anchor| anchor.ssrc == header.ssrc.0);
        let place = |anchor: &Anchor| i64::from(timestamp.wrapping_sub(anchor.timestamp) as i32);
        let fits =
            known.filter(|anchor| (place(anchor) - anchor.samples_until(now)).abs() < JUMP_MAX);
        let anchor = fits.unwrap_or_else(|| {
            self.samples.fill(None);
            self.next = -LATENCY;
            let anchor = Anchor {
                ssrc: header.ssrc.0,
                timestamp,
                at: now,
            };
            self.anchor = Some(anchor);
            anchor
        });
        for (sample, place) in audio.iter().zip(place(&anchor)..) {
            if place >= self.next {
                self.samples[ring(place)] = Some(*sample);
            }
        }
    }

    /// Plays the frames that are due, one after the other.
    pub(super) fn play(&mut self, now: Instant, mut listen: impl FnMut(&[i16])) {
        let Some(anchor) = self.anchor else {
            listen(&[0; FRAME]);
            return;
        };
        let due = anchor.samples_until(now) - LATENCY;
        while self.next + (FRAME as i64) <= due {
            let mut frame = [0; FRAME];
            let mut missing = false;
            for (sample, place) in frame.iter_mut().zip(self.next..) {
                match self.samples[ring(place)].take() {
                    Some(value) => *sample = value,
                    None => missing = place >= 0,
                }
            }
            self.frames_missing += u64::from(missing);
            self.next += FRAME as i64;
            listen(&frame);
        }
    }
}

fn ring(place: i64) -> usize {
    usize::try_from(place.rem_euclid(RING as i64)).unwrap_or(0)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use plenum_rtp::{PayloadType, RtpTimestamp, SequenceNumber, Ssrc};

    use super::*;

    fn header(timestamp: u32) -> RtpHeader {
        RtpHeader {
            marker: false,
            payload_type: PayloadType::PCMU,
            sequence: SequenceNumber(0),
            timestamp: RtpTimestamp(timestamp),
            ssrc: Ssrc(1),
        }
    }

    #[test]
    fn packets_out_of_order_are_played_in_order_and_one_gap_is_counted() {
        let mut playout = Playout::new();
        let start = Instant::from_millis(1_000);
        let at = |frame: u32| start + Duration::from_millis(20) * frame;
        for frame in [0_u32, 2, 1, 4] {
            let audio = [i16::try_from(frame).unwrap() + 1; FRAME];
            playout.put(at(frame), &header(frame * 160), &audio);
        }
        let mut heard = Vec::new();
        playout.play(at(10), |frame| heard.push(frame[0]));
        assert_eq!(heard, [0, 0, 0, 0, 0, 1, 2, 3, 0, 5]);
        assert_eq!(playout.frames_missing, 1);
    }

    #[test]
    fn a_jump_of_the_timestamp_starts_anew() {
        let mut playout = Playout::new();
        playout.put(Instant::ZERO, &header(0), &[7; FRAME]);
        playout.put(Instant::from_millis(20), &header(90_000), &[8; FRAME]);
        let mut heard = Vec::new();
        playout.play(Instant::from_millis(140), |frame| heard.push(frame[0]));
        assert_eq!(heard.last(), Some(&8));
    }
}
