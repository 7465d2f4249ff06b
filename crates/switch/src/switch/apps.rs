//! The applications of the dialplan.
//!
//! An application that is done at once leaves its channel ready for the next step; one that waits
//! sets the activity it waits in.

use alloc::borrow::Cow;
use alloc::format;
use alloc::string::String;
use alloc::vec::Vec;
use core::time::Duration;

use super::channel::{Activity, Call};
use super::{Switch, Turn};
use crate::cause::Cause;
use crate::dialplan::App;
use crate::effect::Effect;
use crate::expr;
use crate::ids::ChannelKey;
use crate::journal::Event;

mod jump;
mod playback;
mod record;
mod tone;

/// Longer waits are nobody's intention, and would only hide a mistake.
const WAIT_MAX: Duration = Duration::from_secs(24 * 3600);

impl Switch {
    /// Starts an application.
    pub(super) fn start(&mut self, key: ChannelKey, call: Call, turn: &mut Turn<'_>) {
        let over = self.channels.get(key).is_none_or(|channel| channel.over);
        if over && needs_call(call.application) {
            let name = call.application.name();
            return self.warn(
                key,
                format!("{name} is passed over: the call is over"),
                turn.now,
            );
        }
        let text = call.arguments.clone();
        let arguments = expr::arguments(&text);
        let arguments: Vec<&str> = arguments.iter().map(Cow::as_ref).collect();
        let first = arguments.first().map_or("", |first| first.trim());
        match call.application {
            App::Answer => self.answer(key, call.clone(), first, turn),
            App::Busy => self.refuse_call(key, Cause::USER_BUSY, first, turn),
            App::Congestion => self.refuse_call(key, Cause::CONGESTION, first, turn),
            App::ConfBridge => self.conf_bridge(key, &call, &arguments, turn),
            App::Echo => self.echo(key, call, turn),
            App::Goto => self.goto(key, &text, turn),
            App::GotoIf => self.goto_if(key, &text, turn),
            App::Hangup => self.hangup_application(key, first, turn),
            App::Milliwatt => self.milliwatt(key, call, turn),
            App::NoOp => {}
            App::Playback => self.playback(key, &call, &arguments, turn),
            App::Progress => self.early_media(key, turn),
            App::Record => self.record_application(key, &call, &arguments, turn),
            App::Ringing => {
                if !self.is_up(key) {
                    turn.order(Effect::Ring { channel: key });
                }
            }
            App::Set => self.set(key, &text, turn),
            App::Verbose => self.verbose(key, &text, turn),
            App::Wait => self.wait(key, first, turn),
            App::WaitExten => self.wait_exten(key, first, turn),
        }
    }

    /// Answers the call first if it is not up. Returns whether the application has to wait.
    pub(super) fn must_answer(&mut self, key: ChannelKey, call: Call, turn: &mut Turn<'_>) -> bool {
        if self.is_up(key) {
            return false;
        }
        self.set_activity(key, Activity::Answering(call));
        turn.order(Effect::Answer { channel: key });
        true
    }

    /// Lets the peer hear us although the call is not up.
    pub(super) fn early_media(&mut self, key: ChannelKey, turn: &mut Turn<'_>) {
        let up = self.is_up(key);
        let Some(channel) = self.channels.get_mut(key) else {
            return;
        };
        if !up && !channel.early_media {
            channel.early_media = true;
            turn.order(Effect::Progress { channel: key });
        }
    }

    fn answer(&mut self, key: ChannelKey, call: Call, delay: &str, turn: &mut Turn<'_>) {
        if self.must_answer(key, call, turn) {
            return;
        }
        let millis = delay.parse::<u64>().unwrap_or(0);
        if millis > 0 {
            self.sleep(key, Duration::from_millis(millis), turn.now);
        } else if !delay.is_empty() && delay != "0" {
            self.warn(
                key,
                format!("Answer: \"{delay}\" is no number of milliseconds"),
                turn.now,
            );
        }
    }

    fn wait(&mut self, key: ChannelKey, text: &str, turn: &mut Turn<'_>) {
        match seconds(text) {
            Some(Duration::ZERO) => {}
            Some(wait) => self.sleep(key, wait, turn.now),
            None => self.warn(
                key,
                format!("Wait: \"{text}\" is no number of seconds"),
                turn.now,
            ),
        }
    }

    fn wait_exten(&mut self, key: ChannelKey, text: &str, turn: &mut Turn<'_>) {
        let wait = seconds(text)
            .filter(|wait| !wait.is_zero())
            .unwrap_or(super::digits::FIRST_DIGIT);
        self.set_activity(
            key,
            Activity::Dialling {
                digits: String::new(),
                wait,
            },
        );
        self.arm_timer(key, wait, turn.now);
    }

    pub(super) fn sleep(&mut self, key: ChannelKey, wait: Duration, now: plenum_time::Instant) {
        self.set_activity(key, Activity::Sleeping);
        self.arm_timer(key, wait.min(WAIT_MAX), now);
    }

    fn hangup_application(&mut self, key: ChannelKey, cause: &str, turn: &mut Turn<'_>) {
        let cause = match Cause::parse(cause) {
            Some(cause) => cause,
            None => {
                if !cause.is_empty() {
                    self.warn(key, format!("Hangup: \"{cause}\" is no cause"), turn.now);
                }
                Cause::NORMAL_CLEARING
            }
        };
        self.hang_up(key, cause, "", turn);
    }

    fn verbose(&mut self, key: ChannelKey, text: &str, turn: &mut Turn<'_>) {
        let level = |text: &str| text.trim().parse::<u8>().ok();
        let (level, text) = text
            .split_once(',')
            .and_then(|(first, rest)| Some((level(first)?, rest)))
            .unwrap_or((0, text));
        self.note(
            turn.now,
            Event::Verbose {
                channel: key,
                level,
                text: text.trim().into(),
            },
        );
    }
}

/// Whether an application makes no sense for a call that is over.
const fn needs_call(application: App) -> bool {
    !matches!(
        application,
        App::Goto | App::GotoIf | App::Hangup | App::NoOp | App::Set | App::Verbose
    )
}

/// Reads seconds with an optional fraction.
pub(super) fn seconds(text: &str) -> Option<Duration> {
    let (whole, fraction) = text.trim().split_once('.').unwrap_or((text.trim(), ""));
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    if (whole.is_empty() && fraction.is_empty()) || !digits(whole) || !digits(fraction) {
        return None;
    }
    let whole: u64 = if whole.is_empty() {
        0
    } else {
        whole.parse().ok()?
    };
    let nanos = fraction
        .bytes()
        .chain(core::iter::repeat(b'0'))
        .take(9)
        .fold(0, |nanos, digit| nanos * 10 + u32::from(digit - b'0'));
    Some(Duration::new(whole, nanos).min(WAIT_MAX))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn seconds_have_fractions() {
        assert_eq!(seconds("1.5"), Some(Duration::from_millis(1500)));
        assert_eq!(seconds(" 2 "), Some(Duration::from_secs(2)));
        assert_eq!(seconds(".25"), Some(Duration::from_millis(250)));
        assert_eq!(seconds("1e9"), None);
        assert_eq!(seconds("-1"), None);
        assert_eq!(seconds("."), None);
        assert_eq!(seconds("99999999999999999999"), None);
        assert_eq!(seconds("9999999999"), Some(WAIT_MAX));
    }
}
