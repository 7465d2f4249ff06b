use thiserror::Error;

use super::sdes::{CNAME, END};
use super::{HEADER_LEN, MAX_COUNT, ReportBlock, SenderInfo, packet_type};
use crate::Ssrc;
use crate::packet::VERSION;

/// Bytes that an SDES item and a BYE reason can hold.
const MAX_TEXT: usize = 255;

/// The packet does not fit the caller's buffer; nothing of it was written.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("an RTCP packet of {need} bytes does not fit the {have} bytes left; give a larger buffer")]
pub struct BufferFull {
    /// Bytes needed.
    pub need: usize,
    /// Bytes left.
    pub have: usize,
}

/// Writes a compound packet into a buffer.
///
/// The caller keeps to the order of RFC 3550 section 6.1: a report first, then SDES with the CNAME,
/// BYE last.
#[derive(Debug)]
pub struct RtcpWriter<'b> {
    buffer: &'b mut [u8],
    len: usize,
}

impl<'b> RtcpWriter<'b> {
    /// Starts an empty compound.
    pub const fn new(buffer: &'b mut [u8]) -> Self {
        Self { buffer, len: 0 }
    }

    /// Adds an SR; report blocks beyond the 31st are left out.
    ///
    /// # Errors
    ///
    /// [`BufferFull`] if it does not fit.
    pub fn sender_report(
        &mut self,
        ssrc: Ssrc,
        info: &SenderInfo,
        reports: &[ReportBlock],
    ) -> Result<(), BufferFull> {
        self.report(packet_type::SENDER_REPORT, ssrc, &info.to_bytes(), reports)
    }

    /// Adds an RR; report blocks beyond the 31st are left out.
    ///
    /// # Errors
    ///
    /// [`BufferFull`] if it does not fit.
    pub fn receiver_report(
        &mut self,
        ssrc: Ssrc,
        reports: &[ReportBlock],
    ) -> Result<(), BufferFull> {
        self.report(packet_type::RECEIVER_REPORT, ssrc, &[], reports)
    }

    /// Adds an SDES with the CNAME of one source, cut to 255 bytes.
    ///
    /// # Errors
    ///
    /// [`BufferFull`] if it does not fit.
    pub fn cname(&mut self, ssrc: Ssrc, cname: &str) -> Result<(), BufferFull> {
        let text = cut(cname);
        // SSRC, item header, text, at least one byte of end, filled to whole words.
        let body = (4 + 2 + text.len() + 1).next_multiple_of(4);
        let out = self.packet(packet_type::SOURCE_DESCRIPTION, 1, body)?;
        let out = put(out, &ssrc.0.to_be_bytes());
        let out = put_text(put(out, &[CNAME]), text);
        out.fill(END);
        Ok(())
    }

    /// Adds a BYE; sources beyond the 31st are left out, the reason is cut to 255 bytes.
    ///
    /// # Errors
    ///
    /// [`BufferFull`] if it does not fit.
    pub fn bye(&mut self, sources: &[Ssrc], reason: Option<&str>) -> Result<(), BufferFull> {
        let sources = &sources[..sources.len().min(MAX_COUNT)];
        let text = reason.map(cut);
        let body = sources.len() * 4 + text.map_or(0, |text| text.len() + 1);
        let body = body.next_multiple_of(4);
        let mut out = self.packet(packet_type::GOODBYE, sources.len(), body)?;
        for ssrc in sources {
            out = put(out, &ssrc.0.to_be_bytes());
        }
        if let Some(text) = text {
            out = put_text(out, text);
        }
        out.fill(0);
        Ok(())
    }

    /// Returns the length of the compound so far.
    #[must_use]
    pub const fn len(&self) -> usize {
        self.len
    }

    /// Tells whether nothing was added.
    #[must_use]
    pub const fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Returns the compound, ready to send.
    #[must_use]
    pub fn finish(self) -> &'b [u8] {
        &self.buffer[..self.len]
    }

    fn report(
        &mut self,
        packet_type: u8,
        ssrc: Ssrc,
        info: &[u8],
        reports: &[ReportBlock],
    ) -> Result<(), BufferFull> {
        let reports = &reports[..reports.len().min(MAX_COUNT)];
        let body = 4 + info.len() + reports.len() * ReportBlock::LEN;
        let out = self.packet(packet_type, reports.len(), body)?;
        let mut out = put(put(out, &ssrc.0.to_be_bytes()), info);
        for block in reports {
            out = put(out, &block.to_bytes());
        }
        Ok(())
    }

    /// Writes a header and returns the space for the body, which is whole words.
    fn packet(
        &mut self,
        packet_type: u8,
        count: usize,
        body: usize,
    ) -> Result<&mut [u8], BufferFull> {
        let free = &mut self.buffer[self.len..];
        let (need, have) = (HEADER_LEN + body, free.len());
        let out = free.get_mut(..need).ok_or(BufferFull { need, have })?;
        // The largest body, an SR of 31 blocks, has 192 words; a count fits five bits.
        let words = (body / 4) as u16;
        let out = put(out, &[VERSION << 6 | count as u8, packet_type]);
        let out = put(out, &words.to_be_bytes());
        self.len += need;
        Ok(out)
    }
}

/// Cuts a text to what a length byte can say, at a character's boundary.
fn cut(text: &str) -> &[u8] {
    &text.as_bytes()[..text.floor_char_boundary(MAX_TEXT)]
}

/// Writes `bytes` and returns the space behind them.
fn put<'o>(out: &'o mut [u8], bytes: &[u8]) -> &'o mut [u8] {
    let (head, rest) = out.split_at_mut(bytes.len());
    head.copy_from_slice(bytes);
    rest
}

/// Writes a length byte and a text of at most 255 bytes.
fn put_text<'o>(out: &'o mut [u8], text: &[u8]) -> &'o mut [u8] {
    put(put(out, &[text.len() as u8]), text)
}
