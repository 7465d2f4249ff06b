//! Tens of thousands of calls in a row leave nothing behind.

mod peers;

use std::fs;
use std::time::Duration;

use peers::server::Server;
use peers::sipp::Call;
use peers::{SOON, until};
use plenum_control::SURPLUS;

/// Calls that fill caches, tables, the reserve of ports and the journal, and as many transactions
/// as are ever remembered at this rate: those of 32 s.
const FIRST: u32 = 13_000;

/// Calls that must leave no memory behind.
const MEASURED: u32 = 16_000;

const CALLS_A_SECOND: u32 = 400;

/// Calls at the same time. A machine that stands still for a moment has them all begin at once
/// when it goes on. They announce one address, so each needs a port pair of its own: more than a
/// server keeps ready.
const CALLS_AT_ONCE: u32 = 500;

/// SIPp may take so long for one part.
const PART: Duration = Duration::from_secs(90);

/// Transactions are remembered for 64 * T1, 32 s (RFC 3261 17.2.1, 17.2.2).
const FORGOTTEN: Duration = Duration::from_secs(60);

/// Growth that is still flat: 512 bytes a call, less than anything that is kept of one. The
/// allocator gives pages back when it likes, which moves the resident size by 5,000 KiB.
const GROWTH_KIB: u64 = 8_000;

/// The loop makes a hundred events a call, so that the first calls fill the journal: only then it
/// grows no more.
const DIALPLAN: &str = "\
[default]
exten => 300,1,Answer()
 same => n,Set(turn=0)
 same => n(again),Set(turn=$[${turn} + 1])
 same => n,GotoIf($[${turn} < 32]?again)
 same => n,Echo()
";

#[test]
fn thousands_of_calls_leave_nothing_behind() {
    let server = Server::with_dialplan(DIALPLAN);
    place(&server, FIRST);
    let files = files_beside_ports(&server);
    forget(&server);
    let memory = resident_kib(&server);
    place(&server, MEASURED);
    forget(&server);

    let calls = u64::from(FIRST + MEASURED);
    for figure in ["calls_arrived", "calls_answered", "calls_ended"] {
        assert_eq!(server.figure(figure), calls, "{figure}");
    }
    let left: Vec<(&str, u64)> = ["calls", "channels", "rooms", "sip_calls", "port_seats"]
        .map(|name| (name, server.figure(name)))
        .into();
    assert!(left.iter().all(|(_, count)| *count == 0), "left: {left:?}");
    until("all descriptors are closed", SOON, || {
        files_beside_ports(&server) <= files
    });
    assert!(server.figure("port_pairs") <= pairs_kept());
    let grown = resident_kib(&server).saturating_sub(memory);
    assert!(
        grown <= GROWTH_KIB,
        "{MEASURED} calls took {grown} KiB on top of {memory} KiB"
    );
}

fn place(server: &Server, calls: u32) {
    let call = Call::new(server, "short.xml", "300")
        .key("rtp_ip", "127.0.0.1")
        // Nobody is there; nobody talks either.
        .key("rtp_port", 9);
    call.start_many(calls, CALLS_A_SECOND, CALLS_AT_ONCE)
        .succeeds_within(PART);
}

/// Waits until nothing is remembered of the calls.
fn forget(server: &Server) {
    until("all transactions end", FORGOTTEN, || {
        server.figure("sip_transactions") == 0
    });
}

/// Returns the number of descriptors without those of the RTP ports in reserve.
fn files_beside_ports(server: &Server) -> u64 {
    let folder = format!("/proc/{}/fd", server.program.pid());
    let files = fs::read_dir(folder).expect("the server runs").count();
    let files = u64::try_from(files).expect("descriptors are few");
    files.saturating_sub(2 * server.figure("port_pairs"))
}

/// Returns how many port pairs wait for calls at most; each shard has its own.
fn pairs_kept() -> u64 {
    let shards = std::thread::available_parallelism().map_or(1, usize::from);
    u64::try_from(SURPLUS * shards).expect("port pairs are few")
}

fn resident_kib(server: &Server) -> u64 {
    let status = format!("/proc/{}/status", server.program.pid());
    let status = fs::read_to_string(status).expect("the server runs");
    let line = status.lines().find(|line| line.starts_with("VmRSS:"));
    let number = line.and_then(|line| line.split_whitespace().nth(1));
    number
        .and_then(|number| number.parse().ok())
        .expect("a process has a size")
}
