/// What an endpoint has counted since it was built.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct Counters {
    /// Requests received, repetitions included.
    pub requests_received: u64,
    /// Responses received, repetitions included.
    pub responses_received: u64,
    /// Octets that were no message and could not be answered.
    pub malformed: u64,
    /// Requests that were absorbed as repetitions.
    pub repeated_requests: u64,
    /// Responses that no transaction waits for.
    pub stray_responses: u64,
    /// ACKs that no transaction or call waits for.
    pub stray_acks: u64,
    /// Messages that we sent again because the network may have lost them.
    pub retransmissions: u64,
    /// Requests that the endpoint refused by itself.
    pub refused: u64,
    /// Requests refused because a limit was reached.
    pub overloaded: u64,
    /// Transactions that ended because nobody answered.
    pub timeouts: u64,
    /// Transactions that ended because their transport failed.
    pub transport_failures: u64,
    /// Calls placed and received.
    pub calls: u64,
    /// 2xx responses of forks or of cancelled calls that were acknowledged and ended.
    pub late_answers: u64,
}
