//! What the tests with foreign programs share: the server as users start it, SIPp and baresip as
//! Debian packages them, and a phone that is nothing but RTP.
//!
//! Everything stays on loopback, each server has ports and a folder of its own, and every program
//! ends with the value that started it.

#![allow(dead_code, reason = "each test binary uses its own part of this")]

pub(crate) mod baresip;
pub(crate) mod folder;
pub(crate) mod hearing;
pub(crate) mod journal;
pub(crate) mod phone;
pub(crate) mod ports;
pub(crate) mod program;
pub(crate) mod server;
pub(crate) mod sipp;

use std::thread;
use std::time::{Duration, Instant};

/// Longest wait for anything that should happen at once; generous, because machines are busy.
pub(crate) const SOON: Duration = Duration::from_secs(20);

/// How often a condition is looked at that nobody announces.
const LOOK: Duration = Duration::from_millis(20);

/// Waits until a condition holds that no event announces.
///
/// # Panics
///
/// It does not hold in time.
pub(crate) fn until(what: &str, within: Duration, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + within;
    while !holds() {
        assert!(Instant::now() < deadline, "{what}: not within {within:?}");
        thread::park_timeout(LOOK);
    }
}
