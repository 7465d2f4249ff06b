use alloc::vec::Vec;

use super::{Record, RecordData, Srv};
use crate::random::Random;

/// Puts the servers of a service into the order in which they are tried.
///
/// By priority; within one priority each next one is drawn by weight.
///
/// # Standard
///
/// RFC 2782, the part about `Weight`.
pub(super) fn in_order(records: &[Record], random: &mut Random) -> Vec<Srv> {
    let mut left: Vec<&Srv> = records.iter().filter_map(srv).collect();
    // Servers without weight stand first, so that a draw of zero can find them.
    left.sort_by_key(|srv| (srv.priority, srv.weight != 0));
    let mut ordered = Vec::with_capacity(left.len());
    while let Some(first) = left.first() {
        let same = first.priority;
        let group = left.iter().take_while(|srv| srv.priority == same).count();
        let chosen = draw(&left[..group], random);
        ordered.push(left.remove(chosen).clone());
    }
    ordered
}

/// Draws one of a group: the first whose running sum of weights reaches the number drawn.
fn draw(group: &[&Srv], random: &mut Random) -> usize {
    let total: u64 = group.iter().map(|srv| u64::from(srv.weight)).sum();
    let drawn = random.below(total + 1);
    let mut sum = 0;
    group
        .iter()
        .position(|srv| {
            sum += u64::from(srv.weight);
            sum >= drawn
        })
        .unwrap_or(0)
}

fn srv(record: &Record) -> Option<&Srv> {
    match &record.data {
        RecordData::Srv(srv) => Some(srv),
        _ => None,
    }
}
