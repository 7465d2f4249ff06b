use std::collections::VecDeque;
use std::fmt::Write as _;

use plenum_time::Instant;

use crate::network::Datagram;

/// Lines that are kept for the report of a failure.
const LINES_MAX: usize = 300;

/// Characters of a line at most.
const LINE_MAX: usize = 220;

/// What happened, for a reader; and the fingerprint of all of it.
#[derive(Debug)]
pub(crate) struct Trace {
    prints: bool,
    lines: VecDeque<String>,
    digest: u64,
}

impl Trace {
    pub(crate) fn new(prints: bool) -> Self {
        Self {
            prints,
            lines: VecDeque::new(),
            digest: 0xcbf2_9ce4_8422_2325,
        }
    }

    /// Returns a number that differs between runs in which anything differs on the wire.
    pub(crate) const fn digest(&self) -> u64 {
        self.digest
    }

    /// Returns the last lines.
    pub(crate) fn lines(&self) -> impl Iterator<Item = &str> {
        self.lines.iter().map(String::as_str)
    }

    /// Writes a line.
    pub(crate) fn note(&mut self, now: Instant, text: &str) {
        let millis = now.as_millis();
        let mut line = format!("{:>5}.{:03}  ", millis / 1_000, millis % 1_000);
        line.extend(text.chars().take(LINE_MAX));
        self.line(line);
    }

    /// Takes a datagram that arrives; a SIP message is one rung of the ladder.
    pub(crate) fn arrival(
        &mut self,
        now: Instant,
        datagram: &Datagram,
        rung: Option<(&str, bool)>,
    ) {
        self.fold(&now.as_nanos().to_le_bytes());
        self.fold(&datagram.from.port().to_le_bytes());
        self.fold(&datagram.to.port().to_le_bytes());
        self.fold(&datagram.bytes);
        if let Some((phone, to_server)) = rung {
            let arrow = if to_server { "──►" } else { "◄──" };
            let text = summary(&datagram.bytes);
            self.note(now, &format!("{phone:>8} {arrow} server  {text}"));
        }
    }

    fn fold(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut word = [0; 8];
            word[..chunk.len()].copy_from_slice(chunk);
            let mixed = self.digest ^ u64::from_le_bytes(word);
            self.digest = mixed.wrapping_mul(0x0000_0100_0000_01b3).rotate_left(23);
        }
    }

    #[expect(clippy::print_stdout, reason = "the ladder is what the user asked for")]
    fn line(&mut self, line: String) {
        if self.prints {
            println!("{line}");
        }
        self.lines.push_back(line);
        if self.lines.len() > LINES_MAX {
            self.lines.pop_front();
        }
    }
}

/// Says what a SIP message is in one line: its first line, its CSeq and its Call-ID.
fn summary(bytes: &[u8]) -> String {
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(1_200)]);
    let mut lines = text.lines();
    let mut summary: String = lines
        .next()
        .unwrap_or_default()
        .chars()
        .filter(|c| !c.is_control())
        .take(60)
        .collect();
    for line in lines.take_while(|line| !line.is_empty()) {
        let value = line
            .split_once(':')
            .map(|(name, value)| (name.trim(), value.trim()));
        if let Some(("CSeq" | "Call-ID" | "Warning" | "Reason", value)) = value {
            let _ = write!(summary, "  [{value}]");
        }
    }
    summary
}
