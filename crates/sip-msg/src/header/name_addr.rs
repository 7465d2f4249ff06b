use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use crate::params::{unquote, write_quoted};
use crate::scan::{find_outside, quoted_end, trim};
use crate::{HeaderValue, Params, SyntaxError, Uri};

/// An address with an optional name: From, To, Contact, Route and their kin (RFC 3261 20.10).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct NameAddr {
    /// The display name without quotes.
    pub display: Option<String>,
    /// The address.
    pub uri: Uri,
    /// The parameters of the header, not of the URI.
    pub params: Params,
}

impl NameAddr {
    /// An address without a name.
    pub const fn new(uri: Uri) -> Self {
        Self {
            display: None,
            uri,
            params: Params::new(),
        }
    }

    /// Sets the display name.
    #[must_use]
    pub fn with_display(mut self, display: &str) -> Self {
        self.display = Some(display.into());
        self
    }

    /// Sets the `tag` parameter.
    #[must_use]
    pub fn with_tag(self, tag: &str) -> Self {
        self.with_param("tag", tag)
    }

    /// Sets a parameter of the header.
    #[must_use]
    pub fn with_param(mut self, name: &str, value: &str) -> Self {
        self.params.set(name, value);
        self
    }

    /// The `tag` parameter, which a dialog is known by (RFC 3261 19.3).
    pub fn tag(&self) -> Option<&str> {
        self.params.value("tag")
    }

    /// The `expires` parameter of a Contact, in seconds; `None` when absent or malformed.
    pub fn expires(&self) -> Option<u32> {
        self.params.value("expires").and_then(crate::scan::number)
    }
}

impl HeaderValue for NameAddr {
    const IS_LIST: bool = true;

    fn parse_value(text: &str) -> Result<Self, SyntaxError> {
        let text = trim(text);
        let (display, rest) = split_display(text)?;
        let Some(rest) = rest.strip_prefix('<') else {
            // RFC 3261 20: without angles, parameters belong to the header.
            let end = memchr::memchr(b';', rest.as_bytes()).unwrap_or(rest.len());
            let (uri, params) = rest.split_at(end);
            // RFC 3261 20: a URI with a question mark must stand in angles.
            if uri.contains('?') {
                return Err(SyntaxError::Address);
            }
            return Ok(Self {
                display: None,
                uri: trim(uri).parse()?,
                params: params.parse()?,
            });
        };
        let end = memchr::memchr(b'>', rest.as_bytes()).ok_or(SyntaxError::Address)?;
        let (uri, params) = (&rest[..end], trim(&rest[end + 1..]));
        if !params.is_empty() && !params.starts_with(';') {
            return Err(SyntaxError::Address);
        }
        Ok(Self {
            display,
            uri: trim(uri).parse()?,
            params: params.parse()?,
        })
    }
}

/// Splits the display name from what starts with `<`; the rest is the whole text without angles.
fn split_display(text: &str) -> Result<(Option<String>, &str), SyntaxError> {
    if text.starts_with('"') {
        let end = quoted_end(text.as_bytes(), 0);
        let quoted = text.get(..=end).ok_or(SyntaxError::QuotedString)?;
        let rest = trim(&text[end + 1..]);
        if !rest.starts_with('<') {
            return Err(SyntaxError::Address);
        }
        return Ok((Some(unquote(quoted).into_owned()), rest));
    }
    let angle = find_outside(text, b'<', false);
    if angle == text.len() {
        return Ok((None, text));
    }
    // The grammar wants tokens here; names with dots, commas or letters beyond ASCII are common.
    let display = trim(&text[..angle]);
    let is_wrong = |byte: u8| matches!(byte, b'"' | b';') || byte.is_ascii_control();
    if display.bytes().any(is_wrong) {
        return Err(SyntaxError::Address);
    }
    Ok((
        (!display.is_empty()).then(|| display.into()),
        &text[angle..],
    ))
}

impl FromStr for NameAddr {
    type Err = SyntaxError;

    fn from_str(text: &str) -> Result<Self, SyntaxError> {
        Self::parse_value(text)
    }
}

impl From<Uri> for NameAddr {
    fn from(uri: Uri) -> Self {
        Self::new(uri)
    }
}

impl fmt::Display for NameAddr {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(display) = &self.display {
            write_quoted(f, display)?;
            f.write_str(" ")?;
        }
        f.write_str("<")?;
        self.uri.fmt(f)?;
        f.write_str(">")?;
        self.params.fmt(f)
    }
}
