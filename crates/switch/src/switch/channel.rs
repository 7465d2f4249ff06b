//! What only the switch knows of a channel: what its dialplan does and waits for.

use alloc::boxed::Box;
use alloc::collections::VecDeque;
use alloc::string::String;
use alloc::sync::Arc;
use core::time::Duration;

use plenum_time::{Instant, TimerId};

use super::conference::Conference;
use super::menu::Away;
use super::{Switch, Turn, Work};
use crate::cause::Cause;
use crate::dialplan::{App, Dialplan};
use crate::ids::{ChannelKey, PlaybackKey, RecordingKey};
use crate::journal::{ChannelState, Event, Position};
use crate::profile::{BridgeProfile, MenuProfile, UserProfile};

/// A due time of a channel.
#[derive(Clone, Copy, Debug)]
pub(super) enum Timer {
    /// What the activity waits for at most.
    Activity(ChannelKey),
    /// The participant's time in the room, or the silence that ends a recording.
    Limit(ChannelKey),
}

/// A channel as its dialplan sees it.
///
/// ```text
///            step                    driver reports, timer, key
///   Ready ----------> an activity ------------------------------> Ready
///     |                    |
///     | no step left       | hang_up
///     +------> HangingUp <-+        HungUp, in any state: `h` runs, then it is destroyed
/// ```
#[derive(Debug)]
pub(super) struct Channel {
    pub(super) dialplan: Arc<Dialplan>,
    /// What runs next.
    pub(super) next: Position,
    pub(super) activity: Activity,
    pub(super) activity_timer: Option<TimerId>,
    pub(super) limit_timer: Option<TimerId>,
    /// Steps since `steps_since`; see `STEPS_MAX`.
    pub(super) steps: u32,
    pub(super) steps_since: Instant,
    /// Whether the peer hears us although the call is not up.
    pub(super) early_media: bool,
    /// Whether the call is over and only `h` runs.
    pub(super) over: bool,
    pub(super) cause: Cause,
    /// Profiles made by `CONFBRIDGE()`.
    pub(super) own_user: Option<Arc<UserProfile>>,
    pub(super) own_bridge: Option<Arc<BridgeProfile>>,
    pub(super) own_menu: Option<Arc<MenuProfile>>,
    /// The room that it is away from, if a menu sent it into the dialplan.
    pub(super) away: Option<Box<Away>>,
}

/// What a channel does.
#[derive(Debug)]
pub(super) enum Activity {
    /// Runs its next step as soon as it is its turn.
    Ready,
    /// Waits until it is up, then starts the application.
    Answering(Call),
    /// Waits for its timer.
    Sleeping,
    /// Collects digits of an extension.
    Dialling {
        digits: String,
        wait: Duration,
    },
    /// Plays sounds, one after the other.
    Playing {
        list: Playlist,
        failed: bool,
    },
    /// Hears a tone until it hangs up, or until its timer.
    Tone {
        playback: PlaybackKey,
        then: Option<Cause>,
    },
    /// Hears itself.
    Echo,
    Recording(Recording),
    Conference(Box<Conference>),
    /// Waits for the driver to report that the call is over.
    HangingUp,
}

/// An application with its arguments, all variables replaced.
#[derive(Clone, Debug)]
pub(super) struct Call {
    pub(super) application: App,
    pub(super) arguments: Arc<str>,
}

/// Sounds to be heard one after the other.
#[derive(Debug, Default)]
pub(super) struct Playlist {
    pub(super) playing: Option<PlaybackKey>,
    pub(super) rest: VecDeque<String>,
}

/// `Record` at work.
#[derive(Debug)]
pub(super) struct Recording {
    pub(super) file: Arc<str>,
    /// The tone before it.
    pub(super) beep: Option<PlaybackKey>,
    pub(super) running: Option<RecordingKey>,
    /// Set as soon as it is to end: the value of `RECORD_STATUS`.
    pub(super) status: Option<&'static str>,
    pub(super) silence_max: Duration,
    pub(super) length_max: Duration,
    pub(super) ends_by: EndsBy,
}

/// Keys that end a recording.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum EndsBy {
    One(char),
    Any,
    None,
}

impl Recording {
    pub(super) fn is_ended_by(&self, digit: char) -> bool {
        match self.ends_by {
            EndsBy::One(key) => key == digit,
            EndsBy::Any => true,
            EndsBy::None => false,
        }
    }
}

impl Switch {
    /// Lets a channel go on with its next step.
    pub(super) fn make_ready(&mut self, key: ChannelKey) {
        self.set_activity(key, Activity::Ready);
        self.work.push_back(Work::Run(key));
    }

    /// Replaces what a channel does; its timer goes with what it did.
    pub(super) fn set_activity(&mut self, key: ChannelKey, activity: Activity) {
        self.cancel_timer(key);
        if let Some(channel) = self.channels.get_mut(key) {
            channel.activity = activity;
        }
    }

    /// Arms the timer of the activity, in place of the one before.
    pub(super) fn arm_timer(&mut self, key: ChannelKey, after: Duration, now: Instant) {
        self.cancel_timer(key);
        if let Some(channel) = self.channels.get_mut(key) {
            channel.activity_timer = Some(self.timers.arm_in(now, after, Timer::Activity(key)));
        }
    }

    pub(super) fn cancel_timer(&mut self, key: ChannelKey) {
        let timer = self
            .channels
            .get_mut(key)
            .and_then(|channel| channel.activity_timer.take());
        timer.and_then(|timer| self.timers.cancel(timer));
    }

    pub(super) fn arm_limit(&mut self, key: ChannelKey, after: Duration, now: Instant) {
        self.cancel_limit(key);
        if let Some(channel) = self.channels.get_mut(key) {
            channel.limit_timer = Some(self.timers.arm_in(now, after, Timer::Limit(key)));
        }
    }

    pub(super) fn cancel_limit(&mut self, key: ChannelKey) {
        let timer = self
            .channels
            .get_mut(key)
            .and_then(|channel| channel.limit_timer.take());
        timer.and_then(|timer| self.timers.cancel(timer));
    }

    pub(super) fn timer_fired(&mut self, timer: Timer, turn: &mut Turn<'_>) {
        match timer {
            Timer::Activity(key) => {
                if let Some(channel) = self.channels.get_mut(key) {
                    channel.activity_timer = None;
                    self.activity_timed_out(key, turn);
                }
            }
            Timer::Limit(key) => {
                if let Some(channel) = self.channels.get_mut(key) {
                    channel.limit_timer = None;
                    self.limit_reached(key, turn);
                }
            }
        }
    }

    fn activity_timed_out(&mut self, key: ChannelKey, turn: &mut Turn<'_>) {
        let Some(channel) = self.channels.get(key) else {
            return;
        };
        match &channel.activity {
            Activity::Sleeping => self.make_ready(key),
            Activity::Dialling { .. } => self.dialling_timed_out(key, turn),
            Activity::Tone { playback, then } => {
                let (playback, then) = (*playback, *then);
                self.stop_play(playback, turn);
                match then {
                    Some(cause) => self.hang_up(key, cause, "", turn),
                    None => self.make_ready(key),
                }
            }
            Activity::Recording(_) => self.recording_timed_out(key, turn),
            Activity::Conference(_) => {
                self.pin_timed_out(key, turn);
                self.menu_timed_out(key, turn);
            }
            _ => {}
        }
    }

    fn limit_reached(&mut self, key: ChannelKey, turn: &mut Turn<'_>) {
        match self.channels.get(key).map(|channel| &channel.activity) {
            Some(Activity::Recording(_)) => self.end_recording(key, "SILENCE", turn),
            Some(Activity::Conference(_)) => {
                self.work
                    .push_back(Work::Eject(key, crate::journal::RoomResult::Timeout));
            }
            _ => {}
        }
    }

    pub(super) fn is_up(&self, key: ChannelKey) -> bool {
        self.view
            .channels
            .get(&key)
            .is_some_and(|view| view.state == ChannelState::Up)
    }

    /// Tells what did not work as the author of the dialplan meant.
    pub(super) fn warn(&mut self, key: ChannelKey, why: String, now: Instant) {
        self.note(now, Event::DialplanWarning { channel: key, why });
    }
}
