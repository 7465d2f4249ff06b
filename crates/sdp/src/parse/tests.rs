use std::{format, string::ToString, vec};

use proptest::prelude::*;

use super::*;
use crate::{AudioFormat, Direction, Encoding, MediaKind};

fn parse(text: &str) -> SessionDescription {
    SessionDescription::parse(text.as_bytes()).expect("a description")
}

/// Any line that a sender could come up with, good or bad.
fn line() -> impl Strategy<Value = String> {
    prop_oneof![
        "[a-z]=[ -~]{0,24}",
        "[ -~]{0,12}",
        "\\PC=\\PC{0,12}",
        "(i|b|t|r|z|k|x)=[a-z0-9 ]{0,8}",
        "o=[a-z -]{0,6}( [0-9]{1,22}){0,2}( IN IP4 192\\.0\\.2\\.[0-9])?",
        "c=IN IP[46] (192\\.0\\.2\\.[1-9]|::[1-9a-f]|host\\.example)(/127)?",
        "m=(audio|video|text) [0-9]{1,5}(/2)? (RTP/AVP|udptl)( [0-9]{1,3}){0,4}",
        "a=(rtpmap|fmtp|ptime|rtcp|candidate):[ -~]{0,20}",
        "a=(sendrecv|sendonly|recvonly|inactive)",
    ]
}

fn text() -> impl Strategy<Value = String> {
    let end = prop_oneof![Just("\r\n"), Just("\n"), Just(" \r\n"), Just("\r\n\r\n")];
    proptest::collection::vec((line(), end), 0..24).prop_map(|lines| {
        let mut text = String::from("v=0\r\n");
        lines
            .iter()
            .for_each(|(line, end)| text.extend([line.as_str(), end]));
        text
    })
}

proptest! {
    #[test]
    fn what_is_printed_is_read_back(text in text()) {
        if let Ok(description) = SessionDescription::parse(text.as_bytes()) {
            let printed = description.to_bytes();
            prop_assert_eq!(SessionDescription::parse(&printed), Ok(description));
        }
    }

    #[test]
    fn no_bytes_make_the_parser_panic(bytes in proptest::collection::vec(any::<u8>(), 0..512)) {
        let mut framed = b"v=0\r\nm=audio 1 RTP/AVP 0\r\n".to_vec();
        framed.extend(&bytes);
        let plain = SessionDescription::parse(&bytes);
        prop_assert!(plain.is_err() || bytes.trim_ascii_start().starts_with(b"v"));
        if let Ok(description) = SessionDescription::parse(&framed) {
            let printed = description.to_bytes();
            prop_assert_eq!(SessionDescription::parse(&printed), Ok(description));
        }
    }

    #[test]
    fn every_line_survives(
        lines in proptest::collection::vec("[bdf-lnpqruw-z]=[a-z]{1,9}", 0..40),
    ) {
        let text = format!("v=0\r\n{}\r\nm=audio 1 RTP/AVP 0\r\n", lines.join("\r\n"));
        let printed = parse(&text).to_string();
        for line in lines {
            let line = format!("\r\n{line}\r\n");
            prop_assert!(printed.contains(&line), "{} is lost", line);
        }
    }

    #[test]
    fn line_ends_do_not_matter(text in text()) {
        let unix = text.replace("\r\n", "\n");
        let old = text.replace("\r\n", "\r").replace('\n', "\r");
        let expected = SessionDescription::parse(text.as_bytes());
        prop_assert_eq!(&SessionDescription::parse(unix.as_bytes()), &expected);
        if let (Ok(a), Ok(b)) = (SessionDescription::parse(old.as_bytes()), expected) {
            prop_assert_eq!(a, b);
        }
    }
}

#[test]
fn a_complete_description_is_printed_as_it_came() {
    let text = "v=0\r\n\
        o=alice 2890844526 2890842807 IN IP6 2001:db8::1\r\n\
        s=Weekly call\r\n\
        i=The numbers\r\n\
        u=https://example.org/\r\n\
        e=alice@example.org\r\n\
        p=+1 555 0100\r\n\
        c=IN IP6 2001:db8::1\r\n\
        b=AS:128\r\n\
        t=3034423619 3042462419\r\n\
        r=604800 3600 0 90000\r\n\
        t=0 0\r\n\
        z=2882844526 -1h\r\n\
        k=prompt\r\n\
        x=from the future\r\n\
        a=tool:a:b\r\n\
        m=audio 49170/2 RTP/AVP 0 96\r\n\
        i=Main room\r\n\
        c=IN IP4 233.252.0.1/127\r\n\
        b=TIAS:64000\r\n\
        a=rtpmap:96 L16/16000/2\r\n\
        m=text 0 RTP/AVP 98\r\n";
    assert_eq!(parse(text).to_string(), text);
}

/// RFC 8866 5.
#[test]
fn lines_out_of_order_find_their_place() {
    let text =
        "v=0\na=late\nb=AS:80\nt=0 0\ns=x\nc=IN IP4 192.0.2.1\ni=info\no=- 1 2 IN IP4 192.0.2.1\n";
    let expected = "v=0\r\no=- 1 2 IN IP4 192.0.2.1\r\ns=x\r\ni=info\r\nc=IN IP4 192.0.2.1\r\n\
        b=AS:80\r\nt=0 0\r\na=late\r\n";
    assert_eq!(parse(text).to_string(), expected);
}

#[test]
fn missing_lines_get_their_neutral_values() {
    let expected = "v=0\r\no=- 0 0 IN IP4 0.0.0.0\r\ns=-\r\nt=0 0\r\n";
    assert_eq!(parse("v=0").to_string(), expected);
    assert_eq!(parse("v=0\r\ns= \r\no=-\r\n").to_string(), expected);
}

/// RFC 8866 5.2.
#[test]
fn an_origin_user_may_hold_spaces_and_an_id_may_be_huge() {
    let origin =
        parse("v=0\no=Bob of Sales 99999999999999999999999 7 IN IP4 host.example\n").origin;
    assert_eq!(origin.user(), "Bob of Sales");
    assert_eq!(origin.session_id(), "99999999999999999999999");
    assert_eq!(origin.session_version(), "7");
    assert_eq!(*origin.host(), Host::Name("host.example".into()));
}

#[test]
fn text_that_is_not_utf_8_is_read_as_latin_1() {
    let description = SessionDescription::parse(b"v=0\r\ns=Caf\xe9\r\n").expect("a description");
    assert_eq!(description.name(), "Café");
}

/// RFC 8866 5.7, 5.14, 6.6, 6.7 and 6.15.
#[test]
fn a_media_line_states_formats_connection_and_direction() {
    let description = parse(
        "v=0\nc=IN IP4 192.0.2.1\na=recvonly\nm=AUDIO 4000 rtp/avp 0 111 111 200 97 101\n\
         c=IN IP4 [2001:db8::7]\na=rtpmap: 111  OPUS/48000/2 \na=fmtp:111 useinbandfec=1; x=2\n\
         a=rtpmap:97 broken\na=RTPMAP:101 telephone-event/8000\na=rtpmap:101 second/8000\n\
         a=rtpmap:96 unlisted/8000\n\
         m=video 0 RTP/AVP 31\na=inactive\n",
    );
    let [audio, video] = description.media() else {
        panic!("two lines")
    };
    assert_eq!((audio.kind(), audio.port()), (&MediaKind::Audio, 4000));
    assert!(audio.is_plain_rtp());
    let expected = vec![
        AudioFormat::pcmu(),
        AudioFormat::opus(111).with_fmtp("useinbandfec=1; x=2"),
        AudioFormat::new(101, Encoding::TELEPHONE_EVENT, 8000),
    ];
    assert_eq!(audio.audio_formats(), expected);
    let host = |media| {
        description
            .connection_of(media)
            .expect("c=")
            .host()
            .to_string()
    };
    assert_eq!(
        (host(audio), host(video)),
        ("2001:db8::7".into(), "192.0.2.1".into())
    );
    assert_eq!(description.direction_of(audio), Direction::RecvOnly);
    assert_eq!(description.direction_of(video), Direction::Inactive);
}

#[test]
fn each_refusal_names_its_line() {
    let cases = [
        ("", SdpError::NoVersion),
        ("hello", SdpError::Line { line: 1 }),
        ("o=- 1 1 IN IP4 192.0.2.1", SdpError::NoVersion),
        ("v=1", SdpError::Version { line: 1 }),
        ("v=0\ns=-\nv=0", SdpError::Version { line: 3 }),
        ("v=0\n\nno equals sign", SdpError::Line { line: 3 }),
        ("v=0\nfoo=bar", SdpError::Line { line: 2 }),
        ("v=0\ns=a\0b", SdpError::Control { line: 2 }),
        ("v=0\ns=a\rb\n", SdpError::Control { line: 2 }),
        ("v=0\nc=IN IP4", SdpError::Connection { line: 2 }),
        ("v=0\nm=audio", SdpError::Media { line: 2 }),
        ("v=0\nm=audio 65536 RTP/AVP 0", SdpError::Media { line: 2 }),
        ("v=0\nm=audio -1 RTP/AVP 0", SdpError::Media { line: 2 }),
    ];
    for (text, expected) in cases {
        assert_eq!(
            SessionDescription::parse(text.as_bytes()),
            Err(expected),
            "{text:?}"
        );
    }
}

#[test]
fn each_limit_holds_and_what_it_allows_is_read() {
    let read = |text: String| SessionDescription::parse(text.as_bytes());
    let lines = |line: &str, count: usize| format!("v=0\n{}", line.repeat(count));
    let media = "m=audio 1 RTP/AVP 0\n";
    let cases = [
        (
            media,
            MAX_MEDIA,
            SdpError::TooManyMedia {
                line: MAX_MEDIA + 2,
            },
        ),
        (
            "a=x\n",
            MAX_ATTRIBUTES,
            SdpError::TooManyAttributes {
                line: MAX_ATTRIBUTES + 2,
            },
        ),
        // The mandatory `t=` counts even if it is missing.
        (
            "y=x\n",
            MAX_OTHER_LINES - 1,
            SdpError::TooManyLines {
                line: MAX_OTHER_LINES + 1,
            },
        ),
        (
            "c=IN IP4 192.0.2.1\n",
            MAX_CONNECTIONS,
            SdpError::TooManyConnections {
                line: MAX_CONNECTIONS + 2,
            },
        ),
    ];
    for (line, limit, error) in cases {
        assert!(read(lines(line, limit)).is_ok(), "{limit} times {line}");
        assert_eq!(read(lines(line, limit + 1)), Err(error));
    }
    let formats = |count| format!("v=0\nm=audio 1 RTP/AVP{}\n", " 0".repeat(count));
    assert!(read(formats(MAX_FORMATS)).is_ok());
    assert_eq!(
        read(formats(MAX_FORMATS + 1)),
        Err(SdpError::TooManyFormats { line: 2 })
    );
    let bytes = MAX_DESCRIPTION_BYTES + 1;
    assert_eq!(
        SessionDescription::parse(&vec![b'a'; bytes]),
        Err(SdpError::TooLarge { bytes })
    );
}
