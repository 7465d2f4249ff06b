//! The steps, in their order: what fails fast comes first, the tests come last.

use std::fs;
use std::io::{IsTerminal, stderr};

use anyhow::{Context, Result};

use super::{ClosingLine, Step};
use crate::tool;
use crate::workspace::Workspace;
use crate::{check_deps, corpus, deny, fuzz, install, purity, rfc, sim, tidy};

pub(super) const STEPS: &[Step] = &[
    Step {
        name: "install",
        about: "what the steps below need and the machine lacks",
        run: |workspace| none(install::for_ci(workspace)),
        listed: always,
    },
    Step {
        name: "fmt",
        about: "rustfmt would change nothing",
        run: format,
        listed: always,
    },
    Step {
        name: "check-deps",
        about: "each crate keeps to the table of allowed edges",
        run: |workspace| none(check_deps::run(workspace)),
        listed: always,
    },
    Step {
        name: "tidy",
        about: "sizes, forbidden words, documents and their links",
        run: |workspace| none(tidy::run(workspace)),
        listed: always,
    },
    Step {
        name: "rfc-coverage",
        about: "docs/rfc-coverage.md says what the citations in code and tests say",
        run: |workspace| none(rfc::check(workspace)),
        listed: always,
    },
    Step {
        name: "corpus",
        about: "each fuzz target has inputs and a test that replays them",
        run: |workspace| none(corpus::run(workspace)),
        listed: always,
    },
    Step {
        name: "clippy",
        about: "no warnings in any target",
        run: clippy,
        listed: always,
    },
    Step {
        name: "purity",
        about: "wire and machine crates link no standard library",
        run: |workspace| none(purity::run(workspace)),
        listed: always,
    },
    Step {
        name: "doc",
        about: "the documentation builds without warnings",
        run: documentation,
        listed: always,
    },
    Step {
        name: "doctest",
        about: "the examples in the documentation run",
        run: doctests,
        listed: always,
    },
    Step {
        name: "fuzz-build",
        about: "the fuzz targets compile",
        run: |workspace| none(fuzz::build(workspace)),
        listed: always,
    },
    Step {
        name: "deny",
        about: "licences, duplicate versions, sources and advisories",
        run: |workspace| none(deny::run(workspace)),
        listed: always,
    },
    Step {
        name: "sim",
        about: "the virtual world keeps its invariants with each seed (binary plenum-sim)",
        run: |workspace| none(sim::run_for_ci(workspace)),
        listed: sim::is_there,
    },
    Step {
        name: "peers",
        about: "SIPp and baresip call the server (crates/plenum/tests/peer*)",
        run: peers,
        listed: has_peer_tests,
    },
    Step {
        name: "test",
        about: "all other tests",
        run: tests,
        listed: always,
    },
];

#[expect(
    clippy::unnecessary_wraps,
    reason = "the signature of a step's condition"
)]
fn always(_: &Workspace) -> Result<bool> {
    Ok(true)
}

fn none(result: Result<()>) -> Result<ClosingLine> {
    result.map(|()| None)
}

fn format(workspace: &Workspace) -> Result<ClosingLine> {
    none(tool::run(&mut workspace.cargo(["fmt", "--all", "--check"])))?;
    let mut fuzz = workspace.cargo(["fmt", "--manifest-path", "fuzz/Cargo.toml", "--check"]);
    none(tool::run(&mut fuzz))
}

fn clippy(workspace: &Workspace) -> Result<ClosingLine> {
    let mut command = workspace.cargo(["clippy", "--workspace", "--all-targets"]);
    none(tool::run(command.args(["--", "-D", "warnings"])))
}

fn documentation(workspace: &Workspace) -> Result<ClosingLine> {
    let mut command = workspace.cargo(["doc", "--workspace", "--no-deps"]);
    none(tool::run(command.env("RUSTDOCFLAGS", "-D warnings")))
}

fn doctests(workspace: &Workspace) -> Result<ClosingLine> {
    none(tool::run(&mut workspace.cargo([
        "test",
        "--workspace",
        "--doc",
    ])))
}

fn tests(workspace: &Workspace) -> Result<ClosingLine> {
    nextest(workspace, &["--workspace"])
}

/// Real peers meet the server as users get it, so it is built in release.
fn peers(workspace: &Workspace) -> Result<ClosingLine> {
    nextest(
        workspace,
        &["--package", "plenum", "--release", "--profile", "peers"],
    )
}

/// The files that `.config/nextest.toml` gives to the profile `peers`.
fn has_peer_tests(workspace: &Workspace) -> Result<bool> {
    let folder = workspace.path("crates/plenum/tests");
    if !folder.is_dir() {
        return Ok(false);
    }
    for entry in fs::read_dir(folder)? {
        if entry?.file_name().to_string_lossy().starts_with("peer") {
            return Ok(true);
        }
    }
    Ok(false)
}

fn nextest(workspace: &Workspace, arguments: &[&str]) -> Result<ClosingLine> {
    let colour = if stderr().is_terminal() {
        "always"
    } else {
        "never"
    };
    let mut command = workspace.cargo(["nextest", "run", "--color", colour]);
    let line = tool::run_and_keep(command.args(arguments), is_closing_line)?;
    line.map(Some)
        .context("nextest ended without the line that sums up")
}

/// nextest ends with a line such as `Summary [ 1.5s] 12 tests run: 12 passed, 0 skipped`.
fn is_closing_line(line: &str) -> bool {
    line.contains("Summary") && line.contains(" run: ") && line.contains(" passed")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_closing_line_of_nextest_is_known() {
        let line = "     Summary [   0.021s] 31 tests run: 31 passed, 0 skipped";
        assert!(is_closing_line(line));
        assert!(!is_closing_line(
            "        PASS [   0.008s] xtask a::summary_is_passed"
        ));
    }
}
