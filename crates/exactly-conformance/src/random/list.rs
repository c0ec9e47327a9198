//! Drafts of what is asked of a list.

use exactly_core::operations::list::{self, End, Side};

use super::*;

pub(super) fn list() -> impl Strategy<Value = Draft> {
    let end = || prop::sample::select(vec![End::Front, End::Back]);
    let some = || prop::collection::vec(text(), 0..4);
    let room = || (0_u64..5).prop_map(|more| NonZeroU64::MIN.saturating_add(more));
    let limit = || prop::option::of(room());
    let side = prop::sample::select(vec![Side::Before, Side::After]);
    let index = || -4_i64..4;
    let to = (some_key(), limit(), lifetime());
    let to = to.prop_map(|(to, limit, lifetime)| Destination { key: name(to), limit, lifetime });
    prop_oneof![
        Just(op(list::Len {})),
        Just(op(list::Range { from: 0, to: -1 })),
        (index(), index()).prop_map(|(from, to)| op(list::Range { from, to })),
        (text(), end()).prop_map(|(element, end)| op(list::Position { element, end })),
        (end(), some(), limit()).prop_map(|(end, elements, limit)| op(list::Push {
            end,
            elements,
            limit
        })),
        (end(), some(), limit()).prop_map(|(end, elements, limit)| op(list::Push {
            end,
            elements,
            limit
        })),
        (end(), some(), room()).prop_map(|(end, elements, limit)| op(list::PushIfRoom {
            end,
            elements,
            limit
        })),
        (end(), 0_u64..3).prop_map(|(end, count)| op(list::Pop { end, count })),
        (index(), text()).prop_map(|(index, to)| op(list::SetAt { index, to })),
        (side, text(), text(), limit()).prop_map(|(side, pivot, element, limit)| {
            op(list::Insert { side, pivot, element, limit })
        }),
        (text(), end(), prop::option::of(0_u64..3))
            .prop_map(|(element, end, count)| op(list::Remove { element, end, count })),
        (index(), index()).prop_map(|(from, to)| op(list::Trim { from, to })),
        (end(), to, end())
            .prop_map(|(from, to, end)| { op(list::Move { from, to: Box::new(to), end }) }),
        (some(), limit()).prop_map(|(with, limit)| op(list::Replace { with, limit })),
    ]
}
