mod auth;
mod contact;
mod content;
mod cseq;
mod dialog;
mod digest;
mod identity;
mod media_type;
mod name_addr;
mod session;
mod simple;
mod subscription;
mod time;
mod token_params;
mod values;
mod via;

pub use auth::{AuthParam, AuthValue};
pub use content::{ContentDisposition, MimeVersion, Preference};
pub use cseq::{CSeq, RAck};
pub use dialog::{Join, Replaces, TargetDialog};
pub use digest::{Algorithm, AuthenticationInfo, DigestChallenge, DigestCredentials};
pub use identity::{Diversion, HistoryInfo, InfoUri, Privacy, TargetChange, UserToUser};
pub use media_type::MediaType;
pub use name_addr::NameAddr;
pub use session::{FeatureSet, ReferSub, SessionId};
pub(crate) use simple::Word;
pub use simple::{Reason, RetryAfter, SessionExpires, TokenList, Warning};
pub use subscription::{Event, SubscriptionState};
pub use time::{Date, Timestamp};
pub use values::{HeaderValue, Values};
pub use via::{Rport, Via};

#[cfg(test)]
mod tests;
