use alloc::string::String;

use thiserror::Error;

/// Why a challenge is not answered, or what is wrong with the answer of a server.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum AnswerError {
    /// The server broke the protocol.
    #[error("the response has no challenge that can be read; the server must send a Digest one")]
    NoChallenge,
    /// The server speaks another scheme.
    #[error("the server asks for {seen}, but only Digest is spoken (RFC 3261 22)")]
    OtherScheme {
        /// The schemes seen.
        seen: String,
    },
    /// Nobody gave us a login.
    #[error("no login is known for the realm \"{realm}\"; add one to the keyring")]
    UnknownRealm {
        /// The realm.
        realm: String,
    },
    /// The server or the stored login lacks what the other has.
    #[error(
        "the realm \"{realm}\" offers {seen}, and the login serves none of them; give it a \
         password, or a stored value for one that is known (MD5, SHA-256, SHA-512-256)"
    )]
    UnsupportedAlgorithm {
        /// The realm.
        realm: String,
        /// The algorithms seen.
        seen: String,
    },
    /// The server offers only what nobody knows.
    #[error("the realm \"{realm}\" offers no known qop; it must offer auth or auth-int")]
    UnsupportedQop {
        /// The realm.
        realm: String,
    },
    /// The server does not take the login.
    #[error("the realm \"{realm}\" refuses the login of \"{username}\"; correct the password")]
    Refused {
        /// The realm.
        realm: String,
        /// The user.
        username: String,
    },
    /// The server is confused about its nonces.
    #[error("the realm \"{realm}\" calls each nonce stale; it must take one that it has just sent")]
    StillStale {
        /// The realm.
        realm: String,
    },
    /// A stated limit.
    #[error("{0} realms ask for a login already, which is the limit; pass fewer proxies")]
    TooManyRealms(usize),
    /// The server does not know the secret, or somebody changed its response on the way.
    #[error("the server of the realm \"{realm}\" does not prove that it knows the password")]
    NotProven {
        /// The realm.
        realm: String,
    },
}
