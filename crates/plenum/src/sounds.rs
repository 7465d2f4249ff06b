//! The sounds that come with the program: prompts of the conference and a few tones.

/// Embeds sounds by their dialplan names.
macro_rules! sounds {
    ($($name:literal),* $(,)?) => {
        &[$(($name, include_bytes!(concat!("../assets/sounds/", $name, ".wav")) as &[u8]),)*]
    };
}

/// The built-in sounds by name, as WAV files of 8 kHz.
pub(crate) const BUILT_IN: &[(&str, &[u8])] = sounds![
    "beep",
    "conf-errormenu",
    "conf-getpin",
    "conf-hasjoin",
    "conf-hasleft",
    "conf-invalidpin",
    "conf-kicked",
    "conf-leaderhasleft",
    "conf-locked",
    "conf-lockednow",
    "conf-muted",
    "conf-now-muted",
    "conf-now-unmuted",
    "conf-onlyone",
    "conf-onlyperson",
    "conf-otherinparty",
    "conf-thereare",
    "conf-unlockednow",
    "conf-unmuted",
    "conf-waitforleader",
    "confbridge-conf-begin",
    "confbridge-join",
    "confbridge-leave",
];
