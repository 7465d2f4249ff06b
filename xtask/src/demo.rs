//! `cargo xtask demo`: from a fresh machine to a server that one can call.

use anyhow::{Result, bail};
use clap::Args;

use crate::install;
use crate::tool;
use crate::workspace::Workspace;

#[derive(Args)]
pub(crate) struct Options {
    /// What `plenum demo` gets, options included
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    arguments: Vec<String>,
}

/// Installs what the build needs, builds, and becomes the server.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    install::for_build(workspace)?;
    println!("building the server (the first time takes some minutes)");
    let server = workspace.build_release("plenum", "plenum")?;
    let mut command = workspace.command(&server);
    command.arg("demo").args(&options.arguments);
    become_program(&mut command)
}

/// Replaces this process, so that Ctrl-C and the exit code are the server's own.
#[cfg(unix)]
fn become_program(command: &mut std::process::Command) -> Result<()> {
    use std::os::unix::process::CommandExt;

    let error = command.exec();
    bail!("cannot start `{}`: {error}", tool::display(command))
}

#[cfg(not(unix))]
fn become_program(command: &mut std::process::Command) -> Result<()> {
    bail!("`{}` needs a Unix system", tool::display(command))
}
