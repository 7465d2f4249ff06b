//! What is told: one line a milestone for people, or one JSON object a line.

use std::fmt;
use std::io::{self, Write};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};
use plenum_session::{
    CallEvent, CallStatus, Codec, Destination, EndCause, Ended, LegStats, Party, StatusCode,
};
use serde_json::{Value, json};

use super::check::{Echo, Verdict, loss_percent};

/// How often the spinner on a terminal turns.
const TURN: Duration = Duration::from_millis(120);

/// Where milestones go. On a terminal a spinner shows what is being waited for.
pub(super) struct Report {
    json: bool,
    out: Box<dyn Write + Send>,
    spinner: ProgressBar,
}

impl fmt::Debug for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Report")
            .field("json", &self.json)
            .finish_non_exhaustive()
    }
}

impl Report {
    pub(super) fn to_stdout(json: bool) -> Self {
        // The spinner is drawn on standard error, and hides by itself where that is no terminal.
        let spinner = if json {
            ProgressBar::hidden()
        } else {
            ProgressBar::new_spinner()
        };
        if let Ok(style) = ProgressStyle::with_template("{spinner} {msg}  {elapsed}") {
            spinner.set_style(style);
        }
        if !spinner.is_hidden() {
            spinner.enable_steady_tick(TURN);
        }
        Self {
            json,
            out: Box::new(io::stdout()),
            spinner,
        }
    }

    #[cfg(test)]
    pub(super) fn to(out: impl Write + Send + 'static, json: bool) -> Self {
        Self {
            json,
            out: Box::new(out),
            spinner: ProgressBar::hidden(),
        }
    }

    pub(super) fn calling(&mut self, to: &Destination) -> io::Result<()> {
        let (uri, remote) = (to.uri().to_string(), to.remote().to_string());
        self.spinner.set_message(format!("calling {uri}"));
        let line = format!("calling   {uri}   {} {remote}", scheme(to));
        self.line(
            &line,
            json!({ "event": "calling", "uri": uri, "remote": remote }),
        )
    }

    pub(super) fn answered(&mut self, status: &CallStatus) -> io::Result<()> {
        self.spinner.reset_elapsed();
        self.spinner.set_message("in the call");
        let (codec, remote) = (codec_name(status.codec), address(status.remote_rtp));
        let line = format!(
            "answered  codec {codec}   path rtp {} <-> {remote}",
            status.local_rtp
        );
        let local = status.local_rtp.to_string();
        let value = json!({
            "event": "answered", "codec": codec, "local_rtp": local, "remote_rtp": remote,
        });
        self.line(&line, value)
    }

    pub(super) fn event(&mut self, event: &CallEvent) -> io::Result<()> {
        match event {
            CallEvent::Ringing => {
                self.spinner.set_message("ringing");
                self.line("ringing", json!({ "event": "ringing" }))
            }
            CallEvent::Progress {
                status,
                early_media,
            } => {
                let audio = if *early_media { "   with audio" } else { "" };
                let line = format!("progress  {}{audio}", described(*status));
                let status = status.as_u16();
                self.line(&line, json!({ "event": "progress", "status": status }))
            }
            CallEvent::Held { by } => {
                let line = format!("held      by {}", party(*by));
                self.line(&line, json!({ "event": "held", "by": party(*by) }))
            }
            CallEvent::Resumed { by } => {
                let line = format!("resumed   by {}", party(*by));
                self.line(&line, json!({ "event": "resumed", "by": party(*by) }))
            }
            CallEvent::Digit { digit, .. } => {
                let line = format!("digit     {digit}");
                self.line(
                    &line,
                    json!({ "event": "digit", "digit": digit.to_string() }),
                )
            }
            CallEvent::NoAudio { silence } => {
                let seconds = silence.as_secs();
                let line = format!("no audio  for {seconds} s");
                self.line(&line, json!({ "event": "no_audio", "seconds": seconds }))
            }
            _ => Ok(()),
        }
    }

    pub(super) fn ended(&mut self, ended: &Ended) -> io::Result<()> {
        let LegStats {
            packets_received,
            packets_sent,
            jitter,
            ..
        } = ended.stats;
        let (loss, jitter) = (loss_percent(&ended.stats), millis(jitter));
        let line = format!(
            "ended     {ended}   received {packets_received}   sent {packets_sent}   \
             loss {loss:.1} %   jitter {jitter:.1} ms"
        );
        let value = json!({
            "event": "ended", "why": ended.to_string(), "packets_received": packets_received,
            "packets_sent": packets_sent, "loss_percent": loss, "jitter_ms": jitter,
        });
        self.line(&line, value)?;
        if packets_received == 0 {
            self.failure("no RTP came from the other side")?;
        }
        Ok(())
    }

    pub(super) fn recorded(&mut self, outcome: Result<Duration, String>) -> io::Result<()> {
        match outcome {
            Ok(length) => {
                let seconds = length.as_secs_f64();
                let line = format!("recorded  {seconds:.1} s");
                self.line(&line, json!({ "event": "recorded", "seconds": seconds }))
            }
            Err(why) => self.failure(&why),
        }
    }

    /// Says why the call did not come about.
    pub(super) fn not_connected(&mut self, to: &Destination, ended: &Ended) -> io::Result<()> {
        let why = match ended.cause {
            EndCause::Refused => format!("the call was {ended}"),
            EndCause::TransportFailed => format!(
                "nobody is there: nothing can be sent to {} {}; is a SIP server running there?",
                scheme(to),
                to.remote()
            ),
            EndCause::TimedOut => format!(
                "no answer: nothing came back from {} {}; is a SIP server running there?",
                scheme(to),
                to.remote()
            ),
            _ => format!("the call did not come about: {ended}"),
        };
        let status = ended.status.map(StatusCode::as_u16);
        self.failed(
            &why,
            json!({ "event": "failed", "why": why, "status": status }),
        )
    }

    pub(super) fn no_answer(&mut self, to: &Destination, patience: Duration) -> io::Result<()> {
        let seconds = patience.as_secs_f64();
        self.failure(&format!(
            "no answer from {} {} in {seconds} s; `--patience` waits longer",
            scheme(to),
            to.remote()
        ))
    }

    pub(super) fn verdict(&mut self, verdict: &Verdict) -> io::Result<()> {
        if let Some(why) = verdict.complaint() {
            return self.failure(&why);
        }
        match verdict {
            Verdict::Echo(echo) => self.echo(echo),
            _ => Ok(()),
        }
    }

    /// Says why the call is no success.
    pub(super) fn failure(&mut self, why: &str) -> io::Result<()> {
        self.failed(why, json!({ "event": "failed", "why": why }))
    }

    /// Says something that changes nothing.
    pub(super) fn note(&mut self, text: &str) -> io::Result<()> {
        self.line(
            &format!("note      {text}"),
            json!({ "event": "note", "text": text }),
        )
    }

    fn echo(&mut self, echo: &Echo) -> io::Result<()> {
        let delay = echo.found.delay.as_millis();
        let (loss, jitter) = (echo.loss_percent, millis(echo.jitter));
        let (codec, local, remote) = (codec_name(echo.codec), echo.local, address(echo.remote));
        let line = format!(
            "ok  echo heard   delay {delay} ms   loss {loss:.1} %   jitter {jitter:.1} ms   \
             codec {codec}   path rtp {local} <-> {remote}"
        );
        let value = json!({
            "event": "ok", "delay_ms": u64::try_from(delay).unwrap_or(u64::MAX),
            "loss_percent": loss, "jitter_ms": jitter, "codec": codec,
            "local_rtp": local.to_string(), "remote_rtp": remote,
        });
        self.line(&line, value)
    }

    fn failed(&mut self, why: &str, value: Value) -> io::Result<()> {
        self.line(&format!("failed    {why}"), value)
    }

    fn line(&mut self, line: &str, value: Value) -> io::Result<()> {
        let Self { json, out, spinner } = self;
        spinner.suspend(|| match json {
            true => writeln!(out, "{value}"),
            false => writeln!(out, "{line}"),
        })?;
        out.flush()
    }
}

impl Drop for Report {
    fn drop(&mut self) {
        self.spinner.finish_and_clear();
    }
}

fn scheme(to: &Destination) -> String {
    to.transport().as_str().to_ascii_lowercase()
}

fn codec_name(codec: Option<Codec>) -> &'static str {
    codec.as_ref().map_or("none", Codec::encoding_name)
}

fn address(address: Option<std::net::SocketAddr>) -> String {
    address.map_or("unknown".to_owned(), |address| address.to_string())
}

fn described(status: StatusCode) -> String {
    format!("{status} {}", status.default_reason())
}

const fn party(party: Party) -> &'static str {
    match party {
        Party::Local => "us",
        Party::Remote => "the other side",
    }
}

fn millis(time: Duration) -> f64 {
    time.as_secs_f64() * 1000.0
}
