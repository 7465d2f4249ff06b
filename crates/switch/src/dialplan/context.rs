//! One context: its extensions in the order in which they are tried.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Bound;

use super::Step;
use super::pattern::Pattern;

/// Extensions that stand for an occasion and are never dialled by a pattern: invalid, timeout and
/// hang-up.
const OCCASIONS: [&str; 3] = ["i", "t", "h"];

/// A context.
#[derive(Clone, Debug, Default)]
pub(crate) struct Context {
    /// Extensions that are written out; those with a caller first.
    exact: BTreeMap<String, Vec<Extension>>,
    /// Patterns, the most specific first.
    globs: Vec<Extension>,
    /// What was read and is not sorted in yet, by pattern and caller.
    pending: BTreeMap<String, Extension>,
    pub(super) includes: Vec<Arc<str>>,
}

/// One extension: a small program.
#[derive(Clone, Debug)]
pub(super) struct Extension {
    pattern: Pattern,
    caller: Option<Pattern>,
    pub(super) steps: BTreeMap<u32, Step>,
    pub(super) labels: BTreeMap<Arc<str>, u32>,
}

impl Context {
    /// Walks the extensions that match, best first.
    pub(super) fn matches<'a, 'b>(
        &'a self,
        extension: &'b str,
        caller: &'b str,
    ) -> impl Iterator<Item = &'a Extension> + use<'a, 'b> {
        let exact = self.exact.get(extension).into_iter().flatten();
        let globs = if OCCASIONS.contains(&extension) {
            &[]
        } else {
            self.globs.as_slice()
        };
        exact
            .chain(
                globs
                    .iter()
                    .filter(move |glob| glob.pattern.matches(extension)),
            )
            .filter(move |found| {
                found
                    .caller
                    .as_ref()
                    .is_none_or(|pattern| pattern.matches(caller))
            })
    }

    /// Whether digits that follow these could reach an extension.
    pub(super) fn wants_more(&self, digits: &str) -> bool {
        let longer = (Bound::Excluded(digits), Bound::Unbounded);
        let exact = self.exact.range::<str, _>(longer).next();
        exact.is_some_and(|(name, _)| name.starts_with(digits))
            || self.globs.iter().any(|glob| match &glob.pattern {
                Pattern::Glob(glob) => glob.wants_more(digits),
                Pattern::Exact(_) => false,
            })
    }

    /// Names of the extensions as they are written.
    pub(super) fn names(&self) -> impl Iterator<Item = String> + '_ {
        let globs = self
            .globs
            .iter()
            .map(|extension| extension.pattern.to_string());
        self.exact.keys().cloned().chain(globs)
    }

    /// Counts the patterns.
    pub(super) fn patterns(&self) -> usize {
        self.globs.len()
    }

    /// Walks all steps with the extension they belong to.
    pub(super) fn steps(&self) -> impl Iterator<Item = (&Pattern, &Step)> {
        let all = self.exact.values().flatten().chain(&self.globs);
        all.flat_map(|found| found.steps.values().map(|step| (&found.pattern, step)))
    }

    /// Adds a step; gives back the line of the one that has the priority already.
    pub(super) fn add(&mut self, place: Place, step: Step) -> Result<(), u32> {
        let mut key = place.pattern.to_string();
        if let Some(caller) = &place.caller {
            key = alloc::format!("{key}/{caller}");
        }
        let found = self.pending.entry(key).or_insert_with(|| Extension {
            pattern: place.pattern,
            caller: place.caller,
            steps: BTreeMap::new(),
            labels: BTreeMap::new(),
        });
        if let Some(earlier) = found.steps.get(&place.priority) {
            return Err(earlier.line);
        }
        found.steps.insert(place.priority, step);
        if let Some(label) = place.label {
            found.labels.entry(label).or_insert(place.priority);
        }
        Ok(())
    }

    /// Puts the extensions into the order in which they are tried.
    pub(super) fn sort(&mut self) {
        for extension in core::mem::take(&mut self.pending).into_values() {
            match &extension.pattern {
                Pattern::Exact(name) => {
                    self.exact.entry(name.clone()).or_default().push(extension);
                }
                Pattern::Glob(_) => self.globs.push(extension),
            }
        }
        for list in self.exact.values_mut() {
            list.sort_by_key(|extension| extension.caller.is_none());
        }
        self.globs
            .sort_by(|left, right| match (&left.pattern, &right.pattern) {
                (Pattern::Glob(a), Pattern::Glob(b)) => a
                    .precedence(b)
                    .then(left.caller.is_none().cmp(&right.caller.is_none())),
                _ => core::cmp::Ordering::Equal,
            });
    }
}

/// Where a step belongs.
#[derive(Clone, Debug)]
pub(super) struct Place {
    pub(super) pattern: Pattern,
    pub(super) caller: Option<Pattern>,
    pub(super) priority: u32,
    pub(super) label: Option<Arc<str>>,
}
