//! Percent-escapes (RFC 3261 19.1.2).

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use crate::text;

/// Which characters of a URI part stand for themselves.
#[derive(Debug, Clone, Copy)]
pub(super) enum Part {
    User,
    Password,
    Param,
    Header,
    Extended,
}

impl Part {
    const fn allows(self, byte: u8) -> bool {
        if matches!(self, Self::Extended) {
            return byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'.' | b'_' | b'~');
        }
        if byte.is_ascii_alphanumeric()
            || matches!(
                byte,
                b'-' | b'_' | b'.' | b'!' | b'~' | b'*' | b'\'' | b'(' | b')'
            )
        {
            return true;
        }
        match self {
            Self::User => matches!(byte, b'&' | b'=' | b'+' | b'$' | b',' | b';' | b'?' | b'/'),
            Self::Password => matches!(byte, b'&' | b'=' | b'+' | b'$' | b','),
            Self::Param => matches!(byte, b'[' | b']' | b'/' | b':' | b'&' | b'+' | b'$'),
            Self::Extended => false,
            Self::Header => matches!(byte, b'[' | b']' | b'/' | b'?' | b':' | b'+' | b'$'),
        }
    }
}

/// Replaces escapes by what they stand for; a broken escape stands for itself.
pub(super) fn decode(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    Cow::Owned(text::decode(Cow::Owned(decode_octets(text))).into_owned())
}

/// Replaces the escapes that make no difference (RFC 3261 19.1.4): a reserved character is not the
/// same as its escape, any other is.
pub(super) fn normal(text: &str) -> Cow<'_, str> {
    if !text.contains('%') {
        return Cow::Borrowed(text);
    }
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text.as_bytes();
    while let Some((&first, tail)) = rest.split_first() {
        let escape = rest.get(..3).filter(|_| first == b'%');
        let octet = escape.and_then(|escape| hex(&escape[1..]));
        match (octet, escape) {
            (Some(octet), Some(escape)) if b";/?:@&=+$,%".contains(&octet) => {
                out.extend(escape.iter().map(u8::to_ascii_uppercase));
                rest = &rest[3..];
            }
            (Some(octet), Some(_)) => {
                out.push(octet);
                rest = &rest[3..];
            }
            _ => {
                out.push(first);
                rest = tail;
            }
        }
    }
    Cow::Owned(text::decode(Cow::Owned(out)).into_owned())
}

/// Replaces escapes by the octets they stand for.
pub(crate) fn decode_octets(text: &str) -> Vec<u8> {
    let bytes = text.as_bytes();
    let mut out = Vec::with_capacity(bytes.len());
    let mut at = 0;
    while at < bytes.len() {
        let escaped = (bytes[at] == b'%')
            .then(|| bytes.get(at + 1..at + 3))
            .flatten();
        match escaped.and_then(hex) {
            Some(byte) => {
                out.push(byte);
                at += 3;
            }
            None => {
                out.push(bytes[at]);
                at += 1;
            }
        }
    }
    out
}

/// Escapes all but the characters of a value of RFC 5987 3.2.1.
pub(crate) fn encode_ext(text: &str) -> String {
    encode(text, Part::Extended)
}

/// Escapes what may not stand in the part.
pub(super) fn encode(text: &str, part: Part) -> String {
    const HEX: &[u8; 16] = b"0123456789ABCDEF";
    let mut out = String::with_capacity(text.len());
    for byte in text.bytes() {
        if part.allows(byte) {
            out.push(char::from(byte));
        } else {
            out.push('%');
            out.push(char::from(HEX[usize::from(byte >> 4)]));
            out.push(char::from(HEX[usize::from(byte & 15)]));
        }
    }
    out
}

fn hex(digits: &[u8]) -> Option<u8> {
    let digit = |byte: u8| {
        char::from(byte)
            .to_digit(16)
            .and_then(|value| u8::try_from(value).ok())
    };
    Some(digit(digits[0])? << 4 | digit(digits[1])?)
}
