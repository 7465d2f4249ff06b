//! What the control machine tells a shard, and what a shard tells back.
//!
//! Both cross a thread boundary in bounded queues, in order. Buffers that a shard is done with go
//! back in a notice, so that the shard never frees memory in a tick.

use alloc::boxed::Box;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::net::SocketAddr;
use core::time::Duration;

use plenum_codecs::Codec;

use crate::link::LinkEnd;
use crate::stats::LegStats;

/// Names one media leg of a shard: the RTP stream pair of one call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LegId(pub u64);

/// Names one mixer of a shard: the media side of a bridge.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct MixerId(pub u64);

/// Names one link of a mixer to a mixer on another shard.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct LinkId(pub u64);

/// Names one playback on a leg or a mixer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PlaybackId(pub u64);

/// Names one recording of a leg or a mixer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RecordingId(pub u64);

/// Names one RTP/RTCP port pair that the driver has bound for a shard.
///
/// Numbered densely from zero on each shard, so that a shard looks a port up by index.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PortId(pub u32);

/// One order from the control machine to a shard.
#[derive(Debug)]
#[non_exhaustive]
pub enum MediaCommand {
    /// A port pair exists; packets that arrive on it may belong to legs added later.
    AddPort {
        /// The pair.
        port: PortId,
    },
    /// A port pair without legs is closed; its name may be given to another pair later.
    RemovePort {
        /// The pair.
        port: PortId,
    },
    /// Starts a leg on a port pair.
    AddLeg {
        /// The name that all later commands use.
        leg: LegId,
        /// Where the leg sends from and receives on.
        port: PortId,
        /// Identity of the outgoing stream.
        identity: StreamIdentity,
        /// What was negotiated; absent until an answer is known.
        stream: Option<Box<StreamSetup>>,
    },
    /// Applies the outcome of an offer and answer to a leg.
    UpdateLeg {
        /// The leg.
        leg: LegId,
        /// What was negotiated.
        stream: Box<StreamSetup>,
    },
    /// Ends a leg; answered by [`MediaNotice::LegRemoved`].
    RemoveLeg {
        /// The leg.
        leg: LegId,
    },
    /// Starts a mixer.
    AddMixer {
        /// The name that all later commands use.
        mixer: MixerId,
    },
    /// Ends a mixer; its legs are disconnected, not removed.
    RemoveMixer {
        /// The mixer.
        mixer: MixerId,
    },
    /// Joins a mixer with one on another shard, so that each hears the other's legs.
    ///
    /// Mixers joined in a star hear one another all; a circle would feed audio back.
    AddLink {
        /// The mixer.
        mixer: MixerId,
        /// The name that later commands use.
        link: LinkId,
        /// This side of the link.
        end: Box<LinkEnd>,
    },
    /// Parts two mixers; the other side is told by its own command.
    RemoveLink {
        /// The mixer.
        mixer: MixerId,
        /// The link.
        link: LinkId,
    },
    /// Connects what a leg hears and where its audio goes.
    Connect {
        /// The leg.
        leg: LegId,
        /// The other side.
        to: Patch,
    },
    /// Opens or closes a leg towards its mixer.
    Gate {
        /// The leg.
        leg: LegId,
        /// Whether the mixer hears the leg.
        talk: bool,
        /// Whether the leg hears the mixer.
        hear: bool,
    },
    /// Sets how loud a leg and its mixer hear each other.
    Volume {
        /// The leg.
        leg: LegId,
        /// How much louder the leg hears everything, in decibels, `-24..=24`; a value beyond is
        /// the nearest within.
        listening_db: i8,
        /// How much louder the mixer, or the leg itself as its echo, hears the leg.
        talking_db: i8,
    },
    /// Plays audio to one leg, or into a mixer for all its legs.
    ///
    /// A playback on a leg replaces what the leg hears from its mixer while it runs.
    StartPlayback {
        /// The name that the notices use.
        playback: PlaybackId,
        /// Who hears it.
        target: Target,
        /// What is played.
        source: Source,
    },
    /// Stops a playback; answered by [`MediaNotice::PlaybackEnded`].
    StopPlayback {
        /// The playback.
        playback: PlaybackId,
    },
    /// Records what a leg says, or what a mixer mixes.
    StartRecording {
        /// The name that the notices use.
        recording: RecordingId,
        /// What is recorded.
        target: Target,
        /// Empty buffers of equal capacity to record into.
        buffers: Vec<Vec<i16>>,
    },
    /// Gives a written-out buffer back to a recording.
    RecycleBuffer {
        /// The recording.
        recording: RecordingId,
        /// The emptied buffer.
        buffer: Vec<i16>,
    },
    /// Stops a recording; answered by [`MediaNotice::RecordingEnded`].
    StopRecording {
        /// The recording.
        recording: RecordingId,
    },
    /// Sends digits to the peer of a leg as telephone-events (RFC 4733).
    SendDigits {
        /// The leg.
        leg: LegId,
        /// The digits, from `0-9A-D*#`.
        digits: Vec<char>,
        /// How long each lasts.
        tone: Duration,
        /// The pause after each.
        gap: Duration,
    },
    /// Sets how talking is detected on a leg; absent switches it off.
    DetectTalk {
        /// The leg.
        leg: LegId,
        /// The rules.
        detection: Option<TalkDetection>,
    },
    /// Asks for the figures of a leg; answered by [`MediaNotice::Stats`].
    ReportStats {
        /// The leg.
        leg: LegId,
    },
}

/// Identity of the stream that a leg sends (RFC 3550 section 5.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct StreamIdentity {
    /// Synchronisation source, chosen at random.
    pub ssrc: u32,
    /// Sequence number of the first packet, chosen at random.
    pub sequence: u16,
    /// Timestamp of the first packet, chosen at random.
    pub timestamp: u32,
}

/// What an offer and answer settled for one leg.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StreamSetup {
    /// Where the peer said that it receives RTP; absent while it has not said.
    pub remote: Option<SocketAddr>,
    /// Where the peer receives RTCP.
    pub remote_rtcp: Option<SocketAddr>,
    /// Whether RTCP shares the RTP port (RFC 5761).
    pub rtcp_mux: bool,
    /// The codec we send with.
    pub codec: Codec,
    /// The payload type we send with.
    pub send_payload_type: u8,
    /// Every payload type that we may receive, with its codec.
    pub receive: Vec<(u8, Codec)>,
    /// Payload type of telephone-events that we send.
    pub send_event_type: Option<u8>,
    /// Payload type of telephone-events that we receive.
    pub receive_event_type: Option<u8>,
    /// Whether we may send audio (the peer is not on hold).
    pub sends: bool,
    /// Whether the peer may send audio.
    pub receives: bool,
    /// Audio in each packet that we send.
    ///
    /// # Units and range
    ///
    /// `10 ms..=60 ms` in steps of 10 ms.
    pub packet_time: Duration,
}

/// When a participant counts as talking, by ConfBridge's rules.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TalkDetection {
    /// Mean magnitude of a frame from which on it counts as speech. Default 160.
    pub threshold: u16,
    /// Silence after which talking has ended. Default 2.5 s.
    pub silence: Duration,
}

impl Default for TalkDetection {
    fn default() -> Self {
        Self {
            threshold: 160,
            silence: Duration::from_millis(2500),
        }
    }
}

/// What a leg is connected to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Patch {
    /// Nothing: the leg hears silence and nobody hears it.
    Nothing,
    /// A mixer: the leg hears everyone in it but itself.
    Mixer(MixerId),
    /// Itself: the peer hears what it says.
    Echo,
}

/// What a playback or recording is attached to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Target {
    /// One leg.
    Leg(LegId),
    /// One mixer with all its legs.
    Mixer(MixerId),
}

/// What a playback plays.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Source {
    /// Decoded audio at the mixing rate (8 kHz, mono).
    Samples {
        /// The audio.
        samples: Arc<[i16]>,
        /// Whether it starts again at its end.
        repeat: bool,
    },
    /// A generated tone.
    Tone(Tone),
    /// Silence of a given length.
    Silence(Duration),
}

/// A tone of up to two frequencies, steady or with a cadence.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Tone {
    /// Frequencies in hertz; zero is none.
    pub frequencies_hz: [u16; 2],
    /// Level of each frequency below the digital overload point, in dBov (RFC 6465): `-127..=0`.
    pub level_dbov: i8,
    /// Sound and pause in turn; a pause of zero sounds without a break.
    pub cadence: (Duration, Duration),
    /// Length in all; absent for a tone that lasts until it is stopped.
    pub length: Option<Duration>,
}

/// One report from a shard to the control machine.
#[derive(Debug)]
#[non_exhaustive]
pub enum MediaNotice {
    /// The peer of a leg pressed a key.
    Digit {
        /// The leg.
        leg: LegId,
        /// One of `0-9A-D*#`.
        digit: char,
        /// How long the key was down.
        duration: Duration,
    },
    /// A leg's peer was found to send from another address than it announced.
    RemoteLearned {
        /// The leg.
        leg: LegId,
        /// Where we send to from here on.
        remote: SocketAddr,
    },
    /// The first packet arrived on a leg, or the first one after silence.
    StreamStarted {
        /// The leg.
        leg: LegId,
    },
    /// No packet arrived for the time-out although the peer may send.
    StreamSilent {
        /// The leg.
        leg: LegId,
        /// How long the silence has lasted.
        silence: Duration,
    },
    /// A participant began or stopped talking.
    Talking {
        /// The leg.
        leg: LegId,
        /// Whether it talks.
        talking: bool,
    },
    /// A playback is over.
    PlaybackEnded {
        /// The playback.
        playback: PlaybackId,
        /// Why it is over.
        end: End,
        /// The source, handed back so that the shard does not free it.
        source: Source,
    },
    /// A recording filled a buffer.
    RecordingFilled {
        /// The recording.
        recording: RecordingId,
        /// The audio at 8 kHz, mono.
        buffer: Vec<i16>,
    },
    /// A recording is over; its last audio and all its buffers come back.
    RecordingEnded {
        /// The recording.
        recording: RecordingId,
        /// Why it is over.
        end: End,
        /// The last, partly filled buffer.
        last: Vec<i16>,
        /// Samples that had no free buffer and were lost.
        lost: u64,
    },
    /// A leg is gone; its port pair may serve another one.
    LegRemoved {
        /// The leg.
        leg: LegId,
        /// Its final figures.
        stats: Box<LegStats>,
    },
    /// The figures of a leg, as asked for.
    Stats {
        /// The leg.
        leg: LegId,
        /// The figures.
        stats: Box<LegStats>,
    },
    /// A command was not obeyed: it named something that does not exist, or met a limit.
    ///
    /// What it would have begun (a leg, a playback, a recording) is reported as ended right after.
    Refused {
        /// What was wrong, for the log.
        reason: &'static str,
    },
}

/// Why a playback or recording is over.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum End {
    /// All of it was played.
    Finished,
    /// It was stopped by command.
    Stopped,
    /// Its leg or mixer went away.
    TargetGone,
}
