//! Reads the table of torture messages; other crates include this file by its path.

use std::fs;
use std::path::Path;

/// The messages of RFC 4475 and of RFC 5118.
pub(crate) const CASES: usize = 49 + 12;

/// One torture message and what becomes of it.
pub(crate) struct Case {
    /// Its name in the standard.
    pub(crate) name: String,
    /// The octets of the datagram.
    pub(crate) octets: Vec<u8>,
    lines: Vec<(String, String)>,
}

impl Case {
    /// The value of a line of the block; empty when there is none.
    pub(crate) fn line(&self, key: &str) -> &str {
        let found = self.lines.iter().find(|(name, _)| name == key);
        found.map_or("", |(_, value)| value)
    }

    /// What the message layer may see: `ok`, or one of several refusals.
    pub(crate) fn read(&self) -> impl Iterator<Item = &str> {
        self.line("read").split('|').map(str::trim)
    }

    /// What a user agent may do: `accept`, `drop` or a status.
    #[allow(dead_code, reason = "for tests of the layers above")]
    pub(crate) fn answers(&self) -> impl Iterator<Item = &str> {
        self.line("answer").split('|').map(str::trim)
    }

    /// The values that a reader finds.
    pub(crate) fn values(&self) -> impl Iterator<Item = (&str, &str)> {
        let is_value =
            |(name, _): &&(String, String)| !matches!(&name[..], "rfc" | "read" | "answer");
        let values = self.lines.iter().filter(is_value);
        values.map(|(name, value)| (&name[..], &value[..]))
    }
}

/// Reads all cases of the folder.
pub(crate) fn cases(folder: &Path) -> Vec<Case> {
    let table = fs::read_to_string(folder.join("table.txt")).expect("the table is there");
    let mut cases: Vec<Case> = Vec::new();
    for line in table.lines().filter(|line| !line.starts_with('#')) {
        if let Some(name) = line
            .strip_prefix('[')
            .and_then(|line| line.strip_suffix(']'))
        {
            let file = folder.join(format!("{name}.sip"));
            cases.push(Case {
                name: name.into(),
                octets: fs::read(&file).unwrap_or_else(|error| panic!("{name}: {error}")),
                lines: Vec::new(),
            });
        } else if let Some((key, value)) = line.split_once(" =") {
            let case = cases.last_mut().expect("a line belongs to a case");
            case.lines.push((key.into(), value.trim().into()));
        }
    }
    cases
}
