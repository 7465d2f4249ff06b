//! Defects of other stacks and habits of other clients, each by its name.

use plenum_sip_ua::auth::{Algorithm, Credential, Ha1, Hash, Why};

use crate::world::{Foreign, PASSWORD, REALM, URI, USER, World, accepted, challenged, hex};

#[test]
fn digest_algorithm_sha_256_is_read_in_the_spelling_of_rfc_7616() {
    let mut world = World::new();
    for spelling in ["SHA-256", "sha-256", "\"SHA-256\""] {
        let nonce = world.nonce("SHA-256");
        let hash = Hash::Sha256;
        let algorithm = spelling;
        let answer = Foreign {
            hash,
            algorithm,
            ..Foreign::md5(&nonce)
        };
        let user = accepted(world.judge_value(&answer.header()));
        assert_eq!(
            (user.username(), user.algorithm()),
            (USER, Algorithm::SHA_256)
        );
    }
}

#[test]
fn digest_md5_with_nc_0000000a_verifies() {
    let mut world = World::new();
    let nonce = world.nonce("MD5");
    let answer = Foreign {
        nc: "0000000a",
        ..Foreign::md5(&nonce)
    };
    accepted(world.judge_value(&answer.header()));
}

#[test]
fn digest_md5_with_nc_00000100_verifies() {
    let mut world = World::new();
    let nonce = world.nonce("MD5");
    for nc in ["00000100", "ffffffff"] {
        accepted(
            world.judge_value(
                &Foreign {
                    nc,
                    ..Foreign::md5(&nonce)
                }
                .header(),
            ),
        );
    }
}

#[test]
fn a_nonce_count_is_taken_in_capitals_and_without_leading_zeros() {
    let mut world = World::new();
    let nonce = world.nonce("MD5");
    for nc in ["1", "0000000A", "FF"] {
        accepted(
            world.judge_value(
                &Foreign {
                    nc,
                    ..Foreign::md5(&nonce)
                }
                .header(),
            ),
        );
    }
    // The spelling differs, the count does not.
    let again = Foreign {
        nc: "000000ff",
        ..Foreign::md5(&nonce)
    };
    assert_eq!(
        challenged(world.judge_value(&again.header())).why,
        Why::Repeated
    );
}

#[test]
fn digest_md5_sess_verifies() {
    let mut world = World::with(|config| config.algorithms = vec![Algorithm::MD5_SESS]);
    let nonce = world.nonce("MD5-sess");
    let session = Some("c0ffee");
    let algorithm = "MD5-sess";
    let answer = Foreign {
        algorithm,
        session,
        ..Foreign::md5(&nonce)
    };
    accepted(world.judge_value(&answer.header()));
    let without_session_key = Foreign {
        algorithm,
        nc: "00000002",
        ..Foreign::md5(&nonce)
    };
    let verdict = challenged(world.judge_value(&without_session_key.header()));
    assert_eq!(verdict.why, Why::WrongPassword);
}

#[test]
fn digest_md5_sess_verifies_by_the_key_of_the_first_answer_and_by_that_of_the_last() {
    let mut world = World::with(|config| config.algorithms = vec![Algorithm::MD5_SESS]);
    let nonce = world.nonce("MD5-sess");
    let answer = |nc, cnonce, session| {
        let base = Foreign::md5(&nonce);
        Foreign {
            algorithm: "MD5-sess",
            nc,
            cnonce,
            session: Some(session),
            ..base
        }
        .header()
    };
    accepted(world.judge_value(&answer("00000001", "first", "first")));
    accepted(world.judge_value(&answer("00000002", "second", "first")));
    accepted(world.judge_value(&answer("00000003", "third", "third")));
    let verdict = challenged(world.judge_value(&answer("00000004", "fourth", "second")));
    assert_eq!(verdict.why, Why::WrongPassword);
}

#[test]
fn nonce_issue_each_challenge_has_its_own() {
    let mut world = World::new();
    let mut nonces: Vec<String> = (0..50).map(|_| world.nonce("MD5")).collect();
    nonces.push(world.nonce("SHA-256"));
    nonces.sort();
    nonces.dedup();
    assert_eq!(nonces.len(), 51);
    assert_eq!(
        world.gate.counters().nonces,
        0,
        "none is remembered before it is answered"
    );
}

#[test]
fn nonce_stale_is_said_and_a_new_one_serves() {
    let mut world = World::new();
    let old = world.nonce("MD5");
    world.pass(plenum_sip_ua::auth::NONCE_LIFETIME);
    let verdict = challenged(world.judge_value(&Foreign::md5(&old).header()));
    assert!(verdict.is_stale && verdict.why == Why::StaleNonce);
    let new = world.nonce("MD5");
    accepted(world.judge_value(&Foreign::md5(&new).header()));
}

#[test]
fn nonce_replay_is_refused() {
    let mut world = World::new();
    let nonce = world.nonce("MD5");
    let answer = Foreign::md5(&nonce).header();
    accepted(world.judge_value(&answer));
    for _ in 0..3 {
        let verdict = challenged(world.judge_value(&answer));
        assert!(verdict.is_stale && verdict.why == Why::Repeated);
    }
    assert_eq!(world.gate.counters().repeated, 3);
}

#[test]
fn stored_ha1_stands_in_for_the_password() {
    let mut world = World::new();
    let digits = hex(Hash::Md5, &format!("{USER}:{REALM}:{PASSWORD}"));
    let stored = Ha1::parse(Hash::Md5, &digits.to_uppercase()).unwrap();
    assert_eq!(stored.reveal(), digits);
    world.accounts.insert(USER, Credential::stored([stored]));
    let nonce = world.nonce("MD5");
    accepted(world.judge_value(&Foreign::md5(&nonce).header()));
    assert!(Ha1::parse(Hash::Sha256, &digits).is_none());
}

#[test]
fn quotes_are_where_they_should_be_or_not() {
    let mut world = World::new();
    for quoted in [true, false] {
        let nonce = world.nonce("MD5");
        let digits = Foreign::md5(&nonce).digits();
        let q = |text: &str| {
            if quoted {
                format!("\"{text}\"")
            } else {
                text.to_owned()
            }
        };
        let header = format!(
            "digest USERNAME={},realm={},nonce={},uri=\"{URI}\",response={},QOP={},nc={},\
             cnonce={},algorithm={},,",
            q(USER),
            q(REALM),
            q(&nonce),
            q(&digits.to_uppercase()),
            q("AUTH"),
            q("00000001"),
            q("c0ffee"),
            q("md5"),
        );
        accepted(world.judge_value(&header));
    }
}

#[test]
fn credentials_without_an_algorithm_mean_md5() {
    let mut world = World::new();
    let nonce = world.nonce("MD5");
    accepted(
        world.judge_value(
            &Foreign {
                algorithm: "",
                ..Foreign::md5(&nonce)
            }
            .header(),
        ),
    );
}

#[test]
fn a_client_that_never_counts_is_asked_each_time() {
    let mut world = World::new();
    let nonce = world.nonce("MD5");
    accepted(world.judge_value(&Foreign::md5(&nonce).header()));
    let again = Foreign {
        cnonce: "other",
        ..Foreign::md5(&nonce)
    }
    .header();
    assert!(challenged(world.judge_value(&again)).is_stale);
    let nonce = world.nonce("MD5");
    accepted(world.judge_value(&Foreign::md5(&nonce).header()));
}

#[test]
fn a_name_without_a_proof_is_a_question_for_the_challenge() {
    // RFC 3310 3.2; phones for mobile networks register like this.
    let mut world = World::new();
    let header = format!(
        "Digest username=\"{USER}\", realm=\"{REALM}\", nonce=\"\", uri=\"{URI}\", response=\"\""
    );
    let verdict = challenged(world.judge_value(&header));
    assert!(!verdict.is_stale && verdict.why == Why::EmptyCredentials);
}

#[test]
fn a_client_of_rfc_2069_is_taken_once_for_each_nonce() {
    let mut world = World::new();
    let nonce = world.nonce("MD5");
    let ha1 = hex(Hash::Md5, &format!("{USER}:{REALM}:{PASSWORD}"));
    let ha2 = hex(Hash::Md5, &format!("INVITE:{URI}"));
    let digits = hex(Hash::Md5, &format!("{ha1}:{nonce}:{ha2}"));
    let header = format!(
        "Digest username=\"{USER}\", realm=\"{REALM}\", nonce=\"{nonce}\", uri=\"{URI}\", \
         response=\"{digits}\""
    );
    accepted(world.judge_value(&header));
    assert_eq!(challenged(world.judge_value(&header)).why, Why::Repeated);

    let mut strict = World::with(|config| config.requires_qop = true);
    assert_eq!(
        challenged(strict.judge_value(&header)).why,
        Why::QopNotOffered
    );
}
