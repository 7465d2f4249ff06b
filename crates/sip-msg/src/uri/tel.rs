use alloc::borrow::Cow;
use alloc::string::String;

use super::{Scheme, Uri};
use crate::SyntaxError;

/// Telephone numbers: `tel:` URIs, and SIP URIs with `user=phone`.
///
/// # Standard
///
/// RFC 3966; RFC 3261 section 19.1.6.
impl Uri {
    /// The number without visual separators, letters in lower case; `None` when the URI has none.
    pub fn number_digits(&self) -> Option<String> {
        self.subscriber().map(|(number, _)| digits(number))
    }

    /// Whether the number starts with `+` and so means the same everywhere.
    pub fn is_global_number(&self) -> bool {
        self.subscriber()
            .is_some_and(|(number, _)| number.starts_with('+'))
    }

    /// Where a local number is valid: a domain, or the first digits of global numbers.
    pub fn phone_context(&self) -> Option<Cow<'_, str>> {
        self.number_param("phone-context")
    }

    /// The digits to dial after the number is answered, without visual separators.
    pub fn extension(&self) -> Option<String> {
        self.number_param("ext").map(|ext| digits(&ext))
    }

    fn number_param(&self, name: &str) -> Option<Cow<'_, str>> {
        if self.scheme == Scheme::Tel {
            return self.param(name);
        }
        // RFC 3261 19.1.6: the parameters of the number stand in the user part.
        let (_, params) = self.subscriber()?;
        let mut pairs = params
            .split(';')
            .map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        let found = pairs.find(|(other, _)| other.eq_ignore_ascii_case(name))?;
        Some(super::escape::decode(found.1))
    }

    /// The number and the parameters after it.
    fn subscriber(&self) -> Option<(&str, &str)> {
        let user = self.raw_user()?;
        match self.scheme {
            Scheme::Tel => Some((user, "")),
            _ if self.is_phone() => Some(user.split_once(';').unwrap_or((user, ""))),
            _ => None,
        }
    }
}

/// RFC 3966 5.1.1: visual separators carry no meaning.
pub(super) fn digits(number: &str) -> String {
    let is_separator = |c: &char| matches!(c, '-' | '.' | '(' | ')');
    number
        .chars()
        .filter(|c| !is_separator(c))
        .map(|c| c.to_ascii_lowercase())
        .collect()
}

/// RFC 3966 3: digits with visual separators; a local number may hold `*`, `#` and A to F.
pub(super) fn check(number: &str) -> Result<(), SyntaxError> {
    let (body, is_global) = match number.strip_prefix('+') {
        Some(body) => (body, true),
        None => (number, false),
    };
    let is_digit = |byte: u8| match byte {
        b'0'..=b'9' => true,
        b'*' | b'#' | b'a'..=b'f' | b'A'..=b'F' => !is_global,
        _ => false,
    };
    let is_number = body
        .bytes()
        .all(|byte| is_digit(byte) || b"-.()".contains(&byte));
    if is_number && body.bytes().any(is_digit) {
        Ok(())
    } else {
        Err(SyntaxError::TelephoneNumber)
    }
}
