//! A call: one INVITE, its dialog, and what goes on inside it.

use alloc::boxed::Box;
use alloc::vec::Vec;
use core::time::Duration;

use bytes::Bytes;
use plenum_sip_msg::Uri;
use plenum_time::{Instant, TimerId};

use crate::dialog::Dialog;
use crate::keys::{ClientKey, ServerKey};
use crate::transaction::earliest;
use crate::{Body, ConnectionId, EarlyKey, EndCause, ExtraHeaders, Flow};

pub(crate) mod change;
mod ending;
pub(crate) mod exchange;
mod prack;
mod reinvite;
mod reliable;
mod requests;
pub(crate) mod retry;
mod session_timer;
mod success;
mod uac;
mod uas;
mod update;

pub use reliable::Reliability;
pub(crate) use reliable::Reliable;
pub(crate) use requests::SentRequest;
pub(crate) use retry::Attempt;
pub use retry::MAX_ATTEMPTS;
pub(crate) use session_timer::SessionTimer;

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
///
/// A refused call of an owner who may retry waits in `Waiting`: `retry()` makes it Calling again,
/// `hang_up()` or the patience of 64 times T1 ends it.
#[derive(Debug)]
pub(crate) struct Call {
    /// While nobody has answered our INVITE, the dialog has no remote tag and the INVITE's targets.
    pub(crate) dialog: Dialog,
    /// Where the other side reaches us.
    pub(crate) contact: Uri,
    pub(crate) phase: Phase,
    /// We placed the call, so the Call-ID is ours (RFC 3261 14.1).
    pub(crate) is_caller: bool,
    /// Our reliable provisional responses.
    pub(crate) reliable: Reliable,
    /// RFC 4028: the session interval that we ask for, and the shortest one that may be.
    pub(crate) interval: Interval,
    /// Authorization of the INVITE, which its ACK repeats (RFC 3261 22.1).
    pub(crate) credentials: ExtraHeaders,
    pub(crate) timer: Option<TimerId>,
    /// The connections under which the endpoint finds this call when one of them closes.
    pub(crate) connections: Vec<ConnectionId>,
}

/// The bounds of a session timer (RFC 4028 4 and 5).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Interval {
    pub(crate) expires: Duration,
    pub(crate) min: Duration,
    /// A 422 told us a longer one, so it goes into every request.
    pub(crate) is_raised: bool,
}

/// Where a call is.
#[derive(Debug)]
pub(crate) enum Phase {
    /// Our INVITE has no final response.
    Calling(Calling),
    /// The INVITE of the other side has no final response.
    Offered(Offered),
    /// Our INVITE was refused, and our owner decides what follows.
    Waiting(Waiting),
    /// Answered with success.
    Up(Session),
    /// Our owner hung up and the BYE is on its way; this will be the cause of the end.
    Ending(EndCause),
}

/// An INVITE of ours that is not answered.
#[derive(Debug)]
pub(crate) struct Calling {
    pub(crate) client: ClientKey,
    /// What was sent, to send it again elsewhere.
    pub(crate) attempt: Box<Attempt>,
    /// The dialogs of provisional responses, one for each fork.
    pub(crate) early: Vec<Dialog>,
    /// How many early dialogs there were.
    pub(crate) forks: u32,
    /// Timer C; after the CANCEL, how long its effect is awaited (RFC 3261 9.1).
    pub(crate) expires_at: Instant,
    pub(crate) giving_up: Option<GivingUp>,
}

/// A refused INVITE that may be sent again.
#[derive(Debug)]
pub(crate) struct Waiting {
    pub(crate) attempt: Box<Attempt>,
    /// Why the call ends when it is not.
    pub(crate) cause: EndCause,
    pub(crate) gives_up_at: Instant,
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
    /// A success that waits until our reliable responses and all offers are through.
    pub(crate) held: Option<Held>,
}

/// A success that our owner has given already (RFC 3262 3).
#[derive(Debug)]
pub(crate) struct Held {
    pub(crate) headers: ExtraHeaders,
    pub(crate) body: Option<Body>,
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
    /// The re-INVITE of the other side that our owner has not answered.
    pub(crate) remote: Option<ServerKey>,
    /// RFC 4028: the refreshes that keep the session alive.
    pub(crate) timer: Option<SessionTimer>,
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

    /// The dialogs that exist: the early ones, or the one.
    pub(crate) fn dialogs(&self) -> impl Iterator<Item = &Dialog> {
        let (early, main) = match &self.phase {
            Phase::Calling(calling) => (&calling.early[..], None),
            Phase::Waiting(_) => (&[][..], None),
            _ => (&[][..], Some(&self.dialog)),
        };
        early.iter().chain(main)
    }

    /// The early dialog of this key, or the one dialog of a call that has no early ones.
    pub(crate) fn dialog_at(&mut self, early: Option<EarlyKey>) -> Option<&mut Dialog> {
        match &mut self.phase {
            Phase::Calling(calling) => calling
                .early
                .iter_mut()
                .find(|dialog| dialog.early == early),
            Phase::Waiting(_) => None,
            // The key of an early dialog stays good when it becomes the call.
            _ => {
                let is_it = early.is_none() || early == self.dialog.was_early;
                is_it.then_some(&mut self.dialog)
            }
        }
    }

    /// The dialog that a request of ours may go in; of several early ones the youngest, unless
    /// our owner names one.
    pub(crate) fn dialog_for_requests(&mut self, early: Option<EarlyKey>) -> Option<&mut Dialog> {
        match &mut self.phase {
            Phase::Calling(calling) => match early {
                None => calling.early.last_mut(),
                Some(_) => calling
                    .early
                    .iter_mut()
                    .find(|dialog| dialog.early == early),
            },
            Phase::Offered(offered) => offered.has_provisional.then_some(&mut self.dialog),
            Phase::Up(_) => Some(&mut self.dialog),
            Phase::Waiting(_) | Phase::Ending(_) => None,
        }
    }

    pub(crate) fn deadline(&self) -> Option<Instant> {
        let own = match &self.phase {
            Phase::Calling(calling) => Some(calling.expires_at),
            Phase::Offered(offered) => earliest([
                Some(offered.refresh_at),
                offered.expires_at,
                self.reliable.deadline(),
            ]),
            Phase::Waiting(waiting) => Some(waiting.gives_up_at),
            Phase::Up(session) => earliest([
                session.unacknowledged.as_ref().map(Success::deadline),
                session.timer.as_ref().map(SessionTimer::deadline),
            ]),
            Phase::Ending(_) => return None,
        };
        let changes = self
            .dialogs()
            .filter_map(|dialog| dialog.changes.deadline())
            .min();
        earliest([own, changes])
    }

    /// The word for the phase in an error.
    pub(crate) fn state(&self) -> &'static str {
        match &self.phase {
            Phase::Calling(_) => "calling",
            Phase::Offered(_) => "offered and not answered",
            Phase::Waiting(_) => "refused and waiting for a retry",
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

    /// The connections of its dialogs; none over datagrams.
    pub(crate) fn connections_in_use(&self) -> Vec<ConnectionId> {
        let mut used: Vec<ConnectionId> = Vec::new();
        let flows = self.dialogs().map(|dialog| dialog.flow);
        for connection in flows.filter_map(|flow: Flow| flow.connection) {
            if !used.contains(&connection) {
                used.push(connection);
            }
        }
        used
    }

    /// Forgets a connection that is closed: the next hop is found by its address again.
    pub(crate) fn connection_closed(&mut self, connection: ConnectionId) {
        let forget = |dialog: &mut Dialog| {
            if dialog.flow.connection == Some(connection) {
                dialog.flow.connection = None;
            }
        };
        forget(&mut self.dialog);
        if let Phase::Calling(calling) = &mut self.phase {
            calling.early.iter_mut().for_each(forget);
        }
    }
}

impl Success {
    fn deadline(&self) -> Instant {
        self.resend_at.min(self.gives_up_at)
    }
}
