//! The slice of a tick that is under way.

use core::time::Duration;

use plenum_time::Instant;

use crate::notices::Notices;
use crate::outbox::PacketOutbox;
use crate::random::Random;
use crate::stats::ShardCounters;

/// When it is, and where everything that leaves goes.
#[derive(Debug)]
pub(crate) struct Moment<'a> {
    pub(crate) now: Instant,
    /// Number of the slice: four to a tick.
    pub(crate) slice: u64,
    pub(crate) out: &'a mut PacketOutbox,
    pub(crate) notices: &'a mut Notices,
    pub(crate) counters: &'a mut ShardCounters,
    pub(crate) random: &'a mut Random,
    pub(crate) cname: &'a str,
    /// Wall clock since 1970.
    pub(crate) wall: Duration,
    pub(crate) stream_timeout: Duration,
    /// The leg at work, which is at fault if the slice does not come to its end.
    pub(crate) suspect: &'a mut Option<u32>,
}
