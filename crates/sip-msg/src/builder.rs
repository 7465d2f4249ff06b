use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::{self, Display, Write};
use core::ops::Range;

use bytes::Bytes;

use crate::decimal::Decimal;
use crate::message::{Index, Slot, Slots, Span, StartLine};
use crate::scan::find_outside;
use crate::{HeaderField, HeaderName, Message, Method, Params, StatusCode, Uri, Via};

/// Writes a request or a response.
///
/// Headers are written in the order they were added, by their canonical names; Content-Length is
/// always the last. Line ends in a value become spaces, so that a value is never two headers.
#[derive(Debug, Clone)]
#[must_use]
pub struct MessageBuilder {
    start: Start,
    /// The values of the entries and of the start line, without line ends.
    text: Vec<u8>,
    entries: Vec<Entry>,
    body: Bytes,
}

/// Headers of a usual message.
const ENTRIES: usize = 20;
/// What the values of a usual message take.
const TEXT_LEN: usize = 768;

#[derive(Debug, Clone)]
enum Start {
    Request {
        method: Method,
        uri: Range<usize>,
    },
    Response {
        status: StatusCode,
        reason: Range<usize>,
    },
}

#[derive(Debug, Clone)]
struct Entry {
    name: HeaderName,
    value: Range<usize>,
}

impl MessageBuilder {
    /// Starts a request.
    pub fn request(method: Method, uri: &Uri) -> Self {
        let mut builder = Self::empty(StatusCode::OK);
        let uri = builder.write(uri);
        builder.start = Start::Request { method, uri };
        builder
    }

    /// Starts a response with the default reason phrase and no headers.
    pub fn response(status: StatusCode) -> Self {
        let mut builder = Self::empty(status);
        let reason = builder.write_str(status.default_reason());
        builder.start = Start::Response { status, reason };
        builder
    }

    /// Starts the response to a request with the headers it must copy.
    ///
    /// # Standard
    ///
    /// RFC 3261 section 8.2.6: Via, From, To, Call-ID and CSeq; Timestamp in a 100. Section
    /// 12.1.1: Record-Route in a response that can establish a dialog, 101 to 299.
    pub fn response_to(request: &Message, status: StatusCode) -> Self {
        let mut builder = Self::response(status);
        for field in request.headers() {
            let name = field.name();
            let is_copied = match name {
                HeaderName::Via
                | HeaderName::From
                | HeaderName::To
                | HeaderName::CallId
                | HeaderName::CSeq => true,
                HeaderName::Timestamp => status == StatusCode::TRYING,
                HeaderName::RecordRoute => status > StatusCode::TRYING && !status.is_failure(),
                _ => false,
            };
            if is_copied {
                builder.copy(&field);
            }
        }
        builder
    }

    /// Starts a copy of a message, to change it: all headers but Content-Length, and the body.
    pub fn from_message(message: &Message) -> Self {
        let mut builder = Self::empty(StatusCode::OK);
        builder.start = match message.index().start {
            StartLine::Request { ref method, uri } => Start::Request {
                method: method.clone(),
                uri: builder.write_raw(uri.of(message.bytes())),
            },
            StartLine::Response { status, reason } => Start::Response {
                status,
                reason: builder.write_raw(reason.of(message.bytes())),
            },
        };
        for field in message.headers() {
            builder.copy(&field);
        }
        builder.body = message.body();
        builder
    }

    fn empty(status: StatusCode) -> Self {
        Self {
            start: Start::Response {
                status,
                reason: 0..0,
            },
            text: Vec::with_capacity(TEXT_LEN),
            entries: Vec::with_capacity(ENTRIES),
            body: Bytes::new(),
        }
    }

    /// Adds a header of a message as it is there, unfolded.
    fn copy(&mut self, field: &HeaderField<'_>) {
        if !field.is(&HeaderName::ContentLength) {
            let value = self.write_raw(&field.value());
            let name = field.name();
            self.entries.push(Entry { name, value });
        }
    }

    /// Sets the Request-URI; a response has none.
    pub fn request_uri(mut self, new: &Uri) -> Self {
        let text = self.write(new);
        if let Start::Request { uri, .. } = &mut self.start {
            *uri = text;
        }
        self
    }

    /// Sets the reason phrase; a request has none.
    pub fn reason_phrase(mut self, phrase: &str) -> Self {
        let text = self.write_str(phrase);
        if let Start::Response { reason, .. } = &mut self.start {
            *reason = text;
        }
        self
    }

    /// Adds a header after the others.
    pub fn header(mut self, name: HeaderName, value: impl Display) -> Self {
        let value = self.write(value);
        self.entries.push(Entry { name, value });
        self
    }

    /// Adds a header of any octets after the others.
    pub fn header_raw(mut self, name: HeaderName, value: &[u8]) -> Self {
        let value = self.write_raw(value);
        self.entries.push(Entry { name, value });
        self
    }

    /// Adds a header before the others.
    pub fn prepend(mut self, name: HeaderName, value: impl Display) -> Self {
        let value = self.write(value);
        self.entries.insert(0, Entry { name, value });
        self
    }

    /// Adds the topmost Via.
    pub fn prepend_via(self, via: &Via) -> Self {
        self.prepend(HeaderName::Via, via)
    }

    /// Replaces all headers of the name by one, in the place of the first.
    pub fn set(mut self, name: HeaderName, value: impl Display) -> Self {
        let first = self.entries.iter().position(|entry| entry.name == name);
        self.entries.retain(|entry| entry.name != name);
        let value = self.write(value);
        // Entries before the first of the name stay, so its place is the same.
        let place = first.unwrap_or(self.entries.len());
        self.entries.insert(place, Entry { name, value });
        self
    }

    /// Removes all headers of the name.
    pub fn remove(mut self, name: &HeaderName) -> Self {
        self.entries.retain(|entry| entry.name != *name);
        self
    }

    /// Adds a tag to the To header, if it has none (RFC 3261 8.2.6.2).
    pub fn to_tag(mut self, tag: &str) -> Self {
        let to = self
            .entries
            .iter()
            .position(|entry| entry.name == HeaderName::To);
        let Some(at) = to else { return self };
        let old = self.text[self.entries[at].value.clone()].to_vec();
        if has_tag(&old) {
            return self;
        }
        let start = self.text.len();
        self.text.extend_from_slice(&old);
        let tag = self.write(format_args!(";tag={tag}"));
        self.entries[at].value = start..tag.end;
        self
    }

    /// Sets the body and its Content-Type.
    pub fn body(self, content_type: impl Display, body: impl Into<Bytes>) -> Self {
        let mut builder = self.set(HeaderName::ContentType, content_type);
        builder.body = body.into();
        builder
    }

    /// Removes the body and its Content-Type.
    pub fn without_body(self) -> Self {
        let mut builder = self.remove(&HeaderName::ContentType);
        builder.body = Bytes::new();
        builder
    }

    /// Writes the message.
    pub fn build(self) -> Message {
        let is_length = |entry: &Entry| entry.name.id() == HeaderName::ContentLength.id();
        let headers: usize = self
            .entries
            .iter()
            .map(|entry| entry.name.as_str().len() + entry.value.len() + COLON_AND_END)
            .sum();
        let capacity = START_AND_LENGTH + self.start_len() + headers + self.body.len();
        let mut bytes = Vec::with_capacity(capacity);
        let start = self.write_start_line(&mut bytes);
        let mut slots = Slots::new();
        for entry in self.entries.iter().filter(|entry| !is_length(entry)) {
            let value = self.text.get(entry.value.clone()).unwrap_or_default();
            slots.push(write_header(&mut bytes, &entry.name, value));
        }
        let mut length = Decimal::default();
        length.push_number(self.body.len());
        slots.push(write_header(
            &mut bytes,
            &HeaderName::ContentLength,
            length.as_str().as_bytes(),
        ));
        bytes.extend_from_slice(b"\r\n");
        let body_start = Span::new(bytes.len(), bytes.len()).start;
        bytes.extend_from_slice(&self.body);
        let index = Index {
            start,
            slots,
            body_start,
        };
        Message::from_parts(Bytes::from(bytes), index)
    }

    fn start_len(&self) -> usize {
        match &self.start {
            Start::Request { method, uri } => method.as_str().len() + uri.len(),
            Start::Response { reason, .. } => reason.len(),
        }
    }

    fn write_start_line(&self, bytes: &mut Vec<u8>) -> StartLine {
        match &self.start {
            Start::Request { method, uri } => {
                bytes.extend_from_slice(method.as_str().as_bytes());
                bytes.push(b' ');
                let start = bytes.len();
                bytes.extend_from_slice(&self.text[uri.clone()]);
                let uri = Span::new(start, bytes.len());
                bytes.extend_from_slice(b" SIP/2.0\r\n");
                StartLine::Request {
                    method: method.clone(),
                    uri,
                }
            }
            Start::Response { status, reason } => {
                let mut code = Decimal::default();
                code.push_number(status.as_u16().into());
                bytes.extend_from_slice(b"SIP/2.0 ");
                bytes.extend_from_slice(code.as_str().as_bytes());
                bytes.push(b' ');
                let start = bytes.len();
                bytes.extend_from_slice(&self.text[reason.clone()]);
                let reason = Span::new(start, bytes.len());
                bytes.extend_from_slice(b"\r\n");
                StartLine::Response {
                    status: *status,
                    reason,
                }
            }
        }
    }

    fn write(&mut self, value: impl Display) -> Range<usize> {
        let start = self.text.len();
        // The sink takes everything; a Display that fails leaves what it wrote before.
        let _ = write!(Sink(&mut self.text), "{value}");
        self.trimmed(start)
    }

    fn write_str(&mut self, value: &str) -> Range<usize> {
        self.write_raw(value.as_bytes())
    }

    fn write_raw(&mut self, value: &[u8]) -> Range<usize> {
        let start = self.text.len();
        push_clean(&mut self.text, value);
        self.trimmed(start)
    }

    /// The range from `start` to the end of the text, without blanks at its ends.
    fn trimmed(&self, start: usize) -> Range<usize> {
        let value = &self.text[start..];
        let leading = value.len() - value.trim_ascii_start().len();
        let len = value.trim_ascii().len();
        start + leading..start + leading + len
    }
}

/// `: ` and the line end.
const COLON_AND_END: usize = 4;
/// Blanks, version, code and line end of the start line; Content-Length; the empty line.
const START_AND_LENGTH: usize = 56;

fn write_header(bytes: &mut Vec<u8>, name: &HeaderName, value: &[u8]) -> Slot {
    let (start, text) = (bytes.len(), name.as_str());
    bytes.extend_from_slice(text.as_bytes());
    bytes.extend_from_slice(b": ");
    let value_start = bytes.len();
    bytes.extend_from_slice(value);
    let value = Span::new(value_start, bytes.len());
    bytes.extend_from_slice(b"\r\n");
    Slot {
        line: Span::new(start, bytes.len()),
        value,
        name_len: u16::try_from(text.len()).unwrap_or(u16::MAX),
        id: name.id(),
        is_folded: false,
    }
}

/// Whether an address has a `tag` of its own, not of its URI.
fn has_tag(to: &[u8]) -> bool {
    let angle = find_outside(to, b'<', false);
    let end = memchr::memchr(b'>', &to[angle..]).map(|len| angle + len);
    // RFC 3261 20: without angles, parameters belong to the header.
    let start = end.or_else(|| memchr::memchr(b';', to));
    let params = start
        .and_then(|start| to.get(start + 1..))
        .unwrap_or_default();
    let params = String::from_utf8_lossy(params).parse::<Params>();
    params.is_ok_and(|params| params.has("tag"))
}

/// What a header or start line cannot hold becomes a space (RFC 3261 25.1: TEXT-UTF8char).
const fn clean_byte(byte: u8) -> u8 {
    match byte {
        b'\r' | b'\n' | 0 => b' ',
        byte => byte,
    }
}

fn push_clean(out: &mut Vec<u8>, octets: &[u8]) {
    // Looks at every octet, so that the compiler can look at many at once.
    let is_wrong = |found: bool, byte: &u8| found | matches!(byte, b'\r' | b'\n' | 0);
    if !octets.iter().fold(false, is_wrong) {
        out.extend_from_slice(octets);
    } else {
        out.extend(octets.iter().map(|byte| clean_byte(*byte)));
    }
}

/// A text sink that keeps values on their line.
struct Sink<'a>(&'a mut Vec<u8>);

impl Write for Sink<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        push_clean(self.0, text.as_bytes());
        Ok(())
    }
}

#[cfg(test)]
mod tests;
