use alloc::format;
use alloc::string::String;
use core::fmt;
use core::str::FromStr;

use super::NameError;

/// Octets of a label (RFC 1035 2.3.4).
const LABEL_MAX: usize = 63;
/// Characters of a name without the dot of the root: 255 octets on the wire.
const NAME_MAX: usize = 253;

/// A domain name in small letters, always from the root and without its last dot.
///
/// # Standard
///
/// RFC 1035 section 2.3.4. Underscores are allowed, as service names have them (RFC 2782).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DnsName(String);

impl DnsName {
    /// Reads a name, with or without the last dot.
    ///
    /// # Errors
    ///
    /// [`NameError`], if DNS could not be asked for it.
    pub fn new(text: &str) -> Result<Self, NameError> {
        let text = text.strip_suffix('.').unwrap_or(text);
        if text.len() > NAME_MAX {
            return Err(NameError::Long);
        }
        text.split('.').try_for_each(check_label)?;
        Ok(Self(text.to_ascii_lowercase()))
    }

    /// Puts labels in front, as `_sip._udp` before a domain.
    pub(super) fn prefixed(&self, labels: &str) -> Result<Self, NameError> {
        Self::new(&format!("{labels}.{}", self.0))
    }

    /// The name without the last dot.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl FromStr for DnsName {
    type Err = NameError;

    fn from_str(text: &str) -> Result<Self, NameError> {
        Self::new(text)
    }
}

impl fmt::Display for DnsName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

fn check_label(label: &str) -> Result<(), NameError> {
    let allowed = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'-' || byte == b'_';
    if label.is_empty() {
        Err(NameError::EmptyLabel)
    } else if label.len() > LABEL_MAX {
        Err(NameError::LongLabel)
    } else if label.bytes().all(allowed) {
        Ok(())
    } else {
        Err(NameError::Character)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_small_and_ends_without_a_dot() {
        let name = DnsName::new("Hall.EXAMPLE.").unwrap();
        assert_eq!(name.as_str(), "hall.example");
        assert_eq!(
            name.prefixed("_sip._udp").unwrap().as_str(),
            "_sip._udp.hall.example"
        );
    }

    #[test]
    fn what_dns_cannot_carry_is_refused() {
        let long_label = "a".repeat(64);
        let long = format!("{}.example", "ab.".repeat(82));
        let table = [
            ("", NameError::EmptyLabel),
            (".", NameError::EmptyLabel),
            ("hall..example", NameError::EmptyLabel),
            (long_label.as_str(), NameError::LongLabel),
            (long.as_str(), NameError::Long),
            ("h\u{e4}ll.example", NameError::Character),
            ("hall example", NameError::Character),
        ];
        for (text, error) in table {
            assert_eq!(DnsName::new(text), Err(error), "{text}");
        }
    }
}
