//! Carrying out what the switch asks for.

use alloc::string::{String, ToString};
use core::time::Duration;

use bytes::Bytes;
use plenum_media::{MediaCommand, Patch, Target};
use plenum_sip_msg::{HeaderName, Reason, StatusCode};
use plenum_sip_ua::{Body, ExtraHeaders, Reliability};
use plenum_switch::{
    AudioTarget, Cause, ChannelKey, Connection, Effect, LegEvent, PlaybackOutcome,
};
use plenum_time::Instant;

use crate::causes::refusal_status;
use crate::control::{Control, ControlOutbox};
use crate::inbound::explanation;
use crate::leg::{LegKey, LegState, local_media};
use crate::{Output, ShardId};

/// How long a key lasts that is sent on from another call.
const DIGIT_TONE: Duration = Duration::from_millis(100);
/// The pause behind it.
const DIGIT_GAP: Duration = Duration::from_millis(50);

impl Control {
    pub(crate) fn effect(&mut self, now: Instant, effect: Effect, out: &mut ControlOutbox) {
        match effect {
            Effect::Ring { channel } => self.ring(now, channel),
            Effect::Progress { channel } => self.progress(now, channel),
            Effect::Answer { channel } => self.answer(now, channel),
            Effect::HangUp {
                channel,
                cause,
                why,
            } => self.hang_up(now, channel, cause, &why),
            Effect::CreateBridge { bridge } => self.bridges.create(bridge),
            Effect::DestroyBridge { bridge } => self.bridges.destroy(bridge, out),
            Effect::Connect { channel, to } => self.connect(channel, to, out),
            Effect::Gate {
                channel,
                talk,
                hear,
            } => {
                self.command_leg(channel, out, |leg| MediaCommand::Gate { leg, talk, hear });
            }
            Effect::Volume {
                channel,
                listening,
                talking,
            } => self.command_leg(channel, out, |leg| MediaCommand::Volume {
                leg,
                listening_db: listening.0,
                talking_db: talking.0,
            }),
            Effect::SendDigit { channel, digit } => {
                self.command_leg(channel, out, |leg| MediaCommand::SendDigits {
                    leg,
                    digits: alloc::vec![digit],
                    tone: DIGIT_TONE,
                    gap: DIGIT_GAP,
                });
            }
            Effect::Play {
                playback,
                target,
                sound,
            } => match self.audio_target(target, out) {
                Some(target) => self.play(playback, target, sound, out),
                None => self.playback_over(playback, PlaybackOutcome::Stopped),
            },
            Effect::StopPlay { playback } => self.stop_play(playback, out),
            Effect::Record {
                recording,
                target,
                file,
            } => match self.audio_target(target, out) {
                Some(target) => self.record(recording, target, file, out),
                None => {
                    self.recording_over(recording, Err("the call is over".to_string()));
                }
            },
            Effect::StopRecord { recording } => self.stop_record(recording, out),
            _ => {}
        }
    }

    fn leg_for(&self, channel: ChannelKey) -> Option<LegKey> {
        self.leg_of_channel.get(&channel).copied()
    }

    fn ring(&mut self, now: Instant, channel: ChannelKey) {
        let Some(leg) = self.leg_for(channel).map(|key| &self.legs[key]) else {
            return;
        };
        let rung = self.ua.provisional(
            now,
            leg.call,
            StatusCode::RINGING,
            None,
            Reliability::Unreliable,
            &mut self.ua_out,
        );
        // A call that is answered or over meanwhile rings no more.
        drop(rung);
    }

    fn progress(&mut self, now: Instant, channel: ChannelKey) {
        let Some(leg) = self.leg_for(channel).map(|key| &self.legs[key]) else {
            return;
        };
        let body = leg.answer.clone().map(Body::sdp);
        let status = StatusCode::SESSION_PROGRESS;
        let told = self.ua.provisional(
            now,
            leg.call,
            status,
            body,
            Reliability::Unreliable,
            &mut self.ua_out,
        );
        drop(told);
    }

    fn answer(&mut self, now: Instant, channel: ChannelKey) {
        let Some(key) = self.leg_for(channel) else {
            return;
        };
        let leg = &mut self.legs[key];
        if leg.state == LegState::Offered {
            let body = match leg.answer.take() {
                Some(answer) => Ok(answer),
                None => {
                    let local = local_media(leg.addresses, leg.place);
                    leg.offers.local_offer(&local)
                }
            };
            let body = body.expect("the first offer of a session always has our codecs");
            let body = Some(Body::sdp(Bytes::from(body)));
            let headers = ExtraHeaders::none();
            let call = leg.call;
            if self
                .ua
                .accept(now, call, None, &headers, body, &mut self.ua_out)
                .is_err()
            {
                return;
            }
            self.legs[key].state = LegState::Up;
            self.counters.calls_answered += 1;
        }
        self.report(key, LegEvent::Answered);
    }

    fn hang_up(&mut self, now: Instant, channel: ChannelKey, cause: Cause, why: &str) {
        let Some(key) = self.leg_for(channel) else {
            return;
        };
        let leg = &mut self.legs[key];
        leg.cause = Some(cause);
        let mut headers = explanation(why);
        let reason = Reason::q850(u16::from(cause.0), cause.text());
        headers.push(HeaderName::Reason, reason.to_string());
        let (call, state) = (leg.call, leg.state);
        let ended = match state {
            LegState::Offered => {
                self.ua
                    .reject(now, call, refusal_status(cause), &headers, &mut self.ua_out)
            }
            LegState::Up => self.ua.hang_up(now, call, &headers, &mut self.ua_out),
            LegState::Ended => Ok(()),
        };
        // A call that the peer has ended at the same moment reports its end by itself.
        drop(ended);
    }

    fn connect(&mut self, channel: ChannelKey, to: Connection, out: &mut ControlOutbox) {
        let Some(key) = self.leg_for(channel) else {
            return;
        };
        let shard = self.legs[key].shard;
        if !matches!(to, Connection::Bridge(_)) {
            self.bridges.leave(key, out);
        }
        let to = match to {
            Connection::Nothing => Patch::Nothing,
            Connection::Echo => Patch::Echo,
            Connection::Bridge(bridge) => self
                .bridges
                .join(key, bridge, shard, out)
                .map_or(Patch::Nothing, Patch::Mixer),
        };
        let command = MediaCommand::Connect { leg: key.id(), to };
        out.push(Output::Media { shard, command });
    }

    fn command_leg(
        &mut self,
        channel: ChannelKey,
        out: &mut ControlOutbox,
        command: impl FnOnce(plenum_media::LegId) -> MediaCommand,
    ) {
        let Some(key) = self.leg_for(channel) else {
            return;
        };
        out.push(Output::Media {
            shard: self.legs[key].shard,
            command: command(key.id()),
        });
    }

    fn audio_target(
        &mut self,
        target: AudioTarget,
        out: &mut ControlOutbox,
    ) -> Option<(ShardId, Target)> {
        match target {
            AudioTarget::Channel(channel) => {
                let key = self.leg_for(channel)?;
                Some((self.legs[key].shard, Target::Leg(key.id())))
            }
            AudioTarget::Bridge(bridge) => {
                let (shard, mixer) = self.bridges.home(bridge, ShardId(0), out)?;
                Some((shard, Target::Mixer(mixer)))
            }
        }
    }
}

/// Names a suspected cause for audio that does not arrive.
pub(crate) fn missing_audio(remote: Option<core::net::SocketAddr>, seconds: u64) -> String {
    match remote {
        None => alloc::format!(
            "no audio for {seconds} s; the peer's session description names no address that \
             audio could come from"
        ),
        Some(remote) if is_private(remote.ip()) => alloc::format!(
            "no audio for {seconds} s; the peer announced {remote}, a private address: it is \
             behind NAT, or our own [rtp] advertise is not reachable for it"
        ),
        Some(remote) => alloc::format!(
            "no audio for {seconds} s from {remote}; a firewall between us may drop UDP, or our \
             own [rtp] advertise is not reachable for the peer"
        ),
    }
}

fn is_private(address: core::net::IpAddr) -> bool {
    match address {
        core::net::IpAddr::V4(v4) => v4.is_private() || v4.is_link_local(),
        core::net::IpAddr::V6(v6) => (v6.segments()[0] & 0xfe00) == 0xfc00,
    }
}
