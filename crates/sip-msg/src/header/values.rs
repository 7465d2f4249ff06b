use alloc::borrow::Cow;
use core::marker::PhantomData;

use crate::message::{HeaderField, Headers};
use crate::scan::{find_outside, trim};
use crate::{HeaderError, SyntaxError};

/// A typed header value. Implemented by the header types of this crate; implement it to read
/// other headers with [`Message::value`](crate::Message::value).
pub trait HeaderValue: Sized {
    /// Whether one line may hold several values separated by commas (RFC 3261 7.3.1).
    const IS_LIST: bool = false;

    /// Parses one value, unfolded. Blanks may surround it.
    ///
    /// # Errors
    ///
    /// The [`SyntaxError`] that names the broken grammar.
    fn parse_value(text: &str) -> Result<Self, SyntaxError>;

    /// The value at octet `at` of a line; moves `at` past it and its comma, past the end of the
    /// text after the last.
    #[doc(hidden)]
    fn next_value<'t>(text: &'t str, at: &mut usize) -> Option<&'t str> {
        next_piece(text, at, Self::IS_LIST)
    }
}

/// All values of a header, in order, across its lines and the commas in them.
#[derive(Debug, Clone)]
pub struct Values<'a, T> {
    fields: Option<Headers<'a>>,
    line: Option<Line<'a>>,
    value: PhantomData<fn() -> T>,
}

#[derive(Debug, Clone)]
struct Line<'a> {
    field: HeaderField<'a>,
    text: Cow<'a, str>,
    at: usize,
}

impl<'a, T> Values<'a, T> {
    pub(crate) fn new(fields: Headers<'a>) -> Self {
        Self {
            fields: Some(fields),
            line: None,
            value: PhantomData,
        }
    }

    pub(crate) fn none() -> Self {
        Self {
            fields: None,
            line: None,
            value: PhantomData,
        }
    }
}

impl<T: HeaderValue> Iterator for Values<'_, T> {
    type Item = Result<T, HeaderError>;

    fn next(&mut self) -> Option<Self::Item> {
        loop {
            if let Some(line) = &mut self.line {
                while let Some(piece) = T::next_value(&line.text, &mut line.at) {
                    // RFC 3261 25.1 has no empty list items, but they do no harm.
                    if piece.is_empty() && T::IS_LIST {
                        continue;
                    }
                    let name = || line.field.name();
                    let parsed = T::parse_value(piece);
                    return Some(parsed.map_err(|source| HeaderError::Malformed {
                        name: name(),
                        source,
                    }));
                }
            }
            let field = self.fields.as_mut()?.next()?;
            self.line = Some(Line {
                text: field.text(),
                field,
                at: 0,
            });
        }
    }
}

/// The value at `at`, up to the next comma that separates; `at` passes the end after the last.
pub(crate) fn next_piece<'t>(text: &'t str, at: &mut usize, is_list: bool) -> Option<&'t str> {
    let rest = text.get(*at..)?;
    let len = if is_list {
        find_outside(rest, b',', true)
    } else {
        rest.len()
    };
    *at += len + 1;
    Some(trim(&rest[..len]))
}
