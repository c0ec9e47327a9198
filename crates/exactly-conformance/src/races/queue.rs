//! Queues: the job that two workers do, and the one that nobody does.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroU64;
use std::time::Duration;

use exactly_core::operations::counter;
use exactly_core::operations::queue::{
    Acknowledge, Claim, Claimed, Depth, Depths, NewJob, Push, Pushed, PushedJob, Retried, Retry,
    Settled,
};
use exactly_core::operations::queue::{Delivery, Failed};
use exactly_core::{Batch, Bytes, HoldId, Reply};

use crate::subject::{Subject, key, step};

const LONG: Duration = Duration::from_secs(3600);

fn new_job(payload: impl Into<Bytes>) -> NewJob {
    let payload = payload.into();
    NewJob { id: HoldId::unique(), payload, delay: Duration::ZERO, unique: None }
}

fn push(jobs: Vec<NewJob>) -> Push {
    Push { jobs, limit: None }
}

fn claim(most: usize, lease: Duration) -> Claim {
    let deliveries = (0..most).map(|_| HoldId::unique()).collect();
    Claim { deliveries, lease, tries_max: u32::MAX }
}

async fn claimed(subject: &Subject, claim: Claim) -> Vec<Delivery> {
    match subject.ok(&key("jobs"), claim).await {
        Claimed::Claimed { jobs } => jobs,
        Claimed::Empty { .. } => Vec::new(),
    }
}

async fn depths(subject: &Subject) -> Depths {
    Depths { oldest: Duration::ZERO, ..subject.ok(&key("jobs"), Depth {}).await }
}

/// Many who claim, one or several at a time, while others still push: each job is one worker's.
pub async fn each_job_once(subject: Subject) {
    const JOBS: usize = 600;
    const PUSHERS: usize = 4;
    let claimed = subject
        .crowd(16 + PUSHERS, |subject, number| async move {
            if number < PUSHERS {
                for part in 0..JOBS / PUSHERS / 10 {
                    let name = |place| format!("{number}/{part}/{place}");
                    let jobs = (0..10).map(|place| new_job(name(place))).collect();
                    subject.ok(&key("jobs"), push(jobs)).await;
                    tokio::task::yield_now().await;
                }
                return Vec::new();
            }
            let mut mine = Vec::new();
            loop {
                let jobs = claimed(&subject, claim(1 + number % 3, LONG)).await;
                for Delivery { id: delivery, job, payload, attempt } in &jobs {
                    assert_eq!(*attempt, 1);
                    let done = Acknowledge { delivery: *delivery };
                    assert_eq!(subject.ok(&key("jobs"), done).await, Settled::Settled);
                    mine.push((*job, payload.clone()));
                }
                let done = subject.ok(&key("done"), counter::Add::by(jobs.len() as i64)).await;
                if matches!(done, counter::Added::Stepped { value } if value == JOBS as i64) {
                    return mine;
                }
                tokio::task::yield_now().await;
            }
        })
        .await
        .concat();
    assert_eq!(claimed.len(), JOBS);
    let names: BTreeSet<_> = claimed.iter().map(|(job, _)| job).collect();
    let payloads: BTreeSet<_> = claimed.iter().map(|(_, payload)| payload.to_vec()).collect();
    assert_eq!((names.len(), payloads.len()), (JOBS, JOBS));
    assert_eq!(depths(&subject).await, Depths::default());
}

/// Many who push the same at once: one job, and everybody is told which.
pub async fn one_of_a_kind(subject: Subject) {
    const KINDS: usize = 5;
    let pushed = subject
        .crowd(32, |subject, number| async move {
            let mut told = Vec::new();
            for round in 0..KINDS {
                let kind = (number + round) % KINDS;
                let unique = Some(Bytes::from(format!("kind {kind}")));
                let job = NewJob { unique, ..new_job(format!("{number}")) };
                let Pushed::Pushed { jobs } = subject.ok(&key("jobs"), push(vec![job])).await
                else {
                    panic!("there is no limit")
                };
                told.push((kind, jobs[0]));
            }
            told
        })
        .await
        .concat();
    let mut kinds: BTreeMap<usize, (BTreeSet<HoldId>, usize)> = BTreeMap::new();
    for (kind, PushedJob { id, new }) in pushed {
        let (ids, news) = kinds.entry(kind).or_default();
        ids.insert(id);
        *news += usize::from(new);
    }
    assert_eq!(kinds.len(), KINDS);
    assert!(kinds.values().all(|(ids, news)| (ids.len(), *news) == (1, 1)), "{kinds:?}");
    assert_eq!(depths(&subject).await, Depths { ready: KINDS as u64, ..Depths::default() });
}

/// Many who push into a queue with little room: it holds exactly its limit, and the others are told
/// how much room there is.
pub async fn the_last_places(subject: Subject) {
    const LIMIT: u64 = 30;
    let pushed = subject
        .crowd(32, |subject, number| async move {
            let mut mine = 0;
            for round in 0..4 {
                let count = 1 + (number + round) % 3;
                let jobs = (0..count).map(|_| new_job("x")).collect();
                let push = Push { limit: NonZeroU64::new(LIMIT), ..push(jobs) };
                match subject.ok(&key("jobs"), push).await {
                    Pushed::Pushed { jobs } => mine += jobs.len() as u64,
                    Pushed::Full { free } => assert!(free < count as u64, "{free} of {count}"),
                }
            }
            mine
        })
        .await;
    let ready = pushed.into_iter().sum();
    assert_eq!(depths(&subject).await, Depths { ready, ..Depths::default() });
    assert_eq!(ready, LIMIT);
}

/// However close the end of a lease and an acknowledgement come, a job is acknowledged once, and
/// its effect, which is in the same change, happens once.
pub async fn late_or_done(subject: Subject) {
    const JOBS: usize = 60;
    const LEASE: Duration = Duration::from_millis(10);
    let jobs = (0..JOBS).map(|place| new_job(format!("{place}"))).collect();
    subject.ok(&key("jobs"), push(jobs)).await;
    subject
        .crowd(16, |subject, number| async move {
            for round in 0.. {
                for Delivery { id, payload, .. } in claimed(&subject, claim(2, LEASE)).await {
                    if (number + round) % 3 == 0 {
                        subject.pass(LEASE).await;
                    }
                    let name = String::from_utf8_lossy(&payload).into_owned();
                    let effect = step(&key(&format!("done {name}")), counter::Add::by(1));
                    let done = step(&key("jobs"), Acknowledge { delivery: id });
                    let reply = subject.apply(Batch::of([effect, done])).await;
                    assert!(reply.is_ok(), "{reply:?}");
                }
                let Depths { ready, claimed, .. } = depths(&subject).await;
                if ready + claimed == 0 {
                    return;
                }
                subject.pass(LEASE / 10).await;
            }
        })
        .await;
    for place in 0..JOBS {
        let done = key(&format!("done {place}"));
        assert_eq!(subject.ok(&done, counter::Get { start: 0 }).await, 1, "job {place}");
    }
    assert_eq!(depths(&subject).await, Depths::default());
}

/// Jobs that fail now and then, and workers that die: every job is done, and the figures add up for
/// whoever looks.
pub async fn nothing_is_lost(subject: Subject) {
    const JOBS: u64 = 200;
    const LEASE: Duration = Duration::from_millis(5);
    let jobs = (0..JOBS).map(|place| new_job(format!("{place}"))).collect();
    subject.ok(&key("jobs"), push(jobs)).await;
    subject
        .crowd(16, |subject, number| async move {
            for round in 0.. {
                let Depths { ready, delayed, claimed: held, dead, .. } = depths(&subject).await;
                assert!(dead == 0 && ready + delayed + held <= JOBS);
                if ready + delayed + held == 0 {
                    return;
                }
                for (place, job) in claimed(&subject, claim(3, LEASE)).await.iter().enumerate() {
                    let delivery = job.id;
                    match (number + round + place) % 5 {
                        // Its worker dies.
                        0 => {}
                        1 => {
                            let note = "again".into();
                            let failed = Box::new(Failed { after: LEASE / 10, note });
                            let retry = Retry { delivery, failed };
                            assert_ne!(subject.ok(&key("jobs"), retry).await, Retried::Dead);
                        }
                        2.. => {
                            let add = step(&key("done"), counter::Add::by(1));
                            let done = step(&key("jobs"), Acknowledge { delivery });
                            let reply = subject.apply(Batch::of([add, done])).await;
                            assert!(matches!(reply, Ok(Reply::Applied(_) | Reply::Refused(_))));
                        }
                    }
                }
                subject.pass(LEASE / 5).await;
            }
        })
        .await;
    assert_eq!(subject.ok(&key("done"), counter::Get { start: 0 }).await, JOBS as i64);
    assert_eq!(depths(&subject).await, Depths::default());
}
