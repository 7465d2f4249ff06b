//! The side of the operator: the command line of `plenum ctl`.

use std::io::{BufRead, BufReader, Write};
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context, bail};
use clap::{Args, Subcommand};

use super::print::human;
use super::{Answer, Ask, SOCKET};

/// Controls a running server.
#[derive(Debug, Args)]
pub struct CtlOptions {
    /// Socket of the server: "ctl.sock" in its data folder.
    #[arg(long, global = true, value_name = "PATH")]
    socket: Option<PathBuf>,
    /// Prints JSON, one object a line.
    #[arg(long, global = true)]
    json: bool,
    #[command(subcommand)]
    noun: Noun,
}

#[derive(Debug, Subcommand)]
enum Noun {
    /// The server as a whole.
    #[command(subcommand)]
    Server(ServerVerb),
    /// Calls.
    #[command(subcommand)]
    Channels(ChannelVerb),
    /// Conference rooms.
    #[command(subcommand)]
    Rooms(RoomVerb),
    /// Everything that happens, numbered.
    #[command(subcommand)]
    Journal(JournalVerb),
    /// The dialplan.
    #[command(subcommand)]
    Dialplan(DialplanVerb),
}

#[derive(Debug, Subcommand)]
enum ServerVerb {
    /// Totals and table sizes.
    Status,
    /// Ends all calls with BYE, closes recordings and stops the server.
    Drain,
}

#[derive(Debug, Subcommand)]
enum ChannelVerb {
    /// Lists all calls.
    List,
    /// Ends a call.
    HangUp {
        /// Identifier or name of the channel, as `list` shows it.
        channel: String,
        /// Q.850 cause that the peer is told: 16 is normal, 17 busy.
        #[arg(long, default_value_t = 16, value_parser = clap::value_parser!(u8).range(1..=127))]
        cause: u8,
    },
}

#[derive(Debug, Subcommand)]
enum RoomVerb {
    /// Lists all rooms.
    List,
    /// Lists who is in a room.
    Show {
        /// Name of the room.
        room: String,
    },
    /// Mutes participants.
    Mute {
        /// Name of the room.
        room: String,
        /// A channel, "all" or "participants" (everyone but admins).
        who: String,
    },
    /// Unmutes participants.
    Unmute {
        /// Name of the room.
        room: String,
        /// A channel, "all" or "participants" (everyone but admins).
        who: String,
    },
    /// Removes participants.
    Kick {
        /// Name of the room.
        room: String,
        /// A channel, "all" or "participants" (everyone but admins).
        who: String,
    },
    /// Keeps everyone but admins from entering.
    Lock {
        /// Name of the room.
        room: String,
    },
    /// Opens a locked room.
    Unlock {
        /// Name of the room.
        room: String,
    },
}

#[derive(Debug, Subcommand)]
enum JournalVerb {
    /// Prints events as they happen, until interrupted.
    Tail {
        /// Starts after this event instead of with the next one.
        #[arg(long, value_name = "NUMBER")]
        after: Option<u64>,
    },
}

#[derive(Debug, Subcommand)]
enum DialplanVerb {
    /// Reads the dialplan file again; calls in progress keep the one they have.
    Reload,
}

/// Runs one command.
///
/// # Errors
///
/// No server answers on the socket.
pub fn run(options: CtlOptions) -> anyhow::Result<ExitCode> {
    let path = options
        .socket
        .unwrap_or_else(|| Path::new("plenum-data").join(SOCKET));
    let mut stream = UnixStream::connect(&path).with_context(|| {
        format!(
            "no server answers on {}; start one, or name the socket in its data folder with \
             --socket",
            path.display()
        )
    })?;
    let ask = serde_json::to_string(&ask(options.noun)).context("the request has no JSON form")?;
    writeln!(stream, "{ask}").context("the server closed the connection")?;
    let mut output = std::io::stdout().lock();
    for line in BufReader::new(stream).lines() {
        let line = line.context("the server closed the connection")?;
        match serde_json::from_str(&line).context("the answer is no line of this protocol")? {
            Answer::Ok(value) if options.json => writeln!(output, "{value}")?,
            Answer::Ok(value) => write!(output, "{}", human(&value))?,
            Answer::Error(why) => bail!(why),
        }
        output.flush()?;
    }
    Ok(ExitCode::SUCCESS)
}

fn ask(noun: Noun) -> Ask {
    match noun {
        Noun::Server(ServerVerb::Status) => Ask::Status,
        Noun::Server(ServerVerb::Drain) => Ask::Drain,
        Noun::Channels(ChannelVerb::List) => Ask::Channels,
        Noun::Channels(ChannelVerb::HangUp { channel, cause }) => Ask::HangUp { channel, cause },
        Noun::Rooms(RoomVerb::List) => Ask::Rooms,
        Noun::Rooms(RoomVerb::Show { room }) => Ask::Room { room },
        Noun::Rooms(RoomVerb::Mute { room, who }) => Ask::Mute {
            room,
            who,
            muted: true,
        },
        Noun::Rooms(RoomVerb::Unmute { room, who }) => Ask::Mute {
            room,
            who,
            muted: false,
        },
        Noun::Rooms(RoomVerb::Kick { room, who }) => Ask::Kick { room, who },
        Noun::Rooms(RoomVerb::Lock { room }) => Ask::Lock { room, locked: true },
        Noun::Rooms(RoomVerb::Unlock { room }) => Ask::Lock {
            room,
            locked: false,
        },
        Noun::Journal(JournalVerb::Tail { after }) => Ask::Tail { after },
        Noun::Dialplan(DialplanVerb::Reload) => Ask::ReloadDialplan,
    }
}
