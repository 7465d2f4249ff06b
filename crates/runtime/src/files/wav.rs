use std::io::{Cursor, Read};

use hound::{SampleFormat, WavReader};
use plenum_codecs::Codec;

use super::resample::{RATE, RATES, to_mixing_rate};

/// Format tags of WAV files that hold G.711 (RFC 2361).
const TAG_ALAW: u16 = 6;
const TAG_ULAW: u16 = 7;

/// Longest run of chunks before the audio of a WAV file.
const CHUNKS_MAX: usize = 64;

/// The forms in which audio lies in files, in the order in which they are looked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Format {
    Wav,
    Ulaw,
    Alaw,
    Sln,
}

impl Format {
    pub(super) const ALL: [Self; 4] = [Self::Wav, Self::Ulaw, Self::Alaw, Self::Sln];

    pub(super) const fn extension(self) -> &'static str {
        match self {
            Self::Wav => "wav",
            Self::Ulaw => "ulaw",
            Self::Alaw => "alaw",
            Self::Sln => "sln",
        }
    }

    pub(super) fn of_extension(extension: &str) -> Option<Self> {
        match extension {
            "wav" => Some(Self::Wav),
            "ulaw" | "ul" | "mu" | "pcm" => Some(Self::Ulaw),
            "alaw" | "al" => Some(Self::Alaw),
            "sln" | "raw" => Some(Self::Sln),
            _ => None,
        }
    }

    /// Decodes a file to 8 kHz, mono.
    ///
    /// # Errors
    ///
    /// What is wrong with the file, as the end of a sentence that begins with its name.
    pub(super) fn decode(self, bytes: &[u8]) -> Result<Vec<i16>, String> {
        match self {
            Self::Wav => decode_wav(bytes),
            Self::Ulaw => Ok(decode_g711(Codec::Pcmu, bytes)),
            Self::Alaw => Ok(decode_g711(Codec::Pcma, bytes)),
            Self::Sln => Ok(decode_sln(bytes)),
        }
    }
}

fn decode_sln(bytes: &[u8]) -> Vec<i16> {
    bytes
        .as_chunks::<2>()
        .0
        .iter()
        .map(|pair| i16::from_le_bytes(*pair))
        .collect()
}

fn decode_g711(codec: Codec, bytes: &[u8]) -> Vec<i16> {
    let mut samples = vec![0; bytes.len()];
    let len = codec.decode(bytes, &mut samples);
    samples.truncate(len);
    samples
}

fn decode_wav(bytes: &[u8]) -> Result<Vec<i16>, String> {
    if let Some(g711) = find_g711(bytes) {
        return decode_g711_wav(g711);
    }
    let reader = WavReader::new(Cursor::new(bytes)).map_err(|error| describe(&error))?;
    let spec = reader.spec();
    check(spec.sample_rate, spec.channels)?;
    let expected = reader.len() as usize;
    let (samples, cut) = match spec.sample_format {
        SampleFormat::Float => read(reader, |sample: f32| sample),
        SampleFormat::Int => {
            let full = (1u64 << spec.bits_per_sample.saturating_sub(1).min(31)) as f32;
            read(reader, move |sample: i32| sample as f32 / full)
        }
    };
    match cut {
        Some(hound::Error::IoError(_)) => Err(format!(
            "is cut short: it promises {expected} samples and holds {}; copy it again",
            samples.len()
        )),
        Some(error) => Err(describe(&error)),
        None => Ok(to_mixing_rate(
            &to_mono(&samples, spec.channels),
            spec.sample_rate,
        )),
    }
}

/// Reads samples up to the first that cannot be read.
fn read<R: Read, S: hound::Sample>(
    mut reader: WavReader<R>,
    scale: impl Fn(S) -> f32,
) -> (Vec<f32>, Option<hound::Error>) {
    let mut samples = Vec::new();
    for sample in reader.samples::<S>() {
        match sample {
            Ok(sample) => samples.push(scale(sample)),
            Err(error) => return (samples, Some(error)),
        }
    }
    (samples, None)
}

fn to_mono(samples: &[f32], channels: u16) -> Vec<f32> {
    let channels = usize::from(channels.max(1));
    let share = 1.0 / channels as f32;
    samples
        .chunks_exact(channels)
        .map(|frame| frame.iter().sum::<f32>() * share)
        .collect()
}

fn check(rate: u32, channels: u16) -> Result<(), String> {
    if !RATES.contains(&rate) {
        return Err(format!(
            "has a sample rate of {rate} Hz; convert it to one from {} to {} Hz",
            RATES.start(),
            RATES.end()
        ));
    }
    if channels == 0 {
        return Err("has no channel of audio; write it again".to_owned());
    }
    Ok(())
}

fn describe(error: &hound::Error) -> String {
    match error {
        hound::Error::FormatError(rule) => format!("is no valid WAV file ({rule}); write it again"),
        hound::Error::Unsupported | hound::Error::InvalidSampleFormat | hound::Error::TooWide => {
            "holds a kind of audio that is not read; convert it to 16-bit PCM".to_owned()
        }
        hound::Error::IoError(_) => {
            "is cut short: it ends before its audio; copy it again".to_owned()
        }
        other => format!("is no valid WAV file ({other}); write it again"),
    }
}

/// G.711 audio inside a WAV file, which hound does not read.
struct G711<'a> {
    codec: Codec,
    rate: u32,
    channels: u16,
    promised: usize,
    audio: &'a [u8],
}

/// Finds G.711 audio; `None` if the file is anything else, however broken.
fn find_g711(bytes: &[u8]) -> Option<G711<'_>> {
    let (riff, mut rest) = bytes.split_at_checked(12)?;
    if &riff[..4] != b"RIFF" || &riff[8..] != b"WAVE" {
        return None;
    }
    let mut format = None;
    for _ in 0..CHUNKS_MAX {
        let (head, body) = rest.split_at_checked(8)?;
        let promised = u32::from_le_bytes([head[4], head[5], head[6], head[7]]) as usize;
        let len = promised.min(body.len());
        match &head[..4] {
            b"fmt " => {
                let fields = body.get(..8)?;
                let codec = match u16::from_le_bytes([fields[0], fields[1]]) {
                    TAG_ALAW => Codec::Pcma,
                    TAG_ULAW => Codec::Pcmu,
                    _ => return None,
                };
                let channels = u16::from_le_bytes([fields[2], fields[3]]);
                let rate = u32::from_le_bytes([fields[4], fields[5], fields[6], fields[7]]);
                format = Some((codec, channels, rate));
            }
            b"data" => {
                let (codec, channels, rate) = format?;
                return Some(G711 {
                    codec,
                    rate,
                    channels,
                    promised,
                    audio: &body[..len],
                });
            }
            _ => {}
        }
        // Chunks begin at even offsets.
        rest = body.get(len + promised % 2..)?;
    }
    None
}

fn decode_g711_wav(file: G711<'_>) -> Result<Vec<i16>, String> {
    check(file.rate, file.channels)?;
    if file.audio.len() < file.promised {
        return Err(format!(
            "is cut short: it promises {} samples and holds {}; copy it again",
            file.promised,
            file.audio.len()
        ));
    }
    let samples = decode_g711(file.codec, file.audio);
    if file.rate == RATE && file.channels == 1 {
        return Ok(samples);
    }
    let samples: Vec<f32> = samples
        .iter()
        .map(|sample| f32::from(*sample) / 32_768.0)
        .collect();
    Ok(to_mixing_rate(&to_mono(&samples, file.channels), file.rate))
}

#[cfg(test)]
mod tests {
    use hound::{WavSpec, WavWriter};
    use proptest::prelude::*;

    use super::*;

    fn spec(bits_per_sample: u16, sample_format: SampleFormat) -> WavSpec {
        WavSpec {
            channels: 1,
            sample_rate: 8000,
            bits_per_sample,
            sample_format,
        }
    }

    fn wav<S: hound::Sample>(spec: WavSpec, samples: impl IntoIterator<Item = S>) -> Vec<u8> {
        let mut file = Cursor::new(Vec::new());
        let mut writer = WavWriter::new(&mut file, spec).unwrap();
        for sample in samples {
            writer.write_sample(sample).unwrap();
        }
        writer.finalize().unwrap();
        file.into_inner()
    }

    fn g711_wav(tag: u16, bytes: &[u8]) -> Vec<u8> {
        let mut file = b"RIFF\0\0\0\0WAVEfmt \x12\0\0\0".to_vec();
        file.extend(tag.to_le_bytes());
        file.extend([1, 0, 0x40, 0x1f, 0, 0, 0x40, 0x1f, 0, 0, 1, 0, 8, 0, 0, 0]);
        file.extend(b"data");
        file.extend(u32::try_from(bytes.len()).unwrap().to_le_bytes());
        file.extend(bytes);
        file
    }

    #[test]
    fn every_width_of_samples_reads_as_the_same_audio() {
        let int = SampleFormat::Int;
        let expected = vec![0, 16_384, -16_384, 256];
        let scaled = |shift: u32| expected.clone().into_iter().map(move |s: i32| s << shift);
        let narrow = [0i32, 64, -64, 1];
        assert_eq!(
            decode_wav(&wav(spec(8, int), narrow)).unwrap(),
            [0, 16_384, -16_384, 256]
        );
        for (bits, shift) in [(16, 0), (24, 8), (32, 16)] {
            let file = wav(spec(bits, int), scaled(shift));
            assert_eq!(
                decode_wav(&file).unwrap(),
                [0, 16_384, -16_384, 256],
                "{bits}"
            );
        }
        let floats = [0.0f32, 0.5, -0.5, 0.007_812_5];
        let file = wav(spec(32, SampleFormat::Float), floats);
        assert_eq!(decode_wav(&file).unwrap(), [0, 16_384, -16_384, 256]);
    }

    #[test]
    fn stereo_becomes_mono() {
        let stereo = WavSpec {
            channels: 2,
            ..spec(16, SampleFormat::Int)
        };
        let file = wav(stereo, [1000i16, 3000, -500, 500]);
        assert_eq!(decode_wav(&file).unwrap(), [2000, 0]);
    }

    #[test]
    fn g711_is_read_raw_and_from_wav_files() {
        let bytes = [0xFF, 0x00, 0x80, 0x55];
        for (format, codec, tag) in [
            (Format::Ulaw, Codec::Pcmu, TAG_ULAW),
            (Format::Alaw, Codec::Pcma, TAG_ALAW),
        ] {
            let expected = decode_g711(codec, &bytes);
            assert_eq!(format.decode(&bytes).unwrap(), expected);
            assert_eq!(decode_wav(&g711_wav(tag, &bytes)).unwrap(), expected);
        }
        assert_eq!(
            Format::Sln.decode(&[1, 0, 0, 0x80, 7]).unwrap(),
            [1, i16::MIN]
        );
    }

    #[test]
    fn a_file_that_is_cut_short_says_so() {
        let whole = wav(spec(16, SampleFormat::Int), (0..100).map(|_| 1i16));
        let sentence = decode_wav(&whole[..whole.len() - 50]).unwrap_err();
        assert_eq!(
            sentence,
            "is cut short: it promises 100 samples and holds 75; copy it again"
        );
        assert!(
            decode_wav(&whole[..30])
                .unwrap_err()
                .contains("is cut short")
        );
        let g711 = g711_wav(TAG_ULAW, &[0; 10]);
        assert!(
            decode_wav(&g711[..g711.len() - 1])
                .unwrap_err()
                .contains("holds 9")
        );
    }

    #[test]
    fn what_cannot_be_played_says_why() {
        assert!(
            decode_wav(b"not a sound at all")
                .unwrap_err()
                .contains("no valid WAV file")
        );
        let slow = WavSpec {
            sample_rate: 2000,
            ..spec(16, SampleFormat::Int)
        };
        let sentence = decode_wav(&wav(slow, [1i16])).unwrap_err();
        assert!(sentence.contains("2000 Hz; convert it to one from 4000 to 192000 Hz"));
    }

    proptest! {
        #[test]
        fn no_file_panics(
            mut head in prop_oneof![
                Just(g711_wav(TAG_ULAW, &[1; 20])),
                Just(wav(spec(16, SampleFormat::Int), [1i16; 10])),
                Just(wav(spec(32, SampleFormat::Float), [0.5f32; 5])),
            ],
            changes in prop::collection::vec((0usize..60, any::<u8>()), 0..6),
            len in 0usize..70,
        ) {
            for (at, value) in changes {
                if let Some(octet) = head.get_mut(at) {
                    *octet = value;
                }
            }
            head.truncate(len);
            let _ = decode_wav(&head);
        }
    }
}
