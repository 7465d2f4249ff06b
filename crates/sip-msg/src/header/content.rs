use core::fmt;

use super::token_params::token_with_params;
use crate::scan::{number, trim};
use crate::{HeaderValue, SyntaxError};

token_with_params! {
    /// The Content-Disposition header: what a body is for (RFC 3261 20.11).
    ContentDisposition,
    /// `session`, `render`, `icon`, `alert`, `early-session` or another.
    kind,
    false
}

token_with_params! {
    /// One value of Accept-Encoding or Accept-Language (RFC 3261 20.2, 20.3).
    Preference,
    /// The coding or language, `*` for any.
    name,
    true
}

impl ContentDisposition {
    /// Whether a body that is not understood fails the request. That is the default.
    pub fn is_required(&self) -> bool {
        let handling = self.params.value("handling");
        !handling.is_some_and(|handling| handling.eq_ignore_ascii_case("optional"))
    }
}

impl Preference {
    /// The weight `q` in thousandths, 0 to 1000.
    pub fn quality(&self) -> u16 {
        self.params.quality().unwrap_or(1000)
    }
}

/// The MIME-Version header (RFC 3261 20.24).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct MimeVersion {
    /// 1
    pub major: u8,
    /// 0
    pub minor: u8,
}

impl HeaderValue for MimeVersion {
    fn parse_value(text: &str) -> Result<Self, SyntaxError> {
        let (major, minor) = trim(text).split_once('.').ok_or(SyntaxError::Number)?;
        match (number(trim(major)), number(trim(minor))) {
            (Some(major), Some(minor)) => Ok(Self { major, minor }),
            _ => Err(SyntaxError::Number),
        }
    }
}

impl fmt::Display for MimeVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}.{}", self.major, self.minor)
    }
}
