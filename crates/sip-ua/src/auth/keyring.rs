use alloc::collections::BTreeMap;
use alloc::string::String;

use super::Credential;

/// The logins with which challenges are answered, by realm.
#[derive(Clone, Debug, Default)]
pub struct Keyring {
    by_realm: BTreeMap<String, Login>,
    for_any: Option<Login>,
}

impl Keyring {
    /// Builds an empty keyring.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            by_realm: BTreeMap::new(),
            for_any: None,
        }
    }

    /// Adds a login, in place of an older one for the same realm.
    #[must_use]
    pub fn with(mut self, login: Login) -> Self {
        self.insert(login);
        self
    }

    /// Adds a login, in place of an older one for the same realm.
    pub fn insert(&mut self, login: Login) {
        match &login.realm {
            Some(realm) => {
                self.by_realm.insert(realm.clone(), login);
            }
            None => self.for_any = Some(login),
        }
    }

    /// The login for a realm.
    #[must_use]
    pub fn login(&self, realm: &str) -> Option<&Login> {
        self.by_realm.get(realm).or(self.for_any.as_ref())
    }
}

/// A user name and its secret.
#[derive(Clone, Debug)]
pub struct Login {
    realm: Option<String>,
    pub(crate) username: String,
    pub(crate) credential: Credential,
}

impl Login {
    /// Builds the login for one realm.
    pub fn new(
        realm: impl Into<String>,
        username: impl Into<String>,
        credential: Credential,
    ) -> Self {
        Self {
            realm: Some(realm.into()),
            username: username.into(),
            credential,
        }
    }

    /// Builds a login for whatever realm asks. Whoever is called can then ask for a proof and
    /// guess the password at leisure, so use it only towards a peer that is trusted.
    pub fn for_any_realm(username: impl Into<String>, credential: Credential) -> Self {
        Self {
            realm: None,
            username: username.into(),
            credential,
        }
    }
}
