//! `cargo xtask ci`: everything that must hold, in order.

use std::time::{Duration, Instant};

use anyhow::{Result, bail};
use clap::Args;

use crate::workspace::Workspace;

mod steps;

/// What the whole run should stay below on two cores.
const DURATION_AIM: Duration = Duration::from_secs(45 * 60);

#[derive(Args)]
pub(crate) struct Options {
    /// Runs these steps alone
    #[arg(long, value_name = "STEP", value_delimiter = ',')]
    only: Vec<String>,
    /// Leaves these steps out
    #[arg(long, value_name = "STEP", value_delimiter = ',')]
    skip: Vec<String>,
    /// Names the steps and runs none
    #[arg(long)]
    list: bool,
}

/// One thing that must hold.
struct Step {
    name: &'static str,
    about: &'static str,
    run: fn(&Workspace) -> Result<ClosingLine>,
    /// Whether the step has something to check in this tree.
    listed: fn(&Workspace) -> Result<bool>,
}

/// The line with which a test runner sums up, where the step is one.
type ClosingLine = Option<String>;

struct Done {
    name: &'static str,
    took: Duration,
    closing_line: ClosingLine,
}

/// Runs the chosen steps and stops at the first failure.
pub(crate) fn run(workspace: &Workspace, options: &Options) -> Result<()> {
    let steps = choose(workspace, options)?;
    if options.list {
        for step in &steps {
            println!("{:<12} {}", step.name, step.about);
        }
        return Ok(());
    }
    let mut all_done = Vec::new();
    for step in steps {
        all_done.push(run_step(workspace, step)?);
    }
    report(&all_done);
    Ok(())
}

fn choose(workspace: &Workspace, options: &Options) -> Result<Vec<&'static Step>> {
    for name in options.only.iter().chain(&options.skip) {
        if !steps::STEPS.iter().any(|step| step.name == name) {
            let names: Vec<&str> = steps::STEPS.iter().map(|step| step.name).collect();
            bail!("there is no step {name}; there are {}", names.join(", "));
        }
    }
    let mut chosen = Vec::new();
    for step in steps::STEPS {
        let named = options.only.iter().any(|name| name == step.name);
        let skipped = options.skip.iter().any(|name| name == step.name);
        if skipped || !(named || options.only.is_empty()) {
            continue;
        }
        if (step.listed)(workspace)? {
            chosen.push(step);
        } else if named {
            bail!(
                "the step {} has nothing to check in this tree: {}",
                step.name,
                step.about
            );
        } else {
            println!(
                "-- {} is not listed: this tree has nothing for it yet",
                step.name
            );
        }
    }
    if chosen.is_empty() {
        bail!("no step is left to run");
    }
    Ok(chosen)
}

fn run_step(workspace: &Workspace, step: &'static Step) -> Result<Done> {
    println!("== {}: {}", step.name, step.about);
    let start = Instant::now();
    let result = (step.run)(workspace);
    let took = start.elapsed();
    match result {
        Ok(closing_line) => {
            println!("ok {} ({})\n", step.name, seconds(took));
            Ok(Done {
                name: step.name,
                took,
                closing_line,
            })
        }
        Err(error) => {
            println!("FAILED {} ({})", step.name, seconds(took));
            let name = step.name;
            Err(error.context(format!(
                "the step `{name}` failed; to run it alone: `cargo xtask ci --only {name}`"
            )))
        }
    }
}

/// A line a step; last of all the closing line of the last test runner, word for word.
fn report(all_done: &[Done]) {
    for done in all_done {
        println!("ok {:<12} {:>9}", done.name, seconds(done.took));
    }
    let total: Duration = all_done.iter().map(|done| done.took).sum();
    println!("all {} steps hold, in {}", all_done.len(), seconds(total));
    if total > DURATION_AIM {
        println!("that is more than the {} aimed at", seconds(DURATION_AIM));
    }
    if let Some(line) = all_done
        .iter()
        .rev()
        .find_map(|done| done.closing_line.as_ref())
    {
        println!("{line}");
    }
}

fn seconds(duration: Duration) -> String {
    format!("{:.1} s", duration.as_secs_f64())
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn workspace() -> Workspace {
        Workspace::find().expect("the tests run inside the repository")
    }

    fn options(only: &[&str], skip: &[&str]) -> Options {
        let owned = |names: &[&str]| names.iter().map(ToString::to_string).collect();
        Options {
            only: owned(only),
            skip: owned(skip),
            list: false,
        }
    }

    fn names(options: &Options) -> Vec<&'static str> {
        let chosen = choose(&workspace(), options).expect("the names are steps");
        chosen.iter().map(|step| step.name).collect()
    }

    #[test]
    fn the_tests_come_last_so_that_their_closing_line_ends_the_run() {
        assert_eq!(names(&options(&[], &[])).last(), Some(&"test"));
    }

    #[test]
    fn steps_have_names_of_their_own() {
        let unique: BTreeSet<&str> = steps::STEPS.iter().map(|step| step.name).collect();
        assert_eq!(unique.len(), steps::STEPS.len());
    }

    #[test]
    fn only_and_skip_choose_in_the_order_of_the_list() {
        assert_eq!(names(&options(&["tidy", "fmt"], &[])), ["fmt", "tidy"]);
        assert!(!names(&options(&[], &["fmt"])).contains(&"fmt"));
    }

    #[test]
    fn an_unknown_step_and_an_empty_choice_are_refused() {
        let refusal =
            |options: Options| choose(&workspace(), &options).err().map(|e| e.to_string());
        let unknown = refusal(options(&["tests"], &[])).expect("there is no step of that name");
        assert!(
            unknown.starts_with("there is no step tests; there are install, "),
            "{unknown}"
        );
        let empty = refusal(options(&["fmt"], &["fmt"]));
        assert_eq!(empty.as_deref(), Some("no step is left to run"));
    }
}
