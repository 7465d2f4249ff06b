//! `cargo xtask sim`: reruns of the virtual world by seed.

use std::path::Path;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::tool;
use crate::workspace::Workspace;

/// The package and its binary.
const SIM: &str = "plenum-sim";
/// How many seeds the continuous integration runs.
const CI_SEEDS: u64 = 50;

#[derive(Args)]
pub(crate) struct Options {
    /// The one seed to rerun; without it, all seeds that the continuous integration runs
    #[arg(long)]
    seed: Option<u64>,
    /// What the simulator gets besides the seed, for example `--steps 1000`
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// Whether the workspace has the simulator.
pub(crate) fn is_there(workspace: &Workspace) -> Result<bool> {
    workspace.has_binary(SIM, SIM)
}

/// Reruns one seed, or all.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let simulator = build(workspace)?;
    match options.seed {
        Some(seed) => run_seed(workspace, &simulator, seed, &options.arguments),
        None => run_seeds(workspace, &simulator, &options.arguments),
    }
}

/// Runs the seeds of the continuous integration.
pub(crate) fn run_for_ci(workspace: &Workspace) -> Result<()> {
    run_seeds(workspace, &build(workspace)?, &[])
}

fn build(workspace: &Workspace) -> Result<std::path::PathBuf> {
    if !is_there(workspace)? {
        bail!("the package {SIM} has no binary {SIM} to run a seed with");
    }
    workspace.build_release(SIM, SIM)
}

fn run_seeds(workspace: &Workspace, simulator: &Path, arguments: &[String]) -> Result<()> {
    for seed in 1..=CI_SEEDS {
        run_seed(workspace, simulator, seed, arguments)
            .with_context(|| format!("rerun it with `cargo xtask sim --seed {seed}`"))?;
    }
    println!("{CI_SEEDS} seeds kept every invariant");
    Ok(())
}

fn run_seed(
    workspace: &Workspace,
    simulator: &Path,
    seed: u64,
    arguments: &[String],
) -> Result<()> {
    let mut command = workspace.command(simulator);
    command.args(["--seed", &seed.to_string()]).args(arguments);
    tool::run(&mut command)
}
