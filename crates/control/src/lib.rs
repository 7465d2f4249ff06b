//! The control machine: SIP, calls and rooms composed into one plain value.
//!
//! [`Control`] ties the SIP endpoint (`sip-ua`), the domain (`switch`) and the media shards
//! (`media`) together. It holds no socket, clock, thread or file: its driver hands it an [`Input`]
//! and the time, and carries out each [`Output`]. `runtime` drives it in production, `sim` in
//! virtual time.
//!
//! # Entry points
//!
//! - [`Control::handle`], [`Control::timeout`] and [`Control::next_deadline`] drive it.
//! - [`Control::request`] is what the interfaces and `plenum ctl` use.
//! - [`Control::drain`] and [`Control::is_drained`] end it gracefully.
//! - [`Control::recover`] ends the call that was at work when the machine panicked.
//!
//! # Deliberately absent
//!
//! Shards: they live on threads of their own and are reached by commands and notices alone. Name
//! resolution, registration and outgoing calls.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod addresses;
mod bridges;
mod calls;
mod causes;
mod config;
mod control;
mod effects;
mod held;
mod inbound;
mod info;
mod io;
mod leg;
mod notices;
mod playbacks;
mod ports;
mod recordings;
mod recover;
mod reports;
mod requests;
#[cfg(test)]
mod testing;

pub use addresses::Addresses;
pub use config::ControlConfig;
pub use control::{Control, ControlOutbox, Counters, Sizes};
pub use held::{HELD_FOR, HELD_MAX};
pub use io::{Input, Output, ShardId, SoundJob, SoundName};
pub use ports::{BIND_STEP, LEGS_PER_PAIR, RESERVE, SURPLUS, SURPLUS_KEPT};
pub use reports::{CallOutcome, CallReport};
pub use requests::{Figures, JOURNAL_PAGE_MAX, Reply, Request};
