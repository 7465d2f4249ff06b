use bytes::{Buf, Bytes, BytesMut};

use crate::message::parse::{Head, message_len, parse_head};
use crate::scan::find;
use crate::{Limits, Message, ParseError, Rule};

/// What a stream transport carries.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Frame {
    /// A request or response.
    Message(Message),
    /// A double CRLF: the peer wants a CRLF back (RFC 5626 4.4.1).
    Ping,
    /// A single CRLF: the answer to a ping, or an empty line before a message.
    Pong,
}

/// Cuts a byte stream into messages and keep-alives.
///
/// Push what was read, then iterate until `None`. Where the stream was torn makes no difference
/// to the frames.
///
/// A lone CRLF may be the first half of a ping, so it is reported when the next octet shows what
/// it is, or at once after [`StreamFramer::expect_pong`].
///
/// An error whose message has a readable length costs that message alone. Any other error is the
/// last item, as the next message cannot be found: close the connection ([`Self::is_failed`]).
///
/// # Standard
///
/// RFC 3261 sections 7.5 and 18.3; RFC 5626 section 4.4.1.
#[derive(Debug)]
pub struct StreamFramer {
    limits: Limits,
    buffer: BytesMut,
    /// No empty line ends before this offset.
    scanned: usize,
    /// A head whose body has not arrived yet, and the length of the message.
    pending: Option<(Head, usize)>,
    pongs_expected: u32,
    is_overrun: bool,
    is_failed: bool,
}

impl StreamFramer {
    /// A framer for the start of a connection.
    pub fn new(limits: Limits) -> Self {
        Self {
            limits,
            buffer: BytesMut::new(),
            scanned: 0,
            pending: None,
            pongs_expected: 0,
            is_overrun: false,
            is_failed: false,
        }
    }

    /// Adds octets that were read from the stream.
    ///
    /// Octets beyond [`Limits::stream_buffer_len`] fail the stream after the frames before them.
    pub fn push(&mut self, bytes: &[u8]) {
        if self.is_failed || self.is_overrun {
            return;
        }
        if self.buffer.len() + bytes.len() > self.limits.stream_buffer_len {
            self.is_overrun = true;
            return;
        }
        self.buffer.extend_from_slice(bytes);
    }

    /// Reports the next lone CRLF at once: this side sent a ping.
    pub fn expect_pong(&mut self) {
        self.pongs_expected = self.pongs_expected.saturating_add(1);
    }

    /// Whether the stream cannot be read on.
    pub fn is_failed(&self) -> bool {
        self.is_failed
    }

    /// How many octets wait for the rest of their frame.
    pub fn buffered_len(&self) -> usize {
        self.buffer.len()
    }

    fn fail(&mut self, head: Head) -> Option<Result<Frame, ParseError>> {
        self.is_failed = true;
        let bytes = Bytes::copy_from_slice(&self.buffer[..head.body_start]);
        self.buffer = BytesMut::new();
        Some(head.into_message(&bytes, bytes.len()).map(Frame::Message))
    }

    /// Fails on a head that is longer than any message may be.
    fn fail_too_long(&mut self) -> Option<Result<Frame, ParseError>> {
        let message_len = message_len(&self.limits);
        self.buffer.truncate(message_len);
        let mut head = parse_head(&self.buffer, &self.limits);
        head.error = Some((Rule::MessageTooLong, message_len));
        self.fail(head)
    }

    /// Waits for more octets, which will never come after an overrun.
    fn wait(&mut self) -> Option<Result<Frame, ParseError>> {
        if !self.is_overrun {
            return None;
        }
        self.is_failed = true;
        let at = self.buffer.len();
        self.buffer = BytesMut::new();
        Some(Err(ParseError::new(Rule::StreamBufferFull, at, None)))
    }

    fn keep_alive(&mut self) -> KeepAlive {
        while self.buffer.first() == Some(&b'\n') {
            self.buffer.advance(1);
        }
        let (frame, len) = match &self.buffer[..] {
            [b'\r', b'\n', ..] if self.pongs_expected > 0 => {
                self.pongs_expected -= 1;
                (Frame::Pong, 2)
            }
            [] | [b'\r'] | [b'\r', b'\n'] | [b'\r', b'\n', b'\r'] => return KeepAlive::Unknown,
            [b'\r', b'\n', b'\r', b'\n', ..] => (Frame::Ping, 4),
            [b'\r', b'\n', ..] => (Frame::Pong, 2),
            _ => return KeepAlive::No,
        };
        self.buffer.advance(len);
        KeepAlive::Yes(frame)
    }

    /// The offset after the empty line, if it is there; never looks at an octet twice but for the
    /// last line end.
    fn head_end(&mut self) -> Option<usize> {
        while let Some(len) = find(b'\n', &self.buffer[self.scanned..]) {
            let line_end = self.scanned + len;
            match &self.buffer[line_end + 1..] {
                [b'\n', ..] => return Some(line_end + 2),
                [b'\r', b'\n', ..] => return Some(line_end + 3),
                [] | [b'\r'] => {
                    self.scanned = line_end;
                    return None;
                }
                _ => self.scanned = line_end + 1,
            }
        }
        self.scanned = self.buffer.len();
        None
    }

    /// Reads the head, and says whether the stream can go on.
    fn read_head(&mut self, end: usize) -> Option<Result<Frame, ParseError>> {
        let mut head = parse_head(&self.buffer[..end], &self.limits);
        // RFC 3261 18.3: without one sure length the next message cannot be found.
        let fatal = match head.content_length {
            _ if head.is_length_broken => Some(Rule::ContentLength),
            None => Some(Rule::ContentLengthMissing),
            Some(body_len) if body_len > message_len(&self.limits).saturating_sub(end) => {
                Some(Rule::MessageTooLong)
            }
            Some(_) => None,
        };
        if let Some(rule) = fatal {
            head.error = Some((rule, end));
            return self.fail(head);
        }
        let total = end.saturating_add(head.content_length.unwrap_or(0));
        self.pending = Some((head, total));
        None
    }

    fn cut(&mut self, head: Head, total: usize) -> Result<Frame, ParseError> {
        // A copy, so that a message that is kept does not keep the buffer of the connection.
        let bytes = Bytes::copy_from_slice(&self.buffer[..total]);
        self.buffer.advance(total);
        self.scanned = 0;
        head.into_message(&bytes, total).map(Frame::Message)
    }
}

/// Yields the frames that are complete; `None` means: push more.
impl Iterator for StreamFramer {
    type Item = Result<Frame, ParseError>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.is_failed {
            return None;
        }
        if self.pending.is_none() {
            match self.keep_alive() {
                KeepAlive::Yes(frame) => return Some(Ok(frame)),
                KeepAlive::Unknown => return self.wait(),
                KeepAlive::No => {}
            }
            let message_len = message_len(&self.limits);
            match self.head_end() {
                Some(end) if end <= message_len => {
                    let failure = self.read_head(end);
                    if failure.is_some() {
                        return failure;
                    }
                }
                None if self.buffer.len() <= message_len => return self.wait(),
                _ => return self.fail_too_long(),
            }
        }
        match self.pending.take() {
            Some((head, total)) if self.buffer.len() >= total => Some(self.cut(head, total)),
            pending => {
                self.pending = pending;
                self.wait()
            }
        }
    }
}

enum KeepAlive {
    Yes(Frame),
    No,
    /// More octets will tell.
    Unknown,
}

#[cfg(test)]
mod tests;
