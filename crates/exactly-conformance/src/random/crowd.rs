//! Drafts of what a crowd asks: many writes of one element each, at few keys, each for itself, as a
//! layer brings those together who come at once.

use exactly_core::Few;
use exactly_core::operations::map::Addend;
use exactly_core::operations::sorted_set::{Scored, When, WhenMember, WhenScore};
use exactly_core::operations::{list, map, set, sorted_set};

use super::*;

/// Mostly those of one kind, on the same terms: what an engine may do in one go. Now and then one
/// among them is of another kind, on other terms, or finds something else stored.
pub(super) fn crowd() -> BoxedStrategy<DraftBatch> {
    let limit = || prop_oneof![3 => Just(None), 1 => limit()];
    let sets = limit().prop_flat_map(|limit| together(at_a_set(limit)));
    let maps = limit().prop_flat_map(|limit| together(at_a_map(limit)));
    let sorted_sets = when().prop_flat_map(|when| together(at_a_sorted_set(when)));
    let lists = limit().prop_flat_map(|limit| together(at_a_list(limit)));
    let reads = together(reads());
    let mixed = together(prop_oneof![
        at_a_set(None),
        at_a_map(None),
        at_a_sorted_set(When::ALWAYS),
        other(),
    ]);
    prop_oneof![3 => sets, 4 => maps, 3 => sorted_sets, 1 => lists, 2 => reads, 2 => mixed].boxed()
}

fn together(draft: impl Strategy<Value = Draft> + 'static) -> impl Strategy<Value = DraftBatch> {
    let draft = draft.boxed();
    let common = (some_key(), lifetime(), 0_u32..4);
    common.prop_flat_map(move |(place, living, strangers)| {
        let place = prop_oneof![6 => Just(place), 1 => some_key()];
        let living = prop_oneof![20 => Just(living), strangers => lifetime()];
        let stranger = prop_oneof![Just(op(Delete {})), Just(op(set::Len {})), Just(op(Ttl {}))];
        let draft = prop_oneof![20 => draft.clone(), strangers => stranger];
        let steps = prop::collection::vec((place, draft, living, any::<bool>()), 2..24);
        steps.prop_map(|steps| DraftBatch { requirement: None, steps, apart: true })
    })
}

fn name_of_one() -> impl Strategy<Value = Bytes> {
    prop::sample::select(vec!["", "a", "b", "c", "refused", "misuse"]).prop_map(Bytes::from)
}

/// One, and now and then two or none.
fn few<T: Clone + std::fmt::Debug>(
    one: impl Strategy<Value = T> + Clone + 'static,
) -> impl Strategy<Value = Few<T>> {
    let one_only = prop::collection::vec(one.clone(), 1..2);
    prop_oneof![20 => one_only, 1 => prop::collection::vec(one, 0..3)].prop_map(Few::from_vec)
}

fn at_a_set(limit: Option<NonZeroU64>) -> impl Strategy<Value = Draft> {
    let members = || few(name_of_one().boxed());
    prop_oneof![
        5 => members().prop_map(move |members| op(set::Add { members, limit })),
        5 => members().prop_map(|members| op(set::Remove { members })),
    ]
}

fn at_a_map(limit: Option<NonZeroU64>) -> impl Strategy<Value = Draft> {
    let fields = || few(name_of_one().boxed());
    let pairs = || few((name_of_one(), text()).boxed());
    prop_oneof![
        4 => pairs().prop_map(move |pairs| op(map::Set { pairs, limit })),
        3 => pairs().prop_map(move |pairs| op(map::SetIfAbsent { pairs, limit })),
        3 => fields().prop_map(|fields| op(map::Remove { fields })),
        3 => fields().prop_map(|fields| op(map::Take { fields })),
        3 => (name_of_one(), number()).prop_map(move |(field, by)| op(by.add(field, limit))),
    ]
}

fn reads() -> impl Strategy<Value = Draft> {
    let names = || few(name_of_one().boxed());
    prop_oneof![
        names().prop_map(|members| op(set::Contains { members })),
        names().prop_map(|fields| op(map::Get { fields })),
        names().prop_map(|members| op(sorted_set::ScoresOf { members })),
        Just(op(Ttl {})),
    ]
}

fn when() -> impl Strategy<Value = When> {
    let member = prop::sample::select(vec![WhenMember::Any, WhenMember::New, WhenMember::Existing]);
    let score = prop::sample::select(vec![WhenScore::Any, WhenScore::Greater, WhenScore::Less]);
    let conditions = (member, score).prop_map(|(member, score)| When { member, score });
    prop_oneof![2 => Just(When::ALWAYS), 3 => conditions]
}

fn at_a_sorted_set(when: When) -> impl Strategy<Value = Draft> {
    let score = prop::sample::select(vec![-1.5, -0.0, 0.0, 0.1, 2.0, f64::INFINITY]);
    let scored = (name_of_one(), score).prop_map(|(member, score)| Scored { member, score });
    let limit = prop_oneof![20 => Just(None), 1 => limit()];
    prop_oneof![
        5 => (few(scored.boxed()), limit)
            .prop_map(move |(members, limit)| op(sorted_set::Add { members, when, limit })),
        4 => few(name_of_one().boxed()).prop_map(|members| op(sorted_set::Remove { members })),
    ]
}

fn at_a_list(limit: Option<NonZeroU64>) -> impl Strategy<Value = Draft> {
    let end = || prop::sample::select(vec![list::End::Front, list::End::Back]);
    let elements = prop::collection::vec(text(), 0..3);
    prop_oneof![
        5 => (end(), elements).prop_map(move |(end, elements)| op(list::Push {
            end,
            elements,
            limit
        })),
        3 => (end(), 0_u64..3).prop_map(|(end, count)| op(list::Pop { end, count })),
    ]
}
