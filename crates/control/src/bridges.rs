//! The media side of bridges: which mixer on which shard.

use alloc::collections::{BTreeMap, BTreeSet};

use plenum_media::{LinkId, MediaCommand, MixerId, link};
use plenum_switch::BridgeKey;
use slotmap::Key as _;

use crate::control::ControlOutbox;
use crate::{Output, ShardId};

/// The mixers of all bridges.
///
/// A bridge has its mixer on the shard of its first leg. A leg on another shard gets a mixer there,
/// linked to the first one: a star, in which everyone hears everyone.
#[derive(Debug, Default)]
pub(crate) struct Bridges {
    mixers: BTreeMap<BridgeKey, Mixers>,
    links: u64,
}

#[derive(Debug, Default)]
struct Mixers {
    home: Option<ShardId>,
    spokes: BTreeSet<ShardId>,
}

impl Bridges {
    pub(crate) fn len(&self) -> usize {
        self.mixers.len()
    }

    pub(crate) fn create(&mut self, bridge: BridgeKey) {
        self.mixers.insert(bridge, Mixers::default());
    }

    /// Returns the mixer that all others of a bridge are linked to, with its shard; starts it on
    /// `near` if the bridge has none yet.
    pub(crate) fn home(
        &mut self,
        bridge: BridgeKey,
        near: ShardId,
        out: &mut ControlOutbox,
    ) -> Option<(ShardId, MixerId)> {
        let mixers = self.mixers.get_mut(&bridge)?;
        let mixer = name(bridge);
        let shard = *mixers.home.get_or_insert_with(|| {
            out.push(Output::Media {
                shard: near,
                command: MediaCommand::AddMixer { mixer },
            });
            near
        });
        Some((shard, mixer))
    }

    /// Returns the mixer of a bridge on `shard`; starts and links it if there is none yet.
    pub(crate) fn on(
        &mut self,
        bridge: BridgeKey,
        shard: ShardId,
        out: &mut ControlOutbox,
    ) -> Option<MixerId> {
        let (home, mixer) = self.home(bridge, shard, out)?;
        let mixers = self.mixers.get_mut(&bridge)?;
        if home == shard || !mixers.spokes.insert(shard) {
            return Some(mixer);
        }
        self.links += 1;
        let name = LinkId(self.links);
        let (hub, spoke) = link();
        let commands = [
            (shard, MediaCommand::AddMixer { mixer }),
            (
                shard,
                MediaCommand::AddLink {
                    mixer,
                    link: name,
                    end: spoke,
                },
            ),
            (
                home,
                MediaCommand::AddLink {
                    mixer,
                    link: name,
                    end: hub,
                },
            ),
        ];
        for (shard, command) in commands {
            out.push(Output::Media { shard, command });
        }
        Some(mixer)
    }

    pub(crate) fn destroy(&mut self, bridge: BridgeKey, out: &mut ControlOutbox) {
        let Some(mixers) = self.mixers.remove(&bridge) else {
            return;
        };
        for shard in mixers.home.into_iter().chain(mixers.spokes) {
            let command = MediaCommand::RemoveMixer {
                mixer: name(bridge),
            };
            out.push(Output::Media { shard, command });
        }
    }
}

fn name(bridge: BridgeKey) -> MixerId {
    MixerId(bridge.data().as_ffi())
}
