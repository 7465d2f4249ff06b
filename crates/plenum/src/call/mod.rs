//! `plenum call`: the built-in phone.
//!
//! Calls a number or a SIP URI, plays, records and dials digits, and says in one line each what
//! happens. With `--check` it proves that the other side is an echo.
//!
//! # Exit codes
//!
//! | code | meaning |
//! |---|---|
//! | 0 | audio flowed both ways; with `--check`, the echo was heard |
//! | 1 | the call was up, but audio did not flow both ways, or the check failed |
//! | 2 | the command line cannot be used: a bad URI, an unreadable file |
//! | 3 | the call did not come about: refused, not answered, nobody there |
//! | 130 | ended at once by a second Ctrl-C |

mod check;
mod conversation;
mod fourier;
mod interrupt;
mod options;
mod probe;
mod report;
mod sound;
#[cfg(test)]
mod tests;

use std::process::ExitCode;
use std::time::Duration;

use anyhow::Context as _;
use plenum_session::{Call, CallEvent, Ended, Phone, SessionError};

use self::check::Verdict;
use self::interrupt::Interrupts;
use self::options::Plan;
use self::report::Report;

pub use options::CallOptions;

/// How long a call that we hang up may take to end.
const END_PATIENCE: Duration = Duration::from_secs(5);

/// What became of a call, as the exit code tells it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Outcome {
    Good,
    NoAudio,
    Unusable,
    NotConnected,
    Interrupted,
}

impl Outcome {
    fn code(self) -> ExitCode {
        ExitCode::from(match self {
            Self::Good => 0,
            Self::NoAudio => 1,
            Self::Unusable => 2,
            Self::NotConnected => 3,
            Self::Interrupted => 130,
        })
    }
}

/// Runs `plenum call`.
///
/// # Errors
///
/// If the system lets no phone start or takes no output. What goes wrong with the call itself is
/// told on the output and by the exit code.
pub async fn run(options: CallOptions) -> anyhow::Result<ExitCode> {
    let mut report = Report::to_stdout(options.json);
    let mut interrupts = Interrupts::new().context("cannot listen for Ctrl-C")?;
    Ok(perform(&options, &mut report, &mut interrupts)
        .await?
        .code())
}

async fn perform(
    options: &CallOptions,
    report: &mut Report,
    interrupts: &mut Interrupts,
) -> anyhow::Result<Outcome> {
    let plan = match Plan::make(options).await {
        Ok(plan) => plan,
        Err(why) => {
            report.failure(&why)?;
            return Ok(Outcome::Unusable);
        }
    };
    let phone = match Phone::start(plan.phone.clone()).await {
        Ok(phone) => phone,
        Err(error @ SessionError::Bind(_)) => {
            let why = format!("{error}; `--listen` says where to listen");
            report.failure(&why)?;
            return Ok(Outcome::Unusable);
        }
        Err(error) => return Err(error.into()),
    };
    let outcome = place(&phone, &plan, report, interrupts).await;
    if matches!(outcome, Ok(Outcome::Interrupted)) {
        return outcome;
    }
    tokio::select! {
        () = phone.stop() => outcome,
        () = interrupts.next() => outcome.map(|_| Outcome::Interrupted),
    }
}

async fn place(
    phone: &Phone,
    plan: &Plan,
    report: &mut Report,
    interrupts: &mut Interrupts,
) -> anyhow::Result<Outcome> {
    report.calling(&plan.to)?;
    let call = match phone.dial(plan.to.clone(), plan.call.clone()).await {
        Ok(call) => call,
        Err(error) => {
            report.failure(&error.to_string())?;
            return Ok(Outcome::NotConnected);
        }
    };
    match answer(&call, plan, report, interrupts).await? {
        Reaction::Up => {}
        Reaction::Ended(ended) => {
            report.not_connected(&plan.to, &ended)?;
            return Ok(Outcome::NotConnected);
        }
        Reaction::NoAnswer => {
            report.no_answer(&plan.to, plan.patience)?;
            return Ok(end(&call, interrupts)
                .await
                .map_or(Outcome::Interrupted, |_| Outcome::NotConnected));
        }
        Reaction::Interrupted => {
            let ended = end(&call, interrupts).await;
            if let Some(ended) = &ended {
                report.not_connected(&plan.to, ended)?;
            }
            return Ok(ended.map_or(Outcome::Interrupted, |_| Outcome::NotConnected));
        }
    }
    report.answered(&call.status())?;
    if plan.check {
        prove(&call, report, interrupts).await
    } else {
        conversation::hold(&call, plan, report, interrupts).await
    }
}

/// What waiting for an answer comes to.
#[derive(Debug)]
enum Reaction {
    Up,
    Ended(Box<Ended>),
    NoAnswer,
    Interrupted,
}

async fn answer(
    call: &Call,
    plan: &Plan,
    report: &mut Report,
    interrupts: &mut Interrupts,
) -> anyhow::Result<Reaction> {
    let patience = tokio::time::sleep(plan.patience);
    tokio::pin!(patience);
    loop {
        tokio::select! {
            event = call.next_event() => match event {
                Some(CallEvent::Answered { .. }) => return Ok(Reaction::Up),
                Some(CallEvent::Ended(ended)) => return Ok(Reaction::Ended(ended)),
                Some(event) => report.event(&event)?,
                None => anyhow::bail!("the phone stopped before the call ended"),
            },
            () = &mut patience => return Ok(Reaction::NoAnswer),
            () = interrupts.next() => return Ok(Reaction::Interrupted),
        }
    }
}

/// Proves that the other side is an echo.
async fn prove(
    call: &Call,
    report: &mut Report,
    interrupts: &mut Interrupts,
) -> anyhow::Result<Outcome> {
    let seed = plenum_runtime::random::number()?;
    let verdict = tokio::select! {
        verdict = check::check(call, seed) => verdict?,
        () = interrupts.next() => Verdict::Interrupted,
    };
    report.verdict(&verdict)?;
    let ended = end(call, interrupts).await;
    Ok(match (ended, verdict.is_good()) {
        (None, _) => Outcome::Interrupted,
        (Some(_), true) => Outcome::Good,
        (Some(_), false) => Outcome::NoAudio,
    })
}

/// Hangs up; nothing if Ctrl-C comes once more.
async fn end(call: &Call, interrupts: &mut Interrupts) -> Option<Ended> {
    tokio::select! {
        ended = call.hang_up_within(END_PATIENCE) => Some(ended),
        () = interrupts.next() => None,
    }
}
