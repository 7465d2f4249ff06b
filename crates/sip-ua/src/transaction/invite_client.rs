use core::time::Duration;

use plenum_sip_msg::StatusCode;
use plenum_time::Instant;

use super::{ClientHeard, Elapsed, Machine, Timing};

/// The client transaction of an INVITE.
///
/// ```text
///                       | INVITE sent (timers A, B)
///        timer A:       V
///        send again  +---------+  timer B, transport error: inform the owner
///            +-------| Calling |------------------------------------+
///            +------>+---------+                                    |
///                     | 1xx | 2xx     300-699: ACK                  |
///                     V     +-------------+-------------+           |
///              +------------+  2xx        |             |           |
///              | Proceeding |------------>|             |           |
///              +------------+ 300-699: ACK|             |           |
///                     |  +----------------|------------>|           |
///                     |  1xx: up          V             V           |
///                     |           +----------+   +-----------+      |
///           2xx again:|           | Accepted |   | Completed |      |
///           up to owner           +----------+   +-----------+      |
///                                  | timer M      | timer D         |
///                                  V              V                 V
///                               +-----------------------------------+
///                               |            Terminated             |
///                               +-----------------------------------+
/// ```
///
/// # Standard
///
/// RFC 3261 17.1.1 figure 5 with RFC 6026 7.2.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InviteClient {
    state: State,
    /// Timer A, unreliable transports only.
    resend_at: Option<Instant>,
    pause: Duration,
    /// Timer B, D or M by state.
    ends_at: Option<Instant>,
    is_reliable: bool,
    is_abandoned: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Calling,
    Proceeding,
    Accepted,
    Completed,
}

impl InviteClient {
    /// Starts with the INVITE sent.
    pub(crate) fn start(now: Instant, is_reliable: bool, timing: &Timing) -> Self {
        Self {
            state: State::Calling,
            // RFC 3261 17.1.1.2: timer A only where the transport may lose the request.
            resend_at: (!is_reliable).then(|| now + timing.t1),
            pause: timing.t1,
            ends_at: Some(now + timing.patience()),
            is_reliable,
            is_abandoned: false,
        }
    }

    /// Takes a response.
    pub(crate) fn receive(
        &mut self,
        now: Instant,
        status: StatusCode,
        timing: &Timing,
    ) -> ClientHeard {
        match (self.state, status.class()) {
            (State::Calling | State::Proceeding, 1) => {
                self.state = State::Proceeding;
                self.resend_at = None;
                if !self.is_abandoned {
                    self.ends_at = None;
                }
                ClientHeard::Deliver
            }
            (State::Calling | State::Proceeding, 2) => {
                self.state = State::Accepted;
                // RFC 6026 7.2: timer M.
                (self.resend_at, self.ends_at) = (None, Some(now + timing.patience()));
                ClientHeard::Deliver
            }
            (State::Accepted, 2) => ClientHeard::DeliverAgain,
            (State::Calling | State::Proceeding, _) => {
                self.state = State::Completed;
                let wait = if self.is_reliable {
                    Duration::ZERO
                } else {
                    timing.timer_d()
                };
                (self.resend_at, self.ends_at) = (None, Some(now + wait));
                ClientHeard::DeliverAndAck
            }
            (State::Completed, 3..=6) => ClientHeard::AckAgain,
            (State::Accepted | State::Completed, _) => ClientHeard::Ignore,
        }
    }

    /// Bounds the wait for a final response that nobody needs any more.
    ///
    /// A call may end while a re-INVITE in it goes on, and the other side then never answers it.
    pub(crate) fn abandon(&mut self, now: Instant, timing: &Timing) {
        self.is_abandoned = true;
        if self.state == State::Proceeding {
            self.ends_at = Some(now + timing.patience());
        }
    }

    /// Whether a final response is still to come.
    pub(crate) fn is_open(&self) -> bool {
        matches!(self.state, State::Calling | State::Proceeding)
    }

    /// Whether a provisional response came, so that a CANCEL may go (RFC 3261 9.1).
    pub(crate) fn is_proceeding(&self) -> bool {
        self.state == State::Proceeding
    }
}

impl Machine for InviteClient {
    fn elapse(&mut self, now: Instant, _timing: &Timing) -> Elapsed {
        if self.ends_at.is_some_and(|at| at <= now) {
            let is_unanswered = self.state == State::Calling;
            return if is_unanswered {
                Elapsed::TimedOut
            } else {
                Elapsed::Over
            };
        }
        if self.resend_at.is_some_and(|at| at <= now) {
            // RFC 3261 17.1.1.2: timer A doubles without a cap; timer B ends it.
            self.pause = self.pause.saturating_mul(2);
            self.resend_at = Some(now + self.pause);
            return Elapsed::Resend;
        }
        Elapsed::Nothing
    }

    fn deadline(&self) -> Option<Instant> {
        super::earliest([self.resend_at, self.ends_at])
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{at, run, status};
    use super::*;

    const TIMING: Timing = Timing::RFC;

    fn start(is_reliable: bool) -> InviteClient {
        InviteClient::start(Instant::ZERO, is_reliable, &TIMING)
    }

    #[test]
    fn a_lost_invite_goes_out_again_at_doubling_pauses_until_timer_b() {
        let (sent, end) = run(&mut start(false));
        assert_eq!(sent, [500, 1_500, 3_500, 7_500, 15_500, 31_500].map(at));
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
    fn a_provisional_response_stops_all_timers() {
        let mut machine = start(false);
        assert!(!machine.is_proceeding());
        assert_eq!(
            machine.receive(at(100), status(100), &TIMING),
            ClientHeard::Deliver
        );
        assert_eq!(machine.deadline(), None);
        assert!(machine.is_proceeding() && machine.is_open());
    }

    #[test]
    fn a_refusal_is_acknowledged_each_time_until_timer_d() {
        let mut machine = start(false);
        assert_eq!(
            machine.receive(at(100), status(486), &TIMING),
            ClientHeard::DeliverAndAck
        );
        assert_eq!(
            machine.receive(at(200), status(486), &TIMING),
            ClientHeard::AckAgain
        );
        assert_eq!(
            machine.receive(at(300), status(200), &TIMING),
            ClientHeard::Ignore
        );
        assert_eq!(
            machine.receive(at(300), status(180), &TIMING),
            ClientHeard::Ignore
        );
        assert!(!machine.is_open());
        assert_eq!(
            run(&mut machine),
            (alloc::vec![], (at(32_100), Elapsed::Over))
        );
    }

    #[test]
    fn timer_d_is_zero_on_a_reliable_transport() {
        let mut machine = start(true);
        machine.receive(at(100), status(600), &TIMING);
        assert_eq!(run(&mut machine).1, (at(100), Elapsed::Over));
    }

    #[test]
    fn an_abandoned_invite_is_over_after_64_t1() {
        let mut machine = start(false);
        machine.receive(at(100), status(100), &TIMING);
        machine.abandon(at(200), &TIMING);
        assert_eq!(
            run(&mut machine),
            (alloc::vec![], (at(32_200), Elapsed::Over))
        );
    }

    #[test]
    fn an_abandoned_invite_keeps_its_end_when_a_provisional_response_comes() {
        let mut machine = start(false);
        machine.abandon(at(200), &TIMING);
        machine.receive(at(300), status(100), &TIMING);
        assert_eq!(run(&mut machine).1, (at(32_000), Elapsed::Over));
    }

    #[test]
    fn successes_go_up_until_timer_m() {
        let mut machine = start(true);
        machine.receive(at(50), status(180), &TIMING);
        assert_eq!(
            machine.receive(at(100), status(200), &TIMING),
            ClientHeard::Deliver
        );
        assert_eq!(
            machine.receive(at(600), status(200), &TIMING),
            ClientHeard::DeliverAgain
        );
        assert_eq!(
            machine.receive(at(700), status(486), &TIMING),
            ClientHeard::Ignore
        );
        assert_eq!(run(&mut machine).1, (at(32_100), Elapsed::Over));
    }
}
