//! Session descriptions and offer/answer for SIP audio (RFC 8866, RFC 3264).
//!
//! This crate alone knows the wire format of session descriptions. It holds no clock, socket or
//! state of a call; [`OfferAnswer`] is a plain value that the owner of a dialog keeps.
//!
//! # Entry points
//!
//! - [`SessionDescription::parse`] and its `Display` turn bytes into a value and back.
//! - [`offer`], [`answer`] and [`accept_answer`] are the three steps of RFC 3264, as functions.
//! - [`OfferAnswer`] strings them together over the life of a session: versions, the order of
//!   media lines, payload numbers that keep their meaning, and roll back of a refused offer.
//! - [`Negotiated`] is what an RTP session needs to know: where to send, what, and what comes back.
//!
//! ```
//! use plenum_sdp::{LocalMedia, OfferAnswer};
//!
//! let offer = b"v=0\r\nc=IN IP4 192.0.2.9\r\nm=audio 4000 RTP/AVP 8 0\r\n";
//! let local = LocalMedia::new("192.0.2.1".parse()?, 20_000);
//! let mut session = OfferAnswer::new(42);
//! let (answer, negotiated) = session.remote_offer(offer, &local)?;
//! assert!(answer.starts_with(b"v=0\r\no=- 42 1 IN IP4 192.0.2.1\r\n"));
//! assert_eq!(negotiated.format.payload_type, 8);
//! assert_eq!(negotiated.remote, Some("192.0.2.9:4000".parse()?));
//! # Ok::<(), Box<dyn core::error::Error>>(())
//! ```
//!
//! # Deliberately absent
//!
//! Encrypted media (a description that offers only `RTP/SAVP` is refused with a reason), ICE,
//! bundling, video, multicast and name resolution: a host name in `c=` is kept as text.
//!
//! # Why the parser is our own
//!
//! The published parser `sdp-types` was tried with what phones send. It needs the standard library,
//! drops lines of unknown types, and refuses a session name in ISO 8859-1 and a user name with a
//! space. The syntax is a list of lines, so a tolerant reader in linear time is shorter than a
//! layer that repairs input before and after another one.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod attribute;
mod connection;
mod description;
mod direction;
mod error;
mod format;
mod local;
mod media;
mod negotiate;
mod parse;
mod payload;
mod session;

pub use attribute::{Attribute, Line};
pub use connection::{Connection, Host};
pub use description::{Origin, SessionDescription};
pub use direction::Direction;
pub use error::{NegotiationError, SdpError};
pub use format::{AudioFormat, Encoding};
pub use local::{DEFAULT_PTIME, LocalMedia, MAX_PTIME, MIN_PTIME, Preference, offer};
pub use media::{Media, MediaKind};
pub use negotiate::{Negotiated, TelephoneEvent, accept_answer, announced_audio, answer};
pub use parse::{
    MAX_ATTRIBUTES, MAX_CONNECTIONS, MAX_DESCRIPTION_BYTES, MAX_FORMATS, MAX_MEDIA, MAX_OTHER_LINES,
};
pub use session::OfferAnswer;
