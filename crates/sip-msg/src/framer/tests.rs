use std::string::String;
use std::vec::Vec;
use std::{format, vec};

use proptest::prelude::*;

use crate::*;

fn message(subject: &str, body: &str) -> Vec<u8> {
    format!(
        "MESSAGE sip:noor@quay.example SIP/2.0\r\nVia: SIP/2.0/TCP quay.example;branch=z9hG4bK1\r\n\
        From: <sip:ole@quay.example>;tag=1\r\nTo: <sip:noor@quay.example>\r\nCall-ID: slate\r\n\
        CSeq: 1 MESSAGE\r\nSubject: {subject}\r\nContent-Length: {}\r\n\r\n{body}",
        body.len()
    )
    .into_bytes()
}

/// A frame or an error, comparable.
fn outcome(item: Result<Frame, ParseError>) -> Result<Frame, (Rule, usize, Option<Message>)> {
    item.map_err(|error| (error.rule(), error.offset(), error.salvaged().cloned()))
}

type Outcomes = Vec<Result<Frame, (Rule, usize, Option<Message>)>>;

fn frames<'a>(pieces: impl IntoIterator<Item = &'a [u8]>) -> Outcomes {
    let limits = Limits {
        message_len: 1_000,
        headers: 12,
        ..Limits::default()
    };
    let mut framer = StreamFramer::new(limits);
    let mut all = vec![];
    for piece in pieces {
        framer.push(piece);
        all.extend(framer.by_ref().map(outcome));
    }
    all
}

fn rules(stream: &[u8]) -> Vec<Option<Rule>> {
    frames([stream])
        .into_iter()
        .map(|item| item.err().map(|(rule, ..)| rule))
        .collect()
}

#[test]
fn messages_pings_and_pongs_share_a_stream() {
    let stream = [
        &b"\r\n\r\n"[..],
        &message("a", "hello"),
        b"\r\n",
        &message("b", ""),
        b"\n\n",
    ]
    .concat();
    let frames: Vec<_> = frames([&stream[..]])
        .into_iter()
        .map(Result::unwrap)
        .collect();
    let [
        Frame::Ping,
        Frame::Message(a),
        Frame::Pong,
        Frame::Message(b),
    ] = &frames[..]
    else {
        panic!("{frames:?}");
    };
    assert_eq!(a.subject().as_deref(), Some("a"));
    assert_eq!(&a.body()[..], b"hello");
    assert_eq!(b.subject().as_deref(), Some("b"));
}

#[test]
fn an_expected_pong_is_reported_at_once() {
    let mut framer = StreamFramer::new(Limits::default());
    framer.push(b"\r\n");
    assert!(framer.next().is_none(), "it may be half a ping");
    framer.push(b"\r\n");
    assert!(matches!(framer.next(), Some(Ok(Frame::Ping))));
    framer.expect_pong();
    framer.push(b"\r\n");
    assert!(matches!(framer.next(), Some(Ok(Frame::Pong))));
    assert!(framer.next().is_none());
}

#[test]
fn a_message_of_known_length_can_be_refused_alone() {
    let wrong = [
        &b"BROKEN\r\nVia: x\r\nContent-Length: 3\r\n\r\nabc"[..],
        &message("ok", ""),
    ];
    assert_eq!(rules(&wrong.concat()), [Some(Rule::StartLine), None]);
    let many = format!(
        "OPTIONS sip:a SIP/2.0\r\nl: 0\r\n{}\r\n",
        "a: b\r\n".repeat(20)
    );
    let stream = [many.as_bytes(), &message("ok", "")].concat();
    assert_eq!(rules(&stream), [Some(Rule::TooManyHeaders), None]);
}

#[test]
fn an_unknown_length_ends_the_stream() {
    let without = String::from_utf8(message("a", ""))
        .unwrap()
        .replace("Content-Length: 0\r\n", "");
    let after = message("never seen", "");
    for (head, rule) in [
        (without.into_bytes(), Rule::ContentLengthMissing),
        (message("x\r\nl: 7", ""), Rule::ContentLength),
        (message("x\r\nl: seven", ""), Rule::ContentLength),
        (message("x", &"y".repeat(1_000)), Rule::MessageTooLong),
        (message(&"x".repeat(1_000), ""), Rule::MessageTooLong),
    ] {
        let outcomes = frames([&head[..], &after[..]]);
        assert_eq!(outcomes.len(), 1, "{rule:?} {outcomes:?}");
        let (found, _, salvaged) = outcomes[0].as_ref().unwrap_err();
        assert_eq!(*found, rule);
        if head.len() < 1_000 {
            assert!(salvaged.is_some(), "{rule:?}");
        }
    }
}

#[test]
fn the_buffer_is_bounded() {
    let limits = Limits {
        message_len: 100,
        stream_buffer_len: 150,
        ..Limits::default()
    };
    let mut framer = StreamFramer::new(limits);
    for _ in 0..100 {
        framer.push(b"OPTIONS sip");
        assert!(framer.buffered_len() <= 150);
    }
    assert_eq!(
        framer.next().unwrap().unwrap_err().rule(),
        Rule::MessageTooLong
    );
    assert!(framer.is_failed() && framer.next().is_none());
    let mut framer = StreamFramer::new(limits);
    framer.push(&[b'\r'; 1]);
    framer.push(&[b'\n'; 150]);
    assert_eq!(
        framer.next().unwrap().unwrap_err().rule(),
        Rule::StreamBufferFull
    );
}

#[test]
fn torn_at_each_octet_the_frames_are_the_same() {
    let stream = [
        &b"\r\n\r\n\r\n"[..],
        &message("a", "b\r\n\r\nc"),
        b"\n",
        &message("d", "e"),
    ]
    .concat();
    let whole = frames([&stream[..]]);
    assert_eq!(whole.len(), 4);
    for at in 0..=stream.len() {
        let (left, right) = stream.split_at(at);
        assert_eq!(frames([left, right]), whole, "torn at {at}");
    }
    assert_eq!(frames(stream.chunks(1)), whole);
}

fn piece() -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => ("[a-z]{0,9}", "[ -~\r\n]{0,30}").prop_map(|(subject, body)| message(&subject, &body)),
        2 => Just(b"\r\n".to_vec()),
        1 => Just(b"\r\n\r\n".to_vec()),
        1 => Just(b"\n".to_vec()),
        1 => "[A-Z:/ \r\nl0-9]{0,30}".prop_map(String::into_bytes),
        1 => Just(b"BAD\r\nl: 2\r\n\r\nxy".to_vec()),
    ]
}

proptest! {
    #[test]
    fn tearing_changes_nothing(
        pieces in prop::collection::vec(piece(), 0..8), size in 1_usize..40,
    ) {
        let stream = pieces.concat();
        prop_assert_eq!(frames(stream.chunks(size)), frames(stream.chunks(1)));
        prop_assert_eq!(frames([&stream[..]]), frames(stream.chunks(1)));
    }
}
