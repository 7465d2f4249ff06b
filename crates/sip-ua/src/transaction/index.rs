use alloc::collections::{BTreeMap, BTreeSet};
use alloc::vec::Vec;

/// Finds keys by something many of them share, so that nothing walks whole tables.
#[derive(Debug)]
pub(crate) struct Index<I, K>(BTreeMap<I, BTreeSet<K>>);

impl<I: Ord, K: Copy + Ord> Index<I, K> {
    pub(crate) fn insert(&mut self, id: I, key: K) {
        self.0.entry(id).or_default().insert(key);
    }

    pub(crate) fn remove(&mut self, id: &I, key: K) {
        if let Some(keys) = self.0.get_mut(id) {
            keys.remove(&key);
            if keys.is_empty() {
                self.0.remove(id);
            }
        }
    }

    /// The keys under `id`, in order.
    pub(crate) fn keys(&self, id: &I) -> Vec<K> {
        self.0
            .get(id)
            .map(|keys| keys.iter().copied().collect())
            .unwrap_or_default()
    }
}

impl<I, K> Default for Index<I, K> {
    fn default() -> Self {
        Self(BTreeMap::new())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_index_keeps_nothing_of_what_is_removed() {
        let mut index = Index::default();
        index.insert('a', 1);
        index.insert('a', 2);
        index.insert('b', 3);
        assert_eq!(index.keys(&'a'), [1, 2]);
        index.remove(&'a', 1);
        index.remove(&'a', 2);
        index.remove(&'a', 2);
        assert!(index.keys(&'a').is_empty());
        assert_eq!(index.0.len(), 1);
    }
}
