//! Any bytes are a description or refused; a description that is written reads the same; and an
//! offer is answered with a description of as many media lines, or refused.
#![no_main]

use std::net::{IpAddr, Ipv4Addr};

use libfuzzer_sys::fuzz_target;
use plenum_sdp::{LocalMedia, SessionDescription, answer};

fuzz_target!(|bytes: &[u8]| {
    let Ok(description) = SessionDescription::parse(bytes) else {
        return;
    };
    let written = description.to_bytes();
    if let Ok(again) = SessionDescription::parse(&written) {
        assert_eq!(again, description);
    } else {
        // Only ISO 8859-1, which grows when it becomes UTF-8, may outgrow the limit.
        assert!(written.len() > bytes.len());
    }

    let local = LocalMedia::new(IpAddr::V4(Ipv4Addr::LOCALHOST), 20_000);
    if let Ok((ours, _)) = answer(&description, &local) {
        assert_eq!(ours.media().len(), description.media().len());
    }
});
