use std::fmt;
use std::net::SocketAddr;

use plenum_codecs::Codec;

use crate::event::Ended;

/// Where a call is in its life; the names are those of the SIP SIMPLE SDK.
///
/// ```text
///            call                 200 and ACK
///   Null ───────────► Calling ───────────────────────────► Established
///     │                  │ │ cancel, hang up                    │   hang up
///     │                  │ └───────────► Terminating ◄──────────┤
///     │ INVITE           │ refused            │ confirmed       │ BYE
///     ▼        answer    ▼                    ▼                 ▼
///   Incoming ─────────► Accepting ─ACK─► …  Terminated ◄────────┘
///     │ reject, CANCEL
///     └──────────────────────────────────► Terminated
/// ```
///
/// Being on hold is no state: see [`CallStatus::held_by_local`].
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[non_exhaustive]
pub enum State {
    /// The call exists and nothing was sent.
    Null,
    /// Our INVITE is on its way.
    Calling,
    /// Somebody calls and waits for us.
    Incoming,
    /// We have answered; the ACK is still to come.
    Accepting,
    /// The call is up.
    Established,
    /// We have hung up; the other side has not confirmed.
    Terminating,
    /// The call is over.
    Terminated,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Null => "NULL",
            Self::Calling => "CALLING",
            Self::Incoming => "INCOMING",
            Self::Accepting => "ACCEPTING",
            Self::Established => "ESTABLISHED",
            Self::Terminating => "TERMINATING",
            Self::Terminated => "TERMINATED",
        })
    }
}

/// What is known of a call at one moment.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct CallStatus {
    /// Where the call is in its life.
    pub state: State,
    /// The codec we send with, once agreed.
    pub codec: Option<Codec>,
    /// Where we receive RTP.
    pub local_rtp: SocketAddr,
    /// Where we send RTP, once known: as announced, or as learned from what arrives.
    pub remote_rtp: Option<SocketAddr>,
    /// Whether both sides take digits as RTP packets (RFC 4733).
    pub telephone_event: bool,
    /// Whether we have put the other side on hold.
    pub held_by_local: bool,
    /// Whether the other side has put us on hold.
    pub held_by_remote: bool,
    /// Why the call is over, once it is.
    pub ended: Option<Ended>,
}

impl CallStatus {
    pub(crate) const fn new(state: State, local_rtp: SocketAddr) -> Self {
        Self {
            state,
            codec: None,
            local_rtp,
            remote_rtp: None,
            telephone_event: false,
            held_by_local: false,
            held_by_remote: false,
            ended: None,
        }
    }
}
