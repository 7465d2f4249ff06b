//! Which known word a misspelt one was meant to be.

/// Returns the candidate nearest to `word`, if it is near enough to be what was meant.
///
/// Near is at most one edit for every three letters, and at least one; a swap of neighbours counts
/// as one edit.
pub fn nearest<'a>(word: &str, candidates: impl IntoIterator<Item = &'a str>) -> Option<&'a str> {
    let allowed = (word.chars().count() / 3).max(1);
    let distances = candidates
        .into_iter()
        .map(|candidate| (distance(word, candidate), candidate));
    distances
        .filter(|(distance, _)| *distance <= allowed)
        .min()
        .map(|(_, candidate)| candidate)
}

/// Counts the edits between two words: the optimal string alignment distance.
fn distance(a: &str, b: &str) -> usize {
    strsim::osa_distance(&lower(a), &lower(b))
}

/// Lower-cases a word; only its first letters count, which bounds the work.
fn lower(word: &str) -> String {
    word.chars().flat_map(char::to_lowercase).take(64).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn finds_the_word_behind_a_typo() {
        let words = ["listen", "domain", "anonymous_context"];
        assert_eq!(nearest("lisen", words), Some("listen"));
        assert_eq!(nearest("lsiten", words), Some("listen"));
        assert_eq!(nearest("anonymus_contxt", words), Some("anonymous_context"));
        assert_eq!(nearest("Domain", words), Some("domain"));
    }

    #[test]
    fn offers_nothing_when_nothing_is_near() {
        assert_eq!(nearest("password", ["listen", "domain"]), None);
    }
}
