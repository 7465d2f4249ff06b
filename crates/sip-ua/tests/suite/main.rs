//! What a peer and an owner see of an endpoint, in virtual time.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod bench;
mod calls_in;
mod calls_out;
mod defects;
mod dialogs;
mod forks;
mod laws;
mod limits;
mod provisionals;
mod reinvites;
mod requests;
mod retries;
mod routing;
mod session_timers;
mod timers;
mod updates;
mod world;
