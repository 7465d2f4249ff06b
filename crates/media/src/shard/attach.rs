//! Commands that attach playbacks and recordings to legs and mixers.

use alloc::vec::Vec;

use super::Shard;
use super::commands::{Found, NO_LEG, NO_MIXER, Refusal};
use crate::command::{End, PlaybackId, RecordingId, Source, Target};
use crate::notices::Notices;
use crate::playback::Playback;
use crate::recording::Recording;

const NO_PLAYBACK: Refusal = "the playback does not exist";
const NO_RECORDING: Refusal = "the recording does not exist";

impl Shard {
    pub(super) fn start_playback(
        &mut self,
        id: PlaybackId,
        target: Target,
        source: Source,
    ) -> Result<(), Refusal> {
        let found = self.find(target)?;
        if self.audio.playbacks.slot(id).is_some() {
            return Err("a playback of this name exists already");
        }
        if self.audio.playbacks.is_full() {
            return Err("the shard has as many playbacks as its limit allows");
        }
        let limit = self.config.limits.playbacks_per_target_max;
        let waiting = match found {
            Found::Leg(slot) => self.legs.at(slot).ok_or(NO_LEG)?.playbacks.len(),
            Found::Mixer(slot) => self.mixers.at(slot).ok_or(NO_MIXER)?.playbacks.len(),
        };
        if waiting >= limit {
            return Err("the target has as many playbacks as its limit allows");
        }
        let playback = self
            .audio
            .playbacks
            .insert(id, Playback::new(id, target, source));
        match found {
            Found::Leg(slot) => {
                self.legs
                    .at_mut(slot)
                    .ok_or(NO_LEG)?
                    .playbacks
                    .push_back(playback);
            }
            Found::Mixer(slot) => {
                self.mixers
                    .at_mut(slot)
                    .ok_or(NO_MIXER)?
                    .playbacks
                    .push(playback);
            }
        }
        Ok(())
    }

    pub(super) fn stop_playback(
        &mut self,
        id: PlaybackId,
        notices: &mut Notices,
    ) -> Result<(), Refusal> {
        let Some(slot) = self.audio.playbacks.slot(id) else {
            // The order crossed the notice of the end.
            return Ok(());
        };
        let target = self.audio.playbacks.at(slot).ok_or(NO_PLAYBACK)?.target;
        match self.find(target)? {
            Found::Leg(leg) => {
                let leg = self.legs.at_mut(leg).ok_or(NO_LEG)?;
                leg.playbacks.retain(|other| *other != slot);
            }
            Found::Mixer(mixer) => {
                let mixer = self.mixers.at_mut(mixer).ok_or(NO_MIXER)?;
                mixer.playbacks.retain(|other| *other != slot);
            }
        }
        self.audio.end_playback(slot, End::Stopped, notices);
        Ok(())
    }

    pub(super) fn start_recording(
        &mut self,
        id: RecordingId,
        target: Target,
        buffers: Vec<Vec<i16>>,
    ) -> Result<(), Refusal> {
        let found = self.find(target)?;
        if self.audio.recordings.slot(id).is_some() {
            return Err("a recording of this name exists already");
        }
        if self.audio.recordings.is_full() {
            return Err("the shard has as many recordings as its limit allows");
        }
        if buffers.len() > self.config.limits.buffers_per_recording_max {
            return Err("the recording brings more buffers than its limit allows");
        }
        let recording = Recording::new(id, target, buffers).ok_or("the recording has no buffer")?;
        let recording = self.audio.recordings.insert(id, recording);
        match found {
            Found::Leg(slot) => self
                .legs
                .at_mut(slot)
                .ok_or(NO_LEG)?
                .recordings
                .push(recording),
            Found::Mixer(slot) => {
                self.mixers
                    .at_mut(slot)
                    .ok_or(NO_MIXER)?
                    .recordings
                    .push(recording);
            }
        }
        Ok(())
    }

    /// Takes a buffer back; one that comes after its recording ended is simply freed.
    pub(super) fn recycle(&mut self, id: RecordingId, buffer: Vec<i16>) -> Result<(), Refusal> {
        let Some(slot) = self.audio.recordings.slot(id) else {
            return Ok(());
        };
        let recording = self.audio.recordings.at_mut(slot).ok_or(NO_RECORDING)?;
        recording
            .recycle(buffer)
            .then_some(())
            .ok_or("the recording had lent no such buffer")
    }

    pub(super) fn stop_recording(
        &mut self,
        id: RecordingId,
        notices: &mut Notices,
    ) -> Result<(), Refusal> {
        let Some(slot) = self.audio.recordings.slot(id) else {
            // The order crossed the notice of the end.
            return Ok(());
        };
        let target = self.audio.recordings.at(slot).ok_or(NO_RECORDING)?.target;
        match self.find(target)? {
            Found::Leg(leg) => {
                let leg = self.legs.at_mut(leg).ok_or(NO_LEG)?;
                leg.recordings.retain(|other| *other != slot);
            }
            Found::Mixer(mixer) => {
                let mixer = self.mixers.at_mut(mixer).ok_or(NO_MIXER)?;
                mixer.recordings.retain(|other| *other != slot);
            }
        }
        self.audio.end_recording(slot, End::Stopped, notices);
        Ok(())
    }
}
