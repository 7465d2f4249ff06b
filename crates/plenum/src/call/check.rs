//! The proof of an echo.

use std::net::SocketAddr;
use std::time::Duration;

use plenum_session::{Call, CallEvent, CallStatus, Codec, Ended, LegStats, SessionError, Source};

use super::probe::{DELAY_MAX, Found, Probe, level_dbov};

/// How long the first RTP packet may take after the answer.
const RTP_PATIENCE: Duration = Duration::from_secs(3);

/// What is heard after the probe in the first look; nearly every echo is that fast.
const FIRST_LOOK: Duration = Duration::from_millis(400);

/// Loss up to which an echo is good enough.
const LOSS_PERCENT_MAX: f64 = 5.0;

/// What the check came to.
#[derive(Clone, Debug)]
pub(super) enum Verdict {
    /// The echo was heard, well enough or not.
    Echo(Box<Echo>),
    /// No RTP came at all.
    NoRtp { sent: u64, to: Option<SocketAddr> },
    /// RTP came, but what we played was not in it.
    NoEcho { packets: u64, level_dbov: f32 },
    /// The other side ended the call first.
    Ended(Box<Ended>),
    /// Ctrl-C.
    Interrupted,
}

/// The figures of an echo.
#[derive(Clone, Debug)]
pub(super) struct Echo {
    pub(super) found: Found,
    pub(super) loss_percent: f64,
    pub(super) jitter: Duration,
    pub(super) codec: Option<Codec>,
    pub(super) local: SocketAddr,
    pub(super) remote: Option<SocketAddr>,
}

impl Echo {
    fn new(found: Found, status: &CallStatus, stats: &LegStats) -> Self {
        Self {
            found,
            loss_percent: loss_percent(stats),
            jitter: stats.jitter,
            codec: status.codec,
            local: status.local_rtp,
            remote: stats.remote.or(status.remote_rtp),
        }
    }

    /// Whether loss or gaps spoil it.
    pub(super) fn is_good(&self) -> bool {
        self.loss_percent <= LOSS_PERCENT_MAX && self.found.heard * 2 >= self.found.played
    }
}

impl Verdict {
    pub(super) fn is_good(&self) -> bool {
        matches!(self, Self::Echo(echo) if echo.is_good())
    }

    /// Says what went wrong, and what to look at; nothing if all is well.
    pub(super) fn complaint(&self) -> Option<String> {
        Some(match self {
            Self::Echo(echo) if echo.is_good() => return None,
            Self::Echo(echo) if echo.loss_percent > LOSS_PERCENT_MAX => format!(
                "bad audio: the echo was heard, but {:.1} % of the packets were lost, more than \
                 {LOSS_PERCENT_MAX:.1} %; look for an overloaded network or machine",
                echo.loss_percent
            ),
            Self::Echo(echo) => format!(
                "bad audio: only {} of {} pieces of the pattern came back; look for an overloaded \
                 network or machine",
                echo.found.heard, echo.found.played
            ),
            Self::NoRtp { sent, to } => {
                let to = to.map_or("nowhere".to_owned(), |to| to.to_string());
                format!(
                    "no audio: the call was answered, but no RTP came in {} s; we sent {sent} \
                     packets to {to}: check that address, and the firewalls on the way",
                    RTP_PATIENCE.as_secs()
                )
            }
            Self::NoEcho {
                packets,
                level_dbov,
            } => format!(
                "no echo: {packets} RTP packets came, with a level of {level_dbov:.0} dBov, but \
                 what we played was not in them; is the number an echo test?"
            ),
            Self::Ended(ended) => {
                format!("the call ended before the echo was heard: {ended}")
            }
            Self::Interrupted => "interrupted before the echo was heard".to_owned(),
        })
    }
}

/// Plays a probe and looks for it in what comes back.
///
/// # Errors
///
/// If the phone itself fails.
pub(super) async fn check(call: &Call, seed: u64) -> Result<Verdict, SessionError> {
    match listen(call, seed).await {
        Err(SessionError::Ended(ended)) => Ok(Verdict::Ended(ended)),
        outcome => outcome,
    }
}

async fn listen(call: &Call, seed: u64) -> Result<Verdict, SessionError> {
    let started = tokio::time::timeout(RTP_PATIENCE, started(call)).await;
    let stats = call.stats().await?;
    if started.is_err() && stats.packets_received == 0 {
        let to = stats.remote.or(call.status().remote_rtp);
        return Ok(Verdict::NoRtp {
            sent: stats.packets_sent,
            to,
        });
    }
    started.unwrap_or(Ok(()))?;
    let probe = Probe::new(seed);
    let source = Source::Samples {
        samples: probe.samples().into(),
        repeat: false,
    };
    // Both orders reach the media thread in the same slice, so they begin together.
    let (recording, playback) = tokio::join!(call.record(), call.play(source));
    let (mut recording, _playback) = (recording?, playback?);
    let mut heard = Vec::new();
    let mut found = None;
    for wait in [FIRST_LOOK, DELAY_MAX] {
        let enough = samples_in(probe.length() + wait);
        while heard.len() < enough {
            match recording.next().await {
                Some(samples) => heard.extend(samples),
                None => return Err(SessionError::Ended(Box::new(call.ended().await?))),
            }
        }
        found = search(&probe, &heard).await;
        if found.is_some_and(|found| found.heard == found.played) {
            break;
        }
    }
    let stats = call.stats().await?;
    Ok(match found {
        Some(found) => Verdict::Echo(Box::new(Echo::new(found, &call.status(), &stats))),
        None => Verdict::NoEcho {
            packets: stats.packets_received,
            level_dbov: level_dbov(&heard),
        },
    })
}

/// Waits for the first RTP packet.
async fn started(call: &Call) -> Result<(), SessionError> {
    if call.stats().await?.packets_received > 0 {
        return Ok(());
    }
    loop {
        match call.next_event().await {
            Some(CallEvent::AudioStarted) => return Ok(()),
            Some(CallEvent::Ended(ended)) => return Err(SessionError::Ended(ended)),
            Some(_) => {}
            None => return Err(SessionError::Stopped),
        }
    }
}

/// Searches without holding up the phone.
async fn search(probe: &Probe, heard: &[i16]) -> Option<Found> {
    let (probe, heard) = (probe.clone(), heard.to_vec());
    // A search that panicked found nothing.
    tokio::task::spawn_blocking(move || probe.find(&heard))
        .await
        .ok()
        .flatten()
}

/// Returns the share of packets that never came.
pub(super) fn loss_percent(stats: &LegStats) -> f64 {
    let expected = stats.packets_received + stats.packets_lost;
    100.0 * stats.packets_lost as f64 / expected.max(1) as f64
}

fn samples_in(time: Duration) -> usize {
    time.as_millis() as usize * (plenum_session::SAMPLE_RATE as usize / 1000)
}
