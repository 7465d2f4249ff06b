//! Any bytes are SIP messages or refused; reading loses nothing; and where a stream was torn makes
//! no difference to what is read from it.
#![no_main]

use bytes::Bytes;
use libfuzzer_sys::fuzz_target;
use plenum_sip_msg::{
    Frame, Limits, Message, MessageBuilder, Multipart, MultipartError, Rule, StreamFramer,
};

fuzz_target!(|input: &[u8]| {
    if let Ok(message) = Message::parse_datagram(Bytes::copy_from_slice(input), &Limits::default())
    {
        let start = input
            .iter()
            .position(|byte| !b"\r\n".contains(byte))
            .unwrap_or(input.len());
        assert!(
            input[start..].starts_with(message.bytes()),
            "reading changes no byte"
        );
        read_all(&message);
        rebuild(&message);
    }
    tear(input);
});

/// Reads every typed header: each is a value or an error.
fn read_all(message: &Message) {
    let _ = (message.core(), message.check());
    read_parts(message.multipart(&Limits::default()));
    let _ = (
        message.vias().count(),
        message.contacts().count(),
        message.routes().count(),
    );
    let _ = (
        message.record_routes().count(),
        message.reason().count(),
        message.warning().count(),
    );
    let _ = (
        message.max_forwards(),
        message.expires(),
        message.session_expires(),
    );
    let _ = (
        message.content_type(),
        message.content_length(),
        message.accept().count(),
    );
    let _ = (message.allow(), message.require(), message.supported());
    let _ = (
        message.www_authenticate().count(),
        message.history().count(),
        message.user_to_user().count(),
    );
    let _ = (message.date(), message.timestamp(), message.session_id());
    if let Ok(from) = message.from() {
        assert!(from.uri.equivalent(&from.uri), "an address equals itself");
    }
}

/// Reads all parts of a body and the parts in them.
fn read_parts(parts: Result<Option<Multipart>, MultipartError>) {
    let Ok(Some(parts)) = parts else { return };
    for part in parts.flatten() {
        let _ = (part.content_disposition(), part.content_id());
        read_parts(part.multipart());
    }
}

/// What the builder makes of a message is a message with the same core.
fn rebuild(message: &Message) {
    let Ok(core) = message.core() else { return };
    // The builder writes a space where a control character could end a line for some reader.
    let has_control = |value: &[u8]| {
        value
            .iter()
            .any(|byte| byte.is_ascii_control() && *byte != b'\t')
    };
    if message.headers().any(|field| has_control(&field.value())) {
        return;
    }
    let built = MessageBuilder::from_message(message).build();
    let bytes = built.bytes().clone();
    // Headers that were short may be written longer, and so pass a limit.
    let Ok(again) = Message::parse_datagram(bytes, &Limits::default()) else {
        return;
    };
    assert_eq!(again.core().ok(), Some(core));
}

/// Reads the input as a stream, whole and cut at a place that the input chooses.
fn tear(input: &[u8]) {
    let Some(&place) = input.last() else { return };
    let (first, second) = input.split_at(input.len() * usize::from(place) / 256);
    assert_eq!(frames(&[first, second]), frames(&[input]));
}

fn frames(pieces: &[&[u8]]) -> Vec<Result<Frame, Rule>> {
    let mut framer = StreamFramer::new(Limits::default());
    let mut frames = Vec::new();
    for piece in pieces {
        framer.push(piece);
        frames.extend(
            framer
                .by_ref()
                .map(|frame| frame.map_err(|error| error.rule())),
        );
    }
    frames
}
