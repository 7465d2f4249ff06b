use alloc::format;
use alloc::string::{String, ToString as _};
use alloc::vec::Vec;

use plenum_sip_msg::{AuthParam, AuthValue, Message, Method, Uri};
use rand_chacha::ChaCha12Rng;
use rand_core::{Rng as _, SeedableRng as _};

use super::algorithm::HexDigest;
use super::challenge::{Challenge, QopChoice};
use super::credential::Ha1;
use super::proof::read_count;
use super::terms::Terms;
use super::{Algorithm, AnswerError, Keyring, Login, Role};
use crate::ExtraHeaders;

/// Most realms that one answerer answers at once.
pub const MAX_REALMS: usize = 8;
/// How often one request answers a challenge that calls the answer before it stale.
const MAX_STALE: u8 = 1;

/// What of a request enters its credentials: exactly what goes out.
#[derive(Clone, Copy, Debug)]
pub struct Asked<'a> {
    /// The method.
    pub method: &'a Method,
    /// The Request-URI.
    pub uri: &'a Uri,
    /// The body; empty without one.
    pub body: &'a [u8],
}

/// Answers the challenges that one call, registration or trunk meets: the client side of digest
/// authentication.
///
/// For each request: [`authorize`](Self::authorize) before it is sent, [`answer`](Self::answer)
/// on 401 and 407, [`confirm`](Self::confirm) on success.
///
/// ```text
///             answer                  confirm, authorize
///  (unknown) ────────> answered ─────────────────────────> ahead
///                      │  ^  │ <────────────────────────── │
///            stale once└──┘  │      challenged: answer
///                            └─ challenged again: refused
/// ```
///
/// A nonce is used for later requests too, with its count going up, so that they need no further
/// round trip. Those requests must go to the same servers: keep one answerer for each peer.
///
/// # Standard
///
/// RFC 3261 section 22, RFC 7616, RFC 8760.
#[derive(Debug)]
pub struct Answerer {
    random: ChaCha12Rng,
    realms: Vec<Realm>,
}

/// What one realm has asked for last.
#[derive(Debug)]
struct Realm {
    challenge: Challenge,
    algorithm: Algorithm,
    /// The same for all answers to one challenge. RFC 7616 3.4.2 makes the session key from the
    /// first one, many servers make it from the last one, and so both agree.
    cnonce: String,
    count: u32,
    standing: Standing,
}

/// Where the request in progress stands with a realm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Standing {
    /// Its credentials answer an earlier challenge.
    Ahead,
    /// Its credentials answer the challenge that it met itself.
    Answered { stale: u8 },
}

impl Answerer {
    /// Builds an answerer that has met no challenge. The seed must be unpredictable.
    #[must_use]
    pub fn new(seed: [u8; 32]) -> Self {
        Self {
            random: ChaCha12Rng::from_seed(seed),
            realms: Vec::new(),
        }
    }

    /// Begins a request: the credentials for all realms met so far, so that none of them needs to
    /// ask again. None when none is known.
    ///
    /// Call it for each request but ACK and CANCEL. The ACK of a 2xx carries the credentials of
    /// its INVITE (RFC 3261 13.2.2.4).
    pub fn authorize(&mut self, keyring: &Keyring, asked: &Asked<'_>) -> ExtraHeaders {
        for realm in &mut self.realms {
            realm.standing = Standing::Ahead;
        }
        self.headers(keyring, asked)
    }

    /// Answers the challenges of a 401 or 407: the headers to send the same request again with.
    ///
    /// They replace those of the same names. Of several challenges of one realm the one with the
    /// strongest hash that the login serves is answered; of equals the first (RFC 8760 2.4 leaves
    /// that to the client).
    ///
    /// # Errors
    ///
    /// [`AnswerError`] when it makes no sense to send the request again: no login or algorithm
    /// fits, or a realm has refused the answer to its own challenge, or called it stale twice.
    pub fn answer(
        &mut self,
        keyring: &Keyring,
        asked: &Asked<'_>,
        response: &Message,
    ) -> Result<ExtraHeaders, AnswerError> {
        let challenges = Challenge::all(response)?;
        let (mut answered, mut failure) = (false, None);
        for (index, first) in challenges.iter().enumerate() {
            let is_same = |other: &Challenge| is_of(other, first.role, &first.realm);
            if challenges[..index].iter().any(is_same) {
                continue;
            }
            let offers = challenges.iter().filter(|other| is_same(other));
            match self.meet(keyring, first, offers) {
                Ok(()) => answered = true,
                Err(gives_up @ (AnswerError::Refused { .. } | AnswerError::StillStale { .. })) => {
                    return Err(gives_up);
                }
                Err(error) => failure = failure.or(Some(error)),
            }
        }
        match failure {
            Some(error) if !answered => Err(error),
            _ => Ok(self.headers(keyring, asked)),
        }
    }

    /// Takes a success response: checks that the server has proved itself, if it says so, and
    /// notes the nonce that it wants next.
    ///
    /// `asked` is the request that the response is for.
    ///
    /// # Errors
    ///
    /// [`AnswerError::NotProven`] when the proof is wrong. A response without one is no error,
    /// because most servers send none.
    pub fn confirm(
        &mut self,
        keyring: &Keyring,
        asked: &Asked<'_>,
        response: &Message,
    ) -> Result<(), AnswerError> {
        for realm in &mut self.realms {
            realm.standing = Standing::Ahead;
        }
        for role in [Role::Server, Role::Proxy] {
            let name = role.info_header();
            let Some(field) = response.header(&name) else {
                continue;
            };
            let info = AuthParam::parse_list(&field.text()).unwrap_or_default();
            let info = AuthValue {
                params: info,
                ..AuthValue::digest()
            };
            let cnonce = info.param("cnonce");
            let mut fitting = self.realms.iter_mut().filter(|realm| {
                realm.challenge.role == role && cnonce.is_none_or(|cnonce| realm.cnonce == cnonce)
            });
            // Without a cnonce, the header of one realm among several is anybody's.
            if let (Some(realm), None) = (fitting.next(), fitting.next()) {
                realm.take_info(keyring, asked, &info, &response.body())?;
            }
        }
        Ok(())
    }

    /// Meets the challenges of one realm.
    fn meet<'c>(
        &mut self,
        keyring: &Keyring,
        first: &Challenge,
        offers: impl Iterator<Item = &'c Challenge> + Clone,
    ) -> Result<(), AnswerError> {
        let login = keyring.login(&first.realm);
        let login = login.ok_or_else(|| AnswerError::UnknownRealm {
            realm: first.realm.clone(),
        })?;
        let (challenge, algorithm) = strongest(login, first, offers)?;
        let is_same = |realm: &Realm| is_of(&realm.challenge, first.role, &first.realm);
        let known = self.realms.iter().position(is_same);
        let stale = match known.map(|index| self.realms[index].standing) {
            None | Some(Standing::Ahead) => 0,
            Some(Standing::Answered { .. }) if !challenge.is_stale => {
                return Err(AnswerError::Refused {
                    realm: first.realm.clone(),
                    username: login.username.clone(),
                });
            }
            Some(Standing::Answered { stale }) if stale >= MAX_STALE => {
                return Err(AnswerError::StillStale {
                    realm: first.realm.clone(),
                });
            }
            Some(Standing::Answered { stale }) => stale + 1,
        };
        // A server may keep its nonce; then the count must go on where it was.
        let is_kept = |realm: &&Realm| {
            realm.challenge.nonce == challenge.nonce && realm.algorithm == algorithm
        };
        let kept = known.map(|index| &self.realms[index]).filter(is_kept);
        let (cnonce, count) = match kept {
            Some(realm) => (realm.cnonce.clone(), realm.count),
            None => (self.cnonce(), 0),
        };
        let realm = Realm {
            cnonce,
            count,
            standing: Standing::Answered { stale },
            challenge: challenge.clone(),
            algorithm,
        };
        match known {
            Some(index) => self.realms[index] = realm,
            None if self.realms.len() >= MAX_REALMS => {
                return Err(AnswerError::TooManyRealms(MAX_REALMS));
            }
            None => self.realms.push(realm),
        }
        Ok(())
    }

    fn headers(&mut self, keyring: &Keyring, asked: &Asked<'_>) -> ExtraHeaders {
        let mut headers = ExtraHeaders::none();
        for realm in &mut self.realms {
            let Some(login) = keyring.login(&realm.challenge.realm) else {
                continue;
            };
            if let Some(value) = realm.credentials(login, asked) {
                headers.push(realm.challenge.role.answer_header(), value.to_string());
            }
        }
        headers
    }

    fn cnonce(&mut self) -> String {
        format!(
            "{:016x}{:016x}",
            self.random.next_u64(),
            self.random.next_u64()
        )
    }
}

impl Realm {
    fn credentials(&mut self, login: &Login, asked: &Asked<'_>) -> Option<AuthValue> {
        // A nonce without a count left is as good as refused; the server will send another.
        self.count = self.count.checked_add(1)?;
        let key = self.key(login)?;
        let uri = asked.uri.to_string();
        let nc = count_text(self.count);
        let terms = self.terms(&nc, asked.method.as_str(), &uri, asked.body);
        let response = terms.response(&key);
        let challenge = &self.challenge;
        let hash = self.algorithm.hash;
        let hashed = hash.of(&[login.username.as_bytes(), challenge.realm.as_bytes()]);
        let username = if challenge.wants_userhash {
            hashed.as_str()
        } else {
            &login.username
        };
        let mut value = AuthValue::digest()
            .with_quoted("username", username)
            .with_quoted("realm", &challenge.realm)
            .with_quoted("nonce", &challenge.nonce)
            .with_quoted("uri", &uri)
            .with_quoted("response", response.as_str());
        if let Some(name) = &challenge.named {
            value = value.with_plain("algorithm", name);
        }
        if let Some(qop) = terms.qop {
            value = value
                .with_plain("qop", qop.as_str())
                .with_plain("nc", &nc)
                .with_quoted("cnonce", &self.cnonce);
        } else if self.algorithm.is_session {
            value = value.with_quoted("cnonce", &self.cnonce);
        }
        if let Some(opaque) = &challenge.opaque {
            value = value.with_quoted("opaque", opaque);
        }
        if challenge.wants_userhash {
            value = value.with_plain("userhash", "true");
        }
        Some(value)
    }

    fn key(&self, login: &Login) -> Option<Ha1> {
        let hash = self.algorithm.hash;
        let challenge = &self.challenge;
        let ha1 = login
            .credential
            .ha1(hash, &login.username, &challenge.realm)?;
        Some(if self.algorithm.is_session {
            ha1.for_session(&challenge.nonce, &self.cnonce)
        } else {
            ha1
        })
    }

    fn terms<'a>(
        &'a self,
        nc: &'a str,
        method: &'a str,
        uri: &'a str,
        body: &'a [u8],
    ) -> Terms<'a> {
        let qop = match self.challenge.qop {
            QopChoice::Chosen(qop) => Some(qop),
            QopChoice::Absent | QopChoice::Unknown => None,
        };
        Terms {
            nonce: &self.challenge.nonce,
            cnonce: &self.cnonce,
            nc,
            qop,
            method,
            uri,
            body,
        }
    }

    fn take_info(
        &mut self,
        keyring: &Keyring,
        asked: &Asked<'_>,
        info: &AuthValue,
        body: &[u8],
    ) -> Result<(), AnswerError> {
        if let Some(rspauth) = info.param("rspauth")
            && !self.is_proven(keyring, asked, info, rspauth, body)
        {
            let realm = self.challenge.realm.clone();
            return Err(AnswerError::NotProven { realm });
        }
        // RFC 7616 3.5 does not say when the session key of a -sess algorithm would change.
        let next = info.param("nextnonce").filter(|next| !next.is_empty());
        if let Some(next) = next.filter(|_| !self.algorithm.is_session)
            && next != self.challenge.nonce
        {
            self.challenge.nonce = next.into();
            self.count = 0;
        }
        Ok(())
    }

    fn is_proven(
        &self,
        keyring: &Keyring,
        asked: &Asked<'_>,
        info: &AuthValue,
        rspauth: &str,
        body: &[u8],
    ) -> bool {
        let login = keyring.login(&self.challenge.realm);
        let Some(key) = login.and_then(|login| self.key(login)) else {
            return false;
        };
        // Another request may have gone out since, so the server says which one it means.
        let meant = info.param("nc").and_then(read_count);
        let nc = count_text(meant.unwrap_or(self.count));
        let uri = asked.uri.to_string();
        let own = self.terms(&nc, "", &uri, body).rspauth(&key);
        HexDigest::parse(self.algorithm.hash, rspauth).is_some_and(|theirs| own.is_same(&theirs))
    }
}

fn is_of(challenge: &Challenge, role: Role, realm: &str) -> bool {
    challenge.role == role && challenge.realm == realm
}

/// RFC 7616 3.4: exactly eight digits.
fn count_text(count: u32) -> String {
    format!("{count:08x}")
}

fn strongest<'c>(
    login: &Login,
    first: &Challenge,
    offers: impl Iterator<Item = &'c Challenge> + Clone,
) -> Result<(&'c Challenge, Algorithm), AnswerError> {
    let served = offers.clone().filter_map(|offer| {
        let algorithm = offer.algorithm()?;
        let fits = login.credential.serves(algorithm);
        fits.then_some((offer, algorithm))
    });
    let mut best: Option<(&Challenge, Algorithm)> = None;
    let mut has_served = false;
    for (offer, algorithm) in served {
        has_served = true;
        let is_stronger = best.is_none_or(|(_, other)| algorithm.hash > other.hash);
        if is_stronger && offer.qop != QopChoice::Unknown {
            best = Some((offer, algorithm));
        }
    }
    let realm = first.realm.clone();
    best.ok_or_else(|| {
        if has_served {
            return AnswerError::UnsupportedQop { realm };
        }
        let seen: Vec<&str> = offers.map(Challenge::algorithm_name).collect();
        let seen = seen.join(", ");
        AnswerError::UnsupportedAlgorithm { realm, seen }
    })
}
