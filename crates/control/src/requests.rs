//! What the interfaces and the operator's tool ask of a running server.

use alloc::boxed::Box;
use alloc::vec::Vec;

use plenum_switch::{Command, CommandError, Dialplan, Entry, Filter, Lost, View};
use plenum_time::Instant;

use crate::control::{Control, ControlOutbox, Counters, Sizes};
use crate::recover::Step;

/// Entries of the journal returned at once at most.
pub const JOURNAL_PAGE_MAX: usize = 1_000;

/// One request.
#[derive(Debug)]
#[non_exhaustive]
pub enum Request {
    /// A request to the domain.
    Switch(Command),
    /// The state of the domain, with the number of the last event in it.
    Snapshot,
    /// Events after a number.
    Journal {
        /// The last event that the reader has.
        after: u64,
        /// How many events at most; [`JOURNAL_PAGE_MAX`] in any case.
        max: usize,
    },
    /// Totals and table sizes.
    Figures,
    /// Another dialplan for calls that arrive from here on.
    ReloadDialplan(Box<Dialplan>),
}

/// The answer to one request.
#[derive(Debug)]
#[non_exhaustive]
pub enum Reply {
    /// What the domain said.
    Switch(Result<plenum_switch::Reply, CommandError>),
    /// The state at an event.
    Snapshot {
        /// Number of the last event in the state.
        seq: u64,
        /// The state.
        view: Box<View>,
    },
    /// A page of the journal.
    Journal {
        /// The events, in order.
        entries: Vec<Entry>,
        /// Events that are no longer kept.
        lost: Option<Lost>,
        /// Number to go on after.
        next: u64,
    },
    /// Totals and table sizes.
    Figures(Box<Figures>),
    /// It is done.
    Done,
}

/// Totals since start and what the machine holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Figures {
    /// Totals of calls and packets.
    pub totals: Counters,
    /// Totals of the SIP side.
    pub sip: plenum_sip_ua::Counters,
    /// What the domain holds.
    pub domain: plenum_switch::Counts,
    /// What the tables hold.
    pub sizes: Sizes,
    /// Number of the last event.
    pub last_event: u64,
}

impl Control {
    /// Carries out a request of an interface.
    pub fn request(&mut self, now: Instant, request: Request, out: &mut ControlOutbox) -> Reply {
        self.begin(Step::Common);
        let reply = match request {
            Request::Switch(command) => {
                Reply::Switch(self.switch.command(now, command, &mut self.effects))
            }
            Request::Snapshot => {
                let (seq, view) = self.switch.snapshot();
                Reply::Snapshot {
                    seq,
                    view: Box::new(view),
                }
            }
            Request::Journal { after, max } => self.journal_page(after, max),
            Request::Figures => Reply::Figures(Box::new(self.figures())),
            Request::ReloadDialplan(dialplan) => {
                self.switch.reload_dialplan(now, *dialplan);
                Reply::Done
            }
        };
        self.settle(now, out);
        reply
    }

    fn journal_page(&self, after: u64, max: usize) -> Reply {
        let max = max.min(JOURNAL_PAGE_MAX);
        let batch = self
            .switch
            .journal()
            .read_after(after, &Filter::default(), max);
        Reply::Journal {
            entries: batch.entries.into_iter().cloned().collect(),
            lost: batch.lost,
            next: batch.next,
        }
    }

    fn figures(&self) -> Figures {
        Figures {
            totals: self.counters,
            sip: *self.sip_counters(),
            domain: self.switch.counts(),
            sizes: self.sizes(),
            last_event: self.switch.journal().last_seq(),
        }
    }
}
