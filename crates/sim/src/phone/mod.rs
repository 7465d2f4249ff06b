//! A simple but correct SIP phone.

use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use bytes::Bytes;
use plenum_sdp::{AudioFormat, Direction, Encoding, LocalMedia, OfferAnswer};
use plenum_sip_msg::{Limits, Message};
use plenum_sip_ua::{CallKey, Endpoint, EndpointConfig, Flow, Outbox, Output};
use plenum_time::Instant;

use crate::dice::Dice;
use crate::network::Datagram;

mod actions;
mod audio;
mod events;
mod hearing;
mod playout;

pub(crate) use audio::{Audio, TONE_DBOV, Voice};
pub(crate) use hearing::phone_tone;
pub use hearing::{Change, PHONES_MAX};

/// The port on which every phone speaks SIP.
const SIP_PORT: u16 = 5060;

/// The RTP port of a phone's first call; each further one takes the next even port.
const FIRST_RTP_PORT: u16 = 40_000;

/// How often a phone sends an empty INFO in its call, to keep its NAT open and to learn of the
/// call's end when the BYE was lost.
const KEEP_ALIVE: Duration = Duration::from_secs(15);

/// The payload type under which a phone offers L16.
const L16_PAYLOAD_TYPE: u8 = 96;

/// A way of putting a call on hold.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hold {
    /// `a=sendonly`, as RFC 3264 section 8.4 has it.
    SendOnly,
    /// `a=inactive`.
    Inactive,
    /// `c=IN IP4 0.0.0.0`, as RFC 2543 had it.
    ZeroAddress,
}

/// How far a call is, as the phone sees it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Line {
    /// There is no call.
    Idle,
    /// The INVITE is out.
    Calling,
    /// The other side rings.
    Ringing,
    /// The call is up.
    Up,
    /// The phone has hung up and waits for the other side to confirm.
    Ending,
}

/// How a phone's last call ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CallEnd {
    /// The phone hung up.
    HungUp,
    /// The server hung up.
    HungUpByServer,
    /// The phone gave up before an answer.
    Cancelled,
    /// The server refused, with this status.
    Refused(u16),
    /// Nobody answered, or the server knew the call no more.
    Lost,
}

/// What a phone is like.
#[derive(Clone, Debug)]
pub(crate) struct PhoneSetup {
    pub(crate) name: String,
    pub(crate) address: IpAddr,
    pub(crate) server: SocketAddr,
    pub(crate) hz: f32,
    pub(crate) drift_ppm: i32,
    pub(crate) codec: usize,
}

/// A phone with one line.
#[derive(Debug)]
pub(crate) struct Phone {
    pub(crate) setup: PhoneSetup,
    pub(crate) call: Option<Call>,
    pub(crate) end: Option<CallEnd>,
    /// Whether the phone has power.
    pub(crate) is_on: bool,
    /// Calls that the phone lost when it lost its power: the server may not know.
    pub(crate) forgotten: Vec<String>,
    /// The tones of all phones: what there may be to hear.
    pub(crate) tones: Vec<f32>,
    endpoint: Endpoint,
    out: Outbox,
    outgoing: Vec<Datagram>,
    dice: Dice,
    limits: Limits,
    calls: u32,
    next_rtp_port: u16,
}

/// The call on the line.
#[derive(Debug)]
pub(crate) struct Call {
    pub(crate) key: CallKey,
    pub(crate) call_id: String,
    pub(crate) number: String,
    pub(crate) line: Line,
    /// How the phone wants the other side to be held.
    pub(crate) hold: Option<Hold>,
    /// How the other side is held since it agreed last.
    pub(crate) agreed_hold: Option<Hold>,
    pub(crate) audio: Audio,
    pub(crate) offers: OfferAnswer,
    keep_alive: Instant,
}

impl Phone {
    pub(crate) fn new(setup: PhoneSetup, mut dice: Dice) -> Self {
        Self {
            endpoint: endpoint(&setup, &mut dice),
            setup,
            call: None,
            end: None,
            is_on: true,
            forgotten: Vec::new(),
            tones: Vec::new(),
            out: Outbox::new(),
            outgoing: Vec::new(),
            dice,
            limits: Limits::default(),
            calls: 0,
            next_rtp_port: FIRST_RTP_PORT,
        }
    }

    /// Takes a datagram that came to one of the phone's ports.
    pub(crate) fn receive(&mut self, now: Instant, datagram: Datagram) {
        if !self.is_on {
            return;
        }
        if datagram.to.port() == SIP_PORT {
            let flow = Flow::udp(self.sip_address(), datagram.from);
            match Message::parse_datagram(datagram.bytes, &self.limits) {
                Ok(message) => self.endpoint.receive(now, flow, message, &mut self.out),
                Err(error) => self
                    .endpoint
                    .receive_malformed(now, flow, &error, &mut self.out),
            }
            self.settle(now);
        } else if let Some(call) = &mut self.call
            && call.audio.address.port() == datagram.to.port()
        {
            call.audio.receive(now, &datagram.bytes);
        }
    }

    /// Does everything that is due at `now`.
    pub(crate) fn timeout(&mut self, now: Instant) {
        if !self.is_on {
            return;
        }
        self.endpoint.timeout(now, &mut self.out);
        self.settle(now);
        self.tick(now);
        self.keep_alive(now);
    }

    /// Returns when [`Phone::timeout`] is due.
    pub(crate) fn next_deadline(&self) -> Option<Instant> {
        if !self.is_on {
            return None;
        }
        let call = self.call.as_ref();
        let tick = call.and_then(|call| call.audio.next_deadline());
        let keep_alive = call
            .filter(|call| call.line == Line::Up)
            .map(|call| call.keep_alive);
        [self.endpoint.next_deadline(), tick, keep_alive]
            .into_iter()
            .flatten()
            .min()
    }

    /// Takes what the phone has sent since it was asked last.
    pub(crate) fn take_outgoing(&mut self) -> Vec<Datagram> {
        std::mem::take(&mut self.outgoing)
    }

    /// Returns how far the call is.
    pub(crate) fn line(&self) -> Line {
        self.call.as_ref().map_or(Line::Idle, |call| call.line)
    }

    /// Tells whether no call is being set up, changed or ended.
    pub(crate) fn is_settled(&self) -> bool {
        let settled = matches!(self.line(), Line::Idle | Line::Up);
        settled && self.call_up().is_none_or(|call| !call.offers.is_pending())
    }

    /// Returns the call if it is up.
    pub(crate) fn call_up(&self) -> Option<&Call> {
        self.call
            .as_ref()
            .filter(|call| call.line == Line::Up && self.is_on)
    }

    /// Tells what is left of calls that are over: calls, transactions and timers.
    pub(crate) fn leftovers(&self) -> [usize; 3] {
        if !self.is_on {
            return [0; 3];
        }
        let ua = &self.endpoint;
        [ua.call_count(), ua.transaction_count(), ua.timer_count()]
    }

    fn sip_address(&self) -> SocketAddr {
        SocketAddr::new(self.setup.address, SIP_PORT)
    }

    fn flow(&self) -> Flow {
        Flow::udp(self.sip_address(), self.setup.server)
    }

    fn take_rtp_address(&mut self) -> SocketAddr {
        let port = self.next_rtp_port;
        self.next_rtp_port = port.checked_add(2).unwrap_or(FIRST_RTP_PORT);
        SocketAddr::new(self.setup.address, port)
    }

    /// Plays and says 20 ms of audio.
    fn tick(&mut self, now: Instant) {
        let Some(call) = &mut self.call else { return };
        if call.audio.next_deadline().is_none_or(|at| at > now) {
            return;
        }
        let from = call.audio.address;
        if let Some((to, bytes)) = call.audio.tick(now) {
            self.outgoing.push(Datagram { from, to, bytes });
        }
    }

    /// Carries events and orders of the endpoint out until it is quiet.
    fn settle(&mut self, now: Instant) {
        while let Some(output) = self.out.pop() {
            match output {
                Output::Send { flow, message } => self.send_sip(flow.remote, message),
                Output::Event(event) => self.event(now, event),
                _ => {}
            }
        }
    }

    fn send_sip(&mut self, to: SocketAddr, bytes: Bytes) {
        let from = self.sip_address();
        self.outgoing.push(Datagram { from, to, bytes });
    }

    /// Describes what the phone offers and accepts at an address.
    fn local_media(&self, address: SocketAddr, hold: Option<Hold>) -> LocalMedia {
        let mut formats = vec![
            AudioFormat::pcmu(),
            AudioFormat::pcma(),
            AudioFormat::new(L16_PAYLOAD_TYPE, Encoding::L16, 8_000),
        ];
        let preferred = self.setup.codec % formats.len();
        formats.rotate_left(preferred);
        let mut local = LocalMedia {
            formats,
            ..LocalMedia::new(address.ip(), address.port())
        };
        match hold {
            None => {}
            Some(Hold::SendOnly) => local.direction = Direction::SendOnly,
            Some(Hold::Inactive) => local.direction = Direction::Inactive,
            Some(Hold::ZeroAddress) => local.address = IpAddr::from([0, 0, 0, 0]),
        }
        local
    }
}

fn endpoint(setup: &PhoneSetup, dice: &mut Dice) -> Endpoint {
    let config = EndpointConfig {
        product: format!("{}'s phone", setup.name),
        // The phone takes answers from the final response.
        reliable_provisionals: false,
        ..EndpointConfig::default()
    };
    Endpoint::new(config, dice.seed())
}
