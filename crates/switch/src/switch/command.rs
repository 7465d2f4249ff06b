//! What operators and programs ask for.

use alloc::string::{String, ToString};
use alloc::vec::Vec;

use plenum_time::Instant;

use super::{Switch, Turn, Work};
use crate::cause::Cause;
use crate::command::{
    ChannelSummary, Command, CommandError, ParticipantSummary, Reply, RoomSummary, Selector,
};
use crate::effects::Effects;
use crate::ids::{ChannelKey, RoomKey};
use crate::journal::{Event, RoomResult};
use crate::nearest;

/// How a participant is named: mute takes the beginning of a name, kick the whole.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Naming {
    Prefix,
    Whole,
}

impl Switch {
    /// Carries out a request.
    ///
    /// # Errors
    ///
    /// [`CommandError`] with a sentence: there is no such room, participant or channel. Nothing
    /// has changed then.
    pub fn command(
        &mut self,
        now: Instant,
        command: Command,
        effects: &mut Effects,
    ) -> Result<Reply, CommandError> {
        let mut turn = Turn { now, effects };
        let reply = self.carry_out(command, &mut turn);
        self.do_work(&mut turn);
        reply
    }

    fn carry_out(&mut self, command: Command, turn: &mut Turn<'_>) -> Result<Reply, CommandError> {
        match command {
            Command::ChannelList => Ok(Reply::Channels(self.channel_list(turn.now))),
            Command::HangUp { channel, cause } => self.hang_up_command(&channel, cause, turn),
            Command::RoomList => Ok(Reply::Rooms(self.room_list())),
            Command::RoomParticipants { room } => {
                let room = self.find_room(&room)?;
                Ok(Reply::Participants(self.participant_list(room, turn.now)))
            }
            Command::Mute {
                room,
                selector,
                muted,
            } => {
                let key = self.find_room(&room)?;
                let members = self.select(key, &room, &selector, Naming::Prefix)?;
                for channel in &members {
                    self.mute(key, *channel, muted, turn);
                }
                Ok(Reply::Done {
                    channels: members.len(),
                })
            }
            Command::Kick { room, selector } => {
                let key = self.find_room(&room)?;
                let members = self.select(key, &room, &selector, Naming::Whole)?;
                let eject = |channel: &ChannelKey| Work::Eject(*channel, RoomResult::Kicked);
                self.work.extend(members.iter().map(eject));
                Ok(Reply::Done {
                    channels: members.len(),
                })
            }
            Command::Lock { room } => self.lock(&room, true, turn),
            Command::Unlock { room } => self.lock(&room, false, turn),
        }
    }

    fn hang_up_command(
        &mut self,
        channel: &str,
        cause: Cause,
        turn: &mut Turn<'_>,
    ) -> Result<Reply, CommandError> {
        let missing = || CommandError::NoSuchChannel {
            channel: channel.into(),
        };
        let key = self.view.find_channel(channel).ok_or_else(missing)?;
        self.hang_up(key, cause, "", turn);
        Ok(Reply::Done { channels: 1 })
    }

    pub(super) fn mute(
        &mut self,
        room: RoomKey,
        channel: ChannelKey,
        muted: bool,
        turn: &mut Turn<'_>,
    ) {
        let event = if muted {
            Event::ParticipantMuted { room, channel }
        } else {
            Event::ParticipantUnmuted { room, channel }
        };
        self.note(turn.now, event);
        self.refresh_member(room, channel, turn);
    }

    fn lock(
        &mut self,
        name: &str,
        locked: bool,
        turn: &mut Turn<'_>,
    ) -> Result<Reply, CommandError> {
        let room = self.find_room(name)?;
        self.set_lock(room, locked, turn);
        Ok(Reply::Done { channels: 0 })
    }

    pub(super) fn set_lock(&mut self, room: RoomKey, locked: bool, turn: &mut Turn<'_>) {
        let view = self.view.rooms.get(&room);
        if view.is_some_and(|view| view.locked != locked) {
            let event = if locked {
                Event::RoomLocked { room }
            } else {
                Event::RoomUnlocked { room }
            };
            self.note(turn.now, event);
        }
    }

    fn find_room(&self, name: &str) -> Result<RoomKey, CommandError> {
        if self.room_names.is_empty() {
            return Err(CommandError::NoRooms);
        }
        self.room_names
            .get(&name.to_lowercase())
            .copied()
            .ok_or_else(|| {
                let names = self.view.rooms.values().map(|room| &*room.name);
                CommandError::NoSuchRoom {
                    room: name.into(),
                    hint: nearest::hint(name, names),
                }
            })
    }

    fn select(
        &self,
        room: RoomKey,
        room_name: &str,
        selector: &Selector,
        naming: Naming,
    ) -> Result<Vec<ChannelKey>, CommandError> {
        let members = self
            .view
            .rooms
            .get(&room)
            .map(|view| view.in_order())
            .unwrap_or_default();
        let wanted = match selector {
            Selector::All => return Ok(members.into_iter().map(|(key, _)| key).collect()),
            Selector::Participants => {
                let simple = members.into_iter().filter(|(_, p)| !p.admin);
                return Ok(simple.map(|(key, _)| key).collect());
            }
            Selector::One(wanted) => wanted,
        };
        let is_wanted = |key: &ChannelKey| {
            let Some(view) = self.view.channels.get(key) else {
                return false;
            };
            let beginning = view.name.get(..wanted.len());
            *view.id == **wanted
                || view.name.eq_ignore_ascii_case(wanted)
                || (naming == Naming::Prefix
                    && !wanted.is_empty()
                    && beginning.is_some_and(|name| name.eq_ignore_ascii_case(wanted)))
        };
        let found = members.into_iter().map(|(key, _)| key).find(is_wanted);
        let found = found.filter(|key| self.is_in(*key, room));
        found
            .map(|key| Vec::from([key]))
            .ok_or_else(|| CommandError::NoSuchParticipant {
                room: room_name.to_string(),
                participant: String::from(wanted.as_str()),
            })
    }

    fn channel_list(&self, now: Instant) -> Vec<ChannelSummary> {
        let summary = |(key, view): (&ChannelKey, &crate::journal::ChannelView)| ChannelSummary {
            key: *key,
            id: view.id.clone(),
            name: view.name.clone(),
            state: view.state,
            caller: view.caller.clone(),
            position: view.position.clone(),
            application: (view.application, view.data.clone()),
            bridge: view.bridge,
            age: now.since(view.created),
        };
        self.view.channels.iter().map(summary).collect()
    }

    fn room_list(&self) -> Vec<RoomSummary> {
        let summary = |key: &RoomKey| {
            let view = self.view.rooms.get(key)?;
            Some(RoomSummary {
                key: *key,
                name: view.name.clone(),
                parties: view.participants.len(),
                marked: view.marked(),
                locked: view.locked,
                muted: view.muted,
            })
        };
        self.room_names.values().filter_map(summary).collect()
    }

    fn participant_list(&self, room: RoomKey, now: Instant) -> Vec<ParticipantSummary> {
        let members = self
            .view
            .rooms
            .get(&room)
            .map(|view| view.in_order())
            .unwrap_or_default();
        let summary = |(key, participant): (ChannelKey, &crate::journal::ParticipantView)| {
            let channel = self.view.channels.get(&key)?;
            Some(ParticipantSummary {
                key,
                channel_id: channel.id.clone(),
                channel_name: channel.name.clone(),
                caller: channel.caller.clone(),
                admin: participant.admin,
                marked: participant.marked,
                wait_marked: participant.wait_marked,
                end_marked: participant.end_marked,
                end_marked_any: participant.end_marked_any,
                waiting: participant.waiting,
                muted: participant.muted,
                talking: channel.talking,
                age: now.since(participant.admitted),
            })
        };
        members.into_iter().filter_map(summary).collect()
    }
}
