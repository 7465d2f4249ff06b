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
    /// What a scheme such as Basic or Bearer has in place of parameters.
    pub token68: Option<String>,
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
            token68: None,
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
        self.params.push(AuthParam::new(name, value, is_quoted));
        self
    }
}

impl AuthParam {
    pub(crate) fn new(name: &str, value: &str, is_quoted: bool) -> Self {
        Self {
            name: name.into(),
            value: value.into(),
            is_quoted,
        }
    }
}

impl HeaderValue for AuthValue {
    const IS_LIST: bool = true;

    fn parse_value(text: &str) -> Result<Self, SyntaxError> {
        let text = trim(text);
        let end = text.find([' ', '\t']).unwrap_or(text.len());
        let scheme = Token::new(&text[..end]).map_err(|_| SyntaxError::Auth)?;
        let list = trim(&text[end..]);
        let is_digest = scheme.eq_ignore_ascii_case("Digest");
        let (params, token68) = if !is_digest && is_token68(list) {
            (Vec::new(), Some(list.into()))
        } else {
            (AuthParam::parse_list(list)?, None)
        };
        Ok(Self {
            scheme,
            params,
            token68,
        })
    }

    /// Commas separate parameters and challenges alike (RFC 9110 11.6.1): a new challenge starts
    /// with a word that no equals sign follows.
    fn next_value<'t>(text: &'t str, at: &mut usize) -> Option<&'t str> {
        let start = *at;
        let rest = text.get(start..)?;
        let (mut cursor, mut end) = (0, 0);
        let mut has_scheme = false;
        loop {
            let mut next = cursor;
            let Some(piece) = next_piece(rest, &mut next, true) else {
                break;
            };
            if has_scheme && starts_challenge(piece) {
                break;
            }
            has_scheme |= !piece.is_empty();
            cursor = next;
            end = (next - 1).min(rest.len());
        }
        *at = start + cursor;
        Some(trim(trim(&rest[..end]).trim_matches(',')))
    }
}

fn starts_challenge(piece: &str) -> bool {
    let word = piece.find([' ', '\t', '=']).unwrap_or(piece.len());
    is_token(&piece.as_bytes()[..word]) && !trim(&piece[word..]).starts_with('=')
}

/// Whether the text is credentials in one piece (RFC 9110 11.2).
fn is_token68(text: &str) -> bool {
    let body = text.trim_end_matches('=');
    !body.is_empty()
        && body
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"-._~+/".contains(&byte))
}

impl AuthParam {
    /// Reads parameters without a scheme, as Authentication-Info has them (RFC 7616 3.5).
    ///
    /// # Errors
    ///
    /// [`SyntaxError::Auth`] when one of them has no name or no value.
    pub fn parse_list(text: &str) -> Result<Vec<Self>, SyntaxError> {
        let (mut params, mut at) = (Vec::new(), 0);
        while let Some(piece) = next_piece(text, &mut at, true) {
            if !piece.is_empty() {
                params.push(parse_param(piece)?);
            }
        }
        Ok(params)
    }
}

fn parse_param(piece: &str) -> Result<AuthParam, SyntaxError> {
    let equals = find_outside(piece, b'=', false);
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
            write!(f, "{separator}{param}")?;
        }
        match &self.token68 {
            Some(token68) => write!(f, " {token68}"),
            None => Ok(()),
        }
    }
}

impl fmt::Display for AuthParam {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}=", self.name)?;
        if self.is_quoted {
            write_quoted(f, &self.value)
        } else {
            f.write_str(&self.value)
        }
    }
}
