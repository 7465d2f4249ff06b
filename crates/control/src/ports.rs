//! Which leg uses which RTP port pair.
//!
//! Legs share port pairs, so that a shard reads many legs with one system call. What keeps them
//! apart is the address they send from, and that address is certain only after the first packet:
//! behind NAT it differs from what the peer announced. So a pair takes a second leg only while all
//! its legs are *latched* (their source confirmed by a packet) and none of them announced the
//! newcomer's address. When every pair is taken, unlatched legs share a pair too, as long as their
//! announced addresses differ; only peers behind NAT could then be mistaken for one another, and
//! they are told apart by their synchronisation source.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;
use core::net::SocketAddr;
use core::time::Duration;

use plenum_media::{LegId, PortId};
use plenum_time::Instant;

/// Legs on one pair at most: what one batched read returns.
pub const LEGS_PER_PAIR: u16 = 64;

/// Pairs that wait without a leg before a shard is asked to bind more.
pub const RESERVE: usize = 64;

/// Pairs bound at a time.
pub const BIND_STEP: u16 = 128;

/// Pairs without a leg beyond which the rest is closed again, once they were not needed for
/// [`SURPLUS_KEPT`].
pub const SURPLUS: usize = RESERVE + BIND_STEP as usize;

/// How long pairs that nobody needs stay bound.
pub const SURPLUS_KEPT: Duration = Duration::from_secs(10);

/// How long no more pairs are asked for after the driver could not bind all.
const SHORTAGE_PAUSE: Duration = Duration::from_secs(5);

/// Pairs looked at for one that has not the newcomer's address yet.
const TRIES: usize = 64;

/// The port pairs of one shard.
#[derive(Debug)]
pub(crate) struct PortTable {
    pairs: BTreeMap<PortId, Pair>,
    /// Pairs whose legs are all latched and that have room for one more, lowest first.
    shareable: BTreeSet<PortId>,
    legs: BTreeMap<LegId, Seat>,
    /// Pairs without a leg.
    idle: BTreeSet<PortId>,
    /// Requests for [`BIND_STEP`] pairs each that are not answered yet.
    binding: usize,
    /// No more pairs are asked for until then.
    short_until: Option<Instant>,
    pairs_max: usize,
    /// When the pairs that nobody needs are closed, if there are any.
    shrink_at: Option<Instant>,
}

/// A leg's place: what the answer to its offer announces.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Place {
    pub(crate) port: PortId,
    pub(crate) rtp_port: u16,
}

#[derive(Debug)]
struct Pair {
    rtp_port: u16,
    legs: u16,
    unlatched: u16,
    remotes: BTreeMap<SocketAddr, u16>,
}

#[derive(Debug)]
struct Seat {
    port: PortId,
    latched: bool,
    remotes: [Option<SocketAddr>; 2],
}

impl PortTable {
    /// Builds an empty table that will never hold more than `pairs_max` pairs.
    pub(crate) fn new(pairs_max: usize) -> Self {
        Self {
            pairs: BTreeMap::new(),
            shareable: BTreeSet::new(),
            legs: BTreeMap::new(),
            idle: BTreeSet::new(),
            binding: 0,
            short_until: None,
            pairs_max,
            shrink_at: None,
        }
    }

    /// Adds a pair that the driver has bound.
    pub(crate) fn bound(&mut self, port: PortId, rtp_port: u16) {
        let pair = Pair {
            rtp_port,
            legs: 0,
            unlatched: 0,
            remotes: BTreeMap::new(),
        };
        if self.pairs.insert(port, pair).is_none() {
            self.idle.insert(port);
            self.shareable.insert(port);
        }
    }

    /// Notes that the driver has answered a request for more pairs.
    pub(crate) fn binding_done(&mut self, now: Instant, shortage: bool) {
        self.binding = self.binding.saturating_sub(1);
        if shortage {
            self.short_until = Some(now + SHORTAGE_PAUSE);
        }
    }

    /// Returns how many more pairs to bind, if the reserve is low and none are on their way, or if
    /// fewer are on their way than there are calls that wait for one.
    pub(crate) fn wanted(&mut self, now: Instant, waiting: usize) -> Option<u16> {
        let room = self.room();
        let low = self.binding == 0 && self.idle.len() < RESERVE;
        let few = self.on_their_way() < waiting;
        if room == 0 || self.is_short(now) || !(low || few) {
            return None;
        }
        self.binding += 1;
        Some(BIND_STEP.min(u16::try_from(room).unwrap_or(u16::MAX)))
    }

    /// Tells whether a pair is on its way, or would be bound if it were asked for.
    pub(crate) fn has_hope(&self, now: Instant) -> bool {
        self.binding > 0 || (self.room() > 0 && !self.is_short(now))
    }

    /// Tells whether a pair waits for a leg, whatever its peer announces.
    pub(crate) fn is_free(&self) -> bool {
        !self.idle.is_empty()
    }

    /// Tells when [`surplus`](Self::surplus) must be called next.
    pub(crate) const fn next_deadline(&self) -> Option<Instant> {
        self.shrink_at
    }

    /// Takes out the pairs that were not needed for a while, for the driver to close.
    pub(crate) fn surplus(&mut self, now: Instant) -> Vec<PortId> {
        if self.idle.len() <= SURPLUS {
            self.shrink_at = None;
            return Vec::new();
        }
        let at = *self.shrink_at.get_or_insert(now + SURPLUS_KEPT);
        if now < at {
            return Vec::new();
        }
        self.shrink_at = None;
        let many = self.idle.len() - SURPLUS;
        let ports: Vec<PortId> = self.idle.iter().rev().take(many).copied().collect();
        for port in &ports {
            self.pairs.remove(port);
            self.shareable.remove(port);
            self.idle.remove(port);
        }
        ports
    }

    /// Seats a leg whose peer announced `remote`; `None` if no pair can take it.
    pub(crate) fn assign(&mut self, leg: LegId, remote: Option<SocketAddr>) -> Option<Place> {
        let port = self.find(remote)?;
        let pair = self.pairs.get_mut(&port)?;
        self.idle.remove(&port);
        pair.legs += 1;
        pair.unlatched += 1;
        self.shareable.remove(&port);
        let rtp_port = pair.rtp_port;
        self.legs.insert(
            leg,
            Seat {
                port,
                latched: false,
                remotes: [None; 2],
            },
        );
        if let Some(remote) = remote {
            self.announce(leg, remote);
        }
        Some(Place { port, rtp_port })
    }

    /// Records where the peer of a leg announced to be; a new address unlatches the leg.
    pub(crate) fn announce(&mut self, leg: LegId, remote: SocketAddr) {
        let Some(seat) = self.legs.get_mut(&leg) else {
            return;
        };
        let Some(pair) = self.pairs.get_mut(&seat.port) else {
            return;
        };
        if seat.remotes[0] == Some(remote) {
            return;
        }
        // An address that packets have come from already needs no further proof.
        let proven = seat.latched && seat.remotes[1] == Some(remote);
        for old in seat.remotes.iter_mut().filter_map(Option::take) {
            pair.forget(old);
        }
        seat.remotes[0] = Some(remote);
        pair.remember(remote);
        if seat.latched && !proven {
            seat.latched = false;
            pair.unlatched += 1;
            self.shareable.remove(&seat.port);
        }
    }

    /// Records that packets of a leg come from `remote`, another address than announced.
    pub(crate) fn learn(&mut self, leg: LegId, remote: SocketAddr) {
        let Some(seat) = self.legs.get_mut(&leg) else {
            return;
        };
        let Some(pair) = self.pairs.get_mut(&seat.port) else {
            return;
        };
        if let Some(old) = seat.remotes[1].replace(remote) {
            pair.forget(old);
        }
        pair.remember(remote);
    }

    /// Records that a leg's source is confirmed, so that its pair can be shared.
    pub(crate) fn latch(&mut self, leg: LegId) {
        let Some(seat) = self.legs.get_mut(&leg) else {
            return;
        };
        if seat.latched {
            return;
        }
        seat.latched = true;
        let port = seat.port;
        if let Some(pair) = self.pairs.get_mut(&port) {
            pair.unlatched -= 1;
        }
        self.offer_to_share(port);
    }

    /// Frees a leg's place.
    pub(crate) fn release(&mut self, leg: LegId) {
        let Some(seat) = self.legs.remove(&leg) else {
            return;
        };
        let Some(pair) = self.pairs.get_mut(&seat.port) else {
            return;
        };
        for remote in seat.remotes.into_iter().flatten() {
            pair.forget(remote);
        }
        pair.legs -= 1;
        if !seat.latched {
            pair.unlatched -= 1;
        }
        if pair.legs == 0 {
            self.idle.insert(seat.port);
        }
        self.offer_to_share(seat.port);
    }

    /// Returns how many legs are seated.
    pub(crate) fn legs(&self) -> usize {
        self.legs.len()
    }

    /// Returns how many pairs are bound.
    pub(crate) fn pairs(&self) -> usize {
        self.pairs.len()
    }

    fn is_short(&self, now: Instant) -> bool {
        self.short_until.is_some_and(|until| now < until)
    }

    /// Returns how many more pairs may be asked for.
    fn room(&self) -> usize {
        let taken = self.pairs.len() + self.on_their_way();
        self.pairs_max.saturating_sub(taken)
    }

    /// Returns how many pairs are on their way at most: the last request before the table is full
    /// is for fewer.
    fn on_their_way(&self) -> usize {
        self.binding * usize::from(BIND_STEP)
    }

    fn offer_to_share(&mut self, port: PortId) {
        let Some(pair) = self.pairs.get(&port) else {
            return;
        };
        if pair.unlatched == 0 && pair.legs < LEGS_PER_PAIR {
            self.shareable.insert(port);
        }
    }

    fn find(&self, remote: Option<SocketAddr>) -> Option<PortId> {
        let idle = || self.idle.first().copied();
        let Some(remote) = remote else { return idle() };
        let free = |port: &&PortId| {
            self.pairs
                .get(port)
                .is_some_and(|pair| !pair.remotes.contains_key(&remote))
        };
        let shared = self.shareable.iter().take(TRIES).find(free).copied();
        shared.or_else(idle).or_else(|| self.find_crowded(remote))
    }

    /// Finds a pair among those with unlatched legs: better than refusing the call.
    fn find_crowded(&self, remote: SocketAddr) -> Option<PortId> {
        let roomy = self
            .pairs
            .iter()
            .filter(|(_, pair)| pair.legs < LEGS_PER_PAIR);
        let mut apart = roomy.filter(|(_, pair)| !pair.remotes.contains_key(&remote));
        apart.next().map(|(port, _)| *port)
    }
}

impl Pair {
    fn remember(&mut self, remote: SocketAddr) {
        *self.remotes.entry(remote).or_insert(0) += 1;
    }

    fn forget(&mut self, remote: SocketAddr) {
        if let Some(count) = self.remotes.get_mut(&remote) {
            *count -= 1;
            if *count == 0 {
                self.remotes.remove(&remote);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn table(pairs: u32) -> PortTable {
        let mut table = PortTable::new(pairs as usize);
        for pair in 0..pairs {
            table.bound(
                PortId(pair),
                20_000 + 2 * u16::try_from(pair).expect("small"),
            );
        }
        table
    }

    fn phone(n: u16) -> SocketAddr {
        SocketAddr::from(([127, 0, 0, 1], 40_000 + n))
    }

    #[test]
    fn a_pair_is_shared_only_once_its_leg_is_latched() {
        let mut table = table(3);
        let first = table.assign(LegId(1), Some(phone(1))).expect("free pair");
        let second = table.assign(LegId(2), Some(phone(2))).expect("free pair");
        assert_ne!(first.port, second.port);
        table.latch(LegId(1));
        let third = table.assign(LegId(3), Some(phone(3))).expect("shared pair");
        assert_eq!(first.port, third.port);
    }

    #[test]
    fn a_burst_beyond_the_idle_pairs_shares_them() {
        let mut table = table(2);
        for leg in 0..40 {
            assert!(table.assign(LegId(leg), Some(phone(leg as u16))).is_some());
        }
        assert!(
            table.assign(LegId(99), None).is_none(),
            "a late offer needs a pair alone"
        );
    }

    #[test]
    fn two_legs_with_one_address_never_meet_on_a_pair() {
        let mut table = table(2);
        let first = table.assign(LegId(1), Some(phone(1))).expect("free pair");
        table.latch(LegId(1));
        let second = table.assign(LegId(2), Some(phone(1))).expect("free pair");
        assert_ne!(first.port, second.port);
    }

    #[test]
    fn a_full_table_says_so_and_recovers() {
        let mut table = table(1);
        assert!(table.assign(LegId(1), None).is_some());
        assert!(table.assign(LegId(2), None).is_none());
        table.release(LegId(1));
        assert!(table.assign(LegId(2), None).is_some());
    }

    #[test]
    fn a_low_reserve_asks_for_more_once() {
        let now = Instant::ZERO;
        let mut table = PortTable::new(100);
        assert_eq!(table.wanted(now, 0), Some(100));
        assert_eq!(table.wanted(now, 0), None);
        for pair in 0..70 {
            table.bound(PortId(pair), 20_000);
        }
        table.binding_done(now, true);
        assert_eq!(table.wanted(now, 0), None);
        for leg in 0..40 {
            assert!(table.assign(LegId(leg), None).is_some());
        }
        assert_eq!(
            table.wanted(now, 0),
            None,
            "the driver was short of ports a moment ago"
        );
        assert_eq!(table.wanted(now + SHORTAGE_PAUSE, 0), Some(30));
    }

    #[test]
    fn calls_that_wait_have_as_many_pairs_on_their_way() {
        let now = Instant::ZERO;
        let mut table = PortTable::new(400);
        let asked = core::iter::from_fn(|| table.wanted(now, 200));
        assert_eq!(asked.collect::<Vec<_>>(), [BIND_STEP, BIND_STEP]);
        let asked = core::iter::from_fn(|| table.wanted(now, 1_000));
        assert_eq!(asked.collect::<Vec<_>>(), [BIND_STEP, 16]);
        assert!(table.has_hope(now));
        for _ in 0..4 {
            table.binding_done(now, true);
        }
        assert!(!table.has_hope(now) && table.has_hope(now + SHORTAGE_PAUSE));
        assert_eq!(table.wanted(now, 1_000), None, "the driver had none");
    }

    #[test]
    fn pairs_of_a_burst_are_closed_again_after_a_while() {
        let mut table = table(400);
        for leg in 0..300 {
            assert!(table.assign(LegId(leg), None).is_some());
        }
        let start = Instant::ZERO;
        assert!(table.surplus(start).is_empty());
        assert_eq!(table.next_deadline(), None, "the pairs are needed");
        for leg in 0..300 {
            table.release(LegId(leg));
        }
        assert!(table.surplus(start).is_empty());
        assert_eq!(table.next_deadline(), Some(start + SURPLUS_KEPT));
        assert!(table.surplus(start + SURPLUS_KEPT / 2).is_empty());
        assert_eq!(table.surplus(start + SURPLUS_KEPT).len(), 400 - SURPLUS);
        assert_eq!((table.pairs(), table.next_deadline()), (SURPLUS, None));
        assert!(table.assign(LegId(1), None).is_some());
    }

    #[derive(Clone, Debug)]
    enum Step {
        Assign(u64, Option<u16>),
        Announce(u64, u16),
        Learn(u64, u16),
        Latch(u64),
        Release(u64),
    }

    fn steps() -> impl Strategy<Value = Vec<Step>> {
        let step = prop_oneof![
            (0..24u64, proptest::option::of(0..12u16)).prop_map(|(l, r)| Step::Assign(l, r)),
            (0..24u64, 0..12u16).prop_map(|(l, r)| Step::Announce(l, r)),
            (0..24u64, 0..12u16).prop_map(|(l, r)| Step::Learn(l, r)),
            (0..24u64).prop_map(Step::Latch),
            (0..24u64).prop_map(Step::Release),
        ];
        proptest::collection::vec(step, 0..120)
    }

    proptest! {
        #[test]
        fn the_books_balance(steps in steps()) {
            let mut table = table(4);
            for step in steps {
                match step {
                    Step::Assign(leg, remote) => {
                        if !table.legs.contains_key(&LegId(leg)) {
                            table.assign(LegId(leg), remote.map(phone));
                        }
                    }
                    Step::Announce(leg, remote) => table.announce(LegId(leg), phone(remote)),
                    Step::Learn(leg, remote) => table.learn(LegId(leg), phone(remote)),
                    Step::Latch(leg) => table.latch(LegId(leg)),
                    Step::Release(leg) => table.release(LegId(leg)),
                }
                let seated: u16 = table.pairs.values().map(|pair| pair.legs).sum();
                prop_assert_eq!(usize::from(seated), table.legs.len());
                let unlatched: u16 = table.pairs.values().map(|pair| pair.unlatched).sum();
                let waiting = table.legs.values().filter(|seat| !seat.latched).count();
                prop_assert_eq!(usize::from(unlatched), waiting);
                let idle = table.pairs.values().filter(|pair| pair.legs == 0).count();
                prop_assert_eq!(idle, table.idle.len());
                for port in &table.shareable {
                    let pair = &table.pairs[port];
                    prop_assert!(pair.unlatched == 0 && pair.legs < LEGS_PER_PAIR);
                }
            }
            for leg in 0..24 {
                table.release(LegId(leg));
            }
            prop_assert_eq!(table.idle.len(), 4);
            prop_assert!(table.pairs.values().all(|pair| pair.remotes.is_empty()));
        }
    }
}
