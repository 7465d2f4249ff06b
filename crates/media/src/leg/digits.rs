//! Digits on their way to the peer.

use alloc::collections::VecDeque;

use plenum_rtp::telephone_event::{DigitPacket, DigitSender};

use crate::time::FRAME;

/// The end of a digit is sent three times, so two packets follow its end.
const ENDS_AFTER: u32 = 2;

/// A digit that waits for its turn.
#[derive(Clone, Debug)]
pub(crate) struct QueuedDigit {
    pub(crate) packets: DigitSender,
    /// Samples of pause after it.
    pub(crate) gap: u32,
}

/// The digits of one leg, one after the other, with their pauses.
#[derive(Clone, Debug, Default)]
pub(super) struct DigitQueue {
    waiting: VecDeque<QueuedDigit>,
    current: Option<Current>,
    pause: u32,
}

#[derive(Clone, Debug)]
struct Current {
    digit: QueuedDigit,
    /// The timestamp that all packets of the digit carry.
    timestamp: u32,
}

impl DigitQueue {
    pub(super) fn len(&self) -> usize {
        self.waiting.len() + usize::from(self.current.is_some())
    }

    pub(super) fn push(&mut self, digit: QueuedDigit) {
        self.waiting.push_back(digit);
    }

    pub(super) fn clear(&mut self) {
        self.waiting.clear();
        self.current = None;
    }

    /// Returns the packet of this tick and its timestamp; nothing if no digit sounds.
    pub(super) fn next(&mut self, timestamp: u32) -> Option<(DigitPacket, u32)> {
        if self.current.is_none() {
            if self.pause > 0 {
                self.pause = self.pause.saturating_sub(FRAME as u32);
                return None;
            }
            let digit = self.waiting.pop_front()?;
            self.current = Some(Current { digit, timestamp });
        }
        let current = self.current.as_mut()?;
        if let Some(packet) = current.digit.packets.next() {
            return Some((
                packet,
                current.timestamp.wrapping_add(packet.timestamp_offset),
            ));
        }
        self.pause = current
            .digit
            .gap
            .saturating_sub((ENDS_AFTER + 1) * FRAME as u32);
        self.current = None;
        None
    }
}
