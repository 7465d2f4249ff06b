use crate::RtpError;

/// Takes the first `N` bytes off `bytes`.
pub(crate) fn take<const N: usize>(bytes: &mut &[u8]) -> Result<[u8; N], RtpError> {
    let have = bytes.len();
    let (head, rest) = bytes
        .split_first_chunk::<N>()
        .ok_or(RtpError::Truncated { need: N, have })?;
    *bytes = rest;
    Ok(*head)
}

/// Takes the first `count` bytes off `bytes`.
pub(crate) fn take_slice<'a>(bytes: &mut &'a [u8], count: usize) -> Result<&'a [u8], RtpError> {
    let have = bytes.len();
    let (head, rest) = bytes
        .split_at_checked(count)
        .ok_or(RtpError::Truncated { need: count, have })?;
    *bytes = rest;
    Ok(head)
}

/// Takes a 16-bit number in network byte order.
pub(crate) fn take_u16(bytes: &mut &[u8]) -> Result<u16, RtpError> {
    take(bytes).map(u16::from_be_bytes)
}

/// Takes a 32-bit number in network byte order.
pub(crate) fn take_u32(bytes: &mut &[u8]) -> Result<u32, RtpError> {
    take(bytes).map(u32::from_be_bytes)
}

/// Removes the padding that the last byte counts.
pub(crate) fn strip_padding(bytes: &[u8]) -> Result<&[u8], RtpError> {
    // RFC 3550 5.1: the count includes itself, so zero is impossible.
    let count = bytes.last().copied().unwrap_or(0);
    match bytes.len().checked_sub(usize::from(count)) {
        Some(kept) if count > 0 => Ok(&bytes[..kept]),
        _ => Err(RtpError::Padding(count)),
    }
}
