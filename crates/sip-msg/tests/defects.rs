//! Defects that other SIP stacks have in their message layer, each with the behaviour that is
//! right.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use bytes::Bytes;
use plenum_sip_msg::{
    Algorithm, AuthValue, DigestChallenge, DigestCredentials, HeaderName, HeaderValue as _, Limits,
    Message, MessageBuilder, Method, NameAddr, Rule, StatusCode,
};

const HEAD: &str = "Via: SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1\r\nFrom: <sip:a@h.example>;tag=1\r\n\
    To: <sip:b@h.example>\r\nCall-ID: defect\r\n";

fn read(first: &str, method: &str, rest: &[u8]) -> Result<Message, plenum_sip_msg::ParseError> {
    let head = format!("{first}\r\n{HEAD}CSeq: 1 {method}\r\n");
    let octets = [head.as_bytes(), rest].concat();
    Message::parse_datagram(Bytes::from(octets), &Limits::default())
}

fn invite(rest: &[u8]) -> Result<Message, plenum_sip_msg::ParseError> {
    read("INVITE sip:b@h.example SIP/2.0", "INVITE", rest)
}

#[test]
fn sha_256_is_spelled_as_rfc_7616_spells_it() {
    let text = "Digest realm=\"r\", nonce=\"n\", algorithm=SHA-256, qop=\"auth\"";
    let challenge = DigestChallenge::parse_value(text).unwrap();
    assert_eq!(challenge.algorithm, Some(Algorithm::Sha256));
    assert_eq!(challenge.to_string(), text);
    for (name, algorithm, is_session) in [
        ("md5", Algorithm::Md5, false),
        ("MD5-sess", Algorithm::Md5Sess, true),
        ("sha-256-SESS", Algorithm::Sha256Sess, true),
        ("SHA-512-256", Algorithm::Sha512_256, false),
        ("SHA-512-256-sess", Algorithm::Sha512_256Sess, true),
    ] {
        assert_eq!(name.parse(), Ok(algorithm.clone()));
        assert_eq!(algorithm.is_session(), is_session);
        assert_eq!(algorithm.as_str().parse(), Ok(algorithm));
    }
}

#[test]
fn the_nonce_count_is_eight_hexadecimal_digits() {
    for (digits, count) in [("0000000a", 10), ("00000100", 256), ("FFFFFFFF", u32::MAX)] {
        let text = format!(
            "Digest username=\"u\", realm=\"r\", nonce=\"n\", uri=\"sip:h\", response=\"0\", nc={digits}"
        );
        let credentials = DigestCredentials::parse_value(&text).unwrap();
        assert_eq!(credentials.nonce_count, Some(count));
        let printed = credentials.to_string();
        assert!(
            printed.ends_with(&format!("nc={}", digits.to_ascii_lowercase())),
            "{printed}"
        );
    }
}

#[test]
fn a_datagram_without_content_length_has_the_rest_as_its_body() {
    let message = invite(b"Content-Type: application/sdp\r\n\r\nv=0\r\n").unwrap();
    assert_eq!(&message.body()[..], b"v=0\r\n");
}

#[test]
fn a_content_length_beyond_the_datagram_is_refused_with_400() {
    let error = invite(b"Content-Length: 900\r\n\r\nv=0\r\n").unwrap_err();
    assert_eq!(
        (error.rule(), error.status()),
        (Rule::BodyTruncated, StatusCode::BAD_REQUEST)
    );
    let answer = MessageBuilder::response_to(error.salvaged().unwrap(), error.status()).build();
    answer.core().unwrap();
}

#[test]
fn a_content_length_below_the_datagram_cuts_the_surplus() {
    let message = invite(b"Content-Length: 3\r\n\r\nv=0\r\ns=-").unwrap();
    assert_eq!(&message.body()[..], b"v=0");
}

#[test]
fn a_latin_1_octet_in_one_header_costs_no_other_header() {
    let message =
        invite(b"Subject: Caf\xe9\r\nUser-Agent: last\r\nX-Own: kept \xe9\r\n\r\n").unwrap();
    message.check().unwrap();
    assert_eq!(message.headers().count(), 8);
    assert_eq!(message.subject().as_deref(), Some("Café"));
    assert_eq!(message.user_agent().as_deref(), Some("last"));
    let own: HeaderName = "x-own".parse().unwrap();
    assert_eq!(
        message.header(&own).unwrap().raw_line(),
        b"X-Own: kept \xe9\r\n"
    );
    let copy = MessageBuilder::from_message(&message).build();
    assert_eq!(
        copy.header(&own).unwrap().raw_line(),
        b"X-Own: kept \xe9\r\n"
    );
}

#[test]
fn an_unknown_method_is_a_message_that_can_be_answered() {
    let message = read("FROB sip:b@h.example SIP/2.0", "FROB", b"\r\n").unwrap();
    assert!(matches!(message.method(), Some(Method::Extension(name)) if name.as_str() == "FROB"));
    message.check().unwrap();
    let answer = MessageBuilder::response_to(&message, StatusCode::METHOD_NOT_ALLOWED).build();
    assert_eq!(answer.cseq().unwrap().method, "FROB".parse().unwrap());
}

#[test]
fn a_reason_phrase_of_its_own_survives() {
    let message = read("SIP/2.0 486 Besetzt, später wieder", "INVITE", b"\r\n").unwrap();
    assert_eq!(message.reason_phrase(), "Besetzt, später wieder");
    let copy = MessageBuilder::from_message(&message).build();
    assert!(
        copy.bytes()
            .starts_with("SIP/2.0 486 Besetzt, später wieder\r\n".as_bytes())
    );
}

#[test]
fn several_challenges_are_kept_apart_on_one_line_and_on_several() {
    let response = read(
        "SIP/2.0 401 Unauthorized",
        "REGISTER",
        b"WWW-Authenticate: Digest realm=\"a, b\", nonce=\"1\", algorithm=SHA-256, \
          Digest realm=\"a, b\", nonce=\"2\" ,, Bearer abc==\r\n\
          www-authenticate: NTLM, Basic realm=\"c\"\r\n\r\n",
    )
    .unwrap();
    let all: Vec<AuthValue> = response.www_authenticate().map(Result::unwrap).collect();
    let schemes: Vec<&str> = all.iter().map(|value| value.scheme.as_str()).collect();
    assert_eq!(schemes, ["Digest", "Digest", "Bearer", "NTLM", "Basic"]);
    assert_eq!(all[1].param("nonce"), Some("2"));
    assert_eq!(all[2].token68.as_deref(), Some("abc=="));
    let digests = response.values::<DigestChallenge>(&HeaderName::WwwAuthenticate);
    assert_eq!(digests.flatten().count(), 2);
}

#[test]
fn compact_folded_and_repeated_headers_say_the_same_as_plain_ones() {
    let compact: [(&str, HeaderName, &str); 20] = [
        ("a", HeaderName::AcceptContact, "*;audio"),
        ("b", HeaderName::ReferredBy, "<sip:r@h.example>"),
        ("c", HeaderName::ContentType, "a/b"),
        ("d", HeaderName::RequestDisposition, "no-fork"),
        ("e", HeaderName::ContentEncoding, "gzip"),
        ("f", HeaderName::From, "<sip:a@h.example>;tag=1"),
        ("i", HeaderName::CallId, "defect"),
        ("j", HeaderName::RejectContact, "*;video"),
        ("k", HeaderName::Supported, "100rel"),
        ("l", HeaderName::ContentLength, "0"),
        ("m", HeaderName::Contact, "<sip:a@192.0.2.1>"),
        ("n", HeaderName::IdentityInfo, "<https://h.example/c>"),
        ("o", HeaderName::Event, "dialog"),
        ("r", HeaderName::ReferTo, "<sip:t@h.example>"),
        ("s", HeaderName::Subject, "tea"),
        ("t", HeaderName::To, "<sip:b@h.example>"),
        ("u", HeaderName::AllowEvents, "presence"),
        (
            "v",
            HeaderName::Via,
            "SIP/2.0/UDP 192.0.2.1;branch=z9hG4bK1",
        ),
        ("x", HeaderName::SessionExpires, "90"),
        ("y", HeaderName::Identity, "abc"),
    ];
    for (letter, name, value) in compact {
        for spelling in [
            letter.to_owned(),
            letter.to_ascii_uppercase(),
            name.to_string(),
        ] {
            let message = invite(format!("{spelling} :\r\n {value}\r\n\r\n").as_bytes()).unwrap();
            let field = message.header_all(&name).last().unwrap();
            assert_eq!(field.text(), value, "{spelling}");
            assert_eq!(field.name(), name);
        }
    }
    let routes = b"Route: <sip:a.example;lr>,\r\n <sip:b.example;lr> , <sip:c.example;lr>\r\n\
        Subject: between\r\nROUTE: \"x, y\" <sip:d.example;lr>\r\n\r\n";
    let hosts: Vec<String> = invite(routes)
        .unwrap()
        .routes()
        .map(|route: Result<NameAddr, _>| route.unwrap().uri.host().unwrap().to_string())
        .collect();
    assert_eq!(hosts, ["a.example", "b.example", "c.example", "d.example"]);
}
