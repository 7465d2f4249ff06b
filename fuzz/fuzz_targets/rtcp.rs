//! Any datagram is a row of RTCP packets that ends, at the latest with an error.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plenum_rtp::rtcp::{Compound, RtcpPacket};

fuzz_target!(|datagram: &[u8]| {
    let mut after_error = false;
    for packet in Compound::new(datagram) {
        assert!(
            !after_error,
            "nothing follows a packet that could not be read"
        );
        match packet {
            Ok(packet) => walk(&packet),
            Err(_) => after_error = true,
        }
    }
});

/// Reads everything that a packet gives access to.
fn walk(packet: &RtcpPacket<'_>) {
    match packet {
        RtcpPacket::SenderReport(report) => assert!(report.blocks.iter().count() <= 31),
        RtcpPacket::ReceiverReport(report) => assert!(report.blocks.iter().count() <= 31),
        RtcpPacket::SourceDescription(description) => {
            for chunk in description.chunks() {
                let texts: usize = chunk.items().map(|item| item.text.len()).sum();
                assert!(chunk.cname().is_none_or(|name| name.len() <= texts));
            }
        }
        RtcpPacket::Goodbye(goodbye) => assert!(goodbye.sources().len() <= 31),
        _ => {}
    }
}
