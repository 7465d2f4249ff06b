//! Phones that call each other over the loopback interface.

#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod audio;
mod changes;
mod ends;
mod setup;
mod support;
