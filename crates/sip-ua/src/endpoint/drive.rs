//! Deadlines and transport failures.

use alloc::vec::Vec;

use plenum_sip_msg::StatusCode;
use plenum_time::Instant;

use super::{Due, Endpoint};
use crate::keys::{ClientKey, ServerKey};
use crate::transaction::{ClientOwner, Elapsed, Machine};
use crate::{CallKey, ConnectionId, EndCause, Flow, Outbox};

/// Why a request of ours got no answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Silence {
    /// Timer B or F.
    TimedOut,
    /// The transport failed.
    TransportFailed,
}

impl Silence {
    /// RFC 3261 8.1.3.1: as if these responses had come.
    pub(crate) const fn meaning(self) -> (StatusCode, EndCause) {
        match self {
            Self::TimedOut => (StatusCode::REQUEST_TIMEOUT, EndCause::TimedOut),
            Self::TransportFailed => (StatusCode::SERVICE_UNAVAILABLE, EndCause::TransportFailed),
        }
    }
}

impl Endpoint {
    pub(super) fn fire_due(&mut self, now: Instant, out: &mut Outbox) {
        while let Some((_, due)) = self.timers.pop_due(now) {
            match due {
                Due::Client(key) => self.client_elapsed(now, key, out),
                Due::Server(key) => self.server_elapsed(now, key, out),
                Due::Call(key) => self.call_elapsed(now, key, out),
                Due::Request(key) => {
                    self.requests.remove(key);
                }
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
                let call = transaction.call;
                if let Some(call) = call {
                    self.request_forgotten(now, key, call, out);
                }
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
            ClientOwner::Invite(call) => self.invite_unanswered(now, call, silence, out),
            ClientOwner::Change(call) => self.change_unanswered(now, call, key, silence, out),
            ClientOwner::Bye(call) => self.bye_unanswered(call, out),
            ClientOwner::Request(request) => self.request_answered(now, request, None, out),
        }
    }

    pub(super) fn fail_flow(&mut self, now: Instant, flow: Flow, out: &mut Outbox) {
        let failed = self.clients.on_flow(&flow);
        self.fail_clients(now, failed, out);
    }

    pub(super) fn fail_connection(
        &mut self,
        now: Instant,
        connection: ConnectionId,
        out: &mut Outbox,
    ) {
        for key in self.servers.on_connection(connection) {
            self.servers.leave_connection(key);
        }
        for key in self.calls_by_connection.keys(&connection) {
            if let Some(call) = self.calls.get_mut(key) {
                call.connection_closed(connection);
            }
            self.index_call(key);
        }
        let failed = self.clients.on_connection(connection);
        self.fail_clients(now, failed, out);
    }

    fn fail_clients(&mut self, now: Instant, failed: Vec<ClientKey>, out: &mut Outbox) {
        for key in failed {
            let is_open = |key| self.clients.get(key).is_some_and(|t| t.machine.is_open());
            if is_open(key) {
                self.counters.transport_failures += 1;
                self.client_failed(now, key, Silence::TransportFailed, out);
            }
        }
    }

    /// Keeps the index of calls by connection true.
    pub(crate) fn index_call(&mut self, key: CallKey) {
        let Some(call) = self.calls.get_mut(key) else {
            return;
        };
        let used = call.connections_in_use();
        if used == call.connections {
            return;
        }
        for connection in &call.connections {
            self.calls_by_connection.remove(connection, key);
        }
        for connection in &used {
            self.calls_by_connection.insert(*connection, key);
        }
        call.connections = used;
    }
}
