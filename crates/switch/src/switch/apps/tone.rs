//! Applications that let the caller hear itself or a tone: Echo, Milliwatt, Busy, Congestion.

use core::time::Duration;

use super::seconds;
use crate::cause::Cause;
use crate::effect::{Connection, Effect, Sound, ToneSpec};
use crate::ids::ChannelKey;
use crate::switch::channel::{Activity, Call};
use crate::switch::{Switch, Turn};

/// How long a caller who does not hang up hears that the line is busy.
const BUSY_MAX: Duration = Duration::from_secs(60);

impl Switch {
    pub(super) fn echo(&mut self, key: ChannelKey, call: Call, turn: &mut Turn<'_>) {
        if self.must_answer(key, call, turn) {
            return;
        }
        self.set_activity(key, Activity::Echo);
        turn.order(Effect::Connect {
            channel: key,
            to: Connection::Echo,
        });
    }

    /// 1004 Hz at one milliwatt, until the caller hangs up.
    pub(super) fn milliwatt(&mut self, key: ChannelKey, call: Call, turn: &mut Turn<'_>) {
        if self.must_answer(key, call, turn) {
            return;
        }
        // ITU-T G.711: a full-scale sine has 3.17 dBm0 and -3.01 dBov, so 0 dBm0 is -6 dBov.
        let tone = ToneSpec {
            frequencies_hz: [1004, 0],
            level_dbov: -6,
            cadence: (Duration::from_secs(1), Duration::ZERO),
            length: None,
        };
        let playback = self.play(key, Sound::Tone(tone), turn);
        self.set_activity(
            key,
            Activity::Tone {
                playback,
                then: None,
            },
        );
    }

    /// Refuses a call that is not up; one that is up hears the tone for it, then ends.
    pub(super) fn refuse_call(
        &mut self,
        key: ChannelKey,
        cause: Cause,
        timeout: &str,
        turn: &mut Turn<'_>,
    ) {
        if !self.is_up(key) {
            return self.hang_up(key, cause, "", turn);
        }
        let half = Duration::from_millis(if cause == Cause::USER_BUSY { 500 } else { 250 });
        let tone = ToneSpec {
            frequencies_hz: [480, 620],
            level_dbov: -24,
            cadence: (half, half),
            length: None,
        };
        let playback = self.play(key, Sound::Tone(tone), turn);
        self.set_activity(
            key,
            Activity::Tone {
                playback,
                then: Some(cause),
            },
        );
        let wait = seconds(timeout)
            .filter(|wait| !wait.is_zero())
            .unwrap_or(BUSY_MAX);
        self.arm_timer(key, wait.min(BUSY_MAX), turn.now);
    }

    /// The tone ended by itself: it could not be played.
    pub(in crate::switch) fn tone_over(&mut self, key: ChannelKey, turn: &mut Turn<'_>) {
        let Some(channel) = self.channels.get(key) else {
            return;
        };
        match channel.activity {
            Activity::Tone {
                then: Some(cause), ..
            } => self.hang_up(key, cause, "", turn),
            _ => self.make_ready(key),
        }
    }
}
