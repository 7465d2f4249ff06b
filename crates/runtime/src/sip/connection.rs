use std::fmt;
use std::io;
use std::sync::Mutex;
use std::sync::PoisonError;
use std::time::Duration;

use bytes::Bytes;
use plenum_control::Input;
use plenum_sip_msg::{Frame, StreamFramer};
use plenum_sip_ua::Flow;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::net::tcp::{OwnedReadHalf, OwnedWriteHalf};
use tokio::sync::mpsc;
use tokio::time::{Instant, timeout_at};
use tracing::trace;

use super::metrics::count;
use super::tcp::Shared;

/// Octets read from a connection at a time.
const READ_LEN: usize = 16 * 1024;

/// Answers to pings that wait; a peer that pings faster than it reads gets fewer.
const PONGS_WAITING_MAX: usize = 4;

/// One open connection, for as long as its task runs.
pub(super) struct Connection<'a> {
    pub(super) shared: &'a Shared,
    pub(super) flow: Flow,
}

/// Why a connection ended.
#[derive(Debug)]
pub(super) enum Ended {
    /// The peer closed it.
    ByPeer,
    /// We closed it.
    ByUs,
    /// Nothing was said on it.
    Idle,
    /// A message began and did not end.
    Unfinished,
    /// The peer sent what is no SIP.
    Unframed,
    /// The peer does not read.
    Stalled,
    /// The network failed.
    Broken(io::Error),
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::ByPeer => "closed by the peer",
            Self::ByUs => "closed by us",
            Self::Idle => "idle for too long",
            Self::Unfinished => "a message took too long to arrive",
            Self::Unframed => "the peer sent what is no SIP",
            Self::Stalled => "the peer does not read",
            Self::Broken(error) => return write!(f, "broken: {error}"),
        })
    }
}

/// When something was last said on a connection, in either direction.
struct Activity(Mutex<Instant>);

impl Activity {
    fn note(&self) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Instant::now();
    }

    fn last(&self) -> Instant {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Connection<'_> {
    /// Reads and writes until one of the two ends.
    pub(super) async fn run(&self, stream: TcpStream, waiting: mpsc::Receiver<Bytes>) -> Ended {
        let (reader, writer) = stream.into_split();
        let activity = Activity(Mutex::new(Instant::now()));
        let (pongs, pongs_waiting) = mpsc::channel(PONGS_WAITING_MAX);
        tokio::select! {
            ended = self.read(reader, pongs, &activity) => ended,
            ended = self.write(writer, waiting, pongs_waiting, &activity) => ended,
        }
    }

    async fn read(
        &self,
        mut reader: OwnedReadHalf,
        pongs: mpsc::Sender<()>,
        activity: &Activity,
    ) -> Ended {
        let limits = &self.shared.limits;
        let mut framer = StreamFramer::new(limits.message_limits);
        let mut buffer = vec![0; READ_LEN];
        let mut begun: Option<Instant> = None;
        loop {
            let deadline = deadline(activity, begun, limits.idle, limits.message);
            let read = match timeout_at(deadline, reader.read(&mut buffer)).await {
                Ok(Ok(0)) => return Ended::ByPeer,
                Ok(Ok(read)) => read,
                Ok(Err(error)) => return Ended::Broken(error),
                Err(_) if begun.is_some() => return Ended::Unfinished,
                Err(_) if activity.last() + limits.idle > Instant::now() => continue,
                Err(_) => {
                    count(&self.shared.metrics.idle_closed);
                    return Ended::Idle;
                }
            };
            activity.note();
            framer.push(&buffer[..read]);
            for frame in framer.by_ref() {
                begun = None;
                if let Some(ended) = self.take(frame, &pongs).await {
                    return ended;
                }
            }
            if framer.is_failed() {
                return Ended::Unframed;
            }
            begun = if framer.buffered_len() == 0 {
                None
            } else {
                Some(begun.unwrap_or_else(Instant::now))
            };
        }
    }

    /// Passes a frame on. Waits where the machine is behind, so that the peer waits as well.
    async fn take(
        &self,
        frame: Result<Frame, plenum_sip_msg::ParseError>,
        pongs: &mpsc::Sender<()>,
    ) -> Option<Ended> {
        let flow = self.flow;
        let input = match frame {
            Ok(Frame::Message(message)) => {
                count(&self.shared.metrics.framed);
                trace!(remote = %flow.remote, "SIP message framed");
                Input::Framed { flow, message }
            }
            Ok(Frame::Ping) => {
                // A full queue already holds the answer to an earlier ping.
                let _ = pongs.try_send(());
                return None;
            }
            Ok(Frame::Pong) => return None,
            Err(error) => {
                count(&self.shared.metrics.unframed);
                Input::Unframed { flow, error }
            }
        };
        self.shared
            .inputs
            .send(input)
            .await
            .err()
            .map(|_| Ended::ByUs)
    }

    async fn write(
        &self,
        mut writer: OwnedWriteHalf,
        mut waiting: mpsc::Receiver<Bytes>,
        mut pongs: mpsc::Receiver<()>,
        activity: &Activity,
    ) -> Ended {
        loop {
            let message = tokio::select! {
                message = waiting.recv() => message,
                Some(()) = pongs.recv() => Some(Bytes::from_static(b"\r\n")),
            };
            let Some(message) = message else {
                // What is written reaches the peer before the end does.
                let _ = writer.shutdown().await;
                return Ended::ByUs;
            };
            if let Err(error) = writer.write_all(&message).await {
                return Ended::Broken(error);
            }
            count(&self.shared.metrics.stream_messages_out);
            activity.note();
        }
    }
}

/// Returns when reading is given up, if nothing comes.
fn deadline(
    activity: &Activity,
    begun: Option<Instant>,
    idle: Duration,
    message: Duration,
) -> Instant {
    begun.map_or_else(|| activity.last() + idle, |begun| begun + message)
}
