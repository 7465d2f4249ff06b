//! One open connection: what every one has, and the loops of those that carry a stream of octets.

use std::fmt;
use std::future::poll_fn;
use std::io;
use std::mem::MaybeUninit;
use std::pin::Pin;
use std::task::{Poll, ready};
use std::time::Duration;

use bytes::Bytes;
use plenum_control::Input;
use plenum_sip_msg::{Frame, ParseError, StreamFramer};
use plenum_sip_ua::Flow;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt, ReadBuf};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout, timeout_at};
use tracing::trace;

use super::life::{Life, Pinger, Waking};
use super::metrics::count;
use super::queue::Waiting;
use super::streams::Shared;

/// Octets read from a connection at a time.
const READ_LEN: usize = 16 * 1024;

/// Answers to pings that wait; a peer that pings faster than it reads gets fewer.
pub(super) const PONGS_WAITING_MAX: usize = 4;

/// How long the last words may take before a connection is closed.
pub(super) const LAST_ANSWER: Duration = Duration::from_millis(500);

/// RFC 5626 4.4.1.
const PING: &[u8] = b"\r\n\r\n";
const PONG: &[u8] = b"\r\n";

/// One open connection, for as long as its task runs.
pub(super) struct Connection<'a> {
    pub(super) shared: &'a Shared,
    pub(super) flow: Flow,
    /// When its first message must be there, if the peer opened it.
    pub(super) first_due: Option<Instant>,
}

/// Why a connection ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// The peer closed it.
    ByPeer,
    /// We closed it.
    ByUs,
    /// No message came.
    HalfOpen,
    /// Nothing was said on it.
    Idle,
    /// A message began and did not end.
    Unfinished,
    /// The peer sent what is no SIP.
    Unframed,
    /// The peer does not read.
    Stalled,
    /// The peer does not answer pings.
    Unanswered,
    /// The network failed.
    Broken(io::Error),
    /// The peer does not keep to the WebSocket protocol.
    WebSocket(String),
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ByPeer => "closed by the peer",
            Self::ByUs => "closed by us",
            Self::HalfOpen => "no message came in time",
            Self::Idle => "idle for too long",
            Self::Unfinished => "a message took too long to arrive",
            Self::Unframed => "the peer sent what is no SIP",
            Self::Stalled => "the peer does not read",
            Self::Unanswered => "the peer does not answer pings",
            Self::Broken(error) => return write!(f, "broken: {error}"),
            Self::WebSocket(error) => return write!(f, "no WebSocket: {error}"),
        })
    }
}

impl Connection<'_> {
    /// Reads and writes until one of the two ends.
    pub(super) async fn run<S: AsyncRead + AsyncWrite>(
        &self,
        stream: S,
        waiting: Waiting,
        keep_alive: watch::Receiver<Option<Duration>>,
    ) -> Ended {
        let (reader, writer) = tokio::io::split(stream);
        let life = Life::begin();
        let (pongs, pongs_waiting) = mpsc::channel(PONGS_WAITING_MAX);
        let writer = Writer {
            writer,
            waiting,
            pongs: pongs_waiting,
            pinger: Pinger::new(keep_alive, self.shared.limits.pong),
        };
        tokio::select! {
            ended = self.read(reader, pongs, &life) => ended,
            ended = self.write(writer, &life) => ended,
        }
    }

    /// Counts an end; what the peer or the network decided counts nowhere.
    pub(super) fn count(&self, ended: &Ended) {
        let metrics = &self.shared.metrics;
        count(match ended {
            Ended::HalfOpen => &metrics.half_open_closed,
            Ended::Idle => &metrics.idle_closed,
            Ended::Unfinished => &metrics.unfinished_closed,
            Ended::Stalled => &metrics.stalled_closed,
            Ended::Unanswered => &metrics.unanswered_closed,
            _ => return,
        });
    }

    async fn read<R: AsyncRead + Unpin>(
        &self,
        mut reader: R,
        pongs: mpsc::Sender<()>,
        life: &Life,
    ) -> Ended {
        let mut framer = StreamFramer::new(self.shared.limits.message_limits);
        let mut begun: Option<Instant> = None;
        let mut first_due = self.first_due;
        loop {
            let (at, why) = self.due(life, begun, first_due);
            let reading = read_some(&mut reader, |octets| {
                for _ in 0..life.take_pings() {
                    framer.expect_pong();
                }
                framer.push(octets);
            });
            match timeout_at(at, reading).await {
                Ok(Ok(0)) => return Ended::ByPeer,
                Ok(Ok(_)) => life.note(),
                Ok(Err(error)) => return Ended::Broken(error),
                // What was written in the meantime is a sign of life, too.
                Err(_) if self.due(life, begun, first_due).0 > Instant::now() => continue,
                Err(_) => return why,
            }
            for frame in framer.by_ref() {
                begun = None;
                if matches!(frame, Ok(Frame::Message(_))) {
                    first_due = None;
                }
                if let Some(ended) = self.take(frame, &pongs, life).await {
                    return ended;
                }
            }
            if framer.is_failed() {
                // The machine may answer what could be read of it, with 400 or 513.
                let rest = async {
                    while read_some(&mut reader, |_| ())
                        .await
                        .is_ok_and(|len| len > 0)
                    {}
                };
                let _ = timeout(LAST_ANSWER, rest).await;
                return Ended::Unframed;
            }
            begun = if framer.buffered_len() == 0 {
                None
            } else {
                Some(begun.unwrap_or_else(Instant::now))
            };
        }
    }

    /// Returns when reading is given up, if nothing comes, and what it is called then.
    pub(super) fn due(
        &self,
        life: &Life,
        begun: Option<Instant>,
        first_due: Option<Instant>,
    ) -> (Instant, Ended) {
        let limits = &self.shared.limits;
        let mut due = (life.last() + limits.idle, Ended::Idle);
        if let Some(at) = begun
            .map(|begun| begun + limits.message)
            .filter(|at| *at < due.0)
        {
            due = (at, Ended::Unfinished);
        }
        if let Some(at) = first_due.filter(|at| *at < due.0) {
            due = (at, Ended::HalfOpen);
        }
        due
    }

    /// Passes a frame on. Waits where the machine is behind, so that the peer waits as well.
    async fn take(
        &self,
        frame: Result<Frame, ParseError>,
        pongs: &mpsc::Sender<()>,
        life: &Life,
    ) -> Option<Ended> {
        match frame {
            Ok(Frame::Message(message)) => self.deliver(Ok(message)).await,
            Ok(Frame::Ping) => {
                count(&self.shared.metrics.keep_alives);
                // A full queue already holds the answer to an earlier ping.
                let _ = pongs.try_send(());
                None
            }
            Ok(Frame::Pong) => {
                life.answered();
                None
            }
            Err(error) => self.deliver(Err(error)).await,
        }
    }

    /// Hands a message to the machine.
    pub(super) async fn deliver(
        &self,
        message: Result<plenum_sip_msg::Message, ParseError>,
    ) -> Option<Ended> {
        let flow = self.flow;
        let input = match message {
            Ok(message) => {
                count(&self.shared.metrics.framed);
                trace!(remote = %flow.remote, "SIP message framed");
                Input::Framed { flow, message }
            }
            Err(error) => {
                count(&self.shared.metrics.unframed);
                Input::Unframed { flow, error }
            }
        };
        let sent = self.shared.inputs.send(input).await;
        sent.err().map(|_| Ended::ByUs)
    }

    async fn write<W: AsyncWrite + Unpin>(&self, mut with: Writer<W>, life: &Life) -> Ended {
        loop {
            let octets = tokio::select! {
                message = with.waiting.next() => match message {
                    Some(message) => {
                        count(&self.shared.metrics.stream_messages_out);
                        message
                    }
                    None => {
                        // What is written reaches the peer before the end does.
                        let _ = timeout(self.shared.limits.write, with.writer.shutdown()).await;
                        return Ended::ByUs;
                    }
                },
                Some(()) = with.pongs.recv() => Bytes::from_static(PONG),
                waking = with.pinger.wake(life) => match waking {
                    Waking::Ping => Bytes::from_static(PING),
                    Waking::Dead => return Ended::Unanswered,
                },
            };
            if let Err(ended) = write_all(&mut with.writer, &octets, self.shared.limits.write).await
            {
                return ended;
            }
            life.note();
        }
    }
}

/// What writes to one connection.
struct Writer<W> {
    writer: W,
    waiting: Waiting,
    pongs: mpsc::Receiver<()>,
    pinger: Pinger,
}

/// Writes everything, as long as the peer goes on to take some.
async fn write_all<W: AsyncWrite + Unpin>(
    writer: &mut W,
    mut octets: &[u8],
    patience: Duration,
) -> Result<(), Ended> {
    while !octets.is_empty() {
        match timeout(patience, writer.write(octets)).await {
            Ok(Ok(0)) => return Err(Ended::ByPeer),
            Ok(Ok(written)) => octets = &octets[written..],
            Ok(Err(error)) => return Err(Ended::Broken(error)),
            Err(_) => return Err(Ended::Stalled),
        }
    }
    match timeout(patience, writer.flush()).await {
        Ok(flushed) => flushed.map_err(Ended::Broken),
        Err(_) => Err(Ended::Stalled),
    }
}

/// Reads once into memory that is held only for that moment: a silent connection has no buffer.
async fn read_some<R: AsyncRead + Unpin>(
    reader: &mut R,
    mut take: impl FnMut(&[u8]),
) -> io::Result<usize> {
    poll_fn(|cx| {
        let mut space = [const { MaybeUninit::uninit() }; READ_LEN];
        let mut buffer = ReadBuf::uninit(&mut space);
        ready!(Pin::new(&mut *reader).poll_read(cx, &mut buffer))?;
        take(buffer.filled());
        Poll::Ready(Ok(buffer.filled().len()))
    })
    .await
}
