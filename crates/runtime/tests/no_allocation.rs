//! A shard thread in its steady state allocates nothing.
#![allow(unsafe_code, clippy::unwrap_used)]

use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::net::{IpAddr, Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering::SeqCst};
use std::time::Duration;

use plenum_codecs::Codec;
use plenum_control::ShardId;
use plenum_media::{LegId, MediaCommand, Patch, PortId, ShardConfig, StreamIdentity, StreamSetup};
use plenum_runtime::clock::Clock;
use plenum_runtime::rtp::{PortPool, PortRange};
use plenum_runtime::shard::{ShardHandle, ShardOptions, ShardThread};
use tokio::sync::Notify;

thread_local! {
    /// Whether the allocations of this thread are counted.
    static COUNTED: Cell<bool> = const { Cell::new(true) };
}

/// Allocations and releases of all threads that did not exempt themselves.
static CALLS: AtomicU64 = AtomicU64::new(0);

/// Counts calls and leaves the work to the system.
struct Counting;

// SAFETY: each method hands its arguments on to the system's allocator unchanged.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        note();
        // SAFETY: the caller keeps the contract of `GlobalAlloc::alloc`.
        unsafe { System.alloc(layout) }
    }

    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        note();
        // SAFETY: the caller keeps the contract of `GlobalAlloc::dealloc`.
        unsafe { System.dealloc(block, layout) };
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

fn note() {
    if COUNTED.try_with(Cell::get).unwrap_or(false) {
        CALLS.fetch_add(1, SeqCst);
    }
}

/// Packets of the phone until the shard thread has seen everything at least once.
const WARM_UP: u16 = 25;

/// Packets in the measurement.
const MEASURED: u16 = 50;

#[test]
fn a_slice_with_a_talking_leg_allocates_nothing() {
    COUNTED.set(false);
    let phone = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    phone
        .set_read_timeout(Some(Duration::from_millis(20)))
        .unwrap();
    let (handle, server) = echo(phone.local_addr().unwrap());
    let mut heard = 0;
    for sequence in 0..WARM_UP {
        heard += talk(&phone, server, sequence);
    }
    let before = CALLS.load(SeqCst);
    let slices = handle.metrics().read().slices;
    for sequence in 0..MEASURED {
        heard += talk(&phone, server, WARM_UP + sequence);
    }
    let calls = CALLS.load(SeqCst) - before;
    assert!(heard > 0, "the echo was to be heard");
    assert!(
        handle.metrics().read().slices > slices,
        "the thread was to run"
    );
    assert_eq!(calls, 0);
}

/// Sends a packet and waits for one at most 20 ms; returns how many came.
fn talk(phone: &UdpSocket, server: SocketAddr, sequence: u16) -> u32 {
    let mut packet = vec![0x80, 0];
    packet.extend(sequence.to_be_bytes());
    packet.extend((u32::from(sequence) * 160).to_be_bytes());
    packet.extend([7; 4 + 160]);
    phone.send_to(&packet, server).unwrap();
    u32::from(phone.recv_from(&mut [0; 2048]).is_ok())
}

/// A shard thread with one leg that hears itself, and its address.
fn echo(phone: SocketAddr) -> (ShardHandle, SocketAddr) {
    let options = ShardOptions {
        id: ShardId(0),
        cpu: None,
        real_time: false,
        config: ShardConfig::default(),
    };
    let mut handle = ShardThread::spawn(options, Clock::start(), Arc::new(Notify::new())).unwrap();
    let ip = IpAddr::V4(Ipv4Addr::LOCALHOST);
    let first = 22_000 + 32 * u16::try_from(std::process::id() % 300).unwrap();
    let mut pool = PortPool::new(ip, PortRange::new(first, first + 31).unwrap());
    let pair = pool.bind_pairs(1).0.pop().unwrap();
    let server = SocketAddr::new(ip, pair.port);
    let port = handle.add_port(pair).unwrap();
    for command in commands(port, phone) {
        handle.command(command).unwrap();
    }
    (handle, server)
}

fn commands(port: PortId, phone: SocketAddr) -> [MediaCommand; 3] {
    let leg = LegId(1);
    let stream = StreamSetup {
        remote: Some(phone),
        remote_rtcp: None,
        rtcp_mux: false,
        codec: Codec::Pcmu,
        send_payload_type: 0,
        receive: vec![(0, Codec::Pcmu)],
        send_event_type: None,
        receive_event_type: None,
        sends: true,
        receives: true,
        packet_time: Duration::from_millis(20),
    };
    let identity = StreamIdentity {
        ssrc: 7,
        sequence: 1,
        timestamp: 1,
    };
    [
        MediaCommand::AddPort { port },
        MediaCommand::AddLeg {
            leg,
            port,
            identity,
            stream: Some(Box::new(stream)),
        },
        MediaCommand::Connect {
            leg,
            to: Patch::Echo,
        },
    ]
}
