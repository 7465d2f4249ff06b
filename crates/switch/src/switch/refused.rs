//! Calls that others refuse before they become channels, written down.

use alloc::boxed::Box;
use alloc::string::String;
use core::time::Duration;

use plenum_time::Instant;

use super::Switch;
use crate::journal::{Event, RefusedCall};

/// Refused calls that the journal takes in a second at most.
///
/// A caller can be refused as fast as it can call. At this rate, and with texts of the length
/// below, a flood needs ten minutes and more to push everything else out of a journal of the
/// default size. Further ones are counted in the next that is taken.
pub const REFUSALS_NOTED_PER_SECOND: u32 = 10;

/// Bytes of each name, number and identifier that are kept: the caller chooses them.
const NAME_BYTES_MAX: usize = 256;

/// Bytes of a sentence that are kept: it may quote lists that the caller chooses.
const WHY_BYTES_MAX: usize = 1024;

/// How many refused calls the second that began at `since` has seen.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Refusals {
    since: Option<Instant>,
    noted: u32,
    left_out: u64,
}

impl Refusals {
    /// Tells whether one more is noted now, and if so how many were not since the last one.
    fn admit(&mut self, now: Instant) -> Option<u64> {
        let is_over = |since| now.since(since) >= Duration::from_secs(1);
        if self.since.is_none_or(is_over) {
            (self.since, self.noted) = (Some(now), 0);
        }
        if self.noted == REFUSALS_NOTED_PER_SECOND {
            self.left_out += 1;
            return None;
        }
        self.noted += 1;
        Some(core::mem::take(&mut self.left_out))
    }
}

impl Switch {
    /// Writes down that a call was turned away before it became a channel; no state changes.
    ///
    /// Of a flood, [`REFUSALS_NOTED_PER_SECOND`] are noted. What `left_out` says is replaced.
    pub fn note_refused(&mut self, now: Instant, mut call: RefusedCall) {
        let Some(left_out) = self.refusals.admit(now) else {
            return;
        };
        call.left_out = left_out;
        shorten(&mut call.why, WHY_BYTES_MAX);
        shorten(&mut call.number, NAME_BYTES_MAX);
        shorten(&mut call.protocol_id, NAME_BYTES_MAX);
        for text in [&mut call.caller.name, &mut call.caller.number] {
            *text = text[..text.floor_char_boundary(NAME_BYTES_MAX)].into();
        }
        let facts = Box::new(call);
        self.note(now, Event::CallRefused { facts });
    }
}

fn shorten(text: &mut String, bytes_max: usize) {
    text.truncate(text.floor_char_boundary(bytes_max));
    // What was cut off is given back, so that the journal counts what it holds.
    text.shrink_to_fit();
}
