//! Any datagram is an RTP packet or refused; what was read can be written again.
#![no_main]

use libfuzzer_sys::fuzz_target;
use plenum_rtp::telephone_event::TelephoneEvent;
use plenum_rtp::{RtpHeader, RtpPacket};

fuzz_target!(|datagram: &[u8]| {
    let Ok(packet) = RtpPacket::parse(datagram) else {
        return;
    };
    assert!(packet.payload.len() + RtpHeader::LEN <= datagram.len());
    assert!(packet.csrcs().len() <= 15);

    let mut written = [0; RtpHeader::LEN];
    assert_eq!(packet.header.write(&mut written), RtpHeader::LEN);
    let again = RtpPacket::parse(&written).expect("a written header is a packet");
    assert_eq!(again.header, packet.header);

    if let Ok(event) = TelephoneEvent::parse(packet.payload) {
        let again = TelephoneEvent::parse(&event.to_bytes()).expect("a written event parses");
        assert_eq!(again, event);
    }
});
