//! Who is talking.

use crate::command::TalkDetection;
use crate::mix::Loudness;
use crate::time::{FRAME, samples_in};

/// Follows whether one participant talks.
///
/// ```text
///             a frame at or above the threshold
///   Silent ------------------------------------> Talking
///     ^                                             |
///     +------- silence for the time given, or mute -+
/// ```
#[derive(Clone, Copy, Debug)]
pub(crate) struct TalkDetector {
    rules: Option<TalkDetection>,
    talking: bool,
    silent_for: u32,
}

impl TalkDetector {
    pub(crate) const fn new(rules: Option<TalkDetection>) -> Self {
        Self {
            rules,
            talking: false,
            silent_for: 0,
        }
    }

    /// Changes the rules; tells if that ends talking.
    pub(crate) fn set_rules(&mut self, rules: Option<TalkDetection>) -> Option<bool> {
        self.rules = rules;
        if rules.is_none() { self.stop() } else { None }
    }

    /// Ends talking at once; tells if it was going on.
    pub(crate) fn stop(&mut self) -> Option<bool> {
        core::mem::take(&mut self.talking).then_some(false)
    }

    /// Hears a frame; tells if talking began or ended.
    pub(crate) fn hear(&mut self, loudness: &Loudness) -> Option<bool> {
        let rules = self.rules?;
        if loudness.mean() >= u32::from(rules.threshold) {
            self.silent_for = 0;
            return (!core::mem::replace(&mut self.talking, true)).then_some(true);
        }
        if !self.talking {
            return None;
        }
        self.silent_for = self.silent_for.saturating_add(FRAME as u32);
        if self.silent_for >= samples_in(rules.silence) {
            self.stop()
        } else {
            None
        }
    }
}
