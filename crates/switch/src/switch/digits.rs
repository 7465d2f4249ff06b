//! What keys do.

use alloc::string::String;
use core::time::Duration;

use super::channel::Activity;
use super::conference::Stage;
use super::{Switch, Turn};
use crate::config::DIGITS_MAX;
use crate::effect::{Connection, Effect};
use crate::ids::ChannelKey;
use crate::journal::Position;

/// How long a caller may think between two digits.
pub(super) const BETWEEN_DIGITS: Duration = Duration::from_secs(5);
/// How long a caller may think before the first.
pub(super) const FIRST_DIGIT: Duration = Duration::from_secs(10);

impl Switch {
    pub(super) fn digit(&mut self, key: ChannelKey, digit: char, turn: &mut Turn<'_>) {
        let Some(channel) = self.channels.get(key) else {
            return;
        };
        match &channel.activity {
            Activity::Echo if digit == '#' => {
                turn.order(Effect::Connect {
                    channel: key,
                    to: Connection::Nothing,
                });
                self.make_ready(key);
            }
            Activity::Recording(recording) if recording.is_ended_by(digit) => {
                self.end_recording(key, "DTMF", turn);
            }
            Activity::Dialling { .. } => self.dial_digit(key, digit, turn),
            Activity::Conference(conference) => match conference.stage {
                Stage::Pin { .. } => self.pin_digit(key, digit, turn),
                Stage::Inside(_) => self.menu_digit(key, digit, turn),
                _ => {}
            },
            _ => {}
        }
    }

    /// Adds a digit of an extension; goes there as soon as no longer one is possible.
    fn dial_digit(&mut self, key: ChannelKey, digit: char, turn: &mut Turn<'_>) {
        let Some(channel) = self.channels.get_mut(key) else {
            return;
        };
        let context = channel.next.context.clone();
        let dialplan = channel.dialplan.clone();
        let Activity::Dialling { digits, wait } = &mut channel.activity else {
            return;
        };
        if digits.chars().count() < DIGITS_MAX {
            digits.push(digit);
        }
        let more = dialplan.wants_more(&context, digits);
        let wait = (*wait).min(BETWEEN_DIGITS);
        if more {
            self.arm_timer(key, wait, turn.now);
        } else {
            self.dialled(key, turn);
        }
    }

    /// Goes where the digits lead, or to `i`.
    fn dialled(&mut self, key: ChannelKey, turn: &mut Turn<'_>) {
        let Some(channel) = self.channels.get_mut(key) else {
            return;
        };
        let Activity::Dialling { digits, .. } = &mut channel.activity else {
            return;
        };
        let extension: String = core::mem::take(digits);
        let context = channel.next.context.clone();
        self.make_ready(key);
        let position = Position {
            context,
            extension: extension.as_str().into(),
            priority: 1,
        };
        self.go_to(key, position, turn);
    }

    /// No digit came for too long: those that came count; without any it is `t`, or the next step.
    pub(super) fn dialling_timed_out(&mut self, key: ChannelKey, turn: &mut Turn<'_>) {
        let caller = self.caller_number(key);
        let Some(channel) = self.channels.get_mut(key) else {
            return;
        };
        let Activity::Dialling { digits, .. } = &channel.activity else {
            return;
        };
        if !digits.is_empty() {
            return self.dialled(key, turn);
        }
        let context = channel.next.context.clone();
        if channel.dialplan.step(&context, "t", 1, &caller).is_some() {
            channel.next = Position {
                context,
                extension: "t".into(),
                priority: 1,
            };
        }
        self.make_ready(key);
    }
}
