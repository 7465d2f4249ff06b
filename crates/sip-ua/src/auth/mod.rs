//! Digest authentication as pure values: the gate of a server and the keyring of a client.
//!
//! # Entry points
//!
//! - [`Gatekeeper`] challenges requests and judges the answers. Its nonces prove themselves, a
//!   repeated answer is refused, and who guesses passwords is slowed down.
//! - [`Accounts`] is where it looks up whom it may let in; [`AccountTable`] is one in memory.
//! - [`Answerer`] answers the challenges of others with the logins of a [`Keyring`].
//! - [`Credential`] is a password, or the stored [`Ha1`] values in place of one.
//!
//! # Example
//!
//! ```
//! use core::net::IpAddr;
//! use plenum_sip_msg::{Limits, Message, MessageBuilder, Method, StatusCode};
//! use plenum_sip_ua::auth::{
//!     AccountTable, Answerer, Asked, Credential, GateConfig, Gatekeeper, Keyring, Login, Verdict,
//! };
//! use plenum_time::Instant;
//!
//! let (now, source) = (Instant::ZERO, IpAddr::from([192, 0, 2, 1]));
//! let mut gate = Gatekeeper::new(GateConfig::new("hall.example"), [7; 32]);
//! let mut accounts = AccountTable::new("hall.example");
//! accounts.insert("ben", Credential::password("tr0mbone"));
//!
//! // A phone registers without credentials and is challenged.
//! let uri = "sip:hall.example".parse()?;
//! let request = || MessageBuilder::request(Method::Register, &uri);
//! let Verdict::Challenged(challenge) = gate.judge(now, source, &request().build(), &accounts)
//! else {
//!     unreachable!()
//! };
//! let mut response = MessageBuilder::response(challenge.status);
//! for (name, value) in challenge.headers.iter() {
//!     response = response.header(name.clone(), value);
//! }
//!
//! // It answers with its password and is let in.
//! let login = Login::new("hall.example", "ben", Credential::password("tr0mbone"));
//! let keyring = Keyring::new().with(login);
//! let mut answerer = Answerer::new([9; 32]);
//! let asked = Asked { method: &Method::Register, uri: &uri, body: b"" };
//! let mut retry = request();
//! for (name, value) in answerer.answer(&keyring, &asked, &response.build())?.iter() {
//!     retry = retry.header(name.clone(), value);
//! }
//! let retry = retry.build();
//! let Verdict::Accepted(accepted) = gate.judge(now, source, &retry, &accounts) else {
//!     unreachable!()
//! };
//! assert_eq!(accepted.username(), "ben");
//!
//! // Who repeats the answer is not.
//! assert!(matches!(gate.judge(now, source, &retry, &accounts), Verdict::Challenged(_)));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Deliberately absent
//!
//! Which requests need authentication, and what an account may do: the owner decides. The Basic
//! scheme, which RFC 3261 22 forbids. Asking a database while a request waits: [`Accounts`] answers
//! at once, so its owner keeps what it needs in memory.
//!
//! # Standard
//!
//! RFC 3261 section 22, RFC 7616, RFC 8760; RFC 2617 and RFC 2069 for those who know no better.

mod accounts;
mod algorithm;
mod answerer;
mod brake;
mod challenge;
mod counters;
mod credential;
mod error;
mod gate;
mod keyring;
mod lru;
mod nonce;
mod proof;
mod terms;
mod verdict;
mod window;

pub use accounts::{AccountTable, Accounts};
pub use algorithm::{Algorithm, Hash, UnknownAlgorithm};
pub use answerer::{Answerer, Asked, MAX_REALMS};
pub use brake::{
    BrakeConfig, COOLING, COOLING_MAX, FAILURE_WINDOW, FAILURES_PER_ACCOUNT, FAILURES_PER_SOURCE,
    MAX_BRAKED, MAX_TRUSTED,
};
pub use challenge::MAX_CHALLENGES;
pub use counters::GateCounters;
pub use credential::{Credential, Ha1};
pub use error::AnswerError;
pub use gate::{GateConfig, Gatekeeper, NONCE_LIFETIME, UriRule};
pub use keyring::{Keyring, Login};
pub use proof::{Accepted, MAX_USERNAME_LEN};
pub use terms::{Qop, Role};
pub use verdict::{Challenged, Refused, Verdict, Why};
pub use window::MAX_NONCES;
