//! Byte strings, each once, found by what they are or by their place.

use std::collections::HashSet;
use std::hash::BuildHasher;
use std::num::NonZeroU64;

use hashbrown::hash_table::Entry;
use hashbrown::{DefaultHashBuilder, HashTable};

use crate::bytes::Bytes;
use crate::element::Cursor;

/// Byte strings, each once, in a row without gaps: a new one comes last, and where one is removed
/// the last one takes its place.
///
/// Beside the strings each costs a place of four bytes. Maps in the order of insertion keep the
/// hash and a wider place: twice as much for short strings.
#[derive(Debug, Clone, Default)]
pub(crate) struct Indexed {
    row: Vec<Bytes>,
    /// The place of each in the row, found by its hash.
    places: HashTable<u32>,
    /// Seeded for each row, so that nobody can choose strings that collide.
    hasher: DefaultHashBuilder,
}

impl Indexed {
    /// The most that a row may have.
    pub(crate) const LEN_MAX: usize = u32::MAX as usize;

    pub(crate) fn len(&self) -> usize {
        self.row.len()
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.row.is_empty()
    }

    pub(crate) fn as_slice(&self) -> &[Bytes] {
        &self.row
    }

    pub(crate) fn into_vec(self) -> Vec<Bytes> {
        self.row
    }

    pub(crate) fn contains(&self, bytes: &[u8]) -> bool {
        let hash = self.hasher.hash_one(bytes);
        self.places.find(hash, |place| *self.row[*place as usize] == *bytes).is_some()
    }

    /// Puts it last, unless it is there. Answers whether it was not.
    pub(crate) fn insert(&mut self, bytes: &Bytes) -> bool {
        let Self { row, places, hasher } = self;
        let is_it = |place: &u32| *row[*place as usize] == **bytes;
        let hash = |place: &u32| hasher.hash_one(&*row[*place as usize]);
        match places.entry(hasher.hash_one(&**bytes), is_it, hash) {
            Entry::Occupied(_) => false,
            Entry::Vacant(vacant) => {
                // Who inserts has looked whether there is room: see `LEN_MAX`.
                vacant.insert(row.len() as u32);
                row.push(bytes.clone());
                true
            }
        }
    }

    /// Removes it. Answers whether it was there.
    pub(crate) fn remove(&mut self, bytes: &[u8]) -> bool {
        let hash = self.hasher.hash_one(bytes);
        match self.places.find(hash, |place| *self.row[*place as usize] == *bytes) {
            None => false,
            Some(place) => {
                self.take(*place as usize);
                true
            }
        }
    }

    /// Removes what is at this place, which there must be, and answers it.
    pub(crate) fn take(&mut self, place: usize) -> Bytes {
        let Self { row, places, hasher } = self;
        let last = row.len() as u32 - 1;
        let taken = row.swap_remove(place);
        let hash = hasher.hash_one(&*taken);
        if let Ok(entry) = places.find_entry(hash, |other| *other as usize == place) {
            entry.remove();
        }
        if let Some(moved) = row.get(place)
            && let Some(moved) = places.find_mut(hasher.hash_one(&**moved), |other| *other == last)
        {
            *moved = place as u32;
        }
        self.shrink();
        taken
    }

    /// Removes all but those that `stays` says.
    pub(crate) fn retain(&mut self, mut stays: impl FnMut(&Bytes) -> bool) {
        // From the end: what takes the place of a removed one was looked at before.
        for place in (0..self.row.len()).rev() {
            if !stays(&self.row[place]) {
                self.take(place);
            }
        }
    }

    /// Some of them, and where to go on.
    ///
    /// Pages are told from the end of the row to its beginning. What is new comes last, and what
    /// takes the place of a removed one comes from the end: so whoever stays never moves from what
    /// is still to be told to what was told already.
    pub(crate) fn page(&self, after: Option<Cursor>, count: u64) -> (&[Bytes], Option<Cursor>) {
        let len = self.len() as u64;
        let end = after.map_or(len, |Cursor(place)| place.get().min(len));
        let start = end.saturating_sub(count);
        (&self.row[start as usize..end as usize], NonZeroU64::new(start).map(Cursor))
    }

    /// Some drawn by lot, none twice (Floyd's way): it costs as much as is drawn.
    pub(crate) fn draw(&self, count: u64) -> Vec<Bytes> {
        let len = self.len();
        let count = usize::try_from(count).map_or(len, |count| count.min(len));
        if count == len {
            return self.row.clone();
        }
        let mut drawn = HashSet::with_capacity(count);
        for last in len - count..len {
            let place = fastrand::usize(..=last);
            if !drawn.insert(place) {
                drawn.insert(last);
            }
        }
        drawn.into_iter().map(|place| self.row[place].clone()).collect()
    }

    /// As [`draw`](Self::draw), and removes them.
    pub(crate) fn take_drawn(&mut self, count: u64) -> Vec<Bytes> {
        let count = usize::try_from(count).map_or(self.len(), |count| count.min(self.len()));
        (0..count).map(|_| self.take(fastrand::usize(..self.len()))).collect()
    }

    /// Becomes these, one by one: whoever stays keeps its place, or comes nearer to the beginning.
    pub(crate) fn become_these(&mut self, others: &Self) {
        self.retain(|bytes| others.contains(bytes));
        self.extend(&others.row);
    }

    /// Gives memory back when little of it is used: so seldom that it costs each removal next to
    /// nothing, and never more than moving the few that are left.
    fn shrink(&mut self) {
        const SMALL: usize = 64;
        let Self { row, places, hasher } = self;
        if row.capacity() > SMALL && row.len() < row.capacity() / 8 {
            row.shrink_to(row.len() * 2);
            places.shrink_to(row.len() * 2, |place| hasher.hash_one(&*row[*place as usize]));
        }
    }
}

impl<'a> Extend<&'a Bytes> for Indexed {
    fn extend<I: IntoIterator<Item = &'a Bytes>>(&mut self, more: I) {
        for bytes in more {
            self.insert(bytes);
        }
    }
}

impl<'a> FromIterator<&'a Bytes> for Indexed {
    fn from_iter<I: IntoIterator<Item = &'a Bytes>>(all: I) -> Self {
        let mut indexed = Self::default();
        indexed.extend(all);
        indexed
    }
}

impl PartialEq for Indexed {
    /// In whatever order.
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len() && self.row.iter().all(|bytes| other.contains(bytes))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    fn bytes(number: u32) -> Bytes {
        Bytes::from(number.to_string())
    }

    /// Every place is found by its hash, and no hash leads nowhere.
    fn assert_whole(indexed: &Indexed, expected: &BTreeSet<u32>) {
        assert_eq!((indexed.len(), indexed.places.len()), (expected.len(), expected.len()));
        assert_eq!(indexed.is_empty(), expected.is_empty());
        assert!(expected.iter().all(|number| indexed.contains(&bytes(*number))));
        let mut places: Vec<_> = indexed.places.iter().copied().collect();
        places.sort_unstable();
        assert!(places.into_iter().eq(0..expected.len() as u32));
    }

    #[test]
    fn what_is_inserted_removed_and_taken_is_what_a_plain_set_says() {
        let mut dice = fastrand::Rng::with_seed(7);
        let (mut indexed, mut expected) = (Indexed::default(), BTreeSet::new());
        for round in 0..4_000 {
            let number = dice.u32(..200);
            match dice.u8(..3) {
                0 => assert_eq!(indexed.insert(&bytes(number)), expected.insert(number)),
                1 => assert_eq!(indexed.remove(&bytes(number)), expected.remove(&number)),
                2.. if !expected.is_empty() => {
                    let taken = indexed.take(dice.usize(..expected.len()));
                    let taken: u32 = std::str::from_utf8(&taken).unwrap().parse().unwrap();
                    assert!(expected.remove(&taken));
                }
                2.. => {}
            }
            if round % 50 == 0 {
                assert_whole(&indexed, &expected);
            }
        }
        indexed.retain(|kept| kept.len() == 1);
        expected.retain(|number| *number < 10);
        assert_whole(&indexed, &expected);
    }

    #[test]
    fn memory_is_given_back_when_little_is_left() {
        let all: Vec<_> = (0..10_000).map(bytes).collect();
        let mut indexed: Indexed = all.iter().collect();
        let full = indexed.row.capacity();
        while indexed.len() > 10 {
            indexed.take(0);
        }
        assert!(indexed.row.capacity() < full / 32, "{}", indexed.row.capacity());
        assert!(indexed.places.capacity() < full / 32, "{}", indexed.places.capacity());
        assert_eq!(indexed.as_slice().iter().collect::<Indexed>(), indexed);
    }
}
