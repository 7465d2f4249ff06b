//! Received octets as text: unfolding and character sets.

use alloc::borrow::Cow;
use alloc::string::String;
use alloc::vec::Vec;

use crate::scan::visit;

/// Replaces each line fold by one space (RFC 3261 7.3.1).
pub(crate) fn unfold(value: &[u8]) -> Vec<u8> {
    visit(value.len());
    let mut out = Vec::with_capacity(value.len());
    let mut in_fold = false;
    for &byte in value {
        match byte {
            b'\r' | b'\n' => {
                while out.last().is_some_and(|last| matches!(last, b' ' | b'\t')) {
                    out.pop();
                }
                in_fold = true;
            }
            b' ' | b'\t' if in_fold => {}
            _ => {
                if in_fold && !out.is_empty() {
                    out.push(b' ');
                }
                in_fold = false;
                out.push(byte);
            }
        }
    }
    out
}

/// Reads octets as UTF-8, or as Latin-1 where they are not UTF-8, so that nothing is lost.
pub(crate) fn decode(value: Cow<'_, [u8]>) -> Cow<'_, str> {
    visit(value.len());
    match value {
        Cow::Borrowed(bytes) => match core::str::from_utf8(bytes) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => Cow::Owned(latin1(bytes)),
        },
        Cow::Owned(bytes) => Cow::Owned(match String::from_utf8(bytes) {
            Ok(text) => text,
            Err(error) => latin1(error.as_bytes()),
        }),
    }
}

fn latin1(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| char::from(*byte)).collect()
}
