use plenum_sip_msg::{Message, StatusCode};

use crate::{CallKey, ClientRequestKey, Flow, RequestKey};

/// What happened on the wire, for the owner to act on.
///
/// [`Event::Ended`] is the last event of every call and comes exactly once.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Event {
    /// Somebody calls. 100 is sent already; a repeated or merged INVITE never shows. Answer with
    /// `provisional`, `accept` or `reject`.
    Incoming {
        /// The call.
        call: CallKey,
        /// Where it came from.
        flow: Flow,
        /// The INVITE.
        request: Message,
    },
    /// A response of 101 to 199 to our INVITE. The To tag tells forks apart.
    Progress {
        /// The call.
        call: CallKey,
        /// The response.
        response: Message,
    },
    /// Our INVITE was answered with success: the call is up.
    Answered {
        /// The call.
        call: CallKey,
        /// The response.
        response: Message,
        /// The INVITE had no offer, so the response has it: call `acknowledge` with the answer.
        needs_acknowledge: bool,
    },
    /// Our INVITE was refused or got no answer. [`Event::Ended`] follows at once.
    Refused {
        /// The call.
        call: CallKey,
        /// The status; 408 when nobody answered, 503 when the transport failed.
        status: StatusCode,
        /// The response, where one came.
        response: Option<Message>,
    },
    /// The ACK to our success response: the call is up on both sides.
    Acknowledged {
        /// The call.
        call: CallKey,
        /// The ACK; it carries the answer when our response carried the offer.
        request: Message,
    },
    /// The other side wants to change the session. Answer with `accept_reinvite` or
    /// `refuse_reinvite`.
    Reinvited {
        /// The call.
        call: CallKey,
        /// The re-INVITE.
        request: Message,
    },
    /// The other side withdrew its re-INVITE before it was answered; there is nothing to answer.
    ReinviteCancelled {
        /// The call.
        call: CallKey,
    },
    /// The ACK to our success response to a re-INVITE.
    ReinviteAcknowledged {
        /// The call.
        call: CallKey,
        /// The ACK.
        request: Message,
    },
    /// Our re-INVITE was answered with success.
    ReinviteAnswered {
        /// The call.
        call: CallKey,
        /// The response.
        response: Message,
        /// The re-INVITE had no offer: call `acknowledge` with the answer.
        needs_acknowledge: bool,
    },
    /// Our re-INVITE was refused; the session is as it was before.
    ReinviteRefused {
        /// The call.
        call: CallKey,
        /// The status; 408 when nobody answered.
        status: StatusCode,
        /// The response, where one came.
        response: Option<Message>,
    },
    /// Any other request. Answer with `respond` under this key; after 64 times T1 nobody listens
    /// to an answer any more.
    Request {
        /// Names the request.
        key: RequestKey,
        /// The call, when it came inside one.
        call: Option<CallKey>,
        /// Where it came from.
        flow: Flow,
        /// The request.
        request: Message,
    },
    /// The final response to a request of ours.
    Response {
        /// Names the request.
        key: ClientRequestKey,
        /// The call, when the request went inside one.
        call: Option<CallKey>,
        /// `None`: it timed out or the transport failed.
        response: Option<Message>,
    },
    /// The call is over. Nothing about it follows, and its key names nothing any more.
    Ended {
        /// The call.
        call: CallKey,
        /// Why.
        cause: EndCause,
    },
}

/// Why a call ended.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum EndCause {
    /// The other side hung up; the BYE may carry a Reason.
    RemoteBye(Message),
    /// The caller gave up before we answered; the CANCEL may carry a Reason.
    RemoteCancel(Message),
    /// We hung up.
    LocalBye,
    /// We gave up our INVITE before it was answered.
    LocalCancel,
    /// We refused the call with this status.
    Rejected(StatusCode),
    /// The other side refused the call with this status.
    Refused(StatusCode),
    /// Our success response was never acknowledged (RFC 3261 13.3.1.4).
    NoAck,
    /// Nobody answered: our INVITE got no response in time, the INVITE expired, or the dialog no
    /// longer exists on the other side (RFC 3261 12.2.1.2).
    TimedOut,
    /// The other side says that it knows no such call (481 inside the dialog).
    Gone,
    /// The transport failed, and nobody can be told.
    TransportFailed,
}
