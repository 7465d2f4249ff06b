//! Which positions of a timeline are filled.

/// Gaps that are told apart; a packet that would open one more is refused.
const SPANS_MAX: usize = 16;

/// Filled stretches of a timeline, in order and apart from each other.
#[derive(Clone, Debug, Default)]
pub(super) struct Spans {
    list: [Span; SPANS_MAX],
    len: usize,
}

/// A filled stretch, `start..end`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Span {
    pub(super) start: u64,
    pub(super) end: u64,
}

impl Spans {
    pub(super) fn as_slice(&self) -> &[Span] {
        &self.list[..self.len]
    }

    pub(super) fn first(&self) -> Option<Span> {
        self.as_slice().first().copied()
    }

    pub(super) fn end(&self) -> Option<u64> {
        self.as_slice().last().map(|span| span.end)
    }

    pub(super) fn clear(&mut self) {
        self.len = 0;
    }

    /// Fills a stretch; tells whether there was room to remember it.
    pub(super) fn insert(&mut self, new: Span) -> bool {
        // In order is the rule: the last span grows.
        if let Some(last) = self.list[..self.len].last_mut()
            && last.end == new.start
        {
            last.end = new.end;
            return true;
        }
        let first = self.as_slice().partition_point(|span| span.end < new.start);
        let touched = self.list[first..self.len]
            .iter()
            .take_while(|s| s.start <= new.end)
            .count();
        if touched == 0 {
            return self.open(first, new);
        }
        let last = self.list[first + touched - 1];
        let span = &mut self.list[first];
        span.start = span.start.min(new.start);
        span.end = last.end.max(new.end);
        self.list.copy_within(first + touched..self.len, first + 1);
        self.len -= touched - 1;
        true
    }

    /// Forgets everything before a position.
    pub(super) fn trim(&mut self, from: u64) {
        let gone = self.as_slice().partition_point(|span| span.end <= from);
        if gone > 0 {
            self.list.copy_within(gone..self.len, 0);
            self.len -= gone;
        }
        if let Some(first) = self.list[..self.len].first_mut() {
            first.start = first.start.max(from);
        }
    }

    fn open(&mut self, at: usize, new: Span) -> bool {
        if self.len == SPANS_MAX {
            return false;
        }
        self.list.copy_within(at..self.len, at + 1);
        self.list[at] = new;
        self.len += 1;
        true
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;
    use std::collections::BTreeSet;
    use std::vec::Vec;

    proptest! {
        #[test]
        fn spans_are_a_set_of_positions(
            steps in proptest::collection::vec((0_u64..60, 1_u64..9, 0_u64..60), 1..40),
        ) {
            let mut spans = Spans::default();
            let mut model = BTreeSet::new();
            for (start, len, trim) in steps {
                if spans.insert(Span { start, end: start + len }) {
                    model.extend(start..start + len);
                } else {
                    prop_assert_eq!(spans.len, SPANS_MAX);
                }
                if trim < 12 {
                    spans.trim(trim);
                    model = model.split_off(&trim);
                }
                let filled: Vec<u64> =
                    spans.as_slice().iter().flat_map(|span| span.start..span.end).collect();
                prop_assert_eq!(filled, model.iter().copied().collect::<Vec<_>>());
                prop_assert!(spans.as_slice().windows(2).all(|pair| pair[0].end < pair[1].start));
            }
        }
    }
}
