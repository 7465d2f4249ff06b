mod auth;
mod cseq;
mod media_type;
mod name_addr;
mod simple;
mod subscription;
mod values;
mod via;

pub use auth::{AuthParam, AuthValue};
pub use cseq::{CSeq, RAck};
pub use media_type::MediaType;
pub use name_addr::NameAddr;
pub(crate) use simple::Word;
pub use simple::{Reason, Replaces, RetryAfter, SessionExpires, TokenList, Warning};
pub use subscription::{Event, SubscriptionState};
pub use values::{HeaderValue, Values};
pub use via::{Rport, Via};

#[cfg(test)]
mod tests;
