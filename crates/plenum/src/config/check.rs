//! Checking a file against the table of keys.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::ops::Range;
use std::path::{Path, PathBuf};

use plenum_switch::{MenuProfile, ProfileError};
use toml::Spanned;
use toml::de::{DeString, DeTable, DeValue};

use super::lines::{Lines, work};
use super::schema::{KEYS, PROFILE_TABLES, key};
use super::suggest::nearest;
use super::value::Values;
use super::{Conference, OptionText, Profiles};

/// Problems looked for at most, so that one slip does not fill a screen; after the last of them
/// nothing is checked any more.
pub const PROBLEMS_MAX: usize = 20;

/// A file that is larger is refused; configurations are a few kilobytes.
const FILE_BYTES_MAX: usize = 1 << 20;

/// Why a configuration was refused: every problem, each with its line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ConfigError {
    file: Option<PathBuf>,
    problems: Vec<Problem>,
}

/// One problem of a configuration.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Problem {
    /// Line, from 1; zero if the file as a whole is meant.
    pub line: usize,
    /// Column, from 1.
    pub column: usize,
    /// What is wrong and how to mend it.
    pub message: String,
}

impl ConfigError {
    /// Builds the error for a value that fits its key but nothing else.
    #[must_use]
    pub fn new(message: String) -> Self {
        Self {
            file: None,
            problems: vec![Problem {
                line: 0,
                column: 0,
                message,
            }],
        }
    }

    pub(super) fn unreadable(path: &Path, error: &std::io::Error) -> Self {
        let message = match error.kind() {
            std::io::ErrorKind::NotFound => {
                "there is no such file; name one with --config, or start `plenum demo`, which \
                 needs none"
                    .to_owned()
            }
            _ => format!("the file cannot be read: {error}"),
        };
        Self::new(message).in_file(path)
    }

    /// Builds the error of several problems; `None` if there is none.
    #[must_use]
    pub fn of(problems: Vec<Problem>) -> Option<Self> {
        (!problems.is_empty()).then_some(Self {
            file: None,
            problems,
        })
    }

    /// Names the file that the problems are in.
    #[must_use]
    pub fn in_file(mut self, path: &Path) -> Self {
        self.file = Some(path.to_owned());
        self
    }

    /// Returns the problems in the order of their lines.
    #[must_use]
    pub fn problems(&self) -> &[Problem] {
        &self.problems
    }
}

impl fmt::Display for ConfigError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let file = self
            .file
            .as_deref()
            .unwrap_or(Path::new("configuration"))
            .display();
        for (n, problem) in self.problems.iter().enumerate() {
            let newline = if n == 0 { "" } else { "\n" };
            match problem.line {
                0 => write!(f, "{newline}{file}: {}", problem.message)?,
                line => write!(
                    f,
                    "{newline}{file}:{line}:{}: {}",
                    problem.column, problem.message
                )?,
            }
        }
        Ok(())
    }
}

impl std::error::Error for ConfigError {}

/// Checks the text of a file: all keys known, all values of their kind and in range.
pub(super) fn check(text: &str) -> Result<(Values, Conference), ConfigError> {
    if text.len() > FILE_BYTES_MAX {
        return Err(ConfigError::new(format!(
            "the file has {} bytes; at most {FILE_BYTES_MAX} are read",
            text.len()
        )));
    }
    let mut walk = Walk {
        lines: Lines::of(text),
        sections: sections(),
        problems: BTreeSet::new(),
        found: Values::default(),
    };
    let (document, mut errors) = DeTable::parse_recoverable(text);
    errors.sort_by_key(|error| error.span().map_or(0, |span| span.start));
    for error in errors.iter().take(PROBLEMS_MAX) {
        walk.problem(error.span().unwrap_or(0..0), syntax(text, error));
    }
    let mut conference = Conference::default();
    if walk.problems.is_empty() {
        walk.table("", document.get_ref(), &mut conference);
    }
    if walk.problems.is_empty() {
        return Ok((walk.found, conference));
    }
    Err(ConfigError {
        file: None,
        problems: walk.problems.into_iter().collect(),
    })
}

/// The table of key menus.
const MENUS: &str = "conference.menus";

/// Says what is wrong with the syntax.
fn syntax(text: &str, error: &toml::de::Error) -> String {
    let key = error.span().and_then(|span| text.get(span));
    match (error.message(), key) {
        ("duplicate key", Some(key)) => format!(
            "{key} is given here for the second time; remove one of the two, or put the keys of \
             both sections under one header"
        ),
        (message, _) => message.to_owned(),
    }
}

/// Returns the entries of a table in the order of the file, so that the first problems of it are
/// those that are told.
fn in_order<'v, 'd>(table: &'v DeTable<'d>) -> Vec<Entry<'v, 'd>> {
    let mut entries: Vec<Entry<'v, 'd>> = table.iter().collect();
    entries.sort_by_key(|(name, _)| name.span().start);
    entries
}

type Entry<'v, 'd> = (&'v Spanned<DeString<'d>>, &'v Spanned<DeValue<'d>>);

struct Walk<'t> {
    lines: Lines<'t>,
    sections: BTreeSet<&'static str>,
    problems: BTreeSet<Problem>,
    found: Values,
}

impl Walk<'_> {
    fn table(&mut self, prefix: &str, table: &DeTable<'_>, conference: &mut Conference) {
        for (name, value) in in_order(table) {
            if self.is_full() {
                break;
            }
            let path = join(prefix, name.get_ref());
            if path == MENUS {
                self.menus(value, &mut conference.menus);
            } else if let Some(profiles) = profiles(&path, conference) {
                self.profiles(&path, value, profiles);
            } else if let Some(key) = key(&path) {
                match key.kind.read(value.get_ref()) {
                    Ok(read) => {
                        let place = self.lines.place(value.span().start);
                        self.found.insert(key.path, read, place);
                    }
                    Err(message) => self.problem(value.span(), format!("{path}: {message}")),
                }
            } else if !self.sections.contains(path.as_str()) {
                self.unknown(&path, name.span());
            } else if let DeValue::Table(inner) = value.get_ref() {
                self.table(&path, inner, conference);
            } else {
                self.problem(value.span(), format!("{path} is a section; write [{path}]"));
            }
        }
    }

    fn profiles(&mut self, path: &str, value: &Spanned<DeValue<'_>>, profiles: &mut Profiles) {
        let DeValue::Table(table) = value.get_ref() else {
            return self.problem(
                value.span(),
                format!("{path} is a section; write [{path}.NAME]"),
            );
        };
        for (name, profile) in in_order(table) {
            if self.is_full() {
                break;
            }
            let Some(options) = self.named_table(path, name.get_ref(), profile) else {
                continue;
            };
            let texts = self.options(&join(path, name.get_ref()), options);
            profiles.insert(name.get_ref().to_string(), texts);
        }
    }

    /// Returns the table of one profile.
    fn named_table<'v, 'd>(
        &mut self,
        path: &str,
        name: &str,
        value: &'v Spanned<DeValue<'d>>,
    ) -> Option<&'v DeTable<'d>> {
        let DeValue::Table(table) = value.get_ref() else {
            let message = format!("{path}.{name} is a section; write [{path}.{name}]");
            self.problem(value.span(), message);
            return None;
        };
        Some(table)
    }

    fn menus(&mut self, value: &Spanned<DeValue<'_>>, menus: &mut BTreeMap<String, MenuProfile>) {
        let DeValue::Table(table) = value.get_ref() else {
            let message = format!("{MENUS} is a section; write [{MENUS}.NAME]");
            return self.problem(value.span(), message);
        };
        for (name, entries) in in_order(table) {
            if self.is_full() {
                break;
            }
            let name = name.get_ref();
            let Some(entries) = self.named_table(MENUS, name, entries) else {
                continue;
            };
            let menu = self.menu(&join(MENUS, name), entries);
            menus.insert(name.to_string(), menu);
        }
    }

    fn menu(&mut self, path: &str, entries: &DeTable<'_>) -> MenuProfile {
        let mut menu = MenuProfile::default();
        for (keys, value) in in_order(entries) {
            if self.is_full() {
                break;
            }
            let Some(actions) = actions(value.get_ref()) else {
                let message = format!(
                    "{path}.\"{}\": give an action in quotes or a list of them, as in \
                     [\"playback(conf-muted)\", \"toggle_mute\"]",
                    keys.get_ref()
                );
                self.problem(value.span(), message);
                continue;
            };
            if let Err(error) = menu.set(keys.get_ref(), &actions) {
                let span = match error {
                    ProfileError::BadKeys { .. } => keys.span(),
                    _ => value.span(),
                };
                self.problem(span, format!("{path}.\"{}\": {error}", keys.get_ref()));
            }
        }
        menu
    }

    fn options(&mut self, path: &str, options: &DeTable<'_>) -> BTreeMap<String, OptionText> {
        let mut texts = BTreeMap::new();
        for (option, value) in in_order(options) {
            if self.is_full() {
                break;
            }
            let text = match value.get_ref() {
                DeValue::String(text) => text.to_string(),
                DeValue::Integer(number) => number.to_string(),
                DeValue::Boolean(true) => "yes".to_owned(),
                DeValue::Boolean(false) => "no".to_owned(),
                _ => {
                    let message = format!(
                        "{path}.{}: an option takes text, a whole number, true or false",
                        option.get_ref()
                    );
                    self.problem(value.span(), message);
                    continue;
                }
            };
            let (line, column) = self.lines.place(value.span().start);
            texts.insert(
                option.get_ref().to_string(),
                OptionText { text, line, column },
            );
        }
        texts
    }

    fn unknown(&mut self, path: &str, span: Range<usize>) {
        let hint = match suggestion(path) {
            Some(known) => format!("did you mean {known}?"),
            None => "`plenum config explain` lists all keys".to_owned(),
        };
        self.problem(span, format!("there is no key {path}; {hint}"));
    }

    /// Tells whether as many problems are known as will be told.
    fn is_full(&self) -> bool {
        self.problems.len() >= PROBLEMS_MAX
    }

    fn problem(&mut self, span: Range<usize>, message: String) {
        let (line, column) = self.lines.place(span.start);
        self.problems.insert(Problem {
            line,
            column,
            message,
        });
    }
}

fn join(prefix: &str, name: &str) -> String {
    if prefix.is_empty() {
        name.to_owned()
    } else {
        format!("{prefix}.{name}")
    }
}

/// Takes the actions of a key sequence, one text or a list of texts, as the one list that a
/// dialplan would write.
fn actions(value: &DeValue<'_>) -> Option<String> {
    match value {
        DeValue::String(text) => Some(text.to_string()),
        DeValue::Array(items) => {
            let texts = items.iter().map(|item| match item.get_ref() {
                DeValue::String(text) => Some(text.to_string()),
                _ => None,
            });
            texts
                .collect::<Option<Vec<_>>>()
                .map(|texts| texts.join(","))
        }
        _ => None,
    }
}

fn profiles<'c>(path: &str, conference: &'c mut Conference) -> Option<&'c mut Profiles> {
    match path {
        "conference.users" => Some(&mut conference.users),
        "conference.bridges" => Some(&mut conference.bridges),
        _ => None,
    }
}

/// Every path that has keys below it.
fn sections() -> BTreeSet<&'static str> {
    let paths = KEYS.iter().map(|key| key.path);
    let keyed = paths.filter_map(|path| path.rsplit_once('.').map(|(section, _)| section));
    keyed.chain(["conference"]).collect()
}

/// Finds the key or section that a path was meant to be: by its whole path, or by its last word.
fn suggestion(path: &str) -> Option<String> {
    work::count(KEYS.len());
    let known = || {
        let profiles = PROFILE_TABLES.iter().map(|(path, _)| *path);
        KEYS.iter()
            .map(|key| key.path)
            .chain(sections())
            .chain(profiles)
    };
    if let Some(near) = nearest(path, known()) {
        return Some(near.to_owned());
    }
    let last = path.rsplit('.').next().unwrap_or(path);
    known()
        .find(|known| known.rsplit('.').next() == Some(last))
        .map(str::to_owned)
}
