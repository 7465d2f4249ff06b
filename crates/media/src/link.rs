//! Two mixers on different shards, joined so that each hears the other's legs.
//!
//! Each side leaves one frame a tick in a small ring and takes one out. The sides tick on threads
//! of their own, so a frame may come just before or just after it is looked for; a side that has
//! run dry therefore lets two frames gather before it goes on, and drops one when a third has.
//! That costs 20 to 40 ms a link, which only calls of one room on different shards pay.

use alloc::boxed::Box;

use rtrb::{Consumer, Producer, RingBuffer};

use crate::time::FRAME;

/// Frames that gather before a side that ran dry goes on.
const READY: usize = 2;

/// Frames in the ring; a side that does not take its frames loses the newest ones.
const RING: usize = 8;

/// One frame of a mix, before any limiter.
type LinkFrame = [i32; FRAME];

/// One side of a link.
#[derive(Debug)]
pub struct LinkEnd {
    to: Producer<LinkFrame>,
    from: Consumer<LinkFrame>,
    /// What the other side said in this tick.
    heard: LinkFrame,
    running: bool,
}

/// Builds both sides of a link.
#[must_use]
pub fn link() -> (Box<LinkEnd>, Box<LinkEnd>) {
    let (to_b, from_a) = RingBuffer::new(RING);
    let (to_a, from_b) = RingBuffer::new(RING);
    (
        Box::new(LinkEnd::new(to_b, from_b)),
        Box::new(LinkEnd::new(to_a, from_a)),
    )
}

impl LinkEnd {
    fn new(to: Producer<LinkFrame>, from: Consumer<LinkFrame>) -> Self {
        Self {
            to,
            from,
            heard: [0; FRAME],
            running: false,
        }
    }

    /// Adds what the other side said to a sum; tells whether it said anything.
    pub(crate) fn hear(&mut self, sum: &mut LinkFrame) -> bool {
        self.heard = [0; FRAME];
        let waiting = self.from.slots();
        self.running = if self.running {
            waiting > 0
        } else {
            waiting >= READY
        };
        if !self.running {
            return false;
        }
        for _ in READY..waiting {
            // The other side's clock is ahead; the listener loses a frame, not its place.
            let _ = self.from.pop();
        }
        self.heard = self.from.pop().unwrap_or([0; FRAME]);
        for (sum, heard) in sum.iter_mut().zip(&self.heard) {
            *sum += heard;
        }
        true
    }

    /// Tells the other side the whole sum without what it said itself.
    pub(crate) fn say(&mut self, sum: &LinkFrame) -> bool {
        let mut frame = *sum;
        for (frame, heard) in frame.iter_mut().zip(&self.heard) {
            *frame -= heard;
        }
        self.to.push(frame).is_ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Runs one tick of a side whose own legs say `own`; returns what all hear there.
    fn tick(end: &mut LinkEnd, own: i32) -> i32 {
        let mut sum = [own; FRAME];
        end.hear(&mut sum);
        end.say(&sum);
        sum[0]
    }

    #[test]
    fn each_side_hears_the_other_and_never_itself() {
        let (mut a, mut b) = link();
        let mut heard = (0, 0);
        for _ in 0..10 {
            heard = (tick(&mut a, 100), tick(&mut b, 7));
        }
        assert_eq!(heard, (107, 107));
    }

    #[test]
    fn the_order_of_the_threads_within_a_tick_does_not_matter() {
        let (mut a, mut b) = link();
        for _ in 0..5 {
            tick(&mut a, 1);
            tick(&mut b, 1);
        }
        for turn in 0..100 {
            let (first, second) = if turn % 3 == 0 {
                (&mut b, &mut a)
            } else {
                (&mut a, &mut b)
            };
            assert_eq!((tick(first, 1), tick(second, 1)), (2, 2), "turn {turn}");
        }
    }

    #[test]
    fn a_side_that_stalls_is_heard_again_without_lag() {
        let (mut a, mut b) = link();
        for _ in 0..20 {
            tick(&mut a, 5);
        }
        for _ in 0..4 {
            tick(&mut b, 3);
            tick(&mut a, 5);
        }
        assert!(b.from.slots() <= READY);
        assert_eq!(tick(&mut a, 5), 8);
    }
}
