use core::fmt;
use core::time::Duration;

/// The payload type of an RTP packet.
///
/// # Units and range
///
/// `0..=127`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PayloadType(u8);

impl PayloadType {
    /// G.711 µ-law (RFC 3551 section 6).
    pub const PCMU: Self = Self(0);
    /// G.711 A-law (RFC 3551 section 6).
    pub const PCMA: Self = Self(8);

    /// Builds a payload type, unless it needs more than seven bits.
    #[must_use]
    pub const fn new(value: u8) -> Option<Self> {
        if value < 128 { Some(Self(value)) } else { None }
    }

    /// Returns the number on the wire.
    #[must_use]
    pub const fn value(self) -> u8 {
        self.0
    }

    /// Takes the payload type out of the second byte of an RTP header.
    pub(crate) const fn from_header_byte(byte: u8) -> Self {
        Self(byte & 0x7F)
    }
}

impl fmt::Display for PayloadType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The sequence number of an RTP packet; it wraps, so it has no order, only distances.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct SequenceNumber(pub u16);

impl SequenceNumber {
    /// Returns the number `count` packets later.
    #[must_use]
    pub const fn plus(self, count: u16) -> Self {
        Self(self.0.wrapping_add(count))
    }

    /// Returns the number of the next packet.
    #[must_use]
    pub const fn next(self) -> Self {
        self.plus(1)
    }

    /// Returns how many packets `self` lies after `other`; negative if it lies before.
    #[must_use]
    pub const fn distance(self, other: Self) -> i16 {
        self.0.wrapping_sub(other.0).cast_signed()
    }
}

/// A sampling instant in units of the payload's clock rate; it wraps.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct RtpTimestamp(pub u32);

impl RtpTimestamp {
    /// Converts a span since any fixed origin, such as the arrival time of a packet.
    #[must_use]
    pub const fn from_duration(since_origin: Duration, clock_rate: u32) -> Self {
        let units = since_origin.as_nanos().wrapping_mul(clock_rate as u128) / 1_000_000_000;
        Self(units as u32)
    }

    /// Returns the instant `units` later.
    #[must_use]
    pub const fn plus(self, units: u32) -> Self {
        Self(self.0.wrapping_add(units))
    }

    /// Returns how far `self` lies after `other`; negative if it lies before.
    #[must_use]
    pub const fn distance(self, other: Self) -> i32 {
        self.0.wrapping_sub(other.0).cast_signed()
    }
}

/// The synchronisation source identifier of an RTP stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Ssrc(pub u32);

impl fmt::Display for Ssrc {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:08x}", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn distances_wrap() {
        assert_eq!(SequenceNumber(2).distance(SequenceNumber(0xFFFE)), 4);
        assert_eq!(SequenceNumber(0xFFFE).distance(SequenceNumber(2)), -4);
        assert_eq!(SequenceNumber(0xFFFF).next(), SequenceNumber(0));
        assert_eq!(RtpTimestamp(10).distance(RtpTimestamp(u32::MAX - 9)), 20);
        assert_eq!(RtpTimestamp(u32::MAX).plus(160), RtpTimestamp(159));
    }

    #[test]
    fn a_payload_type_has_seven_bits() {
        assert_eq!(PayloadType::new(127).map(PayloadType::value), Some(127));
        assert_eq!(PayloadType::new(128), None);
    }

    #[test]
    fn arrival_times_become_timestamps() {
        let span = Duration::from_millis(20);
        assert_eq!(RtpTimestamp::from_duration(span, 8000), RtpTimestamp(160));
        assert_eq!(
            RtpTimestamp::from_duration(Duration::from_secs(600_000), 8000),
            RtpTimestamp(505_032_704),
        );
    }
}
