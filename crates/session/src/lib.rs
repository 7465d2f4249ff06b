//! The session SDK: phones for people, bots and tests.
//!
//! A [`Phone`] has SIP sockets (UDP and TCP) and a media thread of its own. Calls are placed with
//! [`Phone::call`] and arrive from [`Phone::incoming`]; a [`Call`] is steered by its methods and
//! tells what happens in [`Call::next_event`]. Dropping a call hangs up; [`Phone::stop`] ends all
//! calls with BYE.
//!
//! ```no_run
//! use plenum_session::{CallConfig, Phone, PhoneConfig};
//!
//! # async fn example() -> Result<(), plenum_session::SessionError> {
//! let phone = Phone::start(PhoneConfig::default()).await?;
//! let call = phone.call("sip:9196@127.0.0.1:5060", CallConfig::default()).await?;
//! call.established().await?;
//! call.send_dtmf("12#").await?;
//! println!("{}", call.hang_up().await);
//! phone.stop().await;
//! # Ok(())
//! # }
//! ```
//!
//! # Entry points
//!
//! - [`Phone`], [`IncomingCall`] and [`Call`]; their settings [`PhoneConfig`] and [`CallConfig`].
//! - [`State`] names where a call is, [`CallEvent`] what happened, [`Ended`] why it is over.
//! - [`Playback`] and [`Recording`] carry audio at 8 kHz, mono.
//! - [`Destination`] is what a SIP URI leads to.
//!
//! # Deliberately absent
//!
//! Accounts with registration and authentication, presence, chat, file transfer and notification
//! queues: a call is the only kind of session so far. DNS service records: a host name is looked
//! up as an address.

#![forbid(unsafe_code)]

mod audio;
mod call;
mod config;
mod destination;
mod driver;
mod error;
mod event;
mod incoming;
mod link;
mod phone;
mod state;

pub use audio::{Playback, RECORDING_BUFFER, RECORDING_BUFFERS_WAITING_MAX, Recording};
pub use call::{Call, DigitMethod, EVENTS_WAITING_MAX};
pub use config::{CALLS_MAX, CallConfig, PhoneConfig};
pub use destination::Destination;
pub use error::SessionError;
pub use event::{CallEvent, EndCause, Ended, Party};
pub use incoming::IncomingCall;
pub use phone::{INCOMING_WAITING_MAX, Phone};
pub use state::{CallStatus, State};

pub use plenum_codecs::Codec;
pub use plenum_media::{End, LegStats, SAMPLE_RATE, Source, Tone};
pub use plenum_runtime::rtp::PortRange;
pub use plenum_sip_msg::{NameAddr, StatusCode, Uri};
