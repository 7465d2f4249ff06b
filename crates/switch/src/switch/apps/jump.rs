//! `Goto` and `GotoIf`.

use alloc::format;

use crate::cause::Cause;
use crate::expr;
use crate::ids::ChannelKey;
use crate::journal::Position;
use crate::switch::{Switch, Turn};

impl Switch {
    pub(super) fn goto(&mut self, key: ChannelKey, target: &str, turn: &mut Turn<'_>) {
        let arguments = expr::arguments(target);
        let parts = arguments.iter().map(|part| part.trim());
        let Some(channel) = self.channels.get(key) else {
            return;
        };
        let here = channel.next.clone();
        // From the right: priority or label, extension, context.
        let mut parts = parts.rev();
        let priority = parts.next().unwrap_or_default();
        let extension = parts.next().filter(|part| !part.is_empty());
        let context = parts.next().filter(|part| !part.is_empty());
        let context = context.map_or(here.context, Into::into);
        let extension = extension.map_or(here.extension, Into::into);
        let caller = self.caller_number(key);
        let Some(channel) = self.channels.get(key) else {
            return;
        };
        let number = priority.parse::<u32>().ok().or_else(|| {
            channel
                .dialplan
                .label(&context, &extension, priority, &caller)
        });
        match number {
            Some(priority) => self.go_to(
                key,
                Position {
                    context,
                    extension,
                    priority,
                },
                turn,
            ),
            None => {
                let lost = Position {
                    context,
                    extension,
                    priority: 1,
                };
                if channel
                    .dialplan
                    .step(&lost.context, &lost.extension, 1, &caller)
                    .is_none()
                {
                    return self.go_to(key, lost, turn);
                }
                let Position {
                    context, extension, ..
                } = lost;
                let why = format!(
                    "Goto: extension \"{extension}\" in context \"{context}\" has no label \
                     \"{priority}\""
                );
                self.warn(key, why.clone(), turn.now);
                self.hang_up(key, Cause::FAILURE, &why, turn);
            }
        }
    }

    /// Goes to a position; if nothing is there, to `i` of its context; else the call ends.
    pub(in crate::switch) fn go_to(
        &mut self,
        key: ChannelKey,
        position: Position,
        turn: &mut Turn<'_>,
    ) {
        let caller = self.caller_number(key);
        let Some(channel) = self.channels.get_mut(key) else {
            return;
        };
        let Position {
            context,
            extension,
            priority,
        } = &position;
        if channel
            .dialplan
            .step(context, extension, *priority, &caller)
            .is_some()
        {
            channel.next = position;
            return;
        }
        let why = channel.dialplan.why_not(context, extension);
        let invalid = channel.dialplan.step(context, "i", 1, &caller).is_some();
        // A jump to a priority behind the last one ends the extension, as running into it does.
        if channel
            .dialplan
            .step(context, extension, 1, &caller)
            .is_some()
            || !invalid
        {
            let known = channel
                .dialplan
                .step(context, extension, 1, &caller)
                .is_some();
            let why = if known {
                format!("there is no step at {position}")
            } else {
                why
            };
            self.warn(key, why.clone(), turn.now);
            return self.hang_up(key, Cause::UNALLOCATED, &why, turn);
        }
        let (context, extension) = (context.clone(), extension.clone());
        channel.next = Position {
            context,
            extension: "i".into(),
            priority: 1,
        };
        self.warn(key, why, turn.now);
        self.set_variable(key, "INVALID_EXTEN", &extension, turn.now);
    }

    /// `GotoIf(condition?target:target)`; an empty target means the next step.
    pub(super) fn goto_if(&mut self, key: ChannelKey, text: &str, turn: &mut Turn<'_>) {
        let Some((condition, targets)) = text.split_once('?') else {
            let why = format!("GotoIf: \"{text}\" has no ?; write condition?target");
            return self.warn(key, why, turn.now);
        };
        let (yes, no) = targets.split_once(':').unwrap_or((targets, ""));
        let target = if expr::truth(condition) { yes } else { no };
        if !target.trim().is_empty() {
            self.goto(key, target.trim(), turn);
        }
    }
}
