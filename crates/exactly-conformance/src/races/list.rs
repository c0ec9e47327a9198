//! Lists: what was taken twice, and the list that was empty for a moment.

use std::collections::BTreeSet;
use std::num::NonZeroU64;

use exactly_core::operations::list::{
    End, Move, Moved, Pop, Push, PushIfRoom, Pushed, PushedIfRoom, Range, Replace,
};
use exactly_core::{Batch, Bytes, Destination, Key, Lifetime, Operation, Reply};

use crate::subject::{Subject, key, step};

const ACTORS: usize = 16;

fn everything() -> Range {
    Range { from: 0, to: -1 }
}

fn named(who: usize, round: usize) -> Bytes {
    Bytes::from(format!("{who}/{round}"))
}

fn push(end: End, elements: Vec<Bytes>, limit: u64) -> Push {
    Push { end, elements, limit: NonZeroU64::new(limit) }
}

/// The elements as numbers `who/round`.
fn read(elements: &[Bytes]) -> Vec<(usize, usize)> {
    let texts = elements.iter().map(|element| std::str::from_utf8(element).expect("text"));
    let pairs = texts.map(|text| text.split_once('/').expect("a pair"));
    pairs.map(|(who, round)| (who.parse().unwrap(), round.parse().unwrap())).collect()
}

/// Two writers replace one list while others read: a reader sees one of the two wholes, never an
/// empty list, a half or both.
pub async fn replaced_whole(subject: Subject) {
    let wholes = [300_usize, 500]
        .map(|size| (0..size).map(|round| named(size, round)).collect::<Vec<Bytes>>());
    subject.ok(&key("list"), Replace { with: wholes[0].clone(), limit: None }).await;
    subject
        .crowd(8, |subject, number| {
            let wholes = wholes.clone();
            async move {
                for _ in 0..100 {
                    if number < 2 {
                        let with = wholes[number].clone();
                        let before = subject.ok(&key("list"), Replace { with, limit: None }).await;
                        assert!(wholes.iter().any(|whole| whole.len() as u64 == before));
                    } else {
                        let seen = subject.ok(&key("list"), everything()).await;
                        assert!(wholes.contains(&seen), "a whole, not {} elements", seen.len());
                    }
                    tokio::task::yield_now().await;
                }
            }
        })
        .await;
}

/// Sixteen push to a bounded list: nobody ever sees more than the bound, and those that remain are
/// the last of one order in which each pusher's own come as it pushed them.
pub async fn bounded(subject: Subject) {
    const EACH: usize = 60;
    const LIMIT: u64 = 10;
    for (round, end) in [End::Front, End::Back].into_iter().enumerate() {
        let list = key(&format!("list {round}"));
        let pushed = subject
            .crowd(ACTORS, |subject, who| {
                let list = list.clone();
                async move {
                    let mut told = Vec::new();
                    for round in 0..EACH {
                        let one = push(end, vec![named(who, round)], LIMIT);
                        told.push(subject.ok(&list, one).await);
                        let seen = subject.ok(&list, everything()).await;
                        assert!((1..=LIMIT as usize).contains(&seen.len()), "{}", seen.len());
                    }
                    told
                }
            })
            .await
            .concat();
        // Each saw a length of its own until the list was full; from then on it was full.
        for len in 1..=LIMIT {
            let grew = Pushed { before: len - 1, len };
            assert_eq!(pushed.iter().filter(|told| **told == grew).count(), 1, "{len}");
        }
        let full = Pushed { before: LIMIT, len: LIMIT };
        let grown = LIMIT as usize;
        assert_eq!(pushed.iter().filter(|told| **told == full).count(), ACTORS * EACH - grown);
        let mut left = read(&subject.ok(&list, everything()).await);
        if end == End::Front {
            left.reverse();
        }
        assert_eq!(left.len(), grown);
        assert_last_of_some_order(&left, EACH);
    }
}

/// Those of each pusher that remain are its last, in its order; and one of all the pushes was last.
fn assert_last_of_some_order(left: &[(usize, usize)], each: usize) {
    for who in 0..ACTORS {
        let own = left.iter().filter(|(pusher, _)| *pusher == who).map(|(_, round)| *round);
        let own: Vec<_> = own.collect();
        assert!(own.iter().copied().eq(each - own.len()..each), "{who}: {own:?}");
    }
}

/// Sixteen push where there is room for so many: exactly so many are let in, and all others are
/// told that it is full.
pub async fn room_for_some(subject: Subject) {
    const ROOM: usize = 30;
    let limit = NonZeroU64::new(ROOM as u64).expect("a limit");
    let told = subject
        .crowd(ACTORS, |subject, who| async move {
            let mut admitted = Vec::new();
            for round in 0..8 {
                let elements = vec![named(who, round)];
                let push = PushIfRoom { end: End::Back, elements, limit };
                match subject.ok(&key("list"), push).await {
                    PushedIfRoom::Pushed { len } => admitted.push((len, (who, round))),
                    PushedIfRoom::Full { free } => assert_eq!(free, 0),
                }
            }
            admitted
        })
        .await;
    let mut told = told.concat();
    told.sort_unstable();
    let stored = read(&subject.ok(&key("list"), everything()).await);
    assert!(told.iter().map(|(len, _)| *len as usize).eq(1..=ROOM));
    // Each was told the place that it has.
    assert!(told.into_iter().map(|(_, one)| one).eq(stored));
}

/// Sixteen take from both ends until nothing is left: each element is taken once.
pub async fn each_taken_once(subject: Subject) {
    const ELEMENTS: usize = 2_000;
    let elements = (0..ELEMENTS).map(|round| named(0, round)).collect();
    subject.ok(&key("list"), push(End::Back, elements, 0)).await;
    let taken = subject
        .crowd(ACTORS, |subject, number| async move {
            let end = if number % 2 == 0 { End::Front } else { End::Back };
            let count = number as u64 % 3 + 1;
            let mut own = Vec::new();
            loop {
                let some = subject.ok(&key("list"), Pop { end, count }).await;
                assert!(some.len() as u64 <= count);
                if some.is_empty() {
                    break (end, read(&own));
                }
                own.extend(some);
            }
        })
        .await;
    let mut all = BTreeSet::new();
    for (end, own) in &taken {
        let onwards = own.is_sorted_by(|one, two| match end {
            End::Front => one < two,
            End::Back => one > two,
        });
        assert!(onwards, "each end is taken from the outside inwards");
        assert!(own.iter().all(|one| all.insert(*one)), "each element once");
    }
    assert_eq!(all.len(), ELEMENTS);
    assert!(subject.ok(&key("list"), Pop { end: End::Front, count: 1 }).await.is_empty());
}

/// Pushed and taken at both ends at once: what was pushed was taken once, or is still there.
pub async fn both_ends(subject: Subject) {
    const EACH: usize = 100;
    let taken = subject
        .crowd(ACTORS, |subject, number| async move {
            let end = if number % 2 == 0 { End::Front } else { End::Back };
            let mut own = Vec::new();
            for round in 0..EACH {
                if number % 4 < 2 {
                    let pair = vec![named(number, 2 * round), named(number, 2 * round + 1)];
                    subject.ok(&key("list"), push(end, pair, 0)).await;
                } else {
                    own.extend(subject.ok(&key("list"), Pop { end, count: 2 }).await);
                }
                tokio::task::yield_now().await;
            }
            read(&own)
        })
        .await;
    let left = read(&subject.ok(&key("list"), everything()).await);
    let mut all = taken.concat();
    all.extend(left);
    all.sort_unstable();
    let pushers = (0..ACTORS).filter(|number| number % 4 < 2);
    let pushed = pushers.flat_map(|who| (0..2 * EACH).map(move |round| (who, round)));
    assert!(all.into_iter().eq(pushed), "every element once, and no other");
}

/// Elements move between two lists in both directions at once: nothing is lost or doubled, also in
/// the eyes of whoever reads both in one batch.
pub async fn moved_both_ways(subject: Subject) {
    const ELEMENTS: usize = 40;
    let lists = ["left", "right"].map(key);
    let elements: Vec<Bytes> = (0..ELEMENTS).map(|round| named(0, round)).collect();
    subject.ok(&lists[0], push(End::Back, elements, 0)).await;
    let lists = &lists;
    subject
        .crowd(ACTORS, |subject, number| {
            let lists = lists.clone();
            async move {
                for round in 0..100 {
                    if number < 4 {
                        let seen = both(&subject, &lists).await;
                        assert!(seen.into_iter().eq((0..ELEMENTS).map(|round| (0, round))));
                        continue;
                    }
                    let (from, to) = (&lists[number % 2], &lists[(number + 1) % 2]);
                    let end = if (number + round) % 4 < 2 { End::Front } else { End::Back };
                    let (limit, lifetime) = (None, Lifetime::Unchanged);
                    let to = Box::new(Destination { key: to.clone(), limit, lifetime });
                    match subject.ok(from, Move { from: end, to, end: end.other() }).await {
                        Moved::Moved { element } => assert_eq!(read(&[element])[0].0, 0),
                        Moved::Empty => {}
                    }
                }
            }
        })
        .await;
    let seen = both(&subject, lists).await;
    assert!(seen.into_iter().eq((0..ELEMENTS).map(|round| (0, round))));
}

/// What is in either list, read in one batch, in order.
async fn both(subject: &Subject, lists: &[Key; 2]) -> Vec<(usize, usize)> {
    let batch = Batch::of(lists.iter().map(|list| step(list, everything())));
    let Reply::Applied(outcomes) = subject.apply(batch).await.expect("the engine answers") else {
        panic!("a read is not refused")
    };
    let lists = outcomes.into_iter().map(|outcome| Range::outcome(outcome).expect("elements"));
    let mut seen = read(&lists.flatten().collect::<Vec<_>>());
    seen.sort_unstable();
    seen
}
