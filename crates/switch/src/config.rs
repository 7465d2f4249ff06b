//! What a switch is built from, and its limits.

use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use crate::dialplan::Dialplan;
use crate::profile::RoomProfiles;

/// Steps of a dialplan that one channel may take within a second.
///
/// A loop of `Goto` that never waits would otherwise hold the whole server.
pub(crate) const STEPS_MAX: u32 = 10_000;
/// Variables that one channel, or the global scope, may hold.
pub(crate) const VARIABLES_MAX: usize = 1_000;
/// Bytes in the value of one variable.
pub(crate) const VALUE_BYTES_MAX: usize = 8 * 1024;
/// Bytes in the name of one variable.
pub(crate) const NAME_BYTES_MAX: usize = 80;
/// Characters in the name of a room, as in ConfBridge.
pub(crate) const ROOM_NAME_CHARS_MAX: usize = 79;
/// Digits that are kept while a caller enters a number.
pub(crate) const DIGITS_MAX: usize = 79;

/// What a switch is built from.
#[derive(Clone, Debug)]
pub struct SwitchConfig {
    /// Where calls go.
    pub dialplan: Dialplan,
    /// The profiles that `ConfBridge` names.
    pub rooms: RoomProfiles,
    /// How many bytes of events are kept for slow readers. Default 16 MiB.
    pub journal_bytes: usize,
    /// How many channels may exist at a time. Default 10,000.
    pub channels_max: usize,
    /// The time since 1970 at [`plenum_time::Instant::ZERO`].
    pub wall_at_zero: Duration,
    /// Classes of music on hold that can be played; `default` is always known.
    pub music_classes: Vec<String>,
    /// Name of this system, as events and identifiers of other systems show it.
    pub system_id: String,
}

impl SwitchConfig {
    /// Builds a configuration with a dialplan and defaults for everything else.
    #[must_use]
    pub fn new(dialplan: Dialplan) -> Self {
        Self {
            dialplan,
            rooms: RoomProfiles::default(),
            journal_bytes: 16 * 1024 * 1024,
            channels_max: 10_000,
            wall_at_zero: Duration::ZERO,
            music_classes: Vec::new(),
            system_id: String::from("plenum"),
        }
    }
}
