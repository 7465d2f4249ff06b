use core::time::Duration;

use plenum_sip_msg::StatusCode;
use plenum_time::Instant;

use super::{Elapsed, Machine, Timing};

/// The server transaction of any request but INVITE and ACK.
///
/// ```text
///                 | request: up
///                 V
///            +--------+  again: absorb
///            | Trying |--------------------------+
///            +--------+                          |
///                 | 1xx: send                    |
///    1xx, again:  V                              |
///    send    +------------+                      |
///       +----| Proceeding |                      |
///       +--->+------------+                      |
///                 | 200-699: send                | 200-699: send
///    again:       V                              |
///    send    +-----------+                       |
///       +----| Completed |<----------------------+
///       +--->+-----------+
///                 | timer J
///                 V
///            +------------+
///            | Terminated |
///            +------------+
/// ```
///
/// While the owner has not answered, the transaction lives 64 times T1: by then the client has
/// given up, and RFC 4320 4.2 forbids to answer.
///
/// # Standard
///
/// RFC 3261 17.2.2 figure 8.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Server {
    state: State,
    ends_at: Instant,
    is_reliable: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Trying,
    Proceeding,
    Completed,
}

impl Server {
    /// Starts with the request received.
    pub(crate) fn start(now: Instant, is_reliable: bool, timing: &Timing) -> Self {
        Self {
            state: State::Trying,
            ends_at: now + timing.patience(),
            is_reliable,
        }
    }

    /// Notes that a response is sent. Says whether it may be: one final response only.
    pub(crate) fn respond(&mut self, now: Instant, status: StatusCode, timing: &Timing) -> bool {
        if self.state == State::Completed {
            return false;
        }
        if status.is_provisional() {
            self.state = State::Proceeding;
        } else {
            self.state = State::Completed;
            // RFC 3261 17.2.2: timer J.
            let wait = if self.is_reliable {
                Duration::ZERO
            } else {
                timing.patience()
            };
            self.ends_at = now + wait;
        }
        true
    }

    /// Whether a repeated request is answered with the last response.
    pub(crate) fn answers_repetition(&self) -> bool {
        self.state != State::Trying
    }

    /// Whether the final response is still to be sent.
    pub(crate) fn is_open(&self) -> bool {
        self.state != State::Completed
    }
}

impl Machine for Server {
    fn elapse(&mut self, now: Instant, _timing: &Timing) -> Elapsed {
        match self.ends_at <= now {
            true if self.is_open() => Elapsed::TimedOut,
            true => Elapsed::Over,
            false => Elapsed::Nothing,
        }
    }

    fn deadline(&self) -> Option<Instant> {
        Some(self.ends_at)
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{at, run, status};
    use super::*;

    const TIMING: Timing = Timing::RFC;

    #[test]
    fn repetitions_get_the_last_response_until_timer_j() {
        let mut machine = Server::start(at(0), false, &TIMING);
        assert!(!machine.answers_repetition() && machine.is_open());
        assert!(machine.respond(at(100), status(100), &TIMING));
        assert!(machine.answers_repetition() && machine.is_open());
        assert!(machine.respond(at(200), status(200), &TIMING));
        assert!(machine.answers_repetition() && !machine.is_open());
        assert!(!machine.respond(at(300), status(500), &TIMING));
        assert_eq!(
            run(&mut machine),
            (alloc::vec![], (at(32_200), Elapsed::Over))
        );
    }

    #[test]
    fn timer_j_is_zero_on_a_reliable_transport() {
        let mut machine = Server::start(at(0), true, &TIMING);
        machine.respond(at(200), status(200), &TIMING);
        assert_eq!(run(&mut machine).1, (at(200), Elapsed::Over));
    }

    #[test]
    fn a_request_that_nobody_answers_is_dropped_when_its_client_gave_up() {
        let mut machine = Server::start(at(0), false, &TIMING);
        assert_eq!(run(&mut machine).1, (at(32_000), Elapsed::TimedOut));
    }
}
