use alloc::collections::BTreeSet;
use alloc::vec::Vec;

use proptest::prelude::*;

use super::*;

const LIFETIME: Duration = Duration::from_secs(300);

fn nonce(issued_ms: u64) -> NonceId {
    let serial = issued_ms;
    NonceId { issued_ms, serial }
}

fn windows(limit: usize) -> Windows {
    Windows::new(limit, LIFETIME)
}

proptest! {
    /// The window takes what a set of all counts would take, but for counts that lie too far back.
    #[test]
    fn no_count_is_taken_twice(
        counts in prop::collection::vec(prop_oneof![0_u32..200, any::<u32>()], 1..200),
    ) {
        let (mut windows, mut seen, mut highest) = (windows(8), BTreeSet::new(), 0);
        for count in counts {
            let is_taken = windows.take(Instant::ZERO, nonce(0), Some(count), None);
            let is_in_reach = count > highest || highest - count < WINDOW_LEN;
            prop_assert_eq!(is_taken, (is_in_reach || seen.is_empty()) && !seen.contains(&count));
            seen.insert(count);
            highest = highest.max(count);
        }
    }

    /// However small the table, nothing is taken twice while its nonce is alive.
    #[test]
    fn forgetting_opens_no_door(
        uses in prop::collection::vec((0_u64..20, 1_u32..4), 1..200),
        limit in 1_usize..4,
    ) {
        let (mut windows, mut taken, now) = (windows(limit), Vec::new(), Instant::from_millis(20));
        for (issued, count) in uses {
            let id = nonce(issued);
            if windows.is_alive(now, id) && windows.take(now, id, Some(count), None) {
                prop_assert!(!taken.contains(&(id, count)));
                taken.push((id, count));
            }
            prop_assert!(windows.len() <= limit);
        }
    }
}

#[test]
fn counts_may_arrive_out_of_order_within_the_window() {
    let mut windows = windows(8);
    let mut take = |count| windows.take(Instant::ZERO, nonce(0), Some(count), None);
    assert!(take(1) && take(0x100) && take(0xff) && take(0x100 - 63));
    assert!(!take(0xff) && !take(0x100), "used");
    assert!(!take(0x100 - 64), "too far back");
}

#[test]
fn an_answer_without_a_count_uses_its_nonce_up() {
    let mut windows = windows(8);
    assert!(windows.take(Instant::ZERO, nonce(0), None, None));
    assert!(!windows.take(Instant::ZERO, nonce(0), None, None));
    assert!(!windows.take(Instant::ZERO, nonce(0), Some(9), None));
}

#[test]
fn a_nonce_dies_of_age_and_leaves_the_table() {
    let mut windows = windows(8);
    let last = Instant::ZERO + LIFETIME;
    assert!(windows.take(Instant::ZERO, nonce(0), Some(1), None));
    assert!(windows.is_alive(Instant::from_millis(299_999), nonce(0)));
    assert!(!windows.is_alive(last, nonce(0)));
    assert!(
        !windows.is_alive(Instant::ZERO, nonce(1)),
        "issued in the future"
    );
    assert!(windows.take(last, nonce(1), Some(1), None));
    assert_eq!(windows.len(), 1);
}
