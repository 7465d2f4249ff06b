//! When quality held, and when the generator could not tell.

use super::judge::HearingTally;
use super::report::{Calls, Generator, Media};
use super::tones::PERIOD_FRAMES;

/// Packets that may be lost, in percent.
pub(super) const LOSS_MAX: f64 = 0.1;

/// Packets that may be late, in percent.
pub(super) const LATE_MAX: f64 = 1.0;

/// Windows in which the wrong people may be heard, in percent.
const WRONG_WINDOWS_MAX: f64 = 0.1;

/// Packets of one stream that a window touches: one more than fill it.
const WINDOW_PACKETS: f64 = PERIOD_FRAMES as f64 + 1.0;

/// The part of the wanted rate of calls that must be reached.
pub(super) const RATE_MIN: f64 = 0.98;

/// The generator is too late for its figures to count, in milliseconds: a whole slice.
pub(super) const GENERATOR_LATE_MAX: f64 = 5.0;

/// Returns the criteria of calls that broke, as sentences.
pub(super) fn calls(calls: &Calls) -> Vec<String> {
    let mut broken = Vec::new();
    let unanswered = calls.wanted.saturating_sub(calls.answered);
    if unanswered > 0 {
        let reasons: Vec<String> = calls
            .failures
            .iter()
            .map(|(why, count)| format!("{count} x {why}"))
            .collect();
        let reasons = if reasons.is_empty() {
            "not begun".into()
        } else {
            reasons.join(", ")
        };
        broken.push(format!(
            "{unanswered} of {} calls were not set up ({reasons})",
            calls.wanted
        ));
    }
    if calls.dropped_by_server > 0 {
        broken.push(format!(
            "the server ended {} calls by itself",
            calls.dropped_by_server
        ));
    }
    if calls.not_ended > 0 {
        broken.push(format!(
            "{} calls did not end: no answer to BYE came in time",
            calls.not_ended
        ));
    }
    if let Some(limit) = calls
        .setup_limit_ms
        .filter(|limit| calls.setup_p99_ms > *limit)
    {
        broken.push(format!(
            "set-up took {:.1} ms at the 99th percentile, more than {limit:.0} ms",
            calls.setup_p99_ms
        ));
    }
    if let Some(wanted) = calls
        .rate_wanted
        .filter(|wanted| calls.rate < wanted * RATE_MIN)
    {
        broken.push(format!(
            "{:.1} calls a second were reached instead of {wanted:.0}: too many were unfinished",
            calls.rate
        ));
    }
    broken
}

/// Returns the criteria of audio that broke in rooms with so many talkers, as sentences.
pub(super) fn media(media: &Media, talkers: usize) -> Vec<String> {
    let mut broken = Vec::new();
    if media.loss_percent > LOSS_MAX {
        broken.push(format!(
            "loss of {:.3} % is more than {LOSS_MAX} %",
            media.loss_percent
        ));
    }
    if media.late_percent > LATE_MAX {
        broken.push(format!(
            "{:.3} % late packets are more than {LATE_MAX} %",
            media.late_percent
        ));
    }
    if media.packets_received == 0 {
        broken.push("no audio came back".into());
    }
    if media.packets_refused > 0 {
        broken.push(format!(
            "{} packets found the port of the server closed",
            media.packets_refused
        ));
    }
    broken.extend(hearing(&media.hearing, talkers));
    if media.deaf_callers > 0 {
        broken.push(format!(
            "hearing: {} callers did not hear their room in half of their windows",
            media.deaf_callers
        ));
    }
    broken
}

/// A packet that may be lost on its way to the server dents the level of its talker in the windows
/// of all listeners, and one on its way back leaves a gap in one window; that much is allowed.
fn hearing(hearing: &HearingTally, talkers: usize) -> Vec<String> {
    let share = |count: u64| count as f64 * 100.0 / hearing.total().max(1) as f64;
    let mut broken = Vec::new();
    let wrong = share(hearing.wrong());
    if wrong > WRONG_WINDOWS_MAX {
        broken.push(format!(
            "hearing: in {wrong:.2} % of {} windows the wrong people were heard, more than \
             {WRONG_WINDOWS_MAX} % ({} a talker missing, {} the own voice, {} another room)",
            hearing.total(),
            hearing.missing_talker,
            hearing.own_echo,
            hearing.other_room
        ));
    }
    let (damaged, damaged_max) = (
        share(hearing.damaged()),
        LOSS_MAX * WINDOW_PACKETS * (talkers + 1) as f64,
    );
    if damaged > damaged_max {
        broken.push(format!(
            "hearing: {damaged:.2} % of {} windows were damaged, more than {damaged_max:.1} % \
             ({} a talker at a wrong level, {} a gap)",
            hearing.total(),
            hearing.wrong_level,
            hearing.gap
        ));
    }
    broken
}

/// Returns why the figures do not count, as sentences.
pub(super) fn generator(generator: &Generator) -> Vec<String> {
    let mut limits = Vec::new();
    if generator.lateness_p99_ms > GENERATOR_LATE_MAX {
        limits.push(format!(
            "its slices began {:.1} ms late at the 99th percentile",
            generator.lateness_p99_ms
        ));
    }
    if generator.send_errors > 0 {
        limits.push(format!(
            "the system did not take {} of its packets",
            generator.send_errors
        ));
    }
    if generator.socket_drops > 0 {
        limits.push(format!(
            "its sockets dropped {} packets unread",
            generator.socket_drops
        ));
    }
    limits
}
