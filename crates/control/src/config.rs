use alloc::string::String;

use plenum_switch::SwitchConfig;

use crate::Addresses;

/// What the control machine is told at start.
#[derive(Debug)]
pub struct ControlConfig {
    /// Value of the `Server` and `User-Agent` headers.
    pub product: String,
    /// Calls at the same time; one more is refused with 503.
    pub calls_max: usize,
    /// Dialplan context of calls from unknown peers; `None` refuses them with 403.
    pub anonymous_context: Option<String>,
    /// Addresses that session descriptions announce: that of the family that the peer offers, and
    /// that of the family of its signalling where we offer; the first one if there is none.
    pub media_addresses: Addresses,
    /// Number of media shards, at least one.
    pub shards: u16,
    /// Port pairs that one shard may bind.
    pub pairs_per_shard: usize,
    /// Audio in one buffer of a recording, in samples at 8 kHz.
    pub recording_buffer_samples: usize,
    /// The domain machine.
    pub switch: SwitchConfig,
}
