//! One mixer and the memory that all of them work in.

use alloc::boxed::Box;
use alloc::vec;
use alloc::vec::Vec;

use plenum_codecs::Codec;
use smallvec::SmallVec;

use crate::command::LinkId;
use crate::jitter::PACKET_SAMPLES_MAX;
use crate::leg::Decoded;
use crate::limiter::Limiter;
use crate::link::LinkEnd;
use crate::time::FRAME;

/// Bytes of a frame in the widest codec.
const ENCODED_MAX: usize = FRAME * 2;

/// One mixer: who is in it and what plays into it.
#[derive(Debug)]
pub(super) struct Mixer {
    pub(super) phase: u8,
    pub(super) legs: Vec<u32>,
    pub(super) playbacks: Vec<u32>,
    pub(super) recordings: SmallVec<[u32; 2]>,
    /// Limits what everyone hears who says nothing.
    pub(super) limiter: Limiter,
    pub(super) tick: Option<u64>,
    /// Mixers on other shards that this one is joined with.
    pub(super) links: Vec<(LinkId, Box<LinkEnd>)>,
}

impl Mixer {
    pub(super) fn new(phase: u8) -> Self {
        Self {
            phase,
            legs: Vec::new(),
            playbacks: Vec::new(),
            recordings: SmallVec::new(),
            limiter: Limiter::new(),
            tick: None,
            links: Vec::new(),
        }
    }
}

/// The frames of the mixer whose turn it is.
#[derive(Debug)]
pub(super) struct Scratch {
    /// One frame for each leg that says something.
    pub(super) said: Vec<[i16; FRAME]>,
    /// Everything that is said and played.
    pub(super) sum: [i32; FRAME],
    /// The sum without one listener's own voice.
    pub(super) minus: [i32; FRAME],
    /// What one listener hears.
    pub(super) heard: [i16; FRAME],
    pub(super) shared: Shared,
    /// The audio of the packet under way.
    pub(super) decoded: Decoded,
}

impl Default for Scratch {
    fn default() -> Self {
        Self {
            said: vec![[0; FRAME]],
            sum: [0; FRAME],
            minus: [0; FRAME],
            heard: [0; FRAME],
            shared: Shared::default(),
            decoded: [0; PACKET_SAMPLES_MAX],
        }
    }
}

impl Scratch {
    /// Makes sure that a mixer of `legs` legs fits.
    pub(super) fn reserve(&mut self, legs: usize) {
        if self.said.len() < legs {
            self.said.resize(legs.next_power_of_two(), [0; FRAME]);
        }
    }
}

/// The plain sum as everyone hears it who says nothing, encoded at most once for each codec.
#[derive(Debug)]
pub(super) struct Shared {
    pub(super) samples: [i16; FRAME],
    encoded: [[u8; ENCODED_MAX]; Codec::ALL.len()],
    ready: [bool; Codec::ALL.len()],
}

impl Default for Shared {
    fn default() -> Self {
        Self {
            samples: [0; FRAME],
            encoded: [[0; ENCODED_MAX]; Codec::ALL.len()],
            ready: [false; Codec::ALL.len()],
        }
    }
}

impl Shared {
    /// Forgets the encodings, because the samples changed.
    pub(super) fn refresh(&mut self) {
        self.ready = [false; Codec::ALL.len()];
    }

    /// Returns the frame in a codec, and whether it was there already.
    pub(super) fn encoded(&mut self, codec: Codec) -> Option<(&[u8], bool)> {
        let index = Codec::ALL.iter().position(|known| *known == codec)?;
        let bytes = &mut self.encoded[index];
        let reused = core::mem::replace(&mut self.ready[index], true);
        if !reused {
            codec.encode(&self.samples, bytes);
        }
        Some((&bytes[..codec.frame_bytes(FRAME)], reused))
    }
}
