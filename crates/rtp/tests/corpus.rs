//! Replays the recorded inputs of the fuzz targets through every parser and tracker.
//!
//! A file whose name starts with `valid-` must parse, one that starts with `broken-` must be
//! refused; a file that a fuzzer added must only do no harm.

use std::fs;
use std::path::Path;
use std::time::Duration;

use plenum_rtp::rtcp::{Compound, RtcpPacket};
use plenum_rtp::telephone_event::{DigitReceiver, TelephoneEvent};
use plenum_rtp::{
    ExtendedSequence, ReceptionStats, RtpPacket, RtpTimestamp, Ssrc, looks_like_rtcp,
};
use plenum_time::Instant;

const FEWEST_INPUTS: usize = 15;

struct Input {
    name: String,
    bytes: Vec<u8>,
}

/// Reads the inputs of one fuzz target, in the order of their names.
fn corpus(target: &str) -> Vec<Input> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR"))
        .join("../../fuzz/corpus")
        .join(target);
    let entries = fs::read_dir(&folder).expect("the corpus is part of the repository");
    let mut inputs: Vec<Input> = entries
        .map(|entry| {
            let entry = entry.expect("a readable folder");
            let name = entry.file_name().to_string_lossy().into_owned();
            Input {
                name,
                bytes: fs::read(entry.path()).expect("a readable file"),
            }
        })
        .collect();
    inputs.sort_by(|one, other| one.name.cmp(&other.name));
    assert!(
        inputs.len() >= FEWEST_INPUTS,
        "{} lost its inputs",
        folder.display()
    );
    inputs
}

fn check_verdict(input: &Input, parsed: bool) {
    if input.name.starts_with("valid-") {
        assert!(parsed, "{} must parse", input.name);
    }
    if input.name.starts_with("broken-") {
        assert!(!parsed, "{} must be refused", input.name);
    }
}

/// A receiver of everything that RTP carries.
struct Receiver {
    stats: ReceptionStats,
    digits: DigitReceiver,
    heard: String,
    now: Instant,
}

impl Receiver {
    fn new() -> Self {
        Self {
            stats: ReceptionStats::new(ExtendedSequence::announced()),
            digits: DigitReceiver::new(Duration::from_millis(200)),
            heard: String::new(),
            now: Instant::ZERO,
        }
    }

    fn receive_rtp(&mut self, datagram: &[u8]) -> bool {
        self.now += Duration::from_millis(20);
        let Ok(packet) = RtpPacket::parse(datagram) else {
            return false;
        };
        assert!(packet.csrcs().len() <= 15);
        let arrival = RtpTimestamp::from_duration(self.now.since(Instant::ZERO), 8000);
        let header = packet.header;
        self.stats
            .receive(header.sequence, header.timestamp, arrival);
        if let Ok(event) = TelephoneEvent::parse(packet.payload)
            && header.payload_type.value() == 101
        {
            let digits = self.digits.receive(self.now, header.timestamp, &event);
            self.heard
                .extend(digits.map(|received| received.digit.to_char()));
        }
        true
    }

    fn receive_rtcp(&mut self, datagram: &[u8]) -> bool {
        let mut parsed = true;
        for packet in Compound::new(datagram) {
            match packet {
                Ok(RtcpPacket::SenderReport(report)) => {
                    self.stats.receive_sender_report(report.info.ntp, self.now);
                    for block in report.blocks.iter() {
                        let span = block.round_trip(report.info.ntp);
                        assert!(span.is_none_or(|span| span < Duration::from_secs(1 << 15)));
                    }
                }
                Ok(RtcpPacket::ReceiverReport(report)) => {
                    assert!(report.blocks.iter().len() <= 31);
                }
                Ok(RtcpPacket::SourceDescription(sdes)) => {
                    for chunk in sdes.chunks() {
                        let texts: usize = chunk.items().map(|item| item.text.len()).sum();
                        assert!(texts <= datagram.len());
                    }
                }
                Ok(RtcpPacket::Goodbye(bye)) => assert!(bye.sources().len() <= 31),
                Ok(_) => {}
                Err(_) => parsed = false,
            }
        }
        parsed
    }
}

#[test]
fn recorded_media_packets_are_told_from_broken_ones() {
    let mut receiver = Receiver::new();
    for input in corpus("rtp") {
        check_verdict(&input, receiver.receive_rtp(&input.bytes));
        receiver.receive_rtcp(&input.bytes);
    }
    let block = receiver.stats.report(Ssrc(1), receiver.now);
    assert_eq!(block.jitter, receiver.stats.jitter());
}

#[test]
fn recorded_control_packets_are_told_from_broken_ones() {
    let mut receiver = Receiver::new();
    for input in corpus("rtcp") {
        check_verdict(&input, receiver.receive_rtcp(&input.bytes));
        receiver.receive_rtp(&input.bytes);
        if input.name.starts_with("valid-") {
            assert!(
                looks_like_rtcp(&input.bytes),
                "{} must be told from RTP",
                input.name
            );
        }
    }
}

#[test]
fn the_digits_among_the_recorded_packets_are_heard_once() {
    let mut receiver = Receiver::new();
    for input in corpus("rtp")
        .iter()
        .filter(|input| input.name.starts_with("valid-"))
    {
        receiver.receive_rtp(&input.bytes);
    }
    let silent = receiver.now + Duration::from_secs(1);
    receiver.heard.extend(
        receiver
            .digits
            .poll(silent)
            .map(|last| last.digit.to_char()),
    );
    // In the order of the files' names: an end before its start, two segments, a lone start.
    assert_eq!(receiver.heard, "#35");
}
