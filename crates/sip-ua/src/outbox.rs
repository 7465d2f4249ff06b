use alloc::collections::VecDeque;

use bytes::Bytes;

use crate::{Event, Flow};

/// One thing the endpoint wants done or known.
#[derive(Clone, Debug)]
#[non_exhaustive]
pub enum Output {
    /// Send these octets over this flow.
    Send {
        /// Where to.
        flow: Flow,
        /// The whole message. Repetitions share the same octets.
        message: Bytes,
    },
    /// Something happened that the owner acts on.
    Event(Event),
}

/// What the endpoint hands back, in order. The caller owns it and drains it after each call.
#[derive(Clone, Debug, Default)]
pub struct Outbox {
    queue: VecDeque<Output>,
}

impl Outbox {
    /// Builds an empty outbox.
    #[must_use]
    pub const fn new() -> Self {
        Self {
            queue: VecDeque::new(),
        }
    }

    /// Takes the oldest output.
    pub fn pop(&mut self) -> Option<Output> {
        self.queue.pop_front()
    }

    /// Appends an output.
    pub fn push(&mut self, output: Output) {
        self.queue.push_back(output);
    }

    /// Returns how many outputs wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.queue.len()
    }

    /// Tells whether nothing waits.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }

    pub(crate) fn send(&mut self, flow: Flow, message: Bytes) {
        self.push(Output::Send { flow, message });
    }

    pub(crate) fn event(&mut self, event: Event) {
        self.push(Output::Event(event));
    }
}
