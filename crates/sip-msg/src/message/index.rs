use smallvec::SmallVec;

use crate::{Method, StatusCode};

/// Headers whose table needs no allocation of its own.
const SLOTS_INLINE: usize = 24;

/// The header lines of a message or part, in order.
pub(crate) type Slots = SmallVec<[Slot; SLOTS_INLINE]>;

/// The id of a line that is no header.
pub(crate) const MALFORMED: u8 = u8::MAX;

/// Where the parts of a message are.
#[derive(Debug, Clone)]
pub(crate) struct Index {
    pub(crate) start: StartLine,
    pub(crate) slots: Slots,
    pub(crate) body_start: u32,
}

#[derive(Debug, Clone)]
pub(crate) enum StartLine {
    Request { method: Method, uri: Span },
    Response { status: StatusCode, reason: Span },
}

/// One header line, with the lines folded into it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Slot {
    /// The whole line with its end.
    pub(crate) line: Span,
    /// The value without the blanks around it.
    pub(crate) value: Span,
    pub(crate) name_len: u16,
    /// What [`crate::name::id_of`] says about the name, or [`MALFORMED`].
    pub(crate) id: u8,
    pub(crate) is_folded: bool,
}

/// A range of octets of a message.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Span {
    pub(crate) start: u32,
    pub(crate) end: u32,
}

impl Span {
    /// A span; messages of 4 GiB are refused before their spans are made.
    pub(crate) fn new(start: usize, end: usize) -> Self {
        Self {
            start: offset(start),
            end: offset(end),
        }
    }

    /// The octets of the span.
    #[inline]
    pub(crate) fn of(self, bytes: &[u8]) -> &[u8] {
        bytes
            .get(self.start as usize..self.end as usize)
            .unwrap_or_default()
    }

    /// Moves the span when octets before it became `new` instead of `old` many.
    pub(crate) fn shift(&mut self, old: u32, new: u32) {
        self.start = self.start - old + new;
        self.end = self.end - old + new;
    }
}

pub(crate) fn offset(at: usize) -> u32 {
    // Messages of 4 GiB are refused before; what is built is cut there.
    at.min(u32::MAX as usize) as u32
}
