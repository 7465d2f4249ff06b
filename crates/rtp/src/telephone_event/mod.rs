//! Digits as named telephone events (RFC 4733).
//!
//! [`TelephoneEvent`] is the payload, [`DigitReceiver`] turns payloads into digits, and
//! [`DigitSender`] digits into payloads.

mod digit;
mod payload;
mod receiver;
mod sender;

pub use digit::{Digit, NotADigit};
pub use payload::TelephoneEvent;
pub use receiver::{DigitReceiver, ReceivedDigit, ReceivedDigits};
pub use sender::{DigitPacket, DigitSender};

/// The longest duration one segment of an event can tell.
///
/// RFC 4733 2.5.1.3: a longer event goes on in a segment whose timestamp is this much later.
const SEGMENT: u32 = 0xFFFF;
