//! SIP over UDP and TCP (RFC 3261 section 18).
//!
//! [`SipTransports`] owns the sockets. What arrives becomes an [`Input`] in a bounded queue; what
//! goes out is handed over with the [`Flow`] it takes. Datagrams that find no room are dropped and
//! counted, because their transactions send them again; a connection whose peer does not read is
//! closed instead, because a stream that lost a message is of no use.

mod connection;
mod listen;
mod metrics;
mod task;
mod tcp;
#[cfg(test)]
mod tests;
mod udp;

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use plenum_control::Input;
use plenum_sip_ua::{Flow, Transport};
use tokio::sync::mpsc;
use tracing::{debug, info};

use self::tcp::Streams;
use self::udp::UdpListener;

pub use listen::{BindError, SipListen, SipListenError};
pub use metrics::{SipFigures, SipMetrics};
pub use udp::{DATAGRAMS_WAITING_MAX, SIP_BATCH};

/// What SIP connections may cost.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SipLimits {
    /// Connections open at a time; more are closed at once. Default 4096.
    pub connections_max: usize,
    /// How long a connection may be silent. Default 15 minutes.
    pub idle: Duration,
    /// How long the rest of a message may take once it has begun. Default 30 s.
    pub message: Duration,
    /// How long opening a connection may take. Default 4 s.
    pub connect: Duration,
    /// Messages that wait for a connection whose peer does not read. Default 256.
    pub messages_waiting_max: usize,
    /// Bounds of one message.
    pub message_limits: plenum_sip_msg::Limits,
}

impl Default for SipLimits {
    fn default() -> Self {
        Self {
            connections_max: 4096,
            idle: Duration::from_secs(15 * 60),
            message: Duration::from_secs(30),
            connect: Duration::from_secs(4),
            messages_waiting_max: 256,
            message_limits: plenum_sip_msg::Limits::default(),
        }
    }
}

/// The SIP sockets of one server or phone. Dropping them closes everything.
#[derive(Debug)]
pub struct SipTransports {
    udp: Vec<UdpListener>,
    streams: Streams,
    listens: Vec<SipListen>,
    metrics: Arc<SipMetrics>,
}

impl SipTransports {
    /// Binds all addresses and starts to read; what arrives goes to `inputs`.
    ///
    /// # Errors
    ///
    /// [`BindError`] for the first address that cannot be listened on; none is then.
    pub async fn bind(
        listen: &[SipListen],
        limits: SipLimits,
        inputs: mpsc::Sender<Input>,
    ) -> Result<Self, BindError> {
        let metrics = Arc::new(SipMetrics::default());
        let mut streams = Streams::new(limits, inputs.clone(), Arc::clone(&metrics));
        let (mut udp, mut listens) = (Vec::new(), Vec::new());
        for listen in listen {
            let address = match listen.transport {
                Transport::Udp => {
                    let metrics = Arc::clone(&metrics);
                    let listener = UdpListener::bind(*listen, inputs.clone(), metrics).await?;
                    let local = listener.local();
                    udp.push(listener);
                    local
                }
                _ => streams.listen(*listen)?,
            };
            let bound = SipListen {
                transport: listen.transport,
                address,
            };
            info!(listen = %bound, "listening for SIP");
            listens.push(bound);
        }
        Ok(Self {
            udp,
            streams,
            listens,
            metrics,
        })
    }

    /// Returns the bound addresses, with their real ports.
    #[must_use]
    pub fn listens(&self) -> &[SipListen] {
        &self.listens
    }

    /// Returns the figures of the transports.
    #[must_use]
    pub fn metrics(&self) -> &Arc<SipMetrics> {
        &self.metrics
    }

    /// Sends a message over a flow, without waiting.
    ///
    /// # Errors
    ///
    /// What the machine is to be told if the message can never arrive: [`Input::Undeliverable`] or
    /// [`Input::ConnectionLost`]. Later failures arrive in the queue of inputs.
    // The error is an input like those in the queue, and as large as they are.
    #[expect(clippy::result_large_err)]
    pub fn send(&self, flow: Flow, bytes: Bytes) -> Result<(), Input> {
        match flow.transport {
            Transport::Udp => self.send_datagram(flow, bytes),
            _ => self.streams.send(flow, bytes),
        }
    }

    /// Closes the listeners and gives the connections time to write what waits.
    pub async fn close(self, timeout: Duration) {
        let Self {
            udp, mut streams, ..
        } = self;
        streams.close(timeout).await;
        drop(udp);
    }

    #[expect(clippy::result_large_err, reason = "as for `send`")]
    fn send_datagram(&self, flow: Flow, bytes: Bytes) -> Result<(), Input> {
        let same_family =
            |listener: &&UdpListener| listener.local().is_ipv4() == flow.remote.is_ipv4();
        let mut listeners = self.udp.iter().filter(same_family);
        let listener = listeners
            .clone()
            .find(|listener| listener.serves(flow.local))
            .or_else(|| listeners.next());
        let Some(listener) = listener else {
            debug!(%flow.remote, "no SIP datagram socket of this family");
            return Err(Input::Undeliverable { flow });
        };
        listener.send(flow.remote, bytes).map_err(|error| {
            debug!(%flow.remote, %error, "SIP datagram undeliverable");
            Input::Undeliverable { flow }
        })
    }
}

/// Returns the address of this machine from which packets to `remote` leave: what a phone that
/// listens on all addresses writes into its messages.
///
/// # Errors
///
/// If no route leads there.
pub fn source_towards(remote: SocketAddr) -> io::Result<IpAddr> {
    let any = if remote.is_ipv4() {
        IpAddr::V4(Ipv4Addr::UNSPECIFIED)
    } else {
        IpAddr::V6(Ipv6Addr::UNSPECIFIED)
    };
    let socket = UdpSocket::bind((any, 0))?;
    // Connecting a datagram socket sends nothing; it only looks up the route.
    socket.connect(remote)?;
    Ok(socket.local_addr()?.ip())
}
