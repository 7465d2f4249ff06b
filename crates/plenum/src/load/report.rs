//! The figures of a run, for people and for programs.

use std::collections::BTreeMap;
use std::fmt;
use std::time::Duration;

use serde::Serialize;

use super::calls::CallLog;
use super::distribution::Distribution;
use super::judge::HearingTally;
use super::media::MediaOutcome;
use super::proc::Usage;
use super::verdict;

#[cfg(test)]
mod tests;

/// All figures, and the verdict.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Report {
    /// Whether every criterion was met and the generator was able to tell.
    pub(super) quality_held: bool,
    /// The criteria that broke, as sentences.
    pub(super) broken: Vec<String>,
    /// Why the figures do not count, as sentences: the generator was at its own limit.
    pub(super) invalid: Vec<String>,
    /// Somebody stopped the run before its time.
    pub(super) interrupted: bool,
    pub(super) load: Load,
    pub(super) calls: Calls,
    pub(super) media: Option<Media>,
    pub(super) generator: Generator,
    pub(super) server: Option<Server>,
}

/// What was asked for.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Load {
    pub(super) target: String,
    pub(super) rooms: u32,
    pub(super) participants: u32,
    pub(super) talkers: usize,
    pub(super) codec: String,
    /// The time that was judged.
    pub(super) seconds: f64,
}

/// What became of the calls.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Calls {
    pub(super) wanted: u64,
    pub(super) answered: u64,
    pub(super) failed: u64,
    pub(super) failures: BTreeMap<String, u64>,
    pub(super) dropped_by_server: u64,
    /// Calls whose BYE was not answered in time.
    pub(super) not_ended: u64,
    /// Calls begun a second.
    pub(super) rate: f64,
    pub(super) rate_wanted: Option<f64>,
    pub(super) setup_p50_ms: f64,
    pub(super) setup_p99_ms: f64,
    pub(super) setup_max_ms: f64,
    pub(super) setup_limit_ms: Option<f64>,
    pub(super) retransmissions: u64,
}

/// What became of the audio.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Media {
    pub(super) packets_sent: u64,
    pub(super) packets_received: u64,
    pub(super) packets_lost: u64,
    pub(super) packets_late: u64,
    pub(super) duplicates: u64,
    /// Packets that found the port of the server closed.
    pub(super) packets_refused: u64,
    pub(super) loss_percent: f64,
    pub(super) late_percent: f64,
    pub(super) hearing: HearingTally,
    pub(super) deaf_callers: u64,
    pub(super) delay: Option<Delay>,
}

/// How long the server takes from a talker to a listener.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Delay {
    /// Beginnings of tones that were measured.
    pub(super) onsets: u64,
    pub(super) p50_ms: f64,
    pub(super) p99_ms: f64,
    pub(super) max_ms: f64,
}

/// How the generator itself did.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Generator {
    pub(super) lateness_p99_ms: f64,
    pub(super) lateness_max_ms: f64,
    pub(super) send_errors: u64,
    pub(super) socket_drops: u64,
    pub(super) cpu_seconds: f64,
    /// Of one processor, in the judged time.
    pub(super) cpu_percent: f64,
}

/// What the server used.
#[derive(Clone, Debug, Default, Serialize)]
pub(super) struct Server {
    /// Of one processor, in the judged time.
    pub(super) cpu_percent: f64,
    /// The same for one caller, or for one call a second.
    pub(super) cpu_percent_each: f64,
    pub(super) resident_kib_before: u64,
    pub(super) resident_kib_during: u64,
    pub(super) resident_kib_after: u64,
    pub(super) resident_kib_per_call: f64,
}

impl Report {
    /// Draws the verdict from the figures.
    pub(super) fn judged(mut self) -> Self {
        self.broken = verdict::calls(&self.calls);
        if let Some(media) = &self.media {
            self.broken.extend(verdict::media(media, self.load.talkers));
        }
        self.invalid = verdict::generator(&self.generator);
        self.quality_held = self.broken.is_empty() && self.invalid.is_empty() && !self.interrupted;
        self
    }
}

impl Calls {
    pub(super) fn new(log: &CallLog, retransmissions: u64) -> Self {
        Self {
            wanted: log.wanted,
            answered: log.answered,
            failed: log.failed,
            failures: log.failures.clone(),
            dropped_by_server: log.dropped,
            not_ended: log.up(),
            rate: log.rate(),
            rate_wanted: None,
            setup_p50_ms: millis(log.setup.quantile(0.5)),
            setup_p99_ms: millis(log.setup.quantile(0.99)),
            setup_max_ms: millis(log.setup.max()),
            setup_limit_ms: None,
            retransmissions,
        }
    }
}

impl Media {
    pub(super) fn new(outcome: &MediaOutcome) -> Self {
        let tally = &outcome.reception;
        Self {
            packets_sent: outcome.sent,
            packets_received: tally.received,
            packets_lost: tally.lost,
            packets_late: tally.late,
            duplicates: tally.duplicates,
            packets_refused: outcome.refused,
            loss_percent: percent(tally.lost, tally.received + tally.lost),
            late_percent: percent(tally.late, tally.received),
            hearing: outcome.hearing,
            deaf_callers: outcome.deaf,
            delay: Delay::new(&outcome.delays),
        }
    }
}

impl Delay {
    fn new(delays: &Distribution) -> Option<Self> {
        (delays.count() > 0).then(|| Self {
            onsets: delays.count(),
            p50_ms: millis(delays.quantile(0.5)),
            p99_ms: millis(delays.quantile(0.99)),
            max_ms: millis(delays.max()),
        })
    }
}

impl Generator {
    /// `cpu` is what the generator used in `span`.
    pub(super) fn new(lateness: &Distribution, cpu: Duration, span: Duration) -> Self {
        Self {
            lateness_p99_ms: millis(lateness.quantile(0.99)),
            lateness_max_ms: millis(lateness.max()),
            send_errors: 0,
            socket_drops: 0,
            cpu_seconds: cpu.as_secs_f64(),
            cpu_percent: share(cpu, span),
        }
    }
}

/// What the server used at the marks of a run.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Marks {
    pub(super) before: Usage,
    pub(super) steady: Usage,
    pub(super) steady_end: Usage,
    pub(super) after: Usage,
}

impl Server {
    /// `each` is the number of callers, or of calls a second; `up` of the calls that were up.
    pub(super) fn new(marks: &Marks, span: Duration, each: f64, up: u64) -> Self {
        let cpu_percent = share(marks.steady_end.cpu.saturating_sub(marks.steady.cpu), span);
        let during = marks.steady_end.resident_kib;
        let grown = during.saturating_sub(marks.before.resident_kib);
        Self {
            cpu_percent,
            cpu_percent_each: cpu_percent / each.max(1.0),
            resident_kib_before: marks.before.resident_kib,
            resident_kib_during: during,
            resident_kib_after: marks.after.resident_kib,
            resident_kib_per_call: grown as f64 / up.max(1) as f64,
        }
    }
}

/// Writes the report for people; the last line is the verdict.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Load {
            target,
            rooms,
            participants,
            talkers,
            codec,
            seconds,
        } = &self.load;
        writeln!(f, "load       {target}, {codec}, {seconds:.1} s judged")?;
        if self.media.is_some() {
            writeln!(
                f,
                "           {rooms} rooms of {participants}, {talkers} talking in each"
            )?;
        }
        write!(f, "{}", self.calls)?;
        if let Some(media) = &self.media {
            write!(f, "{media}")?;
        }
        write!(f, "{}", self.generator)?;
        if let Some(server) = &self.server {
            write!(f, "{server}")?;
        }
        self.write_verdict(f)
    }
}

impl Report {
    fn write_verdict(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for broken in &self.broken {
            writeln!(f, "broken     {broken}")?;
        }
        for limit in &self.invalid {
            writeln!(f, "invalid    the generator was at its limit: {limit}")?;
        }
        let verdict = if self.interrupted {
            "interrupted: these figures are of a part of the run"
        } else if !self.invalid.is_empty() {
            "no verdict: the generator was the bottleneck, so these figures do not count"
        } else if !self.broken.is_empty() {
            "quality did not hold"
        } else {
            "quality held"
        };
        writeln!(f, "verdict    {verdict}")
    }
}

impl fmt::Display for Calls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "calls      {} of {} answered, {} failed, {} ended by the server, {:.1} begun a second",
            self.answered, self.wanted, self.failed, self.dropped_by_server, self.rate
        )?;
        writeln!(
            f,
            "set-up     p50 {:.1} ms, p99 {:.1} ms, max {:.1} ms; {} messages sent again",
            self.setup_p50_ms, self.setup_p99_ms, self.setup_max_ms, self.retransmissions
        )
    }
}

impl fmt::Display for Media {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "packets    {} sent, {} received, {} lost ({:.3} %), {} late ({:.3} %)",
            self.packets_sent,
            self.packets_received,
            self.packets_lost,
            self.loss_percent,
            self.packets_late,
            self.late_percent
        )?;
        let hearing = &self.hearing;
        writeln!(
            f,
            "hearing    {} windows good, {} bad",
            hearing.good,
            hearing.bad()
        )?;
        match &self.delay {
            Some(delay) => writeln!(
                f,
                "delay      p50 {:.1} ms, p99 {:.1} ms, max {:.1} ms, of {} tone beginnings",
                delay.p50_ms, delay.p99_ms, delay.max_ms, delay.onsets
            ),
            None => writeln!(
                f,
                "delay      not measured: it takes a talker and a listener"
            ),
        }
    }
}

impl fmt::Display for Generator {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "generator  {:.1} % of a processor, slices late p99 {:.2} ms, max {:.1} ms",
            self.cpu_percent, self.lateness_p99_ms, self.lateness_max_ms
        )
    }
}

impl fmt::Display for Server {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "server     {:.1} % of a processor, {:.4} % each",
            self.cpu_percent, self.cpu_percent_each
        )?;
        writeln!(
            f,
            "memory     {} KiB before, {} during, {} after; {:.1} KiB a call",
            self.resident_kib_before,
            self.resident_kib_during,
            self.resident_kib_after,
            self.resident_kib_per_call
        )
    }
}

fn millis(value: Duration) -> f64 {
    value.as_secs_f64() * 1000.0
}

fn percent(part: u64, whole: u64) -> f64 {
    part as f64 * 100.0 / whole.max(1) as f64
}

fn share(cpu: Duration, span: Duration) -> f64 {
    if span.is_zero() {
        0.0
    } else {
        cpu.as_secs_f64() * 100.0 / span.as_secs_f64()
    }
}
