//! `plenum config explain`: what each key means.

use std::fmt::Write as _;

use plenum_switch::MenuAction;

use super::schema::{KEYS, Key, PROFILE_TABLES, Reload};
use super::suggest::nearest;

/// Explains all keys, or those at and below `path`.
///
/// # Errors
///
/// The sentence that says that there is no such key, with a suggestion.
pub fn explain(path: Option<&str>) -> Result<String, String> {
    let Some(path) = path else {
        return Ok(all(KEYS.iter()));
    };
    let below = format!("{path}.");
    let chosen: Vec<&Key> = KEYS
        .iter()
        .filter(|key| key.path == path || key.path.starts_with(&below))
        .collect();
    let profiles = PROFILE_TABLES
        .iter()
        .find(|(table, _)| path.starts_with(table));
    match (chosen.is_empty(), profiles) {
        (false, _) => Ok(all(chosen.into_iter())),
        (true, Some((table, about))) => {
            let actions = (*table == "conference.menus").then(actions);
            let actions = actions.unwrap_or_default();
            Ok(format!("[{table}.NAME]\n  {about}\n{actions}"))
        }
        (true, None) => {
            let hint = nearest(path, KEYS.iter().map(|key| key.path));
            let hint = hint.map_or(String::new(), |key| format!("; did you mean {key}?"));
            Err(format!("there is no key {path}{hint}"))
        }
    }
}

/// Lists the actions of menus.
fn actions() -> String {
    let names: Vec<String> = MenuAction::usages()
        .map(|name| format!("    {name}\n"))
        .collect();
    format!("  actions\n{}", names.concat())
}

fn all<'k>(keys: impl Iterator<Item = &'k Key>) -> String {
    let mut text = String::new();
    for key in keys {
        let default = if key.default.is_empty() {
            "none"
        } else {
            key.default
        };
        let unit = if key.unit.is_empty() {
            String::new()
        } else {
            format!(" ({})", key.unit)
        };
        let reload = match key.reload {
            Reload::Restart => "takes effect at the next start",
            Reload::NewCalls => "for new calls after `plenum ctl dialplan reload`",
            Reload::Certificates => {
                "at the next start; a changed file within 10 seconds or at SIGHUP, for new \
                 connections"
            }
        };
        let written = write!(
            text,
            "{}\n  {}\n  value    {}{unit}\n  default  {default}\n  change   {reload}\n\n",
            key.path,
            key.about,
            key.kind.describe(),
        );
        written.expect("writing to a String does not fail");
    }
    text
}
