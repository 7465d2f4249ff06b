//! Whom to call.

use std::net::{SocketAddr, ToSocketAddrs};

use anyhow::{Context, anyhow, ensure};
use plenum_sip_msg::{Host, Uri};

use super::options::LoadOptions;

/// The port of SIP where a URI names none.
const SIP_PORT: u16 = 5060;

/// The number of the first room where nobody names one.
const FIRST_ROOM: u32 = 7000;

/// The server under load.
#[derive(Clone, Debug)]
pub(super) struct Target {
    uri: Uri,
    /// Its address, resolved once.
    pub(super) address: SocketAddr,
}

impl Target {
    /// Reads a URI and looks up its host.
    pub(super) fn resolve(text: &str) -> anyhow::Result<Self> {
        let uri: Uri = text
            .parse()
            .with_context(|| format!("--target {text}: write it as sip:4711@127.0.0.1:5060"))?;
        ensure!(
            !uri.is_secure(),
            "--target {text}: only SIP over UDP is spoken here"
        );
        let host = uri
            .host()
            .ok_or_else(|| anyhow!("--target {text}: there is no host in it"))?;
        let port = uri.port().unwrap_or(SIP_PORT);
        let address = match host {
            Host::V4(ip) => (*ip, port).into(),
            Host::V6(ip) => (*ip, port).into(),
            Host::Name(name) => (name.as_str(), port)
                .to_socket_addrs()
                .ok()
                .and_then(|mut found| found.next())
                .ok_or_else(|| anyhow!("--target {text}: no address is known for {name}"))?,
        };
        Ok(Self { uri, address })
    }

    /// Returns the URI of another user of the same server.
    pub(super) fn uri(&self, user: &str) -> Uri {
        self.uri.clone().with_user(user)
    }

    /// Returns whom to dial for a room.
    pub(super) fn user(&self, options: &LoadOptions, room: u32) -> String {
        match (self.uri.user(), options.first_room) {
            (Some(user), None) if options.rooms == 1 => user.into_owned(),
            (_, first) => first.unwrap_or(FIRST_ROOM).saturating_add(room).to_string(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::load::options::tests::options;

    #[test]
    fn one_room_is_the_target_and_several_are_numbered() {
        let target = Target::resolve("sip:4711@127.0.0.1").unwrap();
        assert_eq!(target.address.to_string(), "127.0.0.1:5060");
        assert_eq!(target.user(&options("load --target x"), 0), "4711");
        assert_eq!(
            target.user(&options("load --target x --rooms 3"), 2),
            "7002"
        );
        assert_eq!(
            target.user(&options("load --target x --first-room 50"), 0),
            "50"
        );
        let nobody = Target::resolve("sip:[::1]:5070").unwrap();
        assert_eq!(nobody.address.to_string(), "[::1]:5070");
        assert_eq!(nobody.user(&options("load --target x"), 0), "7000");
        assert_eq!(target.uri("7000").to_string(), "sip:7000@127.0.0.1");
    }

    #[test]
    fn a_target_that_cannot_be_called_is_refused_with_the_reason() {
        for (text, words) in [
            ("4711", "write it as sip:"),
            ("sips:4711@127.0.0.1", "only SIP over UDP"),
            ("tel:+4930", "no host"),
        ] {
            let error = Target::resolve(text).unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
    }
}
