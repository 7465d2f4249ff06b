use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use crate::scan::{find_outside, is_token, trim};
use crate::{HeaderValue, Params, SyntaxError};

/// A media type or range: Content-Type, or one value of Accept (RFC 3261 20.15).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct MediaType {
    /// `application` of `application/sdp`, as spelled.
    pub kind: String,
    /// `sdp` of `application/sdp`, as spelled.
    pub subtype: String,
    /// What follows, such as `;charset=utf-8`.
    pub params: Params,
}

impl MediaType {
    /// Compares type and subtype without case.
    pub fn is(&self, kind: &str, subtype: &str) -> bool {
        self.kind.eq_ignore_ascii_case(kind) && self.subtype.eq_ignore_ascii_case(subtype)
    }

    /// Whether the range covers a type: `*/*`, `application/*` or the type itself.
    pub fn covers(&self, kind: &str, subtype: &str) -> bool {
        (self.kind == "*" || self.kind.eq_ignore_ascii_case(kind))
            && (self.subtype == "*" || self.subtype.eq_ignore_ascii_case(subtype))
    }
}

impl HeaderValue for MediaType {
    const IS_LIST: bool = true;

    fn parse_value(text: &str) -> Result<Self, SyntaxError> {
        let end = find_outside(text, b';', false);
        let (kind, subtype) = text[..end].split_once('/').ok_or(SyntaxError::MediaType)?;
        let (kind, subtype) = (trim(kind), trim(subtype));
        if !is_token(kind.as_bytes()) || !is_token(subtype.as_bytes()) {
            return Err(SyntaxError::MediaType);
        }
        Ok(Self {
            kind: kind.into(),
            subtype: subtype.into(),
            params: text[end..].parse()?,
        })
    }
}

impl FromStr for MediaType {
    type Err = SyntaxError;

    fn from_str(text: &str) -> Result<Self, SyntaxError> {
        Self::parse_value(text)
    }
}

impl fmt::Display for MediaType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}{}", self.kind, self.subtype, self.params)
    }
}
