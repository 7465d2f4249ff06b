//! The playbacks and recordings of a shard.

use alloc::collections::VecDeque;

use crate::command::{End, MediaNotice, PlaybackId, RecordingId};
use crate::notices::Notices;
use crate::playback::Playback;
use crate::recording::Recording;
use crate::registry::Registry;
use crate::time::FRAME;

/// Every playback and recording, whomever it belongs to.
#[derive(Debug)]
pub(crate) struct Audio {
    pub(crate) playbacks: Registry<PlaybackId, Playback>,
    pub(crate) recordings: Registry<RecordingId, Recording>,
}

impl Audio {
    /// Records a frame in each recording of a list.
    pub(crate) fn record(
        &mut self,
        slots: &[u32],
        frame: Option<&[i16; FRAME]>,
        skipped: u64,
        notices: &mut Notices,
    ) {
        for &slot in slots {
            if let Some(recording) = self.recordings.at_mut(slot) {
                recording.record(frame, skipped, notices);
            }
        }
    }

    /// Fills a frame from a queue of playbacks, one after the other; tells whether any played.
    pub(crate) fn play_queue(
        &mut self,
        queue: &mut VecDeque<u32>,
        frame: &mut [i16; FRAME],
        notices: &mut Notices,
    ) -> bool {
        let mut at = 0;
        while let Some(&slot) = queue.front() {
            at += match self.playbacks.at_mut(slot) {
                Some(playback) => playback.fill(&mut frame[at..]),
                None => 0,
            };
            if at == FRAME {
                return true;
            }
            queue.pop_front();
            self.end_playback(slot, End::Finished, notices);
        }
        frame[at..].fill(0);
        at > 0
    }

    /// Plays one frame of one playback; tells how many samples it had, and ends it at its end.
    pub(crate) fn play_one(
        &mut self,
        slot: u32,
        frame: &mut [i16; FRAME],
        notices: &mut Notices,
    ) -> usize {
        let Some(playback) = self.playbacks.at_mut(slot) else {
            return 0;
        };
        let len = playback.fill(frame);
        if len < FRAME {
            self.end_playback(slot, End::Finished, notices);
        }
        len
    }

    pub(crate) fn end_playback(&mut self, slot: u32, end: End, notices: &mut Notices) {
        if let Some(playback) = self.playbacks.remove(slot) {
            let id = playback.id;
            let source = playback.into_source();
            notices.push(MediaNotice::PlaybackEnded {
                playback: id,
                end,
                source,
            });
        }
    }

    pub(crate) fn end_recording(&mut self, slot: u32, end: End, notices: &mut Notices) {
        if let Some(recording) = self.recordings.remove(slot) {
            notices.push(recording.end(end));
        }
    }
}
