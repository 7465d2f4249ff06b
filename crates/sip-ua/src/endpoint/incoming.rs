//! Takes received messages to their transaction, call or owner.

use plenum_sip_msg::{Core, HeaderError, Message, Method, ParseError, StatusCode};
use plenum_time::Instant;

use super::Endpoint;
use super::sending::response_flow;
use crate::compose;
use crate::keys::{ClientKey, ServerKey};
use crate::transaction::{AckHeard, ClientHeard, ClientOwner, ServerId, ServerMachine};
use crate::{CallKey, Description, EarlyKey, Event, Flow, Outbox, RequestKey};

/// A request with where it came from and its basic headers.
#[derive(Debug)]
pub(crate) struct Received {
    pub(crate) flow: Flow,
    /// The request; its topmost Via says where it came from.
    pub(crate) request: Message,
    pub(crate) core: Core,
}

impl Endpoint {
    pub(super) fn receive_request(
        &mut self,
        now: Instant,
        flow: Flow,
        message: Message,
        out: &mut Outbox,
    ) {
        let source = flow.remote;
        let request = message.with_top_via_received(source.ip().to_canonical(), source.port());
        let core = match request.core() {
            Ok(core) => core,
            Err(error) => return self.refuse_unreadable(flow, &request, &error, out),
        };
        let known = self.servers.find(&ServerId::of(&request, &core));
        let received = Received {
            flow,
            request,
            core,
        };
        match (&received.core.cseq.method, known) {
            (Method::Ack, known) => self.receive_ack(now, known, received, out),
            (_, Some(key)) => self.repeat_response(key, out),
            (Method::Cancel, None) => self.receive_cancel(now, received, out),
            (_, None) => self.receive_fresh(now, received, out),
        }
    }

    pub(super) fn receive_response(
        &mut self,
        now: Instant,
        flow: Flow,
        response: &Message,
        out: &mut Outbox,
    ) {
        let Some((key, core)) = self.match_response(response) else {
            self.counters.stray_responses += 1;
            return;
        };
        let Some(status) = response.status() else {
            return;
        };
        let timing = self.timing();
        let Some(transaction) = self.clients.get_mut(key) else {
            return;
        };
        let owner = transaction.owner;
        let heard = transaction.machine.receive(now, status, &timing);
        if transaction.flow.remote == flow.remote {
            // What follows goes over the connection that was opened for the request.
            self.clients.set_connection(key, flow.connection);
        }
        let path = (key, flow);
        match heard {
            ClientHeard::Ignore => return,
            ClientHeard::AckAgain => self.repeat_ack(key, "", out),
            ClientHeard::DeliverAgain => self.repeat_success(now, key, response, &core, out),
            ClientHeard::DeliverAndAck => {
                self.acknowledge_refusal(key, &core, out);
                self.deliver_response(now, path, owner, response, &core, out);
            }
            ClientHeard::Deliver => {
                self.deliver_response(now, path, owner, response, &core, out);
            }
        }
        self.settle_client(now, key);
    }

    pub(super) fn refuse_malformed(&mut self, flow: Flow, error: &ParseError, out: &mut Outbox) {
        self.counters.malformed += 1;
        let Some(request) = error.salvaged().filter(|message| message.is_request()) else {
            return;
        };
        let source = flow.remote;
        let request = request.with_top_via_received(source.ip().to_canonical(), source.port());
        self.refuse_with_sentence(
            flow,
            &request,
            error.status(),
            &alloc::format!("{error}"),
            out,
        );
    }

    /// A request whose basic headers are missing or broken (RFC 3261 8.2, 21.4.1).
    fn refuse_unreadable(
        &mut self,
        flow: Flow,
        request: &Message,
        error: &HeaderError,
        out: &mut Outbox,
    ) {
        self.counters.malformed += 1;
        let sentence = alloc::format!("{error}");
        self.refuse_with_sentence(flow, request, StatusCode::BAD_REQUEST, &sentence, out);
    }

    /// Answers where there is a Via to answer to; an ACK is never answered.
    fn refuse_with_sentence(
        &mut self,
        flow: Flow,
        request: &Message,
        status: StatusCode,
        sentence: &str,
        out: &mut Outbox,
    ) {
        if request.method() == Some(&Method::Ack) {
            return;
        }
        let Ok(via) = request.top_via() else { return };
        let flow = response_flow(&via, flow);
        self.refuse_statelessly(flow, request, status, &compose::warning(sentence), out);
    }

    /// A repeated request gets the last response again, if there is one (RFC 3261 17.2).
    fn repeat_response(&mut self, key: ServerKey, out: &mut Outbox) {
        self.counters.repeated_requests += 1;
        let Some(transaction) = self.servers.get(key) else {
            return;
        };
        if let (true, Some(response)) = (
            transaction.machine.answers_repetition(),
            &transaction.response,
        ) {
            self.counters.retransmissions += 1;
            out.send(transaction.flow, response.clone());
        }
    }

    /// An ACK belongs to the transaction of a refusal, or to the call of a success.
    fn receive_ack(
        &mut self,
        now: Instant,
        known: Option<ServerKey>,
        received: Received,
        out: &mut Outbox,
    ) {
        let timing = self.timing();
        let transaction = known.and_then(|key| self.servers.get_mut(key));
        let heard = match transaction.map(|transaction| &mut transaction.machine) {
            Some(ServerMachine::Invite(machine)) => machine.acknowledge(now, &timing),
            // RFC 3261 13.2.2.4: the ACK of a success is a transaction of its own.
            Some(ServerMachine::Other(_)) | None => AckHeard::Deliver,
        };
        match heard {
            AckHeard::Absorbed => {
                if let Some(transaction) = known.and_then(|key| self.servers.get_mut(key)) {
                    transaction.response = None;
                }
            }
            AckHeard::Stray => self.counters.stray_acks += 1,
            AckHeard::Deliver => match self.find_call(&received.core) {
                Some(call) => self.acknowledged(now, call, received, out),
                None => self.counters.stray_acks += 1,
            },
        }
        if let Some(key) = known {
            self.settle_server(now, key);
        }
    }

    /// The transaction that a response answers (RFC 3261 17.1.3, 18.1.2).
    fn match_response(&self, response: &Message) -> Option<(ClientKey, Core)> {
        let core = response.core().ok()?;
        // RFC 3261 8.1.3.3: with a second Via it is for somebody else.
        if response.vias().nth(1).is_some() {
            return None;
        }
        let key = self.clients.find(core.via.branch()?, &core.cseq.method)?;
        Some((key, core))
    }

    /// Hands a response to whoever sent the request.
    fn deliver_response(
        &mut self,
        now: Instant,
        (key, flow): (ClientKey, Flow),
        owner: ClientOwner,
        response: &Message,
        core: &Core,
        out: &mut Outbox,
    ) {
        match owner {
            ClientOwner::Nobody => {}
            ClientOwner::Invite(call) => {
                self.invite_answered(now, call, (key, flow), response, core, out);
            }
            ClientOwner::Change(call) => {
                self.change_answered(now, call, key, response, core, out);
            }
            ClientOwner::Bye(call) => self.bye_answered(call, response, out),
            ClientOwner::Request(request) => {
                self.request_answered(now, request, Some(response), out);
            }
        }
    }

    /// Hands a request to the owner of the endpoint.
    pub(crate) fn deliver_request(
        &mut self,
        key: ServerKey,
        place: Option<(CallKey, Option<EarlyKey>)>,
        (flow, request): (Flow, Message),
        description: Description,
        out: &mut Outbox,
    ) {
        let call = place.map(|(call, _)| call);
        if let Some(transaction) = self.servers.get_mut(key) {
            transaction.call = call;
        }
        out.event(Event::Request {
            key: RequestKey(key),
            call,
            early: place.and_then(|(_, early)| early),
            flow,
            request,
            description,
        });
    }
}
