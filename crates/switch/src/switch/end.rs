//! A call ends, from either side, whatever it was doing.

use alloc::string::String;

use super::channel::Activity;
use super::{Switch, Turn};
use crate::cause::Cause;
use crate::effect::{Connection, Effect};
use crate::ids::ChannelKey;
use crate::journal::{Event, HangupBy, Position, RoomResult};

impl Switch {
    /// Ends a call from our side. What it did stops; the driver reports when it is over.
    pub(super) fn hang_up(
        &mut self,
        key: ChannelKey,
        cause: Cause,
        why: &str,
        turn: &mut Turn<'_>,
    ) {
        let Some(channel) = self.channels.get_mut(key) else {
            return;
        };
        if channel.over {
            channel.activity = Activity::HangingUp;
            return;
        }
        if matches!(channel.activity, Activity::HangingUp) {
            return;
        }
        channel.cause = cause;
        self.abandon(key, true, turn);
        self.set_activity(key, Activity::HangingUp);
        let why = String::from(why);
        let by = HangupBy::Switch;
        self.note(
            turn.now,
            Event::HangupRequested {
                channel: key,
                cause,
                by,
                why: why.clone(),
            },
        );
        turn.order(Effect::HangUp {
            channel: key,
            cause,
            why,
        });
    }

    /// The call is over: everything of it stops, `h` runs, the channel is gone.
    pub(super) fn hung_up(
        &mut self,
        key: ChannelKey,
        cause: Cause,
        protocol_code: Option<u16>,
        turn: &mut Turn<'_>,
    ) {
        let Some(channel) = self.channels.get_mut(key) else {
            return;
        };
        channel.cause = cause;
        channel.over = true;
        if !matches!(channel.activity, Activity::HangingUp) {
            let (by, why) = (HangupBy::Peer, String::new());
            self.note(
                turn.now,
                Event::HangupRequested {
                    channel: key,
                    cause,
                    by,
                    why,
                },
            );
            self.abandon(key, false, turn);
        }
        self.run_hangup_extension(key, turn);
        self.cancel_timer(key);
        self.cancel_limit(key);
        self.channels.remove(key);
        self.totals.destroyed += 1;
        self.note(
            turn.now,
            Event::ChannelDestroyed {
                channel: key,
                cause,
                protocol_code,
            },
        );
    }

    /// Runs `h` of the context, if it has one.
    fn run_hangup_extension(&mut self, key: ChannelKey, turn: &mut Turn<'_>) {
        let caller = self.caller_number(key);
        let Some(channel) = self.channels.get_mut(key) else {
            return;
        };
        let context = channel.next.context.clone();
        if channel.dialplan.step(&context, "h", 1, &caller).is_none() {
            return;
        }
        channel.next = Position {
            context,
            extension: "h".into(),
            priority: 1,
        };
        channel.activity = Activity::Ready;
        self.run(key, turn);
    }

    /// Stops whatever a channel does. Nothing is ordered for a channel that is not there any more.
    pub(super) fn abandon(&mut self, key: ChannelKey, there: bool, turn: &mut Turn<'_>) {
        self.stop_activity(key, there, turn);
        if self.is_away(key) {
            self.end_absence(key);
            self.stop_activity(key, there, turn);
        }
    }

    /// Stops what a channel does at the moment; a room that it is away from keeps it.
    pub(super) fn stop_activity(&mut self, key: ChannelKey, there: bool, turn: &mut Turn<'_>) {
        let Some(channel) = self.channels.get_mut(key) else {
            return;
        };
        let activity = core::mem::replace(&mut channel.activity, Activity::Ready);
        match activity {
            Activity::Playing { list, .. } => self.stop_list(&list, turn),
            Activity::Tone { playback, .. } => self.stop_play(playback, turn),
            Activity::Echo if there => {
                turn.order(Effect::Connect {
                    channel: key,
                    to: Connection::Nothing,
                });
            }
            Activity::Recording(recording) => {
                if let Some(beep) = recording.beep {
                    self.stop_play(beep, turn);
                }
                if let Some(running) = recording.running
                    && recording.status.is_none()
                {
                    turn.order(Effect::StopRecord { recording: running });
                }
                self.set_variable(key, "RECORD_STATUS", "HANGUP", turn.now);
            }
            Activity::Conference(conference) => {
                if let Some(channel) = self.channels.get_mut(key) {
                    channel.activity = Activity::Conference(conference);
                }
                self.leave(key, RoomResult::Hangup, there, turn);
            }
            _ => {}
        }
        self.cancel_timer(key);
        self.cancel_limit(key);
    }
}
