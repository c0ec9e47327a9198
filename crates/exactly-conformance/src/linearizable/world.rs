//! What is stored at some moment of an order.

use std::hash::Hasher;

use exactly_core::{
    Batch, Entry, Fault, Key, Moment, Reply, Scalar, Slot, Slots, State, Timestamp, apply,
};
use siphasher::sip128::{Hasher128, SipHasher13};
use smallvec::SmallVec;

/// Always the same, so that what is stored does not depend on the order that led to it.
const AT: Moment = Moment { now: Timestamp::from_nanos(1_000_000_000), order: 1 };

/// What is stored at the keys of a component.
#[derive(Debug, Clone, Default)]
pub(super) struct World {
    /// Sorted, and only what is filled.
    slots: Vec<(Key, Slot)>,
    digest: u128,
}

/// A batch that was tried: what it touched, as it is now.
#[derive(Debug)]
pub(super) struct Trial<'w> {
    world: &'w World,
    touched: SmallVec<[(Key, Slot); 1]>,
}

impl World {
    /// Names what is stored: 128 bits, so that no two worlds of a search are ever taken for one.
    pub(super) fn digest(&self) -> u128 {
        self.digest
    }

    /// Tries a batch.
    pub(super) fn play(&self, batch: &Batch) -> (Result<Reply, Fault>, Trial<'_>) {
        let mut trial = Trial { world: self, touched: SmallVec::new() };
        let reply = apply(&mut trial, batch, AT);
        (reply, trial)
    }

    /// Every key that is filled, and its state.
    pub(super) fn states(&self) -> impl Iterator<Item = (&Key, &State)> {
        self.slots.iter().filter_map(|(key, slot)| Some((key, &slot.entry()?.state)))
    }

    fn get(&self, key: &Key) -> Option<&Slot> {
        self.find(key).ok().map(|place| &self.slots[place].1)
    }

    fn find(&self, key: &Key) -> Result<usize, usize> {
        self.slots.binary_search_by(|(other, _)| other.cmp(key))
    }

    fn put(&mut self, key: Key, slot: Slot) {
        self.digest ^= slot.entry().map_or(0, |entry| digest(&key, entry));
        match self.find(&key) {
            Ok(place) => {
                self.digest ^= self.slots[place].1.entry().map_or(0, |entry| digest(&key, entry));
                if slot.is_empty() {
                    self.slots.remove(place);
                } else {
                    self.slots[place].1 = slot;
                }
            }
            Err(place) if !slot.is_empty() => self.slots.insert(place, (key, slot)),
            Err(_) => {}
        }
    }
}

impl Trial<'_> {
    /// Whether anything is stored now that was not, or the other way round.
    pub(super) fn changes(&self) -> bool {
        self.touched.iter().any(|(key, slot)| match self.world.get(key) {
            Some(before) => before != slot,
            None => !slot.is_empty(),
        })
    }

    /// What is stored now.
    pub(super) fn into_world(self) -> World {
        let mut world = self.world.clone();
        for (key, slot) in self.touched {
            world.put(key, slot);
        }
        world
    }
}

impl Slots for Trial<'_> {
    fn slot(&mut self, key: &Key) -> &mut Slot {
        let place = self.touched.iter().position(|(other, _)| other == key).unwrap_or_else(|| {
            let slot = self.world.get(key).cloned().unwrap_or_default();
            self.touched.push((key.clone(), slot));
            self.touched.len() - 1
        });
        &mut self.touched[place].1
    }
}

/// The epoch and the moment of the write are left out: while the clock stands still they are one.
fn digest(key: &Key, entry: &Entry) -> u128 {
    let mut hasher = SipHasher13::new();
    hasher.write(key.as_str().as_bytes());
    hasher.write_u8(0xff);
    hasher.write_u64(entry.expires.as_nanos());
    match &entry.state {
        State::Scalar(Scalar::Integer(number)) => {
            hasher.write_u8(0);
            hasher.write_i64(*number);
        }
        State::Scalar(Scalar::Real(number)) => {
            hasher.write_u8(1);
            hasher.write_u64(number.to_bits());
        }
        State::Scalar(Scalar::Bytes(bytes)) => {
            hasher.write_u8(2);
            hasher.write(bytes);
        }
        // What is inside is its own; what it shows of itself is all of it.
        State::Capacity(_)
        | State::Lock(_)
        | State::Limiter(_)
        | State::Queue(_)
        | State::Once(_) => {
            hasher.write_u8(3);
            hasher.write(format!("{:?}", entry.state).as_bytes());
        }
        State::List(list) => {
            hasher.write_u8(4);
            for element in list.elements() {
                hasher.write_usize(element.len());
                hasher.write(element);
            }
        }
        State::Set(set) => {
            hasher.write_u8(5);
            hasher.write(format!("{set:?}").as_bytes());
        }
        State::SortedSet(set) => {
            hasher.write_u8(6);
            hasher.write(format!("{set:?}").as_bytes());
        }
        State::Map(map) => {
            hasher.write_u8(7);
            for (field, value) in map.pairs().sorted() {
                for text in [field, value] {
                    hasher.write_usize(text.len());
                    hasher.write(text);
                }
            }
        }
    }
    hasher.finish128().as_u128()
}
