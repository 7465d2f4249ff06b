//! Audio that is kept.

use alloc::vec::Vec;
use core::mem;

use crate::command::{End, MediaNotice, RecordingId, Target};
use crate::notices::Notices;
use crate::time::FRAME;

/// Frames of silence that one tick may add to catch up with the clock.
const CATCH_UP_MAX: u64 = 10;

/// One recording: buffers handed in are filled and handed out.
///
/// The recording keeps time: what could not be recorded (ticks that the driver skipped, samples
/// for which no buffer was free) becomes silence of the same length.
#[derive(Debug)]
pub(crate) struct Recording {
    pub(crate) id: RecordingId,
    pub(crate) target: Target,
    current: Option<Vec<i16>>,
    free: Vec<Vec<i16>>,
    buffers_max: usize,
    owed: u64,
    lost: u64,
}

impl Recording {
    /// Starts a recording; absent if no buffer has any capacity.
    pub(crate) fn new(id: RecordingId, target: Target, mut buffers: Vec<Vec<i16>>) -> Option<Self> {
        buffers.retain(|buffer| buffer.capacity() > 0);
        buffers.iter_mut().for_each(Vec::clear);
        let buffers_max = buffers.len();
        let current = Some(buffers.pop()?);
        buffers.reserve_exact(1);
        Some(Self {
            id,
            target,
            current,
            free: buffers,
            buffers_max,
            owed: 0,
            lost: 0,
        })
    }

    /// Takes an emptied buffer back; refuses more than there were.
    pub(crate) fn recycle(&mut self, mut buffer: Vec<i16>) -> bool {
        let held = self.free.len() + usize::from(self.current.is_some());
        if held >= self.buffers_max || buffer.capacity() == 0 {
            return false;
        }
        buffer.clear();
        self.free.push(buffer);
        true
    }

    /// Records a frame, after `skipped` frames that were not heard; absent is silence.
    pub(crate) fn record(
        &mut self,
        frame: Option<&[i16; FRAME]>,
        skipped: u64,
        notices: &mut Notices,
    ) {
        self.owed = self
            .owed
            .saturating_add(skipped.saturating_mul(FRAME as u64));
        let silence = [0; FRAME];
        for _ in 0..CATCH_UP_MAX {
            let run = self.owed.min(FRAME as u64) as usize;
            if run == 0 {
                break;
            }
            let written = self.write(&silence[..run], notices);
            self.owed -= written as u64;
            if written < run {
                break;
            }
        }
        let frame = frame.unwrap_or(&silence);
        if self.owed > 0 {
            self.lose(frame.len());
            return;
        }
        let written = self.write(frame, notices);
        self.lose(frame.len() - written);
    }

    /// Ends the recording and hands out what it holds.
    pub(crate) fn end(mut self, end: End) -> MediaNotice {
        let last = self.current.take().unwrap_or_default();
        MediaNotice::RecordingEnded {
            recording: self.id,
            end,
            last,
            lost: self.lost,
        }
    }

    fn lose(&mut self, samples: usize) {
        self.lost += samples as u64;
        self.owed = self.owed.saturating_add(samples as u64);
    }

    /// Writes as far as there are buffers; returns how far.
    fn write(&mut self, samples: &[i16], notices: &mut Notices) -> usize {
        let mut written = 0;
        while written < samples.len() {
            let Some(buffer) = &mut self.current else {
                match self.free.pop() {
                    Some(free) => self.current = Some(free),
                    None => break,
                }
                continue;
            };
            let run = (buffer.capacity() - buffer.len()).min(samples.len() - written);
            buffer.extend_from_slice(&samples[written..written + run]);
            written += run;
            if buffer.len() == buffer.capacity() {
                let buffer = mem::take(buffer);
                self.current = self.free.pop();
                notices.push(MediaNotice::RecordingFilled {
                    recording: self.id,
                    buffer,
                });
            }
        }
        written
    }
}
