use core::time::Duration;

use plenum_sip_msg::StatusCode;
use plenum_time::Instant;

use super::{ClientHeard, Elapsed, Machine, Timing};

/// The client transaction of any request but INVITE and ACK.
///
/// ```text
///                    | request sent (timers E, F)
///    timer E:        V
///    send again  +--------+  timer F, transport error: inform the owner
///        +-------| Trying |----------------------------------------+
///        +------>+--------+                                        |
///                 | 1xx |  200-699: up                             |
///                 V     +-----------------------+                  |
///          +------------+                       |                  |
///     +----| Proceeding |---------------------->|                  |
///     +--->+------------+  200-699: up          V                  |
///   timer E: send again          |       +-----------+             |
///   1xx: up                      |       | Completed |             |
///                                |       +-----------+             |
///      timer F, transport error: |             | timer K           |
///      inform the owner          V             V                   V
///                               +-----------------------------------+
///                               |            Terminated             |
///                               +-----------------------------------+
/// ```
///
/// # Standard
///
/// RFC 3261 17.1.2 figure 6.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Client {
    state: State,
    /// Timer E, unreliable transports only.
    resend_at: Option<Instant>,
    pause: Duration,
    /// Timer F or K by state.
    ends_at: Instant,
    is_reliable: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Trying,
    Proceeding,
    Completed,
}

impl Client {
    /// Starts with the request sent.
    pub(crate) fn start(now: Instant, is_reliable: bool, timing: &Timing) -> Self {
        Self {
            state: State::Trying,
            resend_at: (!is_reliable).then(|| now + timing.t1),
            pause: timing.t1,
            ends_at: now + timing.patience(),
            is_reliable,
        }
    }

    /// Takes a response.
    pub(crate) fn receive(
        &mut self,
        now: Instant,
        status: StatusCode,
        timing: &Timing,
    ) -> ClientHeard {
        match self.state {
            State::Completed => ClientHeard::Ignore,
            State::Trying | State::Proceeding if status.is_provisional() => {
                self.state = State::Proceeding;
                ClientHeard::Deliver
            }
            State::Trying | State::Proceeding => {
                self.state = State::Completed;
                // RFC 3261 17.1.2.2: timer K absorbs repetitions.
                let wait = if self.is_reliable {
                    Duration::ZERO
                } else {
                    timing.t4
                };
                (self.resend_at, self.ends_at) = (None, now + wait);
                ClientHeard::Deliver
            }
        }
    }

    /// Whether a final response is still to come.
    pub(crate) fn is_open(&self) -> bool {
        self.state != State::Completed
    }
}

impl Machine for Client {
    fn elapse(&mut self, now: Instant, timing: &Timing) -> Elapsed {
        if self.ends_at <= now {
            return if self.is_open() {
                Elapsed::TimedOut
            } else {
                Elapsed::Over
            };
        }
        if self.resend_at.is_some_and(|at| at <= now) {
            // RFC 3261 17.1.2.2: doubling up to T2 while trying, T2 once a response came.
            self.pause = match self.state {
                State::Trying => timing.double(self.pause),
                State::Proceeding | State::Completed => timing.t2,
            };
            self.resend_at = Some(now + self.pause);
            return Elapsed::Resend;
        }
        Elapsed::Nothing
    }

    fn deadline(&self) -> Option<Instant> {
        super::earliest([self.resend_at, Some(self.ends_at)])
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{at, run, status};
    use super::*;

    const TIMING: Timing = Timing::RFC;

    fn start(is_reliable: bool) -> Client {
        Client::start(Instant::ZERO, is_reliable, &TIMING)
    }

    #[test]
    fn a_lost_request_goes_out_again_at_pauses_up_to_t2_until_timer_f() {
        let (sent, end) = run(&mut start(false));
        let expected = [
            500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500,
        ]
        .map(at);
        assert_eq!(sent, expected);
        assert_eq!(end, (at(32_000), Elapsed::TimedOut));
    }

    #[test]
    fn after_a_provisional_response_the_pauses_are_t2() {
        let mut machine = start(false);
        assert_eq!(
            machine.receive(at(100), status(100), &TIMING),
            ClientHeard::Deliver
        );
        let (sent, end) = run(&mut machine);
        let expected = [500, 4_500, 8_500, 12_500, 16_500, 20_500, 24_500, 28_500].map(at);
        assert_eq!(sent, expected);
        assert_eq!(end, (at(32_000), Elapsed::TimedOut));
    }

    #[test]
    fn a_reliable_transport_is_not_asked_twice() {
        assert_eq!(
            run(&mut start(true)),
            (alloc::vec![], (at(32_000), Elapsed::TimedOut))
        );
    }

    #[test]
    fn a_final_response_goes_up_once_and_timer_k_absorbs_the_rest() {
        let mut machine = start(false);
        assert_eq!(
            machine.receive(at(100), status(200), &TIMING),
            ClientHeard::Deliver
        );
        assert_eq!(
            machine.receive(at(200), status(200), &TIMING),
            ClientHeard::Ignore
        );
        assert!(!machine.is_open());
        assert_eq!(
            run(&mut machine),
            (alloc::vec![], (at(5_100), Elapsed::Over))
        );
    }

    #[test]
    fn timer_k_is_zero_on_a_reliable_transport() {
        let mut machine = start(true);
        machine.receive(at(100), status(481), &TIMING);
        assert_eq!(run(&mut machine).1, (at(100), Elapsed::Over));
    }
}
