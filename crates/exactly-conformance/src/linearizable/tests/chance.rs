//! Members drawn by lot: any draw is right that could have been made, and no other.

use exactly_core::operations::set::{
    self, Added, MembersPage, Page, Pop, Random, Remove, SetOutcome,
};
use exactly_core::{Bytes, Few, Members};

use super::super::Unjudged;
use super::*;

/// Each letter is a member.
fn these<B: FromIterator<Bytes>>(letters: &str) -> B {
    letters.chars().map(|letter| Bytes::from(letter.to_string())).collect()
}

fn adding(letters: &str) -> Batch {
    on("set", set::Add { members: these(letters), limit: None })
}

fn added(new: u64) -> Outcome {
    Outcome::Set(SetOutcome::Add(Added::Added { new }))
}

fn pop(count: u64) -> Batch {
    on("set", Pop { count })
}

fn popped(letters: &str) -> Outcome {
    Outcome::Set(SetOutcome::Pop(Members(these(letters))))
}

fn random(count: u64) -> Batch {
    on("set", Random { count })
}

fn drawn(letters: &str) -> Outcome {
    Outcome::Set(SetOutcome::Random(Members(these(letters))))
}

fn page() -> Batch {
    on("set", Page { after: None, count: 1 })
}

fn paged(letters: &str) -> Outcome {
    let members = Members(these(letters));
    Outcome::Set(SetOutcome::Page(MembersPage { members, next: None }))
}

#[test]
fn what_can_be_drawn_is_right() {
    for (name, told) in [
        ("one of three", vec![(pop(1), popped("b"))]),
        ("two of three, then the third", vec![(pop(2), popped("ca")), (pop(2), popped("b"))]),
        ("all of three", vec![(pop(9), popped("bca")), (pop(9), popped(""))]),
        ("none of three", vec![(pop(0), popped("")), (random(0), drawn(""))]),
        ("drawing leaves all", vec![(random(2), drawn("cb")), (random(9), drawn("abc"))]),
        ("what was drawn is gone", vec![(pop(1), popped("a")), (random(5), drawn("bc"))]),
        ("a page has any number", vec![(page(), paged("")), (page(), paged("ab"))]),
    ] {
        assert!(violation(&history(told)).is_none(), "{name}");
    }
}

#[test]
fn what_cannot_be_drawn_is_not() {
    for (name, told) in [
        ("no member", vec![(pop(1), popped("x"))]),
        ("one twice", vec![(pop(2), popped("aa"))]),
        ("one that was drawn before", vec![(pop(1), popped("a")), (pop(1), popped("a"))]),
        ("too few", vec![(pop(2), popped("a"))]),
        ("too many", vec![(pop(1), popped("ab"))]),
        ("nothing, of three", vec![(pop(1), popped(""))]),
        ("read: no member", vec![(random(1), drawn("x"))]),
        ("read: one twice", vec![(random(2), drawn("aa"))]),
        ("read: too few", vec![(random(2), drawn("a"))]),
        ("read: one that is gone", vec![(pop(1), popped("a")), (random(1), drawn("a"))]),
        ("a page with one that is gone", vec![(pop(1), popped("a")), (page(), paged("ab"))]),
    ] {
        assert!(violation(&history(told)).is_some(), "{name}");
    }
}

/// These calls one after the other, on a set of `abc`.
fn history(told: Vec<(Batch, Outcome)>) -> Vec<Call> {
    let first = (adding("abc"), added(3));
    let calls = std::iter::once(first).chain(told).zip(0_u64..);
    calls.map(|((batch, outcome), place)| at(2 * place, 2 * place + 1, batch, [outcome])).collect()
}

#[test]
fn two_at_once_draw_two() {
    let both = |one, two| {
        vec![
            at(1, 2, adding("ab"), [added(2)]),
            at(3, 6, pop(1), [popped(one)]),
            at(4, 5, pop(1), [popped(two)]),
        ]
    };
    assert!(violation(&both("a", "b")).is_none());
    assert!(violation(&both("b", "a")).is_none());
    assert!(violation(&both("a", "a")).is_some());
    let late = at(1, 8, adding("c"), [added(1)]);
    let early = at(2, 3, pop(1), [popped("c")]);
    assert!(violation(&[late, early]).is_none(), "drawn as soon as it can have been there");
}

#[test]
fn a_draw_in_a_batch_is_seen_by_what_follows_in_it() {
    let removal = |member: &str| Remove { members: Few::from_buf([member.into()]) };
    let batch = Batch::of([step("set", Pop { count: 1 }), step("set", removal("b"))]);
    let removed = |count| Outcome::Set(SetOutcome::Remove(count));
    for (drawn, removed_then, right) in [("a", 1, true), ("b", 0, true), ("b", 1, false)] {
        let reply = Reply::Applied([popped(drawn), removed(removed_then)].into_iter().collect());
        let calls = [at(1, 2, adding("ab"), [added(2)]), told(3, 4, batch.clone(), reply)];
        assert_eq!(violation(&calls).is_none(), right, "{drawn} {removed_then}");
    }
}

#[test]
fn all_callers_of_one_token_are_told_one_draw() {
    let named = || pop(1).named(token("job 7"));
    let calls = |again| {
        [
            at(1, 2, adding("ab"), [added(2)]),
            at(3, 4, named(), [popped("a")]),
            at(5, 6, named(), [popped(again)]),
            at(7, 8, pop(9), [popped("b")]),
        ]
    };
    assert!(violation(&calls("a")).is_none());
    assert!(violation(&calls("b")).is_some());
}

#[test]
fn a_draw_that_nobody_was_told_cannot_be_judged() {
    let known = at(1, 2, adding("ab"), [added(2)]);
    let unheard = unknown(3, pop(1));
    let refused = Reply::Refused(Refusal::Operation(1, out_of_bounds(1)));
    let batch = Batch::of([step("set", Pop { count: 1 }), at_most(1).steps[0].clone()]);
    for call in [unheard, told(3, 4, batch, refused)] {
        let judged = check(&[known.clone(), call.clone()]);
        let Err(Objection::CannotJudge(Unjudged::Chance(unjudged))) = judged else {
            panic!("{judged:?}")
        };
        assert_eq!(*unjudged, call);
    }
    assert!(violation(&[known, unknown(3, random(1))]).is_none(), "a read leaves nothing behind");
}
