use std::io::{self, IoSliceMut};
use std::net::SocketAddr;
use std::os::fd::{AsFd, AsRawFd};
use std::sync::Arc;

use bytes::Bytes;
use nix::sys::socket::{self as nix_socket, MsgFlags, SockaddrStorage, recvmsg, sockopt};
use plenum_control::Input;
use plenum_sip_ua::{Flow, Transport};
use tokio::io::Interest;
use tokio::net::UdpSocket;
use tokio::sync::mpsc;
use tracing::{debug, trace, warn};

use super::listen::{self, BindError, SipListen};
use super::metrics::{SipMetrics, add, count};
use super::stun;
use super::task::Task;
use crate::sys::{Datagram, ReceiveBatch};

/// Datagrams that one system call reads at most.
pub const SIP_BATCH: usize = 32;

/// Datagrams that wait for room in a socket; later ones are dropped and sent again by their
/// transactions.
pub const DATAGRAMS_WAITING_MAX: usize = 1024;

/// Errors taken from a socket in a row before its other work is looked at.
const ERRORS_IN_A_ROW: usize = 64;

/// Longest datagram that IP carries.
const DATAGRAM_LEN_MAX: usize = 65_536;

/// One bound datagram socket.
#[derive(Debug)]
pub(super) struct UdpListener {
    local: SocketAddr,
    socket: Arc<UdpSocket>,
    waiting: mpsc::Sender<(SocketAddr, Bytes)>,
    metrics: Arc<SipMetrics>,
    _reader: Task,
    _writer: Task,
}

impl UdpListener {
    /// Binds a socket and starts to read it.
    pub(super) async fn bind(
        listen: SipListen,
        inputs: mpsc::Sender<Input>,
        metrics: Arc<SipMetrics>,
    ) -> Result<Self, BindError> {
        let failed = |source| BindError { listen, source };
        let std_socket: std::net::UdpSocket = listen::bind(listen)?.into();
        prepare(&std_socket, listen.address).map_err(failed)?;
        let socket = Arc::new(UdpSocket::from_std(std_socket).map_err(failed)?);
        // Until the reactor has looked once, a socket with room seems to have none.
        socket.writable().await.map_err(failed)?;
        let local = socket.local_addr().map_err(failed)?;
        let (waiting, queue) = mpsc::channel(DATAGRAMS_WAITING_MAX);
        let reader = Reader {
            local,
            socket: Arc::clone(&socket),
            inputs,
            metrics: metrics.clone(),
        };
        let writer = write(Arc::clone(&socket), queue, metrics.clone());
        Ok(Self {
            local,
            socket,
            waiting,
            metrics,
            _reader: Task::spawn(reader.run()),
            _writer: Task::spawn(writer),
        })
    }

    /// Returns the bound address.
    pub(super) const fn local(&self) -> SocketAddr {
        self.local
    }

    /// Tells whether a flow with this local address leaves from here.
    pub(super) fn serves(&self, local: SocketAddr) -> bool {
        self.local == local
            || (self.local.ip().is_unspecified()
                && self.local.port() == local.port()
                && self.local.is_ipv4() == local.is_ipv4())
    }

    /// Sends a datagram, now or as soon as there is room; drops it where too many wait.
    ///
    /// # Errors
    ///
    /// What the system says where the datagram can never be sent.
    pub(super) fn send(&self, to: SocketAddr, bytes: Bytes) -> io::Result<()> {
        let mut outcome = self.socket.try_send_to(&bytes, to);
        if matches!(&outcome, Err(error) if is_report(error)) {
            // The error belongs to an earlier datagram; the reader takes it from the error queue.
            outcome = self.socket.try_send_to(&bytes, to);
        }
        match outcome {
            Ok(_) => count(&self.metrics.datagrams_out),
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                if self.waiting.try_send((to, bytes)).is_err() {
                    count(&self.metrics.datagrams_out_dropped);
                }
            }
            Err(error) => {
                count(&self.metrics.undeliverable);
                return Err(error);
            }
        }
        Ok(())
    }
}

/// Asks for the addresses that datagrams were sent to, and for the fate of those we send.
fn prepare(socket: &std::net::UdpSocket, address: SocketAddr) -> io::Result<()> {
    if address.is_ipv4() {
        nix_socket::setsockopt(socket, sockopt::Ipv4RecvErr, &true)?;
        if address.ip().is_unspecified() {
            nix_socket::setsockopt(socket, sockopt::Ipv4PacketInfo, &true)?;
        }
    } else {
        nix_socket::setsockopt(socket, sockopt::Ipv6RecvErr, &true)?;
        if address.ip().is_unspecified() {
            nix_socket::setsockopt(socket, sockopt::Ipv6RecvPacketInfo, &true)?;
        }
    }
    Ok(())
}

/// Tells whether an error may be the report about a datagram sent earlier.
fn is_report(error: &io::Error) -> bool {
    matches!(
        error.raw_os_error(),
        Some(
            libc::ECONNREFUSED
                | libc::EHOSTUNREACH
                | libc::ENETUNREACH
                | libc::EHOSTDOWN
                | libc::ENETDOWN
                | libc::EPROTO
                | libc::EMSGSIZE
                | libc::EACCES
        )
    )
}

struct Reader {
    local: SocketAddr,
    socket: Arc<UdpSocket>,
    inputs: mpsc::Sender<Input>,
    metrics: Arc<SipMetrics>,
}

impl Reader {
    async fn run(self) {
        let mut batch = ReceiveBatch::new(SIP_BATCH, DATAGRAM_LEN_MAX);
        // Fails only when the runtime ends.
        while let Ok(ready) = self
            .socket
            .ready(Interest::READABLE | Interest::ERROR)
            .await
        {
            if ready.is_error() {
                self.take_reports();
            }
            for _ in 0..ERRORS_IN_A_ROW {
                match self.receive(&mut batch) {
                    Ok(read) => {
                        for index in 0..read {
                            self.deliver(batch.datagram(index));
                        }
                    }
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => break,
                    // Reports about datagrams sent earlier also show up here.
                    Err(error) => trace!(local = %self.local, %error, "report on a SIP socket"),
                }
            }
            tokio::task::yield_now().await;
        }
    }

    fn receive(&self, batch: &mut ReceiveBatch) -> io::Result<usize> {
        self.socket
            .try_io(Interest::READABLE, || batch.receive(self.socket.as_fd()))
    }

    fn deliver(&self, datagram: Option<Datagram<'_>>) {
        let Some(datagram) = datagram else { return };
        count(&self.metrics.datagrams_in);
        // Phones keep their NAT binding open with empty lines and zeroes (RFC 5626 3.5.1 has
        // them on streams; on datagrams they are custom).
        if datagram
            .bytes
            .iter()
            .all(|octet| matches!(octet, b'\r' | b'\n' | 0))
        {
            count(&self.metrics.keep_alives);
            return;
        }
        if stun::is_stun(datagram.bytes) {
            self.answer_stun(datagram.bytes, datagram.from);
            return;
        }
        let mut local = self.local;
        if let Some(to) = datagram.to {
            local.set_ip(to);
        }
        let flow = Flow::udp(local, datagram.from);
        let bytes = Bytes::copy_from_slice(datagram.bytes);
        if self
            .inputs
            .try_send(Input::Datagram { flow, bytes })
            .is_err()
        {
            count(&self.metrics.datagrams_in_dropped);
            let dropped = self.metrics.read().datagrams_in_dropped;
            if dropped.is_power_of_two() {
                warn!(
                    dropped,
                    "SIP datagrams dropped: the control machine is behind"
                );
            }
        }
    }

    /// RFC 5626 4.4.2: a phone learns that its way here is open, and how it is seen.
    fn answer_stun(&self, request: &[u8], from: SocketAddr) {
        if let Some(answer) = stun::answer(request, from)
            // A socket without room loses the answer; the phone asks again.
            && self.socket.try_send_to(&answer, from).is_ok()
        {
            count(&self.metrics.stun_answered);
        }
    }

    /// Takes the reports about datagrams that could not be delivered (ICMP).
    fn take_reports(&self) {
        let mut reported = 0;
        for _ in 0..ERRORS_IN_A_ROW {
            let report = self
                .socket
                .try_io(Interest::ERROR, || read_report(&self.socket));
            match report {
                Ok(Some(remote)) => {
                    reported += 1;
                    debug!(local = %self.local, %remote, "SIP datagram undeliverable");
                    let flow = Flow::udp(self.local, remote);
                    // One that finds no room is repeated by the next retransmission.
                    let _ = self.inputs.try_send(Input::Undeliverable { flow });
                }
                Ok(None) => {}
                Err(_) => break,
            }
        }
        add(&self.metrics.undeliverable, reported);
    }
}

/// Reads one report; it tells where the datagram was meant to go.
fn read_report(socket: &UdpSocket) -> io::Result<Option<SocketAddr>> {
    let mut start = [0; 64];
    let mut parts = [IoSliceMut::new(&mut start)];
    let mut control = nix::cmsg_space!(libc::sock_extended_err, libc::sockaddr_in6);
    let flags = MsgFlags::MSG_ERRQUEUE | MsgFlags::MSG_DONTWAIT;
    let fd = socket.as_raw_fd();
    let report = recvmsg::<SockaddrStorage>(fd, &mut parts, Some(&mut control), flags)?;
    let remote = report.address.and_then(|address| {
        let v4 = address
            .as_sockaddr_in()
            .map(|v4| SocketAddr::from((v4.ip(), v4.port())));
        v4.or_else(|| {
            address
                .as_sockaddr_in6()
                .map(|v6| SocketAddr::from((v6.ip(), v6.port())))
        })
    });
    Ok(remote)
}

/// Sends what found no room at once.
async fn write(
    socket: Arc<UdpSocket>,
    mut queue: mpsc::Receiver<(SocketAddr, Bytes)>,
    metrics: Arc<SipMetrics>,
) {
    while let Some((to, bytes)) = queue.recv().await {
        match socket.send_to(&bytes, to).await {
            Ok(_) => count(&metrics.datagrams_out),
            Err(error) => {
                count(&metrics.undeliverable);
                debug!(remote = %to, %error, transport = %Transport::Udp, "datagram not sent");
            }
        }
    }
}
