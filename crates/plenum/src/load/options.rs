//! The options of `plenum load`.

use std::time::Duration;

use anyhow::{bail, ensure};
use clap::{Args, ValueEnum};
use plenum_codecs::Codec;
use plenum_sdp::{AudioFormat, Encoding};

use super::tones::POOL;

/// Callers at once at most: each takes two ports, and a machine has some 28,000 to give.
const CALLERS_MAX: u32 = 12_000;

/// Calls and seconds of one run at most.
const CALLS_MAX: u32 = 10_000_000;
const SECONDS_MAX: u32 = 7 * 24 * 3600;

/// Calls begun a second at most.
const RATE_MAX: u32 = 20_000;

/// The payload type that we give L16, which has none of its own at 8 kHz.
const L16_PAYLOAD_TYPE: u8 = 96;

/// Loads a server with calls and judges what comes back; exit code 0 only if quality held.
#[derive(Clone, Debug, Args)]
pub struct LoadOptions {
    /// Whom to call, as "sip:4711@127.0.0.1:5060".
    #[arg(long, value_name = "URI")]
    pub(super) target: String,
    /// Rooms; with more than one they are dialled as --first-room, the next number, and so on.
    #[arg(long, value_name = "N", default_value_t = 1)]
    pub(super) rooms: u32,
    /// Callers in each room.
    #[arg(long, value_name = "N", default_value_t = 4)]
    pub(super) participants: u32,
    /// How long to judge, once all callers are in.
    #[arg(long, value_name = "S", default_value_t = 30)]
    pub(super) seconds: u32,
    /// Talkers in each room; the others send silence. Default all, at most 16.
    #[arg(long, value_name = "N")]
    pub(super) talkers: Option<u32>,
    /// The number of the first room. Default 7000, or the user of the target for one room.
    #[arg(long, value_name = "NUMBER")]
    pub(super) first_room: Option<u32>,
    /// The codec that the callers offer.
    #[arg(long, value_enum, default_value_t = CodecChoice::Pcmu)]
    pub(super) codec: CodecChoice,
    /// Calls begun a second while the rooms fill.
    #[arg(long, value_name = "CPS", default_value_t = 100)]
    pub(super) rate: u32,
    /// Seconds between the last answer and the first judgement, for join tones to end.
    #[arg(long, value_name = "S", default_value_t = 3)]
    pub(super) settle: u32,
    /// Milliseconds behind the best packet from which a packet is late.
    #[arg(long, value_name = "MS", default_value_t = 40)]
    pub(super) late_ms: u32,
    /// Fills the rooms and holds them without sending or judging audio.
    #[arg(long)]
    pub(super) setup_only: bool,
    /// Sets up and ends this many calls at --cps instead of filling rooms.
    #[arg(long, value_name = "N", conflicts_with_all = ["participants", "talkers", "setup_only"])]
    pub(super) calls: Option<u32>,
    /// Calls begun a second, with --calls.
    #[arg(long, value_name = "C", default_value_t = 100, requires = "calls")]
    pub(super) cps: u32,
    /// Milliseconds from answer to BYE, with --calls.
    #[arg(long, value_name = "MS", default_value_t = 500, requires = "calls")]
    pub(super) hold_ms: u32,
    /// Milliseconds that 99 of 100 set-ups may take, with --calls.
    #[arg(long, value_name = "MS", default_value_t = 50, requires = "calls")]
    pub(super) setup_ms: u32,
    /// Runs the generator on this processor only, before ordinary threads where permitted.
    #[arg(long, value_name = "N")]
    pub(super) cpu: Option<usize>,
    /// The process of the server on this machine, to report what it uses.
    #[arg(long, value_name = "PID")]
    pub(super) server_pid: Option<u32>,
    /// Prints all figures as JSON.
    #[arg(long)]
    pub(super) json: bool,
}

/// A codec that the callers can offer.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum CodecChoice {
    /// G.711 mu-law.
    Pcmu,
    /// G.711 A-law.
    Pcma,
    /// 16-bit linear at 8 kHz.
    L16,
}

impl CodecChoice {
    pub(super) const fn codec(self) -> Codec {
        match self {
            Self::Pcmu => Codec::Pcmu,
            Self::Pcma => Codec::Pcma,
            Self::L16 => Codec::L16,
        }
    }

    pub(super) fn format(self) -> AudioFormat {
        match self {
            Self::Pcmu => AudioFormat::pcmu(),
            Self::Pcma => AudioFormat::pcma(),
            Self::L16 => AudioFormat::new(L16_PAYLOAD_TYPE, Encoding::L16, 8000),
        }
    }
}

impl LoadOptions {
    /// Checks what the command line alone cannot.
    pub(super) fn check(&self) -> anyhow::Result<()> {
        in_range("--rooms", self.rooms, CALLERS_MAX)?;
        in_range("--participants", self.participants, CALLERS_MAX)?;
        in_range("--seconds", self.seconds, SECONDS_MAX)?;
        in_range("--rate", self.rate, RATE_MAX)?;
        in_range("--cps", self.cps, RATE_MAX)?;
        in_range("--calls", self.calls.unwrap_or(1), CALLS_MAX)?;
        let callers = self.rooms.saturating_mul(self.participants);
        if callers > CALLERS_MAX {
            bail!("{callers} callers are more than the {CALLERS_MAX} that one generator plays");
        }
        let talkers = self.talkers.unwrap_or(0);
        ensure!(
            talkers <= self.participants,
            "--talkers {talkers} is more than the {} participants of a room",
            self.participants
        );
        ensure!(
            talkers as usize <= POOL,
            "--talkers {talkers}: at most {POOL} talkers of one room can be told apart"
        );
        Ok(())
    }

    /// How many callers of each room talk.
    pub(super) fn talkers(&self) -> usize {
        let all = (self.participants as usize).min(POOL);
        self.talkers.map_or(all, |talkers| talkers as usize)
    }

    pub(super) fn late_after(&self) -> Duration {
        Duration::from_millis(u64::from(self.late_ms))
    }
}

fn in_range(option: &str, value: u32, max: u32) -> anyhow::Result<()> {
    ensure!(
        (1..=max).contains(&value),
        "{option} {value}: it must be from 1 to {max}"
    );
    Ok(())
}

#[cfg(test)]
pub(super) mod tests {
    use clap::Parser;

    use super::*;

    #[derive(Parser)]
    struct Line {
        #[command(flatten)]
        options: LoadOptions,
    }

    /// Reads a command line.
    pub(in crate::load) fn options(line: &str) -> LoadOptions {
        Line::try_parse_from(line.split_whitespace())
            .unwrap()
            .options
    }

    #[test]
    fn all_talk_as_far_as_they_can_be_told_apart() {
        assert_eq!(options("load --target sip:a@b").talkers(), 4);
        assert_eq!(
            options("load --target sip:a@b --participants 1000").talkers(),
            POOL
        );
        assert_eq!(options("load --target sip:a@b --talkers 2").talkers(), 2);
    }

    #[test]
    fn a_refusal_names_the_option_and_the_limit() {
        for (line, words) in [
            (
                "load --target sip:a@b --rooms 0",
                "--rooms 0: it must be from 1",
            ),
            (
                "load --target sip:a@b --rooms 9000 --participants 9000",
                "more than the 12000",
            ),
            (
                "load --target sip:a@b --talkers 5",
                "more than the 4 participants",
            ),
            (
                "load --target sip:a@b --participants 40 --talkers 17",
                "at most 16 talkers",
            ),
        ] {
            let error = options(line).check().unwrap_err().to_string();
            assert!(error.contains(words), "{error}");
        }
        assert!(
            options("load --target sip:a@b --calls 5 --cps 5")
                .check()
                .is_ok()
        );
    }
}
