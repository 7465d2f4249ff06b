//! Audio that is played to a leg or a mixer.

use alloc::sync::Arc;
use core::time::Duration;

use crate::command::{PlaybackId, Source, Target, Tone};
use crate::time::{SAMPLE_RATE, samples_in};
use crate::tone::{Oscillator, sine_amplitude};

/// Tones rise and fall over 4 ms at the edges of their cadence, so that they do not click.
const EDGE: u64 = (SAMPLE_RATE as u64 * 4) / 1000;

/// One playback with the place it has come to.
#[derive(Debug)]
pub(crate) struct Playback {
    pub(crate) id: PlaybackId,
    pub(crate) target: Target,
    player: Player,
}

#[derive(Debug)]
enum Player {
    Samples {
        samples: Arc<[i16]>,
        repeat: bool,
        at: usize,
    },
    Tone(TonePlayer),
    Silence {
        length: Duration,
        left: u64,
    },
}

impl Playback {
    pub(crate) fn new(id: PlaybackId, target: Target, source: Source) -> Self {
        let player = match source {
            Source::Samples { samples, repeat } => Player::Samples {
                samples,
                repeat,
                at: 0,
            },
            Source::Tone(tone) => Player::Tone(TonePlayer::new(tone)),
            Source::Silence(length) => Player::Silence {
                length,
                left: u64::from(samples_in(length)),
            },
        };
        Self { id, target, player }
    }

    /// Plays on; returns how many samples were written. Fewer than asked for means the end.
    pub(crate) fn fill(&mut self, out: &mut [i16]) -> usize {
        match &mut self.player {
            Player::Samples {
                samples,
                repeat,
                at,
            } => fill_samples(samples, *repeat, at, out),
            Player::Tone(tone) => tone.fill(out),
            Player::Silence { left, .. } => {
                let run = out.len().min(usize::try_from(*left).unwrap_or(usize::MAX));
                out[..run].fill(0);
                *left -= run as u64;
                run
            }
        }
    }

    /// Gives the source back.
    pub(crate) fn into_source(self) -> Source {
        match self.player {
            Player::Samples {
                samples, repeat, ..
            } => Source::Samples { samples, repeat },
            Player::Tone(player) => Source::Tone(player.tone),
            Player::Silence { length, .. } => Source::Silence(length),
        }
    }
}

fn fill_samples(samples: &[i16], repeat: bool, at: &mut usize, out: &mut [i16]) -> usize {
    let mut written = 0;
    while written < out.len() {
        if *at >= samples.len() {
            if !repeat || samples.is_empty() {
                break;
            }
            *at = 0;
        }
        let run = (samples.len() - *at).min(out.len() - written);
        out[written..written + run].copy_from_slice(&samples[*at..*at + run]);
        written += run;
        *at += run;
    }
    written
}

/// Plays a tone with its cadence.
#[derive(Debug)]
struct TonePlayer {
    tone: Tone,
    oscillators: [Option<Oscillator>; 2],
    amplitude: f32,
    sound: u64,
    period: u64,
    length: u64,
    at: u64,
}

impl TonePlayer {
    fn new(tone: Tone) -> Self {
        let oscillator = |hz: u16| (hz > 0).then(|| Oscillator::new(f64::from(hz)));
        let oscillators = tone.frequencies_hz.map(oscillator);
        let voices = oscillators.iter().flatten().count().max(1);
        let level = f32::from(tone.level_dbov.clamp(-127, 0));
        let (sound, pause) = tone.cadence;
        let (sound, pause) = (u64::from(samples_in(sound)), u64::from(samples_in(pause)));
        let steady = pause == 0;
        Self {
            tone,
            oscillators,
            amplitude: sine_amplitude(level).min(f32::from(i16::MAX) / voices as f32),
            sound: if steady { u64::MAX } else { sound },
            period: if steady { u64::MAX } else { sound + pause },
            length: tone
                .length
                .map_or(u64::MAX, |length| u64::from(samples_in(length))),
            at: 0,
        }
    }

    fn fill(&mut self, out: &mut [i16]) -> usize {
        let left = usize::try_from(self.length - self.at).unwrap_or(usize::MAX);
        let run = out.len().min(left);
        for sample in &mut out[..run] {
            let envelope = self.envelope();
            let voices = self.oscillators.iter_mut().flatten();
            let sum: f32 = voices.map(Oscillator::next).sum();
            *sample = (sum * self.amplitude * envelope) as i16;
            self.at += 1;
        }
        run
    }

    fn envelope(&self) -> f32 {
        let place = self.at % self.period;
        if place >= self.sound {
            return 0.0;
        }
        let edge = place.min(self.sound - place).min(self.length - self.at);
        if edge >= EDGE {
            1.0
        } else {
            edge as f32 / EDGE as f32
        }
    }
}
