//! Key menus: what a participant's keys do.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::ops::Bound;

use super::ProfileError;
use crate::effect::leaves_folder;
use crate::{expr, nearest};

/// Keys of one sequence.
const KEYS_MAX: usize = 20;
/// Sequences of one menu.
const SEQUENCES_MAX: usize = 200;
/// Actions of one sequence, and sounds of one action.
const ACTIONS_MAX: usize = 20;

/// A key menu (`type=menu`): key sequences and what each does.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct MenuProfile {
    keys: BTreeMap<String, Arc<[MenuAction]>>,
}

/// What keys pressed so far come to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keyed {
    /// Further keys may complete a sequence, or a longer one.
    Open,
    /// So many keys are the longest sequence there is.
    Sequence(usize),
    /// The first key begins no sequence.
    Nothing,
}

impl MenuProfile {
    /// Sets what a key sequence does; the same sequence again replaces it.
    ///
    /// # Errors
    ///
    /// [`ProfileError`] if the sequence is none, an action is unknown or has wrong arguments, or a
    /// limit is met.
    pub fn set(&mut self, keys: &str, actions: &str) -> Result<(), ProfileError> {
        let sequence = keys.strip_prefix('\\').unwrap_or(keys).to_ascii_uppercase();
        let known = |c: char| c.is_ascii_digit() || "ABCD*#".contains(c);
        if sequence.is_empty() || sequence.len() > KEYS_MAX || !sequence.chars().all(known) {
            return Err(ProfileError::BadKeys {
                keys: keys.into(),
                max: KEYS_MAX,
            });
        }
        let actions: Vec<MenuAction> = expr::arguments(actions)
            .iter()
            .map(|action| MenuAction::parse(action))
            .collect::<Result<_, _>>()?;
        if actions.len() > ACTIONS_MAX {
            return Err(ProfileError::TooMany {
                what: "actions for one key sequence",
                max: ACTIONS_MAX,
            });
        }
        if self.keys.len() >= SEQUENCES_MAX && !self.keys.contains_key(&sequence) {
            return Err(ProfileError::TooMany {
                what: "key sequences in one menu",
                max: SEQUENCES_MAX,
            });
        }
        self.keys.insert(sequence, actions.into());
        Ok(())
    }

    /// Returns what a key sequence does.
    #[must_use]
    pub fn actions(&self, keys: &str) -> Option<&Arc<[MenuAction]>> {
        self.keys.get(keys)
    }

    /// Tells whether a sequence is these keys, or begins with them.
    pub(crate) fn knows(&self, keys: &str) -> bool {
        self.keys.contains_key(keys) || self.wants_more(keys)
    }

    /// Finds the longest sequence that the keys begin with.
    ///
    /// As long as a longer one is possible nothing is decided, unless the time for it is `over`.
    pub(crate) fn look_up(&self, keys: &str, over: bool) -> Keyed {
        if !over && self.wants_more(keys) {
            return Keyed::Open;
        }
        (1..=keys.len())
            .rev()
            .find(|len| {
                keys.get(..*len)
                    .is_some_and(|keys| self.keys.contains_key(keys))
            })
            .map_or(Keyed::Nothing, Keyed::Sequence)
    }

    fn wants_more(&self, keys: &str) -> bool {
        let longer = (Bound::Excluded(keys), Bound::Unbounded);
        let next = self.keys.range::<str, _>(longer).next();
        next.is_some_and(|(sequence, _)| sequence.starts_with(keys))
    }
}

/// One action of a menu.
#[derive(Clone, Debug, PartialEq, Eq)]
#[non_exhaustive]
pub enum MenuAction {
    /// Mutes the presser, or unmutes it.
    ToggleMute,
    /// Does nothing: there is no spatial mixing.
    ToggleBinaural,
    /// Does nothing.
    NoOp,
    /// Changes how loud the presser hears the others.
    ListeningVolume(VolumeChange),
    /// Changes how loud the others hear the presser.
    TalkingVolume(VolumeChange),
    /// Tells the presser how many others are there.
    ParticipantCount,
    /// Plays sounds to the presser; keys do nothing meanwhile.
    Playback(Arc<[String]>),
    /// Plays sounds to the presser; a key ends them and goes on with the sequence.
    PlaybackAndContinue(Arc<[String]>),
    /// Runs the dialplan from a place until its steps end, then comes back.
    DialplanExec {
        /// The context.
        context: Arc<str>,
        /// The extension.
        extension: Arc<str>,
        /// The priority; 1 if it was left out.
        priority: u32,
    },
    /// Takes the presser out of the room.
    LeaveConference,
    /// Removes who joined last. For admins.
    AdminKickLast,
    /// Locks the room, or opens it. For admins.
    AdminToggleConferenceLock,
    /// Mutes everyone but admins, or unmutes them. For admins.
    AdminToggleMuteParticipants,
    /// Does nothing: there is no video.
    SetAsSingleVideoSrc,
    /// Does nothing: there is no video.
    ReleaseAsSingleVideoSrc,
}

/// A step of a volume.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum VolumeChange {
    /// Louder.
    Increase,
    /// Quieter.
    Decrease,
    /// As it came.
    Reset,
}

/// The actions that take no arguments, by name.
const PLAIN: &[(&str, MenuAction)] = &[
    ("toggle_mute", MenuAction::ToggleMute),
    ("toggle_binaural", MenuAction::ToggleBinaural),
    ("no_op", MenuAction::NoOp),
    (
        "increase_listening_volume",
        MenuAction::ListeningVolume(VolumeChange::Increase),
    ),
    (
        "decrease_listening_volume",
        MenuAction::ListeningVolume(VolumeChange::Decrease),
    ),
    (
        "reset_listening_volume",
        MenuAction::ListeningVolume(VolumeChange::Reset),
    ),
    (
        "increase_talking_volume",
        MenuAction::TalkingVolume(VolumeChange::Increase),
    ),
    (
        "decrease_talking_volume",
        MenuAction::TalkingVolume(VolumeChange::Decrease),
    ),
    (
        "reset_talking_volume",
        MenuAction::TalkingVolume(VolumeChange::Reset),
    ),
    ("participant_count", MenuAction::ParticipantCount),
    ("leave_conference", MenuAction::LeaveConference),
    ("admin_kick_last", MenuAction::AdminKickLast),
    (
        "admin_toggle_conference_lock",
        MenuAction::AdminToggleConferenceLock,
    ),
    (
        "admin_toggle_mute_participants",
        MenuAction::AdminToggleMuteParticipants,
    ),
    ("set_as_single_video_src", MenuAction::SetAsSingleVideoSrc),
    (
        "release_as_single_video_src",
        MenuAction::ReleaseAsSingleVideoSrc,
    ),
];

/// The actions that take arguments, and how each is written.
const WITH_ARGUMENTS: [(&str, &str); 3] = [
    ("playback", "playback(sound&sound)"),
    (
        "playback_and_continue",
        "playback_and_continue(sound&sound)",
    ),
    ("dialplan_exec", "dialplan_exec(context,extension,priority)"),
];

impl MenuAction {
    /// Names all actions.
    pub fn names() -> impl Iterator<Item = &'static str> {
        let plain = PLAIN.iter().map(|(name, _)| *name);
        plain.chain(WITH_ARGUMENTS.iter().map(|(name, _)| *name))
    }

    /// Says how each action is written, in the order of [`MenuAction::names`].
    pub fn usages() -> impl Iterator<Item = &'static str> {
        let plain = PLAIN.iter().map(|(name, _)| *name);
        plain.chain(WITH_ARGUMENTS.iter().map(|(_, usage)| *usage))
    }

    fn parse(text: &str) -> Result<Self, ProfileError> {
        let text = text.trim();
        let (name, arguments) = match text.split_once('(') {
            Some((name, rest)) => (name.trim(), rest.strip_suffix(')')),
            None => (text, None),
        };
        if let Some((_, usage)) = WITH_ARGUMENTS.iter().find(|(known, _)| *known == name) {
            return arguments
                .and_then(|arguments| Self::with_arguments(name, arguments))
                .ok_or_else(|| ProfileError::BadAction {
                    action: text.into(),
                    usage,
                });
        }
        match PLAIN.iter().find(|(known, _)| *known == name) {
            Some((_, action)) if name.len() == text.len() => Ok(action.clone()),
            Some((usage, _)) => Err(ProfileError::BadAction {
                action: text.into(),
                usage,
            }),
            None if text.is_empty() => Err(ProfileError::NoAction),
            None => Err(ProfileError::UnknownAction {
                action: name.into(),
                hint: nearest::hint(name, Self::names()),
            }),
        }
    }

    fn with_arguments(name: &str, arguments: &str) -> Option<Self> {
        match name {
            "playback" => sounds(arguments).map(Self::Playback),
            "playback_and_continue" => sounds(arguments).map(Self::PlaybackAndContinue),
            _ => {
                let parts: Vec<&str> = arguments.split(',').map(str::trim).collect();
                let (context, extension, priority) = match parts.as_slice() {
                    [context, extension] => (context, extension, 1),
                    [context, extension, priority] => (context, extension, priority.parse().ok()?),
                    _ => return None,
                };
                let good = !context.is_empty() && !extension.is_empty() && priority > 0;
                good.then(|| Self::DialplanExec {
                    context: (*context).into(),
                    extension: (*extension).into(),
                    priority,
                })
            }
        }
    }
}

fn sounds(text: &str) -> Option<Arc<[String]>> {
    let names: Vec<String> = text.split('&').map(|name| name.trim().into()).collect();
    let good = |name: &String| !name.is_empty() && !leaves_folder(name);
    (names.len() <= ACTIONS_MAX && names.iter().all(good)).then(|| names.into())
}

#[cfg(test)]
mod tests {
    use std::string::ToString;

    use proptest::prelude::*;

    use super::*;

    fn menu(entries: &[&str]) -> MenuProfile {
        let mut menu = MenuProfile::default();
        for keys in entries {
            menu.set(keys, "no_op").unwrap();
        }
        menu
    }

    proptest! {
        /// Keys are decided as a search of all sequences would: the longest one that the keys
        /// begin with, once no longer one can come.
        #[test]
        fn the_longest_sequence_wins(
            entries in prop::collection::vec("[12*]{1,4}", 0..8),
            keys in "[12*#]{1,6}",
            over in any::<bool>(),
        ) {
            let entries: Vec<&str> = entries.iter().map(String::as_str).collect();
            let longer = entries.iter().any(|e| e.len() > keys.len() && e.starts_with(&keys));
            let longest = entries.iter().filter(|e| keys.starts_with(**e)).map(|e| e.len()).max();
            let expected = match longest {
                _ if longer && !over => Keyed::Open,
                Some(len) => Keyed::Sequence(len),
                None => Keyed::Nothing,
            };
            prop_assert_eq!(menu(&entries).look_up(&keys, over), expected);
        }

        /// Whatever is written is a menu entry or refused with a sentence.
        #[test]
        fn any_text_is_an_entry_or_refused(keys in ".{0,8}", actions in "[a-z_(),&.$ ]{0,40}") {
            if let Err(error) = MenuProfile::default().set(&keys, &actions) {
                prop_assert!(!error.to_string().is_empty());
            }
        }
    }

    #[test]
    fn every_action_is_read() {
        let mut menu = MenuProfile::default();
        for name in MenuAction::names() {
            let text = match name {
                "playback" | "playback_and_continue" => std::format!("{name}(a&b)"),
                "dialplan_exec" => std::format!("{name}(menus,s,2)"),
                _ => name.to_string(),
            };
            menu.set("1", &text).unwrap();
        }
        menu.set("*9", "toggle_mute, playback(a & b),dialplan_exec(menus,s)")
            .unwrap();
        let actions = menu.actions("*9").unwrap();
        assert_eq!(actions[0], MenuAction::ToggleMute);
        assert_eq!(
            actions[1],
            MenuAction::Playback(["a".to_string(), "b".to_string()].into())
        );
        assert_eq!(
            actions[2],
            MenuAction::DialplanExec {
                context: "menus".into(),
                extension: "s".into(),
                priority: 1
            }
        );
    }

    #[test]
    fn a_slip_is_refused_with_what_was_meant() {
        let mut menu = MenuProfile::default();
        for (keys, actions, sentence) in [
            (
                "1",
                "togle_mute",
                "a menu has no action \"togle_mute\"; did you mean \"toggle_mute\"?",
            ),
            (
                "1",
                "toggle_mute(now)",
                "\"toggle_mute(now)\" is no action of a menu; write toggle_mute",
            ),
            (
                "1",
                "playback",
                "\"playback\" is no action of a menu; write playback(sound&sound)",
            ),
            (
                "x",
                "no_op",
                "\"x\" are no keys of a phone; use 1 to 20 of 0 to 9, A to D, * and #",
            ),
        ] {
            assert_eq!(menu.set(keys, actions).unwrap_err().to_string(), sentence);
        }
        for bad in [
            "playback(../x)",
            "dialplan_exec(a)",
            "dialplan_exec(a,b,0)",
            "",
        ] {
            assert!(menu.set("1", bad).is_err(), "{bad}");
        }
        assert_eq!(menu, MenuProfile::default());
    }

    #[test]
    fn a_hash_in_front_may_be_escaped_and_letters_are_large() {
        let mut menu = MenuProfile::default();
        menu.set("\\#1", "leave_conference").unwrap();
        menu.set("a", "no_op").unwrap();
        assert!(menu.actions("#1").is_some() && menu.actions("A").is_some());
    }
}
