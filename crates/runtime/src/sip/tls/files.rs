use std::path::{Path, PathBuf};
use std::sync::Arc;

use rustls::crypto::CryptoProvider;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::WebPkiClientVerifier;
use rustls::server::danger::ClientCertVerifier;
use rustls::{ClientConfig, ConfigBuilder, RootCertStore, ServerConfig, WantsVerifier};
use tracing::warn;

use super::TlsError;
use super::verify::DomainVerifier;

/// TLS sessions that clients may take up again without a full handshake.
const SESSIONS_MAX: usize = 4096;

/// Certificates of one chain or bundle that are read.
const CERTIFICATES_MAX: usize = 4096;

/// Where the certificates are, and whom they must convince.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct TlsFiles {
    /// Our certificate with its chain, and its key; both PEM. Without them TLS connections can be
    /// opened, not accepted.
    pub identity: Option<(PathBuf, PathBuf)>,
    /// Authorities that are trusted beside those of the system, PEM.
    pub ca: Option<PathBuf>,
    /// Whether peers that connect must show a certificate.
    pub verify_client: VerifyClient,
}

/// Whether peers that open a TLS connection must show a certificate that [`TlsFiles::ca`] signed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum VerifyClient {
    /// None is asked for.
    #[default]
    None,
    /// One is asked for, and checked if it comes.
    Optional,
    /// A connection without one is refused.
    Required,
}

impl TlsFiles {
    /// Returns the files that are read.
    pub(super) fn paths(&self) -> impl Iterator<Item = &Path> {
        let identity = self
            .identity
            .iter()
            .flat_map(|(certificate, key)| [certificate, key]);
        identity.chain(&self.ca).map(PathBuf::as_path)
    }

    /// Reads everything, for connections that are accepted and for those that are opened.
    pub(super) fn read(&self) -> Result<(Option<ServerConfig>, ClientConfig), TlsError> {
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let ca = self.ca.as_deref().map(certificates).transpose()?;
        let identity = self.identity.as_ref().map(Identity::read).transpose()?;
        let client = client(
            &provider,
            roots(self.ca.as_deref(), ca.as_deref())?,
            identity.as_ref(),
        )?;
        let Some(identity) = identity else {
            return Ok((None, client));
        };
        let verifier = self.client_verifier(&provider, ca)?;
        let server = versions(ServerConfig::builder_with_provider(provider))?
            .with_client_cert_verifier(verifier);
        let mut server = server
            .with_single_cert(identity.chain, identity.key)
            .map_err(|source| TlsError::Mismatch {
                certificate: identity.certificate_file,
                key: identity.key_file,
                source,
            })?;
        server.session_storage = rustls::server::ServerSessionMemoryCache::new(SESSIONS_MAX);
        // One is enough to come back with; each costs octets at every handshake.
        server.send_tls13_tickets = 1;
        Ok((Some(server), client))
    }

    fn client_verifier(
        &self,
        provider: &Arc<CryptoProvider>,
        ca: Option<Vec<CertificateDer<'static>>>,
    ) -> Result<Arc<dyn ClientCertVerifier>, TlsError> {
        if self.verify_client == VerifyClient::None {
            return Ok(WebPkiClientVerifier::no_client_auth());
        }
        let (Some(file), Some(ca)) = (self.ca.as_deref(), ca) else {
            return Err(TlsError::NoAuthority);
        };
        let mut roots = RootCertStore::empty();
        add(&mut roots, file, &ca)?;
        let builder =
            WebPkiClientVerifier::builder_with_provider(Arc::new(roots), Arc::clone(provider));
        let builder = match self.verify_client {
            VerifyClient::Required => builder,
            _ => builder.allow_unauthenticated(),
        };
        builder.build().map_err(|_| TlsError::NoAuthority)
    }
}

/// Our certificate and key.
struct Identity {
    certificate_file: PathBuf,
    key_file: PathBuf,
    chain: Vec<CertificateDer<'static>>,
    key: PrivateKeyDer<'static>,
}

impl Identity {
    fn read((certificate, key): &(PathBuf, PathBuf)) -> Result<Self, TlsError> {
        Ok(Self {
            certificate_file: certificate.clone(),
            key_file: key.clone(),
            chain: certificates(certificate)?,
            key: PrivateKeyDer::from_pem_file(key).map_err(|source| TlsError::Key {
                file: key.clone(),
                source,
            })?,
        })
    }
}

fn client(
    provider: &Arc<CryptoProvider>,
    roots: RootCertStore,
    identity: Option<&Identity>,
) -> Result<ClientConfig, TlsError> {
    let verifier = DomainVerifier::new(roots, provider.signature_verification_algorithms);
    let builder = versions(ClientConfig::builder_with_provider(Arc::clone(provider)))?
        .dangerous()
        .with_custom_certificate_verifier(Arc::new(verifier));
    let Some(identity) = identity else {
        return Ok(builder.with_no_client_auth());
    };
    let (chain, key) = (identity.chain.clone(), identity.key.clone_key());
    builder
        .with_client_auth_cert(chain, key)
        .map_err(|source| TlsError::Mismatch {
            certificate: identity.certificate_file.clone(),
            key: identity.key_file.clone(),
            source,
        })
}

/// TLS 1.2 and 1.3: RFC 8996 forbids everything before.
fn versions<Side: rustls::ConfigSide>(
    builder: ConfigBuilder<Side, rustls::WantsVersions>,
) -> Result<ConfigBuilder<Side, WantsVerifier>, TlsError> {
    builder
        .with_protocol_versions(&[&rustls::version::TLS13, &rustls::version::TLS12])
        .map_err(TlsError::Provider)
}

/// The authorities of the system and our own.
fn roots(
    file: Option<&Path>,
    ca: Option<&[CertificateDer<'static>]>,
) -> Result<RootCertStore, TlsError> {
    let mut roots = RootCertStore::empty();
    let system = rustls_native_certs::load_native_certs();
    roots.add_parsable_certificates(system.certs);
    if let (Some(file), Some(ca)) = (file, ca) {
        add(&mut roots, file, ca)?;
    }
    if roots.is_empty() {
        warn!(
            "no authority is trusted, so no outgoing TLS connection will be; install the package \
             ca-certificates or set [sip.tls] ca"
        );
    }
    Ok(roots)
}

fn add(
    roots: &mut RootCertStore,
    file: &Path,
    ca: &[CertificateDer<'static>],
) -> Result<(), TlsError> {
    for certificate in ca {
        let added = roots.add(certificate.clone());
        added.map_err(|source| TlsError::Authority {
            file: file.to_owned(),
            source,
        })?;
    }
    Ok(())
}

/// Reads the certificates of a file; at least one.
fn certificates(file: &Path) -> Result<Vec<CertificateDer<'static>>, TlsError> {
    use rustls::pki_types::pem::Error;

    let wrong = |source| TlsError::Certificate {
        file: file.to_owned(),
        source,
    };
    let read = CertificateDer::pem_file_iter(file).map_err(wrong)?;
    let read: Vec<_> = read
        .take(CERTIFICATES_MAX)
        .collect::<Result<_, _>>()
        .map_err(wrong)?;
    if read.is_empty() {
        return Err(wrong(Error::NoItemsFound));
    }
    Ok(read)
}
