use alloc::collections::BTreeMap;

/// A table of bounded size that forgets what was not touched for the longest time.
#[derive(Debug)]
pub(crate) struct Lru<K, V> {
    limit: usize,
    touches: u64,
    values: BTreeMap<K, (u64, V)>,
    /// The keys by their last touch, the oldest first.
    order: BTreeMap<u64, K>,
}

impl<K: Ord + Clone, V> Lru<K, V> {
    pub(crate) const fn new(limit: usize) -> Self {
        Self {
            limit,
            touches: 0,
            values: BTreeMap::new(),
            order: BTreeMap::new(),
        }
    }

    /// Looks without touching.
    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.values.get(key).map(|(_, value)| value)
    }

    /// Touches the value, and puts one there when there is none.
    pub(crate) fn touch(&mut self, key: &K, absent: impl FnOnce() -> V) -> &mut V {
        self.touches += 1;
        match self.values.get(key) {
            Some((touched, _)) => {
                self.order.remove(touched);
            }
            None if self.values.len() >= self.limit => self.forget_oldest(),
            None => {}
        }
        self.order.insert(self.touches, key.clone());
        let slot = self
            .values
            .entry(key.clone())
            .or_insert_with(|| (0, absent()));
        slot.0 = self.touches;
        &mut slot.1
    }

    pub(crate) fn remove(&mut self, key: &K) {
        if let Some((touched, _)) = self.values.remove(key) {
            self.order.remove(&touched);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.values.len()
    }

    fn forget_oldest(&mut self) {
        if let Some((_, key)) = self.order.pop_first() {
            self.values.remove(&key);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_full_table_forgets_what_rested_longest() {
        let mut table = Lru::new(2);
        table.touch(&1, || 'a');
        table.touch(&2, || 'b');
        table.touch(&1, || 'x');
        table.touch(&3, || 'c');
        assert_eq!((table.get(&1), table.get(&2)), (Some(&'a'), None));
        assert_eq!((table.get(&3), table.len()), (Some(&'c'), 2));
        table.remove(&1);
        assert_eq!((table.get(&1), table.len()), (None, 1));
    }
}
