use plenum_time::Instant;

use super::blacklist::Blacklist;
use super::cache::Cache;
use super::search::Shared;
use super::{Answer, Failure, LocateError, NextHop, Preferences, Question, Search, Step, Target};
use crate::random::Random;

/// What all searches share: preferences, answers and the targets that failed lately.
///
/// A plain value; the owner asks the questions. One instance serves a whole endpoint, so that one
/// call learns from the failures of another.
#[derive(Debug)]
pub struct Locator {
    preferences: Preferences,
    cache: Cache,
    blacklist: Blacklist,
    random: Random,
}

impl Locator {
    /// Builds a locator that knows nothing yet.
    ///
    /// The seed decides how load is spread over servers by weight (RFC 2782).
    #[must_use]
    pub fn new(preferences: Preferences, seed: [u8; 32]) -> Self {
        Self {
            preferences,
            cache: Cache::default(),
            blacklist: Blacklist::default(),
            random: Random::new(seed),
        }
    }

    /// What this side can do and likes.
    #[must_use]
    pub const fn preferences(&self) -> &Preferences {
        &self.preferences
    }

    /// Begins a search.
    ///
    /// `prefer_reliable` is for requests too long for a datagram (RFC 3261 18.1.1): transports
    /// without loss come first, even where the URI or the domain says UDP, which is what remains
    /// if they fail.
    ///
    /// # Errors
    ///
    /// [`LocateError`], if no transport of ours may or can be used.
    pub fn search(
        &self,
        now: Instant,
        next_hop: &NextHop,
        prefer_reliable: bool,
    ) -> Result<Search, LocateError> {
        Search::new(now, next_hop, &self.preferences, prefer_reliable)
    }

    /// Moves a search on; call it again after [`Step::Ask`], and after a target failed.
    pub fn step(&mut self, now: Instant, search: &mut Search) -> Step {
        search.step(
            now,
            Shared {
                cache: &self.cache,
                blacklist: &self.blacklist,
                random: &mut self.random,
            },
        )
    }

    /// Takes the answer to a question that a search asked, and keeps it for others.
    pub fn answer(
        &mut self,
        now: Instant,
        search: &mut Search,
        question: Question,
        answer: Answer,
    ) {
        let answer = answer.bounded();
        search.answer(&question, &answer);
        self.cache.learn(now, question, answer);
    }

    /// Takes an answer whose search is gone.
    pub fn learn(&mut self, now: Instant, question: Question, answer: Answer) {
        self.cache.learn(now, question, answer.bounded());
    }

    /// Notes that a target failed, so that it is skipped for a while.
    pub fn failed(&mut self, now: Instant, target: &Target, failure: Failure) {
        self.blacklist.failed(now, target, failure);
    }

    /// Notes that a target sent any response but 503, so that it is trusted at once.
    pub fn succeeded(&mut self, target: &Target) {
        self.blacklist.succeeded(target);
    }

    /// Whether a target is skipped.
    #[must_use]
    pub fn is_dead(&self, now: Instant, target: &Target) -> bool {
        self.blacklist.is_dead(now, target)
    }

    /// Forgets all answers, as after a change of the network or of the name servers.
    pub fn forget_answers(&mut self) {
        self.cache.clear();
    }

    /// How many answers are kept.
    #[must_use]
    pub fn answers_kept(&self) -> usize {
        self.cache.len()
    }

    /// How many targets are remembered for having failed.
    #[must_use]
    pub fn failures_kept(&self) -> usize {
        self.blacklist.len()
    }
}
