//! How much delay a stream needs.

use crate::config::JitterLimits;
use crate::time::{FRAME, samples_in};

/// The observation window grows by doubling up to this many times its length.
const WINDOW_FACTOR_MAX: u32 = 16;

/// A late packet within this many ticks after the delay was lowered says that it was too soon.
const REGRET: u32 = 250;

/// Ticks without a late packet after which the window has its normal length again.
const CALM: u32 = 1500;

/// Packets that a window needs before it says anything.
const PACKETS_MIN: u32 = 6;

/// Misalignment below this many samples is not worth a cut.
const MISALIGNMENT_MIN: u32 = 8;

/// Watches how early packets are and says how much audio can go.
///
/// A packet's *slack* is the time between its arrival and the tick that plays its first sample.
/// While the least slack of a window stays above one tick, everything could play a tick earlier.
/// Play-out positions that lie behind packet boundaries waste the difference, since a tick waits
/// for whole packets anyway.
#[derive(Clone, Debug)]
pub(super) struct DelayWatch {
    window: u32,
    factor: u32,
    margin: u32,
    ticks: u32,
    packets: u32,
    slack_min: u32,
    misalignment_min: u32,
    since_cut: u32,
    since_late: u32,
}

impl DelayWatch {
    pub(super) fn new(limits: &JitterLimits) -> Self {
        Self {
            window: (samples_in(limits.window) / FRAME as u32).clamp(1, 3000),
            factor: 1,
            margin: samples_in(limits.margin).min(FRAME as u32),
            ticks: 0,
            packets: 0,
            slack_min: u32::MAX,
            misalignment_min: u32::MAX,
            since_cut: u32::MAX,
            since_late: 0,
        }
    }

    /// Notes a packet that came in time: its distance from the play-out position in samples and
    /// the samples until the next tick.
    pub(super) fn in_time(&mut self, distance: u64, until_tick: u32) {
        let frame = FRAME as u32;
        let distance = u32::try_from(distance).unwrap_or(u32::MAX / 2);
        let slack = (distance / frame) * frame + until_tick.min(frame);
        self.packets += 1;
        self.slack_min = self.slack_min.min(slack);
        self.misalignment_min = self.misalignment_min.min(distance % frame);
    }

    /// Notes a packet that came too late for its tick.
    pub(super) fn late(&mut self) {
        if self.since_cut < REGRET {
            self.factor = (self.factor * 2).min(WINDOW_FACTOR_MAX);
            self.since_cut = u32::MAX;
        }
        self.since_late = 0;
        self.begin_window();
    }

    /// Starts watching anew.
    pub(super) fn begin_window(&mut self) {
        self.ticks = 0;
        self.packets = 0;
        self.slack_min = u32::MAX;
        self.misalignment_min = u32::MAX;
    }

    /// Passes a tick; returns the samples that can go when a window ends.
    pub(super) fn tick(&mut self) -> u32 {
        self.ticks += 1;
        self.since_cut = self.since_cut.saturating_add(1);
        self.since_late = self.since_late.saturating_add(1);
        if self.since_late > CALM {
            self.factor = 1;
        }
        if self.ticks < self.window * self.factor {
            return 0;
        }
        let excess = if self.packets < PACKETS_MIN {
            0
        } else {
            self.excess()
        };
        self.begin_window();
        if excess > 0 {
            self.since_cut = 0;
        }
        excess
    }

    fn excess(&self) -> u32 {
        let frame = FRAME as u32;
        let whole = self.slack_min.saturating_sub(self.margin) / frame * frame;
        let part = self.misalignment_min;
        whole + if part < MISALIGNMENT_MIN { 0 } else { part }
    }
}
