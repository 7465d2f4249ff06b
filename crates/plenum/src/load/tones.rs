//! What the talkers say: a tone of its own for each, as packets ready to send.

use std::f64::consts::TAU;

use plenum_codecs::Codec;

/// Samples of one packet: 20 ms at 8 kHz.
pub(super) const FRAME: usize = 160;

/// Frames after which all tones begin anew.
///
/// No tone repeats with each frame, so a frame that the server drops or conceals by repetition
/// breaks the phase of a tone and is heard.
pub(super) const PERIOD_FRAMES: usize = 5;

/// Samples after which all tones begin anew, and over which they are told apart: 100 ms.
pub(super) const WINDOW: usize = FRAME * PERIOD_FRAMES;

/// Tones there are, hence talkers of one room at most.
pub(super) const POOL: usize = 16;

/// The tones in units of 10 Hz, so that all are orthogonal over
/// [`WINDOW`]. They are primes, so that none is a harmonic of another or repeats within a frame.
pub(super) const BINS: [usize; POOL] = [
    31, 43, 59, 73, 89, 103, 127, 139, 157, 173, 191, 211, 227, 241, 257, 271,
];

/// The tone that is switched on and off to measure delay.
pub(super) const PROBE_BIN: usize = 307;

/// The amplitude of a sine at -20 dBov.
const AMPLITUDE_MAX: f64 = 4634.0;

/// What all tones of a room may add up to at their peak: no server has a reason to limit it.
const SUM_MAX: f64 = 28_000.0;

/// The encoded packets of all tones.
pub(super) struct ToneBank {
    pub(super) codec: Codec,
    /// The amplitude of each tone, in samples.
    pub(super) amplitude: f32,
    steady: Vec<Vec<u8>>,
    keyed: Vec<Vec<u8>>,
    silence: Vec<u8>,
}

/// What one packet says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Word {
    Silence,
    /// A tone of the pool.
    Tone(usize),
    /// A tone of the pool and the probe with it.
    ToneAndProbe(usize),
}

impl ToneBank {
    /// Builds the packets for rooms with this many talkers.
    pub(super) fn new(codec: Codec, talkers: usize) -> Self {
        let amplitude = AMPLITUDE_MAX.min(SUM_MAX / (talkers + 1) as f64);
        let encode = |bins: &[usize], frame: usize| {
            let mut payload = vec![0; codec.frame_bytes(FRAME)];
            codec.encode(&sum(bins, amplitude, frame * FRAME), &mut payload);
            payload
        };
        let each = || {
            BINS.iter()
                .flat_map(|&bin| (0..PERIOD_FRAMES).map(move |k| (bin, k)))
        };
        Self {
            codec,
            amplitude: amplitude as f32,
            steady: each().map(|(bin, frame)| encode(&[bin], frame)).collect(),
            keyed: each()
                .map(|(bin, frame)| encode(&[bin, PROBE_BIN], frame))
                .collect(),
            silence: vec![codec.silence_byte(); codec.frame_bytes(FRAME)],
        }
    }

    /// Returns the payload of a talker's frame, counted from any multiple of the period.
    pub(super) fn payload(&self, word: Word, frame: u64) -> &[u8] {
        let frame = frame as usize % PERIOD_FRAMES;
        match word {
            Word::Silence => &self.silence,
            Word::Tone(tone) => &self.steady[tone * PERIOD_FRAMES + frame],
            Word::ToneAndProbe(tone) => &self.keyed[tone * PERIOD_FRAMES + frame],
        }
    }
}

/// Returns a frame of some tones together.
pub(super) fn sum(bins: &[usize], amplitude: f64, start: usize) -> [i16; FRAME] {
    std::array::from_fn(|index| {
        let turn = |bin: &usize| ((start + index) * bin % WINDOW) as f64 / WINDOW as f64;
        let value: f64 = bins.iter().map(|bin| (turn(bin) * TAU).sin()).sum();
        (value * amplitude).round() as i16
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_tone_repeats_with_each_frame_or_is_a_harmonic_of_another() {
        let all: Vec<usize> = BINS.into_iter().chain([PROBE_BIN]).collect();
        for (index, &bin) in all.iter().enumerate() {
            assert_ne!(bin % PERIOD_FRAMES, 0);
            assert!((30..=340).contains(&bin), "outside of the telephone band");
            assert!(
                all[..index]
                    .iter()
                    .all(|lower| bin % lower != 0 && bin - lower >= 12)
            );
        }
    }

    #[test]
    fn the_loudest_room_does_not_reach_full_scale() {
        for talkers in 1..=POOL {
            let tones = ToneBank::new(Codec::Pcmu, talkers);
            assert!(tones.amplitude * (talkers + 1) as f32 <= SUM_MAX as f32);
        }
    }

    #[test]
    fn a_tone_goes_on_without_a_step_after_its_period() {
        let (last, first) = (
            sum(&BINS, 1000.0, WINDOW - FRAME),
            sum(&BINS, 1000.0, WINDOW),
        );
        assert_eq!(first, sum(&BINS, 1000.0, 0));
        assert_ne!(last, first);
        let tones = ToneBank::new(Codec::L16, 4);
        assert_eq!(
            tones.payload(Word::Tone(3), 2),
            tones.payload(Word::Tone(3), 7)
        );
        assert_ne!(
            tones.payload(Word::Tone(3), 2),
            tones.payload(Word::Tone(3), 3)
        );
        assert_ne!(
            tones.payload(Word::Tone(3), 2),
            tones.payload(Word::ToneAndProbe(3), 2)
        );
    }
}
