use alloc::borrow::Cow;
use core::slice;

use super::index::{MALFORMED, Slot};
use crate::name::OTHER;
use crate::{HeaderName, Token, text};

/// One header line of a message.
#[derive(Debug, Clone, Copy)]
pub struct HeaderField<'a> {
    bytes: &'a [u8],
    slot: &'a Slot,
}

impl<'a> HeaderField<'a> {
    /// The name; a compact form yields the full name.
    pub fn name(&self) -> HeaderName {
        HeaderName::from_id(self.slot.id).unwrap_or_else(|| {
            let token = core::str::from_utf8(self.raw_name())
                .ok()
                .and_then(|t| Token::new(t).ok());
            HeaderName::Other(token.expect("a header is indexed only when its name is a token"))
        })
    }

    /// Whether this is the header of a known name; compares no text.
    pub(crate) fn is(&self, known: &HeaderName) -> bool {
        self.slot.id == known.id()
    }

    /// The name as received.
    pub fn raw_name(&self) -> &'a [u8] {
        let line = self.slot.line.of(self.bytes);
        line.get(..usize::from(self.slot.name_len))
            .unwrap_or_default()
    }

    /// The value as received without the blanks around it, folds and all.
    pub fn raw_value(&self) -> &'a [u8] {
        self.slot.value.of(self.bytes)
    }

    /// The value with each fold replaced by one space. Only a folded value is copied.
    pub fn value(&self) -> Cow<'a, [u8]> {
        if self.slot.is_folded {
            Cow::Owned(text::unfold(self.raw_value()))
        } else {
            Cow::Borrowed(self.raw_value())
        }
    }

    /// The value as text: UTF-8, or Latin-1 when it is not UTF-8.
    pub fn text(&self) -> Cow<'a, str> {
        text::decode(self.value())
    }

    /// The whole line or lines as received, with their ends.
    pub fn raw_line(&self) -> &'a [u8] {
        self.slot.line.of(self.bytes)
    }
}

/// The header lines of a message, all or those of one name.
#[derive(Debug, Clone)]
pub struct Headers<'a> {
    bytes: &'a [u8],
    slots: slice::Iter<'a, Slot>,
    name: Option<(u8, &'a HeaderName)>,
}

impl<'a> Headers<'a> {
    pub(crate) fn all(bytes: &'a [u8], slots: &'a [Slot]) -> Self {
        Self {
            bytes,
            slots: slots.iter(),
            name: None,
        }
    }

    pub(crate) fn named(bytes: &'a [u8], slots: &'a [Slot], name: &'a HeaderName) -> Self {
        Self {
            bytes,
            slots: slots.iter(),
            name: Some((name.id(), name)),
        }
    }
}

impl<'a> Iterator for Headers<'a> {
    type Item = HeaderField<'a>;

    fn next(&mut self) -> Option<HeaderField<'a>> {
        let (bytes, wanted) = (self.bytes, self.name);
        if let Some((id, _)) = wanted.filter(|(id, _)| *id != OTHER) {
            let slot = self.slots.find(|slot| slot.id == id)?;
            return Some(HeaderField { bytes, slot });
        }
        self.slots
            .by_ref()
            .map(|slot| HeaderField { bytes, slot })
            .find(|field| match wanted {
                None => field.slot.id != MALFORMED,
                Some((_, name)) => {
                    field.slot.id == OTHER
                        && field
                            .raw_name()
                            .eq_ignore_ascii_case(name.as_str().as_bytes())
                }
            })
    }
}
