//! The keys behind one lock.

use std::collections::BTreeSet;
use std::sync::Arc;

use exactly_core::{Batch, Clock, Fault, Key, Mark, Moment, Reply, Slot, Slots, Timestamp, apply};
use hashbrown::HashTable;
use hashbrown::hash_table::Entry;

use crate::waiting::Waiting;

/// Some of the engine's keys, what is stored at them, and who waits for them.
#[derive(Debug, Default)]
pub(crate) struct Shard {
    /// Boxed, for a table is up to half empty and a pointer is the smallest thing to leave empty.
    nodes: HashTable<Box<Node>>,
    /// The keys of which something ends by itself, in the order in which it does.
    due: BTreeSet<(Timestamp, Arc<str>)>,
    pub(crate) waiting: Waiting,
    /// Of the last step: it grows strictly, so that no two writes of a key share one.
    order: u64,
    /// How often the nodes may have moved to other buckets: a listing that went from bucket to
    /// bucket begins this shard again then.
    moves: u64,
}

#[derive(Debug)]
struct Node {
    text: Arc<str>,
    slot: Slot,
}

impl Node {
    fn is(&self, key: &str) -> bool {
        *self.text == *key
    }

    fn hash(&self) -> u64 {
        Key::hash_text(&self.text)
    }
}

/// The one slot that a batch on one key touches.
struct Only<'a>(&'a mut Slot);

impl Slots for Only<'_> {
    fn slot(&mut self, _key: &Key) -> &mut Slot {
        self.0
    }
}

impl Shard {
    /// The time. The clock is read only if anything can depend on it: reading it costs as much as
    /// the rest of a small batch.
    pub(crate) fn now(&self, timed: bool, clock: &dyn Clock) -> Timestamp {
        if timed || !self.due.is_empty() { clock.now() } else { Timestamp::ZERO }
    }

    /// Where the order of the next batch begins.
    pub(crate) fn next_order(&self) -> u64 {
        self.order + 1
    }

    /// Applies a batch that touches only `key`, with a single look into the table.
    pub(crate) fn apply_to_one(
        &mut self,
        key: &Key,
        batch: &Batch,
        now: Timestamp,
    ) -> Result<Reply, Fault> {
        self.lapse_key(key, now);
        let at = Moment { now, order: self.next_order() };
        self.order += batch.steps.len() as u64;
        self.make_room();
        match self.nodes.entry(key.hash_value(), |node| node.is(key.as_str()), |node| node.hash()) {
            Entry::Occupied(mut node) => {
                let slot = &mut node.get_mut().slot;
                let due = slot.due();
                let reply = apply(&mut Only(slot), batch, at);
                reschedule(&mut self.due, key, due, slot.due());
                if slot.is_empty() {
                    node.remove();
                }
                reply
            }
            Entry::Vacant(place) => {
                let mut slot = Slot::default();
                let reply = apply(&mut Only(&mut slot), batch, at);
                if !slot.is_empty() {
                    reschedule(&mut self.due, key, None, slot.due());
                    place.insert(Box::new(Node { text: key.to_shared(), slot }));
                }
                reply
            }
        }
    }

    /// The slot of `key`, made if there is none: [`Shard::settle`] must follow.
    pub(crate) fn slot(&mut self, key: &Key) -> &mut Slot {
        self.make_room();
        let node =
            self.nodes.entry(key.hash_value(), |node| node.is(key.as_str()), |node| node.hash());
        let new = || Box::new(Node { text: key.to_shared(), slot: Slot::default() });
        &mut node.or_insert_with(new).into_mut().slot
    }

    /// A table that is full makes room when it is next asked for an entry, and moves its nodes.
    fn make_room(&mut self) {
        if self.nodes.len() == self.nodes.capacity() {
            self.moves += 1;
        }
    }

    /// The nodes in its buckets, from one on, at which something is stored.
    pub(crate) fn stored_from(
        &self,
        bucket: usize,
        now: Timestamp,
    ) -> impl Iterator<Item = (usize, &Arc<str>)> {
        let buckets = bucket..self.nodes.num_buckets();
        buckets.filter_map(move |bucket| {
            let node = self.nodes.get_bucket(bucket)?;
            node.slot.entry().filter(|entry| entry.expires > now)?;
            Some((bucket, &node.text))
        })
    }

    /// How often its nodes may have moved.
    pub(crate) fn moves(&self) -> u64 {
        self.moves
    }

    /// When something at `key` ends by itself.
    pub(crate) fn due_at(&self, key: &Key) -> Option<Timestamp> {
        self.find(key).and_then(Slot::due)
    }

    /// Brings the table in order after a batch on several keys: `due` is when `key` was due before
    /// it.
    pub(crate) fn settle(&mut self, key: &Key, due: Option<Timestamp>, order: u64) {
        self.order = order;
        let new = self.due_at(key);
        reschedule(&mut self.due, key, due, new);
        if let Ok(node) = self.nodes.find_entry(key.hash_value(), |node| node.is(key.as_str()))
            && node.get().slot.is_empty()
        {
            node.remove();
        }
    }

    fn find(&self, key: &Key) -> Option<&Slot> {
        self.nodes.find(key.hash_value(), |node| node.is(key.as_str())).map(|node| &node.slot)
    }

    /// Frees what has ended at `key`, and tells those who wait for it. Batches do so first, so that
    /// no change by time goes unnoticed because a reader saw it before the sweeper did.
    pub(crate) fn lapse_key(&mut self, key: &Key, now: Timestamp) {
        if self.due.first().is_none_or(|(due, _)| *due > now) {
            return;
        }
        let Some(due) = self.due_at(key).filter(|due| *due <= now) else { return };
        self.due.remove(&(due, key.to_shared()));
        self.lapse(&key.to_shared(), now);
    }

    /// Frees what has ended, at most `most` keys of it.
    pub(crate) fn sweep(&mut self, now: Timestamp, most: usize) {
        for _ in 0..most {
            match self.due.first() {
                Some((due, _)) if *due <= now => {}
                Some(_) | None => return,
            }
            let Some((_, text)) = self.due.pop_first() else { return };
            self.lapse(&text, now);
        }
    }

    fn lapse(&mut self, text: &Arc<str>, now: Timestamp) {
        let Ok(mut node) = self.nodes.find_entry(Key::hash_text(text), |node| node.is(text)) else {
            return;
        };
        let slot = &mut node.get_mut().slot;
        slot.lapse(now);
        if let Some(entry) = slot.entry_mut() {
            // What lapsed inside is a change too: its mark must differ for those who look next.
            self.order += 1;
            entry.written = self.order;
        }
        if let Some(due) = slot.due() {
            self.due.insert((due, Arc::clone(text)));
        }
        if slot.is_empty() {
            node.remove();
        }
        self.waiting.wake(text);
    }

    /// When something ends next.
    pub(crate) fn due(&self) -> Option<Timestamp> {
        self.due.first().map(|(due, _)| *due)
    }

    /// Tells this state of `key` from every other: when it was last written.
    pub(crate) fn mark(&self, key: &Key) -> Mark {
        // Nothing stored is a state as well, and must not be the mark that stands for none.
        const ABSENT: u64 = 1;
        let written = self.find(key).and_then(Slot::entry).map(|entry| entry.written);
        Mark::new(written.map_or(ABSENT, |order| order.saturating_add(ABSENT)))
    }

    pub(crate) fn len(&self) -> usize {
        self.nodes.len()
    }
}

fn reschedule(
    due: &mut BTreeSet<(Timestamp, Arc<str>)>,
    key: &Key,
    old: Option<Timestamp>,
    new: Option<Timestamp>,
) {
    if old == new {
        return;
    }
    if let Some(old) = old {
        due.remove(&(old, key.to_shared()));
    }
    if let Some(new) = new {
        due.insert((new, key.to_shared()));
    }
}
