//! `Set`, and the variables it sets.

use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;

use plenum_time::Instant;

use super::{Switch, Turn};
use crate::config::{NAME_BYTES_MAX, VALUE_BYTES_MAX, VARIABLES_MAX};
use crate::expr;
use crate::ids::ChannelKey;
use crate::journal::{Event, Party};

impl Switch {
    /// `Set(name=value)`: a variable, or a function that takes values.
    pub(super) fn set(&mut self, key: ChannelKey, text: &str, turn: &mut Turn<'_>) {
        let Some((name, value)) = text.split_once('=') else {
            let why = format!("Set: \"{text}\" has no =; write name=value");
            return self.warn(key, why, turn.now);
        };
        let (name, value) = (name.trim(), unquoted(value.trim()));
        let function = name.strip_suffix(')').and_then(|name| name.split_once('('));
        let done = match function {
            Some((function, argument)) => {
                self.set_function(key, function.trim(), argument.trim(), value, turn.now)
            }
            // One or two underscores let the variable pass on to channels this one makes; a
            // channel makes none yet, so the name alone matters.
            None => self.try_variable(Some(key), name.trim_start_matches('_'), value, turn.now),
        };
        if let Err(why) = done {
            self.warn(key, format!("Set: {why}"), turn.now);
        }
    }

    /// Sets a variable whose name and value are known to be good.
    pub(super) fn set_variable(&mut self, key: ChannelKey, name: &str, value: &str, now: Instant) {
        if let Err(why) = self.try_variable(Some(key), name, value, now) {
            self.warn(key, why, now);
        }
    }

    fn try_variable(
        &mut self,
        channel: Option<ChannelKey>,
        name: &str,
        value: &str,
        now: Instant,
    ) -> Result<(), String> {
        let variables = match channel {
            Some(key) => match self.view.channels.get(&key) {
                Some(view) => &view.variables,
                None => return Ok(()),
            },
            None => &self.view.globals,
        };
        if name.is_empty() || name.len() > NAME_BYTES_MAX {
            return Err(format!(
                "the name of a variable has 1 to {NAME_BYTES_MAX} bytes"
            ));
        }
        if value.len() > VALUE_BYTES_MAX {
            return Err(format!(
                "the value of a variable has at most {VALUE_BYTES_MAX} bytes"
            ));
        }
        if variables.len() >= VARIABLES_MAX && !variables.contains_key(name) {
            return Err(format!(
                "there are {VARIABLES_MAX} variables already; \"{name}\" is not set"
            ));
        }
        let (name, value) = (Arc::from(name), Arc::from(value));
        self.note(
            now,
            Event::VariableSet {
                channel,
                name,
                value,
            },
        );
        Ok(())
    }

    fn set_function(
        &mut self,
        key: ChannelKey,
        function: &str,
        argument: &str,
        value: &str,
        now: Instant,
    ) -> Result<(), String> {
        match (function, argument) {
            ("GLOBAL", name) => self.try_variable(None, name, value, now),
            ("CALLERID", part) => self.set_caller(key, part, value, now),
            ("CHANNEL", "language") => {
                self.note(
                    now,
                    Event::LanguageChanged {
                        channel: key,
                        language: value.into(),
                    },
                );
                Ok(())
            }
            ("CHANNEL", "accountcode") => {
                self.note(
                    now,
                    Event::AccountChanged {
                        channel: key,
                        account: value.into(),
                    },
                );
                Ok(())
            }
            ("CONFBRIDGE", argument) => {
                let (kind, option) = argument.split_once(',').unwrap_or((argument, ""));
                self.set_profile(key, kind.trim(), option.trim(), value)
            }
            _ => Err(format!("{function}({argument}) cannot be set")),
        }
    }

    fn set_caller(
        &mut self,
        key: ChannelKey,
        part: &str,
        value: &str,
        now: Instant,
    ) -> Result<(), String> {
        let Some(view) = self.view.channels.get(&key) else {
            return Ok(());
        };
        let mut caller = view.caller.clone();
        match part {
            "name" => caller.name = value.into(),
            "num" | "number" => caller.number = value.into(),
            "all" => caller = party(value),
            _ => return Err(format!("CALLERID takes name, num or all, not \"{part}\"")),
        }
        self.note(
            now,
            Event::CallerChanged {
                channel: key,
                caller,
            },
        );
        Ok(())
    }

    /// `CONFBRIDGE(user|bridge|menu,option)`: makes a profile for this channel, beginning with the
    /// defaults; `template` begins with another profile, `clear` forgets it. Options of a menu are
    /// its key sequences.
    fn set_profile(
        &mut self,
        key: ChannelKey,
        kind: &str,
        option: &str,
        value: &str,
    ) -> Result<(), String> {
        use alloc::string::ToString;
        let Some(channel) = self.channels.get_mut(key) else {
            return Ok(());
        };
        let missing = || format!("there is no {kind} profile \"{value}\"");
        match (kind, option) {
            ("user", "clear") => channel.own_user = None,
            ("menu", "clear") => channel.own_menu = None,
            ("bridge", "clear") => channel.own_bridge = None,
            ("user", "template") => {
                let profile = self.profiles.users.get(value).ok_or_else(missing)?;
                channel.own_user = Some(profile.clone());
            }
            ("bridge", "template") => {
                let profile = self.profiles.bridges.get(value).ok_or_else(missing)?;
                channel.own_bridge = Some(profile.clone());
            }
            ("menu", "template") => {
                let profile = self.profiles.menus.get(value).ok_or_else(missing)?;
                channel.own_menu = Some(profile.clone());
            }
            ("menu", keys) => {
                let profile = channel.own_menu.get_or_insert_default();
                Arc::make_mut(profile)
                    .set(keys, value)
                    .map_err(|error| error.to_string())?;
            }
            ("user", option) => {
                let profile = channel.own_user.get_or_insert_default();
                Arc::make_mut(profile)
                    .set(option, value)
                    .map_err(|error| error.to_string())?;
            }
            ("bridge", option) => {
                let profile = channel.own_bridge.get_or_insert_default();
                Arc::make_mut(profile)
                    .set(option, value)
                    .map_err(|error| error.to_string())?;
            }
            _ => {
                return Err(format!(
                    "CONFBRIDGE takes user, bridge or menu, not \"{kind}\""
                ));
            }
        }
        Ok(())
    }

    /// Sets the global variables of the dialplan, in the order of its text.
    pub(super) fn set_globals(&mut self, now: Instant) {
        let dialplan = self.dialplan.clone();
        for (name, value) in dialplan.globals() {
            let scope = self.scope(ChannelKey::default(), now);
            let value = expr::substitute(value, &scope).text;
            // What does not fit was told when the dialplan was checked, or is cut off by the limit.
            let _ = self.try_variable(None, name, &value, now);
        }
    }
}

/// Takes quotes off that stand around the whole value.
fn unquoted(value: &str) -> &str {
    value
        .strip_prefix('"')
        .and_then(|value| value.strip_suffix('"'))
        .unwrap_or(value)
}

/// Reads `"Name" <number>`.
fn party(text: &str) -> Party {
    match text.split_once('<') {
        Some((name, number)) => Party {
            name: name.trim().trim_matches('"').into(),
            number: number.trim_end().trim_end_matches('>').into(),
        },
        None => Party {
            name: "".into(),
            number: text.trim().into(),
        },
    }
}
