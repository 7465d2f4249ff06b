//! Lines and columns of places in a text, found without reading the text again.

/// Bytes between two counts of characters; one look-up reads at most twice as many.
const BLOCK: usize = 128;

/// Where the lines of a text begin, and how many characters precede each of its blocks.
///
/// A file may have all its keys in one long line, so columns need a table as much as lines do.
#[derive(Debug)]
pub(super) struct Lines<'t> {
    text: &'t [u8],
    starts: Vec<usize>,
    chars: Vec<usize>,
}

impl<'t> Lines<'t> {
    pub(super) fn of(text: &'t str) -> Self {
        let text = text.as_bytes();
        let breaks = text.iter().enumerate().filter(|(_, byte)| **byte == b'\n');
        let starts = std::iter::once(0).chain(breaks.map(|(at, _)| at + 1));
        let mut before = 0;
        let chars = text.chunks(BLOCK).map(|block| {
            let here = before;
            before += characters(block);
            here
        });
        Self {
            text,
            starts: starts.collect(),
            chars: chars.collect(),
        }
    }

    /// Returns line and column of an offset, both from 1; columns count characters.
    pub(super) fn place(&self, offset: usize) -> (usize, usize) {
        let offset = offset.min(self.text.len());
        let line = self.starts.partition_point(|start| *start <= offset);
        work::count(line.checked_ilog2().unwrap_or(0) as usize);
        let start = self.starts[line - 1];
        let column = self.characters_before(offset) - self.characters_before(start) + 1;
        (line, column)
    }

    fn characters_before(&self, offset: usize) -> usize {
        let block = offset / BLOCK;
        let Some(before) = self.chars.get(block) else {
            // The end of a text whose last block is full.
            let last = self.chars.len().saturating_sub(1);
            let rest = self.text.get(last * BLOCK..).unwrap_or_default();
            return self.chars.last().unwrap_or(&0) + characters(rest);
        };
        before + characters(&self.text[block * BLOCK..offset])
    }
}

/// Counts the bytes that begin a character (RFC 3629 3: the others are 10xxxxxx).
fn characters(bytes: &[u8]) -> usize {
    work::count(bytes.len());
    bytes.iter().filter(|byte| **byte & 0xC0 != 0x80).count()
}

/// Counts what checking a file costs, for the tests: bytes looked at and words compared.
pub(super) mod work {
    #[cfg(not(test))]
    pub(in crate::config) const fn count(_units: usize) {}

    #[cfg(test)]
    std::thread_local! {
        static UNITS: std::cell::Cell<usize> = const { std::cell::Cell::new(0) };
    }

    #[cfg(test)]
    pub(in crate::config) fn count(units: usize) {
        UNITS.with(|sum| sum.set(sum.get() + units));
    }

    /// Returns what `run` cost.
    #[cfg(test)]
    pub(in crate::config) fn during<T>(run: impl FnOnce() -> T) -> usize {
        let before = UNITS.with(std::cell::Cell::get);
        run();
        UNITS.with(std::cell::Cell::get) - before
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(128))]

        #[test]
        fn places_are_those_that_counting_from_the_start_finds(text in "[aä\n€]{0,400}") {
            let lines = Lines::of(&text);
            for (offset, _) in text.char_indices().chain([(text.len(), ' ')]) {
                let before = &text[..offset];
                let line = before.matches('\n').count() + 1;
                let column = before.rsplit('\n').next().unwrap_or("").chars().count() + 1;
                prop_assert_eq!(lines.place(offset), (line, column));
            }
        }
    }
}
