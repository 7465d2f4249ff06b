use std::f64::consts::PI;

/// The rate that everything is mixed at.
pub(super) const RATE: u32 = plenum_media::SAMPLE_RATE;

/// Rates that can be converted.
pub(super) const RATES: std::ops::RangeInclusive<u32> = 4_000..=192_000;

/// Zero crossings of the filter on each side of its middle.
const ZERO_CROSSINGS: f64 = 16.0;

/// End of the pass band as a share of the lower of the two half rates: 3.6 kHz of 4 kHz.
const PASS: f64 = 0.9;

/// Filters kept at most; rates with an odd ratio use the nearest one, at most 0.05 % of a sample
/// away.
const PHASES_MAX: u32 = 1024;

/// Converts mono audio to 8 kHz through a windowed-sinc low-pass.
///
/// Not for the media path: files are converted once, when they are loaded.
pub(super) fn to_mixing_rate(samples: &[f32], rate: u32) -> Vec<i16> {
    if rate == RATE {
        return samples.iter().map(|sample| to_i16(*sample)).collect();
    }
    let bank = FilterBank::new(rate);
    let count = samples.len() as u64 * u64::from(RATE) / u64::from(rate);
    (0..count)
        .map(|index| bank.output(samples, index, rate))
        .collect()
}

/// Converts a sample of `-1.0..1.0`, clamping what is beyond.
pub(super) fn to_i16(sample: f32) -> i16 {
    // The cast saturates, and makes zero of what is no number.
    (sample * 32_768.0).round() as i16
}

/// One low-pass filter for each place that an output sample can have between two input samples.
struct FilterBank {
    phases: u32,
    half: usize,
    taps: Vec<f32>,
}

impl FilterBank {
    fn new(rate: u32) -> Self {
        let phases = (RATE / gcd(rate, RATE)).min(PHASES_MAX);
        // In cycles of an input sample.
        let cutoff = 0.5 * PASS * f64::from(rate.min(RATE)) / f64::from(rate);
        let half = (ZERO_CROSSINGS / (2.0 * cutoff)).ceil() as usize;
        let taps = (0..phases)
            .flat_map(|phase| filter(f64::from(phase) / f64::from(phases), half, cutoff))
            .collect();
        Self { phases, half, taps }
    }

    fn output(&self, samples: &[f32], index: u64, rate: u32) -> i16 {
        let place = index * u64::from(rate);
        let middle = usize::try_from(place / u64::from(RATE)).unwrap_or(usize::MAX);
        let phase = place % u64::from(RATE) * u64::from(self.phases) / u64::from(RATE);
        let len = 2 * self.half;
        let start = usize::try_from(phase).unwrap_or(0) * len;
        // Tap 0 belongs to the input sample `middle + 1 - half`.
        let first = (middle + 1).saturating_sub(self.half);
        let skipped = (first + self.half).saturating_sub(middle + 1);
        let taps = &self.taps[start + skipped..start + len];
        let inputs = samples.get(first..).unwrap_or(&[]);
        to_i16(
            inputs
                .iter()
                .zip(taps)
                .map(|(sample, tap)| sample * tap)
                .sum(),
        )
    }
}

/// A Blackman-windowed sinc, shifted by a fraction of an input sample, with a gain of one.
fn filter(shift: f64, half: usize, cutoff: f64) -> Vec<f32> {
    let reach = half as f64;
    let taps: Vec<f64> = (0..2 * half)
        .map(|tap| {
            let at = tap as f64 - (reach - 1.0) - shift;
            let phase = PI * (at / reach).clamp(-1.0, 1.0);
            let window = 0.42 + 0.5 * phase.cos() + 0.08 * (2.0 * phase).cos();
            window * sinc(2.0 * cutoff * at)
        })
        .collect();
    let gain: f64 = taps.iter().sum();
    taps.iter().map(|tap| (tap / gain) as f32).collect()
}

fn sinc(x: f64) -> f64 {
    if x.abs() < 1e-9 {
        1.0
    } else {
        (PI * x).sin() / (PI * x)
    }
}

const fn gcd(mut a: u32, mut b: u32) -> u32 {
    while b != 0 {
        (a, b) = (b, a % b);
    }
    a
}

#[cfg(test)]
mod tests {
    use super::*;

    /// One second of a sine at half scale.
    fn sine(frequency: f64, rate: u32) -> Vec<f32> {
        (0..rate)
            .map(|n| (0.5 * (2.0 * PI * frequency * f64::from(n) / f64::from(rate)).sin()) as f32)
            .collect()
    }

    /// Amplitude of a frequency in the middle of 8 kHz audio, as a share of full scale.
    fn amplitude(samples: &[i16], frequency: f64) -> f64 {
        let middle = &samples[1000..7000];
        let (mut re, mut im) = (0.0, 0.0);
        for (n, sample) in middle.iter().enumerate() {
            let phase = 2.0 * PI * frequency * n as f64 / f64::from(RATE);
            re += f64::from(*sample) * phase.cos();
            im += f64::from(*sample) * phase.sin();
        }
        2.0 * re.hypot(im) / middle.len() as f64 / 32_768.0
    }

    #[test]
    fn speech_keeps_its_level_and_length_from_any_rate() {
        for rate in [
            4_000, 6_000, 11_025, 12_000, 16_000, 22_050, 44_100, 44_101, 48_000, 192_000,
        ] {
            let samples = to_mixing_rate(&sine(1_000.0, rate), rate);
            assert_eq!(samples.len(), 8_000, "{rate}");
            let level = amplitude(&samples, 1_000.0);
            assert!((level - 0.5).abs() < 0.005, "{rate}: {level}");
        }
    }

    #[test]
    fn what_8_khz_cannot_carry_is_filtered_out_instead_of_folded_down() {
        for rate in [16_000, 44_100, 48_000] {
            for frequency in [4_500.0, 5_000.0, 7_000.0] {
                let samples = to_mixing_rate(&sine(frequency, rate), rate);
                let folded = amplitude(&samples, 8_000.0 - frequency);
                assert!(folded < 0.0005, "{rate} {frequency}: {folded}");
            }
        }
    }

    #[test]
    fn the_phase_is_kept() {
        let samples = to_mixing_rate(&sine(500.0, 48_000), 48_000);
        let expected = to_mixing_rate(&sine(500.0, 8_000), 8_000);
        for (index, (a, b)) in samples
            .iter()
            .zip(&expected)
            .enumerate()
            .skip(100)
            .take(7000)
        {
            assert!(
                (i32::from(*a) - i32::from(*b)).abs() < 100,
                "{index}: {a} {b}"
            );
        }
    }

    #[test]
    fn no_sample_wraps_around() {
        let loud = vec![2.0; 100];
        assert!(
            to_mixing_rate(&loud, 8_000)
                .iter()
                .all(|sample| *sample == i16::MAX)
        );
        assert_eq!(to_i16(-2.0), i16::MIN);
        assert_eq!(to_i16(f32::NAN), 0);
        assert!(to_mixing_rate(&[], 44_100).is_empty());
    }
}
