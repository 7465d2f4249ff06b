use core::iter::FusedIterator;

use super::{Digit, SEGMENT, TelephoneEvent};

/// RFC 4733 2.5.1.4: the packet that ends an event goes out three times.
const ENDS: u8 = 3;

/// The packets that send one digit: ask for the next one each packet time.
///
/// ```text
///  first packet, marker --> updates, one each packet time --> end, end, end
/// ```
///
/// All packets of an event carry the RTP timestamp of its start; a digit longer than a segment goes
/// on with a later one. Only the sequence number counts on.
///
/// # Standard
///
/// RFC 4733 section 2.5.1.
#[derive(Clone, Debug)]
pub struct DigitSender {
    digit: Digit,
    volume: u8,
    packet_time: u32,
    duration: u32,
    elapsed: u32,
    segment_start: u32,
    started: bool,
    ends_left: u8,
}

/// One packet of a digit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct DigitPacket {
    /// The RTP header's marker bit.
    pub marker: bool,
    /// What to add to the timestamp of the digit's start; zero but for digits of many seconds.
    pub timestamp_offset: u32,
    /// The payload.
    pub payload: TelephoneEvent,
}

impl DigitSender {
    /// The power of a tone unless said otherwise: -10 dBm0.
    pub const VOLUME: u8 = 10;

    /// Prepares a digit that lasts `duration`, with a packet each `packet_time`.
    ///
    /// # Units and range
    ///
    /// Both in timestamp units, at least 1.
    #[must_use]
    pub const fn new(digit: Digit, duration: u32, packet_time: u16) -> Self {
        Self {
            digit,
            volume: Self::VOLUME,
            packet_time: if packet_time == 0 {
                1
            } else {
                packet_time as u32
            },
            duration: if duration == 0 { 1 } else { duration },
            elapsed: 0,
            segment_start: 0,
            started: false,
            ends_left: ENDS,
        }
    }

    /// Returns the digit.
    #[must_use]
    pub const fn digit(&self) -> Digit {
        self.digit
    }

    /// Returns how long the digit lasts, in timestamp units.
    #[must_use]
    pub const fn duration(&self) -> u32 {
        self.duration
    }
}

impl Iterator for DigitSender {
    type Item = DigitPacket;

    fn next(&mut self) -> Option<DigitPacket> {
        if self.ends_left == 0 {
            return None;
        }
        self.elapsed = self
            .elapsed
            .saturating_add(self.packet_time)
            .min(self.duration);
        let timestamp_offset = self.segment_start;
        let lasted = self.elapsed - self.segment_start;
        let end = lasted <= SEGMENT && self.elapsed == self.duration;
        if end {
            self.ends_left -= 1;
        } else if lasted >= SEGMENT {
            self.segment_start += SEGMENT;
        }
        let marker = !self.started;
        self.started = true;
        let payload = TelephoneEvent {
            event: self.digit.event(),
            end,
            volume: self.volume,
            duration: lasted.min(SEGMENT) as u16,
        };
        Some(DigitPacket {
            marker,
            timestamp_offset,
            payload,
        })
    }
}

impl FusedIterator for DigitSender {}
