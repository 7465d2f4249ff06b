//! One endpoint and a foreign peer whose messages are written by hand.

use std::net::SocketAddr;
use std::time::Duration;

use bytes::Bytes;
use plenum_sip_msg::{HeaderName, Limits, Message, StatusCode};
use plenum_sip_ua::{
    Body, CallKey, ConnectionId, EndCause, Endpoint, EndpointConfig, Event, ExtraHeaders, Flow,
    Invite, Outbox, Output, Reliability, RequestKey,
};
use plenum_time::Instant;

/// The endpoint listens here.
pub(crate) const HERE: &str = "192.0.2.1:5060";
/// The peer sends from here.
pub(crate) const THERE: &str = "192.0.2.9:5062";

/// An endpoint, its clock, and everything it sent and said.
pub(crate) struct Bench {
    pub(crate) ua: Endpoint,
    pub(crate) now: Instant,
    pub(crate) flow: Flow,
    pub(crate) sent: Vec<Sent>,
    pub(crate) events: Vec<Event>,
    pub(crate) out: Outbox,
}

/// One message the endpoint sent.
#[derive(Clone, Debug)]
pub(crate) struct Sent {
    pub(crate) at: Instant,
    pub(crate) flow: Flow,
    pub(crate) message: Message,
}

impl Bench {
    pub(crate) fn udp() -> Self {
        Self::new(
            Flow::udp(address(HERE), address(THERE)),
            EndpointConfig::default(),
        )
    }

    pub(crate) fn tcp() -> Self {
        let flow = Flow::tcp(address(HERE), address(THERE), ConnectionId(7));
        Self::new(flow, EndpointConfig::default())
    }

    pub(crate) fn new(flow: Flow, config: EndpointConfig) -> Self {
        Self {
            ua: Endpoint::new(config, [42; 32]),
            now: Instant::ZERO,
            flow,
            sent: Vec::new(),
            events: Vec::new(),
            out: Outbox::new(),
        }
    }

    /// The peer sends this text.
    pub(crate) fn hear(&mut self, text: &str) {
        self.hear_over(self.flow, text);
    }

    pub(crate) fn hear_over(&mut self, flow: Flow, text: &str) {
        self.hear_bytes(flow, Bytes::from(wire(text)));
    }

    pub(crate) fn hear_octets(&mut self, octets: Vec<u8>) {
        self.hear_bytes(self.flow, Bytes::from(octets));
    }

    fn hear_bytes(&mut self, flow: Flow, bytes: Bytes) {
        match Message::parse_datagram(bytes, &Limits::default()) {
            Ok(message) => self.ua.receive(self.now, flow, message, &mut self.out),
            Err(error) => self
                .ua
                .receive_malformed(self.now, flow, &error, &mut self.out),
        }
        self.drain();
    }

    /// Lets time pass; every deadline fires exactly when it is due.
    pub(crate) fn advance(&mut self, millis: u64) {
        let end = self.now + Duration::from_millis(millis);
        while let Some(at) = self.ua.next_deadline().filter(|at| *at <= end) {
            self.now = self.now.max(at);
            self.ua.timeout(self.now, &mut self.out);
            self.drain();
        }
        self.now = end;
    }

    pub(crate) fn drain(&mut self) {
        while let Some(output) = self.out.pop() {
            match output {
                Output::Send { flow, message } => {
                    let message = Message::parse_datagram(message, &Limits::default()).unwrap();
                    self.sent.push(Sent {
                        at: self.now,
                        flow,
                        message,
                    });
                }
                Output::Event(event) => self.events.push(event),
                _ => panic!("an output that the tests do not know"),
            }
        }
    }

    /// Takes what was sent since the last time.
    pub(crate) fn take(&mut self) -> Vec<Message> {
        std::mem::take(&mut self.sent)
            .into_iter()
            .map(|sent| sent.message)
            .collect()
    }

    /// Takes the one message that was sent.
    pub(crate) fn take_one(&mut self) -> Message {
        let sent = self.take();
        assert_eq!(sent.len(), 1, "{sent:?}");
        sent.into_iter().next().unwrap()
    }

    /// Takes what was sent as first words: `INVITE`, `180`.
    pub(crate) fn take_words(&mut self) -> Vec<String> {
        self.take().iter().map(word).collect()
    }

    /// Takes the one event that came.
    pub(crate) fn take_event(&mut self) -> Event {
        assert_eq!(self.events.len(), 1, "{:?}", self.events);
        self.events.remove(0)
    }

    /// The peer calls; the call rings in our owner.
    pub(crate) fn called(&mut self) -> CallKey {
        self.called_with(&invite(""))
    }

    pub(crate) fn called_with(&mut self, text: &str) -> CallKey {
        self.hear(text);
        assert_eq!(self.take_words(), ["100"]);
        match self.take_event() {
            Event::Incoming { call, .. } => call,
            other => panic!("{other:?}"),
        }
    }

    /// The peer calls, we answer, the peer acknowledges. Hands back our 200 too.
    pub(crate) fn called_and_up(&mut self) -> (CallKey, Message) {
        let call = self.called();
        self.accept(call);
        let ok = self.take_one();
        self.hear(&ack(&ok, 1));
        assert!(matches!(self.take_event(), Event::Acknowledged { .. }));
        (call, ok)
    }

    pub(crate) fn accept(&mut self, call: CallKey) {
        let body = Some(Body::sdp(SDP));
        let none = ExtraHeaders::none();
        self.ua
            .accept(self.now, call, None, &none, body, &mut self.out)
            .unwrap();
        self.drain();
    }

    /// Our owner sends a reliable provisional response.
    pub(crate) fn ring_reliably(&mut self, call: CallKey, code: u16, body: Option<Body>) {
        let reliably = Reliability::WherePossible;
        let out = &mut self.out;
        self.ua
            .provisional(self.now, call, status(code), body, reliably, out)
            .unwrap();
        self.drain();
    }

    pub(crate) fn update(&mut self, call: CallKey, body: Option<Body>) {
        self.ua
            .update(self.now, call, None, body, &mut self.out)
            .unwrap();
        self.drain();
    }

    pub(crate) fn respond(&mut self, key: RequestKey, code: u16, body: Option<Body>) {
        let none = ExtraHeaders::none();
        self.ua
            .respond(self.now, key, status(code), &none, body, &mut self.out)
            .unwrap();
        self.drain();
    }

    pub(crate) fn hang_up(&mut self, call: CallKey) {
        self.ua
            .hang_up(self.now, call, &ExtraHeaders::none(), &mut self.out)
            .unwrap();
        self.drain();
    }

    /// We call the peer. Hands back our INVITE too.
    pub(crate) fn calling(&mut self) -> (CallKey, Message) {
        self.calling_with(Some(Body::sdp(SDP)))
    }

    pub(crate) fn calling_with(&mut self, body: Option<Body>) -> (CallKey, Message) {
        let invite = Invite {
            body,
            ..outgoing(self.flow)
        };
        let call = self.ua.invite(self.now, invite, &mut self.out).unwrap();
        self.drain();
        (call, self.take_one())
    }

    /// We call the peer and it answers. Hands back our INVITE and our ACK too.
    pub(crate) fn calling_and_up(&mut self) -> (CallKey, Message, Message) {
        let (call, invite) = self.calling();
        self.hear(&reply(&invite, "200 OK", "there", CONTACT));
        let ack = self.take_one();
        assert_eq!(word(&ack), "ACK");
        assert!(matches!(
            self.take_event(),
            Event::Answered {
                needs_acknowledge: false,
                ..
            }
        ));
        (call, invite, ack)
    }

    pub(crate) fn reinvite(&mut self, call: CallKey, body: Option<Body>) {
        self.ua
            .reinvite(self.now, call, body, &mut self.out)
            .unwrap();
        self.drain();
    }

    /// Takes the end of a call, which must be all that happened.
    pub(crate) fn take_end(&mut self) -> EndCause {
        match self.take_event() {
            Event::Ended { cause, .. } => cause,
            other => panic!("{other:?}"),
        }
    }

    /// Nothing is left once all timers have run out.
    pub(crate) fn assert_empties(&mut self) {
        self.advance(300_000);
        let sizes = (
            self.ua.call_count(),
            self.ua.transaction_count(),
            self.ua.timer_count(),
        );
        assert_eq!(sizes, (0, 0, 0));
    }
}

pub(crate) const SDP: &str = "v=0\r\n";
pub(crate) const CONTACT: &str = "Contact: <sip:bob@192.0.2.9:5062>\n";

pub(crate) fn address(text: &str) -> SocketAddr {
    text.parse().unwrap()
}

pub(crate) fn status(code: u16) -> StatusCode {
    StatusCode::new(code).unwrap()
}

pub(crate) fn outgoing(flow: Flow) -> Invite {
    Invite {
        flow,
        request_uri: "sip:bob@192.0.2.9:5062".parse().unwrap(),
        from: "<sip:room@plenum.example>".parse().unwrap(),
        to: "<sip:bob@example.org>".parse().unwrap(),
        contact: "sip:room@192.0.2.1:5060".parse().unwrap(),
        routes: vec![],
        headers: ExtraHeaders::none(),
        body: Some(Body::sdp(SDP)),
        call_id: None,
        may_retry: false,
    }
}

/// Lines ends as on the wire, an end of headers, and a Content-Length where there is none.
pub(crate) fn wire(text: &str) -> String {
    let (head, body) = text.split_once("\n\n").unwrap_or((text.trim_end(), ""));
    let head = head
        .trim()
        .lines()
        .map(str::trim_start)
        .collect::<Vec<_>>()
        .join("\r\n");
    let length = match head.contains("Content-Length") {
        true => String::new(),
        false => format!("Content-Length: {}\r\n", body.len()),
    };
    format!("{head}\r\n{length}\r\n{body}")
}

/// The INVITE of a foreign phone, with more header lines.
pub(crate) fn invite(more: &str) -> String {
    format!(
        "INVITE sip:4711@192.0.2.1 SIP/2.0
        Via: SIP/2.0/UDP 192.0.2.9:5062;branch=z9hG4bK-first
        Max-Forwards: 70
        From: \"Bob\" <sip:bob@example.org>;tag=there
        To: <sip:4711@192.0.2.1>
        Call-ID: call-of-bob
        CSeq: 1 INVITE
        Contact: <sip:bob@192.0.2.9:5062>
        Content-Type: application/sdp
        {more}\n\nv=0\r\n"
    )
    .replace("\n        \n", "\n")
}

/// A request of the caller inside the dialog that our response made.
pub(crate) fn inside(ok: &Message, method: &str, cseq: u32, branch: &str, more: &str) -> String {
    let to = ok.text(&HeaderName::To).unwrap();
    format!(
        "{method} sip:4711@192.0.2.1:5060 SIP/2.0
        Via: SIP/2.0/UDP 192.0.2.9:5062;branch=z9hG4bK-{branch}
        Max-Forwards: 70
        From: \"Bob\" <sip:bob@example.org>;tag=there
        To: {to}
        Call-ID: call-of-bob
        CSeq: {cseq} {method}
        {more}"
    )
}

/// The PRACK of a foreign phone for a reliable response of ours.
pub(crate) fn prack(response: &Message, cseq: u32, body: &str) -> String {
    let rseq = response.rseq().unwrap().unwrap();
    let invite = response.cseq().unwrap().number;
    let more = match body {
        "" => format!("RAck: {rseq} {invite} INVITE"),
        _ => format!("RAck: {rseq} {invite} INVITE\n        Content-Type: application/sdp"),
    };
    let text = inside(response, "PRACK", cseq, &format!("prack{cseq}"), &more);
    format!("{text}\n\n{body}")
}

/// A request of the caller with a session description.
pub(crate) fn offering(ok: &Message, method: &str, cseq: u32, sdp: &str) -> String {
    let more = format!("{CONTACT}        Content-Type: application/sdp");
    let text = inside(ok, method, cseq, &format!("{method}{cseq}"), &more);
    format!("{text}\n\n{sdp}")
}

/// A response with a session description.
pub(crate) fn reply_sdp(request: &Message, line: &str, tag: &str, more: &str, sdp: &str) -> String {
    let more = format!("{more}{CONTACT}        Content-Type: application/sdp");
    format!("{}\n\n{sdp}", reply(request, line, tag, &more))
}

pub(crate) fn ack(ok: &Message, cseq: u32) -> String {
    inside(ok, "ACK", cseq, &format!("ack{cseq}"), "")
}

/// A request of the callee inside the dialog of our INVITE.
pub(crate) fn inside_out(invite: &Message, method: &str, cseq: u32, branch: &str) -> String {
    let from = invite.text(&HeaderName::From).unwrap();
    let call_id = invite.call_id().unwrap();
    format!(
        "{method} sip:room@192.0.2.1:5060 SIP/2.0
        Via: SIP/2.0/UDP 192.0.2.9:5062;branch=z9hG4bK-{branch}
        Max-Forwards: 70
        From: <sip:bob@example.org>;tag=there
        To: {from}
        Call-ID: {call_id}
        CSeq: {cseq} {method}
        {CONTACT}"
    )
}

/// What a foreign server answers to a request of ours.
pub(crate) fn reply(request: &Message, line: &str, tag: &str, more: &str) -> String {
    let text = |name: HeaderName| request.text(&name).unwrap().into_owned();
    let to = text(HeaderName::To);
    let to = if to.contains(";tag=") || tag.is_empty() {
        to
    } else {
        format!("{to};tag={tag}")
    };
    format!(
        "SIP/2.0 {line}
        Via: {}
        From: {}
        To: {to}
        Call-ID: {}
        CSeq: {}
        {more}",
        text(HeaderName::Via),
        text(HeaderName::From),
        text(HeaderName::CallId),
        text(HeaderName::CSeq),
    )
}

/// A method or a status.
pub(crate) fn word(message: &Message) -> String {
    match (message.method(), message.status()) {
        (Some(method), _) => method.to_string(),
        (None, Some(status)) => status.to_string(),
        (None, None) => unreachable!(),
    }
}

/// The value of a header as text; empty when it is absent.
pub(crate) fn header(message: &Message, name: HeaderName) -> String {
    message
        .text(&name)
        .map(|text| text.into_owned())
        .unwrap_or_default()
}
