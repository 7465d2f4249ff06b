//! What is built and tested, by standard and section.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

use super::citation::Section;
use super::claims::Claims;
use super::scan::{Evidence, Role};

/// Rows by standard, then by section; without a section, the standard as a whole.
#[derive(Debug, Default)]
pub(super) struct Coverage {
    pub(super) rfcs: BTreeMap<u16, Rows>,
}

pub(super) type Rows = BTreeMap<Option<Section>, Row>;

/// Where one section is cited.
#[derive(Debug, Default)]
pub(super) struct Row {
    pub(super) code: BTreeSet<PathBuf>,
    /// With the name of the test, or without where the citation is for a file of tests.
    pub(super) tests: BTreeSet<(PathBuf, Option<String>)>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum State {
    Tested,
    Implemented,
    NotYet,
}

impl State {
    pub(super) fn word(self) -> &'static str {
        match self {
            Self::Tested => "tested",
            Self::Implemented => "implemented",
            Self::NotYet => "not yet",
        }
    }
}

impl Row {
    pub(super) fn state(&self) -> State {
        if !self.tests.is_empty() {
            State::Tested
        } else if !self.code.is_empty() {
            State::Implemented
        } else {
            State::NotYet
        }
    }
}

impl Coverage {
    /// A row for each section that matters, none of them covered.
    pub(super) fn of(claims: &Claims) -> Self {
        let rows = |sections: &BTreeMap<Option<Section>, String>| {
            let sections = sections.keys().cloned();
            sections.map(|section| (section, Row::default())).collect()
        };
        let rfcs = claims
            .iter()
            .map(|(rfc, claim)| (*rfc, rows(&claim.sections)));
        Self {
            rfcs: rfcs.collect(),
        }
    }

    /// Enters one citation of the file at `path`.
    pub(super) fn add(&mut self, path: &Path, evidence: &Evidence) {
        let rows = self.rfcs.entry(evidence.citation.rfc).or_default();
        let sections = evidence.citation.sections.iter().cloned().map(Some);
        let whole = evidence.citation.sections.is_empty().then_some(None);
        for section in sections.chain(whole) {
            let row = rows.entry(section).or_default();
            let path = path.to_path_buf();
            match &evidence.role {
                Role::Implemented => {
                    row.code.insert(path);
                }
                Role::Test(name) => {
                    row.tests.insert((path, Some(name.clone())));
                }
                Role::Tests => {
                    row.tests.insert((path, None));
                }
            }
        }
    }
}
