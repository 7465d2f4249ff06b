use alloc::boxed::Box;
use alloc::string::{String, ToString as _};
use alloc::vec;
use alloc::vec::Vec;
use core::net::IpAddr;
use core::time::Duration;

use plenum_sip_msg::{AuthValue, Message, Uri};
use plenum_time::Instant;

use super::brake::{Brake, Stop};
use super::credential::Ha1;
use super::nonce::{Binding, Mint, NonceId, SourceKey};
use super::proof::Proof;
use super::verdict::Consequence;
use super::window::{MAX_NONCES, Windows};
use super::{
    Accepted, Accounts, Algorithm, BrakeConfig, Challenged, Credential, GateCounters, Qop, Refused,
    Role, Verdict, Why,
};
use crate::ExtraHeaders;

/// How long a nonce can be answered by default.
pub const NONCE_LIFETIME: Duration = Duration::from_secs(300);

/// How closely the URI of the credentials must be that of the request.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub enum UriRule {
    /// Equivalent by RFC 3261 19.1.4.
    #[default]
    Equivalent,
    /// The same user or number; a proxy on the way may have changed the rest.
    SameUser,
    /// Any: a proxy on the way changes all of it.
    Any,
}

/// What a [`Gatekeeper`] must know before the first request.
#[derive(Clone, Debug)]
pub struct GateConfig {
    /// Whether it is a server or a proxy. Default a server.
    pub role: Role,
    /// The realm, which users see and which stored values are bound to.
    pub realm: String,
    /// The algorithms of the challenges, in their order. Default SHA-256 and then MD5, which most
    /// phones need (RFC 8760 2.3: the most wanted first).
    pub algorithms: Vec<Algorithm>,
    /// What is offered as quality of protection. Default `auth`. An empty list makes challenges
    /// of RFC 2069, which only very old clients need.
    pub qops: Vec<Qop>,
    /// Whether an answer must name a quality of protection. Without one, an answer of RFC 2069 is
    /// taken once for each nonce. Default no.
    pub requires_qop: bool,
    /// How long a nonce can be answered. Default [`NONCE_LIFETIME`].
    pub nonce_lifetime: Duration,
    /// Text that clients send back unchanged. Default none.
    pub opaque: Option<String>,
    /// Whether clients may hide the user name (RFC 7616 3.4.4). Default no, because
    /// few clients read that far.
    pub userhash: bool,
    /// How the URI of the credentials is compared. Default [`UriRule::Equivalent`].
    pub uri_rule: UriRule,
    /// Whether a nonce is good only for the address it was sent to, so that nobody can make
    /// failures count against somebody else by a forged source address. Switch it off behind
    /// several proxies that take turns. Default yes.
    pub binds_source: bool,
    /// Most nonces at once whose counts are remembered. Default [`MAX_NONCES`].
    pub max_nonces: usize,
    /// How guessing is slowed down.
    pub brake: BrakeConfig,
}

impl GateConfig {
    /// The defaults for a realm.
    pub fn new(realm: impl Into<String>) -> Self {
        Self {
            role: Role::Server,
            realm: realm.into(),
            algorithms: vec![Algorithm::SHA_256, Algorithm::MD5],
            qops: vec![Qop::Auth],
            requires_qop: false,
            nonce_lifetime: NONCE_LIFETIME,
            opaque: None,
            userhash: false,
            uri_rule: UriRule::default(),
            binds_source: true,
            max_nonces: MAX_NONCES,
            brake: BrakeConfig::default(),
        }
    }
}

/// Lets in who can prove a secret: the server side of digest authentication for one realm.
///
/// ```text
///  request ── no credentials ─────────────────────────────> challenge
///     │
///     ├── malformed, or for another URI ──────────────────> 400
///     ├── source or account must cool, pair not trusted ──> 403, Retry-After
///     ├── nonce too old or not ours ──────────────────────> challenge, stale
///     ├── wrong response or unknown user (counted) ───────> challenge
///     ├── nonce count used before ────────────────────────> challenge, stale
///     └── otherwise ──────────────────────────────────────> accepted
/// ```
///
/// ACK and CANCEL cannot be challenged (RFC 3261 22.1): do not judge them.
///
/// # Standard
///
/// RFC 3261 section 22, RFC 7616, RFC 8760.
#[derive(Debug)]
pub struct Gatekeeper {
    config: GateConfig,
    mint: Mint,
    windows: Windows,
    brake: Brake,
    counters: GateCounters,
    /// Stands in for unknown users, so that they take as long as known ones.
    nobody: Credential,
}

impl Gatekeeper {
    /// Builds a gate. Its nonces are only as hard to guess as the seed.
    #[must_use]
    pub fn new(config: GateConfig, seed: [u8; 32]) -> Self {
        Self {
            mint: Mint::new(seed),
            windows: Windows::new(config.max_nonces, config.nonce_lifetime),
            brake: Brake::new(config.brake),
            counters: GateCounters::default(),
            nobody: Credential::password("nobody"),
            config,
        }
    }

    /// Judges a request by its credentials.
    ///
    /// `source` is the address that the request came from. Do not judge the same request twice:
    /// its nonce count is used up.
    pub fn judge(
        &mut self,
        now: Instant,
        source: IpAddr,
        request: &Message,
        accounts: &impl Accounts,
    ) -> Verdict {
        let source = SourceKey::from(source);
        match self.weigh(now, source, request, accounts) {
            Ok(accepted) => {
                self.counters.accepted += 1;
                Verdict::Accepted(Box::new(accepted))
            }
            Err(denial) => self.deny(now, source, denial),
        }
    }

    /// What was counted since the gate was built.
    #[must_use]
    pub fn counters(&self) -> GateCounters {
        let (sources, accounts, trusted) = self.brake.sizes();
        GateCounters {
            nonces: self.windows.len(),
            sources,
            accounts,
            trusted,
            ..self.counters
        }
    }

    fn weigh<'a>(
        &mut self,
        now: Instant,
        source: SourceKey,
        request: &Message,
        accounts: &'a impl Accounts,
    ) -> Result<Accepted, Denial<'a>> {
        let proof = Proof::find(request, self.config.role, &self.config.realm)?;
        self.check_form(&proof, request)?;
        let username = self.username(&proof, accounts);
        if let Some(stop) = self.brake.check(now, source, &username) {
            return Err(stop.into());
        }
        let binding = self.binding(proof.algorithm, source);
        let nonce = self.mint.read(&proof.nonce, binding);
        let nonce = nonce.filter(|id| self.windows.is_alive(now, *id));
        let nonce = nonce.ok_or(Why::StaleNonce)?;
        let known = accounts.credential(&username);
        let key = match self.prove(&proof, nonce, request, &username, known) {
            Ok(key) => key,
            Err(why) => {
                if matches!(why, Why::WrongPassword | Why::UnknownUser) {
                    self.brake.fail(now, source, &username);
                }
                // Only here: elsewhere the challenges must not tell which users exist.
                let narrows = matches!(why, Why::NotStored(_));
                let known = known.filter(|_| narrows);
                return Err(Denial { why, known });
            }
        };
        let is_session = proof.algorithm.is_session;
        let session_key = is_session.then_some(key);
        if !self.windows.take(now, nonce, proof.count, session_key) {
            return Err(Why::Repeated.into());
        }
        self.brake.succeed(source, &username);
        Ok(Accepted {
            next_nonce: self.next_nonce(now, nonce, binding),
            role: self.config.role,
            username,
            proof,
            key,
        })
    }

    /// What can be refused without knowing any secret.
    fn check_form(&self, proof: &Proof, request: &Message) -> Result<(), Why> {
        if !self.config.algorithms.contains(&proof.algorithm) {
            return Err(Why::AlgorithmNotOffered);
        }
        let qops = &self.config.qops;
        let is_offered = match proof.qop {
            Some(qop) => qops.contains(&qop),
            // RFC 7616 3.4: without qop for clients of RFC 2069, who cannot protect a body.
            None => !self.config.requires_qop && (qops.is_empty() || qops.contains(&Qop::Auth)),
        };
        if !is_offered {
            return Err(Why::QopNotOffered);
        }
        if self.is_for(&proof.uri, request) {
            Ok(())
        } else {
            Err(Why::WrongUri)
        }
    }

    fn is_for(&self, uri: &str, request: &Message) -> bool {
        let is_spelled_same = request.raw_request_uri() == Some(uri.as_bytes());
        if is_spelled_same || self.config.uri_rule == UriRule::Any {
            return true;
        }
        let (Ok(uri), Ok(target)) = (uri.parse::<Uri>(), request.request_uri()) else {
            return false;
        };
        match self.config.uri_rule {
            UriRule::Equivalent => uri.equivalent(&target),
            UriRule::SameUser => uri.user() == target.user(),
            UriRule::Any => true,
        }
    }

    /// The name of the account. A hash that nobody has stays as it is, and is nobody's name.
    fn username(&self, proof: &Proof, accounts: &impl Accounts) -> String {
        let hash = proof.algorithm.hash;
        let found = if proof.is_hashed && self.config.userhash {
            accounts.username_of(hash, &proof.username.to_ascii_lowercase())
        } else {
            None
        };
        found.unwrap_or(&proof.username).to_string()
    }

    /// Compares the response with what the account would have sent. Unknown users take the same
    /// time as known ones.
    fn prove(
        &self,
        proof: &Proof,
        nonce: NonceId,
        request: &Message,
        username: &str,
        known: Option<&Credential>,
    ) -> Result<Ha1, Why> {
        let credential = known.unwrap_or(&self.nobody);
        let ha1 = credential.ha1(proof.algorithm.hash, username, &self.config.realm);
        let ha1 = ha1.ok_or(Why::NotStored(proof.algorithm))?;
        let method = request.method().map_or("", |method| method.as_str());
        let body = request.body();
        let terms = proof.terms(method, &body);
        let mut key = ha1;
        if proof.algorithm.is_session {
            key = ha1.for_session(&proof.nonce, &proof.cnonce);
        }
        let mut is_right = terms.response(&key).is_same(&proof.response);
        // RFC 7616 3.4.2 keeps the key of the first answer; most clients make it anew each time.
        if let Some(first) = self.windows.session_key(nonce).filter(|_| !is_right) {
            key = *first;
            is_right = terms.response(&key).is_same(&proof.response);
        }
        match (is_right, known) {
            (true, Some(_)) => Ok(key),
            (_, None) => Err(Why::UnknownUser),
            (false, Some(_)) => Err(Why::WrongPassword),
        }
    }

    /// RFC 7616 3.5: a client that answers late gets the next nonce in time.
    fn next_nonce(&mut self, now: Instant, used: NonceId, binding: Binding) -> Option<String> {
        let age = now.since(Instant::from_millis(used.issued_ms));
        let is_late = age >= self.config.nonce_lifetime / 2;
        // A new nonce would make a new session key, of which RFC 7616 does not say when it begins.
        let is_wanted = is_late && !binding.algorithm.is_session;
        is_wanted.then(|| self.mint.issue(now, binding))
    }

    const fn binding(&self, algorithm: Algorithm, source: SourceKey) -> Binding {
        let source = if self.config.binds_source {
            source
        } else {
            SourceKey::ANY
        };
        Binding { algorithm, source }
    }

    fn deny(&mut self, now: Instant, source: SourceKey, denial: Denial<'_>) -> Verdict {
        let Denial { why, known } = denial;
        self.count(why);
        let mut headers = ExtraHeaders::none();
        match why.consequence() {
            Consequence::Challenge { is_stale } => {
                self.counters.challenged += 1;
                self.challenge(now, source, is_stale, known, &mut headers);
                why.add_to(&mut headers);
                Verdict::Challenged(Challenged {
                    status: self.config.role.status(),
                    headers,
                    is_stale,
                    why,
                })
            }
            Consequence::Refuse(status) => {
                why.add_to(&mut headers);
                Verdict::Refused(Refused {
                    status,
                    headers,
                    why,
                })
            }
        }
    }

    /// Adds the challenges; when the account is known to be stored for some algorithms only,
    /// then those.
    fn challenge(
        &mut self,
        now: Instant,
        source: SourceKey,
        is_stale: bool,
        known: Option<&Credential>,
        headers: &mut ExtraHeaders,
    ) {
        let algorithms = self.config.algorithms.clone();
        let serves = |algorithm: &Algorithm| known.is_none_or(|known| known.serves(*algorithm));
        for algorithm in algorithms.into_iter().filter(serves) {
            let nonce = self.mint.issue(now, self.binding(algorithm, source));
            let challenge = self.one_challenge(algorithm, &nonce, is_stale);
            headers.push(self.config.role.challenge_header(), challenge.to_string());
        }
    }

    fn one_challenge(&self, algorithm: Algorithm, nonce: &str, is_stale: bool) -> AuthValue {
        let mut challenge = AuthValue::digest()
            .with_quoted("realm", &self.config.realm)
            .with_quoted("nonce", nonce);
        if let Some(opaque) = &self.config.opaque {
            challenge = challenge.with_quoted("opaque", opaque);
        }
        challenge = challenge.with_plain("algorithm", algorithm.as_str());
        if !self.config.qops.is_empty() {
            let words: Vec<&str> = self.config.qops.iter().map(|qop| qop.as_str()).collect();
            challenge = challenge.with_quoted("qop", &words.join(","));
        }
        if self.config.userhash {
            challenge = challenge.with_plain("userhash", "true");
        }
        if is_stale {
            challenge = challenge.with_plain("stale", "true");
        }
        challenge
    }

    fn count(&mut self, why: Why) {
        let counters = &mut self.counters;
        let counter = match why {
            Why::StaleNonce => &mut counters.stale,
            Why::Repeated => &mut counters.repeated,
            Why::WrongPassword | Why::UnknownUser => &mut counters.wrong,
            Why::Malformed(_) | Why::WrongUri => &mut counters.malformed,
            Why::SourceCools(_) => &mut counters.braked_sources,
            Why::AccountCools(_) => &mut counters.braked_accounts,
            Why::NoCredentials
            | Why::EmptyCredentials
            | Why::NotStored(_)
            | Why::AlgorithmNotOffered
            | Why::QopNotOffered => return,
        };
        *counter += 1;
    }
}

/// Why a request is not let in, and the credential when its algorithms decide what follows.
struct Denial<'a> {
    why: Why,
    known: Option<&'a Credential>,
}

impl From<Why> for Denial<'_> {
    fn from(why: Why) -> Self {
        Self { why, known: None }
    }
}

impl From<Stop> for Denial<'_> {
    fn from(stop: Stop) -> Self {
        match stop {
            Stop::Source(left) => Why::SourceCools(left).into(),
            Stop::Account(left) => Why::AccountCools(left).into(),
        }
    }
}
