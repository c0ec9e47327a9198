//! Elements of collections, on their way between Rust and bytes.

use std::num::NonZeroU64;

use exactly_core::codec::Form;
use exactly_core::{Bytes, Fault, Members, Place};

use crate::object::Object;

/// Writes an element down.
pub(crate) fn encode<T: Form>(object: &Object, element: &T) -> Result<Bytes, Fault> {
    let key = object.key()?;
    element.encode().map_err(|source| Fault::unencodable(key, T::NAME, source))
}

/// Writes elements down, each by what can be made one.
pub(crate) fn encode_all<T: Form, B: FromIterator<Bytes>>(
    object: &Object,
    elements: impl IntoIterator<Item = impl Into<T>>,
) -> Result<B, Fault> {
    elements.into_iter().map(|element| encode::<T>(object, &element.into())).collect()
}

/// Reads members that are still where they were.
pub(crate) fn members<T: Form>(object: &Object, members: Members) -> Result<Vec<T>, Fault> {
    let read = |member: Bytes| {
        T::decode(&member).or_else(|source| {
            let place = Place::Member(member);
            Err(Fault::undecodable_at(object.key()?, &place, T::NAME, source))
        })
    };
    members.0.into_iter().map(read).collect()
}

/// Reads members that the call has removed by now.
pub(crate) fn gone_members<T: Form>(object: &Object, members: Members) -> Result<Vec<T>, Fault> {
    let Members(gone) = members;
    let read = |member: &Bytes| {
        T::decode(member).or_else(|source| {
            let place = Place::Member(member.clone());
            Err(Fault::undecodable_and_gone_at(object.key()?, &place, T::NAME, &gone, source))
        })
    };
    gone.iter().map(read).collect()
}

/// The limit of a collection as an operation takes it.
pub(crate) fn most(object: &Object, limit: Option<u64>) -> Result<Option<NonZeroU64>, Fault> {
    let none = || {
        let message = "a collection has room for at least one element, found the limit 0; \
                       nothing was changed";
        object.key().map_or_else(|fault| fault, |key| Fault::bad_setting(key, message))
    };
    limit.map(|limit| NonZeroU64::new(limit).ok_or_else(none)).transpose()
}
