//! What a gate asks, takes and refuses.

use plenum_sip_msg::{HeaderName, StatusCode};
use plenum_sip_ua::ExtraHeaders;
use plenum_sip_ua::auth::{
    Algorithm, Credential, GateConfig, Gatekeeper, Ha1, Hash, Qop, Role, UriRule, Why,
};

use crate::world::{
    Foreign, PASSWORD, REALM, URI, USER, World, accepted, answerer, asked, challenged, invite,
    keyring, refused, request, response, text_of, uri, values,
};

#[test]
fn the_challenges_come_in_the_configured_order() {
    let mut world = World::with(|config| {
        config.algorithms = Algorithm::ALL.to_vec();
        config.qops = vec![Qop::Auth, Qop::AuthInt];
        config.opaque = Some("kept".into());
        config.userhash = true;
    });
    let challenges = world.challenges();
    let names: Vec<_> = challenges
        .iter()
        .map(|value| value.param("algorithm"))
        .collect();
    let expected: Vec<_> = Algorithm::ALL
        .iter()
        .map(|known| Some(known.as_str()))
        .collect();
    assert_eq!(names, expected);
    for challenge in challenges {
        assert_eq!(challenge.param("realm"), Some(REALM));
        assert_eq!(challenge.param("qop"), Some("auth,auth-int"));
        assert_eq!(challenge.param("opaque"), Some("kept"));
        assert_eq!(challenge.param("userhash"), Some("true"));
        assert_eq!(challenge.param("stale"), None);
    }
}

#[test]
fn by_default_sha_256_and_then_md5_is_offered() {
    let mut world = World::new();
    let request = request(&ExtraHeaders::none(), b"");
    let verdict = challenged(world.judge(&request));
    assert_eq!(
        (verdict.status, verdict.why),
        (StatusCode::UNAUTHORIZED, Why::NoCredentials)
    );
    assert_eq!(text_of(&verdict.headers, &HeaderName::Warning), None);
    let challenges = values(&verdict.headers, &HeaderName::WwwAuthenticate);
    assert_eq!(challenges.len(), 2);
    let text = challenges[0].to_string();
    assert!(
        text.starts_with("Digest realm=\"hall.example\", nonce=\""),
        "{text}"
    );
    assert!(
        text.ends_with(", algorithm=SHA-256, qop=\"auth\""),
        "{text}"
    );
}

#[test]
fn a_proxy_asks_and_reads_in_its_own_headers() {
    let mut world = World::with(|config| config.role = Role::Proxy);
    let bare = request(&ExtraHeaders::none(), b"");
    let verdict = challenged(world.judge(&bare));
    assert_eq!(verdict.status, StatusCode::PROXY_AUTHENTICATION_REQUIRED);
    let headers = answerer()
        .answer(&keyring(), &asked(&uri(), b""), &response(&verdict))
        .unwrap();
    assert!(headers.contains(&HeaderName::ProxyAuthorization));
    accepted(world.judge(&request(&headers, b"")));
}

#[test]
fn a_nonce_of_before_a_restart_is_stale() {
    let mut world = World::new();
    let nonce = world.nonce("MD5");
    world.gate = Gatekeeper::new(GateConfig::new(REALM), [8; 32]);
    let verdict = challenged(world.judge_value(&Foreign::md5(&nonce).header()));
    assert!(verdict.is_stale);
    for challenge in values(&verdict.headers, &HeaderName::WwwAuthenticate) {
        assert_eq!(challenge.param("stale"), Some("true"));
    }
}

#[test]
fn a_nonce_serves_other_addresses_only_when_it_may() {
    for binds_source in [true, false] {
        let mut world = World::with(|config| config.binds_source = binds_source);
        let nonce = world.nonce("MD5");
        world.source = [192, 0, 2, 99].into();
        let verdict = world.judge_value(&Foreign::md5(&nonce).header());
        if binds_source {
            assert_eq!(challenged(verdict).why, Why::StaleNonce);
        } else {
            accepted(verdict);
        }
    }
}

#[test]
fn a_nonce_of_a_strong_algorithm_serves_no_weak_one() {
    let mut world = World::new();
    let nonce = world.nonce("SHA-256");
    let verdict = challenged(world.judge_value(&Foreign::md5(&nonce).header()));
    assert_eq!(verdict.why, Why::StaleNonce);
}

#[test]
fn what_was_not_offered_is_not_taken() {
    let mut world = World::with(|config| config.algorithms = vec![Algorithm::SHA_256]);
    let nonce = world.nonce("SHA-256");
    for algorithm in ["MD5", "SHA-1"] {
        let answer = Foreign {
            algorithm,
            ..Foreign::md5(&nonce)
        };
        let verdict = challenged(world.judge_value(&answer.header()));
        assert!(verdict.why == Why::AlgorithmNotOffered && !verdict.is_stale);
    }
    let mut world = World::with(|config| config.qops = vec![Qop::AuthInt]);
    let nonce = world.nonce("MD5");
    for qop in ["auth", "auth-conf"] {
        let header = Foreign::md5(&nonce).header();
        let header = header.replace("qop=auth", &format!("qop={qop}"));
        assert_eq!(
            challenged(world.judge_value(&header)).why,
            Why::QopNotOffered
        );
    }
}

#[test]
fn the_uri_is_compared_as_the_rule_says() {
    let cases = [
        // What the credentials name, the Request-URI, and the laxest rule that refuses.
        (
            "sip:ann@hall.example",
            "sip:ann@HALL.example;user-agent=x",
            None,
        ),
        (
            "sip:ann@hall.example",
            "sip:ann@192.0.2.7:5080",
            Some(UriRule::Equivalent),
        ),
        (
            "sip:ann@hall.example",
            "sip:zoe@hall.example",
            Some(UriRule::SameUser),
        ),
        (
            "no uri at all",
            "sip:ann@hall.example",
            Some(UriRule::SameUser),
        ),
    ];
    let strictness = |rule| match rule {
        UriRule::Equivalent => 2,
        UriRule::SameUser => 1,
        _ => 0,
    };
    for rule in [UriRule::Equivalent, UriRule::SameUser, UriRule::Any] {
        for (named, target, refuses) in cases {
            let mut world = World::with(|config| config.uri_rule = rule);
            let nonce = world.nonce("MD5");
            let mut header = Foreign::md5(&nonce).header();
            header = header.replace(&format!("uri=\"{URI}\""), &format!("uri=\"{named}\""));
            let request = plenum_sip_msg::MessageBuilder::request(
                plenum_sip_msg::Method::Invite,
                &target.parse().unwrap(),
            );
            let request = request.header(HeaderName::Authorization, header).build();
            let is_refused = refuses.is_some_and(|lax| strictness(rule) >= strictness(lax));
            let verdict = world.judge(&request);
            if is_refused {
                let verdict = refused(verdict);
                assert_eq!(
                    (verdict.status, verdict.why),
                    (StatusCode::BAD_REQUEST, Why::WrongUri)
                );
            } else if named == URI {
                accepted(verdict);
            } else {
                assert_eq!(challenged(verdict).why, Why::WrongPassword);
            }
        }
    }
}

#[test]
fn a_body_is_protected_by_auth_int() {
    let mut world = World::with(|config| config.qops = vec![Qop::AuthInt]);
    let bare = request(&ExtraHeaders::none(), b"v=0");
    let challenge = response(&challenged(world.judge(&bare)));
    let headers = answerer()
        .answer(&keyring(), &asked(&uri(), b"v=0"), &challenge)
        .unwrap();
    let changed = world.judge(&request(&headers, b"v=1"));
    assert_eq!(challenged(changed).why, Why::WrongPassword);
    accepted(world.judge(&request(&headers, b"v=0")));
}

#[test]
fn an_account_stored_for_one_algorithm_is_asked_for_that() {
    let mut world = World::new();
    let stored = Ha1::new(Hash::Md5, USER, REALM, PASSWORD);
    world.accounts.insert(USER, Credential::stored([stored]));
    let (mut answerer, keyring) = (answerer(), keyring());
    let retry = world.answer(&mut answerer, &keyring);
    let verdict = challenged(world.judge(&retry));
    assert!(verdict.is_stale && verdict.why == Why::NotStored(Algorithm::SHA_256));
    let challenges = values(&verdict.headers, &HeaderName::WwwAuthenticate);
    assert_eq!(challenges.len(), 1);
    let headers = answerer
        .answer(&keyring, &asked(&uri(), b""), &response(&verdict))
        .unwrap();
    accepted(world.judge(&request(&headers, b"")));
}

#[test]
fn malformed_credentials_are_told_what_is_wrong() {
    let mut world = World::new();
    let nonce = world.nonce("MD5");
    let whole = Foreign::md5(&nonce).header();
    let digits = Foreign::md5(&nonce).digits();
    let cases = [
        ("username", whole.replace("username=\"ben\", ", "")),
        ("username", whole.replace("ben", &"b".repeat(257))),
        ("nonce", whole.replace(&nonce, "")),
        ("uri", whole.replace(&format!("uri=\"{URI}\", "), "")),
        ("response", whole.replace(&digits, "")),
        ("response", whole.replace(&digits, &digits[1..])),
        ("response", whole.replace(&digits, &"g".repeat(32))),
        ("nc", whole.replace("nc=00000001, ", "")),
        ("nc", whole.replace("nc=00000001", "nc=+0000001")),
        ("nc", whole.replace("nc=00000001", "nc=000000001")),
        ("cnonce", whole.replace("cnonce=\"c0ffee\"", "cnonce=\"\"")),
        ("parameter list", whole.replace("qop=auth", "qop")),
    ];
    for (part, header) in cases {
        let verdict = refused(world.judge_value(&header));
        assert_eq!(
            (verdict.status, verdict.why),
            (StatusCode::BAD_REQUEST, Why::Malformed(part))
        );
        let warning = text_of(&verdict.headers, &HeaderName::Warning).unwrap();
        assert!(
            warning.contains(&format!("the {part} of the credentials")),
            "{warning}"
        );
    }
    assert_eq!(world.gate.counters().malformed, 12);
}

#[test]
fn credentials_of_other_schemes_and_realms_are_passed_over() {
    let mut world = World::new();
    let other = "Digest username=\"ben\", realm=\"other\", nonce=\"n\", uri=\"x\", response=\"y\"";
    for header in ["Bearer abc", "Basic YmVuOng=", other, ""] {
        assert_eq!(
            challenged(world.judge_value(header)).why,
            Why::NoCredentials,
            "{header}"
        );
    }
    let nonce = world.nonce("MD5");
    let headers = ExtraHeaders::none()
        .with(HeaderName::Authorization, "Bearer abc")
        .with(HeaderName::Authorization, other)
        .with(HeaderName::Authorization, Foreign::md5(&nonce).header());
    accepted(world.judge(&request(&headers, b"")));
}

#[test]
fn a_full_table_of_nonces_forgets_the_oldest_and_takes_it_no_more() {
    let mut world = World::with(|config| config.max_nonces = 2);
    let nonces: Vec<String> = (0..3).map(|_| world.nonce("MD5")).collect();
    for nonce in &nonces {
        accepted(world.judge_value(&Foreign::md5(nonce).header()));
    }
    let again = Foreign {
        nc: "00000002",
        ..Foreign::md5(&nonces[0])
    };
    assert_eq!(
        challenged(world.judge_value(&again.header())).why,
        Why::StaleNonce
    );
    let again = Foreign {
        nc: "00000002",
        ..Foreign::md5(&nonces[1])
    };
    accepted(world.judge_value(&again.header()));
    assert_eq!(world.gate.counters().nonces, 2);
}

#[test]
fn secrets_stay_out_of_debug_texts() {
    let mut world = World::new();
    let stored = Ha1::new(Hash::Md5, USER, REALM, PASSWORD);
    world.accounts.insert("zoe", Credential::stored([stored]));
    let nonce = world.nonce("MD5");
    let verdict = world.judge(&invite(&Foreign::md5(&nonce).header()));
    let texts = format!(
        "{verdict:?} {:?} {:?} {:?}",
        world.gate,
        world.accounts,
        keyring()
    );
    assert!(
        !texts.contains(PASSWORD) && !texts.contains(stored.reveal()),
        "{texts}"
    );
    assert!(!texts.contains("7, 7, 7"), "the seed shows: {texts}");
}
