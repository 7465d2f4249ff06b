//! `ConfBridge` as one channel goes through it.
//!
//! ```text
//!   answer -> Pin -> admitted -> Prompts -> join sound -> Inside -> Farewell -> next step
//!              |        |                                              ^
//!              +--------+-> Farewell -> hang up (wrong PIN, locked, full)
//! ```

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::String;
use alloc::sync::Arc;

use plenum_time::Instant;

use super::audio::sound;
use super::channel::{Activity, Call, Playlist};
use super::digits::{BETWEEN_DIGITS, FIRST_DIGIT};
use super::menu::Keys;
use super::{Switch, Turn};
use crate::cause::Cause;
use crate::config::{DIGITS_MAX, ROOM_NAME_CHARS_MAX};
use crate::ids::{ChannelKey, PlaybackKey, RoomKey};
use crate::journal::RoomResult;
use crate::profile::{BridgeProfile, DEFAULT_BRIDGE, DEFAULT_MENU, DEFAULT_USER, UserProfile};

/// How often a caller may try its PIN.
const PIN_TRIES: u8 = 3;

/// A channel in `ConfBridge`.
#[derive(Debug)]
pub(super) struct Conference {
    /// Name of the room as it was dialled.
    pub(super) name: Arc<str>,
    pub(super) user: Arc<UserProfile>,
    /// The bridge profile that was asked for; the room has that of its first participant.
    pub(super) bridge: Arc<BridgeProfile>,
    pub(super) bridge_name: Arc<str>,
    /// The room that it counts in.
    pub(super) room: Option<RoomKey>,
    pub(super) stage: Stage,
    pub(super) keys: Keys,
    /// When its time in the room is over.
    pub(super) leaves_at: Option<Instant>,
}

/// Where a channel is between dialling a room and being in it.
#[derive(Debug)]
pub(super) enum Stage {
    /// Enters its PIN.
    Pin {
        tries_left: u8,
        digits: String,
        prompt: Playlist,
    },
    /// Counts, and hears what it should know first.
    Prompts {
        list: Playlist,
        /// Whether the room was told that it joins.
        announced: bool,
    },
    /// Is with the others.
    Inside(Inside),
    /// Hears why it is not in the room any more, or why it does not get in.
    Farewell {
        playing: PlaybackKey,
        /// The sentence, if the call ends with it.
        refused: Option<&'static str>,
    },
    /// Between two stages.
    Turning,
}

/// The audio of a participant.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Inside {
    pub(super) music: Option<PlaybackKey>,
    /// Whether music could not be played; it is not tried again.
    pub(super) music_failed: bool,
    /// Talk and hear, as ordered last.
    pub(super) gate: Option<(bool, bool)>,
}

impl Switch {
    /// `ConfBridge(room[,bridge_profile[,user_profile[,menu]]])`.
    pub(super) fn conf_bridge(
        &mut self,
        key: ChannelKey,
        call: &Call,
        arguments: &[&str],
        turn: &mut Turn<'_>,
    ) {
        if self.is_away(key) {
            let why = "ConfBridge is passed over: a menu sent the call here from its room";
            return self.warn(key, why.into(), turn.now);
        }
        let conference = match self.conference(key, arguments) {
            Ok(conference) => conference,
            Err(why) => {
                self.set_result(key, RoomResult::Failed, turn);
                self.warn(key, why.clone(), turn.now);
                return self.hang_up(key, Cause::UNKNOWN, &why, turn);
            }
        };
        if conference.user.answer_channel {
            if self.must_answer(key, call.clone(), turn) {
                return;
            }
        } else {
            self.early_media(key, turn);
        }
        let has_pin = !conference.user.pin.is_empty();
        self.set_activity(key, Activity::Conference(Box::new(conference)));
        if has_pin {
            self.ask_pin(key, PIN_TRIES, None, turn);
        } else {
            self.admit(key, turn);
        }
    }

    /// Looks up what a call of `ConfBridge` names.
    fn conference(&self, key: ChannelKey, arguments: &[&str]) -> Result<Conference, String> {
        let argument = |index: usize| {
            arguments
                .get(index)
                .map(|text| text.trim())
                .filter(|text| !text.is_empty())
        };
        let name = argument(0).ok_or("ConfBridge: the name of the room is empty")?;
        if name.chars().count() > ROOM_NAME_CHARS_MAX {
            return Err(format!(
                "ConfBridge: the name of a room has at most {ROOM_NAME_CHARS_MAX} characters"
            ));
        }
        let missing =
            |kind, name: &str| format!("ConfBridge: there is no {kind} profile \"{name}\"");
        let channel = self.channels.get(key);
        let own_user = channel.and_then(|channel| channel.own_user.clone());
        let user = match (argument(2), own_user) {
            (None, Some(own)) => own,
            (named, _) => {
                let named = named.unwrap_or(DEFAULT_USER);
                self.profiles
                    .users
                    .get(named)
                    .cloned()
                    .ok_or_else(|| missing("user", named))?
            }
        };
        let own_bridge = channel.and_then(|channel| channel.own_bridge.clone());
        let bridge_name = argument(1).unwrap_or(DEFAULT_BRIDGE);
        let bridge = match (argument(1), own_bridge) {
            (None, Some(own)) => own,
            _ => {
                let profile = self.profiles.bridges.get(bridge_name).cloned();
                profile.ok_or_else(|| missing("bridge", bridge_name))?
            }
        };
        let own_menu = channel.and_then(|channel| channel.own_menu.clone());
        let keys = match (argument(3), own_menu) {
            (None, Some(own)) => Keys::new(own, "".into()),
            (named, _) => {
                let named = named.unwrap_or(DEFAULT_MENU);
                let menu = self.profiles.menus.get(named).cloned();
                let menu =
                    menu.ok_or_else(|| format!("ConfBridge: there is no menu \"{named}\""))?;
                Keys::new(menu, named.into())
            }
        };
        Ok(Conference {
            name: name.into(),
            user,
            bridge,
            bridge_name: bridge_name.into(),
            room: None,
            stage: Stage::Turning,
            keys,
            leaves_at: None,
        })
    }

    pub(super) fn conference_mut(&mut self, key: ChannelKey) -> Option<&mut Conference> {
        match &mut self.channels.get_mut(key)?.activity {
            Activity::Conference(conference) => Some(conference),
            _ => None,
        }
    }

    pub(super) fn conference_of(&self, key: ChannelKey) -> Option<&Conference> {
        match &self.channels.get(key)?.activity {
            Activity::Conference(conference) => Some(conference),
            _ => None,
        }
    }

    fn ask_pin(
        &mut self,
        key: ChannelKey,
        tries_left: u8,
        first: Option<String>,
        turn: &mut Turn<'_>,
    ) {
        let Some(conference) = self.conference_of(key) else {
            return;
        };
        let question = conference.bridge.sound_get_pin.clone();
        let rest: VecDeque<String> = first.into_iter().chain([question]).collect();
        let prompt = Playlist {
            playing: None,
            rest,
        };
        if let Some(conference) = self.conference_mut(key) {
            conference.stage = Stage::Pin {
                tries_left,
                digits: String::new(),
                prompt,
            };
        }
        self.next_pin_prompt(key, turn);
    }

    /// A key of the PIN: it ends the prompt, and `#` ends the PIN.
    pub(super) fn pin_digit(&mut self, key: ChannelKey, digit: char, turn: &mut Turn<'_>) {
        let Some(conference) = self.conference_mut(key) else {
            return;
        };
        let Stage::Pin { digits, prompt, .. } = &mut conference.stage else {
            return;
        };
        let prompt = core::mem::take(prompt);
        if digit != '#' && digits.len() < DIGITS_MAX {
            digits.push(digit);
        }
        self.stop_list(&prompt, turn);
        if digit == '#' {
            self.check_pin(key, turn);
        } else {
            self.arm_timer(key, BETWEEN_DIGITS, turn.now);
        }
    }

    /// No key for too long: what came counts.
    pub(super) fn pin_timed_out(&mut self, key: ChannelKey, turn: &mut Turn<'_>) {
        if let Some(Conference {
            stage: Stage::Pin { .. },
            ..
        }) = self.conference_of(key)
        {
            self.check_pin(key, turn);
        }
    }

    fn check_pin(&mut self, key: ChannelKey, turn: &mut Turn<'_>) {
        self.cancel_timer(key);
        let Some(conference) = self.conference_of(key) else {
            return;
        };
        let Stage::Pin {
            tries_left, digits, ..
        } = &conference.stage
        else {
            return;
        };
        if *digits == conference.user.pin {
            return self.admit(key, turn);
        }
        let left = tries_left - 1;
        let invalid = conference.bridge.sound_invalid_pin.clone();
        if left == 0 {
            self.refuse_entry(key, &invalid, "the PIN was wrong three times", turn);
        } else {
            self.ask_pin(key, left, Some(invalid), turn);
        }
    }

    /// Tells the caller that it does not get in, then ends the call.
    pub(super) fn refuse_entry(
        &mut self,
        key: ChannelKey,
        name: &str,
        why: &'static str,
        turn: &mut Turn<'_>,
    ) {
        self.set_result(key, RoomResult::Failed, turn);
        let playing = self.play(key, sound(name), turn);
        if let Some(conference) = self.conference_mut(key) {
            conference.stage = Stage::Farewell {
                playing,
                refused: Some(why),
            };
        }
    }

    /// Lets a channel that is out of its room hear why, then go on in the dialplan.
    pub(super) fn farewell(&mut self, key: ChannelKey, name: Option<&str>, turn: &mut Turn<'_>) {
        let Some(name) = name else {
            return self.make_ready(key);
        };
        let playing = self.play(key, sound(name), turn);
        if let Some(conference) = self.conference_mut(key) {
            conference.stage = Stage::Farewell {
                playing,
                refused: None,
            };
        }
    }

    /// A sound for this channel is over.
    pub(super) fn conference_sound_over(
        &mut self,
        key: ChannelKey,
        over: PlaybackKey,
        failed: bool,
        turn: &mut Turn<'_>,
    ) {
        let Some(conference) = self.conference_mut(key) else {
            return;
        };
        match &mut conference.stage {
            Stage::Pin { prompt, .. } if prompt.playing == Some(over) => {
                prompt.playing = None;
                self.next_pin_prompt(key, turn);
            }
            Stage::Prompts { list, .. } if list.playing == Some(over) => {
                list.playing = None;
                self.next_prompt(key, turn);
            }
            Stage::Inside(inside) if inside.music == Some(over) => {
                inside.music = None;
                inside.music_failed |= failed;
                if let Some(room) = conference.room {
                    self.refresh_member(room, key, turn);
                }
            }
            Stage::Inside(_) => self.menu_sound_over(key, over, turn),
            Stage::Farewell { playing, refused } if *playing == over => match *refused {
                Some(why) => self.hang_up(key, Cause::UNKNOWN, why, turn),
                None => self.make_ready(key),
            },
            _ => {}
        }
    }

    fn next_pin_prompt(&mut self, key: ChannelKey, turn: &mut Turn<'_>) {
        let Some(Conference {
            stage: Stage::Pin { prompt, .. },
            ..
        }) = self.conference_mut(key)
        else {
            return;
        };
        let list = core::mem::take(prompt);
        let next = self.play_next(key, list, turn);
        match (next, self.conference_mut(key)) {
            (
                Some(list),
                Some(Conference {
                    stage: Stage::Pin { prompt, .. },
                    ..
                }),
            ) => {
                *prompt = list;
            }
            _ => self.arm_timer(key, FIRST_DIGIT, turn.now),
        }
    }

    /// Plays the next prompt before the room; behind the last one the room is told, and the
    /// channel comes in.
    pub(super) fn next_prompt(&mut self, key: ChannelKey, turn: &mut Turn<'_>) {
        let Some(conference) = self.conference_mut(key) else {
            return;
        };
        let Stage::Prompts { list, announced } = &mut conference.stage else {
            return;
        };
        let was_announced = *announced;
        *announced |= list.rest.is_empty();
        let mut list = core::mem::take(list);
        if list.rest.is_empty() && !was_announced {
            let user = conference.user.clone();
            let room = conference.room;
            if let Some(name) = room
                .filter(|_| !user.quiet)
                .and_then(|room| self.join_sound(room))
            {
                self.play_to_room(room.unwrap_or_default(), &name, turn);
                if user.hear_own_join_sound {
                    list.rest.push_back(name);
                }
            }
        }
        match self.play_next(key, list, turn) {
            Some(next) => {
                if let Some(Conference {
                    stage: Stage::Prompts { list, .. },
                    ..
                }) = self.conference_mut(key)
                {
                    *list = next;
                }
            }
            None => self.enter(key, turn),
        }
    }

    pub(super) fn set_result(&mut self, key: ChannelKey, result: RoomResult, turn: &mut Turn<'_>) {
        self.set_variable(key, "CONFBRIDGE_RESULT", result.as_str(), turn.now);
    }
}
