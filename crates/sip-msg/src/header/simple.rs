use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use crate::params::{unquote, write_quoted};
use crate::scan::{find_outside, number, quoted_end, trim};
use crate::{HeaderValue, Params, StatusCode, SyntaxError, Token};

/// The words of a list header: Require, Supported, Allow-Events and their kin.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TokenList(Vec<String>);

impl TokenList {
    pub(crate) fn new(words: Vec<String>) -> Self {
        Self(words)
    }

    /// Whether the list has the word, without case.
    pub fn contains(&self, word: &str) -> bool {
        self.iter().any(|other| other.eq_ignore_ascii_case(word))
    }

    /// Whether the list is empty or the header is absent.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The words in order.
    pub fn iter(&self) -> impl Iterator<Item = &str> {
        self.0.iter().map(String::as_str)
    }
}

impl<'a> FromIterator<&'a str> for TokenList {
    fn from_iter<I: IntoIterator<Item = &'a str>>(words: I) -> Self {
        Self(words.into_iter().map(String::from).collect())
    }
}

impl fmt::Display for TokenList {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, word) in self.iter().enumerate() {
            f.write_str(if index == 0 { "" } else { ", " })?;
            f.write_str(word)?;
        }
        Ok(())
    }
}

/// A list item as it stands between commas.
pub(crate) struct Word(pub(crate) String);

impl HeaderValue for Word {
    const IS_LIST: bool = true;

    fn parse_value(text: &str) -> Result<Self, SyntaxError> {
        Ok(Self(trim(text).into()))
    }
}

/// One word, such as Priority (RFC 3261 20.26), SIP-ETag or SIP-If-Match (RFC 3903 11.3).
impl HeaderValue for Token {
    fn parse_value(text: &str) -> Result<Self, SyntaxError> {
        Self::new(trim(text))
    }
}

/// A number of a header that has nothing else.
impl HeaderValue for u32 {
    fn parse_value(text: &str) -> Result<Self, SyntaxError> {
        number(trim(text)).ok_or(SyntaxError::Number)
    }
}

/// A number up to 255, such as Max-Forwards (RFC 3261 20.22).
impl HeaderValue for u8 {
    fn parse_value(text: &str) -> Result<Self, SyntaxError> {
        number(trim(text)).ok_or(SyntaxError::Number)
    }
}

/// One value of the Reason header: why a request was sent (RFC 3326).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Reason {
    /// `SIP`, `Q.850` or another protocol.
    pub protocol: Token,
    /// The code in that protocol and the text.
    pub params: Params,
}

impl Reason {
    /// A reason with its code and text.
    pub fn new(protocol: Token, cause: u16, text: &str) -> Self {
        let mut params = Params::new();
        params.put("cause", Some(&alloc::format!("{cause}")));
        if !text.is_empty() {
            let mut quoted = String::new();
            crate::params::push_quoted(&mut quoted, text);
            params.put("text", Some(&quoted));
        }
        Self { protocol, params }
    }

    /// The reason of a SIP response, such as `SIP;cause=200`.
    pub fn sip(status: StatusCode, text: &str) -> Self {
        Self::new(
            Token::new("SIP").expect("SIP is a token"),
            status.as_u16(),
            text,
        )
    }

    /// The cause of a telephone network, such as `Q.850;cause=16`.
    pub fn q850(cause: u16, text: &str) -> Self {
        Self::new(Token::new("Q.850").expect("Q.850 is a token"), cause, text)
    }

    /// The code.
    pub fn cause(&self) -> Option<u16> {
        self.params.value("cause").and_then(number)
    }

    /// The text without quotes.
    pub fn text(&self) -> Option<alloc::borrow::Cow<'_, str>> {
        self.params.text("text")
    }
}

impl HeaderValue for Reason {
    const IS_LIST: bool = true;

    fn parse_value(text: &str) -> Result<Self, SyntaxError> {
        let end = find_outside(text, b';', false);
        Ok(Self {
            protocol: Token::new(trim(&text[..end]))?,
            params: text[end..].parse()?,
        })
    }
}

impl fmt::Display for Reason {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.protocol, self.params)
    }
}

/// One value of the Warning header (RFC 3261 20.43).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Warning {
    /// Three digits.
    pub code: u16,
    /// Who warns: a host or a pseudonym.
    pub agent: String,
    /// The text without quotes.
    pub text: String,
}

impl HeaderValue for Warning {
    const IS_LIST: bool = true;

    fn parse_value(text: &str) -> Result<Self, SyntaxError> {
        let mut words = trim(text).splitn(3, [' ', '\t']);
        let (Some(code), Some(agent), Some(text)) = (words.next(), words.next(), words.next())
        else {
            return Err(SyntaxError::Warning);
        };
        let text = trim(text);
        let is_quoted = text.starts_with('"') && quoted_end(text.as_bytes(), 0) + 1 == text.len();
        let code = number(code).filter(|code| (100..=999).contains(code));
        if !is_quoted || agent.is_empty() {
            return Err(SyntaxError::Warning);
        }
        let code = code.ok_or(SyntaxError::Warning)?;
        Ok(Self {
            code,
            agent: agent.into(),
            text: unquote(text).into_owned(),
        })
    }
}

impl fmt::Display for Warning {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {} ", self.code, self.agent)?;
        write_quoted(f, &self.text)
    }
}

/// The Retry-After header (RFC 3261 20.33).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct RetryAfter {
    /// Seconds to wait.
    pub seconds: u32,
    /// The text in parentheses, without them.
    pub comment: Option<String>,
    /// Such as `;duration=3600`.
    pub params: Params,
}

impl RetryAfter {
    /// A time to wait without more.
    pub const fn new(seconds: u32) -> Self {
        Self {
            seconds,
            comment: None,
            params: Params::new(),
        }
    }

    /// Seconds that the callee will then be there.
    pub fn duration(&self) -> Option<u32> {
        self.params.value("duration").and_then(number)
    }
}

impl HeaderValue for RetryAfter {
    fn parse_value(text: &str) -> Result<Self, SyntaxError> {
        let text = trim(text);
        let digits = text.bytes().take_while(u8::is_ascii_digit).count();
        let seconds = number(&text[..digits]).ok_or(SyntaxError::Number)?;
        let rest = trim(&text[digits..]);
        let (comment, rest) = match rest
            .strip_prefix('(')
            .and_then(|rest| rest.rsplit_once(')'))
        {
            Some((comment, rest)) => (Some(comment.into()), rest),
            None => (None, rest),
        };
        if !(rest.is_empty() || trim(rest).starts_with(';')) {
            return Err(SyntaxError::Number);
        }
        Ok(Self {
            seconds,
            comment,
            params: rest.parse()?,
        })
    }
}

impl fmt::Display for RetryAfter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.seconds)?;
        if let Some(comment) = &self.comment {
            write!(f, " ({comment})")?;
        }
        write!(f, "{}", self.params)
    }
}

/// The Session-Expires and Min-SE headers (RFC 4028 4, 5).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct SessionExpires {
    /// Seconds until the session ends unless it is refreshed.
    pub seconds: u32,
    /// `refresher` and others.
    pub params: Params,
}

impl SessionExpires {
    /// An interval without a refresher.
    pub const fn new(seconds: u32) -> Self {
        Self {
            seconds,
            params: Params::new(),
        }
    }

    /// `uac` or `uas`: who refreshes.
    pub fn refresher(&self) -> Option<&str> {
        self.params.value("refresher")
    }
}

impl HeaderValue for SessionExpires {
    fn parse_value(text: &str) -> Result<Self, SyntaxError> {
        let end = find_outside(text, b';', false);
        let seconds = number(trim(&text[..end])).ok_or(SyntaxError::Number)?;
        Ok(Self {
            seconds,
            params: text[end..].parse()?,
        })
    }
}

impl fmt::Display for SessionExpires {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}", self.seconds, self.params)
    }
}
