//! Bodies of several parts (RFC 2046 5.1, RFC 5621).

use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::Display;

use bytes::Bytes;
use memchr::memmem;
use thiserror::Error;

use crate::header::{ContentDisposition, HeaderValue, MediaType};
use crate::message::parse::parse_part_head;
use crate::message::{HeaderField, Headers, Slots};
use crate::scan::visit;
use crate::{HeaderError, HeaderName, Limits, Message, Rule};

/// RFC 2046 5.1.1: a boundary has at most seventy characters.
const BOUNDARY_LEN_MAX: usize = 70;

/// The parts of a multipart body, in order.
///
/// Reading them is linear in the body; parts are slices of the same allocation. An error ends the
/// iteration.
///
/// ```
/// # use plenum_sip_msg::{Limits, Multipart};
/// let body = "--b\r\nContent-Type: application/sdp\r\n\r\nv=0\r\n\r\n--b--\r\n";
/// let kind = "multipart/mixed;boundary=b".parse()?;
/// let mut parts = Multipart::new(&kind, body.into(), &Limits::default())?;
/// let part = parts.next().expect("there is a part")?;
/// assert!(part.content_type()?.is("application", "sdp"));
/// assert_eq!(&part.body()[..], b"v=0\r\n");
/// assert!(parts.next().is_none());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Multipart {
    body: Bytes,
    /// `--` and the boundary.
    delimiter: Vec<u8>,
    /// What parts are when they do not say (RFC 2046 5.1.5: a digest holds messages).
    default_type: MediaType,
    /// Where the next part starts; `None` after the last delimiter.
    at: Option<usize>,
    count: usize,
    depth: usize,
    limits: Limits,
}

/// One part of a multipart body.
#[derive(Debug, Clone)]
pub struct Part {
    bytes: Bytes,
    slots: Slots,
    body_start: usize,
    default_type: MediaType,
    depth: usize,
    limits: Limits,
}

/// Says why a multipart body cannot be read: the peer broke a rule or hit a limit.
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum MultipartError {
    /// RFC 2046 5.1.1.
    #[error("a multipart type must have a boundary parameter of 1 to 70 characters")]
    Boundary,
    /// RFC 2046 5.1.1.
    #[error(
        "the body must have a line of -- and the boundary before each part, and one that ends in -- after the last"
    )]
    Delimiter,
    /// RFC 2046 5.1: the headers of a part end with an empty line.
    #[error("the headers of part {0} break a rule: {1}")]
    PartHead(usize, Rule),
    /// [`Limits::multipart_parts`].
    #[error("the body has more parts than the limit of {0}; send fewer, or raise multipart_parts")]
    TooManyParts(usize),
    /// [`Limits::multipart_depth`].
    #[error(
        "multipart bodies are nested deeper than the limit of {0}; nest less, or raise multipart_depth"
    )]
    TooDeep(usize),
    /// The Content-Type of the message or part cannot be read.
    #[error(transparent)]
    Header(#[from] HeaderError),
}

impl Message {
    /// The parts of a multipart body; `None` when the body is not one.
    ///
    /// # Errors
    ///
    /// [`MultipartError`] when Content-Type is malformed, has no boundary, or the body does not
    /// start with it.
    pub fn multipart(&self, limits: &Limits) -> Result<Option<Multipart>, MultipartError> {
        match self.content_type()? {
            Some(kind) if kind.is_multipart() => {
                Multipart::new(&kind, self.body(), limits).map(Some)
            }
            _ => Ok(None),
        }
    }
}

impl Multipart {
    /// Reads a body by the boundary of its type.
    ///
    /// # Errors
    ///
    /// [`MultipartError::Boundary`] and [`MultipartError::Delimiter`].
    pub fn new(kind: &MediaType, body: Bytes, limits: &Limits) -> Result<Self, MultipartError> {
        Self::nested(kind, body, limits, 1)
    }

    fn nested(
        kind: &MediaType,
        body: Bytes,
        limits: &Limits,
        depth: usize,
    ) -> Result<Self, MultipartError> {
        if depth > limits.multipart_depth {
            return Err(MultipartError::TooDeep(limits.multipart_depth));
        }
        let boundary = kind.params.text("boundary").unwrap_or_default();
        if boundary.is_empty() || boundary.len() > BOUNDARY_LEN_MAX {
            return Err(MultipartError::Boundary);
        }
        let delimiter = [b"--", boundary.as_bytes()].concat();
        let is_digest = kind.subtype.eq_ignore_ascii_case("digest");
        let default = if is_digest {
            "message/rfc822"
        } else {
            "text/plain"
        };
        let mut parts = Self {
            default_type: default.parse().expect("a constant media type is valid"),
            body,
            delimiter,
            at: None,
            count: 0,
            depth,
            limits: *limits,
        };
        // What stands before the first delimiter is for readers that know no parts.
        let first = parts.delimiter_from(0).ok_or(MultipartError::Delimiter)?;
        parts.at = first.next;
        Ok(parts)
    }

    /// The first delimiter that starts a line at or after `from`.
    fn delimiter_from(&self, from: usize) -> Option<Delimiter> {
        let mut from = from;
        loop {
            let hay = self.body.get(from..)?;
            let Some(len) = memmem::find(hay, &self.delimiter) else {
                visit(hay.len());
                return None;
            };
            visit(len + self.delimiter.len());
            let start = from + len;
            let end = start + self.delimiter.len();
            let starts_line = start == 0 || self.body[start - 1] == b'\n';
            if let Some(next) = self.line_after(end).filter(|_| starts_line) {
                return Some(Delimiter {
                    start,
                    next: (next.0).then_some(next.1),
                });
            }
            from = end;
        }
    }

    /// Whether a part follows, and where, when nothing but blanks stands after a delimiter.
    fn line_after(&self, end: usize) -> Option<(bool, usize)> {
        let rest = &self.body[end..];
        let (is_open, rest) = match rest.strip_prefix(b"--") {
            Some(rest) => (false, rest),
            None => (true, rest),
        };
        let blanks = rest
            .iter()
            .take_while(|byte| matches!(byte, b' ' | b'\t'))
            .count();
        visit(blanks);
        match &rest[blanks..] {
            [b'\n', tail @ ..] | [b'\r', b'\n', tail @ ..] => {
                Some((is_open, self.body.len() - tail.len()))
            }
            // The last delimiter may end the body without a line end.
            [] if !is_open => Some((false, self.body.len())),
            _ => None,
        }
    }

    fn read_part(&mut self, start: usize) -> Result<Part, MultipartError> {
        if self.count == self.limits.multipart_parts {
            return Err(MultipartError::TooManyParts(self.count));
        }
        self.count += 1;
        // A part without headers and body: the delimiter's line end is that of the next one too.
        let delimiter = self
            .delimiter_from(start)
            .ok_or(MultipartError::Delimiter)?;
        self.at = delimiter.next;
        // RFC 2046 5.1.1: the line end before a delimiter belongs to it.
        let mut end = delimiter.start.max(start);
        for octet in [b'\n', b'\r'] {
            if end > start && self.body[end - 1] == octet {
                end -= 1;
            }
        }
        let bytes = self.body.slice(start..end);
        let (slots, body_start) = parse_part_head(&bytes, &self.limits)
            .map_err(|rule| MultipartError::PartHead(self.count, rule))?;
        Ok(Part {
            bytes,
            slots,
            body_start,
            default_type: self.default_type.clone(),
            depth: self.depth,
            limits: self.limits,
        })
    }
}

impl Iterator for Multipart {
    type Item = Result<Part, MultipartError>;

    fn next(&mut self) -> Option<Self::Item> {
        let start = self.at.take()?;
        let part = self.read_part(start);
        if part.is_err() {
            self.at = None;
        }
        Some(part)
    }
}

struct Delimiter {
    start: usize,
    /// Where the part after it starts; `None` after the last.
    next: Option<usize>,
}

impl Part {
    /// The headers of the part, in order.
    pub fn headers(&self) -> Headers<'_> {
        Headers::all(&self.bytes, &self.slots)
    }

    /// The first header of a name.
    pub fn header<'a>(&'a self, name: &'a HeaderName) -> Option<HeaderField<'a>> {
        Headers::named(&self.bytes, &self.slots, name).next()
    }

    /// The value of any header, typed.
    ///
    /// # Errors
    ///
    /// [`HeaderError::Malformed`] names the broken grammar.
    pub fn value<T: HeaderValue>(&self, name: &HeaderName) -> Result<Option<T>, HeaderError> {
        let Some(field) = self.header(name) else {
            return Ok(None);
        };
        let malformed = |source| HeaderError::Malformed {
            name: name.clone(),
            source,
        };
        T::parse_value(&field.text()).map(Some).map_err(malformed)
    }

    /// The type of the part; `text/plain` when it does not say, `message/rfc822` in a digest.
    ///
    /// # Errors
    ///
    /// [`HeaderError::Malformed`].
    pub fn content_type(&self) -> Result<MediaType, HeaderError> {
        let kind = self.value(&HeaderName::ContentType)?;
        Ok(kind.unwrap_or_else(|| self.default_type.clone()))
    }

    /// What the part is for.
    ///
    /// # Errors
    ///
    /// [`HeaderError::Malformed`].
    pub fn content_disposition(&self) -> Result<Option<ContentDisposition>, HeaderError> {
        self.value(&HeaderName::ContentDisposition)
    }

    /// The name that other parts and headers call it by, without angles (RFC 2392).
    pub fn content_id(&self) -> Option<String> {
        let field = self.header(&HeaderName::ContentId)?;
        let text = field.text();
        let inner = text
            .strip_prefix('<')
            .and_then(|text| text.strip_suffix('>'));
        Some(inner.unwrap_or(&text).into())
    }

    /// The content; a slice of the body of the message.
    pub fn body(&self) -> Bytes {
        self.bytes.slice(self.body_start..)
    }

    /// The parts of the part; `None` when it is not multipart itself.
    ///
    /// # Errors
    ///
    /// Those of [`Message::multipart`], and [`MultipartError::TooDeep`].
    pub fn multipart(&self) -> Result<Option<Multipart>, MultipartError> {
        let kind = self.content_type()?;
        if !kind.is_multipart() {
            return Ok(None);
        }
        Multipart::nested(&kind, self.body(), &self.limits, self.depth + 1).map(Some)
    }
}

impl MediaType {
    /// Whether the type is `multipart` of any kind.
    pub fn is_multipart(&self) -> bool {
        self.kind.eq_ignore_ascii_case("multipart")
    }
}

/// Writes a multipart body with a boundary that occurs in no part.
#[derive(Debug, Clone)]
#[must_use]
pub struct MultipartBuilder {
    subtype: String,
    parts: Vec<(Vec<u8>, Bytes)>,
}

/// What a boundary starts with; a number follows.
const BOUNDARY: &str = "part-";

impl MultipartBuilder {
    /// Starts a body of a kind, such as `mixed`, `alternative` or `related`.
    pub fn new(subtype: &str) -> Self {
        Self {
            subtype: subtype.into(),
            parts: Vec::new(),
        }
    }

    /// Adds a part.
    pub fn part(self, content_type: impl Display, body: impl Into<Bytes>) -> Self {
        self.part_with(content_type, &[], body)
    }

    /// Adds a part with more headers; line ends in a value become spaces.
    pub fn part_with(
        mut self,
        content_type: impl Display,
        headers: &[(HeaderName, String)],
        body: impl Into<Bytes>,
    ) -> Self {
        let mut head = String::new();
        push_line(
            &mut head,
            &HeaderName::ContentType,
            &alloc::format!("{content_type}"),
        );
        for (name, value) in headers {
            push_line(&mut head, name, value);
        }
        self.parts.push((head.into_bytes(), body.into()));
        self
    }

    /// The type with the boundary, and the body.
    pub fn build(self) -> (MediaType, Bytes) {
        let boundary = alloc::format!("{BOUNDARY}{}", self.free_number());
        let len: usize = self
            .parts
            .iter()
            .map(|(head, body)| head.len() + body.len())
            .sum();
        let mut out = Vec::with_capacity(len + (self.parts.len() + 1) * (boundary.len() + 8));
        for (head, body) in &self.parts {
            let lines: [&[u8]; 7] = [
                b"--",
                boundary.as_bytes(),
                b"\r\n",
                head,
                b"\r\n",
                body,
                b"\r\n",
            ];
            lines.iter().for_each(|line| out.extend_from_slice(line));
        }
        out.extend_from_slice(alloc::format!("--{boundary}--\r\n").as_bytes());
        let mut params = crate::Params::new();
        params.set("boundary", &boundary);
        let kind = MediaType {
            kind: "multipart".into(),
            subtype: self.subtype,
            params,
        };
        (kind, out.into())
    }

    /// One more than the largest number of a boundary of ours in any part, in one pass.
    fn free_number(&self) -> u64 {
        let mut free = 0;
        for (head, body) in &self.parts {
            for text in [&head[..], body] {
                for at in memmem::find_iter(text, BOUNDARY) {
                    let digits = text[at + BOUNDARY.len()..].iter().take(19);
                    let digits = digits.take_while(|byte| byte.is_ascii_digit());
                    let number = digits.fold(0, |sum, digit| sum * 10 + u64::from(digit - b'0'));
                    free = free.max(number + 1);
                }
            }
        }
        free
    }
}

fn push_line(head: &mut String, name: &HeaderName, value: &str) {
    head.push_str(name.as_str());
    head.push_str(": ");
    let is_line_end = |c: char| matches!(c, '\r' | '\n' | '\0');
    head.extend(value.chars().map(|c| if is_line_end(c) { ' ' } else { c }));
    head.push_str("\r\n");
}

#[cfg(test)]
mod tests;
