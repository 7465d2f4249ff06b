use core::time::Duration;

use plenum_sip_msg::StatusCode;
use plenum_time::Instant;

use super::{Elapsed, Machine, Timing};

/// The server transaction of an INVITE.
///
/// ```text
///                           | INVITE: 100, up
///     INVITE again:         V
///     send response  +------------+
///           +--------| Proceeding |--------------------+
///           +------->+------------+                    |
///           1xx: send   |                              | 2xx: send
///                       | 300-699: send (timers G, H)  |
///     INVITE again,     V                              V
///     timer G: send +-----------+                +----------+ INVITE again: absorb
///           +-------| Completed |                | Accepted |-------+
///           +------>+-----------+                +----------+<------+
///                    |    | timer H: inform          |    ^ ACK: up
///               ACK  |    | the owner                |    | 2xx again: send
///             +------+    |                          |    +--
///             V           |                          |
///      +-----------+      |                          | timer L
///      | Confirmed |      |                          |
///      +-----------+      |                          |
///             | timer I   |                          |
///             V           V                          V
///            +------------------------------------------+
///            |                Terminated                |
///            +------------------------------------------+
/// ```
///
/// # Standard
///
/// RFC 3261 17.2.1 figure 7 with RFC 6026 7.1.
#[derive(Clone, Copy, Debug)]
pub(crate) struct InviteServer {
    state: State,
    /// Timer G, unreliable transports only.
    resend_at: Option<Instant>,
    pause: Duration,
    /// Timer H, I or L by state; none while the owner decides.
    ends_at: Option<Instant>,
    is_reliable: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum State {
    Proceeding,
    Accepted,
    Completed,
    Confirmed,
}

/// What the machine says about an ACK that matches it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AckHeard {
    /// It acknowledges a refusal: the transaction is confirmed.
    Absorbed,
    /// It acknowledges a success: its owner wants it.
    Deliver,
    /// It acknowledges nothing that was sent.
    Stray,
}

impl InviteServer {
    /// Starts with the INVITE received.
    pub(crate) fn start(is_reliable: bool, timing: &Timing) -> Self {
        Self {
            state: State::Proceeding,
            resend_at: None,
            pause: timing.t1,
            ends_at: None,
            is_reliable,
        }
    }

    /// Notes that a response is sent. Says whether it may be: one final response only.
    pub(crate) fn respond(&mut self, now: Instant, status: StatusCode, timing: &Timing) -> bool {
        if self.state != State::Proceeding {
            return false;
        }
        if status.is_success() {
            self.state = State::Accepted;
            // RFC 6026 7.1: timer L; repeating the 2xx is the owner's work.
            self.ends_at = Some(now + timing.patience());
        } else if status.is_failure() {
            self.state = State::Completed;
            self.ends_at = Some(now + timing.patience());
            self.resend_at = (!self.is_reliable).then(|| now + timing.t1);
        }
        true
    }

    /// Whether a repeated INVITE is answered with the last response.
    pub(crate) fn answers_repetition(&self) -> bool {
        matches!(self.state, State::Proceeding | State::Completed)
    }

    /// Takes an ACK.
    pub(crate) fn acknowledge(&mut self, now: Instant, timing: &Timing) -> AckHeard {
        match self.state {
            State::Proceeding => AckHeard::Stray,
            State::Accepted => AckHeard::Deliver,
            State::Confirmed => AckHeard::Absorbed,
            State::Completed => {
                self.state = State::Confirmed;
                // RFC 3261 17.2.1: timer I absorbs further ACKs.
                let wait = if self.is_reliable {
                    Duration::ZERO
                } else {
                    timing.t4
                };
                (self.resend_at, self.ends_at) = (None, Some(now + wait));
                AckHeard::Absorbed
            }
        }
    }

    /// Whether the final response is still to be sent.
    pub(crate) fn is_open(&self) -> bool {
        self.state == State::Proceeding
    }
}

impl Machine for InviteServer {
    fn elapse(&mut self, now: Instant, timing: &Timing) -> Elapsed {
        if self.ends_at.is_some_and(|at| at <= now) {
            // RFC 3261 17.2.1: timer H tells that the ACK never came.
            let is_unacknowledged = self.state == State::Completed;
            return if is_unacknowledged {
                Elapsed::TimedOut
            } else {
                Elapsed::Over
            };
        }
        if self.resend_at.is_some_and(|at| at <= now) {
            self.pause = timing.double(self.pause);
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

    fn start(is_reliable: bool) -> InviteServer {
        InviteServer::start(is_reliable, &TIMING)
    }

    #[test]
    fn an_unacknowledged_refusal_goes_out_again_until_timer_h() {
        let mut machine = start(false);
        assert!(machine.respond(at(0), status(487), &TIMING));
        let (sent, end) = run(&mut machine);
        let expected = [
            500, 1_500, 3_500, 7_500, 11_500, 15_500, 19_500, 23_500, 27_500, 31_500,
        ]
        .map(at);
        assert_eq!(sent, expected);
        assert_eq!(end, (at(32_000), Elapsed::TimedOut));
    }

    #[test]
    fn a_reliable_transport_gets_the_refusal_once() {
        let mut machine = start(true);
        machine.respond(at(0), status(486), &TIMING);
        assert_eq!(
            run(&mut machine),
            (alloc::vec![], (at(32_000), Elapsed::TimedOut))
        );
    }

    #[test]
    fn an_ack_stops_the_repetitions_and_timer_i_absorbs_the_rest() {
        let mut machine = start(false);
        machine.respond(at(0), status(486), &TIMING);
        assert_eq!(machine.acknowledge(at(200), &TIMING), AckHeard::Absorbed);
        assert_eq!(machine.acknowledge(at(300), &TIMING), AckHeard::Absorbed);
        assert!(!machine.answers_repetition());
        assert_eq!(
            run(&mut machine),
            (alloc::vec![], (at(5_200), Elapsed::Over))
        );
    }

    #[test]
    fn timer_i_is_zero_on_a_reliable_transport() {
        let mut machine = start(true);
        machine.respond(at(0), status(486), &TIMING);
        machine.acknowledge(at(200), &TIMING);
        assert_eq!(run(&mut machine).1, (at(200), Elapsed::Over));
    }

    #[test]
    fn after_success_the_machine_absorbs_invites_and_hands_acks_up_until_timer_l() {
        let mut machine = start(false);
        assert!(machine.answers_repetition());
        assert!(machine.respond(at(10), status(180), &TIMING));
        assert!(machine.respond(at(100), status(200), &TIMING));
        assert!(!machine.answers_repetition());
        assert_eq!(machine.acknowledge(at(200), &TIMING), AckHeard::Deliver);
        assert_eq!(
            run(&mut machine),
            (alloc::vec![], (at(32_100), Elapsed::Over))
        );
    }

    #[test]
    fn there_is_one_final_response() {
        let mut machine = start(false);
        assert!(machine.is_open());
        assert_eq!(machine.acknowledge(at(0), &TIMING), AckHeard::Stray);
        assert!(machine.respond(at(0), status(200), &TIMING));
        assert!(!machine.respond(at(0), status(486), &TIMING));
        assert!(!machine.respond(at(0), status(180), &TIMING));
        assert!(!machine.is_open());
    }
}
