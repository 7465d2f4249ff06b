use slotmap::new_key_type;

new_key_type! {
    /// Names a call of one [`Endpoint`](crate::Endpoint); never reused for another call.
    pub struct CallKey;
    /// Names a client transaction inside.
    pub(crate) struct ClientKey;
    /// Names a server transaction inside.
    pub(crate) struct ServerKey;
}

/// Names a received request that its owner must answer with
/// [`Endpoint::respond`](crate::Endpoint::respond).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RequestKey(pub(crate) ServerKey);

/// Names a request that was sent and whose answer comes as
/// [`Event::Response`](crate::Event::Response).
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ClientRequestKey(pub(crate) ClientKey);
