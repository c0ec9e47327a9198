//! Queues: jobs, each delivered to one worker at a time until it is done.

pub mod ends;
pub mod life;

use std::num::NonZeroU64;
use std::time::Duration;

use exactly_core::operations::capacity::LEASE_MAX;
use exactly_core::operations::key::Exists;
use exactly_core::operations::queue::{
    Acknowledge, Bury, Chosen, Claim, Claimed, DELAY_MAX, Dead, DeadJob, Delivery, Depth, Depths,
    Discard, Extend, Failed, JOBS_MAX, Moved, NOTE_BYTES_MAX, NewJob, Push, Pushed, PushedJob,
    Release, Retried, Retry, Revive, Settled, UNIQUE_BYTES_MAX,
};
use exactly_core::operations::{counter, value};
use exactly_core::{Batch, Bytes, HoldId, Key, Operation};

use crate::subject::{Subject, key};

const LONG: Duration = Duration::from_secs(3600);
const SOON: Duration = Duration::from_millis(50);
const TRIES: u32 = 3;

pub(crate) fn id(number: u128) -> HoldId {
    HoldId::from_u128(number)
}

pub(crate) fn job(number: u128) -> NewJob {
    let payload = Bytes::from(format!("job {number}"));
    NewJob { id: id(number), payload, delay: Duration::ZERO, unique: None }
}

pub(crate) fn push(jobs: impl IntoIterator<Item = NewJob>) -> Push {
    Push { jobs: jobs.into_iter().collect(), limit: None }
}

pub(crate) fn claim(deliveries: impl IntoIterator<Item = HoldId>, lease: Duration) -> Claim {
    Claim { deliveries: deliveries.into_iter().collect(), lease, tries_max: TRIES }
}

fn retry(delivery: u128, after: Duration, note: impl Into<Bytes>) -> Retry {
    let failed = Box::new(Failed { after, note: note.into() });
    Retry { delivery: id(delivery), failed }
}

/// The job that this delivery gets, and which try it is.
async fn claimed(subject: &Subject, key: &Key, delivery: u128) -> Option<(u128, u32)> {
    match subject.ok(key, claim([id(delivery)], LONG)).await {
        Claimed::Claimed { jobs } => {
            let [Delivery { id: told, job: name, payload, attempt }] = jobs.as_slice() else {
                panic!("one was asked for: {jobs:?}")
            };
            assert_eq!(*told, id(delivery));
            assert_eq!(*payload, job(name.as_u128()).payload);
            Some((name.as_u128(), *attempt))
        }
        Claimed::Empty { .. } => None,
    }
}

async fn depth(subject: &Subject, key: &Key) -> (u64, u64, u64, u64) {
    let Depths { ready, delayed, claimed, dead, .. } = subject.ok(key, Depth {}).await;
    (ready, delayed, claimed, dead)
}

async fn dead(subject: &Subject, key: &Key) -> Vec<DeadJob> {
    subject.ok(key, Dead { after: None, count: 1_000 }).await.jobs
}

fn names(jobs: &[DeadJob]) -> Vec<u128> {
    jobs.iter().map(|job| job.id.as_u128()).collect()
}

async fn told(subject: &Subject, key: &Key, jobs: Vec<NewJob>) -> Vec<(u128, bool)> {
    match subject.ok(key, push(jobs)).await {
        Pushed::Pushed { jobs } => {
            jobs.into_iter().map(|PushedJob { id, new }| (id.as_u128(), new)).collect()
        }
        Pushed::Full { free } => panic!("full, with room for {free}"),
    }
}

/// A job is ready, delayed, claimed or dead, and gone when it is done.
pub async fn meaning(subject: Subject) {
    let key = key("jobs");
    assert_eq!(subject.ok(&key, Depth {}).await, Depths::default());
    assert_eq!(claimed(&subject, &key, 1).await, None);
    assert!(dead(&subject, &key).await.is_empty());
    assert!(!subject.ok(&key, Exists {}).await, "what finds nothing makes nothing");
    let later = NewJob { delay: LONG, ..job(2) };
    assert_eq!(told(&subject, &key, vec![job(1), later]).await, [(1, true), (2, true)]);
    assert_eq!(depth(&subject, &key).await, (1, 1, 0, 0));
    for _again in 0..2 {
        assert_eq!(claimed(&subject, &key, 1).await, Some((1, 1)), "the same delivery");
    }
    assert_eq!(depth(&subject, &key).await, (0, 1, 1, 0));
    assert_eq!(told(&subject, &key, vec![job(1)]).await, [(1, false)], "it is there already");
    let Claimed::Empty { next_after: Some(after) } = subject.ok(&key, claim([id(2)], LONG)).await
    else {
        panic!("nothing is ready")
    };
    assert!(after <= LONG && after > LONG / 2, "{after:?}");
    let delivery = id(1);
    let extend = Extend { delivery, lease: LONG };
    assert_eq!(subject.ok(&key, extend.clone()).await, Settled::Settled);
    assert_eq!(subject.ok(&key, Acknowledge { delivery }).await, Settled::Settled);
    assert_eq!(subject.ok(&key, Acknowledge { delivery }).await, Settled::Lapsed);
    assert_eq!(subject.ok(&key, extend).await, Settled::Lapsed);
    assert_eq!(depth(&subject, &key).await, (0, 1, 0, 0));
    assert_eq!(told(&subject, &key, vec![job(1)]).await, [(1, true)], "and new again");
    assert_eq!(claimed(&subject, &key, 3).await, Some((1, 1)));
    let bury = Bury { delivery: id(3), note: "no such user".into() };
    assert_eq!(subject.ok(&key, bury).await, Settled::Settled);
    assert_eq!(depth(&subject, &key).await, (0, 1, 0, 1));
    assert_eq!(told(&subject, &key, vec![job(1)]).await, [(1, false)], "dead or alive");
}

/// Jobs come in the order in which they became ready, then in that in which they came.
pub async fn order(subject: Subject) {
    let key = key("jobs");
    subject.ok(&key, push((1..=4).map(job))).await;
    subject.ok(&key, push((5..=6).map(job))).await;
    for number in 1..=4 {
        assert_eq!(claimed(&subject, &key, number).await, Some((number, 1)));
    }
    // Back to its place, as if it had not been claimed; to the end, as one that is tried again.
    for delivery in [4, 2] {
        let release = Release { delivery: id(delivery) };
        assert_eq!(subject.ok(&key, release).await, Settled::Settled);
    }
    for delivery in [3, 1] {
        let again = retry(delivery, Duration::ZERO, "");
        assert_eq!(subject.ok(&key, again).await, Retried::Again);
    }
    let mut order = Vec::new();
    while let Some(next) = claimed(&subject, &key, 10 + order.len() as u128).await {
        order.push(next);
    }
    assert_eq!(order, [(2, 1), (4, 1), (5, 1), (6, 1), (3, 2), (1, 2)]);
}

/// Several are claimed at once, in order; deliveries that are on their way are answered again.
pub async fn several_at_once(subject: Subject) {
    let key = key("jobs");
    subject.ok(&key, push((1..=5).map(job))).await;
    let pairs = |claimed| match claimed {
        Claimed::Claimed { jobs } => {
            jobs.iter().map(|job| (job.id.as_u128(), job.job.as_u128())).collect()
        }
        Claimed::Empty { .. } => Vec::new(),
    };
    let first = subject.ok(&key, claim([8, 7].map(id), LONG)).await;
    assert_eq!(pairs(first), [(8, 1), (7, 2)]);
    let second = subject.ok(&key, claim([1, 7, 2, 8].map(id), LONG)).await;
    assert_eq!(pairs(second), [(1, 3), (7, 2), (2, 4), (8, 1)]);
    let third = subject.ok(&key, claim([3, 4, 5].map(id), LONG)).await;
    assert_eq!(pairs(third), [(3, 5)], "as many as there are");
    let known = subject.ok(&key, claim([9, 3].map(id), LONG)).await;
    assert_eq!(pairs(known), [(3, 5)], "and those that are known");
    assert_eq!(depth(&subject, &key).await, (0, 0, 5, 0));
}

/// A delayed job is ready when its time has come, and not before.
pub async fn delays(subject: Subject) {
    let key = key("jobs");
    let delayed = |number, delay| NewJob { delay, ..job(number) };
    let jobs = [delayed(1, SOON * 2), delayed(2, SOON), delayed(3, LONG)];
    subject.ok(&key, push(jobs)).await;
    subject.pass(SOON * 3).await;
    assert_eq!(depth(&subject, &key).await, (2, 1, 0, 0));
    assert!(subject.ok(&key, Depth {}).await.oldest >= SOON);
    assert_eq!(claimed(&subject, &key, 1).await, Some((2, 1)), "the first to be ready");
    assert_eq!(claimed(&subject, &key, 2).await, Some((1, 1)));
    assert_eq!(claimed(&subject, &key, 3).await, None);
    assert_eq!(subject.ok(&key, Depth {}).await.oldest, Duration::ZERO);
    assert_eq!(subject.ok(&key, retry(1, SOON, "")).await, Retried::Again);
    assert_eq!(subject.ok(&key, retry(2, LONG, "")).await, Retried::Again);
    subject.pass(SOON * 2).await;
    assert_eq!(claimed(&subject, &key, 4).await, Some((2, 2)));
    assert_eq!(claimed(&subject, &key, 5).await, None);
}

/// No two live jobs share a unique key.
pub async fn unique_keys(subject: Subject) {
    let key = key("jobs");
    // Any bytes, and none.
    for (base, unique) in [(10, "ann".into()), (20, Bytes::from(vec![0, 255])), (30, "".into())] {
        let same = |number| NewJob { unique: Some(Bytes::clone(&unique)), ..job(base + number) };
        let jobs = vec![same(1), same(2), job(base + 3), job(base + 3)];
        let expected = [(1, true), (1, false), (3, true), (3, false)];
        let expected = expected.map(|(number, new)| (base + number, new));
        assert_eq!(told(&subject, &key, jobs).await, expected);
        assert_eq!(told(&subject, &key, vec![same(4)]).await, [(base + 1, false)]);
        assert_eq!(claimed(&subject, &key, base + 1).await, Some((base + 1, 1)));
        assert_eq!(told(&subject, &key, vec![same(4)]).await, [(base + 1, false)], "it lives");
        subject.ok(&key, Bury { delivery: id(base + 1), note: "".into() }).await;
        let jobs = vec![same(4), same(1)];
        assert_eq!(told(&subject, &key, jobs).await, [(base + 4, true), (base + 1, false)]);
        let revive = Revive { jobs: Chosen::Named(vec![id(base + 1)]) };
        let none = Moved { jobs: 0, next: None };
        assert_eq!(subject.ok(&key, revive.clone()).await, none, "another has its key");
        assert_eq!(claimed(&subject, &key, base + 3).await, Some((base + 3, 1)));
        assert_eq!(claimed(&subject, &key, base + 4).await, Some((base + 4, 1)));
        subject.ok(&key, Acknowledge { delivery: id(base + 4) }).await;
        assert_eq!(subject.ok(&key, revive).await, Moved { jobs: 1, next: None });
        assert_eq!(told(&subject, &key, vec![same(5)]).await, [(base + 1, false)]);
        assert_eq!(claimed(&subject, &key, base + 5).await, Some((base + 1, 1)));
    }
}

/// A full queue takes all of some jobs, or none.
pub async fn bounded(subject: Subject) {
    let key = key("jobs");
    let limited = |jobs| Push { limit: NonZeroU64::new(3), ..push(jobs) };
    let full = |free| Pushed::Full { free };
    assert_eq!(subject.ok(&key, limited((1..=4).map(job).collect::<Vec<_>>())).await, full(3));
    assert!(!subject.ok(&key, Exists {}).await);
    subject.ok(&key, limited(vec![job(1), job(2)])).await;
    assert_eq!(claimed(&subject, &key, 1).await, Some((1, 1)));
    let two = limited(vec![job(3), NewJob { delay: LONG, ..job(4) }]);
    assert_eq!(subject.ok(&key, two).await, full(1));
    assert_eq!(depth(&subject, &key).await, (1, 0, 1, 0));
    // What is there already needs no room, and neither do the dead.
    let known = limited(vec![job(1), job(2), job(3)]);
    assert!(matches!(subject.ok(&key, known).await, Pushed::Pushed { .. }));
    assert_eq!(subject.ok(&key, limited(vec![job(5)])).await, full(0));
    subject.ok(&key, Bury { delivery: id(1), note: "".into() }).await;
    assert!(matches!(subject.ok(&key, limited(vec![job(5)])).await, Pushed::Pushed { .. }));
    let one = Push { limit: NonZeroU64::new(1), ..push([job(6)]) };
    assert_eq!(subject.ok(&key, one).await, full(0), "a smaller limit takes nothing away");
    assert_eq!(depth(&subject, &key).await, (3, 0, 0, 1));
}

/// The most of everything, and any bytes.
pub async fn large(subject: Subject) {
    let key = key("jobs");
    let most = JOBS_MAX as u128;
    let pushed = told(&subject, &key, (1..=most).map(job).collect()).await;
    assert!(pushed.into_iter().eq((1..=most).map(|number| (number, true))));
    let all = || claim((1..=most).map(|number| id(most + number)), LONG);
    for _again in 0..2 {
        let Claimed::Claimed { jobs } = subject.ok(&key, all()).await else {
            panic!("they are there")
        };
        let told = jobs.iter().map(|job| (job.id.as_u128(), job.job.as_u128()));
        assert!(told.eq((1..=most).map(|number| (most + number, number))));
    }
    for number in 1..=10 {
        let note = Bytes::from(vec![number as u8; NOTE_BYTES_MAX]);
        subject.ok(&key, Bury { delivery: id(most + number), note }).await;
    }
    for (number, dead) in (1_u8..).zip(dead(&subject, &key).await) {
        assert_eq!(*dead.tries[0].note, *vec![number; NOTE_BYTES_MAX]);
    }
    let odd = NewJob { payload: Bytes::from((0..=255).collect::<Vec<u8>>()), ..job(most + 1) };
    subject.ok(&key, push([odd.clone(), NewJob { payload: "".into(), ..job(most + 2) }])).await;
    let two = claim([id(1), id(2)], LONG);
    let Claimed::Claimed { jobs } = subject.ok(&key, two).await else { panic!("both are ready") };
    assert_eq!((&jobs[0].payload, &*jobs[1].payload), (&odd.payload, &b""[..]));
    assert_eq!(depth(&subject, &key).await, (0, 0, JOBS_MAX as u64 - 8, 10));
    // All of their leases run out at once: every third job has had its tries.
    let lapsing = self::key("lapsing");
    subject.ok(&lapsing, push((1..=most).map(job))).await;
    for third in 0..3 {
        let deliveries = (1..=most).filter(|number| number % 3 == third).map(id);
        let tries_max = if third == 0 { 1 } else { TRIES };
        subject.ok(&lapsing, Claim { tries_max, ..claim(deliveries, SOON) }).await;
    }
    subject.pass(SOON * 2).await;
    let thirds = JOBS_MAX as u64 / 3;
    let (ready, dead) = (JOBS_MAX as u64 - thirds, thirds);
    assert_eq!(depth(&subject, &lapsing).await, (ready, 0, 0, dead));
    assert_eq!(subject.ok(&lapsing, push((1..=most).map(job))).await, {
        let jobs = (1..=most).map(|number| PushedJob { id: id(number), new: false }).collect();
        Pushed::Pushed { jobs }
    });
}

/// A value is no queue, and stays.
pub async fn wrong_type(subject: Subject) {
    let key = key("motto");
    subject.ok(&key, value::Set { to: "x".into() }).await;
    let delivery = id(1);
    let all = || Chosen::Page { after: None, count: 1 };
    for operation in [
        Depth {}.into_op(),
        push([job(1)]).into_op(),
        claim([delivery], LONG).into_op(),
        Acknowledge { delivery }.into_op(),
        retry(1, LONG, "").into_op(),
        Release { delivery }.into_op(),
        Bury { delivery, note: "".into() }.into_op(),
        Extend { delivery, lease: LONG }.into_op(),
        Dead { after: None, count: 1 }.into_op(),
        Revive { jobs: all() }.into_op(),
        Discard { jobs: all() }.into_op(),
    ] {
        let one = Batch::one(exactly_core::Step::new(key.clone(), operation.clone()));
        let fault = subject.apply(one).await.expect_err("a value");
        assert!(fault.is_misuse() && fault.is_wrong_type(), "{operation:?} {fault}");
        assert_eq!(fault.key(), Some(&key));
    }
    assert_eq!(subject.ok(&key, value::Get {}).await, Some("x".into()));
    let jobs = self::key("jobs");
    subject.ok(&jobs, push([job(1)])).await;
    let fault = subject.run(&jobs, counter::Add::by(1)).await.expect_err("a queue");
    assert!(fault.is_wrong_type() && fault.to_string().contains("a queue"), "{fault}");
    assert_eq!(depth(&subject, &jobs).await, (1, 0, 0, 0));
}

/// Settings outside what is allowed are misuse; nothing is put in or taken.
pub async fn bad_settings(subject: Subject) {
    let key = key("jobs");
    let tick = Duration::from_nanos(1);
    let long = |most: usize| Bytes::from(vec![b'x'; most + 1]);
    let page = |count| Chosen::Page { after: None, count };
    for bad in [
        push([]).into_op(),
        push(vec![job(1); JOBS_MAX + 1]).into_op(),
        push([NewJob { unique: Some(long(UNIQUE_BYTES_MAX)), ..job(1) }]).into_op(),
        push([NewJob { delay: DELAY_MAX + tick, ..job(1) }]).into_op(),
        claim([], LONG).into_op(),
        claim([id(1), id(2), id(1)], LONG).into_op(),
        claim([id(1)], Duration::ZERO).into_op(),
        claim([id(1)], LEASE_MAX + tick).into_op(),
        Claim { tries_max: 0, ..claim([id(1)], LONG) }.into_op(),
        retry(1, DELAY_MAX + tick, "").into_op(),
        retry(1, LONG, long(NOTE_BYTES_MAX)).into_op(),
        Bury { delivery: id(1), note: long(NOTE_BYTES_MAX) }.into_op(),
        Extend { delivery: id(1), lease: Duration::ZERO }.into_op(),
        Dead { after: None, count: 0 }.into_op(),
        Revive { jobs: page(JOBS_MAX as u64 + 1) }.into_op(),
        Discard { jobs: Chosen::Named(Vec::new()) }.into_op(),
    ] {
        let one = Batch::one(exactly_core::Step::new(key.clone(), bad.clone()));
        let fault = subject.apply(one).await.expect_err("not allowed");
        assert!(fault.is_misuse() && fault.is_bad_setting(), "{bad:?} {fault}");
        assert_eq!(fault.key(), Some(&key));
    }
    assert!(!subject.ok(&key, Exists {}).await);
    let latest = NewJob { delay: DELAY_MAX, ..job(1) };
    assert_eq!(told(&subject, &key, vec![latest, job(2)]).await, [(1, true), (2, true)]);
    let longest = Claim { tries_max: u32::MAX, ..claim([id(1)], LEASE_MAX) };
    assert!(matches!(subject.ok(&key, longest).await, Claimed::Claimed { .. }));
    assert_eq!(depth(&subject, &key).await, (0, 1, 1, 0));
}
