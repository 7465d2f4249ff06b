use core::fmt;

/// Which way media flows, seen from the party that states it (RFC 3264 5.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Direction {
    /// Sends and receives; what a description means that states nothing.
    #[default]
    SendRecv,
    /// Sends only: the way to put the other party on hold.
    SendOnly,
    /// Receives only.
    RecvOnly,
    /// Neither; RTCP still flows.
    Inactive,
}

impl Direction {
    /// All four directions.
    pub const ALL: [Self; 4] = [
        Self::SendRecv,
        Self::SendOnly,
        Self::RecvOnly,
        Self::Inactive,
    ];

    /// Builds a direction from its two halves.
    pub const fn new(sends: bool, receives: bool) -> Self {
        match (sends, receives) {
            (true, true) => Self::SendRecv,
            (true, false) => Self::SendOnly,
            (false, true) => Self::RecvOnly,
            (false, false) => Self::Inactive,
        }
    }

    /// Returns the same flow seen from the other party.
    pub const fn reversed(self) -> Self {
        Self::new(self.receives(), self.sends())
    }

    /// Tells whether the party that states this sends media.
    pub const fn sends(self) -> bool {
        matches!(self, Self::SendRecv | Self::SendOnly)
    }

    /// Tells whether the party that states this receives media.
    pub const fn receives(self) -> bool {
        matches!(self, Self::SendRecv | Self::RecvOnly)
    }

    /// Returns what remains when both `self` and `other` (the same view) have to agree.
    ///
    /// # Standard
    ///
    /// RFC 3264 6.1: an answer may narrow the offered direction, never widen it.
    pub const fn and(self, other: Self) -> Self {
        Self::new(
            self.sends() && other.sends(),
            self.receives() && other.receives(),
        )
    }

    /// Returns the attribute's name, such as `sendrecv`.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::SendRecv => "sendrecv",
            Self::SendOnly => "sendonly",
            Self::RecvOnly => "recvonly",
            Self::Inactive => "inactive",
        }
    }

    pub(crate) fn from_attribute(name: &str) -> Option<Self> {
        Self::ALL
            .into_iter()
            .find(|direction| name.eq_ignore_ascii_case(direction.as_str()))
    }
}

impl fmt::Display for Direction {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// RFC 3264 6.1: what we do if they offer the row and we want the column.
    #[test]
    fn the_table_of_offered_and_wanted_directions() {
        use Direction::{Inactive, RecvOnly, SendOnly, SendRecv};
        let wanted = [SendRecv, SendOnly, RecvOnly, Inactive];
        let table = [
            (SendRecv, [SendRecv, SendOnly, RecvOnly, Inactive]),
            (SendOnly, [RecvOnly, Inactive, RecvOnly, Inactive]),
            (RecvOnly, [SendOnly, SendOnly, Inactive, Inactive]),
            (Inactive, [Inactive, Inactive, Inactive, Inactive]),
        ];
        for (offered, row) in table {
            for (want, expected) in wanted.into_iter().zip(row) {
                assert_eq!(
                    offered.reversed().and(want),
                    expected,
                    "{offered} offered, {want}"
                );
            }
        }
    }

    #[test]
    fn reversing_twice_changes_nothing() {
        for direction in Direction::ALL {
            assert_eq!(direction.reversed().reversed(), direction);
            assert_eq!(direction.reversed().sends(), direction.receives());
            assert_eq!(
                Direction::from_attribute(direction.as_str()),
                Some(direction)
            );
        }
    }
}
