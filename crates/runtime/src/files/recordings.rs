use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, BufWriter};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use hound::{SampleFormat, WavSpec, WavWriter};
use plenum_media::RecordingId;
use tracing::{info, warn};

use super::name::relative;
use super::resample::RATE;

/// Recordings open at a time.
pub const RECORDINGS_MAX: usize = 4096;

/// How often the length in the header of a file catches up with what was written: what a server
/// that is killed may lose of a recording.
pub const HEADER_INTERVAL: Duration = Duration::from_secs(1);

/// The files that are being recorded.
#[derive(Debug)]
pub(super) struct Recordings {
    folder: Option<PathBuf>,
    samples_max: u64,
    open: BTreeMap<RecordingId, Recording>,
}

#[derive(Debug)]
enum Recording {
    Open(OpenFile),
    /// It ended with a fault that was reported; later audio is discarded.
    Failed,
}

struct OpenFile {
    path: PathBuf,
    writer: WavWriter<BufWriter<File>>,
    samples: u64,
    samples_max: u64,
    /// When samples were first written that the header does not count.
    dirty_since: Option<Instant>,
}

impl std::fmt::Debug for OpenFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("OpenFile")
            .field("path", &self.path)
            .finish_non_exhaustive()
    }
}

/// A recording that ended by itself, and why.
pub(super) type Fault = (RecordingId, String);

impl Recordings {
    pub(super) const fn new(folder: Option<PathBuf>, samples_max: u64) -> Self {
        Self {
            folder,
            samples_max,
            open: BTreeMap::new(),
        }
    }

    /// Creates the file of a recording, over an older one of the same name.
    pub(super) fn open(&mut self, id: RecordingId, name: &str) -> Result<(), Fault> {
        let outcome = self.create(name);
        let (recording, outcome) = match outcome {
            Ok(file) => (Recording::Open(file), Ok(())),
            Err(sentence) => {
                warn!(recording = id.0, %sentence, "recording failed");
                (Recording::Failed, Err((id, sentence)))
            }
        };
        self.open.insert(id, recording);
        outcome
    }

    /// Appends audio.
    pub(super) fn write(
        &mut self,
        id: RecordingId,
        samples: &[i16],
        now: Instant,
    ) -> Result<(), Fault> {
        let Some(Recording::Open(file)) = self.open.get_mut(&id) else {
            return Ok(());
        };
        let outcome = file.append(samples, now);
        self.settle(id, outcome)
    }

    /// Appends the last audio and closes the file; `None` if its end was already reported.
    pub(super) fn close(
        &mut self,
        id: RecordingId,
        last: &[i16],
        now: Instant,
    ) -> Option<Result<Duration, String>> {
        let mut file = match self.open.remove(&id) {
            Some(Recording::Open(file)) => file,
            Some(Recording::Failed) => return None,
            None => return Some(Err("the recording was never opened".to_owned())),
        };
        let outcome = file.append(last, now).and_then(|()| file.finish());
        match &outcome {
            Ok(length) => info!(
                recording = id.0,
                seconds = length.as_secs(),
                "recording closed"
            ),
            Err(sentence) => warn!(recording = id.0, %sentence, "recording failed"),
        }
        Some(outcome)
    }

    /// Brings the headers up to date that are due.
    pub(super) fn tend(&mut self, now: Instant) -> Vec<Fault> {
        let mut faults = Vec::new();
        for (id, recording) in &mut self.open {
            if let Recording::Open(file) = recording
                && let Err(sentence) = file.tend(now)
            {
                warn!(recording = id.0, %sentence, "recording failed");
                faults.push((*id, sentence));
                *recording = Recording::Failed;
            }
        }
        faults
    }

    fn create(&self, name: &str) -> Result<OpenFile, String> {
        let Some(folder) = &self.folder else {
            return Err("there is no recordings folder; name one in the configuration".to_owned());
        };
        if self.open.len() >= RECORDINGS_MAX {
            return Err(format!("{RECORDINGS_MAX} recordings are open already"));
        }
        let path = folder.join(relative(name)?);
        if path.extension().is_none_or(|extension| extension != "wav") {
            return Err(format!(
                "recordings are written as .wav; name it \"{name}.wav\""
            ));
        }
        if let Some(parent) = path.parent() {
            fs::create_dir_all(parent).map_err(|error| failure(&path, &error))?;
        }
        let file = File::create(&path).map_err(|error| failure(&path, &error))?;
        let spec = WavSpec {
            channels: 1,
            sample_rate: RATE,
            bits_per_sample: 16,
            sample_format: SampleFormat::Int,
        };
        let writer = WavWriter::new(BufWriter::new(file), spec)
            .and_then(|mut writer| writer.flush().map(|()| writer))
            .map_err(|error| describe(&path, error))?;
        Ok(OpenFile {
            path,
            writer,
            samples: 0,
            samples_max: self.samples_max,
            dirty_since: None,
        })
    }

    fn settle(&mut self, id: RecordingId, outcome: Result<(), String>) -> Result<(), Fault> {
        outcome.map_err(|sentence| {
            warn!(recording = id.0, %sentence, "recording failed");
            self.open.insert(id, Recording::Failed);
            (id, sentence)
        })
    }
}

impl OpenFile {
    fn append(&mut self, samples: &[i16], now: Instant) -> Result<(), String> {
        if samples.is_empty() {
            return Ok(());
        }
        if self.samples + samples.len() as u64 > self.samples_max {
            return Err(format!(
                "the recording {} has reached the longest length of {} seconds",
                self.path.display(),
                self.samples_max / u64::from(RATE)
            ));
        }
        for sample in samples {
            self.writer
                .write_sample(*sample)
                .map_err(|error| describe(&self.path, error))?;
        }
        self.samples += samples.len() as u64;
        self.dirty_since.get_or_insert(now);
        self.tend(now)
    }

    fn tend(&mut self, now: Instant) -> Result<(), String> {
        let is_due = |since: Instant| now.saturating_duration_since(since) >= HEADER_INTERVAL;
        if self.dirty_since.is_some_and(is_due) {
            self.writer
                .flush()
                .map_err(|error| describe(&self.path, error))?;
            self.dirty_since = None;
        }
        Ok(())
    }

    fn finish(self) -> Result<Duration, String> {
        let Self {
            path,
            writer,
            samples,
            ..
        } = self;
        writer.finalize().map_err(|error| describe(&path, error))?;
        Ok(Duration::from_micros(samples * 1_000_000 / u64::from(RATE)))
    }
}

fn describe(path: &Path, error: hound::Error) -> String {
    match error {
        hound::Error::IoError(error) => failure(path, &error),
        other => format!(
            "the recording {} cannot be written: {other}",
            path.display()
        ),
    }
}

fn failure(path: &Path, error: &io::Error) -> String {
    let shown = path.display();
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => format!(
            "the recording {shown} ended because the disk is full; make room, or name another \
             recordings folder"
        ),
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => format!(
            "the recording {shown} cannot be written: {error}; give the server's user write \
             permission for the recordings folder"
        ),
        _ => format!("the recording {shown} cannot be written: {error}"),
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::TempFolder;
    use super::*;

    const ID: RecordingId = RecordingId(7);

    /// Samples of a day.
    const DAY: u64 = 24 * 3600 * RATE as u64;

    #[test]
    fn what_is_recorded_can_be_read_back() {
        let folder = TempFolder::new();
        let mut recordings = Recordings::new(Some(folder.path().to_owned()), DAY);
        let now = Instant::now();
        recordings.open(ID, "2030/meeting.wav").unwrap();
        recordings.write(ID, &[1, -2, 3], now).unwrap();
        let length = recordings.close(ID, &[4; 7997], now).unwrap().unwrap();
        assert_eq!(length, Duration::from_secs(1));
        let mut reader = hound::WavReader::open(folder.path().join("2030/meeting.wav")).unwrap();
        let samples: Vec<i16> = reader.samples().map(Result::unwrap).collect();
        assert_eq!(
            (&samples[..4], samples.len()),
            ([1, -2, 3, 4].as_slice(), 8000)
        );
    }

    #[test]
    fn a_server_that_dies_leaves_a_file_that_plays() {
        let folder = TempFolder::new();
        let mut recordings = Recordings::new(Some(folder.path().to_owned()), DAY);
        let start = Instant::now();
        recordings.open(ID, "call.wav").unwrap();
        let path = folder.path().join("call.wav");
        let readable = || {
            hound::WavReader::open(&path)
                .unwrap()
                .into_samples::<i16>()
                .count()
        };
        assert_eq!(readable(), 0);
        recordings.write(ID, &[1; 4000], start).unwrap();
        recordings
            .write(ID, &[1; 4000], start + HEADER_INTERVAL)
            .unwrap();
        assert_eq!(readable(), 8000);
        recordings
            .write(ID, &[1; 800], start + HEADER_INTERVAL)
            .unwrap();
        assert!(recordings.tend(start + 2 * HEADER_INTERVAL).is_empty());
        assert_eq!(readable(), 8800);
        // Dies without closing anything.
        std::mem::forget(recordings);
        assert_eq!(readable(), 8800);
    }

    #[test]
    fn a_full_disk_ends_the_recording_with_one_sentence() {
        let folder = TempFolder::new();
        std::os::unix::fs::symlink("/dev/full", folder.path().join("full.wav")).unwrap();
        let mut recordings = Recordings::new(Some(folder.path().to_owned()), DAY);
        let (id, sentence) = recordings.open(ID, "full.wav").unwrap_err();
        assert_eq!(id, ID);
        assert!(
            sentence.contains("the disk is full; make room"),
            "{sentence}"
        );
        recordings.write(ID, &[0; 10], Instant::now()).unwrap();
        assert!(recordings.close(ID, &[], Instant::now()).is_none());
    }

    #[test]
    fn a_recording_that_gets_too_long_ends_with_one_sentence_and_still_plays() {
        let folder = TempFolder::new();
        let mut recordings = Recordings::new(Some(folder.path().to_owned()), 8000);
        let now = Instant::now();
        recordings.open(ID, "long.wav").unwrap();
        recordings.write(ID, &[1; 6000], now).unwrap();
        let (_, sentence) = recordings.write(ID, &[1; 2001], now).unwrap_err();
        assert!(
            sentence.contains("the longest length of 1 seconds"),
            "{sentence}"
        );
        recordings.write(ID, &[1; 10], now).unwrap();
        assert!(recordings.close(ID, &[1; 10], now).is_none());
        let reader = hound::WavReader::open(folder.path().join("long.wav")).unwrap();
        assert_eq!(reader.len(), 6000);
    }

    #[test]
    fn names_outside_the_folder_and_other_formats_are_refused() {
        let folder = TempFolder::new();
        let mut recordings = Recordings::new(Some(folder.path().to_owned()), DAY);
        let mut sentence = |name: &str| recordings.open(ID, name).unwrap_err().1;
        assert!(sentence("../call.wav").contains("leads out of its folder"));
        assert!(sentence("/tmp/call.wav").contains("is absolute"));
        assert!(sentence("call.mp3").contains("name it \"call.mp3.wav\""));
        assert!(
            Recordings::new(None, DAY)
                .open(ID, "a.wav")
                .unwrap_err()
                .1
                .contains("no recordings")
        );
    }

    #[test]
    fn a_recording_that_was_never_opened_cannot_be_closed() {
        let mut recordings = Recordings::new(None, DAY);
        assert!(recordings.close(ID, &[], Instant::now()).unwrap().is_err());
        assert_eq!(recordings.write(ID, &[1], Instant::now()), Ok(()));
    }
}
