//! `plenum ctl`: control of a running server over a Unix socket.
//!
//! One JSON object a line each way. The client sends one [`Ask`]; the server answers with one
//! [`Answer`], or with one a line for as long as the client listens where the ask is `Tail`. The
//! socket is readable by its owner alone; whoever may open it may do everything.

pub mod client;
mod events;
mod print;
pub mod server;

use serde::{Deserialize, Serialize};
use serde_json::Value;

/// Name of the socket in the data folder.
pub const SOCKET: &str = "ctl.sock";

/// A line is no longer than this in either direction.
pub const LINE_BYTES_MAX: u64 = 4 << 20;

/// What a client asks.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "ask", rename_all = "snake_case")]
pub enum Ask {
    /// Totals and table sizes.
    Status,
    /// All channels.
    Channels,
    /// Ends a call.
    HangUp {
        /// Identifier or name of the channel.
        channel: String,
        /// Q.850 cause.
        cause: u8,
    },
    /// All rooms.
    Rooms,
    /// Who is in a room.
    Room {
        /// Its name.
        room: String,
    },
    /// Mutes or unmutes participants.
    Mute {
        /// The room.
        room: String,
        /// A channel, `all` or `participants`.
        who: String,
        /// Whether they are to be muted.
        muted: bool,
    },
    /// Removes participants.
    Kick {
        /// The room.
        room: String,
        /// A channel, `all` or `participants`.
        who: String,
    },
    /// Locks or unlocks a room.
    Lock {
        /// The room.
        room: String,
        /// Whether it is to be locked.
        locked: bool,
    },
    /// Events from a number on, for as long as the client listens.
    Tail {
        /// The last event that the client has; absent for only what comes.
        after: Option<u64>,
    },
    /// Reads the dialplan file again.
    ReloadDialplan,
    /// Ends all calls and stops the server.
    Drain,
}

/// One line of the server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Answer {
    /// What was asked for.
    Ok(Value),
    /// The sentence that says why not.
    Error(String),
}
