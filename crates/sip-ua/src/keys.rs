use slotmap::new_key_type;

new_key_type! {
    /// Names a call of one [`Endpoint`](crate::Endpoint); never reused for another call.
    pub struct CallKey;
    /// Names a request that was sent and whose answer comes as
    /// [`Event::Response`](crate::Event::Response); it stays the same when the request is sent
    /// again by [`Endpoint::retry_request`](crate::Endpoint::retry_request).
    pub struct ClientRequestKey;
    /// Names a client transaction inside.
    pub(crate) struct ClientKey;
    /// Names a server transaction inside.
    pub(crate) struct ServerKey;
}

/// Names a received request that its owner must answer with
/// [`Endpoint::respond`](crate::Endpoint::respond).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestKey(pub(crate) ServerKey);

/// Names one of the early dialogs that an INVITE of ours opened: one for each fork that answered
/// provisionally (RFC 3261 12.1). Unique in its call.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct EarlyKey(pub(crate) u32);
