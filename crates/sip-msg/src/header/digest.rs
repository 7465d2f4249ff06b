use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::str::FromStr;

use super::TokenList;
use crate::scan::{is_token, trim};
use crate::uri::{decode_octets, encode_ext};
use crate::{AuthParam, AuthValue, HeaderValue, SyntaxError, Token};

/// The hash of a digest (RFC 7616 3.3, RFC 8760 2.2). Names compare without case.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
#[allow(missing_docs, reason = "the variants are the words on the wire")]
pub enum Algorithm {
    Md5,
    Md5Sess,
    Sha256,
    Sha256Sess,
    Sha512_256,
    Sha512_256Sess,
    /// Any other, spelled as received.
    Other(Token),
}

impl Algorithm {
    const KNOWN: [Self; 6] = [
        Self::Md5,
        Self::Md5Sess,
        Self::Sha256,
        Self::Sha256Sess,
        Self::Sha512_256,
        Self::Sha512_256Sess,
    ];

    /// The spelling of the registry.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Md5 => "MD5",
            Self::Md5Sess => "MD5-sess",
            Self::Sha256 => "SHA-256",
            Self::Sha256Sess => "SHA-256-sess",
            Self::Sha512_256 => "SHA-512-256",
            Self::Sha512_256Sess => "SHA-512-256-sess",
            Self::Other(token) => token,
        }
    }

    /// Whether the key takes in the nonces of the session.
    pub fn is_session(&self) -> bool {
        matches!(
            self,
            Self::Md5Sess | Self::Sha256Sess | Self::Sha512_256Sess
        )
    }
}

impl FromStr for Algorithm {
    type Err = SyntaxError;

    fn from_str(text: &str) -> Result<Self, SyntaxError> {
        let mut known = Self::KNOWN.into_iter();
        match known.find(|known| known.as_str().eq_ignore_ascii_case(text)) {
            Some(known) => Ok(known),
            None => Token::new(text).map(Self::Other),
        }
    }
}

impl fmt::Display for Algorithm {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A challenge of the Digest scheme: WWW-Authenticate or Proxy-Authenticate (RFC 7616 3.3).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigestChallenge {
    /// What the password is for.
    pub realm: String,
    /// The server's word that the answer is bound to.
    pub nonce: String,
    /// URIs that the same password opens, separated by blanks.
    pub domain: Option<String>,
    /// To be sent back as it is.
    pub opaque: Option<String>,
    /// Whether only the nonce was too old.
    pub is_stale: bool,
    /// The hash; `None` means MD5.
    pub algorithm: Option<Algorithm>,
    /// `auth` and `auth-int`; empty in the oldest form.
    pub qop: TokenList,
    /// Whether the user name may be sent hashed.
    pub allows_userhash: bool,
    /// All other parameters, such as `charset`.
    pub other: Vec<AuthParam>,
}

impl DigestChallenge {
    /// A challenge of a hash with `qop` `auth`.
    pub fn new(realm: &str, nonce: &str, algorithm: Algorithm) -> Self {
        Self {
            realm: realm.into(),
            nonce: nonce.into(),
            domain: None,
            opaque: None,
            is_stale: false,
            algorithm: Some(algorithm),
            qop: ["auth"].into_iter().collect(),
            allows_userhash: false,
            other: Vec::new(),
        }
    }

    /// The challenge as a general one.
    pub fn to_value(&self) -> AuthValue {
        let mut value = AuthValue::digest().with_quoted("realm", &self.realm);
        if let Some(domain) = &self.domain {
            value = value.with_quoted("domain", domain);
        }
        value = value.with_quoted("nonce", &self.nonce);
        if let Some(opaque) = &self.opaque {
            value = value.with_quoted("opaque", opaque);
        }
        if self.is_stale {
            value = value.with_plain("stale", "true");
        }
        if let Some(algorithm) = &self.algorithm {
            value = value.with_plain("algorithm", algorithm.as_str());
        }
        if !self.qop.is_empty() {
            value = value.with_quoted("qop", &alloc::format!("{}", self.qop));
        }
        if self.allows_userhash {
            value = value.with_plain("userhash", "true");
        }
        value.params.extend(self.other.iter().cloned());
        value
    }
}

impl TryFrom<AuthValue> for DigestChallenge {
    type Error = SyntaxError;

    fn try_from(value: AuthValue) -> Result<Self, SyntaxError> {
        let mut params = Taken::of_digest(value)?;
        Ok(Self {
            realm: params.required("realm")?,
            nonce: params.required("nonce")?,
            domain: params.take("domain"),
            opaque: params.take("opaque"),
            is_stale: params.flag("stale"),
            algorithm: params.algorithm()?,
            qop: params.words("qop"),
            allows_userhash: params.flag("userhash"),
            other: params.0,
        })
    }
}

/// Credentials of the Digest scheme: Authorization or Proxy-Authorization (RFC 7616 3.4).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DigestCredentials {
    /// The user name, or its hash when [`Self::is_userhash`].
    pub username: String,
    /// Whether the name is sent as `username*`, for names beyond ASCII.
    pub is_username_extended: bool,
    /// The realm of the challenge.
    pub realm: String,
    /// The nonce of the challenge.
    pub nonce: String,
    /// The URI that the answer is for, as it was hashed.
    pub uri: String,
    /// The answer in hexadecimal digits.
    pub response: String,
    /// The hash; `None` means MD5.
    pub algorithm: Option<Algorithm>,
    /// The client's word.
    pub cnonce: Option<String>,
    /// The opaque of the challenge.
    pub opaque: Option<String>,
    /// `auth` or `auth-int`; absent in the oldest form.
    pub qop: Option<String>,
    /// How many requests used the nonce, this one included.
    pub nonce_count: Option<u32>,
    /// Whether the user name is hashed.
    pub is_userhash: bool,
    /// All other parameters.
    pub other: Vec<AuthParam>,
}

impl DigestCredentials {
    /// The credentials as general ones.
    pub fn to_value(&self) -> AuthValue {
        let mut value = AuthValue::digest();
        value = if self.is_username_extended {
            let username = alloc::format!("UTF-8''{}", encode_ext(&self.username));
            value.with_plain("username*", &username)
        } else {
            value.with_quoted("username", &self.username)
        };
        value = value
            .with_quoted("realm", &self.realm)
            .with_quoted("nonce", &self.nonce)
            .with_quoted("uri", &self.uri)
            .with_quoted("response", &self.response);
        if let Some(algorithm) = &self.algorithm {
            value = value.with_plain("algorithm", algorithm.as_str());
        }
        if let Some(cnonce) = &self.cnonce {
            value = value.with_quoted("cnonce", cnonce);
        }
        if let Some(opaque) = &self.opaque {
            value = value.with_quoted("opaque", opaque);
        }
        if let Some(qop) = &self.qop {
            value = value.with_plain("qop", qop);
        }
        if let Some(count) = self.nonce_count {
            // RFC 7616 3.4: eight hexadecimal digits.
            value = value.with_plain("nc", &alloc::format!("{count:08x}"));
        }
        if self.is_userhash {
            value = value.with_plain("userhash", "true");
        }
        value.params.extend(self.other.iter().cloned());
        value
    }
}

impl TryFrom<AuthValue> for DigestCredentials {
    type Error = SyntaxError;

    fn try_from(value: AuthValue) -> Result<Self, SyntaxError> {
        let mut params = Taken::of_digest(value)?;
        let extended = params.take("username*");
        let is_username_extended = extended.is_some();
        let username = match extended {
            Some(text) => extended_text(&text)?,
            None => params.required("username")?,
        };
        Ok(Self {
            username,
            is_username_extended,
            realm: params.required("realm")?,
            nonce: params.required("nonce")?,
            uri: params.required("uri")?,
            response: params.required("response")?,
            algorithm: params.algorithm()?,
            cnonce: params.take("cnonce"),
            opaque: params.take("opaque"),
            qop: params.take("qop"),
            nonce_count: params.nonce_count()?,
            is_userhash: params.flag("userhash"),
            other: params.0,
        })
    }
}

/// The Authentication-Info header: what the server adds to a success (RFC 7616 3.5).
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct AuthenticationInfo {
    /// The nonce for the next request.
    pub next_nonce: Option<String>,
    /// `auth` or `auth-int`.
    pub qop: Option<String>,
    /// The server's own answer: it knows the password too.
    pub response_auth: Option<String>,
    /// The client's word.
    pub cnonce: Option<String>,
    /// How many requests used the nonce.
    pub nonce_count: Option<u32>,
    /// All other parameters.
    pub other: Vec<AuthParam>,
}

impl HeaderValue for AuthenticationInfo {
    fn parse_value(text: &str) -> Result<Self, SyntaxError> {
        let mut params = Taken(AuthParam::parse_list(text)?);
        Ok(Self {
            next_nonce: params.take("nextnonce"),
            qop: params.take("qop"),
            response_auth: params.take("rspauth"),
            cnonce: params.take("cnonce"),
            nonce_count: params.nonce_count()?,
            other: params.0,
        })
    }
}

impl fmt::Display for AuthenticationInfo {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let count = self.nonce_count.map(|count| alloc::format!("{count:08x}"));
        let known = [
            ("nextnonce", &self.next_nonce, true),
            ("qop", &self.qop, false),
            ("rspauth", &self.response_auth, true),
            ("cnonce", &self.cnonce, true),
            ("nc", &count, false),
        ];
        let known = known.into_iter().filter_map(|(name, value, is_quoted)| {
            let value = value.as_ref()?;
            Some(AuthParam::new(name, value, is_quoted))
        });
        for (index, param) in known.chain(self.other.iter().cloned()).enumerate() {
            let separator = if index == 0 { "" } else { ", " };
            write!(f, "{separator}{param}")?;
        }
        Ok(())
    }
}

macro_rules! digest_value {
    ($name:ident) => {
        impl HeaderValue for $name {
            const IS_LIST: bool = true;

            fn parse_value(text: &str) -> Result<Self, SyntaxError> {
                AuthValue::parse_value(text)?.try_into()
            }

            fn next_value<'t>(text: &'t str, at: &mut usize) -> Option<&'t str> {
                AuthValue::next_value(text, at)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.to_value().fmt(f)
            }
        }
    };
}

digest_value!(DigestChallenge);
digest_value!(DigestCredentials);

/// Parameters that are taken out one by one; what is left is unknown.
struct Taken(Vec<AuthParam>);

impl Taken {
    fn of_digest(value: AuthValue) -> Result<Self, SyntaxError> {
        if value.is_digest() {
            Ok(Self(value.params))
        } else {
            Err(SyntaxError::Digest)
        }
    }

    fn take(&mut self, name: &str) -> Option<String> {
        let is_it = |param: &AuthParam| param.name.eq_ignore_ascii_case(name);
        let at = self.0.iter().position(is_it)?;
        Some(self.0.remove(at).value)
    }

    fn required(&mut self, name: &str) -> Result<String, SyntaxError> {
        self.take(name).ok_or(SyntaxError::Digest)
    }

    fn flag(&mut self, name: &str) -> bool {
        self.take(name)
            .is_some_and(|value| value.eq_ignore_ascii_case("true"))
    }

    fn algorithm(&mut self) -> Result<Option<Algorithm>, SyntaxError> {
        self.take("algorithm").map(|name| name.parse()).transpose()
    }

    fn words(&mut self, name: &str) -> TokenList {
        let list = self.take(name).unwrap_or_default();
        let words = list.split([',', ' ']).map(trim);
        words.filter(|word| is_token(word.as_bytes())).collect()
    }

    fn nonce_count(&mut self) -> Result<Option<u32>, SyntaxError> {
        let Some(digits) = self.take("nc") else {
            return Ok(None);
        };
        let is_hex =
            (1..=8).contains(&digits.len()) && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
        let count = is_hex
            .then(|| u32::from_str_radix(&digits, 16).ok())
            .flatten();
        count.map(Some).ok_or(SyntaxError::Digest)
    }
}

/// Reads `UTF-8''escaped` (RFC 5987 3.2.1).
fn extended_text(text: &str) -> Result<String, SyntaxError> {
    let mut parts = text.splitn(3, '\'');
    match (parts.next(), parts.next(), parts.next()) {
        (Some(charset), Some(_), Some(value)) if charset.eq_ignore_ascii_case("UTF-8") => {
            String::from_utf8(decode_octets(value)).map_err(|_| SyntaxError::Digest)
        }
        _ => Err(SyntaxError::Digest),
    }
}
