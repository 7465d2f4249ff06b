//! What a shard is built with.

use alloc::string::String;
use core::time::Duration;

use crate::command::TalkDetection;

/// The settings of one shard.
#[derive(Clone, Debug)]
pub struct ShardConfig {
    /// Seed of everything random in the shard (the RTCP intervals).
    pub seed: u64,
    /// Canonical name in RTCP (RFC 3550 section 6.5.1).
    pub cname: String,
    /// Wall clock at [`Instant::ZERO`](plenum_time::Instant::ZERO), since 1970.
    pub wall_at_zero: Duration,
    /// How many of each thing the shard takes.
    pub limits: Limits,
    /// After how long without a packet a stream counts as silent. Default 30 s.
    pub stream_timeout: Duration,
    /// Bounds of the jitter buffers.
    pub jitter: JitterLimits,
    /// How talking is detected on legs that no command configures; absent for not at all.
    pub talk: Option<TalkDetection>,
}

impl Default for ShardConfig {
    fn default() -> Self {
        Self {
            seed: 0,
            cname: String::from("plenum"),
            wall_at_zero: Duration::ZERO,
            limits: Limits::default(),
            stream_timeout: Duration::from_secs(30),
            jitter: JitterLimits::default(),
            talk: Some(TalkDetection::default()),
        }
    }
}

/// How many of each thing a shard takes; a command beyond it is refused.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Legs. Default 10,000.
    pub legs_max: usize,
    /// Mixers. Default 10,000.
    pub mixers_max: usize,
    /// Port pairs. Default 10,000.
    pub ports_max: usize,
    /// Legs on one mixer. Default 10,000.
    pub legs_per_mixer_max: usize,
    /// Legs on one port pair. Default 256.
    pub legs_per_port_max: usize,
    /// Playbacks in all. Default 10,000.
    pub playbacks_max: usize,
    /// Playbacks waiting or sounding on one leg or mixer. Default 32.
    pub playbacks_per_target_max: usize,
    /// Recordings in all. Default 10,000.
    pub recordings_max: usize,
    /// Buffers of one recording. Default 64.
    pub buffers_per_recording_max: usize,
    /// Digits waiting to be sent on one leg. Default 64.
    pub digits_per_leg_max: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            legs_max: 10_000,
            mixers_max: 10_000,
            ports_max: 10_000,
            legs_per_mixer_max: 10_000,
            legs_per_port_max: 256,
            playbacks_max: 10_000,
            playbacks_per_target_max: 32,
            recordings_max: 10_000,
            buffers_per_recording_max: 64,
            digits_per_leg_max: 64,
        }
    }
}

/// Bounds of a jitter buffer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct JitterLimits {
    /// Audio that may wait at most; older audio is dropped beyond it.
    ///
    /// # Units and range
    ///
    /// `60 ms..=1 s`. Default 200 ms.
    pub delay_max: Duration,
    /// How long the delay must have been above need before it is lowered. Default 1 s.
    pub window: Duration,
    /// What is kept in hand above need when the delay is lowered. Default 3 ms.
    pub margin: Duration,
}

impl Default for JitterLimits {
    fn default() -> Self {
        Self {
            delay_max: Duration::from_millis(200),
            window: Duration::from_secs(1),
            margin: Duration::from_millis(3),
        }
    }
}
