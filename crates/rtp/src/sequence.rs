use crate::SequenceNumber;

/// Numbers in one cycle of the sequence counter.
const CYCLE: u64 = 1 << 16;

/// RFC 3550 A.1: a step forward of this many is not loss but a restarted sender.
const MAX_DROPOUT: u16 = 3000;

/// RFC 3550 A.1: a step backward of this many is not reordering but a restarted sender.
const MAX_MISORDER: u16 = 100;

/// Extends 16-bit sequence numbers by their cycles and sorts out strays and restarts.
///
/// ```text
///              in sequence                  step too far
///  Probation ------------------> Valid --------------------> Valid, one suspect
///      ^  |                        ^                               |
///      +--+ out of sequence        +--- the suspect's successor ---+
///                                             (Restarted)
/// ```
///
/// A source in probation is believed after [`ExtendedSequence::MIN_SEQUENTIAL`] packets in
/// sequence. Numbers keep to one line over cycles and restarts count anew.
///
/// # Standard
///
/// RFC 3550 appendix A.1.
#[derive(Clone, Debug)]
pub struct ExtendedSequence {
    state: State,
    needed: u8,
}

#[derive(Clone, Debug)]
enum State {
    Probation {
        remaining: u8,
        expected: Option<SequenceNumber>,
    },
    Valid(Valid),
}

#[derive(Clone, Debug)]
struct Valid {
    base: u64,
    highest: u64,
    /// Bit `n` says that the number `highest - n` was seen.
    seen: u128,
    suspect: Option<SequenceNumber>,
}

/// What one sequence number meant.
///
/// Extended numbers have the wire's number in their low 16 bits. They start in the second cycle, so
/// that a packet from before the first one has a number as well.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum SequenceOutcome {
    /// The source is not believed yet; discard the packet.
    Probation,
    /// The highest number so far.
    Advanced {
        /// The extended number.
        extended: u64,
        /// How many numbers were skipped; they may still come.
        skipped: u16,
    },
    /// An earlier number that was not seen before.
    Late {
        /// The extended number.
        extended: u64,
    },
    /// A number that was seen before.
    Duplicate {
        /// The extended number.
        extended: u64,
    },
    /// A number out of all order; discard the packet unless its successor follows.
    Suspect,
    /// The sender started over; what is buffered belongs to its past.
    Restarted {
        /// The extended number, counted anew.
        extended: u64,
    },
}

impl SequenceOutcome {
    /// Tells whether the packet counts as received; what does not is not to be played either.
    #[must_use]
    pub const fn is_accepted(self) -> bool {
        !matches!(self, Self::Probation | Self::Suspect)
    }

    /// Returns the extended number of an accepted packet.
    #[must_use]
    pub const fn extended(self) -> Option<u64> {
        match self {
            Self::Probation | Self::Suspect => None,
            Self::Advanced { extended, .. }
            | Self::Late { extended }
            | Self::Duplicate { extended }
            | Self::Restarted { extended } => Some(extended),
        }
    }
}

impl ExtendedSequence {
    /// Packets in sequence that a source in probation must send.
    pub const MIN_SEQUENTIAL: u8 = 2;

    /// Starts a source in probation.
    #[must_use]
    pub const fn new() -> Self {
        Self::with_probation(Self::MIN_SEQUENTIAL)
    }

    /// Starts a source that is believed from its first packet, because signalling announced it.
    #[must_use]
    pub const fn announced() -> Self {
        Self::with_probation(1)
    }

    const fn with_probation(needed: u8) -> Self {
        Self {
            state: State::Probation {
                remaining: needed,
                expected: None,
            },
            needed,
        }
    }

    /// Takes the number of a packet that arrived.
    pub fn receive(&mut self, sequence: SequenceNumber) -> SequenceOutcome {
        match &mut self.state {
            State::Valid(valid) => valid.receive(sequence),
            State::Probation {
                remaining,
                expected,
            } => {
                let left = match *expected {
                    Some(number) if number == sequence => remaining.saturating_sub(1),
                    _ => self.needed.saturating_sub(1),
                };
                if left > 0 {
                    *remaining = left;
                    *expected = Some(sequence.next());
                    return SequenceOutcome::Probation;
                }
                let valid = Valid::starting_at(sequence);
                let extended = valid.highest;
                self.state = State::Valid(valid);
                SequenceOutcome::Advanced {
                    extended,
                    skipped: 0,
                }
            }
        }
    }

    /// Returns the highest number in a report's form: cycles since the first packet above the
    /// wire's number (RFC 3550 section 6.4.1).
    #[must_use]
    pub fn highest(&self) -> u32 {
        match &self.state {
            State::Probation { .. } => 0,
            State::Valid(valid) => (valid.highest - CYCLE) as u32,
        }
    }

    /// Returns how many packets the source must have sent since it was believed or started over.
    #[must_use]
    pub fn expected(&self) -> u64 {
        match &self.state {
            State::Probation { .. } => 0,
            State::Valid(valid) => valid.highest - valid.base + 1,
        }
    }

    /// Tells whether the source has passed its probation.
    #[must_use]
    pub const fn is_valid(&self) -> bool {
        matches!(self.state, State::Valid(_))
    }
}

impl Default for ExtendedSequence {
    fn default() -> Self {
        Self::new()
    }
}

impl Valid {
    fn starting_at(sequence: SequenceNumber) -> Self {
        let first = CYCLE + u64::from(sequence.0);
        Self {
            base: first,
            highest: first,
            seen: 1,
            suspect: None,
        }
    }

    fn receive(&mut self, sequence: SequenceNumber) -> SequenceOutcome {
        let ahead = sequence.0.wrapping_sub(self.highest as u16);
        let behind = ahead.wrapping_neg();
        if ahead == 0 {
            SequenceOutcome::Duplicate {
                extended: self.highest,
            }
        } else if ahead < MAX_DROPOUT {
            self.advance(ahead)
        } else if behind < MAX_MISORDER {
            self.fill(behind)
        } else if self.suspect == Some(sequence) {
            // Two strays in sequence are a sender that started over without telling.
            *self = Self::starting_at(sequence);
            SequenceOutcome::Restarted {
                extended: self.highest,
            }
        } else {
            self.suspect = Some(sequence.next());
            SequenceOutcome::Suspect
        }
    }

    fn advance(&mut self, ahead: u16) -> SequenceOutcome {
        self.highest += u64::from(ahead);
        self.seen = self.seen.checked_shl(u32::from(ahead)).unwrap_or(0) | 1;
        SequenceOutcome::Advanced {
            extended: self.highest,
            skipped: ahead - 1,
        }
    }

    fn fill(&mut self, behind: u16) -> SequenceOutcome {
        let extended = self.highest - u64::from(behind);
        let bit = 1_u128 << behind;
        if self.seen & bit != 0 {
            return SequenceOutcome::Duplicate { extended };
        }
        self.seen |= bit;
        SequenceOutcome::Late { extended }
    }
}
