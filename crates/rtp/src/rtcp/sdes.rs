use super::packet_type;
use crate::read::take_slice;
use crate::{RtpError, Ssrc};

/// The item that ends a chunk.
pub(super) const END: u8 = 0;
/// The canonical name of a source.
pub(super) const CNAME: u8 = 1;

/// An SDES packet: descriptions of sources.
///
/// # Standard
///
/// RFC 3550 section 6.5.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SourceDescription<'a> {
    count: u8,
    body: &'a [u8],
}

impl<'a> SourceDescription<'a> {
    /// Checks all chunks, so that walking them cannot fail.
    pub(super) fn parse(count: u8, body: &'a [u8]) -> Result<Self, RtpError> {
        let mut rest = body;
        for _ in 0..count {
            SdesChunk::take(&mut rest).ok_or(RtpError::RtcpCount {
                packet_type: packet_type::SOURCE_DESCRIPTION,
            })?;
        }
        Ok(Self { count, body })
    }

    /// Walks the chunks, one for each source.
    #[must_use]
    pub const fn chunks(&self) -> SdesChunks<'a> {
        SdesChunks {
            remaining: self.count,
            rest: self.body,
        }
    }
}

/// Walks the chunks of an SDES packet, of which there are at most 31.
#[derive(Clone, Debug)]
pub struct SdesChunks<'a> {
    remaining: u8,
    rest: &'a [u8],
}

impl<'a> Iterator for SdesChunks<'a> {
    type Item = SdesChunk<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        self.remaining = self.remaining.checked_sub(1)?;
        SdesChunk::take(&mut self.rest)
    }
}

/// What an SDES packet says of one source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SdesChunk<'a> {
    /// The source.
    pub ssrc: Ssrc,
    items: &'a [u8],
}

impl<'a> SdesChunk<'a> {
    /// Walks the items.
    #[must_use]
    pub const fn items(&self) -> SdesItems<'a> {
        SdesItems { rest: self.items }
    }

    /// Returns the canonical name, which every source must have.
    #[must_use]
    pub fn cname(&self) -> Option<&'a [u8]> {
        self.items()
            .find(|item| item.kind == CNAME)
            .map(|item| item.text)
    }

    /// Takes a chunk with its end and the zeros that fill its last word.
    fn take(rest: &mut &'a [u8]) -> Option<Self> {
        let (ssrc, after_ssrc) = rest.split_first_chunk::<4>()?;
        let mut items = SdesItems { rest: after_ssrc };
        items.by_ref().for_each(drop);
        let length = after_ssrc.len() - items.rest.len();
        // A chunk starts on a word and its SSRC fills one, so its items end on one as well.
        let filled = (length + 1).next_multiple_of(4);
        if items.rest.first() != Some(&END) || filled > after_ssrc.len() {
            return None;
        }
        *rest = &after_ssrc[filled..];
        Some(Self {
            ssrc: Ssrc(u32::from_be_bytes(*ssrc)),
            items: &after_ssrc[..length],
        })
    }
}

/// Walks the items of a chunk.
#[derive(Clone, Debug)]
pub struct SdesItems<'a> {
    rest: &'a [u8],
}

impl<'a> Iterator for SdesItems<'a> {
    type Item = SdesItem<'a>;

    fn next(&mut self) -> Option<Self::Item> {
        let (&[kind, length], mut rest) = self.rest.split_first_chunk::<2>()?;
        if kind == END {
            return None;
        }
        let text = take_slice(&mut rest, usize::from(length)).ok()?;
        self.rest = rest;
        Some(SdesItem { kind, text })
    }
}

/// One fact about a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct SdesItem<'a> {
    /// What the text is: 1 CNAME, 2 NAME, 3 EMAIL, 4 PHONE, 5 LOC, 6 TOOL, 7 NOTE, 8 PRIV.
    pub kind: u8,
    /// The text, in UTF-8 if its sender kept to the standard.
    pub text: &'a [u8],
}
