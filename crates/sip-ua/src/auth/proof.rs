use alloc::string::{String, ToString};
use alloc::vec::Vec;
use core::fmt;

use plenum_sip_msg::{AuthValue, HeaderName, HeaderValue as _, Message};

use super::algorithm::HexDigest;
use super::credential::Ha1;
use super::terms::Terms;
use super::{Algorithm, Qop, Role, Why};

/// Longest user name that is looked up, in octets.
pub const MAX_USERNAME_LEN: usize = 256;
/// Most credentials of one request that are looked at; each proxy on the way may want its own.
const MAX_CREDENTIALS: usize = 16;

/// The credentials of a request, read: RFC 7616 3.4.
#[derive(Clone)]
pub(crate) struct Proof {
    pub(crate) username: String,
    /// The user name is H(username:realm).
    pub(crate) is_hashed: bool,
    pub(crate) algorithm: Algorithm,
    pub(crate) nonce: String,
    pub(crate) uri: String,
    pub(crate) response: HexDigest,
    pub(crate) qop: Option<Qop>,
    /// As spelled, because the digits enter the digest.
    pub(crate) nc: String,
    /// The count that the digits mean; `None` without qop.
    pub(crate) count: Option<u32>,
    pub(crate) cnonce: String,
}

impl Proof {
    /// Finds the credentials for a realm among those of a request.
    pub(crate) fn find(request: &Message, role: Role, realm: &str) -> Result<Self, Why> {
        let name = role.answer_header();
        let mut failure = Why::NoCredentials;
        for field in request.header_all(&name).take(MAX_CREDENTIALS) {
            let text = field.text();
            match AuthValue::parse_value(&text) {
                Ok(value) if !value.is_digest() => {}
                Ok(value) if value.param("realm") == Some(realm) => return Self::read(&value),
                Ok(_) => {}
                // Another scheme has another grammar.
                Err(_) if !starts_with_digest(&text) => {}
                Err(_) => failure = Why::Malformed("parameter list"),
            }
        }
        Err(failure)
    }

    fn read(value: &AuthValue) -> Result<Self, Why> {
        let text = |name| value.param(name).unwrap_or_default();
        // RFC 3310 3.2: some clients name themselves before they know a nonce.
        if text("nonce").is_empty() && text("response").is_empty() {
            return Err(Why::EmptyCredentials);
        }
        let algorithm = match value.param("algorithm") {
            None => Algorithm::MD5,
            Some(name) => name.parse().map_err(|_| Why::AlgorithmNotOffered)?,
        };
        let required = |name: &'static str| {
            let found = value.param(name).filter(|found| !found.is_empty());
            found.map(String::from).ok_or(Why::Malformed(name))
        };
        let username = required("username")?;
        if username.len() > MAX_USERNAME_LEN {
            return Err(Why::Malformed("username"));
        }
        let response = HexDigest::parse(algorithm.hash, text("response"));
        let qop = value.param("qop").map(Qop::parse);
        let qop = qop.map(|known| known.ok_or(Why::QopNotOffered));
        let qop = qop.transpose()?;
        let (mut nc, mut count) = (String::new(), None);
        if qop.is_some() {
            nc = required("nc")?;
            count = Some(read_count(&nc).ok_or(Why::Malformed("nc"))?);
            required("cnonce")?;
        }
        Ok(Self {
            username,
            is_hashed: text("userhash").eq_ignore_ascii_case("true"),
            algorithm,
            nonce: required("nonce")?,
            uri: required("uri")?,
            response: response.ok_or(Why::Malformed("response"))?,
            qop,
            nc,
            count,
            cnonce: text("cnonce").into(),
        })
    }

    pub(crate) fn terms<'a>(&'a self, method: &'a str, body: &'a [u8]) -> Terms<'a> {
        Terms {
            nonce: &self.nonce,
            cnonce: &self.cnonce,
            nc: &self.nc,
            qop: self.qop,
            method,
            uri: &self.uri,
            body,
        }
    }
}

fn starts_with_digest(text: &str) -> bool {
    let scheme = text.trim_start().get(.."Digest".len());
    scheme.is_some_and(|scheme| scheme.eq_ignore_ascii_case("Digest"))
}

/// RFC 7616 3.4: eight hexadecimal digits; fewer are taken too.
pub(crate) fn read_count(text: &str) -> Option<u32> {
    if text.len() > 8 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    u32::from_str_radix(text, 16).ok()
}

/// A request that was let in, and what the server needs to prove itself in turn.
pub struct Accepted {
    pub(crate) username: String,
    pub(crate) role: Role,
    pub(crate) proof: Proof,
    pub(crate) key: Ha1,
    pub(crate) next_nonce: Option<String>,
}

impl Accepted {
    /// The account, by its name even where the request carried a hash of it.
    ///
    /// Whether this account may say what the From header says is for the owner to decide.
    #[must_use]
    pub fn username(&self) -> &str {
        &self.username
    }

    /// The algorithm that was used, to be logged or counted.
    #[must_use]
    pub const fn algorithm(&self) -> Algorithm {
        self.proof.algorithm
    }

    /// The header to add to the success response, by which the client sees that the server knows
    /// the secret too. `body` is that of the response.
    ///
    /// # Standard
    ///
    /// RFC 7616 section 3.5, RFC 3261 section 20.6.
    #[must_use]
    pub fn info(&self, body: &[u8]) -> (HeaderName, String) {
        let rspauth = self.proof.terms("", body).rspauth(&self.key);
        let mut info = AuthValue::digest().with_quoted("rspauth", rspauth.as_str());
        if let Some(qop) = self.proof.qop {
            info = info
                .with_plain("qop", qop.as_str())
                .with_quoted("cnonce", &self.proof.cnonce)
                .with_plain("nc", &self.proof.nc);
        }
        if let Some(nonce) = &self.next_nonce {
            info = info.with_quoted("nextnonce", nonce);
        }
        let params: Vec<String> = info.params.iter().map(ToString::to_string).collect();
        (self.role.info_header(), params.join(", "))
    }
}

impl fmt::Debug for Accepted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Accepted")
            .field("username", &self.username)
            .field("algorithm", &self.proof.algorithm)
            .finish_non_exhaustive()
    }
}
