use alloc::string::String;
use alloc::vec::Vec;
use core::fmt::{self, Display, Write};
use core::ops::Range;

use bytes::Bytes;
use smallvec::SmallVec;

use crate::message::{Index, Slot, Span, StartLine};
use crate::{HeaderName, HeaderValue, Message, Method, NameAddr, StatusCode, Uri, Via};

/// Writes a request or a response.
///
/// Headers are written in the order they were added, by their canonical names; Content-Length is
/// always the last. Line ends in a value become spaces, so that a value is never two headers.
#[derive(Debug, Clone)]
#[must_use]
pub struct MessageBuilder {
    start: Start,
    /// The values of the entries, without line ends.
    text: Vec<u8>,
    entries: Vec<Entry>,
    body: Bytes,
}

#[derive(Debug, Clone)]
enum Start {
    Request { method: Method, uri: Vec<u8> },
    Response { status: StatusCode, reason: Vec<u8> },
}

#[derive(Debug, Clone)]
struct Entry {
    name: HeaderName,
    value: Range<usize>,
}

impl MessageBuilder {
    /// Starts a request.
    pub fn request(method: Method, uri: &Uri) -> Self {
        Self::new(Start::Request {
            method,
            uri: clean(uri),
        })
    }

    /// Starts a response with the default reason phrase and no headers.
    pub fn response(status: StatusCode) -> Self {
        Self::new(Start::Response {
            status,
            reason: status.default_reason().into(),
        })
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
                builder = builder.header_raw(name, &field.value());
            }
        }
        builder
    }

    /// Starts a copy of a message, to change it: all headers but Content-Length, and the body.
    pub fn from_message(message: &Message) -> Self {
        let start = match message.index().start {
            StartLine::Request { ref method, uri } => Start::Request {
                method: method.clone(),
                uri: clean_octets(uri.of(message.bytes())),
            },
            StartLine::Response { status, reason } => Start::Response {
                status,
                reason: clean_octets(reason.of(message.bytes())),
            },
        };
        let mut builder = Self::new(start);
        for field in message.headers() {
            builder = builder.header_raw(field.name(), &field.value());
        }
        builder.body = message.body();
        builder.remove(&HeaderName::ContentLength)
    }

    fn new(start: Start) -> Self {
        Self {
            start,
            text: Vec::new(),
            entries: Vec::new(),
            body: Bytes::new(),
        }
    }

    /// Sets the Request-URI; a response has none.
    pub fn request_uri(mut self, new: &Uri) -> Self {
        if let Start::Request { uri, .. } = &mut self.start {
            *uri = clean(new);
        }
        self
    }

    /// Sets the reason phrase; a request has none.
    pub fn reason_phrase(mut self, phrase: &str) -> Self {
        if let Start::Response { reason, .. } = &mut self.start {
            *reason = clean(&phrase);
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
        let names: usize = self
            .entries
            .iter()
            .map(|entry| entry.name.as_str().len() + 4)
            .sum();
        let mut bytes = Vec::with_capacity(self.text.len() + names + self.body.len() + 256);
        let start = self.write_start_line(&mut bytes);
        let mut slots = SmallVec::new();
        let entries = self
            .entries
            .iter()
            .filter(|entry| entry.name != HeaderName::ContentLength);
        for entry in entries {
            slots.push(write_header(
                &mut bytes,
                &entry.name,
                &self.text[entry.value.clone()],
            ));
        }
        let length = alloc::format!("{}", self.body.len());
        slots.push(write_header(
            &mut bytes,
            &HeaderName::ContentLength,
            length.as_bytes(),
        ));
        bytes.extend_from_slice(b"\r\n");
        let body_start = Span::new(bytes.len(), bytes.len()).start;
        bytes.extend_from_slice(&self.body);
        Message::from_parts(
            Bytes::from(bytes),
            Index {
                start,
                slots,
                body_start,
            },
        )
    }

    fn write_start_line(&self, bytes: &mut Vec<u8>) -> StartLine {
        match &self.start {
            Start::Request { method, uri } => {
                bytes.extend_from_slice(method.as_str().as_bytes());
                bytes.push(b' ');
                let start = bytes.len();
                bytes.extend_from_slice(uri);
                let uri = Span::new(start, bytes.len());
                bytes.extend_from_slice(b" SIP/2.0\r\n");
                StartLine::Request {
                    method: method.clone(),
                    uri,
                }
            }
            Start::Response { status, reason } => {
                bytes.extend_from_slice(alloc::format!("SIP/2.0 {status} ").as_bytes());
                let start = bytes.len();
                bytes.extend_from_slice(reason);
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

    fn write_raw(&mut self, value: &[u8]) -> Range<usize> {
        let start = self.text.len();
        self.text.extend(value.iter().map(|byte| clean_byte(*byte)));
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

fn write_header(bytes: &mut Vec<u8>, name: &HeaderName, value: &[u8]) -> Slot {
    let (start, name) = (bytes.len(), name.clone());
    bytes.extend_from_slice(name.as_str().as_bytes());
    bytes.extend_from_slice(b": ");
    let value_start = bytes.len();
    bytes.extend_from_slice(value);
    let value = Span::new(value_start, bytes.len());
    bytes.extend_from_slice(b"\r\n");
    Slot {
        line: Span::new(start, bytes.len()),
        value,
        name_len: u16::try_from(name.as_str().len()).unwrap_or(u16::MAX),
        id: name.id(),
        is_folded: false,
    }
}

fn has_tag(to: &[u8]) -> bool {
    let text = String::from_utf8_lossy(to);
    NameAddr::parse_value(&text).is_ok_and(|to| to.params.has("tag"))
}

/// What a header or start line cannot hold becomes a space (RFC 3261 25.1: TEXT-UTF8char).
const fn clean_byte(byte: u8) -> u8 {
    match byte {
        b'\r' | b'\n' | 0 => b' ',
        byte => byte,
    }
}

fn clean(text: &impl Display) -> Vec<u8> {
    let mut octets = Vec::new();
    let _ = write!(Sink(&mut octets), "{text}");
    clean_octets(&octets)
}

fn clean_octets(octets: &[u8]) -> Vec<u8> {
    octets
        .trim_ascii()
        .iter()
        .map(|byte| clean_byte(*byte))
        .collect()
}

/// A text sink that keeps values on their line.
struct Sink<'a>(&'a mut Vec<u8>);

impl Write for Sink<'_> {
    fn write_str(&mut self, text: &str) -> fmt::Result {
        self.0.extend(text.bytes().map(clean_byte));
        Ok(())
    }
}

#[cfg(test)]
mod tests;
