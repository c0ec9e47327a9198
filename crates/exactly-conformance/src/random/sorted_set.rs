//! Drafts of what is asked of a sorted set.

use std::ops::{Bound, Range};

use exactly_core::operations::set::Combination;
use exactly_core::operations::sorted_set::{self, Aggregate, Extreme, Scored, Scores, When};

use super::*;

fn member() -> impl Strategy<Value = Bytes> {
    prop::sample::select(vec!["", "a", "ab", "b", "refused"]).prop_map(Bytes::from)
}

/// Few, so that they meet; and halves, whose sums are exact in every order.
fn score() -> impl Strategy<Value = f64> {
    let odd = prop::sample::select(vec![f64::INFINITY, f64::NEG_INFINITY, -0.0, f64::NAN]);
    prop_oneof![8 => (-4_i32..5).prop_map(|half| f64::from(half) / 2.0), 1 => odd]
}

fn scored() -> impl Strategy<Value = Vec<Scored>> {
    let one = (member(), score()).prop_map(|(member, score)| Scored { member, score });
    prop::collection::vec(one, 0..4)
}

fn scores() -> impl Strategy<Value = Scores> {
    let end = || {
        prop_oneof![
            Just(Bound::Unbounded),
            score().prop_map(Bound::Included),
            score().prop_map(Bound::Excluded),
        ]
    };
    (end(), end()).prop_map(|(from, to)| Scores { from, to })
}

fn when() -> impl Strategy<Value = When> {
    let each = vec![When::ALWAYS, When::NEW, When::EXISTING, When::GREATER, When::LESS];
    prop::sample::select(each)
}

fn most() -> impl Strategy<Value = Option<NonZeroU64>> {
    prop::option::weighted(
        0.3,
        (1_u64..4).prop_map(|most| NonZeroU64::MIN.saturating_add(most - 1)),
    )
}

fn end() -> impl Strategy<Value = Extreme> {
    prop::sample::select(vec![Extreme::Least, Extreme::Greatest])
}

/// At most two with the set itself: what infinities of both signs come to with a third is the
/// engine's own.
fn combined(
    others: Range<usize>,
) -> impl Strategy<Value = (Combination, Vec<(Key, f64)>, Aggregate)> {
    let weight = prop::sample::select(vec![1.0, 1.0, 2.0, -1.0]);
    let how = vec![Combination::Union, Combination::Intersection, Combination::Difference];
    let how = prop::sample::select(how);
    let sets = prop::collection::vec((some_key().prop_map(name), weight), others);
    let each = vec![Aggregate::Sum, Aggregate::Least, Aggregate::Greatest];
    (how, sets, prop::sample::select(each))
}

pub(super) fn sorted_set() -> impl Strategy<Value = Draft> {
    prop_oneof![sorted_set_read(), sorted_set_write()]
}

fn sorted_set_read() -> impl Strategy<Value = Draft> {
    use sorted_set::{Combine, Count, Len, Page, RangeByScore, Rank, ScoresOf};
    let member_or_none = prop::option::of((member(), score()));
    prop_oneof![
        Just(op(Len {})),
        prop::collection::vec(member(), 0..3)
            .prop_map(|members| op(ScoresOf { members: members.into() })),
        (member(), end()).prop_map(|(member, from)| op(Rank { member, from })),
        (end(), -3_i64..4, -3_i64..4).prop_map(|(from, first, last)| op(sorted_set::Range {
            from,
            first,
            last
        })),
        (scores(), end(), 0_u64..3, 0_u64..4).prop_map(|(scores, from, skip, count)| {
            op(RangeByScore { scores, from, skip, count })
        }),
        scores().prop_map(|scores| op(Count { scores })),
        (member_or_none, end(), 1_u64..3).prop_map(|(after, from, count)| {
            let after = after.map(|(member, score)| Scored { member, score });
            op(Page { after, from, count })
        }),
        (combined(0..2), 1_u8..3).prop_map(|((how, with, aggregate), weight)| {
            op(Combine { how, weight: f64::from(weight), with, aggregate })
        }),
    ]
}

fn sorted_set_write() -> impl Strategy<Value = Draft> {
    use sorted_set::{Add, AddTo, Pop, Remove, RemoveByScore, RemoveRange, Replace, StoreCombined};
    prop_oneof![
        3 => (scored(), when(), most())
            .prop_map(|(members, when, limit)| op(Add { members: members.into(), when, limit })),
        3 => (member(), score(), when(), most())
            .prop_map(|(member, by, when, limit)| op(AddTo { member, by, when, limit })),
        1 => prop::collection::vec(member(), 0..3)
            .prop_map(|members| op(Remove { members: members.into() })),
        1 => (-3_i64..4, -3_i64..4).prop_map(|(first, last)| op(RemoveRange { first, last })),
        1 => scores().prop_map(|scores| op(RemoveByScore { scores })),
        1 => (end(), 0_u64..3).prop_map(|(from, count)| op(Pop { from, count })),
        1 => (scored(), most()).prop_map(|(with, limit)| op(Replace { with, limit })),
        1 => (combined(0..3), most()).prop_map(|((how, of, aggregate), limit)| {
            op(StoreCombined { how, of, aggregate, limit })
        }),
    ]
}
