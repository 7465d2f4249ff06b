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

/// Each value is read, printed as expected, and read again.
fn law<T>(name: &str, values: &[(&str, &str)])
where
    T: HeaderValue + ToString + PartialEq + std::fmt::Debug,
{
    let known: HeaderName = name.parse().unwrap();
    assert!(!matches!(known, HeaderName::Other(_)), "{name}");
    for (text, printed) in values {
        let value = T::parse_value(text).unwrap_or_else(|e| panic!("{name}: {text}: {e}"));
        assert_eq!(value.to_string(), *printed, "{name}");
        assert_eq!(T::parse_value(printed), Ok(value), "{name}");
    }
}

#[test]
fn addresses_print_what_they_read() {
    let sip = "<sip:ada@h.example>";
    for name in [
        "From",
        "To",
        "Contact",
        "Route",
        "Record-Route",
        "Path",
        "Service-Route",
        "Refer-To",
        "Referred-By",
        "P-Asserted-Identity",
        "P-Preferred-Identity",
        "Reply-To",
    ] {
        law::<NameAddr>(
            name,
            &[(sip, sip), (" \"A, B\"  <sip:h>;x", "\"A, B\" <sip:h>;x")],
        );
    }
}

#[test]
fn content_headers_print_what_they_read() {
    law::<MediaType>(
        "Accept",
        &[("text/*;q=0.3", "text/*;q=0.3"), (" * / * ", "*/*")],
    );
    law::<Preference>(
        "Accept-Encoding",
        &[("gzip", "gzip"), ("* ; q=0.1", "*;q=0.1")],
    );
    law::<Preference>(
        "Accept-Language",
        &[("da", "da"), ("en-gb;q=0.8", "en-gb;q=0.8")],
    );
    for name in ["Alert-Info", "Call-Info", "Error-Info"] {
        let text = "<http://h.example/x.png>;purpose=icon";
        law::<InfoUri>(name, &[(text, text)]);
    }
    law::<AuthenticationInfo>(
        "Authentication-Info",
        &[
            (
                "nextnonce=\"n\",qop=auth, rspauth=\"r\",cnonce=\"c\",nc=0000001F",
                "nextnonce=\"n\", qop=auth, rspauth=\"r\", cnonce=\"c\", nc=0000001f",
            ),
            ("", ""),
        ],
    );
    law::<ContentDisposition>(
        "Content-Disposition",
        &[("session;handling=required", "session;handling=required")],
    );
}

#[test]
fn headers_of_a_call_print_what_they_read() {
    law::<CSeq>("CSeq", &[("0009  \t INVITE", "9 INVITE")]);
    law::<Date>(
        "Date",
        &[
            (
                "Sat, 13 Nov 2010 23:29:00 GMT",
                "Sat, 13 Nov 2010 23:29:00 GMT",
            ),
            (
                "mon, 29 feb 2016 23:59:60 gmt",
                "Tue, 01 Mar 2016 00:00:00 GMT",
            ),
        ],
    );
    law::<Diversion>(
        "Diversion",
        &[(
            "<tel:+1>;reason=user-busy;counter=2",
            "<tel:+1>;reason=user-busy;counter=2",
        )],
    );
    law::<HistoryInfo>(
        "History-Info",
        &[(
            "<sip:a@h?Reason=SIP%3Bcause%3D302>;index=1.1;rc=1",
            "<sip:a@h?Reason=SIP%3Bcause%3D302>;index=1.1;rc=1",
        )],
    );
    law::<Event>("Event", &[("presence.winfo;id=1", "presence.winfo;id=1")]);
    for name in [
        "Expires",
        "Min-Expires",
        "Flow-Timer",
        "RSeq",
        "Content-Length",
    ] {
        law::<u32>(name, &[("0070", "70"), ("4294967295", "4294967295")]);
    }
    law::<u8>("Max-Forwards", &[(" 255", "255")]);
    law::<MimeVersion>("MIME-Version", &[("1.0", "1.0"), ("1 . 0", "1.0")]);
    for name in ["Min-SE", "Session-Expires"] {
        law::<SessionExpires>(name, &[("90 ; refresher=uac", "90;refresher=uac")]);
    }
}

#[test]
fn headers_of_the_extensions_print_what_they_read() {
    law::<Privacy>(
        "Privacy",
        &[("id ; critical", "id;critical"), ("none", "none")],
    );
    for name in ["Priority", "SIP-ETag", "SIP-If-Match"] {
        law::<Token>(name, &[(" urgent ", "urgent")]);
    }
    law::<RAck>("RAck", &[("776656 1 INVITE", "776656 1 INVITE")]);
    law::<Reason>(
        "Reason",
        &[("Q.850;cause=16;text=\"a;b\"", "Q.850;cause=16;text=\"a;b\"")],
    );
    law::<ReferSub>("Refer-Sub", &[("FALSE;x", "false;x"), ("true", "true")]);
    law::<Replaces>(
        "Replaces",
        &[(
            "c@h;early-only;to-tag=7;from-tag=6",
            "c@h;to-tag=7;from-tag=6;early-only",
        )],
    );
    law::<Join>(
        "Join",
        &[("c@h ; from-tag=6;to-tag=7", "c@h;to-tag=7;from-tag=6")],
    );
    law::<TargetDialog>(
        "Target-Dialog",
        &[("c;local-tag=a;remote-tag=b", "c;local-tag=a;remote-tag=b")],
    );
    law::<RetryAfter>(
        "Retry-After",
        &[
            (
                "120 (busy (really));duration=9",
                "120 (busy (really));duration=9",
            ),
            ("7", "7"),
        ],
    );
}

#[test]
fn identifiers_and_times_print_what_they_read() {
    law::<SessionId>(
        "Session-ID",
        &[
            (
                "AB30317F1A784DC48FF824D0D3715D86 ;remote=00000000000000000000000000000000",
                "ab30317f1a784dc48ff824d0d3715d86;remote=00000000000000000000000000000000",
            ),
            (
                "ab30317f1a784dc48ff824d0d3715d86;x=1",
                "ab30317f1a784dc48ff824d0d3715d86;x=1",
            ),
        ],
    );
    law::<SubscriptionState>(
        "Subscription-State",
        &[("active;expires=9", "active;expires=9")],
    );
    law::<Timestamp>(
        "Timestamp",
        &[
            ("54.0210 0.5", "54.021 0.5"),
            ("7 .25", "7 0.25"),
            ("9.", "9"),
        ],
    );
    law::<UserToUser>(
        "User-to-User",
        &[
            ("56a390f3;encoding=hex", "56a390f3;encoding=hex"),
            ("\"a b\" ;purpose=x", "\"a b\";purpose=x"),
        ],
    );
    law::<Via>(
        "Via",
        &[(
            "SIP / 2.0 / UDP h.example : 5070 ;branch=1",
            "SIP/2.0/UDP h.example:5070;branch=1",
        )],
    );
    law::<Warning>(
        "Warning",
        &[("399 h:5060 \"a \\\"b\"", "399 h:5060 \"a \\\"b\"")],
    );
    for name in ["Accept-Contact", "Reject-Contact"] {
        law::<FeatureSet>(
            name,
            &[("* ; audio;require", "*;audio;require"), ("*", "*")],
        );
    }
}

#[test]
fn digests_print_what_they_read() {
    for name in ["WWW-Authenticate", "Proxy-Authenticate"] {
        let text = "Digest realm=\"r\", domain=\"sip:h\", nonce=\"n\", opaque=\"o\", stale=true, \
            algorithm=SHA-512-256, qop=\"auth, auth-int\", userhash=true, charset=UTF-8";
        law::<DigestChallenge>(name, &[(text, text)]);
        law::<AuthValue>(
            name,
            &[
                ("Bearer a.b/c==", "Bearer a.b/c=="),
                ("Basic realm=\"x\"", "Basic realm=\"x\""),
            ],
        );
    }
    for name in ["Authorization", "Proxy-Authorization"] {
        let text = "Digest username=\"u\", realm=\"r\", nonce=\"n\", uri=\"sip:h\", response=\"0f\", \
            algorithm=MD5-sess, cnonce=\"c\", opaque=\"\", qop=auth, nc=0000000a, x=y";
        law::<DigestCredentials>(name, &[(text, text)]);
    }
}

#[test]
fn the_edges_of_dates() {
    for (seconds, text) in [
        (0, "Thu, 01 Jan 1970 00:00:00 GMT"),
        (951_782_400, "Tue, 29 Feb 2000 00:00:00 GMT"),
        (-62_135_596_800, "Mon, 01 Jan 0001 00:00:00 GMT"),
        (253_402_300_799, "Fri, 31 Dec 9999 23:59:59 GMT"),
    ] {
        let date = Date::from_unix(seconds).unwrap();
        assert_eq!(date.to_string(), text);
        assert_eq!(Date::parse_value(text).map(Date::unix), Ok(seconds));
    }
    assert_eq!(Date::from_unix(253_402_300_800), None);
    for wrong in [
        "Fri, 01 Jan 2010 16:00:00 EST",
        "Fri, 30 Feb 2010 16:00:00 GMT",
        "Fri, 01 Jan 2010 24:00:00 GMT",
        "01 Jan 2010 16:00:00 GMT",
        "Fri, 1 Jan 10 1:2:3 GMT",
    ] {
        assert_eq!(Date::parse_value(wrong), Err(SyntaxError::Date), "{wrong}");
    }
}

#[test]
fn a_registered_device_is_known_by_its_contact() {
    let text = "<sip:bea@192.0.2.2;ob>;q=0.25;reg-id=2;+sip.instance=\"<urn:uuid:0-1>\";\
        pub-gruu=\"sip:bea@h.example;gr=urn:uuid:0-1\";temp-gruu=\"sip:x@h.example;gr\";expires=60";
    let contact: NameAddr = text.parse().unwrap();
    assert_eq!(contact.instance().as_deref(), Some("urn:uuid:0-1"));
    assert_eq!((contact.reg_id(), contact.expires()), (Some(2), Some(60)));
    assert_eq!(contact.quality(), Some(250));
    assert!(contact.uri.is_outbound());
    let public = contact.pub_gruu().unwrap();
    assert_eq!(public.gruu_instance().as_deref(), Some("urn:uuid:0-1"));
    assert!(contact.temp_gruu().unwrap().is_gruu());
    for (q, expected) in [
        ("1", Some(1000)),
        ("1.000", Some(1000)),
        ("0.5", Some(500)),
        (".05", Some(50)),
        ("1.1", None),
        ("2", None),
        ("0.1234", None),
        ("x", None),
    ] {
        let params: Params = std::format!("q={q}").parse().unwrap();
        assert_eq!(params.quality(), expected, "{q}");
    }
}

#[test]
fn a_name_beyond_ascii_is_sent_extended() {
    let mut credentials = DigestCredentials::parse_value(
        "Digest username*=utf-8'en'Ren%C3%a9e, realm=r, nonce=n, uri=\"sip:h\", response=\"0\"",
    )
    .unwrap();
    assert_eq!(credentials.username, "Renée");
    let printed = credentials.to_string();
    assert!(
        printed.starts_with("Digest username*=UTF-8''Ren%C3%A9e, "),
        "{printed}"
    );
    assert_eq!(
        DigestCredentials::parse_value(&printed).as_ref(),
        Ok(&credentials)
    );
    credentials.is_username_extended = false;
    assert!(
        credentials
            .to_string()
            .starts_with("Digest username=\"Renée\"")
    );
    for wrong in [
        "Digest username=u",
        "Basic dTpw",
        "Digest username*=latin1''u, realm=r",
        "Digest username=u, realm=r, nonce=n, uri=u, response=r, nc=00000000a",
    ] {
        assert_eq!(
            DigestCredentials::parse_value(wrong),
            Err(SyntaxError::Digest),
            "{wrong}"
        );
    }
}

#[test]
fn what_diverted_calls_tell() {
    let diversion = Diversion::parse_value("<tel:+1>;reason=\"no-answer\";limit=4").unwrap();
    assert_eq!(diversion.reason().as_deref(), Some("no-answer"));
    assert_eq!((diversion.counter(), diversion.limit()), (1, Some(4)));
    assert_eq!(diversion.privacy(), None);
    let entry = "<sip:a@h?Reason=SIP%3Bcause%3D486&Privacy=history>;index=1.2;mp=1";
    let entry = HistoryInfo::parse_value(entry).unwrap();
    assert_eq!(
        (entry.index(), entry.change()),
        (Some("1.2"), Some(TargetChange::Mapped("1")))
    );
    assert_eq!(entry.reason().unwrap().cause(), Some(486));
    assert!(entry.privacy().unwrap().wants("HISTORY"));
    assert_eq!(
        UserToUser::hex(&[0x56, 0xa3]).octets(),
        Some(std::vec![0x56, 0xa3])
    );
    assert_eq!(UserToUser::parse_value("abc").unwrap().octets(), None);
    assert_eq!(
        RetryAfter::parse_value("9;duration=30").unwrap().duration(),
        Some(30)
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
        law::<TargetDialog>(&std::format!("c;local-tag=1;remote-tag={text}"));
        law::<Preference>(&std::format!("a{text}"));
        law::<InfoUri>(&std::format!("<{text}>"));
        law::<HistoryInfo>(&std::format!("<sip:h>;{text}"));
        law::<Privacy>(&text);
        law::<UserToUser>(&text);
        law::<Timestamp>(&std::format!("1{text}"));
        law::<DigestChallenge>(&std::format!("Digest realm=r, nonce=n, {text}"));
        law::<AuthenticationInfo>(&text);
        law::<FeatureSet>(&std::format!("*{text}"));
        law::<SessionId>(&std::format!("{:032x}{text}", text.len()));
    }

    #[test]
    fn dates_are_read_back(seconds in -62_135_596_800_i64..=253_402_300_799) {
        let date = Date::from_unix(seconds).unwrap();
        prop_assert_eq!(Date::parse_value(&date.to_string()), Ok(date));
    }
}
