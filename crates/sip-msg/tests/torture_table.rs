//! The torture messages of RFC 4475 and RFC 5118, as the message layer sees them.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

mod torture;

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;

use bytes::Bytes;
use plenum_sip_msg::{
    Core, Frame, HeaderError, HeaderName, Limits, Message, NameAddr, StreamFramer,
};
use torture::{CASES, Case, cases};

fn folder() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/torture"))
}

fn parse(case: &Case) -> Result<Message, String> {
    Message::parse_datagram(Bytes::from(case.octets.clone()), &Limits::default())
        .map_err(|error| format!("parse {:?}", error.rule()))
}

/// What the table calls the outcome of a message.
fn outcome(case: &Case) -> String {
    let message = match parse(case) {
        Ok(message) => message,
        Err(refusal) => return refusal,
    };
    match message.check() {
        Ok(_) => "ok".into(),
        Err(HeaderError::RequestUri(_)) => "uri".into(),
        Err(HeaderError::CSeqMethod) => "header CSeq".into(),
        Err(
            HeaderError::Missing(name)
            | HeaderError::Repeated(name)
            | HeaderError::Malformed { name, .. },
        ) => format!("header {name}"),
        Err(other) => other.to_string(),
    }
}

#[test]
fn every_message_is_treated_as_its_standard_says() {
    let cases = cases(folder());
    assert_eq!(cases.len(), CASES);
    for case in &cases {
        let outcome = outcome(case);
        assert!(
            case.read().any(|read| read == outcome),
            "{}: {outcome}",
            case.name
        );
        if outcome == "ok" {
            let message = parse(case).unwrap();
            let core = message.check().unwrap();
            for (key, value) in case.values() {
                assert_eq!(
                    value_of(&message, &core, key),
                    value,
                    "{}: {key}",
                    case.name
                );
            }
        }
    }
}

#[test]
fn every_file_of_the_folder_is_in_the_table() {
    let named: BTreeSet<String> = cases(folder()).into_iter().map(|case| case.name).collect();
    let files = fs::read_dir(folder()).unwrap();
    let names = files.filter_map(|file| {
        let name = file.unwrap().file_name().into_string().unwrap();
        name.strip_suffix(".sip").map(str::to_owned)
    });
    assert_eq!(names.collect::<BTreeSet<_>>(), named);
}

#[test]
fn a_request_that_is_refused_can_be_answered_when_it_has_its_headers() {
    for case in cases(folder()) {
        let error = Message::parse_datagram(Bytes::from(case.octets.clone()), &Limits::default());
        let Err(error) = error else { continue };
        let wants_answer = !case.answers().any(|answer| answer == "drop");
        assert_eq!(error.salvaged().is_some(), wants_answer, "{}", case.name);
        if wants_answer {
            let status = error.status().to_string();
            assert!(
                case.answers().any(|answer| answer == status),
                "{}: {status}",
                case.name
            );
        }
    }
}

#[test]
fn on_a_stream_good_messages_are_framed_and_none_is_lost() {
    let mut framer = StreamFramer::new(Limits::default());
    for case in cases(folder()).iter().filter(|case| outcome(case) == "ok") {
        framer.push(&case.octets);
        let frames: Vec<_> = framer.by_ref().collect();
        // The datagram with two requests is two messages on a stream.
        let expected = if case.name == "dblreq" { 2 } else { 1 };
        let messages = frames
            .iter()
            .filter(|frame| matches!(frame, Ok(Frame::Message(_))));
        assert_eq!(messages.count(), expected, "{}", case.name);
    }
}

fn value_of(message: &Message, core: &Core, key: &str) -> String {
    let user = |address: &NameAddr| address.uri.user().unwrap_or_default().into_owned();
    let uri = || message.request_uri().unwrap();
    let count = |count: usize| count.to_string();
    match key {
        "method" => message.method().unwrap().to_string(),
        "status" => message.status().unwrap().to_string(),
        "phrase" => message.reason_phrase().into_owned(),
        "uri.user" => uri().user().unwrap().into_owned(),
        "uri.host" => uri().host().unwrap().to_string(),
        "uri.port" => uri()
            .port()
            .map(|port| port.to_string())
            .unwrap_or_default(),
        "scheme" => uri().scheme().as_str().into(),
        "to.scheme" => core.to.uri.scheme().as_str().into(),
        "to.tag" => core.to.tag().unwrap_or_default().into(),
        "to.user" => user(&core.to),
        "to.display" => core.to.display.clone().unwrap_or_default(),
        "from.tag" => core.from.tag().unwrap_or_default().into(),
        "from.user" => user(&core.from),
        "from.display" => core.from.display.clone().unwrap_or_default(),
        "call-id" => core.call_id.clone(),
        "cseq" => core.cseq.to_string(),
        "branch" => core.via.branch().unwrap_or_default().into(),
        "via.host" => core.via.host.to_string(),
        "received" => core.via.received().unwrap().to_string(),
        "vias" => count(message.vias().map(Result::unwrap).count()),
        "contacts" => count(message.contacts().map(Result::unwrap).count()),
        "contact" => message.contacts().next().unwrap().unwrap().to_string(),
        "max-forwards" => message.max_forwards().unwrap().unwrap().to_string(),
        "require" => message.require().to_string(),
        "accept" => message.accept().next().unwrap().unwrap().to_string(),
        "type" => message.content_type().unwrap().unwrap().to_string(),
        "auth" => message
            .authorization()
            .next()
            .unwrap()
            .unwrap()
            .scheme
            .to_string(),
        "parts" => {
            let parts = message.multipart(&Limits::default()).unwrap().unwrap();
            count(parts.map(Result::unwrap).count())
        }
        "body" => count(message.body().len()),
        "bad" => {
            message.date().unwrap_err();
            HeaderName::Date.to_string()
        }
        other => panic!("the table has a key nobody reads: {other}"),
    }
}
