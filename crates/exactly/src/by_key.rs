//! What there is one of for each key.

use std::collections::HashMap;
use std::sync::Arc;

use exactly_core::Key;
use parking_lot::Mutex;

/// How many are kept for those who come back; beyond, those that nobody has are forgotten.
const KEPT_MAX: usize = 1_024;

/// One of these for each key that somebody has asked for.
#[derive(Debug)]
pub(crate) struct ByKey<T>(Mutex<HashMap<Key, Arc<T>>>);

impl<T> Default for ByKey<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T: Default> ByKey<T> {
    /// That of this key, made if there is none.
    pub(crate) fn at(&self, key: &Key) -> Arc<T> {
        let mut all = self.0.lock();
        if all.len() >= KEPT_MAX && !all.contains_key(key) {
            all.retain(|_, one| Arc::strong_count(one) > 1);
        }
        Arc::clone(all.entry(key.clone()).or_default())
    }

    /// That of this key, if somebody has it now.
    pub(crate) fn in_use(&self, key: &Key) -> Option<Arc<T>> {
        self.0.lock().get(key).filter(|one| Arc::strong_count(one) > 1).cloned()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(number: usize) -> Key {
        Key::alone("", &number.to_string()).unwrap()
    }

    #[test]
    fn all_who_ask_at_once_have_the_same() {
        let all = ByKey::<u8>::default();
        assert!(all.in_use(&key(1)).is_none());
        let one = all.at(&key(1));
        assert!(Arc::ptr_eq(&one, &all.at(&key(1))));
        assert!(all.in_use(&key(1)).is_some_and(|other| Arc::ptr_eq(&one, &other)));
        drop(one);
        assert!(all.in_use(&key(1)).is_none());
    }

    #[test]
    fn those_that_nobody_has_are_forgotten_when_there_are_many() {
        let all = ByKey::<u8>::default();
        let kept = all.at(&key(0));
        for number in 1..5 * KEPT_MAX {
            drop(all.at(&key(number)));
        }
        assert!(all.0.lock().len() <= KEPT_MAX + 1);
        assert!(Arc::ptr_eq(&kept, &all.at(&key(0))));
    }
}
