//! The play-out buffer of one stream.

mod conceal;
mod delay;
mod ring;
mod spans;
#[cfg(test)]
mod tests;

use core::time::Duration;

use crate::config::JitterLimits;
use crate::mix;
use crate::time::{FRAME, TEN_MS, length_of, samples_in};
use conceal::{Concealer, FADE_IN};
use delay::DelayWatch;
use ring::Ring;
use spans::{Span, Spans};

/// Audio that one packet may bring.
///
/// # Units and range
///
/// Samples; 120 ms. We ask for 60 ms at most, but not every peer listens.
pub const PACKET_SAMPLES_MAX: usize = FRAME * 6;

/// Bounds of [`JitterLimits::delay_max`].
const DELAY_MIN: Duration = Duration::from_millis(60);
const DELAY_MAX: Duration = Duration::from_secs(1);

/// Where timelines begin; far enough from zero to step back.
const ORIGIN: u64 = 1 << 40;

/// After a second of silence nothing is left to be continuous with.
const FORGOTTEN: u64 = (FRAME * 50) as u64;

/// A frame with a mean magnitude below this is cut without being missed.
const QUIET: u32 = 64;

/// Ticks between two cuts in audio that is not quiet.
const CUT_INTERVAL: u32 = 5;

/// Holds a stream back just long enough that its packets are there when they are due.
///
/// Decoded samples lie on a timeline by their RTP timestamps, so packets of any length, repeated,
/// reordered or missing, need no special case. Each tick takes 20 ms from the play-out position:
///
/// ```text
///               played        play-out position
///   ring  ---------------------|====== filled ======|  gap  |===|
///                              <------ one tick ---->
/// ```
///
/// A gap with audio behind it is lost: concealment fills it and time goes on. A gap with nothing
/// behind it may be late: concealment fills it, but the position waits, so that the packet still
/// plays when it comes and the stream has learnt to wait longer. After a packet that came too late
/// for its gap, the position waits a tick in the next gap as well. When every packet of a window
/// was early by more than a tick, audio is cut (in a pause, or blended) until the delay fits
/// again. The delay never exceeds [`JitterLimits::delay_max`]: older audio is dropped.
#[derive(Clone, Debug)]
pub struct JitterBuffer {
    ring: Ring,
    spans: Spans,
    level_max: u64,
    /// The timestamp that lies at a position; absent before the first packet and after a break.
    anchor: Option<(u32, u64)>,
    read: u64,
    /// Samples that played as concealment while the position waited.
    waited: u64,
    /// Contiguous samples before the position that really arrived.
    known: u64,
    gap: Gap,
    concealer: Concealer,
    watch: DelayWatch,
    /// Samples that the position waits in the next gap although there is audio behind it.
    patience: usize,
    to_cut: u32,
    since_cut: u32,
    level: u64,
    figures: JitterFigures,
}

/// How far audio has taken over from concealment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Gap {
    /// Audio plays alone.
    None,
    /// Concealment plays alone.
    Open,
    /// Audio fades in; so many samples of it did.
    Closing(usize),
}

/// What a jitter buffer did so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct JitterFigures {
    /// Packets that came after they were due.
    pub packets_late: u64,
    /// Samples that concealment made up.
    pub samples_concealed: u64,
    /// Samples that were dropped to bring the delay down.
    pub samples_dropped: u64,
}

/// How one packet fits its stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// The RTP timestamp.
    pub timestamp: u32,
    /// Whether its sequence number is the highest so far.
    pub newest: bool,
    /// Samples until the next tick plays.
    pub until_tick: u32,
}

/// What a tick got.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Played {
    /// Only audio that arrived.
    Audio,
    /// At least some concealment.
    Concealed,
    /// Silence, because the stream pauses or has not begun.
    Silence,
}

impl JitterBuffer {
    /// Builds an empty buffer; allocates all that it will ever need.
    #[must_use]
    pub fn new(limits: &JitterLimits) -> Self {
        let delay_max = samples_in(limits.delay_max.clamp(DELAY_MIN, DELAY_MAX)) as usize;
        // The level reaches the larger of the two; a frame before it feeds the concealment.
        let capacity = delay_max.max(PACKET_SAMPLES_MAX) + FRAME;
        Self {
            ring: Ring::new(capacity),
            spans: Spans::default(),
            level_max: delay_max as u64,
            anchor: None,
            read: ORIGIN,
            waited: 0,
            known: 0,
            gap: Gap::None,
            concealer: Concealer::new(),
            watch: DelayWatch::new(limits),
            patience: 0,
            to_cut: 0,
            since_cut: 0,
            level: 0,
            figures: JitterFigures::default(),
        }
    }

    /// Puts the audio of a packet on the timeline.
    ///
    /// Audio beyond [`PACKET_SAMPLES_MAX`] is ignored. Tells whether any of it will be played.
    pub fn insert(&mut self, arrival: Arrival, samples: &[i16]) -> bool {
        let samples = &samples[..samples.len().min(PACKET_SAMPLES_MAX)];
        let Some(start) = self.place(&arrival) else {
            self.figures.packets_late += 1;
            return false;
        };
        let end = start + samples.len() as u64;
        if end <= self.read {
            self.miss(start, samples.len());
            return false;
        }
        self.end_wait(start);
        if let Some(distance) = start.checked_sub(self.read) {
            self.watch.in_time(distance, arrival.until_tick);
        }
        self.make_room(end, samples.len() as u64);
        let skipped = self.read.saturating_sub(start).min(end - start);
        let start = start + skipped;
        if !self.spans.insert(Span { start, end }) {
            self.figures.packets_late += 1;
            return false;
        }
        self.ring.write(start, &samples[skipped as usize..]);
        true
    }

    /// Takes the next 20 ms.
    pub fn pull(&mut self, out: &mut [i16; FRAME]) -> Played {
        self.level = self.buffered();
        if self.anchor.is_none() && self.level == 0 && self.concealer.is_silent() {
            out.fill(0);
            return Played::Silence;
        }
        self.since_cut = self.since_cut.saturating_add(1);
        if self.to_cut == 0 {
            self.to_cut = self.watch.tick();
        } else if self.cut(out) {
            return Played::Audio;
        }
        if self.gap == Gap::None && self.covers(FRAME as u64) {
            self.ring.read(self.read, out);
            self.advance(FRAME as u64);
            return Played::Audio;
        }
        self.pull_in_pieces(out)
    }

    /// Forgets how timestamps map to the timeline, because the sender starts over.
    ///
    /// What is buffered still plays; the next packet follows it.
    pub fn restart(&mut self) {
        self.anchor = None;
        self.watch.begin_window();
    }

    /// Forgets the stream, as if nothing had arrived; keeps the figures.
    pub fn clear(&mut self) {
        self.restart();
        self.spans.clear();
        self.waited = 0;
        self.known = 0;
        self.gap = Gap::None;
        self.concealer = Concealer::new();
        self.to_cut = 0;
        self.patience = 0;
        self.level = 0;
    }

    /// Returns what the buffer did so far.
    #[must_use]
    pub const fn figures(&self) -> &JitterFigures {
        &self.figures
    }

    /// Returns how much audio was held when the last tick began.
    #[must_use]
    pub fn delay(&self) -> Duration {
        length_of(self.level)
    }

    fn buffered(&self) -> u64 {
        self.spans
            .end()
            .map_or(0, |end| end.saturating_sub(self.read))
    }

    /// Finds the position of a packet, moving the timeline where the sender broke it.
    ///
    /// An older packet that does not lie before newer ones is left over from before a break.
    fn place(&mut self, arrival: &Arrival) -> Option<u64> {
        let due = self.read + self.waited;
        let end = self.spans.end().unwrap_or(self.read);
        let start = match self.anchor {
            Some((timestamp, position)) => {
                let step = arrival.timestamp.wrapping_sub(timestamp).cast_signed();
                let start = position.saturating_add_signed(i64::from(step));
                // A newer packet never starts before older ones end, and no timely one starts
                // far behind all that is due.
                let broken = start < end || start > end.max(due) + self.level_max;
                match arrival.newest {
                    true if broken => end.max(due),
                    false if start >= end.max(due) => return None,
                    _ => start,
                }
            }
            None => end.max(due),
        };
        if arrival.newest || self.anchor.is_none() {
            self.anchor = Some((arrival.timestamp, start));
        }
        Some(start)
    }

    /// Learns from a packet that came after its gap was played.
    fn miss(&mut self, start: u64, len: usize) {
        if len == 0 {
            return;
        }
        self.figures.packets_late += 1;
        if self.read - start <= self.level_max {
            self.watch.late();
            self.to_cut = 0;
            self.patience = FRAME;
        }
    }

    /// Ends a wait for late audio now that some has come.
    fn end_wait(&mut self, start: u64) {
        if self.waited == 0 {
            return;
        }
        let due = self.read + self.waited;
        let from = if self.waited >= FORGOTTEN {
            start
        } else if start < due {
            self.figures.packets_late += 1;
            self.watch.late();
            self.to_cut = 0;
            start.max(self.read)
        } else if self.concealer.is_silent() {
            // A pause is elastic: a talkspurt need not wait longer than a tick in reserve.
            due.max(start.saturating_sub(FRAME as u64))
        } else {
            let patience = self.patience.min(self.waited as usize);
            self.patience = 0;
            due - patience as u64
        };
        self.read = from;
        self.waited = 0;
    }

    /// Drops the oldest audio so that the level keeps its bound when audio up to `end` joins.
    fn make_room(&mut self, end: u64, len: u64) {
        let level_max = self.level_max.max(len);
        let from = end.saturating_sub(level_max);
        if from > self.read {
            self.begin_gap();
            self.figures.samples_dropped += from - self.read;
            self.read = from;
            self.spans.trim(from);
            self.watch.begin_window();
        }
    }

    fn covers(&self, len: u64) -> bool {
        self.spans
            .first()
            .is_some_and(|s| s.start <= self.read && s.end >= self.read + len)
    }

    fn advance(&mut self, len: u64) {
        self.read += len;
        self.known = (self.known + len).min(FRAME as u64);
        self.spans.trim(self.read);
    }

    /// Plays a frame that skips up to 10 ms, if that goes unnoticed.
    fn cut(&mut self, out: &mut [i16; FRAME]) -> bool {
        let len = self.to_cut.min(TEN_MS as u32);
        let all = FRAME as u64 + u64::from(len);
        if self.gap != Gap::None || !self.covers(all) {
            return false;
        }
        self.ring.read(self.read, out);
        let quiet = mix::loudness(out).mean() < QUIET;
        if !quiet && self.since_cut < CUT_INTERVAL {
            return false;
        }
        let mut later = [0; FRAME];
        self.ring.read(self.read + u64::from(len), &mut later);
        cross_fade(out, &later);
        self.advance(all);
        self.figures.samples_dropped += u64::from(len);
        self.to_cut -= len;
        self.since_cut = 0;
        self.watch.begin_window();
        true
    }

    fn pull_in_pieces(&mut self, out: &mut [i16; FRAME]) -> Played {
        let (mut at, mut made_up, mut real) = (0, 0, 0);
        while at < FRAME {
            let rest = &mut out[at..];
            let first = self.spans.first();
            let run = match first {
                Some(span) if span.start <= self.read => {
                    let run = rest.len().min((span.end - self.read) as usize);
                    self.play(&mut rest[..run]);
                    real += run;
                    run
                }
                Some(_) if self.patience > 0 => {
                    let run = rest.len().min(self.patience);
                    made_up += self.conceal(&mut rest[..run]);
                    self.patience -= run;
                    run
                }
                Some(span) => {
                    let run = rest.len().min((span.start - self.read) as usize);
                    made_up += self.conceal(&mut rest[..run]);
                    self.read += run as u64;
                    run
                }
                None => {
                    made_up += self.conceal(rest);
                    self.waited = self.waited.saturating_add(rest.len() as u64);
                    rest.len()
                }
            };
            at += run;
        }
        self.figures.samples_concealed += made_up as u64;
        match (real, made_up) {
            (0, 0) => Played::Silence,
            (_, 0) if real == FRAME => Played::Audio,
            _ => Played::Concealed,
        }
    }

    fn play(&mut self, out: &mut [i16]) {
        self.ring.read(self.read, out);
        let blended = match self.gap {
            Gap::None => return self.advance(out.len() as u64),
            Gap::Open => 0,
            Gap::Closing(blended) => blended,
        };
        let blended = self.concealer.blend(out, blended);
        self.gap = if blended == FADE_IN {
            Gap::None
        } else {
            Gap::Closing(blended)
        };
        self.advance(out.len() as u64);
    }

    fn conceal(&mut self, out: &mut [i16]) -> usize {
        self.begin_gap();
        self.concealer.fill(out)
    }

    fn begin_gap(&mut self) {
        if self.gap != Gap::Open {
            self.gap = Gap::Open;
            let (ring, known) = (&self.ring, self.known);
            let from = self.read - known;
            self.concealer
                .start(known as usize, |past| ring.read(from, past));
            self.known = 0;
        }
    }
}

/// Turns `out` into `later` over the length of the slices.
fn cross_fade(out: &mut [i16], later: &[i16]) {
    let all = out.len() as i32;
    for (step, (sample, &later)) in (0..all).zip(out.iter_mut().zip(later)) {
        let mixed = i32::from(*sample) * (all - step) + i32::from(later) * step;
        *sample = (mixed / all) as i16;
    }
}
