//! What an answerer answers, and when it gives up.

use plenum_sip_msg::{HeaderName, Message, MessageBuilder, StatusCode};
use plenum_sip_ua::ExtraHeaders;
use plenum_sip_ua::auth::{
    Algorithm, AnswerError, Answerer, Credential, Ha1, Hash, Keyring, Login, MAX_REALMS, Qop,
};

use crate::world::{
    PASSWORD, REALM, USER, World, accepted, answerer, asked, challenged, keyring, request,
    response, uri, values,
};

fn unauthorized(challenges: &[&str]) -> Message {
    let builder = MessageBuilder::response(StatusCode::UNAUTHORIZED);
    let add =
        |builder: MessageBuilder, value: &&str| builder.header(HeaderName::WwwAuthenticate, value);
    challenges.iter().fold(builder, add).build()
}

fn ok(info: &(HeaderName, String)) -> Message {
    let builder = MessageBuilder::response(StatusCode::OK);
    builder.header(info.0.clone(), &info.1).build()
}

fn answer(answerer: &mut Answerer, challenges: &[&str]) -> Result<ExtraHeaders, AnswerError> {
    answerer.answer(&keyring(), &asked(&uri(), b""), &unauthorized(challenges))
}

#[test]
fn the_strongest_algorithm_that_the_login_serves_is_answered() {
    let offers = [
        "Digest realm=\"hall.example\", nonce=\"1\", algorithm=MD5, qop=\"auth\"",
        "Digest realm=\"hall.example\", nonce=\"2\", algorithm=SHA-3, qop=\"auth\"",
        "Digest realm=\"hall.example\", nonce=\"3\", algorithm=SHA-256, qop=\"auth\"",
        "Digest realm=\"hall.example\", nonce=\"4\", algorithm=SHA-512-256, qop=\"auth-conf\"",
        "Digest realm=\"hall.example\", nonce=\"5\", algorithm=SHA-256-sess, qop=\"auth\"",
    ];
    let nonce_answered = |credential| {
        let keyring = Keyring::new().with(Login::new(REALM, USER, credential));
        let headers = answerer().answer(&keyring, &asked(&uri(), b""), &unauthorized(&offers));
        let values = values(&headers.unwrap(), &HeaderName::Authorization);
        values[0].param("nonce").map(str::to_owned)
    };
    assert_eq!(
        nonce_answered(Credential::password(PASSWORD)).as_deref(),
        Some("3")
    );
    let stored = Ha1::new(Hash::Md5, USER, REALM, PASSWORD);
    assert_eq!(
        nonce_answered(Credential::stored([stored])).as_deref(),
        Some("1")
    );
}

#[test]
fn the_answer_has_the_form_that_the_standard_gives_it() {
    let challenge = "Digest realm=\"hall.example\", nonce=\"n\\\"1\", opaque=\"\", \
                     algorithm=MD5, qop=\"auth-int, auth\"";
    let headers = answer(&mut answerer(), &[challenge]).unwrap();
    let (_, text) = headers.iter().next().unwrap();
    let prefix = "Digest username=\"ben\", realm=\"hall.example\", nonce=\"n\\\"1\", \
                  uri=\"sip:ann@hall.example\", response=\"";
    assert!(text.starts_with(prefix), "{text}");
    assert!(
        text.contains(", algorithm=MD5, qop=auth, nc=00000001, cnonce=\""),
        "{text}"
    );
    assert!(text.ends_with(", opaque=\"\""), "{text}");
}

#[test]
fn later_requests_count_up_and_need_no_challenge() {
    let mut world = World::new();
    let (mut answerer, keyring) = (answerer(), keyring());
    let retry = world.answer(&mut answerer, &keyring);
    accepted(world.judge(&retry));
    for count in 2..300 {
        let headers = answerer.authorize(&keyring, &asked(&uri(), b""));
        let value = &values(&headers, &HeaderName::Authorization)[0];
        assert_eq!(value.param("nc"), Some(format!("{count:08x}").as_str()));
        accepted(world.judge(&request(&headers, b"")));
    }
    assert_eq!(world.gate.counters().challenged, 1);
}

#[test]
fn before_the_first_challenge_nothing_is_told() {
    let headers = answerer().authorize(&keyring(), &asked(&uri(), b""));
    assert_eq!(headers.iter().count(), 0);
}

#[test]
fn a_wrong_password_is_tried_once() {
    let mut world = World::new();
    let login = Login::new(REALM, USER, Credential::password("guess"));
    let (mut answerer, keyring) = (answerer(), Keyring::new().with(login));
    let retry = world.answer(&mut answerer, &keyring);
    let verdict = response(&challenged(world.judge(&retry)));
    let error = answerer
        .answer(&keyring, &asked(&uri(), b""), &verdict)
        .unwrap_err();
    let (realm, username) = (REALM.to_owned(), USER.to_owned());
    assert_eq!(error, AnswerError::Refused { realm, username });
    assert_eq!(
        error.to_string(),
        "the realm \"hall.example\" refuses the login of \"ben\"; correct the password"
    );
}

#[test]
fn a_nonce_that_grew_old_between_requests_is_replaced_without_a_word() {
    let mut world = World::new();
    let (mut answerer, keyring) = (answerer(), keyring());
    let retry = world.answer(&mut answerer, &keyring);
    accepted(world.judge(&retry));
    world.pass(plenum_sip_ua::auth::NONCE_LIFETIME);
    let headers = answerer.authorize(&keyring, &asked(&uri(), b""));
    let stale = challenged(world.judge(&request(&headers, b"")));
    assert!(stale.is_stale);
    let headers = answerer
        .answer(&keyring, &asked(&uri(), b""), &response(&stale))
        .unwrap();
    accepted(world.judge(&request(&headers, b"")));
}

#[test]
fn stale_is_believed_once_for_each_request() {
    let mut answerer = answerer();
    let fresh = |n| format!("Digest realm=\"hall.example\", nonce=\"{n}\", stale=TRUE");
    answer(&mut answerer, &[&fresh(1)]).unwrap();
    answer(&mut answerer, &[&fresh(2)]).unwrap();
    let error = answer(&mut answerer, &[&fresh(3)]).unwrap_err();
    assert_eq!(
        error,
        AnswerError::StillStale {
            realm: REALM.into()
        }
    );
    answerer.authorize(&keyring(), &asked(&uri(), b""));
    answer(&mut answerer, &[&fresh(4)]).unwrap();
}

#[test]
fn a_server_that_keeps_its_nonce_sees_the_count_go_on() {
    let challenge = "Digest realm=\"hall.example\", nonce=\"for ever\", qop=\"auth\"";
    let mut answerer = answerer();
    let count = |headers: &ExtraHeaders| {
        let value = &values(headers, &HeaderName::Authorization)[0];
        value.param("nc").map(str::to_owned)
    };
    let first = answer(&mut answerer, &[challenge]).unwrap();
    assert_eq!(count(&first).as_deref(), Some("00000001"));
    let ahead = answerer.authorize(&keyring(), &asked(&uri(), b""));
    assert_eq!(count(&ahead).as_deref(), Some("00000002"));
    let third = answer(&mut answerer, &[challenge]).unwrap();
    assert_eq!(count(&third).as_deref(), Some("00000003"));
    let error = answer(&mut answerer, &[challenge]).unwrap_err();
    assert!(matches!(error, AnswerError::Refused { .. }));
}

#[test]
fn a_proxy_and_the_server_behind_it_are_both_answered() {
    let keyring = keyring().with(Login::new("trunk", "hall", Credential::password("p")));
    let mut answerer = answerer();
    let proxy = MessageBuilder::response(StatusCode::PROXY_AUTHENTICATION_REQUIRED)
        .header(
            HeaderName::ProxyAuthenticate,
            "Digest realm=\"trunk\", nonce=\"p1\", qop=\"auth\"",
        )
        .build();
    let headers = answerer
        .answer(&keyring, &asked(&uri(), b""), &proxy)
        .unwrap();
    assert!(!headers.contains(&HeaderName::Authorization));
    let server = unauthorized(&["Digest realm=\"hall.example\", nonce=\"s1\", qop=\"auth\""]);
    let headers = answerer
        .answer(&keyring, &asked(&uri(), b""), &server)
        .unwrap();
    let to_proxy = &values(&headers, &HeaderName::ProxyAuthorization)[0];
    assert_eq!(to_proxy.param("nc"), Some("00000002"));
    assert_eq!(to_proxy.param("username"), Some("hall"));
    let to_server = &values(&headers, &HeaderName::Authorization)[0];
    assert_eq!(to_server.param("username"), Some(USER));
}

#[test]
fn what_cannot_be_answered_says_why() {
    let cases = [
        (
            vec!["Digest realm=\"elsewhere\", nonce=\"1\""],
            "no login is known for the realm \"elsewhere\"; add one to the keyring",
        ),
        (
            vec![
                "Digest realm=\"hall.example\", nonce=\"1\", algorithm=SHA-3",
                "Digest realm=\"hall.example\", nonce=\"1\", algorithm=AKAv1-MD5",
            ],
            "the realm \"hall.example\" offers SHA-3, AKAv1-MD5, and the login serves none of \
             them; give it a password, or a stored value for one that is known (MD5, SHA-256, \
             SHA-512-256)",
        ),
        (
            vec!["Digest realm=\"hall.example\", nonce=\"1\", qop=\"auth-conf\""],
            "the realm \"hall.example\" offers no known qop; it must offer auth or auth-int",
        ),
        (
            vec!["Basic realm=\"hall.example\"", "Bearer abc"],
            "the server asks for Basic, Bearer, but only Digest is spoken (RFC 3261 22)",
        ),
        (
            vec!["Digest realm"],
            "the response has no challenge that can be read; the server must send a Digest one",
        ),
    ];
    for (challenges, sentence) in cases {
        let error = answer(&mut answerer(), &challenges).unwrap_err();
        assert_eq!(error.to_string(), sentence);
    }
}

#[test]
fn of_several_realms_those_that_are_known_are_answered() {
    let known = "Digest realm=\"hall.example\", nonce=\"1\"";
    let headers = answer(&mut answerer(), &["Digest realm=\"x\", nonce=\"1\"", known]).unwrap();
    assert_eq!(headers.iter().count(), 1);
}

#[test]
fn a_login_for_any_realm_answers_a_bounded_number() {
    let login = Login::for_any_realm(USER, Credential::password(PASSWORD));
    let (mut answerer, keyring) = (answerer(), Keyring::new().with(login));
    for number in 0..=MAX_REALMS {
        let challenge = format!("Digest realm=\"{number}\", nonce=\"1\"");
        let response = unauthorized(&[&challenge]);
        let result = answerer.answer(&keyring, &asked(&uri(), b""), &response);
        match result {
            Ok(headers) => assert_eq!(headers.iter().count(), number + 1),
            Err(error) => {
                assert_eq!(
                    (number, error),
                    (MAX_REALMS, AnswerError::TooManyRealms(MAX_REALMS))
                );
            }
        }
    }
}

#[test]
fn the_user_name_can_be_hidden() {
    let mut world = World::with(|config| {
        config.userhash = true;
        config.algorithms = Algorithm::ALL.to_vec();
    });
    let retry = world.answer(&mut answerer(), &keyring());
    let text = String::from_utf8(retry.bytes().to_vec()).unwrap();
    assert!(
        !text.contains("\"ben\"") && text.contains("userhash=true"),
        "{text}"
    );
    assert_eq!(accepted(world.judge(&retry)).username(), USER);
    world.accounts.remove(USER);
    let retry = world.answer(&mut answerer(), &keyring());
    challenged(world.judge(&retry));
}

#[test]
fn the_server_proves_itself_and_names_the_next_nonce() {
    for qops in [vec![Qop::Auth], vec![Qop::AuthInt], vec![]] {
        let mut world = World::with(|config| config.qops = qops);
        let (mut answerer, keyring, uri) = (answerer(), keyring(), uri());
        let asked = asked(&uri, b"");
        let retry = world.answer(&mut answerer, &keyring);
        world.pass(plenum_sip_ua::auth::NONCE_LIFETIME / 2);
        let user = accepted(world.judge(&retry));
        let info = user.info(b"");
        assert!(info.1.contains("nextnonce=\""), "{}", info.1);

        let forged = (
            info.0.clone(),
            info.1.replacen("rspauth=\"", "rspauth=\"0", 1),
        );
        let error = answerer
            .confirm(&keyring, &asked, &ok(&forged))
            .unwrap_err();
        assert_eq!(
            error,
            AnswerError::NotProven {
                realm: REALM.into()
            }
        );
        answerer.confirm(&keyring, &asked, &ok(&info)).unwrap();

        world.pass(plenum_sip_ua::auth::NONCE_LIFETIME / 2);
        let headers = answerer.authorize(&keyring, &asked);
        accepted(world.judge(&request(&headers, b"")));
        assert_eq!(world.gate.counters().challenged, 1);
    }
}
