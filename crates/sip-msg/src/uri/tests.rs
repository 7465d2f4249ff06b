use std::string::{String, ToString};

use proptest::prelude::*;

use crate::{Host, Scheme, SyntaxError, Transport, Uri};

fn uri(text: &str) -> Uri {
    text.parse()
        .unwrap_or_else(|error| panic!("{text}: {error}"))
}

#[test]
fn parts_of_a_uri() {
    let parsed = uri("SIPS:a%20b;c:p%40w@[2001:db8::1]:5081;Transport=TLS;lr?subject=x%26y&to=z");
    assert_eq!(parsed.scheme(), &Scheme::Sips);
    assert_eq!(parsed.user().as_deref(), Some("a b;c"));
    assert_eq!(parsed.password(), Some("p%40w"));
    assert_eq!(
        parsed.host(),
        Some(&Host::V6("2001:db8::1".parse().unwrap()))
    );
    assert_eq!(parsed.port(), Some(5081));
    assert_eq!(parsed.transport(), Some(Transport::Tls));
    assert!(parsed.is_loose_router());
    let headers: std::vec::Vec<_> = parsed.headers().collect();
    assert_eq!(headers[0], ("subject".into(), "x&y".into()));
    assert_eq!(
        parsed.to_string(),
        "sips:a%20b;c:p%40w@[2001:db8::1]:5081;Transport=TLS;lr?subject=x%26y&to=z"
    );
}

#[test]
fn other_schemes_keep_their_text() {
    let tel = uri("tel:+1-201-555-0123;phone-context=x");
    assert_eq!(tel.user().as_deref(), Some("+1-201-555-0123"));
    assert_eq!(tel.host(), None);
    let other = uri("soap.beep://192.0.2.103:3002?a=b");
    assert_eq!(other.to_string(), "soap.beep://192.0.2.103:3002?a=b");
    assert_eq!(other.user(), None);
}

#[test]
fn what_is_no_uri_is_refused_with_the_rule() {
    for (text, error) in [
        ("", SyntaxError::UriScheme),
        ("alice", SyntaxError::UriScheme),
        ("1sip:a@b", SyntaxError::UriScheme),
        ("sip:", SyntaxError::UriCharacter),
        ("sip:a b@c", SyntaxError::UriCharacter),
        ("sip:a@b\r\nVia: x", SyntaxError::UriCharacter),
        ("sip:<a@b>", SyntaxError::UriCharacter),
        ("sip:@b", SyntaxError::UriUser),
        ("sip:a@", SyntaxError::Host),
        ("sip:a@b@c", SyntaxError::Host),
        ("sip:a@1.2.3.400", SyntaxError::Host),
        ("sip:a@[::g]", SyntaxError::Host),
        ("sip:a@[::1", SyntaxError::Host),
        ("sip:a@::1", SyntaxError::Host),
        ("sip:a@b:65536", SyntaxError::Port),
        ("sip:a@b:", SyntaxError::Port),
        ("sip:a@b;=c", SyntaxError::Parameter),
        ("tel:hello", SyntaxError::TelephoneNumber),
    ] {
        assert_eq!(text.parse::<Uri>(), Err(error), "{text:?}");
    }
}

#[test]
fn equivalence_follows_the_standard() {
    let same = [
        (
            "sip:%61da@tower.example;transport=TCP",
            "sip:ada@Tower.EXAMPLE;Transport=tcp",
        ),
        ("sip:ada@tower.example", "sip:ada@tower.example;colour=red"),
        (
            "sip:ada@tower.example;a=1;b=2",
            "sip:ada@tower.example;b=2;c=3;A=1",
        ),
        ("sip:ada@h.example?a=1&b=2", "sip:ada@h.example?B=2&A=1"),
        ("sip:[2001:db8:0::1]", "sip:[2001:DB8::1]"),
        ("tel:+1-201-555-0123", "tel:+12015550123"),
    ];
    let different = [
        ("sip:ada@tower.example", "sip:ADA@tower.example"),
        ("sip:ada@tower.example", "sips:ada@tower.example"),
        ("sip:ada@tower.example", "sip:ada@tower.example:5060"),
        (
            "sip:ada@tower.example",
            "sip:ada@tower.example;transport=udp",
        ),
        ("sip:ada@tower.example", "sip:ada@tower.example;user=ip"),
        ("sip:ada@tower.example;a=1", "sip:ada@tower.example;a=2"),
        ("sip:ada@tower.example", "sip:ada@tower.example?subject=x"),
        ("sip:ada:x@tower.example", "sip:ada@tower.example"),
        ("sip:tower.example", "sip:192.0.2.1"),
        ("tel:+12015550123", "tel:12015550123"),
    ];
    for (pairs, expected) in [(&same[..], true), (&different[..], false)] {
        for (a, b) in pairs {
            assert_eq!(uri(a).equivalent(&uri(b)), expected, "{a} {b}");
            assert_eq!(uri(b).equivalent(&uri(a)), expected, "{b} {a}");
        }
    }
}

proptest! {
    #[test]
    fn built_parts_are_read_back(
        user in "\\PC{1,20}", password in "\\PC{0,8}", value in "\\PC{0,12}",
        header in "\\PC{0,12}",
        port in any::<Option<u16>>(), octets in any::<[u8; 4]>(),
    ) {
        let built = Uri::sip(std::net::Ipv4Addr::from(octets))
            .with_user(&user).with_password(&password).with_port(port)
            .with_param("x-p", &value).with_flag("lr").with_header("Subject", &header);
        let read = uri(&built.to_string());
        prop_assert_eq!(&read, &built);
        prop_assert!(read.equivalent(&built));
        prop_assert_eq!(read.user(), Some((&user[..]).into()));
        prop_assert_eq!(read.param("X-P"), Some((&value[..]).into()));
        let headers = read.headers().map(|(_, value)| value.into_owned());
        prop_assert_eq!(headers.collect::<std::vec::Vec<_>>(), std::vec![header]);
    }

    #[test]
    fn whatever_parses_prints_to_the_same_value(text in "(sips?|tel|http):[ -~é]{0,40}") {
        if let Ok(read) = text.parse::<Uri>() {
            let printed: String = read.to_string();
            prop_assert_eq!(uri(&printed), read.clone());
            prop_assert!(read.equivalent(&read));
        }
    }
}
