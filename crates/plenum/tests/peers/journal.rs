//! What happens in the server, as `plenum ctl journal tail` tells it.

use std::io::Write;
use std::os::unix::net::UnixStream;
use std::path::Path;

use plenum::ctl::{Answer, Ask};
use serde_json::Value;

use super::SOON;
use super::program::{Lines, forward};

/// A reader of all events from the first one on.
#[derive(Debug)]
pub(crate) struct Journal {
    lines: Lines,
    events: Vec<Value>,
}

impl Journal {
    pub(crate) fn open(socket: &Path) -> Self {
        let mut stream = UnixStream::connect(socket).expect("the server has a control socket");
        let ask = serde_json::to_string(&Ask::Tail { after: Some(0) }).expect("an ask is JSON");
        writeln!(stream, "{ask}").expect("the server reads its socket");
        let (sender, lines) = Lines::new();
        forward(stream, sender);
        Self {
            lines,
            events: Vec::new(),
        }
    }

    /// Waits for the next event of a kind.
    pub(crate) fn next(&mut self, kind: &str) -> Value {
        self.next_that(kind, |_| true)
    }

    /// Waits for the next event of a kind that is wanted.
    pub(crate) fn next_that(&mut self, kind: &str, is_wanted: impl Fn(&Value) -> bool) -> Value {
        let events = &mut self.events;
        let found = self.lines.find(SOON, |line| {
            let Ok(Answer::Ok(event)) = serde_json::from_str(line) else {
                panic!("no line of the protocol: {line}");
            };
            let is_it = event["event"] == kind && is_wanted(&event);
            events.push(event);
            is_it
        });
        if let Err(why) = found {
            panic!(
                "{kind} should happen, but {why}:\n{}",
                self.lines.seen.join("\n")
            );
        }
        self.events.last().expect("it was found").clone()
    }

    /// Returns how many events of a kind were read so far.
    pub(crate) fn count(&self, kind: &str) -> usize {
        self.events
            .iter()
            .filter(|event| event["event"] == kind)
            .count()
    }
}
