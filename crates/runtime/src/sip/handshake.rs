//! What comes before the first message: a TCP connection is opened or accepted, and TLS and
//! WebSocket are agreed on.

use std::io;
use std::net::SocketAddr;
use std::sync::Arc;

use plenum_sip_ua::{Flow, Transport};
use rustls::pki_types::ServerName;
use tokio::net::{TcpSocket, TcpStream};
use tokio_rustls::{TlsAcceptor, TlsConnector};
use tokio_tungstenite::WebSocketStream;

use super::metrics::{SipMetrics, count, uncount};
use super::streams::Shared;
use super::tls::{Tls, explain_ours, explain_theirs};
use super::websocket;
use super::wire::{self, Wire};

/// A connection over which messages can go.
pub(super) enum Ready {
    Stream(Wire),
    WebSocket(Box<WebSocketStream<Wire>>),
}

/// Why a connection was not opened.
#[derive(Debug, thiserror::Error)]
pub(super) enum OpenError {
    #[error(transparent)]
    Tcp(#[from] io::Error),
    /// The sentence says what helps.
    #[error("{0}")]
    Tls(String),
    #[error("TLS is not set up here; set [sip.tls] in the configuration")]
    NoTls,
}

/// Opens a connection from the address that the flow names, if it names one; under TLS its peer
/// must prove to be `name`.
pub(super) async fn open(
    flow: &Flow,
    name: Option<ServerName<'static>>,
    shared: &Shared,
) -> Result<Wire, OpenError> {
    let stream = dial(flow).await?;
    wire::prepare(&stream, shared.limits.write);
    let Some(name) = name else {
        return Ok(Wire::Plain(stream));
    };
    let tls = shared.tls.as_ref().ok_or(OpenError::NoTls)?;
    let stream = under_tls(stream, tls, &name).await.inspect_err(|_| {
        count(&shared.metrics.tls_failures);
    })?;
    Ok(stream)
}

async fn under_tls(
    stream: TcpStream,
    tls: &Tls,
    name: &ServerName<'static>,
) -> Result<Wire, OpenError> {
    let stream = TlsConnector::from(tls.client())
        .connect(name.clone(), stream)
        .await;
    let stream = stream.map_err(|error| match of_tls(&error) {
        Some(told) => OpenError::Tls(explain_ours(told, name)),
        None => OpenError::Tcp(error),
    })?;
    Ok(Wire::Tls(Box::new(stream.into())))
}

async fn dial(flow: &Flow) -> io::Result<TcpStream> {
    let socket = if flow.remote.is_ipv4() {
        TcpSocket::new_v4()?
    } else {
        TcpSocket::new_v6()?
    };
    let ip = flow.local.ip();
    if !ip.is_unspecified() && flow.local.is_ipv4() == flow.remote.is_ipv4() {
        socket.bind(SocketAddr::new(ip, 0))?;
    }
    socket.connect(flow.remote).await
}

/// Agrees with a peer that has connected; the sentence says why not.
pub(super) async fn take(
    stream: TcpStream,
    transport: Transport,
    shared: &Shared,
) -> Result<Ready, String> {
    wire::prepare(&stream, shared.limits.write);
    let wire = if transport.is_secure() {
        let tls = shared.tls.as_ref().and_then(Tls::server);
        let tls = tls.ok_or("there is no certificate any more")?;
        let stream = TlsAcceptor::from(tls)
            .accept(stream)
            .await
            .map_err(|error| {
                count(&shared.metrics.tls_failures);
                of_tls(&error).map_or_else(|| error.to_string(), explain_theirs)
            })?;
        Wire::Tls(Box::new(stream.into()))
    } else {
        Wire::Plain(stream)
    };
    if !transport.is_websocket() {
        return Ok(Ready::Stream(wire));
    }
    let accepted = websocket::accept(wire, &shared.origins, &shared.limits).await;
    let accepted = accepted.inspect_err(|_| count(&shared.metrics.websocket_refused))?;
    Ok(Ready::WebSocket(Box::new(accepted)))
}

/// Counts a handshake for as long as it lasts.
pub(super) struct Handshake(Arc<SipMetrics>);

impl Handshake {
    pub(super) fn count(metrics: &Arc<SipMetrics>) -> Self {
        count(&metrics.handshakes);
        Self(Arc::clone(metrics))
    }
}

impl Drop for Handshake {
    fn drop(&mut self) {
        uncount(&self.0.handshakes);
    }
}

fn of_tls(error: &io::Error) -> Option<&rustls::Error> {
    error.get_ref()?.downcast_ref()
}
