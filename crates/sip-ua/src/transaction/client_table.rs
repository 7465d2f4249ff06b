use alloc::string::String;
use alloc::vec::Vec;
use core::net::SocketAddr;

use bytes::Bytes;
use hashbrown::HashMap;
use plenum_sip_msg::{Method, StatusCode};
use plenum_time::{Instant, TimerId};
use slotmap::SlotMap;

use super::{Client, ClientHeard, Elapsed, Index, InviteClient, Machine, Timing};
use crate::keys::ClientKey;
use crate::random::Branch;
use crate::{CallKey, ClientRequestKey, ConnectionId, Flow, Transport};

/// One client transaction with what it needs to repeat itself.
#[derive(Debug)]
pub(crate) struct ClientTransaction {
    pub(crate) machine: ClientMachine,
    pub(crate) flow: Flow,
    pub(crate) branch: Branch,
    pub(crate) method: Method,
    /// The request as sent.
    pub(crate) request: Bytes,
    pub(crate) owner: ClientOwner,
    pub(crate) timer: Option<TimerId>,
    /// The ACK of each answer to an INVITE, by the tag of who answered: a refusal has one, a
    /// forked INVITE may have several successes.
    pub(crate) acks: Vec<SentAck>,
}

impl ClientTransaction {
    /// Keeps an ACK for the repetitions of its response.
    pub(crate) fn remember_ack(&mut self, remote_tag: &str, flow: Flow, message: Bytes) {
        self.acks.push(SentAck {
            remote_tag: String::from(remote_tag),
            flow,
            message,
        });
    }

    /// The ACK that was sent to whoever has this tag.
    pub(crate) fn ack_for(&self, remote_tag: &str) -> Option<&SentAck> {
        self.acks.iter().find(|ack| ack.remote_tag == remote_tag)
    }
}

/// An ACK that is sent again for each repetition of the response.
#[derive(Clone, Debug)]
pub(crate) struct SentAck {
    pub(crate) remote_tag: String,
    pub(crate) flow: Flow,
    pub(crate) message: Bytes,
}

/// Who is told about a response.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ClientOwner {
    /// The INVITE of a call that we placed.
    Invite(CallKey),
    /// A re-INVITE or UPDATE.
    Change(CallKey),
    /// The BYE of a call.
    Bye(CallKey),
    /// A request that our owner wished.
    Request(ClientRequestKey),
    /// Nobody: a CANCEL, a PRACK, or the BYE of an answer that came too late.
    Nobody,
}

/// Either client machine.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ClientMachine {
    Invite(InviteClient),
    Other(Client),
}

impl ClientMachine {
    pub(crate) fn start(now: Instant, method: &Method, is_reliable: bool, timing: &Timing) -> Self {
        match method {
            Method::Invite => Self::Invite(InviteClient::start(now, is_reliable, timing)),
            _ => Self::Other(Client::start(now, is_reliable, timing)),
        }
    }

    pub(crate) fn receive(
        &mut self,
        now: Instant,
        status: StatusCode,
        timing: &Timing,
    ) -> ClientHeard {
        match self {
            Self::Invite(machine) => machine.receive(now, status, timing),
            Self::Other(machine) => machine.receive(now, status, timing),
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        match self {
            Self::Invite(machine) => machine.is_open(),
            Self::Other(machine) => machine.is_open(),
        }
    }

    /// Whether a CANCEL may go: a provisional response came and no final one.
    pub(crate) fn is_proceeding(&self) -> bool {
        matches!(self, Self::Invite(machine) if machine.is_proceeding())
    }
}

impl Machine for ClientMachine {
    fn elapse(&mut self, now: Instant, timing: &Timing) -> Elapsed {
        match self {
            Self::Invite(machine) => machine.elapse(now, timing),
            Self::Other(machine) => machine.elapse(now, timing),
        }
    }

    fn deadline(&self) -> Option<Instant> {
        match self {
            Self::Invite(machine) => machine.deadline(),
            Self::Other(machine) => machine.deadline(),
        }
    }
}

/// All client transactions.
#[derive(Debug, Default)]
pub(crate) struct ClientTable {
    all: SlotMap<ClientKey, ClientTransaction>,
    /// RFC 3261 17.1.3: a response belongs to the branch and method of its request; of all methods
    /// only CANCEL shares the branch of another request.
    by_branch: HashMap<(Branch, bool), ClientKey>,
    by_flow: Index<Way, ClientKey>,
    by_connection: Index<ConnectionId, ClientKey>,
}

/// What of a flow fails together; our own address does not matter.
type Way = (Transport, SocketAddr, Option<ConnectionId>);

fn way(flow: &Flow) -> Way {
    (flow.transport, flow.remote, flow.connection)
}

impl ClientTable {
    pub(crate) fn insert(&mut self, transaction: ClientTransaction) -> ClientKey {
        let id = (transaction.branch, transaction.method == Method::Cancel);
        let flow = transaction.flow;
        let key = self.all.insert(transaction);
        self.by_branch.insert(id, key);
        self.index(&flow, key);
        key
    }

    fn index(&mut self, flow: &Flow, key: ClientKey) {
        self.by_flow.insert(way(flow), key);
        if let Some(connection) = flow.connection {
            self.by_connection.insert(connection, key);
        }
    }

    fn unindex(&mut self, flow: &Flow, key: ClientKey) {
        self.by_flow.remove(&way(flow), key);
        if let Some(connection) = flow.connection {
            self.by_connection.remove(&connection, key);
        }
    }

    /// Notes the connection that was opened for a request.
    pub(crate) fn set_connection(&mut self, key: ClientKey, connection: Option<ConnectionId>) {
        let Some(transaction) = self.all.get_mut(key) else {
            return;
        };
        let before = transaction.flow;
        if before.connection != connection {
            transaction.flow.connection = connection;
            let after = transaction.flow;
            self.unindex(&before, key);
            self.index(&after, key);
        }
    }

    /// The transactions over one flow, in order.
    pub(crate) fn on_flow(&self, flow: &Flow) -> Vec<ClientKey> {
        self.by_flow.keys(&way(flow))
    }

    /// The transactions over one connection, in order.
    pub(crate) fn on_connection(&self, connection: ConnectionId) -> Vec<ClientKey> {
        self.by_connection.keys(&connection)
    }

    pub(crate) fn remove(&mut self, key: ClientKey) -> Option<ClientTransaction> {
        let transaction = self.all.remove(key)?;
        self.by_branch
            .remove(&(transaction.branch, transaction.method == Method::Cancel));
        self.unindex(&transaction.flow, key);
        Some(transaction)
    }

    /// Finds the transaction of a response.
    pub(crate) fn find(&self, branch: &str, method: &Method) -> Option<ClientKey> {
        let id = (Branch::parse(branch)?, *method == Method::Cancel);
        let key = *self.by_branch.get(&id)?;
        self.all
            .get(key)
            .is_some_and(|transaction| transaction.method == *method)
            .then_some(key)
    }

    pub(crate) fn get(&self, key: ClientKey) -> Option<&ClientTransaction> {
        self.all.get(key)
    }

    pub(crate) fn get_mut(&mut self, key: ClientKey) -> Option<&mut ClientTransaction> {
        self.all.get_mut(key)
    }

    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }
}
