//! The four transaction machines of RFC 3261 17 and the tables that hold them.
//!
//! A machine is a few words: its state and its deadlines. It says what to do ("send again",
//! "hand this up"); the tables keep the octets and the endpoint does it.

use core::time::Duration;

use plenum_time::Instant;

use crate::EndpointConfig;

mod client;
mod client_table;
mod index;
mod invite_client;
mod invite_server;
mod server;
mod server_id;
mod server_table;

pub(crate) use client::Client;
pub(crate) use client_table::{ClientMachine, ClientOwner, ClientTable, ClientTransaction};
pub(crate) use index::Index;
pub(crate) use invite_client::InviteClient;
pub(crate) use invite_server::{AckHeard, InviteServer};
pub(crate) use server::Server;
pub(crate) use server_id::{MergeId, ServerId};
pub(crate) use server_table::{ServerMachine, ServerTable, ServerTransaction};

/// The three base times that all timers are made of (RFC 3261 appendix A).
#[derive(Clone, Copy, Debug)]
pub(crate) struct Timing {
    pub(crate) t1: Duration,
    pub(crate) t2: Duration,
    pub(crate) t4: Duration,
}

impl Timing {
    /// RFC 3261 17.1.1.2: timer D is at least 32 s on unreliable transports.
    const TIMER_D_MIN: Duration = Duration::from_secs(32);

    /// 64 times T1: timers B, F, H, J, L and M.
    pub(crate) const fn patience(&self) -> Duration {
        self.t1.saturating_mul(64)
    }

    fn timer_d(&self) -> Duration {
        self.patience().max(Self::TIMER_D_MIN)
    }

    /// The next pause of a series that doubles up to T2 (timers E and G).
    pub(crate) fn double(&self, pause: Duration) -> Duration {
        pause.saturating_mul(2).min(self.t2)
    }
}

impl From<&EndpointConfig> for Timing {
    fn from(config: &EndpointConfig) -> Self {
        Self {
            t1: config.t1,
            t2: config.t2,
            t4: config.t4,
        }
    }
}

/// What a client machine says about a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClientHeard {
    /// Hand it up.
    Deliver,
    /// Hand it up and acknowledge it: the first final refusal of an INVITE.
    DeliverAndAck,
    /// A further 2xx to an INVITE: a repetition, or the answer of another fork.
    DeliverAgain,
    /// A repeated refusal: acknowledge it again.
    AckAgain,
    /// Absorb it.
    Ignore,
}

/// What a machine says about a deadline.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Elapsed {
    /// Send the last message again.
    Resend,
    /// The other side never answered; remove the transaction and tell its owner.
    TimedOut,
    /// Remove the transaction.
    Over,
    /// It was not time yet.
    Nothing,
}

/// What all transaction machines have in common.
pub(crate) trait Machine {
    /// Acts on a deadline that came.
    fn elapse(&mut self, now: Instant, timing: &Timing) -> Elapsed;

    /// When the next deadline is.
    fn deadline(&self) -> Option<Instant>;
}

/// The first of some deadlines.
pub(crate) fn earliest<const N: usize>(deadlines: [Option<Instant>; N]) -> Option<Instant> {
    deadlines.into_iter().flatten().min()
}

#[cfg(test)]
mod tests {
    use alloc::vec::Vec;

    use plenum_sip_msg::StatusCode;

    use super::*;

    impl Timing {
        /// RFC 3261 table 4.
        pub(crate) const RFC: Self = Self {
            t1: Duration::from_millis(500),
            t2: Duration::from_secs(4),
            t4: Duration::from_secs(5),
        };
    }

    pub(super) fn at(millis: u64) -> Instant {
        Instant::from_millis(millis)
    }

    pub(super) fn status(code: u16) -> StatusCode {
        StatusCode::new(code).unwrap()
    }

    /// Lets a machine run alone: when it sends again, and when and how it ends.
    pub(super) fn run(machine: &mut impl Machine) -> (Vec<Instant>, (Instant, Elapsed)) {
        let mut sent = Vec::new();
        for _ in 0..1_000 {
            let now = machine
                .deadline()
                .expect("a machine that runs alone has a deadline");
            match machine.elapse(now, &Timing::RFC) {
                Elapsed::Resend => sent.push(now),
                Elapsed::Nothing => {}
                end => return (sent, (now, end)),
            }
        }
        panic!("the machine never ends");
    }
}
