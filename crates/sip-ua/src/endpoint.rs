use core::time::Duration;

use hashbrown::HashMap;
use plenum_sip_msg::{Message, Method, ParseError, StatusCode, Uri};
use plenum_time::{Instant, TimerQueue};
use slotmap::SlotMap;

use crate::call::{Call, SentRequest};
use crate::compose::Abilities;
use crate::keys::{ClientKey, ServerKey};
use crate::random::{Random, Tag};
use crate::transaction::{ClientTable, Index, ServerTable};
use crate::{
    Body, CallError, CallKey, ClientRequestKey, ConnectionId, Counters, EarlyKey, EndpointConfig,
    ExtraHeaders, Flow, Invite, Outbox, OutgoingRequest, Reliability, RequestKey, Retry,
};

pub(crate) mod admission;
pub(crate) mod drive;
pub(crate) mod incoming;
pub(crate) mod sending;

/// A SIP user agent: all its transactions, dialogs and calls, as one value.
///
/// Each method takes the time and appends what shall be sent and what has happened to the
/// [`Outbox`] of its caller. After each call the owner asks [`Endpoint::next_deadline`] and sees
/// to it that [`Endpoint::timeout`] is called then.
///
/// # Standard
///
/// RFC 3261 with RFC 6026 (the accepted state), RFC 3262 (100rel), RFC 3264 and 6337 (offer and
/// answer), RFC 3311 (UPDATE), RFC 3326 (Reason), RFC 3581 (`rport`), RFC 4028 (session timers),
/// RFC 4320 (no late answers to non-INVITE requests) and RFC 6228 (199).
#[derive(Debug)]
pub struct Endpoint {
    pub(crate) config: EndpointConfig,
    pub(crate) abilities: Abilities,
    pub(crate) random: Random,
    pub(crate) timers: TimerQueue<Due>,
    pub(crate) clients: ClientTable,
    pub(crate) servers: ServerTable,
    pub(crate) calls: SlotMap<CallKey, Call>,
    /// Calls by the tag that we gave them: it is random enough to name the call alone.
    pub(crate) calls_by_tag: HashMap<Tag, CallKey>,
    pub(crate) calls_by_connection: Index<ConnectionId, CallKey>,
    /// What our owner has sent, until it succeeds or cannot be sent again.
    pub(crate) requests: SlotMap<ClientRequestKey, SentRequest>,
    pub(crate) counters: Counters,
    /// Keeps the To tags of stateless refusals apart from anything a peer could guess.
    pub(crate) stateless_seed: u64,
}

/// Whose deadline came.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Due {
    Client(ClientKey),
    Server(ServerKey),
    Call(CallKey),
    /// A refused request that nobody has sent again.
    Request(ClientRequestKey),
}

impl Endpoint {
    /// Builds an endpoint without calls.
    ///
    /// The seed decides every tag, branch and Call-ID: it must be unpredictable in production and
    /// may be fixed in a test.
    #[must_use]
    pub fn new(config: EndpointConfig, seed: [u8; 32]) -> Self {
        let mut random = Random::new(seed);
        let stateless_seed = random.tag().0;
        Self {
            abilities: Abilities::of(&config),
            config,
            random,
            timers: TimerQueue::new(),
            clients: ClientTable::default(),
            servers: ServerTable::default(),
            calls: SlotMap::with_key(),
            calls_by_tag: HashMap::new(),
            calls_by_connection: Index::default(),
            requests: SlotMap::with_key(),
            counters: Counters::default(),
            stateless_seed,
        }
    }

    /// Takes a message that came over `flow`.
    pub fn receive(&mut self, now: Instant, flow: Flow, message: Message, out: &mut Outbox) {
        if message.is_request() {
            self.counters.requests_received += 1;
            self.receive_request(now, flow, message, out);
        } else {
            self.counters.responses_received += 1;
            self.receive_response(now, flow, &message, out);
        }
    }

    /// Takes octets that are no message: a request whose headers can be read is refused with a
    /// Warning that names the rule, anything else is counted.
    pub fn receive_malformed(
        &mut self,
        _now: Instant,
        flow: Flow,
        error: &ParseError,
        out: &mut Outbox,
    ) {
        self.refuse_malformed(flow, error, out);
    }

    /// Tells that nothing can be sent over `flow`, such as after an ICMP error: the client
    /// transactions on it fail at once (RFC 3261 17.1.4 and 18.4).
    pub fn transport_failed(&mut self, now: Instant, flow: Flow, out: &mut Outbox) {
        self.fail_flow(now, flow, out);
    }

    /// Tells that a connection is closed. Client transactions on it fail; what is still to be sent
    /// over it goes to the same peer over another connection (RFC 3261 18.2.2).
    pub fn connection_closed(&mut self, now: Instant, connection: ConnectionId, out: &mut Outbox) {
        self.fail_connection(now, connection, out);
    }

    /// Does everything that is due at `now`.
    pub fn timeout(&mut self, now: Instant, out: &mut Outbox) {
        self.fire_due(now, out);
    }

    /// Tells when [`Endpoint::timeout`] must be called next.
    #[must_use]
    pub fn next_deadline(&self) -> Option<Instant> {
        self.timers.next_deadline()
    }

    /// Places a call.
    ///
    /// # Errors
    ///
    /// [`CallError::TooManyCalls`] and [`CallError::TooManyTransactions`].
    pub fn invite(
        &mut self,
        now: Instant,
        invite: Invite,
        out: &mut Outbox,
    ) -> Result<CallKey, CallError> {
        self.place_call(now, invite, out)
    }

    /// Sends a provisional response to a call that came in: 180 to let it ring, 183 with a body
    /// for early media. The last one is repeated each minute until the call is answered.
    ///
    /// A reliable one is repeated until its PRACK comes, see
    /// [`Event::Pracked`](crate::Event::Pracked). Several go one after the other, each when the
    /// one before is acknowledged. Where no PRACK comes in 64 times T1, the INVITE is refused
    /// with 504 and the call ends with
    /// [`EndCause::NoPrack`](crate::EndCause::NoPrack).
    ///
    /// # Errors
    ///
    /// [`CallError::WrongStatus`] unless the status is 101 to 199, [`CallError::WrongState`] when
    /// the call is answered already, [`CallError::Exchange`] when the body does not fit, and
    /// [`CallError::TooManyProvisionals`].
    ///
    /// # Standard
    ///
    /// RFC 3262 section 3.
    pub fn provisional(
        &mut self,
        now: Instant,
        call: CallKey,
        status: StatusCode,
        body: Option<Body>,
        reliability: Reliability,
        out: &mut Outbox,
    ) -> Result<(), CallError> {
        self.send_provisional(now, call, status, body, reliability, out)
    }

    /// Acknowledges a reliable provisional response that carried an offer; the body is our answer.
    ///
    /// Only after an event with `needs_prack`: all others are acknowledged by the endpoint.
    ///
    /// # Errors
    ///
    /// [`CallError::WrongState`] when nothing waits to be acknowledged, [`CallError::Exchange`]
    /// without a body.
    ///
    /// # Standard
    ///
    /// RFC 3262 section 5.
    pub fn prack(
        &mut self,
        now: Instant,
        call: CallKey,
        early: EarlyKey,
        body: Option<Body>,
        out: &mut Outbox,
    ) -> Result<(), CallError> {
        self.prack_answer(now, call, early, body, out)
    }

    /// Sends a refused INVITE again, to another target or with more headers; the call stays the
    /// same. Only after [`Event::Refused`](crate::Event::Refused) with `may_retry`.
    ///
    /// In a call that is up, the re-INVITE or UPDATE that was refused last goes again with more
    /// headers.
    ///
    /// # Errors
    ///
    /// [`CallError::RetryLoop`] for a target that was tried with the same headers,
    /// [`CallError::TooManyAttempts`] after [`MAX_ATTEMPTS`](crate::MAX_ATTEMPTS), and
    /// [`CallError::WrongState`] when nothing was refused.
    ///
    /// # Standard
    ///
    /// RFC 3261 sections 8.1.3.4, 8.1.3.5 and 22.
    pub fn retry(
        &mut self,
        now: Instant,
        call: CallKey,
        retry: Retry,
        out: &mut Outbox,
    ) -> Result<(), CallError> {
        self.retry_call(now, call, retry, out)
    }

    /// Answers a call that came in with 200, repeated until the ACK comes.
    ///
    /// Without a `contact` the other side is given the user part it called at our address. Where
    /// no ACK comes in 64 times T1, the call is hung up and ends with
    /// [`EndCause::NoAck`](crate::EndCause::NoAck).
    ///
    /// # Errors
    ///
    /// [`CallError::WrongState`] when the call is answered already, [`CallError::Exchange`] when
    /// the body does not fit: it must be the answer or the offer, unless a reliable response had
    /// it.
    pub fn accept(
        &mut self,
        now: Instant,
        call: CallKey,
        contact: Option<Uri>,
        headers: &ExtraHeaders,
        body: Option<Body>,
        out: &mut Outbox,
    ) -> Result<(), CallError> {
        self.accept_call(now, call, contact, headers, body, out)
    }

    /// Refuses a call that came in. [`Event::Ended`](crate::Event::Ended) follows at once.
    ///
    /// # Errors
    ///
    /// [`CallError::WrongStatus`] unless the status is 300 to 699, [`CallError::WrongState`] when
    /// the call is answered already.
    pub fn reject(
        &mut self,
        now: Instant,
        call: CallKey,
        status: StatusCode,
        headers: &ExtraHeaders,
        out: &mut Outbox,
    ) -> Result<(), CallError> {
        self.reject_call(now, call, status, headers, out)
    }

    /// Ends a call in whatever state it is.
    ///
    /// - Incoming and not answered: 603.
    /// - Incoming, answered and not acknowledged: BYE once the ACK is there (RFC 3261 15).
    /// - Outgoing, refused and waiting for a retry: ends with the refusal as its cause.
    /// - Outgoing and not answered: CANCEL, as soon as a provisional response allows it (9.1); an
    ///   answer that crosses it is acknowledged and hung up.
    /// - Up: BYE.
    ///
    /// Hanging up twice does nothing more. [`Event::Ended`](crate::Event::Ended) comes when the
    /// other side has confirmed or does not answer; until then the call can do nothing else.
    ///
    /// # Errors
    ///
    /// [`CallError::UnknownCall`].
    pub fn hang_up(
        &mut self,
        now: Instant,
        call: CallKey,
        headers: &ExtraHeaders,
        out: &mut Outbox,
    ) -> Result<(), CallError> {
        self.hang_up_call(now, call, headers, out)
    }

    /// Acknowledges an answer that carried the offer; the body is our answer to it.
    ///
    /// Only after an event with `needs_acknowledge`: all others are acknowledged by the endpoint.
    ///
    /// # Errors
    ///
    /// [`CallError::WrongState`] when nothing waits to be acknowledged.
    pub fn acknowledge(
        &mut self,
        now: Instant,
        call: CallKey,
        body: Option<Body>,
        out: &mut Outbox,
    ) -> Result<(), CallError> {
        self.acknowledge_answer(now, call, body, out)
    }

    /// Changes the session of a call that is up; without a body the other side makes the offer.
    ///
    /// Waits its turn while another re-INVITE is under way, and tries again after a glare
    /// (491, RFC 3261 14.1).
    ///
    /// # Errors
    ///
    /// [`CallError::WrongState`] when the call is not up, [`CallError::TooManyReinvites`].
    pub fn reinvite(
        &mut self,
        now: Instant,
        call: CallKey,
        body: Option<Body>,
        out: &mut Outbox,
    ) -> Result<(), CallError> {
        self.start_reinvite(now, call, body, out)
    }

    /// Changes the session by UPDATE, also before the call is answered; without a body it
    /// refreshes the target and the session timer alone.
    ///
    /// `early` names an early dialog of a call that we placed; without it the youngest is taken.
    /// Waits its turn like a re-INVITE, and until an offer can be made.
    ///
    /// # Errors
    ///
    /// [`CallError::WrongState`] while there is no dialog, [`CallError::NotAllowed`] when the
    /// other side has not said that it understands UPDATE, [`CallError::TooManyReinvites`].
    ///
    /// # Standard
    ///
    /// RFC 3311 section 5.1.
    pub fn update(
        &mut self,
        now: Instant,
        call: CallKey,
        early: Option<EarlyKey>,
        body: Option<Body>,
        out: &mut Outbox,
    ) -> Result<(), CallError> {
        self.start_update(now, call, early, body, out)
    }

    /// Answers a re-INVITE with 200.
    ///
    /// # Errors
    ///
    /// [`CallError::WrongState`] when no re-INVITE waits, [`CallError::Exchange`] without a body.
    pub fn accept_reinvite(
        &mut self,
        now: Instant,
        call: CallKey,
        body: Option<Body>,
        out: &mut Outbox,
    ) -> Result<(), CallError> {
        self.answer_reinvite(now, call, StatusCode::OK, &ExtraHeaders::none(), body, out)
    }

    /// Refuses a re-INVITE; the call goes on as it was.
    ///
    /// # Errors
    ///
    /// [`CallError::WrongState`] when no re-INVITE waits, [`CallError::WrongStatus`] unless the
    /// status is 300 to 699.
    pub fn refuse_reinvite(
        &mut self,
        now: Instant,
        call: CallKey,
        status: StatusCode,
        headers: &ExtraHeaders,
        out: &mut Outbox,
    ) -> Result<(), CallError> {
        if !status.is_failure() {
            return Err(CallError::WrongStatus {
                status,
                from: 300,
                to: 699,
            });
        }
        self.answer_reinvite(now, call, status, headers, None, out)
    }

    /// Sends a request inside the dialog of a call: INFO, MESSAGE, OPTIONS and so on. The answer
    /// comes as [`Event::Response`](crate::Event::Response).
    ///
    /// # Errors
    ///
    /// [`CallError::WrongMethod`] for INVITE, ACK, BYE and CANCEL, [`CallError::WrongState`] while
    /// there is no dialog.
    pub fn request(
        &mut self,
        now: Instant,
        call: CallKey,
        method: Method,
        headers: &ExtraHeaders,
        body: Option<Body>,
        out: &mut Outbox,
    ) -> Result<ClientRequestKey, CallError> {
        self.request_in_call(now, call, method, headers, body, out)
    }

    /// Sends a request outside of any dialog. The answer comes as
    /// [`Event::Response`](crate::Event::Response).
    ///
    /// # Errors
    ///
    /// [`CallError::WrongMethod`] for INVITE, ACK and CANCEL, [`CallError::TooManyTransactions`].
    pub fn send_request(
        &mut self,
        now: Instant,
        request: OutgoingRequest,
        out: &mut Outbox,
    ) -> Result<ClientRequestKey, CallError> {
        self.request_outside(now, request, out)
    }

    /// Sends a refused request again, to another target or with more headers, under the same key.
    /// Inside a dialog only the headers and the flow can change.
    ///
    /// # Errors
    ///
    /// [`CallError::UnknownRequest`] unless the request was refused less than 64 times T1 ago,
    /// [`CallError::RetryLoop`], [`CallError::TooManyAttempts`].
    pub fn retry_request(
        &mut self,
        now: Instant,
        key: ClientRequestKey,
        retry: Retry,
        out: &mut Outbox,
    ) -> Result<(), CallError> {
        self.send_request_again(now, key, retry, out)
    }

    /// Answers a request. A provisional status is ignored after the final one and otherwise sent.
    ///
    /// # Errors
    ///
    /// [`CallError::UnknownRequest`] when it was answered already, or too late to answer;
    /// [`CallError::Exchange`] when its offer gets no answer.
    pub fn respond(
        &mut self,
        now: Instant,
        key: RequestKey,
        status: StatusCode,
        headers: &ExtraHeaders,
        body: Option<Body>,
        out: &mut Outbox,
    ) -> Result<(), CallError> {
        self.respond_to_request(now, key, status, headers, body, out)
    }

    /// Returns the counters.
    #[must_use]
    pub const fn counters(&self) -> &Counters {
        &self.counters
    }

    /// Returns how many calls exist, those that are ending included.
    #[must_use]
    pub fn call_count(&self) -> usize {
        self.calls.len()
    }

    /// Returns how many transactions exist, those that only absorb repetitions included.
    #[must_use]
    pub fn transaction_count(&self) -> usize {
        self.clients.len() + self.servers.len()
    }

    /// Returns how many timers are armed; none when the tables are empty.
    #[must_use]
    pub fn timer_count(&self) -> usize {
        self.timers.len()
    }

    /// How long a transaction tries: 64 times T1.
    pub(crate) const fn patience(&self) -> Duration {
        self.config.patience()
    }
}
