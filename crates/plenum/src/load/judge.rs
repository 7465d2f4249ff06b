//! Who is heard in a window of audio.

use std::f32::consts::TAU;

use serde::Serialize;

use super::tones::{BINS, POOL, WINDOW};

/// A tone this far off its level, in either direction, is at a wrong level: 3 dB.
const LEVEL_TOLERANCE: f32 = 1.412_537_5;

/// A talker that is weaker by this is not heard at all: 10 dB.
const MISSING: f32 = 3.162_277_7;

/// Who must not be heard is weaker by at least this: 20 dB.
const ABSENT: f32 = 10.0;

/// A set of tones of the pool.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Tones(u32);

impl Tones {
    pub(super) const fn with(self, tone: usize) -> Self {
        Self(self.0 | 1 << tone)
    }

    pub(super) const fn without(self, tone: usize) -> Self {
        Self(self.0 & !(1 << tone))
    }

    pub(super) const fn contains(self, tone: usize) -> bool {
        self.0 & 1 << tone != 0
    }
}

/// What a caller must hear.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Expectation {
    /// The tones of the other talkers in its room.
    pub(super) others: Tones,
    /// Its own tone, if it talks.
    pub(super) own: Option<usize>,
}

/// What a caller heard in one window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Hearing {
    /// Each other talker as loud as it spoke, and nobody else.
    Good,
    /// Another talker of the room is not heard.
    Missing,
    /// Another talker is heard, but more than 3 dB off.
    WrongLevel,
    /// The caller hears itself.
    OwnEcho,
    /// Somebody of another room is heard.
    Stranger,
    /// Packets are missing from the window, or none came at all.
    Gap,
}

/// How many windows were heard how.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub(super) struct HearingTally {
    pub(super) good: u64,
    pub(super) missing_talker: u64,
    pub(super) wrong_level: u64,
    pub(super) own_echo: u64,
    pub(super) other_room: u64,
    pub(super) gap: u64,
}

impl HearingTally {
    pub(super) const fn record(&mut self, hearing: Hearing) {
        let count = match hearing {
            Hearing::Good => &mut self.good,
            Hearing::Missing => &mut self.missing_talker,
            Hearing::WrongLevel => &mut self.wrong_level,
            Hearing::OwnEcho => &mut self.own_echo,
            Hearing::Stranger => &mut self.other_room,
            Hearing::Gap => &mut self.gap,
        };
        *count += 1;
    }

    pub(super) const fn add(&mut self, other: &Self) {
        self.good += other.good;
        self.missing_talker += other.missing_talker;
        self.wrong_level += other.wrong_level;
        self.own_echo += other.own_echo;
        self.other_room += other.other_room;
        self.gap += other.gap;
    }

    /// Windows in which somebody was heard who must not be, or not heard who must.
    pub(super) const fn wrong(&self) -> u64 {
        self.missing_talker + self.own_echo + self.other_room
    }

    /// Windows that a lost packet explains: a gap, or a dent in the level of a talker.
    pub(super) const fn damaged(&self) -> u64 {
        self.wrong_level + self.gap
    }

    pub(super) const fn bad(&self) -> u64 {
        self.wrong() + self.damaged()
    }

    pub(super) const fn total(&self) -> u64 {
        self.good + self.bad()
    }
}

/// Measures all tones of the pool in a window.
pub(super) struct Ear {
    coefficients: [f32; POOL],
}

impl Ear {
    pub(super) fn new() -> Self {
        Self {
            coefficients: BINS.map(|bin| 2.0 * (TAU * bin as f32 / WINDOW as f32).cos()),
        }
    }

    /// Returns the amplitude of each tone, by Goertzel's algorithm for all tones side by side.
    pub(super) fn amplitudes(&self, window: &[i16; WINDOW]) -> [f32; POOL] {
        let (mut last, mut before) = ([0.0f32; POOL], [0.0f32; POOL]);
        for &sample in window {
            let sample = f32::from(sample);
            for tone in 0..POOL {
                let next = sample + self.coefficients[tone] * last[tone] - before[tone];
                before[tone] = last[tone];
                last[tone] = next;
            }
        }
        std::array::from_fn(|tone| {
            let (a, b) = (last[tone], before[tone]);
            let power = a * a + b * b - self.coefficients[tone] * a * b;
            power.max(0.0).sqrt() * 2.0 / WINDOW as f32
        })
    }

    /// Judges a window; `spoken` is the amplitude of each talker.
    pub(super) fn judge(
        &self,
        window: &[i16; WINDOW],
        expectation: Expectation,
        spoken: f32,
    ) -> Hearing {
        let heard = self.amplitudes(window);
        let is_present = |tone: usize| heard[tone] > spoken / ABSENT;
        let others = || (0..POOL).filter(|&tone| expectation.others.contains(tone));
        if expectation.own.is_some_and(is_present) {
            Hearing::OwnEcho
        } else if others().any(|tone| heard[tone] < spoken / MISSING) {
            Hearing::Missing
        } else if others().any(|tone| is_off_level(heard[tone], spoken)) {
            Hearing::WrongLevel
        } else if (0..POOL).any(|tone| !expectation.others.contains(tone) && is_present(tone)) {
            Hearing::Stranger
        } else {
            Hearing::Good
        }
    }
}

fn is_off_level(heard: f32, spoken: f32) -> bool {
    heard > spoken * LEVEL_TOLERANCE || heard < spoken / LEVEL_TOLERANCE
}

#[cfg(test)]
mod tests {
    use plenum_codecs::Codec;

    use super::*;
    use crate::load::tones::{FRAME, PERIOD_FRAMES, ToneBank, Word, sum};

    /// What caller 0 of a room hears when these tones sound, after a trip through a codec.
    fn mix(tones: &[(usize, f64)]) -> [i16; WINDOW] {
        let mut window = [0i16; WINDOW];
        for &(tone, amplitude) in tones {
            for frame in 0..PERIOD_FRAMES {
                let samples = sum(&[BINS[tone]], amplitude, frame * FRAME);
                for (sum, sample) in window[frame * FRAME..].iter_mut().zip(samples) {
                    *sum += sample;
                }
            }
        }
        let mut payload = [0; WINDOW];
        Codec::Pcmu.encode(&window, &mut payload);
        Codec::Pcmu.decode(&payload, &mut window);
        window
    }

    /// Caller 0 talks in a room with 1, 2 and 3.
    const ROOM_OF_FOUR: Expectation = Expectation {
        others: Tones(0b1110),
        own: Some(0),
    };

    fn judged(tones: &[(usize, f64)]) -> Hearing {
        Ear::new().judge(&mix(tones), ROOM_OF_FOUR, 4000.0)
    }

    #[test]
    fn a_clean_mix_of_the_others_is_good() {
        assert_eq!(
            judged(&[(1, 4000.0), (2, 4000.0), (3, 4000.0)]),
            Hearing::Good
        );
    }

    #[test]
    fn fifteen_others_through_a_codec_are_good() {
        let amplitude = ToneBank::new(Codec::Pcmu, POOL).amplitude;
        for own in 0..POOL {
            let others: Vec<_> = (0..POOL)
                .filter(|&tone| tone != own)
                .map(|tone| (tone, f64::from(amplitude)))
                .collect();
            let others_set = others
                .iter()
                .fold(Tones::default(), |set, (tone, _)| set.with(*tone));
            let expectation = Expectation {
                others: others_set,
                own: Some(own),
            };
            assert_eq!(
                Ear::new().judge(&mix(&others), expectation, amplitude),
                Hearing::Good
            );
        }
    }

    #[test]
    fn each_fault_has_its_name() {
        let cases: [(&[(usize, f64)], Hearing); 7] = [
            (&[], Hearing::Missing),
            (&[(1, 4000.0), (3, 4000.0)], Hearing::Missing),
            (
                &[(1, 4000.0), (2, 2500.0), (3, 4000.0)],
                Hearing::WrongLevel,
            ),
            (
                &[(1, 4000.0), (2, 6000.0), (3, 4000.0)],
                Hearing::WrongLevel,
            ),
            (
                &[(0, 4000.0), (1, 4000.0), (2, 4000.0), (3, 4000.0)],
                Hearing::OwnEcho,
            ),
            (
                &[(0, 500.0), (1, 4000.0), (2, 4000.0), (3, 4000.0)],
                Hearing::OwnEcho,
            ),
            (
                &[(1, 4000.0), (2, 4000.0), (3, 4000.0), (9, 4000.0)],
                Hearing::Stranger,
            ),
        ];
        for (tones, expected) in cases {
            assert_eq!(judged(tones), expected, "{tones:?}");
        }
    }

    #[test]
    fn a_repeated_frame_in_place_of_a_lost_one_is_heard() {
        let mut window = mix(&[(1, 4000.0), (2, 4000.0), (3, 4000.0)]);
        window.copy_within(FRAME..2 * FRAME, 2 * FRAME);
        assert_ne!(
            Ear::new().judge(&window, ROOM_OF_FOUR, 4000.0),
            Hearing::Good
        );
    }

    #[test]
    fn a_window_may_begin_anywhere() {
        let tones = ToneBank::new(Codec::L16, 4);
        let mut window = [0i16; WINDOW];
        for frame in 0..PERIOD_FRAMES {
            let payload = tones.payload(Word::Tone(5), frame as u64 + 3);
            Codec::L16.decode(payload, &mut window[frame * FRAME..][..FRAME]);
        }
        let heard = Ear::new().amplitudes(&window);
        assert!((heard[5] - tones.amplitude).abs() < 5.0);
        assert!(
            (0..POOL).all(|tone| tone == 5 || heard[tone] < 5.0),
            "{heard:?}"
        );
    }

    #[test]
    fn the_tally_adds_up() {
        let mut tally = HearingTally::default();
        for hearing in [
            Hearing::Good,
            Hearing::Missing,
            Hearing::WrongLevel,
            Hearing::OwnEcho,
            Hearing::Stranger,
            Hearing::Gap,
        ] {
            tally.record(hearing);
        }
        let mut sum = tally;
        sum.add(&tally);
        assert_eq!(
            (tally.good, tally.wrong(), tally.damaged(), sum.total()),
            (1, 3, 2, 12)
        );
    }
}
