use std::{
    format,
    string::{String, ToString},
    vec,
    vec::Vec,
};

use proptest::prelude::*;

use super::*;
use crate::{
    Encoding, LocalMedia, MAX_PTIME, MIN_PTIME, NegotiationError, Preference, SessionDescription,
    offer,
};

/// What a party may have: real codecs, some under numbers of its own choice.
fn local() -> impl Strategy<Value = LocalMedia> {
    let codecs = vec![
        AudioFormat::pcmu(),
        AudioFormat::pcma(),
        AudioFormat::g722(),
        AudioFormat::opus(96).with_fmtp("useinbandfec=1"),
        AudioFormat::new(96, Encoding::L16, 16_000),
        AudioFormat::new(130, Encoding::L16, 44_100),
        AudioFormat::new(13, Encoding::CN, 8000),
        AudioFormat::new(0, Encoding::new("speex"), 8000),
    ];
    let formats = proptest::sample::subsequence(codecs, 1..=8).prop_shuffle();
    let addresses = prop_oneof![
        Just(("192.0.2.1", None)),
        Just(("198.51.100.7", Some("2001:db8::8"))),
        Just(("2001:db8::7", None)),
        Just(("2001:db8::9", Some("192.0.2.9"))),
    ];
    let rtcp = prop_oneof![Just(None), Just(Some(0)), Just(Some(7))];
    let flags = (any::<bool>(), any::<bool>());
    let direction = proptest::sample::select(Direction::ALL.to_vec());
    (
        addresses,
        1024..60_000u16,
        formats,
        rtcp,
        0..200u64,
        direction,
        flags,
    )
        .prop_map(
            |((address, other), port, formats, rtcp, ptime, direction, (telephone_event, ours))| {
                LocalMedia {
                    other_address: other.map(|other: &str| other.parse().expect("an address")),
                    rtcp_port: rtcp.map(|distance: u16| port + distance),
                    formats,
                    telephone_event,
                    ptime: Duration::from_millis(ptime),
                    direction,
                    preference: if ours {
                        Preference::Ours
                    } else {
                        Preference::Offerer
                    },
                    ..LocalMedia::new(address.parse().expect("an address"), port)
                }
            },
        )
}

/// Offers as strangers write them: several lines of any kind, most of them for nobody.
fn strange_offer() -> impl Strategy<Value = String> {
    let line = prop_oneof![
        "m=(audio|video|message) (0|4000) (RTP/AVPF?|RTP/SAVP|udptl)( (0|8|9|96|97|101|200)){0,5}",
        "a=rtpmap:(0|96|97|101) (pcmu|OPUS|l16|telephone-event)/(8000|16000|48000)(/2)?",
        "a=(sendrecv|sendonly|recvonly|inactive|rtcp-mux|ptime:30|maxptime:5|rtcp:99|rtcp:x)",
        "c=IN IP4 (0\\.0\\.0\\.0|192\\.0\\.2\\.9|phone\\.example|233\\.252\\.0\\.1)",
    ];
    proptest::collection::vec(line, 0..20).prop_map(|lines| {
        format!(
            "v=0\r\nc=IN IP4 192.0.2.9\r\nm=audio 4000 RTP/AVP 0\r\n{}",
            lines.join("\r\n")
        )
    })
}

fn parse(text: &str) -> SessionDescription {
    SessionDescription::parse(text.as_bytes()).expect("a description")
}

fn over_the_wire(description: &SessionDescription) -> SessionDescription {
    SessionDescription::parse(&description.to_bytes()).expect("what we print we read")
}

fn payload_types(formats: &[AudioFormat]) -> Vec<u8> {
    formats.iter().map(|format| format.payload_type).collect()
}

/// The naive model: is there a codec in both lists?
fn share_a_codec(a: &LocalMedia, b: &LocalMedia) -> bool {
    let codecs = |local: &LocalMedia| -> Vec<String> {
        let codecs = local.formats.iter().filter(|format| format.is_codec());
        codecs
            .map(|format| format.to_string().to_lowercase())
            .collect()
    };
    codecs(a).iter().any(|codec| codecs(b).contains(codec))
}

proptest! {
    #[test]
    fn both_sides_come_to_the_same_agreement(alice in local(), bob in local()) {
        let offered = over_the_wire(&offer(&alice));
        prop_assert_eq!(&offered, &offer(&alice));
        let (codec, at) = (share_a_codec(&alice, &bob), bob.address_of(alice.address.is_ipv6()));
        let Ok((answered, at_bob)) = answer(&offered, &bob) else {
            prop_assert!(!codec || at.is_none());
            return Ok(());
        };
        prop_assert!(codec);
        let bob = LocalMedia { address: at.expect("an address of the family"), ..bob };
        let at_alice = accept_answer(&offer(&alice), &over_the_wire(&answered)).expect("accepted");

        prop_assert!(at_alice.format.same_codec(&at_bob.format));
        prop_assert_eq!(at_alice.format.payload_type, at_bob.format.payload_type);
        prop_assert_eq!(
            payload_types(&at_alice.receive_formats), payload_types(&at_bob.receive_formats)
        );
        prop_assert_eq!(at_alice.direction, at_bob.direction.reversed());
        prop_assert_eq!(at_bob.direction, alice.direction.reversed().and(bob.direction));
        prop_assert_eq!(at_alice.telephone_event, at_bob.telephone_event);
        prop_assert_eq!(
            at_bob.telephone_event.map(|event| event.clock_rate),
            (alice.telephone_event && bob.telephone_event).then_some(at_bob.format.clock_rate)
        );
        prop_assert_eq!(at_alice.ptime, at_bob.ptime);
        prop_assert_eq!(at_alice.ptime, alice.ptime.clamp(MIN_PTIME, MAX_PTIME));

        let rtp = |local: &LocalMedia| Some(SocketAddr::new(local.address, local.port));
        prop_assert_eq!(at_alice.remote, rtp(&bob));
        prop_assert_eq!(at_bob.remote, rtp(&alice));
        let mux = |local: &LocalMedia| local.rtcp_port == Some(local.port);
        prop_assert_eq!(at_alice.rtcp_mux, mux(&alice) && mux(&bob));
        prop_assert_eq!(at_alice.rtcp_mux, at_bob.rtcp_mux);
        let rtcp = |local: &LocalMedia| {
            Some(SocketAddr::new(local.address, local.rtcp_port.unwrap_or(local.port + 1)))
        };
        prop_assert_eq!(at_alice.remote_rtcp, rtcp(&bob));
        prop_assert_eq!(at_bob.remote_rtcp, rtcp(&alice));
    }

    #[test]
    fn an_offer_gives_each_codec_one_number(local in local()) {
        let offered = offer(&local).media[0].audio_formats();
        let mut numbers = payload_types(&offered);
        let count = numbers.len();
        numbers.sort_unstable();
        numbers.dedup();
        prop_assert_eq!(numbers.len(), count);
        for format in &local.formats {
            prop_assert_eq!(offered.iter().filter(|other| other.same_codec(format)).count(), 1);
        }
    }

    /// RFC 3264 6.
    #[test]
    fn an_answer_mirrors_the_lines_of_any_offer(text in strange_offer(), bob in local()) {
        let Ok(offered) = SessionDescription::parse(text.as_bytes()) else { return Ok(()) };
        let Ok((answered, at_bob)) = answer(&offered, &bob) else { return Ok(()) };
        prop_assert_eq!(answered.media().len(), offered.media().len());
        let mut accepted = 0;
        for (ours, theirs) in answered.media().iter().zip(offered.media()) {
            prop_assert_eq!(ours.kind(), theirs.kind());
            prop_assert_eq!(ours.protocol(), theirs.protocol());
            prop_assert!(!ours.formats().is_empty());
            if ours.port() != 0 {
                accepted += 1;
                prop_assert!(theirs.port() != 0 && theirs.is_plain_rtp());
                prop_assert!(ours.formats().iter().all(|format| theirs.formats().contains(format)));
            }
        }
        prop_assert_eq!(accepted, 1);
        prop_assert!(at_bob.receive_formats.iter().any(AudioFormat::is_codec));
        prop_assert_eq!(&over_the_wire(&answered), &answered);

        let at_stranger = accept_answer(&offered, &answered);
        if let Ok(at_stranger) = at_stranger {
            prop_assert!(at_stranger.format.same_codec(&at_bob.format));
            prop_assert_eq!(at_stranger.format.payload_type, at_bob.format.payload_type);
        } else {
            prop_assert!(false, "{:?} to {} by {}", at_stranger, offered, answered);
        }
    }

    #[test]
    fn no_answer_makes_us_panic(text in strange_offer(), alice in local()) {
        let Ok(answered) = SessionDescription::parse(text.as_bytes()) else { return Ok(()) };
        if let Ok(agreed) = accept_answer(&offer(&alice), &answered) {
            prop_assert!(agreed.ptime >= MIN_PTIME && agreed.ptime <= MAX_PTIME);
            let ours = offer(&alice).media[0].audio_formats();
            prop_assert!(agreed.receive_formats.iter().all(|format| ours.contains(format)));
        }
    }
}

fn bob() -> LocalMedia {
    LocalMedia {
        formats: vec![
            AudioFormat::opus(96),
            AudioFormat::g722(),
            AudioFormat::pcmu(),
        ],
        ..LocalMedia::new("192.0.2.2".parse().expect("an address"), 6000)
    }
}

fn offered(rest: &str) -> SessionDescription {
    parse(&format!(
        "v=0\r\no=- 1 1 IN IP4 192.0.2.1\r\ns=-\r\nc=IN IP4 192.0.2.1\r\nt=0 0\r\n{rest}"
    ))
}

fn agreed(rest: &str) -> Negotiated {
    answer(&offered(rest), &bob()).expect("an agreement").1
}

fn bob_with_both() -> LocalMedia {
    LocalMedia {
        other_address: Some("2001:db8::2".parse().expect("an address")),
        ..bob()
    }
}

fn offered_at(connection: &str) -> SessionDescription {
    parse(&format!(
        "v=0\r\nc={connection}\r\nm=audio 4000 RTP/AVP 0\r\n"
    ))
}

#[test]
fn an_answer_has_the_family_of_the_offer() {
    for (offered, answered) in [
        ("IN IP4 192.0.2.1", "IN IP4 192.0.2.2"),
        ("IN IP6 2001:db8::1", "IN IP6 2001:db8::2"),
        ("IN IP6 phone.example", "IN IP6 2001:db8::2"),
        ("IN IP6 ::", "IN IP6 2001:db8::2"),
    ] {
        let (description, _) = answer(&offered_at(offered), &bob_with_both()).expect("agreement");
        let connection = description.connection().expect("a c= line").to_string();
        assert_eq!(connection, answered, "{offered}");
        let origin = description.origin().to_string();
        assert!(origin.ends_with(answered), "{origin}");
    }
}

#[test]
fn an_offer_of_a_family_that_we_lack_is_refused_with_what_to_offer() {
    let refusal = answer(&offered_at("IN IP6 2001:db8::1"), &bob()).expect_err("no address");
    assert_eq!(
        refusal.to_string(),
        "audio is offered at 2001:db8::1, and there is only 192.0.2.2 to receive it at; offer an \
         IPv4 address (RFC 3264 6)"
    );
    // Nothing is sent there, so a hold is no reason to end a call.
    for nowhere in ["IN IP6 ::", "IN IP6 phone.example"] {
        let (description, negotiated) = answer(&offered_at(nowhere), &bob()).expect("agreement");
        let connection = description.connection().expect("a c= line").to_string();
        assert_eq!(connection, "IN IP4 192.0.2.2");
        assert_eq!(negotiated.remote, None);
    }
}

#[test]
fn of_two_lines_the_one_in_our_family_is_taken() {
    let both = "m=audio 4000 RTP/AVP 0\r\nc=IN IP6 2001:db8::1\r\nm=audio 4002 RTP/AVP 0\r\n";
    let negotiated = agreed(both);
    let remote = "192.0.2.1:4002".parse().expect("an address");
    assert_eq!(negotiated.remote, Some(remote));
}

#[test]
fn an_offer_reads_as_phones_expect_it() {
    let local = LocalMedia {
        origin_user: "plenum".into(),
        rtcp_port: Some(6000),
        ..bob()
    };
    let expected = "v=0\r\no=plenum 1 1 IN IP4 192.0.2.2\r\ns=-\r\nc=IN IP4 192.0.2.2\r\nt=0 0\r\n\
        m=audio 6000 RTP/AVP 96 9 0 101 97\r\n\
        a=rtpmap:96 opus/48000/2\r\na=rtpmap:9 G722/8000\r\na=rtpmap:0 PCMU/8000\r\n\
        a=rtpmap:101 telephone-event/48000\r\na=fmtp:101 0-16\r\n\
        a=rtpmap:97 telephone-event/8000\r\na=fmtp:97 0-16\r\n\
        a=ptime:20\r\na=sendrecv\r\na=rtcp:6000\r\na=rtcp-mux\r\n";
    assert_eq!(offer(&local).to_string(), expected);
}

/// RFC 3264 6.1.
#[test]
fn a_phone_with_its_own_numbers_is_answered_in_them() {
    let text = "m=audio 4000 RTP/AVP 8 0 107 100 102\r\n\
        a=rtpmap:107 OPUS/48000/2\r\na=fmtp:107 maxaveragebitrate=20000\r\n\
        a=rtpmap:100 telephone-event/8000\r\na=rtpmap:102 telephone-event/48000\r\na=ptime:40\r\n";
    let (answered, at_bob) = answer(&offered(text), &bob()).expect("an agreement");
    let line = answered.to_string();
    assert!(
        line.contains("m=audio 6000 RTP/AVP 0 107 100\r\n"),
        "{line}"
    );
    assert_eq!(at_bob.format, AudioFormat::pcmu());
    assert_eq!(at_bob.ptime, Duration::from_millis(40));
    let event = TelephoneEvent {
        send_pt: 100,
        receive_pt: 100,
        clock_rate: 8000,
    };
    assert_eq!(at_bob.telephone_event, Some(event));

    let ours_first = LocalMedia {
        preference: Preference::Ours,
        ..bob()
    };
    let (answered, at_bob) = answer(&offered(text), &ours_first).expect("an agreement");
    assert!(
        answered
            .to_string()
            .contains("m=audio 6000 RTP/AVP 107 0 102\r\n"),
        "{answered}"
    );
    assert_eq!(
        at_bob.format,
        AudioFormat::opus(107).with_fmtp("maxaveragebitrate=20000")
    );
    assert_eq!(
        at_bob.receive_formats,
        [AudioFormat::opus(107), AudioFormat::pcmu()]
    );
}

#[test]
fn opus_with_events_at_8000_alone_still_has_dtmf() {
    let at_bob = agreed(
        "m=audio 4000 RTP/AVP 96 101\r\na=rtpmap:96 opus/48000\r\n\
         a=rtpmap:101 telephone-event/8000\r\n",
    );
    let event = TelephoneEvent {
        send_pt: 101,
        receive_pt: 101,
        clock_rate: 8000,
    };
    assert_eq!(at_bob.telephone_event, Some(event));
    assert_eq!(at_bob.format.channels, 2);
}

#[test]
fn g722_stated_at_16000_is_taken_and_runs_at_8000() {
    let text = "m=audio 4000 RTP/AVP 9\r\na=rtpmap:9 G722/16000\r\n";
    let (answered, at_bob) = answer(&offered(text), &bob()).expect("an agreement");
    assert!(answered.to_string().contains("a=rtpmap:9 G722/16000\r\n"));
    assert_eq!(at_bob.format, AudioFormat::g722());
}

#[test]
fn the_first_usable_audio_line_is_taken_and_the_others_are_refused() {
    let (answered, at_bob) = answer(
        &offered(
            "m=video 4000 RTP/AVP 34\r\nm=audio 4002 RTP/SAVP 0\r\nm=audio 4004 RTP/AVP 18\r\n\
             m=audio 4006 RTP/AVPF 0\r\nm=audio 4008 RTP/AVP 0\r\nm=image 4010 udptl t38\r\n",
        ),
        &bob(),
    )
    .expect("an agreement");
    let lines: Vec<_> = answered.to_string().lines().map(String::from).collect();
    let media: Vec<_> = lines.iter().filter(|line| line.starts_with("m=")).collect();
    let expected = [
        "m=video 0 RTP/AVP 34",
        "m=audio 0 RTP/SAVP 0",
        "m=audio 0 RTP/AVP 18",
        "m=audio 6000 RTP/AVPF 0",
        "m=audio 0 RTP/AVP 0",
        "m=image 0 udptl t38",
    ];
    assert_eq!(media, expected);
    assert_eq!(
        at_bob.remote,
        Some("192.0.2.1:4006".parse().expect("an address"))
    );
}

/// RFC 3264 8.4.
#[test]
fn both_styles_of_hold_are_understood() {
    for style in ["a=sendonly\r\n", "c=IN IP4 0.0.0.0\r\n", "c=IN IP6 ::\r\n"] {
        let at_bob = agreed(&format!("m=audio 4000 RTP/AVP 0\r\n{style}"));
        assert!(at_bob.remote_on_hold, "{style}");
        assert_eq!(at_bob.direction, Direction::RecvOnly, "{style}");
    }
    let dead = agreed("m=audio 4000 RTP/AVP 0\r\nc=IN IP4 0.0.0.0\r\na=inactive\r\n");
    assert_eq!((dead.direction, dead.remote), (Direction::Inactive, None));
    let resumed = agreed("m=audio 4000 RTP/AVP 0\r\na=sendrecv\r\n");
    assert!(!resumed.remote_on_hold);
}

#[test]
fn a_peer_that_we_hold_is_not_holding_us() {
    let hold = offer(&LocalMedia {
        direction: Direction::SendOnly,
        ..bob()
    });
    // Some phones leave out the direction: RFC 3264 6.1 leaves `recvonly` of it.
    let at_bob = accept_answer(&hold, &offered("m=audio 4000 RTP/AVP 0\r\n")).expect("accepted");
    assert_eq!(at_bob.direction, Direction::SendOnly);
    assert!(!at_bob.remote_on_hold);
    // Whoever only listens is not put on hold by a peer that only speaks.
    let listen = offer(&LocalMedia {
        direction: Direction::RecvOnly,
        ..bob()
    });
    let speaks = offered("m=audio 4000 RTP/AVP 0\r\na=sendonly\r\n");
    let at_bob = accept_answer(&listen, &speaks).expect("accepted");
    assert_eq!(
        (at_bob.direction, at_bob.remote_on_hold),
        (Direction::RecvOnly, false)
    );
}

/// RFC 3551 6.
#[test]
fn a_codec_does_not_take_the_assigned_number_of_another() {
    let speex = AudioFormat::new(0, Encoding::new("speex"), 8000);
    let local = LocalMedia {
        formats: vec![speex, AudioFormat::pcmu()],
        ..bob()
    };
    let printed = offer(&local).to_string();
    assert!(
        printed.contains("m=audio 6000 RTP/AVP 96 0 101\r\n"),
        "{printed}"
    );
}

#[test]
fn addresses_that_cannot_be_sent_to_are_none() {
    for host in ["phone.example", "233.252.0.1/127", "255.255.255.255"] {
        let at_bob = agreed(&format!("m=audio 4000 RTP/AVP 0\r\nc=IN IP4 {host}\r\n"));
        assert_eq!((at_bob.remote, at_bob.remote_rtcp), (None, None), "{host}");
        assert_eq!(at_bob.direction, Direction::SendRecv);
    }
}

/// RFC 3550 11, RFC 3605 2.1.
#[test]
fn rtcp_goes_where_the_peer_says() {
    let rtcp = |lines: &str| {
        let text = format!("m=audio 4000 RTP/AVP 0\r\n{lines}");
        agreed(&text).remote_rtcp.map(|address| address.to_string())
    };
    assert_eq!(rtcp(""), Some("192.0.2.1:4001".into()));
    assert_eq!(rtcp("a=rtcp:53020\r\n"), Some("192.0.2.1:53020".into()));
    assert_eq!(
        rtcp("a=rtcp:53020 IN IP4 192.0.2.8\r\n"),
        Some("192.0.2.8:53020".into())
    );
    assert_eq!(rtcp("a=rtcp:0\r\n"), Some("192.0.2.1:4001".into()));
    let last = agreed("m=audio 65535 RTP/AVP 0\r\n");
    assert_eq!((last.remote.is_some(), last.remote_rtcp), (true, None));
}

/// RFC 8866 6.4 and 6.5.
#[test]
fn packet_times_are_honoured_within_limits() {
    let ptime = |lines: &str| {
        agreed(&format!("m=audio 4000 RTP/AVP 0\r\n{lines}"))
            .ptime
            .as_millis()
    };
    assert_eq!(ptime(""), 20);
    assert_eq!(ptime("a=ptime:30\r\n"), 30);
    assert_eq!(ptime("a=ptime: 22.5 \r\n"), 22);
    assert_eq!(ptime("a=ptime:60\r\na=maxptime:40\r\n"), 40);
    assert_eq!(ptime("a=maxptime:10\r\n"), 10);
    assert_eq!(ptime("a=ptime:0\r\n"), 20);
    assert_eq!(ptime("a=ptime:5000\r\n"), 120);
    assert_eq!(ptime("a=ptime:99999999\r\n"), 20);
}

#[test]
fn refusals_say_what_would_have_been_taken() {
    let refusal = |rest: &str| {
        answer(&offered(rest), &bob())
            .expect_err("refused")
            .to_string()
    };
    assert_eq!(
        refusal("m=audio 4000 RTP/AVP 18 97 101\r\na=rtpmap:97 iLBC/8000\r\n"),
        "no codec in common: offered G729/8000, iLBC/8000; supported opus/48000/2, G722/8000, \
         PCMU/8000"
    );
    assert!(refusal("m=audio 4000 UDP/TLS/RTP/SAVPF 0\r\n").contains("over UDP/TLS/RTP/SAVPF"));
    assert!(refusal("m=audio 0 RTP/AVP 0\r\n").contains("no audio"));
    assert!(refusal("m=image 4000 udptl t38\r\n").contains("no audio"));
    assert!(refusal("").contains("no audio"));
    assert!(refusal("m=audio 4000 RTP/AVP 13 101\r\n").contains("no codec in common"));
    let nowhere = parse("v=0\r\nm=audio 4000 RTP/AVP 0\r\n");
    assert_eq!(
        answer(&nowhere, &bob()).expect_err("refused"),
        NegotiationError::NoAddress
    );
    let mute = LocalMedia {
        formats: Vec::new(),
        ..bob()
    };
    let text = offered("m=audio 4000 RTP/AVP 0\r\n");
    assert_eq!(
        answer(&text, &mute).expect_err("refused"),
        NegotiationError::NoLocalFormat
    );
}

/// RFC 3264 7.
#[test]
fn an_answer_with_other_numbers_is_sent_to_in_theirs_and_heard_in_ours() {
    let at_bob = accept_answer(
        &offer(&bob()),
        &offered(
            "m=audio 4000 RTP/AVP 77 111 99 0\r\na=rtpmap:111 opus/48000/2\r\n\
             a=fmtp:111 cbr=1\r\na=rtpmap:99 telephone-event/48000\r\na=rtpmap:77 EVS/16000\r\n",
        ),
    )
    .expect("accepted");
    assert_eq!(at_bob.format, AudioFormat::opus(111).with_fmtp("cbr=1"));
    assert_eq!(
        at_bob.receive_formats,
        [AudioFormat::opus(96), AudioFormat::pcmu()]
    );
    let event = TelephoneEvent {
        send_pt: 99,
        receive_pt: 101,
        clock_rate: 48_000,
    };
    assert_eq!(at_bob.telephone_event, Some(event));
}

#[test]
fn a_number_without_map_means_what_we_offered() {
    let answered = offered("m=audio 4000 RTP/AVP 96 101\r\n");
    let at_bob = accept_answer(&offer(&bob()), &answered).expect("accepted");
    assert_eq!(at_bob.format, AudioFormat::opus(96));
    assert_eq!(at_bob.telephone_event.map(|event| event.send_pt), Some(101));
}

/// RFC 3264 6.
#[test]
fn answers_that_do_not_fit_are_refused() {
    let refusal = |rest: &str| accept_answer(&offer(&bob()), &offered(rest)).expect_err("refused");
    assert_eq!(
        refusal("m=audio 0 RTP/AVP 0\r\n"),
        NegotiationError::Refused
    );
    assert_eq!(
        refusal(""),
        NegotiationError::LineCount {
            offered: 1,
            answered: 0
        }
    );
    assert!(matches!(
        refusal("m=video 1 RTP/AVP 0\r\n"),
        NegotiationError::LineKind { .. }
    ));
    assert!(matches!(
        refusal("m=audio 1 RTP/SAVP 0\r\n"),
        NegotiationError::LineProtocol { .. }
    ));
    assert!(matches!(
        refusal("m=audio 1 RTP/AVP 18\r\n"),
        NegotiationError::NoCommonCodec { .. }
    ));
    assert!(matches!(
        refusal("m=audio 1 RTP/AVP 101\r\n"),
        NegotiationError::NoCommonCodec { .. }
    ));
}
