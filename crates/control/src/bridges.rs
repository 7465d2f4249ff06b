//! The media side of bridges: which mixer on which shard.

use alloc::collections::BTreeMap;

use plenum_media::{MediaCommand, MixerId};
use plenum_switch::BridgeKey;
use slotmap::Key as _;

use crate::control::ControlOutbox;
use crate::{Output, ShardId};

/// The mixers of all bridges.
///
/// A bridge gets its mixer when the first leg connects, on the shard of that leg.
#[derive(Debug, Default)]
pub(crate) struct Bridges {
    homes: BTreeMap<BridgeKey, Option<ShardId>>,
}

impl Bridges {
    pub(crate) fn len(&self) -> usize {
        self.homes.len()
    }

    pub(crate) fn create(&mut self, bridge: BridgeKey) {
        self.homes.insert(bridge, None);
    }

    /// Returns the mixer of a bridge and its shard, and starts it on `near` if it has none yet.
    pub(crate) fn mixer(
        &mut self,
        bridge: BridgeKey,
        near: ShardId,
        out: &mut ControlOutbox,
    ) -> Option<(ShardId, MixerId)> {
        let mixer = MixerId(bridge.data().as_ffi());
        let home = self.homes.get_mut(&bridge)?;
        let shard = *home.get_or_insert_with(|| {
            let command = MediaCommand::AddMixer { mixer };
            out.push(Output::Media {
                shard: near,
                command,
            });
            near
        });
        Some((shard, mixer))
    }

    pub(crate) fn destroy(&mut self, bridge: BridgeKey, out: &mut ControlOutbox) {
        if let Some(Some(shard)) = self.homes.remove(&bridge) {
            let command = MediaCommand::RemoveMixer {
                mixer: MixerId(bridge.data().as_ffi()),
            };
            out.push(Output::Media { shard, command });
        }
    }
}
