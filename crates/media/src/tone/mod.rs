//! Tones to send and ears that recognise them.
//!
//! A [`ToneSource`] gives each talker of a test its own frequency; a [`ToneEar`] says which
//! frequencies a listener hears. Levels are in dBov of RMS, so a full-scale sine has -3.01 dBov.

mod ear;
mod source;
#[cfg(test)]
mod tests;

pub use ear::ToneEar;
pub(crate) use source::Oscillator;
pub use source::ToneSource;

/// Full scale of 16-bit samples.
const FULL_SCALE: f32 = 32768.0;

/// Converts a level to the amplitude of a sine, in samples; at most full scale.
pub(crate) fn sine_amplitude(level_dbov: f32) -> f32 {
    let rms = libm::powf(10.0, level_dbov / 20.0) * FULL_SCALE;
    (rms * core::f32::consts::SQRT_2).min(FULL_SCALE - 1.0)
}
