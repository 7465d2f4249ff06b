//! The word that was probably meant.
//!
//! The distance is our own: `strsim`, which the program measures with, needs the standard library,
//! and this crate does without.

use alloc::string::String;
use alloc::vec::Vec;

/// Longer words are not compared: the cost grows with the square of the length.
const WORD_CHARS_MAX: usize = 40;

/// Further candidates are not looked at: a suggestion is a courtesy and must stay cheap.
pub(crate) const CANDIDATES_MAX: usize = 1_000;

/// Finds the candidate that is closest to `word`, if any is close enough to be a slip.
pub(crate) fn nearest<'a>(
    word: &str,
    candidates: impl IntoIterator<Item = &'a str>,
) -> Option<&'a str> {
    let word = fold(word)?;
    let slips_max = 1 + word.len() / 4;
    candidates
        .into_iter()
        .take(CANDIDATES_MAX)
        .filter_map(|candidate| Some((distance(&word, &fold(candidate)?), candidate)))
        .filter(|(distance, _)| *distance <= slips_max)
        .min_by_key(|(distance, _)| *distance)
        .map(|(_, candidate)| candidate)
}

/// Writes `; did you mean "x"?`, or nothing.
pub(crate) fn hint<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> String {
    nearest(word, candidates)
        .map(|candidate| alloc::format!("; did you mean \"{candidate}\"?"))
        .unwrap_or_default()
}

fn fold(word: &str) -> Option<Vec<char>> {
    let folded: Vec<char> = word
        .chars()
        .take(WORD_CHARS_MAX + 1)
        .map(|c| c.to_ascii_lowercase())
        .collect();
    (folded.len() <= WORD_CHARS_MAX).then_some(folded)
}

/// Levenshtein's distance: insertions, removals and replacements.
fn distance(from: &[char], to: &[char]) -> usize {
    let mut row: Vec<usize> = (0..=to.len()).collect();
    for (i, left) in from.iter().enumerate() {
        let mut diagonal = row[0];
        row[0] = i + 1;
        for (j, right) in to.iter().enumerate() {
            let replaced = diagonal + usize::from(left != right);
            diagonal = row[j + 1];
            row[j + 1] = replaced.min(row[j] + 1).min(diagonal + 1);
        }
    }
    row[to.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slip_is_recognised_and_a_different_word_is_not() {
        let names = ["ConfBridge", "Playback", "Hangup"];
        assert_eq!(nearest("ConfBrige", names), Some("ConfBridge"));
        assert_eq!(nearest("hagnup", names), Some("Hangup"));
        assert_eq!(nearest("Dial", names), None);
        assert_eq!(nearest(&"x".repeat(4000), names), None);
    }
}
