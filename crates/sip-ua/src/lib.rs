//! SIP transactions, dialogs and calls as one machine without input or output (RFC 3261).
//!
//! [`Endpoint`] is a plain value. Its owner hands it parsed messages, the time and its wishes
//! ("ring", "answer", "hang up"); it hands back messages to send and events to act on through an
//! [`Outbox`]. It holds no socket, clock or thread, and its randomness comes from a seed, so that
//! a recorded run replays octet by octet.
//!
//! # Entry points
//!
//! - [`Endpoint::receive`], [`Endpoint::timeout`] and [`Endpoint::next_deadline`] drive it.
//! - [`Endpoint::invite`] places a call; [`Event::Incoming`] announces one.
//! - [`Endpoint::provisional`], [`Endpoint::accept`], [`Endpoint::reject`] and
//!   [`Endpoint::hang_up`] move a call; [`Event::Ended`] is always its last event.
//! - [`Endpoint::reinvite`], [`Endpoint::update`] and [`Endpoint::accept_reinvite`] change the
//!   session of a call; [`Description`] tells what is an offer and what an answer.
//! - [`Endpoint::retry`] sends a refused INVITE to its next target or with credentials.
//! - [`Endpoint::request`], [`Endpoint::send_request`] and [`Endpoint::respond`] carry all other
//!   methods.
//! - [`auth`] challenges who calls and answers who challenges, by digest; the owner carries its
//!   headers.
//!
//! # Example
//!
//! ```
//! use plenum_sip_ua::{Endpoint, EndpointConfig, ExtraHeaders, Flow, Invite, Outbox, Output};
//! use plenum_time::Instant;
//!
//! let mut endpoint = Endpoint::new(EndpointConfig::default(), [7; 32]);
//! let mut out = Outbox::new();
//! let flow = Flow::udp("192.0.2.1:5060".parse()?, "192.0.2.9:5060".parse()?);
//! let invite = Invite {
//!     flow,
//!     request_uri: "sip:bob@192.0.2.9".parse()?,
//!     from: "<sip:room@example.org>".parse()?,
//!     to: "<sip:bob@192.0.2.9>".parse()?,
//!     contact: "sip:room@192.0.2.1".parse()?,
//!     routes: vec![],
//!     headers: ExtraHeaders::none(),
//!     body: None,
//!     call_id: None,
//!     may_retry: false,
//! };
//! let call = endpoint.invite(Instant::ZERO, invite, &mut out)?;
//! let Some(Output::Send { message, .. }) = out.pop() else { unreachable!() };
//! assert!(message.starts_with(b"INVITE sip:bob@192.0.2.9 SIP/2.0\r\n"));
//! // Nothing came back: the INVITE goes out again after T1.
//! assert_eq!(endpoint.next_deadline(), Some(Instant::from_millis(500)));
//! # let _ = call;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Deliberately absent
//!
//! Session descriptions (`plenum-sdp`): a body is octets with a type. Name resolution: a next hop
//! that is not an address literal is reached over the flow that the dialog came from.
//! Registration and subscriptions.
//! `maddr` of a received Via is ignored, because it lets a forged request point
//! our responses at a third party.

#![no_std]
#![forbid(unsafe_code)]

extern crate alloc;
#[cfg(test)]
extern crate std;

pub mod auth;
mod body;
mod call;
mod compose;
mod config;
mod counters;
mod dialog;
mod endpoint;
mod error;
mod event;
mod flow;
mod keys;
pub mod locate;
mod outbox;
mod outgoing;
mod random;
mod transaction;

pub use body::{Body, Description, ExtraHeaders};
pub use call::{MAX_ATTEMPTS, Reliability};
pub use config::{EndpointConfig, MAX_CALLS, MAX_TRANSACTIONS, SessionTimers};
pub use counters::Counters;
pub use endpoint::Endpoint;
pub use error::{CallError, ExchangeError};
pub use event::{EndCause, Event};
pub use flow::{ConnectionId, Flow, PEER_NAMES_MAX, PeerId, PeerNames, Transport};
pub use keys::{CallKey, ClientRequestKey, EarlyKey, RequestKey};
pub use outbox::{Outbox, Output};
pub use outgoing::{Invite, OutgoingRequest, Retry};
