//! Digest authentication as a server, a client and somebody else's client see it.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod client;
mod field;
mod guessing;
mod laws;
mod server;
mod world;
