//! The system calls that neither `std` nor `nix` offers in the form the media path needs.
//!
//! All unsafe code of the crate is in this module. `nix` wraps `recvmmsg` and `sendmmsg` too, but
//! its headers are not `Send`, borrow the buffers for as long as the results live, and do not
//! restore the address lengths between calls; here headers and buffers are one value that lives
//! as long as its thread or task, so that a call allocates nothing.
#![allow(unsafe_code)]

mod address;
mod receive;
mod send;
mod thread;

pub(crate) use receive::{Datagram, ReceiveBatch};
pub(crate) use send::{SendBatch, SendTally};
pub(crate) use thread::{kernel_drops, request_real_time};
