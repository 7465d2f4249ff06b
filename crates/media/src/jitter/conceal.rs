//! What is played where audio is missing.

use crate::time::{FRAME, SAMPLE_RATE};

/// Concealment fades to silence over 60 ms: longer repetition sounds like a machine.
pub(super) const FADE_OUT: usize = (SAMPLE_RATE as usize * 60) / 1000;

/// Real audio fades in over 5 ms where it takes over.
pub(super) const FADE_IN: usize = (SAMPLE_RATE as usize * 5) / 1000;

/// Hides a gap by playing the latest audio backward and forward, ever more softly.
///
/// Turning round instead of jumping keeps the waveform without a step, so there is no click.
#[derive(Clone, Debug)]
pub(super) struct Concealer {
    past: [i16; FRAME],
    len: usize,
    played: usize,
}

impl Concealer {
    pub(super) const fn new() -> Self {
        Self {
            past: [0; FRAME],
            len: 0,
            played: 0,
        }
    }

    /// Starts a gap after the audio that `fill` writes, of which `len` samples are known.
    pub(super) fn start(&mut self, len: usize, fill: impl FnOnce(&mut [i16])) {
        self.len = len.min(FRAME);
        self.played = 0;
        fill(&mut self.past[..self.len]);
    }

    /// Plays on into the gap; returns how many samples were more than silence.
    pub(super) fn fill(&mut self, out: &mut [i16]) -> usize {
        if self.len == 0 {
            out.fill(0);
            return 0;
        }
        let audible = FADE_OUT.saturating_sub(self.played).min(out.len());
        let (sounding, silent) = out.split_at_mut(audible);
        for sample in sounding {
            *sample = self.next();
        }
        silent.fill(0);
        self.played = self.played.saturating_add(silent.len());
        audible
    }

    /// Blends the beginning of real audio with the end of the gap, of which `done` samples are
    /// blended already; returns how many are then.
    pub(super) fn blend(&mut self, out: &mut [i16], done: usize) -> usize {
        let run = out.len().min(FADE_IN - done.min(FADE_IN));
        for (step, sample) in (done + 1..).zip(&mut out[..run]) {
            let (old, new) = (i32::from(self.next()), i32::from(*sample));
            let (step, all) = (step as i32, FADE_IN as i32 + 1);
            *sample = ((old * (all - step) + new * step) / all) as i16;
        }
        done + run
    }

    /// Tells whether the gap has faded to silence.
    pub(super) fn is_silent(&self) -> bool {
        self.len == 0 || self.played >= FADE_OUT
    }

    fn next(&mut self) -> i16 {
        let left = FADE_OUT.saturating_sub(self.played);
        if left == 0 || self.len == 0 {
            return 0;
        }
        let step = self.played % (2 * self.len);
        let back = if step < self.len {
            step
        } else {
            2 * self.len - 1 - step
        };
        self.played += 1;
        let sample = i32::from(self.past[self.len - 1 - back]);
        (sample * left as i32 / FADE_OUT as i32) as i16
    }
}
