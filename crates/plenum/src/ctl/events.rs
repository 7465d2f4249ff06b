//! Events of the journal as JSON, with the names that people know things by.

use plenum_switch::{
    AudioTarget, ChannelKey, Entry, Event, HangupBy, PlaybackOutcome, RefusedCall, RoomKey, Sound,
    View,
};
use serde_json::{Map, Value, json};

/// Describes an entry. `view` is the state before it, so that names of what it ends are known.
pub(super) fn describe(entry: &Entry, view: &View) -> Value {
    let mut object = Map::new();
    let mut put = |name: &str, value: Value| {
        object.insert(name.to_owned(), value);
    };
    put("seq", json!(entry.seq));
    put("time", json!(entry.wall.as_secs_f64()));
    put("event", json!(entry.event.kind().name()));
    if let Some(channel) = entry.event.channel() {
        put("channel", json!(channel_name(channel, &entry.event, view)));
    }
    if let Some(room) = entry.event.room() {
        put("room", json!(room_name(room, &entry.event, view)));
    }
    for (name, value) in details(&entry.event, view) {
        put(name, value);
    }
    Value::Object(object)
}

fn channel_name(key: ChannelKey, event: &Event, view: &View) -> String {
    match (event, view.channels.get(&key)) {
        (Event::ChannelCreated { facts, .. }, _) => facts.name.to_string(),
        (_, Some(channel)) => channel.name.to_string(),
        (_, None) => "?".to_owned(),
    }
}

fn room_name(key: RoomKey, event: &Event, view: &View) -> String {
    match (event, view.rooms.get(&key)) {
        (Event::RoomStarted { facts, .. }, _) => facts.name.to_string(),
        (_, Some(room)) => room.name.to_string(),
        (_, None) => "?".to_owned(),
    }
}

fn details(event: &Event, view: &View) -> Vec<(&'static str, Value)> {
    match event {
        Event::ChannelCreated { facts, .. } => vec![
            ("id", json!(&*facts.id)),
            ("caller", json!(&*facts.caller.number)),
            ("position", json!(facts.position.to_string())),
        ],
        Event::CallRefused { facts } => refusal(facts),
        Event::ChannelStateChanged { state, .. } => vec![("state", json!(state.as_str()))],
        Event::CallerChanged { caller, .. } => {
            vec![
                ("caller", json!(&*caller.number)),
                ("name", json!(&*caller.name)),
            ]
        }
        Event::DialplanStep {
            position,
            application,
            data,
            ..
        } => vec![
            ("position", json!(position.to_string())),
            ("application", json!(application)),
            ("data", json!(&**data)),
        ],
        Event::DialplanWarning { why, .. } | Event::AudioMissing { why, .. } => {
            vec![("why", json!(why))]
        }
        Event::Verbose { level, text, .. } => vec![("level", json!(level)), ("text", json!(text))],
        Event::VariableSet { name, value, .. } => {
            vec![("name", json!(&**name)), ("value", json!(&**value))]
        }
        Event::DigitReceived {
            digit, duration, ..
        } => vec![
            ("digit", json!(digit.to_string())),
            ("duration_ms", json!(duration.as_millis())),
        ],
        Event::HangupRequested { cause, by, why, .. } => vec![
            ("cause", json!(cause.0)),
            (
                "by",
                json!(match by {
                    HangupBy::Peer => "peer",
                    HangupBy::Switch => "server",
                }),
            ),
            ("why", json!(why)),
        ],
        Event::ChannelDestroyed {
            cause,
            protocol_code,
            ..
        } => vec![
            ("cause", json!(cause.0)),
            ("cause_text", json!(cause.text())),
            ("status", json!(protocol_code)),
        ],
        other => room_details(other, view),
    }
}

fn room_details(event: &Event, view: &View) -> Vec<(&'static str, Value)> {
    match event {
        Event::Talking { talking, .. } => vec![("talking", json!(talking))],
        Event::ParticipantLeft { result, .. } => vec![("result", json!(result.as_str()))],
        Event::ParticipantWaiting { waiting, .. } => vec![("waiting", json!(waiting))],
        Event::ParticipantAway { away, .. } => vec![("away", json!(away))],
        Event::ParticipantVolume {
            listening, talking, ..
        } => vec![
            ("listening_db", json!(listening.0)),
            ("talking_db", json!(talking.0)),
        ],
        other => audio_details(other, view),
    }
}

fn refusal(call: &RefusedCall) -> Vec<(&'static str, Value)> {
    let mut details = vec![
        ("technology", json!(call.technology)),
        ("id", json!(call.protocol_id)),
        ("caller", json!(&*call.caller.number)),
        ("number", json!(call.number)),
        ("status", json!(call.protocol_code)),
        ("why", json!(call.why)),
    ];
    if let Some(cause) = call.cause {
        details.push(("cause", json!(cause.0)));
    }
    if call.left_out > 0 {
        details.push(("left_out", json!(call.left_out)));
    }
    details
}

fn audio_details(event: &Event, view: &View) -> Vec<(&'static str, Value)> {
    match event {
        Event::PlaybackStarted { target, sound, .. } => {
            vec![
                ("target", target_name(*target, view)),
                ("sound", json!(sound_name(sound))),
            ]
        }
        Event::PlaybackFinished {
            target, outcome, ..
        } => {
            let (word, why) = match outcome {
                PlaybackOutcome::Finished => ("finished", None),
                PlaybackOutcome::Stopped => ("stopped", None),
                PlaybackOutcome::Failed(why) => ("failed", Some(why)),
            };
            vec![
                ("target", target_name(*target, view)),
                ("outcome", json!(word)),
                ("why", json!(why)),
            ]
        }
        Event::RecordingStarted { target, file, .. } => {
            vec![
                ("target", target_name(*target, view)),
                ("file", json!(&**file)),
            ]
        }
        Event::RecordingFinished {
            target, outcome, ..
        } => {
            let outcome = match outcome {
                Ok(length) => ("seconds", json!(length.as_secs_f64())),
                Err(why) => ("why", json!(why)),
            };
            vec![("target", target_name(*target, view)), outcome]
        }
        Event::BridgeCreated { facts, .. } => vec![("bridge", json!(&*facts.id))],
        Event::BridgeDestroyed { bridge }
        | Event::ChannelEnteredBridge { bridge, .. }
        | Event::ChannelLeftBridge { bridge, .. } => {
            vec![("bridge", target_name(AudioTarget::Bridge(*bridge), view))]
        }
        Event::DialplanReloaded { contexts } => vec![("contexts", json!(contexts))],
        _ => Vec::new(),
    }
}

fn target_name(target: AudioTarget, view: &View) -> Value {
    match target {
        AudioTarget::Channel(key) => json!(view.channels.get(&key).map(|channel| &*channel.name)),
        AudioTarget::Bridge(key) => json!(view.bridges.get(&key).map(|bridge| &*bridge.id)),
    }
}

fn sound_name(sound: &Sound) -> String {
    match sound {
        Sound::File { name, .. } => name.clone(),
        Sound::Music { class } => format!("music:{class}"),
        Sound::Tone(tone) => format!("tone:{}", tone.frequencies_hz[0]),
        Sound::Silence(length) => format!("silence:{}", length.as_secs_f64()),
        _ => "?".to_owned(),
    }
}
