//! Correlation by the fast Fourier transform: what a direct sum does in billions of steps.

use std::f64::consts::TAU;

/// A complex number.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
struct Complex {
    re: f32,
    im: f32,
}

/// Correlates signals of up to a given length.
#[derive(Clone, Debug)]
pub(super) struct Correlator {
    /// `exp(-2πik/n)` for each `k` below `n / 2`.
    turns: Vec<Complex>,
}

impl Correlator {
    /// Builds a correlator for signals of up to `len` samples.
    pub(super) fn new(len: usize) -> Self {
        let size = len.next_power_of_two().max(2);
        let turn = |k: usize| {
            let angle = -TAU * k as f64 / size as f64;
            Complex {
                re: angle.cos() as f32,
                im: angle.sin() as f32,
            }
        };
        Self {
            turns: (0..size / 2).map(turn).collect(),
        }
    }

    const fn size(&self) -> usize {
        2 * self.turns.len()
    }

    /// Returns the sum of products of `piece` and `signal` for each shift at which the piece lies
    /// in the signal whole.
    pub(super) fn correlate(&self, signal: &[f32], piece: &[f32]) -> Vec<f32> {
        let Some(shifts) = (signal.len() + 1).checked_sub(piece.len()) else {
            return Vec::new();
        };
        let (mut product, piece) = (self.transform(signal), self.transform(piece));
        for (a, b) in product.iter_mut().zip(piece) {
            // The product with the conjugate; and its conjugate, which makes the next transform
            // the inverse one.
            let re = a.re * b.re + a.im * b.im;
            let im = a.re * b.im - a.im * b.re;
            *a = Complex { re, im };
        }
        self.run(&mut product);
        let scale = 1.0 / self.size() as f32;
        product
            .into_iter()
            .take(shifts)
            .map(|value| value.re * scale)
            .collect()
    }

    fn transform(&self, samples: &[f32]) -> Vec<Complex> {
        let mut values = vec![Complex::default(); self.size()];
        for (value, sample) in values.iter_mut().zip(samples) {
            value.re = *sample;
        }
        self.run(&mut values);
        values
    }

    /// The transform by halves (radix 2), in place.
    fn run(&self, values: &mut [Complex]) {
        let bits = self.size().trailing_zeros();
        for at in 0..values.len() {
            let mirrored = at.reverse_bits() >> (usize::BITS - bits);
            if at < mirrored {
                values.swap(at, mirrored);
            }
        }
        let mut half = 1;
        while half < values.len() {
            let stride = self.turns.len() / half;
            for block in values.chunks_exact_mut(2 * half) {
                let (low, high) = block.split_at_mut(half);
                let turns = self.turns.iter().step_by(stride);
                for ((a, b), turn) in low.iter_mut().zip(high).zip(turns) {
                    let re = b.re * turn.re - b.im * turn.im;
                    let im = b.re * turn.im + b.im * turn.re;
                    *b = Complex {
                        re: a.re - re,
                        im: a.im - im,
                    };
                    *a = Complex {
                        re: a.re + re,
                        im: a.im + im,
                    };
                }
            }
            half *= 2;
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn it_agrees_with_the_plain_sum(
            signal in prop::collection::vec(-100_i16..100, 0..80),
            piece in prop::collection::vec(-100_i16..100, 1..20),
        ) {
            let floats = |of: &[i16]| of.iter().map(|s| f32::from(*s)).collect::<Vec<f32>>();
            let (signal, piece) = (floats(&signal), floats(&piece));
            let found = Correlator::new(signal.len()).correlate(&signal, &piece);
            let sum = |window: &[f32]| window.iter().zip(&piece).map(|(a, b)| a * b).sum::<f32>();
            let expected: Vec<f32> = signal.windows(piece.len()).map(sum).collect();
            prop_assert_eq!(found.len(), expected.len());
            for (found, expected) in found.iter().zip(expected) {
                prop_assert!((found - expected).abs() < 1.0, "{} for {}", found, expected);
            }
        }
    }
}
