//! Whose turn it is at keys that many transactions meet at.
//!
//! A transaction that has lost to others at a key waits for its turn there, and those that come
//! later see that there is a line. So of all that want a hot key, in this process, one tries at a
//! time. Others of other processes still meet it, and are met with longer and longer pauses.

use std::sync::Arc;

use exactly_core::Key;
use tokio::runtime::Handle;
use tokio::sync::{Mutex as Turn, OwnedMutexGuard};
use tokio::time::{Instant, timeout_at};

use crate::by_key::ByKey;
use crate::contention::{self, For, give_way};

/// The lines of one store.
pub(crate) type Turns = ByKey<Turn<()>>;

/// The turns that a transaction has.
#[derive(Debug)]
pub(super) struct Held {
    turns: Arc<Turns>,
    /// When waiting for one more is over.
    until: Option<Instant>,
    held: Vec<(Key, OwnedMutexGuard<()>)>,
    /// Where it wants a turn next time, and could not wait for it without others waiting for it.
    wanted: Vec<Key>,
}

impl Held {
    pub(super) fn none(turns: &Arc<Turns>, until: Option<Instant>) -> Self {
        Self { turns: Arc::clone(turns), until, held: Vec::new(), wanted: Vec::new() }
    }

    fn has(&self, key: &Key) -> bool {
        self.held.iter().any(|(held, _)| held == key)
    }

    /// On the way to a key: waits where there is a line. Whether it may go on; if not, it begins
    /// again with all the turns that it wants.
    pub(super) async fn comes_to(&mut self, key: &Key) -> bool {
        if self.has(key) {
            return true;
        }
        let Some(line) = self.turns.in_use(key) else { return true };
        // Who holds a turn waits for no other: two could wait for each other.
        let guard = match self.held.is_empty() {
            true => self.wait(key, line).await,
            false => line.try_lock_owned().ok(),
        };
        let Some(guard) = guard else {
            self.wanted.push(key.clone());
            return false;
        };
        self.held.push((key.clone(), guard));
        true
    }

    /// After the loss of an attempt: waits for a turn at the key of the conflict as well, and with
    /// a turn there already, for others of other processes to go first.
    pub(super) async fn take_another(&mut self, key: &Key, attempt: u32) {
        if self.has(key) {
            return give_way(attempt).await;
        }
        // In the order of their keys, with none in hand: so nobody waits in a circle.
        let mut keys: Vec<_> = self.held.drain(..).map(|(key, _)| key).collect();
        keys.append(&mut self.wanted);
        keys.push(key.clone());
        keys.sort_unstable();
        keys.dedup();
        for key in keys {
            let Some(guard) = self.wait(&key, self.turns.at(&key)).await else { return };
            self.held.push((key, guard));
        }
    }

    /// A turn in this line, unless the time is over first.
    async fn wait(&self, key: &Key, line: Arc<Turn<()>>) -> Option<OwnedMutexGuard<()>> {
        if let Ok(turn) = Arc::clone(&line).try_lock_owned() {
            return Some(turn);
        }
        let came = Instant::now();
        let turn = match self.until.filter(|_| Handle::try_current().is_ok()) {
            Some(until) => timeout_at(until, line.lock_owned()).await.ok(),
            None => Some(line.lock_owned().await),
        };
        contention::waited(key, For::Turn, came.elapsed());
        turn
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn a_turn_is_waited_for_until_the_time_is_over() {
        let turns = Arc::new(Turns::default());
        let hot = Key::alone("", "hot").unwrap();
        let mut first = Held::none(&turns, None);
        first.take_another(&hot, 1).await;
        let mut late = Held::none(&turns, Some(Instant::now()));
        assert!(!late.comes_to(&hot).await);
        late.take_another(&hot, 1).await;
        assert!(!late.has(&hot));
        drop(first);
        assert!(late.comes_to(&hot).await);
    }
}
