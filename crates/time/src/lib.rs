//! Time as a value, for machines that never read a clock.
//!
//! Every machine of Plenum (`sip-ua`, `media`, `switch`, `control`) takes `now` as an argument. In
//! production the runtime measures it, in a simulation the virtual world does. This crate holds
//! what they share: [`Instant`], a point on that clock, and [`TimerQueue`], the deadlines that a
//! machine waits for.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;

mod instant;
mod timers;

pub use instant::Instant;
pub use timers::{TimerId, TimerQueue};
