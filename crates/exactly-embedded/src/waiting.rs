//! Who waits for which key to change.

use std::collections::HashMap;
use std::sync::Arc;

use tokio::sync::Notify;

/// The bells of the keys that somebody waits for. A key nobody waits for has none.
#[derive(Debug, Default)]
pub(crate) struct Waiting {
    bells: HashMap<Arc<str>, Arc<Notify>>,
}

impl Waiting {
    /// The bell of this key.
    pub(crate) fn bell(&mut self, key: Arc<str>) -> Arc<Notify> {
        Arc::clone(self.bells.entry(key).or_default())
    }

    /// Rings the bell of this key, if it has one.
    pub(crate) fn wake(&self, key: &str) {
        if self.bells.is_empty() {
            return;
        }
        if let Some(bell) = self.bells.get(key) {
            bell.notify_waiters();
        }
    }

    /// Takes the bell down if only the caller still has it.
    pub(crate) fn leave(&mut self, key: &str, bell: Arc<Notify>) {
        drop(bell);
        if self.bells.get(key).is_some_and(|bell| Arc::strong_count(bell) == 1) {
            self.bells.remove(key);
        }
    }

    pub(crate) fn len(&self) -> usize {
        self.bells.len()
    }
}
