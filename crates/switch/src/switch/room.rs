//! Rooms: who counts, who is active, who hears what, and when a room opens and closes.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

mod leave;
mod open;

use super::audio::{Owner, sound};
use super::channel::Playlist;
use super::conference::{Conference, Inside, Stage};
use super::{Switch, Turn};
use crate::effect::{AudioTarget, Connection, Decibels, Effect, Sound};
use crate::ids::{BridgeKey, ChannelKey, PlaybackKey, RoomKey};
use crate::journal::{Event, ParticipantView};
use crate::profile::BridgeProfile;

/// Sounds that a room hears at a time; further ones are left out, so that a hundred callers who
/// come at once do not drown the room in join tones.
const ROOM_SOUNDS_MAX: usize = 4;

/// What only the switch knows of a room.
#[derive(Debug)]
pub(super) struct Room {
    /// Its key in the table of names.
    pub(super) folded_name: String,
    pub(super) bridge: BridgeKey,
    pub(super) profile: Arc<BridgeProfile>,
    /// What it hears.
    pub(super) sounds: Vec<PlaybackKey>,
}

impl Switch {
    /// Lets a channel into its room, or tells it why not.
    pub(super) fn admit(&mut self, key: ChannelKey, turn: &mut Turn<'_>) {
        let Some(conference) = self.conference_of(key) else {
            return;
        };
        let user = conference.user.clone();
        let name = conference.name.to_lowercase();
        let menu = conference.keys.menu_name.clone();
        let room = match self.room_names.get(&name) {
            Some(room) => *room,
            None => match self.open_room(key, turn) {
                Some(room) => room,
                None => return,
            },
        };
        let (Some(view), Some(own)) = (self.view.rooms.get(&room), self.rooms.get(room)) else {
            return;
        };
        if !user.admin {
            let refused = own.profile.sound_locked.clone();
            let members_max = usize::try_from(own.profile.max_members).unwrap_or(usize::MAX);
            if view.locked {
                return self.refuse_entry(key, &refused, "the room is locked", turn);
            }
            if members_max > 0 && view.active() >= members_max {
                return self.refuse_entry(key, &refused, "the room is full", turn);
            }
        }
        self.serials.admission += 1;
        let facts = ParticipantView {
            order: self.serials.admission,
            admitted: turn.now,
            joined: false,
            admin: user.admin,
            marked: user.marked,
            wait_marked: user.wait_marked,
            end_marked: user.end_marked,
            end_marked_any: user.end_marked_any,
            talk_events: user.talk_detection_events,
            muted: user.startmuted || (view.muted && !user.admin),
            waiting: user.wait_marked && !user.marked && view.marked() == 0,
            menu,
            listening: Decibels::default(),
            talking: Decibels::default(),
            away: false,
        };
        let facts = Box::new(facts);
        self.note(
            turn.now,
            Event::ParticipantAdmitted {
                room,
                channel: key,
                facts,
            },
        );
        if let Some(conference) = self.conference_mut(key) {
            conference.room = Some(room);
        }
        if user.marked {
            self.wake_waiting(room, turn);
        }
        self.refresh(room, turn);
        self.begin_prompts(key, room, turn);
    }

    /// A marked user is there: nobody waits any more.
    fn wake_waiting(&mut self, room: RoomKey, turn: &mut Turn<'_>) {
        let Some(view) = self.view.rooms.get(&room) else {
            return;
        };
        let waiting: Vec<ChannelKey> = view
            .in_order()
            .into_iter()
            .filter(|(_, p)| p.waiting)
            .map(|(key, _)| key)
            .collect();
        for channel in waiting {
            self.note(
                turn.now,
                Event::ParticipantWaiting {
                    room,
                    channel,
                    waiting: false,
                },
            );
        }
    }

    fn begin_prompts(&mut self, key: ChannelKey, room: RoomKey, turn: &mut Turn<'_>) {
        let Some(view) = self.view.rooms.get(&room) else {
            return;
        };
        let waiting = view.participants.get(&key).is_some_and(|p| p.waiting);
        let alone = !waiting && view.active() == 1;
        let Some(profile) = self.rooms.get(room).map(|room| room.profile.clone()) else {
            return;
        };
        let Some(conference) = self.conference_mut(key) else {
            return;
        };
        let user = &conference.user;
        let mut list = Playlist::default();
        if !user.announcement.is_empty() {
            list.rest.push_back(user.announcement.clone());
        }
        if !user.quiet {
            if waiting {
                list.rest.push_back(profile.sound_wait_for_leader.clone());
            } else if alone && user.announce_only_user {
                list.rest.push_back(profile.sound_only_person.clone());
            }
        }
        conference.stage = Stage::Prompts {
            list,
            announced: false,
        };
        self.next_prompt(key, turn);
    }

    /// Connects a participant that is through with its prompts.
    pub(super) fn enter(&mut self, key: ChannelKey, turn: &mut Turn<'_>) {
        let Some(conference) = self.conference_mut(key) else {
            return;
        };
        conference.stage = Stage::Inside(Inside::default());
        let limit = conference.user.timeout;
        let Some(room) = conference.room else { return };
        let Some(bridge) = self.rooms.get(room).map(|room| room.bridge) else {
            return;
        };
        turn.order(Effect::Connect {
            channel: key,
            to: Connection::Bridge(bridge),
        });
        self.note(
            turn.now,
            Event::ChannelEnteredBridge {
                channel: key,
                bridge,
            },
        );
        self.note(turn.now, Event::ParticipantJoined { room, channel: key });
        if limit.0 > 0 {
            let limit = Duration::from_secs(limit.0.into());
            if let Some(conference) = self.conference_mut(key) {
                conference.leaves_at = Some(turn.now + limit);
            }
            self.arm_limit(key, limit, turn.now);
        }
        self.refresh(room, turn);
    }

    /// Brings gates and music of all participants up to the state of the room.
    pub(super) fn refresh(&mut self, room: RoomKey, turn: &mut Turn<'_>) {
        let Some(view) = self.view.rooms.get(&room) else {
            return;
        };
        let active = view.active();
        let members: Vec<ChannelKey> = view.participants.keys().copied().collect();
        for key in members {
            self.refresh_with(room, key, active, turn);
        }
    }

    /// The same for one participant whose own state changed.
    pub(super) fn refresh_member(&mut self, room: RoomKey, key: ChannelKey, turn: &mut Turn<'_>) {
        let active = self
            .view
            .rooms
            .get(&room)
            .map_or(0, crate::journal::RoomView::active);
        self.refresh_with(room, key, active, turn);
    }

    fn refresh_with(&mut self, room: RoomKey, key: ChannelKey, active: usize, turn: &mut Turn<'_>) {
        let Some(participant) = self
            .view
            .rooms
            .get(&room)
            .and_then(|view| view.participants.get(&key))
        else {
            return;
        };
        let (waiting, muted) = (participant.waiting, participant.muted);
        let held = self.view.channels.get(&key).is_some_and(|view| view.held);
        let Some(Conference {
            user,
            stage: Stage::Inside(inside),
            keys,
            ..
        }) = self.conference_of(key)
        else {
            return;
        };
        let mut inside = *inside;
        // Sounds of a leg are heard one after the other, and music has no end.
        let wants_music = user.music_on_hold_when_empty
            && !inside.music_failed
            && !keys.is_saying()
            && (waiting || active == 1);
        match (inside.music, wants_music) {
            (None, true) => {
                let class = self.music_class(&user.music_on_hold_class);
                inside.music = Some(self.play(key, Sound::Music { class }, turn));
            }
            (Some(music), false) => {
                inside.music = None;
                self.stop_play(music, turn);
            }
            _ => {}
        }
        // A participant that hears music is as good as not there. One that holds us may send
        // music of its own, which nobody else is to hear.
        let hear = inside.music.is_none();
        let talk = hear && !muted && !waiting && !held;
        if inside.gate != Some((talk, hear)) {
            inside.gate = Some((talk, hear));
            turn.order(Effect::Gate {
                channel: key,
                talk,
                hear,
            });
        }
        if let Some(Conference {
            stage: Stage::Inside(own),
            ..
        }) = self.conference_mut(key)
        {
            *own = inside;
        }
    }

    /// The class to play: the one that is asked for if it is known, else the default.
    fn music_class(&self, class: &str) -> String {
        const DEFAULT: &str = "default";
        let known = self.music_classes.iter().any(|known| known == class);
        if known { class.into() } else { DEFAULT.into() }
    }

    /// The join sound of a room.
    pub(super) fn join_sound(&self, room: RoomKey) -> Option<String> {
        let name = &self.rooms.get(room)?.profile.sound_join;
        (!name.is_empty()).then(|| name.clone())
    }

    /// Plays a sound to everyone in a room, if anyone is.
    pub(super) fn play_to_room(&mut self, room: RoomKey, name: &str, turn: &mut Turn<'_>) {
        let Some(own) = self.rooms.get(room) else {
            return;
        };
        let bridge = own.bridge;
        let empty = self
            .view
            .bridges
            .get(&bridge)
            .is_none_or(|view| view.members.is_empty());
        if empty || name.is_empty() || own.sounds.len() >= ROOM_SOUNDS_MAX {
            return;
        }
        let target = AudioTarget::Bridge(bridge);
        let playback = self.play_to(Owner::Room(room), target, sound(name), turn);
        if let Some(own) = self.rooms.get_mut(room) {
            own.sounds.push(playback);
        }
    }

    pub(super) fn forget_room_sound(&mut self, owner: Owner, playback: PlaybackKey) {
        if let Owner::Room(room) = owner
            && let Some(room) = self.rooms.get_mut(room)
        {
            room.sounds.retain(|sound| *sound != playback);
        }
    }

    /// The room that a channel counts in, whether it is there or away.
    pub(super) fn room_of(&self, key: ChannelKey) -> Option<RoomKey> {
        let away = self.channels.get(key)?.away.as_ref();
        match away {
            Some(away) => away.conference.room,
            None => self.conference_of(key)?.room,
        }
    }
}
