//! `plenum-sim`: runs seeds of the virtual world.

#![forbid(unsafe_code)]
#![expect(
    clippy::print_stdout,
    clippy::print_stderr,
    reason = "a program for people"
)]

use std::process::ExitCode;

use plenum_sim::{STEPS, random_run};

const USAGE: &str = "\
Runs random stories in the virtual world and checks every invariant.

usage: plenum-sim [--seed N] [--steps S] [--runs K] [--trace]

  --seed N    the first seed (1 unless given)
  --steps S   steps of each run (80 unless given)
  --runs K    how many seeds, one after the other (1 unless given)
  --trace     prints each SIP message and each event as it comes";

/// What the command line asks for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Options {
    seed: u64,
    steps: u32,
    runs: u64,
    trace: bool,
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments
        .iter()
        .any(|argument| argument == "--help" || argument == "-h")
    {
        println!("{USAGE}");
        return ExitCode::SUCCESS;
    }
    match parse(&arguments) {
        Ok(options) => run(options),
        Err(why) => {
            eprintln!("{why}\n\n{USAGE}");
            ExitCode::from(2)
        }
    }
}

fn run(options: Options) -> ExitCode {
    for seed in options.seed..options.seed.saturating_add(options.runs) {
        match random_run(seed, options.steps, options.trace) {
            Ok(summary) => println!("{summary}"),
            Err(failure) => {
                eprintln!("{failure}");
                return ExitCode::FAILURE;
            }
        }
    }
    ExitCode::SUCCESS
}

fn parse(arguments: &[String]) -> Result<Options, String> {
    let mut options = Options {
        seed: 1,
        steps: STEPS,
        runs: 1,
        trace: false,
    };
    let mut rest = arguments.iter();
    while let Some(name) = rest.next() {
        let mut number = || {
            let value = rest
                .next()
                .ok_or_else(|| format!("{name} needs a number"))?;
            value
                .parse::<u64>()
                .map_err(|_| format!("`{value}` is no number for {name}"))
        };
        match name.as_str() {
            "--" => {}
            "--trace" => options.trace = true,
            "--seed" => options.seed = number()?,
            "--runs" => options.runs = number()?,
            "--steps" => {
                let steps = number()?;
                options.steps =
                    u32::try_from(steps).map_err(|_| format!("{steps} steps are too many"))?;
            }
            _ => {
                return Err(format!(
                    "`{name}` is no option; see below for those there are"
                ));
            }
        }
    }
    Ok(options)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn options(line: &str) -> Result<Options, String> {
        parse(
            &line
                .split_whitespace()
                .map(str::to_owned)
                .collect::<Vec<_>>(),
        )
    }

    #[test]
    fn reads_the_command_line_and_explains_what_is_wrong_with_it() {
        let all = options("--seed 7 --steps 10 --runs 2 --trace").unwrap();
        assert_eq!(
            all,
            Options {
                seed: 7,
                steps: 10,
                runs: 2,
                trace: true
            }
        );
        assert_eq!(options("").unwrap().steps, STEPS);
        assert!(options("--seed").unwrap_err().contains("needs a number"));
        assert!(options("--seed x").unwrap_err().contains("`x`"));
        assert!(options("--sed 1").unwrap_err().contains("`--sed`"));
    }
}
