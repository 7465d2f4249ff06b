//! What the driver reports.

use plenum_time::Instant;

use super::channel::Activity;
use super::{Switch, Turn};
use crate::effect::{LegEvent, Stimulus};
use crate::effects::Effects;
use crate::ids::ChannelKey;
use crate::journal::{ChannelState, Event};

impl Switch {
    /// Takes a report of the driver. Reports about what is gone already are counted and ignored.
    pub fn stimulus(&mut self, now: Instant, stimulus: Stimulus, effects: &mut Effects) {
        let mut turn = Turn { now, effects };
        match stimulus {
            Stimulus::Leg { channel, event } => {
                if self.channels.contains_key(channel) {
                    self.leg_event(channel, event, &mut turn);
                } else {
                    self.totals.late_stimuli += 1;
                }
            }
            Stimulus::PlaybackEnded { playback, outcome } => {
                self.playback_ended(playback, outcome, &mut turn);
            }
            Stimulus::RecordingEnded { recording, outcome } => {
                self.recording_ended(recording, outcome, &mut turn);
            }
        }
        self.do_work(&mut turn);
    }

    fn leg_event(&mut self, key: ChannelKey, event: LegEvent, turn: &mut Turn<'_>) {
        match event {
            LegEvent::Answered => self.answered(key, turn),
            LegEvent::Digit { digit, duration } => {
                self.note(
                    turn.now,
                    Event::DigitReceived {
                        channel: key,
                        digit,
                        duration,
                    },
                );
                self.digit(key, digit, turn);
            }
            LegEvent::Held => self.hold(key, true, turn),
            LegEvent::Resumed => self.hold(key, false, turn),
            LegEvent::Talking(talking) => self.talking(key, talking, turn),
            LegEvent::AudioMissing(why) => {
                self.note(turn.now, Event::AudioMissing { channel: key, why });
            }
            LegEvent::HungUp {
                cause,
                protocol_code,
            } => {
                self.hung_up(key, cause, protocol_code, turn);
            }
        }
    }

    fn answered(&mut self, key: ChannelKey, turn: &mut Turn<'_>) {
        if self.is_up(key) {
            return;
        }
        let state = ChannelState::Up;
        self.note(
            turn.now,
            Event::ChannelStateChanged {
                channel: key,
                state,
            },
        );
        let Some(channel) = self.channels.get_mut(key) else {
            return;
        };
        if let Activity::Answering(call) = &channel.activity {
            let call = call.clone();
            self.make_ready(key);
            self.start(key, call, turn);
        }
    }

    fn hold(&mut self, key: ChannelKey, held: bool, turn: &mut Turn<'_>) {
        let Some(view) = self.view.channels.get(&key) else {
            return;
        };
        if view.held == held {
            return;
        }
        let event = if held {
            Event::Held { channel: key }
        } else {
            Event::Resumed { channel: key }
        };
        self.note(turn.now, event);
        if let Some(room) = self.room_of(key) {
            self.refresh_member(room, key, turn);
        }
    }

    fn talking(&mut self, key: ChannelKey, talking: bool, turn: &mut Turn<'_>) {
        let Some(view) = self.view.channels.get(&key) else {
            return;
        };
        if view.talking == talking {
            return;
        }
        let room = self.room_of(key);
        self.note(
            turn.now,
            Event::Talking {
                channel: key,
                room,
                talking,
            },
        );
        self.watch_silence(key, turn.now);
    }
}
