//! Channels, bridges, rooms, dialplan and the journal.
//!
//! [`Switch`] is the domain as one plain value. Its driver tells it that a call arrived
//! ([`Switch::arrive`]), what the call did ([`Switch::stimulus`]), what an operator wants
//! ([`Switch::command`]) and that time passed ([`Switch::timeout`]); the switch answers with
//! [`Effects`] that the driver carries out. Whatever happens is one numbered [`Entry`] in the
//! [`Journal`], and the public state, [`View`], is nothing but the sum of those entries.
//!
//! Entry points: [`Dialplan::parse`], [`SwitchConfig`], [`Switch`], [`Journal`], [`View`].
//!
//! Deliberately absent: SIP, RTP, sockets, files, clocks. Sounds are names; who plays them, and
//! whether they exist, is the driver's business.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod cause;
mod command;
mod config;
mod dialplan;
mod effect;
mod effects;
mod expr;
mod ids;
mod journal;
mod nearest;
mod profile;
mod random;
mod switch;

pub use cause::Cause;
pub use command::{
    ChannelSummary, Command, CommandError, ParticipantSummary, Reply, RoomSummary, Selector,
};
pub use config::SwitchConfig;
pub use dialplan::{Dialplan, DialplanError, DialplanErrors, Problem, Warning};
pub use effect::{
    Arrival, AudioTarget, Connection, Decibels, Effect, LegEvent, PlaybackOutcome, Sound, Stimulus,
    ToneSpec,
};
pub use effects::Effects;
pub use expr::SyntaxError;
pub use ids::{BridgeKey, ChannelKey, PlaybackKey, RecordingKey, RoomKey};
pub use journal::{
    Batch, BridgeKind, BridgeView, ChannelState, ChannelView, Cursor, Entry, Event, EventKind,
    Filter, HangupBy, Journal, KindSet, Lost, ParticipantView, Party, PlaybackView, Position,
    Reading, RecordingView, RefusedCall, RoomResult, RoomView, Touches, View,
};
pub use profile::{
    AnnounceAll, BridgeProfile, MenuAction, MenuProfile, Millis, ProfileError, RoomProfiles,
    Seconds, UserProfile, VolumeChange,
};
pub use switch::{Counts, REFUSALS_NOTED_PER_SECOND, Refusal, Switch};

/// Application names that a dialplan may use.
pub use dialplan::application_names;
