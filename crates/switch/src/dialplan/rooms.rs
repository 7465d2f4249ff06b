//! Profiles that `ConfBridge` names and nobody configured.

use alloc::borrow::Cow;
use alloc::collections::BTreeMap;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;

use super::{App, Dialplan, ERRORS_MAX, Step, Warning};
use crate::profile::RoomProfiles;
use crate::{expr, nearest};

impl Dialplan {
    /// Looks for profiles and menus that a `ConfBridge` writes out and that do not exist, in the
    /// order of the lines. A call that came to such a step would be hung up.
    ///
    /// Names with variables in them are known when a call comes there, and not before.
    #[must_use]
    pub fn unknown_profiles(&self, profiles: &RoomProfiles) -> Vec<Warning> {
        let mut found = Vec::new();
        let steps = self.contexts.values().flat_map(super::Context::steps);
        for (_, step) in steps.filter(|(_, step)| step.application == App::ConfBridge) {
            let arguments = expr::arguments(&step.arguments);
            let mut ask = |kind, at: usize, known: Option<String>| {
                found.extend(known.map(|hint| warning(step, kind, &arguments[at], &hint)));
            };
            ask("bridge profile", 1, hint(&arguments, 1, &profiles.bridges));
            ask("user profile", 2, hint(&arguments, 2, &profiles.users));
            ask("menu", 3, hint(&arguments, 3, &profiles.menus));
        }
        found.sort();
        found.truncate(ERRORS_MAX);
        found
    }
}

/// What is probably meant by an argument that names nothing; absent if it does name something.
fn hint<P>(
    arguments: &[Cow<'_, str>],
    at: usize,
    known: &BTreeMap<String, Arc<P>>,
) -> Option<String> {
    let name = arguments.get(at)?.trim();
    let asks = !name.is_empty() && !name.contains('$') && !known.contains_key(name);
    asks.then(|| nearest::hint(name, known.keys().map(String::as_str)))
}

fn warning(step: &Step, kind: &str, name: &str, hint: &str) -> Warning {
    Warning {
        line: step.line,
        why: format!(
            "ConfBridge names the {kind} \"{}\", which is not configured{hint}",
            name.trim()
        ),
    }
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use super::*;

    #[test]
    fn a_name_that_is_not_configured_is_told_with_its_line() {
        let mut profiles = RoomProfiles::default();
        profiles.set_user("guest", "pin", "1").unwrap();
        profiles.set_bridge("large", "max_members", "9").unwrap();
        profiles.set_menu("host_menu", "1", "toggle_mute").unwrap();
        let dialplan = Dialplan::parse(
            "[default]\n\
             exten => 1,1,ConfBridge(1,large,guest,host_menu)\n\
             exten => 2,1,ConfBridge(2,,gest,hostmenu)\n\
             exten => 3,1,ConfBridge(3,${B},g${EXTEN},$[1 + 1])\n\
             exten => 4,1,ConfBridge(4, large , default_user,default_menu)\n\
             exten => _5.,1,ConfBridge(5,quiet)\n",
        );
        let warnings = dialplan.unwrap().unknown_profiles(&profiles);
        let lines: Vec<String> = warnings.iter().map(ToString::to_string).collect();
        assert_eq!(
            lines,
            [
                "line 3: ConfBridge names the menu \"hostmenu\", which is not configured; did you \
                 mean \"host_menu\"?",
                "line 3: ConfBridge names the user profile \"gest\", which is not configured; did \
                 you mean \"guest\"?",
                "line 6: ConfBridge names the bridge profile \"quiet\", which is not configured",
            ]
        );
    }
}
