use std::sync::atomic::{AtomicU64, Ordering::Relaxed};

macro_rules! sip_metrics {
    ($($(#[$doc:meta])* $name:ident),* $(,)?) => {
        /// What the SIP transports did.
        #[derive(Debug, Default)]
        pub struct SipMetrics {
            $(pub(super) $name: AtomicU64,)*
        }

        /// The figures of the SIP transports at one moment.
        #[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
        pub struct SipFigures {
            $($(#[$doc])* pub $name: u64,)*
        }

        impl SipMetrics {
            /// Reads all figures.
            #[must_use]
            pub fn read(&self) -> SipFigures {
                SipFigures { $($name: self.$name.load(Relaxed),)* }
            }
        }
    };
}

sip_metrics! {
    /// Datagrams received.
    datagrams_in,
    /// Datagrams sent.
    datagrams_out,
    /// Keep-alives of peers: empty datagrams and pings on connections.
    keep_alives,
    /// STUN binding requests answered.
    stun_answered,
    /// Datagrams dropped because the control machine was behind.
    datagrams_in_dropped,
    /// Datagrams dropped because the socket and its queue were full.
    datagrams_out_dropped,
    /// Datagrams that the network refused.
    undeliverable,
    /// Messages read from connections.
    framed,
    /// Things read from connections that are no message.
    unframed,
    /// Messages written to connections.
    stream_messages_out,
    /// Connections open at present.
    connections,
    /// Connections opened by peers.
    accepted,
    /// Connections opened by us.
    connected,
    /// Connections that could not be opened.
    connect_failures,
    /// Connections refused because there were too many.
    connections_refused,
    /// Connections refused because their source had too many.
    source_refused,
    /// TLS and WebSocket handshakes in progress.
    handshakes,
    /// TLS handshakes that failed, of peers and our own.
    tls_failures,
    /// WebSocket handshakes that were refused.
    websocket_refused,
    /// Handshakes that took too long.
    handshakes_slow,
    /// Times that certificates were read again.
    tls_reloads,
    /// Times that they could not be read, so that the earlier ones stayed.
    tls_reload_failures,
    /// Connections closed because no first message came.
    half_open_closed,
    /// Connections closed because a message began and did not end.
    unfinished_closed,
    /// Connections closed because nothing was said on them.
    idle_closed,
    /// Connections closed because the peer did not read.
    stalled_closed,
    /// Connections closed because a ping was not answered.
    unanswered_closed,
}

pub(super) fn count(counter: &AtomicU64) {
    counter.fetch_add(1, Relaxed);
}

pub(super) fn add(counter: &AtomicU64, count: usize) {
    counter.fetch_add(count as u64, Relaxed);
}

pub(super) fn uncount(counter: &AtomicU64) {
    counter.fetch_sub(1, Relaxed);
}
