//! The elements of a list, in memory.

use std::collections::VecDeque;
use std::num::NonZeroU64;
use std::ops::Range;

use super::End;
use crate::bytes::Bytes;

/// The state of a list: never empty.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct ListState {
    pub(super) elements: VecDeque<Bytes>,
}

impl ListState {
    /// A list with room for fewer is not worth making smaller.
    pub(super) const SMALL: usize = 64;

    /// The elements, from front to back.
    pub fn elements(&self) -> impl ExactSizeIterator<Item = &Bytes> {
        self.elements.iter()
    }

    pub(super) fn len(&self) -> u64 {
        self.elements.len() as u64
    }

    /// How many elements lie before this index, where a negative one counts from the back. Before
    /// what lies in front of all there are none, before what lies behind all there are all.
    fn before(&self, index: i64) -> usize {
        let len = self.elements.len();
        let distance = usize::try_from(index.unsigned_abs()).unwrap_or(usize::MAX);
        if index < 0 { len.saturating_sub(distance) } else { len.min(distance) }
    }

    /// The places from one index to another, both included.
    pub(super) fn places(&self, from: i64, to: i64) -> Range<usize> {
        let from = self.before(from);
        // Behind the last index is no other; what would be index 0 there lies behind the last.
        let end = if to == -1 { self.elements.len() } else { self.before(to.saturating_add(1)) };
        from..end.max(from)
    }

    /// The place of this index, if it is one.
    pub(super) fn place(&self, index: i64) -> Option<usize> {
        let place = self.before(index);
        let is_one = index >= 0 || index.unsigned_abs() <= self.len();
        (is_one && place < self.elements.len()).then_some(place)
    }

    pub(super) fn position(&self, element: &Bytes, end: End) -> Option<usize> {
        match end {
            End::Front => self.elements.iter().position(|found| found == element),
            End::Back => self.elements.iter().rposition(|found| found == element),
        }
    }

    pub(super) fn at_end(&self, end: End) -> Option<&Bytes> {
        match end {
            End::Front => self.elements.front(),
            End::Back => self.elements.back(),
        }
    }

    pub(super) fn push(&mut self, end: End, elements: &[Bytes]) {
        match end {
            End::Front => elements.iter().for_each(|one| self.elements.push_front(one.clone())),
            End::Back => self.elements.extend(elements.iter().cloned()),
        }
    }

    pub(super) fn pop(&mut self, end: End, count: u64) -> Vec<Bytes> {
        let count = self.elements.len().min(usize::try_from(count).unwrap_or(usize::MAX));
        match end {
            End::Front => self.elements.drain(..count).collect(),
            End::Back => self.elements.drain(self.elements.len() - count..).rev().collect(),
        }
    }

    /// Removes at this end what is more than the limit.
    pub(super) fn cut(&mut self, end: End, limit: Option<NonZeroU64>) {
        let Some(limit) = limit else { return };
        let limit = usize::try_from(limit.get()).unwrap_or(usize::MAX);
        let over = self.elements.len().saturating_sub(limit);
        match end {
            End::Front => drop(self.elements.drain(..over)),
            End::Back => self.elements.truncate(self.elements.len() - over),
        }
    }

    /// Keeps the elements at these places.
    pub(super) fn trim(&mut self, places: Range<usize>) -> u64 {
        let before = self.len();
        self.elements.truncate(places.end);
        self.elements.drain(..places.start.min(self.elements.len()));
        before - self.len()
    }

    pub(super) fn remove(&mut self, element: &Bytes, end: End, count: Option<u64>) -> u64 {
        let found = self.elements.iter().filter(|found| *found == element).count() as u64;
        let removed = found.min(count.unwrap_or(u64::MAX));
        let spared = match end {
            End::Front => 0,
            End::Back => found - removed,
        };
        let removed_places = spared..spared + removed;
        let mut place = 0;
        self.elements.retain(|one| {
            let goes = one == element && removed_places.contains(&place);
            place += u64::from(one == element);
            !goes
        });
        removed
    }

    /// Gives memory back that is not needed: seldom, so that it costs nothing for each element.
    pub(super) fn shrink(&mut self) {
        let (len, capacity) = (self.elements.len(), self.elements.capacity());
        if capacity > Self::SMALL && len < capacity / 4 {
            self.elements.shrink_to(len * 2);
        }
    }
}
