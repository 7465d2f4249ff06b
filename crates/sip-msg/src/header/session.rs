use core::fmt;

use crate::scan::{find_outside, trim};
use crate::{HeaderValue, Params, SyntaxError};

/// The Session-ID header: one name of a session from end to end (RFC 7329, RFC 7989 5).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SessionId {
    /// The identifier of the sender; zero is the nil identifier.
    pub local: u128,
    /// The identifier of the receiver as the sender knows it; RFC 7329 has none.
    pub remote: Option<u128>,
    /// What follows, without `remote`.
    pub params: Params,
}

impl SessionId {
    /// The identifiers of both sides.
    pub const fn new(local: u128, remote: Option<u128>) -> Self {
        Self {
            local,
            remote,
            params: Params::new(),
        }
    }
}

impl HeaderValue for SessionId {
    fn parse_value(text: &str) -> Result<Self, SyntaxError> {
        let end = find_outside(text, b';', false);
        let local = identifier(trim(&text[..end]))?;
        let mut params: Params = text[end..].parse()?;
        let remote = params.value("remote").map(identifier).transpose()?;
        params.remove("remote");
        Ok(Self {
            local,
            remote,
            params,
        })
    }
}

/// Reads exactly 32 hexadecimal digits.
fn identifier(text: &str) -> Result<u128, SyntaxError> {
    let is_hex = text.len() == 32 && text.bytes().all(|byte| byte.is_ascii_hexdigit());
    let value = is_hex
        .then(|| u128::from_str_radix(text, 16).ok())
        .flatten();
    value.ok_or(SyntaxError::SessionId)
}

impl fmt::Display for SessionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:032x}", self.local)?;
        if let Some(remote) = self.remote {
            write!(f, ";remote={remote:032x}")?;
        }
        self.params.fmt(f)
    }
}

/// The Refer-Sub header: whether a REFER makes a subscription (RFC 4488 4).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ReferSub {
    /// Whether notifications are wanted, or will be sent.
    pub is_wanted: bool,
    /// What follows.
    pub params: Params,
}

impl HeaderValue for ReferSub {
    fn parse_value(text: &str) -> Result<Self, SyntaxError> {
        let end = find_outside(text, b';', false);
        let word = trim(&text[..end]);
        let is_wanted = word.eq_ignore_ascii_case("true");
        if !is_wanted && !word.eq_ignore_ascii_case("false") {
            return Err(SyntaxError::Boolean);
        }
        Ok(Self {
            is_wanted,
            params: text[end..].parse()?,
        })
    }
}

impl fmt::Display for ReferSub {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.is_wanted, self.params)
    }
}

/// One value of Accept-Contact or Reject-Contact: features of the wanted device (RFC 3841 9.2).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct FeatureSet {
    /// The features, and `require` and `explicit`.
    pub params: Params,
}

impl HeaderValue for FeatureSet {
    const IS_LIST: bool = true;

    fn parse_value(text: &str) -> Result<Self, SyntaxError> {
        let params = trim(text).strip_prefix('*').ok_or(SyntaxError::Token)?;
        let params = trim(params);
        if !params.is_empty() && !params.starts_with(';') {
            return Err(SyntaxError::Parameter);
        }
        Ok(Self {
            params: params.parse()?,
        })
    }
}

impl fmt::Display for FeatureSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "*{}", self.params)
    }
}
