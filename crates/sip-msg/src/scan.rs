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
    IS_TOKEN[byte as usize]
}

static IS_TOKEN: [bool; 256] = {
    let mut table = [false; 256];
    let mut byte = 0;
    while byte < 128u8 {
        table[byte as usize] = byte.is_ascii_alphanumeric()
            || matches!(
                byte,
                b'-' | b'.' | b'!' | b'%' | b'*' | b'_' | b'+' | b'`' | b'\'' | b'~'
            );
        byte += 1;
    }
    table
};

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
#[inline]
pub(crate) fn trim(text: &str) -> &str {
    let bytes = text.as_bytes();
    let (mut start, mut end) = (0, bytes.len());
    while start < end && is_blank(bytes[start]) {
        start += 1;
    }
    while start < end && is_blank(bytes[end - 1]) {
        end -= 1;
    }
    &text[start..end]
}

/// Reads a whole text of digits; a sign, a blank or an overflow is no number.
#[inline]
pub(crate) fn number<T: FromStr>(text: &str) -> Option<T> {
    visit(text.len());
    let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
    if digits { text.parse().ok() } else { None }
}

/// Finds the first `stop` outside quoted strings and, if `angles`, outside `<...>`.
///
/// Returns the length of the text when there is none; an unclosed quote reaches to the end.
pub(crate) fn find_outside(text: impl AsRef<[u8]>, stop: u8, angles: bool) -> usize {
    let bytes = text.as_ref();
    let opening = if angles { b'<' } else { stop };
    let mut at = 0;
    let found = loop {
        let rest = bytes.get(at..).unwrap_or_default();
        let Some(len) = memchr::memchr3(stop, b'"', opening, rest) else {
            break bytes.len();
        };
        at += len;
        let end = match bytes[at] {
            byte if byte == stop => break at,
            b'"' => quoted_end(bytes, at),
            // RFC 3986: a quote cannot stand in a URI, so inside angles it is plain text.
            _ => find(b'>', &bytes[at..]).map_or(bytes.len(), |len| at + len),
        };
        at = end + 1;
    };
    visit(found + 1);
    found
}

/// The index of the quote that closes the one at `open`, or the length of the text.
pub(crate) fn quoted_end(bytes: &[u8], open: usize) -> usize {
    let mut at = open + 1;
    while let Some(len) = bytes
        .get(at..)
        .and_then(|rest| memchr::memchr2(b'"', b'\\', rest))
    {
        at += len;
        if bytes[at] == b'"' {
            visit(at - open);
            return at;
        }
        at += 2;
    }
    visit(bytes.len() - open);
    bytes.len()
}

/// Splits at the first `stop` as [`find_outside`] finds it: what is before, and after it.
pub(crate) fn split_outside(text: &str, stop: u8, angles: bool) -> (&str, Option<&str>) {
    let at = find_outside(text, stop, angles);
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
