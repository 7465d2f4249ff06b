//! Rules on Rust files.

use std::path::Path;

use super::lexer::{self, Kind, Token};
use super::{COLUMNS_MAX, FILE_LINES_MAX, FUNCTION_LINES_MAX, Violation};

#[cfg(test)]
mod tests;

/// All rules on one Rust file.
pub(super) fn check(path: &Path, source: &str) -> Vec<Violation> {
    let tokens = lexer::tokens(source);
    let mut violations = file_length(path, source);
    violations.extend(function_lengths(path, &tokens));
    violations.extend(line_widths(path, source, &tokens));
    violations.extend(ignored_tests(path, &tokens));
    violations.extend(ignored_examples(path, source));
    violations.extend(unfinished_code(path, &tokens));
    violations
}

/// A crate's first file opens with `//!`.
pub(super) fn crate_doc(path: &Path, source: &str) -> Option<Violation> {
    let sentence = "must open with `//!` lines: what the crate is, its entry points, what is \
                    deliberately absent";
    (!source.starts_with("//! ")).then(|| Violation::new(path, 1, sentence))
}

fn file_length(path: &Path, source: &str) -> Vec<Violation> {
    let lines = source.lines().count();
    let sentence = format!("has {lines} lines and may have {FILE_LINES_MAX}: split it by concern");
    if lines > FILE_LINES_MAX {
        vec![Violation::new(path, 0, sentence)]
    } else {
        Vec::new()
    }
}

fn function_lengths(path: &Path, tokens: &[Token<'_>]) -> Vec<Violation> {
    functions(tokens)
        .filter(|function| function.lines() > FUNCTION_LINES_MAX)
        .map(|function| {
            let sentence = format!(
                "function `{}` has {} lines and may have {FUNCTION_LINES_MAX}: give a part of it \
                 a name",
                function.name,
                function.lines()
            );
            Violation::new(path, function.first_line, sentence)
        })
        .collect()
}

struct Function<'a> {
    name: &'a str,
    first_line: usize,
    last_line: usize,
}

impl Function<'_> {
    fn lines(&self) -> usize {
        self.last_line + 1 - self.first_line
    }
}

/// Functions with a body, wherever they stand: in macros, in other functions, in traits.
fn functions<'a>(tokens: &[Token<'a>]) -> impl Iterator<Item = Function<'a>> {
    tokens.windows(2).enumerate().filter_map(|(index, pair)| {
        let Kind::Word(name) = pair[1].kind else {
            return None;
        };
        if !pair[0].is("fn") {
            return None;
        }
        let open = body(tokens, index + 2)?;
        let close = closing(tokens, open)?;
        Some(Function {
            name,
            first_line: pair[0].line,
            last_line: tokens[close].line,
        })
    })
}

/// Index of the brace that opens a function's body; none for a declaration.
pub(crate) fn body(tokens: &[Token<'_>], from: usize) -> Option<usize> {
    // Angle brackets count so that the brace of a const argument, `A<{ N }>`, is not the body.
    let (mut depth, mut angles) = (0_usize, 0_usize);
    for (index, token) in tokens.iter().enumerate().skip(from) {
        let after_dash = tokens[index - 1].is_punct(b'-');
        match token.kind {
            Kind::Punct(b'{') if depth == 0 && angles == 0 => return Some(index),
            Kind::Punct(b';') if depth == 0 => return None,
            Kind::Punct(b'(' | b'[' | b'{') => depth += 1,
            Kind::Punct(b')' | b']' | b'}') => depth = depth.checked_sub(1)?,
            Kind::Punct(b'<') => angles += 1,
            Kind::Punct(b'>') if !after_dash => angles = angles.checked_sub(1)?,
            _ => {}
        }
    }
    None
}

/// Index of the bracket that closes the one at `open`.
pub(crate) fn closing(tokens: &[Token<'_>], open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (index, token) in tokens.iter().enumerate().skip(open) {
        match token.kind {
            Kind::Punct(b'(' | b'[' | b'{') => depth += 1,
            Kind::Punct(b')' | b']' | b'}') => depth = depth.checked_sub(1)?,
            _ => {}
        }
        if depth == 0 {
            return Some(index);
        }
    }
    None
}

/// rustfmt keeps the width except where it cannot break: addresses and long texts.
fn line_widths(path: &Path, source: &str, tokens: &[Token<'_>]) -> Vec<Violation> {
    let mut violations = Vec::new();
    let mut offset = 0;
    for (index, line) in source.split_inclusive('\n').enumerate() {
        let text = line.trim_end_matches('\n');
        let columns = text.chars().count();
        let limit = offset
            + text
                .char_indices()
                .nth(COLUMNS_MAX)
                .map_or(0, |(byte, _)| byte);
        if columns > COLUMNS_MAX && !text.contains("://") && !inside_text(tokens, limit) {
            let sentence = format!("has {columns} columns and may have {COLUMNS_MAX}");
            violations.push(Violation::new(path, index + 1, sentence));
        }
        offset += line.len();
    }
    violations
}

fn inside_text(tokens: &[Token<'_>], offset: usize) -> bool {
    tokens
        .iter()
        .any(|token| token.kind == Kind::Text && (token.start..token.end).contains(&offset))
}

fn ignored_tests(path: &Path, tokens: &[Token<'_>]) -> Vec<Violation> {
    let mut violations = Vec::new();
    for (index, pair) in tokens.windows(2).enumerate() {
        if !(pair[0].is_punct(b'#') && pair[1].is_punct(b'[')) {
            continue;
        }
        let end = closing(tokens, index + 1).unwrap_or(tokens.len());
        if tokens[index..end].iter().any(|token| token.is("ignore")) {
            let sentence = "an ignored test proves nothing: make it run or remove it";
            violations.push(Violation::new(path, pair[0].line, sentence));
        }
    }
    violations
}

fn ignored_examples(path: &Path, source: &str) -> Vec<Violation> {
    let sentence = "an ignored example is not even compiled: use `no_run` or `text`";
    let is_ignored = |line: &str| {
        let line = line.trim_start();
        let comment = line
            .strip_prefix("///")
            .or_else(|| line.strip_prefix("//!"));
        let fence = comment.and_then(|text| text.trim_start().strip_prefix("```"));
        fence.is_some_and(|info| {
            info.split(',')
                .any(|word| word.trim().starts_with("ignore"))
        })
    };
    let numbered = source
        .lines()
        .enumerate()
        .filter(|(_, line)| is_ignored(line));
    numbered
        .map(|(index, _)| Violation::new(path, index + 1, sentence))
        .collect()
}

fn unfinished_code(path: &Path, tokens: &[Token<'_>]) -> Vec<Violation> {
    let unfinished = |pair: &&[Token<'_>]| {
        (pair[0].is("todo") || pair[0].is("unimplemented")) && pair[1].is_punct(b'!')
    };
    tokens
        .windows(2)
        .filter(unfinished)
        .map(|pair| {
            let sentence = "unfinished code panics on a user: finish it or return an error";
            Violation::new(path, pair[0].line, sentence)
        })
        .collect()
}
