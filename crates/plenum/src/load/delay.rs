//! Finds to the sample when a probe tone begins, and so how long the server took.

use std::collections::VecDeque;
use std::f64::consts::TAU;
use std::sync::LazyLock;
use std::time::Duration;

use plenum_time::Instant;

use super::tones::{FRAME, PROBE_BIN, WINDOW};

/// Frames of one turn of the probe: half of it sounds, half is silence.
pub(super) const TURN_FRAMES: u64 = 50;

/// Duration of one sample.
const SAMPLE: Duration = Duration::from_micros(125);

/// The fixed point of the tables: exact sums do not drift, however long the run.
const ONE: f64 = 16_384.0;

/// A tone is taken as beginning where it is this part of a probe in the window.
const TRIGGER: f64 = 0.4;

/// The next beginning can be found after the tone was this weak.
const QUIET: f64 = 0.1;

/// Samples after the trigger at which the tone fills the whole window.
const PLATEAU_AFTER: u64 = WINDOW as u64 - WINDOW as u64 / 8;

/// Packets whose arrivals are kept: those from a beginning to its plateau, and as many again.
const ARRIVALS_MAX: usize = 24;

/// Beginnings that were sent and are not heard yet.
const SENT_MAX: usize = 4;

/// A delay is at most this; it is shorter than a turn, so that beginnings are not mistaken.
const DELAY_MAX: Duration = Duration::from_millis(900);

/// A gap of more samples starts the ear anew.
const GAP_MAX: u64 = 10 * FRAME as u64;

/// Cosine and sine of the probe tone over a window.
static TURNS: LazyLock<Vec<(i64, i64)>> = LazyLock::new(|| {
    let turn = |sample: usize| (sample * PROBE_BIN % WINDOW) as f64 / WINDOW as f64 * TAU;
    let fixed = |value: f64| (value * ONE).round() as i64;
    (0..WINDOW)
        .map(|at| (fixed(turn(at).cos()), fixed(turn(at).sin())))
        .collect()
});

/// Tells whether the probe sounds in a frame, and it is this sender's turn among its fellows.
pub(super) const fn sounds(frame: u64, sender: u64, senders: u64) -> bool {
    frame % TURN_FRAMES < TURN_FRAMES / 2 && frame / TURN_FRAMES % senders == sender
}

/// Tells whether the probe begins with this frame.
pub(super) const fn begins(frame: u64) -> bool {
    frame.is_multiple_of(TURN_FRAMES)
}

/// The probe of a room's talkers, who send it in turn, at one listener.
pub(super) struct Probe {
    ear: OnsetEar,
    sent: VecDeque<Instant>,
}

impl Probe {
    /// Builds a probe of this amplitude.
    pub(super) fn new(amplitude: f32) -> Self {
        Self {
            ear: OnsetEar::new(f64::from(amplitude)),
            sent: VecDeque::new(),
        }
    }

    /// Tells that the packet that begins the tone was sent.
    pub(super) fn sent(&mut self, at: Instant) {
        if self.sent.len() == SENT_MAX {
            self.sent.pop_front();
        }
        self.sent.push_back(at);
    }

    /// Takes the samples of a packet; returns the delay if they tell one.
    pub(super) fn receive(
        &mut self,
        timestamp: u32,
        samples: &[i16],
        arrival: Instant,
    ) -> Option<Duration> {
        let heard = self.ear.receive(timestamp, samples, arrival)?;
        let sent = self.sent.iter().rev().find(|&&sent| sent <= heard)?;
        Some(heard.since(*sent)).filter(|delay| *delay < DELAY_MAX)
    }
}

/// Listens for the beginning of the probe tone.
///
/// A sliding Fourier transform over [`WINDOW`] samples: the other tones of the room cancel out
/// exactly, and the amplitude of the probe rises in a straight line over the window, from where
/// the tone begins. The height at one point of the line and that of the plateau behind it give the
/// beginning, whatever the gain of the server.
struct OnsetEar {
    trigger: f64,
    quiet: f64,
    window: Vec<i16>,
    sum: (i64, i64),
    /// Samples so far; gaps count.
    heard: u64,
    /// The timestamp that comes next.
    next: Option<u32>,
    state: State,
    /// Where packets began, and when they came.
    arrivals: VecDeque<(u64, Instant)>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
enum State {
    /// The window holds a gap or is not full: nothing can be said before this sample.
    Deaf {
        until: u64,
    },
    /// The tone has not fallen silent.
    Sounding,
    Quiet,
    /// The tone began: at this sample the amplitude was that.
    Rising {
        at: u64,
        amplitude: f64,
    },
}

impl OnsetEar {
    fn new(amplitude: f64) -> Self {
        Self {
            trigger: amplitude * TRIGGER,
            quiet: amplitude * QUIET,
            window: vec![0; WINDOW],
            sum: (0, 0),
            heard: 0,
            next: None,
            state: State::Deaf {
                until: WINDOW as u64,
            },
            arrivals: VecDeque::with_capacity(ARRIVALS_MAX),
        }
    }

    /// Takes a packet; returns when the first sample of the tone arrived, once that is known.
    fn receive(&mut self, timestamp: u32, samples: &[i16], arrival: Instant) -> Option<Instant> {
        let expected = self.next.unwrap_or(timestamp);
        let ahead = timestamp.wrapping_sub(expected).cast_signed();
        if ahead < 0 && u64::from(ahead.unsigned_abs()) <= GAP_MAX {
            // Too late: its place was filled already.
            return None;
        }
        self.next = Some(timestamp.wrapping_add(samples.len() as u32));
        if ahead != 0 {
            let gap = u64::from(ahead.unsigned_abs());
            (0..gap.min(GAP_MAX)).for_each(|_| self.slide(0));
            self.state = State::Deaf {
                until: self.heard + WINDOW as u64,
            };
        }
        if self.arrivals.len() == ARRIVALS_MAX {
            self.arrivals.pop_front();
        }
        self.arrivals.push_back((self.heard, arrival));
        let mut onset = None;
        for &sample in samples {
            self.slide(sample);
            onset = self.step().or(onset);
        }
        self.arrival_of(onset?)
    }

    fn slide(&mut self, sample: i16) {
        let at = self.heard as usize % WINDOW;
        let change = i64::from(sample) - i64::from(self.window[at]);
        self.window[at] = sample;
        let (cos, sin) = TURNS[at];
        self.sum = (self.sum.0 + change * cos, self.sum.1 + change * sin);
        self.heard += 1;
    }

    fn amplitude(&self) -> f64 {
        let (re, im) = (self.sum.0 as f64 / ONE, self.sum.1 as f64 / ONE);
        re.hypot(im) * 2.0 / WINDOW as f64
    }

    /// Looks at the window; returns the sample at which the tone began, once the plateau is there.
    fn step(&mut self) -> Option<u64> {
        match self.state {
            State::Deaf { until } if self.heard >= until => self.state = State::Sounding,
            State::Deaf { .. } => {}
            State::Sounding => {
                if self.amplitude() < self.quiet {
                    self.state = State::Quiet;
                }
            }
            State::Quiet => {
                let amplitude = self.amplitude();
                if amplitude >= self.trigger {
                    self.state = State::Rising {
                        at: self.heard,
                        amplitude,
                    };
                }
            }
            State::Rising { at, amplitude } => {
                if self.heard - at >= PLATEAU_AFTER {
                    self.state = State::Sounding;
                    let risen = WINDOW as f64 * amplitude / self.amplitude();
                    return Some(at.saturating_sub(risen.round() as u64));
                }
            }
        }
        None
    }

    fn arrival_of(&self, sample: u64) -> Option<Instant> {
        let (start, arrival) = self
            .arrivals
            .iter()
            .rev()
            .find(|(start, _)| *start <= sample)?;
        Some(*arrival + SAMPLE * u32::try_from(sample - start).ok()?)
    }
}

#[cfg(test)]
mod tests {
    use std::iter;

    use plenum_codecs::Codec;
    use proptest::prelude::*;

    use super::*;
    use crate::load::tones::{BINS, sum};

    const AMPLITUDE: f64 = 2000.0;

    const SHIFT_MAX: usize = 4000;

    const PACKETS: u64 = 260;

    /// Silence, and then a talker with its probe among others in the room.
    static ROOM: LazyLock<Vec<i16>> = LazyLock::new(|| {
        let period = |bins: &[usize]| -> Vec<i16> {
            (0..WINDOW)
                .step_by(FRAME)
                .flat_map(|start| sum(bins, AMPLITUDE, start))
                .collect()
        };
        let (others, probe) = (period(&BINS[..4]), period(&[PROBE_BIN]));
        let sound = (0..PACKETS as usize * FRAME).map(|at| {
            let probe = if sounds((at / FRAME) as u64, 0, 1) {
                probe[at % WINDOW]
            } else {
                0
            };
            others[at % WINDOW] + probe
        });
        iter::repeat_n(0, SHIFT_MAX).chain(sound).collect()
    });

    /// Delays the room by some samples and a gain, loses some packets; returns the delays found.
    fn delays(shift: u64, gain: f64, lost: &[u64]) -> Vec<Duration> {
        let mut probe = Probe::new(AMPLITUDE as f32);
        let mut found = Vec::new();
        for packet in 0..PACKETS {
            let now = Instant::from_millis(packet * 20);
            if begins(packet) {
                probe.sent(now);
            }
            if lost.contains(&packet) {
                continue;
            }
            let first = SHIFT_MAX + packet as usize * FRAME - shift as usize;
            let plain = &ROOM[first..first + FRAME];
            let plain: Vec<i16> = plain
                .iter()
                .map(|&sample| (f64::from(sample) * gain) as i16)
                .collect();
            let (mut payload, mut samples) = ([0; FRAME], [0; FRAME]);
            Codec::Pcmu.encode(&plain, &mut payload);
            Codec::Pcmu.decode(&payload, &mut samples);
            found.extend(probe.receive(packet as u32 * FRAME as u32, &samples, now));
        }
        found
    }

    fn assert_close(found: &[Duration], shift: u64) {
        let exact = SAMPLE * shift as u32;
        for delay in found {
            assert!(
                delay.abs_diff(exact) < Duration::from_millis(1),
                "{delay:?} for {exact:?}"
            );
        }
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(24))]

        #[test]
        fn a_known_delay_is_found_to_the_millisecond(
            shift in 0..SHIFT_MAX as u64,
            gain in 0.6f64..1.4,
        ) {
            let found = delays(shift, gain, &[]);
            prop_assert!(found.len() >= 4, "{found:?}");
            assert_close(&found, shift);
        }
    }

    #[test]
    fn a_gap_hides_a_beginning_but_never_moves_one() {
        for lost in 40..70 {
            let found = delays(300, 1.0, &[lost, lost + 1]);
            assert!(found.len() >= 3, "{lost}: {found:?}");
            assert_close(&found, 300);
        }
    }

    #[test]
    fn late_and_repeated_packets_change_nothing() {
        let mut ear = OnsetEar::new(AMPLITUDE);
        let now = Instant::ZERO;
        ear.receive(0, &[5; FRAME], now);
        ear.receive(160, &[5; FRAME], now);
        let before = (ear.heard, ear.sum);
        assert_eq!(ear.receive(0, &[9; FRAME], now), None);
        assert_eq!(ear.receive(160, &[9; FRAME], now), None);
        assert_eq!((ear.heard, ear.sum), before);
    }

    #[test]
    fn silence_and_steady_talk_have_no_beginning() {
        let mut probe = Probe::new(AMPLITUDE as f32);
        probe.sent(Instant::ZERO);
        for packet in 0..200usize {
            let samples = sum(&BINS[..4], AMPLITUDE, packet * FRAME);
            let now = Instant::from_millis(packet as u64 * 20);
            assert_eq!(probe.receive((packet * FRAME) as u32, &samples, now), None);
        }
    }
}
