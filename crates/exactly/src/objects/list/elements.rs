//! Elements as they are written and read, and the indices that name them.

use std::num::NonZeroU64;
use std::ops::{Bound, RangeBounds};

use exactly_core::codec::Form;
use exactly_core::operations::list::Range;
use exactly_core::{Bytes, Fault, Place};

use crate::object::Object;

/// Every index.
pub(super) const ALL: Range = Range { from: 0, to: -1 };
/// No index at all.
const NONE: Range = Range { from: 0, to: i64::MIN };

/// The first and the last index of a range.
pub(super) fn ends(indices: &impl RangeBounds<i64>) -> Range {
    let from = match indices.start_bound() {
        Bound::Unbounded => Some(0),
        Bound::Included(first) => Some(*first),
        // Behind the last one is nothing, and not the front.
        Bound::Excluded(before) if *before == -1 => None,
        Bound::Excluded(before) => before.checked_add(1),
    };
    let to = match indices.end_bound() {
        Bound::Unbounded => Some(-1),
        Bound::Included(last) => Some(*last),
        // Before the first one is nothing, and not the back.
        Bound::Excluded(0) => None,
        Bound::Excluded(behind) => behind.checked_sub(1),
    };
    from.zip(to).map_or(NONE, |(from, to)| Range { from, to })
}

/// The index of the first of so many elements that a range was answered with.
pub(super) fn first_index(range: &Range, found: usize) -> i64 {
    if range.from < 0 && range.to < 0 {
        // The list may be shorter than the range is long: the last one is where it was asked for.
        return range.to + 1 - i64::try_from(found).unwrap_or(i64::MAX);
    }
    range.from.max(0)
}

pub(super) fn encode<T: Form>(object: &Object, element: &T) -> Result<Bytes, Fault> {
    let key = object.key()?;
    element.encode().map_err(|source| Fault::unencodable(key, T::NAME, source))
}

pub(super) fn encode_all<T: Form>(
    object: &Object,
    elements: impl IntoIterator<Item = impl Into<T>>,
) -> Result<Vec<Bytes>, Fault> {
    elements.into_iter().map(|element| encode(object, &element.into())).collect()
}

/// Elements of which the first has this index.
pub(super) fn decode<T: Form>(
    object: &Object,
    first: i64,
    elements: &[Bytes],
) -> Result<Vec<T>, Fault> {
    let read = |(index, bytes): (i64, &Bytes)| {
        T::decode(bytes).or_else(|source| {
            let place = Place::Index(index);
            Err(Fault::undecodable_at(object.key()?, &place, T::NAME, source))
        })
    };
    (first..).zip(elements).map(read).collect()
}

/// As [`decode`], of what the engine has removed by now.
pub(super) fn decode_gone<T: Form>(object: &Object, gone: Vec<Bytes>) -> Result<Vec<T>, Fault> {
    let read = |(index, bytes): (i64, &Bytes)| {
        T::decode(bytes).or_else(|source| {
            let (key, place) = (object.key()?, Place::Index(index));
            Err(Fault::undecodable_and_gone_at(key, &place, T::NAME, &gone, source))
        })
    };
    (0..).zip(&gone).map(read).collect()
}

pub(super) fn pop_one<T: Form>(object: &Object, gone: Vec<Bytes>) -> Result<Option<T>, Fault> {
    Ok(decode_gone(object, gone)?.pop())
}

/// The most that may be there for there to be room.
pub(super) fn room(object: &Object) -> Result<NonZeroU64, Fault> {
    Ok(object.limit()?.unwrap_or(NonZeroU64::MAX))
}
