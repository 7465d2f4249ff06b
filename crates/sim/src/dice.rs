use std::ops::Range;
use std::time::Duration;

use rand_chacha::ChaCha12Rng;
use rand_core::{Rng, SeedableRng};

/// All chance of a run, from its seed.
#[derive(Clone, Debug)]
pub struct Dice(ChaCha12Rng);

impl Dice {
    /// Builds the dice of a seed.
    #[must_use]
    pub fn new(seed: u64) -> Self {
        Self(ChaCha12Rng::seed_from_u64(seed))
    }

    /// Builds dice of their own, so that what one part draws does not shift what another draws.
    pub(crate) fn split(&mut self) -> Self {
        Self::new(self.0.next_u64())
    }

    /// Draws the seed of a machine.
    pub(crate) fn seed(&mut self) -> [u8; 32] {
        let mut seed = [0; 32];
        self.0.fill_bytes(&mut seed);
        seed
    }

    /// Draws 32 bits.
    pub(crate) fn word(&mut self) -> u32 {
        self.0.next_u32()
    }

    /// Draws 64 bits.
    pub(crate) fn long(&mut self) -> u64 {
        self.0.next_u64()
    }

    /// Draws a number below `bound`; zero if that is zero.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound.max(1)).unwrap_or(u64::MAX);
        usize::try_from(self.0.next_u64() % bound).unwrap_or(0)
    }

    /// Decides with a probability of so many in a thousand.
    pub(crate) fn chance(&mut self, permille: u16) -> bool {
        self.below(1_000) < usize::from(permille)
    }

    /// Draws a duration below `bound`.
    pub(crate) fn duration(&mut self, bound: Duration) -> Duration {
        let nanos = u64::try_from(bound.as_nanos()).unwrap_or(u64::MAX);
        Duration::from_nanos(if nanos == 0 {
            0
        } else {
            self.0.next_u64() % nanos
        })
    }

    /// Draws a duration within a range.
    pub(crate) fn within(&mut self, range: &Range<Duration>) -> Duration {
        range.start + self.duration(range.end.saturating_sub(range.start))
    }

    /// Picks one of a list.
    pub(crate) fn pick<'a, T>(&mut self, list: &'a [T]) -> Option<&'a T> {
        list.get(self.below(list.len()))
    }

    /// Draws so many octets.
    pub(crate) fn bytes(&mut self, len: usize) -> Vec<u8> {
        let mut bytes = vec![0; len];
        self.0.fill_bytes(&mut bytes);
        bytes
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_seed_gives_one_sequence() {
        let draw = |seed| {
            let mut dice = Dice::new(seed);
            let mut other = dice.split();
            (dice.long(), other.long(), dice.below(7), other.bytes(5))
        };
        assert_eq!(draw(1), draw(1));
        assert_ne!(draw(1), draw(2));
    }

    #[test]
    fn draws_stay_in_their_bounds() {
        let mut dice = Dice::new(3);
        let range = Duration::from_millis(10)..Duration::from_millis(12);
        for _ in 0..1_000 {
            assert!(dice.below(3) < 3);
            assert!(range.contains(&dice.within(&range)));
        }
        assert!(!dice.chance(0) && dice.chance(1_000));
        assert_eq!(dice.below(0), 0);
    }
}
