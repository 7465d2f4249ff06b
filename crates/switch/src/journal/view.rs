//! The public state: what all events up to one number add up to.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use plenum_time::Instant;

use super::Entry;
use super::event::{Event, Position};
use crate::effect::{AudioTarget, Decibels, Sound};
use crate::ids::{BridgeKey, ChannelKey, PlaybackKey, RecordingKey, RoomKey};

/// State of a channel, with the numbers AMI gives them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[repr(u8)]
pub enum ChannelState {
    /// Not in use.
    Down = 0,
    /// The peer calls us.
    Ring = 4,
    /// We call the peer, and it rings there.
    Ringing = 5,
    /// Answered.
    Up = 6,
    /// The peer is busy.
    Busy = 7,
}

impl ChannelState {
    /// Returns the word for the state.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Down => "Down",
            Self::Ring => "Ring",
            Self::Ringing => "Ringing",
            Self::Up => "Up",
            Self::Busy => "Busy",
        }
    }
}

/// Who is at an end of a call.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Party {
    /// Display name; empty if unknown.
    pub name: Arc<str>,
    /// Number or user name; empty if unknown.
    pub number: Arc<str>,
}

/// Kind of a bridge.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum BridgeKind {
    /// Everyone hears everyone.
    Mixing,
    /// Everyone waits.
    Holding,
}

/// All that is public of a channel.
#[derive(Clone, Debug, PartialEq)]
pub struct ChannelView {
    /// The identifier, `1795240184.57`.
    pub id: Arc<str>,
    /// The name, `SIP/anonymous-0000001c`.
    pub name: Arc<str>,
    /// The technology in the name.
    pub technology: &'static str,
    /// Identifier of the call in its own protocol: the SIP Call-ID.
    pub protocol_id: Arc<str>,
    /// The state.
    pub state: ChannelState,
    /// Who calls.
    pub caller: Party,
    /// Who it is connected to.
    pub connected: Party,
    /// The language of its prompts.
    pub language: Arc<str>,
    /// The account it is charged to.
    pub account: Arc<str>,
    /// Where it is in the dialplan.
    pub position: Position,
    /// The application that runs; empty before the first.
    pub application: &'static str,
    /// Its arguments.
    pub data: Arc<str>,
    /// Its variables.
    pub variables: BTreeMap<Arc<str>, Arc<str>>,
    /// When it arrived, on the monotonic clock.
    pub created: Instant,
    /// When it arrived, since 1970.
    pub created_wall: Duration,
    /// When it was answered.
    pub answered: Option<Instant>,
    /// Whether the peer has us on hold.
    pub held: bool,
    /// Whether the peer talks.
    pub talking: bool,
    /// The bridge it is in.
    pub bridge: Option<BridgeKey>,
    /// Whether its end was asked for.
    pub hanging_up: bool,
    /// What the driver wanted to be known beyond that.
    pub note: Option<Arc<str>>,
}

impl ChannelView {
    pub(super) fn bytes(&self) -> usize {
        let variables: usize = self
            .variables
            .iter()
            .map(|(k, v)| k.len() + v.len() + 64)
            .sum();
        size_of::<Self>() + self.id.len() + self.name.len() + self.protocol_id.len() + variables
    }
}

/// All that is public of a bridge.
#[derive(Clone, Debug, PartialEq)]
pub struct BridgeView {
    /// The identifier.
    pub id: Arc<str>,
    /// The kind.
    pub kind: BridgeKind,
    /// The name; that of the room if it belongs to one.
    pub name: Arc<str>,
    /// Who made it: `ConfBridge`.
    pub creator: &'static str,
    /// When, since 1970.
    pub created_wall: Duration,
    /// Channels in it.
    pub members: BTreeSet<ChannelKey>,
}

/// All that is public of a room.
#[derive(Clone, Debug, PartialEq)]
pub struct RoomView {
    /// The name, as its first participant wrote it.
    pub name: Arc<str>,
    /// Its bridge.
    pub bridge: BridgeKey,
    /// Name of its bridge profile.
    pub profile: Arc<str>,
    /// Whether it is locked.
    pub locked: bool,
    /// Whether all but admins are muted when they join.
    pub muted: bool,
    /// When it opened, since 1970.
    pub created_wall: Duration,
    /// Who counts in it.
    pub participants: BTreeMap<ChannelKey, ParticipantView>,
}

impl RoomView {
    /// Lists participants as ConfBridge does: active ones first, each group by admission.
    #[must_use]
    pub fn in_order(&self) -> Vec<(ChannelKey, &ParticipantView)> {
        let mut list: Vec<_> = self.participants.iter().map(|(key, p)| (*key, p)).collect();
        list.sort_by_key(|(_, participant)| (participant.waiting, participant.order));
        list
    }

    /// Counts participants that do not wait.
    #[must_use]
    pub fn active(&self) -> usize {
        self.participants
            .values()
            .filter(|participant| !participant.waiting)
            .count()
    }

    /// Mutes or unmutes active participants that are no admins, and those who join later.
    fn mute_participants(&mut self, muted: bool) {
        self.muted = muted;
        for participant in self.participants.values_mut() {
            if !participant.admin && !participant.waiting {
                participant.muted = muted;
            }
        }
    }

    /// Counts marked participants.
    #[must_use]
    pub fn marked(&self) -> usize {
        self.participants
            .values()
            .filter(|participant| participant.marked)
            .count()
    }
}

/// All that is public of a participant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ParticipantView {
    /// Number of its admission; grows.
    pub order: u64,
    /// When it was admitted.
    pub admitted: Instant,
    /// Whether it is with the others, past its prompts.
    pub joined: bool,
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
    /// Whether interfaces report its talking.
    pub talk_events: bool,
    /// Whether it is muted.
    pub muted: bool,
    /// Whether it waits for a marked user.
    pub waiting: bool,
    /// Name of its key menu; empty for one that was made by `CONFBRIDGE()`.
    pub menu: Arc<str>,
    /// How much louder it hears the others.
    pub listening: Decibels,
    /// How much louder the others hear it.
    pub talking: Decibels,
    /// Whether it runs the dialplan beside the conference: it counts, and nobody hears it.
    pub away: bool,
}

/// A sound that plays.
#[derive(Clone, Debug, PartialEq)]
pub struct PlaybackView {
    /// Who hears it.
    pub target: AudioTarget,
    /// What.
    pub sound: Sound,
}

/// A recording that runs.
#[derive(Clone, Debug, PartialEq)]
pub struct RecordingView {
    /// What is recorded.
    pub target: AudioTarget,
    /// Name of the file.
    pub file: Arc<str>,
}

/// The public state of the domain.
///
/// The switch keeps one and changes it only by applying its own events; a reader that starts with
/// a snapshot and applies what follows holds the same.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct View {
    /// Number of the last event in it.
    pub seq: u64,
    /// Channels.
    pub channels: BTreeMap<ChannelKey, ChannelView>,
    /// Bridges.
    pub bridges: BTreeMap<BridgeKey, BridgeView>,
    /// Rooms.
    pub rooms: BTreeMap<RoomKey, RoomView>,
    /// Sounds that play.
    pub playbacks: BTreeMap<PlaybackKey, PlaybackView>,
    /// Recordings that run.
    pub recordings: BTreeMap<RecordingKey, RecordingView>,
    /// Global variables.
    pub globals: BTreeMap<Arc<str>, Arc<str>>,
}

impl View {
    /// Brings the view up to one more event.
    ///
    /// Entries that it holds already are passed over, so a reader may apply a batch that overlaps
    /// its snapshot.
    pub fn apply(&mut self, entry: &Entry) {
        if entry.seq <= self.seq {
            return;
        }
        self.seq = entry.seq;
        self.apply_to_channel(entry);
        self.apply_to_rooms(&entry.event);
        self.apply_to_audio(&entry.event);
    }

    /// Finds a channel by identifier or, whatever the case, by name.
    #[must_use]
    pub fn find_channel(&self, text: &str) -> Option<ChannelKey> {
        let matches =
            |view: &ChannelView| &*view.id == text || view.name.eq_ignore_ascii_case(text);
        self.channels
            .iter()
            .find(|(_, view)| matches(view))
            .map(|(key, _)| *key)
    }

    /// Returns the identifier of what a playback or recording is attached to.
    #[must_use]
    pub fn target_id(&self, target: AudioTarget) -> String {
        match target {
            AudioTarget::Channel(key) => self.channels.get(&key).map(|view| view.id.clone()),
            AudioTarget::Bridge(key) => self.bridges.get(&key).map(|view| view.id.clone()),
        }
        .map(|id| String::from(&*id))
        .unwrap_or_default()
    }

    fn apply_to_channel(&mut self, entry: &Entry) {
        if let Event::VariableSet {
            channel: None,
            name,
            value,
        } = &entry.event
        {
            set(&mut self.globals, name, value);
            return;
        }
        if let Event::ChannelCreated { channel, facts } = &entry.event {
            self.channels.insert(*channel, (**facts).clone());
            return;
        }
        let Some(key) = entry.event.channel() else {
            return;
        };
        let Some(channel) = self.channels.get_mut(&key) else {
            return;
        };
        match &entry.event {
            Event::ChannelStateChanged { state, .. } => {
                channel.state = *state;
                if *state == ChannelState::Up {
                    channel.answered.get_or_insert(entry.at);
                }
            }
            Event::CallerChanged { caller, .. } => channel.caller = caller.clone(),
            Event::LanguageChanged { language, .. } => channel.language = language.clone(),
            Event::AccountChanged { account, .. } => channel.account = account.clone(),
            Event::DialplanStep {
                position,
                application,
                data,
                ..
            } => {
                channel.position = position.clone();
                channel.application = application;
                channel.data = data.clone();
            }
            Event::VariableSet { name, value, .. } => set(&mut channel.variables, name, value),
            Event::Held { .. } => channel.held = true,
            Event::Resumed { .. } => channel.held = false,
            Event::Talking { talking, .. } => channel.talking = *talking,
            Event::ChannelEnteredBridge { bridge, .. } => channel.bridge = Some(*bridge),
            Event::ChannelLeftBridge { .. } => channel.bridge = None,
            Event::HangupRequested { .. } => channel.hanging_up = true,
            Event::ChannelDestroyed { .. } => {
                self.channels.remove(&key);
            }
            _ => {}
        }
    }

    fn apply_to_rooms(&mut self, event: &Event) {
        match event {
            Event::BridgeCreated { bridge, facts } => {
                self.bridges.insert(*bridge, (**facts).clone());
            }
            Event::BridgeDestroyed { bridge } => {
                self.bridges.remove(bridge);
            }
            Event::ChannelEnteredBridge { channel, bridge } => {
                if let Some(bridge) = self.bridges.get_mut(bridge) {
                    bridge.members.insert(*channel);
                }
            }
            Event::ChannelLeftBridge { channel, bridge } => {
                if let Some(bridge) = self.bridges.get_mut(bridge) {
                    bridge.members.remove(channel);
                }
            }
            Event::RoomStarted { room, facts } => {
                self.rooms.insert(*room, (**facts).clone());
            }
            Event::RoomEnded { room } => {
                self.rooms.remove(room);
            }
            _ => self.apply_to_participant(event),
        }
    }

    fn apply_to_participant(&mut self, event: &Event) {
        let Some(room) = event.room().and_then(|room| self.rooms.get_mut(&room)) else {
            return;
        };
        match event {
            Event::RoomLocked { .. } => room.locked = true,
            Event::RoomUnlocked { .. } => room.locked = false,
            Event::ParticipantsMuted { .. } => room.mute_participants(true),
            Event::ParticipantsUnmuted { .. } => room.mute_participants(false),
            Event::ParticipantAdmitted { channel, facts, .. } => {
                room.participants.insert(*channel, (**facts).clone());
            }
            Event::ParticipantRemoved { channel, .. } => {
                room.participants.remove(channel);
            }
            _ => {
                let Some(participant) = event
                    .channel()
                    .and_then(|channel| room.participants.get_mut(&channel))
                else {
                    return;
                };
                match event {
                    Event::ParticipantJoined { .. } => participant.joined = true,
                    Event::ParticipantLeft { .. } => participant.joined = false,
                    Event::ParticipantWaiting { waiting, .. } => participant.waiting = *waiting,
                    Event::ParticipantMuted { .. } => participant.muted = true,
                    Event::ParticipantUnmuted { .. } => participant.muted = false,
                    Event::ParticipantVolume {
                        listening, talking, ..
                    } => {
                        (participant.listening, participant.talking) = (*listening, *talking);
                    }
                    Event::ParticipantAway { away, .. } => participant.away = *away,
                    _ => {}
                }
            }
        }
    }

    fn apply_to_audio(&mut self, event: &Event) {
        match event {
            Event::PlaybackStarted {
                playback,
                target,
                sound,
            } => {
                let view = PlaybackView {
                    target: *target,
                    sound: sound.clone(),
                };
                self.playbacks.insert(*playback, view);
            }
            Event::PlaybackFinished { playback, .. } => {
                self.playbacks.remove(playback);
            }
            Event::RecordingStarted {
                recording,
                target,
                file,
            } => {
                let view = RecordingView {
                    target: *target,
                    file: file.clone(),
                };
                self.recordings.insert(*recording, view);
            }
            Event::RecordingFinished { recording, .. } => {
                self.recordings.remove(recording);
            }
            _ => {}
        }
    }
}

/// Sets a variable; an empty value unsets it, as in the field's dialplans.
fn set(variables: &mut BTreeMap<Arc<str>, Arc<str>>, name: &Arc<str>, value: &Arc<str>) {
    if value.is_empty() {
        variables.remove(name);
    } else {
        variables.insert(name.clone(), value.clone());
    }
}
