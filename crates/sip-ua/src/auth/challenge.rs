use alloc::string::String;
use alloc::vec::Vec;

use plenum_sip_msg::{AuthValue, HeaderValue as _, Message};

use super::{Algorithm, AnswerError, Qop, Role};

/// Most challenges of one response that are looked at.
pub const MAX_CHALLENGES: usize = 16;

/// A challenge as a client reads it (RFC 7616 3.3).
#[derive(Clone, Debug)]
pub(crate) struct Challenge {
    pub(crate) role: Role,
    pub(crate) realm: String,
    pub(crate) nonce: String,
    pub(crate) opaque: Option<String>,
    /// As named; `None` when the challenge names none, which means MD5.
    pub(crate) named: Option<String>,
    pub(crate) qop: QopChoice,
    pub(crate) wants_userhash: bool,
    pub(crate) is_stale: bool,
}

/// What a client makes of the `qop` parameter.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum QopChoice {
    /// The parameter is absent: RFC 2069.
    Absent,
    /// `auth` where it is offered, because bodies change on the way.
    Chosen(Qop),
    /// None of the words is known.
    Unknown,
}

impl Challenge {
    /// The algorithm, if it is known.
    pub(crate) fn algorithm(&self) -> Option<Algorithm> {
        match &self.named {
            None => Some(Algorithm::MD5),
            Some(name) => name.parse().ok(),
        }
    }

    /// The spelling for the eyes of people.
    pub(crate) fn algorithm_name(&self) -> &str {
        self.named.as_deref().unwrap_or("MD5")
    }

    /// All Digest challenges of a response, in order.
    pub(crate) fn all(response: &Message) -> Result<Vec<Self>, AnswerError> {
        let (mut found, mut others) = (Vec::new(), Vec::new());
        for role in [Role::Server, Role::Proxy] {
            let name = role.challenge_header();
            for field in response.header_all(&name).take(MAX_CHALLENGES) {
                let text = field.text();
                match AuthValue::parse_value(&text) {
                    Ok(value) if value.is_digest() => found.extend(Self::read(role, &value)),
                    _ => others.extend(text.split_whitespace().next().map(String::from)),
                }
            }
        }
        others.retain(|scheme| !scheme.eq_ignore_ascii_case("Digest"));
        if !found.is_empty() {
            Ok(found)
        } else if others.is_empty() {
            Err(AnswerError::NoChallenge)
        } else {
            let seen = others.join(", ");
            Err(AnswerError::OtherScheme { seen })
        }
    }

    fn read(role: Role, value: &AuthValue) -> Option<Self> {
        let is_true = |name| {
            let found = value.param(name);
            found.is_some_and(|found| found.eq_ignore_ascii_case("true"))
        };
        Some(Self {
            role,
            realm: value.param("realm")?.into(),
            nonce: value.param("nonce")?.into(),
            opaque: value.param("opaque").map(String::from),
            named: value.param("algorithm").map(String::from),
            qop: choose(value.param("qop").unwrap_or_default()),
            wants_userhash: is_true("userhash"),
            is_stale: is_true("stale"),
        })
    }
}

fn choose(offered: &str) -> QopChoice {
    let words = || {
        let words = offered.split([',', ' ', '\t']);
        words.filter(|word| !word.is_empty())
    };
    match words().filter_map(Qop::parse).min() {
        Some(qop) => QopChoice::Chosen(qop),
        None if words().next().is_none() => QopChoice::Absent,
        None => QopChoice::Unknown,
    }
}
