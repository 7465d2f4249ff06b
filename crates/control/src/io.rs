//! What goes into the control machine and what comes out.
//!
//! Closed enums: every cause of every action is on this page.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use bytes::Bytes;
use plenum_media::{MediaCommand, MediaNotice, PortId, RecordingId};
use plenum_sip_msg::{Host, Message, ParseError};
use plenum_sip_ua::{ConnectionId, Flow, PeerId};

/// Names one media shard: one core's share of the media plane.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ShardId(pub u16);

/// Names one request to load a sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SoundJob(pub u64);

/// One thing that happened in the world.
#[derive(Debug)]
#[non_exhaustive]
pub enum Input {
    /// A datagram arrived on a SIP socket.
    Datagram {
        /// Where it came from, and on which socket.
        flow: Flow,
        /// The bytes.
        bytes: Bytes,
    },
    /// A message was framed from a SIP connection.
    Framed {
        /// The connection it came on.
        flow: Flow,
        /// The message.
        message: Message,
    },
    /// A SIP connection carried something that is no message; the driver closes it.
    Unframed {
        /// The connection it came on.
        flow: Flow,
        /// What was wrong.
        error: ParseError,
    },
    /// A SIP connection is gone, or could not be opened.
    ConnectionLost {
        /// The connection, if it ever existed.
        connection: Option<ConnectionId>,
        /// The flow that a message was meant for.
        flow: Flow,
    },
    /// A datagram could not be delivered (ICMP unreachable, no route).
    Undeliverable {
        /// Where it was meant to go.
        flow: Flow,
    },
    /// A shard reports.
    Media {
        /// The shard.
        shard: ShardId,
        /// What it reports.
        notice: MediaNotice,
    },
    /// Port pairs were bound, in answer to [`Output::BindPorts`].
    PortsBound {
        /// The shard that reads them.
        shard: ShardId,
        /// Each pair with its RTP port; RTCP is the next one up.
        ports: Vec<(PortId, u16)>,
        /// Why fewer than asked for were bound; absent if all were.
        shortage: Option<String>,
    },
    /// A sound is decoded, in answer to [`Output::LoadSound`].
    SoundLoaded {
        /// The request.
        job: SoundJob,
        /// Audio at 8 kHz, mono, or the sentence that says why there is none.
        outcome: Result<Arc<[i16]>, String>,
    },
    /// A recording's file is closed, in answer to [`Output::CloseRecording`], or failed.
    RecordingClosed {
        /// The recording.
        recording: RecordingId,
        /// Length of the audio on disk, or the sentence that says what failed.
        outcome: Result<Duration, String>,
    },
    /// A buffer was written and is free.
    BufferWritten {
        /// The recording.
        recording: RecordingId,
        /// The emptied buffer.
        buffer: Vec<i16>,
    },
}

/// One order to the world.
#[derive(Debug)]
#[non_exhaustive]
pub enum Output {
    /// Sends a SIP message; opens a connection where the flow names none and needs one.
    Send {
        /// Where to.
        flow: Flow,
        /// The message.
        bytes: Bytes,
    },
    /// Says what a [`PeerId`] stands for, before the first flow that carries it.
    NamePeer {
        /// What stands for the name.
        peer: PeerId,
        /// The name that the peer's certificate must show (RFC 5922).
        name: Host,
    },
    /// Pings over a connection that we opened, so that its death is noticed and its way through
    /// address translators stays open (RFC 5626 4.4.1).
    ///
    /// Only for peers that said that they answer pings (RFC 6223 `keep`): one that does not is
    /// taken for dead, which [`Input::ConnectionLost`] reports.
    KeepAlive {
        /// A flow over the connection.
        flow: Flow,
        /// How often; `None` stops it.
        every: Option<Duration>,
    },
    /// Hands an order to a shard.
    Media {
        /// The shard.
        shard: ShardId,
        /// The order.
        command: MediaCommand,
    },
    /// Binds port pairs for a shard; answered by [`Input::PortsBound`].
    BindPorts {
        /// The shard.
        shard: ShardId,
        /// How many pairs.
        count: u16,
    },
    /// Decodes a sound; answered by [`Input::SoundLoaded`].
    LoadSound {
        /// The request.
        job: SoundJob,
        /// What to load.
        sound: SoundName,
    },
    /// Opens a recording's file.
    OpenRecording {
        /// The recording.
        recording: RecordingId,
        /// Name below the recordings folder, with its extension.
        file: String,
    },
    /// Appends audio to a recording; answered by [`Input::BufferWritten`].
    WriteRecording {
        /// The recording.
        recording: RecordingId,
        /// Audio at 8 kHz, mono.
        buffer: Vec<i16>,
    },
    /// Closes a recording's file; answered by [`Input::RecordingClosed`].
    CloseRecording {
        /// The recording.
        recording: RecordingId,
        /// The last audio.
        last: Vec<i16>,
    },
}

/// Which sound to load.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SoundName {
    /// A sound by its dialplan name, looked up in the sounds folder, the built-in sounds, and the
    /// recordings.
    File(String),
    /// Music on hold of a class.
    Music(String),
}
