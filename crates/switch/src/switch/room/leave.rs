//! Out of a room: by hanging up, by an operator, by a marked user who leaves, by time.

use alloc::vec::Vec;

use crate::effect::{Connection, Decibels, Effect};
use crate::ids::{ChannelKey, RoomKey};
use crate::journal::{Event, RoomResult};
use crate::switch::conference::Stage;
use crate::switch::{Switch, Turn, Work};

impl Switch {
    /// Takes a participant out of its room; its dialplan goes on.
    pub(in crate::switch) fn eject(
        &mut self,
        key: ChannelKey,
        result: RoomResult,
        turn: &mut Turn<'_>,
    ) {
        if self.is_away(key) {
            self.stop_activity(key, true, turn);
            self.end_absence(key);
        }
        let Some(conference) = self.conference_of(key) else {
            return;
        };
        let Some(room) = conference.room else { return };
        let quiet = conference.user.quiet;
        let profile = self.rooms.get(room).map(|room| room.profile.clone());
        self.leave(key, result, true, turn);
        let farewell = profile
            .as_ref()
            .filter(|_| !quiet)
            .and_then(|profile| match result {
                RoomResult::Kicked => Some(profile.sound_kicked.as_str()),
                RoomResult::EndMarked => Some(profile.sound_leader_has_left.as_str()),
                _ => None,
            });
        self.farewell(key, farewell, turn);
    }

    /// Ends whatever `ConfBridge` does for a channel. Nothing is ordered for one that is not
    /// `there` any more.
    pub(in crate::switch) fn leave(
        &mut self,
        key: ChannelKey,
        result: RoomResult,
        there: bool,
        turn: &mut Turn<'_>,
    ) {
        self.cancel_timer(key);
        self.cancel_limit(key);
        let Some(conference) = self.conference_mut(key) else {
            return;
        };
        let stage = core::mem::replace(&mut conference.stage, Stage::Turning);
        let saying = conference.keys.reset();
        let room = conference.room.take();
        let quiet = conference.user.quiet;
        let was_refused = matches!(stage, Stage::Farewell { .. });
        let was_inside = matches!(stage, Stage::Inside(_));
        if let Some(saying) = saying {
            self.stop_play(saying, turn);
        }
        match stage {
            Stage::Pin { prompt: list, .. } | Stage::Prompts { list, .. } => {
                self.stop_list(&list, turn);
            }
            Stage::Farewell { playing, .. } => self.stop_play(playing, turn),
            Stage::Inside(inside) => {
                if let Some(music) = inside.music {
                    self.stop_play(music, turn);
                }
            }
            Stage::Turning => {}
        }
        if let Some(room) = room {
            if was_inside {
                self.disconnect(key, room, result, there, turn);
            }
            self.remove(key, room, was_inside && !quiet, turn);
        }
        // Whoever hangs up during its farewell has its result already.
        if !was_refused {
            self.set_result(key, result, turn);
        }
    }

    fn disconnect(
        &mut self,
        key: ChannelKey,
        room: RoomKey,
        result: RoomResult,
        there: bool,
        turn: &mut Turn<'_>,
    ) {
        let Some(bridge) = self.rooms.get(room).map(|room| room.bridge) else {
            return;
        };
        let view = self.view.rooms.get(&room);
        let own = view.and_then(|view| view.participants.get(&key));
        let changed_volume = own.is_some_and(|own| (own.listening.0, own.talking.0) != (0, 0));
        self.note(
            turn.now,
            Event::ParticipantLeft {
                room,
                channel: key,
                result,
            },
        );
        if there {
            turn.order(Effect::Connect {
                channel: key,
                to: Connection::Nothing,
            });
            if changed_volume {
                turn.order(Effect::Volume {
                    channel: key,
                    listening: Decibels::default(),
                    talking: Decibels::default(),
                });
            }
        }
        self.note(
            turn.now,
            Event::ChannelLeftBridge {
                channel: key,
                bridge,
            },
        );
    }

    /// A participant no longer counts: those that stay hear it, may have to leave or to wait.
    fn remove(&mut self, key: ChannelKey, room: RoomKey, audible: bool, turn: &mut Turn<'_>) {
        let view = self
            .view
            .rooms
            .get(&room)
            .and_then(|view| view.participants.get(&key));
        let was_marked = view.is_some_and(|participant| participant.marked);
        self.note(turn.now, Event::ParticipantRemoved { room, channel: key });
        let Some(view) = self.view.rooms.get(&room) else {
            return;
        };
        if view.participants.is_empty() {
            return self.close_room(room, turn);
        }
        let profile = self.rooms.get(room).map(|room| room.profile.clone());
        if let Some(profile) = profile.filter(|_| audible) {
            self.play_to_room(room, &profile.sound_leave, turn);
        }
        if was_marked {
            self.marked_user_left(room, audible, turn);
        }
        self.refresh(room, turn);
    }

    fn marked_user_left(&mut self, room: RoomKey, audible: bool, turn: &mut Turn<'_>) {
        let Some(view) = self.view.rooms.get(&room) else {
            return;
        };
        let last = view.marked() == 0;
        let mut waits = Vec::new();
        let mut others_stay = false;
        for (channel, participant) in view.in_order() {
            if participant.end_marked_any || (last && participant.end_marked) {
                self.work
                    .push_back(Work::Eject(channel, RoomResult::EndMarked));
            } else if last && participant.wait_marked {
                waits.push(channel);
            } else {
                others_stay = true;
            }
        }
        for channel in waits {
            self.note(
                turn.now,
                Event::ParticipantWaiting {
                    room,
                    channel,
                    waiting: true,
                },
            );
        }
        let profile = self.rooms.get(room).map(|room| room.profile.clone());
        if let Some(profile) = profile.filter(|_| last && audible && others_stay) {
            self.play_to_room(room, &profile.sound_leader_has_left, turn);
        }
    }

    /// Whether a channel counts in a room.
    pub(in crate::switch) fn is_in(&self, key: ChannelKey, room: RoomKey) -> bool {
        self.room_of(key) == Some(room)
    }
}
