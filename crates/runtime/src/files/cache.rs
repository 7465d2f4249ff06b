use std::collections::{BTreeMap, HashMap};
use std::hash::Hash;
use std::sync::Arc;

/// Decoded sounds, the least recently used of which make room for others.
#[derive(Debug)]
pub(super) struct Cache<K> {
    entries: HashMap<K, Entry>,
    /// By the moment of last use.
    by_use: BTreeMap<u64, K>,
    uses: u64,
    bytes: usize,
    bytes_max: usize,
}

#[derive(Debug)]
struct Entry {
    samples: Arc<[i16]>,
    used: u64,
}

impl<K: Clone + Eq + Hash> Cache<K> {
    pub(super) fn new(bytes_max: usize) -> Self {
        Self {
            entries: HashMap::new(),
            by_use: BTreeMap::new(),
            uses: 0,
            bytes: 0,
            bytes_max,
        }
    }

    pub(super) fn find(&mut self, key: &K) -> Option<Arc<[i16]>> {
        let entry = self.entries.get_mut(key)?;
        self.by_use.remove(&entry.used);
        self.uses += 1;
        entry.used = self.uses;
        self.by_use.insert(self.uses, key.clone());
        Some(Arc::clone(&entry.samples))
    }

    /// Keeps a sound, unless it is larger than the cache.
    pub(super) fn keep(&mut self, key: K, samples: &Arc<[i16]>) {
        if size_of_val::<[i16]>(samples) > self.bytes_max {
            return;
        }
        self.remove(&key);
        self.bytes += size_of_val::<[i16]>(samples);
        self.uses += 1;
        self.by_use.insert(self.uses, key.clone());
        self.entries.insert(
            key,
            Entry {
                samples: Arc::clone(samples),
                used: self.uses,
            },
        );
        while self.bytes > self.bytes_max
            && let Some((_, oldest)) = self.by_use.pop_first()
        {
            self.remove(&oldest);
        }
    }

    fn remove(&mut self, key: &K) {
        if let Some(entry) = self.entries.remove(key) {
            self.by_use.remove(&entry.used);
            self.bytes -= size_of_val::<[i16]>(&entry.samples);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_least_recently_used_makes_room() {
        let mut cache = Cache::new(80);
        let sound: Arc<[i16]> = vec![0; 20].into();
        cache.keep("a", &sound);
        cache.keep("b", &sound);
        assert!(cache.find(&"a").is_some());
        cache.keep("c", &sound);
        assert!(cache.find(&"b").is_none());
        assert!(cache.find(&"a").is_some());
        assert!(cache.find(&"c").is_some());
        assert_eq!(cache.bytes, 80);
    }

    #[test]
    fn a_sound_larger_than_the_cache_is_not_kept_and_evicts_nothing() {
        let mut cache = Cache::new(80);
        cache.keep("a", &vec![0; 20].into());
        cache.keep("large", &vec![0; 41].into());
        assert!(cache.find(&"large").is_none());
        assert!(cache.find(&"a").is_some());
        cache.keep("a", &vec![0; 30].into());
        assert_eq!((cache.bytes, cache.by_use.len()), (60, 1));
    }
}
