//! One caller: what it sends and what it makes of what it receives.

use std::net::SocketAddr;
use std::time::Duration;

use plenum_codecs::Codec;
use plenum_rtp::{PayloadType, RtpHeader, RtpTimestamp, SequenceNumber, Ssrc};
use plenum_sdp::Negotiated;

use super::judge::{Ear, Expectation, Hearing, HearingTally};
use super::probes::ProbeRole;
use super::reception::Reception;
use super::sockets::PhoneSockets;
use super::tones::{FRAME, ToneBank, WINDOW, Word};

/// The longest packet that is sent: L16.
pub(super) const PACKET_MAX: usize = RtpHeader::LEN + 2 * FRAME;

/// One caller in a room.
pub(super) struct Caller {
    pub(super) room: usize,
    /// The tone it talks with, if it talks.
    pub(super) tone: Option<usize>,
    /// The probe that it sends or listens to.
    pub(super) probe: ProbeRole,
    pub(super) sockets: PhoneSockets,
    pub(super) voice: Option<Voice>,
    pub(super) reception: Reception,
    pub(super) window: Window,
    /// Datagrams that the kernel has dropped on its socket.
    pub(super) dropped: u32,
    pub(super) hearing: HearingTally,
    pub(super) expectation: Expectation,
}

impl Caller {
    pub(super) fn new(
        (room, tone): (usize, Option<usize>),
        probe: ProbeRole,
        sockets: PhoneSockets,
        late_after: Duration,
    ) -> Self {
        Self {
            room,
            tone,
            probe,
            sockets,
            voice: None,
            reception: Reception::new(late_after),
            window: Window::new(),
            dropped: 0,
            hearing: HearingTally::default(),
            expectation: Expectation::default(),
        }
    }

    /// Begins to send where the server listens.
    ///
    /// # Errors
    ///
    /// What the kernel says, such as that no route leads there.
    pub(super) fn begin(&mut self, media: &Negotiated, ssrc: u32) -> Result<(), String> {
        let remote = media.remote.ok_or("the answer has no address for audio")?;
        let sends = PayloadType::new(media.format.payload_type);
        let sends = sends.ok_or("the answer has a payload type that RTP cannot carry")?;
        self.connect(remote)?;
        let hears = media
            .receive_formats
            .first()
            .map_or(sends.value(), |first| first.payload_type);
        self.voice = Some(Voice::new(sends, hears, Ssrc(ssrc)));
        Ok(())
    }

    fn connect(&self, remote: SocketAddr) -> Result<(), String> {
        self.sockets
            .rtp
            .connect(remote)
            .map_err(|error| format!("no way to {remote}: {error}"))
    }
}

/// The stream that a caller sends.
pub(super) struct Voice {
    payload_type: PayloadType,
    /// The payload type of audio that it receives.
    pub(super) hears: u8,
    ssrc: Ssrc,
    /// Frames sent.
    frame: u64,
}

impl Voice {
    fn new(payload_type: PayloadType, hears: u8, ssrc: Ssrc) -> Self {
        Self {
            payload_type,
            hears,
            ssrc,
            frame: 0,
        }
    }

    /// Writes the next packet; returns its length.
    pub(super) fn write(
        &mut self,
        word: Word,
        tones: &ToneBank,
        out: &mut [u8; PACKET_MAX],
    ) -> usize {
        let header = RtpHeader {
            marker: self.frame == 0,
            payload_type: self.payload_type,
            sequence: SequenceNumber(self.frame as u16),
            timestamp: RtpTimestamp((self.frame as u32).wrapping_mul(FRAME as u32)),
            ssrc: self.ssrc,
        };
        let payload = tones.payload(word, self.frame);
        let start = header.write(out);
        let end = start + payload.len();
        out[start..end].copy_from_slice(payload);
        self.frame += 1;
        end
    }
}

/// A stretch of received audio that is judged when it is full.
pub(super) struct Window {
    samples: Box<[i16; WINDOW]>,
    filled: usize,
    is_open: bool,
}

impl Window {
    fn new() -> Self {
        Self {
            samples: Box::new([0; WINDOW]),
            filled: 0,
            is_open: false,
        }
    }

    /// Begins to listen. What was not complete by then had a gap.
    pub(super) fn open(&mut self) -> Option<Hearing> {
        let was_open = std::mem::replace(&mut self.is_open, true);
        self.filled = 0;
        was_open.then_some(Hearing::Gap)
    }

    pub(super) fn close(&mut self) {
        self.is_open = false;
    }

    pub(super) const fn is_open(&self) -> bool {
        self.is_open
    }

    /// Takes the payload of a packet that came behind `skipped` missing ones; returns the verdict
    /// once there is one.
    pub(super) fn receive(
        &mut self,
        skipped: u16,
        codec: Codec,
        payload: &[u8],
        judge: impl FnOnce(&[i16; WINDOW]) -> Hearing,
    ) -> Option<Hearing> {
        if skipped > 0 && self.filled > 0 {
            self.is_open = false;
            return Some(Hearing::Gap);
        }
        self.filled += codec.decode(payload, &mut self.samples[self.filled..]);
        if self.filled < WINDOW {
            return None;
        }
        self.is_open = false;
        Some(judge(&self.samples))
    }
}

/// Judges a full window against what a caller must hear.
pub(super) fn judged<'a>(
    ear: &'a Ear,
    expectation: Expectation,
    spoken: f32,
) -> impl FnOnce(&[i16; WINDOW]) -> Hearing + 'a {
    move |window| ear.judge(window, expectation, spoken)
}

#[cfg(test)]
mod tests {
    use plenum_rtp::RtpPacket;

    use super::*;
    use crate::load::judge::Tones;

    fn listen(packets: &[(u64, u16)]) -> Vec<Option<Hearing>> {
        let tones = ToneBank::new(Codec::Pcma, 4);
        let ear = Ear::new();
        let expectation = Expectation {
            others: Tones::default().with(2),
            own: Some(1),
        };
        let mut window = Window::new();
        assert_eq!(window.open(), None);
        let mut receive = |&(frame, skipped): &(u64, u16)| {
            let payload = tones.payload(Word::Tone(2), frame);
            let judge = judged(&ear, expectation, tones.amplitude);
            window.receive(skipped, Codec::Pcma, payload, judge)
        };
        packets.iter().map(&mut receive).collect()
    }

    #[test]
    fn five_packets_in_a_row_are_a_window() {
        let heard = listen(&[(7, 3), (8, 0), (9, 0), (10, 0), (11, 0)]);
        assert_eq!(heard, [None, None, None, None, Some(Hearing::Good)]);
    }

    #[test]
    fn a_window_with_a_gap_is_bad() {
        assert_eq!(
            listen(&[(7, 0), (8, 0), (10, 1)]),
            [None, None, Some(Hearing::Gap)]
        );
        let mut window = Window::new();
        assert_eq!((window.open(), window.open()), (None, Some(Hearing::Gap)));
    }

    #[test]
    fn a_voice_counts_its_packets() {
        let tones = ToneBank::new(Codec::L16, 1);
        let mut voice = Voice::new(PayloadType::PCMU, 0, Ssrc(9));
        let mut out = [0; PACKET_MAX];
        for frame in 0..3u16 {
            let len = voice.write(Word::Tone(0), &tones, &mut out);
            let packet = RtpPacket::parse(&out[..len]).unwrap();
            assert_eq!(packet.header.marker, frame == 0);
            assert_eq!(packet.header.sequence, SequenceNumber(frame));
            assert_eq!(
                packet.header.timestamp,
                RtpTimestamp(u32::from(frame) * 160)
            );
            assert_eq!(packet.payload, tones.payload(Word::Tone(0), frame.into()));
        }
    }
}
