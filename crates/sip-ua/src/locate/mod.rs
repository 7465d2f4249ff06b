//! Where a request or response goes: SIP server location as pure values (RFC 3263).
//!
//! # Entry points
//!
//! - [`NextHop`] says what is to be reached: the URI of a request or its first route, or the Via
//!   of a response whose connection is gone.
//! - [`Locator`] keeps what all searches share: our [`Preferences`], the answers of DNS for their
//!   time to live, and the targets that failed lately.
//! - [`Search`] is one search. [`Locator::step`] says what it needs next: a [`Question`] to ask, a
//!   [`Target`] to try, or nothing until an answer arrives.
//!
//! # Example
//!
//! ```
//! use plenum_sip_ua::locate::{Answer, Locator, NextHop, Preferences, Record, RecordData, Step};
//! use core::time::Duration;
//! use plenum_time::Instant;
//!
//! let now = Instant::ZERO;
//! let mut locator = Locator::new(Preferences::default(), [7; 32]);
//! let next_hop = NextHop::of_uri(&"sip:ann@hall.example:5070".parse()?)?;
//! let mut search = locator.search(now, &next_hop, false)?;
//! loop {
//!     match locator.step(now, &mut search) {
//!         Step::Ask(question) => {
//!             let address = RecordData::Address("192.0.2.5".parse()?);
//!             let record = Record { ttl: Duration::from_secs(60), data: address };
//!             locator.answer(now, &mut search, question, Answer::Records(vec![record]));
//!         }
//!         Step::Try(attempt) => {
//!             assert_eq!(attempt.target.to_string(), "UDP 192.0.2.5:5070");
//!             break;
//!         }
//!         step => panic!("{step:?}"),
//!     }
//! }
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! # Deliberately absent
//!
//! Asking: the owner does, and hands the answers in. Aliases (CNAME) and the list of domains to
//! search are the resolver's. Whether a request is too long for a datagram, which the owner tells
//! by the last argument of [`Locator::search`]. Outbound proxies (RFC 5626) and service routes
//! (RFC 3608) come as routes. The sticky choice of stateless proxies (RFC 3263 4.4).
//!
//! # Standard
//!
//! RFC 3263, RFC 2782, RFC 3403 section 4, RFC 7118 for WebSocket.

mod blacklist;
mod cache;
mod error;
mod locator;
mod name;
mod naptr;
mod next_hop;
mod preferences;
mod record;
mod search;
mod service;
mod srv;
mod target;

pub use blacklist::{Failure, MAX_BLACKLISTED, PENALTY, PENALTY_MAX, RETRY_AFTER_MAX};
pub use cache::{
    FAILURE_TTL, MAX_CACHED_ANSWERS, NEGATIVE_TTL, NEGATIVE_TTL_MAX, POSITIVE_TTL_MAX,
};
pub use error::{LocateError, NameError, SearchEnd};
pub use locator::Locator;
pub use name::DnsName;
pub use next_hop::NextHop;
pub use preferences::{ATTEMPT_MIN, BUDGET, Families, Preferences};
pub use record::{Answer, MAX_RECORDS, Naptr, Question, Record, RecordData, RecordKind, Srv};
pub use search::{MAX_QUESTIONS, MAX_RULES_DEPTH, MAX_TARGETS, Search, Step};
pub use target::{Attempt, Target};
