//! Where the switch puts its orders.

use alloc::vec::Vec;

use crate::effect::Effect;

/// Orders of the switch, in the order in which they are to be carried out.
///
/// The driver owns the buffer, so that it can keep it from turn to turn.
#[derive(Debug, Default)]
pub struct Effects(Vec<Effect>);

impl Effects {
    /// Builds an empty buffer.
    #[must_use]
    pub const fn new() -> Self {
        Self(Vec::new())
    }

    /// Takes out all orders and keeps the room they used.
    pub fn drain(&mut self) -> impl Iterator<Item = Effect> + '_ {
        self.0.drain(..)
    }

    /// Walks the orders without taking them.
    pub fn iter(&self) -> impl Iterator<Item = &Effect> {
        self.0.iter()
    }

    /// Returns how many orders wait.
    #[must_use]
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Tells whether there is nothing to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Forgets all orders.
    pub fn clear(&mut self) {
        self.0.clear();
    }

    pub(crate) fn push(&mut self, effect: Effect) {
        self.0.push(effect);
    }
}
