//! What holds for all names, secrets, algorithms and octets.

use plenum_sip_msg::{AuthValue, HeaderName, Message, MessageBuilder, Method, Uri};
use plenum_sip_ua::ExtraHeaders;
use plenum_sip_ua::auth::{
    Algorithm, Asked, Credential, Ha1, Keyring, Login, Qop, UriRule, Verdict,
};
use proptest::prelude::*;

use crate::world::{
    REALM, URI, World, accepted, answerer, asked, challenged, invite, keyring, request, response,
    uri, values,
};

fn algorithms() -> impl Strategy<Value = Algorithm> {
    prop::sample::select(Algorithm::ALL.to_vec())
}

fn qops() -> impl Strategy<Value = Vec<Qop>> {
    let lists = [
        vec![],
        vec![Qop::Auth],
        vec![Qop::AuthInt],
        vec![Qop::AuthInt, Qop::Auth],
    ];
    prop::sample::select(lists.to_vec())
}

/// Any text that a person may choose, quotes, backslashes and colons included.
fn words() -> impl Strategy<Value = String> {
    "[ -~\u{e4}\u{20ac}]{0,20}[!-~]"
}

fn world(algorithm: Algorithm, qops: Vec<Qop>, rule: UriRule) -> World {
    World::with(|config| {
        config.algorithms = vec![algorithm];
        config.qops = qops;
        config.uri_rule = rule;
    })
}

fn send(method: &Method, uri: &Uri, headers: &ExtraHeaders, body: &[u8]) -> Message {
    let mut builder = MessageBuilder::request(method.clone(), uri);
    for (name, value) in headers.iter() {
        builder = builder.header(name.clone(), value);
    }
    builder.body("text/plain", body.to_vec()).build()
}

fn is_accepted(verdict: &Verdict) -> bool {
    matches!(verdict, Verdict::Accepted(_))
}

proptest! {
    #[test]
    fn what_the_client_computes_the_server_takes_once(
        algorithm in algorithms(),
        qops in qops(),
        (username, password, other) in (words(), words(), words()),
        method in prop::sample::select(vec![Method::Invite, Method::Register, Method::Bye]),
        uri in prop::sample::select(vec![URI, "sip:hall.example", "tel:+1-201-555-0123", "sips:a%20b@[2001:db8::1]:5061;x=\"y"]),
        body in prop::collection::vec(any::<u8>(), 0..50),
        is_stored in any::<bool>(),
    ) {
        let Ok(uri) = uri.parse::<Uri>() else { return Ok(()) };
        let mut world = world(algorithm, qops, UriRule::Equivalent);
        let credential = if is_stored {
            Credential::stored([Ha1::new(algorithm.hash, &username, REALM, &password)])
        } else {
            Credential::password(password.clone())
        };
        world.accounts.insert(username.clone(), credential);
        let asked = Asked { method: &method, uri: &uri, body: &body };
        let bare = send(&method, &uri, &ExtraHeaders::none(), &body);
        let challenge = response(&challenged(world.judge(&bare)));

        let keyring = |password: &str| {
            let credential = Credential::password(password);
            Keyring::new().with(Login::new(REALM, username.clone(), credential))
        };
        let headers = answerer().answer(&keyring(&password), &asked, &challenge).unwrap();
        let right = send(&method, &uri, &headers, &body);
        if other != password {
            let headers = answerer().answer(&keyring(&other), &asked, &challenge).unwrap();
            prop_assert!(!is_accepted(&world.judge(&send(&method, &uri, &headers, &body))));
        }
        let user = accepted(world.judge(&right));
        prop_assert_eq!(user.username(), &username);
        prop_assert!(!is_accepted(&world.judge(&right)));
    }

    #[test]
    fn any_change_to_what_is_protected_is_refused(
        algorithm in algorithms(),
        qop in prop::sample::select(vec![Qop::Auth, Qop::AuthInt]),
        rule in prop::sample::select(vec![UriRule::Equivalent, UriRule::Any]),
        part in prop::sample::select(vec![
            "username", "realm", "nonce", "uri", "response", "algorithm", "qop", "nc", "cnonce",
        ]),
        at in any::<prop::sample::Index>(),
        to in prop::char::range('0', '9'),
    ) {
        let mut world = world(algorithm, vec![qop], rule);
        let retry = world.answer(&mut answerer(), &keyring());
        let mut value = retry.authorization().next().unwrap().unwrap();
        let param = value.params.iter_mut().find(|param| param.name == part).unwrap();
        let index = at.index(param.value.len());
        if param.value[index..].starts_with(to) {
            return Ok(());
        }
        param.value.replace_range(index..=index, &to.to_string());
        let verdict = world.judge(&invite(&value.to_string()));
        prop_assert!(!is_accepted(&verdict), "{value}");
        prop_assert!(is_accepted(&world.judge(&retry)));
    }

    #[test]
    fn any_change_to_method_uri_or_body_is_refused(
        algorithm in algorithms(),
        body in prop::collection::vec(any::<u8>(), 1..50),
        at in any::<prop::sample::Index>(),
        bit in 0..8_u32,
    ) {
        let mut world = world(algorithm, vec![Qop::AuthInt], UriRule::Equivalent);
        let bare = request(&ExtraHeaders::none(), &body);
        let challenge = response(&challenged(world.judge(&bare)));
        let headers = answerer().answer(&keyring(), &asked(&uri(), &body), &challenge).unwrap();
        let mut changed = body.clone();
        changed[at.index(body.len())] ^= 1_u8 << bit;
        let other = "sip:zoe@hall.example".parse().unwrap();
        let (uri, invite) = (uri(), Method::Invite);
        prop_assert!(!is_accepted(&world.judge(&send(&invite, &uri, &headers, &changed))));
        prop_assert!(!is_accepted(&world.judge(&send(&Method::Message, &uri, &headers, &body))));
        prop_assert!(!is_accepted(&world.judge(&send(&invite, &other, &headers, &body))));
        prop_assert!(is_accepted(&world.judge(&send(&invite, &uri, &headers, &body))));
    }

    #[test]
    fn counts_are_taken_in_any_order_within_the_window(
        order in Just((0..40).collect::<Vec<usize>>()).prop_shuffle(),
    ) {
        let mut world = World::new();
        let (mut answerer, keyring) = (answerer(), keyring());
        let mut requests = vec![world.answer(&mut answerer, &keyring)];
        requests.extend((1..40).map(|_| {
            request(&answerer.authorize(&keyring, &asked(&uri(), b"")), b"")
        }));
        for index in order {
            prop_assert!(is_accepted(&world.judge(&requests[index])));
            prop_assert!(!is_accepted(&world.judge(&requests[index])));
        }
    }

    #[test]
    fn no_octets_of_a_header_break_the_gate(
        octets in prop::collection::vec(any::<u8>(), 0..200),
        pairs in prop::collection::vec((0_usize..12, "\\PC{0,40}", any::<bool>()), 0..16),
    ) {
        const NAMES: [&str; 12] = [
            "username", "realm", "nonce", "uri", "response", "algorithm", "qop", "nc", "cnonce",
            "userhash", "stale", "nextnonce",
        ];
        let mut value = AuthValue::digest().with_quoted("realm", REALM);
        for (name, text, is_quoted) in pairs {
            value = if is_quoted {
                value.with_quoted(NAMES[name], &text)
            } else {
                value.with_plain(NAMES[name], &text)
            };
        }
        let mut world = World::with(|config| config.userhash = true);
        for text in [value.to_string().into_bytes(), octets] {
            let request = MessageBuilder::request(Method::Invite, &uri());
            let request = request.header_raw(HeaderName::Authorization, &text).build();
            prop_assert!(!is_accepted(&world.judge(&request)));

            let mut answerer = answerer();
            let refusal = MessageBuilder::response(plenum_sip_msg::StatusCode::UNAUTHORIZED);
            let refusal = refusal.header_raw(HeaderName::WwwAuthenticate, &text).build();
            if let Ok(headers) = answerer.answer(&keyring(), &asked(&uri(), b""), &refusal) {
                prop_assert_eq!(values(&headers, &HeaderName::Authorization).len(), 1);
            }
            let success = MessageBuilder::response(plenum_sip_msg::StatusCode::OK);
            let success = success.header_raw(HeaderName::AuthenticationInfo, &text).build();
            let _ = answerer.confirm(&keyring(), &asked(&uri(), b""), &success);
        }
    }
}
