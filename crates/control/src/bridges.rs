//! The media side of bridges: which mixer on which shard.

use alloc::collections::BTreeMap;

use plenum_media::{LinkId, MediaCommand, MixerId, link};
use plenum_switch::BridgeKey;
use slotmap::Key as _;

use crate::control::ControlOutbox;
use crate::leg::LegKey;
use crate::{Output, ShardId};

/// The mixers of all bridges.
///
/// A bridge has its mixer on the shard of its first leg. A leg on another shard gets a mixer there,
/// linked to the first one: a star, in which everyone hears everyone. The first mixer stays as long
/// as the bridge, another one as long as it has legs.
#[derive(Debug, Default)]
pub(crate) struct Bridges {
    mixers: BTreeMap<BridgeKey, Mixers>,
    /// Where each leg is that is on a bridge, or was on one that has been destroyed since.
    seats: BTreeMap<LegKey, (BridgeKey, ShardId)>,
    links: u64,
}

#[derive(Debug, Default)]
struct Mixers {
    home: Option<ShardId>,
    spokes: BTreeMap<ShardId, Spoke>,
}

/// A mixer that is linked to the first one.
#[derive(Debug)]
struct Spoke {
    link: LinkId,
    legs: usize,
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

    /// Puts a leg of `shard` on a bridge, and takes it from the one it was on; returns the mixer
    /// there, which is started and linked if there is none yet.
    pub(crate) fn join(
        &mut self,
        leg: LegKey,
        bridge: BridgeKey,
        shard: ShardId,
        out: &mut ControlOutbox,
    ) -> Option<MixerId> {
        let seat = (bridge, shard);
        if self.seats.get(&leg) == Some(&seat) && self.mixers.contains_key(&bridge) {
            return Some(name(bridge));
        }
        self.leave(leg, out);
        let (home, mixer) = self.home(bridge, shard, out)?;
        self.seats.insert(leg, seat);
        if home == shard {
            return Some(mixer);
        }
        let mixers = self.mixers.get_mut(&bridge)?;
        if let Some(spoke) = mixers.spokes.get_mut(&shard) {
            spoke.legs += 1;
            return Some(mixer);
        }
        self.links += 1;
        let name = LinkId(self.links);
        mixers.spokes.insert(
            shard,
            Spoke {
                link: name,
                legs: 1,
            },
        );
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

    /// Takes a leg from the bridge it is on, if it is on one; a mixer that is left without legs is
    /// removed, unless all others are linked to it.
    pub(crate) fn leave(&mut self, leg: LegKey, out: &mut ControlOutbox) {
        let Some((bridge, shard)) = self.seats.remove(&leg) else {
            return;
        };
        let Some(mixers) = self.mixers.get_mut(&bridge) else {
            return;
        };
        let (Some(home), Some(spoke)) = (mixers.home, mixers.spokes.get_mut(&shard)) else {
            return;
        };
        spoke.legs -= 1;
        if spoke.legs > 0 {
            return;
        }
        let (mixer, link) = (name(bridge), spoke.link);
        mixers.spokes.remove(&shard);
        out.push(Output::Media {
            shard: home,
            command: MediaCommand::RemoveLink { mixer, link },
        });
        out.push(Output::Media {
            shard,
            command: MediaCommand::RemoveMixer { mixer },
        });
    }

    pub(crate) fn destroy(&mut self, bridge: BridgeKey, out: &mut ControlOutbox) {
        let Some(mixers) = self.mixers.remove(&bridge) else {
            return;
        };
        for shard in mixers.home.into_iter().chain(mixers.spokes.into_keys()) {
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

#[cfg(test)]
mod tests {
    use super::*;
    use alloc::string::String;
    use alloc::vec::Vec;
    use slotmap::KeyData;

    fn bridge() -> BridgeKey {
        KeyData::from_ffi(1 << 32 | 9).into()
    }

    fn leg(number: u64) -> LegKey {
        KeyData::from_ffi(1 << 32 | number).into()
    }

    /// Takes the orders to the shards: `0 AddMixer`.
    fn orders(out: &mut ControlOutbox) -> Vec<String> {
        let order = |output| match output {
            Output::Media { shard, command } => {
                let text = alloc::format!("{} {command:?}", shard.0);
                text.split(" {").next().map(String::from)
            }
            _ => None,
        };
        core::iter::from_fn(|| out.pop())
            .filter_map(order)
            .collect()
    }

    #[test]
    fn a_mixer_on_another_shard_lasts_as_long_as_it_has_legs() {
        let (mut bridges, mut out) = (Bridges::default(), ControlOutbox::new());
        bridges.create(bridge());
        for (number, shard) in [(1, 0), (2, 1), (3, 1)] {
            let mixer = bridges.join(leg(number), bridge(), ShardId(shard), &mut out);
            assert_eq!(mixer, Some(name(bridge())));
        }
        let linked = ["0 AddMixer", "1 AddMixer", "1 AddLink", "0 AddLink"];
        assert_eq!(orders(&mut out), linked);

        bridges.leave(leg(2), &mut out);
        bridges.leave(leg(2), &mut out);
        bridges.join(leg(3), bridge(), ShardId(1), &mut out);
        assert!(out.is_empty(), "another leg is there");
        bridges.leave(leg(3), &mut out);
        assert_eq!(orders(&mut out), ["0 RemoveLink", "1 RemoveMixer"]);

        bridges.join(leg(3), bridge(), ShardId(1), &mut out);
        assert_eq!(orders(&mut out), linked[1..]);
        bridges.leave(leg(1), &mut out);
        assert!(out.is_empty(), "the first mixer is the others' link");
        bridges.destroy(bridge(), &mut out);
        assert_eq!(orders(&mut out), ["0 RemoveMixer", "1 RemoveMixer"]);
        bridges.leave(leg(3), &mut out);
        assert!(out.is_empty() && bridges.seats.is_empty());
    }
}
