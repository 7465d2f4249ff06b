//! Rules on text of any kind.

use std::path::Path;

use super::Violation;

/// Words that may stand in no file.
pub(super) fn forbidden_words(path: &Path, content: &str, words: &[&str]) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (index, line) in content.lines().enumerate() {
        for word in words.iter().filter(|word| line.contains(*word)) {
            let sentence = format!("holds `{}`, which belongs to one machine only", word.trim());
            violations.push(Violation::new(path, index + 1, sentence));
        }
    }
    violations
}

/// White space that an editor shows to nobody.
pub(super) fn whitespace(path: &Path, content: &str) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (index, line) in content.lines().enumerate() {
        if line.contains('\t') {
            violations.push(Violation::new(path, index + 1, "has a tab: use spaces"));
        }
        if line.trim_end() != line {
            violations.push(Violation::new(
                path,
                index + 1,
                "has white space at its end",
            ));
        }
    }
    if !content.is_empty() && !content.ends_with('\n') {
        violations.push(Violation::new(path, 0, "must end with a line break"));
    }
    violations
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(violations: &[Violation]) -> Vec<String> {
        violations.iter().map(ToString::to_string).collect()
    }

    #[test]
    fn a_forbidden_word_is_found_with_its_line() {
        let found = forbidden_words(
            Path::new("a.md"),
            "fine\nsee /opt/secret/x\n",
            &["/secret/"],
        );
        assert_eq!(
            shown(&found),
            ["a.md:2: holds `/secret/`, which belongs to one machine only"]
        );
        assert_eq!(
            forbidden_words(Path::new("a.md"), "secret\n", &["/secret/"]),
            []
        );
    }

    #[test]
    fn every_word_of_the_real_list_is_caught() {
        for word in super::super::FORBIDDEN_WORDS {
            let line = format!("a {word} b");
            let found = forbidden_words(Path::new("a"), &line, super::super::FORBIDDEN_WORDS);
            assert_eq!(found.len(), 1, "{word}");
        }
    }

    #[test]
    fn tabs_trailing_spaces_and_a_missing_line_break_are_found() {
        let found = whitespace(Path::new("a.toml"), "a\tb\nc \nd");
        assert_eq!(
            shown(&found),
            [
                "a.toml:1: has a tab: use spaces",
                "a.toml:2: has white space at its end",
                "a.toml: must end with a line break",
            ]
        );
        assert_eq!(whitespace(Path::new("a.toml"), "a = 1\n\n# b\n"), []);
    }
}
