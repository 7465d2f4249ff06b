//! Calls that are set up and ended at a rate, to measure signalling alone.

use std::time::Duration;

use anyhow::{Context, bail};
use indicatif::{ProgressBar, ProgressStyle};
use plenum_time::{Instant, TimerQueue};

use super::calls::CallLog;
use super::clock::LoadClock;
use super::options::LoadOptions;
use super::phones::{CallEvent, Phones};
use super::proc::{Process, Usage, own_cpu};
use super::report::{self, Generator, Load, Marks, Report, Server};
use super::slices::{Pace, Slices};
use super::sockets::{self, PhoneSockets};
use super::stop::Stop;
use super::target::Target;

/// The length of a slice: calls leave evenly, and answers do not wait for their ACK.
const SLICE: Duration = Duration::from_millis(1);

/// How long a call may take beside its hold before it keeps others from beginning.
const UNFINISHED_MAX: Duration = Duration::from_secs(2);

/// Calls at once, at least and at most.
const SEATS_MIN: u64 = 16;
const SEATS_MAX: u64 = 8_000;

/// How long the last calls may take to end.
const ENDING_MAX: Duration = Duration::from_secs(40);

/// How long calls may take to end after Ctrl-C.
const STOPPING_MAX: Duration = Duration::from_secs(5);

/// Slices between two looks at the progress bar.
const PROGRESS_SLICES: u64 = 100;

/// Runs all calls.
pub(super) fn run(options: &LoadOptions, target: &Target, calls: u32) -> anyhow::Result<Report> {
    if sockets::is_refused(target.address)? {
        bail!(
            "nothing listens at {} over UDP; start the server first",
            target.address
        );
    }
    let server = options.server_pid.map(Process);
    let mut marks = Marks {
        before: usage(server)?,
        ..Marks::default()
    };
    let stop = Stop::watch()?;
    let mut churn = Churn::new(options, target, calls)?;
    let cpu_before = own_cpu()?;
    marks.steady = usage(server)?;
    let mut is_ending = false;
    while !churn.is_over() {
        let (number, now) = churn.slices.wait(&mut churn.clock);
        churn.step(now)?;
        if stop.is_asked() {
            churn.stop(now)?;
        }
        if churn.all_begun() && !is_ending {
            is_ending = true;
            churn.span = now.since(churn.since);
            marks.steady_end = usage(server)?;
            churn.end_by(now + ENDING_MAX);
        }
        if number.is_multiple_of(PROGRESS_SLICES) {
            churn
                .progress
                .set_position(churn.log.ended + churn.log.failed);
        }
    }
    churn.progress.finish_and_clear();
    marks.after = usage(server)?;
    let cpu = own_cpu()?.saturating_sub(cpu_before);
    let rate = churn.log.rate();
    let server = server.map(|_| Server::new(&marks, churn.span, rate, churn.most_up));
    Ok(churn.report(cpu, server))
}

fn usage(server: Option<Process>) -> anyhow::Result<Usage> {
    Ok(server.map(Process::usage).transpose()?.unwrap_or_default())
}

struct Churn<'a> {
    options: &'a LoadOptions,
    target: &'a Target,
    clock: LoadClock,
    since: Instant,
    slices: Slices,
    pace: Pace,
    phones: Phones,
    /// One pair of ports for each call at once, so that the server sees as many phones.
    seats: Vec<PhoneSockets>,
    free: Vec<usize>,
    hang_ups: TimerQueue<usize>,
    log: CallLog,
    /// The most calls that were up at once.
    most_up: u64,
    /// From the first call to the last one begun.
    span: Duration,
    give_up: Option<Instant>,
    interrupted: bool,
    progress: ProgressBar,
}

impl<'a> Churn<'a> {
    fn new(options: &'a LoadOptions, target: &'a Target, calls: u32) -> anyhow::Result<Self> {
        let seconds = hold(options) + UNFINISHED_MAX;
        let seats = (seconds.as_secs_f64() * f64::from(options.cps)) as u64;
        let seats = seats.clamp(SEATS_MIN, SEATS_MAX).min(u64::from(calls)) as usize;
        let phones = Phones::open(target, options.codec, seats)?;
        let local = phones.local().ip();
        let sockets: std::io::Result<Vec<_>> =
            (0..seats).map(|_| PhoneSockets::bind(local)).collect();
        let clock = LoadClock::start();
        let now = clock.now();
        let style = ProgressStyle::with_template("calling {bar:40} {pos}/{len}, {eta} left")?;
        Ok(Self {
            options,
            target,
            clock,
            since: now,
            slices: Slices::new(now, SLICE),
            pace: Pace::new(now, options.cps),
            phones,
            seats: sockets.context("a port pair for each call: raise ulimit -n or lower --cps")?,
            free: (0..seats).rev().collect(),
            hang_ups: TimerQueue::new(),
            log: CallLog::new(u64::from(calls)),
            most_up: 0,
            span: Duration::ZERO,
            give_up: None,
            interrupted: false,
            progress: ProgressBar::new(u64::from(calls)).with_style(style),
        })
    }

    fn all_begun(&self) -> bool {
        self.interrupted || self.log.begun == self.log.wanted
    }

    fn is_over(&self) -> bool {
        let is_late = self
            .give_up
            .is_some_and(|deadline| self.clock.now() >= deadline);
        is_late || (self.all_begun() && self.free.len() == self.seats.len())
    }

    /// Gives up what is not over by then, unless that is settled to be earlier.
    fn end_by(&mut self, deadline: Instant) {
        self.give_up = Some(
            self.give_up
                .map_or(deadline, |earlier| earlier.min(deadline)),
        );
    }

    fn step(&mut self, now: Instant) -> anyhow::Result<()> {
        for event in self.phones.poll(&self.clock) {
            self.note(now, event);
        }
        while let Some((_, seat)) = self.hang_ups.pop_due(now) {
            self.phones.hang_up(&self.clock, seat);
        }
        while !self.all_begun() && !self.free.is_empty() && self.pace.take(now) {
            self.dial(now)?;
        }
        self.most_up = self.most_up.max(self.log.up());
        Ok(())
    }

    fn dial(&mut self, now: Instant) -> anyhow::Result<()> {
        let Some(seat) = self.free.pop() else {
            return Ok(());
        };
        let room = (self.log.begun % u64::from(self.options.rooms)) as u32;
        let user = self.target.user(self.options, room);
        let port = self.seats[seat].rtp.local_addr()?.port();
        self.log.begin(now);
        self.phones.dial(&self.clock, seat, &user, port)
    }

    fn note(&mut self, now: Instant, event: CallEvent) {
        match event {
            CallEvent::Answered { caller, setup, .. } => {
                self.log.answer(setup);
                let hold = if self.interrupted {
                    Duration::ZERO
                } else {
                    hold(self.options)
                };
                self.hang_ups.arm_in(now, hold, caller);
            }
            CallEvent::Failed { caller, why } => {
                self.log.fail(why);
                self.release(caller);
            }
            CallEvent::Ended { caller, by_server } => {
                self.log.end(by_server);
                self.release(caller);
            }
        }
    }

    fn release(&mut self, seat: usize) {
        self.seats[seat].drain();
        // The seat that was free for longest is next, so that packets for the last call are gone.
        self.free.insert(0, seat);
    }

    fn stop(&mut self, now: Instant) -> anyhow::Result<()> {
        if self.interrupted {
            bail!("stopped at once; the server still has calls that were not ended");
        }
        self.interrupted = true;
        self.end_by(now + STOPPING_MAX);
        (0..self.seats.len()).for_each(|seat| self.phones.hang_up(&self.clock, seat));
        Ok(())
    }

    fn report(self, cpu: Duration, server: Option<Server>) -> Report {
        let options = self.options;
        let run = self.clock.now().since(self.since);
        let mut generator = Generator::new(self.slices.lateness(), cpu, run);
        generator.send_errors = self.phones.send_errors;
        generator.socket_drops = u64::from(self.phones.dropped);
        let mut calls = report::Calls::new(&self.log, self.phones.retransmissions());
        calls.setup_limit_ms = Some(f64::from(options.setup_ms));
        calls.rate_wanted = Some(f64::from(options.cps)).filter(|_| self.log.begun > 1);
        Report {
            interrupted: self.interrupted,
            load: Load {
                target: options.target.clone(),
                rooms: options.rooms,
                codec: options.codec.codec().encoding_name().into(),
                seconds: self.span.as_secs_f64(),
                ..Load::default()
            },
            calls,
            generator,
            server,
            ..Report::default()
        }
        .judged()
    }
}

fn hold(options: &LoadOptions) -> Duration {
    Duration::from_millis(u64::from(options.hold_ms))
}
