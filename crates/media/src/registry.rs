//! Things with names, in slots that do not move.

use alloc::vec::Vec;
use core::hash::Hash;

use hashbrown::HashMap;

/// Finds things by name once and by slot ever after.
///
/// Memory for all of them is reserved at the start and touched only when used, so adding and
/// removing allocates nothing.
#[derive(Debug)]
pub(crate) struct Registry<K, T> {
    slots: Vec<Option<(K, T)>>,
    free: Vec<u32>,
    names: HashMap<K, u32>,
    limit: usize,
}

impl<K: Copy + Eq + Hash, T> Registry<K, T> {
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            slots: Vec::with_capacity(limit),
            free: Vec::with_capacity(limit),
            names: HashMap::with_capacity(limit),
            limit,
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.names.len()
    }

    pub(crate) fn is_full(&self) -> bool {
        self.names.len() >= self.limit
    }

    /// Returns the slot of a name.
    pub(crate) fn slot(&self, name: K) -> Option<u32> {
        self.names.get(&name).copied()
    }

    pub(crate) fn at(&self, slot: u32) -> Option<&T> {
        self.slots
            .get(slot as usize)?
            .as_ref()
            .map(|(_, thing)| thing)
    }

    pub(crate) fn at_mut(&mut self, slot: u32) -> Option<&mut T> {
        self.slots
            .get_mut(slot as usize)?
            .as_mut()
            .map(|(_, thing)| thing)
    }

    /// Adds a thing under a name; the caller has checked that both are free.
    pub(crate) fn insert(&mut self, name: K, thing: T) -> u32 {
        let entry = Some((name, thing));
        let slot = if let Some(slot) = self.free.pop() {
            self.slots[slot as usize] = entry;
            slot
        } else {
            self.slots.push(entry);
            u32::try_from(self.slots.len() - 1).unwrap_or(u32::MAX)
        };
        self.names.insert(name, slot);
        slot
    }

    pub(crate) fn remove(&mut self, slot: u32) -> Option<T> {
        let (name, thing) = self.slots.get_mut(slot as usize)?.take()?;
        self.names.remove(&name);
        self.free.push(slot);
        Some(thing)
    }
}
