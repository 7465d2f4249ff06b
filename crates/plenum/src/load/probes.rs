//! Who sends the probe by which delay is measured, and who listens for it.

use super::media::PHASES;

/// Listeners by whom delay is measured, spread evenly over the rooms.
const PROBES_MAX: usize = 256;

/// What a caller has to do with the measurement of delay.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum ProbeRole {
    None,
    /// Sends the probe of its room when the turn of its seat comes.
    Sends {
        room: usize,
        seat: usize,
    },
    /// Listens with the probe of this index; those of one room stand together.
    Hears(usize),
}

/// How the probes are spread over rooms and seats.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ProbePlan {
    /// Rooms in which delay is measured: the first ones.
    rooms: usize,
    participants: usize,
    /// Talkers of a room that send the probe in turn: its first seats.
    pub(super) senders: usize,
    /// Listeners of a room: its last seats.
    pub(super) listeners: usize,
}

impl ProbePlan {
    /// Spreads the probes over `rooms` of so many participants, of whom the first talk.
    ///
    /// How long a packet waits for the tick of the server depends on when it is sent, so that the
    /// senders come first: one from each slice, where so many talk. Everyone else may listen.
    pub(super) fn new(rooms: usize, participants: usize, talkers: usize) -> Self {
        let senders = PHASES.min(talkers).min(participants.saturating_sub(1));
        let listeners = match senders {
            0 => 0,
            _ => (PROBES_MAX / rooms.max(1)).clamp(1, participants - senders),
        };
        Self {
            rooms: rooms.min(PROBES_MAX),
            participants,
            senders,
            listeners,
        }
    }

    /// Returns the role of a seat.
    pub(super) fn role(&self, room: usize, seat: usize) -> ProbeRole {
        if room >= self.rooms {
            ProbeRole::None
        } else if seat < self.senders {
            ProbeRole::Sends { room, seat }
        } else if seat >= self.participants - self.listeners {
            ProbeRole::Hears(room * self.listeners + (self.participants - 1 - seat))
        } else {
            ProbeRole::None
        }
    }

    /// Returns the number of listeners in all rooms.
    pub(super) const fn probes(&self) -> usize {
        self.rooms * self.listeners
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    /// The slices of the senders of a room, and the probes of its listeners.
    fn room(
        plan: &ProbePlan,
        room: usize,
        participants: usize,
    ) -> (BTreeSet<usize>, BTreeSet<usize>) {
        let (mut phases, mut probes) = (BTreeSet::new(), BTreeSet::new());
        for seat in 0..participants {
            match plan.role(room, seat) {
                ProbeRole::Sends { .. } => {
                    phases.insert((room * participants + seat) % PHASES);
                }
                ProbeRole::Hears(probe) => assert!(probes.insert(probe), "{probe} twice"),
                ProbeRole::None => {}
            }
        }
        (phases, probes)
    }

    #[test]
    fn one_room_of_any_size_is_probed_from_every_slice() {
        for participants in 5..600 {
            let plan = ProbePlan::new(1, participants, participants);
            let (phases, probes) = room(&plan, 0, participants);
            assert_eq!(phases.len(), PHASES, "{participants} participants");
            let listeners = PROBES_MAX.min(participants - PHASES);
            assert_eq!(probes, (0..listeners).collect(), "{participants}");
        }
    }

    #[test]
    fn every_probed_room_has_all_the_senders_it_can_have_and_a_listener() {
        for rooms in [1, 2, 3, 64, 255, 256, 257, 1000] {
            for (participants, talkers) in [(2, 1), (2, 2), (3, 2), (4, 4), (7, 3), (60, 60)] {
                let plan = ProbePlan::new(rooms, participants, talkers);
                let mut all = BTreeSet::new();
                for at in 0..rooms {
                    let (phases, probes) = room(&plan, at, participants);
                    let senders = talkers.min(participants - 1).min(PHASES);
                    let is_probed = at < PROBES_MAX;
                    assert_eq!(phases.len(), if is_probed { senders } else { 0 });
                    assert_eq!(is_probed, !probes.is_empty(), "room {at} of {plan:?}");
                    all.extend(probes);
                }
                assert_eq!(all, (0..plan.probes()).collect(), "{plan:?}");
                assert!(all.len() <= PROBES_MAX, "{plan:?}");
            }
        }
    }

    #[test]
    fn nobody_listens_where_nobody_talks_or_hears() {
        for (participants, talkers) in [(1, 1), (4, 0)] {
            let plan = ProbePlan::new(3, participants, talkers);
            let roles = (0..participants).map(|seat| plan.role(0, seat));
            assert!(
                roles.into_iter().all(|role| role == ProbeRole::None),
                "{plan:?}"
            );
            assert_eq!(plan.probes(), 0);
        }
    }
}
