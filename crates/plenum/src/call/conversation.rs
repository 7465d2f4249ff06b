//! A call that is up: play, record, dial, until it ends.

use std::time::Duration;

use plenum_session::{Call, CallEvent, Ended, Recording};

use super::interrupt::Interrupts;
use super::options::Plan;
use super::report::Report;
use super::sound::Recorder;
use super::{Outcome, end};

/// The pause that a comma among digits means.
const COMMA: Duration = Duration::from_secs(1);

/// How long a digit and the pause behind it take.
const DIGIT: Duration = Duration::from_millis(200);

/// Holds the call until it ends, by its duration, by the other side or by Ctrl-C.
pub(super) async fn hold(
    call: &Call,
    plan: &Plan,
    report: &mut Report,
    interrupts: &mut Interrupts,
) -> anyhow::Result<Outcome> {
    let mut tape = match &plan.record {
        Some(path) => {
            let recorder = Recorder::create(path).map_err(anyhow::Error::msg)?;
            Some(Tape {
                recording: call.record().await?,
                recorder,
            })
        }
        None => None,
    };
    if let Some(source) = &plan.play {
        call.play(source.clone()).await?;
    }
    let ended = talk(call, plan, &mut tape, report, interrupts).await?;
    let Some(ended) = ended else {
        return Ok(Outcome::Interrupted);
    };
    report.ended(&ended)?;
    if let Some(tape) = tape {
        report.recorded(tape.close().await)?;
    }
    let flowed = ended.stats.packets_received > 0 && ended.stats.packets_sent > 0;
    Ok(if flowed {
        Outcome::Good
    } else {
        Outcome::NoAudio
    })
}

/// What is heard, on its way to a file.
#[derive(Debug)]
struct Tape {
    recording: Recording,
    recorder: Recorder,
}

impl Tape {
    async fn close(mut self) -> Result<Duration, String> {
        while let Some(samples) = self.recording.try_next() {
            self.recorder.write(samples);
        }
        self.recorder.close().await
    }
}

/// Waits for the end; nothing if a second Ctrl-C does not wait for it.
async fn talk(
    call: &Call,
    plan: &Plan,
    tape: &mut Option<Tape>,
    report: &mut Report,
    interrupts: &mut Interrupts,
) -> anyhow::Result<Option<Ended>> {
    let time_up = async {
        match plan.duration {
            Some(duration) => tokio::time::sleep(duration).await,
            None => std::future::pending().await,
        }
    };
    let dialling = dial(call, plan.dtmf.as_deref().unwrap_or_default());
    tokio::pin!(time_up, dialling);
    let mut is_dialling = true;
    loop {
        tokio::select! {
            event = call.next_event() => match event {
                Some(CallEvent::Ended(ended)) => return Ok(Some(*ended)),
                Some(event) => report.event(&event)?,
                None => anyhow::bail!("the phone stopped before the call ended"),
            },
            samples = next(tape) => {
                if let Some(tape) = tape {
                    tape.recorder.write(samples);
                }
            }
            dialled = &mut dialling, if is_dialling => {
                is_dialling = false;
                if let Err(error) = dialled {
                    report.note(&error.to_string())?;
                }
            }
            () = &mut time_up => return Ok(end(call, interrupts).await),
            () = interrupts.next() => return Ok(end(call, interrupts).await),
        }
    }
}

/// Waits for the next samples, for ever if nothing is recorded.
async fn next(tape: &mut Option<Tape>) -> Vec<i16> {
    if let Some(tape) = tape
        && let Some(samples) = tape.recording.next().await
    {
        return samples;
    }
    std::future::pending().await
}

async fn dial(call: &Call, digits: &str) -> Result<(), plenum_session::SessionError> {
    for group in digits.split(',') {
        if !group.is_empty() {
            call.send_dtmf(group).await?;
        }
        let count = u32::try_from(group.len()).unwrap_or(u32::MAX);
        tokio::time::sleep(DIGIT * count + COMMA).await;
    }
    Ok(())
}
