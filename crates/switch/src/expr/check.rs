//! What is written wrong, found before any call runs into it.

use alloc::string::String;

use super::scanner::{Piece, Scanner};
use super::{DEPTH_MAX, FUNCTIONS};
use crate::nearest;

/// What is wrong with a text.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SyntaxError {
    /// A variable has no end.
    #[error("this ${{ has no end; close it with }}")]
    OpenVariable,
    /// An expression has no end.
    #[error("this $[ has no end; close it with ]")]
    OpenExpression,
    /// Too deep.
    #[error("variables and expressions stand at most 16 deep in each other; use Set in between")]
    TooDeep,
    /// A variable without a name.
    #[error("a variable needs a name; write ${{NAME}}")]
    NoName,
    /// There is no such function.
    #[error("there is no function \"{name}\"{hint}")]
    UnknownFunction {
        /// What was given.
        name: String,
        /// A suggestion, or nothing.
        hint: String,
    },
    /// An operator that needs regular expressions.
    #[error(
        "{operator} needs regular expressions, which are not available; compare with = instead"
    )]
    Regex {
        /// The operator.
        operator: &'static str,
    },
    /// An expression is not one.
    #[error("this expression does not work: {why}")]
    Expression {
        /// Why.
        why: &'static str,
    },
}

/// Finds what is written wrong in a text, with its byte offset.
pub(crate) fn check(text: &str) -> Result<(), (usize, SyntaxError)> {
    check_level(text, 0)
}

fn check_level(text: &str, depth: usize) -> Result<(), (usize, SyntaxError)> {
    let mut scanner = Scanner::new(text);
    loop {
        let at = scanner.offset();
        let Some(piece) = scanner.next() else {
            return Ok(());
        };
        let piece = piece.map_err(|error| (at, error))?;
        let inside = match piece {
            Piece::Text(_) => continue,
            Piece::Variable(inside) => {
                check_name(inside).map_err(|error| (at, error))?;
                inside
            }
            Piece::Expression(inside) => {
                check_operators(inside).map_err(|error| (at, error))?;
                inside
            }
        };
        if depth == DEPTH_MAX {
            return Err((at, SyntaxError::TooDeep));
        }
        check_level(inside, depth + 1).map_err(|(offset, error)| (at + 2 + offset, error))?;
    }
}

fn check_name(inside: &str) -> Result<(), SyntaxError> {
    let name = inside.split(['(', ':']).next().unwrap_or_default();
    if name.trim().is_empty() {
        return Err(SyntaxError::NoName);
    }
    let is_function = inside[name.len()..].starts_with('(');
    if !is_function || name.contains('$') || FUNCTIONS.contains(&name.trim()) {
        return Ok(());
    }
    let hint = nearest::hint(name, FUNCTIONS);
    Err(SyntaxError::UnknownFunction {
        name: name.into(),
        hint,
    })
}

/// Refuses the operators that match regular expressions: `=~`, and `:` outside `? ::`.
fn check_operators(inside: &str) -> Result<(), SyntaxError> {
    let mut quoted = false;
    for piece in Scanner::new(inside) {
        let Ok(Piece::Text(text)) = piece else {
            continue;
        };
        let bytes = text.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            match (bytes[at], bytes.get(at + 1)) {
                (b'"', _) => quoted = !quoted,
                (b'=', Some(b'~')) if !quoted => return Err(SyntaxError::Regex { operator: "=~" }),
                (b':', Some(b':')) if !quoted => at += 1,
                (b':', _) if !quoted => return Err(SyntaxError::Regex { operator: ":" }),
                _ => {}
            }
            at += 1;
        }
    }
    Ok(())
}
