//! `cargo xtask rfc-coverage`: which section of which standard is built and tested, as the
//! citations in code and tests say it.

use std::fs;
use std::path::Path;

use anyhow::{Context, Result, bail};
use clap::Args;

use crate::workspace::Workspace;

mod citation;
mod claims;
mod coverage;
mod page;
mod prose;
mod scan;

/// The page that is generated, and kept in the repository for readers.
const PAGE: &str = "docs/rfc-coverage.md";

#[derive(Args)]
pub(crate) struct Options {
    /// Writes nothing and fails if the page would change
    #[arg(long)]
    check: bool,
}

/// Writes the page, or checks it.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    if options.check {
        return check(workspace);
    }
    fs::write(workspace.path(PAGE), generate(workspace)?)
        .with_context(|| format!("cannot write {PAGE}"))?;
    println!("{PAGE} is written");
    Ok(())
}

/// Fails if the page is not what the citations give.
pub(crate) fn check(workspace: &Workspace) -> Result<()> {
    let committed = workspace.read(Path::new(PAGE))?;
    let wanted = generate(workspace)?;
    let Some(difference) = first_difference(&committed, &wanted) else {
        println!("{PAGE} says what the citations say");
        return Ok(());
    };
    bail!(
        "{PAGE} is not what the citations in code and tests give: run `cargo xtask rfc-coverage` \
         and commit the page\n{difference}"
    )
}

fn generate(workspace: &Workspace) -> Result<String> {
    let claims = claims::claims()?;
    let mut coverage = coverage::Coverage::of(&claims);
    for path in workspace.files()? {
        if scan::is_scanned(&path) {
            for evidence in scan::evidence(&path, &workspace.read(&path)?) {
                coverage.add(&path, &evidence);
            }
        }
    }
    Ok(page::page(&claims, &coverage))
}

fn first_difference(committed: &str, wanted: &str) -> Option<String> {
    if committed == wanted {
        return None;
    }
    let (mut old, mut new) = (committed.lines(), wanted.lines());
    let mut number = 0;
    loop {
        number += 1;
        let (is, should) = (old.next(), new.next());
        if is != should || is.is_none() {
            let shown = |line: Option<&str>| line.unwrap_or("(the page ends)").to_owned();
            return Some(format!(
                "line {number} is:        {}\nline {number} should be: {}",
                shown(is),
                shown(should)
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_first_line_that_differs_is_shown() {
        assert_eq!(first_difference("a\nb\n", "a\nb\n"), None);
        let told = |old, new| first_difference(old, new).expect("they differ");
        assert_eq!(
            told("a\nb\nc\n", "a\nx\ny\n"),
            "line 2 is:        b\nline 2 should be: x"
        );
        assert!(told("a\n", "a\nb\n").ends_with("should be: b"));
        assert!(told("a\nb\n", "a\n").ends_with("should be: (the page ends)"));
        assert!(told("a", "a\n").starts_with("line 2 is:"));
    }
}
