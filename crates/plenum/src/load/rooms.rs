//! Callers in rooms: they dial in, talk, are judged, and hang up.

use std::time::Duration;

use anyhow::bail;
use indicatif::{ProgressBar, ProgressStyle};
use plenum_time::Instant;

use super::calls::CallLog;
use super::clock::LoadClock;
use super::media::{Media, MediaOutcome, SLICE};
use super::options::LoadOptions;
use super::phones::{CallEvent, Phones};
use super::proc::{Process, Usage, own_cpu};
use super::report::{self, Generator, Load, Marks, Report, Server};
use super::slices::{Pace, Slices};
use super::sockets;
use super::stop::Stop;
use super::target::Target;

/// Calls that may be between INVITE and answer at once.
const IN_SETUP_MAX: u64 = 400;

/// How long the ends of the calls may take beyond their pace.
const ENDING_MAX: Duration = Duration::from_secs(10);

/// The least number of calls ended a second.
const ENDING_RATE_MIN: u32 = 200;

/// Slices between two looks at the progress bar.
const PROGRESS_SLICES: u64 = 20;

/// Runs the whole load.
pub(super) fn run(options: &LoadOptions, target: &Target) -> anyhow::Result<Report> {
    if sockets::is_refused(target.address)? {
        bail!(
            "nothing listens at {} over UDP; start the server first",
            target.address
        );
    }
    let server = options.server_pid.map(Process);
    let before = server.map(Process::usage).transpose()?;
    let stop = Stop::watch()?;
    let mut rooms = Rooms::new(options, target, server)?;
    rooms.marks.before = before.unwrap_or_default();
    while rooms.stage != Stage::Done {
        let (number, now) = rooms.slices.wait(&mut rooms.clock);
        rooms.step(number, now)?;
        if stop.is_asked() {
            rooms.stop(now)?;
        }
    }
    rooms.progress.finish_and_clear();
    rooms.marks.after = rooms.server_usage()?;
    Ok(rooms.report())
}

/// ```text
/// Filling ──► Settling ──► Judging ──► Ending ──► Done
///    └───────────┴── Ctrl-C ──┴──────────▲
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    Filling,
    Settling { until: Instant },
    Judging { since: Instant, until: Instant },
    Ending { until: Instant },
    Done,
}

struct Rooms<'a> {
    options: &'a LoadOptions,
    target: &'a Target,
    server: Option<Process>,
    clock: LoadClock,
    slices: Slices,
    pace: Pace,
    phones: Phones,
    media: Media,
    log: CallLog,
    stage: Stage,
    /// The next caller to dial, or to hang up.
    next: usize,
    marks: Marks,
    cpu_at_judging: Duration,
    judged: Option<Judged>,
    interrupted: bool,
    progress: ProgressBar,
}

/// What the judged time came to.
#[derive(Default)]
struct Judged {
    media: Option<MediaOutcome>,
    generator: Generator,
    span: Duration,
}

impl<'a> Rooms<'a> {
    fn new(
        options: &'a LoadOptions,
        target: &'a Target,
        server: Option<Process>,
    ) -> anyhow::Result<Self> {
        let callers = (options.rooms * options.participants) as usize;
        let phones = Phones::open(target, options.codec, callers)?;
        let media = Media::new(options, phones.local().ip())?;
        let clock = LoadClock::start();
        let now = clock.now();
        let style = ProgressStyle::with_template("{msg:12} {bar:40} {pos}/{len}")?;
        Ok(Self {
            options,
            target,
            server,
            clock,
            slices: Slices::new(now, SLICE),
            pace: Pace::new(now, options.rate),
            phones,
            media,
            log: CallLog::new(callers as u64),
            stage: Stage::Filling,
            next: 0,
            marks: Marks::default(),
            cpu_at_judging: Duration::ZERO,
            judged: None,
            interrupted: false,
            progress: ProgressBar::new(0).with_style(style),
        })
    }

    fn step(&mut self, number: u64, now: Instant) -> anyhow::Result<()> {
        for event in self.phones.poll(&self.clock) {
            self.note(event);
        }
        self.media.turn(number, &self.clock);
        match self.stage {
            Stage::Filling => self.fill(now)?,
            Stage::Settling { until } if now >= until => self.begin_judging(now)?,
            Stage::Judging { since, until } if now >= until => self.end_judging(since, now)?,
            Stage::Ending { until } => self.end(now, until),
            Stage::Settling { .. } | Stage::Judging { .. } | Stage::Done => {}
        }
        if number.is_multiple_of(PROGRESS_SLICES) {
            self.show(now);
        }
        Ok(())
    }

    fn note(&mut self, event: CallEvent) {
        match event {
            CallEvent::Answered {
                caller,
                setup,
                media,
            } => {
                let begun = match self.options.setup_only {
                    true => Ok(()),
                    false => self.media.callers[caller].begin(&media, caller as u32 + 1),
                };
                match begun {
                    Ok(()) => self.log.answer(setup),
                    Err(why) => {
                        self.log.fail(why);
                        self.phones.hang_up(&self.clock, caller);
                    }
                }
            }
            CallEvent::Failed { why, .. } => self.log.fail(why),
            CallEvent::Ended { caller, by_server } => {
                self.log.end(by_server);
                self.media.callers[caller].voice = None;
            }
        }
    }

    fn fill(&mut self, now: Instant) -> anyhow::Result<()> {
        let all = self.media.callers.len();
        while self.next < all && self.log.in_setup() < IN_SETUP_MAX && self.pace.take(now) {
            let caller = &self.media.callers[self.next];
            let user = self.target.user(self.options, caller.room as u32);
            let port = caller.sockets.rtp.local_addr()?.port();
            self.log.begin(now);
            self.phones.dial(&self.clock, self.next, &user, port)?;
            self.next += 1;
        }
        if self.next < all || self.log.in_setup() > 0 {
            return Ok(());
        }
        if self.log.answered == 0 {
            self.begin_ending(now);
        } else {
            let settle = Duration::from_secs(u64::from(self.options.settle));
            self.stage = Stage::Settling {
                until: now + settle,
            };
        }
        Ok(())
    }

    fn begin_judging(&mut self, now: Instant) -> anyhow::Result<()> {
        self.marks.steady = self.server_usage()?;
        self.cpu_at_judging = own_cpu()?;
        self.slices.restart_lateness();
        self.media.begin_judging();
        let judged = Duration::from_secs(u64::from(self.options.seconds));
        self.stage = Stage::Judging {
            since: now,
            until: now + judged,
        };
        Ok(())
    }

    fn end_judging(&mut self, since: Instant, now: Instant) -> anyhow::Result<()> {
        let span = now.since(since);
        self.marks.steady_end = self.server_usage()?;
        let cpu = own_cpu()?.saturating_sub(self.cpu_at_judging);
        let outcome = self.media.end_judging(span);
        let mut generator = Generator::new(self.slices.lateness(), cpu, span);
        generator.send_errors = outcome.send_errors + self.phones.send_errors;
        generator.socket_drops = outcome.dropped + u64::from(self.phones.dropped);
        self.judged = Some(Judged {
            media: Some(outcome),
            generator,
            span,
        });
        self.begin_ending(now);
        Ok(())
    }

    fn begin_ending(&mut self, now: Instant) {
        let rate = self.options.rate.max(ENDING_RATE_MIN);
        let pace = Duration::from_secs(self.media.callers.len() as u64) / rate;
        self.pace = Pace::new(now, rate);
        self.next = 0;
        self.stage = Stage::Ending {
            until: now + pace + ENDING_MAX,
        };
    }

    fn end(&mut self, now: Instant, until: Instant) {
        let all = self.media.callers.len();
        while self.next < all && self.pace.take(now) {
            self.phones.hang_up(&self.clock, self.next);
            self.next += 1;
        }
        let is_busy = (0..all).any(|caller| self.phones.is_busy(caller));
        if now >= until || (self.next == all && !is_busy) {
            self.stage = Stage::Done;
        }
    }

    /// Ctrl-C: judges what there is and ends the calls; the second time ends at once.
    fn stop(&mut self, now: Instant) -> anyhow::Result<()> {
        if self.interrupted {
            bail!("stopped at once; the server still has calls that were not ended");
        }
        self.interrupted = true;
        match self.stage {
            Stage::Judging { since, .. } => self.end_judging(since, now)?,
            Stage::Filling | Stage::Settling { .. } => self.begin_ending(now),
            Stage::Ending { .. } | Stage::Done => {}
        }
        Ok(())
    }

    fn server_usage(&self) -> anyhow::Result<Usage> {
        Ok(self
            .server
            .map(Process::usage)
            .transpose()?
            .unwrap_or_default())
    }

    fn show(&self, now: Instant) {
        let (what, position, length) = match self.stage {
            Stage::Filling => ("dialling", self.log.answered, self.log.wanted),
            Stage::Settling { .. } => ("settling", self.log.answered, self.log.wanted),
            Stage::Judging { since, until } => (
                "judging",
                now.since(since).as_secs(),
                until.since(since).as_secs(),
            ),
            Stage::Ending { .. } | Stage::Done => (
                "hanging up",
                self.log.ended + self.log.dropped,
                self.log.answered,
            ),
        };
        self.progress.set_length(length);
        self.progress.set_message(what);
        self.progress.set_position(position);
    }

    fn report(self) -> Report {
        let options = self.options;
        let Judged {
            media,
            generator,
            span,
        } = self.judged.unwrap_or_default();
        let media = media.filter(|_| !options.setup_only);
        let up = self.log.answered;
        let server = |_| Server::new(&self.marks, span, up as f64, up);
        Report {
            interrupted: self.interrupted,
            load: Load {
                target: options.target.clone(),
                rooms: options.rooms,
                participants: options.participants,
                talkers: options.talkers(),
                codec: options.codec.codec().encoding_name().into(),
                seconds: span.as_secs_f64(),
            },
            calls: report::Calls::new(&self.log, self.phones.retransmissions()),
            media: media.as_ref().map(report::Media::new),
            generator,
            server: self.server.map(server),
            ..Report::default()
        }
        .judged()
    }
}
