//! Which leg a packet belongs to.

use alloc::vec::Vec;
use core::net::{IpAddr, SocketAddr};

use hashbrown::HashMap;
use smallvec::SmallVec;

use crate::command::PortId;

/// The legs of each port pair, and where their peers are.
#[derive(Debug)]
pub(super) struct Routes {
    ports: Vec<Option<Vec<u32>>>,
    addresses: HashMap<Key, SmallVec<[u32; 2]>>,
    count: usize,
}

/// A port pair and a source address, packed for hashing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Key {
    host: u128,
    ports: u64,
}

impl Key {
    fn new(port: PortId, from: SocketAddr) -> Self {
        let host = match from.ip() {
            IpAddr::V4(host) => host.to_ipv6_mapped().to_bits(),
            IpAddr::V6(host) => host.to_bits(),
        };
        Self {
            host,
            ports: u64::from(port.0) << 16 | u64::from(from.port()),
        }
    }
}

impl Routes {
    pub(super) fn new(ports_max: usize, legs_max: usize) -> Self {
        Self {
            ports: Vec::with_capacity(ports_max),
            // Each leg has an announced and a confirmed address at most.
            addresses: HashMap::with_capacity(legs_max.saturating_mul(2)),
            count: 0,
        }
    }

    /// Adds a port pair; tells whether it is new and within the limit.
    pub(super) fn add_port(&mut self, port: PortId, ports_max: usize) -> bool {
        let index = port.0 as usize;
        if index >= ports_max {
            return false;
        }
        if self.ports.len() <= index {
            self.ports.resize_with(index + 1, || None);
        }
        let place = &mut self.ports[index];
        let fresh = place.is_none();
        if fresh {
            *place = Some(Vec::new());
            self.count += 1;
        }
        fresh
    }

    /// Removes a port pair that has no legs; tells whether it did.
    pub(super) fn remove_port(&mut self, port: PortId) -> bool {
        match self.ports.get_mut(port.0 as usize) {
            Some(place) if place.as_ref().is_some_and(Vec::is_empty) => {
                *place = None;
                self.count -= 1;
                true
            }
            _ => false,
        }
    }

    pub(super) const fn ports(&self) -> usize {
        self.count
    }

    /// Returns the legs of a port pair; absent if the pair does not exist.
    pub(super) fn legs(&self, port: PortId) -> Option<&[u32]> {
        self.ports.get(port.0 as usize)?.as_deref()
    }

    /// Adds a leg to a port pair; tells whether there was room.
    pub(super) fn add_leg(&mut self, port: PortId, slot: u32, limit: usize) -> bool {
        match self.ports.get_mut(port.0 as usize) {
            Some(Some(legs)) if legs.len() < limit => {
                legs.push(slot);
                true
            }
            _ => false,
        }
    }

    pub(super) fn remove_leg(&mut self, port: PortId, slot: u32) {
        if let Some(Some(legs)) = self.ports.get_mut(port.0 as usize) {
            legs.retain(|leg| *leg != slot);
        }
    }

    /// Returns the legs whose peer has an address.
    pub(super) fn at(&self, port: PortId, from: SocketAddr) -> &[u32] {
        self.addresses
            .get(&Key::new(port, from))
            .map_or(&[], SmallVec::as_slice)
    }

    /// Notes an address of a leg's peer.
    pub(super) fn point(&mut self, port: PortId, to: SocketAddr, slot: u32) {
        let legs = self.addresses.entry(Key::new(port, to)).or_default();
        if !legs.contains(&slot) {
            legs.push(slot);
        }
    }

    /// Forgets an address of a leg's peer.
    pub(super) fn unpoint(&mut self, port: PortId, to: SocketAddr, slot: u32) {
        let key = Key::new(port, to);
        if let Some(legs) = self.addresses.get_mut(&key) {
            legs.retain(|leg| *leg != slot);
            if legs.is_empty() {
                self.addresses.remove(&key);
            }
        }
    }
}
