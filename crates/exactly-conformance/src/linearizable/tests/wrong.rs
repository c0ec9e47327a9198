//! Histories that no engine may have, each with the call that gives it away.

use super::*;

#[test]
fn wrong_histories_are_rejected_at_the_call_that_gives_them_away() {
    for (name, calls, culprit) in table() {
        let Some(impasse) = violation(&calls) else { panic!("accepted: {name}") };
        assert_eq!(impasse.call.called, culprit, "{name}\n{impasse}");
    }
}

#[test]
fn the_order_of_the_lines_does_not_matter() {
    for (name, mut calls, culprit) in table() {
        calls.reverse();
        let Some(impasse) = violation(&calls) else { panic!("accepted: {name}") };
        assert_eq!(impasse.call.called, culprit, "{name}\n{impasse}");
    }
}

#[test]
fn what_happens_elsewhere_does_not_hide_it() {
    for (name, mut calls, culprit) in table() {
        let elsewhere = |by| on("elsewhere", counter::Add::by(by));
        calls.push(at(1, 9, elsewhere(1), [stepped(1)]));
        calls.push(unknown(1, elsewhere(3)));
        let Some(impasse) = violation(&calls) else { panic!("accepted: {name}") };
        assert_eq!(impasse.call.called, culprit, "{name}\n{impasse}");
    }
}

type Wrong = (&'static str, Vec<Call>, u64);

fn table() -> Vec<Wrong> {
    [counters(), values(), capacities(), batches(), tokens()].concat()
}

fn counters() -> Vec<Wrong> {
    vec![
        (
            "a lost update: two were told they were the first",
            vec![at(1, 3, add(1), [stepped(1)]), at(2, 4, add(1), [stepped(1)])],
            2,
        ),
        (
            "a stale read after an answered write",
            vec![at(1, 2, add(1), [stepped(1)]), at(3, 4, count(), [counted(0)])],
            3,
        ),
        (
            "a read from the future",
            vec![at(1, 2, count(), [counted(1)]), at(3, 4, add(1), [stepped(1)])],
            1,
        ),
        (
            "an unknown call that was made later explains nothing",
            vec![at(1, 2, count(), [counted(1)]), unknown(3, add(1))],
            1,
        ),
        (
            "one unknown increment took effect twice",
            vec![unknown(1, add(1)), at(2, 3, count(), [counted(2)])],
            2,
        ),
        (
            "an unknown increment was there and is gone",
            vec![
                unknown(1, add(1)),
                at(2, 3, count(), [counted(1)]),
                at(4, 5, count(), [counted(0)]),
            ],
            4,
        ),
        (
            "an increment was refused and took effect",
            vec![
                at(1, 2, add(1), [stepped(1)]),
                at(3, 4, at_most(1), [out_of_bounds(1)]),
                at(5, 6, count(), [counted(2)]),
            ],
            5,
        ),
        (
            "an increment was refused inside the bounds",
            vec![at(1, 2, at_most(1), [out_of_bounds(0)])],
            1,
        ),
        (
            "reads go back in time",
            vec![
                at(1, 10, add(1), [stepped(1)]),
                at(2, 3, count(), [counted(1)]),
                at(4, 5, count(), [counted(0)]),
            ],
            4,
        ),
        (
            "the answers contradict the order of the calls",
            vec![at(1, 2, add(1), [stepped(2)]), at(3, 4, add(1), [stepped(1)])],
            1,
        ),
        (
            "two were told of the same old value",
            vec![
                at(1, 2, add(5), [stepped(5)]),
                at(3, 5, swap(0), [swapped(5)]),
                at(4, 6, swap(0), [swapped(5)]),
            ],
            4,
        ),
    ]
}

fn values() -> Vec<Wrong> {
    vec![
        (
            "a deleted value is still read",
            vec![
                at(1, 2, set("a"), [done()]),
                at(3, 4, delete(), [deleted(true)]),
                at(5, 6, get(), [got("a")]),
            ],
            5,
        ),
        (
            "two replaced the same value",
            vec![
                at(1, 2, set("a"), [done()]),
                at(3, 5, replace("a", "b"), [replaced()]),
                at(4, 6, replace("a", "c"), [replaced()]),
            ],
            4,
        ),
        (
            "two were the first to mark",
            vec![
                at(1, 3, mark(), [marked(Marked::Marked)]),
                at(2, 4, mark(), [marked(Marked::Marked)]),
            ],
            2,
        ),
        ("marked already, by nobody", vec![at(1, 2, mark(), [marked(Marked::Already)])], 1),
        (
            "readers saw two writes in different orders",
            vec![
                at(1, 12, set("a"), [done()]),
                at(2, 13, set("b"), [done()]),
                at(3, 4, get(), [got("a")]),
                at(5, 6, get(), [got("b")]),
                at(7, 8, get(), [got("a")]),
            ],
            7,
        ),
        (
            "a value that nobody wrote",
            vec![at(1, 2, set("a"), [done()]), at(3, 4, get(), [got("b")])],
            3,
        ),
    ]
}

fn capacities() -> Vec<Wrong> {
    vec![
        (
            "the last unit was given to two",
            vec![at(1, 3, take(1, 1), [held(1)]), at(2, 4, take(2, 1), [held(2)])],
            2,
        ),
        (
            "full, while units were free",
            vec![at(1, 2, take(1, 2), [held(1)]), at(3, 4, take(2, 2), [full(0, 2)])],
            3,
        ),
        (
            "full, after a unit came back",
            vec![
                at(1, 2, take(1, 1), [held(1)]),
                at(3, 4, release(1), [released(true)]),
                at(5, 6, take(2, 1), [full(0, 1)]),
            ],
            5,
        ),
        (
            "a confirmed hold shows as held",
            vec![
                at(1, 2, take(1, 2), [held(1)]),
                at(3, 4, confirm(1), [confirmed()]),
                at(5, 6, levels(2), [seen(2, 1, 0)]),
            ],
            5,
        ),
        (
            "a hold was both confirmed and released",
            vec![
                at(1, 2, take(1, 1), [held(1)]),
                at(3, 5, confirm(1), [confirmed()]),
                at(4, 6, release(1), [released(true)]),
            ],
            4,
        ),
        (
            "one unknown hold takes two units",
            vec![unknown(1, take(1, 2)), at(2, 3, levels(2), [seen(2, 2, 0)])],
            2,
        ),
        (
            "the unknown hold that was confirmed is still held",
            vec![
                unknown(1, take(1, 2)),
                unknown(2, take(2, 2)),
                at(3, 4, levels(2), [seen(2, 1, 0)]),
                at(5, 6, confirm(2), [confirmed()]),
                at(7, 8, release(2), [released(true)]),
            ],
            7,
        ),
    ]
}

fn batches() -> Vec<Wrong> {
    let both = || Batch::of([step("a", counter::Add::by(1)), step("b", counter::Add::by(1))]);
    let read = |key| on(key, counter::Get { start: 0 });
    let read_both = || {
        let get = counter::Get { start: 0 };
        Batch::of([step("a", get.clone()), step("b", get)])
    };
    let refused = Batch::of(both().steps.into_iter().chain(at_most(0).steps));
    let over_two = Reply::Refused(Refusal::Operation(2, out_of_bounds(0)));
    let required = || on("b", counter::Add::by(1)).requiring(named("a"), Condition::Exists);
    let unmet = Reply::Refused(Refusal::Requirement(0));
    vec![
        (
            "a batch over two keys is seen half in one look",
            vec![
                at(1, 4, both(), [stepped(1), stepped(1)]),
                at(2, 3, read_both(), [counted(1), counted(0)]),
            ],
            2,
        ),
        (
            "a batch over two keys is seen half in two looks",
            vec![
                at(1, 6, both(), [stepped(1), stepped(1)]),
                at(2, 3, read("a"), [counted(1)]),
                at(4, 5, read("b"), [counted(0)]),
            ],
            4,
        ),
        (
            "an unknown batch is seen half",
            vec![
                unknown(1, both()),
                at(2, 3, read("b"), [counted(1)]),
                at(4, 5, read("a"), [counted(0)]),
            ],
            4,
        ),
        (
            "a refused batch left its first part behind",
            vec![told(1, 2, refused, over_two), at(3, 4, read("a"), [counted(1)])],
            3,
        ),
        (
            "a requirement that did not hold",
            vec![at(1, 2, required(), [stepped(1)]), at(3, 4, read("a"), [counted(0)])],
            1,
        ),
        (
            "a requirement that held",
            vec![at(1, 2, both(), [stepped(1), stepped(1)]), told(3, 4, required(), unmet)],
            3,
        ),
        (
            "what was renamed is at both keys",
            vec![
                at(1, 2, on("a", counter::Add::by(7)), [stepped(7)]),
                at(
                    3,
                    8,
                    on("a", key::Rename { to: named("b"), replace: false }),
                    [renamed(Renamed::Renamed)],
                ),
                at(4, 5, read("b"), [counted(7)]),
                at(6, 7, read("a"), [counted(7)]),
            ],
            6,
        ),
    ]
}

fn tokens() -> Vec<Wrong> {
    let once = || add(1).named(token("job 7"));
    vec![
        (
            "a token took effect twice, and its second caller was told so",
            vec![at(1, 2, once(), [stepped(1)]), at(3, 4, once(), [stepped(2)])],
            1,
        ),
        (
            "a token took effect twice, in secret",
            vec![
                at(1, 2, once(), [stepped(1)]),
                at(3, 4, once(), [stepped(1)]),
                at(5, 6, count(), [counted(2)]),
            ],
            5,
        ),
        (
            "a lost call and the one that asked again both took effect",
            vec![
                unknown(1, once()),
                at(2, 3, once(), [stepped(1)]),
                at(4, 5, count(), [counted(2)]),
            ],
            4,
        ),
        (
            "a token took effect after it was answered",
            vec![
                at(1, 2, once(), [stepped(1)]),
                at(3, 4, count(), [counted(0)]),
                at(5, 6, once(), [stepped(1)]),
            ],
            3,
        ),
        (
            "whoever asked again was told of a hold of his own",
            vec![
                at(1, 2, take(1, 2).named(token("seat")), [held(1)]),
                at(3, 4, take(2, 2).named(token("seat")), [held(2)]),
            ],
            1,
        ),
    ]
}
