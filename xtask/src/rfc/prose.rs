//! What people read in a Rust file: comments and texts, as paragraphs.

use crate::tidy::lexer::{Kind, Token};

/// A text, or comments on consecutive lines.
pub(super) struct Block {
    /// Offset of the first byte and of the one after the last.
    pub(super) start: usize,
    pub(super) end: usize,
    lines: Vec<String>,
}

impl Block {
    /// Its paragraphs, words one space apart, without those on what is absent.
    pub(super) fn paragraphs(&self) -> Vec<String> {
        paragraphs(&self.lines)
    }
}

/// All texts and comments of a file.
pub(super) fn blocks(source: &str, pieces: &[Token<'_>]) -> Vec<Block> {
    let mut found: Vec<Block> = Vec::new();
    let mut previous: Option<Token<'_>> = None;
    for piece in pieces {
        let text = &source[piece.start..piece.end];
        let before = previous.replace(*piece);
        let lines = match piece.kind {
            Kind::Comment => comment_lines(text),
            Kind::Text => vec![text.replace("\\\n", " ")],
            _ => continue,
        };
        let goes_on = piece.kind == Kind::Comment
            && before.is_some_and(|before| {
                let other = &source[before.start..before.end];
                before.kind == Kind::Comment
                    && before.last_line + 1 == piece.line
                    && marker(other) == marker(text)
            });
        match found.last_mut().filter(|_| goes_on) {
            Some(block) => {
                block.lines.extend(lines);
                block.end = piece.end;
            }
            None => found.push(Block {
                start: piece.start,
                end: piece.end,
                lines,
            }),
        }
    }
    found
}

/// Comments of different forms are different texts.
fn marker(comment: &str) -> &'static str {
    ["///", "//!", "//", "/*"]
        .into_iter()
        .find(|marker| comment.starts_with(marker))
        .unwrap_or_default()
}

fn comment_lines(comment: &str) -> Vec<String> {
    let is_block = comment.starts_with("/*");
    let inner = comment.strip_suffix("*/").filter(|_| is_block);
    let lines = inner.unwrap_or(comment).lines().enumerate();
    lines
        .map(|(index, line)| {
            let line = line.trim();
            let marks: &[char] = if is_block {
                &['/', '*', '!']
            } else {
                &['/', '!']
            };
            // A first line opens with the marker; the next ones of a block may have a star.
            let text = if index == 0 || line.starts_with('*') {
                line.trim_start_matches(marks)
            } else {
                line
            };
            text.trim().to_owned()
        })
        .collect()
}

fn paragraphs(lines: &[String]) -> Vec<String> {
    const ABSENT: &str = "deliberately absent";
    let mut found = vec![String::new()];
    let mut under_absent = false;
    for line in lines {
        let is_heading = line.starts_with("# ") || line.starts_with("## ");
        if is_heading {
            under_absent = line.to_lowercase().contains(ABSENT);
        }
        if line.is_empty() || is_heading {
            found.push(String::new());
        }
        if under_absent {
            continue;
        }
        if let Some(paragraph) = found.last_mut() {
            for word in line.split_whitespace() {
                let space = if paragraph.is_empty() { "" } else { " " };
                paragraph.push_str(space);
                paragraph.push_str(word);
            }
        }
    }
    found.retain(|paragraph| !paragraph.to_lowercase().starts_with(ABSENT));
    found
}
