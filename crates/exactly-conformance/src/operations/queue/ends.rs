//! How deliveries end when the job is not done: leases, tries, and dead jobs.

use std::time::Duration;

use exactly_core::Cursor;
use exactly_core::operations::queue::{
    Acknowledge, Bury, Chosen, Claim, Claimed, Dead, Discard, Extend, Moved, Release, Retried,
    Revive, Settled, TRIES_KEPT,
};

use super::{LONG, SOON, claim, claimed, dead, depth, id, job, names, push, retry};
use crate::subject::{Subject, key};

/// A job whose lease ran out is ready again, and its late worker is refused whatever it wants.
pub async fn leases(subject: Subject) {
    let key = key("jobs");
    subject.ok(&key, push((1..=3).map(job))).await;
    subject.ok(&key, claim([1, 2, 3].map(id), SOON)).await;
    let longer = Extend { delivery: id(2), lease: LONG };
    assert_eq!(subject.ok(&key, longer).await, Settled::Settled);
    subject.pass(SOON * 2).await;
    assert_eq!(depth(&subject, &key).await, (2, 0, 1, 0));
    let delivery = id(1);
    assert_eq!(subject.ok(&key, Acknowledge { delivery }).await, Settled::Lapsed);
    assert_eq!(subject.ok(&key, Release { delivery }).await, Settled::Lapsed);
    assert_eq!(subject.ok(&key, Extend { delivery, lease: LONG }).await, Settled::Lapsed);
    assert_eq!(subject.ok(&key, Bury { delivery, note: "".into() }).await, Settled::Lapsed);
    assert_eq!(subject.ok(&key, retry(1, SOON, "")).await, Retried::Lapsed);
    assert_eq!(claimed(&subject, &key, 4).await, Some((1, 2)));
    assert_eq!(claimed(&subject, &key, 5).await, Some((3, 2)), "both in their order");
    assert_eq!(subject.ok(&key, Acknowledge { delivery: id(2) }).await, Settled::Settled);
    assert_eq!(subject.ok(&key, Acknowledge { delivery: id(4) }).await, Settled::Settled);
    // Back where it was when its worker died, it is the oldest.
    subject.ok(&key, push([job(6)])).await;
    assert_eq!(subject.ok(&key, Release { delivery: id(5) }).await, Settled::Settled);
    assert_eq!(claimed(&subject, &key, 6).await, Some((3, 2)));
}

/// After its last try a job is dead: it failed, it was given up, or its worker died.
pub async fn tries(subject: Subject) {
    let key = key("jobs");
    subject.ok(&key, push((1..=3).map(job))).await;
    let last = |delivery, lease| Claim { tries_max: 1, ..claim([id(delivery)], lease) };
    for (delivery, lease) in [(1, LONG), (2, LONG), (3, SOON)] {
        assert!(matches!(subject.ok(&key, last(delivery, lease)).await, Claimed::Claimed { .. }));
    }
    assert_eq!(subject.ok(&key, retry(1, LONG, "late")).await, Retried::Dead);
    let bury = Bury { delivery: id(2), note: "no such user".into() };
    assert_eq!(subject.ok(&key, bury).await, Settled::Settled);
    subject.pass(SOON * 2).await;
    let jobs = dead(&subject, &key).await;
    assert_eq!(names(&jobs), [1, 2, 3]);
    for (dead, note) in jobs.iter().zip(["late", "no such user", ""]) {
        assert_eq!((&*dead.payload, dead.attempts), (&*job(dead.id.as_u128()).payload, 1));
        assert_eq!(dead.tries.len(), 1);
        assert_eq!((dead.tries[0].attempt, &*dead.tries[0].note), (1, note.as_bytes()));
        assert!(dead.tries[0].ago == dead.since && dead.since <= dead.age);
    }
    assert!(jobs[0].since >= SOON * 2 && jobs[2].since >= SOON / 2, "{jobs:?}");
    // How many tries there are is said by each claim; the last ones are remembered.
    let key = self::key("often");
    let attempts = TRIES_KEPT as u32 + 2;
    subject.ok(&key, push([job(1)])).await;
    for attempt in 1..=attempts {
        let tries_max = if attempt == attempts { 2 } else { u32::MAX };
        let delivery = u128::from(attempt);
        let one = Claim { tries_max, ..claim([id(delivery)], LONG) };
        assert!(matches!(subject.ok(&key, one).await, Claimed::Claimed { .. }));
        let ends = subject.ok(&key, retry(delivery, Duration::ZERO, format!("try {attempt}")));
        assert_eq!(ends.await == Retried::Dead, attempt == attempts);
    }
    let jobs = dead(&subject, &key).await;
    let remembered: Vec<_> = jobs[0].tries.iter().map(|told| told.attempt).collect();
    assert_eq!(remembered, (3..=attempts).collect::<Vec<_>>());
    assert!(
        jobs[0].tries.iter().all(|told| *told.note == *format!("try {}", told.attempt).as_bytes())
    );
}

/// The dead are read, revived and discarded by name and page by page.
pub async fn dead_letters(subject: Subject) {
    let key = key("jobs");
    subject.ok(&key, push((1..=5).map(job))).await;
    subject.ok(&key, claim((1..=5).map(id), LONG)).await;
    for delivery in [5, 4, 3, 2, 1] {
        subject.ok(&key, Bury { delivery: id(delivery), note: "".into() }).await;
    }
    let page = async |after: Option<Cursor>| subject.ok(&key, Dead { after, count: 2 }).await;
    let first = page(None).await;
    assert_eq!(names(&first.jobs), [5, 4]);
    let discard = Discard { jobs: Chosen::Named(vec![id(4), id(9)]) };
    assert_eq!(subject.ok(&key, discard).await, Moved { jobs: 1, next: None });
    let second = page(first.next).await;
    assert_eq!(names(&second.jobs), [3, 2], "the next page begins where it would have");
    let third = page(second.next).await;
    assert_eq!((names(&third.jobs), third.next), (vec![1], None));
    let revive = Revive { jobs: Chosen::Page { after: first.next, count: 2 } };
    let moved = subject.ok(&key, revive).await;
    assert_eq!((moved.jobs, moved.next), (2, second.next));
    assert_eq!(names(&dead(&subject, &key).await), [5, 1]);
    let rest = Discard { jobs: Chosen::Page { after: moved.next, count: 2 } };
    assert_eq!(subject.ok(&key, rest).await, Moved { jobs: 1, next: None });
    assert_eq!(depth(&subject, &key).await, (2, 0, 0, 1));
    assert_eq!(claimed(&subject, &key, 6).await, Some((3, 1)), "as if it were new");
    // Only what is dead.
    for jobs in [vec![id(3)], vec![id(2)], vec![id(77)]] {
        let none = Moved { jobs: 0, next: None };
        let jobs = Chosen::Named(jobs);
        assert_eq!(subject.ok(&key, Revive { jobs: jobs.clone() }).await, none);
        assert_eq!(subject.ok(&key, Discard { jobs }).await, none);
    }
    assert_eq!(depth(&subject, &key).await, (1, 0, 1, 1));
}
