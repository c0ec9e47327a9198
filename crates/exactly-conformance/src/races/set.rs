//! Sets: the place that is given away twice, and what is seen half way.

use std::collections::BTreeSet;
use std::num::NonZeroU64;

use exactly_core::operations::set::{
    Add, Added, All, Combination, Len, Move, Moved, Pop, Random, Remove, Replace, Replaced,
    StoreCombined,
};
use exactly_core::operations::{Operation, set};
use exactly_core::{Batch, Bytes, Destination, Few, Key, Lifetime, Members, Reply};

use crate::subject::{Subject, key, step};

fn number(number: usize) -> Bytes {
    Bytes::from(number.to_string())
}

fn one(number: usize) -> Few<Bytes> {
    Few::from_buf([self::number(number)])
}

fn numbers<B: FromIterator<Bytes>>(range: std::ops::Range<usize>) -> B {
    range.map(number).collect()
}

fn move_to(to: &Key, member: Bytes) -> Move {
    let to = Destination { key: to.clone(), limit: None, lifetime: Lifetime::Unchanged };
    Move { member, to: Box::new(to) }
}

/// All that is in these sets, read in one step.
async fn at_once(subject: &Subject, keys: &[Key]) -> Vec<Members> {
    let batch = Batch::of(keys.iter().map(|key| step(key, All {})));
    let Ok(Reply::Applied(outcomes)) = subject.apply(batch).await else { panic!("reads refuse") };
    outcomes.into_iter().map(|told| All::outcome(told).expect("all members")).collect()
}

/// Of many who join, exactly as many are in as the limit says; the others are told that it is full.
pub async fn last_places(subject: Subject) {
    const LIMIT: usize = 30;
    let limit = NonZeroU64::new(LIMIT as u64);
    let answers = subject
        .crowd(64, |subject, number| async move {
            let told = subject.ok(&key("course"), Add { members: one(number), limit }).await;
            // Whoever is in is in again, and whoever is not is told the same again.
            let again = subject.ok(&key("course"), Add { members: one(number), limit }).await;
            match told {
                Added::Added { new } => assert_eq!((new, again), (1, Added::Added { new: 0 })),
                Added::Full { free } => assert_eq!((free, again), (0, Added::Full { free: 0 })),
            }
            (number, told)
        })
        .await;
    let members = subject.ok(&key("course"), All {}).await;
    assert_eq!(members.0.len(), LIMIT);
    let won = |(number, told): (usize, Added)| {
        matches!(told, Added::Added { .. }).then(|| self::number(number))
    };
    assert_eq!(Members(answers.into_iter().filter_map(won).collect()), members);
}

/// Of two who bring more than there is room for between them, one is in with all, the other with
/// none.
pub async fn all_of_one(subject: Subject) {
    for round in 0..100 {
        let course = key(&format!("course {round}"));
        let answers = subject
            .crowd(2, |subject, number| {
                let (course, limit) = (course.clone(), NonZeroU64::new(5));
                let members = numbers(number * 10..number * 10 + 4 - number);
                async move { subject.ok(&course, Add { members, limit }).await }
            })
            .await;
        let won = answers.iter().filter(|told| matches!(told, Added::Added { .. })).count();
        let len = subject.ok(&course, Len {}).await;
        assert!(won == 1 && (len == 4 || len == 3), "{answers:?}");
    }
}

/// Many who take from a set until it is empty have taken each member exactly once.
pub async fn taken_once(subject: Subject) {
    const MEMBERS: usize = 1_000;
    let with = numbers(0..MEMBERS);
    subject.ok(&key("tasks"), Replace { with, limit: None }).await;
    let taken = subject
        .crowd(16, |subject, number| async move {
            let mut taken = Vec::new();
            loop {
                let count = 1 + (number % 3) as u64;
                let Members(told) = subject.ok(&key("tasks"), Pop { count }).await;
                assert!(told.len() as u64 <= count);
                if told.is_empty() {
                    return taken;
                }
                taken.extend(told);
                let Members(seen) = subject.ok(&key("tasks"), Random { count }).await;
                assert!(seen.iter().all(|member| !taken.contains(member)), "{seen:?} is taken");
            }
        })
        .await;
    let taken = taken.concat();
    assert_eq!(taken.len(), MEMBERS);
    assert_eq!(taken.into_iter().collect::<BTreeSet<_>>(), numbers(0..MEMBERS));
}

/// Members that are moved both ways at once are in exactly one of both sets at any moment.
pub async fn moved_both_ways(subject: Subject) {
    const MEMBERS: usize = 3;
    let keys = || ["here", "there"].map(key);
    subject.ok(&keys()[0], Replace { with: numbers(0..MEMBERS), limit: None }).await;
    let balances = subject
        .crowd(16, |subject, actor| async move {
            let [here, there] = keys();
            let mut balance = [0; MEMBERS];
            for round in 0..100 {
                if actor % 4 == 0 {
                    let told = at_once(&subject, &keys()).await;
                    let both = told.into_iter().flat_map(|members| members.0).collect();
                    assert_eq!(Members(both), Members(numbers(0..MEMBERS)));
                    continue;
                }
                let member = (actor + round) % MEMBERS;
                let (from, to, step) =
                    if actor % 2 == 0 { (&here, &there, 1) } else { (&there, &here, -1) };
                if subject.ok(from, move_to(to, number(member))).await == Moved::Moved {
                    balance[member] += step;
                }
            }
            balance
        })
        .await;
    let there = subject.ok(&key("there"), All {}).await;
    for member in 0..MEMBERS {
        let balance: i32 = balances.iter().map(|balance| balance[member]).sum();
        assert_eq!(balance, i32::from(there.0.contains(&number(member))), "of {member}");
    }
}

/// Whoever reads a set that others replace whole sees what one of them wrote: never nothing, never
/// half of it.
pub async fn replaced_whole(subject: Subject) {
    const SIZE: usize = 50;
    subject.ok(&key("set"), Replace { with: numbers(0..SIZE), limit: None }).await;
    subject
        .crowd(12, |subject, actor| async move {
            for round in 0..60 {
                if actor % 3 == 0 {
                    // Some of what it wrote before, and none of what others write.
                    let start = (actor + 1) * 1_000 + round % 7;
                    let with = numbers(start..start + SIZE);
                    let told = subject.ok(&key("set"), Replace { with, limit: None }).await;
                    let len = SIZE as u64;
                    assert_eq!(told, Replaced::Replaced { len, before: len });
                    continue;
                }
                let told = subject.ok(&key("set"), All {}).await;
                let least = told
                    .0
                    .iter()
                    .map(|member| std::str::from_utf8(member).unwrap().parse::<usize>().unwrap());
                let least = least.min().expect("it is never empty");
                assert_eq!(told, Members(numbers(least..least + SIZE)));
            }
        })
        .await;
}

/// A stored combination is one of a single moment: members that move between two sets are never
/// missing in their union, and never in both.
pub async fn stored_at_one_moment(subject: Subject) {
    const MEMBERS: usize = 12;
    let keys = || ["left", "right", "all", "both"].map(key);
    let [left, _, all, _] = keys();
    subject.ok(&left, Replace { with: numbers(0..MEMBERS), limit: None }).await;
    subject.ok(&all, Replace { with: numbers(0..MEMBERS), limit: None }).await;
    subject
        .crowd(12, |subject, actor| async move {
            let [left, right, all, both] = keys();
            let store =
                |how| StoreCombined { how, of: vec![left.clone(), right.clone()], limit: None };
            for round in 0..80 {
                match actor % 4 {
                    0 => {
                        let told = subject.ok(&all, store(Combination::Union)).await;
                        let len = MEMBERS as u64;
                        assert_eq!(told, Replaced::Replaced { len, before: len });
                    }
                    1 => {
                        let told = subject.ok(&both, store(Combination::Intersection)).await;
                        assert_eq!(told, Replaced::Replaced { len: 0, before: 0 });
                        let told = subject.ok(&all, All {}).await;
                        assert_eq!(told, Members(numbers(0..MEMBERS)));
                    }
                    2.. => {
                        let member = number((actor * 7 + round) % MEMBERS);
                        let (from, to) =
                            if round % 2 == 0 { (&left, &right) } else { (&right, &left) };
                        subject.ok(from, move_to(to, member)).await;
                    }
                }
            }
        })
        .await;
}

/// Adding and removing at once: each is answered whether it changed anything, and the answers add
/// up to what is there.
pub async fn in_and_out(subject: Subject) {
    let changes = subject
        .crowd(16, |subject, actor| async move {
            let mut change = 0;
            for round in 0..100 {
                let members = one((actor * 3 + round) % 5);
                let removes = (actor + round) % 2 == 0;
                if removes {
                    change -= subject.ok(&key("set"), Remove { members }).await as i64;
                } else {
                    match subject.ok(&key("set"), set::Add { members, limit: None }).await {
                        Added::Added { new } => change += new as i64,
                        Added::Full { .. } => panic!("it has no limit"),
                    }
                }
            }
            change
        })
        .await;
    let len = subject.ok(&key("set"), Len {}).await;
    assert_eq!(changes.into_iter().sum::<i64>(), len as i64);
}
