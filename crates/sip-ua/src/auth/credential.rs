use alloc::string::String;
use alloc::vec::Vec;
use core::fmt;
use core::hint::black_box;

use super::algorithm::HexDigest;
use super::{Algorithm, Hash};

/// What proves who a user is: a clear password, or hashes that stand in place of one.
///
/// Its `Debug` form tells nothing.
#[derive(Clone)]
pub struct Credential(Kind);

#[derive(Clone)]
enum Kind {
    Password(String),
    Stored(Vec<Ha1>),
}

impl Credential {
    /// Keeps a clear password. It serves every algorithm and realm.
    pub fn password(password: impl Into<String>) -> Self {
        Self(Kind::Password(password.into()))
    }

    /// Keeps stored values, one for each hash function that shall be served. They are as good as
    /// a password, but only in their realm.
    pub fn stored(values: impl IntoIterator<Item = Ha1>) -> Self {
        Self(Kind::Stored(values.into_iter().collect()))
    }

    /// Whether it can prove itself by this algorithm.
    #[must_use]
    pub fn serves(&self, algorithm: Algorithm) -> bool {
        match &self.0 {
            Kind::Password(_) => true,
            Kind::Stored(values) => values.iter().any(|ha1| ha1.hash == algorithm.hash),
        }
    }

    /// RFC 7616 3.4.2: H(username:realm:password). The work is the same for all kinds, so that
    /// its time does not tell which kind an account is.
    pub(crate) fn ha1(&self, hash: Hash, username: &str, realm: &str) -> Option<Ha1> {
        let password = match &self.0 {
            Kind::Password(password) => password,
            Kind::Stored(_) => "",
        };
        let computed = black_box(Ha1::new(hash, username, realm, password));
        match &self.0 {
            Kind::Password(_) => Some(computed),
            Kind::Stored(values) => values.iter().find(|ha1| ha1.hash == hash).copied(),
        }
    }
}

impl fmt::Debug for Credential {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Credential(..)")
    }
}

/// The hash of user name, realm and password that RFC 7616 3.4.2 calls H(A1): what a
/// configuration stores so that it need not hold the password.
///
/// Whoever has it can log in as the user in this realm, so it is a secret. Its `Debug` form tells
/// only the hash function.
#[derive(Clone, Copy)]
pub struct Ha1 {
    hash: Hash,
    digest: HexDigest,
}

impl Ha1 {
    /// Computes it from the password.
    #[must_use]
    pub fn new(hash: Hash, username: &str, realm: &str, password: &str) -> Self {
        let parts = [username.as_bytes(), realm.as_bytes(), password.as_bytes()];
        Self {
            hash,
            digest: hash.of(&parts),
        }
    }

    /// Reads its hexadecimal digits, 32 for MD5 and 64 for the others; `None` for other text.
    #[must_use]
    pub fn parse(hash: Hash, text: &str) -> Option<Self> {
        let digest = HexDigest::parse(hash, text)?;
        Some(Self { hash, digest })
    }

    /// The hash function.
    #[must_use]
    pub const fn hash(&self) -> Hash {
        self.hash
    }

    /// The hexadecimal digits, to be stored. They are a secret.
    #[must_use]
    pub fn reveal(&self) -> &str {
        self.digest.as_str()
    }

    pub(crate) const fn digest(&self) -> &HexDigest {
        &self.digest
    }

    /// RFC 7616 3.4.2: the key of the `-sess` algorithms.
    pub(crate) fn for_session(&self, nonce: &str, cnonce: &str) -> Self {
        let parts = [self.digest.as_bytes(), nonce.as_bytes(), cnonce.as_bytes()];
        Self {
            hash: self.hash,
            digest: self.hash.of(&parts),
        }
    }
}

impl fmt::Debug for Ha1 {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Ha1({:?}, ..)", self.hash)
    }
}
