//! Rules on files that neither the compiler nor clippy checks.

use std::fmt;
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};

use crate::workspace::{Workspace, array};

pub(crate) mod lexer;
mod links;
pub(crate) mod rust;
mod text;

/// Production files aim at 200 lines; past this one a file is a defect.
pub(crate) const FILE_LINES_MAX: usize = 800;
/// Functions aim at 30 lines, from `fn` to the closing brace.
pub(crate) const FUNCTION_LINES_MAX: usize = 70;
/// The width that rustfmt keeps where it can break a line.
pub(crate) const COLUMNS_MAX: usize = 100;

/// Words that would tie the repository to the machine it was written on.
///
/// Each is written in two halves, so that this file does not break its own rule.
const FORBIDDEN_WORDS: &[&str] = &[
    concat!("/wo", "rk/"),
    concat!("/tmp/", "target"),
    concat!("/ro", "ot/"),
    concat!("<<<<", "<<< "),
    concat!(">>>>", ">>> "),
];

/// What the continuous integration runs, to the byte: the rest lives in `ci`.
const CI_SCRIPT: &str = "#!/usr/bin/env bash\nexec cargo xtask ci\n";

/// A broken rule, and where.
#[derive(Debug, PartialEq)]
pub(crate) struct Violation {
    path: PathBuf,
    /// Counted from 1; 0 when the whole file is meant.
    line: usize,
    sentence: String,
}

impl Violation {
    pub(crate) fn new(path: &Path, line: usize, sentence: impl Into<String>) -> Self {
        Self {
            path: path.to_path_buf(),
            line,
            sentence: sentence.into(),
        }
    }
}

impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.path.display())?;
        if self.line > 0 {
            write!(f, ":{}", self.line)?;
        }
        write!(f, ": {}", self.sentence)
    }
}

/// Checks all files of the repository.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let files = workspace.files()?;
    let mut violations = Vec::new();
    for path in files.iter().filter(|path| is_text(path)) {
        violations.extend(check_file(workspace, path, &workspace.read(path)?));
    }
    violations.extend(check_crate_docs(workspace)?);
    violations.extend(check_ci_script(workspace)?);
    if violations.is_empty() {
        println!("{} files are tidy", files.len());
        return Ok(());
    }
    let sentences: Vec<String> = violations.iter().map(ToString::to_string).collect();
    bail!(
        "{} rules broken:\n{}",
        sentences.len(),
        sentences.join("\n")
    )
}

fn check_file(workspace: &Workspace, path: &Path, content: &str) -> Vec<Violation> {
    let mut violations = text::forbidden_words(path, content, FORBIDDEN_WORDS);
    match extension(path) {
        "rs" => violations.extend(rust::check(path, content)),
        "md" => {
            violations.extend(text::whitespace(path, content));
            violations.extend(links::check(workspace.root(), path, content));
        }
        "toml" => violations.extend(text::whitespace(path, content)),
        _ => {}
    }
    violations
}

/// Each crate opens with what it is for.
fn check_crate_docs(workspace: &Workspace) -> Result<Vec<Violation>> {
    let metadata = workspace.metadata()?;
    let mut violations = Vec::new();
    for package in array(&metadata["packages"]) {
        for target in array(&package["targets"]) {
            let kinds = array(&target["kind"]);
            if !kinds.iter().any(|kind| kind == "lib" || kind == "bin") {
                continue;
            }
            let source = Path::new(target["src_path"].as_str().unwrap_or_default());
            let path = source.strip_prefix(workspace.root()).unwrap_or(source);
            violations.extend(rust::crate_doc(path, &workspace.read(path)?));
        }
    }
    Ok(violations)
}

fn check_ci_script(workspace: &Workspace) -> Result<Option<Violation>> {
    let path = Path::new(".ci/run");
    let sentence = "must be exactly the two lines that call `cargo xtask ci`: add a step to \
                    xtask/src/ci.rs instead";
    let as_expected = workspace.read(path)? == CI_SCRIPT;
    Ok((!as_expected).then(|| Violation::new(path, 0, sentence)))
}

/// Files that people write, by extension or by name.
fn is_text(path: &Path) -> bool {
    const EXTENSIONS: &[&str] = &[
        "conf", "csv", "html", "json", "md", "rs", "sh", "toml", "txt", "xml", "yaml", "yml",
    ];
    let inside_ci = path.parent() == Some(Path::new(".ci"));
    inside_ci || EXTENSIONS.contains(&extension(path))
}

fn extension(path: &Path) -> &str {
    path.extension()
        .and_then(|extension| extension.to_str())
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_violation_shows_as_place_and_sentence() {
        let somewhere = Violation::new(Path::new("a/b.rs"), 7, "is wrong");
        assert_eq!(somewhere.to_string(), "a/b.rs:7: is wrong");
        assert_eq!(
            Violation::new(Path::new("c.md"), 0, "is wrong").to_string(),
            "c.md: is wrong"
        );
    }

    #[test]
    fn scripts_and_documents_are_text_and_recordings_are_not() {
        assert!(is_text(Path::new(".ci/run")));
        assert!(is_text(Path::new("docs/guide/dialplan.md")));
        assert!(!is_text(Path::new("crates/media/tests/tone.wav")));
    }
}
