//! Digits, as RTP packets and as INFO requests.
//!
//! Two types of INFO body are in use: `application/dtmf-relay` with `Signal=` and `Duration=`
//! lines, and `application/dtmf` with the digit alone. Neither is a standard; both are what phones
//! send.

use std::collections::VecDeque;
use std::time::Duration;

use plenum_sip_msg::{Message, StatusCode};
use plenum_sip_ua::{Body, ClientRequestKey};

use super::Driver;
use super::sip::stated;
use crate::call::DigitMethod;
use crate::error::SessionError;
use crate::link::{CallId, Reply};

/// How long a digit that we send lasts.
pub(super) const TONE: Duration = Duration::from_millis(100);

/// The pause behind it.
pub(super) const GAP: Duration = Duration::from_millis(100);

/// Digits in one order.
const DIGITS_MAX: usize = 64;

/// Orders of digits that wait on one call.
const DIGIT_ORDERS_MAX: usize = 16;

/// Length of a digit whose sender names none.
const DEFAULT_DURATION: Duration = Duration::from_millis(250);

/// Longest duration that is believed, in milliseconds.
const DURATION_MS_MAX: u64 = 10_000;

/// Digits that go out one INFO after the other.
#[derive(Debug, Default)]
pub(super) struct InfoDigits {
    waiting: VecDeque<(VecDeque<char>, Reply<()>)>,
    under_way: Option<ClientRequestKey>,
}

impl InfoDigits {
    /// The call is over: those who wait see how it ended.
    pub(super) fn fail(&mut self) {
        *self = Self::default();
    }
}

impl Driver {
    pub(super) fn send_digits(
        &mut self,
        id: CallId,
        digits: &str,
        method: DigitMethod,
        reply: Reply<()>,
    ) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        let checked = session
            .must_be_up("send digits")
            .and_then(|()| check(digits));
        let digits = match checked {
            Ok(digits) => digits,
            Err(error) => return reply.send(Err(error)),
        };
        match method {
            DigitMethod::Rtp if !session.status().telephone_event => {
                reply.send(Err(SessionError::NoTelephoneEvent));
            }
            DigitMethod::Rtp => {
                self.media.send_digits(session.seat.leg, digits);
                reply.send(Ok(()));
            }
            DigitMethod::Info if session.info.waiting.len() >= DIGIT_ORDERS_MAX => {
                let limit = DIGIT_ORDERS_MAX;
                reply.send(Err(SessionError::Limit {
                    what: "orders of digits",
                    limit,
                }));
            }
            DigitMethod::Info => {
                session.info.waiting.push_back((digits.into(), reply));
                self.next_info(id);
            }
        }
    }

    /// Sends the next digit, if none is under way.
    fn next_info(&mut self, id: CallId) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        let info = &mut session.info;
        while info.under_way.is_none()
            && let Some((digits, _)) = info.waiting.front_mut()
        {
            let outcome = match digits.pop_front() {
                None => Ok(()),
                Some(digit) => match self.sip.info(session.key, body(digit)) {
                    Ok(key) => {
                        info.under_way = Some(key);
                        return;
                    }
                    Err(error) => Err(error.into()),
                },
            };
            if let Some((_, reply)) = info.waiting.pop_front() {
                reply.send(outcome);
            }
        }
    }

    pub(super) fn info_answered(
        &mut self,
        id: CallId,
        key: ClientRequestKey,
        response: Option<&Message>,
    ) {
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        if session.info.under_way != Some(key) {
            return;
        }
        session.info.under_way = None;
        let status = response
            .and_then(Message::status)
            .unwrap_or(StatusCode::REQUEST_TIMEOUT);
        if !status.is_success()
            && let Some((_, reply)) = session.info.waiting.pop_front()
        {
            let text = response.and_then(stated);
            reply.send(Err(SessionError::Refused { status, text }));
        }
        self.next_info(id);
    }
}

fn check(digits: &str) -> Result<Vec<char>, SessionError> {
    let digits: Vec<char> = digits
        .chars()
        .map(|digit| digit.to_ascii_uppercase())
        .collect();
    if digits.len() > DIGITS_MAX {
        return Err(SessionError::Limit {
            what: "digits at a time",
            limit: DIGITS_MAX,
        });
    }
    match digits.iter().find(|digit| !is_digit(**digit)) {
        Some(other) => Err(SessionError::NoDigit(*other)),
        None => Ok(digits),
    }
}

const fn is_digit(key: char) -> bool {
    matches!(key, '0'..='9' | 'A'..='D' | '*' | '#')
}

fn body(digit: char) -> Body {
    let content_type = "application/dtmf-relay"
        .parse()
        .expect("a constant media type is valid");
    let text = format!("Signal={digit}\r\nDuration={}\r\n", TONE.as_millis());
    Body {
        content_type,
        bytes: text.into(),
    }
}

/// Reads the digit of an INFO request; nothing if it has no body (a keep-alive).
pub(super) fn read(
    request: &Message,
) -> Result<Option<(char, Duration)>, (StatusCode, &'static str)> {
    let body = request.body();
    let kind = request.content_type().ok().flatten();
    let is = |subtype| {
        kind.as_ref()
            .is_some_and(|kind| kind.is("application", subtype))
    };
    let digit = if is("dtmf-relay") {
        read_relay(&body)
    } else if is("dtmf") {
        str::from_utf8(&body)
            .ok()
            .and_then(|text| Some((signal(text.trim())?, DEFAULT_DURATION)))
    } else if body.is_empty() {
        return Ok(None);
    } else {
        let why = "INFO carries digits here; send application/dtmf-relay";
        return Err((StatusCode::UNSUPPORTED_MEDIA_TYPE, why));
    };
    let none = "no digit in the body; send Signal=5 with one of 0-9 * # A-D";
    digit.map(Some).ok_or((StatusCode::BAD_REQUEST, none))
}

fn read_relay(body: &[u8]) -> Option<(char, Duration)> {
    let text = str::from_utf8(body).ok()?;
    let value = |name: &str| {
        let mut fields = text.lines().filter_map(|line| line.split_once('='));
        let field = fields.find(|(field, _)| field.trim().eq_ignore_ascii_case(name));
        field.map(|(_, value)| value.trim())
    };
    let digit = signal(value("Signal")?)?;
    let millis = value("Duration").and_then(|value| value.parse::<u64>().ok());
    let duration = millis.map(|millis| Duration::from_millis(millis.min(DURATION_MS_MAX)));
    Some((digit, duration.unwrap_or(DEFAULT_DURATION)))
}

/// Reads a signal: the key itself, or its event number (RFC 4733 3.2) for `*` and `#`.
fn signal(text: &str) -> Option<char> {
    match text {
        "10" => return Some('*'),
        "11" => return Some('#'),
        _ => {}
    }
    let mut chars = text.chars();
    let key = chars.next()?.to_ascii_uppercase();
    (chars.next().is_none() && is_digit(key)).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_we_send_we_read() {
        for digit in "0123456789ABCD*#".chars() {
            assert_eq!(read_relay(&body(digit).bytes), Some((digit, TONE)));
        }
    }

    #[test]
    fn other_spellings_are_read_and_other_texts_refused() {
        let read = |text: &str| read_relay(text.as_bytes()).map(|(digit, _)| digit);
        assert_eq!(read("signal = 10\r\nduration= 99999999\r\n"), Some('*'));
        assert_eq!(read("Signal=d"), Some('D'));
        for none in ["", "Signal=", "Signal=12", "Duration=5", "Signal=x"] {
            assert_eq!(read(none), None);
        }
        assert_eq!(read_relay(b"Signal=\xff"), None);
    }

    #[test]
    fn digits_are_checked_before_they_are_sent() {
        assert_eq!(check("1a#").unwrap(), ['1', 'A', '#']);
        assert!(
            check("12x")
                .unwrap_err()
                .to_string()
                .contains("`X` is no digit")
        );
        assert!(
            check(&"1".repeat(65))
                .unwrap_err()
                .to_string()
                .contains("limit of 64 digits")
        );
    }
}
