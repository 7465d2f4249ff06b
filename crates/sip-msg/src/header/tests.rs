use std::string::{String, ToString};

use proptest::prelude::*;

use crate::*;

#[test]
fn parameters_without_angles_belong_to_the_header() {
    let bare: NameAddr = "sip:mia@lake.example;tag=1".parse().unwrap();
    assert_eq!(
        (bare.tag(), bare.uri.params().has("tag")),
        (Some("1"), false)
    );
    let angled: NameAddr = "<sip:mia@lake.example;tag=1>".parse().unwrap();
    assert_eq!((angled.tag(), angled.uri.params().has("tag")), (None, true));
}

#[test]
fn broken_addresses_are_refused_with_the_rule() {
    for (text, error) in [
        ("\"Mia <sip:mia@lake.example>", SyntaxError::QuotedString),
        ("\"Mia\" sip:mia@lake.example", SyntaxError::Address),
        ("Mia <sip:mia@lake.example", SyntaxError::Address),
        ("<sip:mia@lake.example> junk", SyntaxError::Address),
        ("<sip:mia@lake.example>;tag=\"1", SyntaxError::QuotedString),
        ("<>", SyntaxError::UriScheme),
        ("", SyntaxError::UriScheme),
    ] {
        assert_eq!(text.parse::<NameAddr>(), Err(error), "{text:?}");
    }
}

#[test]
fn quotes_and_angles_hide_separators() {
    let text = "\"a<b,;\\\"\" <sip:x@y.example;p=1,2>;note=\"c>d,;\"";
    let address: NameAddr = text.parse().unwrap();
    assert_eq!(address.display.as_deref(), Some("a<b,;\""));
    assert_eq!(address.uri.params().value("p"), Some("1,2"));
    assert_eq!(address.params.text("note").as_deref(), Some("c>d,;"));
    assert_eq!(address.to_string(), text);
}

#[test]
fn via_of_all_shapes() {
    let via: Via = "SIP/2.0/TLS [2001:db8::9]:5061;RPORT;branch=z9HG4Bkx;received=[::1]"
        .parse()
        .unwrap();
    assert_eq!(via.rport(), Rport::Requested);
    assert!(via.has_magic_cookie());
    assert_eq!(via.received(), Some("::1".parse().unwrap()));
    assert_eq!(via.port, Some(5061));
    let via: Via = "SIP/2.0/UDP first.example: 4000;rport=99;received=2001:db8::5"
        .parse()
        .unwrap();
    assert_eq!((via.port, via.rport()), (Some(4000), Rport::Port(99)));
    assert_eq!(via.received(), Some("2001:db8::5".parse().unwrap()));
    for wrong in [
        "SIP/2.0/UDP",
        "SIP/3.0/UDP h",
        "HTTP/2.0/UDP h",
        "SIP/2.0/U@P h",
        "SIP/2.0/UDP h:x",
    ] {
        assert!(wrong.parse::<Via>().is_err(), "{wrong}");
    }
}

#[test]
fn parameters_are_set_in_place() {
    let mut params: Params = "a=1;B;c=3;b=4".parse().unwrap();
    params.set("b", "two words");
    assert_eq!(params.to_string(), ";a=1;b=\"two words\";c=3");
    assert_eq!(params.text("B").as_deref(), Some("two words"));
    assert!(params.remove("A") && !params.remove("a"));
    params.set_flag("lr");
    assert_eq!(params.to_string(), ";b=\"two words\";c=3;lr");
    params.set("x;y=\r\nz", "v\r\nw");
    assert!(!params.to_string().contains(['\r', '\n']));
}

#[test]
fn credentials_print_as_they_were_read() {
    let text = "Digest realm=\"a, b\", nonce=\"n\\\"\", algorithm=SHA-256, qop=auth, nc=00000001";
    let value = AuthValue::parse_value(text).unwrap();
    assert!(value.is_digest());
    assert_eq!(value.param("nonce"), Some("n\""));
    assert_eq!(value.to_string(), text);
    assert_eq!(
        AuthValue::parse_value("Digest realm"),
        Err(SyntaxError::Auth)
    );
}

fn word() -> impl Strategy<Value = String> {
    "[a-zA-Z0-9.!%*_+`'~-]{1,12}"
}

proptest! {
    #[test]
    fn addresses_are_read_back(
        display in prop::option::of("[^\\pC]{1,20}"), user in "[^\\pC]{1,12}", tag in word(),
        name in "[a-z]{2,6}", value in "[^\\pC]{0,12}",
    ) {
        let uri = Uri::sip(Host::Name("lake.example".into())).with_user(&user);
        let mut address = NameAddr::new(uri).with_tag(&tag).with_param(&name, &value);
        address.display = display;
        prop_assert_eq!(address.to_string().parse::<NameAddr>(), Ok(address.clone()));
        prop_assert_eq!(address.tag(), Some(&tag[..]));
        prop_assert_eq!(address.params.text(&name), Some((&value[..]).into()));
    }

    #[test]
    fn vias_are_read_back(transport in word(), port in any::<Option<u16>>(), branch in word(),
                          octets in any::<[u8; 16]>(), seen in any::<u16>()) {
        let address = std::net::IpAddr::from(octets);
        let mut via = Via::new(transport.parse().unwrap(), address, port)
            .with_branch(&branch).with_rport_requested();
        via.note_source(address, seen);
        let read: Via = via.to_string().parse().unwrap();
        prop_assert_eq!(&read, &via);
        prop_assert_eq!((read.rport(), read.received()), (Rport::Port(seen), Some(address)));
    }

    #[test]
    fn typed_values_print_to_the_same_value(text in "[ -~é]{0,40}") {
        fn law<T: HeaderValue + ToString + PartialEq + std::fmt::Debug>(text: &str) {
            if let Ok(value) = T::parse_value(text) {
                assert_eq!(T::parse_value(&value.to_string()), Ok(value));
            }
        }
        law::<NameAddr>(&text);
        law::<NameAddr>(&std::format!("<sip:{text}"));
        law::<NameAddr>(&std::format!("\"{text}"));
        law::<Via>(&std::format!("SIP/2.0/UDP {text}"));
        law::<CSeq>(&std::format!("1{text}"));
        law::<MediaType>(&std::format!("a/{text}"));
        law::<AuthValue>(&std::format!("Digest a={text}"));
        law::<Reason>(&std::format!("SIP;{text}"));
        law::<RetryAfter>(&std::format!("1{text}"));
        law::<Warning>(&std::format!("399 h \"{text}"));
        law::<Replaces>(&std::format!("c;to-tag=1;from-tag={text}"));
    }
}
