use std::collections::VecDeque;
use std::time::Duration;

use plenum_media::tone::ToneEar;
use plenum_time::Instant;

use crate::shelf::SHELF_TONES;

/// Phones of one world at most: each needs a tone of its own.
pub const PHONES_MAX: usize = 12;

/// The window of the ears: tones on multiples of 10 Hz lie on exact bins.
const WINDOW: Duration = Duration::from_millis(100);

/// Tones that begin or end are remembered so far back.
const CHANGES_MAX: usize = 4_096;

/// Returns the tone of a phone, in hertz.
///
/// No tone is a low harmonic of another, so that distortion is not taken for a talker.
pub(crate) fn phone_tone(phone: usize) -> f32 {
    const TONES: [u16; PHONES_MAX] = [
        430, 530, 630, 740, 830, 920, 1_030, 1_130, 1_240, 1_340, 1_450, 1_570,
    ];
    f32::from(TONES[phone % PHONES_MAX])
}

/// What a phone hears, tone by tone, and since when.
///
/// A lost packet or a seam of concealment can hide a tone for a window, so a tone counts as heard
/// from its second window on, and as gone after three without it. [`Hearing::changes`] tells of
/// each window.
#[derive(Debug)]
pub(crate) struct Hearing {
    ear: ToneEar,
    tones: Vec<Heard>,
    changes: VecDeque<Change>,
}

/// Windows in a row with a tone, after which it counts as heard.
const HEARD_AFTER: u8 = 2;

/// Windows in a row without a tone, after which it counts as gone.
const GONE_AFTER: u8 = 3;

#[derive(Clone, Copy, Debug)]
struct Heard {
    hz: f32,
    since: Option<Instant>,
    /// Whether the last window had the tone, and how many in a row were like it.
    last: bool,
    row: u8,
}

impl Heard {
    /// Takes the next window; tells whether it differs from the one before.
    fn window(&mut self, now: Instant, heard: bool) -> bool {
        let changed = self.last != heard;
        self.row = if changed {
            1
        } else {
            self.row.saturating_add(1)
        };
        self.last = heard;
        if heard && self.row >= HEARD_AFTER {
            self.since.get_or_insert(now);
        } else if !heard && self.row >= GONE_AFTER {
            self.since = None;
        }
        changed
    }
}

/// A tone began or ended.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Change {
    /// When.
    pub at: Instant,
    /// Which tone.
    pub hz: f32,
    /// Whether it began.
    pub began: bool,
}

impl Hearing {
    /// Builds an ear for the tones of phones and those of the shelf.
    pub(super) fn new(phone_tones: &[f32]) -> Self {
        let tones: Vec<f32> = phone_tones.iter().copied().chain(SHELF_TONES).collect();
        let heard = |hz: &f32| Heard {
            hz: *hz,
            since: None,
            last: false,
            row: 0,
        };
        Self {
            ear: ToneEar::new(&tones, WINDOW),
            tones: tones.iter().map(heard).collect(),
            changes: VecDeque::new(),
        }
    }

    pub(super) fn listen(&mut self, now: Instant, samples: &[i16]) {
        if self.ear.listen(samples) == 0 {
            return;
        }
        for tone in &mut self.tones {
            let hears = self.ear.hears(tone.hz);
            if tone.window(now, hears) {
                self.changes.push_back(Change {
                    at: now,
                    hz: tone.hz,
                    began: hears,
                });
            }
        }
        while self.changes.len() > CHANGES_MAX {
            self.changes.pop_front();
        }
    }

    /// Returns since when a tone sounds, if it does.
    pub(crate) fn since(&self, hz: f32) -> Option<Instant> {
        self.tones
            .iter()
            .find(|tone| (tone.hz - hz).abs() < 0.5)
            .and_then(|tone| tone.since)
    }

    /// Returns the level of a tone in dBov.
    pub(crate) fn level(&self, hz: f32) -> Option<f32> {
        self.ear.level(hz)
    }

    /// Returns all that sounds.
    pub(crate) fn sounding(&self) -> impl Iterator<Item = f32> {
        self.tones
            .iter()
            .filter(|tone| tone.since.is_some())
            .map(|tone| tone.hz)
    }

    /// Returns when tones began and ended, oldest first.
    pub(crate) fn changes(&self) -> impl Iterator<Item = &Change> {
        self.changes.iter()
    }

    /// Returns the pauses of a tone since `from`: from an end to the beginning after it.
    pub(crate) fn gaps(&self, hz: f32, from: Instant) -> Vec<Duration> {
        let mine = self
            .changes
            .iter()
            .filter(|change| (change.hz - hz).abs() < 0.5);
        let mut ended = None;
        let mut gaps = Vec::new();
        for change in mine.filter(|change| change.at >= from) {
            match (change.began, ended.take()) {
                (false, _) => ended = Some(change.at),
                (true, Some(end)) => gaps.push(change.at.since(end)),
                (true, None) => {}
            }
        }
        gaps
    }
}
