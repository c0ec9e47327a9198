//! Histories that an engine can have.

use super::*;

#[test]
fn right_histories_are_accepted() {
    for (name, calls) in table() {
        if let Some(impasse) = violation(&calls) {
            panic!("{name}\n{impasse}");
        }
    }
}

#[test]
fn the_order_of_the_lines_does_not_matter() {
    for (name, mut calls) in table() {
        calls.reverse();
        assert!(violation(&calls).is_none(), "{name}");
    }
}

fn table() -> Vec<(&'static str, Vec<Call>)> {
    [answered(), unanswered(), batches(), tokens()].concat()
}

fn answered() -> Vec<(&'static str, Vec<Call>)> {
    vec![
        ("no call at all", vec![]),
        (
            "one after the other",
            vec![
                at(1, 2, add(1), [stepped(1)]),
                at(3, 4, add(2), [stepped(3)]),
                at(5, 6, count(), [counted(3)]),
                at(7, 8, swap(0), [swapped(3)]),
                at(9, 10, count(), [counted(0)]),
            ],
        ),
        (
            "two at once, the first to call was the first",
            vec![at(1, 4, add(1), [stepped(1)]), at(2, 3, add(1), [stepped(2)])],
        ),
        (
            "two at once, the first to call was the second",
            vec![at(1, 4, add(1), [stepped(2)]), at(2, 3, add(1), [stepped(1)])],
        ),
        (
            "an answer and a call at the same moment are at once",
            vec![at(1, 2, add(1), [stepped(2)]), at(2, 3, add(1), [stepped(1)])],
        ),
        (
            "a read at the same time as a write sees either",
            vec![
                at(1, 8, set("a"), [done()]),
                at(2, 3, get(), [got_nothing()]),
                at(4, 5, get(), [got("a")]),
                at(6, 7, get(), [got("a")]),
            ],
        ),
        (
            "a write that changes nothing now changes something later",
            vec![
                at(1, 2, set("a"), [done()]),
                at(3, 10, set("a"), [done()]),
                at(4, 9, set("b"), [done()]),
                at(5, 6, get(), [got("b")]),
                at(7, 8, get(), [got("a")]),
            ],
        ),
        (
            "a refusal stands between the calls that explain it",
            vec![
                at(1, 4, take(1, 1), [held(1)]),
                at(2, 9, take(2, 1), [full(0, 1)]),
                at(5, 6, release(1), [released(true)]),
                at(7, 8, take(3, 1), [held(3)]),
            ],
        ),
        (
            "different keys have nothing to do with each other",
            vec![at(1, 2, add(1), [stepped(1)]), at(3, 4, set("a"), [done()])],
        ),
        (
            "what had no effect is left out",
            vec![
                Call { ending: Ending::NoEffect, ..at(1, 2, add(1), [stepped(1)]) },
                at(3, 4, count(), [counted(0)]),
            ],
        ),
        ("an empty batch", vec![at(1, 2, Batch::of([]), [])]),
    ]
}

fn unanswered() -> Vec<(&'static str, Vec<Call>)> {
    let still_held = Condition::Holds(HoldId::from_u128(2));
    let reset = on("count", counter::Set { to: 2, bounds: Bounds::NONE });
    vec![
        (
            "an unknown call that took effect",
            vec![unknown(1, add(5)), at(2, 3, count(), [counted(5)])],
        ),
        ("an unknown call that did not", vec![unknown(1, add(5)), at(2, 3, count(), [counted(0)])]),
        (
            "an unknown call that took effect long after its caller had left",
            vec![
                Call { returned: Some(2), ..unknown(1, add(5)) },
                at(3, 4, count(), [counted(0)]),
                at(5, 6, add(1), [stepped(1)]),
                at(7, 8, count(), [counted(6)]),
            ],
        ),
        (
            "of equal unknown calls some took effect",
            vec![
                unknown(1, add(1)),
                unknown(2, add(1)),
                unknown(3, add(1)),
                at(4, 5, count(), [counted(1)]),
                unknown(6, add(1)),
                at(7, 8, add(1), [stepped(4)]),
                at(9, 10, count(), [counted(5)]),
            ],
        ),
        (
            "the unknown holder of a unit was not its only one",
            vec![
                unknown(1, take(1, 2)),
                unknown(2, take(2, 2)),
                at(3, 4, levels(2), [seen(2, 1, 0)]),
                at(5, 6, confirm(2), [confirmed()]),
                at(7, 8, take(3, 2), [held(3)]),
                at(9, 10, levels(2), [seen(2, 1, 1)]),
            ],
        ),
        (
            "the hold that is extended is the one that was taken",
            vec![
                unknown(1, take(1, 2)),
                unknown(2, take(2, 2)),
                at(3, 4, levels(2), [seen(2, 1, 0)]),
                at(5, 6, extend(2), [extended()]),
                at(7, 8, levels(2), [seen(2, 1, 0)]),
            ],
        ),
        (
            "the hold that a batch requires is the one that was taken",
            vec![
                unknown(1, take(1, 2)),
                unknown(2, take(2, 2)),
                at(3, 4, levels(2), [seen(2, 1, 0)]),
                at(5, 6, add(1).requiring(named("seats"), still_held), [stepped(1)]),
                at(7, 8, levels(2), [seen(2, 1, 0)]),
            ],
        ),
        (
            "of two ways to the same value the dearer one was taken",
            vec![
                unknown(1, reset),
                unknown(2, add(1)),
                unknown(3, add(1)),
                at(4, 5, count(), [counted(2)]),
                at(6, 7, swap(7), [swapped(2)]),
                at(8, 9, count(), [counted(2)]),
            ],
        ),
        ("an unknown read", vec![unknown(1, count()), at(2, 3, add(1), [stepped(1)])]),
        (
            "an unknown call is spent where it is needed, not where it fits first",
            vec![
                unknown(1, set("a")),
                at(2, 3, set("b"), [done()]),
                at(4, 5, set("c"), [done()]),
                at(6, 7, get(), [got("c")]),
                at(8, 9, get(), [got("a")]),
            ],
        ),
    ]
}

fn batches() -> Vec<(&'static str, Vec<Call>)> {
    let both = || Batch::of([step("a", counter::Add::by(1)), step("b", counter::Add::by(1))]);
    let read = || {
        let get = counter::Get { start: 0 };
        Batch::of([step("a", get.clone()), step("b", get)])
    };
    let refused = Batch::of(both().steps.into_iter().chain(at_most(0).steps));
    let over_two = Reply::Refused(Refusal::Operation(2, out_of_bounds(0)));
    let move_it = || on("a", key::Rename { to: named("b"), replace: false });
    vec![
        (
            "a batch over two keys, seen whole or not at all",
            vec![
                at(1, 6, both(), [stepped(1), stepped(1)]),
                at(2, 3, read(), [counted(0), counted(0)]),
                at(4, 5, read(), [counted(1), counted(1)]),
            ],
        ),
        (
            "a refused batch leaves nothing behind",
            vec![told(1, 2, refused, over_two), at(3, 4, read(), [counted(0), counted(0)])],
        ),
        (
            "what was renamed is at one of two keys",
            vec![
                at(1, 2, on("a", counter::Add::by(7)), [stepped(7)]),
                at(3, 8, move_it(), [renamed(Renamed::Renamed)]),
                at(4, 5, read(), [counted(7), counted(0)]),
                at(6, 7, read(), [counted(0), counted(7)]),
                at(9, 10, move_it(), [renamed(Renamed::Missing)]),
            ],
        ),
    ]
}

fn tokens() -> Vec<(&'static str, Vec<Call>)> {
    let once = || add(1).named(token("job 7"));
    vec![
        (
            "the same token is told the same, long after",
            vec![
                at(1, 2, once(), [stepped(1)]),
                at(3, 4, add(1), [stepped(2)]),
                at(5, 6, once(), [stepped(1)]),
                at(7, 8, count(), [counted(2)]),
            ],
        ),
        (
            "an unknown call and the one that asked again",
            vec![
                unknown(1, once()),
                at(2, 3, count(), [counted(1)]),
                at(4, 5, add(1), [stepped(2)]),
                at(6, 7, once(), [stepped(1)]),
            ],
        ),
        (
            "the first to be answered need not be the first to call",
            vec![
                at(1, 8, once(), [stepped(2)]),
                at(2, 3, count(), [counted(0)]),
                at(4, 5, add(1), [stepped(1)]),
                at(6, 7, once(), [stepped(2)]),
            ],
        ),
        (
            "whoever asks again with another new hold is told of the first",
            vec![
                unknown(1, take(1, 1).named(token("seat"))),
                at(2, 3, take(2, 1).named(token("seat")), [held(1)]),
                at(4, 5, confirm(1), [confirmed()]),
            ],
        ),
        (
            "different tokens are different calls",
            vec![
                at(1, 2, once(), [stepped(1)]),
                at(3, 4, add(1).named(token("job 8")), [stepped(2)]),
            ],
        ),
    ]
}
