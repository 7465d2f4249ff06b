//! The dialplan: which applications a dialled number runs.
//!
//! [`Dialplan::parse`] reads the syntax of `extensions.conf` into an immutable value. Contexts hold
//! extensions, an extension is a name or a pattern, its priorities are the steps of a program.

use alloc::collections::{BTreeMap, BTreeSet};
use alloc::string::{String, ToString};
use alloc::sync::Arc;
use alloc::vec::Vec;

mod application;
mod check;
mod context;
mod lines;
mod pattern;
mod problem;
mod reader;
mod rooms;
mod statement;
#[cfg(test)]
mod tests;

pub(crate) use application::App;
pub use application::application_names;
pub(crate) use context::Context;
pub use problem::{DialplanError, DialplanErrors, Problem, Warning};

use crate::nearest;

/// Bytes of one dialplan.
const TEXT_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Bytes of one line, as in the reference.
const LINE_BYTES_MAX: usize = 8 * 1024;
/// Steps and includes in all contexts together, copies from templates counted.
const ITEMS_MAX: usize = 100_000;
/// Errors that are reported at once.
const ERRORS_MAX: usize = 100;
/// Contexts that one look-up walks through by `include`.
const INCLUDES_MAX: usize = 128;
/// Characters of an extension, as in the reference.
const EXTENSION_CHARS_MAX: usize = 80;

/// An immutable dialplan.
///
/// # Standard
///
/// The syntax of Asterisk's `extensions.conf`: contexts, templates, `exten`, `same`, `include`,
/// `[globals]`, patterns and labels. `#include` and `switch` are refused.
#[derive(Clone, Debug, Default)]
pub struct Dialplan {
    contexts: BTreeMap<Arc<str>, Context>,
    globals: Vec<(String, String)>,
    warnings: Vec<Warning>,
}

/// One step: an application with arguments in which variables are not replaced yet.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Step {
    pub(crate) application: App,
    pub(crate) arguments: Arc<str>,
    pub(crate) line: u32,
}

impl Dialplan {
    /// Reads a dialplan; the work grows with the length of the text.
    ///
    /// # Errors
    ///
    /// All that is wrong with it, each with its line, the rule and the fix.
    pub fn parse(text: &str) -> Result<Self, DialplanErrors> {
        let mut dialplan = reader::read(text)?;
        check::check(&mut dialplan);
        Ok(dialplan)
    }

    /// Returns what loads but looks wrong.
    #[must_use]
    pub fn warnings(&self) -> &[Warning] {
        &self.warnings
    }

    /// Counts the patterns of all contexts: what a look-up can cost.
    fn patterns(&self) -> usize {
        self.contexts.values().map(Context::patterns).sum()
    }

    /// Names all contexts.
    pub fn contexts(&self) -> impl Iterator<Item = &str> {
        self.contexts.keys().map(|name| &**name)
    }

    /// Lists the extensions of a context as they are written, exact ones first, then patterns in
    /// the order in which they are tried.
    pub fn extensions(&self, context: &str) -> impl Iterator<Item = String> + '_ {
        self.contexts
            .get(context)
            .into_iter()
            .flat_map(Context::names)
    }

    /// Tells whether a number can be dialled.
    #[must_use]
    pub fn has(&self, context: &str, extension: &str) -> bool {
        self.step(context, extension, 1, "").is_some()
    }

    /// Returns the global variables, in the order of the text.
    pub(crate) fn globals(&self) -> &[(String, String)] {
        &self.globals
    }

    /// Finds the step that a channel at this position runs.
    ///
    /// The context itself is asked before those it includes. Within a context an extension that is
    /// written out goes before any pattern, and a more specific pattern before a general one; a
    /// priority that the best match does not have is taken from the next one.
    pub(crate) fn step(
        &self,
        context: &str,
        extension: &str,
        priority: u32,
        caller: &str,
    ) -> Option<&Step> {
        self.walk(context).find_map(|context| {
            context
                .matches(extension, caller)
                .find_map(|found| found.steps.get(&priority))
        })
    }

    /// Finds the priority of a label.
    pub(crate) fn label(
        &self,
        context: &str,
        extension: &str,
        label: &str,
        caller: &str,
    ) -> Option<u32> {
        self.walk(context).find_map(|context| {
            context
                .matches(extension, caller)
                .find_map(|found| found.labels.get(label).copied())
        })
    }

    /// Tells whether more digits could lead to an extension.
    pub(crate) fn wants_more(&self, context: &str, digits: &str) -> bool {
        self.walk(context).any(|context| context.wants_more(digits))
    }

    /// Says why a number cannot be dialled, and which one was probably meant.
    pub(crate) fn why_not(&self, context: &str, extension: &str) -> String {
        if !self.contexts.contains_key(context) {
            let names = self.contexts();
            return alloc::format!(
                "no context \"{context}\"{}",
                nearest_sentence(context, names)
            );
        }
        let names = self.walk(context).flat_map(Context::names);
        let names: Vec<String> = names.take(nearest::CANDIDATES_MAX).collect();
        let nearest = nearest_sentence(extension, names.iter().map(String::as_str));
        alloc::format!("no extension \"{extension}\" in context \"{context}\"{nearest}")
    }

    /// Walks a context and all it includes, each once, depth first in the order of the text.
    fn walk<'a>(&'a self, context: &str) -> impl Iterator<Item = &'a Context> {
        let mut stack: Vec<&'a Context> = self.contexts.get(context).into_iter().collect();
        let mut seen: BTreeSet<&'a str> = self
            .contexts
            .get_key_value(context)
            .map(|(name, _)| &**name)
            .into_iter()
            .collect();
        core::iter::from_fn(move || {
            let context = stack.pop()?;
            for name in context.includes.iter().rev() {
                if seen.len() >= INCLUDES_MAX {
                    break;
                }
                if let Some((name, included)) = self.contexts.get_key_value(name)
                    && seen.insert(name)
                {
                    stack.push(included);
                }
            }
            Some(context)
        })
    }
}

fn nearest_sentence<'a>(word: &str, names: impl Iterator<Item = &'a str>) -> String {
    match nearest::nearest(word, names) {
        Some(name) => alloc::format!("; nearest: {name}"),
        None => "; there is nothing like it".to_string(),
    }
}
