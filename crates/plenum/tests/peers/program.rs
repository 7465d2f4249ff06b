//! Programs that run beside the test: what they say, how they end.

use std::io::{self, BufRead, BufReader, Read};
use std::process::{Child, Command, ExitStatus, Output, Stdio};
use std::sync::mpsc::{self, Receiver, RecvTimeoutError, Sender};
use std::thread;
use std::time::{Duration, Instant};

/// A program that was started, ended when it is dropped.
#[derive(Debug)]
pub(crate) struct Program {
    name: String,
    child: Child,
    lines: Lines,
}

impl Program {
    /// Starts a program; both its outputs are read.
    ///
    /// # Panics
    ///
    /// It is not installed; `package` is what Debian calls it.
    pub(crate) fn start(command: &mut Command, package: &str) -> Self {
        let name = command.get_program().to_string_lossy().into_owned();
        command.stdin(Stdio::null()).stderr(Stdio::piped());
        let mut child = match command.spawn() {
            Ok(child) => child,
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                panic!("{name} is not installed; `apt-get install {package}` brings it")
            }
            Err(error) => panic!("{name} does not start: {error}"),
        };
        let (sender, lines) = Lines::new();
        if let Some(stdout) = child.stdout.take() {
            forward(stdout, sender.clone());
        }
        if let Some(stderr) = child.stderr.take() {
            forward(stderr, sender);
        }
        Self { name, child, lines }
    }

    pub(crate) fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Waits for a line that contains `text`, and returns it.
    pub(crate) fn says(&mut self, text: &str, within: Duration) -> String {
        match self.lines.find(within, |line| line.contains(text)) {
            Ok(line) => line,
            Err(why) => panic!(
                "{} should say {text:?}, but {why}:\n{}",
                self.name,
                self.said()
            ),
        }
    }

    /// Waits for the end of the program.
    pub(crate) fn ends(&mut self, within: Duration) -> ExitStatus {
        match self.lines.find(within, |_| false) {
            Err(Silence::Ended) => self.child.wait().expect("a child can be waited for"),
            _ => panic!(
                "{} should end within {within:?}; it said:\n{}",
                self.name,
                self.said()
            ),
        }
    }

    /// Presses Ctrl-C.
    pub(crate) fn interrupt(&self) {
        let kill = format!("kill -INT {}", self.pid());
        let status = Command::new("sh").args(["-c", &kill]).status();
        assert!(
            status.is_ok_and(|status| status.success()),
            "{} is gone",
            self.name
        );
    }

    /// Returns all that was said so far.
    pub(crate) fn said(&self) -> String {
        self.lines.seen.join("\n")
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended by itself.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// Runs a program of ours to its end.
pub(crate) fn run(arguments: &[&str]) -> Output {
    let output = Command::new(env!("CARGO_BIN_EXE_plenum"))
        .args(arguments)
        .stdin(Stdio::null())
        .output();
    output.expect("the binary under test is there")
}

/// Why a line did not come.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Silence {
    /// The speaker has ended.
    Ended,
    /// It says something else or nothing.
    TimedOut,
}

impl std::fmt::Display for Silence {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Ended => "it ended",
            Self::TimedOut => "it did not in time",
        })
    }
}

/// Lines that a thread reads from somewhere.
#[derive(Debug)]
pub(crate) struct Lines {
    receiver: Receiver<String>,
    pub(crate) seen: Vec<String>,
}

impl Lines {
    pub(crate) fn new() -> (Sender<String>, Self) {
        let (sender, receiver) = mpsc::channel();
        let lines = Self {
            receiver,
            seen: Vec::new(),
        };
        (sender, lines)
    }

    /// Waits for a line that is wanted.
    pub(crate) fn find(
        &mut self,
        within: Duration,
        mut is_wanted: impl FnMut(&str) -> bool,
    ) -> Result<String, Silence> {
        let deadline = Instant::now() + within;
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            let line = self.receiver.recv_timeout(left);
            let line = line.map_err(|error| match error {
                RecvTimeoutError::Disconnected => Silence::Ended,
                RecvTimeoutError::Timeout => Silence::TimedOut,
            })?;
            self.seen.push(line.clone());
            if is_wanted(&line) {
                return Ok(line);
            }
        }
    }
}

/// Reads lines until the other side closes.
pub(crate) fn forward(from: impl Read + Send + 'static, to: Sender<String>) {
    thread::spawn(move || {
        let lines = BufReader::new(from).split(b'\n').map_while(Result::ok);
        for line in lines {
            if to
                .send(String::from_utf8_lossy(&line).into_owned())
                .is_err()
            {
                return;
            }
        }
    });
}
