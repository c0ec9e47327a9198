//! Whose turn it is at keys that many transactions meet at.
//!
//! A transaction that has lost to others at a key waits for its turn there, and those that come
//! later see that there is a line. So of all that want a hot key, in this process, one tries at a
//! time. Others of other processes still meet it, and are met with longer and longer pauses.

use std::collections::HashMap;
use std::sync::Arc;

use exactly_core::Key;
use parking_lot::Mutex;
use tokio::sync::{Mutex as Turn, OwnedMutexGuard};

use crate::objects::value::give_way;

/// The lines of one store.
#[derive(Debug, Default)]
pub(crate) struct Turns {
    lines: Mutex<HashMap<Key, Arc<Turn<()>>>>,
}

impl Turns {
    fn line(&self, key: &Key) -> Arc<Turn<()>> {
        Arc::clone(self.lines.lock().entry(key.clone()).or_default())
    }

    /// The line at a key where there is one.
    fn standing(&self, key: &Key) -> Option<Arc<Turn<()>>> {
        let lines = self.lines.lock();
        if lines.is_empty() { None } else { lines.get(key).cloned() }
    }

    /// Forgets a line in which nobody stands any more.
    fn leave(&self, key: &Key) {
        let mut lines = self.lines.lock();
        // One in the table, and one with whoever is leaving.
        if lines.get(key).is_some_and(|line| Arc::strong_count(line) <= 2) {
            lines.remove(key);
        }
    }
}

/// The turns that a transaction has.
#[derive(Debug)]
pub(super) struct Held {
    turns: Arc<Turns>,
    held: Vec<(Key, Arc<Turn<()>>, OwnedMutexGuard<()>)>,
    /// Where it wants a turn next time, and could not wait for it without others waiting for it.
    wanted: Vec<Key>,
}

impl Held {
    pub(super) fn none(turns: &Arc<Turns>) -> Self {
        Self { turns: Arc::clone(turns), held: Vec::new(), wanted: Vec::new() }
    }

    fn has(&self, key: &Key) -> bool {
        self.held.iter().any(|(held, ..)| held == key)
    }

    /// On the way to a key: waits where there is a line. Whether it may go on; if not, it begins
    /// again with all the turns that it wants.
    pub(super) async fn comes_to(&mut self, key: &Key) -> bool {
        if self.has(key) {
            return true;
        }
        let Some(line) = self.turns.standing(key) else { return true };
        // Who holds a turn waits for no other: two could wait for each other.
        let guard = match self.held.is_empty() {
            true => Arc::clone(&line).lock_owned().await,
            false => match Arc::clone(&line).try_lock_owned() {
                Ok(guard) => guard,
                Err(_) => {
                    self.wanted.push(key.clone());
                    return false;
                }
            },
        };
        self.held.push((key.clone(), line, guard));
        true
    }

    /// After the loss of an attempt: waits for a turn at the key of the conflict as well, and with
    /// a turn there already, for others of other processes to go first.
    pub(super) async fn take_another(&mut self, key: &Key, attempt: u32) {
        if self.has(key) {
            return give_way(attempt).await;
        }
        let mut keys: Vec<_> = self.held.iter().map(|(key, ..)| key.clone()).collect();
        keys.append(&mut self.wanted);
        keys.push(key.clone());
        keys.sort_unstable();
        keys.dedup();
        // In the order of their keys, with none in hand: so nobody waits in a circle.
        self.give_back();
        for key in keys {
            let line = self.turns.line(&key);
            let guard = Arc::clone(&line).lock_owned().await;
            self.held.push((key, line, guard));
        }
    }

    fn give_back(&mut self) {
        for (key, line, guard) in self.held.drain(..) {
            drop(guard);
            self.turns.leave(&key);
            drop(line);
        }
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        self.give_back();
    }
}
