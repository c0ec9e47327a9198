//! Sorted sets among others: put together, taken back, expired, and of another kind.

use std::ops::Bound::{Included, Unbounded};
use std::time::Duration;

use exactly_core::operations::key::{Exists, Expire, Life, Rename, Renamed, Ttl};
use exactly_core::operations::set::Combination;
use exactly_core::operations::sorted_set::{
    Add, AddTo, AddedTo, Aggregate, Combine, Count, Extreme, Len, Page, Range, RangeByScore, Rank,
    Remove, RemoveByScore, RemoveRange, Replace, Scored, Scores, ScoresOf, StoreCombined, When,
};
use exactly_core::operations::{capacity, counter, set, value};
use exactly_core::{
    Batch, Bytes, ELEMENTS_MAX, Few, Key, Lifetime, PAGE_MAX, Reply, SOURCES_MAX, Step,
};
use smallvec::smallvec;

use super::{HOUR, INF, add, add_to, all, most, pop, scored};
use crate::subject::{Subject, key, step};

const SOON: Duration = Duration::from_millis(50);

/// Sets put together: their members, weights, and what becomes of scores. Whole numbers, because
/// the order in which fractions are summed up is the engine's own.
pub async fn algebra(subject: Subject) {
    use Combination::{Difference, Intersection, Union};
    let [a, b, to] = ["a", "b", "to"].map(key);
    subject.ok(&a, add([("x", 1.0), ("y", 2.0), ("i", INF)])).await;
    subject.ok(&b, add([("y", 10.0), ("z", 20.0), ("i", -INF)])).await;
    subject.ok(&to, add([("old", 1.0)])).await;
    subject.ok(&to, Expire { after: HOUR }).await;
    let sum = Aggregate::Sum;
    for (how, aggregate, [weight, other], told) in [
        (Union, sum, [1.0, 1.0], scored([("i", 0.0), ("x", 1.0), ("y", 12.0), ("z", 20.0)])),
        (Union, sum, [0.0, 2.0], scored([("i", -INF), ("x", 0.0), ("y", 20.0), ("z", 40.0)])),
        (
            Union,
            Aggregate::Least,
            [1.0, -1.0],
            scored([("z", -20.0), ("y", -10.0), ("x", 1.0), ("i", INF)]),
        ),
        (Intersection, sum, [1.0, 0.5], scored([("i", 0.0), ("y", 7.0)])),
        (Intersection, Aggregate::Greatest, [1.0, 1.0], scored([("y", 10.0), ("i", INF)])),
        (Difference, sum, [1.0, 1.0], scored([("x", 1.0)])),
    ] {
        let combine = Combine { how, weight, with: vec![(b.clone(), other)], aggregate };
        assert_eq!(subject.ok(&a, combine.clone()).await, told, "{combine:?}");
        let of = vec![(a.clone(), weight), (b.clone(), other)];
        let store = StoreCombined { how, of, aggregate, limit: None };
        assert_eq!(subject.ok(&to, store).await, told.len() as u64);
        assert_eq!(all(&subject, &to).await, told, "{combine:?}");
        assert!(matches!(subject.ok(&to, Ttl {}).await, Life::Left(_)));
    }
}

/// With nothing, with what is missing, with itself; in its own place, bounded, and to nothing.
pub async fn algebra_of_one(subject: Subject) {
    use Combination::{Difference, Intersection, Union};
    let [a, b, none, to] = ["a", "b", "none", "to"].map(key);
    subject.ok(&a, add([("x", 1.0), ("y", 2.0), ("i", INF)])).await;
    subject.ok(&b, add([("y", 10.0), ("z", 20.0), ("i", -INF)])).await;
    let sum = Aggregate::Sum;
    let whole = || scored([("x", 1.0), ("y", 2.0), ("i", INF)]);
    for (how, others, told) in [
        (Union, vec![], whole()),
        (Intersection, vec![], whole()),
        (Difference, vec![], whole()),
        (Union, vec![&none], whole()),
        (Intersection, vec![&none], Vec::new()),
        (Difference, vec![&none], whole()),
        (Union, vec![&a], scored([("x", 2.0), ("y", 4.0), ("i", INF)])),
        (Intersection, vec![&a, &a], scored([("x", 3.0), ("y", 6.0), ("i", INF)])),
        (Difference, vec![&a], Vec::new()),
    ] {
        let with = others.into_iter().map(|key| (key.clone(), 1.0)).collect();
        let combine = Combine { how, weight: 1.0, with, aggregate: sum };
        assert_eq!(subject.ok(&a, combine.clone()).await, told, "{combine:?}");
    }
    let of = vec![(a.clone(), 1.0), (b.clone(), 1.0)];
    let store = StoreCombined { how: Union, of, aggregate: sum, limit: most(2) };
    assert_eq!(subject.ok(&a, store.clone()).await, 2);
    assert_eq!(all(&subject, &a).await, scored([("y", 12.0), ("z", 20.0)]));
    let nothing = StoreCombined { how: Difference, of: vec![(none, 1.0), (a, 1.0)], ..store };
    subject.ok(&to, add([("old", 1.0)])).await;
    assert_eq!(subject.ok(&to, nothing).await, 0);
    assert!(!subject.ok(&to, Exists {}).await);
}

/// Sets without scores count as if each score were 1; they are no sorted sets themselves.
pub async fn algebra_with_sets(subject: Subject) {
    use Combination::{Difference, Intersection, Union};
    let [scores, plain, to] = ["scores", "plain", "to"].map(key);
    subject.ok(&scores, add([("a", 5.0), ("b", -2.0)])).await;
    let members = ["b", "c"].map(Bytes::from).into_iter().collect();
    subject.ok(&plain, set::Add { members, limit: None }).await;
    let sum = Aggregate::Sum;
    for (how, weight, aggregate, told) in [
        (Union, 1.0, sum, scored([("b", -1.0), ("c", 1.0), ("a", 5.0)])),
        (Union, 10.0, Aggregate::Greatest, scored([("a", 5.0), ("b", 10.0), ("c", 10.0)])),
        (Intersection, -3.0, sum, scored([("b", -5.0)])),
        (Difference, 1.0, sum, scored([("a", 5.0)])),
    ] {
        let combine = Combine { how, weight: 1.0, with: vec![(plain.clone(), weight)], aggregate };
        assert_eq!(subject.ok(&scores, combine).await, told, "{how:?}");
        let of = vec![(scores.clone(), 1.0), (plain.clone(), weight)];
        let store = StoreCombined { how, of, aggregate, limit: None };
        assert_eq!(subject.ok(&to, store).await, told.len() as u64);
        assert_eq!(all(&subject, &to).await, told, "{how:?}");
    }
    let alone = StoreCombined { how: Union, of: vec![(plain.clone(), 0.5)], ..store(&plain) };
    assert_eq!(subject.ok(&to, alone).await, 2);
    assert_eq!(all(&subject, &to).await, scored([("b", 0.5), ("c", 0.5)]));
    for fault in [
        subject.run(&plain, Len {}).await.expect_err("no scores"),
        subject.run(&plain, with(&scores)).await.expect_err("no scores"),
        subject.run(&plain, store(&scores)).await.expect_err("no scores"),
    ] {
        assert!(fault.is_wrong_type(), "{fault}");
        assert_eq!(fault.key(), Some(&plain));
    }
}

/// What a refused batch wrote is taken back: members, scores, and the time to live.
pub async fn undone(subject: Subject) {
    let [board, other, fresh] = ["board", "other", "fresh"].map(key);
    subject.ok(&board, add([("a", 1.5), ("b", 0.1 + 0.2), ("c", INF)])).await;
    subject.ok(&board, Expire { after: HOUR }).await;
    subject.ok(&other, add([("a", 7.0)])).await;
    let before = all(&subject, &board).await;
    let of = || vec![(board.clone(), 1.0), (other.clone(), 1.0)];
    let store = |how| StoreCombined { how, of: of(), aggregate: Aggregate::Sum, limit: most(1) };
    let slides = Lifetime::Sliding(HOUR * 9);
    let writes = [
        step(&board, add([("a", 9.0), ("d", 9.0), ("a", 3.0)])),
        step(&board, Add { when: When::GREATER, limit: most(2), ..add([("e", 2.0), ("b", 4.0)]) }),
        step(&board, AddTo { limit: most(1), ..add_to("f", 0.1) }),
        step(&board, add_to("a", 0.2)),
        step(
            &board,
            Remove { members: ["a", "b", "c", "x"].map(Bytes::from).into_iter().collect() },
        ),
        step(&board, RemoveRange { first: 1, last: -1 }),
        step(&board, RemoveByScore { scores: Scores::ALL }),
        step(&board, pop(Extreme::Greatest, 2)),
        step(&board, pop(Extreme::Least, 99)),
        step(&board, Replace { with: scored([("z", 1.0)]), limit: None }),
        step(&board, Replace { with: Vec::new(), limit: None }),
        step(&board, store(Combination::Union)),
        step(&board, store(Combination::Difference)),
    ];
    let refused = || step(&other, Add { when: When::NEW, ..add([("a", 1.0)]) });
    // Each by itself, each after each other, and all of them.
    let mut batches: Vec<Vec<_>> = writes.iter().map(|write| vec![write.clone()]).collect();
    for first in &writes {
        batches.extend(writes.iter().map(|second| vec![first.clone(), second.clone()]));
    }
    batches.push(writes.to_vec());
    for writes in batches {
        let told = format!("{writes:?}");
        let writes = writes.into_iter().map(|write| write.lifetime(slides).optional());
        let made = step(&fresh, add([("new", 1.0)]));
        let batch = Batch::of(writes.chain([made, refused()]));
        let reply = subject.apply(batch).await.expect("the engine answers");
        assert!(matches!(reply, Reply::Refused(_)), "{told}");
        assert_eq!(all(&subject, &board).await, before, "{told}");
        let Life::Left(left) = subject.ok(&board, Ttl {}).await else { panic!("{told}") };
        assert!(left <= HOUR && left > HOUR / 2, "{left:?} {told}");
        assert!(!subject.ok(&fresh, Exists {}).await, "{told}");
    }
}

fn with(key: &Key) -> Combine {
    let how = Combination::Intersection;
    Combine { how, weight: 1.0, with: vec![(key.clone(), 1.0)], aggregate: Aggregate::Sum }
}

fn store(key: &Key) -> StoreCombined {
    let how = Combination::Union;
    StoreCombined { how, of: vec![(key.clone(), 1.0)], aggregate: Aggregate::Sum, limit: None }
}

/// Every operation.
fn every(key: &Key, other: &Key) -> Vec<Step> {
    let from = Extreme::Least;
    vec![
        step(key, Len {}),
        step(key, ScoresOf { members: smallvec!["a".into()] }),
        step(key, ScoresOf { members: Few::new() }),
        step(key, Rank { member: "a".into(), from }),
        step(key, Range { from, first: 0, last: -1 }),
        step(key, RangeByScore { scores: Scores::ALL, from, skip: 0, count: 1 }),
        step(key, RangeByScore { scores: Scores::ALL, from, skip: 1, count: 1 }),
        step(key, RangeByScore { scores: Scores::ALL, from, skip: u64::MAX, count: 1 }),
        step(key, Count { scores: Scores::ALL }),
        step(key, Page { after: None, from, count: 1 }),
        step(key, Page { after: scored([("a", 1.0)]).pop(), from, count: 1 }),
        step(key, add([("a", 1.0)])),
        step(key, add([])),
        step(key, Add { when: When::NEW, ..add([("a", 1.0)]) }),
        step(key, Add { when: When::EXISTING, ..add([("a", 1.0)]) }),
        step(key, Add { when: When::GREATER, ..add([("a", 1.0)]) }),
        step(key, add_to("a", 1.0)),
        step(key, AddTo { when: When::LESS, ..add_to("a", 1.0) }),
        step(key, Remove { members: smallvec!["a".into()] }),
        step(key, Remove { members: Few::new() }),
        step(key, RemoveRange { first: 0, last: 0 }),
        step(key, RemoveByScore { scores: Scores::ALL }),
        step(key, pop(from, 1)),
        step(key, pop(from, 0)),
        step(key, Replace { with: scored([("a", 1.0)]), limit: None }),
        step(key, Replace { with: Vec::new(), limit: None }),
        step(key, with(other)),
        step(key, store(other)),
    ]
}

/// Another kind is no sorted set for any operation, and stays.
pub async fn wrong_type(subject: Subject) {
    let [motto, seats, board] = ["motto", "seats", "board"].map(key);
    subject.ok(&motto, value::Set { to: "x".into() }).await;
    subject.ok(&seats, capacity::Resize { to: 1 }).await;
    subject.ok(&board, add([("a", 1.0)])).await;
    for wrong in [&motto, &seats] {
        for bad in every(wrong, &board) {
            let told = format!("{bad:?}");
            let several = Batch::of([step(&board, add([("b", 1.0)])), bad.clone()]);
            for batch in [Batch::one(bad), several] {
                let fault = subject.apply(batch).await.expect_err(&told);
                assert!(fault.is_misuse() && fault.is_wrong_type(), "{told} {fault}");
                assert_eq!(fault.key(), Some(wrong));
            }
        }
        for fault in [
            subject.run(&board, with(wrong)).await.expect_err("no set"),
            subject.run(&board, store(wrong)).await.expect_err("no set"),
        ] {
            assert!(fault.is_misuse() && fault.is_wrong_type(), "{fault}");
            assert_eq!(fault.key(), Some(wrong));
        }
    }
    assert_eq!(subject.ok(&motto, value::Get {}).await, Some("x".into()));
    assert_eq!(all(&subject, &board).await, scored([("a", 1.0)]));
}

/// A sorted set is nothing else either, and takes the place of anything by another name.
pub async fn wrong_types_of_others(subject: Subject) {
    let [board, motto] = ["board", "motto"].map(key);
    subject.ok(&board, add([("a", 1.0)])).await;
    subject.ok(&motto, value::Set { to: "x".into() }).await;
    assert!(subject.run(&board, value::Get {}).await.expect_err("no text").is_wrong_type());
    assert!(subject.run(&board, counter::Add::by(1)).await.expect_err("none").is_wrong_type());
    let read = capacity::Read { limit: 1 };
    assert!(subject.run(&board, read).await.expect_err("no units").is_wrong_type());
    let rename = Rename { to: motto.clone(), replace: true };
    assert_eq!(subject.ok(&board, rename).await, Renamed::Renamed);
    assert_eq!(all(&subject, &motto).await, scored([("a", 1.0)]));
}

/// Every write starts the time to live that it declares.
pub async fn expiry(subject: Subject) {
    let board = &key("board");
    let least = Scores { from: Unbounded, to: Included(1.0) };
    let writes = [
        step(board, add([("a", 9.0)])),
        step(board, Add { when: When::NEW, ..add([("x", 9.0)]) }),
        step(board, Add { when: When::GREATER, ..add([("a", 99.0)]) }),
        step(board, add_to("a", 1.0)),
        step(board, Remove { members: smallvec!["a".into()] }),
        step(board, RemoveRange { first: 0, last: 0 }),
        step(board, RemoveByScore { scores: least }),
        step(board, pop(Extreme::Least, 1)),
        step(board, Replace { with: scored([("a", 1.0)]), limit: None }),
        step(board, store(board)),
    ];
    let replace = |with| Replace { with, limit: None };
    for write in writes {
        subject.ok(board, replace(Vec::new())).await;
        // What each declares, one after the other, and how long it lives then.
        for (lifetime, left) in [
            (Lifetime::Unchanged, None),
            (Lifetime::FromFirstWrite(HOUR), Some(HOUR)),
            (Lifetime::FromFirstWrite(HOUR * 9), Some(HOUR)),
            (Lifetime::Sliding(HOUR * 9), Some(HOUR * 9)),
            (Lifetime::Unchanged, Some(HOUR * 9)),
        ] {
            let three = scored([("a", 1.0), ("b", 2.0), ("c", 3.0)]);
            subject.ok(board, replace(three)).await;
            let write = write.clone().lifetime(lifetime);
            let told = format!("{write:?}");
            subject.apply(Batch::one(write)).await.expect("the engine answers");
            let life = subject.ok(board, Ttl {}).await;
            match (life, left) {
                (Life::Persistent, None) => {}
                (Life::Left(life), Some(left)) if life <= left && life > left / 2 => {}
                (life, left) => panic!("{life:?} and not {left:?}: {told}"),
            }
        }
    }
}

/// What refuses starts no time to live; what is over is as if it had never been.
pub async fn expiry_of_refusals(subject: Subject) {
    let board = key("board");
    subject.ok(&board, add([("a", 1.0)])).await;
    for refused in [
        step(&board, Add { when: When::NEW, ..add([("a", 9.0)]) }),
        step(&board, Add { when: When::GREATER, ..add([("a", 0.0)]) }),
        step(&board, AddTo { when: When::NEW, ..add_to("a", 1.0) }),
    ] {
        let batch = Batch::one(refused.lifetime(Lifetime::Sliding(HOUR)).optional());
        subject.apply(batch).await.expect("the engine answers");
        assert_eq!(subject.ok(&board, Ttl {}).await, Life::Persistent);
    }
    let brief = step(&board, add_to("a", 1.0)).lifetime(Lifetime::Sliding(SOON));
    subject.apply(Batch::one(brief)).await.expect("the engine answers");
    subject.pass(SOON * 2).await;
    assert!(!subject.ok(&board, Exists {}).await);
    assert_eq!(subject.ok(&board, Len {}).await, 0);
    assert_eq!(subject.ok(&board, add_to("a", 1.0)).await, AddedTo::Scored(1.0));
    assert_eq!(subject.ok(&board, Ttl {}).await, Life::Persistent);
}

/// What no sorted set takes is misuse that names the key; nothing is changed.
pub async fn bad_settings(subject: Subject) {
    let board = key("board");
    subject.ok(&board, add([("a", 1.0)])).await;
    let nan = f64::NAN;
    let scores = Scores { from: Included(nan), to: Unbounded };
    let page = |count| Page { after: None, from: Extreme::Least, count };
    let after = Scored { member: "a".into(), score: nan };
    let many = vec![Scored { member: "a".into(), score: 1.0 }; ELEMENTS_MAX + 1];
    let sets = |count, weight| StoreCombined {
        how: Combination::Union,
        of: vec![(board.clone(), weight); count],
        aggregate: Aggregate::Sum,
        limit: None,
    };
    for bad in [
        step(&board, add([("a", 2.0), ("b", nan)])),
        step(&board, Replace { with: scored([("a", nan)]), limit: None }),
        step(&board, add_to("a", nan)),
        step(&board, Count { scores }),
        step(&board, RemoveByScore { scores }),
        step(&board, RangeByScore { scores, from: Extreme::Least, skip: 0, count: 1 }),
        step(&board, page(0)),
        step(&board, page(PAGE_MAX + 1)),
        step(&board, Page { after: Some(after), ..page(1) }),
        step(&board, Add { members: many.into(), ..add([]) }),
        step(&board, pop(Extreme::Least, ELEMENTS_MAX as u64 + 1)),
        step(&board, Remove { members: smallvec!["a".into(); ELEMENTS_MAX + 1] }),
        step(&board, sets(0, 1.0)),
        step(&board, sets(SOURCES_MAX + 1, 1.0)),
        step(&board, sets(1, nan)),
        step(&board, sets(1, INF)),
        step(&board, StoreCombined { how: Combination::Difference, ..sets(2, 2.0) }),
    ] {
        let fault = subject.apply(Batch::one(bad)).await.expect_err("not allowed");
        assert!(fault.is_misuse() && fault.is_bad_setting(), "{fault}");
        assert_eq!(fault.key(), Some(&board));
    }
    assert_eq!(all(&subject, &board).await, scored([("a", 1.0)]));
    assert_eq!(subject.ok(&board, sets(SOURCES_MAX, 1.0)).await, 1);
    assert_eq!(all(&subject, &board).await, scored([("a", SOURCES_MAX as f64)]));
}
