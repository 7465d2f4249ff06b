//! Payload numbers for the formats that we offer.

use alloc::{string::String, vec::Vec};

use crate::{AudioFormat, Encoding, LocalMedia};

/// The number that the field knows telephone events by.
const USUAL_TELEPHONE_EVENT: u8 = 101;
/// RFC 4733 2.5.1.1: the sixteen DTMF digits and the hook flash.
const TELEPHONE_EVENTS: &str = "0-16";

/// Returns our formats and their telephone events, each codec once and each number once.
///
/// A codec that the session has `bound` to a number keeps it, the latest binding first, and no
/// number gets another meaning: RFC 3264 8.3.2. A codec for which no number is left is left out.
pub(crate) fn numbered(local: &LocalMedia, bound: &[AudioFormat]) -> Vec<AudioFormat> {
    let mut numbers = Numbers::new(bound);
    let mut formats = distinct(&local.formats);
    formats.truncate(MAX_OFFERED);
    if local.telephone_event {
        let events = telephone_events(&formats);
        formats.extend(events);
    }
    let wanted: Vec<_> = formats
        .iter()
        .map(|format| numbers.wanted(format))
        .collect();
    formats
        .into_iter()
        .zip(wanted)
        .filter_map(|(format, number)| {
            let payload_type = number.or_else(|| numbers.free())?;
            Some(AudioFormat {
                payload_type,
                ..format
            })
        })
        .collect()
}

/// How many codecs an offer lists; more would not leave numbers for their telephone events.
pub(crate) const MAX_OFFERED: usize = 24;

fn distinct(formats: &[AudioFormat]) -> Vec<AudioFormat> {
    let mut kept: Vec<AudioFormat> = Vec::new();
    for format in formats.iter().filter(|format| !format.is_telephone_event()) {
        if !kept.iter().any(|other| other.same_codec(format)) {
            kept.push(format.clone());
        }
    }
    kept
}

/// RFC 4733 2.1: events share the clock of the audio that they interrupt, so each rate has its own.
fn telephone_events(formats: &[AudioFormat]) -> Vec<AudioFormat> {
    let mut events: Vec<AudioFormat> = Vec::new();
    for format in formats.iter().filter(|format| format.is_codec()) {
        if !events
            .iter()
            .any(|event| event.clock_rate == format.clock_rate)
        {
            events.push(telephone_event(USUAL_TELEPHONE_EVENT, format.clock_rate));
        }
    }
    events
}

/// Builds the telephone events of one clock rate.
pub(crate) fn telephone_event(payload_type: u8, clock_rate: u32) -> AudioFormat {
    let fmtp = Some(String::from(TELEPHONE_EVENTS));
    AudioFormat {
        fmtp,
        ..AudioFormat::new(payload_type, Encoding::TELEPHONE_EVENT, clock_rate)
    }
}

/// Which payload types are taken.
struct Numbers<'a> {
    bound: &'a [AudioFormat],
    /// Numbers that this offer uses.
    used: [bool; 128],
}

impl<'a> Numbers<'a> {
    fn new(bound: &'a [AudioFormat]) -> Self {
        Self {
            bound,
            used: [false; 128],
        }
    }

    /// Marks a number; false if this offer uses it already, or it is none.
    fn take(&mut self, payload_type: u8) -> bool {
        match self.used.get_mut(usize::from(payload_type)) {
            Some(used) => !core::mem::replace(used, true),
            None => false,
        }
    }

    /// The number from before, or the assigned one, or the one that our caller names.
    fn wanted(&mut self, format: &AudioFormat) -> Option<u8> {
        let before = self
            .bound
            .iter()
            .rev()
            .find(|bound| bound.same_codec(format));
        let number = match before {
            Some(bound) => bound.payload_type,
            None => format.payload_type,
        };
        let allowed = match AudioFormat::from_static(number) {
            Some(assigned) => assigned.same_codec(format),
            None => before.is_some() || self.is_free(number),
        };
        Some(number).filter(|number| allowed && self.take(*number))
    }

    fn free(&mut self) -> Option<u8> {
        let number = dynamic().find(|number| {
            self.is_free(*number)
                && !self
                    .used
                    .get(usize::from(*number))
                    .is_some_and(|used| *used)
        })?;
        self.take(number).then_some(number)
    }

    fn is_free(&self, number: u8) -> bool {
        let bound = self.bound.iter().any(|bound| bound.payload_type == number);
        dynamic().any(|dynamic| dynamic == number) && !bound
    }
}

/// RFC 3551 3: 96 to 127 are dynamic, and where they run out, numbers without assignment.
fn dynamic() -> impl Iterator<Item = u8> {
    (96..=127).chain(35..=63)
}
