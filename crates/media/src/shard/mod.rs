//! The media plane of one core.

mod attach;
mod commands;
mod mixer;
mod receive;
mod routes;
mod tick;

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::time::Duration;

use plenum_time::Instant;

use crate::audio::Audio;
use crate::command::{LegId, MediaNotice, MixerId};
use crate::config::ShardConfig;
use crate::leg::{Leg, Report};
use crate::notices::Notices;
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
    /// The leg at work: at fault, if a call of the shard panics.
    suspect: Option<u32>,
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
            suspect: None,
            config,
        }
    }

    /// Returns the figures of the shard.
    #[must_use]
    pub fn counters(&self) -> &ShardCounters {
        &self.counters
    }

    /// Removes the leg that was at work when a call of the shard panicked, so that a fault in one
    /// call ends that call and no other.
    ///
    /// The driver calls it after it caught a panic. Without a leg at work nothing happens.
    pub fn expel(&mut self, notices: &mut Notices) {
        let Some(slot) = self.suspect.take() else {
            return;
        };
        let Some(leg) = self.take_leg(slot, notices) else {
            return;
        };
        notices.push(MediaNotice::LegRemoved {
            leg: leg.id,
            stats: Box::default(),
        });
    }

    /// Takes a leg out of its mixer, its phase and the routes, and ends what plays to it or records
    /// it.
    fn take_leg(&mut self, slot: u32, notices: &mut Notices) -> Option<Leg> {
        self.detach(slot).ok()?;
        let leg = self.legs.remove(slot)?;
        let phase = &mut self.phases[usize::from(leg.phase)];
        phase.loose.retain(|other| *other != slot);
        phase.legs -= 1;
        for address in [leg.remote.announced(), leg.remote.latched()]
            .into_iter()
            .flatten()
        {
            self.routes.unpoint(leg.port, address, slot);
        }
        self.routes.remove_leg(leg.port, slot);
        self.end_attached(leg.playbacks.iter(), leg.recordings.iter(), notices);
        Some(leg)
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::command::{MediaCommand, PortId, StreamIdentity};

    #[test]
    fn the_leg_at_fault_is_removed_and_its_neighbour_stays() {
        let mut shard = Shard::new(ShardConfig::default());
        let mut notices = Notices::with_capacity(8);
        let port = PortId(0);
        let identity = StreamIdentity {
            ssrc: 1,
            sequence: 1,
            timestamp: 1,
        };
        shard.command(Instant::ZERO, MediaCommand::AddPort { port }, &mut notices);
        for leg in [LegId(1), LegId(2)] {
            let command = MediaCommand::AddLeg {
                leg,
                port,
                identity,
                stream: None,
            };
            shard.command(Instant::ZERO, command, &mut notices);
        }
        shard.suspect = shard.legs.slot(LegId(1));
        shard.expel(&mut notices);
        let told: Vec<MediaNotice> = notices.drain().collect();
        assert!(matches!(
            told[..],
            [MediaNotice::LegRemoved { leg: LegId(1), .. }]
        ));
        assert!(shard.legs.slot(LegId(2)).is_some());
        shard.expel(&mut notices);
        assert_eq!(notices.drain().count(), 0, "nobody is at fault twice");
    }
}
