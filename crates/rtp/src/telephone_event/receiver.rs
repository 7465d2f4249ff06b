use core::time::Duration;

use plenum_time::Instant;

use super::{Digit, SEGMENT, TelephoneEvent};
use crate::RtpTimestamp;

/// Events whose stragglers are recognised.
const REMEMBERED: usize = 16;

/// Packets of an event do not straggle longer than this.
const REMEMBERED_FOR: Duration = Duration::from_secs(10);

/// Turns telephone-event packets into digits, each exactly once.
///
/// ```text
///            first packet of an event
///   Idle ------------------------------> Pressed
///     ^                                     |
///     +--- end, next event, or silence -----+  yields the digit
/// ```
///
/// An event is known by its timestamp, so any one of its packets is enough: the digit counts if
/// its start was lost, if all its ends were lost, or if packets come twice or out of order. One
/// receiver serves one source; make a new one if the source changes.
///
/// # Standard
///
/// RFC 4733 section 2.5.2.
#[derive(Clone, Debug)]
pub struct DigitReceiver {
    silence: Duration,
    pressed: Option<Pressed>,
    past: Past,
}

#[derive(Clone, Copy, Debug)]
struct Pressed {
    digit: Digit,
    /// The start of the current segment, which is that of the event unless it is very long.
    segment: RtpTimestamp,
    earlier_segments: u32,
    lasted: u16,
    heard: Instant,
}

/// A digit that was pressed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReceivedDigit {
    /// The digit.
    pub digit: Digit,
    /// How long it lasted as far as its packets tell, in timestamp units.
    pub duration: u32,
}

/// The digits that one packet completed: a packet can show that the digit before it has ended and
/// be an end itself.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ReceivedDigits {
    first: Option<ReceivedDigit>,
    second: Option<ReceivedDigit>,
}

impl DigitReceiver {
    /// Starts idle.
    ///
    /// A digit whose ends are lost counts as released after `silence` without a packet of it; three
    /// packet times or more keep a gap in the network from cutting it short.
    #[must_use]
    pub const fn new(silence: Duration) -> Self {
        Self {
            silence,
            pressed: None,
            past: Past::new(),
        }
    }

    /// Takes the payload of a packet and the timestamp of its RTP header.
    ///
    /// Events that are not digits are ignored.
    pub fn receive(
        &mut self,
        now: Instant,
        timestamp: RtpTimestamp,
        event: &TelephoneEvent,
    ) -> ReceivedDigits {
        let Some(digit) = Digit::from_event(event.event) else {
            return ReceivedDigits::default();
        };
        if self.past.contains(timestamp, now) {
            return ReceivedDigits::default();
        }
        let arriving = Pressed {
            digit,
            segment: timestamp,
            earlier_segments: 0,
            lasted: event.duration,
            heard: now,
        };
        match &self.pressed {
            None => self.press(arriving, event.end),
            Some(pressed) => match Relation::of(&arriving, pressed) {
                Relation::Same => self.update(&arriving, event.end),
                Relation::NextSegment => self.go_on(&arriving, event.end),
                Relation::EarlierSegment => self.lengthen(timestamp, now),
                Relation::Earlier => {
                    self.past.insert(timestamp, now);
                    ReceivedDigits::one(arriving.released())
                }
                Relation::Later => {
                    let before = self.release(now);
                    ReceivedDigits {
                        second: self.press(arriving, event.end).first,
                        first: before,
                    }
                }
            },
        }
    }

    /// Yields the digit in progress if nothing of it was heard for the time of silence.
    pub fn poll(&mut self, now: Instant) -> Option<ReceivedDigit> {
        if self.deadline()? > now {
            return None;
        }
        self.release(now)
    }

    /// Returns when [`DigitReceiver::poll`] has something to do.
    #[must_use]
    pub fn deadline(&self) -> Option<Instant> {
        self.pressed.map(|pressed| pressed.heard + self.silence)
    }

    /// Returns the digit in progress.
    #[must_use]
    pub fn pressed(&self) -> Option<Digit> {
        self.pressed.map(|pressed| pressed.digit)
    }

    fn press(&mut self, arriving: Pressed, end: bool) -> ReceivedDigits {
        self.pressed = Some(arriving);
        self.release_if(end, arriving.heard)
    }

    fn update(&mut self, arriving: &Pressed, end: bool) -> ReceivedDigits {
        if let Some(pressed) = &mut self.pressed {
            pressed.lasted = pressed.lasted.max(arriving.lasted);
            pressed.heard = arriving.heard;
        }
        self.release_if(end, arriving.heard)
    }

    fn go_on(&mut self, arriving: &Pressed, end: bool) -> ReceivedDigits {
        if let Some(pressed) = &mut self.pressed {
            self.past.insert(pressed.segment, arriving.heard);
            let earlier_segments = pressed.earlier_segments.saturating_add(SEGMENT);
            *pressed = Pressed {
                earlier_segments,
                ..*arriving
            };
        }
        self.release_if(end, arriving.heard)
    }

    fn lengthen(&mut self, segment: RtpTimestamp, now: Instant) -> ReceivedDigits {
        self.past.insert(segment, now);
        if let Some(pressed) = &mut self.pressed {
            pressed.earlier_segments = pressed.earlier_segments.saturating_add(SEGMENT);
        }
        ReceivedDigits::default()
    }

    fn release_if(&mut self, end: bool, now: Instant) -> ReceivedDigits {
        let first = if end { self.release(now) } else { None };
        ReceivedDigits {
            first,
            second: None,
        }
    }

    fn release(&mut self, now: Instant) -> Option<ReceivedDigit> {
        let pressed = self.pressed.take()?;
        self.past.insert(pressed.segment, now);
        Some(pressed.released())
    }
}

/// How a packet relates to the digit in progress.
enum Relation {
    Same,
    /// A digit longer than a segment goes on.
    NextSegment,
    /// The network swapped two segments.
    EarlierSegment,
    /// An event from before the one in progress, of which nothing was heard in time.
    Earlier,
    Later,
}

impl Relation {
    fn of(arriving: &Pressed, pressed: &Pressed) -> Self {
        const STEP: i32 = SEGMENT as i32;
        let same_digit = arriving.digit == pressed.digit;
        match arriving.segment.distance(pressed.segment) {
            0 => Self::Same,
            STEP if same_digit => Self::NextSegment,
            step if step == -STEP && same_digit => Self::EarlierSegment,
            ..0 => Self::Earlier,
            _ => Self::Later,
        }
    }
}

impl Pressed {
    fn released(&self) -> ReceivedDigit {
        let duration = self.earlier_segments.saturating_add(u32::from(self.lasted));
        ReceivedDigit {
            digit: self.digit,
            duration,
        }
    }
}

impl ReceivedDigits {
    const fn one(digit: ReceivedDigit) -> Self {
        Self {
            first: Some(digit),
            second: None,
        }
    }
}

impl Iterator for ReceivedDigits {
    type Item = ReceivedDigit;

    fn next(&mut self) -> Option<ReceivedDigit> {
        self.first.take().or_else(|| self.second.take())
    }
}

/// The events that were yielded lately, so that their stragglers are not taken for new ones.
#[derive(Clone, Debug)]
struct Past {
    events: [Option<PastEvent>; REMEMBERED],
    oldest: usize,
    /// The latest event that had to give way; whatever lies before it is a straggler as well.
    horizon: Option<PastEvent>,
}

#[derive(Clone, Copy, Debug)]
struct PastEvent {
    timestamp: RtpTimestamp,
    at: Instant,
}

impl Past {
    const fn new() -> Self {
        Self {
            events: [None; REMEMBERED],
            oldest: 0,
            horizon: None,
        }
    }

    fn contains(&self, timestamp: RtpTimestamp, now: Instant) -> bool {
        let behind = |horizon: &PastEvent| timestamp.distance(horizon.timestamp) <= 0;
        self.horizon
            .filter(|event| event.is_recent(now))
            .is_some_and(|event| behind(&event))
            || self
                .events
                .iter()
                .flatten()
                .any(|event| event.is_recent(now) && event.timestamp == timestamp)
    }

    fn insert(&mut self, timestamp: RtpTimestamp, now: Instant) {
        let event = PastEvent { timestamp, at: now };
        if let Some(forgotten) = self.events[self.oldest].replace(event) {
            self.raise_horizon(forgotten, now);
        }
        self.oldest = (self.oldest + 1) % REMEMBERED;
    }

    fn raise_horizon(&mut self, forgotten: PastEvent, now: Instant) {
        let stands = self.horizon.is_some_and(|horizon| {
            horizon.is_recent(now) && horizon.timestamp.distance(forgotten.timestamp) > 0
        });
        if !stands {
            self.horizon = Some(forgotten);
        }
    }
}

impl PastEvent {
    fn is_recent(&self, now: Instant) -> bool {
        now.since(self.at) < REMEMBERED_FOR
    }
}
