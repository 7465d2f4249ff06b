use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::values::next_piece;
use crate::params::{unquote, write_quoted};
use crate::scan::{find_outside, is_token, trim};
use crate::{HeaderValue, SyntaxError, Token};

/// A challenge or credentials: WWW-Authenticate, Authorization and their proxy forms
/// (RFC 3261 20.7, RFC 7616).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthValue {
    /// `Digest`, as spelled.
    pub scheme: Token,
    /// The parameters in order.
    pub params: Vec<AuthParam>,
}

/// One parameter of a challenge or of credentials.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct AuthParam {
    /// The name as spelled; names compare without case.
    pub name: String,
    /// The value without quotes.
    pub value: String,
    /// Whether the value stands in quotes on the wire.
    pub is_quoted: bool,
}

impl AuthValue {
    /// A scheme without parameters.
    pub const fn new(scheme: Token) -> Self {
        Self {
            scheme,
            params: Vec::new(),
        }
    }

    /// The Digest scheme (RFC 7616) without parameters.
    pub fn digest() -> Self {
        Self::new(Token::new("Digest").expect("Digest is a token"))
    }

    /// Whether the scheme is Digest.
    pub fn is_digest(&self) -> bool {
        self.scheme.eq_ignore_ascii_case("Digest")
    }

    /// The value of the first parameter of a name, without quotes.
    pub fn param(&self, name: &str) -> Option<&str> {
        let found = self
            .params
            .iter()
            .find(|param| param.name.eq_ignore_ascii_case(name));
        found.map(|param| param.value.as_str())
    }

    /// Adds a parameter that stands in quotes.
    #[must_use]
    pub fn with_quoted(self, name: &str, value: &str) -> Self {
        self.with(name, value, true)
    }

    /// Adds a parameter that stands without quotes, if its value allows.
    #[must_use]
    pub fn with_plain(self, name: &str, value: &str) -> Self {
        let is_quoted = !is_token(value.as_bytes());
        self.with(name, value, is_quoted)
    }

    fn with(mut self, name: &str, value: &str, is_quoted: bool) -> Self {
        self.params.push(AuthParam {
            name: name.into(),
            value: value.into(),
            is_quoted,
        });
        self
    }
}

impl HeaderValue for AuthValue {
    fn parse_value(text: &str) -> Result<Self, SyntaxError> {
        let text = trim(text);
        let end = text.find([' ', '\t']).unwrap_or(text.len());
        let scheme = Token::new(&text[..end]).map_err(|_| SyntaxError::Auth)?;
        let mut params = Vec::new();
        let (list, mut at) = (&text[end..], 0);
        while let Some(piece) = next_piece(list, &mut at, true) {
            if !piece.is_empty() {
                params.push(parse_param(piece)?);
            }
        }
        Ok(Self { scheme, params })
    }
}

fn parse_param(piece: &str) -> Result<AuthParam, SyntaxError> {
    let equals = find_outside(piece, b"=", false);
    let name = trim(&piece[..equals]);
    let value = trim(piece.get(equals + 1..).ok_or(SyntaxError::Auth)?);
    if !is_token(name.as_bytes()) {
        return Err(SyntaxError::Auth);
    }
    let is_quoted = value.starts_with('"');
    Ok(AuthParam {
        name: name.into(),
        value: unquote(value).into_owned(),
        is_quoted,
    })
}

impl fmt::Display for AuthValue {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.scheme)?;
        for (index, param) in self.params.iter().enumerate() {
            let separator = if index == 0 { " " } else { ", " };
            write!(f, "{separator}{}=", param.name)?;
            if param.is_quoted {
                write_quoted(f, &param.value)?;
            } else {
                f.write_str(&param.value)?;
            }
        }
        Ok(())
    }
}
