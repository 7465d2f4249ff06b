//! One statement of a context.

use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::application::App;
use super::context::Place;
use super::pattern::Pattern;
use super::problem::Problem;
use super::{EXTENSION_CHARS_MAX, Step};
use crate::{expr, nearest};

/// A problem, and how many characters behind the start of the text it is.
pub(super) type Located = (usize, Problem);

const KEYWORDS: [&str; 5] = ["exten", "same", "include", "ignorepat", "switch"];

/// What a statement says.
#[derive(Clone, Debug)]
pub(super) enum Statement {
    Step(Place, Step),
    Include(Arc<str>),
    /// Says nothing that matters; the sentence says why.
    Nothing(Option<&'static str>),
}

/// What `same`, `n` and `s` count on from.
#[derive(Clone, Debug, Default)]
pub(super) struct Before {
    pattern: Option<(Pattern, Option<Pattern>)>,
    priority: Option<u32>,
}

/// Splits `name => value` or `name = value`, with the offset of the value.
pub(super) fn split(text: &str) -> Option<(&str, usize, &str)> {
    let equals = text.find('=')?;
    let rest = text[equals + 1..]
        .strip_prefix('>')
        .unwrap_or(&text[equals + 1..]);
    let value = rest.trim_start();
    Some((text[..equals].trim_end(), text.len() - value.len(), value))
}

/// Reads one statement of a context.
pub(super) fn read(text: &str, line: u32, before: &mut Before) -> Result<Statement, Located> {
    let (keyword, offset, value) = split(text).ok_or((0, Problem::NoStatement))?;
    match keyword.to_ascii_lowercase().as_str() {
        "exten" => exten(offset, value, line, before),
        "same" => {
            if before.pattern.is_none() {
                return Err((0, Problem::SameWithoutExten));
            }
            step(offset, value, line, before)
        }
        "include" => include(offset, value),
        "ignorepat" => Ok(Statement::Nothing(Some("ignorepat has no effect here"))),
        "switch" | "lswitch" | "eswitch" => Err((0, Problem::Switch)),
        _ => {
            let hint = nearest::hint(keyword, KEYWORDS);
            Err((
                0,
                Problem::UnknownKeyword {
                    keyword: keyword.into(),
                    hint,
                },
            ))
        }
    }
}

fn include(offset: usize, value: &str) -> Result<Statement, Located> {
    // Time conditions follow behind a comma or bar; a context is included at all times or never.
    if value.is_empty() || value.contains([',', '|']) {
        let why = "include takes the name of one context, and no times";
        return Err((offset, Problem::BadSection { why }));
    }
    Ok(Statement::Include(value.into()))
}

fn exten(offset: usize, value: &str, line: u32, before: &mut Before) -> Result<Statement, Located> {
    let (name, rest) = value.split_once(',').ok_or((
        offset,
        Problem::BadExtension {
            why: "the priority is missing",
        },
    ))?;
    let (pattern, caller) = match name.trim().split_once('/') {
        Some((pattern, caller)) => (pattern, Some(caller)),
        None => (name.trim(), None),
    };
    let parse = |text: &str| Pattern::parse(text).map_err(|problem| (offset, problem));
    let caller = caller
        .filter(|caller| !caller.is_empty())
        .map(parse)
        .transpose()?;
    let pattern = (parse(pattern)?, caller);
    if before.pattern.as_ref() != Some(&pattern) {
        *before = Before {
            pattern: Some(pattern),
            priority: None,
        };
    }
    step(offset + name.len() + 1, rest, line, before)
}

/// Reads `priority(label),Application(arguments)`.
fn step(offset: usize, value: &str, line: u32, before: &mut Before) -> Result<Statement, Located> {
    let (written, rest) = value.split_once(',').unwrap_or((value, ""));
    let (priority, label) = priority(written.trim(), before).map_err(|p| (offset, p))?;
    let Some(priority) = priority else {
        return Ok(Statement::Nothing(Some(
            "hints are not kept: there is no device state",
        )));
    };
    // A step that is refused still counts, so that one error does not cause others.
    before.priority = Some(priority);
    let (pattern, caller) = before
        .pattern
        .clone()
        .ok_or((0, Problem::SameWithoutExten))?;
    let step_offset = offset + written.len() + 1;
    if rest.trim().is_empty() {
        return Err((
            step_offset,
            Problem::BadExtension {
                why: "the application is missing",
            },
        ));
    }
    let step = application(step_offset, rest, line)?;
    Ok(Statement::Step(
        Place {
            pattern,
            caller,
            priority,
            label,
        },
        step,
    ))
}

/// Reads a number, `n`, `n+k` or `s`, and a label; no number for a hint.
fn priority(written: &str, before: &Before) -> Result<(Option<u32>, Option<Arc<str>>), Problem> {
    let bad = || Problem::BadPriority {
        priority: written.into(),
    };
    let (number, label) = match written.split_once('(') {
        Some((number, label)) => {
            let label = label
                .strip_suffix(')')
                .map(str::trim)
                .filter(|label| !label.is_empty());
            (number.trim(), Some(Arc::from(label.ok_or_else(bad)?)))
        }
        None => (written, None),
    };
    if number.eq_ignore_ascii_case("hint") {
        return Ok((None, None));
    }
    let (base, plus) = match number.split_once('+') {
        Some((base, plus)) => (base.trim(), plus.trim().parse::<u32>().map_err(|_| bad())?),
        None => (number, 0),
    };
    let last = || {
        before.priority.ok_or_else(|| Problem::NoPriorityBefore {
            priority: written.into(),
        })
    };
    let number = match base {
        "n" | "N" => last()?.saturating_add(plus.max(1)),
        "s" | "S" => last()?.saturating_add(plus),
        _ => base.parse::<u32>().map_err(|_| bad())?.saturating_add(plus),
    };
    if number == 0 {
        return Err(bad());
    }
    Ok((Some(number), label))
}

/// Reads `Application(arguments)`, or an application without any.
fn application(offset: usize, value: &str, line: u32) -> Result<Step, Located> {
    let start = offset + (value.len() - value.trim_start().len());
    let text = value.trim();
    let (name, arguments) = match text.split_once('(') {
        Some((name, rest)) => {
            let end = rest.rfind(')').ok_or_else(|| {
                (
                    start + name.len(),
                    Problem::OpenArguments {
                        name: name.trim().into(),
                    },
                )
            })?;
            let after = rest[end + 1..].trim();
            if !after.is_empty() {
                let column = start + text.len() - after.len();
                return Err((column, Problem::AfterArguments { text: after.into() }));
            }
            (name.trim(), &rest[..end])
        }
        None => (text, ""),
    };
    let application = App::parse(name).ok_or_else(|| {
        (
            start,
            Problem::UnknownApplication {
                name: name.into(),
                hint: App::hint(name),
            },
        )
    })?;
    let arguments_at = start + text.find('(').map_or(0, |open| open + 1);
    expr::check(arguments)
        .map_err(|(at, error)| (arguments_at + at, Problem::Expression(error)))?;
    let count = if arguments.trim().is_empty() {
        0
    } else {
        expr::arguments(arguments).len()
    };
    if !application.takes(count) {
        let (name, usage) = (application.name(), application.usage());
        return Err((start, Problem::BadArguments { name, usage }));
    }
    Ok(Step {
        application,
        arguments: arguments.into(),
        line,
    })
}

/// Reads the header of a section: its name and what stands in the second parentheses.
pub(super) fn section(text: &str) -> Result<(String, Vec<String>), Problem> {
    let bad = |why| Problem::BadSection { why };
    let end = text.find(']').ok_or(bad("the ] is missing"))?;
    let name = text[1..end].trim();
    if name.is_empty() {
        return Err(bad("the name is missing"));
    }
    if name.chars().count() > EXTENSION_CHARS_MAX {
        return Err(bad("the name is longer than 80 characters"));
    }

    let rest = text[end + 1..].trim();
    if rest.is_empty() {
        return Ok((name.into(), Vec::new()));
    }
    let options = rest
        .strip_prefix('(')
        .and_then(|rest| rest.strip_suffix(')'))
        .ok_or(bad(
            "only (!), (+) or names of templates in parentheses may follow the ]",
        ))?;
    let options = options
        .split(',')
        .map(str::trim)
        .filter(|option| !option.is_empty());
    Ok((name.into(), options.map(String::from).collect()))
}
