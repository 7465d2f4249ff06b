use std::time::Duration;

use plenum_media::{PHASES, SLICE};
use plenum_time::Instant;

/// The absolute deadlines of a shard: one each [`SLICE`] from [`Instant::ZERO`] on.
///
/// A slice that is missed is skipped, never caught up: audio that is late is lost anyway, and work
/// done in a burst would make the next slice late as well.
#[derive(Debug)]
pub(super) struct Grid {
    next: u64,
}

/// One slice that is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Slice {
    /// Number of the tick it belongs to.
    pub(super) tick: u64,
    /// Its place in the tick.
    pub(super) phase: u8,
    /// How long after its deadline it begins.
    pub(super) late: Duration,
    /// Slices that were missed before it.
    pub(super) skipped: u64,
}

impl Slice {
    /// Tells whether it is the last slice of its tick, in which RTCP is read.
    pub(super) fn ends_tick(self) -> bool {
        self.phase == PHASES - 1
    }
}

impl Grid {
    /// Builds the grid whose first deadline is the first one after `now`.
    pub(super) fn starting_after(now: Instant) -> Self {
        Self {
            next: number(now) + 1,
        }
    }

    /// Returns the next deadline.
    pub(super) fn deadline(&self) -> Instant {
        deadline(self.next)
    }

    /// Takes the slice that is due; `None` before the deadline.
    pub(super) fn due(&mut self, now: Instant) -> Option<Slice> {
        let current = number(now);
        if current < self.next {
            return None;
        }
        let skipped = current - self.next;
        self.next = current + 1;
        let phases = u64::from(PHASES);
        Some(Slice {
            tick: current / phases,
            phase: u8::try_from(current % phases).unwrap_or(0),
            late: now.since(deadline(current - skipped)),
            skipped,
        })
    }
}

fn number(at: Instant) -> u64 {
    at.as_nanos() / slice_nanos()
}

fn deadline(slice: u64) -> Instant {
    Instant::from_nanos(slice.saturating_mul(slice_nanos()))
}

fn slice_nanos() -> u64 {
    u64::try_from(SLICE.as_nanos()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn four_slices_make_a_tick() {
        let mut grid = Grid::starting_after(Instant::from_millis(99));
        let slices: Vec<_> = (0..5)
            .map(|_| {
                let slice = grid.due(grid.deadline()).unwrap();
                (slice.tick, slice.phase, slice.late, slice.skipped)
            })
            .collect();
        let on_time = |tick, phase| (tick, phase, Duration::ZERO, 0);
        let expected = [
            on_time(5, 0),
            on_time(5, 1),
            on_time(5, 2),
            on_time(5, 3),
            on_time(6, 0),
        ];
        assert_eq!(slices, expected);
    }

    #[test]
    fn a_late_slice_is_run_and_missed_ones_are_skipped_and_counted() {
        let mut grid = Grid::starting_after(Instant::ZERO);
        let late = grid.due(Instant::from_millis(9)).unwrap();
        assert_eq!(
            (late.phase, late.late, late.skipped),
            (1, Duration::from_millis(4), 0)
        );
        let stalled = grid.due(Instant::from_millis(52)).unwrap();
        assert_eq!((stalled.tick, stalled.phase, stalled.skipped), (2, 2, 8));
        assert_eq!(stalled.late, Duration::from_millis(42));
        assert_eq!(grid.deadline(), Instant::from_millis(55));
        assert_eq!(grid.due(Instant::from_millis(54)), None);
    }

    proptest! {
        #[test]
        fn each_slice_is_run_or_skipped_exactly_once(
            steps in prop::collection::vec(0u64..60, 1..50),
        ) {
            let mut grid = Grid::starting_after(Instant::ZERO);
            let (mut now, mut counted) = (0, 0);
            for step in steps {
                now += step;
                while let Some(slice) = grid.due(Instant::from_millis(now)) {
                    counted += 1 + slice.skipped;
                    let number = slice.tick * u64::from(PHASES) + u64::from(slice.phase);
                    prop_assert_eq!(number, counted);
                }
                prop_assert_eq!(counted, now / 5);
            }
        }
    }
}
