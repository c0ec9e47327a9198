//! What becomes of a queue as a whole, and of its jobs together with other objects.

use exactly_core::operations::counter;
use exactly_core::operations::key::{Delete, Exists, Expire, Life, Rename, Ttl};
use exactly_core::operations::queue::{Acknowledge, Bury, Chosen, Discard, Moved, NewJob, Settled};
use exactly_core::{Batch, Key, Refusal, Reply};

use super::{LONG, SOON, claim, claimed, dead, depth, id, job, names, push, told};
use crate::subject::{Subject, key, step};

/// With its last job a queue is gone, and its time to live.
pub async fn emptied(subject: Subject) {
    let key = key("jobs");
    for discarded in [false, true] {
        subject.ok(&key, push([NewJob { unique: Some("one".into()), ..job(1) }])).await;
        subject.ok(&key, Expire { after: LONG }).await;
        assert_eq!(claimed(&subject, &key, 1).await, Some((1, 1)));
        if discarded {
            subject.ok(&key, Bury { delivery: id(1), note: "x".into() }).await;
            let jobs = Chosen::Page { after: None, count: 9 };
            assert_eq!(subject.ok(&key, Discard { jobs }).await, Moved { jobs: 1, next: None });
        } else {
            subject.ok(&key, Acknowledge { delivery: id(1) }).await;
        }
        assert!(!subject.ok(&key, Exists {}).await);
        subject.ok(&key, counter::Add::by(1)).await;
        let life = subject.ok(&key, Ttl {}).await;
        assert_eq!(life, Life::Persistent);
        subject.ok(&key, Delete {}).await;
    }
}

/// What is moved, deleted or expired is the whole queue, and nothing of it comes back.
pub async fn whole(subject: Subject) {
    let [one, two] = ["one", "two"].map(key);
    let unique = |number| NewJob { unique: Some("ann".into()), ..job(number) };
    let fill = async |key: &Key| {
        let later = NewJob { delay: LONG, ..job(3) };
        subject.ok(key, push([job(1), job(2), later, unique(4)])).await;
        subject.ok(key, claim([1, 2].map(id), LONG)).await;
        subject.ok(key, Bury { delivery: id(2), note: "x".into() }).await;
        assert_eq!(depth(&subject, key).await, (1, 1, 1, 1));
    };
    fill(&one).await;
    subject.ok(&one, Rename { to: two.clone(), replace: false }).await;
    assert_eq!(depth(&subject, &one).await, (0, 0, 0, 0));
    assert_eq!(depth(&subject, &two).await, (1, 1, 1, 1));
    assert_eq!(names(&dead(&subject, &two).await), [2]);
    assert_eq!(told(&subject, &two, vec![unique(5)]).await, [(4, false)]);
    assert_eq!(subject.ok(&two, Acknowledge { delivery: id(1) }).await, Settled::Settled);
    assert_eq!(told(&subject, &one, vec![unique(5), job(1)]).await, [(5, true), (1, true)]);
    subject.ok(&one, Rename { to: two.clone(), replace: true }).await;
    assert_eq!(depth(&subject, &two).await, (2, 0, 0, 0), "what was there is gone");
    subject.ok(&two, Delete {}).await;
    assert_eq!(depth(&subject, &two).await, (0, 0, 0, 0));
    fill(&two).await;
    subject.ok(&two, Expire { after: SOON }).await;
    subject.pass(SOON * 2).await;
    assert_eq!(depth(&subject, &two).await, (0, 0, 0, 0));
    assert_eq!(subject.ok(&two, Acknowledge { delivery: id(1) }).await, Settled::Lapsed);
    assert!(!subject.ok(&two, Exists {}).await);
    fill(&two).await;
}

/// The effect of a job and its acknowledgement are one change: a late one has no effect.
pub async fn with_its_effect(subject: Subject) {
    let [jobs, done] = ["jobs", "done"].map(key);
    subject.ok(&jobs, push((1..=2).map(job))).await;
    assert_eq!(claimed(&subject, &jobs, 1).await, Some((1, 1)));
    let batch = |delivery| {
        let acknowledge = Acknowledge { delivery: id(delivery) };
        Batch::of([step(&done, counter::Add::by(1)), step(&jobs, acknowledge)])
    };
    assert!(matches!(subject.apply(batch(1)).await, Ok(Reply::Applied(_))));
    for delivery in [1, 2] {
        let reply = subject.apply(batch(delivery)).await.expect("the engine answers");
        assert!(matches!(reply, Reply::Refused(Refusal::Operation(1, _))), "{reply:?}");
    }
    assert_eq!(subject.ok(&done, counter::Get { start: 0 }).await, 1);
    // And what a job begets comes with its end, or not at all.
    assert_eq!(claimed(&subject, &jobs, 2).await, Some((2, 1)));
    let follow_up = |acknowledged| {
        let acknowledge = Acknowledge { delivery: id(acknowledged) };
        Batch::of([step(&jobs, push([job(3)])), step(&jobs, acknowledge)])
    };
    assert!(matches!(subject.apply(follow_up(9)).await, Ok(Reply::Refused(_))));
    assert_eq!(depth(&subject, &jobs).await, (0, 0, 1, 0));
    assert!(matches!(subject.apply(follow_up(2)).await, Ok(Reply::Applied(_))));
    assert_eq!(depth(&subject, &jobs).await, (1, 0, 0, 0));
}
