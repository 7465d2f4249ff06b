//! `dialplan_exec`: a participant runs some steps of the dialplan and comes back to its room.
//!
//! ```text
//!            send_away                     no step left
//!   Inside ------------> Ready, steps ... --------------> Inside
//!                            | kicked, time over: out of the room, behind ConfBridge
//!                            | the call ends: out of the room
//! ```

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use core::time::Duration;

use crate::effect::{Connection, Effect};
use crate::ids::ChannelKey;
use crate::journal::{Event, Position};
use crate::switch::channel::Activity;
use crate::switch::conference::{Conference, Inside, Stage};
use crate::switch::{Switch, Turn};

/// A participant that runs the dialplan: it counts in its room, and neither hears nor is heard.
#[derive(Debug)]
pub(in crate::switch) struct Away {
    pub(in crate::switch) conference: Box<Conference>,
    /// Where the dialplan goes on behind `ConfBridge`.
    back: Position,
}

impl Switch {
    /// Sends a participant into the dialplan.
    ///
    /// # Errors
    ///
    /// The sentence that says that there is no such place.
    pub(super) fn send_away(
        &mut self,
        key: ChannelKey,
        context: Arc<str>,
        extension: Arc<str>,
        priority: u32,
        turn: &mut Turn<'_>,
    ) -> Result<(), String> {
        let caller = self.caller_number(key);
        let Some(channel) = self.channels.get(key) else {
            return Ok(());
        };
        let step = channel
            .dialplan
            .step(&context, &extension, priority, &caller);
        if step.is_none() {
            return Err(channel.dialplan.why_not(&context, &extension));
        }
        let Some(Conference {
            room: Some(room),
            stage: Stage::Inside(inside),
            ..
        }) = self.conference_mut(key)
        else {
            return Ok(());
        };
        let (room, music) = (*room, inside.music);
        *inside = Inside {
            music: None,
            gate: None,
            ..*inside
        };
        if let Some(music) = music {
            self.stop_play(music, turn);
        }
        turn.order(Effect::Connect {
            channel: key,
            to: Connection::Nothing,
        });
        let away = true;
        let channel = key;
        self.note(
            turn.now,
            Event::ParticipantAway {
                room,
                channel,
                away,
            },
        );
        self.cancel_limit(key);
        let Some(channel) = self.channels.get_mut(key) else {
            return Ok(());
        };
        let next = Position {
            context,
            extension,
            priority,
        };
        let back = core::mem::replace(&mut channel.next, next);
        let activity = core::mem::replace(&mut channel.activity, Activity::Ready);
        if let Activity::Conference(conference) = activity {
            channel.away = Some(Box::new(Away { conference, back }));
        }
        self.make_ready(key);
        Ok(())
    }

    /// Lets a channel whose steps are over back into its room; tells whether it was away from one.
    pub(in crate::switch) fn come_back(&mut self, key: ChannelKey, turn: &mut Turn<'_>) -> bool {
        if !self.is_away(key) {
            return false;
        }
        self.end_absence(key);
        let Some(room) = self.room_of(key) else {
            return true;
        };
        let Some(bridge) = self.rooms.get(room).map(|room| room.bridge) else {
            return true;
        };
        turn.order(Effect::Connect {
            channel: key,
            to: Connection::Bridge(bridge),
        });
        let (away, channel) = (false, key);
        self.note(
            turn.now,
            Event::ParticipantAway {
                room,
                channel,
                away,
            },
        );
        let leaves_at = self.conference_of(key).and_then(|own| own.leaves_at);
        if let Some(at) = leaves_at {
            let left = if at > turn.now {
                at.since(turn.now)
            } else {
                Duration::ZERO
            };
            self.arm_limit(key, left, turn.now);
        }
        self.refresh_member(room, key, turn);
        self.run_actions(key, turn);
        true
    }

    /// Makes a channel a participant again that does nothing else; what it did has stopped.
    pub(in crate::switch) fn end_absence(&mut self, key: ChannelKey) {
        let away = self
            .channels
            .get_mut(key)
            .and_then(|channel| channel.away.take());
        let Some(away) = away else { return };
        let Away { conference, back } = *away;
        self.set_activity(key, Activity::Conference(conference));
        if let Some(channel) = self.channels.get_mut(key) {
            channel.next = back;
        }
    }

    pub(in crate::switch) fn is_away(&self, key: ChannelKey) -> bool {
        self.channels
            .get(key)
            .is_some_and(|channel| channel.away.is_some())
    }
}
