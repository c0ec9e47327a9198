//! Drafts of what is asked of a set.

use exactly_core::operations::set::{self, Combination};

use super::*;

fn members<B: FromIterator<Bytes> + std::fmt::Debug>() -> impl Strategy<Value = B> {
    // Few of few, so that sets have members in common and limits are met.
    let some = prop::collection::vec(prop::sample::select(vec!["", "a", "b", "c", "d"]), 0..5);
    some.prop_map(|some| some.into_iter().map(Bytes::from).collect())
}

fn combination() -> impl Strategy<Value = Combination> {
    use Combination::{Difference, Intersection, Union};
    prop::sample::select(vec![Union, Intersection, Difference])
}

fn some_keys(least: usize) -> impl Strategy<Value = Vec<Key>> {
    prop::collection::vec(some_key().prop_map(name), least..4)
}

/// Lots are drawn only where all are: what else is drawn differs each time.
pub(super) fn set() -> impl Strategy<Value = Draft> {
    prop_oneof![
        Just(op(set::Len {})),
        Just(op(set::All {})),
        Just(op(set::Random { count: 9 })),
        members().prop_map(|members| op(set::Contains { members })),
        (members(), limit()).prop_map(|(members, limit)| op(set::Add { members, limit })),
        members().prop_map(|members| op(set::Remove { members })),
        Just(op(set::Pop { count: 9 })),
        (members(), destination()).prop_map(|(some, to): (Vec<Bytes>, _)| {
            let member = some.into_iter().next().unwrap_or_else(|| "a".into());
            op(set::Move { member, to })
        }),
        (members(), limit()).prop_map(|(with, limit)| op(set::Replace { with, limit })),
        (combination(), some_keys(0)).prop_map(|(how, with)| op(set::Combine { how, with })),
        (combination(), some_keys(1), limit())
            .prop_map(|(how, of, limit)| op(set::StoreCombined { how, of, limit })),
    ]
}
