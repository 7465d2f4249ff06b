//! Lines without their comments.

use alloc::string::String;

/// What is left of a line without comments, and where it was.
#[derive(Debug, PartialEq)]
pub(super) struct Line {
    /// Counted from 1.
    pub(super) number: u32,
    /// Columns before the first character of `text`.
    pub(super) indent: u32,
    /// Trimmed, with `\;` turned into `;`.
    pub(super) text: String,
    /// Bytes of the line as it was written.
    pub(super) bytes: usize,
}

/// Takes comments out: `;` to the end of the line, `;--` to `--;` over several, nested.
#[derive(Debug, Default)]
pub(super) struct Comments {
    depth: u32,
    opened_at: u32,
}

impl Comments {
    /// Returns the line where the comment began that is still open.
    pub(super) fn open(&self) -> Option<u32> {
        (self.depth > 0).then_some(self.opened_at)
    }

    pub(super) fn strip(&mut self, number: u32, raw: &str) -> Line {
        let mut kept = String::new();
        let mut rest = raw;
        while let Some(c) = rest.chars().next() {
            if self.depth > 0 {
                if let Some(after) = rest.strip_prefix("--;") {
                    self.depth -= 1;
                    rest = after;
                    continue;
                }
                self.depth += u32::from(is_block(rest));
            } else if let Some(after) = rest.strip_prefix("\\;") {
                kept.push(';');
                rest = after;
                continue;
            } else if is_block(rest) {
                self.depth = 1;
                self.opened_at = number;
                rest = &rest[3..];
                continue;
            } else if c == ';' {
                break;
            } else {
                kept.push(c);
            }
            rest = &rest[c.len_utf8()..];
        }
        let indent = kept.chars().take_while(|c| c.is_whitespace()).count();
        Line {
            number,
            indent: u32::try_from(indent).unwrap_or(u32::MAX),
            text: kept.trim().into(),
            bytes: raw.len(),
        }
    }
}

/// `;--` begins a block unless a third dash follows, which people draw lines with.
fn is_block(text: &str) -> bool {
    text.starts_with(";--") && !text.starts_with(";---")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn strip_all(text: &str) -> (alloc::vec::Vec<String>, Comments) {
        let mut comments = Comments::default();
        let lines = text
            .lines()
            .map(|line| comments.strip(1, line).text)
            .collect();
        (lines, comments)
    }

    #[test]
    fn comments_go_and_escaped_semicolons_stay() {
        let (lines, comments) = strip_all("a ; b\n;-- x\ny ;-- z --; q\n--; c\nd\\;e\n;-----\nf");
        assert_eq!(lines, ["a", "", "", "c", "d;e", "", "f"]);
        assert_eq!(comments.open(), None);
    }

    #[test]
    fn an_open_block_is_noticed() {
        assert_eq!(strip_all("a ;-- b\nc").1.open(), Some(1));
    }
}
