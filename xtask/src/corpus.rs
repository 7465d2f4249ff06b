//! The check that each fuzz target has recorded inputs and a test that replays them.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};

use crate::workspace::Workspace;

/// The crate whose `tests/corpus.rs` replays the inputs of a fuzz target.
const REPLAYS: &[(&str, &str)] = &[
    ("sip", "sip-msg"),
    ("sdp", "sdp"),
    ("rtp", "rtp"),
    ("rtcp", "rtp"),
    ("dialplan", "switch"),
    ("config", "plenum"),
];

/// Checks all targets of the fuzz crate.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    let targets = targets(workspace)?;
    let mut violations = Vec::new();
    let mut inputs = 0;
    for target in &targets {
        match check(workspace, target) {
            Ok(count) => inputs += count,
            Err(sentence) => violations.push(sentence),
        }
    }
    if violations.is_empty() {
        println!("{} fuzz targets replay {inputs} inputs", targets.len());
        return Ok(());
    }
    bail!("{}", violations.join("\n"))
}

/// Names of the fuzz targets, which are the files in their folder.
pub(crate) fn targets(workspace: &Workspace) -> Result<Vec<String>> {
    let folder = workspace.path("fuzz/fuzz_targets");
    let entries =
        fs::read_dir(&folder).with_context(|| format!("cannot list {}", folder.display()))?;
    let mut names = Vec::new();
    for entry in entries {
        let path = entry?.path();
        if path.extension().is_some_and(|extension| extension == "rs") {
            names.extend(
                path.file_stem()
                    .map(|stem| stem.to_string_lossy().into_owned()),
            );
        }
    }
    names.sort();
    if names.is_empty() {
        bail!("{} holds no fuzz target", folder.display());
    }
    Ok(names)
}

fn check(workspace: &Workspace, target: &str) -> Result<usize, String> {
    let inputs = count_inputs(&workspace.path(&format!("fuzz/corpus/{target}")));
    if inputs == 0 {
        return Err(format!(
            "the fuzz target {target} has no inputs: put some into fuzz/corpus/{target}"
        ));
    }
    let (_, owner) = REPLAYS
        .iter()
        .find(|(name, _)| *name == target)
        .ok_or_else(|| {
            format!("the fuzz target {target} has no row in REPLAYS in xtask/src/corpus.rs")
        })?;
    let test = format!("crates/{owner}/tests/corpus.rs");
    let source = workspace.read(Path::new(&test)).unwrap_or_default();
    if !mentions(&source, target) {
        return Err(format!(
            "nothing replays fuzz/corpus/{target}: {test} must name that folder"
        ));
    }
    Ok(inputs)
}

/// Whether a test names the folder, as `fuzz/corpus/sip` or as a text of its own, `"sip"`.
fn mentions(source: &str, target: &str) -> bool {
    let quoted = format!("\"{target}\"");
    let path = format!("corpus/{target}\"");
    source.contains("corpus") && (source.contains(&quoted) || source.contains(&path))
}

fn count_inputs(folder: &Path) -> usize {
    let Ok(entries) = fs::read_dir(folder) else {
        return 0;
    };
    entries
        .filter_map(Result::ok)
        .filter(|entry| entry.path().is_file())
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_replay_names_the_folder_of_its_target() {
        assert!(mentions("replay(\"../../fuzz/corpus/rtp\")", "rtp"));
        assert!(mentions(
            "const CORPUS: &str = \"fuzz\"; replay(\"rtp\") // corpus",
            "rtp"
        ));
        assert!(!mentions("replay(\"../../fuzz/corpus/rtcp\")", "rtp"));
        assert!(!mentions("", "rtp"));
    }

    #[test]
    fn a_folder_that_is_not_there_holds_no_inputs() {
        assert_eq!(count_inputs(Path::new("no/such/folder")), 0);
        assert!(count_inputs(Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/src"))) > 0);
    }
}
