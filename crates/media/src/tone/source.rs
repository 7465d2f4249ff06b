//! Sines.

use core::f64::consts::TAU;

use super::sine_amplitude;
use crate::time::SAMPLE_RATE;

/// A steady sine, continuous from one call to the next.
///
/// # Examples
///
/// ```
/// use plenum_media::tone::{ToneEar, ToneSource};
/// use core::time::Duration;
///
/// let mut source = ToneSource::new(440.0, -20.0);
/// let mut ear = ToneEar::new(&[440.0, 880.0], Duration::from_millis(100));
/// for _ in 0..10 {
///     let mut frame = [0; 160];
///     source.fill(&mut frame);
///     ear.listen(&frame);
/// }
/// assert!(ear.hears(440.0) && !ear.hears(880.0));
/// ```
#[derive(Clone, Debug)]
pub struct ToneSource {
    oscillator: Oscillator,
    amplitude: f32,
}

impl ToneSource {
    /// Builds a tone.
    ///
    /// # Units and range
    ///
    /// Hertz below 4000 and dBov; above -3.01 dBov the sine has full scale.
    #[must_use]
    pub fn new(frequency_hz: f32, level_dbov: f32) -> Self {
        let amplitude = sine_amplitude(level_dbov);
        Self {
            oscillator: Oscillator::new(f64::from(frequency_hz)),
            amplitude,
        }
    }

    /// Writes the next samples.
    pub fn fill(&mut self, out: &mut [i16]) {
        for sample in out {
            *sample = (self.oscillator.next() * self.amplitude) as i16;
        }
    }
}

/// A unit vector that turns by the same angle each sample.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Oscillator {
    cosine: f64,
    sine: f64,
    step_cosine: f64,
    step_sine: f64,
}

impl Oscillator {
    pub(crate) fn new(frequency_hz: f64) -> Self {
        let step = TAU * frequency_hz / f64::from(SAMPLE_RATE);
        Self {
            cosine: 1.0,
            sine: 0.0,
            step_cosine: libm::cos(step),
            step_sine: libm::sin(step),
        }
    }

    /// Returns the next sample, `-1.0..=1.0`.
    pub(crate) fn next(&mut self) -> f32 {
        let sample = self.sine as f32;
        let cosine = self.cosine * self.step_cosine - self.sine * self.step_sine;
        let sine = self.sine * self.step_cosine + self.cosine * self.step_sine;
        // One Newton step towards length one undoes the rounding of each turn.
        let trim = 1.5 - 0.5 * (cosine * cosine + sine * sine);
        (self.cosine, self.sine) = (cosine * trim, sine * trim);
        sample
    }
}
