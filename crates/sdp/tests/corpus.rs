//! Replays the fuzzing corpus: every file goes through parse, answer and accept_answer.
//!
//! The first word of a file's name says how far it gets: `agreed`, `refused` or `malformed`. Files
//! that a fuzzer added have other names and only have to keep the laws.

use std::{fs, path::Path};

use plenum_sdp::{
    AudioFormat, LocalMedia, NegotiationError, OfferAnswer, SessionDescription, accept_answer,
    answer, offer,
};

#[derive(Debug, PartialEq)]
enum Outcome {
    Agreed,
    Refused,
    Malformed,
}

#[test]
fn every_file_ends_as_its_name_says() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../fuzz/corpus/sdp");
    let mut named = 0;
    for entry in fs::read_dir(&folder).expect("the corpus exists") {
        let path = entry.expect("an entry").path();
        let bytes = fs::read(&path).expect("a readable file");
        let name = path
            .file_name()
            .expect("a name")
            .to_string_lossy()
            .into_owned();
        let outcome = replay(&name, &bytes);
        let expected = match name.split('-').next() {
            Some("agreed") => Outcome::Agreed,
            Some("refused") => Outcome::Refused,
            Some("malformed") => Outcome::Malformed,
            _ => continue,
        };
        named += 1;
        assert_eq!(outcome, expected, "{name}");
    }
    assert!(
        named >= 25,
        "only {named} files of the corpus were found in {}",
        folder.display()
    );
}

fn plenum() -> LocalMedia {
    LocalMedia {
        formats: vec![
            AudioFormat::opus(96),
            AudioFormat::g722(),
            AudioFormat::pcmu(),
            AudioFormat::pcma(),
        ],
        other_address: Some("2001:db8::1".parse().expect("an address")),
        ..LocalMedia::new("192.0.2.1".parse().expect("an address"), 20_000)
    }
}

fn replay(name: &str, bytes: &[u8]) -> Outcome {
    let Ok(offered) = SessionDescription::parse(bytes) else {
        assert!(
            OfferAnswer::new(1).remote_offer(bytes, &plenum()).is_err(),
            "{name}"
        );
        return Outcome::Malformed;
    };
    let printed = offered.to_bytes();
    if printed.len() <= plenum_sdp::MAX_DESCRIPTION_BYTES {
        assert_eq!(
            SessionDescription::parse(&printed).as_ref(),
            Ok(&offered),
            "{name}"
        );
    }
    as_an_answer(name, &offered);
    let (answered, here) = match answer(&offered, &plenum()) {
        Ok(agreement) => agreement,
        Err(error) => {
            assert!(
                !matches!(error, NegotiationError::Sdp(_)),
                "{name}: {error}"
            );
            return Outcome::Refused;
        }
    };
    let read_back = SessionDescription::parse(&answered.to_bytes());
    assert_eq!(read_back.as_ref(), Ok(&answered), "{name}");
    let there = accept_answer(&offered, &answered).expect(name);
    assert!(there.format.same_codec(&here.format), "{name}");
    assert_eq!(
        there.format.payload_type, here.format.payload_type,
        "{name}"
    );
    assert_eq!(there.rtcp_mux, here.rtcp_mux, "{name}");
    Outcome::Agreed
}

/// The same text as an answer to an offer of ours: it fits or it does not, and nothing worse.
fn as_an_answer(name: &str, description: &SessionDescription) {
    let ours = offer(&plenum());
    if let Ok(agreed) = accept_answer(&ours, description) {
        let offered = ours.media()[0].audio_formats();
        assert!(
            agreed
                .receive_formats
                .iter()
                .all(|format| offered.contains(format)),
            "{name}"
        );
    }
}
