//! A gate with its accounts, requests to it, and a naive client that works by formatting text.

use std::fmt::Write as _;
use std::net::IpAddr;
use std::time::Duration;

use md5::{Digest as _, Md5};
use plenum_sip_msg::{
    AuthValue, HeaderName, HeaderValue as _, Message, MessageBuilder, Method, Uri,
};
use plenum_sip_ua::ExtraHeaders;
use plenum_sip_ua::auth::{
    Accepted, AccountTable, Answerer, Asked, Challenged, Credential, GateConfig, Gatekeeper, Hash,
    Keyring, Login, Refused, Verdict,
};
use plenum_time::Instant;
use sha2::{Sha256, Sha512_256};

pub(crate) const REALM: &str = "hall.example";
pub(crate) const USER: &str = "ben";
pub(crate) const PASSWORD: &str = "tr0mbone";
pub(crate) const URI: &str = "sip:ann@hall.example";

/// A gate, the accounts behind it, and where requests come from.
pub(crate) struct World {
    pub(crate) gate: Gatekeeper,
    pub(crate) accounts: AccountTable,
    pub(crate) now: Instant,
    pub(crate) source: IpAddr,
}

impl World {
    pub(crate) fn new() -> Self {
        Self::with(|_| {})
    }

    pub(crate) fn with(change: impl FnOnce(&mut GateConfig)) -> Self {
        let mut config = GateConfig::new(REALM);
        change(&mut config);
        let mut accounts = AccountTable::new(REALM);
        accounts.insert(USER, Credential::password(PASSWORD));
        Self {
            gate: Gatekeeper::new(config, [7; 32]),
            accounts,
            now: Instant::ZERO,
            source: [192, 0, 2, 1].into(),
        }
    }

    pub(crate) fn pass(&mut self, time: Duration) {
        self.now += time;
    }

    pub(crate) fn judge(&mut self, request: &Message) -> Verdict {
        self.gate
            .judge(self.now, self.source, request, &self.accounts)
    }

    pub(crate) fn judge_value(&mut self, authorization: &str) -> Verdict {
        self.judge(&invite(authorization))
    }

    /// The challenges for a request without credentials.
    pub(crate) fn challenges(&mut self) -> Vec<AuthValue> {
        let request = request(&ExtraHeaders::none(), b"");
        values(
            &challenged(self.judge(&request)).headers,
            &HeaderName::WwwAuthenticate,
        )
    }

    /// A nonce for an algorithm.
    pub(crate) fn nonce(&mut self, algorithm: &str) -> String {
        let challenges = self.challenges();
        let fits = |value: &&AuthValue| value.param("algorithm") == Some(algorithm);
        let value = challenges.iter().find(fits).unwrap();
        value.param("nonce").unwrap().to_owned()
    }

    /// A challenge and the answer to it.
    pub(crate) fn answer(&mut self, answerer: &mut Answerer, keyring: &Keyring) -> Message {
        let bare = request(&ExtraHeaders::none(), b"");
        let challenged = challenged(self.judge(&bare));
        let headers = answerer.answer(keyring, &asked(&uri(), b""), &response(&challenged));
        request(&headers.unwrap(), b"")
    }
}

pub(crate) fn uri() -> Uri {
    URI.parse().unwrap()
}

pub(crate) fn asked<'a>(uri: &'a Uri, body: &'a [u8]) -> Asked<'a> {
    let method = &Method::Invite;
    Asked { method, uri, body }
}

pub(crate) fn keyring() -> Keyring {
    Keyring::new().with(Login::new(REALM, USER, Credential::password(PASSWORD)))
}

pub(crate) fn answerer() -> Answerer {
    Answerer::new([3; 32])
}

pub(crate) fn request(headers: &ExtraHeaders, body: &[u8]) -> Message {
    let mut builder = MessageBuilder::request(Method::Invite, &uri());
    for (name, value) in headers.iter() {
        builder = builder.header(name.clone(), value);
    }
    builder.body("text/plain", body.to_vec()).build()
}

pub(crate) fn invite(authorization: &str) -> Message {
    let headers = ExtraHeaders::none().with(HeaderName::Authorization, authorization);
    request(&headers, b"")
}

pub(crate) fn response(challenged: &Challenged) -> Message {
    let mut builder = MessageBuilder::response(challenged.status);
    for (name, value) in challenged.headers.iter() {
        builder = builder.header(name.clone(), value);
    }
    builder.build()
}

pub(crate) fn values(headers: &ExtraHeaders, name: &HeaderName) -> Vec<AuthValue> {
    let named = headers.iter().filter(|(other, _)| *other == name);
    named
        .map(|(_, value)| AuthValue::parse_value(value).unwrap())
        .collect()
}

pub(crate) fn text_of(headers: &ExtraHeaders, name: &HeaderName) -> Option<String> {
    let mut all = headers.iter();
    all.find(|(other, _)| *other == name)
        .map(|(_, value)| value.to_owned())
}

#[track_caller]
pub(crate) fn challenged(verdict: Verdict) -> Challenged {
    match verdict {
        Verdict::Challenged(challenged) => challenged,
        other => panic!("not challenged: {other:?}"),
    }
}

#[track_caller]
pub(crate) fn refused(verdict: Verdict) -> Refused {
    match verdict {
        Verdict::Refused(refused) => refused,
        other => panic!("not refused: {other:?}"),
    }
}

#[track_caller]
pub(crate) fn accepted(verdict: Verdict) -> Accepted {
    match verdict {
        Verdict::Accepted(accepted) => *accepted,
        other => panic!("not accepted: {other:?}"),
    }
}

pub(crate) fn hex(hash: Hash, text: &str) -> String {
    let octets = match hash {
        Hash::Md5 => Md5::digest(text).to_vec(),
        Hash::Sha256 => Sha256::digest(text).to_vec(),
        Hash::Sha512_256 => Sha512_256::digest(text).to_vec(),
    };
    octets.iter().fold(String::new(), |mut out, octet| {
        write!(out, "{octet:02x}").unwrap();
        out
    })
}

/// The answer of somebody else's client with `qop=auth`, put together as RFC 7616 3.4.1 says.
pub(crate) struct Foreign<'a> {
    pub(crate) hash: Hash,
    /// As it stands in the header; empty leaves the parameter away.
    pub(crate) algorithm: &'a str,
    pub(crate) nonce: &'a str,
    pub(crate) nc: &'a str,
    pub(crate) cnonce: &'a str,
    /// The cnonce that made the session key.
    pub(crate) session: Option<&'a str>,
    pub(crate) password: &'a str,
}

impl<'a> Foreign<'a> {
    pub(crate) fn md5(nonce: &'a str) -> Self {
        Self {
            hash: Hash::Md5,
            algorithm: "MD5",
            nonce,
            nc: "00000001",
            cnonce: "c0ffee",
            session: None,
            password: PASSWORD,
        }
    }

    pub(crate) fn digits(&self) -> String {
        let Self {
            nonce,
            nc,
            cnonce,
            password,
            ..
        } = self;
        let mut ha1 = hex(self.hash, &format!("{USER}:{REALM}:{password}"));
        if let Some(first) = self.session {
            ha1 = hex(self.hash, &format!("{ha1}:{nonce}:{first}"));
        }
        let ha2 = hex(self.hash, &format!("INVITE:{URI}"));
        hex(
            self.hash,
            &format!("{ha1}:{nonce}:{nc}:{cnonce}:auth:{ha2}"),
        )
    }

    pub(crate) fn header(&self) -> String {
        let Self {
            algorithm,
            nonce,
            nc,
            cnonce,
            ..
        } = self;
        let algorithm = match *algorithm {
            "" => String::new(),
            name => format!("algorithm={name}, "),
        };
        format!(
            "Digest username=\"{USER}\", realm=\"{REALM}\", nonce=\"{nonce}\", uri=\"{URI}\", \
             {algorithm}response=\"{}\", qop=auth, nc={nc}, cnonce=\"{cnonce}\"",
            self.digits()
        )
    }
}
