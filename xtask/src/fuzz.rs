//! `cargo xtask fuzz`: one target, for a bounded time, on the stable compiler.

use std::collections::BTreeSet;
use std::fs;
use std::path::PathBuf;

use anyhow::{Result, bail};
use clap::Args;

use crate::corpus;
use crate::install;
use crate::tool;
use crate::workspace::Workspace;

/// Inputs longer than a UDP datagram teach a datagram parser nothing.
const INPUT_BYTES_MAX: usize = 65_535;
/// One input that takes longer than this is a finding: parsing is linear.
const INPUT_SECONDS_MAX: u32 = 5;

#[derive(Args)]
pub(crate) struct Options {
    /// A file name in fuzz/fuzz_targets without `.rs`
    target: String,
    /// How long to search
    #[arg(long, default_value_t = 60)]
    seconds: u32,
}

/// Fuzzes one target, starting from its corpus.
///
/// Inputs that reach new code are kept beside the findings and not in the repository's corpus,
/// which a person curates.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let targets = corpus::targets(workspace)?;
    let Options { target, seconds } = options;
    if !targets.contains(target) {
        bail!(
            "there is no fuzz target {target}; there are {}",
            targets.join(", ")
        );
    }
    install::install_subcommand(workspace, &install::FUZZ)?;
    let before = findings(workspace, target);
    let searched = search(workspace, target, *seconds);
    match findings(workspace, target).difference(&before).next() {
        Some(input) => bail!(
            "{target} found {}. Repair the parser, then move the input to fuzz/corpus/{target}, \
             where a test replays it",
            input.display()
        ),
        None => searched,
    }
}

fn search(workspace: &Workspace, target: &str, seconds: u32) -> Result<()> {
    let kept = format!("fuzz/artifacts/kept/{target}");
    let corpus = format!("fuzz/corpus/{target}");
    for folder in [&kept, &corpus] {
        fs::create_dir_all(workspace.path(folder))?;
    }
    let mut command = workspace.cargo(["fuzz", "run", target, &kept, &corpus, "--"]);
    command
        .env("RUSTC_BOOTSTRAP", "1")
        .arg(format!("-max_total_time={seconds}"))
        .arg(format!("-max_len={INPUT_BYTES_MAX}"))
        .arg(format!("-timeout={INPUT_SECONDS_MAX}"));
    tool::run(&mut command)
}

/// The inputs that broke a target, as the fuzzer left them.
fn findings(workspace: &Workspace, target: &str) -> BTreeSet<PathBuf> {
    let folder = workspace.path(&format!("fuzz/artifacts/{target}"));
    let Ok(entries) = fs::read_dir(folder) else {
        return BTreeSet::new();
    };
    entries
        .filter_map(Result::ok)
        .map(|entry| entry.path())
        .collect()
}

/// Compiles all targets without running them.
pub(crate) fn build(workspace: &Workspace) -> Result<()> {
    let mut command = workspace.cargo(["check", "--manifest-path", "fuzz/Cargo.toml"]);
    tool::run(&mut command)
}
