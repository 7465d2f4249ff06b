use plenum_media::{End, PlaybackId, RecordingId};
use tokio::sync::{mpsc, oneshot};

use crate::link::{CallId, Link, Wish};

/// Samples in each buffer of a [`Recording`]: 20 ms.
pub const RECORDING_BUFFER: usize = 160;

/// Buffers that wait to be taken from a [`Recording`], 10 s in all; later ones are lost.
pub const RECORDING_BUFFERS_WAITING_MAX: usize = 500;

/// Audio that is being played to the other side. Dropping it changes nothing.
#[derive(Debug)]
pub struct Playback {
    pub(crate) id: PlaybackId,
    pub(crate) call: CallId,
    pub(crate) link: Link,
    pub(crate) end: oneshot::Receiver<End>,
}

impl Playback {
    /// Waits until all of it was played, it was stopped, or the call is over.
    pub async fn finished(self) -> End {
        self.end.await.unwrap_or(End::TargetGone)
    }

    /// Stops it.
    pub fn stop(&self) {
        // A driver that is behind plays on until the call ends; nothing else is lost.
        self.link
            .tell(self.call, Wish::StopPlayback { playback: self.id });
    }
}

/// What is heard from the other side, in buffers of 20 ms. Dropping it stops the recording.
///
/// Time goes on in it while nothing is heard: then the samples are zero.
#[derive(Debug)]
pub struct Recording {
    pub(crate) id: RecordingId,
    pub(crate) call: CallId,
    pub(crate) link: Link,
    pub(crate) queue: mpsc::Receiver<Vec<i16>>,
}

impl Recording {
    /// Waits for the next samples, at 8 kHz, mono; none follow the end of the call.
    ///
    /// # Cancel safety
    ///
    /// No samples are lost when the future is dropped.
    pub async fn next(&mut self) -> Option<Vec<i16>> {
        self.queue.recv().await
    }

    /// Takes the next samples if there are any.
    pub fn try_next(&mut self) -> Option<Vec<i16>> {
        self.queue.try_recv().ok()
    }
}

impl Drop for Recording {
    fn drop(&mut self) {
        // Where the order finds no room, the driver sees at the next buffer that nobody listens.
        self.link
            .tell(self.call, Wish::StopRecording { recording: self.id });
    }
}
