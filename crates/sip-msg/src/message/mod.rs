mod edit;
mod extensions;
mod fields;
mod index;
pub(crate) mod parse;
mod typed;

use alloc::borrow::Cow;
use alloc::sync::Arc;
use core::fmt;

use bytes::Bytes;

use crate::{HeaderError, HeaderName, Method, StatusCode, Uri};

pub use fields::{HeaderField, Headers};
pub(crate) use index::{Index, Slot, Slots, Span, StartLine};
pub use typed::Core;

/// A SIP request or response: its octets, and a table of where its headers are.
///
/// Immutable and cheap to clone. What was received is what [`Message::bytes`] returns; headers
/// are looked up in the table and parsed when asked for, so that an odd octet in one header never
/// costs another header.
///
/// # Standard
///
/// RFC 3261 section 7.
#[derive(Clone)]
pub struct Message {
    bytes: Bytes,
    index: Arc<Index>,
}

impl Message {
    pub(crate) fn from_parts(bytes: Bytes, index: Index) -> Self {
        Self {
            bytes,
            index: Arc::new(index),
        }
    }

    pub(crate) fn index(&self) -> &Index {
        &self.index
    }

    /// Whether this is a request.
    pub fn is_request(&self) -> bool {
        self.method().is_some()
    }

    /// Whether this is a response.
    pub fn is_response(&self) -> bool {
        self.status().is_some()
    }

    /// The method of a request.
    pub fn method(&self) -> Option<&Method> {
        match &self.index.start {
            StartLine::Request { method, .. } => Some(method),
            StartLine::Response { .. } => None,
        }
    }

    /// The Request-URI of a request, parsed.
    ///
    /// # Errors
    ///
    /// [`HeaderError::RequestUri`] names the broken grammar; [`HeaderError::NotARequest`] when this
    /// is a response.
    pub fn request_uri(&self) -> Result<Uri, HeaderError> {
        let raw = self.raw_request_uri().ok_or(HeaderError::NotARequest)?;
        crate::text::decode(Cow::Borrowed(raw))
            .parse()
            .map_err(HeaderError::RequestUri)
    }

    /// The Request-URI of a request as received.
    pub fn raw_request_uri(&self) -> Option<&[u8]> {
        match &self.index.start {
            StartLine::Request { uri, .. } => Some(uri.of(&self.bytes)),
            StartLine::Response { .. } => None,
        }
    }

    /// The status of a response.
    pub fn status(&self) -> Option<StatusCode> {
        match &self.index.start {
            StartLine::Request { .. } => None,
            StartLine::Response { status, .. } => Some(*status),
        }
    }

    /// The reason phrase of a response; empty for a request.
    pub fn reason_phrase(&self) -> Cow<'_, str> {
        match &self.index.start {
            StartLine::Request { .. } => Cow::Borrowed(""),
            StartLine::Response { reason, .. } => {
                crate::text::decode(Cow::Borrowed(reason.of(&self.bytes)))
            }
        }
    }

    /// All headers in the order received. Lines that are no header are left out; they remain in
    /// [`Message::bytes`] (RFC 3261 8.2.2: malformed headers that are not needed are ignored).
    pub fn headers(&self) -> Headers<'_> {
        Headers::all(&self.bytes, &self.index.slots)
    }

    /// The first header of a name.
    pub fn header<'a>(&'a self, name: &'a HeaderName) -> Option<HeaderField<'a>> {
        self.header_all(name).next()
    }

    /// All header lines of a name, in order.
    pub fn header_all<'a>(&'a self, name: &'a HeaderName) -> Headers<'a> {
        Headers::named(&self.bytes, &self.index.slots, name)
    }

    /// Whether a header of the name is there.
    pub fn has(&self, name: &HeaderName) -> bool {
        self.header(name).is_some()
    }

    /// The body; a slice of the same allocation.
    pub fn body(&self) -> Bytes {
        self.bytes.slice(self.body_start()..)
    }

    /// The whole message, start line to end of body.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    fn body_start(&self) -> usize {
        (self.index.body_start as usize).min(self.bytes.len())
    }
}

/// Two messages are equal when their octets are.
impl PartialEq for Message {
    fn eq(&self, other: &Self) -> bool {
        self.bytes == other.bytes
    }
}

impl Eq for Message {}

impl fmt::Debug for Message {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Message").field(&self.bytes).finish()
    }
}

#[cfg(test)]
pub(crate) mod tests;
