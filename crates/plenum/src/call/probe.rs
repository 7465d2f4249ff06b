//! A pattern of tones that nothing else sounds like, and the search for it in what is heard.

use std::f32::consts::TAU;
use std::time::Duration;

use plenum_session::SAMPLE_RATE;

use super::fourier::Correlator;

/// Samples in one segment: 200 ms.
const SEGMENT: usize = 1600;

/// Segments in a probe; each is looked for by itself, so that a gap or a shift hides one alone.
const SEGMENTS: usize = 12;

/// Bursts in a segment, each on a frequency of its own.
const BURSTS: usize = 5;

/// Samples at each end of a burst over which it rises or falls.
const EDGE: usize = 40;

/// Samples of pause behind a burst.
const PAUSE: usize = 80;

/// Peak of the bursts: loud enough for any echo, far from clipping.
const PEAK: f32 = 8000.0;

/// Longest delay that is looked for.
pub(super) const DELAY_MAX: Duration = Duration::from_secs(2);

/// Correlation from which on a segment counts as heard: an echo through G.711 has 0.99, other
/// sounds stay below 0.2.
const LIKENESS: f32 = 0.5;

/// How far the delay of a segment may lie from that of the others: a jitter buffer moves it.
const SHIFT_MAX: usize = SAMPLE_RATE as usize / 10;

/// Mean square of a sample below which there is nothing to compare: -70 dBov.
const SILENCE: f32 = 100.0;

/// A pattern to play.
#[derive(Clone, Debug)]
pub(super) struct Probe {
    samples: Vec<i16>,
}

/// What was found of a probe.
#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) struct Found {
    /// Median time from playing a segment to hearing it.
    pub(super) delay: Duration,
    /// Segments heard.
    pub(super) heard: usize,
    /// Segments played.
    pub(super) played: usize,
}

impl Probe {
    /// Builds a pattern; another seed is another pattern.
    pub(super) fn new(seed: u64) -> Self {
        let mut random = seed;
        let mut samples = Vec::with_capacity(SEGMENT * SEGMENTS);
        let mut last = 0;
        for _ in 0..SEGMENTS * BURSTS {
            // 48 frequencies of 300 Hz to 2650 Hz, which every telephone passes.
            let mut step = (next(&mut random) % 47) as u16;
            step += u16::from(step >= last);
            last = step;
            burst(300.0 + 50.0 * f32::from(step), &mut samples);
        }
        Self { samples }
    }

    pub(super) fn samples(&self) -> &[i16] {
        &self.samples
    }

    /// How long it sounds.
    pub(super) fn length(&self) -> Duration {
        length_of(self.samples.len())
    }

    /// Looks for the probe in what was heard since it began to sound.
    pub(super) fn find(&self, heard: &[i16]) -> Option<Found> {
        let search = Search::new(heard);
        let segments = self.samples.chunks_exact(SEGMENT).enumerate();
        let mut delays: Vec<usize> = segments
            .filter_map(|(index, segment)| search.delay_of(segment, index * SEGMENT))
            .collect();
        delays.sort_unstable();
        let median = *delays.get(delays.len() / 2)?;
        let heard = delays
            .iter()
            .filter(|delay| delay.abs_diff(median) <= SHIFT_MAX)
            .count();
        let found = Found {
            delay: length_of(median),
            heard,
            played: SEGMENTS,
        };
        // One segment alone may be chance.
        (heard >= 2).then_some(found)
    }
}

fn burst(hz: f32, samples: &mut Vec<i16>) {
    let sound = SEGMENT / BURSTS - PAUSE;
    for at in 0..sound {
        let edge = at.min(sound - 1 - at).min(EDGE) as f32 / EDGE as f32;
        let phase = TAU * hz * at as f32 / SAMPLE_RATE as f32;
        samples.push((PEAK * edge * phase.sin()) as i16);
    }
    samples.extend([0; PAUSE]);
}

/// What was heard, made ready to be searched.
#[derive(Debug)]
struct Search {
    heard: Vec<f32>,
    /// Sums of the squares before each sample: the energy of a window in two look-ups.
    squares: Vec<f64>,
    correlator: Correlator,
}

impl Search {
    fn new(heard: &[i16]) -> Self {
        let heard: Vec<f32> = heard.iter().map(|sample| f32::from(*sample)).collect();
        let mut sum = 0.0;
        let mut squares = vec![0.0];
        squares.extend(heard.iter().map(|sample| {
            sum += f64::from(sample * sample);
            sum
        }));
        let window = heard.len().min(samples_in(DELAY_MAX) + SEGMENT);
        Self {
            heard,
            squares,
            correlator: Correlator::new(window),
        }
    }

    /// Returns how much later than it was played a segment was heard, if it was.
    fn delay_of(&self, segment: &[i16], played_at: usize) -> Option<usize> {
        let segment: Vec<f32> = segment.iter().map(|sample| f32::from(*sample)).collect();
        let norm = segment.iter().map(|sample| sample * sample).sum::<f32>();
        let end = self
            .heard
            .len()
            .min(played_at + samples_in(DELAY_MAX) + SEGMENT);
        let window = self.heard.get(played_at..end)?;
        let products = self.correlator.correlate(window, &segment);
        let likeness = |(delay, product): (usize, f32)| {
            let start = played_at + delay;
            let energy = (self.squares[start + SEGMENT] - self.squares[start]) as f32;
            let is_audible = energy > SILENCE * SEGMENT as f32;
            (
                delay,
                if is_audible {
                    product.abs() / (energy * norm).sqrt()
                } else {
                    0.0
                },
            )
        };
        let likenesses = products.into_iter().enumerate().map(likeness);
        let (delay, best) = likenesses.max_by(|(_, a), (_, b)| a.total_cmp(b))?;
        (best >= LIKENESS).then_some(delay)
    }
}

/// Returns the level of samples in dBov of RMS; -127 for silence.
pub(super) fn level_dbov(samples: &[i16]) -> f32 {
    let square = |sample: &i16| f64::from(*sample).powi(2);
    let mean = samples.iter().map(square).sum::<f64>() / samples.len().max(1) as f64;
    let level = 10.0 * (mean / 32_768_f64.powi(2)).max(1e-13).log10();
    (level as f32).max(-127.0)
}

fn samples_in(time: Duration) -> usize {
    (time.as_micros() * u128::from(SAMPLE_RATE) / 1_000_000) as usize
}

fn length_of(samples: usize) -> Duration {
    Duration::from_micros(samples as u64 * 1_000_000 / u64::from(SAMPLE_RATE))
}

/// SplitMix64.
fn next(state: &mut u64) -> u64 {
    *state = state.wrapping_add(0x9E37_79B9_7F4A_7C15);
    let mixed = (*state ^ (*state >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    mixed ^ (mixed >> 31)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// What is heard when a probe comes back late and quieter.
    fn echo(probe: &Probe, delay: usize, gain: f32) -> Vec<i16> {
        let mut heard = vec![0; delay];
        let quieter = |sample: &i16| (f32::from(*sample) * gain) as i16;
        heard.extend(probe.samples().iter().map(quieter));
        heard.extend([0; 400]);
        heard
    }

    fn noise(mut seed: u64, len: usize) -> Vec<i16> {
        (0..len).map(|_| (next(&mut seed) >> 50) as i16).collect()
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(8))]

        #[test]
        fn an_echo_is_found_at_its_delay(
            seed in any::<u64>(),
            delay in 0_usize..16_000,
            gain in 0.02_f32..2.0,
        ) {
            let probe = Probe::new(seed);
            let found = probe.find(&echo(&probe, delay, gain)).unwrap();
            prop_assert_eq!(found.delay, length_of(delay));
            prop_assert_eq!(found.heard, SEGMENTS);
        }

        #[test]
        fn nothing_is_found_in_other_sounds(seed in any::<u64>(), other in any::<u64>()) {
            prop_assume!(seed != other);
            let probe = Probe::new(seed);
            prop_assert_eq!(probe.find(&noise(other, 40_000)), None);
            prop_assert_eq!(probe.find(&echo(&Probe::new(other), 500, 1.0)), None);
        }
    }

    #[test]
    fn a_gap_and_a_shift_hide_no_more_than_what_they_touch() {
        let probe = Probe::new(7);
        let mut heard = echo(&probe, 800, 0.5);
        heard[800 + 3 * SEGMENT..800 + 5 * SEGMENT].fill(0);
        heard.drain(800 + 8 * SEGMENT..800 + 8 * SEGMENT + 160);
        let found = probe.find(&heard).unwrap();
        assert_eq!(found.delay, Duration::from_millis(100));
        assert!(
            (SEGMENTS - 4..=SEGMENTS - 2).contains(&found.heard),
            "{found:?}"
        );
    }

    #[test]
    fn silence_and_nothing_at_all_hold_no_echo() {
        let probe = Probe::new(1);
        assert_eq!(probe.find(&[]), None);
        assert_eq!(probe.find(&[0; 40_000]), None);
        assert_eq!(probe.find(&vec![1000; 40_000]), None);
    }

    #[test]
    fn levels_are_relative_to_full_scale() {
        assert!((level_dbov(&[-32_768; 100])).abs() < 0.01);
        assert!((level_dbov(&[3277; 100]) + 20.0).abs() < 0.01);
        assert_eq!((level_dbov(&[]), level_dbov(&[0; 5])), (-127.0, -127.0));
    }
}
