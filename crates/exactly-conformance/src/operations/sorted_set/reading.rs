//! What is read of sorted sets, and that it is what was written.

use std::ops::Bound::{Excluded, Included, Unbounded};

use exactly_core::operations::key::{Exists, Life, Ttl};
use exactly_core::operations::set::Combination;
use exactly_core::operations::sorted_set::{
    Add, AddTo, AddedTo, Aggregate, Combine, Count, Extreme, Len, Page, Pop, Range, RangeByScore,
    Rank, Remove, RemoveByScore, RemoveRange, Replace, Scored, Scores, ScoresOf, When,
};
use exactly_core::{
    Batch, Bytes, ELEMENTS_MAX, Few, Key, Lifetime, Operation, Refusal, Reply, Step,
};
use smallvec::smallvec;

use super::{HOUR, INF, add, add_to, added, all, letters, most, pop, scored};
use crate::subject::{Subject, key, step};

/// Every score comes back as the same double, however it is written on its way.
pub async fn exact_scores(subject: Subject) {
    let board = key("board");
    let mut scores = vec![
        -INF,
        f64::MIN,
        -1e17,
        -9_007_199_254_740_993.0,
        -1.0,
        -0.1,
        -f64::MIN_POSITIVE,
        -5e-324,
        0.0,
        5e-324,
        f64::MIN_POSITIVE,
        1.0 / 3.0,
        0.1 + 0.2,
        std::f64::consts::PI,
        1e15 + 0.5,
        9_007_199_254_740_991.0,
        9_007_199_254_740_992.0,
        1.7e18,
        1e21,
        123_456_789.123_456_79,
        f64::MAX,
        INF,
    ];
    scores.sort_by(f64::total_cmp);
    let name = |place: usize| Bytes::from(format!("{place:02}"));
    let members = scores.iter().enumerate().rev();
    let members: Vec<_> =
        members.map(|(place, score)| Scored { member: name(place), score: *score }).collect();
    for one in &members {
        let one = Add { members: smallvec![one.clone()], when: When::GREATER, limit: None };
        assert_eq!(subject.ok(&board, one).await, added(1, 0));
    }
    let told = all(&subject, &board).await;
    assert!(told.iter().map(|one| one.score.to_bits()).eq(scores.iter().map(|one| one.to_bits())));
    let names: Vec<_> = (0..scores.len()).map(name).collect();
    let of_all: Vec<_> = scores.iter().copied().map(Some).collect();
    assert_eq!(subject.ok(&board, ScoresOf { members: names.into() }).await[..], of_all[..]);
    for (place, score) in scores.iter().enumerate() {
        let scores = Scores { from: Included(*score), to: Included(*score) };
        let range = RangeByScore { scores, from: Extreme::Least, skip: 0, count: 9 };
        let alone = subject.ok(&board, range).await;
        assert_eq!(alone, [Scored { member: name(place), score: *score }]);
        let after = Page { after: alone.into_iter().next(), from: Extreme::Least, count: 1 };
        let next = subject.ok(&board, after).await.into_iter().next();
        assert_eq!(next.map(|one| one.member), (place + 1 < of_all.len()).then(|| name(place + 1)));
    }
    assert_eq!(subject.ok(&board, Replace { with: members, limit: None }).await, told.len() as u64);
    assert_eq!(subject.ok(&board, pop(Extreme::Least, 99)).await, told);
}

/// There is one zero, wherever it comes from.
pub async fn one_zero(subject: Subject) {
    let board = key("board");
    subject.ok(&board, add([("a", -0.0), ("b", 0.0), ("c", 5.0)])).await;
    subject.ok(&board, add_to("c", -5.0)).await;
    for one in all(&subject, &board).await {
        assert_eq!(one.score.to_bits(), 0.0_f64.to_bits(), "{one:?}");
    }
    let minus = vec![(board.clone(), -1.0)];
    let union = Combination::Union;
    let combine = Combine { how: union, weight: -1.0, with: minus, aggregate: Aggregate::Greatest };
    let both = subject.ok(&board, combine).await;
    assert!(both.iter().all(|one| one.score.to_bits() == 0), "{both:?}");
}

/// Ranks count from either end; what lies outside is left out.
pub async fn by_rank(subject: Subject) {
    let board = key("board");
    let five = [("a", 1.0), ("b", 2.0), ("c", 3.0), ("d", 4.0), ("e", 5.0)];
    for (first, last, up, down) in [
        (0, -1, "abcde", "edcba"),
        (0, 0, "a", "e"),
        (1, 2, "bc", "dc"),
        (-2, -1, "de", "ba"),
        (3, 99, "de", "ba"),
        (-99, 1, "ab", "ed"),
        (2, 1, "", ""),
        (5, 9, "", ""),
        (0, -6, "", ""),
        (i64::MIN, i64::MAX, "abcde", "edcba"),
        (i64::MAX, i64::MIN, "", ""),
    ] {
        subject.ok(&board, Replace { with: scored(five), limit: None }).await;
        for (from, expected) in [(Extreme::Least, up), (Extreme::Greatest, down)] {
            let range = subject.ok(&board, Range { from, first, last }).await;
            assert_eq!(letters(&range), expected, "{first} {last} {from:?}");
        }
        let removed = subject.ok(&board, RemoveRange { first, last }).await;
        assert_eq!(removed, up.len() as u64, "{first} {last}");
        assert_eq!(subject.ok(&board, Len {}).await, 5 - removed);
    }
}

/// Either end of a range of scores is in it or not.
pub async fn by_score(subject: Subject) {
    let board = key("board");
    let five = [("a", -INF), ("b", 1.0), ("c", 1.0), ("d", 2.5), ("e", INF)];
    for (from, to, names) in [
        (Unbounded, Unbounded, "abcde"),
        (Included(-INF), Included(INF), "abcde"),
        (Excluded(-INF), Excluded(INF), "bcd"),
        (Included(1.0), Included(1.0), "bc"),
        (Included(1.0), Excluded(1.0), ""),
        (Excluded(1.0), Included(1.0), ""),
        (Excluded(1.0), Excluded(1.0), ""),
        (Excluded(1.0), Unbounded, "de"),
        (Unbounded, Excluded(1.0), "a"),
        (Included(3.0), Included(1.0), ""),
        (Included(INF), Unbounded, "e"),
        (Included(INF), Included(-INF), ""),
    ] {
        let scores = Scores { from, to };
        subject.ok(&board, Replace { with: scored(five), limit: None }).await;
        assert_eq!(subject.ok(&board, Count { scores }).await, names.len() as u64, "{scores:?}");
        let backwards: String = names.chars().rev().collect();
        for (skip, count) in [(0, u64::MAX), (0, 2), (1, 1), (1, u64::MAX), (u64::MAX, 1), (0, 0)] {
            for (from, names) in [(Extreme::Least, names), (Extreme::Greatest, &backwards)] {
                let few = |count: u64| usize::try_from(count).unwrap_or(usize::MAX);
                let some: String = names.chars().skip(few(skip)).take(few(count)).collect();
                let range = RangeByScore { scores, from, skip, count };
                // By itself, and with others in one batch: an engine may have two ways.
                let [told, again] = [range.clone(), range].map(|range| step(&board, range));
                let told = outcomes::<RangeByScore>(&subject, [told]).await;
                let len = step(&board, Len {});
                let again = subject.apply(Batch::of([again, len])).await.expect("it answers");
                let again = outcome_at::<RangeByScore>(&again, 0);
                assert_eq!(letters(&told[0]), some, "{scores:?} {skip} {count}");
                assert_eq!(again, told[0]);
            }
        }
        assert_eq!(subject.ok(&board, RemoveByScore { scores }).await, names.len() as u64);
        assert_eq!(subject.ok(&board, Len {}).await, 5 - names.len() as u64, "{scores:?}");
    }
}

fn outcome_at<O: Operation>(reply: &Reply, place: usize) -> O::Outcome {
    let Reply::Applied(outcomes) = reply else { panic!("applied, not {reply:?}") };
    O::outcome(outcomes[place].clone()).expect("its own outcome")
}

async fn outcomes<O: Operation>(
    subject: &Subject,
    steps: impl IntoIterator<Item = Step>,
) -> Vec<O::Outcome> {
    let reply = subject.apply(Batch::of(steps)).await.expect("the engine answers");
    let Reply::Applied(outcomes) = reply else { panic!("applied, not {reply:?}") };
    outcomes.into_iter().map(|told| O::outcome(told).expect("its own outcome")).collect()
}

/// A page begins behind a place, whoever stands there now, also among members of one score.
pub async fn pages(subject: Subject) {
    let board = key("board");
    let members = (0..1000_u32).map(|number| Scored {
        // Members of one score, in an order that is theirs and nobody's alphabet.
        member: Bytes::from(vec![(number % 251) as u8, (number / 251) as u8]),
        score: f64::from(number / 300),
    });
    let members: Vec<_> = members.collect();
    subject.ok(&board, Add { members: members.into(), when: When::ALWAYS, limit: None }).await;
    let mut expected = all(&subject, &board).await;
    for from in [Extreme::Least, Extreme::Greatest] {
        let (mut seen, mut after) = (Vec::new(), None::<Scored>);
        loop {
            let page = Page { after: after.clone(), from, count: 37 };
            let page = subject.ok(&board, page).await;
            after = page.last().cloned();
            seen.extend(page);
            let Some(last) = after.clone() else { break };
            // Who has been seen may go, and who comes behind is not seen.
            subject.ok(&board, Remove { members: smallvec![last.member.clone()] }).await;
            let (least, greatest) = (add([("early", -1.0)]), add([("late", 9.0)]));
            let behind = if from == Extreme::Least { least } else { greatest };
            subject.ok(&board, behind).await;
        }
        assert_eq!(seen, expected, "{from:?}");
        expected.reverse();
        let with = expected.clone();
        subject.ok(&board, Replace { with, limit: None }).await;
    }
    let strange = |member: &[u8], score| Scored { member: member.to_vec().into(), score };
    for (after, first) in [
        (strange(b"\xff\xff", 0.0), Some(1.0)),
        (strange(b"", 0.0), Some(0.0)),
        (strange(b"\x00", 3.5), None),
        (strange(b"x", -INF), Some(0.0)),
    ] {
        let page = Page { after: Some(after.clone()), from: Extreme::Least, count: 1 };
        let page = subject.ok(&board, page).await;
        assert_eq!(page.first().map(|one| one.score), first, "{after:?}");
    }
    let nothing = Page { after: Some(strange(b"x", 0.0)), from: Extreme::Least, count: 1 };
    assert_eq!(subject.ok(&key("missing"), nothing).await, []);
}

/// Members are any bytes.
pub async fn any_bytes(subject: Subject) {
    let board = key("board");
    let mut members: Vec<Bytes> = [
        &b""[..],
        b"\0",
        b"\r\n",
        b"refused",
        b"missing",
        b"taken",
        b"misuse",
        b"some",
        b"none",
        b"-inf",
        b"(1",
        b"WITHSCORES",
        b"3:abc",
        "🪑".as_bytes(),
        b"\xff\xfe",
    ]
    .map(|bytes| Bytes::from(bytes.to_vec()))
    .into();
    members.extend((0..=255_u8).map(|byte| Bytes::from(vec![b'~', byte])));
    members.push(Bytes::from(vec![b'x'; 1 << 20]));
    let with = members.iter().map(|member| Scored { member: member.clone(), score: 1.0 });
    let with: Vec<_> = with.collect();
    let count = with.len() as u64;
    let write = Add { members: with.clone().into(), when: When::ALWAYS, limit: None };
    assert_eq!(subject.ok(&board, write).await, added(count, 0));
    let mut order = with.clone();
    order.sort_by(|one, two| one.member.cmp(&two.member));
    assert_eq!(all(&subject, &board).await, order);
    for one in &with {
        let scores = ScoresOf { members: smallvec![one.member.clone()] };
        let lifetime = Lifetime::Sliding(HOUR);
        let alone = Remove { members: smallvec![one.member.clone()] };
        assert_eq!(subject.ok(&board, scores).await[..], [Some(1.0)], "{:?}", one.member);
        let taken = step(&board, alone).lifetime(lifetime);
        assert_eq!(outcomes::<Remove>(&subject, [taken]).await, [1], "{:?}", one.member);
        let put_back = AddTo { member: one.member.clone(), ..add_to("", 1.0) };
        assert_eq!(subject.ok(&board, put_back).await, AddedTo::Scored(1.0));
    }
}

/// Members that are words of an engine's own are only members, also where a time to live depends on
/// what was answered.
pub async fn words_that_mean_something(subject: Subject) {
    for member in ["refused", "missing", "taken", "misuse"] {
        let board = key(member);
        subject.ok(&board, add([(member, 1.0), ("~", 2.0)])).await;
        let pop = step(&board, pop(Extreme::Least, 1)).lifetime(Lifetime::Sliding(HOUR));
        assert_eq!(outcomes::<Pop>(&subject, [pop]).await, [scored([(member, 1.0)])]);
        assert!(matches!(subject.ok(&board, Ttl {}).await, Life::Left(_)));
    }
}

fn numbered(number: u32) -> Scored {
    let member = Bytes::from(format!("member {number:06}"));
    Scored { member, score: f64::from(number % 1000) }
}

/// Written in parts.
async fn write(subject: &Subject, board: &Key, size: u32) {
    for first in (0..size).step_by(ELEMENTS_MAX) {
        let members = (first..size.min(first + ELEMENTS_MAX as u32)).map(numbered).collect();
        subject.ok(board, Add { members, when: When::ALWAYS, limit: None }).await;
    }
}

/// A large set is written and read in parts, and what is asked of it is answered alike.
pub async fn large(subject: Subject) {
    const SIZE: u32 = 100_000;
    let board = key("board");
    write(&subject, &board, SIZE).await;
    assert_eq!(subject.ok(&board, Len {}).await, u64::from(SIZE));
    let (mut seen, mut after) = (0, None::<Scored>);
    loop {
        let page = Page { after: after.take(), from: Extreme::Greatest, count: 30_000 };
        let page = subject.ok(&board, page).await;
        assert!(page.is_sorted_by(|one, two| one.score >= two.score));
        seen += page.len();
        after = page.into_iter().last();
        if after.is_none() {
            break;
        }
    }
    assert_eq!(seen, SIZE as usize);
    let middle = Scores { from: Included(500.0), to: Excluded(501.0) };
    assert_eq!(subject.ok(&board, Count { scores: middle }).await, 100);
    let rank = Rank { member: numbered(500).member, from: Extreme::Least };
    assert_eq!(subject.ok(&board, rank).await, Some(50_000));
    let popped = subject.ok(&board, pop(Extreme::Greatest, 30_000)).await;
    assert_eq!((popped.len(), popped[0].score), (30_000, 999.0));
    assert_eq!(subject.ok(&board, RemoveByScore { scores: Scores::ALL }).await, 70_000);
    assert!(!subject.ok(&board, Exists {}).await);
}

/// Thousands of changes of one batch are taken back as one.
pub async fn large_and_undone(subject: Subject) {
    let board = key("board");
    write(&subject, &board, 15_000).await;
    let before = all(&subject, &board).await;
    let members: Few<_> = (10_000..20_000).map(numbered).collect();
    let names = members.iter().map(|one| one.member.clone()).collect();
    let batch = Batch::of([
        step(&board, Add { members, when: When::ALWAYS, limit: most(15_000) }),
        step(&board, RemoveRange { first: 0, last: 4_999 }),
        step(&board, pop(Extreme::Greatest, 5_000)),
        step(&board, Remove { members: names }),
        step(&board, Add { when: When::EXISTING, ..add([("nobody", 1.0)]) }),
    ]);
    let reply = subject.apply(batch).await.expect("the engine answers");
    assert!(matches!(reply, Reply::Refused(Refusal::Operation(4, _))), "it was applied");
    assert!(all(&subject, &board).await == before, "it is as it was");
}
