use std::f32::consts::TAU;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::resample::{RATE, to_i16};
use super::sounds::{Limits, load_file};
use super::wav::Format;

/// Files of a music class that are looked at.
pub const MUSIC_FILES_MAX: usize = 1024;

/// Samples of one chord of the generated music: four seconds.
const CHORD_LEN: usize = 4 * RATE as usize;

/// Notes of one chord, one each half second.
const NOTES_PER_CHORD: usize = 8;

/// Samples after which a note has faded to a third.
const FADE: f32 = 0.6 * RATE as f32;

/// Samples in which a note comes in, so that it does not click.
const ATTACK: f32 = 0.02 * RATE as f32;

/// Samples that a note rings: it is 40 dB down then.
const RING: usize = 3 * RATE as usize;

/// Level of one note; at most three ring at a time with any strength.
const LEVEL: f32 = 0.09;

/// The chords as half tones above A3: A minor 7, F major 7, C major, G.
const CHORDS: [[i32; 4]; 4] = [
    [0, 3, 7, 10],
    [-4, 0, 3, 7],
    [-9, -5, -2, 3],
    [-14, -2, 2, 5],
];

/// The order in which the notes of a chord are played.
const PATTERN: [usize; NOTES_PER_CHORD] = [0, 1, 2, 3, 2, 1, 3, 2];

/// Loads a music class: its files one after another, in the order of their names.
pub(super) fn load_class(folder: &Path, limits: &Limits) -> Result<Vec<i16>, String> {
    let mut files = list(folder)?;
    files.sort();
    let mut music = Vec::new();
    for (path, format) in files {
        let room = limits.samples_max.saturating_sub(music.len());
        let piece = load_file(&path, format, limits)?;
        music.extend_from_slice(&piece[..piece.len().min(room)]);
        if music.len() == limits.samples_max {
            break;
        }
    }
    if music.is_empty() {
        return Err(format!(
            "the music folder {} holds no sound; put .wav files into it",
            folder.display()
        ));
    }
    Ok(music)
}

fn list(folder: &Path) -> Result<Vec<(PathBuf, Format)>, String> {
    let failed = |error| {
        format!(
            "the music folder {} cannot be read: {error}",
            folder.display()
        )
    };
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)?.take(MUSIC_FILES_MAX) {
        let path = entry.map_err(failed)?.path();
        let extension = path.extension().and_then(|extension| extension.to_str());
        if let Some(format) = extension.and_then(Format::of_extension) {
            files.push((path, format));
        }
    }
    Ok(files)
}

/// Makes 16 seconds of quiet broken chords that begin again without a seam.
pub(super) fn generated() -> Arc<[i16]> {
    let mut music = vec![0.0f32; CHORDS.len() * CHORD_LEN];
    for (index, chord) in CHORDS.iter().enumerate() {
        for (place, note) in PATTERN.iter().enumerate() {
            let start = index * CHORD_LEN + place * CHORD_LEN / NOTES_PER_CHORD;
            pluck(&mut music, start, chord[*note]);
        }
    }
    music.into_iter().map(to_i16).collect()
}

/// Adds one fading note; what rings beyond the end sounds at the beginning.
fn pluck(music: &mut [f32], start: usize, half_tones: i32) {
    let frequency = 220.0 * (half_tones as f32 / 12.0).exp2();
    let len = music.len();
    for n in 0..RING {
        let at = n as f32;
        let envelope = (at / ATTACK).min(1.0) * (-at / FADE).exp();
        let phase = TAU * frequency * at / RATE as f32;
        let tone = phase.sin() + 0.3 * (2.0 * phase).sin();
        music[(start + n) % len] += LEVEL * envelope * tone;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_generated_music_is_quiet_continuous_and_without_a_seam() {
        let music = generated();
        assert_eq!(music.len(), 16 * RATE as usize);
        let peak = music
            .iter()
            .map(|sample| sample.unsigned_abs())
            .max()
            .unwrap();
        assert!((3_000..16_000).contains(&peak), "{peak}");
        // Nowhere is there half a second of silence, nor a jump, also not around the end.
        for half_second in music.chunks(4_000) {
            assert!(half_second.iter().any(|sample| sample.unsigned_abs() > 500));
        }
        let next = music.iter().cycle().skip(1);
        for (a, b) in music.iter().zip(next) {
            assert!((i32::from(*a) - i32::from(*b)).abs() < 8_000);
        }
    }
}
