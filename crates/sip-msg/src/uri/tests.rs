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

#[test]
fn the_examples_of_rfc_3261_19_1_4() {
    let same = [
        (
            "sip:%6eoor@tower.example;transport=TCP",
            "sip:noor@ToWeR.eXaMpLe;Transport=tcp",
        ),
        (
            "sip:noor@tower.example",
            "sip:noor@tower.example;newparam=5",
        ),
        (
            "sip:noor@tower.example",
            "sip:noor@tower.example;security=on",
        ),
        (
            "sip:noor@tower.example;newparam=5",
            "sip:noor@tower.example;security=on",
        ),
        (
            "sip:lake.example;transport=tcp;method=REGISTER?to=sip:kit%40lake.example",
            "sip:lake.example;method=REGISTER;transport=tcp?to=sip:kit%40lake.example",
        ),
        (
            "sip:noor@tower.example?subject=plan%20b&priority=urgent",
            "sip:noor@tower.example?priority=urgent&subject=plan%20b",
        ),
    ];
    let different = [
        (
            "SIP:NOOR@ToWeR.eXaMpLe;Transport=udp",
            "sip:noor@ToWeR.eXaMpLe;Transport=UDP",
        ),
        ("sip:kit@lake.example", "sip:kit@lake.example:5060"),
        ("sip:kit@lake.example", "sip:kit@lake.example;transport=udp"),
        (
            "sip:kit@lake.example",
            "sip:kit@lake.example:6000;transport=tcp",
        ),
        (
            "sip:noor@tower.example",
            "sip:noor@tower.example?Subject=next%20talk",
        ),
        ("sip:kit@phone21.lake.example", "sip:kit@192.0.2.4"),
        (
            "sip:noor@tower.example;security=on",
            "sip:noor@tower.example;security=off",
        ),
        (
            "sip:noor@tower.example",
            "sip:noor@tower.example;maddr=192.0.2.9",
        ),
        ("sip:noor@tower.example", "sip:noor@tower.example;ttl=1"),
        (
            "sip:noor@tower.example",
            "sip:noor@tower.example;method=INVITE",
        ),
        // A reserved character is not the same as its escape.
        ("sip:a;b@tower.example", "sip:a%3bb@tower.example"),
        ("sip:a%2541@tower.example", "sip:a%41@tower.example"),
    ];
    for (pairs, expected) in [(&same[..], true), (&different[..], false)] {
        for (a, b) in pairs {
            assert_eq!(uri(a).equivalent(&uri(b)), expected, "{a} {b}");
            assert_eq!(uri(b).equivalent(&uri(a)), expected, "{b} {a}");
        }
    }
}

#[test]
fn telephone_numbers_by_rfc_3966() {
    let same = [
        ("tel:+1-201-555-0123", "tel:+1(201)555.0123"),
        (
            "tel:7042;phone-context=example.com",
            "TEL:7042;Phone-Context=EXAMPLE.com",
        ),
        (
            "tel:863-1234;phone-context=+1-914",
            "tel:8631234;phone-context=+1914",
        ),
        (
            "tel:+44-20-1;ext=12-34;isub=a",
            "tel:+44201;isub=A;ext=1234",
        ),
        (
            "tel:*#0A;phone-context=x.example",
            "tel:*#0a;phone-context=x.example",
        ),
    ];
    let different = [
        ("tel:+12015550123", "tel:12015550123"),
        (
            "tel:7042;phone-context=a.example",
            "tel:7042;phone-context=b.example",
        ),
        ("tel:7042;phone-context=a.example", "tel:7042"),
        ("tel:+4420;ext=1", "tel:+4420"),
        ("tel:+4420", "sip:+4420@h.example;user=phone"),
    ];
    for (pairs, expected) in [(&same[..], true), (&different[..], false)] {
        for (a, b) in pairs {
            assert_eq!(uri(a).equivalent(&uri(b)), expected, "{a} {b}");
        }
    }
    let local = uri("tel:555-01(23);phone-context=+1-201;ext=9");
    assert_eq!(local.number_digits().as_deref(), Some("5550123"));
    assert!(!local.is_global_number());
    assert_eq!(local.phone_context().as_deref(), Some("+1-201"));
    assert_eq!(local.extension().as_deref(), Some("9"));
    let inside = uri("sip:+358-555-1;ext=2-2;phone-context=x@h.example;user=phone");
    assert_eq!(inside.number_digits().as_deref(), Some("+3585551"));
    assert!(inside.is_global_number());
    assert_eq!(inside.extension().as_deref(), Some("22"));
    assert_eq!(uri("sip:555@h.example").number_digits(), None);
    for wrong in [
        "tel:+", "tel:--", "tel:+12a", "tel:1+2", "tel:12 3", "tel:+1*2",
    ] {
        assert!(wrong.parse::<Uri>().is_err(), "{wrong}");
    }
}

#[test]
fn parameters_that_route() {
    let routed = uri("sip:cam@h.example;ttl=15;maddr=239.255.255.1;user=phone;gr=urn:uuid:1;ob");
    assert_eq!(routed.ttl(), Some(15));
    assert_eq!(routed.maddr().unwrap().to_string(), "239.255.255.1");
    assert!(routed.is_phone() && routed.is_outbound() && routed.is_gruu());
    assert_eq!(routed.gruu_instance().as_deref(), Some("urn:uuid:1"));
    assert_eq!(
        uri("sip:h.example;method=REFER").method(),
        Some(crate::Method::Refer)
    );
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
