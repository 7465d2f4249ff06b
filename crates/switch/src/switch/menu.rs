//! The keys of a participant: they become sequences, and sequences become actions.
//!
//! ```text
//!             key, longer sequence possible
//!            +----------+   key, or BETWEEN_KEYS without one
//!   Idle ----> Open ----+-----------------------------------> actions, one after the other
//!     ^                 |                                        |  sound: waits for its end
//!     +-----------------+----------------------------------------+
//!        no sequence: the key passes
//! ```

use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::sync::Arc;
use core::time::Duration;

use super::channel::Playlist;
use super::conference::{Conference, Stage};
use super::{Switch, Turn};
use crate::config::DIGITS_MAX;
use crate::effect::Effect;
use crate::ids::{ChannelKey, PlaybackKey};
use crate::profile::{Keyed, MenuAction, MenuProfile};

mod actions;
mod away;

pub(super) use away::Away;

/// How long a participant may take between two keys of a sequence, as in the reference.
const BETWEEN_KEYS: Duration = Duration::from_secs(1);

/// What a participant's keys do, and what they came to so far.
#[derive(Debug, Default)]
pub(super) struct Keys {
    pub(super) menu: Arc<MenuProfile>,
    pub(super) menu_name: Arc<str>,
    /// Keys that are no sequence yet.
    pressed: String,
    /// A sequence that a further key may go on with, although its actions ran.
    continued: String,
    /// Actions that wait for the sound of one before them.
    actions: VecDeque<MenuAction>,
    /// The sound of an action; absent if there is none.
    saying: Option<Saying>,
}

/// Sounds that a menu plays to its participant.
#[derive(Debug)]
struct Saying {
    list: Playlist,
    key: Interrupts,
}

/// What a key does to a sound.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Interrupts {
    /// Nothing.
    No,
    /// Ends it, and begins a sequence.
    Anew,
    /// Ends it, and goes on with the sequence that it came from.
    GoingOn,
}

impl Keys {
    pub(super) fn new(menu: Arc<MenuProfile>, menu_name: Arc<str>) -> Self {
        Self {
            menu,
            menu_name,
            ..Self::default()
        }
    }

    /// Whether the participant hears sounds of its menu.
    pub(super) const fn is_saying(&self) -> bool {
        self.saying.is_some()
    }

    /// Forgets what was pressed and is still to do; gives back the sound to stop.
    pub(super) fn reset(&mut self) -> Option<PlaybackKey> {
        self.pressed.clear();
        self.continued.clear();
        self.actions.clear();
        self.saying.take().and_then(|saying| saying.list.playing)
    }
}

impl Switch {
    /// A participant pressed a key.
    pub(super) fn menu_digit(&mut self, key: ChannelKey, digit: char, turn: &mut Turn<'_>) {
        let Some(keys) = self.keys_mut(key) else {
            return;
        };
        let interrupts = keys.saying.as_ref().map(|saying| saying.key);
        match interrupts {
            Some(Interrupts::No) => return,
            Some(Interrupts::Anew) => keys.continued.clear(),
            Some(Interrupts::GoingOn) | None => {}
        }
        let mut continued = core::mem::take(&mut keys.continued);
        continued.push(digit);
        if keys.pressed.is_empty() && keys.menu.knows(&continued) {
            keys.pressed = continued;
        } else if keys.pressed.len() < DIGITS_MAX {
            keys.pressed.push(digit);
        }
        if interrupts.is_some() {
            keys.actions.clear();
            self.stop_saying(key, turn);
        }
        self.settle_keys(key, false, turn);
    }

    /// No further key came.
    pub(super) fn menu_timed_out(&mut self, key: ChannelKey, turn: &mut Turn<'_>) {
        if let Some(keys) = self.keys_mut(key) {
            keys.continued.clear();
            self.settle_keys(key, true, turn);
        }
    }

    /// A sound of the menu is over.
    pub(super) fn menu_sound_over(
        &mut self,
        key: ChannelKey,
        over: PlaybackKey,
        turn: &mut Turn<'_>,
    ) {
        let saying = self.keys_mut(key).and_then(|keys| keys.saying.as_mut());
        let Some(saying) = saying.filter(|saying| saying.list.playing == Some(over)) else {
            return;
        };
        saying.list.playing = None;
        self.say_next(key, turn);
        let Some(keys) = self.keys_mut(key).filter(|keys| !keys.is_saying()) else {
            return;
        };
        if !keys.continued.is_empty() {
            self.arm_timer(key, BETWEEN_KEYS, turn.now);
        }
        self.run_actions(key, turn);
    }

    /// Turns keys into sequences as far as they can be told.
    fn settle_keys(&mut self, key: ChannelKey, over: bool, turn: &mut Turn<'_>) {
        self.cancel_timer(key);
        while let Some(keys) = self.keys_mut(key) {
            if keys.pressed.is_empty() {
                return;
            }
            match keys.menu.look_up(&keys.pressed, over) {
                Keyed::Open => return self.arm_timer(key, BETWEEN_KEYS, turn.now),
                Keyed::Nothing => {
                    let digit = keys.pressed.remove(0);
                    self.pass_digit(key, digit, turn);
                }
                Keyed::Sequence(len) => {
                    let rest = keys.pressed.split_off(len);
                    let sequence = core::mem::take(&mut keys.pressed);
                    self.run_sequence(key, sequence, turn);
                    // Keys behind a sequence count as if they were pressed after it.
                    for digit in rest.chars() {
                        self.menu_digit(key, digit, turn);
                    }
                    return;
                }
            }
        }
    }

    fn run_sequence(&mut self, key: ChannelKey, sequence: String, turn: &mut Turn<'_>) {
        let Some(keys) = self.keys_mut(key) else {
            return;
        };
        let actions = keys.menu.actions(&sequence).cloned().unwrap_or_default();
        keys.actions.extend(actions.iter().cloned());
        keys.continued = sequence;
        let goes_on = |action: &MenuAction| matches!(action, MenuAction::PlaybackAndContinue(_));
        if !actions.iter().any(goes_on) {
            keys.continued.clear();
        }
        self.run_actions(key, turn);
    }

    /// Does what is to do until a sound plays.
    fn run_actions(&mut self, key: ChannelKey, turn: &mut Turn<'_>) {
        while let Some(keys) = self.keys_mut(key).filter(|keys| !keys.is_saying()) {
            let Some(action) = keys.actions.pop_front() else {
                return;
            };
            self.perform(key, action, turn);
        }
    }

    /// Plays sounds to a participant; music waits for them.
    fn say(
        &mut self,
        key: ChannelKey,
        sounds: impl IntoIterator<Item = String>,
        interrupted_by_key: Interrupts,
        turn: &mut Turn<'_>,
    ) {
        let list = Playlist {
            playing: None,
            rest: sounds.into_iter().collect(),
        };
        let Some(keys) = self.keys_mut(key) else {
            return;
        };
        keys.saying = Some(Saying {
            list,
            key: interrupted_by_key,
        });
        self.refresh_own(key, turn);
        self.say_next(key, turn);
    }

    /// Plays the next sound, or lets the participant back behind the last one.
    fn say_next(&mut self, key: ChannelKey, turn: &mut Turn<'_>) {
        let saying = self.keys_mut(key).and_then(|keys| keys.saying.as_mut());
        let Some(saying) = saying else { return };
        let list = core::mem::take(&mut saying.list);
        let next = self.play_next(key, list, turn);
        let Some(keys) = self.keys_mut(key) else {
            return;
        };
        match (next, &mut keys.saying) {
            (Some(list), Some(saying)) => saying.list = list,
            _ => {
                keys.saying = None;
                self.refresh_own(key, turn);
            }
        }
    }

    fn stop_saying(&mut self, key: ChannelKey, turn: &mut Turn<'_>) {
        let saying = self.keys_mut(key).and_then(|keys| keys.saying.take());
        if let Some(saying) = saying {
            self.stop_list(&saying.list, turn);
            self.refresh_own(key, turn);
        }
    }

    fn refresh_own(&mut self, key: ChannelKey, turn: &mut Turn<'_>) {
        if let Some(room) = self.room_of(key) {
            self.refresh_member(room, key, turn);
        }
    }

    /// Sends a key that the menu does not take to all who hear the presser, if it is to be so.
    fn pass_digit(&mut self, key: ChannelKey, digit: char, turn: &mut Turn<'_>) {
        let Some(Conference {
            user,
            room: Some(room),
            stage: Stage::Inside(inside),
            ..
        }) = self.conference_of(key)
        else {
            return;
        };
        let is_heard = inside.gate.is_some_and(|(talk, _)| talk);
        let Some(view) = self.view.rooms.get(room) else {
            return;
        };
        if !user.dtmf_passthrough || !is_heard {
            return;
        }
        for (channel, participant) in &view.participants {
            if *channel != key && participant.joined && !participant.waiting && !participant.away {
                turn.order(Effect::SendDigit {
                    channel: *channel,
                    digit,
                });
            }
        }
    }

    /// The keys of a participant that is with the others.
    fn keys_mut(&mut self, key: ChannelKey) -> Option<&mut Keys> {
        match self.conference_mut(key)? {
            Conference {
                stage: Stage::Inside(_),
                keys,
                ..
            } => Some(keys),
            _ => None,
        }
    }
}
