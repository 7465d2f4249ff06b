//! What variables and functions of a channel hold.

use alloc::format;
use alloc::string::{String, ToString};

use plenum_time::Instant;

use super::Switch;
use crate::expr::{self, Scope};
use crate::ids::ChannelKey;
use crate::journal::{ChannelView, RoomView};

/// The variables that a step of a channel sees.
pub(super) struct ChannelScope<'a> {
    switch: &'a Switch,
    key: ChannelKey,
    now: Instant,
}

impl Switch {
    pub(super) const fn scope(&self, key: ChannelKey, now: Instant) -> ChannelScope<'_> {
        ChannelScope {
            switch: self,
            key,
            now,
        }
    }

    /// Finds a room by its name, whatever the case.
    pub(super) fn room_view(&self, name: &str) -> Option<&RoomView> {
        let key = self.room_names.get(&name.to_lowercase())?;
        self.view.rooms.get(key)
    }
}

impl ChannelScope<'_> {
    fn view(&self) -> Option<&ChannelView> {
        self.switch.view.channels.get(&self.key)
    }

    /// Variables that say something about the channel and cannot be set.
    fn builtin(&self, name: &str) -> Option<String> {
        let channel = self.switch.channels.get(self.key)?;
        let next = &channel.next;
        Some(match name {
            "EXTEN" => next.extension.to_string(),
            "CONTEXT" => next.context.to_string(),
            // `next` is one step ahead of the one that runs.
            "PRIORITY" => next.priority.saturating_sub(1).to_string(),
            "CHANNEL" => self.view()?.name.to_string(),
            "UNIQUEID" => self.view()?.id.to_string(),
            "HANGUPCAUSE" => channel.cause.0.to_string(),
            _ => return None,
        })
    }

    fn caller(&self, part: &str) -> Result<String, String> {
        let caller = self
            .view()
            .map(|view| view.caller.clone())
            .unwrap_or_default();
        match part.trim() {
            "name" => Ok(caller.name.to_string()),
            "num" | "number" => Ok(caller.number.to_string()),
            "all" => Ok(format!("\"{}\" <{}>", caller.name, caller.number)),
            part => Err(format!("CALLERID takes name, num or all, not \"{part}\"")),
        }
    }

    fn channel(&self, item: &str) -> Result<String, String> {
        let Some(view) = self.view() else {
            return Ok(String::new());
        };
        Ok(match item.trim() {
            "name" => view.name.to_string(),
            "uniqueid" => view.id.to_string(),
            "state" => view.state.as_str().into(),
            "language" => view.language.to_string(),
            "accountcode" => view.account.to_string(),
            "channeltype" => view.technology.into(),
            "callid" => view.protocol_id.to_string(),
            "context" => view.position.context.to_string(),
            "exten" => view.position.extension.to_string(),
            item => return Err(format!("CHANNEL has no item \"{item}\"")),
        })
    }

    /// `CONFBRIDGE_INFO(item,room)`; 0 for a room that is not open.
    fn room_info(&self, arguments: &str) -> Result<String, String> {
        let (item, room) = arguments.split_once(',').unwrap_or((arguments, ""));
        let room = self.switch.room_view(room.trim());
        let count = |of: &dyn Fn(&RoomView) -> usize| room.map_or(0, of).to_string();
        Ok(match item.trim() {
            "parties" => count(&|room| room.participants.len()),
            "admins" => count(&|room| room.participants.values().filter(|p| p.admin).count()),
            "marked" => count(&RoomView::marked),
            "locked" => count(&|room| room.locked.into()),
            "muted" => count(&|room| room.muted.into()),
            item => return Err(format!("CONFBRIDGE_INFO has no item \"{item}\"")),
        })
    }

    /// `CONFBRIDGE_CHANNELS(kind,room)`: names, separated by commas.
    fn room_channels(&self, arguments: &str) -> Result<String, String> {
        let (kind, room) = arguments.split_once(',').unwrap_or((arguments, ""));
        let Some(room) = self.switch.room_view(room.trim()) else {
            return Ok(String::new());
        };
        let mut names = String::new();
        for (key, participant) in room.in_order() {
            let wanted = match kind.trim() {
                "parties" => true,
                "admins" => participant.admin,
                "marked" => participant.marked,
                "active" => !participant.waiting,
                "waiting" => participant.waiting,
                kind => return Err(format!("CONFBRIDGE_CHANNELS has no kind \"{kind}\"")),
            };
            if let Some(view) = self.switch.view.channels.get(&key).filter(|_| wanted) {
                if !names.is_empty() {
                    names.push(',');
                }
                names.push_str(&view.name);
            }
        }
        Ok(names)
    }
}

impl Scope for ChannelScope<'_> {
    fn variable(&self, name: &str) -> String {
        if name == "EPOCH" {
            return self.switch.wall(self.now).as_secs().to_string();
        }
        if let Some(value) = self.builtin(name) {
            return value;
        }
        let own = self.view().and_then(|view| view.variables.get(name));
        own.or_else(|| self.switch.view.globals.get(name))
            .map(|v| v.to_string())
            .unwrap_or_default()
    }

    fn function(&self, name: &str, arguments: &str) -> Result<String, String> {
        let flag = |flag: bool| Ok(String::from(if flag { "1" } else { "0" }));
        match name.trim() {
            "CALLERID" => self.caller(arguments),
            "CHANNEL" => self.channel(arguments),
            "CONFBRIDGE_INFO" => self.room_info(arguments),
            "CONFBRIDGE_CHANNELS" => self.room_channels(arguments),
            "GLOBAL" => {
                let value = self.switch.view.globals.get(arguments.trim());
                Ok(value.map(|value| value.to_string()).unwrap_or_default())
            }
            "LEN" => Ok(arguments.chars().count().to_string()),
            "TOUPPER" => Ok(arguments.to_uppercase()),
            "TOLOWER" => Ok(arguments.to_lowercase()),
            "ISNULL" => flag(arguments.is_empty()),
            "EXISTS" => flag(!arguments.is_empty()),
            "IF" => {
                let (condition, values) = arguments
                    .split_once('?')
                    .ok_or("IF is written IF(condition?yes:no)")?;
                let (yes, no) = values.split_once(':').unwrap_or((values, ""));
                Ok(if expr::truth(condition) { yes } else { no }.into())
            }
            "CONFBRIDGE" => Err(String::from("CONFBRIDGE can be set, not read")),
            name => Err(format!("there is no function \"{name}\"")),
        }
    }
}
