//! What the media thread reports.

use plenum_media::{LegId, LegStats, MediaNotice};
use tracing::warn;

use super::Driver;
use super::session::Session;
use crate::event::CallEvent;

impl Driver {
    pub(super) fn media_notice(&mut self, notice: MediaNotice) {
        match notice {
            MediaNotice::Digit {
                leg,
                digit,
                duration,
            } => {
                self.tell(leg, |session| {
                    session.notify(CallEvent::Digit { digit, duration })
                });
            }
            MediaNotice::RemoteLearned { leg, remote } => self.tell(leg, |session| {
                session.set_status(|status| status.remote_rtp = Some(remote));
            }),
            MediaNotice::StreamStarted { leg } => {
                self.tell(leg, |session| session.notify(CallEvent::AudioStarted));
            }
            MediaNotice::StreamSilent { leg, silence } => {
                self.tell(leg, |session| {
                    session.notify(CallEvent::NoAudio { silence })
                });
            }
            MediaNotice::PlaybackEnded { playback, end, .. } => {
                self.media.playback_ended(playback, end);
            }
            MediaNotice::RecordingFilled { recording, buffer } => {
                self.media.recorded(recording, buffer);
            }
            MediaNotice::RecordingEnded {
                recording, last, ..
            } => {
                self.media.recording_ended(recording, last);
            }
            MediaNotice::LegRemoved { leg, stats } => self.leg_removed(leg, &stats),
            MediaNotice::Stats { leg, stats } => self.tell(leg, |session| {
                let figures = session.figures(&stats);
                for reply in session.figures_wanted.drain(..) {
                    reply.send(Ok(figures));
                }
            }),
            MediaNotice::Refused { reason } => warn!(reason, "media order refused"),
            _ => {}
        }
    }

    /// Lets the session that a leg serves at present do something.
    fn tell(&mut self, leg: LegId, act: impl FnOnce(&mut Session)) {
        let id = self.legs.get(&leg);
        let session = id.and_then(|id| self.sessions.get_mut(id));
        if let Some(session) = session.filter(|session| session.seat.leg == leg) {
            act(session);
        }
    }

    fn leg_removed(&mut self, leg: LegId, stats: &LegStats) {
        self.media.left(leg);
        let Some(id) = self.legs.remove(&leg) else {
            return;
        };
        let Some(session) = self.sessions.get_mut(&id) else {
            return;
        };
        if session.ended.is_some() && session.seat.leg == leg {
            self.finish(id, Some(stats));
        } else {
            session.past = session.figures(stats);
        }
    }
}
