use std::string::{String, ToString};
use std::vec::Vec;

use bytes::Bytes;
use proptest::prelude::*;

use crate::*;

fn name(text: &str) -> HeaderName {
    text.parse().unwrap()
}

fn reparse(message: &Message) -> Message {
    Message::parse_datagram(message.bytes().clone(), &Limits::default()).unwrap()
}

fn invite() -> Message {
    let target: Uri = "sip:leo@hall.example".parse().unwrap();
    let via = Via::new(Transport::Udp, Host::Name("pc.example".into()), Some(5060));
    MessageBuilder::request(Method::Invite, &target)
        .header(HeaderName::Via, "SIP/2.0/TCP far.example;branch=z9hG4bKfar")
        .prepend_via(&via.with_branch("z9hG4bKnear").with_rport_requested())
        .header(HeaderName::RecordRoute, "<sip:edge.example;lr>")
        .header(HeaderName::From, "sip:eva@hall.example;tag=e1")
        .header(HeaderName::To, "sip:leo@hall.example")
        .header(HeaderName::CallId, "quartz")
        .header(HeaderName::CSeq, CSeq::new(3, Method::Invite))
        .header(HeaderName::Timestamp, "54")
        .body("application/sdp", &b"v=0\r\n"[..])
        .build()
}

#[test]
fn a_response_copies_what_it_must() {
    let request = invite();
    let ringing = MessageBuilder::response_to(&request, StatusCode::RINGING)
        .to_tag("l1")
        .build();
    let core = ringing.core().unwrap();
    assert_eq!(ringing.vias().map(Result::unwrap).count(), 2);
    assert_eq!(core.via.branch(), Some("z9hG4bKnear"));
    assert_eq!((core.from.tag(), core.to.tag()), (Some("e1"), Some("l1")));
    assert_eq!(ringing.record_routes().count(), 1);
    assert!(!ringing.has(&HeaderName::Timestamp));
    assert_eq!(ringing.content_length(), Ok(Some(0)));
    let trying = MessageBuilder::response_to(&request, StatusCode::TRYING).build();
    assert!(trying.has(&HeaderName::Timestamp) && !trying.has(&HeaderName::RecordRoute));
    let busy = MessageBuilder::response_to(&request, StatusCode::BUSY_HERE).build();
    assert!(!busy.has(&HeaderName::RecordRoute));
}

#[test]
fn a_tag_is_added_once() {
    let ok = MessageBuilder::response_to(&invite(), StatusCode::OK)
        .to_tag("one")
        .to_tag("two");
    assert_eq!(ok.build().to().unwrap().tag(), Some("one"));
}

#[test]
fn a_copy_is_edited_and_the_rest_stays() {
    let first = invite();
    let again = MessageBuilder::from_message(&first)
        .set(HeaderName::CSeq, CSeq::new(4, Method::Invite))
        .header(
            HeaderName::Authorization,
            AuthValue::digest().with_quoted("realm", "r"),
        )
        .request_uri(&"sip:leo@other.example".parse().unwrap())
        .build();
    assert_eq!(again.cseq().unwrap().number, 4);
    assert_eq!(again.body(), first.body());
    assert_eq!(
        again.request_uri().unwrap().to_string(),
        "sip:leo@other.example"
    );
    let names = |message: &Message| -> Vec<String> {
        message
            .headers()
            .map(|field| field.name().to_string())
            .collect()
    };
    let mut expected = names(&first);
    expected.insert(expected.len() - 1, "Authorization".into());
    assert_eq!(names(&again), expected);
    assert_eq!(MessageBuilder::from_message(&first).build(), first);
}

#[test]
fn a_copy_keeps_odd_octets() {
    let text =
        b"OPTIONS sip:\xe9@h.example SIP/2.0\r\nSubject: \xff\xfe\r\nContent-Length: 0\r\n\r\n";
    let odd = Message::parse_datagram(Bytes::from_static(text), &Limits::default()).unwrap();
    assert_eq!(
        &MessageBuilder::from_message(&odd).build().bytes()[..],
        text
    );
}

#[test]
fn a_value_never_smuggles_a_line() {
    let built = MessageBuilder::response(StatusCode::OK)
        .reason_phrase("Fine\r\nX-Evil: 1")
        .header(HeaderName::Subject, "a\r\nX-Evil: 2")
        .header_raw(HeaderName::Server, b"b\n\nX-Evil: 3\0")
        .body("text/plain\r\n\r\n", Bytes::from_static(b"c"))
        .build();
    let read = reparse(&built);
    assert!(!read.has(&name("X-Evil")));
    assert_eq!(read.reason_phrase(), "Fine  X-Evil: 1");
    assert_eq!(read.server().as_deref(), Some("b  X-Evil: 3"));
    assert_eq!(read.headers().count(), 4);
    assert_eq!(&read.body()[..], b"c");
}

proptest! {
    #[test]
    fn what_is_built_is_read_back(
        headers in prop::collection::vec(("X-[A-Za-z0-9]{1,8}", "\\PC{0,30}"), 0..12),
        raw in prop::collection::vec(any::<u8>(), 0..30),
        phrase in "\\PC{0,20}",
        body in prop::collection::vec(any::<u8>(), 0..200),
    ) {
        let mut builder = MessageBuilder::response(StatusCode::OK).reason_phrase(&phrase)
            .header_raw(HeaderName::Subject, &raw);
        for (header, value) in &headers {
            builder = builder.header(name(header), value);
        }
        let built = builder.body("a/b", body.clone()).build();
        let read = reparse(&built);
        prop_assert_eq!(&read.body()[..], &body[..]);
        prop_assert_eq!(read.content_length(), Ok(u32::try_from(body.len()).ok()));
        prop_assert_eq!(read.reason_phrase(), built.reason_phrase());
        let list = |message: &Message| -> Vec<(HeaderName, Vec<u8>)> {
            message.headers().map(|field| (field.name(), field.value().into_owned())).collect()
        };
        prop_assert_eq!(list(&read), list(&built));
        prop_assert_eq!(list(&built).len(), headers.len() + 3);
        for ((header, value), read) in headers.iter().zip(list(&read).into_iter().skip(1)) {
            let clean = value.as_bytes().trim_ascii();
            prop_assert_eq!(read, (name(header), clean.to_vec()));
        }
    }
}
