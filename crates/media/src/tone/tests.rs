use core::time::Duration;
use std::vec;
use std::vec::Vec;

use proptest::prelude::*;

use super::*;

const WINDOW: Duration = Duration::from_millis(100);

fn samples(sources: &mut [ToneSource], len: usize) -> Vec<i16> {
    let mut sum = vec![0_i16; len];
    for source in sources {
        let mut one = vec![0; len];
        source.fill(&mut one);
        for (sum, one) in sum.iter_mut().zip(one) {
            *sum += one;
        }
    }
    sum
}

proptest! {
    #[test]
    fn an_ear_measures_the_level_of_a_source(
        frequency in 200_u16..3600,
        level in -40_i8..=-4,
    ) {
        let (frequency, level) = (f32::from(frequency), f32::from(level));
        let mut ear = ToneEar::new(&[frequency], WINDOW);
        ear.listen(&samples(&mut [ToneSource::new(frequency, level)], 800));
        let heard = ear.level(frequency).unwrap();
        prop_assert!((heard - level).abs() < 0.3, "{} for {}", heard, level);
    }

    #[test]
    fn an_ear_hears_what_sounds_and_nothing_else(
        sounding in proptest::collection::vec(any::<bool>(), 16),
        offset in 0_usize..800,
    ) {
        let frequencies: Vec<f32> = (0_u8..16).map(|n| 400.0 + 37.0 * f32::from(n)).collect();
        let mut sources: Vec<_> = frequencies
            .iter()
            .zip(&sounding)
            .filter(|(_, sounds)| **sounds)
            .map(|(frequency, _)| ToneSource::new(*frequency, -30.0))
            .collect();
        let mut ear = ToneEar::new(&frequencies, WINDOW);
        ear.listen(&samples(&mut sources, 1600 + offset));
        for (frequency, sounds) in frequencies.iter().zip(&sounding) {
            prop_assert_eq!(ear.hears(*frequency), *sounds, "{} Hz", frequency);
        }
    }

    #[test]
    fn a_source_does_not_notice_how_it_is_asked(cut in 0_usize..400) {
        let mut whole = ToneSource::new(441.0, -10.0);
        let mut parts = whole.clone();
        let mut expected = [0; 400];
        whole.fill(&mut expected);
        let mut pieces = [0; 400];
        let (front, back) = pieces.split_at_mut(cut);
        parts.fill(front);
        parts.fill(back);
        prop_assert_eq!(expected, pieces);
    }
}

#[test]
fn a_tone_keeps_its_level() {
    let mut oscillator = Oscillator::new(1004.0);
    let mut last = 0.0_f32;
    for _ in 0..8000 * 60 {
        last = last.max(oscillator.next());
    }
    let mut later = 0.0_f32;
    for _ in 0..8000 {
        later = later.max(oscillator.next());
    }
    assert!(
        (last - 1.0).abs() < 1e-5 && (later - 1.0).abs() < 1e-3,
        "{last} {later}"
    );
}

#[test]
fn silence_has_the_lowest_level() {
    let mut ear = ToneEar::new(&[440.0], WINDOW);
    assert_eq!(ear.listen(&[0; 1600]), 2);
    assert_eq!(ear.level(440.0), Some(-127.0));
    assert_eq!(ear.level(441.0), None);
    assert!(!ear.hears(440.0));
}
