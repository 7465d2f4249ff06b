use core::time::Duration;

/// Seconds from the NTP epoch, 1900, to the Unix epoch, 1970.
const UNIX_EPOCH_IN_NTP: u64 = 2_208_988_800;

const NANOS_PER_SECOND: u64 = 1_000_000_000;

/// A wall-clock time in NTP's format: 32 bits of seconds since 1900 and 32 of fraction.
///
/// # Standard
///
/// RFC 3550 section 4. The seconds wrap in 2036, which distances survive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Default)]
pub struct NtpTime(pub u64);

impl NtpTime {
    /// Converts a time since 1970.
    #[must_use]
    pub const fn from_unix(since_1970: Duration) -> Self {
        let seconds = since_1970.as_secs().wrapping_add(UNIX_EPOCH_IN_NTP);
        let fraction = ((since_1970.subsec_nanos() as u64) << 32) / NANOS_PER_SECOND;
        Self(seconds << 32 | fraction)
    }

    /// Returns the middle 32 bits: units of 1/65536 s that wrap after 18 hours.
    ///
    /// Report blocks carry this form as LSR (RFC 3550 section 6.4.1).
    #[must_use]
    pub const fn middle(self) -> u32 {
        (self.0 >> 16) as u32
    }
}

/// Converts a span to units of 1/65536 s, at most `u32::MAX`.
pub(crate) fn short_units(span: Duration) -> u32 {
    let units = (u128::from(span.as_secs()) << 16)
        + (u128::from(span.subsec_nanos()) << 16) / u128::from(NANOS_PER_SECOND);
    u32::try_from(units).unwrap_or(u32::MAX)
}

/// Converts units of 1/65536 s to a span.
pub(crate) const fn short_span(units: u32) -> Duration {
    Duration::from_nanos((units as u64 * NANOS_PER_SECOND) >> 16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_unix_epoch_is_seventy_years_after_ntps() {
        assert_eq!(
            NtpTime::from_unix(Duration::ZERO).0 >> 32,
            UNIX_EPOCH_IN_NTP
        );
        let half = NtpTime::from_unix(Duration::from_millis(1500));
        assert_eq!(half.0 & 0xFFFF_FFFF, 0x8000_0000);
        assert_eq!(
            half.middle(),
            ((UNIX_EPOCH_IN_NTP as u32 + 1) << 16) | 0x8000
        );
    }

    #[test]
    fn seconds_wrap_in_2036() {
        let eve = NtpTime::from_unix(Duration::from_secs(2_085_978_495));
        let day = NtpTime::from_unix(Duration::from_secs(2_085_978_496));
        assert_eq!(eve.0 >> 32, 0xFFFF_FFFF);
        assert_eq!(day.0, 0);
        assert_eq!(day.middle().wrapping_sub(eve.middle()), 1 << 16);
    }

    #[test]
    fn short_units_saturate() {
        assert_eq!(short_units(Duration::from_millis(500)), 0x8000);
        assert_eq!(short_units(Duration::MAX), u32::MAX);
        assert_eq!(short_span(0x1_8000), Duration::from_millis(1500));
    }
}
