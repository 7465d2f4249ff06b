//! The side of the server.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use plenum_control::{Figures, Reply, Request};
use plenum_switch::{
    Cause, ChannelSummary, Command, ParticipantSummary, Reply as SwitchReply, RoomSummary,
    Selector, View,
};
use serde_json::{Value, json};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt, BufReader};
use tokio::net::unix::OwnedWriteHalf;
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::{Notify, Semaphore};

use super::events::describe;
use super::{Answer, Ask, LINE_BYTES_MAX, SOCKET};
use crate::serve::Handle;

/// Clients at the same time; one more waits for its turn.
const CLIENTS_MAX: usize = 32;

/// Events read from the journal at once.
const PAGE: usize = 500;

/// The socket, removed again when the server stops.
#[derive(Debug)]
pub struct CtlSocket {
    path: PathBuf,
    stop: Arc<Notify>,
}

impl CtlSocket {
    /// Opens the socket in the data folder and serves it from here on.
    ///
    /// # Errors
    ///
    /// The sentence that says why it cannot be opened: another server runs on the folder, or the
    /// folder cannot be written.
    pub async fn open(
        data_dir: &Path,
        dialplan: Option<PathBuf>,
        handle: Handle,
    ) -> Result<Self, String> {
        let path = data_dir.join(SOCKET);
        std::fs::create_dir_all(data_dir)
            .map_err(|error| format!("cannot create {}: {error}", data_dir.display()))?;
        if UnixStream::connect(&path).await.is_ok() {
            return Err(format!(
                "another server runs on {}; stop it, or set data_dir to another folder",
                data_dir.display()
            ));
        }
        // What is left of a server that was killed.
        let _ = std::fs::remove_file(&path);
        let listener = UnixListener::bind(&path)
            .map_err(|error| format!("cannot open {}: {error}", path.display()))?;
        restrict(&path).map_err(|error| format!("cannot protect {}: {error}", path.display()))?;
        let stop = Arc::new(Notify::new());
        let shared = Shared {
            handle,
            dialplan,
            stop: Arc::clone(&stop),
        };
        tokio::spawn(accept(listener, Arc::new(shared)));
        Ok(Self { path, stop })
    }

    /// Waits until a client asks the server to stop.
    pub async fn stop_asked(&self) {
        self.stop.notified().await;
    }
}

impl Drop for CtlSocket {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

struct Shared {
    handle: Handle,
    dialplan: Option<PathBuf>,
    stop: Arc<Notify>,
}

fn restrict(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(0o600))
}

async fn accept(listener: UnixListener, shared: Arc<Shared>) {
    let turns = Arc::new(Semaphore::new(CLIENTS_MAX));
    loop {
        let Ok(turn) = turns.clone().acquire_owned().await else {
            return;
        };
        let Ok((stream, _)) = listener.accept().await else {
            continue;
        };
        let shared = shared.clone();
        tokio::spawn(async move {
            // A client that went away has nothing more to be told.
            let _ = client(stream, &shared).await;
            drop(turn);
        });
    }
}

async fn client(stream: UnixStream, shared: &Shared) -> std::io::Result<()> {
    let (read, mut write) = stream.into_split();
    let mut line = String::new();
    BufReader::new(read.take(LINE_BYTES_MAX))
        .read_line(&mut line)
        .await?;
    match serde_json::from_str(&line) {
        Ok(Ask::Drain) => {
            shared.stop.notify_one();
            send(&mut write, &Answer::Ok(Value::Null)).await
        }
        Ok(Ask::Tail { after }) => tail(shared, after, &mut write).await,
        Ok(ask) => {
            let answer = answer(shared, ask).await;
            send(&mut write, &answer).await
        }
        Err(error) => {
            let why =
                format!("the request is not understood: {error}; is ctl as new as the server?");
            send(&mut write, &Answer::Error(why)).await
        }
    }
}

async fn send(write: &mut OwnedWriteHalf, answer: &Answer) -> std::io::Result<()> {
    let mut line = serde_json::to_vec(answer)?;
    line.push(b'\n');
    write.write_all(&line).await
}

async fn answer(shared: &Shared, ask: Ask) -> Answer {
    let request = match to_request(shared, ask) {
        Ok(request) => request,
        Err(why) => return Answer::Error(why),
    };
    match shared.handle.request(request).await {
        Ok(Reply::Switch(Ok(reply))) => Answer::Ok(switch_reply(&reply)),
        Ok(Reply::Switch(Err(error))) => Answer::Error(error.to_string()),
        Ok(Reply::Figures(figures)) => Answer::Ok(status(&figures)),
        Ok(_) => Answer::Ok(Value::Null),
        Err(_) => Answer::Error("the server is stopping".to_owned()),
    }
}

fn to_request(shared: &Shared, ask: Ask) -> Result<Request, String> {
    let command = match ask {
        Ask::Status | Ask::Tail { .. } | Ask::Drain => return Ok(Request::Figures),
        Ask::ReloadDialplan => {
            let dialplan = crate::serve::load_dialplan(shared.dialplan.as_deref())?;
            return Ok(Request::ReloadDialplan(Box::new(dialplan)));
        }
        Ask::Channels => Command::ChannelList,
        Ask::HangUp { channel, cause } => Command::HangUp {
            channel,
            cause: Cause(cause),
        },
        Ask::Rooms => Command::RoomList,
        Ask::Room { room } => Command::RoomParticipants { room },
        Ask::Mute { room, who, muted } => Command::Mute {
            room,
            selector: Selector::parse(&who),
            muted,
        },
        Ask::Kick { room, who } => Command::Kick {
            room,
            selector: Selector::parse(&who),
        },
        Ask::Lock { room, locked: true } => Command::Lock { room },
        Ask::Lock {
            room,
            locked: false,
        } => Command::Unlock { room },
    };
    Ok(Request::Switch(command))
}

fn switch_reply(reply: &SwitchReply) -> Value {
    match reply {
        SwitchReply::Channels(channels) => channels.iter().map(channel).collect(),
        SwitchReply::Rooms(rooms) => rooms.iter().map(room).collect(),
        SwitchReply::Participants(participants) => participants.iter().map(participant).collect(),
        SwitchReply::Done { channels } => json!({ "channels": channels }),
        _ => Value::Null,
    }
}

fn channel(channel: &ChannelSummary) -> Value {
    json!({
        "id": &*channel.id,
        "name": &*channel.name,
        "state": channel.state.as_str(),
        "caller": &*channel.caller.number,
        "position": channel.position.to_string(),
        "application": channel.application.0,
        "data": &*channel.application.1,
        "seconds": channel.age.as_secs(),
    })
}

fn room(room: &RoomSummary) -> Value {
    json!({
        "name": &*room.name,
        "parties": room.parties,
        "marked": room.marked,
        "locked": room.locked,
        "muted": room.muted,
    })
}

fn participant(participant: &ParticipantSummary) -> Value {
    json!({
        "channel": &*participant.channel_name,
        "caller": &*participant.caller.number,
        "admin": participant.admin,
        "waiting": participant.waiting,
        "muted": participant.muted,
        "talking": participant.talking,
        "seconds": participant.age.as_secs(),
    })
}

fn status(figures: &Figures) -> Value {
    json!({
        "calls": figures.sizes.legs,
        "rooms": figures.domain.rooms,
        "channels": figures.domain.channels,
        "calls_arrived": figures.totals.calls_arrived,
        "calls_answered": figures.totals.calls_answered,
        "calls_refused": figures.totals.calls_refused,
        "calls_ended": figures.totals.calls_ended,
        "rtp_lost": figures.totals.packets_lost,
        "rtp_late": figures.totals.packets_late,
        "media_refused": figures.totals.media_refused,
        "media_refusal": figures.totals.media_refusal,
        "port_pairs": figures.sizes.port_pairs,
        "port_seats": figures.sizes.seats,
        "sip_calls": figures.sizes.sip_calls,
        "sip_transactions": figures.sizes.sip_transactions,
        "last_event": figures.last_event,
        "version": env!("CARGO_PKG_VERSION"),
    })
}

/// Sends events for as long as the client listens.
///
/// The reader keeps a view of its own beside its place in the journal, so that a slow client costs
/// the server nothing but the reads that it makes.
async fn tail(
    shared: &Shared,
    after: Option<u64>,
    write: &mut OwnedWriteHalf,
) -> std::io::Result<()> {
    let Some((seq, now)) = snapshot(shared).await else {
        return Ok(());
    };
    // A reader of the past starts from nothing, so that names are those of their time.
    let (mut next, mut view) = match after {
        Some(_) => (0, Box::default()),
        None => (seq, now),
    };
    let shown = after.unwrap_or(seq);
    let mut news = shared.handle.journal();
    loop {
        let request = Request::Journal {
            after: next,
            max: PAGE,
        };
        let Ok(Reply::Journal {
            entries,
            lost,
            next: read,
        }) = shared.handle.request(request).await
        else {
            return Ok(());
        };
        if let Some(lost) = lost.filter(|lost| lost.to > shown) {
            let from = lost.from.max(shown + 1);
            let event = json!({ "event": "EventsLost", "from": from, "to": lost.to });
            send(write, &Answer::Ok(event)).await?;
        }
        let caught_up = entries.is_empty();
        for entry in entries {
            if entry.seq > shown {
                send(write, &Answer::Ok(describe(&entry, &view))).await?;
            }
            view.apply(&entry);
        }
        next = read;
        if caught_up && news.changed().await.is_err() {
            return Ok(());
        }
    }
}

async fn snapshot(shared: &Shared) -> Option<(u64, Box<View>)> {
    match shared.handle.request(Request::Snapshot).await {
        Ok(Reply::Snapshot { seq, view }) => Some((seq, view)),
        _ => None,
    }
}
