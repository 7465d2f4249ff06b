//! `Playback`.

use alloc::collections::VecDeque;
use alloc::format;
use alloc::string::String;

use crate::effect::leaves_folder;
use crate::ids::ChannelKey;
use crate::switch::channel::{Activity, Call, Playlist};
use crate::switch::{Switch, Turn};

/// Sounds in one `Playback`.
const SOUNDS_MAX: usize = 100;

impl Switch {
    pub(super) fn playback(
        &mut self,
        key: ChannelKey,
        call: &Call,
        arguments: &[&str],
        turn: &mut Turn<'_>,
    ) {
        let options = arguments.get(1).copied().unwrap_or_default();
        let has = |option| {
            options
                .split(['&', '|', ' '])
                .any(|word| word.trim() == option)
        };
        if has("skip") && !self.is_up(key) {
            return;
        }
        if has("noanswer") {
            self.early_media(key, turn);
        } else if self.must_answer(key, call.clone(), turn) {
            return;
        }
        let mut rest = VecDeque::new();
        let mut failed = false;
        for name in arguments[0]
            .split('&')
            .map(str::trim)
            .filter(|name| !name.is_empty())
        {
            if rest.len() == SOUNDS_MAX || leaves_folder(name) {
                failed = true;
                self.warn(key, format!("Playback: \"{name}\" is not played"), turn.now);
            } else {
                rest.push_back(String::from(name));
            }
        }
        let list = Playlist {
            playing: None,
            rest,
        };
        self.set_activity(key, Activity::Playing { list, failed });
        self.play_next_file(key, turn);
    }

    /// Plays the next sound, or ends the application behind the last one.
    pub(in crate::switch) fn play_next_file(&mut self, key: ChannelKey, turn: &mut Turn<'_>) {
        let Some(channel) = self.channels.get_mut(key) else {
            return;
        };
        let Activity::Playing { list, failed } = &mut channel.activity else {
            return;
        };
        let (list, failed) = (core::mem::take(list), *failed);
        match self.play_next(key, list, turn) {
            Some(list) => self.set_activity(key, Activity::Playing { list, failed }),
            None => {
                let status = if failed { "FAILED" } else { "SUCCESS" };
                self.set_variable(key, "PLAYBACKSTATUS", status, turn.now);
                self.make_ready(key);
            }
        }
    }
}
