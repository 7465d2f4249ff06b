//! Who guesses passwords is slowed down, and nobody else.

use std::time::Duration;

use plenum_sip_msg::{HeaderName, StatusCode};
use plenum_sip_ua::auth::{
    COOLING, Credential, FAILURES_PER_ACCOUNT, FAILURES_PER_SOURCE, Ha1, Hash, Keyring, Login, Why,
};

use crate::world::{
    Foreign, PASSWORD, REALM, USER, World, accepted, answerer, challenged, refused, text_of, values,
};

fn guess(world: &mut World) -> plenum_sip_ua::auth::Verdict {
    let nonce = world.nonce("MD5");
    world.judge_value(
        &Foreign {
            password: "guess",
            ..Foreign::md5(&nonce)
        }
        .header(),
    )
}

fn log_in(world: &mut World) -> plenum_sip_ua::auth::Verdict {
    let nonce = world.nonce("MD5");
    world.judge_value(&Foreign::md5(&nonce).header())
}

#[test]
fn after_ten_wrong_passwords_an_address_is_refused_without_a_look_until_it_cools() {
    let mut world = World::new();
    for _ in 0..FAILURES_PER_SOURCE {
        assert_eq!(challenged(guess(&mut world)).why, Why::WrongPassword);
    }
    let verdict = refused(log_in(&mut world));
    assert_eq!(verdict.why, Why::SourceCools(COOLING));
    assert_eq!(verdict.status, StatusCode::FORBIDDEN);
    let headers = &verdict.headers;
    assert_eq!(
        text_of(headers, &HeaderName::RetryAfter).as_deref(),
        Some("30")
    );
    assert_eq!(
        text_of(headers, &HeaderName::Warning).as_deref(),
        Some(
            "399 plenum \"too many wrong passwords from this address; correct them and wait 30 s\""
        )
    );

    world.pass(COOLING - Duration::from_millis(500));
    let verdict = refused(log_in(&mut world));
    assert_eq!(
        text_of(&verdict.headers, &HeaderName::RetryAfter).as_deref(),
        Some("1")
    );
    world.pass(Duration::from_millis(500));
    accepted(log_in(&mut world));
    assert_eq!(world.gate.counters().braked_sources, 2);
}

#[test]
fn strangers_lock_nobody_out() {
    let mut world = World::new();
    let home = world.source;
    accepted(log_in(&mut world));
    for last in 0..FAILURES_PER_ACCOUNT {
        world.source = [198, 51, 100, u8::try_from(last).unwrap()].into();
        challenged(guess(&mut world));
    }
    world.source = [203, 0, 113, 1].into();
    assert_eq!(refused(log_in(&mut world)).why, Why::AccountCools(COOLING));
    world.source = home;
    accepted(log_in(&mut world));
}

#[test]
fn a_phone_with_a_wrong_password_does_not_lock_out_its_neighbours() {
    let mut world = World::new();
    world.accounts.insert("ann", Credential::password("other"));
    accepted(log_in(&mut world));
    for _ in 0..2 * FAILURES_PER_SOURCE {
        let nonce = world.nonce("MD5");
        let wrong = Foreign::md5(&nonce).header().replace("\"ben\"", "\"ann\"");
        let _ = world.judge_value(&wrong);
    }
    assert_eq!(
        world.gate.counters().braked_sources,
        u64::from(FAILURES_PER_SOURCE)
    );
    accepted(log_in(&mut world));
}

#[test]
fn trust_does_not_outlive_as_many_failures() {
    let mut world = World::new();
    accepted(log_in(&mut world));
    for _ in 0..2 * FAILURES_PER_SOURCE {
        challenged(guess(&mut world));
    }
    assert!(matches!(
        refused(log_in(&mut world)).why,
        Why::SourceCools(_)
    ));
}

#[test]
fn a_forged_address_cannot_make_failures_count_against_its_owner() {
    let mut world = World::new();
    let owner = world.source;
    world.source = [198, 51, 100, 9].into();
    let nonce = world.nonce("MD5");
    world.source = owner;
    for nc in 1..100 {
        let nc = format!("{nc:08x}");
        let forged = Foreign {
            nc: &nc,
            password: "guess",
            ..Foreign::md5(&nonce)
        };
        assert_eq!(
            challenged(world.judge_value(&forged.header())).why,
            Why::StaleNonce
        );
    }
    accepted(log_in(&mut world));
    assert_eq!(world.gate.counters().wrong, 0);
}

#[test]
fn one_subscriber_of_ipv6_has_one_budget() {
    let mut world = World::new();
    for last in 0..FAILURES_PER_SOURCE {
        world.source = format!("2001:db8:1:2::{last:x}").parse().unwrap();
        challenged(guess(&mut world));
    }
    world.source = "2001:db8:1:2:aaaa::1".parse().unwrap();
    assert_eq!(refused(guess(&mut world)).why, Why::SourceCools(COOLING));
    world.source = "2001:db8:1:3::1".parse().unwrap();
    challenged(guess(&mut world));
}

#[test]
fn unknown_users_look_like_known_ones() {
    let mut world = World::new();
    let nonce = world.nonce("MD5");
    let wrong = Foreign {
        password: "guess",
        ..Foreign::md5(&nonce)
    }
    .header();
    let unknown = wrong.replace("\"ben\"", "\"zoe\"");
    let (wrong, unknown) = (world.judge_value(&wrong), world.judge_value(&unknown));
    let (wrong, unknown) = (challenged(wrong), challenged(unknown));
    assert_eq!(
        (wrong.why, unknown.why),
        (Why::WrongPassword, Why::UnknownUser)
    );
    assert_eq!(
        (wrong.status, wrong.is_stale),
        (unknown.status, unknown.is_stale)
    );
    let shape = |headers: &plenum_sip_ua::ExtraHeaders| -> Vec<(String, usize)> {
        let all = headers.iter();
        all.map(|(name, value)| (name.to_string(), value.len()))
            .collect()
    };
    assert_eq!(shape(&wrong.headers), shape(&unknown.headers));
    let warning = |headers| text_of(headers, &HeaderName::Warning);
    assert_eq!(warning(&wrong.headers), warning(&unknown.headers));
    assert_eq!(world.gate.counters().wrong, 2);
}

#[test]
fn no_password_opens_an_account_that_does_not_exist() {
    let mut world = World::new();
    for password in ["", "nobody", "zoe"] {
        let login = Login::new(REALM, "zoe", Credential::password(password));
        let retry = world.answer(&mut answerer(), &Keyring::new().with(login));
        assert_eq!(challenged(world.judge(&retry)).why, Why::UnknownUser);
    }
}

#[test]
fn a_wrong_password_does_not_tell_how_an_account_is_stored() {
    let mut world = World::new();
    let stored = Ha1::new(Hash::Md5, USER, REALM, PASSWORD);
    world.accounts.insert(USER, Credential::stored([stored]));
    let verdict = challenged(guess(&mut world));
    assert_eq!(verdict.why, Why::WrongPassword);
    let challenges = values(&verdict.headers, &HeaderName::WwwAuthenticate);
    assert_eq!(challenges.len(), 2);
}
