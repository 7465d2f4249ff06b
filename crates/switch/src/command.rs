//! What operators and programs ask of the switch.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use crate::cause::Cause;
use crate::ids::{BridgeKey, ChannelKey, RoomKey};
use crate::journal::{ChannelState, Party, Position};

/// One request to the switch.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Command {
    /// Lists all channels.
    ChannelList,
    /// Ends a call.
    HangUp {
        /// Identifier or name of the channel.
        channel: String,
        /// What the peer is told.
        cause: Cause,
    },
    /// Lists all rooms.
    RoomList,
    /// Lists who is in a room: active participants first, then the waiting ones.
    RoomParticipants {
        /// Name of the room; upper and lower case are the same.
        room: String,
    },
    /// Mutes or unmutes participants.
    Mute {
        /// Name of the room.
        room: String,
        /// Who.
        selector: Selector,
        /// Whether they are to be muted.
        muted: bool,
    },
    /// Removes participants from a room.
    Kick {
        /// Name of the room.
        room: String,
        /// Who.
        selector: Selector,
    },
    /// Keeps everyone but admins from entering a room.
    Lock {
        /// Name of the room.
        room: String,
    },
    /// Opens a locked room.
    Unlock {
        /// Name of the room.
        room: String,
    },
}

/// Whom a command to a room means.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Selector {
    /// One participant, by identifier or name of its channel. Case does not matter; to mute, the
    /// beginning of the name is enough.
    One(String),
    /// Everyone.
    All,
    /// Everyone but admins.
    Participants,
}

impl Selector {
    /// Reads a selector as AMI and ConfBridge write it: `all`, `participants`, or a channel.
    #[must_use]
    pub fn parse(text: &str) -> Self {
        match text {
            _ if text.eq_ignore_ascii_case("all") => Self::All,
            _ if text.eq_ignore_ascii_case("participants") => Self::Participants,
            _ => Self::One(text.into()),
        }
    }
}

/// What a command came to.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum Reply {
    /// It is done; so many channels were concerned.
    Done {
        /// How many.
        channels: usize,
    },
    /// All channels.
    Channels(Vec<ChannelSummary>),
    /// All rooms.
    Rooms(Vec<RoomSummary>),
    /// Participants of a room.
    Participants(Vec<ParticipantSummary>),
}

/// One line of a channel list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChannelSummary {
    /// The key.
    pub key: ChannelKey,
    /// The identifier, `1795240184.57`.
    pub id: Arc<str>,
    /// The name, `SIP/anonymous-0000001c`.
    pub name: Arc<str>,
    /// The state.
    pub state: ChannelState,
    /// Who calls.
    pub caller: Party,
    /// Where it is in the dialplan.
    pub position: Position,
    /// The application that runs, and its arguments.
    pub application: (&'static str, Arc<str>),
    /// The bridge it is in.
    pub bridge: Option<BridgeKey>,
    /// How long it exists.
    pub age: Duration,
}

/// One line of a room list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RoomSummary {
    /// The key.
    pub key: RoomKey,
    /// The name.
    pub name: Arc<str>,
    /// Participants, active and waiting.
    pub parties: usize,
    /// Marked participants.
    pub marked: usize,
    /// Whether it is locked.
    pub locked: bool,
    /// Whether all but admins are muted when they join.
    pub muted: bool,
}

/// One line of a participant list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParticipantSummary {
    /// The channel.
    pub key: ChannelKey,
    /// Identifier of the channel.
    pub channel_id: Arc<str>,
    /// Name of the channel.
    pub channel_name: Arc<str>,
    /// Who it is.
    pub caller: Party,
    /// Whether it is an admin.
    pub admin: bool,
    /// Whether it is a marked user.
    pub marked: bool,
    /// Whether it waits for a marked user whenever there is none.
    pub wait_marked: bool,
    /// Whether it leaves with the last marked user.
    pub end_marked: bool,
    /// Whether it leaves with any marked user.
    pub end_marked_any: bool,
    /// Whether it waits for a marked user.
    pub waiting: bool,
    /// Whether it is muted.
    pub muted: bool,
    /// Whether it talks.
    pub talking: bool,
    /// How long ago it was admitted.
    pub age: Duration,
}

/// Why a command was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum CommandError {
    /// There is no room at all.
    #[error("no room is open: a room opens when its first caller enters it")]
    NoRooms,
    /// There is no room of that name.
    #[error("no room \"{room}\"{hint}; list the rooms to see their names")]
    NoSuchRoom {
        /// The name that was given.
        room: String,
        /// A suggestion, or nothing.
        hint: String,
    },
    /// The room has no such participant.
    #[error(
        "no participant \"{participant}\" in room \"{room}\"; name a channel, all or participants"
    )]
    NoSuchParticipant {
        /// The room.
        room: String,
        /// What was given.
        participant: String,
    },
    /// There is no such channel.
    #[error("no channel \"{channel}\"; give the identifier or the name of a channel that exists")]
    NoSuchChannel {
        /// What was given.
        channel: String,
    },
}
