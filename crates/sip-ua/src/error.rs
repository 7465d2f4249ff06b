use plenum_sip_msg::{Method, StatusCode};
use thiserror::Error;

/// Why the endpoint did not do what its owner asked: a mistake of the owner, or a limit.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum CallError {
    /// The call has ended, or the key is from another endpoint.
    #[error("no such call: it has ended, so drop its key at the Ended event")]
    UnknownCall,
    /// The request was answered already, or nobody waits for an answer any more.
    #[error("no such request: it was answered already, or its sender gave up after 64 * T1")]
    UnknownRequest,
    /// The call is not in a state where this can be done.
    #[error("cannot {wish} while the call is {state}")]
    WrongState {
        /// What was asked.
        wish: &'static str,
        /// Where the call is.
        state: &'static str,
    },
    /// The status does not fit the method called.
    #[error("{status} does not fit here: it must be a status from {from} to {to}")]
    WrongStatus {
        /// The status given.
        status: StatusCode,
        /// Lowest one that fits.
        from: u16,
        /// Highest one that fits.
        to: u16,
    },
    /// The method has its own way of being sent.
    #[error("{0} is sent by the endpoint itself; use invite, reinvite, acknowledge or hang_up")]
    WrongMethod(Method),
    /// [`EndpointConfig::max_calls`](crate::EndpointConfig::max_calls).
    #[error("the limit of {0} calls is reached; raise max_calls or wait for a call to end")]
    TooManyCalls(usize),
    /// [`EndpointConfig::max_transactions`](crate::EndpointConfig::max_transactions).
    #[error("the limit of {0} transactions is reached; raise max_transactions or wait")]
    TooManyTransactions(usize),
    /// The limit of queued re-INVITEs.
    #[error("{0} re-INVITEs wait already for their turn; wait for the answer to the first")]
    TooManyReinvites(usize),
}
