use plenum_sip_msg::{HeaderName, StatusCode};

use super::algorithm::HexDigest;
use super::credential::Ha1;

/// Who asks for a proof: the server that a request is for, or a proxy on the way.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// A user agent server or registrar: 401, WWW-Authenticate and Authorization.
    #[default]
    Server,
    /// A proxy: 407, Proxy-Authenticate and Proxy-Authorization.
    Proxy,
}

impl Role {
    /// The status of its challenges.
    #[must_use]
    pub const fn status(self) -> StatusCode {
        match self {
            Self::Server => StatusCode::UNAUTHORIZED,
            Self::Proxy => StatusCode::PROXY_AUTHENTICATION_REQUIRED,
        }
    }

    /// The header of its challenges.
    #[must_use]
    pub const fn challenge_header(self) -> HeaderName {
        match self {
            Self::Server => HeaderName::WwwAuthenticate,
            Self::Proxy => HeaderName::ProxyAuthenticate,
        }
    }

    /// The header of the answers to it.
    #[must_use]
    pub const fn answer_header(self) -> HeaderName {
        match self {
            Self::Server => HeaderName::Authorization,
            Self::Proxy => HeaderName::ProxyAuthorization,
        }
    }

    /// The header in which it proves itself (RFC 7615).
    #[must_use]
    pub fn info_header(self) -> HeaderName {
        match self {
            Self::Server => HeaderName::AuthenticationInfo,
            Self::Proxy => "Proxy-Authentication-Info"
                .parse()
                .expect("a constant header name is a token"),
        }
    }
}

/// Quality of protection (RFC 7616 3.4): what the proof covers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Qop {
    /// `auth`: the method and the URI.
    Auth,
    /// `auth-int`: the method, the URI and the body. Whoever changes a body on the way, as many
    /// session border controllers do, breaks it.
    AuthInt,
}

impl Qop {
    /// The spelling in the `qop` parameter.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Auth => "auth",
            Self::AuthInt => "auth-int",
        }
    }

    /// Reads one word of the `qop` parameter.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        [Self::Auth, Self::AuthInt]
            .into_iter()
            .find(|qop| qop.as_str().eq_ignore_ascii_case(text))
    }
}

/// All that enters a response digest beside the secret (RFC 7616 3.4.1), as it is spelled on the
/// wire.
#[derive(Clone, Copy)]
pub(crate) struct Terms<'a> {
    pub(crate) nonce: &'a str,
    pub(crate) cnonce: &'a str,
    pub(crate) nc: &'a str,
    /// `None` is RFC 2069: no nonce count, no nonce of the client.
    pub(crate) qop: Option<Qop>,
    pub(crate) method: &'a str,
    pub(crate) uri: &'a str,
    pub(crate) body: &'a [u8],
}

impl Terms<'_> {
    /// What the client proves itself with.
    pub(crate) fn response(&self, key: &Ha1) -> HexDigest {
        self.keyed(key, self.method)
    }

    /// What the server proves itself with: the same without a method (RFC 7616 3.5). The body is
    /// that of the response.
    pub(crate) fn rspauth(&self, key: &Ha1) -> HexDigest {
        self.keyed(key, "")
    }

    fn keyed(&self, key: &Ha1, method: &str) -> HexDigest {
        let hash = key.hash();
        let (method, uri) = (method.as_bytes(), self.uri.as_bytes());
        let a2 = match self.qop {
            Some(Qop::AuthInt) => {
                let body = hash.of(&[self.body]);
                hash.of(&[method, uri, body.as_bytes()])
            }
            Some(Qop::Auth) | None => hash.of(&[method, uri]),
        };
        let (secret, nonce) = (key.digest().as_bytes(), self.nonce.as_bytes());
        let Some(qop) = self.qop else {
            return hash.of(&[secret, nonce, a2.as_bytes()]);
        };
        let (nc, cnonce) = (self.nc.as_bytes(), self.cnonce.as_bytes());
        let qop = qop.as_str().as_bytes();
        hash.of(&[secret, nonce, nc, cnonce, qop, a2.as_bytes()])
    }
}

#[cfg(test)]
mod tests;
