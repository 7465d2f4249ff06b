//! `plenum load`: a load generator and judge of quality.
//!
//! One thread plays thousands of phones beside the server, on the same machine or another, in
//! slices of 5 ms: callers are spread over the four slices of a packet time, each with its own
//! sockets as a phone has them. The kernel notes when a datagram came, so neither delay nor
//! lateness nor set-up time depends on when the generator gets round to reading it; where the
//! generator itself is late, the report says that its figures do not count.
//!
//! - [`LoadOptions`] and [`run`]: the command.
//! - `rooms`: callers in rooms, what they say (`tones`), what they hear (`judge`), loss and
//!   lateness (`reception`), delay (`delay`).
//! - `signalling`: calls set up and ended at a rate, without audio.
//! - `report`: the figures and the verdict.
//!
//! Deliberately absent: RTCP of our own, TCP, authentication and several machines.

mod caller;
mod calls;
mod clock;
mod delay;
mod distribution;
mod judge;
mod media;
mod options;
mod phones;
mod probes;
mod proc;
mod reception;
mod report;
mod rooms;
mod signalling;
mod slices;
mod sockets;
mod stop;
mod target;
#[cfg(test)]
mod tests;
mod tones;
mod verdict;

use std::io::Write;
use std::process::ExitCode;

use anyhow::Context;
use nix::sched::{CpuSet, sched_setaffinity};
use nix::unistd::Pid;
use plenum_runtime::process::{raise_open_files_limit, request_real_time};

pub use options::LoadOptions;
use report::Report;
use target::Target;

/// Loads a server; the exit code is zero only if the quality held.
///
/// # Errors
///
/// A sentence, where the options or this machine do not let the load be made.
pub fn run(options: LoadOptions) -> anyhow::Result<ExitCode> {
    options.check()?;
    let target = Target::resolve(&options.target)?;
    if let Some(cpu) = options.cpu {
        pin(cpu)?;
        // Where this is not permitted, the report tells whether the generator was late.
        let _ = request_real_time();
    }
    raise_open_files_limit();
    let report = match options.calls {
        Some(calls) => signalling::run(&options, &target, calls)?,
        None => rooms::run(&options, &target)?,
    };
    print(&report, options.json)?;
    Ok(if report.quality_held {
        ExitCode::SUCCESS
    } else {
        ExitCode::FAILURE
    })
}

fn pin(cpu: usize) -> anyhow::Result<()> {
    let mut set = CpuSet::new();
    set.set(cpu)
        .and_then(|()| sched_setaffinity(Pid::from_raw(0), &set))
        .with_context(|| format!("--cpu {cpu}: this machine has no such processor for us"))
}

fn print(report: &Report, json: bool) -> anyhow::Result<()> {
    let mut out = std::io::stdout().lock();
    if json {
        serde_json::to_writer_pretty(&mut out, report)?;
        writeln!(out)?;
    } else {
        write!(out, "{report}")?;
    }
    Ok(out.flush()?)
}
