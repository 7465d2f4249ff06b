//! Profiles of ConfBridge: option names, values and defaults.

use alloc::collections::BTreeMap;
use alloc::string::{String, ToString};
use alloc::sync::Arc;

use crate::nearest;

mod bridge;
mod menu;
mod user;
mod value;

pub use bridge::BridgeProfile;
pub(crate) use menu::Keyed;
pub use menu::{MenuAction, MenuProfile, VolumeChange};
pub use user::UserProfile;
pub use value::{AnnounceAll, Millis, Seconds};

/// The user profile of whoever names none.
pub(crate) const DEFAULT_USER: &str = "default_user";
/// The bridge profile of whoever names none.
pub(crate) const DEFAULT_BRIDGE: &str = "default_bridge";
/// The menu of whoever names none.
pub(crate) const DEFAULT_MENU: &str = "default_menu";

/// The profiles that `ConfBridge` names, each kind by name.
///
/// The three defaults always exist.
#[derive(Clone, Debug, PartialEq)]
pub struct RoomProfiles {
    /// Profiles of participants.
    pub users: BTreeMap<String, Arc<UserProfile>>,
    /// Profiles of rooms.
    pub bridges: BTreeMap<String, Arc<BridgeProfile>>,
    /// Key menus.
    pub menus: BTreeMap<String, Arc<MenuProfile>>,
}

impl Default for RoomProfiles {
    fn default() -> Self {
        Self {
            users: BTreeMap::from([(DEFAULT_USER.to_string(), Arc::default())]),
            bridges: BTreeMap::from([(DEFAULT_BRIDGE.to_string(), Arc::default())]),
            menus: BTreeMap::from([(DEFAULT_MENU.to_string(), Arc::default())]),
        }
    }
}

impl RoomProfiles {
    /// Sets one option of a user profile, which is created with the defaults if it is not there.
    ///
    /// # Errors
    ///
    /// [`ProfileError`] if there is no such option or the value is not one it takes.
    pub fn set_user(&mut self, name: &str, key: &str, value: &str) -> Result<(), ProfileError> {
        Arc::make_mut(self.users.entry(name.into()).or_default()).set(key, value)
    }

    /// Sets one option of a bridge profile, which is created with the defaults if it is not there.
    ///
    /// # Errors
    ///
    /// [`ProfileError`] if there is no such option or the value is not one it takes.
    pub fn set_bridge(&mut self, name: &str, key: &str, value: &str) -> Result<(), ProfileError> {
        Arc::make_mut(self.bridges.entry(name.into()).or_default()).set(key, value)
    }

    /// Sets what a key sequence of a menu does; the menu is created if it is not there.
    ///
    /// # Errors
    ///
    /// [`ProfileError`] if the sequence holds something that is not on a keypad, or an action is
    /// none.
    pub fn set_menu(&mut self, name: &str, keys: &str, actions: &str) -> Result<(), ProfileError> {
        Arc::make_mut(self.menus.entry(name.into()).or_default()).set(keys, actions)
    }
}

/// Why an option of a profile was refused.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum ProfileError {
    /// There is no such option.
    #[error("a {kind} profile has no option \"{option}\"{hint}")]
    UnknownOption {
        /// `user` or `bridge`.
        kind: &'static str,
        /// What was given.
        option: String,
        /// A suggestion, or nothing.
        hint: String,
    },
    /// The value is not one the option takes.
    #[error("\"{value}\" is no value for {option}; write {expected}")]
    BadValue {
        /// The option.
        option: &'static str,
        /// What was given.
        value: String,
        /// What it takes.
        expected: &'static str,
    },
    /// The key sequence of a menu is not one.
    #[error("\"{keys}\" are no keys of a phone; use 1 to {max} of 0 to 9, A to D, * and #")]
    BadKeys {
        /// What was given.
        keys: String,
        /// The longest sequence.
        max: usize,
    },
    /// There is no such action.
    #[error("a menu has no action \"{action}\"{hint}")]
    UnknownAction {
        /// What was given.
        action: String,
        /// A suggestion, or nothing.
        hint: String,
    },
    /// There is nothing to do.
    #[error("an action is missing; write no_op for a key that does nothing")]
    NoAction,
    /// An action has arguments that it does not take, or lacks some.
    #[error("\"{action}\" is no action of a menu; write {usage}")]
    BadAction {
        /// What was given.
        action: String,
        /// How it is written.
        usage: &'static str,
    },
    /// A menu is too large.
    #[error("there are at most {max} {what}; use a second menu")]
    TooMany {
        /// Of what.
        what: &'static str,
        /// The limit.
        max: usize,
    },
}

impl ProfileError {
    fn unknown(kind: &'static str, option: &str, names: &'static [&'static str]) -> Self {
        let hint = nearest::hint(option, names.iter().copied());
        Self::UnknownOption {
            kind,
            option: option.into(),
            hint,
        }
    }
}

/// Declares a profile: its options with their types and defaults, and the way to set one by name.
macro_rules! profile {
    (
        $(#[$meta:meta])* $name:ident, $kind:literal;
        $($(#[$doc:meta])* $option:ident: $type:ty = $default:expr;)*
    ) => {
        $(#[$meta])*
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub struct $name {
            $($(#[$doc])* pub $option: $type,)*
        }

        impl Default for $name {
            fn default() -> Self {
                Self { $($option: $default,)* }
            }
        }

        impl $name {
            /// Names of all options.
            pub const OPTIONS: &'static [&'static str] = &[$(stringify!($option)),*];

            /// Sets one option by its name.
            ///
            /// # Errors
            ///
            /// [`ProfileError`](crate::ProfileError) if there is no such option or the value is
            /// not one it takes.
            pub fn set(&mut self, option: &str, value: &str) -> Result<(), crate::ProfileError> {
                match option {
                    $(stringify!($option) => {
                        self.$option = crate::profile::value::read(stringify!($option), value)?;
                    })*
                    _ => return Err(crate::ProfileError::unknown($kind, option, Self::OPTIONS)),
                }
                Ok(())
            }
        }
    };
}
use profile;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_those_of_the_reference() {
        let user = UserProfile::default();
        assert!(user.announce_only_user && user.hear_own_join_sound && user.answer_channel);
        assert!(!user.music_on_hold_when_empty && !user.admin && !user.quiet);
        let bridge = BridgeProfile::default();
        assert_eq!(bridge.sound_join, "confbridge-join");
        assert_eq!(
            (bridge.max_members, bridge.mixing_interval),
            (0, Millis(20))
        );
    }

    #[test]
    fn an_option_is_set_by_its_name_and_a_slip_is_named() {
        let mut profiles = RoomProfiles::default();
        profiles.set_user("host", "admin", "Yes").unwrap();
        profiles.set_user("host", "pin", "4711").unwrap();
        assert!(profiles.users["host"].admin);
        assert!(!profiles.users[DEFAULT_USER].admin);
        let error = profiles.set_user("host", "startmute", "yes").unwrap_err();
        assert_eq!(
            error.to_string(),
            "a user profile has no option \"startmute\"; did you mean \"startmuted\"?"
        );
        let error = profiles.set_bridge("b", "max_members", "many").unwrap_err();
        assert_eq!(
            error.to_string(),
            "\"many\" is no value for max_members; write a whole number"
        );
    }
}
