//! SIP messages over the received bytes, without loss (RFC 3261).
//!
//! A [`Message`] is the received [`Bytes`](bytes::Bytes) and a table of offsets: it is immutable,
//! cheap to clone, and no header it carries is ever rewritten or dropped by reading it. Typed
//! headers are parsed on demand and own their text, so that keeping one in a dialog does not keep
//! the datagram alive. Every operation is linear in the size of its input.
//!
//! # Entry points
//!
//! - [`Message::parse_datagram`] reads one UDP datagram or WebSocket message.
//! - [`StreamFramer`] cuts messages and keep-alives out of a TCP or TLS stream.
//! - [`Message::core`] yields the five headers every transaction needs, typed; [`Message::check`]
//!   adds what routes a message, and is what a server refuses with 400.
//! - [`MessageBuilder`] writes requests and responses; a value can never smuggle a line.
//! - [`Multipart`] reads bodies of several parts, [`MultipartBuilder`] writes them.
//! - [`Uri`], [`NameAddr`], [`Via`], [`CSeq`] and the other header types parse and print alone.
//!
//! ```
//! use plenum_sip_msg::{Limits, Message, MessageBuilder, StatusCode};
//!
//! let datagram = "OPTIONS sip:ann@hall.example SIP/2.0\r\n\
//!     Via: SIP/2.0/UDP pc.example;branch=z9hG4bK1;rport\r\n\
//!     From: <sip:ben@hall.example>;tag=b1\r\n\
//!     To: <sip:ann@hall.example>\r\n\
//!     Call-ID: 1@pc.example\r\n\
//!     CSeq: 1 OPTIONS\r\n\r\n";
//! let request = Message::parse_datagram(datagram.into(), &Limits::default())?
//!     .with_top_via_received([192, 0, 2, 1].into(), 5060);
//! assert_eq!(request.core()?.from.tag(), Some("b1"));
//! let answer = MessageBuilder::response_to(&request, StatusCode::OK).to_tag("a1").build();
//! assert!(answer.bytes().starts_with(b"SIP/2.0 200 OK\r\nVia: "));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Deliberately absent
//!
//! Transactions, dialogs and transports (`plenum-sip-ua`), session descriptions (`plenum-sdp`), and
//! digest arithmetic: [`AuthValue`] and [`DigestCredentials`] only carry the parameters.
#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

mod builder;
mod decimal;
mod error;
mod framer;
mod header;
mod host;
mod limits;
#[cfg(test)]
mod linear;
mod message;
mod method;
mod multipart;
mod name;
mod params;
mod scan;
mod status;
mod text;
mod token;
mod transport;
mod uri;

pub use builder::MessageBuilder;
pub use error::{HeaderError, ParseError, Rule, SyntaxError};
pub use framer::{Frame, StreamFramer};
pub use header::{
    Algorithm, AuthParam, AuthValue, AuthenticationInfo, CSeq, ContentDisposition, Date,
    DigestChallenge, DigestCredentials, Diversion, Event, FeatureSet, HeaderValue, HistoryInfo,
    InfoUri, Join, MediaType, MimeVersion, NameAddr, Preference, Privacy, RAck, Reason, ReferSub,
    Replaces, RetryAfter, Rport, SessionExpires, SessionId, SubscriptionState, TargetChange,
    TargetDialog, Timestamp, TokenList, UserToUser, Values, Via, Warning,
};
pub use host::Host;
pub use limits::Limits;
pub use message::{Core, HeaderField, Headers, Message};
pub use method::Method;
pub use multipart::{Multipart, MultipartBuilder, MultipartError, Part};
pub use name::HeaderName;
pub use params::Params;
pub use status::StatusCode;
pub use token::Token;
pub use transport::Transport;
pub use uri::{Scheme, Uri};
