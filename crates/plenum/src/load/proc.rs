//! What the system says about a process: processor time and memory.

use std::fs;
use std::io;
use std::time::Duration;

use anyhow::{Context, anyhow};
use nix::sys::resource::{UsageWho, getrusage};

/// Ticks of processor time a second in `/proc/PID/stat`: `USER_HZ`, which Linux fixes for programs.
const TICKS: u64 = 100;

/// The columns of `/proc/PID/stat` behind the name in brackets, which may hold blanks.
const USER_TIME: usize = 11;
const SYSTEM_TIME: usize = 12;

/// Processor time and memory of a process at one moment.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Usage {
    pub(super) cpu: Duration,
    pub(super) resident_kib: u64,
}

/// Another process on this machine.
#[derive(Clone, Copy, Debug)]
pub(super) struct Process(pub(super) u32);

impl Process {
    /// Reads what the process has used so far.
    ///
    /// # Errors
    ///
    /// A sentence, if there is no such process.
    pub(super) fn usage(self) -> anyhow::Result<Usage> {
        let read = |file: &str| {
            fs::read_to_string(format!("/proc/{}/{file}", self.0))
                .with_context(|| format!("--server-pid {}: there is no such process", self.0))
        };
        let odd = |file: &str| anyhow!("/proc/{}/{file} is not as Linux writes it", self.0);
        Ok(Usage {
            cpu: cpu_time(&read("stat")?).ok_or_else(|| odd("stat"))?,
            resident_kib: resident_kib(&read("status")?).ok_or_else(|| odd("status"))?,
        })
    }
}

/// Returns the processor time of this process.
pub(super) fn own_cpu() -> io::Result<Duration> {
    let usage = getrusage(UsageWho::RUSAGE_SELF)?;
    let micros = |time: nix::sys::time::TimeVal| {
        Duration::from_secs(u64::try_from(time.tv_sec()).unwrap_or(0))
            + Duration::from_micros(u64::try_from(time.tv_usec()).unwrap_or(0))
    };
    Ok(micros(usage.user_time()) + micros(usage.system_time()))
}

fn cpu_time(stat: &str) -> Option<Duration> {
    let (_, columns) = stat.rsplit_once(')')?;
    let columns: Vec<&str> = columns.split_whitespace().collect();
    let ticks = |index: usize| columns.get(index)?.parse::<u64>().ok();
    let ticks = ticks(USER_TIME)? + ticks(SYSTEM_TIME)?;
    Some(Duration::from_nanos(ticks * (1_000_000_000 / TICKS)))
}

fn resident_kib(status: &str) -> Option<u64> {
    let line = status
        .lines()
        .find_map(|line| line.strip_prefix("VmRSS:"))?;
    line.split_whitespace().next()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn processor_time_is_read_behind_a_name_with_brackets() {
        let stat = "42 (a) b) c) S 1 2 3 4 5 6 7 8 9 10 250 50 0 0 20 0 1 0 99";
        assert_eq!(cpu_time(stat), Some(Duration::from_secs(3)));
        assert_eq!(cpu_time("42 (plenum) S 1"), None);
        assert_eq!(resident_kib("Name:\tx\nVmRSS:\t  1234 kB\n"), Some(1234));
    }

    #[test]
    fn this_process_uses_memory_and_a_missing_one_is_named() {
        assert!(Process(std::process::id()).usage().unwrap().resident_kib > 0);
        let error = Process(u32::MAX).usage().unwrap_err();
        assert!(error.to_string().contains("--server-pid 4294967295"));
        assert!(own_cpu().is_ok());
    }
}
