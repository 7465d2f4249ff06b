//! What is said of each call when it is over: read from the journal, for the log.

use alloc::collections::BTreeMap;
use alloc::string::String;
use alloc::sync::Arc;
use alloc::vec::Vec;
use core::time::Duration;

use plenum_switch::{
    Cause, ChannelKey, ChannelState, ChannelView, Cursor, Entry, Event, EventKind, Filter, KindSet,
    Reading, RefusedCall, Switch, View,
};
use plenum_time::Instant;

use crate::control::Control;

/// A call that is over, or that was refused.
///
/// Refused calls are reported as far as the journal takes them, which is at most
/// [`REFUSALS_NOTED_PER_SECOND`](plenum_switch::REFUSALS_NOTED_PER_SECOND).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CallReport {
    /// The identifier of the channel; the Call-ID if the call never became one.
    pub id: Arc<str>,
    /// Who called.
    pub caller: Arc<str>,
    /// What was dialled.
    pub number: Arc<str>,
    /// How it went.
    pub outcome: CallOutcome,
    /// Why it ended or was refused, if a cause was given.
    pub cause: Option<Cause>,
    /// The status code of SIP that ended it, if one did.
    pub protocol_code: Option<u16>,
    /// The sentence; empty if the cause says it all.
    pub why: String,
}

/// How a call went.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallOutcome {
    /// It was a channel and is over.
    Ended {
        /// Since it arrived.
        lasted: Duration,
        /// Since it was answered; `None` if it never was.
        talked: Option<Duration>,
    },
    /// It was turned away at the door.
    Refused {
        /// Refused calls without a report since the last one with one.
        left_out: u64,
    },
}

/// Reads the journal and remembers each call until it is over.
#[derive(Debug)]
pub(crate) struct Reports {
    cursor: Cursor,
    calls: BTreeMap<ChannelKey, Call>,
}

#[derive(Debug)]
struct Call {
    id: Arc<str>,
    caller: Arc<str>,
    number: Arc<str>,
    created: Instant,
    answered: Option<Instant>,
    why: String,
}

impl Default for Reports {
    fn default() -> Self {
        let kinds = KindSet::NONE
            .with(EventKind::ChannelCreated)
            .with(EventKind::ChannelStateChanged)
            .with(EventKind::HangupRequested)
            .with(EventKind::ChannelDestroyed)
            .with(EventKind::CallRefused);
        Self {
            cursor: Cursor {
                after: 0,
                filter: Filter::kinds(kinds),
            },
            calls: BTreeMap::new(),
        }
    }
}

impl Control {
    /// Returns what became of the calls that are over or were refused since the last time.
    ///
    /// To be asked after each turn: what the journal drops meanwhile is not reported.
    pub fn reports(&mut self) -> Vec<CallReport> {
        self.reports.read(&self.switch)
    }
}

impl Reports {
    fn read(&mut self, switch: &Switch) -> Vec<CallReport> {
        match switch.read(&mut self.cursor, usize::MAX) {
            Reading::Entries(entries) => {
                let reports = entries.into_iter().filter_map(|entry| self.follow(entry));
                reports.collect()
            }
            Reading::Lost { snapshot, .. } => {
                self.calls = calls(&snapshot);
                Vec::new()
            }
        }
    }

    fn follow(&mut self, entry: &Entry) -> Option<CallReport> {
        if let Event::CallRefused { facts } = &entry.event {
            return Some(refused(facts));
        }
        let key = entry.event.channel()?;
        if let Event::ChannelCreated { facts, .. } = &entry.event {
            self.calls.insert(key, Call::of(facts));
        }
        if let Event::ChannelDestroyed {
            cause,
            protocol_code,
            ..
        } = entry.event
        {
            let call = self.calls.remove(&key)?;
            return Some(call.over(entry.at, cause, protocol_code));
        }
        let call = self.calls.get_mut(&key)?;
        match &entry.event {
            Event::ChannelStateChanged { state, .. } if *state == ChannelState::Up => {
                call.answered.get_or_insert(entry.at);
            }
            // What asked first ended the call.
            Event::HangupRequested { why, .. } if call.why.is_empty() => call.why.clone_from(why),
            _ => {}
        }
        None
    }
}

impl Call {
    fn of(view: &ChannelView) -> Self {
        Self {
            id: view.id.clone(),
            caller: view.caller.number.clone(),
            number: view.position.extension.clone(),
            created: view.created,
            answered: view.answered,
            why: String::new(),
        }
    }

    fn over(self, now: Instant, cause: Cause, protocol_code: Option<u16>) -> CallReport {
        let outcome = CallOutcome::Ended {
            lasted: now.since(self.created),
            talked: self.answered.map(|answered| now.since(answered)),
        };
        CallReport {
            id: self.id,
            caller: self.caller,
            number: self.number,
            outcome,
            cause: Some(cause),
            protocol_code,
            why: self.why,
        }
    }
}

fn calls(view: &View) -> BTreeMap<ChannelKey, Call> {
    let channels = view.channels.iter();
    channels.map(|(key, view)| (*key, Call::of(view))).collect()
}

fn refused(call: &RefusedCall) -> CallReport {
    CallReport {
        id: call.protocol_id.as_str().into(),
        caller: call.caller.number.clone(),
        number: call.number.as_str().into(),
        outcome: CallOutcome::Refused {
            left_out: call.left_out,
        },
        cause: call.cause,
        protocol_code: Some(call.protocol_code),
        why: call.why.clone(),
    }
}

#[cfg(test)]
mod tests;
