//! Recordings between the switch, the shards and the file worker.
//!
//! A recording circulates a few buffers: the shard fills one, the file worker writes it, and it
//! goes back. A slow disk costs audio, which is counted, never a tick.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::time::Duration;

use plenum_media::{MediaCommand, RecordingId, Target};
use plenum_switch::{RecordingKey, Stimulus};
use slotmap::Key as _;

use crate::control::{Control, ControlOutbox, recording_buffers};
use crate::{Output, ShardId};

/// Recordings that are under way.
#[derive(Debug, Default)]
pub(crate) struct Recordings(BTreeMap<RecordingKey, Running>);

#[derive(Debug)]
struct Running {
    shard: ShardId,
    /// The shard has let go of it; its file is being closed.
    closing: bool,
    /// The file could not be written; reported once the shard has let go.
    failure: Option<String>,
}

impl Recordings {
    pub(crate) fn len(&self) -> usize {
        self.0.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }
}

impl Control {
    /// Starts a recording.
    pub(crate) fn record(
        &mut self,
        recording: RecordingKey,
        (shard, target): (ShardId, Target),
        file: String,
        out: &mut ControlOutbox,
    ) {
        self.recordings.0.insert(
            recording,
            Running {
                shard,
                closing: false,
                failure: None,
            },
        );
        let recording = media_id(recording);
        let buffers = recording_buffers(self.config.recording_buffer_samples);
        out.push(Output::OpenRecording { recording, file });
        let command = MediaCommand::StartRecording {
            recording,
            target,
            buffers,
        };
        out.push(Output::Media { shard, command });
    }

    /// Stops a recording; its end is reported to the switch once its file is closed.
    pub(crate) fn stop_record(&mut self, recording: RecordingKey, out: &mut ControlOutbox) {
        match self.recordings.0.get(&recording) {
            Some(running) => {
                let command = MediaCommand::StopRecording {
                    recording: media_id(recording),
                };
                out.push(Output::Media {
                    shard: running.shard,
                    command,
                });
            }
            None => self.recording_over(recording, Err("it was never started".to_string())),
        }
    }

    /// Takes a full buffer from a shard.
    pub(crate) fn recording_filled(
        &mut self,
        recording: RecordingId,
        mut buffer: Vec<i16>,
        out: &mut ControlOutbox,
    ) {
        let Some(running) = self.recordings.0.get(&key(recording)) else {
            return;
        };
        if running.failure.is_none() {
            return out.push(Output::WriteRecording { recording, buffer });
        }
        buffer.clear();
        self.buffer_written(recording, buffer, out);
    }

    /// Takes a buffer back from the file worker.
    pub(crate) fn buffer_written(
        &mut self,
        recording: RecordingId,
        buffer: Vec<i16>,
        out: &mut ControlOutbox,
    ) {
        let Some(running) = self.recordings.0.get(&key(recording)) else {
            return;
        };
        if !running.closing {
            let command = MediaCommand::RecycleBuffer { recording, buffer };
            out.push(Output::Media {
                shard: running.shard,
                command,
            });
        }
    }

    /// Takes the last audio of a recording from its shard.
    pub(crate) fn recording_ended(
        &mut self,
        recording: RecordingId,
        last: Vec<i16>,
        out: &mut ControlOutbox,
    ) {
        let Some(running) = self.recordings.0.get_mut(&key(recording)) else {
            return;
        };
        running.closing = true;
        match running.failure.take() {
            Some(why) => self.recording_over(key(recording), Err(why)),
            None => out.push(Output::CloseRecording { recording, last }),
        }
    }

    /// Takes the fate of a recording's file: it is closed, or it failed while being written.
    pub(crate) fn recording_closed(
        &mut self,
        recording: RecordingId,
        outcome: Result<Duration, String>,
        out: &mut ControlOutbox,
    ) {
        let Some(running) = self.recordings.0.get_mut(&key(recording)) else {
            return;
        };
        match outcome {
            Err(why) if !running.closing => {
                running.failure = Some(why);
                let command = MediaCommand::StopRecording { recording };
                out.push(Output::Media {
                    shard: running.shard,
                    command,
                });
            }
            outcome => self.recording_over(key(recording), outcome),
        }
    }

    /// Reports to the switch that a recording is over.
    pub(crate) fn recording_over(
        &mut self,
        recording: RecordingKey,
        outcome: Result<Duration, String>,
    ) {
        self.recordings.0.remove(&recording);
        self.stimuli
            .push_back(Stimulus::RecordingEnded { recording, outcome });
    }
}

fn media_id(recording: RecordingKey) -> RecordingId {
    RecordingId(recording.data().as_ffi())
}

fn key(recording: RecordingId) -> RecordingKey {
    slotmap::KeyData::from_ffi(recording.0).into()
}
