//! What must be true once the world is calm: who is where, and who hears whom.

use std::collections::BTreeSet;

use plenum_switch::View;

use crate::phone::{Call, Phone, TONE_DBOV, Voice};
use crate::state::State;
use crate::watch::channel_of;

/// How much the levels at which one phone hears the others may differ, in dB.
const LEVEL_TOLERANCE: f32 = 1.0;

/// Checks that server and phones agree on which calls there are, and on who is in which room.
pub(crate) fn membership(state: &State) -> Result<(), String> {
    let view = state.server.control.switch().view();
    let forgotten: BTreeSet<&str> = state
        .phones
        .iter()
        .flat_map(|phone| &phone.forgotten)
        .map(String::as_str)
        .collect();
    for channel in view.channels.values() {
        let id = &*channel.protocol_id;
        let phone = state
            .phones
            .iter()
            .find(|phone| phone.call_up().is_some_and(|c| c.call_id == id));
        if phone.is_none() && !forgotten.contains(id) {
            return Err(format!(
                "each channel has a phone in its call; {id} has none"
            ));
        }
    }
    for phone in &state.phones {
        let Some(call) = phone.call_up() else {
            continue;
        };
        let name = &phone.setup.name;
        let Some(channel) = channel_of(view, &call.call_id) else {
            return Err(format!(
                "each phone in a call has a channel; {name} has none"
            ));
        };
        let mut rooms = view.rooms.values();
        let room = rooms.find(|room| room.participants.contains_key(&channel));
        if let Some(room) = room
            && !call.number.starts_with(&*room.name)
        {
            let (dialled, room) = (&call.number, &room.name);
            return Err(format!(
                "{name} is in the room it dialled: {dialled}, not {room}"
            ));
        }
    }
    Ok(())
}

/// Whether one phone should hear another.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Should {
    Hear,
    NotHear,
    /// It has put the server on hold, or may still enter a PIN.
    Whatever,
}

/// Checks that phones hear those who talk in their room, and nobody else.
pub(crate) fn hearing(state: &State) -> Result<(), String> {
    let view = state.server.control.switch().view();
    for listener in &state.phones {
        let Some(ear) = listener.call_up() else {
            continue;
        };
        for talker in state
            .phones
            .iter()
            .filter(|talker| talker.setup.name != listener.setup.name)
        {
            let hears = ear.audio.hearing.since(talker.setup.hz).is_some();
            let should = should_hear(view, ear, talker);
            let wrong = match should {
                Should::Hear => !hears,
                Should::NotHear => hears,
                Should::Whatever => false,
            };
            if wrong {
                let (ear_of, voice_of) = (&listener.setup.name, &talker.setup.name);
                let verb = if hears { "hears" } else { "does not hear" };
                return Err(format!(
                    "phones hear who talks in their room and nobody else; {ear_of} {verb} \
                     {voice_of}"
                ));
            }
        }
    }
    Ok(())
}

fn should_hear(view: &View, ear: &Call, talker: &Phone) -> Should {
    if ear.hold.is_some() || ear.agreed_hold.is_some() || ear.offers.is_pending() {
        return Should::Whatever;
    }
    let (Some(own_room), Some(voice)) = (room_of(view, ear), talker.call_up()) else {
        return Should::NotHear;
    };
    let Some(room) = room_of(view, voice) else {
        return Should::NotHear;
    };
    if voice.offers.is_pending() {
        return Should::Whatever;
    }
    let talks = voice.audio.voice == Voice::Tone && voice.hold.is_none() && !room.1;
    if room.0 == own_room.0 && talks {
        Should::Hear
    } else {
        Should::NotHear
    }
}

/// Returns the room that a call has joined, and whether it is muted there.
fn room_of<'v>(view: &'v View, call: &Call) -> Option<(&'v str, bool)> {
    let channel = channel_of(view, &call.call_id)?;
    view.rooms.values().find_map(|room| {
        let participant = room.participants.get(&channel).filter(|own| own.joined)?;
        Some((&*room.name, participant.muted || participant.waiting))
    })
}

/// Checks that each of some phones hears all others, equally loud, and not itself.
pub(crate) fn mutual_hearing(phones: &[&Phone]) -> Result<(), String> {
    for listener in phones {
        let name = &listener.setup.name;
        let call = listener
            .call_up()
            .ok_or_else(|| format!("{name} is in no call"))?;
        let hearing = &call.audio.hearing;
        if hearing.since(listener.setup.hz).is_some() {
            return Err(format!("{name} hears itself"));
        }
        for talker in phones
            .iter()
            .filter(|talker| talker.setup.hz != listener.setup.hz)
        {
            let (hz, other) = (talker.setup.hz, &talker.setup.name);
            let level = hearing.level(hz).unwrap_or(f32::MIN);
            if hearing.since(hz).is_none() {
                return Err(format!("{name} does not hear {other} ({level:.1} dBov)"));
            }
            if (level - TONE_DBOV).abs() > LEVEL_TOLERANCE {
                return Err(format!(
                    "{name} hears {other} at {level:.1} dBov, who speaks at {TONE_DBOV:.1} dBov"
                ));
            }
        }
    }
    Ok(())
}

/// Checks that nothing is left of any call, on any side.
pub(crate) fn emptiness(state: &State) -> Result<(), String> {
    let server = &state.server;
    let sizes = server.control.sizes();
    let counts = server.control.switch().counts();
    let [legs, mixers, playbacks, recordings] = server.media_sizes();
    let left = [
        ("SIP calls", sizes.sip_calls),
        ("SIP transactions", sizes.sip_transactions),
        ("legs", sizes.legs),
        ("seats", sizes.seats),
        ("media bridges", sizes.bridges),
        ("playbacks of control", sizes.playbacks),
        ("recordings of control", sizes.recordings),
        ("channels", counts.channels),
        ("bridges", counts.bridges),
        ("rooms", counts.rooms),
        ("playbacks of the switch", counts.playbacks),
        ("recordings of the switch", counts.recordings),
        ("timers of the switch", counts.timers),
        ("media legs", legs),
        ("mixers", mixers),
        ("playbacks of the shards", playbacks),
        ("recordings of the shards", recordings),
        ("open recording files", server.shelf.open_count()),
    ];
    if let Some((what, number)) = left.into_iter().find(|(_, number)| *number > 0) {
        return Err(format!(
            "nothing is left when all calls are over; {number} {what} are"
        ));
    }
    for phone in &state.phones {
        let [calls, transactions, timers] = phone.leftovers();
        if calls + transactions + timers > 0 {
            let name = &phone.setup.name;
            return Err(format!(
                "nothing is left on a phone without a call; {name} has {calls} calls, \
                 {transactions} transactions, {timers} timers"
            ));
        }
    }
    Ok(())
}
