//! The repository's own commands, run as `cargo xtask COMMAND`.
//!
//! `ci` is everything that must hold, in order; each of its steps can run alone. `demo`, `sim` and
//! `fuzz` build what they need and run it. Few dependencies: every run starts with compiling this.
//!
//! Absent on purpose: anything that a cargo command does by itself.
#![forbid(unsafe_code)]
#![allow(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a command line tool speaks to its user on these"
)]

mod check_deps;
mod ci;
mod corpus;
mod demo;
mod deny;
mod fuzz;
mod install;
mod purity;
mod rfc;
mod sim;
mod tidy;
mod tool;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::workspace::Workspace;

#[derive(Parser)]
#[command(
    name = "cargo xtask",
    bin_name = "cargo xtask",
    about = "Plenum's own build commands"
)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Runs everything that must hold, in order, and stops at the first failure
    Ci(ci::Options),
    /// Checks the dependencies of each crate against the table of allowed edges
    CheckDeps,
    /// Checks sizes, forbidden words, documents and their links
    Tidy,
    /// Checks that the wire and machine crates link neither the standard library nor an OS
    Purity,
    /// Checks that each fuzz target has a corpus and a test that replays it
    Corpus,
    /// Writes docs/rfc-coverage.md from the citations of standards in code and tests
    RfcCoverage(rfc::Options),
    /// Checks licences, duplicate versions, sources and advisories with cargo-deny
    Deny,
    /// Builds the server and runs `plenum demo`
    Demo(demo::Options),
    /// Reruns simulation seeds
    Sim(sim::Options),
    /// Fuzzes one target for a bounded time
    Fuzz(fuzz::Options),
}

fn main() -> ExitCode {
    match run(Cli::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let causes: Vec<String> = error.chain().map(ToString::to_string).collect();
            eprintln!("error: {}", causes.join("\n"));
            ExitCode::FAILURE
        }
    }
}

fn run(cli: Cli) -> Result<()> {
    let workspace = Workspace::find()?;
    match cli.command {
        Command::Ci(options) => ci::run(&workspace, &options),
        Command::CheckDeps => check_deps::run(&workspace),
        Command::Tidy => tidy::run(&workspace),
        Command::Purity => purity::run(&workspace),
        Command::Corpus => corpus::run(&workspace),
        Command::RfcCoverage(options) => rfc::run(&workspace, &options),
        Command::Deny => deny::run(&workspace),
        Command::Demo(options) => demo::run(&workspace, &options),
        Command::Sim(options) => sim::run(&workspace, &options),
        Command::Fuzz(options) => fuzz::run(&workspace, &options),
    }
}
