use alloc::string::String;
use core::time::Duration;

use plenum_time::Instant;

use super::lru::Lru;
use super::nonce::SourceKey;

/// Failures in a window by default before a source must cool.
pub const FAILURES_PER_SOURCE: u32 = 10;
/// Failures in a window by default before an account cools for strangers.
pub const FAILURES_PER_ACCOUNT: u32 = 20;
/// The window by default.
pub const FAILURE_WINDOW: Duration = Duration::from_secs(60);
/// How long a source or an account cools the first time by default.
pub const COOLING: Duration = Duration::from_secs(30);
/// How long it cools at most by default.
pub const COOLING_MAX: Duration = Duration::from_secs(3_600);
/// Most sources, and most accounts, with failures that are remembered by default.
pub const MAX_BRAKED: usize = 16_384;
/// Most pairs of a source and an account that it knows, by default.
pub const MAX_TRUSTED: usize = 65_536;

/// How guessing of passwords is slowed down.
///
/// Each wrong answer counts against its source and against the account that it names. After as
/// many as allowed in a window, further answers from that source, or for that account, are
/// refused without a look until it has cooled; each time takes twice as long.
///
/// A source that has answered correctly for an account is exempt for this account, so that
/// neither a stranger nor a misconfigured phone behind the same address locks anybody out. It
/// loses that trust after as many failures of its own as a source may have.
#[derive(Clone, Copy, Debug)]
pub struct BrakeConfig {
    /// Default [`FAILURES_PER_SOURCE`].
    pub failures_per_source: u32,
    /// Default [`FAILURES_PER_ACCOUNT`].
    pub failures_per_account: u32,
    /// Default [`FAILURE_WINDOW`].
    pub window: Duration,
    /// Default [`COOLING`].
    pub cooling: Duration,
    /// Default [`COOLING_MAX`].
    pub cooling_max: Duration,
    /// Default [`MAX_BRAKED`]. What rested longest is forgotten first.
    pub max_braked: usize,
    /// Default [`MAX_TRUSTED`]. What rested longest is forgotten first.
    pub max_trusted: usize,
}

impl Default for BrakeConfig {
    fn default() -> Self {
        Self {
            failures_per_source: FAILURES_PER_SOURCE,
            failures_per_account: FAILURES_PER_ACCOUNT,
            window: FAILURE_WINDOW,
            cooling: COOLING,
            cooling_max: COOLING_MAX,
            max_braked: MAX_BRAKED,
            max_trusted: MAX_TRUSTED,
        }
    }
}

/// Slows down who guesses.
#[derive(Debug)]
pub(crate) struct Brake {
    config: BrakeConfig,
    sources: Lru<SourceKey, Gauge>,
    accounts: Lru<String, Gauge>,
    trusted: Lru<(SourceKey, String), Gauge>,
}

/// Who must cool, and for how long.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Stop {
    Source(Duration),
    Account(Duration),
}

impl Brake {
    pub(crate) const fn new(config: BrakeConfig) -> Self {
        Self {
            config,
            sources: Lru::new(config.max_braked),
            accounts: Lru::new(config.max_braked),
            trusted: Lru::new(config.max_trusted),
        }
    }

    /// Whether an answer may be looked at.
    pub(crate) fn check(&self, now: Instant, source: SourceKey, account: &String) -> Option<Stop> {
        if self.trusted.get(&(source, account.clone())).is_some() {
            return None;
        }
        let left = |gauge: Option<&Gauge>| gauge.and_then(|gauge| gauge.cooling_left(now));
        left(self.sources.get(&source))
            .map(Stop::Source)
            .or_else(|| left(self.accounts.get(account)).map(Stop::Account))
    }

    /// Counts a wrong answer.
    pub(crate) fn fail(&mut self, now: Instant, source: SourceKey, account: &String) {
        let config = &self.config;
        let per_source = config.failures_per_source;
        let pair = (source, account.clone());
        if self.trusted.get(&pair).is_some() {
            let gauge = self.trusted.touch(&pair, Gauge::default);
            if gauge.fail(now, per_source, config) {
                self.trusted.remove(&pair);
            }
            return;
        }
        let by_source = self.sources.touch(&source, Gauge::default);
        by_source.fail(now, per_source, config);
        let by_account = self.accounts.touch(account, Gauge::default);
        by_account.fail(now, config.failures_per_account, config);
    }

    /// Remembers that the source knows the secret of the account.
    pub(crate) fn succeed(&mut self, source: SourceKey, account: &str) {
        self.trusted
            .touch(&(source, account.into()), Gauge::default);
    }

    /// How many sources, accounts and trusted pairs are remembered.
    pub(crate) fn sizes(&self) -> (usize, usize, usize) {
        (self.sources.len(), self.accounts.len(), self.trusted.len())
    }
}

/// A leaky bucket of failures, kept as the time at which it will have run dry.
#[derive(Clone, Copy, Debug, Default)]
struct Gauge {
    dry_at: Instant,
    cool_at: Instant,
    /// How often it ran over without a long rest between.
    overflows: u32,
}

impl Gauge {
    fn cooling_left(&self, now: Instant) -> Option<Duration> {
        Some(self.cool_at.since(now)).filter(|left| !left.is_zero())
    }

    /// Adds a failure; says whether the gauge ran over.
    fn fail(&mut self, now: Instant, limit: u32, config: &BrakeConfig) -> bool {
        let drop = config.window / limit.max(1);
        self.dry_at = self.dry_at.max(now) + drop;
        if self.dry_at.since(now) + drop <= config.window {
            return false;
        }
        if now.since(self.cool_at) > config.cooling_max {
            self.overflows = 0;
        }
        let doubled = 1_u32.checked_shl(self.overflows).unwrap_or(u32::MAX);
        let cooling = config.cooling.saturating_mul(doubled);
        self.cool_at = now + cooling.min(config.cooling_max);
        self.overflows = self.overflows.saturating_add(1);
        self.dry_at = now;
        true
    }
}

#[cfg(test)]
mod tests;
