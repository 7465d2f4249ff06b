use std::fmt;
use std::time::Duration;

use plenum_codecs::Codec;
use plenum_media::LegStats;
use plenum_sip_msg::StatusCode;

/// What happened on a call. [`CallEvent::Ended`] is always the last one and comes exactly once.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum CallEvent {
    /// The other side rings (180); comes again with each repetition.
    Ringing,
    /// Another provisional response.
    Progress {
        /// The status, 101 to 199 but for 180.
        status: StatusCode,
        /// Whether audio is heard before the answer.
        early_media: bool,
    },
    /// The call is up.
    Answered {
        /// The codec we send with.
        codec: Codec,
    },
    /// The call was put on hold.
    Held {
        /// Who holds.
        by: Party,
    },
    /// The call was taken off hold.
    Resumed {
        /// Who had held.
        by: Party,
    },
    /// The other side pressed a key.
    Digit {
        /// One of `0-9A-D*#`.
        digit: char,
        /// How long the key was down.
        duration: Duration,
    },
    /// The first RTP packet arrived, or the first one after silence.
    AudioStarted,
    /// No RTP has come although the other side may send.
    NoAudio {
        /// How long none has come.
        silence: Duration,
    },
    /// The call is over.
    Ended(Box<Ended>),
}

/// One side of a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Party {
    /// This phone.
    Local,
    /// The other side.
    Remote,
}

/// Why a call is over, with its figures.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub struct Ended {
    /// Why.
    pub cause: EndCause,
    /// The final status, where one decided.
    pub status: Option<StatusCode>,
    /// What the other side said about it in a Warning or Reason header, or what we could not
    /// agree to.
    pub text: Option<String>,
    /// The figures of its media.
    pub stats: LegStats,
}

impl Ended {
    pub(crate) fn new(cause: EndCause) -> Self {
        Self {
            cause,
            status: None,
            text: None,
            stats: LegStats::default(),
        }
    }

    /// The end of a call whose phone was gone before the other side confirmed it.
    pub(crate) fn without_confirmation() -> Self {
        Self::new(EndCause::LocalHangUp)
    }
}

/// Who or what ended a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum EndCause {
    /// We hung up.
    LocalHangUp,
    /// The other side hung up.
    RemoteHangUp,
    /// We withdrew the call before it was answered.
    LocalCancel,
    /// The caller gave up before we answered.
    RemoteCancel,
    /// The other side refused the call.
    Refused,
    /// We refused the call.
    Rejected,
    /// There was no agreement about the audio.
    NoAgreement,
    /// Nobody answered in time.
    TimedOut,
    /// Our answer was never acknowledged.
    NoAck,
    /// The other side does not know the call any more.
    Gone,
    /// The network failed.
    TransportFailed,
    /// The other side broke the protocol.
    PeerFault,
}

impl fmt::Display for EndCause {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::LocalHangUp => "hung up",
            Self::RemoteHangUp => "the other side hung up",
            Self::LocalCancel => "cancelled before it was answered",
            Self::RemoteCancel => "the caller gave up",
            Self::Refused => "refused",
            Self::Rejected => "rejected",
            Self::NoAgreement => "no agreement about audio",
            Self::TimedOut => "no answer",
            Self::NoAck => "the answer was never acknowledged",
            Self::Gone => "the other side does not know the call any more",
            Self::TransportFailed => "nothing can be sent there",
            Self::PeerFault => "the other side broke the protocol",
        })
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}", self.cause)?;
        if let Some(status) = self.status {
            write!(f, ": {status} {}", status.default_reason())?;
        }
        match &self.text {
            Some(text) => write!(f, " ({text})"),
            None => Ok(()),
        }
    }
}
