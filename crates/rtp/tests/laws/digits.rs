use std::time::Duration;

use plenum_rtp::telephone_event::{
    Digit, DigitPacket, DigitReceiver, DigitSender, ReceivedDigit, TelephoneEvent,
};
use plenum_rtp::{RtpError, RtpTimestamp};
use plenum_time::Instant;
use proptest::prelude::*;

const FRAME: u16 = 160;
const SILENCE: Duration = Duration::from_millis(200);
const LATER: Instant = Instant::from_millis(5000);

/// A packet on its way: the timestamp of its header and its payload.
type Sent = (RtpTimestamp, TelephoneEvent);

fn digit(character: char) -> Digit {
    Digit::from_char(character).expect("a digit")
}

fn press(start: RtpTimestamp, character: char, duration: u32) -> Vec<Sent> {
    DigitSender::new(digit(character), duration, FRAME)
        .map(
            |DigitPacket {
                 timestamp_offset,
                 payload,
                 ..
             }| (start.plus(timestamp_offset), payload),
        )
        .collect()
}

/// Plays packets to a receiver at once and then lets it hear silence.
fn hear(packets: &[Sent]) -> Vec<ReceivedDigit> {
    let mut receiver = DigitReceiver::new(SILENCE);
    let mut heard: Vec<_> = packets
        .iter()
        .flat_map(|(timestamp, event)| receiver.receive(Instant::ZERO, *timestamp, event))
        .collect();
    heard.extend(receiver.poll(LATER));
    assert_eq!(receiver.deadline(), None);
    heard
}

fn characters(heard: &[ReceivedDigit]) -> String {
    heard
        .iter()
        .map(|received| received.digit.to_char())
        .collect()
}

/// A number being dialled, and what the network does to the packets of each digit.
#[derive(Clone, Debug)]
struct Dialled {
    keys: Vec<(char, u32)>,
    start: RtpTimestamp,
    kept: Vec<Vec<bool>>,
    survivor: Vec<prop::sample::Index>,
    copies: Vec<usize>,
}

impl Dialled {
    /// The packets that arrive, in groups of one digit, in the order of sending.
    fn arriving(&self) -> Vec<Vec<Sent>> {
        let mut start = self.start;
        let mut copies = self.copies.iter().cycle();
        let mut arriving = Vec::new();
        for (at, &(key, duration)) in self.keys.iter().enumerate() {
            let packets = press(start, key, duration);
            let survivor = self.survivor[at].index(packets.len());
            let kept = packets.iter().enumerate().filter(|(nth, _)| {
                *nth == survivor || self.kept[at].get(*nth).copied().unwrap_or(true)
            });
            let copied = kept.flat_map(|(_, packet)| {
                std::iter::repeat_n(*packet, *copies.next().expect("an endless cycle"))
            });
            arriving.push(copied.collect());
            start = start.plus(duration + 400);
        }
        arriving
    }

    fn number(&self) -> String {
        self.keys.iter().map(|(key, _)| key).collect()
    }
}

prop_compose! {
    fn any_dialled()(
        keys in prop::collection::vec(
            (prop::sample::select("0123456789*#ABCD".chars().collect::<Vec<_>>()), 1_u32..3000),
            1..12,
        ),
        start in any::<u32>(),
        kept in prop::collection::vec(prop::collection::vec(any::<bool>(), 22), 12),
        survivor in prop::collection::vec(any::<prop::sample::Index>(), 12),
        copies in prop::collection::vec(1_usize..4, 1..40),
    ) -> Dialled {
        Dialled { keys, start: RtpTimestamp(start), kept, survivor, copies }
    }
}

fn sorted(text: &str) -> Vec<char> {
    let mut characters: Vec<char> = text.chars().collect();
    characters.sort_unstable();
    characters
}

proptest! {
    /// RFC 4733 2.5.2.
    #[test]
    fn one_packet_of_a_digit_is_enough(dialled in any_dialled()) {
        let heard = hear(&dialled.arriving().concat());
        prop_assert_eq!(characters(&heard), dialled.number());
    }

    #[test]
    fn disorder_within_a_digit_changes_nothing(dialled in any_dialled(), seed in any::<u64>()) {
        let mut arriving = dialled.arriving();
        for (nth, packets) in arriving.iter_mut().enumerate() {
            shuffle(packets, seed.wrapping_add(nth as u64));
        }
        prop_assert_eq!(characters(&hear(&arriving.concat())), dialled.number());
    }

    #[test]
    fn whatever_the_order_each_digit_comes_once(dialled in any_dialled(), seed in any::<u64>()) {
        let mut arriving = dialled.arriving().concat();
        shuffle(&mut arriving, seed);
        let heard = characters(&hear(&arriving));
        prop_assert_eq!(sorted(&heard), sorted(&dialled.number()));
    }

    #[test]
    fn an_undisturbed_digit_keeps_its_duration(
        duration in 1_u32..400_000,
        start in any::<u32>(),
    ) {
        let packets = press(RtpTimestamp(start), '7', duration);
        prop_assert_eq!(hear(&packets), [ReceivedDigit { digit: digit('7'), duration }]);
    }

    /// RFC 4733 2.5.1.
    #[test]
    fn a_digit_is_sent_as_the_standard_says(duration in 1_u32..400_000, frame in 40_u16..2000) {
        let packets: Vec<_> = DigitSender::new(digit('5'), duration, frame).collect();
        let ends = packets.iter().filter(|packet| packet.payload.end).count();
        prop_assert_eq!(ends, 3);
        prop_assert!(packets[packets.len() - 3..].iter().all(|packet| packet.payload.end));
        prop_assert!(packets[0].marker && packets[1..].iter().all(|packet| !packet.marker));
        let last = packets[packets.len() - 1];
        prop_assert_eq!(last.timestamp_offset + u32::from(last.payload.duration), duration);
        let mut told = 0;
        for packet in packets {
            let lasted = packet.timestamp_offset + u32::from(packet.payload.duration);
            // The packet that fills a segment tells up to a frame less than has passed.
            prop_assert!(lasted >= told && lasted - told < 2 * u32::from(frame));
            told = lasted;
        }
    }

    /// RFC 4733 2.3.
    #[test]
    fn payloads_survive_the_wire(event: u8, end: bool, volume in 0_u8..64, duration: u16) {
        let written = TelephoneEvent { event, end, volume, duration };
        let mut bytes = [0; 6];
        prop_assert_eq!(written.write(&mut bytes), 4);
        prop_assert_eq!(TelephoneEvent::parse(&bytes), Ok(written));
    }

    #[test]
    fn no_payloads_panic(
        payloads in prop::collection::vec((any::<u64>(), any::<u32>(), any::<[u8; 4]>()), 0..200),
    ) {
        let mut receiver = DigitReceiver::new(SILENCE);
        for (nanos, timestamp, mut bytes) in payloads {
            bytes[0] %= 18;
            let event = TelephoneEvent::parse(&bytes).unwrap();
            let now = Instant::from_nanos(nanos);
            let heard = receiver.receive(now, RtpTimestamp(timestamp), &event).count();
            prop_assert!(heard <= 2);
            prop_assert_eq!(receiver.deadline().is_some(), receiver.pressed().is_some());
            receiver.poll(now);
        }
    }
}

/// Shuffles by a small generator, so that a failing case shrinks by its seed.
fn shuffle<T>(items: &mut [T], seed: u64) {
    let mut state = seed | 1;
    for last in (1..items.len()).rev() {
        state = state
            .wrapping_mul(6_364_136_223_846_793_005)
            .wrapping_add(1_442_695_040_888_963_407);
        items.swap(last, (state >> 33) as usize % (last + 1));
    }
}

/// RFC 4733 2.5.1.4.
#[test]
fn a_short_digit_goes_out_as_four_updates_and_three_ends() {
    let told: Vec<_> = DigitSender::new(digit('#'), 800, FRAME)
        .map(|packet| (packet.marker, packet.payload.end, packet.payload.duration))
        .collect();
    let expected = [
        (true, false, 160),
        (false, false, 320),
        (false, false, 480),
        (false, false, 640),
        (false, true, 800),
        (false, true, 800),
        (false, true, 800),
    ];
    assert_eq!(told, expected);
}

#[test]
fn the_same_key_twice_is_two_digits() {
    let first = press(RtpTimestamp(1000), '1', 800);
    let second = press(RtpTimestamp(3000), '1', 800);
    assert_eq!(characters(&hear(&[&first[..], &second[..]].concat())), "11");
    // With all ends of the first lost, only its timestamp tells them apart.
    assert_eq!(
        characters(&hear(&[&first[..2], &second[6..]].concat())),
        "11"
    );
}

#[test]
fn a_digit_without_ends_is_released_by_silence() {
    let mut receiver = DigitReceiver::new(SILENCE);
    let packets = press(RtpTimestamp(0), '9', 800);
    for (nth, (timestamp, event)) in packets[..3].iter().enumerate() {
        let now = Instant::from_millis(20 * nth as u64);
        assert_eq!(receiver.receive(now, *timestamp, event).count(), 0);
    }
    assert_eq!(receiver.pressed(), Some(digit('9')));
    assert_eq!(receiver.deadline(), Some(Instant::from_millis(240)));
    assert_eq!(receiver.poll(Instant::from_millis(239)), None);
    let released = receiver.poll(Instant::from_millis(240));
    assert_eq!(
        released,
        Some(ReceivedDigit {
            digit: digit('9'),
            duration: 480
        })
    );
    // Its end arrives after all.
    let (timestamp, end) = packets[4];
    assert_eq!(
        receiver
            .receive(Instant::from_millis(250), timestamp, &end)
            .count(),
        0
    );
}

/// RFC 4733 2.5.1.3.
#[test]
fn swapped_segments_are_one_long_digit() {
    let mut packets = press(RtpTimestamp(0), '3', 0xFFFF + 480);
    let second_segment = packets
        .iter()
        .position(|(at, _)| at.0 == 0xFFFF)
        .expect("two segments");
    packets.swap(second_segment - 1, second_segment);
    let duration = 0xFFFF + 480;
    assert_eq!(
        hear(&packets),
        [ReceivedDigit {
            digit: digit('3'),
            duration
        }]
    );
}

#[test]
fn a_number_longer_than_the_memory_is_heard_once() {
    let number = "0123456789*#ABCD0123456789*#ABCD0123456789";
    let packets: Vec<Vec<Sent>> = number
        .chars()
        .enumerate()
        .map(|(nth, key)| press(RtpTimestamp(nth as u32 * 2000), key, 800))
        .collect();
    // Every packet comes again when all is over.
    let twice = [packets.concat(), packets.concat()].concat();
    assert_eq!(characters(&hear(&twice)), number);
}

#[test]
fn timestamps_that_start_over_are_heard_after_the_memory_fades() {
    let mut receiver = DigitReceiver::new(SILENCE);
    let mut heard = String::new();
    for (round, now) in [Instant::ZERO, Instant::from_millis(10_000)]
        .into_iter()
        .enumerate()
    {
        for nth in 0..20 {
            for (timestamp, event) in press(RtpTimestamp(nth * 2000), '5', 800) {
                heard.extend(
                    receiver
                        .receive(now, timestamp, &event)
                        .map(|one| one.digit.to_char()),
                );
            }
        }
        assert_eq!(heard.len(), 20 * (round + 1));
    }
}

/// RFC 4733 3.2.
#[test]
fn other_events_are_no_digits() {
    let flash = TelephoneEvent {
        event: 16,
        end: true,
        volume: 0,
        duration: 800,
    };
    assert_eq!(hear(&[(RtpTimestamp(0), flash)]), []);
    assert_eq!(
        TelephoneEvent::parse(&[1, 2, 3]),
        Err(RtpError::TelephoneEvent(3))
    );
}

/// RFC 4733 2.5.1.3.
#[test]
fn a_digit_of_whole_segments_tells_each_once() {
    let told: Vec<_> = DigitSender::new(digit('0'), 2 * 0xFFFF, 0xFFFF)
        .map(|packet| {
            (
                packet.timestamp_offset,
                packet.payload.duration,
                packet.payload.end,
            )
        })
        .collect();
    let end = (0xFFFF, 0xFFFF, true);
    assert_eq!(told, [(0, 0xFFFF, false), end, end, end]);
}

#[test]
fn the_longest_duration_told_counts() {
    let packets = press(RtpTimestamp(0), '4', 800);
    let swapped = [packets[0], packets[2], packets[1]];
    assert_eq!(
        hear(&swapped),
        [ReceivedDigit {
            digit: digit('4'),
            duration: 480
        }]
    );
}

#[test]
fn the_memory_fades_from_its_oldest_digit_whatever_their_order() {
    let early = press(RtpTimestamp(0), '1', 800);
    let late = press(RtpTimestamp(2000), '2', 800);
    let rest = (2..18).flat_map(|nth| press(RtpTimestamp(nth * 2000), '3', 800));
    let packets: Vec<Sent> = late
        .iter()
        .chain(&early)
        .copied()
        .chain(rest)
        .chain(late.iter().copied())
        .collect();
    assert_eq!(characters(&hear(&packets)), format!("21{}", "3".repeat(16)));
}
