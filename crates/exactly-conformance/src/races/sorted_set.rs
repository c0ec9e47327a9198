//! Sorted sets: the best score, the first bid, the queue by priority, the leaderboard.

use std::collections::BTreeSet;
use std::num::NonZeroU64;

use exactly_core::operations::sorted_set::{
    Add, AddTo, Added, AddedTo, Extreme, Len, Pop, Range, Scored, ScoresOf, When,
};
use exactly_core::{Bytes, Few};
use smallvec::smallvec;

use crate::subject::{Subject, key};

const ACTORS: usize = 16;

fn one(member: &str, score: f64) -> Vec<Scored> {
    vec![Scored { member: member.into(), score }]
}

fn few(member: &str, score: f64) -> Few<Scored> {
    one(member, score).into()
}

fn all() -> Range {
    Range { from: Extreme::Least, first: 0, last: -1 }
}

/// Of many who raise one score the greatest remains; whoever was told that theirs was written did
/// raise it, and each who was not was beaten.
pub async fn the_best_remains(subject: Subject) {
    const EACH: usize = 200;
    let answers = subject
        .crowd(ACTORS, |subject, number| async move {
            let mut dice = fastrand::Rng::with_seed(number as u64);
            let (mut raised, mut news) = (Vec::new(), 0);
            for _ in 0..EACH {
                // No two actors share a score.
                let score = (dice.u32(..1_000_000) as usize * ACTORS + number) as f64;
                let add = Add { members: few("ada", score), when: When::GREATER, limit: None };
                match subject.ok(&key("best"), add).await {
                    Added::Added { new, changed, .. } => {
                        assert_eq!(new + changed, 1);
                        news += new;
                        raised.push(score);
                    }
                    Added::Unmet => {
                        let members = smallvec!["ada".into()];
                        let scores = subject.ok(&key("best"), ScoresOf { members }).await;
                        assert!(scores[0].is_some_and(|best| best >= score), "{scores:?}");
                    }
                }
            }
            assert!(raised.is_sorted(), "a score that was raised is only raised further");
            (raised, news)
        })
        .await;
    let best = answers.iter().flat_map(|(raised, _)| raised).copied().fold(f64::MIN, f64::max);
    assert_eq!(answers.iter().map(|(_, news)| news).sum::<u64>(), 1, "one was the first");
    assert_eq!(subject.ok(&key("best"), all()).await, one("ada", best));
}

/// Of many who add one member that must be new, one does, and its score is the one that stays.
pub async fn one_is_new(subject: Subject) {
    for round in 0..50 {
        let board = key(&format!("board {round}"));
        let answers = subject
            .crowd(ACTORS, |subject, number| {
                let board = board.clone();
                let members = few("ada", number as f64);
                let add = Add { members, when: When::NEW, limit: None };
                async move { (number, subject.ok(&board, add).await) }
            })
            .await;
        let won = Added::Added { new: 1, changed: 0, trimmed: 0, gone: 0 };
        let winners: Vec<_> = answers.iter().filter(|(_, answer)| *answer == won).collect();
        let [(winner, _)] = winners.as_slice() else { panic!("one wins, not {winners:?}") };
        let lost = answers.iter().filter(|(_, answer)| *answer == Added::Unmet).count();
        assert_eq!(lost, ACTORS - 1);
        assert_eq!(subject.ok(&board, all()).await, one("ada", *winner as f64));
    }
}

/// Takers of the least get each member once, and each of them in the order of the scores.
pub async fn each_is_taken_once(subject: Subject) {
    const JOBS: u32 = 3000;
    let member = |number: u32| Scored {
        member: Bytes::from(number.to_string()),
        score: f64::from(number * 7919 % JOBS / 3),
    };
    let members = (0..JOBS).map(member).collect();
    subject.ok(&key("jobs"), Add { members, when: When::ALWAYS, limit: None }).await;
    let taken = subject
        .crowd(ACTORS, |subject, number| async move {
            let mut taken = Vec::new();
            loop {
                let count = 1 + number as u64 % 3;
                let some = subject.ok(&key("jobs"), Pop { from: Extreme::Least, count }).await;
                if some.is_empty() {
                    assert!(taken.is_sorted_by(|one: &Scored, two| one.score <= two.score));
                    return taken;
                }
                taken.extend(some);
            }
        })
        .await;
    let taken: Vec<_> = taken.into_iter().flatten().collect();
    let names: BTreeSet<_> = taken.iter().map(|one| one.member.clone()).collect();
    assert_eq!((taken.len(), names.len()), (JOBS as usize, JOBS as usize));
    assert_eq!(subject.ok(&key("jobs"), Len {}).await, 0);
}

/// A leaderboard never has more places than it has, and those with the greatest scores stay.
pub async fn the_board_is_never_longer(subject: Subject) {
    const PLACES: u64 = 10;
    const EACH: usize = 150;
    let told = subject
        .crowd(ACTORS + 2, |subject, number| async move {
            let (mut trimmed, mut news) = (0, 0);
            for round in 0..EACH {
                if number >= ACTORS {
                    let seen = subject.ok(&key("board"), all()).await;
                    assert!(seen.len() as u64 <= PLACES, "{seen:?}");
                    continue;
                }
                let score = ((round * 7919 + number * 104_729) % 100_003) as f64;
                let members = few(&format!("{number} {round}"), score);
                let limit = NonZeroU64::new(PLACES);
                let add = Add { members, when: When::ALWAYS, limit };
                let Added::Added { new, trimmed: gone, .. } = subject.ok(&key("board"), add).await
                else {
                    panic!("there is no condition")
                };
                trimmed += gone;
                news += new;
            }
            (news, trimmed)
        })
        .await;
    let mut scores: Vec<_> = (0..ACTORS)
        .flat_map(|number| {
            (0..EACH).map(move |round| ((round * 7919 + number * 104_729) % 100_003) as f64)
        })
        .collect();
    scores.sort_by(f64::total_cmp);
    let best = scores.split_off(scores.len() - PLACES as usize);
    let board = subject.ok(&key("board"), all()).await;
    assert_eq!(board.iter().map(|one| one.score).collect::<Vec<_>>(), best);
    let news: u64 = told.iter().map(|(news, _)| news).sum();
    let trimmed: u64 = told.iter().map(|(_, trimmed)| trimmed).sum();
    assert_eq!((news, news - trimmed), ((ACTORS * EACH) as u64, PLACES));
}

/// Nobody's addition to a score is lost: of whole numbers the sum is exact.
pub async fn sums(subject: Subject) {
    const EACH: usize = 300;
    let answers = subject
        .crowd(ACTORS, |subject, number| async move {
            let mut seen = Vec::new();
            for round in 0..EACH {
                let member = Bytes::from(["ada", "bob"][(number + round) % 2]);
                let by = if round % 3 == 0 { 2.0 } else { 1.0 };
                let add = AddTo { member: member.clone(), by, when: When::ALWAYS, limit: None };
                let AddedTo::Scored(score) = subject.ok(&key("points"), add).await else {
                    panic!("there is no condition and no limit")
                };
                seen.push((member, score as u64));
            }
            seen
        })
        .await;
    let seen: Vec<_> = answers.into_iter().flatten().collect();
    let distinct: BTreeSet<_> = seen.iter().collect();
    assert_eq!(distinct.len(), seen.len(), "no two were told the same score");
    let expected = (ACTORS * (EACH + EACH / 3)) as f64;
    let points = subject.ok(&key("points"), all()).await;
    assert_eq!(points.iter().map(|one| one.score).sum::<f64>(), expected);
}
