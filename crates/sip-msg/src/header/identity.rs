use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;

use super::TokenList;
use crate::params::{unquote, write_quoted};
use crate::scan::{find_outside, is_token, quoted_end, trim};
use crate::{HeaderValue, NameAddr, Params, Reason, SyntaxError, Uri};

macro_rules! address_with {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, Hash)]
        pub struct $name {
            /// The address with all parameters.
            pub address: NameAddr,
        }

        impl HeaderValue for $name {
            const IS_LIST: bool = true;

            fn parse_value(text: &str) -> Result<Self, SyntaxError> {
                NameAddr::parse_value(text).map(|address| Self { address })
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.address.fmt(f)
            }
        }
    };
}

address_with! {
    /// One value of Diversion: who sent the call elsewhere, the last first (RFC 5806).
    Diversion
}

address_with! {
    /// One value of History-Info: a target that the request had, the first first (RFC 7044).
    HistoryInfo
}

impl Diversion {
    /// Why the call was diverted, such as `user-busy`.
    pub fn reason(&self) -> Option<Cow<'_, str>> {
        self.address.params.text("reason")
    }

    /// How many diversions this value stands for; 1 unless it says more.
    pub fn counter(&self) -> u32 {
        let counter = self.address.params.value("counter");
        counter.and_then(crate::scan::number).unwrap_or(1)
    }

    /// How many more diversions are allowed.
    pub fn limit(&self) -> Option<u32> {
        self.address
            .params
            .value("limit")
            .and_then(crate::scan::number)
    }

    /// `full`, `name`, `uri`, `off` or another.
    pub fn privacy(&self) -> Option<Cow<'_, str>> {
        self.address.params.text("privacy")
    }
}

/// How a target of a request came from an earlier one (RFC 7044 10.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TargetChange<'a> {
    /// `rc`: the same user at another address; the index of the entry it came from.
    Contact(&'a str),
    /// `mp`: another user.
    Mapped(&'a str),
    /// `np`: no change.
    Unchanged(&'a str),
}

impl HistoryInfo {
    /// Where the entry stands in the tree of targets, such as `1.2.1`.
    pub fn index(&self) -> Option<&str> {
        self.address.params.value("index")
    }

    /// The entry that the target came from, and how.
    pub fn change(&self) -> Option<TargetChange<'_>> {
        let value = |name: &str| self.address.params.value(name);
        value("rc")
            .map(TargetChange::Contact)
            .or_else(|| value("mp").map(TargetChange::Mapped))
            .or_else(|| value("np").map(TargetChange::Unchanged))
    }

    /// Why the target was left: the Reason in the URI.
    pub fn reason(&self) -> Option<Reason> {
        self.embedded("Reason")
            .and_then(|text| Reason::parse_value(&text).ok())
    }

    /// Whether the entry asks for privacy: the Privacy in the URI (RFC 7044 10.1.2).
    pub fn privacy(&self) -> Option<Privacy> {
        self.embedded("Privacy")
            .and_then(|text| Privacy::parse_value(&text).ok())
    }

    fn embedded(&self, name: &str) -> Option<Cow<'_, str>> {
        let mut headers = self.address.uri.headers();
        let found = headers.find(|(other, _)| other.eq_ignore_ascii_case(name));
        found.map(|(_, value)| value)
    }
}

/// One value of Alert-Info, Call-Info or Error-Info (RFC 3261 20.4, 20.9, 20.18).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct InfoUri {
    /// Where the information is.
    pub uri: Uri,
    /// What follows it.
    pub params: Params,
}

impl InfoUri {
    /// A place without more.
    pub const fn new(uri: Uri) -> Self {
        Self {
            uri,
            params: Params::new(),
        }
    }

    /// `icon`, `info`, `card` or another.
    pub fn purpose(&self) -> Option<&str> {
        self.params.value("purpose")
    }
}

impl HeaderValue for InfoUri {
    const IS_LIST: bool = true;

    fn parse_value(text: &str) -> Result<Self, SyntaxError> {
        let NameAddr {
            display,
            uri,
            params,
        } = NameAddr::parse_value(text)?;
        match display {
            None => Ok(Self { uri, params }),
            Some(_) => Err(SyntaxError::Address),
        }
    }
}

impl fmt::Display for InfoUri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "<{}>{}", self.uri, self.params)
    }
}

/// The Privacy header: what a privacy service is to hide (RFC 3323 4.2, RFC 3325 9.3).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Privacy {
    /// `id`, `header`, `session`, `user`, `history`, `critical`, `none`.
    pub kinds: TokenList,
}

impl Privacy {
    /// Whether a kind of privacy is asked for.
    pub fn wants(&self, kind: &str) -> bool {
        self.kinds.contains(kind)
    }
}

impl HeaderValue for Privacy {
    fn parse_value(text: &str) -> Result<Self, SyntaxError> {
        // The grammar has semicolons; commas are seen too.
        let words = text
            .split([';', ','])
            .map(trim)
            .filter(|word| !word.is_empty());
        let words: Vec<&str> = words.collect();
        if words.is_empty() {
            return Err(SyntaxError::Empty);
        }
        if !words.iter().all(|word| is_token(word.as_bytes())) {
            return Err(SyntaxError::Token);
        }
        let kinds = words.into_iter().collect();
        Ok(Self { kinds })
    }
}

impl fmt::Display for Privacy {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (index, kind) in self.kinds.iter().enumerate() {
            f.write_str(if index == 0 { "" } else { ";" })?;
            f.write_str(kind)?;
        }
        Ok(())
    }
}

/// The User-to-User header: octets that one application tells another (RFC 7433 4).
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct UserToUser {
    /// The data as written, without quotes.
    pub data: String,
    /// Whether it stands in quotes.
    pub is_quoted: bool,
    /// `purpose`, `content`, `encoding` and others.
    pub params: Params,
}

impl UserToUser {
    /// Octets in the default encoding.
    pub fn hex(octets: &[u8]) -> Self {
        let digits = octets.iter().map(|octet| alloc::format!("{octet:02X}"));
        Self {
            data: digits.collect(),
            is_quoted: false,
            params: Params::new(),
        }
    }

    /// The octets, when the encoding is `hex`, as it is by default; `None` when they are not hex.
    pub fn octets(&self) -> Option<Vec<u8>> {
        let encoding = self.params.value("encoding").unwrap_or("hex");
        if !encoding.eq_ignore_ascii_case("hex") || !self.data.len().is_multiple_of(2) {
            return None;
        }
        let digit = |byte: u8| {
            char::from(byte)
                .to_digit(16)
                .and_then(|d| u8::try_from(d).ok())
        };
        let pairs = self.data.as_bytes().chunks_exact(2);
        pairs
            .map(|pair| Some(digit(pair[0])? << 4 | digit(pair[1])?))
            .collect()
    }
}

impl HeaderValue for UserToUser {
    const IS_LIST: bool = true;

    fn parse_value(text: &str) -> Result<Self, SyntaxError> {
        let text = trim(text);
        let end = find_outside(text, b';', false);
        let data = trim(&text[..end]);
        let is_quoted = data.starts_with('"');
        let is_whole = !is_quoted || quoted_end(data.as_bytes(), 0) + 1 == data.len();
        if !is_whole {
            return Err(SyntaxError::QuotedString);
        }
        if !is_quoted && !is_token(data.as_bytes()) {
            return Err(SyntaxError::Token);
        }
        Ok(Self {
            data: unquote(data).into_owned(),
            is_quoted,
            params: text[end..].parse()?,
        })
    }
}

impl fmt::Display for UserToUser {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_quoted {
            write_quoted(f, &self.data)?;
        } else {
            f.write_str(&self.data)?;
        }
        self.params.fmt(f)
    }
}
