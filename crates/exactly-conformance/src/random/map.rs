//! Drafts of what is asked of a map.

use exactly_core::Few;
use exactly_core::operations::map::{self, Addend};

use super::*;

pub(super) fn map() -> impl Strategy<Value = Draft> {
    let field = || prop::sample::select(vec!["", "a", "b"]).prop_map(Bytes::from);
    let fields = || prop::collection::vec(field(), 0..4).prop_map(Few::from_vec);
    let pairs = || prop::collection::vec((field(), text()), 0..4).prop_map(Few::from_vec);
    let one = || prop::option::of(text());
    prop_oneof![
        Just(op(map::Len {})),
        Just(op(map::All {})),
        Just(op(map::Fields {})),
        Just(op(map::Page { after: None, count: 9 })),
        fields().prop_map(|fields| op(map::Get { fields })),
        fields().prop_map(|fields| op(map::Contains { fields })),
        (pairs(), limit()).prop_map(|(pairs, limit)| op(map::Set { pairs, limit })),
        (pairs(), limit()).prop_map(|(pairs, limit)| op(map::SetIfAbsent { pairs, limit })),
        (field(), one(), one(), limit()).prop_map(|(field, old, to, limit)| op(map::ReplaceIf {
            field,
            old,
            to,
            limit
        })),
        fields().prop_map(|fields| op(map::Remove { fields })),
        fields().prop_map(|fields| op(map::Take { fields })),
        (field(), number(), limit()).prop_map(|(field, by, limit)| op(by.add(field, limit))),
        (field(), -8_i32..9, limit())
            .prop_map(|(field, tenths, limit)| op((f64::from(tenths) / 10.0).add(field, limit))),
        (pairs(), limit()).prop_map(|(with, limit)| op(map::Replace { with, limit })),
    ]
}
