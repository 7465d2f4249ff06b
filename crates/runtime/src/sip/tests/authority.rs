//! Certificates for the stories, and a folder for them.

use std::fs;
use std::path::PathBuf;

use rcgen::{
    BasicConstraints, CertificateParams, DnType, ExtendedKeyUsagePurpose, IsCa, Issuer, KeyPair,
    SanType,
};

use crate::sip::{Tls, TlsFiles, VerifyClient};

/// Somebody who signs certificates, and the folder where they lie.
pub(super) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    folder: PathBuf,
}

impl Authority {
    pub(super) fn new() -> Self {
        let name = format!("plenum-test-{:016x}", crate::random::number().unwrap());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir(&folder).unwrap();
        let key = KeyPair::generate().unwrap();
        let mut params = CertificateParams::default();
        // Two authorities are two names.
        params
            .distinguished_name
            .push(DnType::CommonName, folder.display().to_string());
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let certificate = params.self_signed(&key).unwrap();
        fs::write(folder.join("ca.pem"), certificate.pem()).unwrap();
        Self {
            issuer: Issuer::new(params, key),
            folder,
        }
    }

    pub(super) fn ca(&self) -> PathBuf {
        self.folder.join("ca.pem")
    }

    /// Issues a certificate into the folder, over an earlier one of the same file name.
    pub(super) fn issue(&self, file: &str, names: &[&str]) -> (PathBuf, PathBuf) {
        self.issue_with(file, names, |_| ())
    }

    pub(super) fn issue_with(
        &self,
        file: &str,
        names: &[&str],
        edit: impl FnOnce(&mut CertificateParams),
    ) -> (PathBuf, PathBuf) {
        let dns: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let mut params = CertificateParams::new(dns).unwrap();
        params.extended_key_usages = vec![
            ExtendedKeyUsagePurpose::ServerAuth,
            ExtendedKeyUsagePurpose::ClientAuth,
        ];
        edit(&mut params);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let paths = (
            self.folder.join(format!("{file}.pem")),
            self.folder.join(format!("{file}.key")),
        );
        fs::write(&paths.0, certificate.pem()).unwrap();
        fs::write(&paths.1, key.serialize_pem()).unwrap();
        paths
    }

    /// What a server or phone with a certificate of this authority reads.
    pub(super) fn tls(&self, names: &[&str]) -> Tls {
        Tls::load(self.files(names)).unwrap()
    }

    pub(super) fn files(&self, names: &[&str]) -> TlsFiles {
        TlsFiles {
            identity: Some(self.issue(names[0], names)),
            ca: Some(self.ca()),
            verify_client: VerifyClient::None,
        }
    }

    /// What a phone without a certificate reads.
    pub(super) fn trust(&self) -> Tls {
        let files = TlsFiles {
            ca: Some(self.ca()),
            ..TlsFiles::default()
        };
        Tls::load(files).unwrap()
    }
}

impl Drop for Authority {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Names a SIP domain by URI.
pub(super) fn sip_uri(domain: &str) -> SanType {
    SanType::URI(format!("sip:{domain}").try_into().unwrap())
}
