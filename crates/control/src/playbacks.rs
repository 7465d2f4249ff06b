//! Playbacks between the switch, the file worker and the shards.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;

use plenum_media::{End, MediaCommand, PlaybackId, Source, Target, Tone};
use plenum_switch::{PlaybackKey, PlaybackOutcome, Sound, Stimulus, ToneSpec};
use slotmap::Key as _;

use crate::control::{Control, ControlOutbox};
use crate::{Output, ShardId, SoundJob, SoundName};

/// Playbacks that wait for their sound, and those that a shard plays.
#[derive(Debug, Default)]
pub(crate) struct Playbacks {
    loading: BTreeMap<SoundJob, Loading>,
    playing: BTreeMap<PlaybackKey, ShardId>,
    jobs: u64,
}

#[derive(Debug)]
struct Loading {
    playback: PlaybackKey,
    shard: ShardId,
    target: Target,
    repeat: bool,
}

impl Playbacks {
    pub(crate) fn len(&self) -> usize {
        self.loading.len() + self.playing.len()
    }
}

impl Control {
    /// Starts a playback, after its sound is loaded if it comes from a file.
    pub(crate) fn play(
        &mut self,
        playback: PlaybackKey,
        (shard, target): (ShardId, Target),
        sound: Sound,
        out: &mut ControlOutbox,
    ) {
        let (sound, repeat) = match sound {
            Sound::File { name, repeat } => (SoundName::File(name), repeat),
            Sound::Music { class } => (SoundName::Music(class), true),
            Sound::Tone(tone) => {
                return self.start_playback(
                    playback,
                    shard,
                    target,
                    Source::Tone(media_tone(tone)),
                    out,
                );
            }
            Sound::Silence(length) => {
                return self.start_playback(playback, shard, target, Source::Silence(length), out);
            }
            _ => return,
        };
        self.playbacks.jobs += 1;
        let job = SoundJob(self.playbacks.jobs);
        self.playbacks.loading.insert(
            job,
            Loading {
                playback,
                shard,
                target,
                repeat,
            },
        );
        out.push(Output::LoadSound { job, sound });
    }

    /// Stops a playback; its end is reported to the switch in any case.
    pub(crate) fn stop_play(&mut self, playback: PlaybackKey, out: &mut ControlOutbox) {
        if let Some(shard) = self.playbacks.playing.get(&playback) {
            let command = MediaCommand::StopPlayback {
                playback: media_id(playback),
            };
            return out.push(Output::Media {
                shard: *shard,
                command,
            });
        }
        let mut loading = self.playbacks.loading.iter();
        let job = loading
            .find(|(_, loading)| loading.playback == playback)
            .map(|(job, _)| *job);
        if let Some(job) = job {
            self.playbacks.loading.remove(&job);
        }
        self.playback_over(playback, PlaybackOutcome::Stopped);
    }

    /// Takes a sound that was asked for.
    pub(crate) fn sound_loaded(
        &mut self,
        job: SoundJob,
        outcome: Result<Arc<[i16]>, String>,
        out: &mut ControlOutbox,
    ) {
        let Some(loading) = self.playbacks.loading.remove(&job) else {
            return;
        };
        match outcome {
            Ok(samples) => {
                let source = Source::Samples {
                    samples,
                    repeat: loading.repeat,
                };
                self.start_playback(loading.playback, loading.shard, loading.target, source, out);
            }
            Err(why) => self.playback_over(loading.playback, PlaybackOutcome::Failed(why)),
        }
    }

    /// Takes the end of a playback from its shard.
    pub(crate) fn playback_ended(&mut self, playback: PlaybackId, end: End) {
        let playback = PlaybackKey::from(slotmap::KeyData::from_ffi(playback.0));
        if self.playbacks.playing.remove(&playback).is_none() {
            return;
        }
        let outcome = match end {
            End::Finished => PlaybackOutcome::Finished,
            End::Stopped | End::TargetGone => PlaybackOutcome::Stopped,
        };
        self.playback_over(playback, outcome);
    }

    /// Reports to the switch that a playback is over.
    pub(crate) fn playback_over(&mut self, playback: PlaybackKey, outcome: PlaybackOutcome) {
        self.stimuli
            .push_back(Stimulus::PlaybackEnded { playback, outcome });
    }

    fn start_playback(
        &mut self,
        playback: PlaybackKey,
        shard: ShardId,
        target: Target,
        source: Source,
        out: &mut ControlOutbox,
    ) {
        self.playbacks.playing.insert(playback, shard);
        let command = MediaCommand::StartPlayback {
            playback: media_id(playback),
            target,
            source,
        };
        out.push(Output::Media { shard, command });
    }
}

fn media_id(playback: PlaybackKey) -> PlaybackId {
    PlaybackId(playback.data().as_ffi())
}

fn media_tone(tone: ToneSpec) -> Tone {
    Tone {
        frequencies_hz: tone.frequencies_hz,
        level_dbov: tone.level_dbov,
        cadence: tone.cadence,
        length: tone.length,
    }
}
