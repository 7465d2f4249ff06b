//! The audio of all callers, slice by slice.

use std::io;
use std::net::IpAddr;
use std::time::Duration;

use anyhow::Context;
use plenum_rtp::{RtpPacket, looks_like_rtcp};

use super::caller::{Caller, PACKET_MAX, judged};
use super::clock::LoadClock;
use super::delay::{Probe, begins, sounds};
use super::distribution::Distribution;
use super::judge::{Ear, Expectation, HearingTally, Tones};
use super::options::LoadOptions;
use super::probes::{ProbePlan, ProbeRole};
use super::reception::ReceptionTally;
use super::sockets::{Intake, PhoneSockets};
use super::tones::{FRAME, POOL, ToneBank, Word};

/// Slices of a packet time, among which the callers are spread.
pub(super) const PHASES: usize = 4;

/// The length of a slice.
pub(super) const SLICE: Duration = Duration::from_millis(5);

/// The time between two packets of a stream.
pub(super) const PACKET_TIME: Duration = Duration::from_millis(20);

/// Turns of a caller between two windows: one a second is judged.
const WINDOW_TURNS: u64 = 50;

/// Turns between two looks at the RTCP port.
const RTCP_TURNS: u64 = 250;

/// Packets that one caller reads in one turn at most.
const READS_MAX: usize = 8;

/// All callers, and what they share.
pub(super) struct Media {
    pub(super) callers: Vec<Caller>,
    desk: Desk,
}

/// What the callers share.
struct Desk {
    tones: ToneBank,
    ear: Ear,
    /// Those of one room stand together.
    probes: Vec<Probe>,
    probes_per_room: usize,
    /// Talkers of a room that send the probe in turn.
    probe_senders: u64,
    delays: Distribution,
    intake: Intake,
    packet: [u8; PACKET_MAX],
    is_judging: bool,
    sent: u64,
    refused: u64,
    send_errors: u64,
    dropped: u64,
}

/// What all streams together came to.
#[derive(Clone, Debug)]
pub(super) struct MediaOutcome {
    pub(super) sent: u64,
    /// Packets that found the port of the server closed.
    pub(super) refused: u64,
    pub(super) send_errors: u64,
    pub(super) dropped: u64,
    pub(super) reception: ReceptionTally,
    pub(super) hearing: HearingTally,
    /// Callers of whom not even half of the windows were good.
    pub(super) deaf: u64,
    pub(super) delays: Distribution,
}

impl Media {
    /// Seats the callers and binds their sockets.
    pub(super) fn new(options: &LoadOptions, local: IpAddr) -> anyhow::Result<Self> {
        let talkers = options.talkers();
        let tones = ToneBank::new(options.codec.codec(), talkers);
        let rooms = options.rooms as usize;
        let participants = options.participants as usize;
        let plan = ProbePlan::new(rooms, participants, talkers);
        let seats = (0..rooms).flat_map(|room| (0..participants).map(move |seat| (room, seat)));
        let callers: io::Result<Vec<Caller>> = seats
            .map(|(room, seat)| {
                let sockets = PhoneSockets::bind(local)?;
                let tone = (seat < talkers).then(|| (room * talkers + seat) % POOL);
                Ok(Caller::new(
                    (room, tone),
                    plan.role(room, seat),
                    sockets,
                    options.late_after(),
                ))
            })
            .collect();
        let callers = callers.context(
            "a port pair for each caller: raise the limit of open files (ulimit -n) or load less",
        )?;
        let desk = Desk {
            probes: (0..plan.probes())
                .map(|_| Probe::new(tones.amplitude))
                .collect(),
            probes_per_room: plan.listeners,
            probe_senders: plan.senders as u64,
            tones,
            ear: Ear::new(),
            delays: Distribution::new(),
            intake: Intake::new(),
            packet: [0; PACKET_MAX],
            is_judging: false,
            sent: 0,
            refused: 0,
            send_errors: 0,
            dropped: 0,
        };
        Ok(Self { callers, desk })
    }

    /// Sends and receives for the callers whose turn it is.
    pub(super) fn turn(&mut self, slice: u64, clock: &LoadClock) {
        let phase = slice as usize % PHASES;
        let beat = slice / PHASES as u64;
        for (index, caller) in self
            .callers
            .iter_mut()
            .enumerate()
            .skip(phase)
            .step_by(PHASES)
        {
            let turn = beat + (index / PHASES) as u64;
            if caller.voice.is_none() {
                if turn.is_multiple_of(WINDOW_TURNS) {
                    caller.sockets.drain();
                }
                continue;
            }
            self.desk.send(caller, beat, clock);
            self.desk.receive(caller, clock);
            if self.desk.is_judging && turn.is_multiple_of(WINDOW_TURNS) {
                caller
                    .window
                    .open()
                    .into_iter()
                    .for_each(|gap| caller.hearing.record(gap));
            }
            if turn.is_multiple_of(RTCP_TURNS) {
                caller.sockets.drain_rtcp();
            }
        }
    }

    /// Judges from here on, by who is in the rooms at this moment.
    pub(super) fn begin_judging(&mut self) {
        let rooms = self.callers.last().map_or(0, |last| last.room + 1);
        let mut heard = vec![Tones::default(); rooms];
        for caller in self.callers.iter().filter(|caller| caller.voice.is_some()) {
            if let Some(tone) = caller.tone {
                heard[caller.room] = heard[caller.room].with(tone);
            }
        }
        for caller in &mut self.callers {
            let all = heard[caller.room];
            let others = caller.tone.map_or(all, |tone| all.without(tone));
            caller.expectation = Expectation {
                others,
                own: caller.tone,
            };
            caller.reception.restart();
        }
        self.desk.is_judging = true;
        (self.desk.sent, self.desk.refused) = (0, 0);
        (self.desk.send_errors, self.desk.dropped) = (0, 0);
    }

    /// Stops judging; returns what came of `span`.
    pub(super) fn end_judging(&mut self, span: Duration) -> MediaOutcome {
        self.desk.is_judging = false;
        let mut outcome = MediaOutcome {
            sent: self.desk.sent,
            refused: self.desk.refused,
            send_errors: self.desk.send_errors,
            dropped: self.desk.dropped,
            reception: ReceptionTally::default(),
            hearing: HearingTally::default(),
            deaf: 0,
            delays: self.desk.delays.clone(),
        };
        for caller in &mut self.callers {
            caller.window.close();
            if caller.voice.is_none() {
                continue;
            }
            let tally = caller.reception.tally(span, PACKET_TIME);
            outcome.reception.add(&tally);
            outcome.hearing.add(&caller.hearing);
            outcome.deaf += u64::from(caller.hearing.good * 2 <= caller.hearing.total());
        }
        outcome
    }
}

impl Desk {
    fn send(&mut self, caller: &mut Caller, beat: u64, clock: &LoadClock) {
        let Some(voice) = &mut caller.voice else {
            return;
        };
        let word = match (caller.tone, caller.probe) {
            (None, _) => Word::Silence,
            (Some(tone), ProbeRole::Sends { room, seat })
                if sounds(staggered(beat, room), seat as u64, self.probe_senders) =>
            {
                if begins(staggered(beat, room)) {
                    let now = clock.now();
                    let of_room = self.probes.chunks_exact_mut(self.probes_per_room.max(1));
                    let of_room = of_room.skip(room).take(1).flatten();
                    of_room.for_each(|probe| probe.sent(now));
                }
                Word::ToneAndProbe(tone)
            }
            (Some(tone), _) => Word::Tone(tone),
        };
        let len = voice.write(word, &self.tones, &mut self.packet);
        self.sent += 1;
        if let Err(error) = caller.sockets.rtp.send(&self.packet[..len]) {
            self.note(&error);
        }
    }

    /// An ICMP error about a packet comes with the next call on its socket.
    fn note(&mut self, error: &io::Error) {
        let count = match error.kind() {
            io::ErrorKind::ConnectionRefused => &mut self.refused,
            _ => &mut self.send_errors,
        };
        *count += 1;
    }

    fn receive(&mut self, caller: &mut Caller, clock: &LoadClock) {
        let Some(hears) = caller.voice.as_ref().map(|voice| voice.hears) else {
            return;
        };
        for _ in 0..READS_MAX {
            let datagram = match self.intake.read(&caller.sockets.rtp, clock) {
                Ok(Some(datagram)) => datagram,
                Ok(None) => return,
                Err(error) => {
                    self.note(&error);
                    continue;
                }
            };
            let fresh = datagram.dropped.saturating_sub(caller.dropped);
            (caller.dropped, self.dropped) = (datagram.dropped, self.dropped + u64::from(fresh));
            if looks_like_rtcp(datagram.bytes) {
                continue;
            }
            let Ok(packet) = RtpPacket::parse(datagram.bytes) else {
                continue;
            };
            let Some(skipped) = caller.reception.receive(&packet.header, datagram.arrival) else {
                continue;
            };
            if packet.header.payload_type.value() != hears {
                continue;
            }
            if let ProbeRole::Hears(probe) = caller.probe {
                let mut samples = [0; 2 * FRAME];
                let count = self.tones.codec.decode(packet.payload, &mut samples);
                let (timestamp, samples) = (packet.header.timestamp.0, &samples[..count]);
                let delay = self.probes[probe].receive(timestamp, samples, datagram.arrival);
                if let Some(delay) = delay.filter(|_| self.is_judging) {
                    self.delays.record(delay);
                }
            }
            if caller.window.is_open() {
                let judge = judged(&self.ear, caller.expectation, self.tones.amplitude);
                let codec = self.tones.codec;
                let verdict = caller.window.receive(skipped, codec, packet.payload, judge);
                verdict
                    .into_iter()
                    .for_each(|heard| caller.hearing.record(heard));
            }
        }
    }
}

/// The frame of a probe: rooms begin at different times.
const fn staggered(beat: u64, room: usize) -> u64 {
    beat + 7 * room as u64
}
