//! Audio codecs of RTP legs: G.711 in both laws and linear PCM.
//!
//! [`Codec`] is the entry point: it names a codec as SDP does and turns payload bytes into 16-bit
//! samples and back, in buffers that the caller owns. [`g711`] holds the two laws one sample at a
//! time.
//!
//! Deliberately absent: resampling, concealment, stereo, and any codec with state between packets.

#![no_std]
#![forbid(unsafe_code)]

mod codec;
pub mod g711;

pub use codec::Codec;
