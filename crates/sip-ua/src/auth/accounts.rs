use alloc::collections::BTreeMap;
use alloc::string::{String, ToString as _};

use super::algorithm::HexDigest;
use super::{Credential, Hash};

/// Where a [`Gatekeeper`](super::Gatekeeper) looks up whom it may let in.
pub trait Accounts {
    /// The credential of a user, whose name keeps its case.
    fn credential(&self, username: &str) -> Option<&Credential>;

    /// The user whose name hashes to these lower-case digits: H(username:realm), RFC 7616 3.4.4.
    ///
    /// Knows none by default; implement it before switching
    /// [`GateConfig::userhash`](super::GateConfig::userhash) on.
    fn username_of(&self, hash: Hash, digits: &str) -> Option<&str> {
        let _ = (hash, digits);
        None
    }
}

/// Accounts of one realm in memory.
#[derive(Clone, Debug)]
pub struct AccountTable {
    realm: String,
    credentials: BTreeMap<String, Credential>,
    hashed: BTreeMap<String, String>,
}

impl AccountTable {
    /// Builds an empty table.
    pub fn new(realm: impl Into<String>) -> Self {
        Self {
            realm: realm.into(),
            credentials: BTreeMap::new(),
            hashed: BTreeMap::new(),
        }
    }

    /// Adds an account or replaces its credential.
    pub fn insert(&mut self, username: impl Into<String>, credential: Credential) {
        let username = username.into();
        for digits in self.hashes(&username) {
            self.hashed.insert(digits.as_str().into(), username.clone());
        }
        self.credentials.insert(username, credential);
    }

    /// Removes an account; says whether there was one.
    pub fn remove(&mut self, username: &str) -> bool {
        for digits in self.hashes(username) {
            self.hashed.remove(digits.as_str());
        }
        self.credentials.remove(username).is_some()
    }

    fn hashes(&self, username: &str) -> [HexDigest; 3] {
        let parts = [username.as_bytes(), self.realm.as_bytes()];
        [Hash::Md5, Hash::Sha256, Hash::Sha512_256].map(|hash| hash.of(&parts))
    }
}

impl Accounts for AccountTable {
    fn credential(&self, username: &str) -> Option<&Credential> {
        self.credentials.get(username)
    }

    fn username_of(&self, hash: Hash, digits: &str) -> Option<&str> {
        let digits = HexDigest::parse(hash, digits)?.as_str().to_string();
        self.hashed.get(&digits).map(String::as_str)
    }
}
