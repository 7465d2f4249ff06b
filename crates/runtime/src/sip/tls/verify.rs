use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::verify_server_cert_signed_by_trust_anchor;
use rustls::crypto::{WebPkiSupportedAlgorithms, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::{CertificateDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{CertificateError, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use webpki::EndEntityCert;

/// Checks that a certificate belongs to the SIP domain that is to be reached.
///
/// # Standard
///
/// RFC 5922 section 7: the names are the `sip` URIs of the certificate, or its DNS names if it has
/// no such URI; they are compared whole, without wildcards. A certificate for an address must name
/// it (RFC 6125 leaves it to the application).
#[derive(Debug)]
pub(super) struct DomainVerifier {
    roots: RootCertStore,
    algorithms: WebPkiSupportedAlgorithms,
}

impl DomainVerifier {
    pub(super) const fn new(roots: RootCertStore, algorithms: WebPkiSupportedAlgorithms) -> Self {
        Self { roots, algorithms }
    }
}

impl ServerCertVerifier for DomainVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let parsed = ParsedCertificate::try_from(end_entity)?;
        let algorithms = self.algorithms.all;
        verify_server_cert_signed_by_trust_anchor(
            &parsed,
            &self.roots,
            intermediates,
            now,
            algorithms,
        )?;
        match server_name {
            ServerName::DnsName(domain) => check_domain(end_entity, domain.as_ref(), server_name)?,
            _ => rustls::client::verify_server_name(&parsed, server_name)?,
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, cert, dss, &self.algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, cert, dss, &self.algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.algorithms.supported_schemes()
    }
}

fn check_domain(
    certificate: &CertificateDer<'_>,
    domain: &str,
    expected: &ServerName<'_>,
) -> Result<(), Error> {
    let certificate = EndEntityCert::try_from(certificate)
        .map_err(|_| Error::InvalidCertificate(CertificateError::BadEncoding))?;
    let (dns, uris) = (certificate.valid_dns_names(), certificate.valid_uri_names());
    let presented = identities(dns, uris);
    if presented.iter().any(|name| is_same(name, domain)) {
        return Ok(());
    }
    Err(Error::InvalidCertificate(
        CertificateError::NotValidForNameContext {
            expected: expected.to_owned(),
            presented,
        },
    ))
}

/// RFC 5922 7.1: the SIP domains that a certificate names.
fn identities<'a>(
    dns: impl Iterator<Item = &'a str>,
    uris: impl Iterator<Item = &'a str>,
) -> Vec<String> {
    let named: Vec<String> = uris.filter_map(domain_of).map(str::to_owned).collect();
    if named.is_empty() {
        return dns.map(str::to_owned).collect();
    }
    named
}

/// The domain of a `sip` URI; one with a user names a person, not a domain (RFC 5922 7.1).
fn domain_of(uri: &str) -> Option<&str> {
    let (scheme, rest) = uri.split_once(':')?;
    let domain = rest.split([';', '?']).next().unwrap_or(rest);
    let is_domain = scheme.eq_ignore_ascii_case("sip") && !domain.contains(['@', ':']);
    (is_domain && !domain.is_empty()).then_some(domain)
}

/// RFC 5922 7.2: the whole name, without regard to case; a wildcard matches nothing.
fn is_same(presented: &str, domain: &str) -> bool {
    let (presented, domain) = (
        presented.trim_end_matches('.'),
        domain.trim_end_matches('.'),
    );
    !presented.starts_with(['*', '.']) && presented.eq_ignore_ascii_case(domain)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(dns: &[&str], uris: &[&str], domain: &str) -> bool {
        let names = identities(dns.iter().copied(), uris.iter().copied());
        names.iter().any(|name| is_same(name, domain))
    }

    #[test]
    fn a_sip_uri_is_the_identity_where_there_is_one() {
        assert!(matches(&[], &["sip:hall.example"], "Hall.Example"));
        assert!(matches(
            &["other.example"],
            &["SIP:hall.example;a=b"],
            "hall.example"
        ));
        assert!(!matches(
            &["hall.example"],
            &["sip:other.example"],
            "hall.example"
        ));
    }

    #[test]
    fn dns_names_count_where_no_sip_uri_is() {
        assert!(matches(
            &["hall.example"],
            &["https://hall.example"],
            "hall.example."
        ));
        assert!(matches(
            &["hall.example"],
            &["sip:ann@hall.example"],
            "hall.example"
        ));
        assert!(!matches(&["a.hall.example"], &[], "hall.example"));
    }

    #[test]
    fn no_wildcard_names_a_domain() {
        assert!(!matches(&["*.example"], &[], "hall.example"));
        assert!(!matches(&[], &["sip:*.example"], "hall.example"));
    }
}
