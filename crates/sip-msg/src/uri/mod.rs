mod build;
mod compare;
mod escape;
mod parse;
mod tel;

use alloc::borrow::Cow;
use core::fmt;

use smol_str::SmolStr;

pub(crate) use escape::{decode_octets, encode_ext};

use crate::host::write_port;
use crate::{Host, Params, Token, Transport};

/// The scheme of a URI.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Scheme {
    /// `sip:`
    Sip,
    /// `sips:`
    Sips,
    /// `tel:` (RFC 3966)
    Tel,
    /// Any other scheme; what follows it is kept as it is.
    Other(Token),
}

impl Scheme {
    /// The scheme without the colon.
    pub fn as_str(&self) -> &str {
        match self {
            Self::Sip => "sip",
            Self::Sips => "sips",
            Self::Tel => "tel",
            Self::Other(token) => token,
        }
    }
}

/// A `sip:`, `sips:` or `tel:` URI by its parts, or any other URI as text.
///
/// Parts keep their spelling and escapes, so that a URI prints as it was read but for the spelling
/// of the scheme and of addresses. `==` compares the spelling; [`Uri::equivalent`] is the
/// comparison of the standard.
///
/// # Standard
///
/// RFC 3261 section 19.1, RFC 3966.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Uri {
    scheme: Scheme,
    /// The user of a SIP URI, the number of a `tel:` URI, or all that follows another scheme.
    user: Option<SmolStr>,
    password: Option<SmolStr>,
    host: Option<Host>,
    port: Option<u16>,
    params: Params,
    headers: SmolStr,
}

impl Uri {
    /// The scheme.
    pub fn scheme(&self) -> &Scheme {
        &self.scheme
    }

    /// Whether the scheme is `sip` or `sips`.
    pub fn is_sip(&self) -> bool {
        matches!(self.scheme, Scheme::Sip | Scheme::Sips)
    }

    /// Whether the scheme is `sips`.
    pub fn is_secure(&self) -> bool {
        self.scheme == Scheme::Sips
    }

    /// The user part without escapes; the number of a `tel:` URI.
    pub fn user(&self) -> Option<Cow<'_, str>> {
        self.raw_user().map(escape::decode)
    }

    /// The user part as written.
    pub fn raw_user(&self) -> Option<&str> {
        if matches!(self.scheme, Scheme::Other(_)) {
            None
        } else {
            self.user.as_deref()
        }
    }

    /// The password as written.
    pub fn password(&self) -> Option<&str> {
        self.password.as_deref()
    }

    /// The host of a `sip:` or `sips:` URI.
    pub fn host(&self) -> Option<&Host> {
        self.host.as_ref()
    }

    /// The port, when the URI names one.
    pub fn port(&self) -> Option<u16> {
        self.port
    }

    /// The parameters as written.
    pub fn params(&self) -> &Params {
        &self.params
    }

    /// The value of a parameter without escapes; `None` when it is absent or has no value.
    pub fn param(&self, name: &str) -> Option<Cow<'_, str>> {
        self.params.value(name).map(escape::decode)
    }

    /// The `transport` parameter, if it is a token.
    pub fn transport(&self) -> Option<Transport> {
        self.params
            .value("transport")
            .and_then(|value| value.parse().ok())
    }

    /// The `maddr` parameter.
    pub fn maddr(&self) -> Option<Host> {
        self.params
            .value("maddr")
            .and_then(|value| value.parse().ok())
    }

    /// The `method` parameter (RFC 3261 19.1.1, used by Refer-To).
    pub fn method(&self) -> Option<crate::Method> {
        self.params
            .value("method")
            .and_then(|value| value.parse().ok())
    }

    /// Whether the URI is a loose router (RFC 3261 19.1.1: `lr`).
    pub fn is_loose_router(&self) -> bool {
        self.params.has("lr")
    }

    /// Name and value without escapes of each header, after the `?`.
    pub fn headers(&self) -> impl Iterator<Item = (Cow<'_, str>, Cow<'_, str>)> {
        self.headers
            .split('&')
            .filter(|pair| !pair.is_empty())
            .map(|pair| {
                let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
                (escape::decode(name), escape::decode(value))
            })
    }

    /// The headers as written, without the `?`; empty when there is none.
    pub fn raw_headers(&self) -> &str {
        &self.headers
    }
}

impl fmt::Display for Uri {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.scheme.as_str())?;
        f.write_str(":")?;
        if let Some(user) = &self.user {
            f.write_str(user)?;
        }
        if let Some(password) = &self.password {
            f.write_str(":")?;
            f.write_str(password)?;
        }
        if let Some(host) = &self.host {
            if self.user.is_some() {
                f.write_str("@")?;
            }
            host.fmt(f)?;
        }
        write_port(f, self.port)?;
        self.params.fmt(f)?;
        if self.headers.is_empty() {
            return Ok(());
        }
        f.write_str("?")?;
        f.write_str(&self.headers)
    }
}

#[cfg(test)]
mod tests;
