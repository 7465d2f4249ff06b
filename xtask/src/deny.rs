//! Licences, duplicate versions, sources and advisories, by cargo-deny.

use anyhow::Result;

use crate::install;
use crate::tool;
use crate::workspace::Workspace;

/// What `deny.toml` decides from what is on the machine.
const LOCAL_CHECKS: &[&str] = &["licenses", "bans", "sources"];

/// Runs cargo-deny; advisories only where their database can be fetched.
pub(crate) fn run(workspace: &Workspace) -> Result<()> {
    install::install_subcommand(workspace, &install::DENY)?;
    tool::run(
        workspace
            .cargo(["deny", "--all-features", "check"])
            .args(LOCAL_CHECKS),
    )?;
    let mut fetch = workspace.cargo(["deny", "fetch", "db"]);
    // git fetches it, and must not stop to ask a person.
    if !tool::succeeds(fetch.env("GIT_TERMINAL_PROMPT", "0")) {
        println!(
            "The advisory database cannot be fetched from here, so advisories were not checked; \
             licences, duplicate versions and sources were."
        );
        return Ok(());
    }
    tool::run(&mut workspace.cargo(["deny", "check", "--disable-fetch", "advisories"]))
}
