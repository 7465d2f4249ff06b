//! Free ports.

use std::net::{Ipv4Addr, TcpListener, UdpSocket};
use std::process;
use std::sync::atomic::{AtomicU32, Ordering};

/// Ports that one server gets for RTP.
const RTP_PORTS: u16 = 400;

/// Ranges for RTP, below the ports that the system hands out by itself.
const RTP_RANGES: u32 = 30;

static NEXT_RANGE: AtomicU32 = AtomicU32::new(0);

/// Finds a port that is free for UDP and TCP, as is the one above it.
pub(crate) fn free_port() -> u16 {
    let free = || {
        let tcp = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).ok()?;
        let port = tcp.local_addr().ok()?.port();
        let udp = UdpSocket::bind((Ipv4Addr::LOCALHOST, port)).ok()?;
        let next = TcpListener::bind((Ipv4Addr::LOCALHOST, port.checked_add(1)?)).ok()?;
        drop((tcp, udp, next));
        Some(port)
    };
    (0..100)
        .find_map(|_| free())
        .expect("a machine has free ports")
}

/// Chooses a range of ports for RTP, as `first-last`.
pub(crate) fn rtp_range() -> String {
    let number = process::id().wrapping_add(NEXT_RANGE.fetch_add(1, Ordering::Relaxed));
    let number = u16::try_from(number % RTP_RANGES).expect("there are few ranges");
    let first = 20_000 + number * RTP_PORTS;
    format!("{first}-{}", first + RTP_PORTS - 1)
}
