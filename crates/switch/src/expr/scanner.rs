//! Where `${...}` and `$[...]` begin and end.

use super::check::SyntaxError;

/// One piece of a text.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Piece<'a> {
    /// Stands for itself.
    Text(&'a str),
    /// The inside of `${...}`.
    Variable(&'a str),
    /// The inside of `$[...]`.
    Expression(&'a str),
}

/// Takes a text apart, one level deep.
#[derive(Clone, Debug)]
pub(super) struct Scanner<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scanner<'a> {
    pub(super) const fn new(text: &'a str) -> Self {
        Self { text, at: 0 }
    }

    /// Byte offset of what comes next.
    pub(super) const fn offset(&self) -> usize {
        self.at
    }

    fn take(&mut self, bytes: usize) -> &'a str {
        let taken = &self.text[self.at..self.at + bytes];
        self.at += bytes;
        taken
    }
}

impl<'a> Iterator for Scanner<'a> {
    type Item = Result<Piece<'a>, SyntaxError>;

    fn next(&mut self) -> Option<Self::Item> {
        let rest = &self.text[self.at..];
        if rest.is_empty() {
            return None;
        }
        // A backslash before a dollar sign makes it a plain one.
        if rest.starts_with("\\$") {
            self.at += 1;
            return Some(Ok(Piece::Text(self.take(1))));
        }
        let (opener, closer, open) = match rest.as_bytes() {
            [b'$', b'{', ..] => (b'{', b'}', SyntaxError::OpenVariable),
            [b'$', b'[', ..] => (b'[', b']', SyntaxError::OpenExpression),
            _ => {
                let end = next_special(rest);
                return Some(Ok(Piece::Text(self.take(end))));
            }
        };
        let Some(length) = closing(&rest[2..], opener, closer) else {
            self.at = self.text.len();
            return Some(Err(open));
        };
        self.at += 2;
        let inside = self.take(length);
        self.at += 1;
        let piece = if opener == b'{' {
            Piece::Variable(inside)
        } else {
            Piece::Expression(inside)
        };
        Some(Ok(piece))
    }
}

/// Length of the plain text at the start; at least one character.
fn next_special(text: &str) -> usize {
    let bytes = text.as_bytes();
    (1..bytes.len())
        .find(|&at| {
            let next = bytes.get(at + 1);
            match bytes[at] {
                b'$' => matches!(next, Some(b'{' | b'[')),
                b'\\' => next == Some(&b'$'),
                _ => false,
            }
        })
        .unwrap_or(bytes.len())
}

/// Finds the bracket that closes the one before this text.
fn closing(text: &str, opener: u8, closer: u8) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, byte) in text.bytes().enumerate() {
        if byte == opener {
            depth += 1;
        } else if byte == closer {
            if depth == 0 {
                return Some(at);
            }
            depth -= 1;
        }
    }
    None
}
