use std::time::Duration;

/// What SIP connections may cost. Each limit has a figure in [`SipFigures`](super::SipFigures).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SipLimits {
    /// Connections open at a time; more are closed at once. Default 20,000.
    pub connections_max: usize,
    /// Connections that one source opened: an IPv4 address, or the first 64 bits of an IPv6
    /// address. Default 256.
    pub connections_per_source_max: usize,
    /// How long the first whole message may take on a connection that a peer opened, handshakes
    /// included. Default 20 s.
    pub first_message: Duration,
    /// TLS and WebSocket handshakes at a time; later ones wait for their turn. Default 1,024.
    pub handshakes_max: usize,
    /// How long one handshake may take. Default 5 s.
    pub handshake: Duration,
    /// How long a connection may be silent in both directions; keep-alives are no silence.
    ///
    /// Longer than registrations (1 h) and session refreshes (RFC 4028, 30 min) last, so that what
    /// lives on a connection shows in time. Default 65 minutes.
    pub idle: Duration,
    /// How long the rest of a message may take once it has begun. Default 30 s.
    pub message: Duration,
    /// How long opening a connection may take, its TLS handshake included. Default 4 s.
    pub connect: Duration,
    /// How long a peer may take none of the octets of a message, and how long the system waits for
    /// a sign of life of one that has vanished. Default 20 s.
    pub write: Duration,
    /// How often a WebSocket client is pinged: browsers cannot do it (RFC 7118 6). Default 30 s.
    pub websocket_ping: Duration,
    /// How long the answer to a ping may take (RFC 5626 4.4.1). Default 10 s.
    pub pong: Duration,
    /// Messages that wait for a connection whose peer does not read. Default 256.
    pub messages_waiting_max: usize,
    /// Octets of such messages. Default 1 MiB.
    pub bytes_waiting_max: usize,
    /// Bounds of one message.
    pub message_limits: plenum_sip_msg::Limits,
}

impl Default for SipLimits {
    fn default() -> Self {
        Self {
            connections_max: 20_000,
            connections_per_source_max: 256,
            first_message: Duration::from_secs(20),
            handshakes_max: 1_024,
            handshake: Duration::from_secs(5),
            idle: Duration::from_secs(65 * 60),
            message: Duration::from_secs(30),
            connect: Duration::from_secs(4),
            write: Duration::from_secs(20),
            websocket_ping: Duration::from_secs(30),
            pong: Duration::from_secs(10),
            messages_waiting_max: 256,
            bytes_waiting_max: 1 << 20,
            message_limits: plenum_sip_msg::Limits::default(),
        }
    }
}
