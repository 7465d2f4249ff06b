//! The SIP machine with its sockets and its clock.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use plenum_runtime::Input;
use plenum_runtime::clock::Clock;
use plenum_runtime::sip::{SipLimits, SipListen, SipTransports, source_towards};
use plenum_sip_msg::{HeaderName, Host, Limits, Message, Method, StatusCode, Uri, Warning};
use plenum_sip_ua::{
    Body, CallError, CallKey, ClientRequestKey, Endpoint, EndpointConfig, Event, ExtraHeaders,
    Flow, Invite, Outbox, Output, Reliability, RequestKey, Transport,
};
use plenum_time::Instant;
use tokio::sync::mpsc;

use crate::config::PhoneConfig;
use crate::error::SessionError;

/// Transactions that each call may leave behind (timers J, K and L).
const TRANSACTIONS_PER_CALL: usize = 16;

/// User part of addresses where the phone has no name.
const NAMELESS: &str = "phone";

/// A SIP endpoint that is driven by real sockets and real time.
#[derive(Debug)]
pub(super) struct Sip {
    endpoint: Endpoint,
    outbox: Outbox,
    transports: SipTransports,
    clock: Clock,
    limits: Limits,
}

impl Sip {
    pub(super) async fn bind(
        config: &PhoneConfig,
        clock: Clock,
        inputs: mpsc::Sender<Input>,
    ) -> Result<Self, SessionError> {
        let address = SocketAddr::new(config.bind, config.sip_port);
        let listen =
            [Transport::Udp, Transport::Tcp].map(|transport| SipListen { transport, address });
        let transports = SipTransports::bind(&listen, SipLimits::default(), inputs).await?;
        let seed = plenum_runtime::random::seed().map_err(SessionError::Start)?;
        let endpoint = EndpointConfig {
            product: config.product.clone(),
            max_calls: config.calls_max,
            max_transactions: config.calls_max.saturating_mul(TRANSACTIONS_PER_CALL),
            methods: vec![Method::Options, Method::Info],
            // The driver takes answers from the final response.
            reliable_provisionals: false,
            ..EndpointConfig::default()
        };
        Ok(Self {
            endpoint: Endpoint::new(endpoint, seed),
            outbox: Outbox::new(),
            transports,
            clock,
            limits: Limits::default(),
        })
    }

    pub(super) fn listens(&self) -> &[SipListen] {
        self.transports.listens()
    }

    pub(super) const fn clock(&self) -> Clock {
        self.clock
    }

    pub(super) fn now(&self) -> Instant {
        self.clock.now()
    }

    pub(super) fn next_deadline(&self) -> Option<Instant> {
        self.endpoint.next_deadline()
    }

    pub(super) fn timeout(&mut self) {
        self.endpoint.timeout(self.clock.now(), &mut self.outbox);
    }

    /// Takes what a socket has to say.
    pub(super) fn input(&mut self, input: Input) {
        let (now, out) = (self.clock.now(), &mut self.outbox);
        match input {
            Input::Datagram { flow, bytes } => match Message::parse_datagram(bytes, &self.limits) {
                Ok(message) => self.endpoint.receive(now, flow, message, out),
                Err(error) => self.endpoint.receive_malformed(now, flow, &error, out),
            },
            Input::Framed { flow, message } => self.endpoint.receive(now, flow, message, out),
            Input::Unframed { flow, error } => {
                self.endpoint.receive_malformed(now, flow, &error, out);
            }
            Input::ConnectionLost {
                connection: Some(connection),
                ..
            } => {
                self.endpoint.connection_closed(now, connection, out);
            }
            Input::ConnectionLost {
                connection: None,
                flow,
            }
            | Input::Undeliverable { flow } => {
                self.endpoint.transport_failed(now, flow, out);
            }
            _ => {}
        }
    }

    /// Sends what is to be sent and returns the next thing that happened.
    pub(super) fn next_event(&mut self) -> Option<Event> {
        while let Some(output) = self.outbox.pop() {
            match output {
                Output::Send { flow, message } => {
                    if let Err(failure) = self.transports.send(flow, message) {
                        self.input(failure);
                    }
                }
                Output::Event(event) => return Some(event),
                _ => {}
            }
        }
        None
    }

    /// Returns the way to a peer, with the address of ours that the peer can reach.
    pub(super) fn flow(
        &self,
        transport: Transport,
        remote: SocketAddr,
    ) -> Result<Flow, SessionError> {
        let listens = self.listens().iter();
        let mut local = listens
            .filter(|listen| listen.transport == transport)
            .map(|listen| listen.address)
            .next()
            .expect("a phone listens on both transports");
        if local.ip().is_unspecified() {
            local.set_ip(self.source(remote)?);
        }
        Ok(Flow::to(transport, local, remote))
    }

    /// Returns the address of this machine that leads to a peer.
    pub(super) fn source(&self, remote: SocketAddr) -> Result<IpAddr, SessionError> {
        source_towards(remote).map_err(|source| SessionError::NoRoute { remote, source })
    }

    pub(super) async fn close(self, patience: Duration) {
        self.transports.close(patience).await;
    }
}

/// The wishes of the driver, passed on with the time.
impl Sip {
    pub(super) fn invite(&mut self, invite: Invite) -> Result<CallKey, CallError> {
        self.endpoint
            .invite(self.clock.now(), invite, &mut self.outbox)
    }

    pub(super) fn ring(&mut self, call: CallKey) -> Result<(), CallError> {
        let (now, out) = (self.clock.now(), &mut self.outbox);
        self.endpoint.provisional(
            now,
            call,
            StatusCode::RINGING,
            None,
            Reliability::Unreliable,
            out,
        )
    }

    pub(super) fn accept(&mut self, call: CallKey, body: Vec<u8>) -> Result<(), CallError> {
        let (headers, body) = (ExtraHeaders::none(), Some(Body::sdp(body)));
        self.endpoint.accept(
            self.clock.now(),
            call,
            None,
            &headers,
            body,
            &mut self.outbox,
        )
    }

    pub(super) fn reject(
        &mut self,
        call: CallKey,
        status: StatusCode,
        why: &str,
    ) -> Result<(), CallError> {
        let headers = explanation(why);
        self.endpoint
            .reject(self.clock.now(), call, status, &headers, &mut self.outbox)
    }

    pub(super) fn hang_up(
        &mut self,
        call: CallKey,
        headers: &ExtraHeaders,
    ) -> Result<(), CallError> {
        self.endpoint
            .hang_up(self.clock.now(), call, headers, &mut self.outbox)
    }

    pub(super) fn acknowledge(
        &mut self,
        call: CallKey,
        body: Option<Vec<u8>>,
    ) -> Result<(), CallError> {
        let body = body.map(Body::sdp);
        self.endpoint
            .acknowledge(self.clock.now(), call, body, &mut self.outbox)
    }

    pub(super) fn reinvite(&mut self, call: CallKey, offer: Vec<u8>) -> Result<(), CallError> {
        let body = Some(Body::sdp(offer));
        self.endpoint
            .reinvite(self.clock.now(), call, body, &mut self.outbox)
    }

    pub(super) fn accept_reinvite(
        &mut self,
        call: CallKey,
        body: Vec<u8>,
    ) -> Result<(), CallError> {
        let body = Some(Body::sdp(body));
        self.endpoint
            .accept_reinvite(self.clock.now(), call, body, &mut self.outbox)
    }

    pub(super) fn refuse_reinvite(
        &mut self,
        call: CallKey,
        status: StatusCode,
        why: &str,
    ) -> Result<(), CallError> {
        let headers = explanation(why);
        self.endpoint
            .refuse_reinvite(self.clock.now(), call, status, &headers, &mut self.outbox)
    }

    pub(super) fn info(
        &mut self,
        call: CallKey,
        body: Body,
    ) -> Result<ClientRequestKey, CallError> {
        let (headers, body) = (ExtraHeaders::none(), Some(body));
        let (now, out) = (self.clock.now(), &mut self.outbox);
        self.endpoint
            .request(now, call, Method::Info, &headers, body, out)
    }

    pub(super) fn respond(
        &mut self,
        request: RequestKey,
        status: StatusCode,
        headers: &ExtraHeaders,
    ) -> Result<(), CallError> {
        let (now, out) = (self.clock.now(), &mut self.outbox);
        self.endpoint
            .respond(now, request, status, headers, None, out)
    }
}

/// Builds the header that carries a sentence to the other side.
pub(super) fn explanation(why: &str) -> ExtraHeaders {
    if why.is_empty() {
        return ExtraHeaders::none();
    }
    let warning = Warning {
        code: 399,
        agent: NAMELESS.into(),
        text: why.to_owned(),
    };
    ExtraHeaders::none().with(HeaderName::Warning, warning.to_string())
}

/// Returns what a message says about why: its first Warning, or else its first Reason.
pub(super) fn stated(message: &Message) -> Option<String> {
    let warning = message
        .warning()
        .flatten()
        .map(|warning| warning.text)
        .next();
    let reason = || {
        message
            .reason()
            .flatten()
            .find_map(|reason| Some(reason.text()?.into_owned()))
    };
    warning.or_else(reason).filter(|text| !text.is_empty())
}

/// Returns the URI under which the phone is reached over a flow.
pub(super) fn own_uri(flow: &Flow, user: Option<&str>) -> Uri {
    let uri = Uri::sip(Host::from(flow.local.ip().to_canonical()))
        .with_user(user.unwrap_or(NAMELESS))
        .with_port(flow.local.port());
    match flow.transport {
        Transport::Tcp => uri.with_transport(&plenum_sip_msg::Transport::Tcp),
        _ => uri,
    }
}

/// Returns the session description of a message; nothing if it has no body.
pub(super) fn sdp_body(message: &Message) -> Result<Option<bytes::Bytes>, String> {
    let body = message.body();
    if body.is_empty() {
        return Ok(None);
    }
    match message.content_type() {
        Ok(Some(kind)) if kind.is("application", "sdp") => Ok(Some(body)),
        Ok(Some(kind)) => Err(format!(
            "a body of {kind} is not understood; send application/sdp"
        )),
        Ok(None) => Err("the body has no Content-Type; send application/sdp".to_owned()),
        Err(error) => Err(error.to_string()),
    }
}
