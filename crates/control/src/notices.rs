//! What the shards report.

use plenum_media::{LegId, LegStats, MediaNotice};
use plenum_switch::LegEvent;

use crate::ShardId;
use crate::control::{Control, ControlOutbox};
use crate::effects::missing_audio;
use crate::inbound::explanation;
use crate::leg::{LegKey, LegState};
use plenum_sip_msg::StatusCode;
use plenum_switch::Cause;
use plenum_time::Instant;

impl Control {
    pub(crate) fn media_notice(
        &mut self,
        now: Instant,
        shard: ShardId,
        notice: MediaNotice,
        out: &mut ControlOutbox,
    ) {
        match notice {
            MediaNotice::Digit {
                leg,
                digit,
                duration,
            } => {
                self.report(LegKey::of(leg), LegEvent::Digit { digit, duration });
            }
            MediaNotice::Talking { leg, talking } => {
                self.report(LegKey::of(leg), LegEvent::Talking(talking));
            }
            MediaNotice::StreamStarted { leg } => {
                if let Some(table) = self.ports.get_mut(&shard) {
                    table.latch(leg);
                }
            }
            MediaNotice::RemoteLearned { leg, remote } => {
                if let Some(table) = self.ports.get_mut(&shard) {
                    table.learn(leg, remote);
                }
            }
            MediaNotice::StreamSilent { leg, silence } => {
                self.stream_silent(leg, silence.as_secs());
            }
            MediaNotice::PlaybackEnded { playback, end, .. } => {
                self.playback_ended(playback, end);
            }
            MediaNotice::RecordingFilled { recording, buffer } => {
                self.recording_filled(recording, buffer, out);
            }
            MediaNotice::RecordingEnded {
                recording, last, ..
            } => {
                self.recording_ended(recording, last, out);
            }
            MediaNotice::LegRemoved { leg, stats } => self.leg_removed(now, shard, leg, &stats),
            MediaNotice::Refused { reason } => {
                self.counters.media_refused += 1;
                self.counters.media_refusal = Some(reason);
            }
            _ => {}
        }
    }

    fn stream_silent(&mut self, leg: LegId, seconds: u64) {
        let key = LegKey::of(leg);
        let negotiated = self.legs.get(key).and_then(|leg| leg.offers.current());
        let remote = negotiated.and_then(|negotiated| negotiated.remote);
        self.report(key, LegEvent::AudioMissing(missing_audio(remote, seconds)));
    }

    fn leg_removed(&mut self, now: Instant, shard: ShardId, leg: LegId, stats: &LegStats) {
        self.counters.packets_received += stats.packets_received;
        self.counters.packets_lost += stats.packets_lost;
        self.counters.packets_late += stats.packets_late;
        if let Some(gone) = self.legs.get_mut(LegKey::of(leg))
            && gone.state != LegState::Ended
        {
            return self.media_lost(now, LegKey::of(leg));
        }
        self.legs.remove(LegKey::of(leg));
        if let Some(table) = self.ports.get_mut(&shard) {
            table.release(leg);
        }
    }

    /// The shard gave up a leg whose call goes on, for want of room or after a fault: the call
    /// ends, and with it the place is given back.
    fn media_lost(&mut self, now: Instant, key: LegKey) {
        let leg = &mut self.legs[key];
        leg.cause = Some(Cause(38));
        let (call, state) = (leg.call, leg.state);
        let headers = explanation("the audio of this call failed on the server; call again");
        let ended = match state {
            LegState::Offered => self.ua.reject(
                now,
                call,
                StatusCode::SERVER_INTERNAL_ERROR,
                &headers,
                &mut self.ua_out,
            ),
            LegState::Up | LegState::Ended => {
                self.ua.hang_up(now, call, &headers, &mut self.ua_out)
            }
        };
        // A call that the peer has ended at the same moment reports its end by itself.
        drop(ended);
    }
}
