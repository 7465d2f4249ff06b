use alloc::collections::{BTreeMap, BTreeSet};
use core::time::Duration;

use plenum_time::Instant;

use super::{Answer, Question};

/// Most answers that are kept; the one that would expire first makes room.
pub const MAX_CACHED_ANSWERS: usize = 4_096;
/// The longest an answer is kept, whatever its records say: a server that moved is found then.
pub const POSITIVE_TTL_MAX: Duration = Duration::from_secs(3_600);
/// How long "there is none" is kept when the answer does not say (RFC 2308 5).
pub const NEGATIVE_TTL: Duration = Duration::from_secs(60);
/// The longest "there is none" is kept, so that a domain that is being set up is found soon.
pub const NEGATIVE_TTL_MAX: Duration = Duration::from_secs(300);
/// How long a failure of the name servers is kept (RFC 9520 3.2: from 1 s to 5 min).
pub const FAILURE_TTL: Duration = Duration::from_secs(5);

/// The answers of DNS for their time to live.
#[derive(Debug, Default)]
pub(super) struct Cache {
    answers: BTreeMap<Question, (Instant, Answer)>,
    by_expiry: BTreeSet<(Instant, Question)>,
}

impl Cache {
    pub(super) fn look_up(&self, now: Instant, question: &Question) -> Option<&Answer> {
        let (expires, answer) = self.answers.get(question)?;
        (now < *expires).then_some(answer)
    }

    /// Keeps an answer; one whose time to live is zero only replaces what was known.
    pub(super) fn learn(&mut self, now: Instant, question: Question, answer: Answer) {
        self.forget(&question);
        self.drop_expired(now);
        let ttl = time_to_live(&answer);
        if ttl.is_zero() {
            return;
        }
        if self.answers.len() >= MAX_CACHED_ANSWERS {
            self.drop_first();
        }
        let expires = now + ttl;
        self.by_expiry.insert((expires, question.clone()));
        self.answers.insert(question, (expires, answer));
    }

    pub(super) fn len(&self) -> usize {
        self.answers.len()
    }

    pub(super) fn clear(&mut self) {
        *self = Self::default();
    }

    fn forget(&mut self, question: &Question) {
        if let Some((expires, _)) = self.answers.remove(question) {
            self.by_expiry.remove(&(expires, question.clone()));
        }
    }

    fn drop_expired(&mut self, now: Instant) {
        while self
            .by_expiry
            .first()
            .is_some_and(|(expires, _)| *expires <= now)
        {
            self.drop_first();
        }
    }

    fn drop_first(&mut self) {
        if let Some((_, question)) = self.by_expiry.pop_first() {
            self.answers.remove(&question);
        }
    }
}

/// An answer lives as long as the record that expires first.
fn time_to_live(answer: &Answer) -> Duration {
    match answer {
        Answer::Records(records) => records
            .iter()
            .map(|record| record.ttl)
            .min()
            .unwrap_or_default()
            .min(POSITIVE_TTL_MAX),
        Answer::NoSuchName { ttl } | Answer::NoData { ttl } => {
            ttl.unwrap_or(NEGATIVE_TTL).min(NEGATIVE_TTL_MAX)
        }
        Answer::Failed | Answer::TimedOut => FAILURE_TTL,
    }
}

#[cfg(test)]
mod tests {
    use alloc::format;
    use alloc::vec;

    use super::*;
    use crate::locate::{DnsName, Record, RecordData, RecordKind};

    fn question(name: &str) -> Question {
        Question::new(RecordKind::A, DnsName::new(name).unwrap())
    }

    fn addresses(ttls: &[u64]) -> Answer {
        let record = |ttl: &u64| Record {
            ttl: Duration::from_secs(*ttl),
            data: RecordData::Address([192, 0, 2, 1].into()),
        };
        Answer::Records(ttls.iter().map(record).collect())
    }

    #[test]
    fn an_answer_lives_as_long_as_its_shortest_record_and_at_most_an_hour() {
        let negative = |ttl: Option<u64>| Answer::NoData {
            ttl: ttl.map(Duration::from_secs),
        };
        let table = [
            (addresses(&[60, 30]), 30),
            (addresses(&[86_400]), 3_600),
            (addresses(&[0]), 0),
            (negative(Some(10)), 10),
            (negative(Some(9_000)), 300),
            (negative(None), 60),
            (Answer::NoSuchName { ttl: None }, 60),
            (Answer::TimedOut, 5),
        ];
        for (answer, seconds) in table {
            let mut cache = Cache::default();
            cache.learn(Instant::ZERO, question("a.example"), answer.clone());
            let at = |millis| cache.look_up(Instant::from_millis(millis), &question("a.example"));
            assert_eq!(
                at((seconds * 1_000_u64).saturating_sub(1)).is_some(),
                seconds > 0
            );
            assert_eq!(at(seconds * 1_000), None, "{answer:?}");
        }
    }

    #[test]
    fn a_later_answer_replaces_the_earlier_one() {
        let (mut cache, now) = (Cache::default(), Instant::ZERO);
        cache.learn(now, question("a.example"), addresses(&[60]));
        cache.learn(now, question("a.example"), Answer::NoData { ttl: None });
        assert_eq!(cache.len(), 1);
        assert_eq!(cache.by_expiry.len(), 1);
        cache.learn(now, question("a.example"), addresses(&[0]));
        assert_eq!(cache.look_up(now, &question("a.example")), None);
        assert_eq!((cache.len(), cache.by_expiry.len()), (0, 0));
    }

    #[test]
    fn a_full_cache_drops_what_would_expire_first() {
        let (mut cache, now) = (Cache::default(), Instant::ZERO);
        cache.learn(now, question("first.example"), addresses(&[1]));
        for number in 0..MAX_CACHED_ANSWERS {
            cache.learn(
                now,
                question(&format!("n{number}.example")),
                addresses(&[60]),
            );
        }
        assert_eq!(cache.len(), MAX_CACHED_ANSWERS);
        assert_eq!(cache.look_up(now, &question("first.example")), None);
        assert_eq!(
            cache.look_up(now, &question("n0.example")),
            Some(&addresses(&[60]))
        );
        let later = Instant::from_millis(60_000);
        cache.learn(later, question("first.example"), Answer::Records(vec![]));
        assert_eq!(cache.len(), 0);
    }
}
