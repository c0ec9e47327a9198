//! The state of a map.

use std::fmt;
use std::num::NonZeroU64;

use hashbrown::{DefaultHashBuilder, HashSet};
use indexmap::IndexMap;
use indexmap::map::Entry;

use super::{AddedToField, Filled, Pairs, PairsPage, ReplaceIf, Replaced, ReplacedAll, SetFields};
use crate::bytes::Bytes;
use crate::element::Cursor;
use crate::number::Number;
use crate::state::{Misuse, Scalar};

/// The state of a map: never empty.
#[derive(Clone, Default)]
pub struct MapState {
    /// Removing moves the last one into the gap and nothing else, so that pages that are counted
    /// down from the end miss nobody who stays. A value is a text, or a whole number for its
    /// digits.
    fields: IndexMap<Bytes, Scalar, DefaultHashBuilder>,
}

impl MapState {
    /// All fields with their values.
    pub fn pairs(&self) -> Pairs {
        Pairs(self.fields.iter().map(pair).collect())
    }

    pub(super) fn len(&self) -> u64 {
        self.fields.len() as u64
    }

    pub(super) fn get(&self, field: &Bytes) -> Option<Bytes> {
        self.fields.get(field).map(Scalar::to_bytes)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.fields.is_empty()
    }

    pub(super) fn contains(&self, field: &Bytes) -> bool {
        self.fields.contains_key(field)
    }

    pub(super) fn names(&self) -> impl Iterator<Item = Bytes> {
        self.fields.keys().cloned()
    }

    /// How many more there is room for.
    fn free(&self, limit: Option<NonZeroU64>) -> u64 {
        limit.map_or(u64::MAX, |limit| limit.get().saturating_sub(self.len()))
    }

    /// How many of these are not there, each counted once.
    fn new_among(&self, pairs: &[(Bytes, Bytes)]) -> u64 {
        if let [(field, _)] = pairs {
            return u64::from(!self.contains(field));
        }
        let new = pairs.iter().map(|(field, _)| field).filter(|field| !self.contains(field));
        new.collect::<HashSet<_>>().len() as u64
    }

    pub(super) fn page(&self, after: Option<Cursor>, count: u64) -> PairsPage {
        let end = after.map_or(self.len(), |Cursor(end)| end.get().min(self.len()));
        let start = end.saturating_sub(count);
        let on_page = self.fields.get_range(start as usize..end as usize);
        let pairs = on_page.into_iter().flatten().map(pair);
        PairsPage { pairs: Pairs(pairs.collect()), next: NonZeroU64::new(start).map(Cursor) }
    }

    pub(super) fn set(&mut self, pairs: &[(Bytes, Bytes)], limit: Option<NonZeroU64>) -> SetFields {
        let free = self.free(limit);
        if limit.is_some() && self.new_among(pairs) > free {
            return SetFields::Full { free };
        }
        let before = self.len();
        self.fields.extend(pairs.iter().map(scalar));
        SetFields::Set { new: self.len() - before }
    }

    pub(super) fn set_if_absent(
        &mut self,
        pairs: &[(Bytes, Bytes)],
        limit: Option<NonZeroU64>,
    ) -> Filled {
        let (free, new) = (self.free(limit), self.new_among(pairs));
        if new == 0 && !pairs.is_empty() {
            return Filled::Present;
        }
        if new > free {
            return Filled::Full { free };
        }
        let set = pairs.iter().map(scalar).map(|(field, value)| match self.fields.entry(field) {
            Entry::Occupied(_) => false,
            Entry::Vacant(vacant) => {
                vacant.insert(value);
                true
            }
        });
        Filled::Filled { set: set.collect() }
    }

    pub(super) fn replace_if(&mut self, replace: &ReplaceIf) -> Replaced {
        let ReplaceIf { field, old, to, limit } = replace;
        let found = self.get(field);
        if found != *old {
            return Replaced::Differs { found };
        }
        match to {
            Some(_) if found.is_none() && self.free(*limit) == 0 => return Replaced::Full,
            Some(to) => drop(self.fields.insert(field.clone(), Scalar::Bytes(to.clone()))),
            None => drop(self.remove(field)),
        }
        Replaced::Replaced
    }

    pub(super) fn take(&mut self, field: &Bytes) -> Option<Bytes> {
        self.remove(field).map(|value| value.to_bytes())
    }

    pub(super) fn remove(&mut self, field: &Bytes) -> Option<Scalar> {
        /// The room for so many fields is not worth giving back.
        const SMALL: usize = 64;
        let removed = self.fields.swap_remove(field);
        // Seldom enough that what it costs is less than the removals since the last time.
        if self.fields.capacity() > SMALL && self.fields.len() < self.fields.capacity() / 4 {
            self.fields.shrink_to(self.fields.len() * 2);
        }
        removed
    }

    pub(super) fn add<N: Number>(
        &mut self,
        field: &Bytes,
        by: N,
        limit: Option<NonZeroU64>,
    ) -> Result<AddedToField<N>, Misuse> {
        let full = self.free(limit) == 0;
        let stored = self.fields.get_mut(field);
        let old = match &stored {
            Some(scalar) => N::read(scalar)
                .ok_or_else(|| Misuse::not_a_number_in(field, N::NAME, scalar.to_bytes()))?,
            None if full => return Ok(AddedToField::Full),
            None => N::ZERO,
        };
        let overflow = || Misuse::overflow_in(field, &old.to_string(), &by.to_string());
        let sum = old.plus(by).ok_or_else(overflow)?;
        let value = match sum.write() {
            // What is no whole number here may be one to the next who adds: the text decides.
            real @ Scalar::Real(_) => Scalar::Bytes(real.to_bytes()),
            whole @ (Scalar::Integer(_) | Scalar::Bytes(_)) => whole,
        };
        match stored {
            Some(stored) => *stored = value,
            None => drop(self.fields.insert(field.clone(), value)),
        }
        Ok(AddedToField::Added(sum))
    }

    pub(super) fn replace(
        &mut self,
        with: &[(Bytes, Bytes)],
        limit: Option<NonZeroU64>,
    ) -> ReplacedAll {
        let mut new: IndexMap<_, _, DefaultHashBuilder> = with.iter().map(scalar).collect();
        if limit.is_some_and(|limit| new.len() as u64 > limit.get()) {
            return ReplacedAll::Full;
        }
        let before = self.len();
        // Who was there and stays keeps its turn: a page that is yet to come has not been missed.
        self.fields.retain(|field, value| match new.swap_remove(field) {
            Some(to) => {
                *value = to;
                true
            }
            None => false,
        });
        self.fields.extend(new);
        self.fields.shrink_to(self.fields.len());
        ReplacedAll::Replaced { before }
    }
}

fn pair((field, value): (&Bytes, &Scalar)) -> (Bytes, Bytes) {
    (field.clone(), value.to_bytes())
}

fn scalar((field, value): &(Bytes, Bytes)) -> (Bytes, Scalar) {
    (field.clone(), Scalar::Bytes(value.clone()))
}

impl PartialEq for MapState {
    /// Whether they have the same fields with the same texts.
    fn eq(&self, other: &Self) -> bool {
        self.len() == other.len()
            && self.fields.iter().all(|(field, value)| {
                other.fields.get(field).is_some_and(|other| other.to_bytes() == value.to_bytes())
            })
    }
}

impl fmt::Debug for MapState {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let pairs = self.pairs();
        f.debug_map().entries(pairs.sorted().iter().map(|(field, value)| (field, value))).finish()
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use proptest::prelude::*;

    use super::*;
    use crate::element::Few;

    #[test]
    fn a_map_that_has_shrunk_gives_its_memory_back() {
        let mut map = MapState::default();
        let fields: Vec<Bytes> = (0..10_000).map(|n| n.to_string().into()).collect();
        for field in &fields {
            map.add(field, 1_i64, None).unwrap();
        }
        for field in &fields[10..] {
            map.take(field);
            assert!(map.fields.capacity() <= 64.max(map.fields.len() * 8 + 8));
        }
        assert_eq!(map.len(), 10);
        assert!(fields[..10].iter().all(|field| map.get(field) == Some("1".into())));
    }

    #[derive(Debug, Clone)]
    enum Event {
        Page(u64),
        Set(u8),
        Remove(u8),
        Replace(BTreeSet<u8>),
    }

    fn event() -> impl Strategy<Value = Event> {
        prop_oneof![
            3 => (1_u64..8).prop_map(Event::Page),
            2 => (0_u8..40).prop_map(Event::Set),
            2 => (0_u8..40).prop_map(Event::Remove),
            1 => prop::collection::btree_set(0_u8..40, 0..40).prop_map(Event::Replace),
        ]
    }

    fn named(fields: impl IntoIterator<Item = u8>) -> Few<(Bytes, Bytes)> {
        fields.into_iter().map(|field| (vec![field].into(), "".into())).collect()
    }

    proptest! {
        /// Whatever others do between the pages.
        #[test]
        fn who_is_there_from_the_first_page_to_the_last_is_on_one(
            first in prop::collection::btree_set(0_u8..40, 1..40),
            events in prop::collection::vec(event(), 0..60),
        ) {
            let mut map = MapState::default();
            map.set(&named(first.iter().copied()), None);
            let (mut stayed, mut seen) = (first, BTreeSet::new());
            let mut turn = |map: &MapState, after, count| {
                let page = map.page(after, count);
                assert!(page.pairs.0.len() as u64 <= count);
                seen.extend(page.pairs.0.iter().map(|(field, _)| field[0]));
                page.next
            };
            let mut next = turn(&map, None, 1);
            for event in events {
                match event {
                    Event::Page(count) if next.is_some() => next = turn(&map, next, count),
                    Event::Page(_) => break,
                    Event::Set(field) => {
                        map.set(&named([field]), None);
                    }
                    Event::Remove(field) => {
                        map.take(&vec![field].into());
                        stayed.remove(&field);
                    }
                    Event::Replace(with) => {
                        map.replace(&named(with.iter().copied()), None);
                        stayed.retain(|field| with.contains(field));
                    }
                }
            }
            while next.is_some() {
                next = turn(&map, next, 7);
            }
            prop_assert!(stayed.is_subset(&seen), "{:?}", &stayed - &seen);
        }
    }
}
