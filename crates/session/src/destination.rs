use std::net::SocketAddr;

use plenum_sip_msg::{Host, Uri};
use plenum_sip_ua::Transport;

use crate::error::SessionError;

/// Longest piece of a bad URI that an error shows.
const SHOWN_MAX: usize = 80;

/// What a SIP URI leads to: whom to call, over which transport, at which address.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Destination {
    uri: Uri,
    transport: Transport,
    remote: SocketAddr,
}

impl Destination {
    /// Reads a URI and looks its host up.
    ///
    /// # Errors
    ///
    /// [`SessionError::Uri`], [`SessionError::Unsupported`] and [`SessionError::Resolve`].
    pub async fn resolve(text: &str) -> Result<Self, SessionError> {
        let shown = || text.chars().take(SHOWN_MAX).collect::<String>();
        let uri: Uri = text.trim().parse().map_err(|source| SessionError::Uri {
            text: shown(),
            source,
        })?;
        let unsupported = |why| SessionError::Unsupported { text: shown(), why };
        if uri.is_secure() {
            return Err(unsupported(
                "sips: needs TLS, which is not spoken here; use sip:",
            ));
        }
        let host = uri.host().filter(|_| uri.is_sip());
        let host = host.ok_or_else(|| unsupported("only sip: URIs lead to a host; use sip:"))?;
        let transport = match uri.transport() {
            None | Some(plenum_sip_msg::Transport::Udp) => Transport::Udp,
            Some(plenum_sip_msg::Transport::Tcp) => Transport::Tcp,
            Some(_) => return Err(unsupported("use ;transport=udp or ;transport=tcp")),
        };
        let port = uri.port().unwrap_or(transport.default_port());
        let remote = look_up(host, port).await?;
        Ok(Self {
            uri,
            transport,
            remote,
        })
    }

    /// Returns the URI.
    #[must_use]
    pub const fn uri(&self) -> &Uri {
        &self.uri
    }

    /// Returns the transport.
    #[must_use]
    pub const fn transport(&self) -> Transport {
        self.transport
    }

    /// Returns the address.
    #[must_use]
    pub const fn remote(&self) -> SocketAddr {
        self.remote
    }
}

async fn look_up(host: &Host, port: u16) -> Result<SocketAddr, SessionError> {
    let name = match host {
        Host::Name(name) => name,
        Host::V4(address) => return Ok((*address, port).into()),
        Host::V6(address) => return Ok((*address, port).into()),
    };
    let failed = |source| SessionError::Resolve {
        host: name.clone(),
        source,
    };
    let mut addresses: Vec<SocketAddr> = tokio::net::lookup_host((name.as_str(), port))
        .await
        .map_err(failed)?
        .collect();
    // Of two families the one that every phone speaks.
    addresses.sort_by_key(|address| !address.is_ipv4());
    let none = || failed(std::io::ErrorKind::NotFound.into());
    addresses.into_iter().next().ok_or_else(none)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_uri_says_where_and_over_what() {
        let plain = Destination::resolve("sip:9196@192.0.2.1").await.unwrap();
        assert_eq!(plain.remote(), "192.0.2.1:5060".parse().unwrap());
        assert_eq!(plain.transport(), Transport::Udp);
        let tcp = Destination::resolve("sip:a@[::1]:5070;transport=tcp")
            .await
            .unwrap();
        assert_eq!(tcp.remote(), "[::1]:5070".parse().unwrap());
        assert_eq!(tcp.transport(), Transport::Tcp);
    }

    #[tokio::test]
    async fn each_mistake_has_its_sentence() {
        let cases = [
            ("9196", "is no SIP URI"),
            ("sip:", "is no SIP URI"),
            ("sips:a@192.0.2.1", "use sip:"),
            ("tel:+4930123", "use sip:"),
            ("sip:a@192.0.2.1;transport=ws", "transport=tcp"),
        ];
        for (text, expected) in cases {
            let sentence = Destination::resolve(text).await.unwrap_err().to_string();
            assert!(
                sentence.contains(expected) && sentence.contains(text),
                "{sentence}"
            );
        }
    }
}
