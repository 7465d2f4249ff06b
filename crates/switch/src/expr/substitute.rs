//! Replaces variables, functions and expressions by their values.

use alloc::format;
use alloc::string::{String, ToString};
use alloc::vec::Vec;

use super::scanner::{Piece, Scanner};
use super::{DEPTH_MAX, operators};
use crate::config::VALUE_BYTES_MAX;

/// Where values come from.
pub(crate) trait Scope {
    /// Reads a variable; empty if there is none.
    fn variable(&self, name: &str) -> String;

    /// Reads a function, or says why it cannot be read.
    fn function(&self, name: &str, arguments: &str) -> Result<String, String>;
}

/// Octets that the values read for one text may have together: without a limit, a line that asks
/// for the length of a long value a thousand times would hold the whole server.
const OCTETS_MAX: usize = 64 * VALUE_BYTES_MAX;

/// Sentences that one text can lead to; the same mistake a thousand times is one mistake.
const WARNINGS_MAX: usize = 16;

/// A text with its variables replaced.
#[derive(Debug, Default)]
pub(crate) struct Expansion {
    pub(crate) text: String,
    /// What went wrong; it became empty.
    pub(crate) warnings: Vec<String>,
    /// Octets that were read for it, which is what it cost.
    pub(crate) octets: usize,
}

/// Replaces everything in a text.
pub(crate) fn substitute(text: &str, scope: &dyn Scope) -> Expansion {
    let mut substitution = Substitution {
        scope,
        warnings: Vec::new(),
        octets: text.len(),
    };
    let text = substitution.expand(text, 0, false);
    Expansion {
        text,
        warnings: substitution.warnings,
        octets: substitution.octets,
    }
}

struct Substitution<'a> {
    scope: &'a dyn Scope,
    warnings: Vec<String>,
    octets: usize,
}

impl Substitution<'_> {
    /// Expands one level. Inside an expression, values between quotes keep theirs escaped, so that
    /// a caller's name cannot become an operator.
    fn expand(&mut self, text: &str, depth: usize, expression: bool) -> String {
        if depth > DEPTH_MAX {
            self.warn("variables stand too deep in each other");
            return String::new();
        }
        let mut expanded = String::new();
        let mut quoted = false;
        for piece in Scanner::new(text) {
            if self.octets > OCTETS_MAX {
                self.warn("a line reads more than 512 KiB of values and was cut");
                break;
            }
            let value = match piece {
                Ok(Piece::Text(plain)) => {
                    quoted ^= plain.matches('"').count() % 2 == 1;
                    push_bounded(&mut expanded, plain);
                    continue;
                }
                Ok(Piece::Variable(inside)) => {
                    let inside = self.expand(inside, depth + 1, false);
                    self.variable(&inside)
                }
                Ok(Piece::Expression(inside)) => {
                    let inside = self.expand(inside, depth + 1, true);
                    self.evaluate(&inside)
                }
                Err(error) => {
                    self.warn(&error.to_string());
                    continue;
                }
            };
            self.octets += value.len();
            if expression && quoted {
                push_bounded(
                    &mut expanded,
                    &value.replace('\\', "\\\\").replace('"', "\\\""),
                );
            } else {
                push_bounded(&mut expanded, &value);
            }
            if expanded.len() >= VALUE_BYTES_MAX {
                self.warn("a value is longer than 8192 bytes and was cut");
                break;
            }
        }
        expanded
    }

    fn evaluate(&mut self, text: &str) -> String {
        operators::evaluate(text, &mut self.warnings).unwrap_or_else(|why| {
            self.warn(&format!("$[{}]: {why}", excerpt(text)));
            String::new()
        })
    }

    /// Reads `NAME`, `NAME:offset:length` or `FUNCTION(arguments):offset:length`.
    fn variable(&mut self, inside: &str) -> String {
        let open = inside
            .find('(')
            .filter(|open| !inside[..*open].contains(':'));
        let (value, slice) = match open.and_then(|open| Some((open, inside.rfind(')')?))) {
            Some((open, close)) if close > open => {
                let value = self
                    .scope
                    .function(&inside[..open], &inside[open + 1..close]);
                let value = value.unwrap_or_else(|why| {
                    self.warn(&why);
                    String::new()
                });
                (value, inside[close + 1..].strip_prefix(':'))
            }
            _ => match inside.split_once(':') {
                Some((name, slice)) => (self.scope.variable(name), Some(slice)),
                None => (self.scope.variable(inside), None),
            },
        };
        self.octets += value.len();
        match slice {
            Some(slice) => self.cut(&value, slice),
            None => value,
        }
    }

    /// Cuts `offset:length` out; both count from the end if they are negative.
    fn cut(&mut self, value: &str, slice: &str) -> String {
        let (offset, length) = match slice.split_once(':') {
            Some((offset, length)) => (offset, Some(length)),
            None => (slice, None),
        };
        let number = |text: &str| match text.trim() {
            "" => Some(0),
            text => text.parse::<i64>().ok(),
        };
        let (Some(offset), Some(length)) = (
            number(offset),
            length.map_or(Some(None), |length| number(length).map(Some)),
        ) else {
            self.warn(&format!("\":{}\" is no offset and length", excerpt(slice)));
            return String::new();
        };
        let count = i64::try_from(value.chars().count()).unwrap_or(i64::MAX);
        let from_end = |n: i64| {
            if n < 0 {
                count.saturating_add(n).max(0)
            } else {
                n.min(count)
            }
        };
        let start = from_end(offset);
        let end = match length {
            None => count,
            Some(length) if length < 0 => count.saturating_add(length),
            Some(length) => start.saturating_add(length).min(count),
        };
        let index = |n: i64| usize::try_from(n).unwrap_or(0);
        value
            .chars()
            .skip(index(start))
            .take(index(end - start))
            .collect()
    }

    fn warn(&mut self, why: &str) {
        if self.warnings.len() < WARNINGS_MAX {
            self.warnings.push(why.into());
        }
    }
}

/// Appends as much as fits, whole characters only.
fn push_bounded(text: &mut String, more: &str) {
    let room = VALUE_BYTES_MAX.saturating_sub(text.len());
    let mut end = more.len().min(room);
    while !more.is_char_boundary(end) {
        end -= 1;
    }
    text.push_str(&more[..end]);
}

/// The beginning of a text, for a sentence.
fn excerpt(text: &str) -> String {
    const CHARS_MAX: usize = 60;
    let mut start: String = text.chars().take(CHARS_MAX).collect();
    if start.len() < text.len() {
        start.push_str("...");
    }
    start
}
