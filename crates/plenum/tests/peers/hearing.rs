//! Which tones are in what somebody heard.

use std::path::Path;
use std::time::Duration;

use plenum_media::tone::{ToneEar, ToneSource};

/// Samples a second.
pub(crate) const RATE: u32 = 8_000;

/// Level of every tone that is sent.
pub(crate) const LEVEL_DBOV: f32 = -20.0;

/// What sounds has at least this level; it was sent 10 dB louder.
const HEARD_DBOV: f32 = -30.0;

/// What does not sound has less than this.
const UNHEARD_DBOV: f32 = -45.0;

/// One look at the sound.
const WINDOW: Duration = Duration::from_millis(100);

const WINDOW_SAMPLES: usize = 800;

/// Sound that somebody heard.
#[derive(Clone, Debug)]
pub(crate) struct Heard(pub(crate) Vec<i16>);

impl Heard {
    /// Reads a recording of 16 bits and 8 kHz.
    pub(crate) fn read(path: &Path) -> Self {
        let mut reader = hound::WavReader::open(path)
            .unwrap_or_else(|error| panic!("{} is no recording: {error}", path.display()));
        let spec = reader.spec();
        assert_eq!((spec.channels, spec.sample_rate), (1, RATE));
        // A writer that is killed leaves half a sample.
        Self(reader.samples().map_while(Result::ok).collect())
    }

    /// Keeps the end of it.
    pub(crate) fn last(mut self, length: Duration) -> Self {
        let len = samples(length);
        assert!(
            self.0.len() >= len,
            "only {} samples were heard",
            self.0.len()
        );
        self.0.drain(..self.0.len() - len);
        self
    }

    /// Checks which tones sound, most of the time, and which do not.
    ///
    /// The level that decides is the median over windows of 100 ms: a busy machine may tear a
    /// hole into a second, and the edge of a hole has all frequencies.
    pub(crate) fn has(&self, who: &str, sounding: &[f32], absent: &[f32]) {
        for hz in sounding {
            let level = self.level(*hz);
            assert!(
                level >= HEARD_DBOV,
                "{who} should hear {hz} Hz; it has {level} dBov"
            );
        }
        for hz in absent {
            let level = self.level(*hz);
            assert!(
                level < UNHEARD_DBOV,
                "{who} should not hear {hz} Hz; it has {level} dBov"
            );
        }
    }

    fn level(&self, hz: f32) -> f32 {
        let mut ear = ToneEar::new(&[hz], WINDOW);
        let mut levels: Vec<f32> = self
            .0
            .chunks_exact(WINDOW_SAMPLES)
            .map(|window| {
                ear.listen(window);
                ear.level(hz).expect("the ear knows the tone")
            })
            .collect();
        levels.sort_by(f32::total_cmp);
        *levels
            .get(levels.len() / 2)
            .expect("at least a window was heard")
    }
}

/// Returns how many samples a length has.
pub(crate) fn samples(length: Duration) -> usize {
    usize::try_from(length.as_millis()).expect("lengths are short") * WINDOW_SAMPLES / 100
}

/// Writes a tone to a file.
pub(crate) fn write_tone(path: &Path, hz: f32, length: Duration) {
    let spec = hound::WavSpec {
        channels: 1,
        sample_rate: RATE,
        bits_per_sample: 16,
        sample_format: hound::SampleFormat::Int,
    };
    let mut tone = vec![0; samples(length)];
    ToneSource::new(hz, LEVEL_DBOV).fill(&mut tone);
    let mut writer = hound::WavWriter::create(path, spec).expect("an own folder can be written");
    for sample in tone {
        writer.write_sample(sample).expect("the disk has room");
    }
    writer.finalize().expect("the disk has room");
}
