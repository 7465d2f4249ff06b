//! Keeps a mix within 16 bits without clipping it.

use crate::mix;

/// The largest magnitude that leaves a limiter.
const CEILING: u32 = i16::MAX as u32;

/// The gain recovers from nothing to full within this many frames: a second.
const RELEASE_FRAMES: f32 = 50.0;

/// Gain falls over this many samples where the frame leaves the room: 5 ms.
const ATTACK: usize = 40;

/// A look-ahead limiter over the frame in hand.
///
/// A mix that fits 16 bits passes unchanged, bit by bit. One that does not fit is turned down: the
/// peak of the whole frame is known before its first sample leaves, so the gain falls *before*
/// the first sample that needs it and holds until the frame ends; after that it recovers slowly.
/// The gain has no steps, except where a frame begins too loud within its first samples: then it
/// has only those to fall. No delay is added.
#[derive(Clone, Copy, Debug)]
pub struct Limiter {
    gain: f32,
}

impl Limiter {
    /// Builds a limiter at full gain.
    #[must_use]
    pub const fn new() -> Self {
        Self { gain: 1.0 }
    }

    /// Returns the gain after the last frame, `0.0..=1.0`.
    #[must_use]
    pub const fn gain(&self) -> f32 {
        self.gain
    }

    /// Writes a frame of a mix as 16-bit samples.
    pub fn apply(&mut self, mix: &[i32], out: &mut [i16]) {
        let peak = mix::peak(mix);
        if peak <= CEILING && self.gain >= 1.0 {
            narrow(mix, out);
            return;
        }
        let allowed = if peak <= CEILING {
            1.0
        } else {
            CEILING as f32 / peak as f32
        };
        if allowed < self.gain {
            self.attack(mix, out, allowed);
        } else {
            self.release(mix, out, allowed);
        }
    }

    fn attack(&mut self, mix: &[i32], out: &mut [i16], allowed: f32) {
        let from = self.gain;
        // The margin covers the rounding of the products.
        let ceiling = CEILING as f32 - 0.5;
        let fits = |sample: &i32| mix::folded(*sample) as f32 * from <= ceiling;
        let first = mix
            .iter()
            .position(|sample| !fits(sample))
            .unwrap_or(mix.len());
        let ramp = first.min(ATTACK) + 1;
        let step = (allowed - from) / ramp as f32;
        let begin = (first + 1).saturating_sub(ramp);
        for (index, (out, &sample)) in out.iter_mut().zip(mix).enumerate() {
            let taken = (index + 1).saturating_sub(begin).min(ramp);
            let gain = if taken == ramp {
                allowed
            } else {
                from + step * taken as f32
            };
            *out = scale(sample, gain);
        }
        self.gain = allowed;
    }

    fn release(&mut self, mix: &[i32], out: &mut [i16], allowed: f32) {
        let from = self.gain;
        let to = (from + 1.0 / RELEASE_FRAMES).min(allowed);
        let step = (to - from) / mix.len().max(1) as f32;
        for (index, (out, &sample)) in (1_u16..).zip(out.iter_mut().zip(mix)) {
            *out = scale(sample, from + step * f32::from(index));
        }
        self.gain = to;
    }
}

impl Default for Limiter {
    fn default() -> Self {
        Self::new()
    }
}

/// Turns a sample down; the gain keeps it in range, the cast only saturates.
fn scale(sample: i32, gain: f32) -> i16 {
    (sample as f32 * gain) as i16
}

fn narrow(mix: &[i32], out: &mut [i16]) {
    for (out, &sample) in out.iter_mut().zip(mix) {
        *out = sample as i16;
    }
}

#[cfg(test)]
mod tests;
