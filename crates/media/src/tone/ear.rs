//! A bank of Goertzel filters.

use alloc::vec::Vec;
use core::f32::consts::TAU;
use core::time::Duration;

use super::FULL_SCALE;
use crate::time::{SAMPLE_RATE, samples_in};

/// What counts as heard unless said otherwise.
const THRESHOLD_DBOV: f32 = -45.0;

/// The level of nothing at all.
const FLOOR_DBOV: f32 = -127.0;

/// Tells which of a list of frequencies sound.
///
/// Listens in windows of a given length, one after the other; the answers are about the last full
/// one. The windows are weighted (Hann), so two frequencies are told apart when they differ by at
/// least two over the window length: 20 Hz at 100 ms.
#[derive(Clone, Debug)]
pub struct ToneEar {
    bins: Vec<Bin>,
    weights: Vec<f32>,
    at: usize,
    windows: u64,
    threshold_dbov: f32,
}

#[derive(Clone, Debug)]
struct Bin {
    frequency_hz: f32,
    coefficient: f32,
    last: f32,
    before: f32,
    level_dbov: f32,
}

impl ToneEar {
    /// Builds an ear for the given frequencies.
    ///
    /// # Units and range
    ///
    /// Hertz, and windows of `5 ms..=1 s`.
    #[must_use]
    pub fn new(frequencies_hz: &[f32], window: Duration) -> Self {
        let len = samples_in(window).clamp(SAMPLE_RATE / 200, SAMPLE_RATE) as usize;
        let weight = |at: usize| 0.5 - 0.5 * libm::cosf(TAU * (at as f32 + 0.5) / len as f32);
        Self {
            bins: frequencies_hz.iter().copied().map(Bin::new).collect(),
            weights: (0..len).map(weight).collect(),
            at: 0,
            windows: 0,
            threshold_dbov: THRESHOLD_DBOV,
        }
    }

    /// Sets the level from which on a frequency counts as heard. Default -45 dBov.
    #[must_use]
    pub fn with_threshold(mut self, threshold_dbov: f32) -> Self {
        self.threshold_dbov = threshold_dbov;
        self
    }

    /// Listens to the next samples; returns how many windows they completed.
    pub fn listen(&mut self, samples: &[i16]) -> u64 {
        let before = self.windows;
        let mut rest = samples;
        while !rest.is_empty() {
            let run = rest.len().min(self.weights.len() - self.at);
            let (now, later) = rest.split_at(run);
            let weights = &self.weights[self.at..self.at + run];
            for bin in &mut self.bins {
                bin.listen(now, weights);
            }
            self.at += run;
            rest = later;
            if self.at == self.weights.len() {
                self.end_window();
            }
        }
        self.windows - before
    }

    /// Returns how many windows were heard in full.
    #[must_use]
    pub const fn windows(&self) -> u64 {
        self.windows
    }

    /// Returns the level of a frequency in dBov; absent for one that the ear does not know.
    #[must_use]
    pub fn level(&self, frequency_hz: f32) -> Option<f32> {
        let known = |bin: &&Bin| (bin.frequency_hz - frequency_hz).abs() < 0.5;
        self.bins.iter().find(known).map(|bin| bin.level_dbov)
    }

    /// Tells whether a frequency sounds.
    #[must_use]
    pub fn hears(&self, frequency_hz: f32) -> bool {
        self.level(frequency_hz)
            .is_some_and(|level| level >= self.threshold_dbov)
    }

    /// Walks the frequencies with their levels in dBov.
    pub fn levels(&self) -> impl ExactSizeIterator<Item = (f32, f32)> {
        self.bins
            .iter()
            .map(|bin| (bin.frequency_hz, bin.level_dbov))
    }

    fn end_window(&mut self) {
        // The mean of the weights is one half, which halves the amplitude.
        let scale = 4.0 / self.weights.len() as f32;
        for bin in &mut self.bins {
            bin.end_window(scale);
        }
        self.at = 0;
        self.windows += 1;
    }
}

impl Bin {
    fn new(frequency_hz: f32) -> Self {
        let coefficient = 2.0 * libm::cosf(TAU * frequency_hz / SAMPLE_RATE as f32);
        Self {
            frequency_hz,
            coefficient,
            last: 0.0,
            before: 0.0,
            level_dbov: FLOOR_DBOV,
        }
    }

    fn listen(&mut self, samples: &[i16], weights: &[f32]) {
        let (mut last, mut before) = (self.last, self.before);
        for (&sample, weight) in samples.iter().zip(weights) {
            let next = f32::from(sample) * weight + self.coefficient * last - before;
            (before, last) = (last, next);
        }
        (self.last, self.before) = (last, before);
    }

    fn end_window(&mut self, scale: f32) {
        let (last, before) = (self.last, self.before);
        let power = last * last + before * before - self.coefficient * last * before;
        let amplitude = libm::sqrtf(power.max(0.0)) * scale;
        let rms = amplitude / core::f32::consts::SQRT_2 / FULL_SCALE;
        self.level_dbov = (20.0 * libm::log10f(rms.max(1e-9))).max(FLOOR_DBOV);
        (self.last, self.before) = (0.0, 0.0);
    }
}
