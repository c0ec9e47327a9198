//! Sorted sets.

pub mod reading;
pub mod whole;

use std::num::NonZeroU64;
use std::time::Duration;

use exactly_core::operations::key::{Exists, Expire, Life, Ttl};
use exactly_core::operations::sorted_set::{
    Add, AddTo, Added, AddedTo, Extreme, Len, Pop, Range, Rank, Remove, RemoveByScore, RemoveRange,
    Replace, Scored, Scores, ScoresOf, When, WhenScore,
};
use exactly_core::{Bytes, Few, Key};
use smallvec::smallvec;

use crate::subject::{Subject, key};

const INF: f64 = f64::INFINITY;
const HOUR: Duration = Duration::from_secs(3600);

fn scored<const N: usize>(members: [(&str, f64); N]) -> Vec<Scored> {
    members.map(|(member, score)| Scored { member: member.into(), score }).into()
}

fn add<const N: usize>(members: [(&str, f64); N]) -> Add {
    Add { members: scored(members).into(), when: When::ALWAYS, limit: None }
}

fn added(new: u64, changed: u64) -> Added {
    Added::Added { new, changed, trimmed: 0, gone: 0 }
}

fn add_to(member: &str, by: f64) -> AddTo {
    AddTo { member: member.into(), by, when: When::ALWAYS, limit: None }
}

fn pop(from: Extreme, count: u64) -> Pop {
    Pop { from, count }
}

fn most(limit: u64) -> Option<NonZeroU64> {
    NonZeroU64::new(limit)
}

async fn all(subject: &Subject, key: &Key) -> Vec<Scored> {
    subject.ok(key, Range { from: Extreme::Least, first: 0, last: -1 }).await
}

/// The members, each one letter, one after the other.
fn letters(members: &[Scored]) -> String {
    members.iter().map(|one| String::from_utf8_lossy(&one.member).into_owned()).collect()
}

/// Members stand in the order of their scores, then of their bytes; each is there once.
pub async fn meaning(subject: Subject) {
    let key = key("board");
    assert_eq!(subject.ok(&key, Len {}).await, 0);
    assert_eq!(all(&subject, &key).await, []);
    let first = add([("b", 2.0), ("c", -1.5), ("a", 2.0), ("z", INF), ("y", -INF)]);
    assert_eq!(subject.ok(&key, first).await, added(5, 0));
    let again = add([("d", 2.0), ("", 2.0), ("c", -1.5), ("b", 2.5), ("b", 2.0), ("d", 2.0)]);
    assert_eq!(subject.ok(&key, again).await, added(2, 2));
    assert_eq!(subject.ok(&key, add([])).await, added(0, 0));
    let order =
        [("y", -INF), ("c", -1.5), ("", 2.0), ("a", 2.0), ("b", 2.0), ("d", 2.0), ("z", INF)];
    assert_eq!(all(&subject, &key).await, scored(order));
    assert_eq!(subject.ok(&key, Len {}).await, 7);
    for (rank, (member, _)) in order.into_iter().enumerate() {
        for (from, rank) in [(Extreme::Least, rank), (Extreme::Greatest, 6 - rank)] {
            let rank_of = Rank { member: member.into(), from };
            assert_eq!(subject.ok(&key, rank_of).await, Some(rank as u64), "{member}");
        }
    }
    for from in [Extreme::Least, Extreme::Greatest] {
        assert_eq!(subject.ok(&key, Rank { member: "x".into(), from }).await, None);
    }
    let members: Few<_> = ["x", "b", "", "b", "z"].map(Bytes::from).into_iter().collect();
    let scores = [None, Some(2.0), Some(2.0), Some(2.0), Some(INF)];
    assert_eq!(subject.ok(&key, ScoresOf { members: members.clone() }).await[..], scores);
    assert_eq!(subject.ok(&key, ScoresOf { members: Few::new() }).await[..], []);
    assert_eq!(subject.ok(&key, Remove { members: members.clone() }).await, 3);
    assert_eq!(subject.ok(&key, Remove { members }).await, 0);
    assert_eq!(subject.ok(&key, Remove { members: Few::new() }).await, 0);
    assert_eq!(letters(&all(&subject, &key).await), "ycad");
}

/// What is there stays where the condition does not hold, and the answer says so.
pub async fn conditions(subject: Subject) {
    let existing_greater = When { score: WhenScore::Greater, ..When::EXISTING };
    let new_less = When { score: WhenScore::Less, ..When::NEW };
    for (place, (when, member, score, told, then)) in [
        (When::ALWAYS, "a", 1.0, added(0, 0), 1.0),
        (When::NEW, "a", 2.0, Added::Unmet, 1.0),
        (When::NEW, "b", 2.0, added(1, 0), 1.0),
        (When::EXISTING, "a", 1.0, added(0, 0), 1.0),
        (When::EXISTING, "a", 2.0, added(0, 1), 2.0),
        (When::EXISTING, "b", 2.0, Added::Unmet, 1.0),
        (When::GREATER, "a", 1.0, Added::Unmet, 1.0),
        (When::GREATER, "a", -INF, Added::Unmet, 1.0),
        (When::GREATER, "a", INF, added(0, 1), INF),
        (When::GREATER, "b", -INF, added(1, 0), 1.0),
        (When::LESS, "a", 1.0, Added::Unmet, 1.0),
        (When::LESS, "a", 1.0 + f64::EPSILON, Added::Unmet, 1.0),
        (When::LESS, "a", 1.0 - f64::EPSILON, added(0, 1), 1.0 - f64::EPSILON),
        (When::LESS, "b", INF, added(1, 0), 1.0),
        (existing_greater, "a", 2.0, added(0, 1), 2.0),
        (existing_greater, "a", 1.0, Added::Unmet, 1.0),
        (existing_greater, "b", 2.0, Added::Unmet, 1.0),
        (new_less, "a", 0.0, Added::Unmet, 1.0),
        (new_less, "b", 9.0, added(1, 0), 1.0),
    ]
    .into_iter()
    .enumerate()
    {
        let board = key(&format!("board {place}"));
        subject.ok(&board, add([("a", 1.0)])).await;
        let conditional = Add { when, ..add([(member, score)]) };
        assert_eq!(subject.ok(&board, conditional.clone()).await, told, "{conditional:?}");
        let scores = ScoresOf { members: smallvec!["a".into()] };
        assert_eq!(subject.ok(&board, scores).await[..], [Some(then)], "{conditional:?}");
    }
    let board = key("several");
    let several = |when, members| Add { when, ..members };
    let twice = several(When::NEW, add([("a", 1.0), ("a", 2.0)]));
    assert_eq!(subject.ok(&board, twice).await, added(1, 0));
    let one_is_new = several(When::NEW, add([("a", 3.0), ("b", 3.0)]));
    assert_eq!(subject.ok(&board, one_is_new.clone()).await, added(1, 0));
    assert_eq!(subject.ok(&board, one_is_new).await, Added::Unmet);
    let up_and_down = several(When::GREATER, add([("a", 2.0), ("a", 9.0), ("a", 5.0)]));
    assert_eq!(subject.ok(&board, up_and_down).await, added(0, 2));
    let down = several(When::LESS, add([("a", 9.5), ("c", 1.0), ("c", 2.0), ("c", 0.5)]));
    assert_eq!(subject.ok(&board, down).await, added(1, 1));
    assert_eq!(subject.ok(&board, several(When::NEW, add([]))).await, added(0, 0));
    assert_eq!(all(&subject, &board).await, scored([("c", 0.5), ("b", 3.0), ("a", 9.0)]));
    let missing = key("missing");
    let existing = several(When::EXISTING, add([("a", 1.0)]));
    assert_eq!(subject.ok(&missing, existing).await, Added::Unmet);
    assert!(!subject.ok(&missing, Exists {}).await);
}

/// Adding to a score adds as floating-point numbers do, on a condition or without.
pub async fn adding_to(subject: Subject) {
    for (place, (old, by, when, told)) in [
        (None, 1.5, When::ALWAYS, AddedTo::Scored(1.5)),
        (None, -0.0, When::ALWAYS, AddedTo::Scored(0.0)),
        (Some(0.1), 0.2, When::ALWAYS, AddedTo::Scored(0.1 + 0.2)),
        (Some(1e300), 1e300, When::ALWAYS, AddedTo::Scored(2e300)),
        (Some(f64::MAX), f64::MAX, When::ALWAYS, AddedTo::Scored(INF)),
        (Some(INF), INF, When::ALWAYS, AddedTo::Scored(INF)),
        (Some(5.0), -5.0, When::ALWAYS, AddedTo::Scored(0.0)),
        (Some(1.0), 1.0, When::NEW, AddedTo::Unmet),
        (None, 1.0, When::NEW, AddedTo::Scored(1.0)),
        (None, 1.0, When::EXISTING, AddedTo::Unmet),
        (Some(1.0), 1.0, When::EXISTING, AddedTo::Scored(2.0)),
        (Some(1.0), 1.0, When::GREATER, AddedTo::Scored(2.0)),
        (Some(1.0), 0.0, When::GREATER, AddedTo::Unmet),
        (Some(1.0), -1.0, When::GREATER, AddedTo::Unmet),
        (Some(1.0), -1.0, When::LESS, AddedTo::Scored(0.0)),
        (Some(1.0), 1.0, When::LESS, AddedTo::Unmet),
        (None, 1.0, When::LESS, AddedTo::Scored(1.0)),
    ]
    .into_iter()
    .enumerate()
    {
        let board = key(&format!("board {place}"));
        if let Some(old) = old {
            subject.ok(&board, add([("a", old)])).await;
        }
        let add_to = AddTo { when, ..add_to("a", by) };
        assert_eq!(subject.ok(&board, add_to.clone()).await, told, "{old:?} {add_to:?}");
        let expected = if let AddedTo::Scored(score) = told { Some(score) } else { old };
        let scores = subject.ok(&board, ScoresOf { members: smallvec!["a".into()] }).await;
        assert_eq!(scores[..], [expected], "{old:?} {add_to:?}");
    }
    let board = key("infinite");
    subject.ok(&board, add([("a", INF)])).await;
    for when in [When::ALWAYS, When::EXISTING, When::GREATER, When::LESS] {
        let fault = subject.run(&board, AddTo { when, ..add_to("a", -INF) }).await;
        let fault = fault.expect_err("no number");
        assert!(fault.is_misuse() && fault.is_overflow(), "{fault}");
        assert_eq!(fault.key(), Some(&board));
    }
    let not_asked = AddTo { when: When::NEW, ..add_to("a", -INF) };
    assert_eq!(subject.ok(&board, not_asked).await, AddedTo::Unmet);
    assert_eq!(all(&subject, &board).await, scored([("a", INF)]));
}

/// What is taken out is told from its end; the last one takes the key along.
pub async fn popping(subject: Subject) {
    let board = key("board");
    assert_eq!(subject.ok(&board, pop(Extreme::Least, 1)).await, []);
    let four = add([("a", 1.0), ("b", 2.0), ("c", 2.0), ("d", 4.0)]);
    subject.ok(&board, four).await;
    subject.ok(&board, Expire { after: HOUR }).await;
    let greatest = scored([("d", 4.0), ("c", 2.0)]);
    assert_eq!(subject.ok(&board, pop(Extreme::Greatest, 2)).await, greatest);
    assert_eq!(subject.ok(&board, pop(Extreme::Greatest, 0)).await, []);
    assert!(matches!(subject.ok(&board, Ttl {}).await, Life::Left(_)));
    let least = scored([("a", 1.0), ("b", 2.0)]);
    assert_eq!(subject.ok(&board, pop(Extreme::Least, 9)).await, least);
    assert!(!subject.ok(&board, Exists {}).await);
    // What comes after it has a life of its own.
    subject.ok(&board, add_to("a", 1.0)).await;
    assert_eq!(subject.ok(&board, Ttl {}).await, Life::Persistent);
    for emptying in 0..3 {
        subject.ok(&board, add([("a", 1.0)])).await;
        let removed = match emptying {
            0 => subject.ok(&board, Remove { members: smallvec!["a".into()] }).await,
            1 => subject.ok(&board, RemoveRange { first: 0, last: 0 }).await,
            _ => subject.ok(&board, RemoveByScore { scores: Scores::ALL }).await,
        };
        assert_eq!(removed, 1);
        assert!(!subject.ok(&board, Exists {}).await);
    }
}

/// A bounded set keeps those with the greatest scores, in the same step.
pub async fn limits(subject: Subject) {
    let board = key("board");
    let top = |members| Add { limit: most(2), ..members };
    for (members, new, changed, trimmed, gone) in [
        (top(add([("a", 1.0), ("b", 2.0)])), 2, 0, 0, 0),
        (top(add([("c", 3.0)])), 1, 0, 1, 0),
        (top(add([("d", 1.0)])), 1, 0, 1, 1),
        (top(add([("e", 2.0), ("f", 2.0), ("e", 2.0), ("f", 1.0)])), 2, 1, 2, 1),
        (top(add([("c", 0.5)])), 0, 1, 0, 0),
        (top(add([("c", 9.0), ("g", 8.0), ("h", 7.0)])), 2, 1, 2, 1),
        (Add { when: When::NEW, ..top(add([("i", 8.0), ("c", 0.0)])) }, 1, 0, 1, 0),
        (Add { when: When::GREATER, ..top(add([("j", 1.0), ("j", 10.0)])) }, 1, 1, 1, 0),
    ] {
        let told = Added::Added { new, changed, trimmed, gone };
        assert_eq!(subject.ok(&board, members.clone()).await, told, "{members:?}");
    }
    assert_eq!(all(&subject, &board).await, scored([("c", 9.0), ("j", 10.0)]));
    let add_to = |member: &str, by| AddTo { limit: most(2), ..add_to(member, by) };
    assert_eq!(subject.ok(&board, add_to("x", 8.0)).await, AddedTo::Trimmed);
    assert_eq!(subject.ok(&board, add_to("x", 9.0)).await, AddedTo::Scored(9.0));
    assert_eq!(all(&subject, &board).await, scored([("x", 9.0), ("j", 10.0)]));
    assert_eq!(subject.ok(&board, add_to("j", -9.0)).await, AddedTo::Scored(1.0));
    let three = scored([("p", 1.0), ("q", 3.0), ("r", 2.0)]);
    let replace = Replace { with: three, limit: most(2) };
    assert_eq!(subject.ok(&board, replace.clone()).await, 2);
    assert_eq!(all(&subject, &board).await, scored([("r", 2.0), ("q", 3.0)]));
    // A limit that has become smaller is kept by the next write.
    subject.ok(&board, Replace { limit: None, ..replace }).await;
    let one = Add { limit: most(1), ..add([("r", 9.0)]) };
    let told = Added::Added { new: 0, changed: 1, trimmed: 2, gone: 0 };
    assert_eq!(subject.ok(&board, one).await, told);
    let huge = Add { limit: most(u64::MAX), ..add([("s", 1.0)]) };
    assert_eq!(subject.ok(&board, huge).await, added(1, 0));
}

/// A replacement is one step and keeps the time to live; an empty one leaves nothing.
pub async fn replacing(subject: Subject) {
    let board = key("board");
    let replace = |with| Replace { with, limit: None };
    assert_eq!(subject.ok(&board, replace(Vec::new())).await, 0);
    assert!(!subject.ok(&board, Exists {}).await);
    assert_eq!(subject.ok(&board, replace(scored([("a", 1.0), ("b", 2.0)]))).await, 0);
    assert_eq!(subject.ok(&board, Ttl {}).await, Life::Persistent);
    subject.ok(&board, Expire { after: HOUR }).await;
    let twice = scored([("c", 3.0), ("a", 0.5), ("c", 0.0)]);
    assert_eq!(subject.ok(&board, replace(twice)).await, 2);
    assert_eq!(all(&subject, &board).await, scored([("c", 0.0), ("a", 0.5)]));
    let Life::Left(left) = subject.ok(&board, Ttl {}).await else { panic!("it lives on") };
    assert!(left <= HOUR && left > HOUR / 2, "{left:?}");
    assert_eq!(subject.ok(&board, replace(Vec::new())).await, 2);
    assert!(!subject.ok(&board, Exists {}).await);
}
