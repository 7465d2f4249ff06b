//! The signalling of all callers: one endpoint on one socket.

use std::collections::HashMap;
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use bytes::Bytes;
use plenum_sdp::{LocalMedia, Negotiated, OfferAnswer};
use plenum_sip_msg::{Limits, Message, NameAddr, StatusCode, Uri};
use plenum_sip_ua::{
    Body, CallKey, EndCause, Endpoint, EndpointConfig, Event, ExtraHeaders, Flow, Invite, Outbox,
    Output,
};
use plenum_time::Instant;

use super::clock::LoadClock;
use super::options::CodecChoice;
use super::sockets::{self, Intake};
use super::target::Target;

/// Datagrams that one poll reads at most, so that audio is not kept waiting.
const READS_MAX: usize = 256;

/// Finished calls linger for 32 s in two transactions each.
const TRANSACTIONS_MAX: usize = 2_000_000;

/// Calls at once, those that are ending included.
const CALLS_MAX: usize = 200_000;

/// What became of a call; callers are named by their index.
#[derive(Debug)]
pub(super) enum CallEvent {
    Answered {
        caller: usize,
        setup: Duration,
        media: Box<Negotiated>,
    },
    /// It was never up. The caller is free again.
    Failed { caller: usize, why: String },
    /// It was up. The caller is free again.
    Ended { caller: usize, by_server: bool },
}

/// All phones.
pub(super) struct Phones {
    socket: UdpSocket,
    local: SocketAddr,
    target: Target,
    codec: CodecChoice,
    endpoint: Endpoint,
    outbox: Outbox,
    intake: Intake,
    lines: HashMap<CallKey, Line>,
    keys: Vec<Option<CallKey>>,
    events: Vec<CallEvent>,
    pub(super) send_errors: u64,
    pub(super) dropped: u32,
}

struct Line {
    caller: usize,
    dialled: Instant,
    session: OfferAnswer,
    is_up: bool,
    /// Why the call cannot be used, though it was answered.
    fault: Option<String>,
}

impl Phones {
    /// Opens the socket for this many callers.
    pub(super) fn open(
        target: &Target,
        codec: CodecChoice,
        callers: usize,
    ) -> anyhow::Result<Self> {
        let socket = sockets::signalling(target.address)?;
        let config = EndpointConfig {
            max_calls: CALLS_MAX,
            max_transactions: TRANSACTIONS_MAX,
            // The phones take answers from the final response.
            reliable_provisionals: false,
            ..EndpointConfig::default()
        };
        Ok(Self {
            local: socket.local_addr()?,
            socket,
            target: target.clone(),
            codec,
            endpoint: Endpoint::new(config, plenum_runtime::random::seed()?),
            outbox: Outbox::new(),
            intake: Intake::new(),
            lines: HashMap::new(),
            keys: vec![None; callers],
            events: Vec::new(),
            send_errors: 0,
            dropped: 0,
        })
    }

    /// Our address, at which the callers also receive audio.
    pub(super) const fn local(&self) -> SocketAddr {
        self.local
    }

    /// Messages that were sent again because no answer came.
    pub(super) const fn retransmissions(&self) -> u64 {
        self.endpoint.counters().retransmissions
    }

    /// Calls a user of the server; audio is received at `port`.
    pub(super) fn dial(
        &mut self,
        clock: &LoadClock,
        caller: usize,
        user: &str,
        port: u16,
    ) -> anyhow::Result<()> {
        let mut session = OfferAnswer::new(caller as u64 + 1);
        let local = LocalMedia {
            formats: vec![self.codec.format()],
            ..LocalMedia::new(self.local.ip(), port)
        };
        let own = Uri::sip(self.local.ip()).with_user(&format!("load-{caller:04}"));
        let uri = self.target.uri(user);
        let now = clock.now();
        let invite = Invite {
            flow: Flow::udp(self.local, self.target.address),
            request_uri: uri.clone(),
            from: NameAddr::new(own.clone()),
            to: NameAddr::new(uri),
            contact: own.with_port(self.local.port()),
            routes: Vec::new(),
            headers: ExtraHeaders::none(),
            body: Some(Body::sdp(session.local_offer(&local)?)),
            call_id: None,
            may_retry: false,
        };
        let key = self.endpoint.invite(now, invite, &mut self.outbox)?;
        self.keys[caller] = Some(key);
        let line = Line {
            caller,
            dialled: now,
            session,
            is_up: false,
            fault: None,
        };
        self.lines.insert(key, line);
        self.settle(now, now);
        Ok(())
    }

    /// Ends the call of a caller, in whatever state it is.
    pub(super) fn hang_up(&mut self, clock: &LoadClock, caller: usize) {
        if let Some(key) = self.keys[caller] {
            let now = clock.now();
            self.end(now, key);
            self.settle(now, now);
        }
    }

    /// Tells whether a caller has a call, one that is ending included.
    pub(super) fn is_busy(&self, caller: usize) -> bool {
        self.keys[caller].is_some()
    }

    /// Reads what waits, does what is due, and returns what became of the calls.
    pub(super) fn poll(&mut self, clock: &LoadClock) -> Vec<CallEvent> {
        for _ in 0..READS_MAX {
            let (message, flow, arrival) = match self.intake.read(&self.socket, clock) {
                Ok(None) => break,
                // An ICMP error: the transactions find out by themselves.
                Err(_) => continue,
                Ok(Some(datagram)) => {
                    self.dropped = self.dropped.max(datagram.dropped);
                    let Some(from) = datagram.from else { continue };
                    let bytes = Bytes::copy_from_slice(datagram.bytes);
                    let message = Message::parse_datagram(bytes, &Limits::default());
                    (message, Flow::udp(self.local, from), datagram.arrival)
                }
            };
            let now = clock.now();
            match message {
                Ok(message) => self.endpoint.receive(now, flow, message, &mut self.outbox),
                Err(error) => {
                    self.endpoint
                        .receive_malformed(now, flow, &error, &mut self.outbox);
                }
            }
            self.settle(now, arrival);
        }
        let now = clock.now();
        if self
            .endpoint
            .next_deadline()
            .is_some_and(|deadline| deadline <= now)
        {
            self.endpoint.timeout(now, &mut self.outbox);
            self.settle(now, now);
        }
        std::mem::take(&mut self.events)
    }

    /// Sends and notes all that the endpoint wants; `arrival` is when the cause of it came.
    fn settle(&mut self, now: Instant, arrival: Instant) {
        while let Some(output) = self.outbox.pop() {
            match output {
                Output::Send { flow, message } => {
                    let is_sent = self.socket.send_to(&message, flow.remote).is_ok();
                    self.send_errors += u64::from(!is_sent);
                }
                Output::Event(event) => self.note(now, arrival, event),
                _ => {}
            }
        }
    }

    fn note(&mut self, now: Instant, arrival: Instant, event: Event) {
        // A refusal of what a phone without buttons cannot do; the other side may have given up.
        let no = StatusCode::NOT_ACCEPTABLE_HERE;
        let (none, out) = (ExtraHeaders::none(), &mut self.outbox);
        match event {
            Event::Answered { call, response, .. } => self.answered(now, arrival, call, &response),
            Event::Ended { call, cause } => self.ended(call, &cause),
            Event::Reinvited { call, .. } => {
                let _ = self.endpoint.refuse_reinvite(now, call, no, &none, out);
            }
            Event::Incoming { call, .. } => {
                let _ = self.endpoint.reject(now, call, no, &none, out);
            }
            Event::Request { key, .. } => {
                let _ = self
                    .endpoint
                    .respond(now, key, StatusCode::OK, &none, None, out);
            }
            _ => {}
        }
    }

    fn answered(&mut self, now: Instant, arrival: Instant, call: CallKey, response: &Message) {
        let Some(line) = self.lines.get_mut(&call) else {
            return;
        };
        match line.session.remote_answer(&response.body()) {
            Ok(media) => {
                line.is_up = true;
                let setup = arrival.since(line.dialled);
                let (caller, media) = (line.caller, Box::new(media));
                self.events.push(CallEvent::Answered {
                    caller,
                    setup,
                    media,
                });
            }
            Err(error) => {
                line.fault = Some(format!("unusable answer: {error}"));
                self.end(now, call);
            }
        }
    }

    fn end(&mut self, now: Instant, call: CallKey) {
        let headers = ExtraHeaders::none();
        // The one error there is says that the call has ended already.
        let _ = self.endpoint.hang_up(now, call, &headers, &mut self.outbox);
    }

    fn ended(&mut self, call: CallKey, cause: &EndCause) {
        let Some(line) = self.lines.remove(&call) else {
            return;
        };
        let caller = line.caller;
        self.keys[caller] = None;
        self.events.push(if line.is_up {
            CallEvent::Ended {
                caller,
                by_server: !matches!(cause, EndCause::LocalBye),
            }
        } else {
            CallEvent::Failed {
                caller,
                why: line.fault.unwrap_or_else(|| describe(cause)),
            }
        });
    }
}

fn describe(cause: &EndCause) -> String {
    match cause {
        EndCause::Refused(status) => format!("{status} {}", status.default_reason()),
        EndCause::TimedOut => "no answer".into(),
        EndCause::LocalCancel => "cancelled by us".into(),
        EndCause::TransportFailed => "nothing could be sent".into(),
        other => format!("{other:?}")
            .split(['(', ' '])
            .next()
            .unwrap_or_default()
            .into(),
    }
}
