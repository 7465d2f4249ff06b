use alloc::sync::Arc;
use alloc::vec::Vec;
use core::fmt::Write as _;

use plenum_sip_msg::{Core, Message, Method, Via};

/// What a server transaction is known by.
///
/// # Standard
///
/// RFC 3261 17.2.3: branch, sent-by and method, where the branch starts with the magic cookie;
/// else (RFC 2543) the Request-URI, From tag, Call-ID, CSeq number and the whole top Via.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct ServerId(Arc<[u8]>);

impl ServerId {
    /// The transaction that a request belongs to or starts; an ACK belongs to its INVITE's.
    pub(crate) fn of(request: &Message, core: &Core) -> Self {
        let method = match &core.cseq.method {
            Method::Ack => Method::Invite.as_str(),
            other => other.as_str(),
        };
        Self::with_method(request, core, method)
    }

    /// The INVITE transaction that a CANCEL is about (RFC 3261 9.2).
    pub(crate) fn cancelled_by(request: &Message, core: &Core) -> Self {
        Self::with_method(request, core, Method::Invite.as_str())
    }

    fn with_method(request: &Message, core: &Core, method: &str) -> Self {
        let mut id = Id::default();
        id.text(method);
        if core.via.has_magic_cookie() {
            id.lower(core.via.branch().unwrap_or_default());
            id.sent_by(&core.via);
        } else {
            id.text("2543");
            id.0.extend_from_slice(request.raw_request_uri().unwrap_or_default());
            id.0.push(0);
            id.text(core.from.tag().unwrap_or_default());
            id.text(&core.call_id);
            let _ = write!(id, "{}\0{}", core.cseq.number, core.via);
        }
        Self(id.0.into())
    }
}

/// What a request outside of dialogs is known by when it arrives twice over different paths.
///
/// # Standard
///
/// RFC 3261 8.2.2.2: From tag, Call-ID and CSeq of a transaction that is under way.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) struct MergeId(Arc<[u8]>);

impl MergeId {
    /// `None` inside of dialogs: they may see no merged requests.
    pub(crate) fn of(core: &Core) -> Option<Self> {
        if core.to.tag().is_some() {
            return None;
        }
        let mut id = Id::default();
        id.text(core.from.tag().unwrap_or_default());
        id.text(&core.call_id);
        let _ = write!(id, "{}", core.cseq);
        Some(Self(id.0.into()))
    }
}

/// Texts with an end mark each, so that no two lists of texts run together.
#[derive(Default)]
struct Id(Vec<u8>);

impl Id {
    fn text(&mut self, text: &str) {
        self.0.extend_from_slice(text.as_bytes());
        self.0.push(0);
    }

    /// RFC 3261 7.3.1: tokens and hosts compare without case.
    fn lower(&mut self, text: &str) {
        self.0
            .extend(text.bytes().map(|byte| byte.to_ascii_lowercase()));
        self.0.push(0);
    }

    fn sent_by(&mut self, via: &Via) {
        let start = self.0.len();
        let _ = write!(self, "{}", via.host);
        self.0[start..].make_ascii_lowercase();
        // RFC 3261 18.1.1: an absent port is the default one of the transport.
        let port = via.port.unwrap_or_else(|| via.transport.default_port());
        let _ = write!(self, ":{port}");
    }
}

impl core::fmt::Write for Id {
    fn write_str(&mut self, text: &str) -> core::fmt::Result {
        self.0.extend_from_slice(text.as_bytes());
        Ok(())
    }
}
