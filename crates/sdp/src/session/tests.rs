use std::{collections::BTreeMap, format, string::String, vec, vec::Vec};

use proptest::prelude::*;

use super::*;
use crate::{Direction, Encoding};

/// One party of a session with what it has seen happen to itself.
struct Party {
    session: OfferAnswer,
    sent: Vec<String>,
    meanings: BTreeMap<u8, AudioFormat>,
}

impl Party {
    fn new(id: u64) -> Self {
        Self {
            session: OfferAnswer::new(id),
            sent: Vec::new(),
            meanings: BTreeMap::new(),
        }
    }

    fn sent(&mut self, bytes: &[u8]) {
        self.sent
            .push(String::from_utf8(bytes.to_vec()).expect("text"));
    }

    /// RFC 3264 8.3.2: a number keeps its codec for as long as the session lives.
    fn agreed(&mut self, negotiated: &Negotiated) {
        for format in &negotiated.receive_formats {
            let meaning = self
                .meanings
                .entry(format.payload_type)
                .or_insert_with(|| format.clone());
            assert!(meaning.same_codec(format), "{format} was {meaning}");
        }
    }

    /// RFC 3264 8: the version grows by one exactly if the text changed; nothing else of the
    /// origin does, and no media line goes away.
    fn check_versions(&self) {
        for pair in self.sent.windows(2) {
            let [(before, rest_before), (after, rest_after)] =
                [&pair[0], &pair[1]].map(|text| version_and_rest(text));
            let growth = u64::from(rest_before != rest_after);
            assert_eq!(after, before + growth, "{} then {}", pair[0], pair[1]);
            let lines = |text: &str| text.matches("m=").count();
            assert!(lines(&pair[1]) >= lines(&pair[0]));
        }
    }
}

fn version_and_rest(text: &str) -> (u64, Vec<String>) {
    let mut lines: Vec<String> = text.lines().map(String::from).collect();
    let origin = lines.remove(1);
    let mut words: Vec<&str> = origin.split(' ').collect();
    let version = words.remove(2).parse().expect("a version");
    lines.push(words.join(" "));
    (version, lines)
}

fn local(port: u16, formats: &[AudioFormat], direction: Direction) -> LocalMedia {
    LocalMedia {
        formats: formats.to_vec(),
        direction,
        ..LocalMedia::new("192.0.2.1".parse().expect("an address"), port)
    }
}

/// What may happen next: who offers, with which codecs and direction, and whether it is refused.
fn step() -> impl Strategy<Value = (bool, LocalMedia, LocalMedia, bool)> {
    let side = || {
        let codecs = vec![
            AudioFormat::pcmu(),
            AudioFormat::opus(96),
            AudioFormat::new(96, Encoding::L16, 16_000),
            AudioFormat::new(97, Encoding::new("speex"), 16_000),
        ];
        let formats = proptest::sample::subsequence(codecs, 1..=4).prop_shuffle();
        (
            1..3u16,
            formats,
            proptest::sample::select(Direction::ALL.to_vec()),
        )
            .prop_map(|(port, formats, direction)| local(port * 2000, &formats, direction))
    };
    (any::<bool>(), side(), side(), proptest::bool::weighted(0.2))
}

proptest! {
    #[test]
    fn a_session_of_many_offers_keeps_its_rules(steps in proptest::collection::vec(step(), 1..12)) {
        let (mut alice, mut bob) = (Party::new(7), Party::new(8));
        for (alice_offers, ours, theirs, refused) in steps {
            let (a, b) = match alice_offers {
                true => (&mut alice, &mut bob),
                false => (&mut bob, &mut alice),
            };
            let before = (a.session.current().cloned(), b.session.current().cloned());
            let offer = a.session.local_offer(&ours).expect("an offer");
            a.sent(&offer);
            let answered = match refused {
                true => None,
                false => b.session.remote_offer(&offer, &theirs).ok(),
            };
            let Some((answer, at_b)) = answered else {
                prop_assert!(a.session.roll_back());
                let after = (a.session.current().cloned(), b.session.current().cloned());
                prop_assert_eq!(before, after);
                continue;
            };
            b.sent(&answer);
            let at_a = a.session.remote_answer(&answer).expect("accepted");
            prop_assert!(at_a.format.same_codec(&at_b.format));
            prop_assert_eq!(at_a.direction, at_b.direction.reversed());
            prop_assert_eq!(a.session.current(), Some(&at_a));
            a.agreed(&at_a);
            b.agreed(&at_b);
        }
        alice.check_versions();
        bob.check_versions();
    }

    #[test]
    fn hostile_bytes_leave_the_agreement_as_it_was(
        bytes in proptest::collection::vec(any::<u8>(), 0..200),
    ) {
        let mut session = OfferAnswer::new(1);
        let phone = local(4000, &[AudioFormat::pcmu()], Direction::SendRecv);
        session.remote_offer(OFFER.as_bytes(), &phone).expect("an answer");
        let before = session.current().cloned();
        prop_assert!(session.remote_offer(&bytes, &phone).is_err());
        session.local_offer(&phone).expect("an offer");
        prop_assert!(session.remote_answer(&bytes).is_err());
        prop_assert!(session.is_pending());
        session.roll_back();
        prop_assert_eq!(session.current().cloned(), before);
    }
}

const OFFER: &str = "v=0\r\no=- 5 5 IN IP4 192.0.2.9\r\ns=-\r\nc=IN IP4 192.0.2.9\r\nt=0 0\r\n\
    m=video 5002 RTP/AVP 99\r\na=rtpmap:99 H264/90000\r\n\
    m=audio 5000 RTP/AVPF 0 98\r\na=rtpmap:98 opus/48000/2\r\n";

fn text(bytes: &[u8]) -> &str {
    core::str::from_utf8(bytes).expect("text")
}

#[test]
fn we_hold_and_resume_a_caller_who_offered_video_too() {
    let mut session = OfferAnswer::new(42);
    let codecs = [AudioFormat::opus(96), AudioFormat::pcmu()];
    let talk = local(4000, &codecs, Direction::SendRecv);
    let (answer, _) = session
        .remote_offer(OFFER.as_bytes(), &talk)
        .expect("an answer");
    assert!(text(&answer).contains("o=- 42 1 IN IP4 192.0.2.1\r\n"));

    let hold = local(4000, &codecs, Direction::SendOnly);
    let offer = session.local_offer(&hold).expect("an offer");
    let offer = text(&offer);
    assert!(offer.contains("o=- 42 2 IN IP4 192.0.2.1\r\n"), "{offer}");
    assert!(
        offer.contains("m=video 0 RTP/AVP 99\r\nm=audio 4000 RTP/AVPF 98 0 "),
        "{offer}"
    );
    let answer = OFFER.replace("video 5002", "video 0") + "a=recvonly\r\n";
    let held = session.remote_answer(answer.as_bytes()).expect("accepted");
    assert_eq!(
        (held.direction, held.remote_on_hold),
        (Direction::SendOnly, false)
    );

    let offer = session.local_offer(&talk).expect("an offer");
    assert!(text(&offer).contains("o=- 42 3 "));
}

#[test]
fn a_refused_offer_is_rolled_back_and_its_version_is_spent() {
    let mut session = OfferAnswer::new(1);
    let first = local(4000, &[AudioFormat::pcmu()], Direction::SendRecv);
    session
        .remote_offer(OFFER.as_bytes(), &first)
        .expect("an answer");
    let before = session.current().cloned();

    let moved = local(4002, &[AudioFormat::pcmu()], Direction::SendRecv);
    let refused = session.local_offer(&moved).expect("an offer");
    assert_eq!(
        session.local_offer(&moved),
        Err(NegotiationError::OfferPending)
    );
    assert!(session.remote_offer(OFFER.as_bytes(), &moved).is_err());
    assert!(session.roll_back());
    assert!(!session.roll_back());
    assert_eq!(session.current().cloned(), before);

    let again = session.local_offer(&moved).expect("an offer");
    assert_eq!(
        text(&again),
        text(&refused),
        "the same text has the same version"
    );
    session.roll_back();
    let back = session.local_offer(&first).expect("an offer");
    assert!(text(&back).contains("o=- 1 3 "), "{}", text(&back));
}

/// RFC 3264 8.3.1.
#[test]
fn a_move_to_another_address_leaves_the_origin_alone() {
    let mut session = OfferAnswer::new(1);
    let here = local(4000, &[AudioFormat::pcmu()], Direction::SendRecv);
    session.local_offer(&here).expect("an offer");
    session.roll_back();
    let there = LocalMedia {
        address: "2001:db8::5".parse().expect("an address"),
        ..here
    };
    let offer = session.local_offer(&there).expect("an offer");
    let offer = text(&offer);
    assert!(offer.contains("o=- 1 2 IN IP4 192.0.2.1\r\n"), "{offer}");
    assert!(offer.contains("c=IN IP6 2001:db8::5\r\n"), "{offer}");
}

#[test]
fn an_offer_of_ours_stays_in_the_family_that_is_in_use() {
    let mut session = OfferAnswer::new(1);
    let both = LocalMedia {
        other_address: Some("2001:db8::5".parse().expect("an address")),
        ..local(4000, &[AudioFormat::pcmu()], Direction::SendRecv)
    };
    let theirs = b"v=0\r\nc=IN IP6 2001:db8::9\r\nm=audio 5000 RTP/AVP 0\r\n";
    session.remote_offer(theirs, &both).expect("an agreement");
    let hold = LocalMedia {
        direction: Direction::SendOnly,
        ..both
    };
    let offer = session.local_offer(&hold).expect("an offer");
    let offer = text(&offer);
    assert!(offer.contains("c=IN IP6 2001:db8::5\r\n"), "{offer}");
}

#[test]
fn wrong_moments_are_named() {
    let mut session = OfferAnswer::new(u64::MAX);
    assert_eq!(
        session.remote_answer(b"v=0"),
        Err(NegotiationError::NoOfferPending)
    );
    let mute = local(4000, &[], Direction::SendRecv);
    assert_eq!(
        session.local_offer(&mute),
        Err(NegotiationError::NoLocalFormat)
    );
    assert!(session.current().is_none() && session.last_sent().is_none());
    let phone = local(4000, &[AudioFormat::pcmu()], Direction::SendRecv);
    let offer = session.local_offer(&phone).expect("an offer");
    assert!(text(&offer).contains(&format!("o=- {} 1 ", (1u64 << 62) - 1)));
}

#[test]
fn a_peer_that_uses_up_all_numbers_does_not_take_our_static_ones() {
    let numbers: Vec<String> = (0..128).map(|number| format!("{number}")).collect();
    let maps: Vec<String> = (0..127)
        .map(|number| format!("a=rtpmap:{number} X{number}/8000\r\n"))
        .collect();
    let offer = format!(
        "v=0\r\nc=IN IP4 192.0.2.9\r\nm=audio 5000 RTP/AVP {}\r\n{}a=rtpmap:127 pcmu/8000\r\n",
        numbers.join(" "),
        maps.concat()
    );
    let mut session = OfferAnswer::new(1);
    let phone = local(
        4000,
        &[AudioFormat::pcmu(), AudioFormat::pcma()],
        Direction::SendRecv,
    );
    let (answer, _) = session
        .remote_offer(offer.as_bytes(), &phone)
        .expect("an answer");
    assert!(
        text(&answer).contains("m=audio 4000 RTP/AVP 127\r\n"),
        "{}",
        text(&answer)
    );
    let offer = session.local_offer(&phone).expect("an offer");
    assert!(
        text(&offer).contains("m=audio 4000 RTP/AVP 127 8\r\n"),
        "{}",
        text(&offer)
    );
}

#[test]
fn a_number_that_only_the_peer_uses_gets_no_other_meaning_from_us() {
    let mut session = OfferAnswer::new(1);
    let opus = local(4000, &[AudioFormat::opus(96)], Direction::SendRecv);
    session.local_offer(&opus).expect("an offer");
    let answer = "v=0\r\nc=IN IP4 192.0.2.9\r\nm=audio 5000 RTP/AVP 98\r\n\
        a=rtpmap:98 opus/48000/2\r\n";
    session.remote_answer(answer.as_bytes()).expect("accepted");

    let linear = AudioFormat::new(98, Encoding::L16, 16_000);
    let both = local(4000, &[AudioFormat::opus(96), linear], Direction::SendRecv);
    let offer = session.local_offer(&both).expect("an offer");
    let offer = text(&offer);
    assert!(offer.contains("a=rtpmap:96 opus/48000/2\r\n"), "{offer}");
    assert!(!offer.contains("a=rtpmap:98 L16"), "{offer}");
}
