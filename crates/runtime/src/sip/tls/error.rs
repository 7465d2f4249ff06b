use std::path::PathBuf;

use rustls::pki_types::{ServerName, pem};
use rustls::{AlertDescription, CertificateError, Error};

/// Why certificates cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TlsError {
    /// A file with certificates does not read.
    #[error(
        "{}: no certificate can be read: {}; give a PEM file that begins with BEGIN CERTIFICATE",
        file.display(),
        reason(source)
    )]
    Certificate {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        source: pem::Error,
    },
    /// The file of the key does not read.
    #[error("{}: no private key can be read: {}; give a PEM file that begins with BEGIN PRIVATE \
             KEY and that the user of the server may read", file.display(), reason(source))]
    Key {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        source: pem::Error,
    },
    /// The key belongs to another certificate, or one of the two is of no known kind.
    #[error("{} and {} do not make a pair: {source}; give the key with which the certificate was \
             asked for, and the certificate of the server first in its file",
            certificate.display(), key.display())]
    Mismatch {
        /// The file of the certificate.
        certificate: PathBuf,
        /// The file of the key.
        key: PathBuf,
        /// What is wrong.
        source: Error,
    },
    /// A certificate in the file of authorities is none.
    #[error("{}: this is no certificate of an authority: {source}", file.display())]
    Authority {
        /// The file.
        file: PathBuf,
        /// What is wrong.
        source: Error,
    },
    /// Client certificates are to be checked, and nobody is trusted to sign them.
    #[error(
        "[sip.tls] verify_client needs the authority that signs the certificates of clients; \
             set [sip.tls] ca to its PEM file"
    )]
    NoAuthority,
    /// TLS is to be listened for without a certificate.
    #[error(
        "TLS needs a certificate; set [sip.tls] certificate and key to PEM files, or remove \
             tls:// and wss:// from [sip] listen"
    )]
    NoCertificate,
    /// A bug: the algorithms do not fit the versions of TLS.
    #[error("TLS cannot be set up: {0}")]
    Provider(Error),
}

fn reason(error: &pem::Error) -> String {
    match error {
        pem::Error::Io(error) => error.to_string(),
        pem::Error::NoItemsFound => "there is none in it".to_owned(),
        other => other.to_string(),
    }
}

/// Says why a handshake that we began failed, and what helps.
pub(in crate::sip) fn explain_ours(error: &Error, name: &ServerName<'_>) -> String {
    let name = name.to_str();
    match error {
        Error::InvalidCertificate(certificate) => explain_certificate(certificate, &name),
        Error::AlertReceived(alert) => format!("{name} refuses TLS: {}", explain_alert(*alert)),
        other => format!("TLS with {name} fails: {other}"),
    }
}

/// Says why a handshake that a peer began failed, and what helps.
pub(in crate::sip) fn explain_theirs(error: &Error) -> String {
    match error {
        Error::AlertReceived(alert) => format!("the client refuses TLS: {}", explain_alert(*alert)),
        Error::NoCertificatesPresented => "the client shows no certificate, which [sip.tls] \
             verify_client = \"required\" demands; give it one that [sip.tls] ca has signed"
            .to_owned(),
        Error::InvalidCertificate(certificate) => explain_certificate(certificate, "the client"),
        other => format!("the TLS handshake fails: {other}"),
    }
}

fn explain_certificate(error: &CertificateError, name: &str) -> String {
    use CertificateError as C;
    match error {
        C::Expired | C::ExpiredContext { .. } => {
            format!("the certificate of {name} has expired; it must be renewed there")
        }
        C::NotValidYet | C::NotValidYetContext { .. } => {
            format!("the certificate of {name} is not valid yet; compare the clock of this machine")
        }
        C::UnknownIssuer => format!(
            "the certificate of {name} was signed by an authority that is not trusted; if it may \
             be, add the authority to [sip.tls] ca"
        ),
        C::BadSignature => format!(
            "the certificate of {name} was not signed by the authority that it names; if that \
             authority was made anew, put its present certificate into [sip.tls] ca"
        ),
        C::NotValidForNameContext { presented, .. } => format!(
            "the certificate is for {}, not for {name}; call by a name that it shows, or have one \
             issued for {name} (RFC 5922: the whole name, no wildcard)",
            or_nobody(presented)
        ),
        C::NotValidForName => {
            format!("the certificate does not name {name}; have one issued for it (RFC 5922)")
        }
        other => format!("the certificate of {name} is refused: {other}"),
    }
}

fn or_nobody(presented: &[String]) -> String {
    if presented.is_empty() {
        return "nobody".to_owned();
    }
    presented.join(", ")
}

/// What a peer that gives up says about us.
fn explain_alert(alert: AlertDescription) -> String {
    use AlertDescription as A;
    match alert {
        A::CertificateExpired => "our certificate has expired; renew [sip.tls] certificate".into(),
        A::UnknownCA => "it does not trust the authority of our certificate; put the whole chain \
             into [sip.tls] certificate, or make the authority known there"
            .into(),
        A::BadCertificate | A::CertificateUnknown => "our certificate does not convince it; it \
             must name the domain that is dialled, and be in force"
            .into(),
        A::CertificateRequired => {
            "it demands a certificate of ours; set [sip.tls] certificate and \
             key"
            .into()
        }
        A::ProtocolVersion => "it speaks no TLS 1.2 or 1.3; update it".into(),
        other => format!("{other:?}"),
    }
}
