//! Sounds, music and recordings, on threads of their own.
//!
//! Neither the control task nor a shard waits for a disk. One thread finds and decodes sounds,
//! another writes recordings, so that a slow load does not hold a recording up. Orders wait in
//! bounded queues; one that finds no room is answered at once with a sentence.

mod cache;
mod music;
mod name;
mod recordings;
mod resample;
mod sounds;
#[cfg(test)]
mod testing;
#[cfg(test)]
mod tests;
mod wav;

use std::io;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread::{self, JoinHandle};
use std::time::Instant;

use plenum_control::{Input, SoundJob, SoundName};
use plenum_media::RecordingId;
use tokio::sync::mpsc;
use tracing::{error, warn};

use self::recordings::Recordings;
use self::sounds::Sounds;

pub use music::MUSIC_FILES_MAX;
pub use name::NAME_LEN_MAX;
pub use recordings::{HEADER_INTERVAL, RECORDINGS_MAX};
pub use sounds::DEFAULT_MUSIC;

/// Sounds that wait to be loaded.
pub const SOUNDS_WAITING_MAX: usize = 4096;

/// Orders that wait for the recording thread. Each open recording has a few buffers out at most.
pub const RECORDING_ORDERS_MAX: usize = 16_384;

/// Where files are and what they may cost.
#[derive(Clone, Debug)]
pub struct FilesConfig {
    /// Folder of sounds; looked in first.
    pub sounds: Option<PathBuf>,
    /// Sounds of the program, by name, as WAV files; looked at second.
    pub built_in: &'static [(&'static str, &'static [u8])],
    /// Folder that recordings are written to; looked in last.
    pub recordings: Option<PathBuf>,
    /// Folder with one folder for each music class.
    pub music: Option<PathBuf>,
    /// Largest sound file that is read. Default 128 MiB.
    pub sound_file_bytes_max: u64,
    /// Longest sound in samples at 8 kHz. Default one hour.
    pub sound_samples_max: usize,
    /// Longest recording in samples at 8 kHz. Default 24 hours.
    pub recording_samples_max: u64,
    /// Memory for decoded sounds that may be wanted again. Default 64 MiB.
    pub cache_bytes_max: usize,
}

impl Default for FilesConfig {
    fn default() -> Self {
        Self {
            sounds: None,
            built_in: &[],
            recordings: None,
            music: None,
            sound_file_bytes_max: 128 << 20,
            sound_samples_max: 3600 * plenum_media::SAMPLE_RATE as usize,
            recording_samples_max: 24 * 3600 * u64::from(plenum_media::SAMPLE_RATE),
            cache_bytes_max: 64 << 20,
        }
    }
}

/// The threads that work with files. Dropping them closes all recordings.
#[derive(Debug)]
pub struct FileWorkers {
    sounds: Option<SyncSender<LoadOrder>>,
    recordings: Option<SyncSender<RecordingOrder>>,
    threads: Vec<JoinHandle<()>>,
}

#[derive(Debug)]
struct LoadOrder {
    job: SoundJob,
    sound: SoundName,
}

#[derive(Debug)]
enum RecordingOrder {
    Open {
        recording: RecordingId,
        file: String,
    },
    Write {
        recording: RecordingId,
        buffer: Vec<i16>,
    },
    Close {
        recording: RecordingId,
        last: Vec<i16>,
    },
}

impl FileWorkers {
    /// Starts the threads; their answers go to `inputs`.
    ///
    /// # Errors
    ///
    /// If the system gives no thread.
    pub fn start(config: FilesConfig, inputs: mpsc::Sender<Input>) -> io::Result<Self> {
        let (sounds, load_orders) = sync_channel(SOUNDS_WAITING_MAX);
        let (recordings, recording_orders) = sync_channel(RECORDING_ORDERS_MAX);
        let written = Recordings::new(config.recordings.clone(), config.recording_samples_max);
        let answers = inputs.clone();
        let sound_thread = thread::Builder::new()
            .name("sounds".to_owned())
            .spawn(move || load_sounds(Sounds::new(config), &load_orders, &answers))?;
        let recording_thread = thread::Builder::new()
            .name("recordings".to_owned())
            .spawn(move || record(written, &recording_orders, &inputs))?;
        let threads = vec![sound_thread, recording_thread];
        Ok(Self {
            sounds: Some(sounds),
            recordings: Some(recordings),
            threads,
        })
    }

    /// Loads a sound; answered by [`Input::SoundLoaded`].
    ///
    /// # Errors
    ///
    /// The answer, if too many sounds wait.
    #[expect(clippy::result_large_err, reason = "an input is as large as it is")]
    pub fn load_sound(&self, job: SoundJob, sound: SoundName) -> Result<(), Input> {
        give(self.sounds.as_ref(), LoadOrder { job, sound }).map_err(|_| Input::SoundLoaded {
            job,
            outcome: Err(format!(
                "{SOUNDS_WAITING_MAX} sounds wait to be loaded already"
            )),
        })
    }

    /// Opens a recording's file. Only a failure is answered, by [`Input::RecordingClosed`].
    ///
    /// # Errors
    ///
    /// The answer, if the thread is too far behind.
    #[expect(clippy::result_large_err, reason = "an input is as large as it is")]
    pub fn open_recording(&self, recording: RecordingId, file: String) -> Result<(), Input> {
        give(
            self.recordings.as_ref(),
            RecordingOrder::Open { recording, file },
        )
        .map_err(|_| behind(recording))
    }

    /// Appends to a recording; answered by [`Input::BufferWritten`].
    ///
    /// # Errors
    ///
    /// The answer, if the thread is too far behind: the audio is lost, the buffer is free.
    #[expect(clippy::result_large_err, reason = "an input is as large as it is")]
    pub fn write_recording(&self, recording: RecordingId, buffer: Vec<i16>) -> Result<(), Input> {
        let order = RecordingOrder::Write { recording, buffer };
        give(self.recordings.as_ref(), order).map_err(|order| {
            warn!(
                recording = recording.0,
                "recorded audio lost: the disk is too slow"
            );
            let mut buffer = match order {
                RecordingOrder::Write { buffer, .. } => buffer,
                _ => Vec::new(),
            };
            buffer.clear();
            Input::BufferWritten { recording, buffer }
        })
    }

    /// Closes a recording; answered by [`Input::RecordingClosed`], unless its end was already.
    ///
    /// # Errors
    ///
    /// The answer, if the thread is too far behind.
    #[expect(clippy::result_large_err, reason = "an input is as large as it is")]
    pub fn close_recording(&self, recording: RecordingId, last: Vec<i16>) -> Result<(), Input> {
        give(
            self.recordings.as_ref(),
            RecordingOrder::Close { recording, last },
        )
        .map_err(|_| behind(recording))
    }

    /// Does what was ordered, closes all files and ends the threads. Blocks.
    pub fn stop(mut self) {
        self.end();
    }

    fn end(&mut self) {
        (self.sounds, self.recordings) = (None, None);
        for thread in self.threads.drain(..) {
            if thread.join().is_err() {
                warn!("a file thread had panicked");
            }
        }
    }
}

impl Drop for FileWorkers {
    fn drop(&mut self) {
        self.end();
    }
}

fn give<T>(queue: Option<&SyncSender<T>>, order: T) -> Result<(), T> {
    let Some(queue) = queue else {
        return Err(order);
    };
    queue.try_send(order).map_err(|error| match error {
        TrySendError::Full(order) | TrySendError::Disconnected(order) => order,
    })
}

fn behind(recording: RecordingId) -> Input {
    let sentence = "the recording was not written: the disk is too slow for all that is recorded";
    Input::RecordingClosed {
        recording,
        outcome: Err(sentence.to_owned()),
    }
}

fn load_sounds(mut sounds: Sounds, orders: &Receiver<LoadOrder>, answers: &mpsc::Sender<Input>) {
    while let Ok(LoadOrder { job, sound }) = orders.recv() {
        let call = AssertUnwindSafe(|| sounds.load(&sound));
        let outcome = catch_unwind(call).unwrap_or_else(|_| {
            error!(?sound, "the decoder of a sound panicked");
            Err(format!(
                "the sound {sound:?} could not be decoded; convert it to 16-bit PCM"
            ))
        });
        if let Err(sentence) = &outcome {
            warn!(%sentence, "sound not loaded");
        }
        if answers
            .blocking_send(Input::SoundLoaded { job, outcome })
            .is_err()
        {
            return;
        }
    }
}

fn record(
    mut recordings: Recordings,
    orders: &Receiver<RecordingOrder>,
    answers: &mpsc::Sender<Input>,
) {
    // Where nobody listens any more, what was ordered is still written.
    let answer = |input| drop(answers.blocking_send(input));
    let failed = |(recording, sentence)| {
        answer(Input::RecordingClosed {
            recording,
            outcome: Err(sentence),
        });
    };
    let mut tended = Instant::now();
    loop {
        let order = match orders.recv_timeout(HEADER_INTERVAL) {
            Ok(order) => Some(order),
            Err(RecvTimeoutError::Timeout) => None,
            Err(RecvTimeoutError::Disconnected) => return,
        };
        let now = Instant::now();
        match order {
            Some(RecordingOrder::Open { recording, file }) => {
                recordings.open(recording, &file).unwrap_or_else(failed);
            }
            Some(RecordingOrder::Write {
                recording,
                mut buffer,
            }) => {
                recordings
                    .write(recording, &buffer, now)
                    .unwrap_or_else(failed);
                buffer.clear();
                answer(Input::BufferWritten { recording, buffer });
            }
            Some(RecordingOrder::Close { recording, last }) => {
                if let Some(outcome) = recordings.close(recording, &last, now) {
                    answer(Input::RecordingClosed { recording, outcome });
                }
            }
            None => {}
        }
        if now.saturating_duration_since(tended) >= HEADER_INTERVAL {
            tended = now;
            recordings.tend(now).into_iter().for_each(failed);
        }
    }
}
