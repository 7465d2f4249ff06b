use std::string::{String, ToString};
use std::vec::Vec;
use std::{format, vec};

use bytes::Bytes;
use proptest::prelude::*;

use crate::*;

fn parse(text: &[u8]) -> Result<Message, ParseError> {
    Message::parse_datagram(Bytes::copy_from_slice(text), &Limits::default())
}

/// A request with the five needed headers, `extra` lines and no body.
fn request(extra: &[u8]) -> Vec<u8> {
    let mut text = b"OPTIONS sip:carol@garden.example SIP/2.0\r\n\
        Via: SIP/2.0/UDP 192.0.2.7:5070;branch=z9hG4bKmoss\r\n\
        From: <sip:dora@garden.example>;tag=fern\r\n\
        To: <sip:carol@garden.example>\r\n\
        Call-ID: ivy@192.0.2.7\r\n\
        CSeq: 7 OPTIONS\r\n"
        .to_vec();
    text.extend_from_slice(extra);
    text.extend_from_slice(b"\r\n");
    text
}

const TORTUOUS: &[u8] = b"INVITE sip:vera@desk.example;mood SIP/2.0\r\n\
    tO :\r\n sip:vera@desk.example ;   tag   =  77aa\r\n\
    FROM   : \"V \\\\\\\"\"       <sip:paul@desk.example>\r\n  ;\r\n  tag = p81\r\n\
    max-FORWARDS: 0042\r\n\
    i: twisted.1@192.0.2.1\r\n\
    l   : 4\r\n\
    cseq: 0011\r\n  INVITE\r\n\
    Via  : SIP  /   2.0\r\n /UDP\r\n    192.0.2.2;branch=plain\r\n\
    s :\r\n\
    X-Novel:   one\r\n two\r\n\
    X-Odd: ;;,,;;,;\r\n\
    v:  SIP  / 2.0  / TCP     loom.example   ;\r\n  branch  =   z9hG4bKone  ,\r\n \
    SIP  /    2.0   / UDP  192.0.2.9   ; branch=\r\n z9hG4bKtwo\r\n\
    m:\"Quoted \\\"\\\"\" <sip:paul@desk.example> ; fresh =\r\n      value ;\r\n  plain ; q = 0.33\r\n\
    \r\nbody";

#[test]
fn twisted_spelling_reads_like_the_plain_one() {
    let message = parse(TORTUOUS).unwrap();
    assert_eq!(message.method(), Some(&Method::Invite));
    assert!(message.request_uri().unwrap().params().has("mood"));
    let core = message.core().unwrap();
    assert_eq!(core.to.tag(), Some("77aa"));
    assert_eq!(core.to.uri.to_string(), "sip:vera@desk.example");
    assert_eq!(core.from.display.as_deref(), Some("V \\\""));
    assert_eq!(core.from.tag(), Some("p81"));
    assert_eq!(core.cseq, CSeq::new(11, Method::Invite));
    assert_eq!(core.call_id, "twisted.1@192.0.2.1");
    assert_eq!(message.max_forwards(), Ok(Some(42)));
    assert_eq!(message.subject().as_deref(), Some(""));
    let vias: Vec<_> = message.vias().map(Result::unwrap).collect();
    let branches: Vec<_> = vias.iter().map(|via| via.branch().unwrap()).collect();
    assert_eq!(branches, ["plain", "z9hG4bKone", "z9hG4bKtwo"]);
    assert_eq!(vias[1].transport, Transport::Tcp);
    let contact = message.contacts().next().unwrap().unwrap();
    assert_eq!(contact.display.as_deref(), Some("Quoted \"\""));
    assert_eq!(contact.params.value("fresh"), Some("value"));
    assert!(contact.params.has("plain"));
    let novel: HeaderName = "x-novel".parse().unwrap();
    assert_eq!(message.text(&novel).as_deref(), Some("one two"));
    assert_eq!(
        message.text(&"X-Odd".parse().unwrap()).as_deref(),
        Some(";;,,;;,;")
    );
    assert_eq!(&message.body()[..], b"body");
    assert_eq!(&message.bytes()[..], TORTUOUS);
}

#[test]
fn odd_octets_in_one_header_leave_the_others_alone() {
    let text = request(
        b"Subject: Caf\xe9 \x92 \xff\r\nP-Gr\xfc\xdfe: hi\r\nno colon here\r\n: nameless\r\n\
        Contact: \"Ren\xe9e\" <sip:renee@garden.example>\r\nUser-Agent: last\r\n",
    );
    let message = parse(&text).unwrap();
    assert_eq!(message.subject().as_deref(), Some("Café \u{92} ÿ"));
    let contact = message.contacts().next().unwrap().unwrap();
    assert_eq!(contact.display.as_deref(), Some("Renée"));
    assert_eq!(message.user_agent().as_deref(), Some("last"));
    assert_eq!(message.headers().count(), 8);
    message.core().unwrap();
    assert_eq!(
        &message.bytes()[..],
        &text[..],
        "the lines that are no header are kept"
    );
}

#[test]
fn bare_line_feeds_and_leading_line_ends_are_tolerated() {
    let mut text = b"\r\n\r\n".to_vec();
    text.extend(
        request(b"Subject: a\r\n b\r\n")
            .into_iter()
            .filter(|byte| *byte != b'\r'),
    );
    text.extend_from_slice(b"the body");
    let message = parse(&text).unwrap();
    message.core().unwrap();
    assert_eq!(message.subject().as_deref(), Some("a b"));
    assert_eq!(&message.body()[..], b"the body");
}

#[test]
fn content_length_decides_where_the_datagram_ends() {
    let with_body = |length: &str, body: &str| {
        let mut text = request(format!("Content-Length: {length}\r\n").as_bytes());
        text.extend_from_slice(body.as_bytes());
        parse(&text)
    };
    assert_eq!(&with_body("3", "abcdef").unwrap().body()[..], b"abc");
    assert_eq!(&with_body("0", "abcdef").unwrap().body()[..], b"");
    let truncated = with_body("9", "abcdef").unwrap_err();
    assert_eq!(truncated.rule(), Rule::BodyTruncated);
    assert_eq!(truncated.status(), StatusCode::BAD_REQUEST);
    truncated.salvaged().unwrap().core().unwrap();
    for wrong in [
        "-1",
        "",
        "4 ",
        "+4",
        "0x4",
        "99999999999999999999999",
        "4, 4",
    ] {
        let outcome = with_body(wrong, "abcd");
        match wrong {
            "4 " => assert_eq!(&outcome.unwrap().body()[..], b"abcd"),
            _ => assert_eq!(
                outcome.unwrap_err().rule(),
                Rule::ContentLength,
                "{wrong:?}"
            ),
        }
    }
    let differing = parse(&request(b"l: 0\r\nContent-Length: 1\r\n")).unwrap_err();
    assert_eq!(differing.rule(), Rule::ContentLength);
    parse(&request(b"l: 0\r\nContent-Length: 0\r\n")).unwrap();
}

#[test]
fn a_broken_start_line_can_still_be_answered() {
    let cases: [(&str, Rule, bool); 8] = [
        ("OPTIONS sip:a@b.example SIP/7.0", Rule::Version, true),
        ("OPTIONS sip:a@b.example", Rule::StartLine, true),
        ("OPTIONS  SIP/2.0", Rule::StartLine, true),
        ("OPTIONS sip:a@b.example HTTP/1.1", Rule::StartLine, true),
        (
            "OPT\u{7f}IONS sip:a@b.example SIP/2.0",
            Rule::StartLine,
            false,
        ),
        ("SIP/2.0 2000 Fine", Rule::StartLine, false),
        ("SIP/2.0 99 Low", Rule::StartLine, false),
        ("SIP/3.0 200 Fine", Rule::Version, true),
    ];
    for (line, rule, can_answer) in cases {
        let text = request(b"");
        let at = text.iter().position(|byte| *byte == b'\r').unwrap();
        let text = [line.as_bytes(), &text[at..]].concat();
        let error = parse(&text).unwrap_err();
        assert_eq!(
            (error.rule(), error.salvaged().is_some()),
            (rule, can_answer),
            "{line}"
        );
    }
    assert_eq!(parse(b"").unwrap_err().rule(), Rule::Empty);
    assert_eq!(parse(b"\r\n\r\n").unwrap_err().rule(), Rule::Empty);
    let cut = request(b"");
    let error = parse(&cut[..cut.len() - 2]).unwrap_err();
    assert_eq!(
        (error.rule(), error.offset()),
        (Rule::EndOfHeaders, cut.len() - 2)
    );
    assert!(error.salvaged().is_some());
}

#[test]
fn status_lines_with_and_without_a_phrase() {
    let tail = "\r\nVia: SIP/2.0/UDP a.example\r\n\r\n";
    for (line, code, phrase) in [
        ("SIP/2.0 200 OK", 200, "OK"),
        ("SIP/2.0 200 ", 200, ""),
        ("SIP/2.0 404", 404, ""),
        (
            "sip/2.0 699 All = wrong; \u{43d}\u{435}\u{442}",
            699,
            "All = wrong; нет",
        ),
    ] {
        let message = parse(format!("{line}{tail}").as_bytes()).unwrap();
        assert_eq!(message.status().map(StatusCode::as_u16), Some(code));
        assert_eq!(message.reason_phrase(), phrase);
        assert_eq!(message.request_uri(), Err(HeaderError::NotARequest));
    }
}

#[test]
fn limits_are_refusals_that_can_be_answered() {
    let limits = Limits {
        message_len: 600,
        headers: 10,
        header_line_len: 80,
        ..Limits::default()
    };
    let parse = |text: Vec<u8>| Message::parse_datagram(Bytes::from(text), &limits).unwrap_err();
    let long_line = format!("Subject: {}\r\n", "x".repeat(90));
    let folded = format!(
        "Subject: a\r\n {}\r\n {}\r\n",
        "x".repeat(40),
        "y".repeat(40)
    );
    let mut long_body = request(b"");
    long_body.resize(601, b'x');
    for (text, rule) in [
        (request(long_line.as_bytes()), Rule::HeaderLineTooLong),
        (request(folded.as_bytes()), Rule::HeaderLineTooLong),
        (
            request("A: b\r\n".repeat(6).as_bytes()),
            Rule::TooManyHeaders,
        ),
        (long_body, Rule::MessageTooLong),
    ] {
        let error = parse(text);
        assert_eq!(
            (error.rule(), error.status()),
            (rule, StatusCode::MESSAGE_TOO_LARGE)
        );
        error.salvaged().unwrap().core().unwrap();
    }
}

#[test]
fn repeated_headers_must_agree() {
    let differing = parse(&request(b"CSeq: 8 OPTIONS\r\n")).unwrap();
    assert_eq!(
        differing.core(),
        Err(HeaderError::Repeated(HeaderName::CSeq))
    );
    let same = parse(&request(b"CSeq: 7 OPTIONS\r\ni: ivy@192.0.2.7\r\n")).unwrap();
    same.core().unwrap();
    let differing = parse(&request(b"i: other\r\n")).unwrap();
    assert_eq!(
        differing.call_id(),
        Err(HeaderError::Repeated(HeaderName::CallId))
    );
}

#[test]
fn a_missing_or_broken_header_is_named() {
    let without = |name: &str| {
        let text = String::from_utf8(request(b"")).unwrap();
        let kept: String = text
            .split_inclusive("\r\n")
            .filter(|line| !line.starts_with(name))
            .collect();
        parse(kept.as_bytes()).unwrap().core().unwrap_err()
    };
    for name in ["Via", "From", "To", "Call-ID", "CSeq"] {
        assert_eq!(
            without(&format!("{name}:")),
            HeaderError::Missing(name.parse().unwrap())
        );
    }
    let text = String::from_utf8(request(b""))
        .unwrap()
        .replace("7 OPTIONS", "7 INVITE");
    assert_eq!(
        parse(text.as_bytes()).unwrap().core(),
        Err(HeaderError::CSeqMethod)
    );
    let text = String::from_utf8(request(b""))
        .unwrap()
        .replace("7 OPTIONS", "2147483648 OPTIONS");
    let error = parse(text.as_bytes()).unwrap().core().unwrap_err();
    assert!(
        error
            .to_string()
            .starts_with("the CSeq header is malformed"),
        "{error}"
    );
}

#[test]
fn optional_headers_are_typed() {
    let message = parse(&request(
        b"Require: 100rel, Timer\r\nRequire: join\r\nk:\r\nAllow: INVITE,,ACK, B(AD\r\n\
        Expires: 3600\r\nReason: SIP;cause=200;text=\"a, b; c\", Q.850;cause=16\r\n\
        Warning: 399 gate.example \"say \\\"no\\\"\"\r\nRetry-After: 18 (in a (while));duration=9\r\n\
        x: 90;refresher=uac\r\nMin-SE: 60\r\no: dialog;id=4\r\n\
        Subscription-State: terminated;reason=timeout\r\nRAck: 1 2 INVITE\r\nRSeq: 9\r\n\
        Replaces: c1@h;to-tag=t;from-tag=f;early-only\r\nContact: *\r\n\
        c: Multipart/Mixed;boundary=\"a;b\"\r\nr: <sip:x@y.example?Replaces=q%3Bto-tag%3D1>\r\n\
        Authorization: Digest username=\"u, v\", nc=00000001,uri=\"sip:h\"\r\n",
    ))
    .unwrap();
    assert!(message.require().contains("timer") && message.require().contains("JOIN"));
    assert!(message.supported().is_empty());
    assert_eq!(message.allow(), Some(vec![Method::Invite, Method::Ack]));
    assert_eq!(message.expires(), Ok(Some(3600)));
    let reasons: Vec<_> = message.reason().map(Result::unwrap).collect();
    assert_eq!(reasons[0].text().as_deref(), Some("a, b; c"));
    assert_eq!(reasons[1].cause(), Some(16));
    assert_eq!(
        message.warning().next().unwrap().unwrap().text,
        "say \"no\""
    );
    let retry = message.retry_after().unwrap().unwrap();
    assert_eq!(
        (retry.seconds, retry.comment.as_deref()),
        (18, Some("in a (while)"))
    );
    assert_eq!(
        message.session_expires().unwrap().unwrap().refresher(),
        Some("uac")
    );
    assert_eq!(message.min_se().unwrap().unwrap().seconds, 60);
    assert_eq!(message.event().unwrap().unwrap().id(), Some("4"));
    assert!(
        message
            .subscription_state()
            .unwrap()
            .unwrap()
            .is_terminated()
    );
    assert_eq!(
        message.rack().unwrap().unwrap().cseq,
        CSeq::new(2, Method::Invite)
    );
    assert_eq!(message.rseq(), Ok(Some(9)));
    assert!(message.replaces().unwrap().unwrap().is_early_only());
    assert!(message.is_contact_wildcard() && message.contacts().next().is_none());
    let content_type = message.content_type().unwrap().unwrap();
    assert!(content_type.is("multipart", "mixed"));
    assert_eq!(content_type.params.text("boundary").as_deref(), Some("a;b"));
    let refer_to = message.refer_to().unwrap().unwrap();
    let (name, value) = refer_to.uri.headers().next().unwrap();
    assert_eq!((&*name, &*value), ("Replaces", "q;to-tag=1"));
    let credentials = message.authorization().next().unwrap().unwrap();
    assert_eq!(credentials.param("USERNAME"), Some("u, v"));
    assert_eq!(credentials.param("nc"), Some("00000001"));
}

#[test]
fn the_source_of_a_request_is_noted_in_its_top_via_alone() {
    let source = "203.0.113.5".parse().unwrap();
    let noted = |via: &str| {
        let text = String::from_utf8(request(b"Subject: after\r\n")).unwrap();
        let text = text.replace("SIP/2.0/UDP 192.0.2.7:5070;branch=z9hG4bKmoss", via);
        let before = parse(text.as_bytes()).unwrap();
        let after = before.with_top_via_received(source, 4321);
        let reparsed = parse(after.bytes()).unwrap();
        assert_eq!(reparsed, after);
        assert_eq!(after.subject(), reparsed.subject());
        assert_eq!(after.call_id(), before.call_id());
        let mut typed = before.top_via().unwrap();
        typed.note_source(source, 4321);
        let top = after.top_via().unwrap();
        assert_eq!(
            (top.rport(), top.received()),
            (typed.rport(), typed.received())
        );
        String::from_utf8(after.header(&HeaderName::Via).unwrap().raw_value().to_vec()).unwrap()
    };
    assert_eq!(
        noted("SIP/2.0/UDP 203.0.113.5;branch=b"),
        "SIP/2.0/UDP 203.0.113.5;branch=b"
    );
    assert_eq!(
        noted("SIP/2.0/UDP pc.example;branch=b"),
        "SIP/2.0/UDP pc.example;branch=b;received=203.0.113.5"
    );
    assert_eq!(
        noted("SIP / 2.0/UDP 203.0.113.5; rport ;branch=b , SIP/2.0/TCP q.example;rport"),
        "SIP / 2.0/UDP 203.0.113.5;branch=b;rport=4321;received=203.0.113.5, \
         SIP/2.0/TCP q.example;rport"
            .replace("5, ", "5,")
            .replace(",SIP/2.0/TCP", ", SIP/2.0/TCP")
    );
    assert_eq!(
        noted("SIP/2.0/UDP 203.0.113.5;received=198.51.100.1;branch=b"),
        "SIP/2.0/UDP 203.0.113.5;branch=b",
        "a client has no say about where it was seen"
    );
}

#[test]
fn the_top_route_is_removed_and_nothing_else() {
    let one = "<sip:a.example;lr>";
    let two = "\"B, b\" <sip:b.example;lr>;x=\"1,2\"";
    let text = request(format!("Route: {one} ,\r\n {two}\r\nRoute: {one}\r\ns: s\r\n").as_bytes());
    let mut message = parse(&text).unwrap();
    let hosts = |message: &Message| -> Vec<String> {
        message
            .routes()
            .map(|route| route.unwrap().uri.host().unwrap().to_string())
            .collect()
    };
    for left in [&["b.example", "a.example"][..], &["a.example"], &[], &[]] {
        message = message.without_top(&HeaderName::Route);
        assert_eq!(hosts(&message), left);
        assert_eq!(message.subject().as_deref(), Some("s"));
        assert_eq!(hosts(&parse(message.bytes()).unwrap()), left);
    }
    assert!(!message.has(&HeaderName::Route));
    assert_eq!(&message.bytes()[..], &request(b"s: s\r\n")[..]);
}

#[test]
fn every_known_name_is_found_in_any_case_and_printed_canonically() {
    for text in [
        "Via",
        "cseq",
        "WWW-AUTHENTICATE",
        "sip-etag",
        "P-Asserted-Identity",
        "V",
        "i",
    ] {
        let name: HeaderName = text.parse().unwrap();
        assert!(!matches!(name, HeaderName::Other(_)), "{text}");
        assert_eq!(name.as_str().parse::<HeaderName>().unwrap(), name);
    }
    assert_eq!("v".parse::<HeaderName>().unwrap().as_str(), "Via");
    assert_eq!("x-A".parse::<HeaderName>().unwrap(), "X-a".parse().unwrap());
    assert!("a b".parse::<HeaderName>().is_err());
    assert!("A\r\nB".parse::<HeaderName>().is_err());
}

/// Octets that look like SIP more often than noise does.
fn sip_like() -> impl Strategy<Value = Vec<u8>> {
    let pieces: Vec<&'static [u8]> = vec![
        b"\r\n",
        b"\n",
        b"\r",
        b" ",
        b"\t",
        b":",
        b";",
        b",",
        b"\"",
        b"\\",
        b"<",
        b">",
        b"=",
        b"@",
        b"SIP/2.0",
        b"INVITE",
        b"sip:",
        b"tel:+1",
        b"Via: SIP/2.0/UDP h;branch=z9hG4bK\r\n",
        b"From: <sip:a@b>;tag=1\r\n",
        b"To: \"x\" <sip:b>\r\n",
        b"i: c\r\n",
        b"CSeq: 1 INVITE\r\n",
        b"l: 4\r\n",
        b"Content-Length: 99999\r\n",
        b"Contact: *\r\n",
        b"\r\n\r\n",
        b"200",
        b"[::1]",
        b"\xff",
        b"\0",
        b"%4",
        b"z",
    ];
    let piece = prop_oneof![
        8 => prop::sample::select(pieces).prop_map(<[u8]>::to_vec),
        1 => prop::collection::vec(any::<u8>(), 0..4),
    ];
    prop::collection::vec(piece, 0..60).prop_map(|pieces| pieces.concat())
}

/// Reads all that can be read.
pub(crate) fn read_everything(message: &Message) {
    let _ = (
        message.core(),
        message.request_uri(),
        message.reason_phrase(),
        message.body(),
    );
    let _ = (
        message.max_forwards(),
        message.content_type(),
        message.content_length(),
    );
    let _ = (
        message.require(),
        message.supported(),
        message.allow(),
        message.expires(),
    );
    let _ = (
        message.session_expires(),
        message.retry_after(),
        message.refer_to(),
    );
    let _ = (
        message.event(),
        message.subscription_state(),
        message.replaces(),
        message.rack(),
    );
    message.vias().for_each(drop);
    message.contacts().for_each(drop);
    message.routes().for_each(drop);
    message.record_routes().for_each(drop);
    message.reason().for_each(drop);
    message.warning().for_each(drop);
    message.authorization().for_each(drop);
    message.www_authenticate().for_each(drop);
    for field in message.headers() {
        let _ = (field.name(), field.text());
    }
}

proptest! {
    #[test]
    fn parsing_is_total_and_loses_nothing(noise in sip_like(), is_framed in any::<bool>()) {
        let text = if is_framed { request(&noise) } else { noise };
        let message = match parse(&text) {
            Ok(message) => message,
            Err(error) => match error.salvaged() {
                Some(message) => message.clone(),
                None => return Ok(()),
            },
        };
        read_everything(&message);
        for name in [HeaderName::Via, HeaderName::Route, HeaderName::To] {
            read_everything(&message.without_top(&name));
        }
        read_everything(&message.with_top_via_received([192, 0, 2, 1].into(), 9));
        read_everything(&MessageBuilder::response_to(&message, StatusCode::OK).to_tag("t").build());
        for field in message.headers() {
            let line = field.raw_line();
            prop_assert!(text.windows(line.len()).any(|window| window == line));
            prop_assert!(line.starts_with(field.raw_name()));
        }
    }

    #[test]
    fn header_lines_join_to_what_was_received(
        lines in prop::collection::vec(
            "[A-Za-z-]{2,9} ?: {0,2}[ -~é]{0,20}(\r\n [ -~]{1,9})?", 0..20,
        ),
        body in "[ -~\r\n]{0,40}",
    ) {
        let mut text = b"OPTIONS sip:h SIP/2.0\r\n".to_vec();
        let head: String = lines.iter().map(|line| format!("{line}\r\n")).collect();
        text.extend_from_slice(head.as_bytes());
        text.extend_from_slice(b"\r\n");
        text.extend_from_slice(body.as_bytes());
        let Ok(message) = parse(&text) else { return Ok(()) };
        let lines = message.headers().flat_map(|field| field.raw_line());
        let joined: Vec<u8> = lines.copied().collect();
        prop_assert_eq!(&joined[..], head.as_bytes());
        prop_assert_eq!(&message.bytes()[..], &text[..]);
    }
}
