use std::io;
use std::time::Duration;

use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::time::Instant;

/// Signals that come closer together count as one: who ends a process often signals it and its
/// group.
const ONE_PRESS: Duration = Duration::from_millis(200);

/// Ctrl-C and the request of the system to end, one after the other.
#[derive(Debug)]
pub(super) struct Interrupts {
    keyboard: Signal,
    system: Signal,
    last: Option<Instant>,
}

impl Interrupts {
    pub(super) fn new() -> io::Result<Self> {
        Ok(Self {
            keyboard: signal(SignalKind::interrupt())?,
            system: signal(SignalKind::terminate())?,
            last: None,
        })
    }

    /// Waits for the next one.
    pub(super) async fn next(&mut self) {
        loop {
            tokio::select! {
                _ = self.keyboard.recv() => {}
                _ = self.system.recv() => {}
            }
            let now = Instant::now();
            let last = self.last.replace(now);
            if last.is_none_or(|last| now - last > ONE_PRESS) {
                return;
            }
        }
    }
}
