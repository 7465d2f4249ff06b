//! Text with `${variables}`, `${FUNCTIONS()}` and `$[expressions]` in it.
//!
//! [`check`] finds what is written wrong when a dialplan is loaded; [`substitute`] replaces all of
//! it when a step runs. What a variable holds is never read as text with variables again.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

mod check;
mod operators;
mod scanner;
mod substitute;
#[cfg(test)]
mod tests;

pub use check::SyntaxError;
pub(crate) use check::check;
pub(crate) use operators::truth;
pub(crate) use substitute::{Scope, substitute};

/// How deep `${` and `$[` may stand in each other.
const DEPTH_MAX: usize = 16;

/// Functions that a dialplan can read or set.
pub(crate) const FUNCTIONS: [&str; 12] = [
    "CALLERID",
    "CHANNEL",
    "CONFBRIDGE",
    "CONFBRIDGE_CHANNELS",
    "CONFBRIDGE_INFO",
    "EXISTS",
    "GLOBAL",
    "IF",
    "ISNULL",
    "LEN",
    "TOLOWER",
    "TOUPPER",
];

/// Splits arguments at commas; parentheses, brackets and quotes keep commas, a backslash keeps
/// whatever follows it. Quotes and backslashes go.
pub(crate) fn arguments(text: &str) -> Vec<Cow<'_, str>> {
    let mut parts = Vec::new();
    let mut part = String::new();
    let (mut depth, mut quoted) = (0_u32, false);
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\\' => part.extend(chars.next()),
            '"' => quoted = !quoted,
            ',' if depth == 0 && !quoted => {
                parts.push(Cow::Owned(core::mem::take(&mut part)));
            }
            _ => {
                match c {
                    '(' | '[' | '{' if !quoted => depth += 1,
                    ')' | ']' | '}' if !quoted => depth = depth.saturating_sub(1),
                    _ => {}
                }
                part.push(c);
            }
        }
    }
    parts.push(Cow::Owned(part));
    parts
}
