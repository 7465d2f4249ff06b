//! Digits in the body of an INFO request.
//!
//! Two types are in use: `application/dtmf-relay` with `Signal=` and `Duration=` lines, and
//! `application/dtmf` with the digit alone. Neither is a standard; both are what phones send.

use core::time::Duration;

/// Length of a digit whose sender names none.
const DEFAULT_DURATION: Duration = Duration::from_millis(250);

/// Longest duration that is believed, in milliseconds.
const DURATION_MS_MAX: u64 = 10_000;

/// Reads a digit from the body of an INFO of `application/SUBTYPE`.
pub(crate) fn digit(subtype: &str, body: &[u8]) -> Option<(char, Duration)> {
    let text = core::str::from_utf8(body).ok()?;
    if subtype.eq_ignore_ascii_case("dtmf") {
        return Some((signal(text.trim())?, DEFAULT_DURATION));
    }
    let digit = signal(value(text, "Signal")?)?;
    let millis = value(text, "Duration").and_then(|value| value.parse::<u64>().ok());
    let duration = millis.map_or(DEFAULT_DURATION, |millis| {
        Duration::from_millis(millis.min(DURATION_MS_MAX))
    });
    Some((digit, duration))
}

fn value<'t>(text: &'t str, name: &str) -> Option<&'t str> {
    let mut fields = text.lines().filter_map(|line| line.split_once('='));
    fields
        .find(|(field, _)| field.trim().eq_ignore_ascii_case(name))
        .map(|(_, value)| value.trim())
}

/// Reads a signal: the key itself, or its event number (RFC 4733 section 3.2) for `*` and `#`.
fn signal(text: &str) -> Option<char> {
    match text {
        "10" => return Some('*'),
        "11" => return Some('#'),
        _ => {}
    }
    let mut chars = text.chars();
    let key = chars.next()?.to_ascii_uppercase();
    (chars.next().is_none() && matches!(key, '0'..='9' | 'A'..='D' | '*' | '#')).then_some(key)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_both_body_types() {
        let relay = b"Signal= 5\r\nDuration=160\r\n";
        assert_eq!(
            digit("dtmf-relay", relay),
            Some(('5', Duration::from_millis(160)))
        );
        assert_eq!(digit("dtmf", b"#"), Some(('#', DEFAULT_DURATION)));
        assert_eq!(
            digit("DTMF-relay", b"Signal=10\n"),
            Some(('*', DEFAULT_DURATION))
        );
    }

    #[test]
    fn refuses_what_is_no_digit() {
        for body in [
            &b"Signal=12\r\n"[..],
            b"Signal=\r\n",
            b"",
            b"\xff\xfe",
            b"Duration=100",
        ] {
            assert_eq!(digit("dtmf-relay", body), None);
        }
    }
}
