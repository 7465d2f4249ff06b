//! Samples by position.

use alloc::boxed::Box;
use alloc::vec;

/// The samples around the play-out position, in a ring of fixed size.
#[derive(Clone, Debug)]
pub(super) struct Ring {
    samples: Box<[i16]>,
}

impl Ring {
    pub(super) fn new(capacity: usize) -> Self {
        Self {
            samples: vec![0; capacity.max(1)].into_boxed_slice(),
        }
    }

    /// Writes samples from a position on.
    pub(super) fn write(&mut self, position: u64, samples: &[i16]) {
        let at = self.index(position);
        let head = (self.samples.len() - at).min(samples.len());
        let (front, back) = samples.split_at(head);
        self.samples[at..at + head].copy_from_slice(front);
        let wrapped = back.len().min(at);
        self.samples[..wrapped].copy_from_slice(&back[..wrapped]);
    }

    /// Reads samples from a position on.
    pub(super) fn read(&self, position: u64, out: &mut [i16]) {
        let at = self.index(position);
        let head = (self.samples.len() - at).min(out.len());
        let (front, back) = out.split_at_mut(head);
        front.copy_from_slice(&self.samples[at..at + head]);
        let wrapped = back.len().min(at);
        back[..wrapped].copy_from_slice(&self.samples[..wrapped]);
    }

    fn index(&self, position: u64) -> usize {
        (position % self.samples.len() as u64) as usize
    }
}
