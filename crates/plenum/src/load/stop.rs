//! Ctrl-C: the first one ends the calls, a second one ends at once.

use std::io;

use nix::sys::signal::{SigSet, Signal};
use nix::sys::signalfd::{SfdFlags, SignalFd};

/// Reads the signals that ask to stop.
///
/// They are blocked while this lives, so that they wait here to be read instead of killing the
/// process in the middle of its calls.
pub(super) struct Stop {
    signals: SignalFd,
    mask: SigSet,
}

impl Stop {
    pub(super) fn watch() -> io::Result<Self> {
        let mut mask = SigSet::empty();
        mask.add(Signal::SIGINT);
        mask.add(Signal::SIGTERM);
        mask.thread_block()?;
        let flags = SfdFlags::SFD_NONBLOCK | SfdFlags::SFD_CLOEXEC;
        Ok(Self {
            signals: SignalFd::with_flags(&mask, flags)?,
            mask,
        })
    }

    /// Tells whether somebody has asked since the last time.
    pub(super) fn is_asked(&self) -> bool {
        matches!(self.signals.read_signal(), Ok(Some(_)))
    }
}

impl Drop for Stop {
    fn drop(&mut self) {
        // What remains blocked then only delays a Ctrl-C of the following few lines.
        let _ = self.mask.thread_unblock();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_signal_is_seen_once() {
        let stop = Stop::watch().unwrap();
        assert!(!stop.is_asked());
        nix::sys::signal::raise(Signal::SIGINT).unwrap();
        assert!(stop.is_asked());
        assert!(!stop.is_asked());
    }
}
