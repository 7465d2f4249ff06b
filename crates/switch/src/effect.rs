//! What the switch asks of the world: legs, media, files.
//!
//! The switch knows neither SIP nor RTP. Its driver (`control`) carries each [`Effect`] out and
//! reports what came of it as a [`Stimulus`].

use alloc::boxed::Box;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use crate::cause::Cause;
use crate::ids::{BridgeKey, ChannelKey, PlaybackKey, RecordingKey};

/// One order of the switch to its driver.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Effect {
    /// Tells the caller that the far end is alerted (SIP 180).
    Ring {
        /// The channel.
        channel: ChannelKey,
    },
    /// Opens early media towards the caller (SIP 183).
    Progress {
        /// The channel.
        channel: ChannelKey,
    },
    /// Answers the call; reported back by [`LegEvent::Answered`] or [`LegEvent::HungUp`].
    Answer {
        /// The channel.
        channel: ChannelKey,
    },
    /// Ends the call; reported back by [`LegEvent::HungUp`].
    HangUp {
        /// The channel.
        channel: ChannelKey,
        /// What the peer is told.
        cause: Cause,
        /// A sentence for the peer and the log; empty if the cause says it all.
        why: String,
    },
    /// Creates the media side of a bridge.
    CreateBridge {
        /// The bridge.
        bridge: BridgeKey,
    },
    /// Removes the media side of a bridge.
    DestroyBridge {
        /// The bridge.
        bridge: BridgeKey,
    },
    /// Connects the audio of a channel.
    Connect {
        /// The channel.
        channel: ChannelKey,
        /// What it is connected to.
        to: Connection,
    },
    /// Opens or closes a channel towards its bridge.
    Gate {
        /// The channel.
        channel: ChannelKey,
        /// Whether the bridge hears the channel.
        talk: bool,
        /// Whether the channel hears the bridge.
        hear: bool,
    },
    /// Sets how loud a channel and its bridge hear each other.
    Volume {
        /// The channel.
        channel: ChannelKey,
        /// How much louder the channel hears the bridge.
        listening: Decibels,
        /// How much louder the bridge hears the channel.
        talking: Decibels,
    },
    /// Sends a key to the peer of a channel.
    SendDigit {
        /// The channel.
        channel: ChannelKey,
        /// One of `0-9A-D*#`.
        digit: char,
    },
    /// Plays a sound; reported back by [`Stimulus::PlaybackEnded`].
    Play {
        /// The playback.
        playback: PlaybackKey,
        /// Who hears it.
        target: AudioTarget,
        /// What is heard.
        sound: Sound,
    },
    /// Stops a playback; it is reported as ended all the same.
    StopPlay {
        /// The playback.
        playback: PlaybackKey,
    },
    /// Records to a file; reported back by [`Stimulus::RecordingEnded`].
    Record {
        /// The recording.
        recording: RecordingKey,
        /// What is recorded.
        target: AudioTarget,
        /// Name of the file without its folder, below the recordings folder.
        file: String,
    },
    /// Stops a recording; it is reported as ended all the same.
    StopRecord {
        /// The recording.
        recording: RecordingKey,
    },
}

/// A change of loudness; positive is louder.
///
/// # Units and range
///
/// Whole decibels, `-24..=24`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Decibels(pub i8);

/// What the audio of a channel is connected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Connection {
    /// Nothing.
    Nothing,
    /// A bridge.
    Bridge(BridgeKey),
    /// Itself: the caller hears what it says.
    Echo,
}

/// What a playback or recording is attached to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AudioTarget {
    /// One channel.
    Channel(ChannelKey),
    /// Everyone in a bridge.
    Bridge(BridgeKey),
}

/// What a playback plays.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Sound {
    /// A sound file, by its name without extension as in a dialplan (`conf-onlyperson`), or the
    /// name of a finished recording.
    File {
        /// The name.
        name: String,
        /// Whether it starts again at its end.
        repeat: bool,
    },
    /// Music on hold of a class.
    Music {
        /// The class; `default` unless configured.
        class: String,
    },
    /// A tone of up to two frequencies.
    Tone(ToneSpec),
    /// Silence.
    Silence(Duration),
}

/// A generated tone.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ToneSpec {
    /// Frequencies in hertz; zero is none.
    pub frequencies_hz: [u16; 2],
    /// Level of each frequency in dBov, `-127..=0`.
    pub level_dbov: i8,
    /// Sound and pause in turn; a pause of zero sounds without a break.
    pub cadence: (Duration, Duration),
    /// Length in all; absent for a tone that lasts until it is stopped.
    pub length: Option<Duration>,
}

/// Whether the name of a sound climbs out of the folder of sounds.
pub(crate) fn leaves_folder(name: &str) -> bool {
    name.split(['/', '\\']).any(|part| part == "..") || name.contains(char::is_control)
}

/// One report of the driver to the switch.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum Stimulus {
    /// Something happened on the leg of a channel.
    Leg {
        /// The channel.
        channel: ChannelKey,
        /// What happened.
        event: LegEvent,
    },
    /// A playback is over.
    PlaybackEnded {
        /// The playback.
        playback: PlaybackKey,
        /// How it ended.
        outcome: PlaybackOutcome,
    },
    /// A recording is over and its file is closed.
    RecordingEnded {
        /// The recording.
        recording: RecordingKey,
        /// Length of the audio, or the sentence that says why there is none.
        outcome: Result<Duration, String>,
    },
}

/// What happened on the leg of a channel.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum LegEvent {
    /// The call is up: audio flows both ways as negotiated.
    Answered,
    /// The peer pressed a key.
    Digit {
        /// One of `0-9A-D*#`.
        digit: char,
        /// How long the key was down.
        duration: Duration,
    },
    /// The peer put us on hold.
    Held,
    /// The peer resumed.
    Resumed,
    /// The peer began or stopped talking.
    Talking(bool),
    /// No audio arrives although it should; the sentence names the suspected cause.
    AudioMissing(String),
    /// The call is over; the last event of a channel.
    HungUp {
        /// Why.
        cause: Cause,
        /// The status code of the signalling protocol (SIP), if one ended the call.
        protocol_code: Option<u16>,
    },
}

/// How a playback ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PlaybackOutcome {
    /// All of it was played.
    Finished,
    /// It was stopped, or its channel or bridge went away.
    Stopped,
    /// It could not be played; the sentence says why.
    Failed(String),
}

/// A call that arrived and wants to be routed.
#[derive(Clone, Debug, PartialEq)]
pub struct Arrival {
    /// Technology of the channel name: `SIP`.
    pub technology: &'static str,
    /// Name of the endpoint in the channel name, for instance `anonymous`.
    pub endpoint: String,
    /// Identifier of the call in its own protocol: the SIP Call-ID.
    pub protocol_id: String,
    /// Display name of the caller; empty if it gave none.
    pub caller_name: String,
    /// Number or user name of the caller; empty if it gave none.
    pub caller_number: String,
    /// Where the dialplan starts.
    pub context: String,
    /// The dialled number.
    pub extension: String,
    /// Channel variables that the driver sets before the dialplan starts.
    pub variables: Vec<(String, String)>,
    /// Everything the journal should know beyond that.
    pub note: Option<Box<str>>,
}
