//! SIP over WebSocket (RFC 7118): the door, and the loops of an open connection.

use std::time::Duration;

use bytes::Bytes;
use futures_util::{Sink, SinkExt, Stream, StreamExt};
use plenum_sip_msg::Message;
use tokio::io::{AsyncRead, AsyncWrite, AsyncWriteExt};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_tungstenite::tungstenite::handshake::server::{ErrorResponse, Request, Response};
use tokio_tungstenite::tungstenite::http::header::{ORIGIN, SEC_WEBSOCKET_PROTOCOL};
use tokio_tungstenite::tungstenite::http::{HeaderValue, StatusCode};
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Error, Message as Frame, Utf8Bytes};
use tokio_tungstenite::{WebSocketStream, accept_hdr_async_with_config};

use super::SipLimits;
use super::connection::{Connection, Ended, LAST_ANSWER, PONGS_WAITING_MAX};
use super::life::{Life, Pinger, Waking};
use super::metrics::count;
use super::queue::Waiting;

/// RFC 7118 4.1: the word of the subprotocol.
const SUBPROTOCOL: &str = "sip";

/// Octets that one connection reads at a time. It is held for as long as the connection lives.
const READ_LEN: usize = 4 * 1024;

/// RFC 5626 4.4.1, which browser phones also send over WebSocket.
const PING: &[u8] = b"\r\n\r\n";
const PONG: &str = "\r\n";

/// Takes a WebSocket connection.
///
/// # Errors
///
/// The sentence that says why it was refused; a client that spoke HTTP was told it as well.
pub(super) async fn accept<S: AsyncRead + AsyncWrite + Unpin>(
    mut stream: S,
    origins: &[String],
    limits: &SipLimits,
) -> Result<WebSocketStream<S>, String> {
    let mut refused = None;
    #[expect(
        clippy::result_large_err,
        reason = "the door of the library has this form"
    )]
    let door = |request: &Request, response: Response| {
        admit(request, response, origins).inspect_err(|response| {
            refused = response.body().clone();
        })
    };
    let config = config(limits);
    match accept_hdr_async_with_config(&mut stream, door, Some(config)).await {
        // A client that had already sent more was refused, so nothing is lost with the reader.
        Ok(_) => Ok(WebSocketStream::from_raw_socket(stream, Role::Server, Some(config)).await),
        Err(Error::Http(_)) => Err(refused.unwrap_or_default()),
        Err(Error::Protocol(error)) => {
            let sentence = format!("this port speaks WebSocket, and this is none: {error}");
            let answer = format!(
                "HTTP/1.1 400 Bad Request\r\nContent-Type: text/plain\r\nConnection: close\r\n\
                 Content-Length: {}\r\n\r\n{sentence}",
                sentence.len()
            );
            // A client that is gone is not told.
            let _ = stream.write_all(answer.as_bytes()).await;
            let _ = stream.shutdown().await;
            Err(sentence)
        }
        Err(error) => Err(error.to_string()),
    }
}

fn config(limits: &SipLimits) -> WebSocketConfig {
    let message_len = limits.message_limits.message_len;
    WebSocketConfig::default()
        .read_buffer_size(READ_LEN)
        .write_buffer_size(0)
        // Ours is written before the next is taken; this is for the answers to pings.
        .max_write_buffer_size(2 * (message_len + READ_LEN))
        .max_message_size(Some(message_len))
        .max_frame_size(Some(message_len))
}

/// RFC 7118 4.1: both sides speak the subprotocol `sip`, or there is no connection.
#[expect(
    clippy::result_large_err,
    reason = "the door of the library has this form"
)]
fn admit(
    request: &Request,
    mut response: Response,
    origins: &[String],
) -> Result<Response, ErrorResponse> {
    let headers = request.headers();
    // A client that is no browser names no origin; the list is no guard against such.
    let origin = headers
        .get(ORIGIN)
        .map(|origin| origin.to_str().unwrap_or_default());
    if let Some(origin) = origin
        && !origins.is_empty()
        && !origins
            .iter()
            .any(|allowed| allowed.eq_ignore_ascii_case(origin))
    {
        return Err(refusal(
            StatusCode::FORBIDDEN,
            "pages of this origin may not call here; add it to [sip] websocket_origins",
        ));
    }
    let asked = headers.get_all(SEC_WEBSOCKET_PROTOCOL);
    let mut asked = asked.iter().filter_map(|value| value.to_str().ok());
    if !asked.any(|list| {
        list.split(',')
            .any(|word| word.trim().eq_ignore_ascii_case(SUBPROTOCOL))
    }) {
        return Err(refusal(
            StatusCode::BAD_REQUEST,
            "this port speaks SIP alone; ask for it with Sec-WebSocket-Protocol: sip (RFC 7118)",
        ));
    }
    let headers = response.headers_mut();
    headers.insert(
        SEC_WEBSOCKET_PROTOCOL,
        HeaderValue::from_static(SUBPROTOCOL),
    );
    Ok(response)
}

fn refusal(status: StatusCode, sentence: &str) -> ErrorResponse {
    let mut response = ErrorResponse::new(Some(sentence.to_owned()));
    *response.status_mut() = status;
    response
}

impl Connection<'_> {
    /// Reads and writes until one of the two ends.
    pub(super) async fn run_websocket<S: AsyncRead + AsyncWrite + Unpin>(
        &self,
        stream: WebSocketStream<S>,
        mut waiting: Waiting,
        keep_alive: watch::Receiver<Option<Duration>>,
    ) -> Ended {
        let (mut frames_out, mut frames_in) = stream.split();
        let life = Life::begin();
        let (pongs, mut pongs_waiting) = mpsc::channel(PONGS_WAITING_MAX);
        let mut pinger = Pinger::new(keep_alive, self.shared.limits.pong);
        let ended = tokio::select! {
            ended = self.read_frames(&mut frames_in, &pongs, &life) => ended,
            ended = self.write_frames(
                &mut frames_out, &mut waiting, &mut pongs_waiting, &mut pinger, &life,
            ) => ended,
        };
        if matches!(ended, Ended::ByPeer | Ended::WebSocket(_)) {
            // RFC 6455 5.5.1: a close is answered with one.
            let _ = timeout(LAST_ANSWER, frames_out.close()).await;
        }
        ended
    }

    async fn read_frames<R>(&self, frames: &mut R, pongs: &mpsc::Sender<()>, life: &Life) -> Ended
    where
        R: Stream<Item = Result<Frame, Error>> + Unpin,
    {
        let mut first_due = self.first_due;
        loop {
            let (at, why) = self.due(life, None, first_due);
            let octets = match timeout_at(at, frames.next()).await {
                Ok(None | Some(Ok(Frame::Close(_)))) => return Ended::ByPeer,
                Ok(Some(Ok(Frame::Text(text)))) => Bytes::from(text),
                Ok(Some(Ok(Frame::Binary(octets)))) => octets,
                Ok(Some(Ok(frame))) => {
                    life.note();
                    if matches!(frame, Frame::Pong(_)) {
                        life.answered();
                    }
                    continue;
                }
                Ok(Some(Err(error))) => return self.websocket_failed(error),
                Err(_) if self.due(life, None, first_due).0 > Instant::now() => continue,
                Err(_) => return why,
            };
            life.note();
            if is_keep_alive(&octets) {
                count(&self.shared.metrics.keep_alives);
                if octets == PING {
                    // A full queue already holds the answer to an earlier ping.
                    let _ = pongs.try_send(());
                }
                continue;
            }
            // RFC 7118 5.1: one message a frame, so its end needs no Content-Length.
            let message = Message::parse_datagram(octets, &self.shared.limits.message_limits);
            if message.is_ok() {
                first_due = None;
            }
            if let Some(ended) = self.deliver(message).await {
                return ended;
            }
        }
    }

    async fn write_frames<W>(
        &self,
        frames: &mut W,
        waiting: &mut Waiting,
        pongs: &mut mpsc::Receiver<()>,
        pinger: &mut Pinger,
        life: &Life,
    ) -> Ended
    where
        W: Sink<Frame, Error = Error> + Unpin,
    {
        let patience = self.shared.limits.write;
        loop {
            let frame = tokio::select! {
                message = waiting.next() => match message {
                    Some(message) => {
                        count(&self.shared.metrics.stream_messages_out);
                        frame(message)
                    }
                    None => {
                        let _ = timeout(patience, frames.close()).await;
                        return Ended::ByUs;
                    }
                },
                Some(()) = pongs.recv() => Frame::text(PONG),
                waking = pinger.wake(life) => match waking {
                    Waking::Ping => Frame::Ping(Bytes::new()),
                    Waking::Dead => return Ended::Unanswered,
                },
            };
            match timeout(patience, frames.send(frame)).await {
                Ok(Ok(())) => life.note(),
                Ok(Err(error)) => return self.websocket_failed(error),
                Err(_) => return Ended::Stalled,
            }
        }
    }

    fn websocket_failed(&self, error: Error) -> Ended {
        match error {
            Error::ConnectionClosed | Error::AlreadyClosed => Ended::ByPeer,
            Error::Io(error) => Ended::Broken(error),
            error => {
                count(&self.shared.metrics.unframed);
                Ended::WebSocket(error.to_string())
            }
        }
    }
}

/// RFC 7118 5.1: text where the message is UTF-8.
fn frame(message: Bytes) -> Frame {
    match Utf8Bytes::try_from(message.clone()) {
        Ok(text) => Frame::Text(text),
        Err(_) => Frame::Binary(message),
    }
}

fn is_keep_alive(octets: &[u8]) -> bool {
    octets.iter().all(|octet| matches!(octet, b'\r' | b'\n'))
}
