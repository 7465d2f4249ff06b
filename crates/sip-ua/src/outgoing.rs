use alloc::string::String;
use alloc::vec::Vec;

use plenum_sip_msg::{Method, NameAddr, Uri};

use crate::{Body, ExtraHeaders, Flow};

/// A call to place with [`Endpoint::invite`](crate::Endpoint::invite).
#[derive(Clone, Debug)]
pub struct Invite {
    /// Where the INVITE goes first. With [`Invite::routes`] that is the first route.
    pub flow: Flow,
    /// Whom to call.
    pub request_uri: Uri,
    /// Who calls. A tag is added.
    pub from: NameAddr,
    /// Who is called, as the other side shall see it.
    pub to: NameAddr,
    /// Where the other side reaches us during the call.
    pub contact: Uri,
    /// Proxies to pass, in order.
    pub routes: Vec<Uri>,
    /// Further headers.
    pub headers: ExtraHeaders,
    /// The offer. Without one the other side makes it in its answer, and
    /// [`Endpoint::acknowledge`](crate::Endpoint::acknowledge) carries ours.
    pub body: Option<Body>,
    /// The Call-ID; drawn at random when absent.
    pub call_id: Option<String>,
    /// Whether the owner wants to decide what follows a refusal: then
    /// [`Event::Refused`](crate::Event::Refused) does not end the call, and
    /// [`Endpoint::retry`](crate::Endpoint::retry) or
    /// [`Endpoint::hang_up`](crate::Endpoint::hang_up) must be called.
    pub may_retry: bool,
}

/// How a refused request is sent again: to the next target of a redirection or a failover, or
/// with credentials (RFC 3261 8.1.3.4, 8.1.3.5, 22).
///
/// What is `None` stays as it was. From, To and Call-ID are always the same, CSeq is one higher.
#[derive(Clone, Debug, Default)]
pub struct Retry {
    /// Where it goes first.
    pub flow: Option<Flow>,
    /// The new target. Inside a dialog it is that of the dialog, and this is not used.
    pub request_uri: Option<Uri>,
    /// Proxies to pass, in order. Inside a dialog they are those of the dialog.
    pub routes: Option<Vec<Uri>>,
    /// More headers. They replace those of the same names.
    pub headers: ExtraHeaders,
}

/// A request outside of any dialog, to send with
/// [`Endpoint::send_request`](crate::Endpoint::send_request).
#[derive(Clone, Debug)]
pub struct OutgoingRequest {
    /// Where it goes first.
    pub flow: Flow,
    /// Any method but INVITE, ACK and CANCEL.
    pub method: Method,
    /// The Request-URI.
    pub request_uri: Uri,
    /// Who asks. A tag is added.
    pub from: NameAddr,
    /// Who is asked.
    pub to: NameAddr,
    /// The Contact header, where the method has one.
    pub contact: Option<Uri>,
    /// Proxies to pass, in order.
    pub routes: Vec<Uri>,
    /// Further headers.
    pub headers: ExtraHeaders,
    /// The body.
    pub body: Option<Body>,
    /// The Call-ID; drawn at random when absent.
    pub call_id: Option<String>,
    /// The CSeq number; 1 when absent. A series with one Call-ID must count up.
    pub cseq: Option<u32>,
}
