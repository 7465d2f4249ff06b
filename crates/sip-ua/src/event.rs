use alloc::vec::Vec;

use plenum_sip_msg::{Message, StatusCode, Uri};

use crate::{CallKey, ClientRequestKey, Description, EarlyKey, Flow, RequestKey};

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
        /// Its offer; without one, our answer makes it.
        description: Description,
    },
    /// A response of 101 to 199 to our INVITE. A reliable one comes once, in its order.
    Progress {
        /// The call.
        call: CallKey,
        /// Which fork it came from; `None` when it made no dialog.
        early: Option<EarlyKey>,
        /// The response.
        response: Message,
        /// What it says about the session.
        description: Description,
        /// It carries an offer: call `prack` with the answer (RFC 3262 5). All others are
        /// acknowledged by the endpoint.
        needs_prack: bool,
    },
    /// The other side has acknowledged our reliable provisional response.
    Pracked {
        /// The call.
        call: CallKey,
        /// The PRACK.
        request: Message,
        /// The answer, when the response carried our offer.
        description: Description,
    },
    /// Our INVITE was answered with success: the call is up. Other forks are ended.
    Answered {
        /// The call.
        call: CallKey,
        /// The early dialog that became the call, if there was one.
        early: Option<EarlyKey>,
        /// The response.
        response: Message,
        /// What it says about the session; nothing when a reliable response said it before.
        description: Description,
        /// The INVITE had no offer, so the response has it: call `acknowledge` with the answer.
        needs_acknowledge: bool,
    },
    /// Our INVITE was refused or got no answer. [`Event::Ended`] follows at once, unless
    /// `may_retry`.
    Refused {
        /// The call.
        call: CallKey,
        /// The status; 408 when nobody answered, 503 when the transport failed.
        status: StatusCode,
        /// The response, where one came.
        response: Option<Message>,
        /// Where a redirection points to, the most wanted first (RFC 3261 8.1.3.4).
        targets: Vec<Uri>,
        /// The call waits 64 times T1 for `retry` or `hang_up`, as
        /// [`Invite::may_retry`](crate::Invite::may_retry) asked for.
        may_retry: bool,
    },
    /// The ACK to our success response: the call is up on both sides.
    Acknowledged {
        /// The call.
        call: CallKey,
        /// The ACK.
        request: Message,
        /// The answer, when our response carried the offer.
        description: Description,
    },
    /// The other side wants to change the session by a re-INVITE. Answer with `accept_reinvite`
    /// or `refuse_reinvite`.
    Reinvited {
        /// The call.
        call: CallKey,
        /// The re-INVITE.
        request: Message,
        /// Its offer; without one, our answer makes it.
        description: Description,
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
        /// The answer, when our response carried the offer.
        description: Description,
    },
    /// Our re-INVITE was answered with success.
    ReinviteAnswered {
        /// The call.
        call: CallKey,
        /// The response.
        response: Message,
        /// What it says about the session.
        description: Description,
        /// The re-INVITE had no offer: call `acknowledge` with the answer.
        needs_acknowledge: bool,
    },
    /// Our re-INVITE was refused; the session is as it was before. `retry` sends it again.
    ReinviteRefused {
        /// The call.
        call: CallKey,
        /// The status; 408 when nobody answered.
        status: StatusCode,
        /// The response, where one came.
        response: Option<Message>,
    },
    /// Our UPDATE was answered with success.
    UpdateAnswered {
        /// The call.
        call: CallKey,
        /// The early dialog, while the call is not answered.
        early: Option<EarlyKey>,
        /// The response.
        response: Message,
        /// The answer, when the UPDATE had an offer.
        description: Description,
    },
    /// Our UPDATE was refused; the session is as it was before. `retry` sends it again.
    UpdateRefused {
        /// The call.
        call: CallKey,
        /// The early dialog, while the call is not answered.
        early: Option<EarlyKey>,
        /// The status; 408 when nobody answered.
        status: StatusCode,
        /// The response, where one came.
        response: Option<Message>,
    },
    /// The endpoint has refreshed the session by a re-INVITE that repeats our last description
    /// (RFC 4028 7.4), and the other side answered with another one than before.
    Refreshed {
        /// The call.
        call: CallKey,
        /// The response.
        response: Message,
        /// The answer.
        description: Description,
    },
    /// Any other request. Answer with `respond` under this key; after 64 times T1 nobody listens
    /// to an answer any more.
    ///
    /// An UPDATE or PRACK comes here when it makes an offer; its success must carry the answer.
    Request {
        /// Names the request.
        key: RequestKey,
        /// The call, when it came inside one.
        call: Option<CallKey>,
        /// The early dialog, when it came inside one.
        early: Option<EarlyKey>,
        /// Where it came from.
        flow: Flow,
        /// The request.
        request: Message,
        /// The offer of an UPDATE or PRACK.
        description: Description,
    },
    /// The final response to a request of ours. For 64 times T1 after a refusal, `retry_request`
    /// can send it again under the same key.
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
    /// Our reliable provisional response was never acknowledged (RFC 3262 3).
    NoPrack,
    /// Nobody refreshed the session in time (RFC 4028 10).
    SessionExpired,
    /// Nobody answered: our INVITE got no response in time, the INVITE expired, or the dialog no
    /// longer exists on the other side (RFC 3261 12.2.1.2).
    TimedOut,
    /// The other side says that it knows no such call (481 inside the dialog).
    Gone,
    /// The transport failed, and nobody can be told.
    TransportFailed,
}
