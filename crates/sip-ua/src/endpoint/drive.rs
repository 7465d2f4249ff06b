//! Deadlines and transport failures.

use alloc::vec::Vec;

use plenum_time::Instant;

use super::{Due, Endpoint};
use crate::keys::{ClientKey, ServerKey};
use crate::transaction::{ClientOwner, Elapsed, Machine};
use crate::{ConnectionId, Flow, Outbox};

/// Why a request of ours got no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Silence {
    /// Timer B or F.
    TimedOut,
    /// The transport failed.
    TransportFailed,
}

impl Endpoint {
    pub(super) fn fire_due(&mut self, now: Instant, out: &mut Outbox) {
        while let Some((_, due)) = self.timers.pop_due(now) {
            match due {
                Due::Client(key) => self.client_elapsed(now, key, out),
                Due::Server(key) => self.server_elapsed(now, key, out),
                Due::Call(key) => self.call_elapsed(now, key, out),
            }
        }
    }

    fn client_elapsed(&mut self, now: Instant, key: ClientKey, out: &mut Outbox) {
        let timing = self.timing();
        let Some(transaction) = self.clients.get_mut(key) else {
            return;
        };
        transaction.timer = None;
        match transaction.machine.elapse(now, &timing) {
            Elapsed::Resend => {
                self.counters.retransmissions += 1;
                out.send(transaction.flow, transaction.request.clone());
            }
            Elapsed::TimedOut => {
                self.counters.timeouts += 1;
                return self.client_failed(now, key, Silence::TimedOut, out);
            }
            Elapsed::Over => {
                self.clients.remove(key);
            }
            Elapsed::Nothing => {}
        }
        self.settle_client(now, key);
    }

    fn server_elapsed(&mut self, now: Instant, key: ServerKey, out: &mut Outbox) {
        let timing = self.timing();
        let Some(transaction) = self.servers.get_mut(key) else {
            return;
        };
        transaction.timer = None;
        match transaction.machine.elapse(now, &timing) {
            Elapsed::Resend => {
                self.counters.retransmissions += 1;
                if let Some(response) = &transaction.response {
                    out.send(transaction.flow, response.clone());
                }
            }
            Elapsed::TimedOut => {
                self.counters.timeouts += 1;
                self.servers.remove(key);
            }
            Elapsed::Over => {
                self.servers.remove(key);
            }
            Elapsed::Nothing => {}
        }
        self.settle_server(now, key);
    }

    /// Ends a client transaction that gets no answer and tells who waits for it.
    fn client_failed(&mut self, now: Instant, key: ClientKey, silence: Silence, out: &mut Outbox) {
        let Some(transaction) = self.close_client(key) else {
            return;
        };
        match transaction.owner {
            ClientOwner::Nobody => {}
            ClientOwner::Invite(call) => self.invite_unanswered(call, silence, out),
            ClientOwner::Reinvite(call) => self.reinvite_unanswered(now, call, silence, out),
            ClientOwner::Bye(call) => self.bye_unanswered(call, out),
            ClientOwner::Request(call) => self.request_answered(now, key, call, None, out),
        }
    }

    pub(super) fn fail_flow(&mut self, now: Instant, flow: Flow, out: &mut Outbox) {
        let is_on = |other: &Flow| {
            other.transport == flow.transport
                && other.remote == flow.remote
                && other.connection == flow.connection
        };
        self.fail_clients(now, is_on, out);
    }

    pub(super) fn fail_connection(
        &mut self,
        now: Instant,
        connection: ConnectionId,
        out: &mut Outbox,
    ) {
        let is_on = |flow: &Flow| flow.connection == Some(connection);
        for (_, transaction) in self.servers.iter_mut() {
            if is_on(&transaction.flow) {
                // RFC 3261 18.2.2: the address of sent-by is next, by a fresh connection.
                transaction.flow.connection = None;
                transaction.flow.remote.set_port(transaction.sent_by_port);
            }
        }
        for (_, call) in &mut self.calls {
            call.connection_closed(connection);
        }
        self.fail_clients(now, is_on, out);
    }

    fn fail_clients(&mut self, now: Instant, is_on: impl Fn(&Flow) -> bool, out: &mut Outbox) {
        let failed: Vec<ClientKey> = self
            .clients
            .iter_mut()
            .filter(|(_, transaction)| is_on(&transaction.flow) && transaction.machine.is_open())
            .map(|(key, _)| key)
            .collect();
        for key in failed {
            self.counters.transport_failures += 1;
            self.client_failed(now, key, Silence::TransportFailed, out);
        }
    }
}
