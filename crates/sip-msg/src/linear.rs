//! The cost of reading, counted in octets looked at, stays linear in the input.

use std::format;
use std::string::String;
use std::vec::Vec;

use bytes::Bytes;

use crate::message::tests::read_everything;
use crate::scan::visited;
use crate::{Limits, Message, StreamFramer, Uri};

/// Octets looked at for one octet of input, when all accessors run once: each header is read by
/// a few of them, and each by a few scans.
const VISITS_PER_OCTET: usize = 64;

fn unlimited() -> Limits {
    Limits {
        message_len: 1 << 24,
        headers: 1 << 20,
        header_line_len: 1 << 24,
        stream_buffer_len: 1 << 25,
        ..Limits::default()
    }
}

fn cost_of_reading(text: &[u8]) -> usize {
    let bytes = Bytes::copy_from_slice(text);
    visited::during(|| match Message::parse_datagram(bytes, &unlimited()) {
        Ok(message) => read_everything(&message),
        Err(error) => error.salvaged().into_iter().for_each(read_everything),
    })
}

fn cost_of_framing(text: &[u8]) -> usize {
    visited::during(|| {
        let mut framer = StreamFramer::new(unlimited());
        for octet in text.chunks(1) {
            framer.push(octet);
            framer.by_ref().for_each(drop);
        }
    })
}

fn request(extra: &str) -> Vec<u8> {
    format!(
        "INVITE sip:h SIP/2.0\r\nFrom: <sip:a>;tag=1\r\nTo: <sip:b>\r\ni: c\r\nCSeq: 1 INVITE\r\n\
        v: SIP/2.0/UDP h;branch=z9hG4bK1\r\n{extra}l: 0\r\n\r\n"
    )
    .into_bytes()
}

type Shape = fn(usize) -> String;

/// Inputs that a careless parser reads again and again.
const SHAPES: [(&str, Shape); 13] = [
    ("many headers", |n| "X-A: b\r\n".repeat(n)),
    ("many vias", |n| "Via: SIP/2.0/UDP h\r\n".repeat(n)),
    ("many contents", |n| "Content-Type: a/b\r\n".repeat(n)),
    ("long folding", |n| {
        format!("Subject: a\r\n{}", " b\r\n".repeat(n))
    }),
    ("blank folding", |n| {
        format!("Via: \r\n{}", " \t \r\n".repeat(n))
    }),
    ("deep parameters", |n| {
        format!(
            "Contact: <sip:a{}>{}\r\n",
            ";p=1".repeat(n),
            ";q=2".repeat(n)
        )
    }),
    ("many values", |n| {
        format!("Route: {}\r\n", "<sip:a;lr>,".repeat(n))
    }),
    ("only commas", |n| format!("Contact: {}\r\n", ",".repeat(n))),
    ("open quotes", |n| {
        format!("Contact: {}\r\n", "\"a\\\",".repeat(n))
    }),
    ("open angles", |n| format!("Route: {}\r\n", "<,".repeat(n))),
    ("blanks", |n| format!("Reason: {}x\r\n", " \t".repeat(n))),
    ("credentials", |n| {
        format!("Authorization: Digest {}\r\n", "a=\"b,\",".repeat(n))
    }),
    ("no colon", |n| "junk\r\n".repeat(n)),
];

#[test]
fn doubling_the_input_doubles_the_cost_at_most() {
    for (shape, extra) in SHAPES {
        for cost in [cost_of_reading, cost_of_framing] {
            let base = cost(&request(""));
            let (once, twice) = (cost(&request(&extra(2_000))), cost(&request(&extra(4_000))));
            let (once, twice) = (once - base, twice - base);
            assert!(once > 0, "{shape}: the counter sees the work");
            assert!(twice * 10 <= once * 22, "{shape}: {once} became {twice}");
        }
    }
}

/// Octets looked at for one octet of the sample, reading and typing what a call needs.
const SAMPLE_VISITS_PER_OCTET: usize = 4;

#[test]
fn the_sample_call_is_looked_at_a_few_times() {
    let sample = include_bytes!("../examples/invite.sip");
    let cost = visited::during(|| {
        let message = Message::parse_datagram(Bytes::from_static(sample), &unlimited());
        let message = message.expect("the sample is a message");
        assert!(message.core().is_ok() && message.contacts().next().is_some());
    });
    let bound = SAMPLE_VISITS_PER_OCTET * sample.len();
    assert!(cost <= bound, "{cost} > {bound}");
}

#[test]
fn comparing_uris_of_many_parameters_is_not_square() {
    let cost = |n: usize| {
        let params: String = (0..n).map(|index| format!(";p{index}=v")).collect();
        let uri: Uri = format!("sip:h{params}").parse().unwrap();
        visited::during(|| assert!(uri.equivalent(&uri.clone())))
    };
    let (once, twice) = (cost(1_000), cost(2_000));
    assert!(twice * 10 <= once * 24, "{once} became {twice}");
}

#[test]
fn every_seed_of_the_corpus_costs_a_bounded_number_of_looks() {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/sip");
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        let seed = std::fs::read(&path).unwrap();
        let bound = VISITS_PER_OCTET * (seed.len() + 16);
        let (reading, framing) = (cost_of_reading(&seed), cost_of_framing(&seed));
        assert!(reading <= bound, "{}: {reading} > {bound}", path.display());
        assert!(framing <= bound, "{}: {framing} > {bound}", path.display());
    }
}
