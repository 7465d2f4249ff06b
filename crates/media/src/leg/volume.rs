//! How loud a leg and the others hear each other.

use crate::limiter::Limiter;
use crate::mix;
use crate::time::FRAME;

/// The largest change either way.
const DECIBELS_MAX: i8 = 24;

/// What one decibel multiplies by: `10^(1/20)`.
const DECIBEL: f32 = 1.122_018_5;

/// A change of loudness in one direction of a leg.
///
/// What becomes too loud is turned down by a limiter of its own, never clipped.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Volume {
    /// Absent while nothing changes, so that audio passes bit by bit and at no cost.
    gain: Option<f32>,
    limiter: Limiter,
}

impl Volume {
    /// Sets the change; one beyond the range is the nearest within it.
    pub(crate) fn set(&mut self, decibels: i8) {
        let steps = decibels.clamp(-DECIBELS_MAX, DECIBELS_MAX);
        let louder = (0..steps.unsigned_abs()).fold(1.0, |gain, _| gain * DECIBEL);
        let gain = if steps < 0 { 1.0 / louder } else { louder };
        *self = Self {
            gain: (steps != 0).then_some(gain),
            limiter: Limiter::new(),
        };
    }

    pub(crate) const fn is_changed(&self) -> bool {
        self.gain.is_some()
    }

    /// Changes a frame in place.
    pub(crate) fn apply(&mut self, frame: &mut [i16; FRAME]) {
        if let Some(gain) = self.gain {
            let mut changed = [0; FRAME];
            mix::amplify(frame, gain, &mut changed);
            self.limiter.apply(&changed, frame);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(change: i8, frame: [i16; FRAME]) -> [i16; FRAME] {
        let mut volume = Volume::default();
        volume.set(change);
        let mut frame = frame;
        volume.apply(&mut frame);
        frame
    }

    #[test]
    fn six_decibels_are_about_twice_as_loud() {
        assert_eq!(changed(6, [1000; FRAME]), [1995; FRAME]);
        assert_eq!(changed(-6, [-1000; FRAME]), [-501; FRAME]);
        assert_eq!(changed(20, [100; FRAME]), [1000; FRAME]);
    }

    #[test]
    fn no_change_passes_every_sample() {
        let frame = core::array::from_fn(|at| (at as i16).wrapping_mul(409));
        assert_eq!(changed(0, frame), frame);
    }

    #[test]
    fn what_is_too_loud_is_turned_down_evenly() {
        let frame = core::array::from_fn(|at| if at % 2 == 0 { 30_000 } else { 3_000 });
        let loud = changed(24, frame);
        let last = (loud[FRAME - 2], loud[FRAME - 1]);
        assert!(
            last.0 > 32_000 && (last.0 - last.1 * 10).abs() <= 10,
            "{last:?}"
        );
    }

    #[test]
    fn a_change_beyond_the_range_is_the_nearest_within() {
        assert_eq!(changed(i8::MAX, [10; FRAME]), changed(24, [10; FRAME]));
        assert_eq!(changed(i8::MIN, [9999; FRAME]), changed(-24, [9999; FRAME]));
    }
}
