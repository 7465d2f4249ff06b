use std::vec::Vec;

use proptest::prelude::*;

use super::*;
use crate::time::FRAME;

/// Mixes of up to twelve loud talkers, some frames silent.
fn mixes() -> impl Strategy<Value = Vec<Vec<i32>>> {
    let loud = proptest::collection::vec(-393_216_i32..=393_204, FRAME);
    let fitting = proptest::collection::vec(-32_768_i32..=32_767, FRAME);
    let over = proptest::collection::vec(-40_000_i32..=40_000, FRAME);
    let silence = Just(std::vec![0; FRAME]);
    proptest::collection::vec(prop_oneof![loud, fitting, over, silence], 1..12)
}

fn gain_of(mix: i32, out: i16) -> f32 {
    f32::from(out) / mix as f32
}

proptest! {
    #[test]
    fn nothing_clips_and_signs_stay(frames in mixes()) {
        let mut limiter = Limiter::new();
        for mix in frames {
            let mut out = [0; FRAME];
            let before = limiter.gain();
            limiter.apply(&mix, &mut out);
            let highest = before.max(limiter.gain());
            for (&mix, &out) in mix.iter().zip(&out) {
                prop_assert!(i32::from(out).signum() * mix.signum() >= 0);
                prop_assert!(mix::folded(i32::from(out)) <= mix::folded(mix));
                // A clipped sample would be louder than any gain of this frame makes it.
                prop_assert!(f32::from(out).abs() <= (mix as f32 * highest).abs() + 1.0);
            }
            let exact = mix.iter().map(|mix| (*mix as f32 * limiter.gain()).abs());
            prop_assert!(exact.fold(0.0, f32::max) <= 32_768.5);
        }
    }

    #[test]
    fn what_fits_passes_bit_by_bit(
        frames in proptest::collection::vec(
            proptest::collection::vec(any::<i16>(), FRAME), 1..8),
    ) {
        let mut limiter = Limiter::new();
        for frame in frames {
            let mix: Vec<i32> = frame.iter().copied().map(i32::from).collect();
            let mut out = [0; FRAME];
            limiter.apply(&mix, &mut out);
            prop_assert_eq!(&frame[..], &out[..]);
        }
    }

    #[test]
    fn the_gain_moves_without_steps(
        levels in proptest::collection::vec((20_000_i32..300_000, 0_usize..FRAME), 2..30),
    ) {
        let mut limiter = Limiter::new();
        let mut gain = 1.0_f32;
        for (level, onset) in levels {
            // Quiet up to the onset, then loud; no sample too small to tell the gain by.
            let sample = |at: usize| if at < onset { 20_000.min(level) } else { level };
            let mix: Vec<i32> = (0..FRAME).map(sample).collect();
            let mut out = [0; FRAME];
            limiter.apply(&mix, &mut out);
            let ramp = onset.min(ATTACK) + 1;
            for (&mix, &out) in mix.iter().zip(&out) {
                let next = gain_of(mix, out);
                let step = (next - gain).abs();
                prop_assert!(step <= 1.0 / ramp as f32 + 2e-4, "step {} in {}", step, ramp);
                gain = next;
            }
        }
    }

    #[test]
    fn the_gain_recovers_within_a_second(peak in 32_768_i32..390_000) {
        let mut limiter = Limiter::new();
        let mut out = [0; FRAME];
        limiter.apply(&[peak; FRAME], &mut out);
        for _ in 0..50 {
            limiter.apply(&[100; FRAME], &mut out);
        }
        prop_assert_eq!(limiter.gain(), 1.0);
        prop_assert_eq!(out, [100; FRAME]);
    }
}
