//! The scanning primitives; every loop over received octets is one of these.

use core::str::FromStr;

#[inline]
pub(crate) fn visit(_count: usize) {
    #[cfg(test)]
    visited::add(_count);
}

/// Finds the first `needle`.
#[inline]
pub(crate) fn find(needle: u8, hay: &[u8]) -> Option<usize> {
    let found = memchr::memchr(needle, hay);
    visit(found.map_or(hay.len(), |at| at + 1));
    found
}

/// Whether an octet may stand in a token (RFC 3261 25.1).
#[inline]
pub(crate) const fn is_token_byte(byte: u8) -> bool {
    byte.is_ascii_alphanumeric()
        || matches!(
            byte,
            b'-' | b'.' | b'!' | b'%' | b'*' | b'_' | b'+' | b'`' | b'\'' | b'~'
        )
}

/// Whether the octets are a token: at least one character, all of the token set.
#[inline]
pub(crate) fn is_token(bytes: &[u8]) -> bool {
    visit(bytes.len());
    !bytes.is_empty() && bytes.iter().all(|byte| is_token_byte(*byte))
}

#[inline]
pub(crate) const fn is_blank(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t' | b'\r' | b'\n')
}

/// Removes blanks and line folds at both ends.
pub(crate) fn trim(text: &str) -> &str {
    text.trim_matches([' ', '\t', '\r', '\n'])
}

/// Reads a whole text of digits; a sign, a blank or an overflow is no number.
pub(crate) fn number<T: FromStr>(text: &str) -> Option<T> {
    visit(text.len());
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

/// Finds the first of `stops` outside quoted strings and, if `angles`, outside `<...>`.
///
/// Returns the length of the text when there is none; an unclosed quote reaches to the end.
pub(crate) fn find_outside(text: impl AsRef<[u8]>, stops: &[u8], angles: bool) -> usize {
    let bytes = text.as_ref();
    let mut at = 0;
    let mut in_angles = false;
    while at < bytes.len() {
        match bytes[at] {
            // RFC 3986: a quote cannot stand in a URI, so inside angles it is plain text.
            b'"' if !in_angles => at = quoted_end(bytes, at),
            b'<' if angles => in_angles = true,
            b'>' if angles => in_angles = false,
            byte if !in_angles && stops.contains(&byte) => break,
            _ => {}
        }
        at += 1;
    }
    let at = at.min(bytes.len());
    visit(at + 1);
    at
}

/// The index of the quote that closes the one at `open`, or the length of the text.
pub(crate) fn quoted_end(bytes: &[u8], open: usize) -> usize {
    let mut at = open + 1;
    while at < bytes.len() {
        match bytes[at] {
            b'\\' => at += 1,
            b'"' => return at,
            _ => {}
        }
        at += 1;
    }
    visit(at.min(bytes.len()) - open);
    bytes.len()
}

/// Whether a quoted string of the text has no closing quote.
pub(crate) fn has_open_quote(text: &str) -> bool {
    let bytes = text.as_bytes();
    let mut at = 0;
    while let Some(len) = find(b'"', &bytes[at..]) {
        let close = quoted_end(bytes, at + len);
        if close == bytes.len() {
            return true;
        }
        at = close + 1;
    }
    false
}

/// Splits at the first of `stops` as [`find_outside`] finds it: what is before, and after it.
pub(crate) fn split_outside(text: &str, stop: u8, angles: bool) -> (&str, Option<&str>) {
    let at = find_outside(text, &[stop], angles);
    (&text[..at], text.get(at + 1..))
}

/// Counts the octets looked at in tests, so that linear cost is a law that can be checked.
#[cfg(test)]
pub(crate) mod visited {
    use core::cell::Cell;

    std::thread_local! {
        static VISITED: Cell<usize> = const { Cell::new(0) };
    }

    pub(crate) fn add(count: usize) {
        VISITED.with(|visited| visited.set(visited.get() + count));
    }

    /// Runs `work` and returns how many octets it looked at.
    pub(crate) fn during(work: impl FnOnce()) -> usize {
        VISITED.with(|visited| visited.set(0));
        work();
        VISITED.with(Cell::get)
    }
}
