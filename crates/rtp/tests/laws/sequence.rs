use std::collections::BTreeSet;

use plenum_rtp::{ExtendedSequence, SequenceNumber, SequenceOutcome};
use proptest::prelude::*;

/// One arrival, told from the highest packet so far.
#[derive(Clone, Copy, Debug)]
enum Arrival {
    Ahead(u64),
    Behind(u64),
}

fn any_arrival() -> impl Strategy<Value = Arrival> {
    prop_oneof![
        6 => Just(Arrival::Ahead(1)),
        2 => (1_u64..3000).prop_map(Arrival::Ahead),
        2 => (0_u64..4).prop_map(Arrival::Behind),
        1 => (0_u64..100).prop_map(Arrival::Behind),
    ]
}

/// Remembers every packet by its true number.
struct Model {
    first: u64,
    highest: u64,
    seen: BTreeSet<u64>,
}

impl Model {
    fn new(first: u64) -> Self {
        Self {
            first,
            highest: first,
            seen: BTreeSet::from([first]),
        }
    }

    fn receive(&mut self, extended: u64) -> SequenceOutcome {
        if !self.seen.insert(extended) {
            SequenceOutcome::Duplicate { extended }
        } else if extended < self.highest {
            SequenceOutcome::Late { extended }
        } else {
            let skipped = (extended - self.highest - 1) as u16;
            self.highest = extended;
            SequenceOutcome::Advanced { extended, skipped }
        }
    }
}

fn on_the_wire(extended: u64) -> SequenceNumber {
    SequenceNumber(extended as u16)
}

proptest! {
    #[test]
    fn loss_reordering_and_duplicates_are_told_as_by_the_model(
        start in any::<u16>(),
        arrivals in prop::collection::vec(any_arrival(), 0..400),
    ) {
        let first = 0x1_0000 + u64::from(start);
        let mut model = Model::new(first);
        let mut tracker = ExtendedSequence::announced();
        let expected = SequenceOutcome::Advanced { extended: first, skipped: 0 };
        prop_assert_eq!(tracker.receive(SequenceNumber(start)), expected);
        for arrival in arrivals {
            let extended = match arrival {
                Arrival::Ahead(step) => model.highest + step,
                Arrival::Behind(step) => model.highest - step,
            };
            prop_assert_eq!(tracker.receive(on_the_wire(extended)), model.receive(extended));
        }
        prop_assert_eq!(u64::from(tracker.highest()), model.highest - 0x1_0000);
        prop_assert_eq!(tracker.expected(), model.highest - model.first + 1);
    }

    #[test]
    fn a_stray_changes_nothing_and_its_successor_restarts(
        start in any::<u16>(),
        jump in 3000_u16..=65436,
    ) {
        let mut tracker = ExtendedSequence::announced();
        let start = SequenceNumber(start);
        tracker.receive(start);
        let before = tracker.highest();
        let stray = start.plus(jump);
        prop_assert_eq!(tracker.receive(stray), SequenceOutcome::Suspect);
        prop_assert_eq!(tracker.highest(), before);
        let next = stray.next();
        // The successor of the last stray before the window lies within the window.
        prop_assume!(next.distance(start) <= -100 || jump < 0x8000);
        let extended = 0x1_0000 + u64::from(next.0);
        prop_assert_eq!(tracker.receive(next), SequenceOutcome::Restarted { extended });
        prop_assert_eq!(tracker.expected(), 1);
    }

    #[test]
    fn no_numbers_panic(numbers in prop::collection::vec(any::<u16>(), 0..400)) {
        let mut tracker = ExtendedSequence::new();
        for number in numbers {
            let outcome = tracker.receive(SequenceNumber(number));
            if let Some(extended) = outcome.extended() {
                prop_assert_eq!(extended as u16, number);
                prop_assert!(tracker.is_valid());
            }
        }
    }
}

/// RFC 3550 A.1.
#[test]
fn an_unannounced_source_is_believed_after_two_packets_in_sequence() {
    let mut tracker = ExtendedSequence::new();
    for stray in [9, 400, 7] {
        assert_eq!(
            tracker.receive(SequenceNumber(stray)),
            SequenceOutcome::Probation
        );
    }
    assert_eq!(
        (tracker.is_valid(), tracker.expected(), tracker.highest()),
        (false, 0, 0)
    );
    let believed = SequenceOutcome::Advanced {
        extended: 0x1_0008,
        skipped: 0,
    };
    assert_eq!(tracker.receive(SequenceNumber(8)), believed);
    assert_eq!((tracker.expected(), tracker.highest()), (1, 8));
}

#[test]
fn cycles_stand_above_the_number() {
    let mut tracker = ExtendedSequence::announced();
    tracker.receive(SequenceNumber(0xFFFF));
    tracker.receive(SequenceNumber(0));
    assert_eq!(tracker.highest(), 0x1_0000);
    assert_eq!(
        tracker.receive(SequenceNumber(0xFFFE)),
        SequenceOutcome::Late { extended: 0x1_FFFE },
    );
}

/// RFC 3550 A.1.
#[test]
fn the_limits_of_a_step_are_those_of_the_standard() {
    let after = |step: u16| {
        let mut tracker = ExtendedSequence::announced();
        tracker.receive(SequenceNumber(1000));
        tracker.receive(SequenceNumber(1000_u16.wrapping_add(step)))
    };
    assert_eq!(
        after(2999),
        SequenceOutcome::Advanced {
            extended: 0x1_0000 + 3999,
            skipped: 2998
        }
    );
    assert_eq!(after(3000), SequenceOutcome::Suspect);
    assert_eq!(after(100_u16.wrapping_neg()), SequenceOutcome::Suspect);
    assert_eq!(
        after(99_u16.wrapping_neg()),
        SequenceOutcome::Late {
            extended: 0x1_0000 + 901
        }
    );
}
