//! Commands that make, change and end legs and mixers.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::time::Duration;

use plenum_rtp::telephone_event::Digit;
use plenum_time::Instant;

use super::Shard;
use super::mixer::Mixer;
use crate::command::{
    End, LegId, LinkId, MediaCommand, MediaNotice, MixerId, Patch, PlaybackId, PortId, RecordingId,
    Source, StreamIdentity, StreamSetup, Target,
};
use crate::leg::{Leg, Place};
use crate::link::LinkEnd;
use crate::notices::Notices;
use crate::stats::LegStats;

/// What a refused command broke.
pub(super) type Refusal = &'static str;

/// A sum of 32 bits holds this many voices of 16, with room for playbacks.
const LEGS_PER_SUM_MAX: usize = 60_000;

/// Mixers on other shards that one mixer may be joined with: more than a machine has cores.
const LINKS_PER_MIXER_MAX: usize = 256;

pub(super) const NO_LEG: Refusal = "the leg does not exist";
pub(super) const NO_MIXER: Refusal = "the mixer does not exist";

impl Shard {
    /// Obeys one command. The only call that may allocate or free memory.
    ///
    /// A command that cannot be obeyed changes nothing and is answered by
    /// [`MediaNotice::Refused`].
    pub fn command(&mut self, now: Instant, command: MediaCommand, notices: &mut Notices) {
        let begins = self.begins(&command);
        if let Err(reason) = self.obey(now, command, notices) {
            self.counters.commands_refused += 1;
            notices.push(MediaNotice::Refused { reason });
            begins.report_end(notices);
        }
        self.count_things();
    }

    fn obey(
        &mut self,
        now: Instant,
        command: MediaCommand,
        notices: &mut Notices,
    ) -> Result<(), Refusal> {
        use MediaCommand as C;
        match command {
            C::AddPort { port } => self.add_port(port),
            C::RemovePort { port } => self.remove_port(port),
            C::AddLeg {
                leg,
                port,
                identity,
                stream,
            } => self.add_leg(now, (leg, port), identity, stream.map(|stream| *stream)),
            C::UpdateLeg { leg, stream } => self.update_leg(now, leg, *stream),
            C::AddLink { mixer, link, end } => self.add_link(mixer, link, end),
            C::RemoveLink { mixer, link } => self.remove_link(mixer, link),
            C::RemoveLeg { leg } => self.remove_leg(now, leg, notices),
            C::AddMixer { mixer } => self.add_mixer(mixer),
            C::RemoveMixer { mixer } => self.remove_mixer(mixer, notices),
            C::Connect { leg, to } => self.connect(leg, to),
            C::Gate { leg, talk, hear } => self.gate(leg, talk, hear, notices),
            C::Volume {
                leg,
                listening_db,
                talking_db,
            } => self.set_volumes(leg, listening_db, talking_db),
            C::StartPlayback {
                playback,
                target,
                source,
            } => self.start_playback(playback, target, source),
            C::StopPlayback { playback } => self.stop_playback(playback, notices),
            C::StartRecording {
                recording,
                target,
                buffers,
            } => self.start_recording(recording, target, buffers),
            C::RecycleBuffer { recording, buffer } => self.recycle(recording, buffer),
            C::StopRecording { recording } => self.stop_recording(recording, notices),
            C::SendDigits {
                leg,
                digits,
                tone,
                gap,
            } => self.send_digits(leg, &digits, tone, gap),
            C::DetectTalk { leg, detection } => {
                let leg = self.leg_mut(leg)?;
                if let Some(talking) = leg.talking.set_rules(detection) {
                    notices.push(MediaNotice::Talking {
                        leg: leg.id,
                        talking,
                    });
                }
                Ok(())
            }
            C::ReportStats { leg } => {
                let stats = self.leg_mut(leg)?.stats();
                notices.push(MediaNotice::Stats {
                    leg,
                    stats: Box::new(stats),
                });
                Ok(())
            }
        }
    }

    fn remove_port(&mut self, port: PortId) -> Result<(), Refusal> {
        if self.routes.remove_port(port) {
            return Ok(());
        }
        Err("the port pair does not exist, or still has legs")
    }

    fn add_port(&mut self, port: PortId) -> Result<(), Refusal> {
        let added = self.routes.add_port(port, self.config.limits.ports_max);
        added
            .then_some(())
            .ok_or("the port pair exists already or its number is too high")
    }

    fn add_leg(
        &mut self,
        now: Instant,
        (id, port): (LegId, PortId),
        identity: StreamIdentity,
        stream: Option<StreamSetup>,
    ) -> Result<(), Refusal> {
        let limits = self.config.limits;
        if self.legs.slot(id).is_some() {
            return Err("a leg of this name exists already");
        }
        if self.legs.is_full() {
            return Err("the shard has as many legs as its limit allows");
        }
        match self.routes.legs(port) {
            None => return Err("the port pair does not exist"),
            Some(legs) if legs.len() >= limits.legs_per_port_max => {
                return Err("the port pair has as many legs as its limit allows");
            }
            Some(_) => {}
        }
        let phase = self.idlest_phase();
        let leg = Leg::new(now, (id, port, phase), identity, &self.config);
        let slot = self.legs.insert(id, leg);
        self.routes.add_leg(port, slot, limits.legs_per_port_max);
        self.phases[usize::from(phase)].loose.push(slot);
        self.phases[usize::from(phase)].legs += 1;
        match stream {
            Some(stream) => self.update_leg(now, id, stream),
            None => Ok(()),
        }
    }

    fn update_leg(&mut self, now: Instant, id: LegId, stream: StreamSetup) -> Result<(), Refusal> {
        let slot = self.legs.slot(id).ok_or(NO_LEG)?;
        let leg = self.legs.at_mut(slot).ok_or(NO_LEG)?;
        let before = [leg.remote.announced(), leg.remote.latched()];
        leg.set_stream(now, stream);
        if leg.remote.latched().is_none() {
            leg.intake.await_start(now);
        }
        let (port, after) = (leg.port, [leg.remote.announced(), leg.remote.latched()]);
        for address in before.into_iter().flatten() {
            self.routes.unpoint(port, address, slot);
        }
        for address in after.into_iter().flatten() {
            self.routes.point(port, address, slot);
        }
        Ok(())
    }

    fn remove_leg(
        &mut self,
        now: Instant,
        id: LegId,
        notices: &mut Notices,
    ) -> Result<(), Refusal> {
        let Some(slot) = self.legs.slot(id) else {
            // A leg that was refused is removed all the same, so that its place is given back.
            let stats = Box::default();
            notices.push(MediaNotice::LegRemoved { leg: id, stats });
            return Ok(());
        };
        let wall = self.wall(now);
        let mut leg = self.take_leg(slot, notices).ok_or(NO_LEG)?;
        self.farewells.extend(leg.farewell(now, wall));
        let stats: LegStats = leg.stats();
        notices.push(MediaNotice::LegRemoved {
            leg: id,
            stats: Box::new(stats),
        });
        Ok(())
    }

    /// Tells what a command begins that is not under way already.
    fn begins(&self, command: &MediaCommand) -> Begins {
        match command {
            MediaCommand::AddLeg { leg, .. } if self.legs.slot(*leg).is_none() => Begins::Leg(*leg),
            MediaCommand::StartPlayback { playback, .. }
                if self.audio.playbacks.slot(*playback).is_none() =>
            {
                Begins::Playback(*playback)
            }
            MediaCommand::StartRecording { recording, .. }
                if self.audio.recordings.slot(*recording).is_none() =>
            {
                Begins::Recording(*recording)
            }
            _ => Begins::Nothing,
        }
    }

    fn add_mixer(&mut self, id: MixerId) -> Result<(), Refusal> {
        if self.mixers.slot(id).is_some() {
            return Err("a mixer of this name exists already");
        }
        if self.mixers.is_full() {
            return Err("the shard has as many mixers as its limit allows");
        }
        let phase = self.idlest_phase();
        let slot = self.mixers.insert(id, Mixer::new(phase));
        self.phases[usize::from(phase)].mixers.push(slot);
        Ok(())
    }

    fn remove_mixer(&mut self, id: MixerId, notices: &mut Notices) -> Result<(), Refusal> {
        let slot = self.mixers.slot(id).ok_or(NO_MIXER)?;
        let legs: Vec<u32> = self.mixers.at(slot).ok_or(NO_MIXER)?.legs.clone();
        for leg in legs {
            self.detach(leg)?;
        }
        let mixer = self.mixers.remove(slot).ok_or(NO_MIXER)?;
        self.phases[usize::from(mixer.phase)]
            .mixers
            .retain(|other| *other != slot);
        self.end_attached(mixer.playbacks.iter(), mixer.recordings.iter(), notices);
        Ok(())
    }

    fn add_link(&mut self, id: MixerId, link: LinkId, end: Box<LinkEnd>) -> Result<(), Refusal> {
        let slot = self.mixers.slot(id).ok_or(NO_MIXER)?;
        let mixer = self.mixers.at_mut(slot).ok_or(NO_MIXER)?;
        if mixer.links.iter().any(|(known, _)| *known == link) {
            return Err("a link of this name exists already");
        }
        if mixer.links.len() >= LINKS_PER_MIXER_MAX {
            return Err("the mixer has as many links as its limit allows");
        }
        mixer.links.push((link, end));
        Ok(())
    }

    fn remove_link(&mut self, id: MixerId, link: LinkId) -> Result<(), Refusal> {
        let slot = self.mixers.slot(id).ok_or(NO_MIXER)?;
        let mixer = self.mixers.at_mut(slot).ok_or(NO_MIXER)?;
        let index = mixer.links.iter().position(|(known, _)| *known == link);
        mixer.links.remove(index.ok_or("the link does not exist")?);
        Ok(())
    }

    fn connect(&mut self, id: LegId, to: Patch) -> Result<(), Refusal> {
        let slot = self.legs.slot(id).ok_or(NO_LEG)?;
        let place = match to {
            Patch::Nothing => Place::Nothing,
            Patch::Echo => Place::Echo,
            Patch::Mixer(mixer) => Place::Mixer(self.mixers.slot(mixer).ok_or(NO_MIXER)?),
        };
        if self.legs.at(slot).ok_or(NO_LEG)?.place == place {
            return Ok(());
        }
        if let Place::Mixer(mixer) = place {
            let legs = self.mixers.at(mixer).ok_or(NO_MIXER)?.legs.len();
            if legs >= self.config.limits.legs_per_mixer_max.min(LEGS_PER_SUM_MAX) {
                return Err("the mixer has as many legs as its limit allows");
            }
        }
        self.detach(slot)?;
        let leg = self.legs.at_mut(slot).ok_or(NO_LEG)?;
        leg.place = place;
        if let Place::Mixer(mixer) = place {
            let mixer = self.mixers.at_mut(mixer).ok_or(NO_MIXER)?;
            mixer.legs.push(slot);
            self.scratch.reserve(mixer.legs.len());
            let (from, to) = (leg.phase, mixer.phase);
            leg.phase = to;
            self.phases[usize::from(from)]
                .loose
                .retain(|other| *other != slot);
            self.phases[usize::from(from)].legs -= 1;
            self.phases[usize::from(to)].legs += 1;
        }
        Ok(())
    }

    /// Takes a leg off its mixer; it goes on alone in the same phase.
    pub(super) fn detach(&mut self, slot: u32) -> Result<(), Refusal> {
        let leg = self.legs.at_mut(slot).ok_or(NO_LEG)?;
        let place = core::mem::replace(&mut leg.place, Place::Nothing);
        if let Place::Mixer(mixer) = place {
            self.phases[usize::from(leg.phase)].loose.push(slot);
            if let Some(mixer) = self.mixers.at_mut(mixer) {
                mixer.legs.retain(|other| *other != slot);
            }
        }
        Ok(())
    }

    fn gate(
        &mut self,
        id: LegId,
        talk: bool,
        hear: bool,
        notices: &mut Notices,
    ) -> Result<(), Refusal> {
        let leg = self.leg_mut(id)?;
        (leg.talk, leg.hear) = (talk, hear);
        let stopped = if talk { None } else { leg.talking.stop() };
        if let Some(talking) = stopped {
            notices.push(MediaNotice::Talking { leg: id, talking });
        }
        Ok(())
    }

    fn set_volumes(&mut self, id: LegId, listening_db: i8, talking_db: i8) -> Result<(), Refusal> {
        let leg = self.leg_mut(id)?;
        leg.listening.set(listening_db);
        leg.speaking.set(talking_db);
        Ok(())
    }

    fn send_digits(
        &mut self,
        id: LegId,
        digits: &[char],
        tone: Duration,
        gap: Duration,
    ) -> Result<(), Refusal> {
        let limit = self.config.limits.digits_per_leg_max;
        let leg = self.leg_mut(id)?;
        let (waiting, takes_events) = leg.sender.digits();
        if !takes_events {
            return Err("the peer of the leg takes no telephone-events");
        }
        if waiting + digits.len() > limit {
            return Err("more digits wait on the leg than its limit allows");
        }
        let parsed: Option<Vec<Digit>> = digits
            .iter()
            .map(|digit| Digit::from_char(*digit))
            .collect();
        for digit in parsed.ok_or("a digit is none of 0-9, A-D, * and #")? {
            leg.sender.queue_digit(digit, tone, gap);
        }
        Ok(())
    }

    pub(super) fn leg_mut(&mut self, id: LegId) -> Result<&mut Leg, Refusal> {
        let slot = self.legs.slot(id).ok_or(NO_LEG)?;
        self.legs.at_mut(slot).ok_or(NO_LEG)
    }

    pub(super) fn end_attached<'a>(
        &mut self,
        playbacks: impl Iterator<Item = &'a u32>,
        recordings: impl Iterator<Item = &'a u32>,
        notices: &mut Notices,
    ) {
        for &slot in playbacks {
            self.audio.end_playback(slot, End::TargetGone, notices);
        }
        for &slot in recordings {
            self.audio.end_recording(slot, End::TargetGone, notices);
        }
    }

    /// Returns what a target is, by slot.
    pub(super) fn find(&self, target: Target) -> Result<Found, Refusal> {
        match target {
            Target::Leg(leg) => self.legs.slot(leg).map(Found::Leg).ok_or(NO_LEG),
            Target::Mixer(mixer) => self.mixers.slot(mixer).map(Found::Mixer).ok_or(NO_MIXER),
        }
    }
}

/// What a command begins; where it is refused, the end is reported at once, so that nobody waits
/// for it.
#[derive(Clone, Copy, Debug)]
enum Begins {
    Nothing,
    Leg(LegId),
    Playback(PlaybackId),
    Recording(RecordingId),
}

impl Begins {
    fn report_end(self, notices: &mut Notices) {
        let end = End::TargetGone;
        match self {
            Self::Nothing => {}
            Self::Leg(leg) => {
                notices.push(MediaNotice::LegRemoved {
                    leg,
                    stats: Box::default(),
                });
            }
            Self::Playback(playback) => {
                let source = Source::Silence(Duration::ZERO);
                notices.push(MediaNotice::PlaybackEnded {
                    playback,
                    end,
                    source,
                });
            }
            Self::Recording(recording) => {
                let last = Vec::new();
                notices.push(MediaNotice::RecordingEnded {
                    recording,
                    end,
                    last,
                    lost: 0,
                });
            }
        }
    }
}

/// A target by slot.
#[derive(Clone, Copy, Debug)]
pub(super) enum Found {
    Leg(u32),
    Mixer(u32),
}
