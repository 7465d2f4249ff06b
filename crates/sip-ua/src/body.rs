use alloc::string::String;
use alloc::vec::Vec;

use bytes::Bytes;
use plenum_sip_msg::{HeaderName, MediaType};

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
