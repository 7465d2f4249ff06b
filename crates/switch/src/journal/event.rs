//! What can happen in the domain.

use alloc::boxed::Box;
use alloc::string::String;
use alloc::sync::Arc;
use core::fmt;
use core::time::Duration;

use super::view::{BridgeView, ChannelState, ChannelView, ParticipantView, Party, RoomView};
use crate::cause::Cause;
use crate::effect::{AudioTarget, Decibels, PlaybackOutcome, Sound};
use crate::ids::{BridgeKey, ChannelKey, PlaybackKey, RecordingKey, RoomKey};

/// A place in the dialplan.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// The context.
    pub context: Arc<str>,
    /// The extension: what was dialled, not the pattern that matched.
    pub extension: Arc<str>,
    /// The priority; the first is 1.
    pub priority: u32,
}

impl fmt::Display for Position {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{},{}", self.context, self.extension, self.priority)
    }
}

/// Who ended a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum HangupBy {
    /// The peer.
    Peer,
    /// The switch: its dialplan, a command, or the end of the server.
    Switch,
}

/// How a participant came out of a room; the values of `CONFBRIDGE_RESULT`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RoomResult {
    /// The call ended.
    Hangup,
    /// It was removed.
    Kicked,
    /// A marked user left, and it with it.
    EndMarked,
    /// It chose to leave by a key.
    Dtmf,
    /// Its time was over.
    Timeout,
    /// It did not get in.
    Failed,
}

impl RoomResult {
    /// Returns the value of `CONFBRIDGE_RESULT`.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Hangup => "HANGUP",
            Self::Kicked => "KICKED",
            Self::EndMarked => "ENDMARKED",
            Self::Dtmf => "DTMF",
            Self::Timeout => "TIMEOUT",
            Self::Failed => "FAILED",
        }
    }
}

/// A call that was turned away before it became a channel.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RefusedCall {
    /// The protocol it came over, as in the names of channels.
    pub technology: &'static str,
    /// The identifier of the call in its protocol.
    pub protocol_id: String,
    /// Who called.
    pub caller: Party,
    /// What was dialled.
    pub number: String,
    /// The status code that the caller was told.
    pub protocol_code: u16,
    /// The cause that the caller was told, if any.
    pub cause: Option<Cause>,
    /// The sentence: the rule and the fix.
    pub why: String,
    /// Refused calls left out of the journal since the last one in it.
    pub left_out: u64,
}

impl RefusedCall {
    fn bytes(&self) -> usize {
        let caller = self.caller.name.len() + self.caller.number.len();
        let texts = self.protocol_id.len() + self.number.len() + self.why.len();
        size_of::<Self>() + caller + texts
    }
}

/// What an event is about.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Touches {
    /// A channel.
    pub channel: Option<ChannelKey>,
    /// A bridge.
    pub bridge: Option<BridgeKey>,
    /// A room.
    pub room: Option<RoomKey>,
}

/// Declares the events and, from the same list, their kinds.
macro_rules! events {
    ($($(#[$doc:meta])* $name:ident { $($(#[$fdoc:meta])* $field:ident: $type:ty,)* },)*) => {
        /// One thing that happened in the domain.
        ///
        /// An event carries what a [`View`](super::View) needs to follow it, and no more: names
        /// and states of what it touches are in the view of the reader, who applies the event
        /// after it looked them up (a destroyed channel is gone from the view behind its event).
        #[derive(Clone, Debug, PartialEq)]
        #[non_exhaustive]
        pub enum Event {
            $($(#[$doc])* $name { $($(#[$fdoc])* $field: $type,)* },)*
        }

        /// The kind of an event.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        #[non_exhaustive]
        #[repr(u8)]
        pub enum EventKind {
            $($(#[$doc])* $name,)*
        }

        impl EventKind {
            /// Every kind.
            pub const ALL: &'static [Self] = &[$(Self::$name),*];

            /// Returns the name, as logs and `ctl` show it.
            #[must_use]
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$name => stringify!($name),)*
                }
            }
        }

        impl Event {
            /// Returns the kind.
            #[must_use]
            pub const fn kind(&self) -> EventKind {
                match self {
                    $(Self::$name { .. } => EventKind::$name,)*
                }
            }
        }
    };
}

events! {
    /// A call arrived.
    ChannelCreated {
        /// The channel.
        channel: ChannelKey,
        /// All that is known of it.
        facts: Box<ChannelView>,
    },
    /// A call was turned away at the door and never became a channel.
    CallRefused {
        /// Who called whom, and why it was refused.
        facts: Box<RefusedCall>,
    },
    /// A channel changed its state.
    ChannelStateChanged {
        /// The channel.
        channel: ChannelKey,
        /// The state it is in.
        state: ChannelState,
    },
    /// The caller of a channel was renamed.
    CallerChanged {
        /// The channel.
        channel: ChannelKey,
        /// Who calls.
        caller: Party,
    },
    /// The language of a channel changed.
    LanguageChanged {
        /// The channel.
        channel: ChannelKey,
        /// The language.
        language: Arc<str>,
    },
    /// The account of a channel changed.
    AccountChanged {
        /// The channel.
        channel: ChannelKey,
        /// The account.
        account: Arc<str>,
    },
    /// A channel runs an application.
    DialplanStep {
        /// The channel.
        channel: ChannelKey,
        /// Where.
        position: Position,
        /// The application.
        application: &'static str,
        /// Its arguments, with all variables replaced.
        data: Arc<str>,
    },
    /// Something in the dialplan did not work as its author meant; the call goes on.
    DialplanWarning {
        /// The channel.
        channel: ChannelKey,
        /// The sentence.
        why: String,
    },
    /// The dialplan says something (`Verbose`).
    Verbose {
        /// The channel.
        channel: ChannelKey,
        /// How unimportant it is, from 0.
        level: u8,
        /// What it says.
        text: String,
    },
    /// A variable was set, or unset by an empty value.
    VariableSet {
        /// The channel; absent for a global variable.
        channel: Option<ChannelKey>,
        /// The name.
        name: Arc<str>,
        /// The value.
        value: Arc<str>,
    },
    /// The peer pressed a key.
    DigitReceived {
        /// The channel.
        channel: ChannelKey,
        /// The key.
        digit: char,
        /// How long it was down.
        duration: Duration,
    },
    /// The peer put us on hold.
    Held {
        /// The channel.
        channel: ChannelKey,
    },
    /// The peer resumed.
    Resumed {
        /// The channel.
        channel: ChannelKey,
    },
    /// The peer began or stopped talking.
    Talking {
        /// The channel.
        channel: ChannelKey,
        /// The room it is in.
        room: Option<RoomKey>,
        /// Whether it talks.
        talking: bool,
    },
    /// No audio arrives although it should.
    AudioMissing {
        /// The channel.
        channel: ChannelKey,
        /// The suspected cause.
        why: String,
    },
    /// A bridge was made.
    BridgeCreated {
        /// The bridge.
        bridge: BridgeKey,
        /// All that is known of it.
        facts: Box<BridgeView>,
    },
    /// A bridge is gone.
    BridgeDestroyed {
        /// The bridge.
        bridge: BridgeKey,
    },
    /// A channel came into a bridge.
    ChannelEnteredBridge {
        /// The channel.
        channel: ChannelKey,
        /// The bridge.
        bridge: BridgeKey,
    },
    /// A channel went out of a bridge.
    ChannelLeftBridge {
        /// The channel.
        channel: ChannelKey,
        /// The bridge.
        bridge: BridgeKey,
    },
    /// A room opened (ConfbridgeStart).
    RoomStarted {
        /// The room.
        room: RoomKey,
        /// All that is known of it.
        facts: Box<RoomView>,
    },
    /// A room closed (ConfbridgeEnd).
    RoomEnded {
        /// The room.
        room: RoomKey,
    },
    /// A room was locked.
    RoomLocked {
        /// The room.
        room: RoomKey,
    },
    /// A room was unlocked.
    RoomUnlocked {
        /// The room.
        room: RoomKey,
    },
    /// Everyone in a room but admins was muted, and whoever joins will be.
    ParticipantsMuted {
        /// The room.
        room: RoomKey,
    },
    /// Everyone in a room but admins was unmuted.
    ParticipantsUnmuted {
        /// The room.
        room: RoomKey,
    },
    /// A participant counts in a room; prompts may still keep it from joining the others.
    ParticipantAdmitted {
        /// The room.
        room: RoomKey,
        /// The channel.
        channel: ChannelKey,
        /// Its role and flags.
        facts: Box<ParticipantView>,
    },
    /// A participant is with the others (ConfbridgeJoin).
    ParticipantJoined {
        /// The room.
        room: RoomKey,
        /// The channel.
        channel: ChannelKey,
    },
    /// A participant leaves the others (ConfbridgeLeave); it is still counted.
    ParticipantLeft {
        /// The room.
        room: RoomKey,
        /// The channel.
        channel: ChannelKey,
        /// How.
        result: RoomResult,
    },
    /// A participant no longer counts, whether it had joined or not.
    ParticipantRemoved {
        /// The room.
        room: RoomKey,
        /// The channel.
        channel: ChannelKey,
    },
    /// A participant begins or stops to wait for a marked user.
    ParticipantWaiting {
        /// The room.
        room: RoomKey,
        /// The channel.
        channel: ChannelKey,
        /// Whether it waits.
        waiting: bool,
    },
    /// A participant was muted; also when it was before.
    ParticipantMuted {
        /// The room.
        room: RoomKey,
        /// The channel.
        channel: ChannelKey,
    },
    /// A participant was unmuted; also when it was before.
    ParticipantUnmuted {
        /// The room.
        room: RoomKey,
        /// The channel.
        channel: ChannelKey,
    },
    /// A participant and the others hear each other louder or quieter.
    ParticipantVolume {
        /// The room.
        room: RoomKey,
        /// The channel.
        channel: ChannelKey,
        /// How much louder it hears the others.
        listening: Decibels,
        /// How much louder the others hear it.
        talking: Decibels,
    },
    /// A participant runs the dialplan beside the conference, or is back from there.
    ParticipantAway {
        /// The room.
        room: RoomKey,
        /// The channel.
        channel: ChannelKey,
        /// Whether it is away.
        away: bool,
    },
    /// A sound plays.
    PlaybackStarted {
        /// The playback.
        playback: PlaybackKey,
        /// Who hears it.
        target: AudioTarget,
        /// What.
        sound: Sound,
    },
    /// A sound is over.
    PlaybackFinished {
        /// The playback.
        playback: PlaybackKey,
        /// Who heard it.
        target: AudioTarget,
        /// How it ended.
        outcome: PlaybackOutcome,
    },
    /// A recording runs.
    RecordingStarted {
        /// The recording.
        recording: RecordingKey,
        /// What is recorded.
        target: AudioTarget,
        /// Name of the file.
        file: Arc<str>,
    },
    /// A recording is over and its file closed.
    RecordingFinished {
        /// The recording.
        recording: RecordingKey,
        /// What was recorded.
        target: AudioTarget,
        /// Length of the audio, or why there is none.
        outcome: Result<Duration, String>,
    },
    /// A call is to end.
    HangupRequested {
        /// The channel.
        channel: ChannelKey,
        /// Why.
        cause: Cause,
        /// Who asked for it.
        by: HangupBy,
        /// The sentence; empty if the cause says it all.
        why: String,
    },
    /// A call is over; the last event of its channel.
    ChannelDestroyed {
        /// The channel.
        channel: ChannelKey,
        /// Why.
        cause: Cause,
        /// The status code of the signalling protocol, if one ended the call.
        protocol_code: Option<u16>,
    },
    /// Calls that arrive from here on take another dialplan.
    DialplanReloaded {
        /// Contexts in it.
        contexts: usize,
    },
}

impl Event {
    /// Returns what the event is about.
    #[must_use]
    pub fn touches(&self) -> Touches {
        Touches {
            channel: self.channel(),
            bridge: self.bridge(),
            room: self.room(),
        }
    }

    /// Returns the channel the event is about.
    #[must_use]
    pub fn channel(&self) -> Option<ChannelKey> {
        match self {
            Self::ChannelCreated { channel, .. }
            | Self::ChannelStateChanged { channel, .. }
            | Self::CallerChanged { channel, .. }
            | Self::LanguageChanged { channel, .. }
            | Self::AccountChanged { channel, .. }
            | Self::DialplanStep { channel, .. }
            | Self::DialplanWarning { channel, .. }
            | Self::Verbose { channel, .. }
            | Self::DigitReceived { channel, .. }
            | Self::Held { channel }
            | Self::Resumed { channel }
            | Self::Talking { channel, .. }
            | Self::AudioMissing { channel, .. }
            | Self::ChannelEnteredBridge { channel, .. }
            | Self::ChannelLeftBridge { channel, .. }
            | Self::ParticipantAdmitted { channel, .. }
            | Self::ParticipantJoined { channel, .. }
            | Self::ParticipantLeft { channel, .. }
            | Self::ParticipantRemoved { channel, .. }
            | Self::ParticipantWaiting { channel, .. }
            | Self::ParticipantMuted { channel, .. }
            | Self::ParticipantUnmuted { channel, .. }
            | Self::ParticipantVolume { channel, .. }
            | Self::ParticipantAway { channel, .. }
            | Self::HangupRequested { channel, .. }
            | Self::ChannelDestroyed { channel, .. } => Some(*channel),
            Self::VariableSet { channel, .. } => *channel,
            Self::PlaybackStarted { target, .. }
            | Self::PlaybackFinished { target, .. }
            | Self::RecordingStarted { target, .. }
            | Self::RecordingFinished { target, .. } => match target {
                AudioTarget::Channel(channel) => Some(*channel),
                AudioTarget::Bridge(_) => None,
            },
            _ => None,
        }
    }

    /// Returns the bridge the event is about.
    #[must_use]
    pub fn bridge(&self) -> Option<BridgeKey> {
        match self {
            Self::BridgeCreated { bridge, .. }
            | Self::BridgeDestroyed { bridge }
            | Self::ChannelEnteredBridge { bridge, .. }
            | Self::ChannelLeftBridge { bridge, .. } => Some(*bridge),
            Self::PlaybackStarted { target, .. }
            | Self::PlaybackFinished { target, .. }
            | Self::RecordingStarted { target, .. }
            | Self::RecordingFinished { target, .. } => match target {
                AudioTarget::Bridge(bridge) => Some(*bridge),
                AudioTarget::Channel(_) => None,
            },
            Self::RoomStarted { facts, .. } => Some(facts.bridge),
            _ => None,
        }
    }

    /// Returns the room the event is about.
    #[must_use]
    pub fn room(&self) -> Option<RoomKey> {
        match self {
            Self::RoomStarted { room, .. }
            | Self::RoomEnded { room }
            | Self::RoomLocked { room }
            | Self::RoomUnlocked { room }
            | Self::ParticipantAdmitted { room, .. }
            | Self::ParticipantJoined { room, .. }
            | Self::ParticipantLeft { room, .. }
            | Self::ParticipantRemoved { room, .. }
            | Self::ParticipantWaiting { room, .. }
            | Self::ParticipantMuted { room, .. }
            | Self::ParticipantUnmuted { room, .. }
            | Self::ParticipantVolume { room, .. }
            | Self::ParticipantAway { room, .. }
            | Self::ParticipantsMuted { room }
            | Self::ParticipantsUnmuted { room } => Some(*room),
            Self::Talking { room, .. } => *room,
            _ => None,
        }
    }

    /// Returns about how many bytes the event holds outside itself.
    pub(super) fn heap_bytes(&self) -> usize {
        match self {
            Self::ChannelCreated { facts, .. } => facts.bytes(),
            Self::CallRefused { facts } => facts.bytes(),
            Self::BridgeCreated { facts, .. } => size_of::<BridgeView>() + facts.name.len() + 36,
            Self::RoomStarted { facts, .. } => size_of::<RoomView>() + facts.name.len(),
            Self::ParticipantAdmitted { facts, .. } => {
                size_of::<ParticipantView>() + facts.menu.len()
            }
            Self::CallerChanged { caller, .. } => caller.name.len() + caller.number.len(),
            Self::LanguageChanged { language: text, .. }
            | Self::AccountChanged { account: text, .. }
            | Self::DialplanStep { data: text, .. }
            | Self::RecordingStarted { file: text, .. } => text.len(),
            Self::DialplanWarning { why: text, .. }
            | Self::Verbose { text, .. }
            | Self::AudioMissing { why: text, .. }
            | Self::HangupRequested { why: text, .. }
            | Self::PlaybackFinished {
                outcome: PlaybackOutcome::Failed(text),
                ..
            }
            | Self::RecordingFinished {
                outcome: Err(text), ..
            }
            | Self::PlaybackStarted {
                sound: Sound::File { name: text, .. } | Sound::Music { class: text },
                ..
            } => text.len(),
            Self::VariableSet { name, value, .. } => name.len() + value.len(),
            _ => 0,
        }
    }
}
