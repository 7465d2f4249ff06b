//! Invariants that hold at every moment.

use plenum_media::MediaNotice;
use plenum_switch::{ChannelKey, Event, Filter, View};
use plenum_time::Instant;
use std::time::Duration;

use crate::phone::{Call, Phone};
use crate::server::Server;
use crate::trace::Trace;

/// How long after it came into a room a phone may still hear what it said before.
const MEMORY: Duration = Duration::from_millis(700);

/// How often a reader of the journal starts anew from a snapshot.
const RESTART: Duration = Duration::from_secs(1);

/// Entries of the journal read at once.
const PAGE: usize = 10_000;

/// Watches the server and the phones, and knows what must never be.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    /// A reader that has followed the journal from its first event.
    reader: View,
    /// A reader that starts from a snapshot now and then.
    latecomer: View,
    restarted: Instant,
    /// Since when each phone is in a room, with its call.
    in_room: Vec<Option<(String, Instant)>>,
    refusal: Option<&'static str>,
}

impl Watch {
    /// Remembers why a shard refused an order.
    pub(crate) fn notice(&mut self, notice: &MediaNotice) {
        if let MediaNotice::Refused { reason } = notice {
            self.refusal = Some(reason);
        }
    }

    /// Checks what costs next to nothing, after every step.
    pub(crate) fn step(
        &mut self,
        now: Instant,
        server: &Server,
        trace: &mut Trace,
    ) -> Result<(), String> {
        self.follow_journal(now, server, trace)?;
        let sizes = server.control.sizes();
        if sizes.seats != sizes.legs {
            let (seats, legs) = (sizes.seats, sizes.legs);
            return Err(format!(
                "each leg has one seat: {legs} legs have {seats} seats"
            ));
        }
        if let Some(reason) = self.refusal {
            return Err(format!(
                "a shard can obey every order; it refused one: {reason}"
            ));
        }
        Ok(())
    }

    /// Checks what takes a look around.
    pub(crate) fn check(
        &mut self,
        now: Instant,
        server: &Server,
        phones: &[Phone],
    ) -> Result<(), String> {
        let view = server.control.switch().view();
        for (name, reader) in [("first event", &self.reader), ("snapshot", &self.latecomer)] {
            if reader != view {
                return Err(format!(
                    "a {name} plus the events after it equals the state now; they differ at \
                     event {}",
                    view.seq
                ));
            }
        }
        if now.since(self.restarted) >= RESTART {
            self.restarted = now;
            self.latecomer = server.control.switch().snapshot().1;
        }
        check_counts(server, view)?;
        check_view(view)?;
        self.check_own_voice(now, view, phones)
    }

    fn follow_journal(
        &mut self,
        now: Instant,
        server: &Server,
        trace: &mut Trace,
    ) -> Result<(), String> {
        let journal = server.control.switch().journal();
        if journal.last_seq() == self.reader.seq {
            return Ok(());
        }
        let batch = journal.read_after(self.reader.seq, &Filter::default(), PAGE);
        if let Some(lost) = batch.lost {
            return Err(format!(
                "a reader that reads at once loses nothing; it lost {lost:?}"
            ));
        }
        for entry in batch.entries {
            if entry.seq != self.reader.seq + 1 {
                let (after, seq) = (self.reader.seq, entry.seq);
                return Err(format!(
                    "events are numbered without a gap: {seq} after {after}"
                ));
            }
            trace.note(now, &describe(&self.reader, &entry.event));
            self.reader.apply(entry);
            self.latecomer.apply(entry);
        }
        Ok(())
    }

    /// Checks that nobody in a room hears itself.
    fn check_own_voice(
        &mut self,
        now: Instant,
        view: &View,
        phones: &[Phone],
    ) -> Result<(), String> {
        self.in_room.resize(phones.len(), None);
        for (phone, since) in phones.iter().zip(&mut self.in_room) {
            let Some(call) = phone.call_up().filter(|call| is_joined(view, call)) else {
                *since = None;
                continue;
            };
            let (call_id, began) = since.get_or_insert_with(|| (call.call_id.clone(), now));
            if *call_id != call.call_id {
                (*call_id, *began) = (call.call_id.clone(), now);
            }
            if now.since(*began) > MEMORY && call.audio.hearing.since(phone.setup.hz).is_some() {
                let name = &phone.setup.name;
                return Err(format!("nobody in a room hears itself; {name} does"));
            }
        }
        Ok(())
    }
}

/// Finds the channel of a phone's call.
pub(crate) fn channel_of(view: &View, call_id: &str) -> Option<ChannelKey> {
    let mut channels = view.channels.iter();
    channels
        .find(|(_, channel)| &*channel.protocol_id == call_id)
        .map(|(key, _)| *key)
}

/// Tells whether a call is with the others in a room.
fn is_joined(view: &View, call: &Call) -> bool {
    let Some(channel) = channel_of(view, &call.call_id) else {
        return false;
    };
    let mut rooms = view.rooms.values();
    rooms.any(|room| {
        room.participants
            .get(&channel)
            .is_some_and(|own| own.joined)
    })
}

/// The books of the machines agree with each other.
fn check_counts(server: &Server, view: &View) -> Result<(), String> {
    let counts = server.control.switch().counts();
    let sizes = server.control.sizes();
    let pairs = [
        ("channels", counts.channels, view.channels.len()),
        ("bridges", counts.bridges, view.bridges.len()),
        ("rooms", counts.rooms, view.rooms.len()),
        ("playbacks", counts.playbacks, view.playbacks.len()),
        ("recordings", counts.recordings, view.recordings.len()),
        ("media bridges", sizes.bridges, view.bridges.len()),
    ];
    if let Some((what, held, shown)) = pairs.into_iter().find(|(_, a, b)| a != b) {
        return Err(format!(
            "what is shown is what is held: {held} {what}, {shown} in the view"
        ));
    }
    if counts.channels > sizes.legs {
        let (channels, legs) = (counts.channels, sizes.legs);
        return Err(format!(
            "each channel has a leg: {channels} channels, {legs} legs"
        ));
    }
    if counts.runaways > 0 {
        return Err("no dialplan of the simulation runs in circles".to_owned());
    }
    Ok(())
}

/// What refers to something refers to what exists, both ways.
fn check_view(view: &View) -> Result<(), String> {
    for (key, channel) in &view.channels {
        let there = channel.bridge.and_then(|bridge| view.bridges.get(&bridge));
        if channel.bridge.is_some() && there.is_none_or(|bridge| !bridge.members.contains(key)) {
            return Err(format!(
                "the bridge of {} knows it as a member",
                channel.name
            ));
        }
    }
    for bridge in view.bridges.values() {
        if !bridge
            .members
            .iter()
            .all(|key| view.channels.contains_key(key))
        {
            return Err(format!("members of the bridge {} exist", bridge.name));
        }
    }
    for room in view.rooms.values() {
        if !view.bridges.contains_key(&room.bridge) {
            return Err(format!("the bridge of room {} exists", room.name));
        }
        if !room
            .participants
            .keys()
            .all(|key| view.channels.contains_key(key))
        {
            return Err(format!("participants of room {} exist", room.name));
        }
        if room.participants.is_empty() {
            return Err(format!(
                "a room is open only while somebody is in it; {} is",
                room.name
            ));
        }
    }
    Ok(())
}

/// Says an event in one line, with the name of its channel.
fn describe(view: &View, event: &Event) -> String {
    let channel = event.channel().and_then(|key| view.channels.get(&key));
    let id = channel.map_or("", |channel| &*channel.protocol_id);
    let kind = event.kind().name();
    let detail = match event {
        Event::DialplanStep {
            position,
            application,
            data,
            ..
        } => {
            format!("{position} {application}({data})")
        }
        Event::DialplanWarning { why, .. } | Event::AudioMissing { why, .. } => why.clone(),
        Event::HangupRequested { cause, by, why, .. } => format!("{cause:?} by {by:?} {why}"),
        Event::ChannelDestroyed { cause, .. } => format!("{cause:?}"),
        Event::VariableSet { name, value, .. } => format!("{name}={value}"),
        Event::DigitReceived { digit, .. } => digit.to_string(),
        Event::PlaybackStarted { sound, .. } => format!("{sound:?}"),
        Event::PlaybackFinished { outcome, .. } => format!("{outcome:?}"),
        Event::Talking { talking, .. } => talking.to_string(),
        _ => String::new(),
    };
    format!("      · {kind} {id} {detail}")
}
