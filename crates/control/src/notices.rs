//! What the shards report.

use plenum_media::{LegId, LegStats, MediaNotice};
use plenum_switch::LegEvent;

use crate::ShardId;
use crate::control::{Control, ControlOutbox, Counters};
use crate::effects::missing_audio;
use crate::leg::{LegKey, LegState};
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
        self.counters.add(stats);
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
        leg.cause = Some(Cause::FAILURE);
        let call = leg.call;
        let why = "the audio of this call failed on the server; call again";
        self.dismiss(now, call, Cause::FAILURE, why);
    }
}

impl Counters {
    /// Adds what a leg that ended received, sent, hid and lost; a figure of a leg that is not named
    /// here does not compile.
    fn add(&mut self, stats: &LegStats) {
        let LegStats {
            packets_received,
            bytes_received,
            packets_lost,
            packets_late,
            packets_duplicate,
            packets_reordered,
            packets_invalid,
            frames_concealed,
            frames_dropped,
            packets_sent,
            bytes_sent,
            // Of one leg at one moment: they add up to nothing.
            jitter: _,
            playout_delay: _,
            round_trip: _,
            remote_fraction_lost: _,
            remote_jitter: _,
            remote: _,
        } = *stats;
        self.packets_received += packets_received;
        self.bytes_received += bytes_received;
        self.packets_lost += packets_lost;
        self.packets_late += packets_late;
        self.packets_duplicate += packets_duplicate;
        self.packets_reordered += packets_reordered;
        self.packets_invalid += packets_invalid;
        self.frames_concealed += frames_concealed;
        self.frames_dropped += frames_dropped;
        self.packets_sent += packets_sent;
        self.bytes_sent += bytes_sent;
    }
}
