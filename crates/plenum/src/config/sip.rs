use std::path::PathBuf;
use std::time::Duration;

use plenum_runtime::sip::{SipLimits, SipListen, TlsFiles, VerifyClient};

use super::kind;
use super::value::Values;

/// SIP signalling.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sip {
    /// Where to listen.
    pub listen: Vec<SipListen>,
    /// Context for calls from peers that are no endpoint; absent: such calls are refused.
    pub anonymous_context: Option<String>,
    /// Calls at the same time.
    pub calls_max: u32,
    /// What connections may cost.
    pub limits: SipLimits,
    /// Origins whose pages may connect over WebSocket; empty: all.
    pub websocket_origins: Vec<String>,
    /// Certificates.
    pub tls: SipTls,
}

/// Certificates of the SIP connections.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SipTls {
    /// Our certificate with its chain.
    pub certificate: Option<PathBuf>,
    /// Its key.
    pub key: Option<PathBuf>,
    /// Authorities that are trusted beside those of the system.
    pub ca: Option<PathBuf>,
    /// Whether peers that connect must show a certificate.
    pub verify_client: VerifyClient,
}

impl Sip {
    pub(super) fn from_values(values: &Values) -> Self {
        let seconds = |path| Duration::from_secs(values.number(path).into());
        let number = |path| usize::try_from(values.number(path)).unwrap_or(usize::MAX);
        let mut limits = SipLimits {
            connections_max: number("sip.connections_max"),
            connections_per_source_max: number("sip.connections_per_source_max"),
            first_message: seconds("sip.first_message_s"),
            idle: seconds("sip.idle_s"),
            ..SipLimits::default()
        };
        limits.message_limits.message_len = number("sip.message_bytes_max");
        limits.message_limits.stream_buffer_len = 4 * limits.message_limits.message_len;
        let listens = values.list("sip.listen");
        let path = |path| values.optional(path).map(PathBuf::from);
        Self {
            listen: listens.iter().filter_map(|url| kind::listen(url)).collect(),
            anonymous_context: values.optional("sip.anonymous_context"),
            calls_max: values.number("sip.calls_max"),
            limits,
            websocket_origins: values.list("sip.websocket_origins"),
            tls: SipTls {
                certificate: path("sip.tls.certificate"),
                key: path("sip.tls.key"),
                ca: path("sip.tls.ca"),
                verify_client: match values.text("sip.tls.verify_client").as_str() {
                    "required" => VerifyClient::Required,
                    "optional" => VerifyClient::Optional,
                    _ => VerifyClient::None,
                },
            },
        }
    }
}

impl SipTls {
    /// Returns what is to be read.
    #[must_use]
    pub fn files(&self) -> TlsFiles {
        TlsFiles {
            identity: self.certificate.clone().zip(self.key.clone()),
            ca: self.ca.clone(),
            verify_client: self.verify_client,
        }
    }

    pub(super) fn paths_mut(&mut self) -> impl Iterator<Item = &mut PathBuf> {
        [&mut self.certificate, &mut self.key, &mut self.ca]
            .into_iter()
            .flatten()
    }
}
