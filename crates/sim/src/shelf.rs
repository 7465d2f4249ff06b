//! Sounds and recordings without files.

use std::collections::BTreeMap;
use std::f32::consts::TAU;
use std::sync::Arc;
use std::time::Duration;

use plenum_control::SoundName;
use plenum_media::{RecordingId, SAMPLE_RATE};

/// How long each sound on the shelf lasts.
pub(crate) const SOUND_LENGTH: Duration = Duration::from_millis(500);

/// The frequency of what is played when somebody joins or leaves.
pub const CHIME_HZ: f32 = 1_730.0;
/// The frequency of all prompts.
pub const PROMPT_HZ: f32 = 1_930.0;
/// The frequency of music on hold.
pub const MUSIC_HZ: f32 = 2_130.0;
/// The frequency of `beep`.
pub const BEEP_HZ: f32 = 2_330.0;

/// Everything that a shelf plays, by its frequency.
pub(crate) const SHELF_TONES: [f32; 4] = [CHIME_HZ, PROMPT_HZ, MUSIC_HZ, BEEP_HZ];

/// Amplitude of each sound.
const AMPLITUDE: f32 = 3_000.0;

/// Sounds as tones of known frequencies, and recordings in memory.
#[derive(Debug, Default)]
pub(crate) struct Shelf {
    open: BTreeMap<RecordingId, Open>,
    finished: BTreeMap<String, Arc<[i16]>>,
}

#[derive(Debug)]
struct Open {
    file: String,
    samples: Vec<i16>,
}

impl Shelf {
    /// Returns a sound, or the sentence that says why there is none.
    pub(crate) fn load(&self, sound: &SoundName) -> Result<Arc<[i16]>, String> {
        match sound {
            SoundName::Music(_) => Ok(tone(MUSIC_HZ, SOUND_LENGTH * 10)),
            SoundName::File(name) => {
                if let Some(recording) = self.finished.get(stem(name)) {
                    return Ok(recording.clone());
                }
                let hz = frequency(name).ok_or_else(|| {
                    format!("no sound \"{name}\" on the shelf; record it first or name another")
                })?;
                Ok(tone(hz, SOUND_LENGTH))
            }
        }
    }

    pub(crate) fn open(&mut self, recording: RecordingId, file: String) {
        self.open.insert(
            recording,
            Open {
                file,
                samples: Vec::new(),
            },
        );
    }

    /// Appends audio; tells whether the recording is open.
    pub(crate) fn write(&mut self, recording: RecordingId, audio: &[i16]) -> bool {
        let open = self.open.get_mut(&recording);
        open.map(|open| open.samples.extend_from_slice(audio))
            .is_some()
    }

    /// Closes a recording; returns its length.
    pub(crate) fn close(&mut self, recording: RecordingId) -> Result<Duration, String> {
        let Open { file, samples } = self
            .open
            .remove(&recording)
            .ok_or("the recording was never opened")?;
        let seconds = samples.len() as f64 / f64::from(SAMPLE_RATE);
        self.finished.insert(stem(&file).to_owned(), samples.into());
        Ok(Duration::from_secs_f64(seconds))
    }

    /// Returns a finished recording.
    pub(crate) fn recording(&self, name: &str) -> Option<Arc<[i16]>> {
        self.finished.get(stem(name)).cloned()
    }

    /// Returns how many recordings are open.
    pub(crate) fn open_count(&self) -> usize {
        self.open.len()
    }
}

/// Returns a file's name without its extension.
fn stem(file: &str) -> &str {
    file.strip_suffix(".wav").unwrap_or(file)
}

fn frequency(name: &str) -> Option<f32> {
    match name {
        "beep" => Some(BEEP_HZ),
        "confbridge-join" | "confbridge-leave" => Some(CHIME_HZ),
        _ if name.starts_with("conf") => Some(PROMPT_HZ),
        _ => None,
    }
}

fn tone(hz: f32, length: Duration) -> Arc<[i16]> {
    let samples = (length.as_secs_f32() * SAMPLE_RATE as f32) as usize;
    let sample = |n: usize| {
        let angle = TAU * hz * n as f32 / SAMPLE_RATE as f32;
        (angle.sin() * AMPLITUDE) as i16
    };
    (0..samples).map(sample).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn known_names_sound_and_unknown_ones_say_why_not() {
        let shelf = Shelf::default();
        let length = shelf
            .load(&SoundName::File("conf-getpin".into()))
            .unwrap()
            .len();
        assert_eq!(length, 4_000);
        let why = shelf.load(&SoundName::File("nonsense".into())).unwrap_err();
        assert!(why.contains("nonsense"), "{why}");
    }

    #[test]
    fn a_finished_recording_can_be_played() {
        let mut shelf = Shelf::default();
        let recording = RecordingId(1);
        shelf.open(recording, "demo.wav".into());
        assert!(shelf.write(recording, &[1; 8_000]));
        assert_eq!(shelf.close(recording), Ok(Duration::from_secs(1)));
        assert!(!shelf.write(recording, &[1]));
        assert_eq!(
            shelf.load(&SoundName::File("demo".into())).unwrap().len(),
            8_000
        );
    }
}
