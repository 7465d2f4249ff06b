//! Any text is a dialplan or refused with sentences; a call into what was read takes a bounded
//! number of turns, and every order it leads to is for a channel that exists.
#![no_main]

use std::time::Duration;

use libfuzzer_sys::fuzz_target;
use plenum_switch::{Arrival, Cause, Dialplan, Effects, LegEvent, Stimulus, Switch, SwitchConfig};
use plenum_time::Instant;

fuzz_target!(|bytes: &[u8]| {
    let Ok(dialplan) = Dialplan::parse(&String::from_utf8_lossy(bytes)) else {
        return;
    };
    let contexts: Vec<String> = dialplan.contexts().map(str::to_owned).collect();
    let mut switch = Switch::new(SwitchConfig::new(dialplan.clone()), 1);
    let mut effects = Effects::new();
    let mut now = Instant::ZERO;
    for context in contexts.iter().take(4) {
        let extensions: Vec<String> = dialplan.extensions(context).take(8).collect();
        for extension in extensions {
            let Ok(channel) = switch.arrive(now, arrival(context, &extension), &mut effects) else {
                continue;
            };
            for _ in 0..20 {
                now += Duration::from_millis(700);
                switch.timeout(now, &mut effects);
            }
            let event = LegEvent::HungUp {
                cause: Cause(16),
                protocol_code: None,
            };
            switch.stimulus(now, Stimulus::Leg { channel, event }, &mut effects);
            effects.clear();
        }
    }
    assert_eq!(switch.counts().channels, 0);
});

fn arrival(context: &str, extension: &str) -> Arrival {
    Arrival {
        technology: "SIP",
        endpoint: "fuzz".into(),
        protocol_id: "fuzz".into(),
        caller_name: String::new(),
        caller_number: "100".into(),
        context: context.into(),
        extension: extension.into(),
        variables: Vec::new(),
        note: None,
    }
}
