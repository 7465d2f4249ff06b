//! A conference server without a clock: a frame is mixed when it has come from everybody.

use std::collections::{BTreeMap, VecDeque};
use std::net::{SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use plenum_codecs::Codec;
use plenum_rtp::{PayloadType, RtpHeader, RtpPacket, RtpTimestamp, SequenceNumber, Ssrc};
use plenum_runtime::clock::Clock;
use plenum_sdp::{AudioFormat, Encoding, LocalMedia, Negotiated, OfferAnswer};
use plenum_sip_msg::{Limits, Message, StatusCode};
use plenum_sip_ua::{
    Body, CallKey, Endpoint, EndpointConfig, Event, ExtraHeaders, Flow, Outbox, Output,
};

use crate::load::tones::FRAME;

/// How long the socket of the signalling is waited on before the audio is looked at.
const PATIENCE: Duration = Duration::from_millis(2);

/// What is wrong with a hall.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Fault {
    None,
    /// It sends each caller its own voice as well.
    OwnVoice,
    /// It skips one of so many packets.
    DropsEach(u64),
    /// It refuses all calls.
    Busy,
}

/// A running server.
pub(super) struct Hall {
    address: SocketAddr,
    stop: Arc<AtomicBool>,
    thread: JoinHandle<usize>,
}

impl Hall {
    pub(super) fn open(fault: Fault) -> Self {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_read_timeout(Some(PATIENCE)).unwrap();
        let address = socket.local_addr().unwrap();
        let stop = Arc::new(AtomicBool::new(false));
        let is_stopped = Arc::clone(&stop);
        let mut desk = Desk {
            socket,
            fault,
            clock: Clock::start(),
            endpoint: Endpoint::new(EndpointConfig::default(), [7; 32]),
            guests: BTreeMap::new(),
        };
        let thread = thread::spawn(move || {
            while !is_stopped.load(Ordering::Relaxed) {
                desk.step();
            }
            desk.guests.len()
        });
        Self {
            address,
            stop,
            thread,
        }
    }

    pub(super) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Ends the server; returns how many calls it still had.
    pub(super) fn close(self) -> usize {
        self.stop.store(true, Ordering::Relaxed);
        self.thread.join().unwrap()
    }
}

struct Desk {
    socket: UdpSocket,
    fault: Fault,
    clock: Clock,
    endpoint: Endpoint,
    guests: BTreeMap<CallKey, Guest>,
}

struct Guest {
    room: String,
    socket: UdpSocket,
    media: Negotiated,
    codec: Codec,
    heard: VecDeque<[i16; FRAME]>,
    sent: u64,
}

impl Desk {
    fn step(&mut self) {
        let mut out = Outbox::new();
        let mut bytes = [0; 4096];
        if let Ok((len, from)) = self.socket.recv_from(&mut bytes) {
            let flow = Flow::udp(self.socket.local_addr().unwrap(), from);
            let bytes = bytes[..len].to_vec();
            if let Ok(message) = Message::parse_datagram(bytes.into(), &Limits::default()) {
                self.endpoint
                    .receive(self.clock.now(), flow, message, &mut out);
            }
        }
        self.endpoint.timeout(self.clock.now(), &mut out);
        while let Some(output) = out.pop() {
            match output {
                Output::Send { flow, message } => {
                    self.socket.send_to(&message, flow.remote).unwrap();
                }
                Output::Event(event) => self.act(event, &mut out),
                _ => {}
            }
        }
        self.guests.values_mut().for_each(Guest::listen);
        let rooms: Vec<String> = self
            .guests
            .values()
            .map(|guest| guest.room.clone())
            .collect();
        rooms.iter().for_each(|room| self.mix(room));
    }

    fn act(&mut self, event: Event, out: &mut Outbox) {
        let (now, none) = (self.clock.now(), ExtraHeaders::none());
        match event {
            Event::Incoming { call, .. } if self.fault == Fault::Busy => {
                self.endpoint
                    .reject(now, call, StatusCode::BUSY_HERE, &none, out)
                    .unwrap();
            }
            Event::Incoming { call, request, .. } => {
                let (guest, answer) = Guest::welcome(&request);
                let body = Some(Body::sdp(answer));
                self.endpoint
                    .accept(now, call, None, &none, body, out)
                    .unwrap();
                self.guests.insert(call, guest);
            }
            Event::Ended { call, .. } => drop(self.guests.remove(&call)),
            _ => {}
        }
    }

    fn mix(&mut self, room: &str) {
        loop {
            let mut guests: Vec<&mut Guest> = self
                .guests
                .values_mut()
                .filter(|guest| guest.room == room)
                .collect();
            if guests.iter().any(|guest| guest.heard.is_empty()) {
                return;
            }
            let frames: Vec<[i16; FRAME]> = guests
                .iter_mut()
                .filter_map(|guest| guest.heard.pop_front())
                .collect();
            for (index, guest) in guests.iter_mut().enumerate() {
                let is_heard = |other: &usize| *other != index || self.fault == Fault::OwnVoice;
                let others: Vec<_> = (0..frames.len())
                    .filter(is_heard)
                    .map(|other| frames[other])
                    .collect();
                let mix = std::array::from_fn(|at| others.iter().map(|frame| frame[at]).sum());
                guest.say(&mix, self.fault);
            }
        }
    }
}

impl Guest {
    fn welcome(request: &Message) -> (Self, Vec<u8>) {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        socket.set_nonblocking(true).unwrap();
        let address = socket.local_addr().unwrap();
        let formats = vec![
            AudioFormat::pcmu(),
            AudioFormat::pcma(),
            AudioFormat::new(97, Encoding::L16, 8000),
        ];
        let local = LocalMedia {
            formats,
            ..LocalMedia::new(address.ip(), address.port())
        };
        let (answer, media) = OfferAnswer::new(1)
            .remote_offer(&request.body(), &local)
            .unwrap();
        let codec = Codec::from_rtpmap(media.format.encoding.as_str(), 8000).unwrap();
        let room = request.request_uri().unwrap().user().unwrap().into_owned();
        (
            Self {
                room,
                socket,
                media,
                codec,
                heard: VecDeque::new(),
                sent: 0,
            },
            answer,
        )
    }

    fn listen(&mut self) {
        let mut bytes = [0; 1024];
        while let Ok(len) = self.socket.recv(&mut bytes) {
            let packet = RtpPacket::parse(&bytes[..len]).unwrap();
            let mut frame = [0; FRAME];
            self.codec.decode(packet.payload, &mut frame);
            self.heard.push_back(frame);
        }
    }

    fn say(&mut self, frame: &[i16; FRAME], fault: Fault) {
        let header = RtpHeader {
            marker: false,
            payload_type: PayloadType::new(self.media.format.payload_type).unwrap(),
            sequence: SequenceNumber(self.sent as u16),
            timestamp: RtpTimestamp(self.sent as u32 * FRAME as u32),
            ssrc: Ssrc(1),
        };
        self.sent += 1;
        if matches!(fault, Fault::DropsEach(each) if self.sent.is_multiple_of(each)) {
            return;
        }
        let mut packet = [0; 1024];
        let start = header.write(&mut packet);
        let len = start + self.codec.encode(frame, &mut packet[start..]);
        // The phone may have hung up.
        let _ = self
            .socket
            .send_to(&packet[..len], self.media.remote.unwrap());
    }
}
