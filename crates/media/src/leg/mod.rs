//! One media leg: the RTP streams of one call, both ways.

mod digits;
mod intake;
mod remote;
mod reports;
mod sender;
#[cfg(test)]
mod tests;
mod volume;

use alloc::collections::VecDeque;

use plenum_codecs::Codec;
use plenum_rtp::RtpPacket;
use plenum_time::Instant;
use smallvec::SmallVec;

use crate::audio::Audio;
use crate::command::{LegId, MediaNotice, PortId, StreamIdentity, StreamSetup};
use crate::config::ShardConfig;
use crate::limiter::Limiter;
use crate::mix;
use crate::moment::Moment;
use crate::notices::Notices;
use crate::stats::LegStats;
use crate::talk::TalkDetector;
use crate::time::{FRAME, PHASES, TICK};
pub(crate) use intake::{Decoded, Intake, Taken};
pub(crate) use remote::{ADOPT_PACKETS, REBIND_PACKETS, Remote};
pub(crate) use reports::{Report, Reports, reporter};
pub(crate) use sender::{Frame, Sender};
use volume::Volume;

/// A-law has no zero: its idle pattern decodes to this magnitude and is nothing to say.
const IDLE_PEAK: u16 = 8;

/// What a leg is connected to, by place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Place {
    /// Nothing: hears and says nothing.
    Nothing,
    /// The mixer in this slot.
    Mixer(u32),
    /// Itself.
    Echo,
}

/// One leg with all its state.
#[derive(Debug)]
pub(crate) struct Leg {
    pub(crate) id: LegId,
    pub(crate) port: PortId,
    pub(crate) place: Place,
    pub(crate) phase: u8,
    pub(crate) talk: bool,
    pub(crate) hear: bool,
    pub(crate) remote: Remote,
    pub(crate) intake: Intake,
    pub(crate) sender: Sender,
    pub(crate) reports: Reports,
    pub(crate) talking: TalkDetector,
    pub(crate) limiter: Limiter,
    /// How loud it hears.
    pub(crate) listening: Volume,
    /// How loud it is heard.
    pub(crate) speaking: Volume,
    pub(crate) playbacks: VecDeque<u32>,
    pub(crate) recordings: SmallVec<[u32; 2]>,
    /// What this leg said in the tick under way.
    pub(crate) said: Said,
    slice: Option<u64>,
    next_tick: Instant,
}

/// What a leg contributes to the tick under way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Said {
    /// It has no turn in this slice.
    NoTurn,
    /// Nothing that anybody hears.
    Nothing,
    /// The frame at this index.
    Frame(usize),
}

impl Leg {
    pub(crate) fn new(
        now: Instant,
        (id, port, phase): (LegId, PortId, u8),
        identity: StreamIdentity,
        config: &ShardConfig,
    ) -> Self {
        Self {
            id,
            port,
            place: Place::Nothing,
            phase,
            talk: true,
            hear: true,
            remote: Remote::default(),
            intake: Intake::new(now, &config.jitter),
            sender: Sender::new(identity),
            reports: Reports::default(),
            talking: TalkDetector::new(config.talk),
            limiter: Limiter::new(),
            listening: Volume::default(),
            speaking: Volume::default(),
            playbacks: VecDeque::new(),
            recordings: SmallVec::new(),
            said: Said::NoTurn,
            slice: None,
            next_tick: now,
        }
    }

    /// Applies the outcome of an offer and answer.
    pub(crate) fn set_stream(&mut self, now: Instant, setup: StreamSetup) {
        self.remote
            .announce(setup.remote, setup.remote_rtcp, setup.rtcp_mux);
        self.sender.configure(&setup);
        self.intake.configure(now, setup);
    }

    /// Takes a packet that was found to be this leg's.
    pub(crate) fn receive(
        &mut self,
        now: Instant,
        packet: &RtpPacket<'_>,
        decoded: &mut Decoded,
        notices: &mut Notices,
    ) -> Taken {
        let (leg, next_tick) = (self.id, self.next_tick);
        let taken = self
            .intake
            .receive(now, next_tick, packet, decoded, |digit, duration| {
                notices.push(MediaNotice::Digit {
                    leg,
                    digit,
                    duration,
                });
            });
        if taken != Taken::Invalid && self.intake.begins_flow() {
            notices.push(MediaNotice::StreamStarted { leg });
        }
        taken
    }

    /// Starts the leg's turn in a slice; returns the frames skipped since the last, or nothing if
    /// its last turn was less than half a tick ago, because it changed its phase.
    pub(crate) fn take_turn(&mut self, at: &Moment<'_>) -> Option<u64> {
        let slices = u64::from(PHASES);
        let frames = match self.slice {
            Some(last) => (at.slice.saturating_sub(last) + slices / 2) / slices,
            None => 1,
        };
        if frames == 0 {
            self.said = Said::NoTurn;
            return None;
        }
        self.slice = Some(at.slice);
        self.next_tick = at.now + TICK;
        self.said = Said::Nothing;
        let skipped = frames - 1;
        self.sender.skip(skipped);
        Some(skipped)
    }

    /// Takes what the peer says in this tick; tells whether it is more than silence.
    pub(crate) fn listen(
        &mut self,
        skipped: u64,
        frame: &mut [i16; FRAME],
        at: &mut Moment<'_>,
        audio: &mut Audio,
    ) -> bool {
        let leg = self.id;
        self.intake.poll_digits(at.now, |digit, duration| {
            at.notices.push(MediaNotice::Digit {
                leg,
                digit,
                duration,
            });
        });
        if let Some(silence) = self.intake.fell_silent(at.now, at.stream_timeout) {
            at.notices.push(MediaNotice::StreamSilent { leg, silence });
        }
        let loudness = self.intake.play(frame).then(|| mix::loudness(frame));
        let audible = loudness.is_some_and(|loudness| loudness.peak > IDLE_PEAK);
        self.follow_talk(loudness.as_ref(), at.notices);
        if !self.recordings.is_empty() {
            let heard = audible.then_some(&*frame);
            audio.record(&self.recordings, heard, skipped, at.notices);
        }
        if audible {
            self.speaking.apply(frame);
        }
        audible
    }

    /// Tells whether frames for this leg leave, so that making them is worth while.
    pub(crate) fn sends(&self) -> bool {
        self.sender.sends()
    }

    /// Returns the codec that the leg sends with.
    pub(crate) fn codec(&self) -> Codec {
        self.sender.codec()
    }

    /// Sends a frame, or lets its time pass; then reports if a report is due.
    pub(crate) fn say(&mut self, frame: Option<Frame<'_>>, at: &mut Moment<'_>) {
        let to = self.remote.sends_to().map(|to| (self.port, to));
        let mut changed = [0; FRAME];
        let frame = frame.map(|frame| self.at_volume(frame, &mut changed));
        at.counters.packets_sent += self.sender.send(frame, to, at.out);
        self.report(at);
    }

    /// Makes a frame as loud as the peer wants to hear it.
    ///
    /// Nobody whose volume is changed gets a frame that others share.
    fn at_volume<'f>(&mut self, frame: Frame<'f>, changed: &'f mut [i16; FRAME]) -> Frame<'f> {
        match frame {
            Frame::Samples(samples) if self.listening.is_changed() => {
                *changed = *samples;
                self.listening.apply(changed);
                Frame::Samples(changed)
            }
            frame => frame,
        }
    }

    /// Returns the figures of the leg.
    pub(crate) fn stats(&self) -> LegStats {
        let mut stats = LegStats {
            remote: self.remote.sends_to(),
            ..LegStats::default()
        };
        self.intake.stats(&mut stats);
        self.sender.stats(&mut stats);
        self.reports.stats(&mut stats);
        stats
    }

    fn follow_talk(&mut self, loudness: Option<&mix::Loudness>, notices: &mut Notices) {
        let silence = mix::Loudness {
            sum: 0,
            peak: 0,
            len: FRAME as u32,
        };
        let change = if self.talk {
            self.talking.hear(loudness.unwrap_or(&silence))
        } else {
            self.talking.stop()
        };
        if let Some(talking) = change {
            notices.push(MediaNotice::Talking {
                leg: self.id,
                talking,
            });
        }
    }
}
