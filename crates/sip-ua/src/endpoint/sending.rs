//! Opens transactions, sends through them and keeps their timers.

use alloc::vec::Vec;

use bytes::Bytes;
use plenum_sip_msg::{Core, Message, MessageBuilder, Method, Rport, StatusCode, Via};
use plenum_time::Instant;

use super::incoming::Received;
use super::{Due, Endpoint};
use crate::compose::{self, RequestHead};
use crate::dialog::Dialog;
use crate::keys::{ClientKey, ServerKey};
use crate::random::{Branch, Tag};
use crate::transaction::{
    ClientMachine, ClientOwner, ClientTransaction, InviteServer, Machine, MergeId, Server,
    ServerId, ServerMachine, ServerTransaction, Timing,
};
use crate::{CallError, CallKey, ExtraHeaders, Flow, Outbox};

/// A request that is ready to go.
pub(crate) struct Outgoing {
    pub(crate) flow: Flow,
    pub(crate) branch: Branch,
    pub(crate) method: Method,
    pub(crate) owner: ClientOwner,
    pub(crate) message: Message,
}

impl Endpoint {
    pub(crate) fn timing(&self) -> Timing {
        Timing::from(&self.config)
    }

    /// Whether one more transaction fits the limit.
    pub(crate) fn check_transactions(&self) -> Result<(), CallError> {
        let limit = self.config.max_transactions;
        if self.transaction_count() < limit {
            Ok(())
        } else {
            Err(CallError::TooManyTransactions(limit))
        }
    }

    /// Sends a request in a transaction of its own.
    pub(crate) fn open_client(
        &mut self,
        now: Instant,
        outgoing: Outgoing,
        out: &mut Outbox,
    ) -> ClientKey {
        let Outgoing {
            flow,
            branch,
            method,
            owner,
            message,
        } = outgoing;
        let is_reliable = flow.transport.is_reliable();
        let machine = ClientMachine::start(now, &method, is_reliable, &self.timing());
        let request = message.bytes().clone();
        out.send(flow, request.clone());
        let (timer, acks) = (None, Vec::new());
        let key = self.clients.insert(ClientTransaction {
            machine,
            flow,
            branch,
            method,
            request,
            owner,
            timer,
            acks,
        });
        self.settle_client(now, key);
        key
    }

    /// Arms the timer of a client transaction anew, or removes it when it is over.
    pub(crate) fn settle_client(&mut self, now: Instant, key: ClientKey) {
        let Some(transaction) = self.clients.get_mut(key) else {
            return;
        };
        if let Some(timer) = transaction.timer.take() {
            self.timers.cancel(timer);
        }
        match transaction.machine.deadline() {
            Some(at) if at <= now && !transaction.machine.is_open() => {
                self.clients.remove(key);
            }
            Some(at) => transaction.timer = Some(self.timers.arm(at, Due::Client(key))),
            None => {}
        }
    }

    /// Bounds the life of an INVITE transaction whose call is over.
    pub(crate) fn abandon_client(&mut self, now: Instant, key: ClientKey) {
        let timing = self.timing();
        let Some(transaction) = self.clients.get_mut(key) else {
            return;
        };
        if let ClientMachine::Invite(machine) = &mut transaction.machine {
            machine.abandon(now, &timing);
        }
        self.settle_client(now, key);
    }

    /// Removes a client transaction and its timer.
    pub(crate) fn close_client(&mut self, key: ClientKey) -> Option<ClientTransaction> {
        let transaction = self.clients.remove(key)?;
        if let Some(timer) = transaction.timer {
            self.timers.cancel(timer);
        }
        Some(transaction)
    }

    /// Opens the transaction of a request that came in; its top Via is noted already.
    pub(crate) fn open_server(&mut self, now: Instant, received: &Received) -> ServerKey {
        let Received {
            flow,
            request,
            core,
        } = received;
        let is_reliable = flow.transport.is_reliable();
        let machine = match core.cseq.method {
            Method::Invite => {
                ServerMachine::Invite(InviteServer::start(is_reliable, &self.timing()))
            }
            _ => ServerMachine::Other(Server::start(now, is_reliable, &self.timing())),
        };
        let key = self.servers.insert(ServerTransaction {
            machine,
            id: ServerId::of(request, core),
            merge: MergeId::of(core),
            flow: response_flow(&core.via, *flow),
            sent_by_port: sent_by_port(&core.via, *flow),
            request: Some(request.clone()),
            response: None,
            tag: self.random.tag(),
            call: None,
            timer: None,
        });
        self.settle_server(now, key);
        key
    }

    /// Arms the timer of a server transaction anew, or removes it when it is over.
    pub(crate) fn settle_server(&mut self, now: Instant, key: ServerKey) {
        let Some(transaction) = self.servers.get_mut(key) else {
            return;
        };
        if let Some(timer) = transaction.timer.take() {
            self.timers.cancel(timer);
        }
        match transaction.machine.deadline() {
            Some(at) if at <= now && !transaction.machine.is_open() => {
                self.servers.remove(key);
            }
            Some(at) => transaction.timer = Some(self.timers.arm(at, Due::Server(key))),
            None => {}
        }
    }

    /// Sends a response through its transaction; `None` when a final one was sent before.
    ///
    /// Hands back the octets of a success to an INVITE, which its caller repeats (RFC 3261
    /// 13.3.1.4).
    pub(crate) fn send_response(
        &mut self,
        now: Instant,
        key: ServerKey,
        status: StatusCode,
        fill: impl FnOnce(MessageBuilder) -> MessageBuilder,
        out: &mut Outbox,
    ) -> Option<Bytes> {
        let timing = self.timing();
        let transaction = self.servers.get_mut(key)?;
        if !transaction.machine.respond(now, status, &timing) {
            return None;
        }
        let request = transaction.request.as_ref()?;
        let builder = compose::response(request, status, transaction.tag, &self.config);
        let bytes = fill(builder).build().bytes().clone();
        if status.is_final() {
            transaction.request = None;
        }
        let flow = transaction.flow;
        let is_repeated = transaction.machine.answers_repetition();
        transaction.response = is_repeated.then(|| bytes.clone());
        out.send(flow, bytes.clone());
        self.settle_server(now, key);
        Some(bytes)
    }

    /// Sends a refusal of our own, with a sentence that says why.
    pub(crate) fn refuse(
        &mut self,
        now: Instant,
        key: ServerKey,
        status: StatusCode,
        headers: &ExtraHeaders,
        out: &mut Outbox,
    ) {
        self.counters.refused += 1;
        self.send_response(
            now,
            key,
            status,
            |builder| compose::extra(builder, headers),
            out,
        );
    }

    /// Answers without a transaction, where there is none to be had (RFC 3261 8.2.7).
    pub(crate) fn refuse_statelessly(
        &mut self,
        flow: Flow,
        request: &Message,
        status: StatusCode,
        headers: &ExtraHeaders,
        out: &mut Outbox,
    ) {
        self.counters.refused += 1;
        let tag = self.stateless_tag(request);
        let builder = compose::response(request, status, tag, &self.config);
        let message = compose::extra(builder, headers).build();
        out.send(flow, message.bytes().clone());
    }

    /// RFC 3261 8.2.7: the To tag of a stateless answer is the same each time.
    fn stateless_tag(&self, request: &Message) -> Tag {
        // FNV-1a, begun with a secret.
        const PRIME: u64 = 0x0100_0000_01b3;
        let via = request.header(&plenum_sip_msg::HeaderName::Via);
        let octets = via.map(|via| via.raw_value()).unwrap_or_default();
        Tag(octets.iter().fold(self.stateless_seed, |hash, octet| {
            (hash ^ u64::from(*octet)).wrapping_mul(PRIME)
        }))
    }

    /// The call that a request inside a dialog belongs to.
    pub(crate) fn find_call(&self, core: &Core) -> Option<CallKey> {
        let tag = Tag::parse(core.to.tag()?)?;
        let key = *self.calls_by_tag.get(&tag)?;
        let remote_tag = core.from.tag().unwrap_or_default();
        let call = self.calls.get(key)?;
        call.has_dialog(&core.call_id, remote_tag).then_some(key)
    }
}

/// Starts the next request inside a dialog, and says where it goes.
pub(crate) fn request_in(
    dialog: &mut Dialog,
    method: Method,
    branch: Branch,
) -> (Flow, MessageBuilder) {
    let cseq = dialog.next_cseq();
    in_dialog(dialog, method, cseq, branch)
}

/// Starts the ACK of a success (RFC 3261 13.2.2.4), and says where it goes. It has no transaction:
/// it is sent again when the success comes again.
pub(crate) fn ack_in(dialog: &Dialog, cseq: u32, branch: Branch) -> (Flow, MessageBuilder) {
    in_dialog(dialog, Method::Ack, cseq, branch)
}

fn in_dialog(dialog: &Dialog, method: Method, cseq: u32, branch: Branch) -> (Flow, MessageBuilder) {
    let course = dialog.course();
    let head = RequestHead {
        method,
        course: &course,
        from: &dialog.local,
        to: &dialog.remote,
        call_id: &dialog.call_id,
        cseq,
    };
    (course.flow, compose::request(&head, branch))
}

/// Where responses go: over the stream the request came on, or to its source address; the port is
/// the source port if the client asked for that (RFC 3261 18.2.2, RFC 3581 4).
pub(crate) fn response_flow(via: &Via, flow: Flow) -> Flow {
    if flow.transport.is_reliable() || via.rport() != Rport::Absent {
        return flow;
    }
    let mut remote = flow.remote;
    remote.set_port(sent_by_port(via, flow));
    flow.towards(remote)
}

fn sent_by_port(via: &Via, flow: Flow) -> u16 {
    via.port.unwrap_or(flow.transport.default_port())
}
