//! Playbacks and recordings: each is reported when it begins and when it ends.

use alloc::sync::Arc;
use core::time::Duration;

use super::channel::{Activity, Playlist};
use super::{Switch, Turn};
use crate::effect::{AudioTarget, Effect, PlaybackOutcome, Sound, ToneSpec};
use crate::ids::{ChannelKey, PlaybackKey, RecordingKey, RoomKey};
use crate::journal::Event;

/// Who a playback belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Owner {
    Channel(ChannelKey),
    Room(RoomKey),
}

impl Switch {
    /// Plays a sound to one channel.
    pub(super) fn play(
        &mut self,
        channel: ChannelKey,
        sound: Sound,
        turn: &mut Turn<'_>,
    ) -> PlaybackKey {
        self.play_to(
            Owner::Channel(channel),
            AudioTarget::Channel(channel),
            sound,
            turn,
        )
    }

    pub(super) fn play_to(
        &mut self,
        owner: Owner,
        target: AudioTarget,
        sound: Sound,
        turn: &mut Turn<'_>,
    ) -> PlaybackKey {
        let playback = self.playbacks.insert(owner);
        self.note(
            turn.now,
            Event::PlaybackStarted {
                playback,
                target,
                sound: sound.clone(),
            },
        );
        turn.order(Effect::Play {
            playback,
            target,
            sound,
        });
        playback
    }

    /// Stops a playback. For the switch it is over at once; what the driver reports comes late.
    pub(super) fn stop_play(&mut self, playback: PlaybackKey, turn: &mut Turn<'_>) {
        let Some(owner) = self.playbacks.remove(playback) else {
            return;
        };
        self.forget_room_sound(owner, playback);
        turn.order(Effect::StopPlay { playback });
        self.note_finished(playback, PlaybackOutcome::Stopped, turn);
    }

    pub(super) fn stop_list(&mut self, list: &Playlist, turn: &mut Turn<'_>) {
        if let Some(playing) = list.playing {
            self.stop_play(playing, turn);
        }
    }

    /// The driver reports the end of a playback.
    pub(super) fn playback_ended(
        &mut self,
        playback: PlaybackKey,
        outcome: PlaybackOutcome,
        turn: &mut Turn<'_>,
    ) {
        let Some(owner) = self.playbacks.remove(playback) else {
            self.totals.late_stimuli += 1;
            return;
        };
        self.forget_room_sound(owner, playback);
        let failed = matches!(outcome, PlaybackOutcome::Failed(_));
        self.note_finished(playback, outcome, turn);
        let Owner::Channel(key) = owner else { return };
        let Some(channel) = self.channels.get_mut(key) else {
            return;
        };
        match &mut channel.activity {
            Activity::Playing { list, failed: any } if list.playing == Some(playback) => {
                list.playing = None;
                *any |= failed;
                self.play_next_file(key, turn);
            }
            Activity::Tone { playback: own, .. } if *own == playback => self.tone_over(key, turn),
            Activity::Recording(recording) if recording.beep == Some(playback) => {
                recording.beep = None;
                self.begin_recording(key, turn);
            }
            Activity::Conference(_) => self.conference_sound_over(key, playback, failed, turn),
            _ => {}
        }
    }

    /// Starts the next sound of a list; `None` if there is none.
    pub(super) fn play_next(
        &mut self,
        key: ChannelKey,
        mut list: Playlist,
        turn: &mut Turn<'_>,
    ) -> Option<Playlist> {
        let name = loop {
            let name = list.rest.pop_front()?;
            // A sound that was configured away.
            if !name.is_empty() {
                break name;
            }
        };
        list.playing = Some(self.play(key, sound(&name), turn));
        Some(list)
    }

    /// Records one channel.
    pub(super) fn record(
        &mut self,
        channel: ChannelKey,
        file: Arc<str>,
        turn: &mut Turn<'_>,
    ) -> RecordingKey {
        let recording = self.recordings.insert(channel);
        let target = AudioTarget::Channel(channel);
        self.note(
            turn.now,
            Event::RecordingStarted {
                recording,
                target,
                file: file.clone(),
            },
        );
        turn.order(Effect::Record {
            recording,
            target,
            file: (*file).into(),
        });
        recording
    }

    /// The driver reports that a recording is closed.
    pub(super) fn recording_ended(
        &mut self,
        recording: RecordingKey,
        outcome: Result<Duration, alloc::string::String>,
        turn: &mut Turn<'_>,
    ) {
        let Some(key) = self.recordings.remove(recording) else {
            self.totals.late_stimuli += 1;
            return;
        };
        let failed = outcome.is_err();
        let target = AudioTarget::Channel(key);
        self.note(
            turn.now,
            Event::RecordingFinished {
                recording,
                target,
                outcome,
            },
        );
        let ours = |activity: &Activity| match activity {
            Activity::Recording(own) => own.running == Some(recording),
            _ => false,
        };
        if self
            .channels
            .get(key)
            .is_some_and(|channel| ours(&channel.activity))
        {
            self.recording_closed(key, failed, turn);
        }
    }

    fn note_finished(
        &mut self,
        playback: PlaybackKey,
        outcome: PlaybackOutcome,
        turn: &mut Turn<'_>,
    ) {
        let Some(view) = self.view.playbacks.get(&playback) else {
            return;
        };
        let target = view.target;
        self.note(
            turn.now,
            Event::PlaybackFinished {
                playback,
                target,
                outcome,
            },
        );
    }
}

/// Turns a name into a sound. Beside files there are tones: `tone:880/200` is 880 Hz for 200 ms,
/// `tone:440+480/500` two frequencies.
pub(super) fn sound(name: &str) -> Sound {
    tone(name).unwrap_or_else(|| Sound::File {
        name: name.into(),
        repeat: false,
    })
}

fn tone(name: &str) -> Option<Sound> {
    /// Loud enough to be noticed, and quieter than speech.
    const LEVEL_DBOV: i8 = -20;
    /// Longer tones are nobody's intention.
    const LENGTH_MS_MAX: u64 = 60_000;
    let (frequencies, length) = name.strip_prefix("tone:")?.split_once('/')?;
    let (first, second) = frequencies.split_once('+').unwrap_or((frequencies, "0"));
    let length: u64 = length.trim().parse().ok()?;
    Some(Sound::Tone(ToneSpec {
        frequencies_hz: [first.trim().parse().ok()?, second.trim().parse().ok()?],
        level_dbov: LEVEL_DBOV,
        cadence: (
            Duration::from_millis(length.min(LENGTH_MS_MAX)),
            Duration::ZERO,
        ),
        length: Some(Duration::from_millis(length.min(LENGTH_MS_MAX))),
    }))
}
