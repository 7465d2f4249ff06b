//! Installing what a command needs and the machine lacks.

use std::io::{IsTerminal, stdin};
use std::process::Command;

use anyhow::{Context, Result, bail};

use crate::tool;
use crate::workspace::Workspace;

/// A program that Debian packages.
struct Program {
    name: &'static str,
    package: &'static str,
    purpose: &'static str,
}

/// Compilers: the allocator is C, and the fuzzer is C++.
const BUILD_PROGRAMS: &[Program] = &[Program {
    name: "cc",
    package: "build-essential",
    purpose: "compiles the allocator",
}];

const CI_PROGRAMS: &[Program] = &[
    Program {
        name: "c++",
        package: "build-essential",
        purpose: "compiles the fuzzer",
    },
    Program {
        name: "git",
        package: "git",
        purpose: "fetches the advisory database",
    },
    Program {
        name: "sipp",
        package: "sip-tester",
        purpose: "calls in as a foreign client",
    },
    Program {
        name: "baresip",
        package: "baresip-core",
        purpose: "calls in as a foreign phone",
    },
];

/// A cargo subcommand that crates.io has.
pub(crate) struct Subcommand {
    name: &'static str,
    package: &'static str,
}

pub(crate) const NEXTEST: Subcommand = Subcommand {
    name: "nextest",
    package: "cargo-nextest",
};
pub(crate) const DENY: Subcommand = Subcommand {
    name: "deny",
    package: "cargo-deny",
};
pub(crate) const FUZZ: Subcommand = Subcommand {
    name: "fuzz",
    package: "cargo-fuzz",
};

/// Installs what a build of the server needs.
pub(crate) fn for_build(workspace: &Workspace) -> Result<()> {
    install_programs(workspace, BUILD_PROGRAMS)
}

/// Installs what the continuous integration needs.
pub(crate) fn for_ci(workspace: &Workspace) -> Result<()> {
    install_programs(workspace, BUILD_PROGRAMS)?;
    install_programs(workspace, CI_PROGRAMS)?;
    install_components(workspace)?;
    install_subcommand(workspace, &NEXTEST)?;
    install_subcommand(workspace, &DENY)
}

/// Parts of the toolchain that a minimal installation leaves out.
const COMPONENTS: &[(&str, &str)] = &[("fmt", "rustfmt"), ("clippy", "clippy")];

/// Installs the parts of the toolchain that are absent.
fn install_components(workspace: &Workspace) -> Result<()> {
    for (subcommand, component) in COMPONENTS {
        if tool::succeeds(&mut workspace.cargo([*subcommand, "--version"])) {
            println!("{component} is there");
            continue;
        }
        if tool::find("rustup").is_none() {
            bail!(
                "`cargo {subcommand}` is missing, and there is no rustup to install it with; \
                 install {component} as you installed Rust (on Debian: `apt-get install rustfmt \
                 rust-clippy`), or install Rust with rustup"
            );
        }
        println!("installing {component} with `rustup component add`");
        let mut rustup = workspace.command("rustup");
        tool::run(rustup.args(["component", "add", component]))
            .with_context(|| format!("{component} could not be installed with rustup"))?;
    }
    Ok(())
}

/// Installs a cargo subcommand if it is absent.
pub(crate) fn install_subcommand(workspace: &Workspace, wanted: &Subcommand) -> Result<()> {
    if tool::succeeds(&mut workspace.cargo([wanted.name, "--version"])) {
        println!("{} is there", wanted.package);
        return Ok(());
    }
    println!(
        "installing {} with `cargo install --locked` (some minutes)",
        wanted.package
    );
    tool::run(&mut workspace.cargo(["install", "--quiet", "--locked", wanted.package]))
        .with_context(|| format!("{} could not be installed from crates.io", wanted.package))
}

fn install_programs(workspace: &Workspace, programs: &[Program]) -> Result<()> {
    let missing: Vec<&Program> = programs
        .iter()
        .filter(|program| tool::find(program.name).is_none())
        .collect();
    for program in programs {
        if missing.iter().all(|other| other.name != program.name) {
            println!("{} is there", program.name);
        }
    }
    if missing.is_empty() {
        return Ok(());
    }
    for program in &missing {
        println!(
            "{} is missing ({}): {}",
            program.name, program.package, program.purpose
        );
    }
    apt_install(workspace, &packages(&missing)).with_context(|| by_hand(&missing))?;
    match missing
        .iter()
        .find(|program| tool::find(program.name).is_none())
    {
        Some(program) => bail!(
            "apt installed {} and `{}` is still not on the search path",
            program.package,
            program.name
        ),
        None => Ok(()),
    }
}

/// Package names without repeats, in the order of the programs.
fn packages<'a>(missing: &[&'a Program]) -> Vec<&'a str> {
    let mut names = Vec::new();
    for program in missing {
        if !names.contains(&program.package) {
            names.push(program.package);
        }
    }
    names
}

fn by_hand(missing: &[&Program]) -> String {
    let names: Vec<&str> = missing.iter().map(|program| program.name).collect();
    format!(
        "could not install what is missing; install {} by hand (on Debian: `apt-get install {}`)",
        names.join(", "),
        packages(missing).join(" ")
    )
}

fn apt_install(workspace: &Workspace, packages: &[&str]) -> Result<()> {
    println!("installing with apt-get: {}", packages.join(" "));
    tool::run(apt(workspace)?.args(["update", "--quiet"]))?;
    let mut install = apt(workspace)?;
    install.args(["install", "--quiet", "--yes", "--no-install-recommends"]);
    tool::run(install.args(packages))
}

/// apt-get with the rights to install.
fn apt(workspace: &Workspace) -> Result<Command> {
    if tool::find("apt-get").is_none() {
        bail!("there is no apt-get on this machine");
    }
    if is_root(workspace)? {
        let mut command = workspace.command("apt-get");
        command.env("DEBIAN_FRONTEND", "noninteractive");
        return Ok(command);
    }
    if tool::find("sudo").is_none() {
        bail!("apt-get needs root, this user is not root, and there is no sudo");
    }
    let mut command = workspace.command("sudo");
    if !stdin().is_terminal() {
        // Nobody is there to type a password: fail instead of waiting for one.
        command.arg("--non-interactive");
    }
    command.args(["DEBIAN_FRONTEND=noninteractive", "apt-get"]);
    Ok(command)
}

fn is_root(workspace: &Workspace) -> Result<bool> {
    let user = tool::output(workspace.command("id").arg("-u"))?;
    Ok(user.trim_ascii() == b"0")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_sentence_for_doing_it_by_hand_names_each_package_once() {
        let missing: Vec<&Program> = BUILD_PROGRAMS.iter().chain(&CI_PROGRAMS[..1]).collect();
        assert_eq!(
            by_hand(&missing),
            "could not install what is missing; install cc, c++ by hand (on Debian: `apt-get \
             install build-essential`)"
        );
    }

    #[test]
    fn a_program_on_the_search_path_is_found_and_another_is_not() {
        assert!(tool::find("sh").is_some());
        assert!(tool::find("plenum-no-such-program").is_none());
    }
}
