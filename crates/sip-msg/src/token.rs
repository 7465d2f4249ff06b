use core::fmt;
use core::ops::Deref;
use core::str::FromStr;

use smol_str::SmolStr;

use crate::SyntaxError;
use crate::scan::is_token;

/// A non-empty word of token characters (RFC 3261 25.1), safe to print anywhere in a message.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Token(SmolStr);

impl Token {
    /// Checks and copies a token.
    ///
    /// # Errors
    ///
    /// [`SyntaxError::Token`] when `text` is empty or has a character outside of the token set.
    pub fn new(text: &str) -> Result<Self, SyntaxError> {
        if is_token(text.as_bytes()) {
            Ok(Self(SmolStr::new(text)))
        } else {
            Err(SyntaxError::Token)
        }
    }

    /// The text as it was written.
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl Deref for Token {
    type Target = str;

    fn deref(&self) -> &str {
        &self.0
    }
}

impl FromStr for Token {
    type Err = SyntaxError;

    fn from_str(text: &str) -> Result<Self, SyntaxError> {
        Self::new(text)
    }
}

impl fmt::Display for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}
