use alloc::boxed::Box;
use alloc::string::{String, ToString as _};
use core::time::Duration;

use plenum_sip_msg::{HeaderName, StatusCode, Warning};
use thiserror::Error;

use super::{Accepted, Algorithm};
use crate::ExtraHeaders;

/// What a [`Gatekeeper`](super::Gatekeeper) decides about a request.
#[derive(Debug)]
#[must_use]
pub enum Verdict {
    /// The user is who the request says.
    Accepted(Box<Accepted>),
    /// The client must prove itself, or do it again.
    Challenged(Challenged),
    /// The request is not looked at any further.
    Refused(Refused),
}

/// A response that asks for a proof.
#[derive(Clone, Debug)]
pub struct Challenged {
    /// 401, or 407 from a proxy.
    pub status: StatusCode,
    /// The challenges in order, and a Warning that says what was wrong.
    pub headers: ExtraHeaders,
    /// The client can answer without asking its user: nothing was wrong with the password, as far
    /// as anybody looked.
    pub is_stale: bool,
    /// Why, for the log. The peer is not told all of it.
    pub why: Why,
}

/// A response that ends the matter.
#[derive(Clone, Debug)]
pub struct Refused {
    /// 400 or 403.
    pub status: StatusCode,
    /// A Warning that says what was wrong, and when to come back.
    pub headers: ExtraHeaders,
    /// Why, for the log.
    pub why: Why,
}

/// Why a request was not let in.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum Why {
    /// No credentials for our realm.
    #[error("the request has no credentials for this realm; answer the challenge")]
    NoCredentials,
    /// Credentials without nonce and response.
    #[error("the credentials answer no challenge yet; answer this one")]
    EmptyCredentials,
    /// The nonce is too old, of another algorithm or source, or not ours.
    #[error("the nonce is too old or unknown; answer the new challenge")]
    StaleNonce,
    /// The answer is correct but was used before.
    #[error("this nonce count was used before; count up, or answer the new challenge")]
    Repeated,
    /// The account is stored without a value for this algorithm.
    #[error("the account has no stored value for {0}; answer the new challenge, or store one")]
    NotStored(Algorithm),
    /// An algorithm that was not offered, or that nobody knows.
    #[error("the algorithm of the credentials was not offered; choose one of the challenges")]
    AlgorithmNotOffered,
    /// A quality of protection that was not offered, or none where one is required.
    #[error("the qop of the credentials was not offered; choose one of the challenge")]
    QopNotOffered,
    /// The response digest is wrong.
    #[error("the password is wrong; correct it")]
    WrongPassword,
    /// The user is unknown.
    #[error("the user is unknown; correct the user name, or add the account")]
    UnknownUser,
    /// A parameter is missing or makes no sense.
    #[error("the {0} of the credentials is missing or malformed; write it as in RFC 7616 3.4")]
    Malformed(&'static str),
    /// The `uri` parameter and the Request-URI differ.
    #[error("the credentials are for another URI than the request; compute them for its own")]
    WrongUri,
    /// Too many wrong answers from this source.
    #[error("too many wrong passwords from this address; correct them and wait {}", seconds(.0))]
    SourceCools(Duration),
    /// Too many wrong answers for this account.
    #[error("too many wrong passwords for this account; wait {}", seconds(.0))]
    AccountCools(Duration),
}

fn seconds(left: &Duration) -> String {
    alloc::format!("{} s", whole_seconds(*left))
}

fn whole_seconds(left: Duration) -> u64 {
    left.as_secs() + u64::from(left.subsec_nanos() > 0)
}

/// What a [`Why`] means for the client.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Consequence {
    Challenge { is_stale: bool },
    Refuse(StatusCode),
}

impl Why {
    pub(crate) const fn consequence(self) -> Consequence {
        match self {
            Self::StaleNonce | Self::Repeated | Self::NotStored(_) => {
                Consequence::Challenge { is_stale: true }
            }
            Self::NoCredentials
            | Self::EmptyCredentials
            | Self::AlgorithmNotOffered
            | Self::QopNotOffered
            | Self::WrongPassword
            | Self::UnknownUser => Consequence::Challenge { is_stale: false },
            // RFC 7616 3.4: an improper parameter is an error of the client; 3.4.6 for the URI.
            Self::Malformed(_) | Self::WrongUri => Consequence::Refuse(StatusCode::BAD_REQUEST),
            Self::SourceCools(_) | Self::AccountCools(_) => {
                Consequence::Refuse(StatusCode::FORBIDDEN)
            }
        }
    }

    /// The headers that tell the peer what was wrong.
    pub(crate) fn add_to(self, headers: &mut ExtraHeaders) {
        let text = match self {
            Self::NoCredentials | Self::EmptyCredentials => return,
            // Who guesses must not learn which users exist.
            Self::WrongPassword | Self::UnknownUser => {
                "the user name or the password is wrong; correct it".to_string()
            }
            _ => self.to_string(),
        };
        let warning = Warning {
            code: MISCELLANEOUS,
            agent: AGENT.to_string(),
            text,
        };
        headers.push(HeaderName::Warning, warning.to_string());
        if let Self::SourceCools(left) | Self::AccountCools(left) = self {
            headers.push(HeaderName::RetryAfter, whole_seconds(left).to_string());
        }
    }
}

/// RFC 3261 20.43: a warning for people.
const MISCELLANEOUS: u16 = 399;
/// RFC 3261 20.43: who warns. A pseudonym, because a host name would tell our address.
const AGENT: &str = "plenum";
