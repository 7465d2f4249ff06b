//! Replays the seeds of the fuzzer: nothing panics, framing does not depend on how a stream is
//! torn, edits and answers stay readable. (The cost of each seed is counted inside the crate.)

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::net::{IpAddr, Ipv4Addr};

use bytes::Bytes;
use plenum_sip_msg::{
    AuthValue, Frame, HeaderName, HeaderValue, Limits, Message, MessageBuilder, NameAddr,
    ParseError, Rule, StatusCode, StreamFramer, Uri, Via,
};

/// Fewer seeds mean that the folder was not found or was emptied.
const SEEDS_MIN: usize = 20;

fn seeds() -> Vec<(String, Vec<u8>)> {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/sip");
    let mut seeds: Vec<_> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .map(|path| {
            (
                path.file_name().unwrap().to_string_lossy().into(),
                fs::read(&path).unwrap(),
            )
        })
        .collect();
    seeds.sort();
    assert!(seeds.len() >= SEEDS_MIN, "only {} seeds", seeds.len());
    seeds
}

fn parse(seed: &[u8]) -> Result<Message, ParseError> {
    Message::parse_datagram(Bytes::copy_from_slice(seed), &Limits::default())
}

#[test]
fn seeds_of_good_messages_parse_and_the_others_are_refused() {
    for (name, seed) in seeds() {
        let outcome = parse(&seed);
        // These are messages whose headers are bad, or whose Request-URI is.
        let is_readable = ["quotes", "numbers", "missing", "spaces"];
        if name.starts_with("keepalive") {
            assert_eq!(outcome.unwrap_err().rule(), Rule::Empty, "{name}");
        } else if !name.starts_with("bad") {
            let message = outcome.unwrap_or_else(|error| panic!("{name}: {error}"));
            message
                .core()
                .unwrap_or_else(|error| panic!("{name}: {error}"));
        } else if is_readable.iter().any(|word| name.contains(word)) {
            let message = outcome.unwrap_or_else(|error| panic!("{name}: {error}"));
            let is_bad = message.core().is_err()
                || message.request_uri().is_err()
                || message.contacts().any(|contact| contact.is_err());
            assert!(is_bad, "{name}");
        } else {
            outcome.unwrap_err();
        }
    }
}

#[test]
fn all_accessors_edits_and_answers_survive_every_seed() {
    for (name, seed) in seeds() {
        let message = match parse(&seed) {
            Ok(message) => message,
            Err(error) => match error.salvaged() {
                Some(message) => message.clone(),
                None => continue,
            },
        };
        read_all(&message, &name);
        let source = IpAddr::V4(Ipv4Addr::new(203, 0, 113, 9));
        let noted = message.with_top_via_received(source, 4_000);
        read_all(&noted, &name);
        if let Ok(via) = noted.top_via() {
            assert!(
                via.host.ip() == Some(source) || via.received() == Some(source),
                "{name}"
            );
        }
        read_all(&message.without_top(&HeaderName::Route), &name);
        let answer = MessageBuilder::response_to(&noted, StatusCode::BAD_REQUEST).to_tag("t");
        let answer = answer.build();
        assert_eq!(parse(answer.bytes()).unwrap(), answer, "{name}");
        assert_eq!(answer.vias().count(), noted.vias().count(), "{name}");
        let copy = MessageBuilder::from_message(&message).build();
        assert_eq!(copy.body(), message.body(), "{name}");
        read_all(&copy, &name);
    }
}

#[test]
fn tearing_a_seed_does_not_change_its_frames() {
    for (name, seed) in seeds() {
        let whole = frames(seed.chunks(seed.len().max(1)));
        for size in [1, 2, 3, 7, 64] {
            assert_eq!(
                frames(seed.chunks(size)),
                whole,
                "{name} in pieces of {size}"
            );
        }
        for frame in whole.iter().flatten() {
            if let Frame::Message(message) = frame {
                read_all(message, &name);
            }
        }
    }
}

fn frames<'a>(pieces: impl Iterator<Item = &'a [u8]>) -> Vec<Result<Frame, (Rule, usize)>> {
    let mut framer = StreamFramer::new(Limits::default());
    let mut frames = Vec::new();
    for piece in pieces {
        framer.push(piece);
        frames.extend(
            framer
                .by_ref()
                .map(|item| item.map_err(|error| (error.rule(), error.offset()))),
        );
    }
    frames
}

/// Reads each header as each type; a list has at most one item an octet.
fn read_all(message: &Message, name: &str) {
    let octets = message.bytes().len() + 1;
    let _ = (
        message.core(),
        message.request_uri(),
        message.status(),
        message.reason_phrase(),
    );
    let _ = (
        message.call_id(),
        message.allow(),
        message.max_forwards(),
        message.content_type(),
    );
    let _ = (
        message.expires(),
        message.min_expires(),
        message.min_se(),
        message.rseq(),
    );
    let _ = (
        message.retry_after(),
        message.session_expires(),
        message.rack(),
        message.event(),
    );
    let _ = (
        message.subscription_state(),
        message.refer_to(),
        message.referred_by(),
    );
    let _ = (
        message.replaces(),
        message.user_agent(),
        message.server(),
        message.subject(),
    );
    for list in [
        message.require(),
        message.supported(),
        message.allow_events(),
    ] {
        assert!(list.iter().count() < octets, "{name}");
    }
    let counts = [
        message.vias().count(),
        message.contacts().count(),
        message.routes().count(),
        message.record_routes().count(),
        message.accept().count(),
        message.reason().count(),
        message.warning().count(),
        message.authorization().count(),
        message.www_authenticate().count(),
    ];
    assert!(
        counts.iter().all(|count| *count < octets),
        "{name}: {counts:?}"
    );
    for field in message.headers() {
        let text = field.text();
        prints_what_it_reads::<NameAddr>(&text);
        prints_what_it_reads::<Via>(&text);
        prints_what_it_reads::<Uri>(&text);
        prints_what_it_reads::<AuthValue>(&text);
        assert!(field.raw_line().starts_with(field.raw_name()), "{name}");
    }
}

fn prints_what_it_reads<T>(text: &str)
where
    T: HeaderValue + PartialEq + std::fmt::Debug + std::fmt::Display,
{
    if let Ok(value) = T::parse_value(text) {
        assert_eq!(T::parse_value(&value.to_string()), Ok(value), "{text:?}");
    }
}
