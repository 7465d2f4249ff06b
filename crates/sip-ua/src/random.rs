use core::fmt;
use core::time::Duration;

use rand_chacha::ChaCha12Rng;
use rand_core::{Rng, SeedableRng};

/// Draws everything that must be unpredictable: tags, branches, Call-IDs and random pauses.
#[derive(Debug)]
pub(crate) struct Random(ChaCha12Rng);

impl Random {
    pub(crate) fn new(seed: [u8; 32]) -> Self {
        Self(ChaCha12Rng::from_seed(seed))
    }

    pub(crate) fn tag(&mut self) -> Tag {
        Tag(self.0.next_u64())
    }

    pub(crate) fn branch(&mut self) -> Branch {
        Branch(self.0.next_u64())
    }

    pub(crate) fn call_id(&mut self) -> CallIdText {
        CallIdText(self.0.next_u64(), self.0.next_u64())
    }

    /// A number below `bound`; the bias of the remainder is far below what a timer can show.
    pub(crate) fn below(&mut self, bound: u64) -> u64 {
        self.0.next_u64() % bound.max(1)
    }

    /// A pause from `low` to `high` in steps of 10 ms (RFC 3261 14.1).
    pub(crate) fn pause(&mut self, low: Duration, high: Duration) -> Duration {
        const STEP: Duration = Duration::from_millis(10);
        let steps = (high.saturating_sub(low).as_millis() / STEP.as_millis()) as u64;
        low + STEP * u32::try_from(self.below(steps + 1)).unwrap_or(0)
    }
}

/// A tag of ours (RFC 3261 19.3): 64 random bits. It alone names the call it belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Tag(pub(crate) u64);

impl Tag {
    /// Reads a tag that we may have drawn.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        parse_hex(text).map(Self)
    }
}

impl fmt::Display for Tag {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}", self.0)
    }
}

/// RFC 3261 8.1.1.7: what every branch of this standard starts with.
pub(crate) const MAGIC_COOKIE: &str = "z9hG4bK";

/// A branch of ours: the magic cookie and 64 random bits.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct Branch(pub(crate) u64);

impl Branch {
    /// Reads a branch that we may have drawn.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (cookie, rest) = text.split_at_checked(MAGIC_COOKIE.len())?;
        if cookie.eq_ignore_ascii_case(MAGIC_COOKIE) {
            parse_hex(rest).map(Self)
        } else {
            None
        }
    }
}

impl fmt::Display for Branch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{MAGIC_COOKIE}{:016x}", self.0)
    }
}

/// A Call-ID of ours. Without a host part: it would tell our address to everyone on the way.
#[derive(Clone, Copy, Debug)]
pub(crate) struct CallIdText(u64, u64);

impl fmt::Display for CallIdText {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:016x}{:016x}", self.0, self.1)
    }
}

/// Exactly 16 hexadecimal digits.
fn parse_hex(text: &str) -> Option<u64> {
    if text.len() != 16 || !text.bytes().all(|byte| byte.is_ascii_hexdigit()) {
        return None;
    }
    u64::from_str_radix(text, 16).ok()
}

#[cfg(test)]
mod tests {
    use alloc::string::ToString;

    use super::*;

    #[test]
    fn what_we_draw_we_read_back() {
        let mut random = Random::new([7; 32]);
        let (tag, branch) = (random.tag(), random.branch());
        assert_eq!(Tag::parse(&tag.to_string()), Some(tag));
        assert_eq!(Branch::parse(&branch.to_string()), Some(branch));
        assert_eq!(
            Branch::parse(&branch.to_string().to_uppercase()),
            Some(branch)
        );
        assert_eq!(Branch::parse("z9hG4bK-foreign"), None);
        assert_eq!(Tag::parse("+123456789abcdef"), None);
    }

    #[test]
    fn one_seed_draws_one_series() {
        let (mut a, mut b) = (Random::new([1; 32]), Random::new([1; 32]));
        assert_eq!((a.tag(), a.branch()), (b.tag(), b.branch()));
        assert_ne!(a.tag(), Random::new([2; 32]).tag());
    }

    #[test]
    fn a_pause_stays_in_its_range_in_steps_of_10_ms() {
        let mut random = Random::new([3; 32]);
        let (low, high) = (Duration::from_millis(2_100), Duration::from_millis(4_000));
        for _ in 0..1_000 {
            let pause = random.pause(low, high);
            assert!((low..=high).contains(&pause));
            assert_eq!(pause.as_millis() % 10, 0);
        }
    }
}
