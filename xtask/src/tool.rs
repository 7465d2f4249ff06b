//! Running other programs, with sentences when they fail.

use std::env;
use std::io::{self, BufRead, BufReader, Write};
use std::path::PathBuf;
use std::process::{Command, ExitStatus, Stdio};

use anyhow::{Context, Result, bail};

/// Runs a command with our output; anything but exit code 0 is an error.
pub(crate) fn run(command: &mut Command) -> Result<()> {
    let status = command
        .stdin(Stdio::null())
        .status()
        .with_context(|| cannot_start(command))?;
    expect_success(command, status)
}

/// Runs a command and returns what it printed; its errors go to our standard error.
pub(crate) fn output(command: &mut Command) -> Result<Vec<u8>> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| cannot_start(command))?;
    expect_success(command, output.status)?;
    Ok(output.stdout)
}

/// Whether a command ends with exit code 0; what it prints is dropped.
pub(crate) fn succeeds(command: &mut Command) -> bool {
    command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status()
        .is_ok_and(|status| status.success())
}

/// Runs a command, passes its standard error on and returns the last line for which `wanted` holds,
/// without colours.
pub(crate) fn run_and_keep(
    command: &mut Command,
    wanted: impl Fn(&str) -> bool,
) -> Result<Option<String>> {
    let mut child = command
        .stdin(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .with_context(|| cannot_start(command))?;
    let mut kept = None;
    if let Some(stream) = child.stderr.take() {
        let mut stream = BufReader::new(stream);
        let mut bytes = Vec::new();
        while stream.read_until(b'\n', &mut bytes)? > 0 {
            io::stderr().write_all(&bytes)?;
            let line = without_colours(&String::from_utf8_lossy(&bytes));
            if wanted(&line) {
                kept = Some(line.trim_end().to_owned());
            }
            bytes.clear();
        }
    }
    let status = child.wait()?;
    expect_success(command, status)?;
    Ok(kept)
}

/// Where `program` is on the search path.
pub(crate) fn find(program: &str) -> Option<PathBuf> {
    let path = env::var_os("PATH")?;
    env::split_paths(&path)
        .map(|folder| folder.join(program))
        .find(|file| file.is_file())
}

/// A command as one would type it.
pub(crate) fn display(command: &Command) -> String {
    let program = command.get_program().to_string_lossy();
    let name = program.rsplit('/').next().unwrap_or(&program).to_owned();
    let arguments = command
        .get_args()
        .map(|argument| argument.to_string_lossy().into_owned());
    std::iter::once(name)
        .chain(arguments)
        .collect::<Vec<_>>()
        .join(" ")
}

/// Drops the escape sequences that colour a terminal: `ESC [`, numbers, a letter.
fn without_colours(line: &str) -> String {
    let mut pieces = line.split("\x1b[");
    let mut plain = pieces.next().unwrap_or_default().to_owned();
    for piece in pieces {
        plain.push_str(
            piece
                .trim_start_matches(|c: char| c.is_ascii_digit() || c == ';')
                .get(1..)
                .unwrap_or_default(),
        );
    }
    plain
}

fn expect_success(command: &Command, status: ExitStatus) -> Result<()> {
    if !status.success() {
        bail!("`{}` ended with {status}", display(command));
    }
    Ok(())
}

fn cannot_start(command: &Command) -> String {
    format!("cannot start `{}`", display(command))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shell(script: &str) -> Command {
        let mut command = Command::new("sh");
        command.args(["-c", script]);
        command
    }

    #[test]
    fn the_last_wanted_line_is_kept_without_colours() {
        let script = "printf 'sum 1\\n\\033[32;1msum\\033[0m \\033[1m2\\033[0m\\nend' >&2";
        let kept = run_and_keep(&mut shell(script), |line| line.starts_with("sum "));
        assert_eq!(
            kept.expect("the script ends well").as_deref(),
            Some("sum 2")
        );
    }

    #[test]
    fn a_command_that_fails_is_named_with_its_exit_code() {
        let error = run_and_keep(&mut shell("echo sum >&2; exit 3"), |_| true);
        let sentence = error
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default();
        assert!(sentence.starts_with("`sh -c "), "{sentence}");
        assert!(
            sentence.ends_with("ended with exit status: 3"),
            "{sentence}"
        );
        assert!(run(&mut shell("exit 1")).is_err());
        assert!(output(&mut shell("exit 1")).is_err());
        assert!(!succeeds(&mut shell("exit 1")));
    }

    #[test]
    fn a_command_gets_no_standard_input() {
        assert_eq!(
            output(&mut shell("cat; echo done")).expect("cat ends at once"),
            b"done\n"
        );
    }

    #[test]
    fn a_program_that_is_not_there_is_named() {
        let error = run(&mut Command::new("plenum-no-such-program"));
        let sentence = error
            .err()
            .map(|error| error.to_string())
            .unwrap_or_default();
        assert_eq!(sentence, "cannot start `plenum-no-such-program`");
    }
}
