use std::io;

use plenum_runtime::shard::ShardError;
use plenum_runtime::sip::BindError;
use plenum_sip_msg::{StatusCode, SyntaxError};

use crate::state::State;

/// Why a phone or a call did not do what it was asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SessionError {
    /// Our caller: the text is no SIP URI.
    #[error("`{text}` is no SIP URI ({source}); write it as in `sip:9196@192.0.2.1`")]
    Uri {
        /// The beginning of what was written.
        text: String,
        /// The rule that it breaks.
        source: SyntaxError,
    },
    /// Our caller: the URI is one that this phone cannot call.
    #[error("`{text}` cannot be called: {why}")]
    Unsupported {
        /// The URI.
        text: String,
        /// What to write instead.
        why: &'static str,
    },
    /// The network: the host name has no address.
    #[error("the host `{host}` has no address: {source}; check its spelling or name an address")]
    Resolve {
        /// The host.
        host: String,
        /// What the system said.
        source: io::Error,
    },
    /// The network: no way leads to the address.
    #[error("no route leads to {remote}: {source}")]
    NoRoute {
        /// The address.
        remote: std::net::SocketAddr,
        /// What the system said.
        source: io::Error,
    },
    /// The SIP port cannot be used.
    #[error(transparent)]
    Bind(#[from] BindError),
    /// The system gave no thread, socket or randomness.
    #[error("the phone cannot start: {0}")]
    Start(#[source] io::Error),
    /// The system gave no media thread.
    #[error(transparent)]
    Shard(#[from] ShardError),
    /// A limit: no RTP port is free.
    #[error("no RTP port is free: {0}")]
    NoPort(String),
    /// A limit: [`PhoneConfig::calls_max`](crate::PhoneConfig::calls_max) and the like.
    #[error("the limit of {limit} {what} is reached; wait until one is done")]
    Limit {
        /// What there are too many of.
        what: &'static str,
        /// How many are allowed.
        limit: usize,
    },
    /// Our caller: the call is not in a state for that.
    #[error("cannot {wish} while the call is {state}")]
    WrongState {
        /// What was asked.
        wish: &'static str,
        /// Where the call is.
        state: State,
    },
    /// Our caller: a digit that no telephone has.
    #[error("`{0}` is no digit; use 0-9, A-D, * and #")]
    NoDigit(char),
    /// The peer: it takes no digits as RTP packets.
    #[error("the other side takes no telephone-events (RFC 4733); send the digits by INFO")]
    NoTelephoneEvent,
    /// The peer: it refused what we asked of it.
    #[error("the other side refused it: {}{}", described(.status), in_brackets(.text))]
    Refused {
        /// The status.
        status: StatusCode,
        /// What it said about it.
        text: Option<String>,
    },
    /// The SIP machine refused: a limit, or a call in another state.
    #[error(transparent)]
    Sip(#[from] plenum_sip_ua::CallError),
    /// The audio of both sides does not fit together.
    #[error("no agreement about audio: {0}")]
    NoAgreement(String),
    /// The call is over.
    #[error("the call is over: {0}")]
    Ended(Box<crate::Ended>),
    /// The phone was stopped.
    #[error("the phone was stopped")]
    Stopped,
}

fn described(status: &StatusCode) -> String {
    format!("{status} {}", status.default_reason())
}

fn in_brackets(text: &Option<String>) -> String {
    text.as_ref()
        .map(|text| format!(" ({text})"))
        .unwrap_or_default()
}
