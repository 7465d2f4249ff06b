//! All connections: how they are opened and accepted, found, and ended.

use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use plenum_control::Input;
use plenum_sip_msg::Host;
use plenum_sip_ua::{ConnectionId, Flow, PeerId, Transport};
use rustls::pki_types::ServerName;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::{Notify, Semaphore, mpsc, watch};
use tokio::time::{Instant, timeout, timeout_at};
use tracing::{debug, warn};

use super::connection::{Connection, Ended};
use super::handshake::{self, Handshake, OpenError, Ready};
use super::listen::{self, BindError, SipListen};
use super::metrics::{SipMetrics, count, uncount};
use super::queue::{Queue, QueueError, Waiting, queue};
use super::table::{Entry, Origin, Refusal, Route, Table};
use super::task::Task;
use super::tls::{Tls, TlsError};
use super::{SipLimits, SipOptions};

/// Pause after a failed accept, so that a process out of descriptors does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// All connections, those of peers and our own.
#[derive(Debug)]
pub(super) struct Streams {
    tasks: Vec<Task>,
    shared: Arc<Shared>,
}

/// What the owner and the tasks share.
#[derive(Debug)]
pub(super) struct Shared {
    table: Mutex<Table>,
    next: AtomicU64,
    handshakes: Semaphore,
    pub(super) inputs: mpsc::Sender<Input>,
    pub(super) limits: SipLimits,
    pub(super) tls: Option<Tls>,
    pub(super) origins: Vec<String>,
    pub(super) metrics: Arc<SipMetrics>,
}

impl Streams {
    pub(super) fn new(
        options: SipOptions,
        inputs: mpsc::Sender<Input>,
        metrics: Arc<SipMetrics>,
    ) -> Self {
        let watch = options
            .tls
            .clone()
            .map(|tls| tls.watch(Arc::clone(&metrics)));
        Self {
            tasks: watch.map(Task::spawn).into_iter().collect(),
            shared: Arc::new(Shared::new(options, inputs, metrics)),
        }
    }

    /// Listens on an address; returns it with its real port.
    pub(super) fn listen(&mut self, listen: SipListen) -> Result<SocketAddr, BindError> {
        let failed = |source| BindError { listen, source };
        let has_certificate = self
            .shared
            .tls
            .as_ref()
            .is_some_and(|tls| tls.server().is_some());
        if listen.transport.is_secure() && !has_certificate {
            return Err(failed(std::io::Error::other(TlsError::NoCertificate)));
        }
        let socket: std::net::TcpListener = listen::bind(listen)?.into();
        let listener = TcpListener::from_std(socket).map_err(failed)?;
        let local = listener.local_addr().map_err(failed)?;
        let accepting = accept(listener, listen.transport, Arc::clone(&self.shared));
        self.tasks.push(Task::spawn(accepting));
        Ok(local)
    }

    /// Queues a message for a connection, finding or opening one where the flow names none.
    #[expect(clippy::result_large_err, reason = "an input is as large as it is")]
    pub(super) fn send(&self, flow: Flow, bytes: Bytes) -> Result<(), Input> {
        let shared = &self.shared;
        let mut table = shared.table();
        let lost = Input::ConnectionLost {
            connection: flow.connection,
            flow,
        };
        let id = match flow.connection {
            Some(id) => id,
            None => {
                let Ok(route) = table.route(&flow) else {
                    warn!("SIP message not sent: its peer was never named, or long ago");
                    return Err(lost);
                };
                let Some(id) = table.find(&route) else {
                    let queue = shared.open(&mut table, flow, route).ok_or(lost)?;
                    // An empty queue takes one message.
                    let _ = queue.push(bytes);
                    return Ok(());
                };
                id
            }
        };
        let Some(entry) = table.entry(id) else {
            return Err(lost);
        };
        match entry.queue.push(bytes) {
            Ok(()) => Ok(()),
            Err(QueueError::Full) => {
                debug!(connection = id.0, remote = %entry.route.remote, "SIP peer does not read");
                entry.end.notify_one();
                Ok(())
            }
            Err(QueueError::Closed) => Err(lost),
        }
    }

    /// Says what a number stands for.
    pub(super) fn name_peer(&self, peer: PeerId, name: &Host) {
        if !self.shared.table().name_peer(peer, name) {
            debug!(%name, "no certificate can show this name");
        }
    }

    /// Pings over a connection that we opened.
    pub(super) fn keep_alive(&self, flow: Flow, every: Option<Duration>) {
        let table = self.shared.table();
        let found = || table.find(&table.route(&flow).ok()?);
        let entry = flow
            .connection
            .or_else(found)
            .and_then(|id| table.entry(id));
        if let Some(entry) = entry
            && entry.origin == Origin::Ours
        {
            entry.keep_alive.send_replace(every);
        }
    }

    /// Stops to listen; lets the connections write what waits.
    pub(super) async fn close(&mut self, patience: Duration) {
        self.tasks.clear();
        let mut tasks = self.shared.table().close();
        let all = async { while tasks.join_next().await.is_some() {} };
        if timeout(patience, all).await.is_err() {
            debug!("SIP connections cut while they wrote");
        }
    }
}

impl Drop for Streams {
    fn drop(&mut self) {
        // The tasks hold the table that holds them.
        self.shared.table().tasks.abort_all();
    }
}

impl Shared {
    pub(super) fn new(
        options: SipOptions,
        inputs: mpsc::Sender<Input>,
        metrics: Arc<SipMetrics>,
    ) -> Self {
        let SipOptions {
            limits,
            tls,
            origins,
        } = options;
        Self {
            table: Mutex::new(Table::default()),
            next: AtomicU64::new(1),
            handshakes: Semaphore::new(limits.handshakes_max.clamp(1, Semaphore::MAX_PERMITS)),
            inputs,
            limits,
            tls,
            origins,
            metrics,
        }
    }

    fn table(&self) -> MutexGuard<'_, Table> {
        // The table is consistent after each statement that changes it.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Registers a connection; `None` if there are too many.
    fn register(self: &Arc<Self>, table: &mut Table, route: Route, origin: Origin) -> Option<Seat> {
        if let Err(refusal) = table.admit(&self.limits, origin, route.remote) {
            self.refused(refusal);
            return None;
        }
        // Reap what ended, so that the set holds only what lives.
        while table.tasks.try_join_next().is_some() {}
        let id = ConnectionId(self.next.fetch_add(1, Relaxed));
        let (queue, waiting) = queue(&self.limits);
        let end = Arc::new(Notify::new());
        let pings = route
            .transport
            .is_websocket()
            .then_some(self.limits.websocket_ping);
        let (keep_alive, pinged) = watch::channel(pings);
        let entry = Entry {
            route,
            origin,
            queue,
            end: Arc::clone(&end),
            keep_alive,
        };
        table.insert(id, entry);
        count(&self.metrics.connections);
        Some(Seat {
            shared: Arc::clone(self),
            id,
            waiting: Some(waiting),
            pinged,
            end,
        })
    }

    fn refused(&self, refusal: Refusal) {
        let figure = match refusal {
            Refusal::Closed => return,
            Refusal::Total => &self.metrics.connections_refused,
            Refusal::Source => &self.metrics.source_refused,
        };
        count(figure);
        let refused = figure.load(Relaxed);
        if refused.is_power_of_two() {
            match refusal {
                Refusal::Source => warn!(
                    refused,
                    limit = self.limits.connections_per_source_max,
                    "SIP connections refused: their source has too many; if many phones share one \
                     address, raise [sip] connections_per_source_max"
                ),
                _ => warn!(
                    refused,
                    limit = self.limits.connections_max,
                    "SIP connections refused: there are too many; raise [sip] connections_max"
                ),
            }
        }
    }

    /// Starts to open a connection; returns its queue, which takes messages at once.
    fn open(self: &Arc<Self>, table: &mut Table, flow: Flow, route: Route) -> Option<Queue> {
        if flow.transport.is_websocket() {
            debug!("a WebSocket client that is gone cannot be connected to");
            return None;
        }
        let name = route.name.clone();
        let seat = self.register(table, route, Origin::Ours)?;
        let queue = table.entry(seat.id)?.queue.clone();
        table.tasks.spawn(connect(flow, name, seat));
        Some(queue)
    }

    async fn report(&self, connection: Option<ConnectionId>, flow: Flow) {
        // A machine that is gone needs no report.
        let _ = self
            .inputs
            .send(Input::ConnectionLost { connection, flow })
            .await;
    }
}

/// One registered connection, from its task's side; dropping it forgets the connection.
struct Seat {
    shared: Arc<Shared>,
    id: ConnectionId,
    waiting: Option<Waiting>,
    pinged: watch::Receiver<Option<Duration>>,
    end: Arc<Notify>,
}

impl Seat {
    /// Serves an open connection until it ends, and reports the end.
    async fn serve(mut self, ready: Ready, flow: Flow, first_due: Option<Instant>) {
        let shared = Arc::clone(&self.shared);
        let flow = flow.over(self.id);
        debug!(connection = self.id.0, remote = %flow.remote, "SIP connection opened");
        let connection = Connection {
            shared: &shared,
            flow,
            first_due,
        };
        let (waiting, pinged) = (self.waiting.take(), self.pinged.clone());
        let waiting = waiting.expect("a seat serves once");
        let running = async {
            match ready {
                Ready::Stream(wire) => connection.run(wire, waiting, pinged).await,
                Ready::WebSocket(stream) => {
                    connection.run_websocket(*stream, waiting, pinged).await
                }
            }
        };
        let ended = tokio::select! {
            ended = running => ended,
            () = self.end.notified() => Ended::Stalled,
        };
        debug!(connection = self.id.0, remote = %flow.remote, %ended, "SIP connection closed");
        connection.count(&ended);
        drop(self);
        shared.report(flow.connection, flow).await;
    }
}

impl Drop for Seat {
    fn drop(&mut self) {
        self.shared.table().remove(self.id);
        uncount(&self.shared.metrics.connections);
    }
}

/// Opens a connection and serves it.
async fn connect(flow: Flow, name: Option<ServerName<'static>>, seat: Seat) {
    let shared = Arc::clone(&seat.shared);
    let opening = timeout(shared.limits.connect, handshake::open(&flow, name, &shared));
    let opened = tokio::select! {
        opened = opening => opened,
        () = seat.end.notified() => Ok(Err(OpenError::Tcp(std::io::ErrorKind::TimedOut.into()))),
    };
    match opened {
        Ok(Ok(wire)) => {
            count(&shared.metrics.connected);
            seat.serve(Ready::Stream(wire), flow, None).await;
        }
        Ok(Err(error)) => {
            drop(seat);
            count(&shared.metrics.connect_failures);
            match error {
                OpenError::Tcp(error) => {
                    debug!(remote = %flow.remote, %error, "SIP connection not opened");
                }
                sentence => warn!(%sentence, "SIP connection not opened"),
            }
        }
        Err(_) => {
            drop(seat);
            count(&shared.metrics.connect_failures);
            debug!(remote = %flow.remote, "SIP connection not opened in time");
        }
    }
    // For the messages whose flow named no connection.
    shared.report(None, flow).await;
}

async fn accept(listener: TcpListener, transport: Transport, shared: Arc<Shared>) {
    loop {
        let (stream, remote) = match listener.accept().await {
            Ok(accepted) => accepted,
            Err(error) => {
                warn!(%error, "SIP connection not accepted");
                tokio::time::sleep(ACCEPT_PAUSE).await;
                continue;
            }
        };
        let Ok(local) = stream.local_addr() else {
            continue;
        };
        let mut table = shared.table();
        let flow = Flow::to(transport, local, remote);
        // Nobody has proved to be anyone; so no message finds a TLS connection by a name.
        let route = Route {
            transport,
            remote,
            name: None,
        };
        let Some(seat) = shared.register(&mut table, route, Origin::Theirs) else {
            continue;
        };
        count(&shared.metrics.accepted);
        table.tasks.spawn(welcome(stream, flow, seat));
    }
}

/// Agrees with a peer on TLS and WebSocket, and serves it.
async fn welcome(stream: TcpStream, flow: Flow, seat: Seat) {
    let shared = Arc::clone(&seat.shared);
    let first_due = Instant::now() + shared.limits.first_message;
    let Ok(Ok(turn)) = timeout_at(first_due, shared.handshakes.acquire()).await else {
        count(&shared.metrics.handshakes_slow);
        return;
    };
    let counted = Handshake::count(&shared.metrics);
    let due = first_due.min(Instant::now() + shared.limits.handshake);
    let agreed = timeout_at(due, handshake::take(stream, flow.transport, &shared)).await;
    drop((turn, counted));
    match agreed {
        Ok(Ok(ready)) => seat.serve(ready, flow, Some(first_due)).await,
        Ok(Err(sentence)) => {
            debug!(remote = %flow.remote, %sentence, "SIP connection refused");
        }
        Err(_) => {
            count(&shared.metrics.handshakes_slow);
            debug!(remote = %flow.remote, "SIP handshake took too long");
        }
    }
}
