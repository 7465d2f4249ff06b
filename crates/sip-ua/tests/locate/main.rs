//! Server location: the branches of RFC 3263, its laws, and failover in virtual time.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on says where")]

mod answers;
mod failover;
mod laws;
mod refusals;
mod responses;
mod targets;
mod zone;
