use plenum_sip_msg::{Method, StatusCode};
use thiserror::Error;

/// How a body breaks the exchange of offers and answers (RFC 3264 4, RFC 6337 2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum ExchangeError {
    /// One side has made an offer that the other has not answered.
    #[error("an offer waits for its answer, so there can be no other; wait for the answer")]
    OfferPending,
    /// The other side has made an offer, and this message must answer it.
    #[error("this message must carry the answer to the offer of the other side; give it a body")]
    MissingAnswer,
    /// The INVITE had no offer, so this message must make one.
    #[error("the INVITE had no offer, so this message must make it; give it a body")]
    MissingOffer,
    /// The INVITE is answered by a reliable response; only an UPDATE or re-INVITE can change it.
    #[error("the INVITE has its answer already; change the session by update or reinvite")]
    AlreadyAnswered,
    /// An offer in an unreliable response could get lost.
    #[error("an offer may not travel in an unreliable response; send it reliably or with accept")]
    Unreliable,
    /// Nothing is to be answered.
    #[error("there is no offer to answer; leave the body away")]
    NoOffer,
}

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
    #[error(
        "{0} is sent by the endpoint itself; use invite, reinvite, update, acknowledge or hang_up"
    )]
    WrongMethod(Method),
    /// [`EndpointConfig::max_calls`](crate::EndpointConfig::max_calls).
    #[error("the limit of {0} calls is reached; raise max_calls or wait for a call to end")]
    TooManyCalls(usize),
    /// [`EndpointConfig::max_transactions`](crate::EndpointConfig::max_transactions).
    #[error("the limit of {0} transactions is reached; raise max_transactions or wait")]
    TooManyTransactions(usize),
    /// The body does not fit the exchange of offers and answers.
    #[error(transparent)]
    Exchange(#[from] ExchangeError),
    /// The other side does not understand the method.
    #[error("the other side does not list {0} in its Allow header, so it cannot be sent {0}")]
    NotAllowed(Method),
    /// The same target was tried with the same headers already.
    #[error("this target was tried already with these headers; trying again would be a loop")]
    RetryLoop,
    /// The limit of attempts of one call or request.
    #[error("the limit of {0} attempts is reached; give up, or place it anew")]
    TooManyAttempts(usize),
    /// The limit of provisional responses that wait for a PRACK.
    #[error("{0} reliable responses wait already for their turn; wait for the first PRACK")]
    TooManyProvisionals(usize),
    /// The limit of queued re-INVITEs.
    #[error("{0} re-INVITEs wait already for their turn; wait for the answer to the first")]
    TooManyReinvites(usize),
}
