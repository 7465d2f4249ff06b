//! Replays the inputs of the fuzz target `dialplan`: each is read or refused with sentences, and
//! each extension of what was read runs until its call is over, within a bounded number of steps.

use std::fs;
use std::path::Path;
use std::time::Duration;

use plenum_switch::{
    Arrival, Cause, ChannelKey, Dialplan, Effect, Effects, LegEvent, PlaybackOutcome, Sound,
    Stimulus, Switch, SwitchConfig,
};
use plenum_time::Instant;

const CORPUS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fuzz/corpus/dialplan");
/// Turns of one call; then the caller hangs up.
const TURNS_MAX: usize = 200;

#[test]
fn the_corpus_is_read_and_runs() {
    let mut inputs = 0;
    let mut read = 0;
    for entry in fs::read_dir(Path::new(CORPUS)).expect("the corpus is part of the repository") {
        let path = entry.unwrap().path();
        let bytes = fs::read(&path).unwrap();
        inputs += 1;
        match Dialplan::parse(&String::from_utf8_lossy(&bytes)) {
            Ok(dialplan) => {
                read += 1;
                run_all(&dialplan);
            }
            Err(errors) => {
                assert!(
                    errors.to_string().starts_with("line "),
                    "{path:?}: {errors}"
                );
                assert!(!path.ends_with("demo.conf"), "{errors}");
            }
        }
    }
    assert!(
        inputs >= 15 && read >= 10,
        "{read} of {inputs} inputs could be read"
    );
}

/// Dials each extension of each context.
fn run_all(dialplan: &Dialplan) {
    let contexts: Vec<String> = dialplan.contexts().map(String::from).collect();
    for context in &contexts {
        for extension in dialplan.extensions(context) {
            // A pattern is dialled by its own characters, most of which stand for themselves.
            let dialled = extension
                .trim_start_matches('_')
                .replace(['X', 'Z', 'N', '.'], "5");
            run(dialplan, context, &dialled);
        }
    }
}

fn run(dialplan: &Dialplan, context: &str, extension: &str) {
    let mut switch = Switch::new(SwitchConfig::new(dialplan.clone()), 1);
    let mut effects = Effects::new();
    let mut now = Instant::from_millis(1);
    let arrival = Arrival {
        technology: "SIP",
        endpoint: "fuzz".into(),
        protocol_id: "id".into(),
        caller_name: "alice".into(),
        caller_number: "905".into(),
        context: context.into(),
        extension: extension.into(),
        variables: Vec::new(),
        note: None,
    };
    let Ok(channel) = switch.arrive(now, arrival, &mut effects) else {
        return;
    };
    for _ in 0..TURNS_MAX {
        let orders: Vec<Effect> = effects.drain().collect();
        for report in orders.iter().filter_map(answer) {
            switch.stimulus(now, report, &mut effects);
        }
        if !effects.is_empty() {
            continue;
        }
        press(&mut switch, channel, now, &mut effects);
        now += Duration::from_secs(2);
        switch.timeout(now, &mut effects);
    }
    let event = LegEvent::HungUp {
        cause: Cause::NORMAL_CLEARING,
        protocol_code: None,
    };
    switch.stimulus(now, Stimulus::Leg { channel, event }, &mut effects);
    let counts = switch.counts();
    assert_eq!(
        (
            counts.channels,
            counts.rooms,
            counts.timers,
            counts.playbacks
        ),
        (0, 0, 0, 0)
    );
    assert_eq!(counts.arrived, counts.destroyed);
}

/// What a quick driver reports.
fn answer(order: &Effect) -> Option<Stimulus> {
    let leg = |channel, event| Some(Stimulus::Leg { channel, event });
    match order {
        Effect::Answer { channel } => leg(*channel, LegEvent::Answered),
        Effect::HangUp { channel, cause, .. } => leg(
            *channel,
            LegEvent::HungUp {
                cause: *cause,
                protocol_code: None,
            },
        ),
        Effect::Play {
            playback,
            sound: Sound::File { .. },
            ..
        } => {
            let outcome = PlaybackOutcome::Finished;
            Some(Stimulus::PlaybackEnded {
                playback: *playback,
                outcome,
            })
        }
        Effect::StopRecord { recording } => {
            let outcome = Ok(Duration::from_secs(1));
            Some(Stimulus::RecordingEnded {
                recording: *recording,
                outcome,
            })
        }
        _ => None,
    }
}

fn press(switch: &mut Switch, channel: ChannelKey, now: Instant, effects: &mut Effects) {
    for digit in ['1', '#'] {
        let event = LegEvent::Digit {
            digit,
            duration: Duration::from_millis(100),
        };
        switch.stimulus(now, Stimulus::Leg { channel, event }, effects);
    }
}
