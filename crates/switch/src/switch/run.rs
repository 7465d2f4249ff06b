//! The dialplan runs: one step after the other until a channel waits for something.

use alloc::format;
use alloc::string::String;
use core::time::Duration;

use super::channel::{Activity, Call};
use super::{Switch, Turn};
use crate::cause::Cause;
use crate::config::STEPS_MAX;
use crate::expr;
use crate::ids::ChannelKey;
use crate::journal::{Event, Position};

/// The window in which `STEPS_MAX` counts.
const STEPS_WINDOW: Duration = Duration::from_secs(1);

/// Octets of text and values that one step may read before it counts as two.
const STEP_OCTETS: usize = 256;

impl Switch {
    /// Runs steps until the channel waits, hangs up or is gone.
    pub(super) fn run(&mut self, key: ChannelKey, turn: &mut Turn<'_>) {
        while self.is_ready(key) {
            self.step(key, turn);
        }
    }

    fn is_ready(&self, key: ChannelKey) -> bool {
        self.channels
            .get(key)
            .is_some_and(|c| matches!(c.activity, Activity::Ready))
    }

    fn step(&mut self, key: ChannelKey, turn: &mut Turn<'_>) {
        if self.is_runaway(key, turn) {
            return;
        }
        let Some(channel) = self.channels.get_mut(key) else {
            return;
        };
        let position = channel.next.clone();
        channel.next.priority = channel.next.priority.saturating_add(1);
        let dialplan = channel.dialplan.clone();
        let caller = self.caller_number(key);
        let Position {
            context,
            extension,
            priority,
        } = &position;
        let Some(step) = dialplan.step(context, extension, *priority, &caller) else {
            return self.ran_off(key, &position, turn);
        };
        let expansion = expr::substitute(&step.arguments, &self.scope(key, turn.now));
        self.spend(key, expansion.octets);
        let call = Call {
            application: step.application,
            arguments: expansion.text.into(),
        };
        let application = call.application.name();
        let data = call.arguments.clone();
        self.note(
            turn.now,
            Event::DialplanStep {
                channel: key,
                position,
                application,
                data,
            },
        );
        for why in expansion.warnings {
            let why = format!("line {}: {why}", step.line);
            self.warn(key, why, turn.now);
        }
        self.start(key, call, turn);
    }

    /// Ends a call whose dialplan runs in circles without ever waiting.
    fn is_runaway(&mut self, key: ChannelKey, turn: &mut Turn<'_>) -> bool {
        let Some(channel) = self.channels.get_mut(key) else {
            return true;
        };
        if turn.now.since(channel.steps_since) >= STEPS_WINDOW {
            channel.steps = 0;
            channel.steps_since = turn.now;
        }
        channel.steps = channel.steps.saturating_add(1);
        if channel.steps <= STEPS_MAX {
            return false;
        }
        self.totals.runaways += 1;
        let place = channel.next.clone();
        let why = format!(
            "the dialplan took {STEPS_MAX} steps within a second, last at {place}; put a Wait into \
             its loop"
        );
        self.hang_up(key, Cause::FAILURE, &why, turn);
        true
    }

    /// Counts a step that works on long values as the several steps that it costs.
    fn spend(&mut self, key: ChannelKey, octets: usize) {
        if let Some(channel) = self.channels.get_mut(key) {
            let steps = u32::try_from(octets / STEP_OCTETS).unwrap_or(STEPS_MAX);
            channel.steps = channel.steps.saturating_add(steps);
        }
    }

    /// There is no step at this position: the extension is over, or a jump went nowhere. A
    /// participant that a menu sent here goes back to its room.
    fn ran_off(&mut self, key: ChannelKey, position: &Position, turn: &mut Turn<'_>) {
        if self.come_back(key, turn) {
            return;
        }
        let why = if self.is_up(key) {
            String::new()
        } else {
            format!("the dialplan ended at {position} without answering the call")
        };
        self.hang_up(key, Cause::NORMAL_CLEARING, &why, turn);
    }

    pub(super) fn caller_number(&self, key: ChannelKey) -> alloc::sync::Arc<str> {
        self.view
            .channels
            .get(&key)
            .map_or_else(|| "".into(), |channel| channel.caller.number.clone())
    }
}
