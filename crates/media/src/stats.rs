//! Figures of one leg (RFC 3550 section 6.4).

use core::net::SocketAddr;
use core::time::Duration;

/// What one leg received, sent, hid and lost.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct LegStats {
    /// Packets received and accepted.
    pub packets_received: u64,
    /// Payload bytes received.
    pub bytes_received: u64,
    /// Packets that never came, by sequence number.
    pub packets_lost: u64,
    /// Packets that came after they were due.
    pub packets_late: u64,
    /// Packets that came twice.
    pub packets_duplicate: u64,
    /// Packets that came out of order but in time.
    pub packets_reordered: u64,
    /// Packets that no rule could accept (payload type, version, length).
    pub packets_invalid: u64,
    /// Frames of 10 ms that concealment filled.
    pub frames_concealed: u64,
    /// Frames of 10 ms that were dropped to bring the delay down.
    pub frames_dropped: u64,
    /// Packets sent.
    pub packets_sent: u64,
    /// Payload bytes sent.
    pub bytes_sent: u64,
    /// Interarrival jitter.
    pub jitter: Duration,
    /// Audio held in the jitter buffer at the last tick.
    pub playout_delay: Duration,
    /// Round-trip time by RTCP; zero until known.
    pub round_trip: Duration,
    /// Loss that the peer reports of our stream, in units of 1/256.
    pub remote_fraction_lost: u8,
    /// Jitter that the peer reports of our stream.
    pub remote_jitter: Duration,
    /// Where we send to.
    pub remote: Option<SocketAddr>,
}

/// What one shard holds and did.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ShardCounters {
    /// Phases run; four make a tick.
    pub phases_run: u64,
    /// Ticks that the driver skipped because it was late.
    pub ticks_skipped: u64,
    /// RTP datagrams received.
    pub packets_received: u64,
    /// RTP datagrams that no leg claimed.
    pub packets_unmatched: u64,
    /// RTP datagrams that were no valid packet of their leg.
    pub packets_invalid: u64,
    /// RTP packets sent.
    pub packets_sent: u64,
    /// RTCP datagrams received.
    pub rtcp_received: u64,
    /// RTCP datagrams that were malformed or that no leg claimed.
    pub rtcp_unmatched: u64,
    /// RTCP packets sent.
    pub rtcp_sent: u64,
    /// Commands that were refused.
    pub commands_refused: u64,
    /// Frames encoded once and sent to several listeners, counted for each listener after the
    /// first.
    pub encodings_shared: u64,
    /// Frames that a mixer on another shard did not deliver in time.
    pub link_frames_missed: u64,
    /// Frames that a mixer on another shard did not take.
    pub link_frames_dropped: u64,
    /// Legs at present.
    pub legs: usize,
    /// Mixers at present.
    pub mixers: usize,
    /// Port pairs at present.
    pub ports: usize,
    /// Playbacks at present.
    pub playbacks: usize,
    /// Recordings at present.
    pub recordings: usize,
}
