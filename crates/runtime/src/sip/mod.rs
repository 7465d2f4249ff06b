//! SIP over UDP, TCP, TLS and WebSocket (RFC 3261 section 18, RFC 7118).
//!
//! [`SipTransports`] owns the sockets. What arrives becomes an [`Input`] in a bounded queue; what
//! goes out is handed over with the [`Flow`] it takes. Datagrams that find no room are dropped and
//! counted, because their transactions send them again; a connection whose peer does not read is
//! closed instead, because a stream that lost a message is of no use.
//!
//! A message whose flow names no connection uses one that is open to the same address over the
//! same transport; under TLS, one whose peer has proved to be who the flow asks for. Keep-alives
//! of peers (RFC 5626 4.4) are answered here and go no further.

mod connection;
mod handshake;
mod life;
mod limits;
mod listen;
mod metrics;
mod queue;
mod streams;
mod stun;
mod table;
mod task;
#[cfg(test)]
mod tests;
mod tls;
mod udp;
mod websocket;
mod wire;

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use plenum_control::Input;
use plenum_sip_msg::Host;
use plenum_sip_ua::{Flow, PeerId, Transport};
use tokio::sync::mpsc;
use tracing::{debug, info};

use self::streams::Streams;
use self::udp::UdpListener;

pub use limits::SipLimits;
pub use listen::{BindError, SipListen, SipListenError};
pub use metrics::{SipFigures, SipMetrics};
pub use tls::{TLS_LOOK, Tls, TlsError, TlsFiles, VerifyClient};
pub use udp::{DATAGRAMS_WAITING_MAX, SIP_BATCH};

/// How SIP is spoken, beside where.
#[derive(Clone, Debug, Default)]
pub struct SipOptions {
    /// What connections may cost.
    pub limits: SipLimits,
    /// Our certificates, and whom we trust; without it no TLS is spoken.
    pub tls: Option<Tls>,
    /// Origins whose pages may connect over WebSocket, as in `https://phone.example`; empty: all.
    pub origins: Vec<String>,
}

impl From<SipLimits> for SipOptions {
    fn from(limits: SipLimits) -> Self {
        Self {
            limits,
            ..Self::default()
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
        options: impl Into<SipOptions>,
        inputs: mpsc::Sender<Input>,
    ) -> Result<Self, BindError> {
        let metrics = Arc::new(SipMetrics::default());
        let mut streams = Streams::new(options.into(), inputs.clone(), Arc::clone(&metrics));
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

    /// Says what a [`PeerId`] stands for, before the first message whose flow carries it.
    pub fn name_peer(&self, peer: PeerId, name: &Host) {
        self.streams.name_peer(peer, name);
    }

    /// Pings over a connection that we opened, or stops to; a ping without an answer ends the
    /// connection, which [`Input::ConnectionLost`] reports (RFC 5626 4.4.1).
    ///
    /// A flow whose connection a peer opened, or that has none, is left alone.
    pub fn keep_alive(&self, flow: Flow, every: Option<Duration>) {
        self.streams.keep_alive(flow, every);
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
