use thiserror::Error;

/// Why bytes are not the packet they were taken for; the sender is at fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[non_exhaustive]
pub enum RtpError {
    /// The bytes end before a field that must be there.
    #[error("the packet ends after {have} bytes where RFC 3550 needs {need}; send it whole")]
    Truncated {
        /// Bytes needed.
        need: usize,
        /// Bytes there.
        have: usize,
    },
    /// The version field is not 2.
    #[error("version {0} in the first two bits; RFC 3550 packets carry version 2")]
    Version(u8),
    /// The padding bit is set and the last byte does not count a possible padding.
    #[error(
        "the padding bit is set, but the last byte says {0}; it must count itself and stay within \
         the packet"
    )]
    Padding(u8),
    /// A telephone-event payload is shorter than its four bytes.
    #[error("a telephone-event payload of {0} bytes; RFC 4733 needs 4")]
    TelephoneEvent(usize),
    /// A list inside an RTCP packet says it is longer than the packet.
    #[error("RTCP packet type {packet_type} counts more entries than its length holds; fix either")]
    RtcpCount {
        /// The packet type field.
        packet_type: u8,
    },
}
