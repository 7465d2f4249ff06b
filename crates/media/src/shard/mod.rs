//! The media plane of one core.

mod attach;
mod commands;
mod mixer;
mod receive;
mod routes;
mod tick;

use alloc::vec::Vec;
use core::time::Duration;

use plenum_time::Instant;

use crate::audio::Audio;
use crate::command::{LegId, MixerId};
use crate::config::ShardConfig;
use crate::leg::{Leg, Report};
use crate::random::Random;
use crate::registry::Registry;
use crate::stats::ShardCounters;
use crate::time::PHASES;
use mixer::{Mixer, Scratch};
use routes::Routes;

/// The media plane of one core, as a value.
///
/// The driver calls [`receive_rtp`](Self::receive_rtp) and [`receive_rtcp`](Self::receive_rtcp)
/// for each datagram and [`tick`](Self::tick) four times in each 20 ms, once a phase. Only
/// [`command`](Self::command) allocates or frees memory.
///
/// A packet finds its leg by its source address; failing that, by the stream it goes on with; then
/// it can only be for the one leg of its port pair that waits for a first packet or has lost its
/// peer. The last three let a peer behind a NAT be found where it really is.
///
/// # Examples
///
/// ```
/// use plenum_media::{MediaCommand, MixerId, Notices, PacketOutbox, Shard, ShardConfig};
/// use plenum_media::{PHASES, SLICE};
/// use plenum_time::Instant;
///
/// let mut shard = Shard::new(ShardConfig::default());
/// let mut notices = Notices::with_capacity(256);
/// let mut outbox = PacketOutbox::with_capacity(1024, 256 * 1024);
/// let mut now = Instant::ZERO;
/// shard.command(now, MediaCommand::AddMixer { mixer: MixerId(1) }, &mut notices);
/// for tick in 0..50 {
///     for phase in 0..PHASES {
///         // Drain the sockets into `receive_rtp` and `receive_rtcp` here.
///         shard.tick(now, tick, phase, &mut outbox, &mut notices);
///         for group in outbox.groups() {
///             // One batched call for the socket of `group.port`.
///             assert!(group.packets().all(|packet| packet.port == group.port));
///         }
///         outbox.clear();
///         notices.drain().for_each(drop);
///         now += SLICE;
///     }
/// }
/// assert_eq!(shard.counters().phases_run, 200);
/// ```
#[derive(Debug)]
pub struct Shard {
    config: ShardConfig,
    counters: ShardCounters,
    random: Random,
    legs: Registry<LegId, Leg>,
    mixers: Registry<MixerId, Mixer>,
    audio: Audio,
    routes: Routes,
    phases: [Phase; PHASES as usize],
    farewells: Vec<Report>,
    last_tick: Option<u64>,
    scratch: Scratch,
}

/// What runs in one slice of each tick.
#[derive(Debug, Default)]
struct Phase {
    /// Legs without a mixer.
    loose: Vec<u32>,
    mixers: Vec<u32>,
    /// Legs in all, those on mixers included.
    legs: usize,
}

impl Shard {
    /// Builds an empty shard.
    #[must_use]
    pub fn new(config: ShardConfig) -> Self {
        let limits = &config.limits;
        Self {
            counters: ShardCounters::default(),
            random: Random::new(config.seed),
            legs: Registry::new(limits.legs_max),
            mixers: Registry::new(limits.mixers_max),
            audio: Audio {
                playbacks: Registry::new(limits.playbacks_max),
                recordings: Registry::new(limits.recordings_max),
            },
            routes: Routes::new(limits.ports_max, limits.legs_max),
            phases: Default::default(),
            farewells: Vec::new(),
            last_tick: None,
            scratch: Scratch::default(),
            config,
        }
    }

    /// Returns the figures of the shard.
    #[must_use]
    pub fn counters(&self) -> &ShardCounters {
        &self.counters
    }

    fn wall(&self, now: Instant) -> Duration {
        self.config
            .wall_at_zero
            .saturating_add(now.since(Instant::ZERO))
    }

    fn count_things(&mut self) {
        self.counters.legs = self.legs.len();
        self.counters.mixers = self.mixers.len();
        self.counters.ports = self.routes.ports();
        self.counters.playbacks = self.audio.playbacks.len();
        self.counters.recordings = self.audio.recordings.len();
    }

    /// Returns the phase with the least to do.
    fn idlest_phase(&self) -> u8 {
        let load = |phase: &u8| {
            let phase = &self.phases[usize::from(*phase)];
            (phase.legs, phase.mixers.len())
        };
        (0..PHASES).min_by_key(load).unwrap_or(0)
    }
}
