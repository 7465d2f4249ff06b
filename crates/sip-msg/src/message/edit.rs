use alloc::vec::Vec;
use core::net::IpAddr;
use core::ops::Range;

use bytes::Bytes;

use super::Message;
use super::index::offset;
use crate::scan::{find_outside, is_blank};
use crate::{HeaderName, Rport};

/// Edits make a changed copy; what they do not name keeps its octets.
impl Message {
    /// Notes in the topmost Via where the message came from, as a server must before it answers.
    ///
    /// Returns a plain clone when there is nothing to note, or no Via to note it in.
    ///
    /// # Standard
    ///
    /// RFC 3261 section 18.2.1: `received` when sent-by is a name or another address. RFC 3581
    /// section 4: both parameters are filled in when the client sent `rport`.
    pub fn with_top_via_received(&self, address: IpAddr, port: u16) -> Self {
        let Ok(via) = self.top_via() else {
            return self.clone();
        };
        let asked = via.rport() != Rport::Absent;
        let is_other = via.host.ip() != Some(address);
        if !asked && !is_other && !via.params.has("received") {
            return self.clone();
        }
        let Some((slot, first)) = self.first_value(&HeaderName::Via) else {
            return self.clone();
        };
        let mut edited = without_params(&self.bytes[first.clone()], &[b"received", b"rport"]);
        if asked {
            edited.extend_from_slice(alloc::format!(";rport={port}").as_bytes());
        }
        if asked || is_other {
            edited.extend_from_slice(alloc::format!(";received={address}").as_bytes());
        }
        self.spliced(slot, first, &edited)
    }

    /// Removes the first value of a list header, such as the Route that this hop is.
    pub fn without_top(&self, name: &HeaderName) -> Self {
        let Some((slot, first)) = self.first_value(name) else {
            return self.clone();
        };
        let value = self.index.slots[slot].value;
        let rest = &self.bytes[first.end..value.end as usize];
        // After the value comes the comma, if any value follows.
        let blanks = rest
            .iter()
            .skip(1)
            .take_while(|byte| is_blank(**byte))
            .count();
        match rest.len() {
            0 => self.without_line(slot),
            _ => self.spliced(slot, first.start..first.end + 1 + blanks, b""),
        }
    }

    /// The slot and range of the first value of a header.
    fn first_value(&self, name: &HeaderName) -> Option<(usize, Range<usize>)> {
        let slot = self.index.slots.iter().position(|slot| match name {
            HeaderName::Other(other) => {
                let line = slot.line.of(&self.bytes);
                slot.id == crate::name::OTHER
                    && line
                        .get(..usize::from(slot.name_len))
                        .is_some_and(|raw| raw.eq_ignore_ascii_case(other.as_bytes()))
            }
            known => slot.id == known.id(),
        })?;
        let value = self.index.slots[slot].value;
        let start = value.start as usize;
        let raw = value.of(&self.bytes);
        let len = if name.is_list() {
            find_outside(raw, b',', true)
        } else {
            raw.len()
        };
        Some((slot, start..start + len))
    }

    /// Replaces a range inside the value of one slot.
    fn spliced(&self, slot: usize, range: Range<usize>, new: &[u8]) -> Self {
        let mut bytes = Vec::with_capacity(self.bytes.len() - range.len() + new.len());
        bytes.extend_from_slice(&self.bytes[..range.start]);
        bytes.extend_from_slice(new);
        bytes.extend_from_slice(&self.bytes[range.end..]);
        let (old, new) = (offset(range.len()), offset(new.len()));
        let mut index = (*self.index).clone();
        let edited = &mut index.slots[slot];
        edited.value.end = edited.value.end - old + new;
        edited.line.end = edited.line.end - old + new;
        for later in &mut index.slots[slot + 1..] {
            later.line.shift(old, new);
            later.value.shift(old, new);
        }
        index.body_start = index.body_start - old + new;
        Self::from_parts(Bytes::from(bytes), index)
    }

    fn without_line(&self, slot: usize) -> Self {
        let line = self.index.slots[slot].line;
        let mut index = (*self.index).clone();
        index.slots.remove(slot);
        let gone = line.end - line.start;
        for later in &mut index.slots[slot..] {
            later.line.shift(gone, 0);
            later.value.shift(gone, 0);
        }
        index.body_start -= gone;
        let mut bytes = Vec::with_capacity(self.bytes.len() - gone as usize);
        bytes.extend_from_slice(&self.bytes[..line.start as usize]);
        bytes.extend_from_slice(&self.bytes[line.end as usize..]);
        Self::from_parts(Bytes::from(bytes), index)
    }
}

/// The octets of one value without the named parameters.
fn without_params(value: &[u8], names: &[&[u8]]) -> Vec<u8> {
    let mut out = Vec::with_capacity(value.len() + 64);
    let mut rest = value;
    let mut is_first = true;
    loop {
        let end = find_outside(rest, b';', false);
        let piece = &rest[..end];
        let name_end = find_outside(piece, b'=', false);
        let name = piece[..name_end].trim_ascii();
        let is_named = names.iter().any(|other| other.eq_ignore_ascii_case(name));
        if is_first || !is_named {
            if !is_first {
                out.push(b';');
            }
            out.extend_from_slice(piece);
        }
        is_first = false;
        match rest.get(end + 1..) {
            Some(after) => rest = after,
            None => break,
        }
    }
    while out.last().is_some_and(|byte| is_blank(*byte)) {
        out.pop();
    }
    out
}
