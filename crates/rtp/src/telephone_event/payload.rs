use crate::RtpError;

const END_BIT: u8 = 0x80;
const VOLUME_MASK: u8 = 0x3F;

/// The payload of a telephone-event packet.
///
/// ```text
///  0                   1                   2                   3
///  0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1 2 3 4 5 6 7 8 9 0 1
/// +-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+-+
/// |     event     |E|R| volume    |          duration             |
/// ```
///
/// # Standard
///
/// RFC 4733 section 2.3.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct TelephoneEvent {
    /// The event code; 0 to 15 are digits.
    pub event: u8,
    /// Whether the event has ended.
    pub end: bool,
    /// The tone's power in dBm0 without its minus sign, `0..=63`.
    pub volume: u8,
    /// How long the event has lasted, in timestamp units.
    pub duration: u16,
}

impl TelephoneEvent {
    /// Bytes of a payload.
    pub const LEN: usize = 4;

    /// Parses a payload; bytes behind the fourth are ignored.
    ///
    /// # Errors
    ///
    /// [`RtpError::TelephoneEvent`] if it has fewer than four bytes.
    pub fn parse(payload: &[u8]) -> Result<Self, RtpError> {
        let &[event, flags, d0, d1] = payload
            .first_chunk()
            .ok_or(RtpError::TelephoneEvent(payload.len()))?;
        Ok(Self {
            event,
            end: flags & END_BIT != 0,
            volume: flags & VOLUME_MASK,
            duration: u16::from_be_bytes([d0, d1]),
        })
    }

    /// Returns the payload's bytes; a volume beyond 63 becomes 63.
    #[must_use]
    pub fn to_bytes(&self) -> [u8; Self::LEN] {
        let end = if self.end { END_BIT } else { 0 };
        let [d0, d1] = self.duration.to_be_bytes();
        [self.event, end | self.volume.min(VOLUME_MASK), d0, d1]
    }

    /// Writes the payload and returns its length, or zero if `out` has fewer than four bytes.
    pub fn write(&self, out: &mut [u8]) -> usize {
        let Some(out) = out.first_chunk_mut() else {
            return 0;
        };
        *out = self.to_bytes();
        Self::LEN
    }
}
