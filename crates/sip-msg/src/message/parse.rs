use bytes::Bytes;

use super::index::{MALFORMED, offset};
use super::{Index, Message, Slot, Slots, Span, StartLine};
use crate::name::{self, OTHER};
use crate::scan::{find, is_blank, is_token, number, visit};
use crate::{HeaderName, Limits, Method, ParseError, Rule, StatusCode};

impl Message {
    /// Reads one datagram, or one message of a transport that keeps messages apart.
    ///
    /// Line ends before the message are skipped. Without Content-Length the body is the rest of
    /// the datagram; octets after a body of the stated length are dropped (RFC 3261 18.3).
    ///
    /// # Errors
    ///
    /// [`ParseError`] names the rule and, when the start line and the headers of an answer were
    /// readable, carries them in [`ParseError::salvaged`]. Headers are not checked beyond their
    /// names: see [`Message::core`] and the typed accessors.
    pub fn parse_datagram(datagram: Bytes, limits: &Limits) -> Result<Self, ParseError> {
        let skipped = datagram
            .iter()
            .take_while(|byte| matches!(byte, b'\r' | b'\n'))
            .count();
        let mut bytes = datagram.slice(skipped..);
        if bytes.is_empty() {
            return Err(ParseError::new(Rule::Empty, 0, None));
        }
        let message_len = message_len(limits);
        let is_too_long = bytes.len() > message_len;
        bytes.truncate(message_len);
        let mut head = parse_head(&bytes, limits);
        if is_too_long {
            head.error = Some((Rule::MessageTooLong, message_len));
        }
        let body_start = head.body_start;
        let available = bytes.len() - body_start;
        let body_len = head.content_length.unwrap_or(available);
        if body_len > available && head.error.is_none() {
            head.error = Some((Rule::BodyTruncated, body_start));
        }
        head.into_message(&bytes, body_start.saturating_add(body_len))
            .map_err(|mut error| {
                error.move_offset(skipped);
                error
            })
    }
}

/// The longest message the limits and the offset table allow.
pub(crate) fn message_len(limits: &Limits) -> usize {
    limits.message_len.min(u32::MAX as usize - 1)
}

/// What one pass over start line and headers found; the pass never stops at an error.
#[derive(Debug)]
pub(crate) struct Head {
    start: Option<StartLine>,
    slots: Slots,
    pub(crate) body_start: usize,
    pub(crate) content_length: Option<usize>,
    /// Whether a Content-Length is malformed or contradicts another.
    pub(crate) is_length_broken: bool,
    /// The first rule that was broken, and where.
    pub(crate) error: Option<(Rule, usize)>,
}

impl Head {
    fn empty(len: usize) -> Self {
        Self {
            start: None,
            slots: Slots::new(),
            body_start: len,
            content_length: None,
            is_length_broken: false,
            error: None,
        }
    }

    /// The message of `bytes` up to `end`, or the error with what can be salvaged.
    pub(crate) fn into_message(self, bytes: &Bytes, end: usize) -> Result<Message, ParseError> {
        let (error, body_start) = (self.error, self.body_start);
        let can_answer = self.error.is_some() && self.can_answer();
        let index = self.start.map(|start| Index {
            start,
            slots: self.slots,
            body_start: offset(body_start),
        });
        match (error, index) {
            (None, Some(index)) => Ok(Message::from_parts(bytes.slice(..end), index)),
            (error, index) => {
                let (rule, at) = error.unwrap_or((Rule::StartLine, 0));
                let salvaged = index
                    .filter(|_| can_answer)
                    .map(|index| Message::from_parts(bytes.slice(..body_start), index));
                Err(ParseError::new(rule, at, salvaged))
            }
        }
    }

    fn can_answer(&self) -> bool {
        const NEEDED: [u8; 5] = [
            HeaderName::Via.id(),
            HeaderName::From.id(),
            HeaderName::To.id(),
            HeaderName::CallId.id(),
            HeaderName::CSeq.id(),
        ];
        NEEDED
            .iter()
            .all(|id| self.slots.iter().any(|slot| slot.id == *id))
    }

    fn fail(&mut self, rule: Rule, at: usize) {
        self.error.get_or_insert((rule, at));
    }

    fn add(&mut self, bytes: &[u8], line: &Line, limits: &Limits) {
        let slot = parse_header(bytes, line);
        const CONTENT_LENGTH: u8 = HeaderName::ContentLength.id();
        // A line beyond the limits is dropped, but on a stream its length still counts.
        if slot.id == CONTENT_LENGTH {
            self.note_content_length(slot.value.of(bytes), line.start);
        }
        if line.next - line.start > limits.header_line_len {
            self.fail(Rule::HeaderLineTooLong, line.start);
        } else if self.slots.len() >= limits.headers {
            self.fail(Rule::TooManyHeaders, line.start);
        } else {
            self.slots.push(slot);
        }
    }

    fn note_content_length(&mut self, value: &[u8], at: usize) {
        let length = core::str::from_utf8(value).ok().and_then(number);
        if length.is_none()
            || self
                .content_length
                .is_some_and(|known| Some(known) != length)
        {
            self.is_length_broken = true;
            self.fail(Rule::ContentLength, at);
        }
        self.content_length = self.content_length.or(length);
    }
}

/// Reads start line and headers up to the empty line, in one pass.
pub(crate) fn parse_head(bytes: &[u8], limits: &Limits) -> Head {
    let mut head = Head::empty(bytes.len());
    let first = Line::at(bytes, 0);
    if first.next > limits.header_line_len {
        head.fail(Rule::HeaderLineTooLong, 0);
    } else {
        let (start, rule) = parse_start_line(bytes, &first);
        head.start = start;
        head.error = rule.map(|rule| (rule, 0));
    }
    read_headers(&mut head, bytes, first.next, limits);
    head
}

/// Reads the headers of a part, which have no start line, and says where its content starts.
pub(crate) fn parse_part_head(bytes: &[u8], limits: &Limits) -> Result<(Slots, usize), Rule> {
    let mut head = Head::empty(bytes.len());
    read_headers(&mut head, bytes, 0, limits);
    match head.error {
        None => Ok((head.slots, head.body_start)),
        // A part of headers alone: the line end of the empty line belongs to the delimiter.
        Some((Rule::EndOfHeaders, _)) if bytes.is_empty() || bytes.ends_with(b"\n") => {
            Ok((head.slots, bytes.len()))
        }
        Some((rule, _)) => Err(rule),
    }
}

fn read_headers(head: &mut Head, bytes: &[u8], mut at: usize, limits: &Limits) {
    loop {
        let line = match bytes.get(at..) {
            None | Some([]) => return head.fail(Rule::EndOfHeaders, at),
            Some([b'\n', ..]) => {
                head.body_start = at + 1;
                return;
            }
            Some([b'\r', b'\n', ..]) => {
                head.body_start = at + 2;
                return;
            }
            Some(_) => Line::with_folds(bytes, at),
        };
        at = line.next;
        head.add(bytes, &line, limits);
    }
}

/// A line: its start, the end of its text, and the start of what follows.
struct Line {
    start: usize,
    end: usize,
    next: usize,
    is_folded: bool,
}

impl Line {
    /// The line at `start`; it ends with CRLF, with LF alone, or with the octets.
    fn at(bytes: &[u8], start: usize) -> Self {
        let (end, next) = match find(b'\n', &bytes[start..]) {
            Some(len) => (start + len, start + len + 1),
            None => (bytes.len(), bytes.len()),
        };
        let has_cr = end > start && next > end && bytes[end - 1] == b'\r';
        Self {
            start,
            end: end - usize::from(has_cr),
            next,
            is_folded: false,
        }
    }

    /// The line with those that start with a blank (RFC 3261 7.3.1).
    fn with_folds(bytes: &[u8], start: usize) -> Self {
        let mut line = Self::at(bytes, start);
        while matches!(bytes.get(line.next), Some(b' ' | b'\t')) {
            let fold = Self::at(bytes, line.next);
            line = Self {
                start,
                is_folded: true,
                ..fold
            };
        }
        line
    }
}

fn parse_header(bytes: &[u8], line: &Line) -> Slot {
    let text = &bytes[line.start..line.end];
    let (name, value_start) = split_name(text);
    let id = name::id_of(name);
    let id = match name.len() {
        0 | 0x1_0000.. => MALFORMED,
        _ if id == OTHER && !is_token(name) => MALFORMED,
        _ => id,
    };
    let mut start = line.start + if id == MALFORMED { 0 } else { value_start };
    let mut end = line.end;
    while start < end && is_blank(bytes[start]) {
        start += 1;
    }
    while start < end && is_blank(bytes[end - 1]) {
        end -= 1;
    }
    Slot {
        line: Span::new(line.start, line.next),
        value: Span::new(start, end),
        name_len: u16::try_from(name.len()).unwrap_or(0),
        id,
        is_folded: line.is_folded,
    }
}

/// What stands before the colon, empty when there is none, and the place after the colon.
#[inline]
fn split_name(text: &[u8]) -> (&[u8], usize) {
    let colon = text.iter().position(|byte| *byte == b':').unwrap_or(0);
    visit(colon + 1);
    let mut name = &text[..colon];
    // RFC 3261 7.3.1 and 25.1 (HCOLON): blanks may stand before the colon.
    while let [rest @ .., b' ' | b'\t'] = name {
        name = rest;
    }
    (name, colon + 1)
}

fn parse_start_line(bytes: &[u8], line: &Line) -> (Option<StartLine>, Option<Rule>) {
    let text = bytes[..line.end].trim_ascii_end();
    match text.get(..4) {
        Some(prefix) if prefix.eq_ignore_ascii_case(b"SIP/") => parse_status_line(text),
        _ => parse_request_line(text),
    }
}

fn parse_request_line(text: &[u8]) -> (Option<StartLine>, Option<Rule>) {
    let space = find(b' ', text).unwrap_or(text.len());
    let word = core::str::from_utf8(&text[..space]);
    let Some(method) = word.ok().and_then(|word| word.parse::<Method>().ok()) else {
        return (None, Some(Rule::StartLine));
    };
    let uri_start = (space + 1).min(text.len());
    let last_space = memchr::memrchr(b' ', text).unwrap_or(0);
    let (uri_end, rule) = if last_space <= uri_start {
        (text.len(), Some(Rule::StartLine))
    } else {
        (last_space, check_version(&text[last_space + 1..]))
    };
    (
        Some(StartLine::Request {
            method,
            uri: Span::new(uri_start, uri_end),
        }),
        rule,
    )
}

fn parse_status_line(text: &[u8]) -> (Option<StartLine>, Option<Rule>) {
    let space = find(b' ', text).unwrap_or(text.len());
    let rule = check_version(&text[..space]);
    let code = text
        .get(space + 1..space + 4)
        .and_then(|code| core::str::from_utf8(code).ok());
    let status = code.and_then(number).and_then(StatusCode::new);
    let rest = text.get(space + 4..).unwrap_or_default();
    // A server that has no phrase to say may leave out the space too.
    let is_separated = rest.first().is_none_or(|byte| *byte == b' ');
    let reason_start = text.len() - rest.len() + usize::from(!rest.is_empty());
    match status {
        Some(status) if is_separated => {
            let reason = Span::new(reason_start, text.len());
            (Some(StartLine::Response { status, reason }), rule)
        }
        _ => (None, Some(Rule::StartLine)),
    }
}

fn check_version(version: &[u8]) -> Option<Rule> {
    match version.get(..4) {
        Some(prefix) if prefix.eq_ignore_ascii_case(b"SIP/") => {
            (&version[4..] != b"2.0").then_some(Rule::Version)
        }
        _ => Some(Rule::StartLine),
    }
}
