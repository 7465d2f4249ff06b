use alloc::string::String;

use smol_str::SmolStr;

use super::escape::{Part, encode};
use super::{Scheme, Uri, parse};
use crate::{Host, Transport};

/// Builds a URI part by part; text is escaped where the part needs it.
impl Uri {
    /// A `sip:` URI of a host alone.
    pub fn sip(host: impl Into<Host>) -> Self {
        Self {
            host: Some(host.into()),
            ..parse::empty(Scheme::Sip)
        }
    }

    /// A `sips:` URI of a host alone.
    pub fn sips(host: impl Into<Host>) -> Self {
        Self {
            host: Some(host.into()),
            ..parse::empty(Scheme::Sips)
        }
    }

    /// Sets the user, given without escapes; an empty one removes it.
    #[must_use]
    pub fn with_user(mut self, user: &str) -> Self {
        self.user = (!user.is_empty()).then(|| encode(user, Part::User).into());
        self
    }

    /// Sets the password, given without escapes. A URI without a user has no password.
    #[must_use]
    pub fn with_password(mut self, password: &str) -> Self {
        self.password = self
            .user
            .is_some()
            .then(|| encode(password, Part::Password).into());
        self
    }

    /// Sets the host.
    #[must_use]
    pub fn with_host(mut self, host: impl Into<Host>) -> Self {
        self.host = Some(host.into());
        self
    }

    /// Sets or removes the port.
    #[must_use]
    pub fn with_port(mut self, port: impl Into<Option<u16>>) -> Self {
        self.port = port.into();
        self
    }

    /// Sets a parameter, given without escapes.
    #[must_use]
    pub fn with_param(mut self, name: &str, value: &str) -> Self {
        self.params.put(
            &encode(name, Part::Param),
            Some(&encode(value, Part::Param)),
        );
        self
    }

    /// Sets a parameter without a value.
    #[must_use]
    pub fn with_flag(mut self, name: &str) -> Self {
        self.params.put(&encode(name, Part::Param), None);
        self
    }

    /// Removes a parameter.
    #[must_use]
    pub fn without_param(mut self, name: &str) -> Self {
        self.params.remove(name);
        self
    }

    /// Sets the `transport` parameter, in lower case as it is usual in URIs.
    #[must_use]
    pub fn with_transport(self, transport: &Transport) -> Self {
        self.with_param("transport", &transport.as_str().to_ascii_lowercase())
    }

    /// Adds a header after the `?`, given without escapes.
    #[must_use]
    pub fn with_header(mut self, name: &str, value: &str) -> Self {
        let mut headers = String::from(self.headers.as_str());
        if !headers.is_empty() {
            headers.push('&');
        }
        headers.push_str(&encode(name, Part::Header));
        headers.push('=');
        headers.push_str(&encode(value, Part::Header));
        self.headers = headers.into();
        self
    }

    /// Removes all headers, as a Request-URI made of a Contact or Refer-To must (RFC 3261 19.1.5).
    #[must_use]
    pub fn without_headers(mut self) -> Self {
        self.headers = SmolStr::default();
        self
    }
}
