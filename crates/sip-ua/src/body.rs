use alloc::string::String;
use alloc::vec::Vec;

use bytes::Bytes;
use plenum_sip_msg::{HeaderName, HeaderValue as _, MediaType, Message};

/// A message body with its type.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Body {
    /// The value of Content-Type.
    pub content_type: MediaType,
    /// The octets.
    pub bytes: Bytes,
}

impl Body {
    /// Builds a session description.
    #[must_use]
    pub fn sdp(bytes: impl Into<Bytes>) -> Self {
        let content_type = "application/sdp"
            .parse()
            .expect("a constant media type is valid");
        Self {
            content_type,
            bytes: bytes.into(),
        }
    }
}

/// What a message says in the exchange of offers and answers (RFC 3264).
///
/// The endpoint does not read session descriptions; it knows from the flow of messages which of
/// them is an offer and which an answer (RFC 6337 2).
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Description {
    /// No session description, or one that repeats what a reliable response said before.
    #[default]
    None,
    /// The description in an unreliable provisional response: it may be acted upon, and the
    /// answer follows in a reliable message (RFC 3261 13.2.1).
    Preview(Bytes),
    /// An offer of the other side: it waits for our answer.
    Offer(Bytes),
    /// The answer to our offer.
    Answer(Bytes),
}

impl Description {
    /// The octets, whatever they mean.
    #[must_use]
    pub const fn bytes(&self) -> Option<&Bytes> {
        match self {
            Self::None => None,
            Self::Preview(bytes) | Self::Offer(bytes) | Self::Answer(bytes) => Some(bytes),
        }
    }
}

impl Body {
    /// The session description in it, alone or as one part of several.
    pub(crate) fn description(&self) -> Option<Bytes> {
        description_in(Some(&self.content_type), self.bytes.clone())
    }
}

/// The session description that a message carries.
pub(crate) fn description_of(message: &Message) -> Option<Bytes> {
    description_in(message.content_type().ok()?.as_ref(), message.body())
}

/// A body without Content-Type is taken for what it most likely is.
fn description_in(kind: Option<&MediaType>, body: Bytes) -> Option<Bytes> {
    if body.is_empty() {
        return None;
    }
    match kind {
        None => Some(body),
        Some(kind) if kind.is("application", "sdp") => Some(body),
        Some(kind) if kind.kind.eq_ignore_ascii_case("multipart") => {
            description_in_parts(&kind.params.text("boundary")?, &body)
        }
        Some(_) => None,
    }
}

/// Most parts of a body that are looked at.
const MAX_PARTS: usize = 16;

/// RFC 2046 5.1.1: the first part that is a session description.
fn description_in_parts(boundary: &str, body: &Bytes) -> Option<Bytes> {
    if boundary.is_empty() {
        return None;
    }
    let delimiter = [b"--", boundary.as_bytes()].concat();
    let mut at = find(body, &delimiter)? + delimiter.len();
    for _ in 0..MAX_PARTS {
        let end = at + find(&body[at..], &delimiter)?;
        if let Some(found) = description_in_part(&body.slice(at..end)) {
            return Some(found);
        }
        at = end + delimiter.len();
    }
    None
}

fn description_in_part(part: &Bytes) -> Option<Bytes> {
    let (head_len, gap) = match find(part, b"\r\n\r\n") {
        Some(at) => (at, 4),
        None => (find(part, b"\n\n")?, 2),
    };
    let head = core::str::from_utf8(&part[..head_len]).ok()?;
    let kind = head.lines().find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.trim()
            .eq_ignore_ascii_case("Content-Type")
            .then_some(value)
    })?;
    if !MediaType::parse_value(kind.trim()).is_ok_and(|kind| kind.is("application", "sdp")) {
        return None;
    }
    let content = part.slice(head_len + gap..);
    // The line end before the next delimiter belongs to the delimiter.
    let trimmed = content
        .strip_suffix(b"\r\n")
        .or_else(|| content.strip_suffix(b"\n"));
    let len = trimmed.map_or(content.len(), <[u8]>::len);
    Some(content.slice(..len))
}

fn find(hay: &[u8], needle: &[u8]) -> Option<usize> {
    hay.windows(needle.len())
        .position(|window| window == needle)
}

/// Headers that the owner adds to a message: Reason, Warning, Retry-After, Call-Info and so on.
///
/// Headers that the endpoint writes itself (Via, From, To, Call-ID, CSeq, Max-Forwards, Route,
/// Record-Route, Content-Length, Content-Type) are not taken from here, nor is Contact where a
/// dialog has its own.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ExtraHeaders(Vec<(HeaderName, String)>);

impl ExtraHeaders {
    /// Builds an empty list.
    #[must_use]
    pub const fn none() -> Self {
        Self(Vec::new())
    }

    /// Appends a header.
    #[must_use]
    pub fn with(mut self, name: HeaderName, value: impl Into<String>) -> Self {
        self.push(name, value);
        self
    }

    /// Appends a header.
    pub fn push(&mut self, name: HeaderName, value: impl Into<String>) {
        self.0.push((name, value.into()));
    }

    /// Takes these headers, and of `older` those whose names are not among them.
    #[must_use]
    pub(crate) fn over(&self, older: &Self) -> Self {
        let kept = older.0.iter().filter(|(name, _)| !self.contains(name));
        Self(kept.chain(&self.0).cloned().collect())
    }

    /// Walks the headers in order.
    pub fn iter(&self) -> impl Iterator<Item = (&HeaderName, &str)> {
        self.0.iter().map(|(name, value)| (name, value.as_str()))
    }

    /// Tells whether a header of this name is in the list.
    #[must_use]
    pub fn contains(&self, name: &HeaderName) -> bool {
        self.0.iter().any(|(own, _)| own == name)
    }
}
