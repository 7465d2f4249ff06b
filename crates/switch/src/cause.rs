//! Why a call ended, in the words of Q.850 that the whole field uses.

/// A Q.850 cause value, `0..=127`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Cause(pub u8);

impl Cause {
    /// Nothing is known.
    pub const UNKNOWN: Self = Self(0);
    /// The number is not assigned.
    pub const UNALLOCATED: Self = Self(1);
    /// The call ended as calls do.
    pub const NORMAL_CLEARING: Self = Self(16);
    /// The called party is busy.
    pub const USER_BUSY: Self = Self(17);
    /// The called party did not answer.
    pub const NO_ANSWER: Self = Self(19);
    /// The call was rejected.
    pub const CALL_REJECTED: Self = Self(21);
    /// The call ended for no reason that Q.850 has a value for.
    pub const NORMAL_UNSPECIFIED: Self = Self(31);
    /// No circuit is free.
    pub const CONGESTION: Self = Self(34);
    /// A temporary failure.
    pub const FAILURE: Self = Self(38);
    /// The switch takes no more calls.
    pub const SWITCH_CONGESTION: Self = Self(42);
    /// Something between the networks failed.
    pub const INTERWORKING: Self = Self(127);

    /// Reads a cause as `Hangup` takes it: a number, or a name such as `USER_BUSY`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        if let Ok(value) = text.parse::<u8>() {
            return (value <= 127).then_some(Self(value));
        }
        let name = text.strip_prefix("AST_CAUSE_").unwrap_or(text);
        NAMES
            .iter()
            .find(|(_, symbol, _)| symbol.eq_ignore_ascii_case(name))
            .map(|(value, _, _)| Self(*value))
    }

    /// Says the cause in words, as `Hangup` events carry it.
    #[must_use]
    pub fn text(self) -> &'static str {
        NAMES
            .iter()
            .find(|(value, _, _)| *value == self.0)
            .map_or("Unknown", |(_, _, text)| *text)
    }
}

/// Value, symbol and text of the causes that have a name in the field.
const NAMES: &[(u8, &str, &str)] = &[
    (0, "UNKNOWN", "Unknown"),
    (1, "UNALLOCATED", "Unallocated (unassigned) number"),
    (3, "NO_ROUTE_DESTINATION", "No route to destination"),
    (16, "NORMAL_CLEARING", "Normal Clearing"),
    (17, "USER_BUSY", "User busy"),
    (17, "BUSY", "User busy"),
    (18, "NO_USER_RESPONSE", "No user responding"),
    (19, "NO_ANSWER", "User alerting, no answer"),
    (20, "SUBSCRIBER_ABSENT", "Subscriber absent"),
    (21, "CALL_REJECTED", "Call Rejected"),
    (22, "NUMBER_CHANGED", "Number changed"),
    (27, "DESTINATION_OUT_OF_ORDER", "Destination out of order"),
    (28, "INVALID_NUMBER_FORMAT", "Invalid number format"),
    (29, "FACILITY_REJECTED", "Facility rejected"),
    (31, "NORMAL_UNSPECIFIED", "Normal, unspecified"),
    (
        34,
        "NORMAL_CIRCUIT_CONGESTION",
        "Circuit/channel congestion",
    ),
    (34, "CONGESTION", "Circuit/channel congestion"),
    (38, "NETWORK_OUT_OF_ORDER", "Network out of order"),
    (38, "FAILURE", "Network out of order"),
    (41, "NORMAL_TEMPORARY_FAILURE", "Temporary failure"),
    (42, "SWITCH_CONGESTION", "Switching equipment congestion"),
    (
        44,
        "REQUESTED_CHAN_UNAVAIL",
        "Requested channel not available",
    ),
    (
        58,
        "BEARERCAPABILITY_NOTAVAIL",
        "Bearer capability not available",
    ),
    (88, "INCOMPATIBLE_DESTINATION", "Incompatible destination"),
    (102, "RECOVERY_ON_TIMER_EXPIRE", "Recover on timer expiry"),
    (127, "INTERWORKING", "Interworking, unspecified"),
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cause_is_read_by_number_and_by_name() {
        assert_eq!(Cause::parse(" 17 "), Some(Cause::USER_BUSY));
        assert_eq!(Cause::parse("user_busy"), Some(Cause::USER_BUSY));
        assert_eq!(
            Cause::parse("AST_CAUSE_CONGESTION"),
            Some(Cause::CONGESTION)
        );
        assert_eq!(Cause::parse("200"), None);
        assert_eq!(Cause::parse("whatever"), None);
        assert_eq!(Cause::NORMAL_CLEARING.text(), "Normal Clearing");
        assert_eq!(Cause(99).text(), "Unknown");
    }
}
