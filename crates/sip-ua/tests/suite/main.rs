//! What a peer and an owner see of an endpoint, in virtual time.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod bench;
mod calls_in;
mod calls_out;
mod dialogs;
mod laws;
mod limits;
mod reinvites;
mod requests;
mod routing;
mod timers;
mod world;
