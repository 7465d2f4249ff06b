//! `Record`: a tone, then the caller is recorded until a key, silence or the time ends it.

use alloc::format;
use alloc::string::{String, ToString};
use core::time::Duration;

use super::seconds;
use crate::effect::Effect;
use crate::ids::ChannelKey;
use crate::switch::audio::sound;
use crate::switch::channel::{Activity, Call, EndsBy, Recording};
use crate::switch::{Switch, Turn};

/// The sound before a recording.
const BEEP: &str = "beep";
/// Recordings never grow without a limit.
const LENGTH_MAX: Duration = Duration::from_secs(3600);
/// How long closing a file may take before the call goes on without it.
const CLOSING_MAX: Duration = Duration::from_secs(10);
/// Formats that may stand behind the name; all become WAV.
const FORMATS: [&str; 3] = ["wav", "WAV", "wav49"];

impl Switch {
    pub(super) fn record_application(
        &mut self,
        key: ChannelKey,
        call: &Call,
        arguments: &[&str],
        turn: &mut Turn<'_>,
    ) {
        let argument = |index: usize| arguments.get(index).map_or("", |text| text.trim());
        let options = argument(3);
        let has = |option: char| options.contains(option);
        let Some(name) = file_name(argument(0), self.serials.recording) else {
            let why = format!(
                "Record: \"{}\" is no file name; use letters, digits, dots, dashes and underscores",
                argument(0)
            );
            self.warn(key, why, turn.now);
            return self.set_variable(key, "RECORD_STATUS", "ERROR", turn.now);
        };
        if has('s') && !self.is_up(key) {
            return self.set_variable(key, "RECORD_STATUS", "SKIP", turn.now);
        }
        if has('n') {
            self.early_media(key, turn);
        } else if self.must_answer(key, call.clone(), turn) {
            return;
        }
        self.serials.recording += 1;
        self.set_variable(key, "RECORDED_FILE", &name, turn.now);
        let limit = |text: &str| seconds(text).filter(|limit| !limit.is_zero());
        let beep = (!has('q')).then(|| self.play(key, sound(BEEP), turn));
        let ends_by = match (has('x'), has('y'), has('t')) {
            (true, ..) => EndsBy::None,
            (_, true, _) => EndsBy::Any,
            (_, _, true) => EndsBy::One('*'),
            _ => EndsBy::One('#'),
        };
        let recording = Recording {
            file: format!("{name}.wav").into(),
            beep,
            running: None,
            status: None,
            silence_max: limit(argument(1)).unwrap_or(Duration::ZERO),
            length_max: limit(argument(2)).unwrap_or(LENGTH_MAX).min(LENGTH_MAX),
            ends_by,
        };
        self.set_activity(key, Activity::Recording(recording));
        if beep.is_none() {
            self.begin_recording(key, turn);
        }
    }

    /// The tone is over.
    pub(in crate::switch) fn begin_recording(&mut self, key: ChannelKey, turn: &mut Turn<'_>) {
        let Some(recording) = self.recording_mut(key) else {
            return;
        };
        if recording.running.is_some() {
            return;
        }
        let (file, length) = (recording.file.clone(), recording.length_max);
        let running = self.record(key, file, turn);
        if let Some(recording) = self.recording_mut(key) {
            recording.running = Some(running);
        }
        self.arm_timer(key, length, turn.now);
        self.watch_silence(key, turn.now);
    }

    /// Arms or cancels the time of silence that ends a recording.
    pub(in crate::switch) fn watch_silence(&mut self, key: ChannelKey, now: plenum_time::Instant) {
        let talking = self
            .view
            .channels
            .get(&key)
            .is_some_and(|view| view.talking);
        let Some(recording) = self.recording_mut(key) else {
            return;
        };
        let silence = recording.silence_max;
        if recording.running.is_none() || recording.status.is_some() || silence.is_zero() {
            return;
        }
        if talking {
            self.cancel_limit(key);
        } else {
            self.arm_limit(key, silence, now);
        }
    }

    /// A key, the silence or the time: the file is to be closed. A key during the tone before it
    /// ends the tone only.
    pub(in crate::switch) fn end_recording(
        &mut self,
        key: ChannelKey,
        status: &'static str,
        turn: &mut Turn<'_>,
    ) {
        let Some(recording) = self.recording_mut(key) else {
            return;
        };
        if let Some(beep) = recording.beep.take() {
            self.stop_play(beep, turn);
            return self.begin_recording(key, turn);
        }
        let Some(running) = recording.running.filter(|_| recording.status.is_none()) else {
            return;
        };
        recording.status = Some(status);
        turn.order(Effect::StopRecord { recording: running });
        self.cancel_limit(key);
        self.arm_timer(key, CLOSING_MAX, turn.now);
    }

    pub(in crate::switch) fn recording_timed_out(&mut self, key: ChannelKey, turn: &mut Turn<'_>) {
        match self.recording_mut(key).map(|recording| recording.status) {
            Some(None) => self.end_recording(key, "TIMEOUT", turn),
            Some(Some(_)) => {
                self.warn(
                    key,
                    "Record: the file was not closed in time".into(),
                    turn.now,
                );
                self.recording_closed(key, true, turn);
            }
            None => {}
        }
    }

    /// The file is closed, or failed.
    pub(in crate::switch) fn recording_closed(
        &mut self,
        key: ChannelKey,
        failed: bool,
        turn: &mut Turn<'_>,
    ) {
        let Some(recording) = self.recording_mut(key) else {
            return;
        };
        // A recording that ends by itself lost its disk or its audio.
        let status = recording.status.filter(|_| !failed).unwrap_or("ERROR");
        self.cancel_limit(key);
        self.set_variable(key, "RECORD_STATUS", status, turn.now);
        self.make_ready(key);
    }

    fn recording_mut(&mut self, key: ChannelKey) -> Option<&mut Recording> {
        match &mut self.channels.get_mut(key)?.activity {
            Activity::Recording(recording) => Some(recording),
            _ => None,
        }
    }
}

/// Takes the format off a name and puts a number in for `%d`; refuses what is no plain name.
fn file_name(text: &str, serial: u64) -> Option<String> {
    const NAME_CHARS_MAX: usize = 120;
    let name = text
        .rsplit_once([':', '.'])
        .filter(|(_, format)| FORMATS.contains(format))
        .map_or(text, |(name, _)| name)
        .replace("%d", &serial.to_string());
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_.+@".contains(c);
    let good = !name.is_empty()
        && name.len() <= NAME_CHARS_MAX
        && !name.starts_with('.')
        && name.chars().all(plain);
    good.then_some(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_name_stays_in_its_folder() {
        assert_eq!(file_name("demo.wav", 0).as_deref(), Some("demo"));
        assert_eq!(file_name("demo-%d:wav", 7).as_deref(), Some("demo-7"));
        assert_eq!(
            file_name("1795240184.57", 0).as_deref(),
            Some("1795240184.57")
        );
        for bad in ["", "../x", "a/b", ".hidden", "a\\b", "a\0", ".wav"] {
            assert_eq!(file_name(bad, 0), None, "{bad:?}");
        }
    }
}
