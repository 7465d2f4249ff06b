//! Measures what reading and writing one INVITE costs.
//!
//! ```text
//! cargo run --release -p plenum-sip-msg --example invite [BATCHES]
//! ```
//!
//! Prints nanoseconds a message, the best of all batches: reading the offset table, reading it and
//! typing the headers a call needs (Via, From, To, CSeq, Call-ID, Contact), writing the message
//! from typed values, and the answer `180` to it.
#![allow(
    clippy::print_stdout,
    clippy::disallowed_methods,
    reason = "a tool that measures time"
)]

use std::hint::black_box;
use std::time::Instant;

use bytes::Bytes;
use plenum_sip_msg::{
    CSeq, HeaderName, Limits, Message, MessageBuilder, Method, NameAddr, StatusCode, Uri, Via,
};

/// Messages a batch; short, so that a batch fits between two interrupts.
const BATCH: u32 = 500;

fn main() {
    let batches = std::env::args().nth(1).and_then(|text| text.parse().ok());
    let batches = batches.unwrap_or(400);
    let datagram = Bytes::from_static(include_bytes!("invite.sip"));
    let limits = Limits::default();
    let parse = || {
        Message::parse_datagram(datagram.clone(), &limits).expect("the sample follows the grammar")
    };
    let message = parse();
    let parts = Parts::of(&message);
    println!("{} octets, best of {batches} batches", datagram.len());
    report("read", batches, || drop(black_box(parse())));
    report("read and type", batches, || {
        let message = parse();
        black_box(message.core().is_ok());
        black_box(message.contacts().next());
    });
    report("write", batches, || drop(black_box(parts.write())));
    report("answer 180", batches, || {
        let answer = MessageBuilder::response_to(&message, StatusCode::RINGING);
        black_box(answer.to_tag("a6c85cf").build());
    });
}

fn report(name: &str, batches: u32, mut work: impl FnMut()) {
    let mut best = u128::MAX;
    for _ in 0..batches {
        let start = Instant::now();
        (0..BATCH).for_each(|_| work());
        best = best.min(start.elapsed().as_nanos());
    }
    println!("{name:14} {:6} ns", best / u128::from(BATCH));
}

/// What a client knows before it writes an INVITE.
struct Parts {
    target: Uri,
    via: Via,
    from: NameAddr,
    to: NameAddr,
    contact: NameAddr,
    call_id: String,
    body: Bytes,
}

impl Parts {
    fn of(message: &Message) -> Self {
        let core = message.core().expect("the sample has its headers");
        let contact = message.contacts().next().and_then(Result::ok);
        Self {
            target: message.request_uri().expect("the sample has a URI"),
            via: core.via,
            from: core.from,
            to: core.to,
            contact: contact.expect("the sample has a Contact"),
            call_id: core.call_id,
            body: message.body(),
        }
    }

    fn write(&self) -> Message {
        MessageBuilder::request(Method::Invite, &self.target)
            .header(HeaderName::Via, &self.via)
            .header(HeaderName::MaxForwards, "70")
            .header(HeaderName::From, &self.from)
            .header(HeaderName::To, &self.to)
            .header(HeaderName::CallId, &self.call_id)
            .header(HeaderName::CSeq, CSeq::new(314_159, Method::Invite))
            .header(HeaderName::Contact, &self.contact)
            .header(
                HeaderName::Allow,
                "INVITE, ACK, BYE, CANCEL, OPTIONS, PRACK, UPDATE",
            )
            .header(HeaderName::Supported, "100rel, timer, replaces")
            .header(HeaderName::UserAgent, "Desk Phone 4.2")
            .body("application/sdp", self.body.clone())
            .build()
    }
}
