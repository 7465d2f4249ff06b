//! From text to contexts.

use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::context::Context;
use super::lines::{Comments, Line};
use super::problem::{DialplanError, DialplanErrors, Problem, Warning};
use super::statement::{self, Before, Statement};
use super::{Dialplan, ERRORS_MAX, ITEMS_MAX, LINE_BYTES_MAX, TEXT_BYTES_MAX};
use crate::nearest;

/// Reads a text; all errors are found, not only the first.
pub(super) fn read(text: &str) -> Result<Dialplan, DialplanErrors> {
    let mut reader = Reader::default();
    if text.len() > TEXT_BYTES_MAX {
        reader.error(
            1,
            1,
            Problem::TextTooLong {
                max: TEXT_BYTES_MAX,
            },
        );
        return Err(reader.errors);
    }
    let mut comments = Comments::default();
    for (raw, number) in text.split('\n').zip(1..) {
        let line = comments.strip(number, raw.trim_end_matches('\r'));
        reader.line(&line);
        if reader.full {
            break;
        }
    }
    if let Some(number) = comments.open() {
        reader.error(number, 1, Problem::OpenComment);
    }
    reader.finish()
}

/// Where lines go.
#[derive(Debug, Default)]
enum Section {
    /// Nowhere: no header was read, or it was wrong.
    #[default]
    None,
    /// Away: what `[general]` says has no meaning here, or the header was wrong.
    Skipped,
    Globals,
    Context(String),
}

#[derive(Debug, Default)]
struct Reader {
    section: Section,
    before: Before,
    /// Statements of each context, templates too, in the order of the text.
    bodies: BTreeMap<String, Body>,
    globals: Vec<(String, String)>,
    warnings: Vec<Warning>,
    errors: DialplanErrors,
    items: usize,
    full: bool,
}

#[derive(Clone, Debug, Default)]
struct Body {
    template: bool,
    statements: Vec<Arc<(u32, Statement)>>,
}

impl Reader {
    fn line(&mut self, line: &Line) {
        let text = line.text.as_str();
        if line.bytes > LINE_BYTES_MAX {
            self.error(
                line.number,
                1,
                Problem::LineTooLong {
                    max: LINE_BYTES_MAX,
                },
            );
        } else if text.starts_with('[') {
            self.header(line);
        } else if text.starts_with('#') {
            let directive = text.split_whitespace().next().unwrap_or("#").into();
            self.error(
                line.number,
                line.indent + 1,
                Problem::Directive { directive },
            );
        } else if !text.is_empty() {
            self.statement(line);
        }
    }

    fn header(&mut self, line: &Line) {
        self.before = Before::default();
        self.section = Section::Skipped;
        let column = line.indent + 1;
        let (name, options) = match statement::section(&line.text) {
            Ok(header) => header,
            Err(problem) => return self.error(line.number, column, problem),
        };
        match name.as_str() {
            "general" => {}
            "globals" => self.section = Section::Globals,
            _ => self.open(line, name, &options),
        }
    }

    /// Opens a context; one of the same name goes on where it ended.
    fn open(&mut self, line: &Line, name: String, options: &[String]) {
        let mut body = self.bodies.remove(&name).unwrap_or_default();
        for option in options {
            match option.as_str() {
                "!" => body.template = true,
                "+" => {}
                _ => match self.bodies.get(option) {
                    Some(template) => {
                        self.items += template.statements.len();
                        if self.items <= ITEMS_MAX {
                            body.statements.extend_from_slice(&template.statements);
                        }
                    }
                    None => self.unknown_template(line, option),
                },
            }
            if self.too_many(line) {
                return;
            }
        }
        self.bodies.insert(name.clone(), body);
        self.section = Section::Context(name);
    }

    fn unknown_template(&mut self, line: &Line, name: &str) {
        if self.errors.errors.len() >= ERRORS_MAX {
            // Nobody reads the suggestion, and looking for one costs time.
            self.errors.more += 1;
            return;
        }
        let names = self.bodies.keys().map(String::as_str);
        let hint = nearest::hint(name, names);
        let name = name.into();
        self.error(
            line.number,
            line.indent + 1,
            Problem::UnknownTemplate { name, hint },
        );
    }

    fn statement(&mut self, line: &Line) {
        match &self.section {
            Section::None => self.error(line.number, line.indent + 1, Problem::OutsideContext),
            Section::Skipped => {}
            Section::Globals => self.global(line),
            Section::Context(name) => {
                let name = name.clone();
                match statement::read(&line.text, line.number, &mut self.before) {
                    Ok(Statement::Nothing(Some(why))) => self.warn(line.number, why.into()),
                    Ok(statement) => {
                        self.items += 1;
                        let body = self.bodies.entry(name).or_default();
                        body.statements.push(Arc::new((line.number, statement)));
                        self.too_many(line);
                    }
                    Err((offset, problem)) => {
                        // Offsets count bytes, columns count characters.
                        let before = line.text.get(..offset).unwrap_or(&line.text);
                        let column = u32::try_from(before.chars().count()).unwrap_or(u32::MAX);
                        self.error(line.number, line.indent + column + 1, problem);
                    }
                }
            }
        }
    }

    fn global(&mut self, line: &Line) {
        match statement::split(&line.text) {
            Some((name, _, value)) if !name.is_empty() => {
                self.globals.push((name.into(), value.into()));
            }
            _ => self.error(line.number, line.indent + 1, Problem::NoStatement),
        }
    }

    fn too_many(&mut self, line: &Line) -> bool {
        if self.items > ITEMS_MAX && !self.full {
            self.full = true;
            self.error(line.number, 1, Problem::TooManySteps { max: ITEMS_MAX });
        }
        self.full
    }

    fn error(&mut self, line: u32, column: u32, problem: Problem) {
        if self.errors.errors.len() < ERRORS_MAX {
            self.errors.errors.push(DialplanError {
                line,
                column,
                problem,
            });
        } else {
            self.errors.more += 1;
        }
    }

    fn warn(&mut self, line: u32, why: String) {
        if self.warnings.len() < ERRORS_MAX {
            self.warnings.push(Warning { line, why });
        }
    }

    fn finish(mut self) -> Result<Dialplan, DialplanErrors> {
        if !self.errors.errors.is_empty() {
            self.errors
                .errors
                .sort_by_key(|error| (error.line, error.column));
            return Err(self.errors);
        }
        let mut contexts = BTreeMap::new();
        for (name, body) in core::mem::take(&mut self.bodies) {
            if !body.template {
                let context = self.context(&body);
                contexts.insert(Arc::from(name), context);
            }
        }
        let Self {
            globals, warnings, ..
        } = self;
        Ok(Dialplan {
            contexts,
            globals,
            warnings,
        })
    }

    fn context(&mut self, body: &Body) -> Context {
        let mut context = Context::default();
        for statement in &body.statements {
            match &**statement {
                (_, Statement::Include(name)) => context.includes.push(name.clone()),
                (line, Statement::Step(place, step)) => {
                    let priority = place.priority;
                    if let Err(earlier) = context.add(place.clone(), step.clone()) {
                        self.warn(
                            *line,
                            format!("priority {priority} is taken by line {earlier}, which stays"),
                        );
                    }
                }
                (_, Statement::Nothing(_)) => {}
            }
        }
        context.sort();
        context
    }
}
