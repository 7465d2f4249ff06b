//! Sounds and recordings, through the file workers of the runtime.

use std::fs;
use std::path::Path;
use std::time::Duration;

use plenum_media::RecordingId;
use plenum_runtime::files::{FileWorkers, FilesConfig};
use plenum_runtime::{Input, SoundJob, SoundName};
use plenum_session::Source;
use tokio::sync::{mpsc, oneshot};

/// Answers of the file workers that wait.
const ANSWERS_MAX: usize = 64;

/// The only recording there is.
const RECORDING: RecordingId = RecordingId(0);

/// Reads a sound file whole.
///
/// # Errors
///
/// The sentence that says why it cannot be played.
pub(super) async fn load(path: &Path) -> Result<Source, String> {
    let (folder, name) = split(path)?;
    fs::metadata(path).map_err(|error| unreadable(path, &error))?;
    let (answers_end, mut answers) = mpsc::channel(ANSWERS_MAX);
    let config = FilesConfig {
        sounds: Some(folder),
        ..FilesConfig::default()
    };
    let workers =
        FileWorkers::start(config, answers_end).map_err(|error| unreadable(path, &error))?;
    let asked = workers.load_sound(SoundJob(0), SoundName::File(name));
    debug_assert!(asked.is_ok(), "one sound finds room");
    while let Some(answer) = answers.recv().await {
        if let Input::SoundLoaded { outcome, .. } = answer {
            return outcome.map(|samples| Source::Samples {
                samples,
                repeat: false,
            });
        }
    }
    Err(format!(
        "{} cannot be read: the file worker ended",
        path.display()
    ))
}

/// Checks that a recording can be written.
///
/// # Errors
///
/// The sentence that says why not.
pub(super) fn can_record(path: &Path) -> Result<(), String> {
    let shown = path.display();
    if path.extension().is_none_or(|extension| extension != "wav") {
        return Err(format!(
            "recordings are written as WAV; name it {shown}.wav"
        ));
    }
    let opened = fs::OpenOptions::new().append(true).create(true).open(path);
    opened
        .map(drop)
        .map_err(|error| format!("{shown} cannot be written: {error}"))
}

/// A WAV file that is being written.
#[derive(Debug)]
pub(super) struct Recorder {
    workers: FileWorkers,
    closed: oneshot::Receiver<Result<Duration, String>>,
}

impl Recorder {
    /// Creates the file.
    ///
    /// # Errors
    ///
    /// The sentence that says why not.
    pub(super) fn create(path: &Path) -> Result<Self, String> {
        let (folder, name) = split(path)?;
        let (answers_end, mut answers) = mpsc::channel(ANSWERS_MAX);
        let config = FilesConfig {
            recordings: Some(folder),
            ..FilesConfig::default()
        };
        let failed =
            |error: std::io::Error| format!("{} cannot be written: {error}", path.display());
        let workers = FileWorkers::start(config, answers_end).map_err(failed)?;
        let opened = workers.open_recording(RECORDING, name);
        debug_assert!(opened.is_ok(), "the first order finds room");
        let (close, closed) = oneshot::channel();
        tokio::spawn(async move {
            while let Some(answer) = answers.recv().await {
                if let Input::RecordingClosed { outcome, .. } = answer {
                    let _ = close.send(outcome);
                    return;
                }
            }
        });
        Ok(Self { workers, closed })
    }

    /// Appends samples.
    pub(super) fn write(&self, samples: Vec<i16>) {
        // Audio that a slow disk does not take is lost; the worker has logged it.
        let _ = self.workers.write_recording(RECORDING, samples);
    }

    /// Writes what is left and closes the file; returns how long it is.
    ///
    /// # Errors
    ///
    /// The sentence that says what went wrong.
    pub(super) async fn close(self) -> Result<Duration, String> {
        let behind = "the recording is not complete: the disk is too slow";
        self.workers
            .close_recording(RECORDING, Vec::new())
            .map_err(|_| behind.to_owned())?;
        self.closed.await.unwrap_or_else(|_| Err(behind.to_owned()))
    }
}

/// Cuts a path into its folder and the name in it.
fn split(path: &Path) -> Result<(std::path::PathBuf, String), String> {
    let name = path.file_name().and_then(|name| name.to_str());
    let name = name.ok_or_else(|| format!("{} is the name of no file", path.display()))?;
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty());
    Ok((folder.unwrap_or(Path::new(".")).to_owned(), name.to_owned()))
}

fn unreadable(path: &Path, error: &std::io::Error) -> String {
    format!("{} cannot be read: {error}", path.display())
}
