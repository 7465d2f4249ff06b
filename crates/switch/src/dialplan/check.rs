//! What loads but looks wrong.

use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;

use super::application::App;
use super::pattern::Pattern;
use super::{Dialplan, ERRORS_MAX, Step, Warning, nearest_sentence};
use crate::expr;

/// Comparisons with patterns that looking for lost targets may cost.
const COMPARISONS_MAX: usize = 500_000;

/// Looks for includes and targets that lead nowhere.
pub(super) fn check(dialplan: &mut Dialplan) {
    let mut found = Vec::new();
    let mut looks_left = COMPARISONS_MAX / (1 + dialplan.patterns());

    for (name, context) in &dialplan.contexts {
        for included in &context.includes {
            if !dialplan.contexts.contains_key(included) && found.len() < ERRORS_MAX {
                let nearest = nearest_sentence(included, dialplan.contexts());
                let why = format!("[{name}] includes \"{included}\", which is no context{nearest}");
                found.push(Warning { line: 0, why });
            }
        }
        for (pattern, step) in context.steps() {
            for target in targets(step) {
                if looks_left == 0 || found.len() >= ERRORS_MAX {
                    break;
                }
                looks_left -= 1;
                let why = lost(dialplan, name, pattern, &target);
                found.extend(why.map(|why| Warning {
                    line: step.line,
                    why,
                }));
            }
        }
    }
    dialplan.warnings.append(&mut found);
    dialplan.warnings.sort();
    dialplan.warnings.truncate(ERRORS_MAX);
}

/// The targets of a jump that are written out.
fn targets(step: &Step) -> impl Iterator<Item = String> {
    let text = &*step.arguments;
    let all: Vec<String> = match step.application {
        App::Goto => Vec::from([String::from(text)]),
        App::GotoIf => text
            .rsplit_once('?')
            .map(|(_, targets)| targets.split(':').map(String::from).collect())
            .unwrap_or_default(),
        _ => Vec::new(),
    };
    all.into_iter()
        .filter(|target| !target.trim().is_empty() && !target.contains('$'))
}

/// Says why a target leads nowhere, if it does.
fn lost(dialplan: &Dialplan, context: &str, pattern: &Pattern, target: &str) -> Option<String> {
    let arguments = expr::arguments(target);
    let parts: Vec<&str> = arguments.iter().map(|part| part.trim()).collect();
    let (context, extension, priority) = match parts.as_slice() {
        // A label of a pattern cannot be looked up without a number that matches.
        [priority] => match pattern {
            Pattern::Exact(name) => (context, name.as_str(), *priority),
            Pattern::Glob(_) => return None,
        },
        [extension, priority] => (context, *extension, *priority),
        [context, extension, priority] => (*context, *extension, *priority),
        _ => return Some(format!("\"{target}\" has too many parts for a target")),
    };
    let found = match priority.parse::<u32>() {
        Ok(number) => dialplan.step(context, extension, number, "").is_some(),
        Err(_) => dialplan.label(context, extension, priority, "").is_some(),
    };
    if found {
        return None;
    }
    if dialplan.step(context, extension, 1, "").is_none() {
        return Some(dialplan.why_not(context, extension));
    }
    Some(format!(
        "extension \"{extension}\" of \"{context}\" has no priority {priority}"
    ))
}
