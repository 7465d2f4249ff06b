//! The media plane as one value: [`Shard`].
//!
//! A shard owns the legs, jitter buffers, mixers, players and recorders of many calls and runs
//! them in step with a 20 ms tick. Its driver hands it commands ([`MediaCommand`]), packets and
//! ticks with the time of each; it answers with packets ([`PacketOutbox`]) and notices
//! ([`Notices`]). Everything mixes at 8 kHz, mono.
//!
//! - [`Shard`]: the whole plane of one core, configured by [`ShardConfig`].
//! - [`jitter`]: the play-out buffer of one stream, usable alone.
//! - [`mix`]: the arithmetic of mixing and the limiter, as functions over slices.
//! - [`tone`]: tones to send and ears that recognise them, for tests, load generators and phones.
//!
//! Deliberately absent: sockets, clocks, threads, files and resampling. A shard allocates while it
//! obeys commands, never in a tick and never for a packet.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod audio;
mod command;
mod config;
pub mod jitter;
mod leg;
mod limiter;
mod link;
pub mod mix;
mod moment;
mod notices;
mod outbox;
mod playback;
mod random;
mod recording;
mod registry;
mod shard;
mod stats;
mod talk;
mod time;
pub mod tone;

pub use command::{
    End, LegId, LinkId, MediaCommand, MediaNotice, MixerId, Patch, PlaybackId, PortId, RecordingId,
    Source, StreamIdentity, StreamSetup, TalkDetection, Target, Tone,
};
pub use config::{JitterLimits, Limits, ShardConfig};
pub use limiter::Limiter;
pub use link::{LinkEnd, link};
pub use notices::Notices;
pub use outbox::{Group, OutPacket, PacketOutbox};
pub use shard::Shard;
pub use stats::{LegStats, ShardCounters};
pub use time::{FRAME, PHASES, SAMPLE_RATE, SLICE, TICK};
