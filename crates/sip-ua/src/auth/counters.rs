/// What a [`Gatekeeper`](super::Gatekeeper) has counted since it was built.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct GateCounters {
    /// Requests let in.
    pub accepted: u64,
    /// Requests challenged, for whatever reason.
    pub challenged: u64,
    /// Answers to a nonce that was too old or not ours.
    pub stale: u64,
    /// Correct answers that were used before, or whose nonce count lies too far back.
    pub repeated: u64,
    /// Answers with a wrong password or an unknown user.
    pub wrong: u64,
    /// Answers that were malformed, or meant for another URI.
    pub malformed: u64,
    /// Answers refused without a look because their source must cool.
    pub braked_sources: u64,
    /// Answers refused without a look because their account must cool.
    pub braked_accounts: u64,
    /// Nonces whose counts are remembered at the moment.
    pub nonces: usize,
    /// Sources with failures that are remembered at the moment.
    pub sources: usize,
    /// Accounts with failures that are remembered at the moment.
    pub accounts: usize,
    /// Pairs of source and account that are remembered as trusted at the moment.
    pub trusted: usize,
}
