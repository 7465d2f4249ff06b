use core::time::Duration;

/// RFC 3550 6.2: reports of one participant are at least this far apart on average.
const MINIMUM: Duration = Duration::from_secs(5);

/// However many participants share however little bandwidth, a report goes out this often.
const MAXIMUM: Duration = Duration::from_secs(3600);

/// RFC 3550 6.3.1: division by e - 3/2 makes up for reconsideration, in parts of 100,000.
const COMPENSATION: u128 = 121_828;
const COMPENSATION_PARTS: u128 = 100_000;

/// What decides how long a participant waits until its next report.
///
/// # Standard
///
/// RFC 3550 section 6.2 and 6.3.1.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ReportInterval {
    /// Participants of the session, ourselves included.
    pub members: u32,
    /// Those of them who sent media lately, ourselves included.
    pub senders: u32,
    /// Bytes a second that RTCP may take, usually 5 % of the session's.
    pub bandwidth: u32,
    /// Whether we are one of the senders.
    pub we_sent: bool,
    /// The average size of a compound packet with its UDP and IP headers, see [`average_size`].
    pub average_size: u32,
    /// Whether we have sent no report yet, which halves the minimum.
    pub initial: bool,
}

impl ReportInterval {
    /// Returns the interval before randomisation.
    #[must_use]
    pub fn deterministic(&self) -> Duration {
        // RFC 3550 6.3.1: a quarter of the bandwidth goes to senders while they are few.
        let few_senders = u64::from(self.senders) * 4 <= u64::from(self.members);
        let (share, sharers) = match (few_senders, self.we_sent) {
            (true, true) => (1, self.senders),
            (true, false) => (3, self.members.saturating_sub(self.senders)),
            (false, _) => (4, self.members),
        };
        let minimum = if self.initial { MINIMUM / 2 } else { MINIMUM };
        let octets = u128::from(sharers) * u128::from(self.average_size);
        let bandwidth = u128::from(self.bandwidth.max(1)) * share;
        clamp(octets * 4 * 1_000_000_000 / bandwidth, minimum)
    }

    /// Returns the interval to wait.
    ///
    /// `random` is uniform over all its values; it spreads the interval over 0.5 to 1.5 times the
    /// deterministic one, which is then divided by 1.21828.
    #[must_use]
    pub fn randomised(&self, random: u32) -> Duration {
        let factor = (1_u128 << 31) + u128::from(random);
        let spread = (self.deterministic().as_nanos() * factor) >> 32;
        clamp(spread * COMPENSATION_PARTS / COMPENSATION, Duration::ZERO)
    }
}

/// Follows the average size of compound packets, sent and received.
///
/// # Standard
///
/// RFC 3550 section 6.3.3: a sixteenth of the latest, fifteen of the average.
#[must_use]
pub const fn average_size(average: u32, latest: u32) -> u32 {
    let sum = latest as u64 + average as u64 * 15;
    (sum / 16) as u32
}

fn clamp(nanos: u128, minimum: Duration) -> Duration {
    let nanos = u64::try_from(nanos).unwrap_or(u64::MAX);
    Duration::from_nanos(nanos).clamp(minimum, MAXIMUM)
}
