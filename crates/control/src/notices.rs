//! What the shards report.

use plenum_media::{LegId, LegStats, MediaNotice};
use plenum_switch::LegEvent;

use crate::ShardId;
use crate::control::{Control, ControlOutbox};
use crate::effects::missing_audio;
use crate::leg::LegKey;

impl Control {
    pub(crate) fn media_notice(
        &mut self,
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
            MediaNotice::LegRemoved { leg, stats } => self.leg_removed(shard, leg, &stats),
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

    fn leg_removed(&mut self, shard: ShardId, leg: LegId, stats: &LegStats) {
        self.counters.packets_received += stats.packets_received;
        self.counters.packets_lost += stats.packets_lost;
        self.counters.packets_late += stats.packets_late;
        self.legs.remove(LegKey::of(leg));
        if let Some(table) = self.ports.get_mut(&shard) {
            table.release(leg);
        }
    }
}
