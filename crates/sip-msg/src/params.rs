use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use smol_str::SmolStr;

use crate::SyntaxError;
use crate::scan::{find_outside, is_token_byte, quoted_end, split_outside, trim, visit};

/// Parameters of a header value or a URI, `;name=value`, in one text as they were written.
///
/// Names compare without case; of a repeated name the first counts. Values are as on the wire:
/// quoted in headers ([`Params::text`] unquotes), percent-escaped in URIs.
#[derive(Debug, Clone, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Params(SmolStr);

impl Params {
    /// No parameters.
    pub const fn new() -> Self {
        Self(SmolStr::new_static(""))
    }

    /// Whether there is none.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Name and value of each parameter, in order.
    pub fn iter(&self) -> impl Iterator<Item = (&str, Option<&str>)> {
        Pieces {
            rest: Some(&self.0),
        }
        .map(split_param)
        .filter(|(name, _)| !name.is_empty())
    }

    /// Whether the parameter is there, with or without a value.
    pub fn has(&self, name: &str) -> bool {
        self.find(name).is_some()
    }

    /// The value as written; `None` when the parameter is absent or has no value.
    pub fn value(&self, name: &str) -> Option<&str> {
        self.find(name).and_then(|(_, value)| value)
    }

    /// The value without the quotes of a quoted string.
    pub fn text(&self, name: &str) -> Option<Cow<'_, str>> {
        self.value(name).map(unquote)
    }

    /// The weight `q` in thousandths, 0 to 1000; `None` when it is absent or out of range.
    pub fn quality(&self) -> Option<u16> {
        let (whole, fraction) = self
            .value("q")
            .map(|q| q.split_once('.').unwrap_or((q, "")))?;
        if !matches!(whole, "0" | "1" | "") || fraction.len() > 3 {
            return None;
        }
        let is_number = fraction.bytes().all(|byte| byte.is_ascii_digit());
        let padded = fraction.bytes().chain([b'0'; 3]).take(3);
        let thousandths =
            is_number.then(|| padded.fold(0, |sum, digit| sum * 10 + u16::from(digit - b'0')))?;
        match (whole, thousandths) {
            ("1", 0) => Some(1000),
            ("1", _) => None,
            (_, thousandths) => Some(thousandths),
        }
    }

    /// Sets a parameter, quoting the value when it is not a token or a host.
    pub fn set(&mut self, name: &str, value: &str) {
        let mut rendered = String::with_capacity(value.len() + 2);
        if is_plain(value) {
            rendered.push_str(value);
        } else {
            push_quoted(&mut rendered, value);
        }
        self.put(name, Some(&rendered));
    }

    /// Sets a parameter without a value.
    pub fn set_flag(&mut self, name: &str) {
        self.put(name, None);
    }

    /// Removes each parameter of the name; says whether there was one.
    pub fn remove(&mut self, name: &str) -> bool {
        if !self.has(name) {
            return false;
        }
        let mut kept = String::with_capacity(self.0.len());
        self.iter()
            .filter(|(other, _)| !other.eq_ignore_ascii_case(name))
            .for_each(|(other, value)| push(&mut kept, other, value));
        self.0 = kept.into();
        true
    }

    /// Reads `;name=value;name`, or nothing at all.
    #[inline]
    pub(crate) fn from_wire(text: &str) -> Result<Self, SyntaxError> {
        if text.is_empty() {
            Ok(Self::new())
        } else {
            text.parse()
        }
    }

    fn find(&self, name: &str) -> Option<(&str, Option<&str>)> {
        self.iter()
            .find(|(other, _)| other.eq_ignore_ascii_case(name))
    }

    /// Sets a parameter whose value is already in its wire form, in the place of an older one.
    pub(crate) fn put(&mut self, name: &str, value: Option<&str>) {
        let mut out = String::with_capacity(self.0.len() + name.len() + 16);
        let mut is_placed = false;
        for (other, old) in self.iter() {
            if !other.eq_ignore_ascii_case(name) {
                push(&mut out, other, old);
            } else if !is_placed {
                push(&mut out, name, value);
                is_placed = true;
            }
        }
        if !is_placed {
            push(&mut out, name, value);
        }
        self.0 = out.into();
    }

    /// The parameters sorted by name in lower case, for comparisons in less than square time.
    pub(crate) fn sorted(&self) -> Vec<(String, Option<&str>)> {
        let mut all: Vec<_> = self
            .iter()
            .map(|(name, value)| (name.to_ascii_lowercase(), value))
            .collect();
        all.sort_by(|a, b| a.0.cmp(&b.0));
        all.dedup_by(|later, first| later.0 == first.0);
        all
    }
}

impl FromStr for Params {
    type Err = SyntaxError;

    /// Reads `name=value;name`, with or without a semicolon in front.
    fn from_str(text: &str) -> Result<Self, SyntaxError> {
        let text = trim(text);
        let text = trim(text.strip_prefix(';').unwrap_or(text));
        check(text.as_bytes())?;
        Ok(Self(text.into()))
    }
}

impl fmt::Display for Params {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.0.is_empty() {
            return Ok(());
        }
        f.write_str(";")?;
        f.write_str(&self.0)
    }
}

fn push(out: &mut String, name: &str, value: Option<&str>) {
    if !out.is_empty() {
        out.push(';');
    }
    // A name comes from our own caller or from the wire; either way it must not end the line.
    out.extend(
        name.chars()
            .filter(|c| !c.is_ascii_control() && !matches!(c, ';' | '=' | '"')),
    );
    if let Some(value) = value {
        out.push('=');
        out.push_str(value);
    }
}

/// Looks once at each octet: no name is empty, no quote stays open, no line ends.
fn check(bytes: &[u8]) -> Result<(), SyntaxError> {
    visit(bytes.len());
    let mut at = 0;
    let mut is_name_empty = true;
    while at < bytes.len() {
        match bytes[at] {
            b';' => is_name_empty = true,
            b' ' | b'\t' => {}
            b'\r' | b'\n' => return Err(SyntaxError::Parameter),
            b'=' if is_name_empty => return Err(SyntaxError::Parameter),
            b'"' => {
                let end = quoted_end(bytes, at);
                if memchr::memchr2(b'\r', b'\n', &bytes[at..end]).is_some() {
                    return Err(SyntaxError::Parameter);
                }
                // What is appended after an open quote would become part of it.
                if end == bytes.len() {
                    return Err(SyntaxError::QuotedString);
                }
                (at, is_name_empty) = (end, false);
            }
            _ => is_name_empty = false,
        }
        at += 1;
    }
    Ok(())
}

struct Pieces<'a> {
    rest: Option<&'a str>,
}

impl<'a> Iterator for Pieces<'a> {
    type Item = &'a str;

    fn next(&mut self) -> Option<&'a str> {
        let (piece, rest) = split_outside(self.rest?, b';', false);
        self.rest = rest;
        Some(piece)
    }
}

fn split_param(piece: &str) -> (&str, Option<&str>) {
    match find_outside(piece, b'=', false) {
        at if at < piece.len() => (trim(&piece[..at]), Some(trim(&piece[at + 1..]))),
        _ => (trim(piece), None),
    }
}

fn is_plain(value: &str) -> bool {
    !value.is_empty()
        && value
            .bytes()
            .all(|byte| is_token_byte(byte) || matches!(byte, b'[' | b']' | b':'))
}

/// Removes the quotes and backslashes of a quoted string; other text is returned as it is.
pub(crate) fn unquote(text: &str) -> Cow<'_, str> {
    let Some(inner) = text.strip_prefix('"') else {
        return Cow::Borrowed(text);
    };
    let inner = inner.strip_suffix('"').unwrap_or(inner);
    if memchr::memchr3(b'\\', b'\r', b'\n', inner.as_bytes()).is_none() {
        return Cow::Borrowed(inner);
    }
    let mut out = String::with_capacity(inner.len());
    let mut chars = inner.chars();
    while let Some(c) = chars.next() {
        let c = if c == '\\' {
            chars.next().unwrap_or(c)
        } else {
            c
        };
        out.push(without_line_end(c));
    }
    Cow::Owned(out)
}

/// Writes a quoted string, with a backslash before all that needs one.
pub(crate) fn push_quoted(out: &mut String, text: &str) {
    out.push('"');
    for c in text.chars().map(without_line_end) {
        // RFC 3261 25.1: quoted-pair holds any control character but CR and LF.
        if c.is_ascii_control() || matches!(c, '"' | '\\') {
            out.push('\\');
        }
        out.push(c);
    }
    out.push('"');
}

/// Not even a backslash lets a line end into a quoted string; it becomes a space.
const fn without_line_end(c: char) -> char {
    if matches!(c, '\r' | '\n') { ' ' } else { c }
}

/// Prints a quoted string.
pub(crate) fn write_quoted(f: &mut fmt::Formatter<'_>, text: &str) -> fmt::Result {
    let is_plain = |byte: u8| byte >= b' ' && !matches!(byte, b'"' | b'\\' | 0x7F);
    if text.bytes().all(is_plain) {
        f.write_str("\"")?;
        f.write_str(text)?;
        return f.write_str("\"");
    }
    let mut quoted = String::with_capacity(text.len() + 2);
    push_quoted(&mut quoted, text);
    f.write_str(&quoted)
}
