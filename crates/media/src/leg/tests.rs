use super::*;
use crate::jitter::PACKET_SAMPLES_MAX;

/// What one leg may take of a call's 64 KiB.
const BYTES_MAX: usize = 8 * 1024;

#[test]
fn a_leg_is_small() {
    let ring = 2 * (1600_usize.max(PACKET_SAMPLES_MAX) + FRAME);
    assert!(
        size_of::<Leg>() + ring <= BYTES_MAX,
        "{} + {ring}",
        size_of::<Leg>()
    );
}

#[test]
fn a_shard_may_move_to_its_thread() {
    fn is_send<T: Send>() {}
    is_send::<crate::Shard>();
    is_send::<crate::MediaCommand>();
    is_send::<crate::MediaNotice>();
    is_send::<crate::PacketOutbox>();
}
