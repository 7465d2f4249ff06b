//! One slice of a tick: listen, mix, say.

use plenum_time::Instant;

use super::Shard;
use super::mixer::{Mixer, Scratch};
use crate::audio::Audio;
use crate::command::LegId;
use crate::leg::{Frame, Leg, Place, Said};
use crate::mix;
use crate::moment::Moment;
use crate::notices::Notices;
use crate::outbox::PacketOutbox;
use crate::registry::Registry;
use crate::time::{FRAME, PHASES};

const SILENCE: [i16; FRAME] = [0; FRAME];

impl Shard {
    /// Runs one phase of one tick: plays, mixes and writes the packets that are due.
    ///
    /// `tick` numbers the 20 ms grid and grows with it; a driver that is late skips numbers. A
    /// `phase` of [`PHASES`](crate::PHASES) or more does nothing.
    pub fn tick(
        &mut self,
        now: Instant,
        tick: u64,
        phase: u8,
        out: &mut PacketOutbox,
        notices: &mut Notices,
    ) {
        if phase >= PHASES {
            return;
        }
        self.count_tick(tick);
        for farewell in self.farewells.drain(..) {
            farewell.write(&self.config.cname, true, out);
            self.counters.rtcp_sent += 1;
        }
        let wall = self.wall(now);
        let mut at = Moment {
            now,
            slice: tick
                .saturating_mul(u64::from(PHASES))
                .saturating_add(u64::from(phase)),
            out,
            notices,
            counters: &mut self.counters,
            random: &mut self.random,
            cname: &self.config.cname,
            wall,
            stream_timeout: self.config.stream_timeout,
            suspect: &mut self.suspect,
        };
        let turn = &self.phases[usize::from(phase)];
        for &slot in &turn.mixers {
            if let Some(mixer) = self.mixers.at_mut(slot) {
                run_mixer(
                    mixer,
                    tick,
                    &mut self.legs,
                    &mut self.audio,
                    &mut self.scratch,
                    &mut at,
                );
            }
        }
        for &slot in &turn.loose {
            if let Some(leg) = self.legs.at_mut(slot) {
                *at.suspect = Some(slot);
                run_loose(leg, &mut self.audio, &mut at);
            }
        }
        self.suspect = None;
        self.counters.playbacks = self.audio.playbacks.len();
    }

    fn count_tick(&mut self, tick: u64) {
        self.counters.phases_run += 1;
        if let Some(last) = self.last_tick {
            self.counters.ticks_skipped += tick.saturating_sub(last).saturating_sub(1);
        }
        self.last_tick = Some(tick);
    }
}

/// Runs a leg that is on no mixer.
fn run_loose(leg: &mut Leg, audio: &mut Audio, at: &mut Moment<'_>) {
    let Some(skipped) = leg.take_turn(at) else {
        return;
    };
    let mut said = SILENCE;
    let audible = leg.listen(skipped, &mut said, at, audio);
    let mut played = SILENCE;
    let frame = if audio.play_queue(&mut leg.playbacks, &mut played, at.notices) {
        Some(&played)
    } else if leg.place == Place::Echo {
        Some(if audible { &said } else { &SILENCE })
    } else {
        None
    };
    leg.say(frame.map(Frame::Samples), at);
}

/// Runs a mixer with all its legs.
fn run_mixer(
    mixer: &mut Mixer,
    tick: u64,
    legs: &mut Registry<LegId, Leg>,
    audio: &mut Audio,
    scratch: &mut Scratch,
    at: &mut Moment<'_>,
) {
    scratch.sum.fill(0);
    listen_to_legs(mixer, legs, audio, scratch, at);
    *at.suspect = None;
    mix_playbacks(mixer, audio, scratch, at.notices);
    exchange(mixer, scratch, at);
    let shared = &mut scratch.shared;
    mixer.limiter.apply(&scratch.sum, &mut shared.samples);
    shared.refresh();
    let skipped = mixer
        .tick
        .map_or(0, |last| tick.saturating_sub(last).saturating_sub(1));
    mixer.tick = Some(tick);
    audio.record(
        &mixer.recordings,
        Some(&shared.samples),
        skipped,
        at.notices,
    );
    for &slot in &mixer.legs {
        if let Some(leg) = legs.at_mut(slot) {
            *at.suspect = Some(slot);
            say_to_leg(leg, mixer, audio, scratch, at);
        }
    }
}

fn listen_to_legs(
    mixer: &Mixer,
    legs: &mut Registry<LegId, Leg>,
    audio: &mut Audio,
    scratch: &mut Scratch,
    at: &mut Moment<'_>,
) {
    let mut talkers = 0;
    for &slot in &mixer.legs {
        let Some(leg) = legs.at_mut(slot) else {
            continue;
        };
        *at.suspect = Some(slot);
        let Some(skipped) = leg.take_turn(at) else {
            continue;
        };
        let Some(frame) = scratch.said.get_mut(talkers) else {
            continue;
        };
        if leg.listen(skipped, frame, at, audio) && leg.talk {
            mix::accumulate(&mut scratch.sum, frame);
            leg.said = Said::Frame(talkers);
            talkers += 1;
        }
    }
}

fn mix_playbacks(
    mixer: &mut Mixer,
    audio: &mut Audio,
    scratch: &mut Scratch,
    notices: &mut Notices,
) {
    mixer.playbacks.retain(|&slot| {
        let len = audio.play_one(slot, &mut scratch.heard, notices);
        mix::accumulate(&mut scratch.sum, &scratch.heard[..len]);
        len == FRAME
    });
}

/// Adds what mixers on other shards say, and tells each what all others say here.
fn exchange(mixer: &mut Mixer, scratch: &mut Scratch, at: &mut Moment<'_>) {
    for (_, link) in &mut mixer.links {
        if !link.hear(&mut scratch.sum) {
            at.counters.link_frames_missed += 1;
        }
    }
    for (_, link) in &mut mixer.links {
        if !link.say(&scratch.sum) {
            at.counters.link_frames_dropped += 1;
        }
    }
}

fn say_to_leg(
    leg: &mut Leg,
    mixer: &Mixer,
    audio: &mut Audio,
    scratch: &mut Scratch,
    at: &mut Moment<'_>,
) {
    if leg.said == Said::NoTurn {
        return;
    }
    let said = core::mem::replace(&mut leg.said, Said::NoTurn);
    if audio.play_queue(&mut leg.playbacks, &mut scratch.heard, at.notices) {
        leg.say(Some(Frame::Samples(&scratch.heard)), at);
        return;
    }
    if !leg.sends() {
        leg.say(None, at);
        return;
    }
    if !leg.hear {
        leg.say(Some(Frame::Samples(&SILENCE)), at);
        return;
    }
    match said {
        Said::Frame(index) => {
            mix::subtract(&scratch.sum, &scratch.said[index], &mut scratch.minus);
            leg.limiter.apply(&scratch.minus, &mut scratch.heard);
            leg.say(Some(Frame::Samples(&scratch.heard)), at);
        }
        Said::Nothing | Said::NoTurn => {
            leg.limiter = mixer.limiter;
            if leg.listening.is_changed() {
                leg.say(Some(Frame::Samples(&scratch.shared.samples)), at);
            } else {
                say_shared(leg, scratch, at);
            }
        }
    }
}

fn say_shared(leg: &mut Leg, scratch: &mut Scratch, at: &mut Moment<'_>) {
    match scratch.shared.encoded(leg.codec()) {
        Some((bytes, reused)) => {
            at.counters.encodings_shared += u64::from(reused);
            leg.say(Some(Frame::Encoded(bytes)), at);
        }
        None => leg.say(Some(Frame::Samples(&scratch.shared.samples)), at),
    }
}
