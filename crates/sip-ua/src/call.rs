//! A call: one INVITE, its dialog, and what goes on inside it.

use alloc::collections::VecDeque;
use alloc::vec::Vec;

use bytes::Bytes;
use plenum_sip_msg::Uri;
use plenum_time::{Instant, TimerId};

use crate::dialog::Dialog;
use crate::keys::{ClientKey, ServerKey};
use crate::transaction::earliest;
use crate::{Body, ConnectionId, EndCause, ExtraHeaders, Flow};

mod ending;
mod reinvite;
mod requests;
mod success;
mod uac;
mod uas;

/// Most early dialogs that one INVITE may have; further forks are heard and not remembered.
pub(crate) const MAX_EARLY_DIALOGS: usize = 8;
/// Most forks whose answers are acknowledged and hung up.
pub(crate) const MAX_FORKS: usize = 16;
/// Most re-INVITEs that wait for their turn.
pub(crate) const MAX_QUEUED_REINVITES: usize = 4;

/// One call.
///
/// ```text
///   invite()                          INVITE received
///      |                                     |
///      V                                     V
///  +---------+ 2xx                accept() +---------+
///  | Calling |---------+         +---------| Offered |
///  +---------+         V         V         +---------+
///       |             +-----------+              |
///       |             |    Up     |              |
///       |             +-----------+              |
///       | 3xx-6xx,       |     | BYE received    | reject(), CANCEL
///       | time out       |     |                 |
///       |      hang_up() V     |                 |
///       |        +--------+    |                 |
///       |        | Ending |    |                 |
///       |        +--------+    |                 |
///       V   BYE answered | V   V                 V
///     +--------------------------------------------+
///     |                   Ended                    |
///     +--------------------------------------------+
/// ```
#[derive(Debug)]
pub(crate) struct Call {
    /// While nobody has answered our INVITE, the dialog has no remote tag and the INVITE's targets.
    pub(crate) dialog: Dialog,
    /// Where the other side reaches us.
    pub(crate) contact: Uri,
    pub(crate) phase: Phase,
    /// We placed the call, so the Call-ID is ours (RFC 3261 14.1).
    pub(crate) is_caller: bool,
    pub(crate) timer: Option<TimerId>,
}

/// Where a call is.
#[derive(Debug)]
pub(crate) enum Phase {
    /// Our INVITE has no final response.
    Calling(Calling),
    /// The INVITE of the other side has no final response.
    Offered(Offered),
    /// Answered with success.
    Up(Session),
    /// Our owner hung up and the BYE is on its way; this will be the cause of the end.
    Ending(EndCause),
}

/// An INVITE of ours that is not answered.
#[derive(Debug)]
pub(crate) struct Calling {
    pub(crate) client: ClientKey,
    pub(crate) has_offer: bool,
    /// The dialogs of provisional responses, one for each fork.
    pub(crate) early: Vec<Dialog>,
    /// Timer C; after the CANCEL, how long its effect is awaited (RFC 3261 9.1).
    pub(crate) expires_at: Instant,
    pub(crate) giving_up: Option<GivingUp>,
}

/// The wish to end a call that nobody has answered.
#[derive(Debug)]
pub(crate) struct GivingUp {
    pub(crate) cause: EndCause,
    pub(crate) headers: ExtraHeaders,
    /// RFC 3261 9.1: a CANCEL waits for a provisional response.
    pub(crate) is_cancelled: bool,
}

/// An INVITE of the other side that is not answered.
#[derive(Debug)]
pub(crate) struct Offered {
    pub(crate) server: ServerKey,
    /// RFC 3261 13.3.1.1: when the provisional response is repeated.
    pub(crate) refresh_at: Instant,
    /// RFC 3261 13.3.1: the Expires header of the INVITE.
    pub(crate) expires_at: Option<Instant>,
    /// The last provisional response was one of our owner's, which is repeated.
    pub(crate) has_provisional: bool,
}

/// A call that is up.
#[derive(Debug, Default)]
pub(crate) struct Session {
    /// Our success to an INVITE or re-INVITE that nobody has acknowledged.
    pub(crate) unacknowledged: Option<Success>,
    /// A hang-up that waits for the ACK (RFC 3261 15).
    pub(crate) hang_up: Option<ExtraHeaders>,
    /// A success to our INVITE without offer: our owner owes the ACK with the answer.
    pub(crate) owed_ack: Option<OwedAck>,
    pub(crate) local: LocalReinvite,
    pub(crate) queue: VecDeque<Option<Body>>,
    /// The re-INVITE of the other side that our owner has not answered.
    pub(crate) remote: Option<ServerKey>,
}

/// A 2xx that is repeated until its ACK comes (RFC 3261 13.3.1.4).
#[derive(Debug)]
pub(crate) struct Success {
    pub(crate) cseq: u32,
    pub(crate) is_reinvite: bool,
    /// Its transaction knows the way.
    pub(crate) server: ServerKey,
    pub(crate) response: Bytes,
    pub(crate) pause: core::time::Duration,
    pub(crate) resend_at: Instant,
    pub(crate) gives_up_at: Instant,
}

/// An ACK that our owner must write the body of.
#[derive(Clone, Copy, Debug)]
pub(crate) struct OwedAck {
    pub(crate) client: ClientKey,
    pub(crate) cseq: u32,
}

/// Our re-INVITE.
#[derive(Debug, Default)]
pub(crate) enum LocalReinvite {
    /// None.
    #[default]
    Idle,
    /// Sent and not answered.
    Running {
        client: ClientKey,
        body: Option<Body>,
        expires_at: Instant,
        is_cancelled: bool,
    },
    /// Refused by 491; sent again at this time (RFC 3261 14.1).
    Retrying { at: Instant, body: Option<Body> },
}

impl Call {
    /// Whether a dialog of this call has this Call-ID and remote tag.
    pub(crate) fn has_dialog(&self, call_id: &str, remote_tag: &str) -> bool {
        self.dialog.call_id == call_id
            && match &self.phase {
                Phase::Calling(calling) => calling
                    .early
                    .iter()
                    .any(|dialog| dialog.remote_tag() == remote_tag),
                _ => self.dialog.remote_tag() == remote_tag,
            }
    }

    /// The dialog of this call with that remote tag; the main one if no fork has it.
    pub(crate) fn dialog_mut(&mut self, remote_tag: &str) -> &mut Dialog {
        if let Phase::Calling(calling) = &mut self.phase
            && let Some(at) = calling
                .early
                .iter()
                .position(|dialog| dialog.remote_tag() == remote_tag)
        {
            return &mut calling.early[at];
        }
        &mut self.dialog
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        match &self.phase {
            Phase::Calling(calling) => Some(calling.expires_at),
            Phase::Offered(offered) => earliest([Some(offered.refresh_at), offered.expires_at]),
            Phase::Up(session) => earliest([
                session.unacknowledged.as_ref().map(Success::deadline),
                session.local.deadline(),
            ]),
            Phase::Ending(_) => None,
        }
    }

    /// The word for the phase in an error.
    pub(crate) fn state(&self) -> &'static str {
        match &self.phase {
            Phase::Calling(_) => "calling",
            Phase::Offered(_) => "offered and not answered",
            Phase::Up(_) => "up",
            Phase::Ending(_) => "ending",
        }
    }

    pub(crate) fn session_mut(&mut self) -> Option<&mut Session> {
        match &mut self.phase {
            Phase::Up(session) => Some(session),
            _ => None,
        }
    }

    /// Forgets a connection that is closed: the next hop is found by its address again.
    pub(crate) fn connection_closed(&mut self, connection: ConnectionId) {
        let forget = |flow: &mut Flow| {
            if flow.connection == Some(connection) {
                flow.connection = None;
            }
        };
        forget(&mut self.dialog.flow);
        if let Phase::Calling(calling) = &mut self.phase {
            calling
                .early
                .iter_mut()
                .for_each(|dialog| forget(&mut dialog.flow));
        }
    }
}

impl Success {
    fn deadline(&self) -> Instant {
        self.resend_at.min(self.gives_up_at)
    }
}

impl LocalReinvite {
    fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Idle => None,
            Self::Running { expires_at, .. } => Some(*expires_at),
            Self::Retrying { at, .. } => Some(*at),
        }
    }
}
