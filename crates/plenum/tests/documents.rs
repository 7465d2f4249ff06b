//! The examples of the documents are true: `plenum config check` finds them good.

use std::path::{Path, PathBuf};
use std::process::Command;

const README: &str = include_str!("../../../README.md");
const DEMO: &str = include_str!("../assets/demo.conf");
const CONFIGURATION: &str = include_str!("../../../docs/guide/configuration.md");
const DIALPLAN: &str = include_str!("../../../docs/guide/dialplan.md");

/// Returns the first block of a language after a heading or sentence.
fn block<'d>(document: &'d str, after: &str, language: &str) -> &'d str {
    let (_, rest) = document.split_once(after).expect("the place");
    let fence = format!("```{language}\n");
    let (_, rest) = rest.split_once(fence.as_str()).expect("a block");
    rest.split_once("```").expect("its end").0
}

/// Checks a configuration with a dialplan beside it, and returns what is said.
fn check(name: &str, configuration: &str, dialplan: &str) -> String {
    let folder: PathBuf = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    std::fs::create_dir_all(&folder).expect("a folder for the test");
    let file = folder.join("plenum.toml");
    std::fs::write(&file, configuration).expect("written");
    std::fs::write(folder.join("extensions.conf"), dialplan).expect("written");
    let mut plenum = Command::new(env!("CARGO_BIN_EXE_plenum"));
    let output = plenum.args(["config", "check"]).arg(&file).output();
    let output = output.expect("the server's binary runs");
    let said = [output.stdout, output.stderr].concat();
    let said = String::from_utf8_lossy(&said).into_owned();
    said.replace(&file.display().to_string(), "plenum.toml")
}

#[test]
fn the_recipe_of_the_readme_is_good() {
    let configuration = block(README, "**From other machines**", "toml");
    assert_eq!(check("readme", configuration, DEMO), "plenum.toml: good\n");
}

#[test]
fn the_example_of_the_configuration_guide_is_good() {
    let configuration = block(CONFIGURATION, "## A server for a local network", "toml");
    let said = check("configuration", configuration, DEMO);
    assert_eq!(said, "plenum.toml: good\n");
}

#[test]
fn the_example_of_the_dialplan_guide_is_good() {
    let dialplan = block(DIALPLAN, "# Dialplan", "ini");
    let configuration = block(DIALPLAN, "# Dialplan", "toml");
    let said = check("dialplan", configuration, dialplan);
    assert_eq!(said, "plenum.toml: good\n");
}
