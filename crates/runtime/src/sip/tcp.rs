use std::collections::HashMap;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU64, Ordering::Relaxed};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use plenum_control::Input;
use plenum_sip_ua::{ConnectionId, Flow};
use tokio::net::{TcpListener, TcpSocket, TcpStream};
use tokio::sync::mpsc::error::TrySendError;
use tokio::sync::{Notify, mpsc};
use tokio::task::JoinSet;
use tracing::{debug, warn};

use super::SipLimits;
use super::connection::{Connection, Ended};
use super::listen::{self, BindError, SipListen};
use super::metrics::{SipMetrics, count, uncount};
use super::task::Task;

/// Pause after a failed accept, so that a process out of descriptors does not spin.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// All connections, those of peers and our own.
#[derive(Debug)]
pub(super) struct Streams {
    listeners: Vec<Task>,
    shared: Arc<Shared>,
}

/// What the owner and the tasks share.
#[derive(Debug)]
pub(super) struct Shared {
    table: Mutex<Table>,
    next: AtomicU64,
    pub(super) inputs: mpsc::Sender<Input>,
    pub(super) limits: SipLimits,
    pub(super) metrics: Arc<SipMetrics>,
}

#[derive(Debug, Default)]
struct Table {
    by_id: HashMap<ConnectionId, Entry>,
    by_remote: HashMap<SocketAddr, ConnectionId>,
    tasks: JoinSet<()>,
    is_closed: bool,
}

#[derive(Debug)]
struct Entry {
    remote: SocketAddr,
    queue: mpsc::Sender<Bytes>,
    /// Ends the task of the connection.
    end: Arc<Notify>,
}

impl Streams {
    pub(super) fn new(
        limits: SipLimits,
        inputs: mpsc::Sender<Input>,
        metrics: Arc<SipMetrics>,
    ) -> Self {
        let table = Mutex::new(Table::default());
        let shared = Shared {
            table,
            next: AtomicU64::new(1),
            inputs,
            limits,
            metrics,
        };
        Self {
            listeners: Vec::new(),
            shared: Arc::new(shared),
        }
    }

    /// Listens on an address; returns it with its real port.
    pub(super) fn listen(&mut self, listen: SipListen) -> Result<SocketAddr, BindError> {
        let failed = |source| BindError { listen, source };
        let socket: std::net::TcpListener = listen::bind(listen)?.into();
        let listener = TcpListener::from_std(socket).map_err(failed)?;
        let local = listener.local_addr().map_err(failed)?;
        self.listeners
            .push(Task::spawn(accept(listener, Arc::clone(&self.shared))));
        Ok(local)
    }

    /// Queues a message for a connection, opening one where the flow names none.
    #[expect(clippy::result_large_err, reason = "an input is as large as it is")]
    pub(super) fn send(&self, flow: Flow, bytes: Bytes) -> Result<(), Input> {
        let shared = &self.shared;
        let mut table = shared.table();
        let id = flow
            .connection
            .or_else(|| table.by_remote.get(&flow.remote).copied());
        let lost = Input::ConnectionLost {
            connection: flow.connection,
            flow,
        };
        let Some(id) = id else {
            let queue = shared.open(&mut table, flow).ok_or(lost)?;
            // An empty queue takes one message.
            let _ = queue.try_send(bytes);
            return Ok(());
        };
        let Some(entry) = table.by_id.get(&id) else {
            return Err(lost);
        };
        match entry.queue.try_send(bytes) {
            Ok(()) => Ok(()),
            Err(TrySendError::Full(_)) => {
                count(&shared.metrics.stalled_closed);
                debug!(connection = id.0, remote = %entry.remote, "SIP peer does not read");
                entry.end.notify_one();
                Ok(())
            }
            Err(TrySendError::Closed(_)) => Err(lost),
        }
    }

    /// Stops to listen; lets the connections write what waits.
    pub(super) async fn close(&mut self, timeout: Duration) {
        self.listeners.clear();
        let mut tasks = {
            let mut table = self.shared.table();
            table.is_closed = true;
            // A connection whose queue is gone writes what is in it and ends.
            table.by_id.clear();
            table.by_remote.clear();
            std::mem::take(&mut table.tasks)
        };
        let all = async { while tasks.join_next().await.is_some() {} };
        if tokio::time::timeout(timeout, all).await.is_err() {
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
    fn table(&self) -> MutexGuard<'_, Table> {
        // The table is consistent after each statement that changes it.
        self.table.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Registers a connection; `None` if there are too many.
    fn register(&self, table: &mut Table, remote: SocketAddr) -> Option<Registered> {
        if table.is_closed || table.by_id.len() >= self.limits.connections_max {
            count(&self.metrics.connections_refused);
            let refused = self.metrics.read().connections_refused;
            if refused.is_power_of_two() {
                warn!(
                    refused,
                    limit = self.limits.connections_max,
                    "SIP connections refused"
                );
            }
            return None;
        }
        // Reap what ended, so that the set holds only what lives.
        while table.tasks.try_join_next().is_some() {}
        let id = ConnectionId(self.next.fetch_add(1, Relaxed));
        let (queue, waiting) = mpsc::channel(self.limits.messages_waiting_max);
        let end = Arc::new(Notify::new());
        let entry = Entry {
            remote,
            queue: queue.clone(),
            end: Arc::clone(&end),
        };
        table.by_id.insert(id, entry);
        table.by_remote.insert(remote, id);
        let open = Open::count(Arc::clone(&self.metrics));
        Some(Registered {
            id,
            queue,
            waiting,
            end,
            _open: open,
        })
    }

    fn forget(&self, id: ConnectionId) {
        let mut table = self.table();
        if let Some(entry) = table.by_id.remove(&id)
            && table.by_remote.get(&entry.remote) == Some(&id)
        {
            table.by_remote.remove(&entry.remote);
        }
    }

    /// Starts to open a connection; returns its queue, which takes messages at once.
    fn open(self: &Arc<Self>, table: &mut Table, flow: Flow) -> Option<mpsc::Sender<Bytes>> {
        let registered = self.register(table, flow.remote)?;
        let queue = registered.queue.clone();
        let shared = Arc::clone(self);
        table
            .tasks
            .spawn(async move { shared.connect(flow, registered).await });
        Some(queue)
    }

    async fn connect(self: Arc<Self>, flow: Flow, registered: Registered) {
        let connecting = tokio::time::timeout(self.limits.connect, dial(&flow));
        let opened = tokio::select! {
            opened = connecting => opened,
            () = registered.end.notified() => return self.unreachable(flow, registered.id).await,
        };
        match opened {
            Ok(Ok(stream)) => {
                count(&self.metrics.connected);
                let id = registered.id;
                self.clone().serve(stream, flow, registered).await;
                return self.unreachable(flow, id).await;
            }
            Ok(Err(error)) => debug!(remote = %flow.remote, %error, "SIP connection not opened"),
            Err(_) => debug!(remote = %flow.remote, "SIP connection not opened in time"),
        }
        count(&self.metrics.connect_failures);
        self.unreachable(flow, registered.id).await;
    }

    /// Serves an open connection until it ends.
    async fn serve(self: Arc<Self>, stream: TcpStream, flow: Flow, registered: Registered) {
        let Registered {
            id,
            queue,
            waiting,
            end,
            _open,
        } = registered;
        // The table alone keeps the queue open, so that closing it ends the connection.
        drop(queue);
        let flow = Flow {
            connection: Some(id),
            ..flow
        };
        // Messages are small and waited for.
        let _ = stream.set_nodelay(true);
        debug!(connection = id.0, remote = %flow.remote, "SIP connection opened");
        let connection = Connection {
            shared: &self,
            flow,
        };
        let ended = tokio::select! {
            ended = connection.run(stream, waiting) => ended,
            () = end.notified() => Ended::Stalled,
        };
        debug!(connection = id.0, remote = %flow.remote, %ended, "SIP connection closed");
        self.forget(id);
        let lost = Input::ConnectionLost {
            connection: Some(id),
            flow,
        };
        // A machine that is gone needs no report.
        let _ = self.inputs.send(lost).await;
    }

    /// Reports the end of a connection for the messages whose flow named none.
    async fn unreachable(&self, flow: Flow, id: ConnectionId) {
        self.forget(id);
        let lost = Input::ConnectionLost {
            connection: None,
            flow,
        };
        let _ = self.inputs.send(lost).await;
    }
}

struct Registered {
    id: ConnectionId,
    queue: mpsc::Sender<Bytes>,
    waiting: mpsc::Receiver<Bytes>,
    end: Arc<Notify>,
    _open: Open,
}

/// Counts a connection for as long as its task lives.
struct Open(Arc<SipMetrics>);

impl Open {
    fn count(metrics: Arc<SipMetrics>) -> Self {
        count(&metrics.connections);
        Self(metrics)
    }
}

impl Drop for Open {
    fn drop(&mut self) {
        uncount(&self.0.connections);
    }
}

/// Opens a connection from the address that the flow names, if it names one.
async fn dial(flow: &Flow) -> std::io::Result<TcpStream> {
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

async fn accept(listener: TcpListener, shared: Arc<Shared>) {
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
        let Some(registered) = shared.register(&mut table, remote) else {
            continue;
        };
        count(&shared.metrics.accepted);
        let flow = Flow::tcp(local, remote, registered.id);
        let task = Arc::clone(&shared);
        table
            .tasks
            .spawn(async move { task.serve(stream, flow, registered).await });
    }
}
