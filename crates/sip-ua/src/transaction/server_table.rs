use alloc::vec::Vec;

use bytes::Bytes;
use hashbrown::HashMap;
use plenum_sip_msg::{Message, StatusCode};
use plenum_time::{Instant, TimerId};
use slotmap::SlotMap;

use super::{Elapsed, Index, InviteServer, Machine, MergeId, Server, ServerId, Timing};
use crate::keys::ServerKey;
use crate::random::Tag;
use crate::{CallKey, ConnectionId, Flow};

/// One server transaction with what it needs to answer and to repeat itself.
#[derive(Debug)]
pub(crate) struct ServerTransaction {
    pub(crate) machine: ServerMachine,
    pub(crate) id: ServerId,
    pub(crate) merge: Option<MergeId>,
    /// Where responses go (RFC 3261 18.2.2, RFC 3581 4).
    pub(crate) flow: Flow,
    /// Where they go when the connection is gone (RFC 3261 18.2.2).
    pub(crate) sent_by_port: u16,
    /// The request, until its final response is sent.
    pub(crate) request: Option<Message>,
    /// The last response as sent, until nobody can ask for it again.
    pub(crate) response: Option<Bytes>,
    /// The To tag of our responses where the request has none.
    pub(crate) tag: Tag,
    /// The call that the request started or came in.
    pub(crate) call: Option<CallKey>,
    pub(crate) timer: Option<TimerId>,
}

/// Either server machine.
#[derive(Clone, Copy, Debug)]
pub(crate) enum ServerMachine {
    Invite(InviteServer),
    Other(Server),
}

impl ServerMachine {
    /// Notes that a response is sent; says whether it may be.
    pub(crate) fn respond(&mut self, now: Instant, status: StatusCode, timing: &Timing) -> bool {
        match self {
            Self::Invite(machine) => machine.respond(now, status, timing),
            Self::Other(machine) => machine.respond(now, status, timing),
        }
    }

    pub(crate) fn answers_repetition(&self) -> bool {
        match self {
            Self::Invite(machine) => machine.answers_repetition(),
            Self::Other(machine) => machine.answers_repetition(),
        }
    }

    pub(crate) fn is_open(&self) -> bool {
        match self {
            Self::Invite(machine) => machine.is_open(),
            Self::Other(machine) => machine.is_open(),
        }
    }
}

impl Machine for ServerMachine {
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

/// All server transactions.
#[derive(Debug, Default)]
pub(crate) struct ServerTable {
    all: SlotMap<ServerKey, ServerTransaction>,
    by_id: HashMap<ServerId, ServerKey>,
    by_merge: HashMap<MergeId, ServerKey>,
    by_connection: Index<ConnectionId, ServerKey>,
}

impl ServerTable {
    pub(crate) fn insert(&mut self, transaction: ServerTransaction) -> ServerKey {
        let (id, merge) = (transaction.id.clone(), transaction.merge.clone());
        let connection = transaction.flow.connection;
        let key = self.all.insert(transaction);
        self.by_id.insert(id, key);
        if let Some(connection) = connection {
            self.by_connection.insert(connection, key);
        }
        if let Some(merge) = merge {
            // The first path stands for the request; `remove` of another leaves it alone.
            self.by_merge.entry(merge).or_insert(key);
        }
        key
    }

    pub(crate) fn remove(&mut self, key: ServerKey) -> Option<ServerTransaction> {
        let transaction = self.all.remove(key)?;
        self.by_id.remove(&transaction.id);
        if let Some(merge) = &transaction.merge
            && self.by_merge.get(merge) == Some(&key)
        {
            self.by_merge.remove(merge);
        }
        if let Some(connection) = transaction.flow.connection {
            self.by_connection.remove(&connection, key);
        }
        Some(transaction)
    }

    /// The transactions over one connection, in order.
    pub(crate) fn on_connection(&self, connection: ConnectionId) -> Vec<ServerKey> {
        self.by_connection.keys(&connection)
    }

    /// RFC 3261 18.2.2: the connection is gone, so the address of sent-by is next, by a fresh one.
    pub(crate) fn leave_connection(&mut self, key: ServerKey) {
        let Some(transaction) = self.all.get_mut(key) else {
            return;
        };
        if let Some(connection) = transaction.flow.connection.take() {
            transaction.flow.remote.set_port(transaction.sent_by_port);
            self.by_connection.remove(&connection, key);
        }
    }

    pub(crate) fn find(&self, id: &ServerId) -> Option<ServerKey> {
        self.by_id.get(id).copied()
    }

    /// Whether the same request is under way already over another path.
    pub(crate) fn has_merged(&self, merge: &MergeId) -> bool {
        self.by_merge.contains_key(merge)
    }

    pub(crate) fn get(&self, key: ServerKey) -> Option<&ServerTransaction> {
        self.all.get(key)
    }

    pub(crate) fn get_mut(&mut self, key: ServerKey) -> Option<&mut ServerTransaction> {
        self.all.get_mut(key)
    }

    pub(crate) fn len(&self) -> usize {
        self.all.len()
    }
}
