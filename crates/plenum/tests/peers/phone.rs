//! A phone that is nothing but RTP: it sends a tone and keeps what it hears.
//!
//! SIPp signals well and plays files, but it does not keep what it receives. So its scenarios
//! announce the port of such a phone, which sends and listens in its place. Packets are put
//! together by hand here, from RFC 3550 and RFC 4733, as a second opinion on those of the server.

use std::collections::VecDeque;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::{Duration, Instant};

use plenum_codecs::g711::{decode_ulaw, encode_ulaw};
use plenum_media::tone::ToneSource;

use super::SOON;
use super::hearing::{Heard, LEVEL_DBOV, samples};

const PACKET_TIME: Duration = Duration::from_millis(20);
const PACKET_SAMPLES: u16 = 160;
const HEADER_LEN: usize = 12;
const PCMU: u8 = 0;
const TELEPHONE_EVENT: u8 = 101;
const MARKER: u8 = 0x80;

/// Packets that a digit lasts, without the two repetitions of its end.
const DIGIT_PACKETS: u16 = 8;

/// A stream that is quiet for so long has stopped.
const SILENCE: Duration = Duration::from_millis(500);

/// A running phone.
#[derive(Debug)]
pub(crate) struct Phone {
    address: SocketAddr,
    shared: Arc<Shared>,
    thread: Option<JoinHandle<()>>,
}

#[derive(Debug, Default)]
struct Shared {
    state: Mutex<State>,
    news: Condvar,
}

#[derive(Debug, Default)]
struct State {
    remote: Option<SocketAddr>,
    heard: Vec<i16>,
    packets: u64,
    last_packet: Option<Instant>,
    digits: VecDeque<u8>,
    is_over: bool,
}

impl Phone {
    /// Builds a phone on 127.0.0.1 with a tone of its own.
    pub(crate) fn new(tone_hz: f32) -> Self {
        Self::on(Ipv4Addr::LOCALHOST.into(), tone_hz)
    }

    /// Builds a phone on an address of loopback.
    pub(crate) fn on(address: IpAddr, tone_hz: f32) -> Self {
        let socket = UdpSocket::bind((address, 0)).expect("loopback has free ports");
        let address = socket.local_addr().expect("a bound socket has an address");
        let shared = Arc::new(Shared::default());
        let line = Line {
            socket,
            tone: ToneSource::new(tone_hz, LEVEL_DBOV),
            ssrc: u32::from(address.port()),
            sequence: 1000,
            timestamp: 50_000,
            digit: None,
        };
        let thread = thread::spawn({
            let shared = Arc::clone(&shared);
            move || line.run(&shared)
        });
        Self {
            address,
            shared,
            thread: Some(thread),
        }
    }

    pub(crate) const fn address(&self) -> SocketAddr {
        self.address
    }

    /// Sends to a port of the server from here on.
    pub(crate) fn talks_to(&self, port: u16) {
        let server: IpAddr = match self.address {
            SocketAddr::V4(_) => Ipv4Addr::LOCALHOST.into(),
            SocketAddr::V6(_) => Ipv6Addr::LOCALHOST.into(),
        };
        self.state().remote = Some((server, port).into());
    }

    /// Sends nothing from here on.
    pub(crate) fn says_nothing(&self) {
        self.state().remote = None;
    }

    /// Presses a key, as RFC 4733 has it.
    pub(crate) fn presses(&self, key: char) {
        let event = match key {
            '*' => 10,
            '#' => 11,
            digit => u8::try_from(digit.to_digit(10).expect("a key of a phone")).expect("a digit"),
        };
        self.state().digits.push_back(event);
    }

    /// Listens to what comes from here on.
    pub(crate) fn hears(&self, length: Duration) -> Heard {
        let mut state = self.state();
        let from = state.heard.len();
        let to = from + samples(length);
        let deadline = Instant::now() + length + SOON;
        while state.heard.len() < to {
            let left = deadline.saturating_duration_since(Instant::now());
            assert!(
                !left.is_zero(),
                "the phone heard {} of {} samples",
                state.heard.len() - from,
                to - from
            );
            state = self.wait(state, left);
        }
        Heard(state.heard[from..to].to_vec())
    }

    /// Waits until nothing comes any more.
    pub(crate) fn hears_nothing(&self) {
        let deadline = Instant::now() + SOON;
        let mut state = self.state();
        let quiet_from = Instant::now();
        loop {
            let last = state
                .last_packet
                .map_or(quiet_from, |at| at.max(quiet_from));
            let quiet = last.elapsed();
            if quiet >= SILENCE {
                return;
            }
            assert!(
                Instant::now() < deadline,
                "packets come still: {}",
                state.packets
            );
            state = self.wait(state, SILENCE - quiet);
        }
    }

    /// Returns how many packets came so far.
    pub(crate) fn packets(&self) -> u64 {
        self.state().packets
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.shared.lock()
    }

    fn wait<'s>(&'s self, state: MutexGuard<'s, State>, most: Duration) -> MutexGuard<'s, State> {
        let waited = self.shared.news.wait_timeout(state, most);
        waited.unwrap_or_else(PoisonError::into_inner).0
    }
}

impl Drop for Phone {
    fn drop(&mut self) {
        self.state().is_over = true;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The side of the phone that has the socket.
#[derive(Debug)]
struct Line {
    socket: UdpSocket,
    tone: ToneSource,
    ssrc: u32,
    sequence: u16,
    timestamp: u32,
    /// The key that is down: its event, when it began, and packets sent of it.
    digit: Option<(u8, u32, u16)>,
}

impl Line {
    fn run(mut self, shared: &Shared) {
        let mut next = Instant::now();
        let mut buffer = [0; 2048];
        loop {
            let left = next.saturating_duration_since(Instant::now());
            if left.is_zero() {
                next += PACKET_TIME;
                let mut state = shared.lock();
                if state.is_over {
                    return;
                }
                if let Some(remote) = state.remote {
                    self.send(remote, &mut state.digits);
                }
                continue;
            }
            // A timeout of zero would mean forever.
            let timeout = self.socket.set_read_timeout(Some(left));
            timeout.expect("the time left is not zero");
            if let Ok((len, _)) = self.socket.recv_from(&mut buffer) {
                receive(&buffer[..len], shared);
            }
        }
    }

    /// Sends a packet of the tone, or of the key that is down.
    fn send(&mut self, remote: SocketAddr, digits: &mut VecDeque<u8>) {
        let mut frame = [0; PACKET_SAMPLES as usize];
        self.tone.fill(&mut frame);
        if self.digit.is_none() {
            self.digit = digits.pop_front().map(|event| (event, self.timestamp, 0));
        }
        match self.digit.take() {
            Some(digit) => self.send_digit(remote, digit),
            None => {
                let payload = frame.map(encode_ulaw);
                self.send_packet(remote, PCMU, self.timestamp, &payload);
            }
        }
        self.timestamp = self.timestamp.wrapping_add(PACKET_SAMPLES.into());
    }

    /// RFC 4733 2.5.1: updates with the same timestamp, then the end three times.
    fn send_digit(&mut self, remote: SocketAddr, (event, began, sent): (u8, u32, u16)) {
        let marker = if sent == 0 { MARKER } else { 0 };
        let end = if sent >= DIGIT_PACKETS { 0x80 } else { 0 };
        let duration = ((sent + 1).min(DIGIT_PACKETS) * PACKET_SAMPLES).to_be_bytes();
        let payload = [event, end | 10, duration[0], duration[1]];
        self.send_packet(remote, TELEPHONE_EVENT | marker, began, &payload);
        if sent < DIGIT_PACKETS + 2 {
            self.digit = Some((event, began, sent + 1));
        }
    }

    /// RFC 3550 5.1.
    fn send_packet(&mut self, remote: SocketAddr, kind: u8, timestamp: u32, payload: &[u8]) {
        const VERSION_2: u8 = 0x80;
        let mut packet = vec![VERSION_2, kind];
        packet.extend(self.sequence.to_be_bytes());
        packet.extend(timestamp.to_be_bytes());
        packet.extend(self.ssrc.to_be_bytes());
        packet.extend(payload);
        self.sequence = self.sequence.wrapping_add(1);
        // A server that is gone refuses; its test finds out by other means.
        let _ = self.socket.send_to(&packet, remote);
    }
}

fn receive(packet: &[u8], shared: &Shared) {
    let Some((header, payload)) = packet.split_at_checked(HEADER_LEN) else {
        return;
    };
    if header[1] & !MARKER != PCMU {
        return;
    }
    let mut state = shared.lock();
    state.packets += 1;
    state.last_packet = Some(Instant::now());
    state.heard.extend(payload.iter().copied().map(decode_ulaw));
    shared.news.notify_all();
}
