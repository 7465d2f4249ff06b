//! The virtual world: a server, phones and a network in virtual time.
//!
//! [`World`] drives the same machines that production drives (`plenum_control::Control` and
//! `plenum_media::Shard`) together with virtual phones over a seeded network. Each phone sends a
//! tone of its own and knows which tones it hears. Everything follows from the seed: one seed gives
//! one run, octet for octet.
//!
//! - [`World`] and [`PhoneHandle`]: stories as tests, phone by phone.
//! - [`random_run`]: a story drawn by a seed, with faults of phones and network.
//! - Invariants hold after every step: journal, books of legs and seats, nobody hears itself. Once
//!   the world is calm, server and phones must agree on who is where, and everybody must hear who
//!   talks in its room. Once all calls are over, nothing may be left.
//!
//! Deliberately absent: real sockets, files and clocks, which are the business of `runtime`; TCP.

#![forbid(unsafe_code)]

mod builder;
mod dice;
mod handle;
mod network;
mod oracle;
mod phone;
mod random_run;
mod server;
mod shelf;
mod state;
mod trace;
mod watch;
mod world;

use std::time::Duration;

pub use builder::{DIALPLAN, WorldBuilder};
pub use dice::Dice;
pub use handle::PhoneHandle;
pub use network::Link;
pub use phone::{CallEnd, Change, Hold, Line, PHONES_MAX};
pub use random_run::{Failure, STEPS, Summary, random_run};
pub use shelf::{BEEP_HZ, CHIME_HZ, MUSIC_HZ, PROMPT_HZ};
pub use state::Violation;
pub use world::World;

/// Returns so many seconds.
#[must_use]
pub const fn secs(seconds: u64) -> Duration {
    Duration::from_secs(seconds)
}

/// Returns so many milliseconds.
#[must_use]
pub const fn millis(millis: u64) -> Duration {
    Duration::from_millis(millis)
}
