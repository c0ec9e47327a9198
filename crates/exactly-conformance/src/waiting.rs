//! Waiting for a key to change.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};
use std::time::Duration;

use exactly_core::operations::capacity::{Levels, Read, Take};
use exactly_core::operations::counter::{Add, Get};
use exactly_core::operations::key::{Delete, Exists, Expire, Rename};
use exactly_core::operations::lock::{self, Acquire, Holders, Mode};
use exactly_core::operations::queue::{Depth, NewJob};
use exactly_core::{Batch, HoldId, Key, Mark};

use crate::operations::queue::{claim, id, job, push};
use crate::subject::{Subject, key, step};

async fn changed(subject: &Subject, key: &Key, since: Mark) -> Mark {
    subject.engine.changed(key, since).await.expect("the engine answers")
}

/// Whoever waits is woken by every kind of change.
pub async fn woken(subject: Subject) {
    let [a, b] = ["a", "b"].map(key);
    let mut mark = changed(&subject, &a, Mark::NONE).await;
    for change in 0_u8..7 {
        let waiting = {
            let (subject, a) = (subject.clone(), a.clone());
            tokio::spawn(async move { changed(&subject, &a, mark).await })
        };
        tokio::task::yield_now().await;
        let rename = Rename { to: a.clone(), replace: true };
        match change {
            0 | 2 => drop(subject.ok(&a, Add::by(1)).await),
            1 => drop(subject.ok(&a, Delete {}).await),
            3 => drop(subject.ok(&a, Expire { after: Duration::from_secs(3600) }).await),
            4 => {
                subject.ok(&b, Add::by(7)).await;
                subject.ok(&b, rename).await;
            }
            // Written in one change, then moved over: another write all the same.
            5 => {
                let both = Batch::of([step(&a, Add::by(1)), step(&b, Add::by(1))]);
                subject.apply(both).await.expect("the engine answers");
            }
            6.. => drop(subject.ok(&b, rename).await),
        }
        let next = waiting.await.expect("woken");
        assert_ne!(next, mark, "change {change}");
        mark = next;
    }
}

/// Mark, read, wait: no change falls between reading and waiting, with many writers and waiters.
pub async fn not_missed(subject: Subject) {
    const LAST: i64 = 2_000;
    subject
        .crowd(16, |subject, number| async move {
            let hot = key("hot");
            if number % 2 == 0 {
                for _ in 0..LAST / 8 {
                    subject.ok(&hot, Add::by(1)).await;
                    tokio::task::yield_now().await;
                }
                return;
            }
            let mut mark = Mark::NONE;
            loop {
                mark = changed(&subject, &hot, mark).await;
                if subject.ok(&hot, Get { start: 0 }).await == LAST {
                    return;
                }
            }
        })
        .await;
}

/// What ends by itself is a change as well: a key that expires, a lease or a place that runs out.
pub async fn by_time(subject: Subject) {
    const SOON: Duration = Duration::from_millis(50);
    const LONG: Duration = Duration::from_secs(3600);
    let [brief, seats, door, line] = ["brief", "seats", "door", "line"].map(key);
    let [later, claimed] = ["later", "claimed"].map(key);
    subject.ok(&brief, Add::by(1)).await;
    subject.ok(&brief, Expire { after: SOON }).await;
    // Of several leases the one that runs out first.
    for lease in [SOON, LONG] {
        let take = Take { hold: HoldId::unique(), units: 1, lease, limit: 2 };
        subject.ok(&seats, take).await;
    }
    // A hold that runs out before a place, and a place before a hold.
    for (key, leases) in [(&door, [SOON, LONG]), (&line, [LONG, SOON])] {
        for lease in leases {
            let (owner, mode) = (HoldId::unique(), Mode::Exclusive);
            subject.ok(key, Acquire { owner, mode, lease, line: true, fences: 1 }).await;
        }
    }
    // Of several jobs the one that is ready first, also where others are ready already.
    let delayed = [Duration::ZERO, LONG, SOON];
    subject.ok(&later, push(delayed.map(|delay| NewJob { delay, ..job(delay.as_nanos()) }))).await;
    subject.ok(&claimed, push([job(1), job(2)])).await;
    for (delivery, lease) in [(1, LONG), (2, SOON)] {
        subject.ok(&claimed, claim([id(delivery)], lease)).await;
    }
    let mut waiting = Vec::new();
    for key in [&brief, &seats, &door, &line, &later, &claimed] {
        let (subject, key) = (subject.clone(), key.clone());
        let mark = changed(&subject, &key, Mark::NONE).await;
        // On a clock that runs by itself it may be over by now, and nothing is left to wait for.
        let over = match &*key.field() {
            "brief" => !subject.ok(&key, Exists {}).await,
            "door" => subject.ok(&key, lock::Read {}).await.holders == 0,
            "line" => subject.ok(&key, lock::Read {}).await.waiting == 0,
            "later" => subject.ok(&key, Depth {}).await.ready == 2,
            "claimed" => subject.ok(&key, Depth {}).await.claimed == 1,
            _ => subject.ok(&key, Read { limit: 2 }).await.held == 1,
        };
        if !over {
            waiting.push(tokio::spawn(async move { changed(&subject, &key, mark).await }));
        }
    }
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
    subject.pass(SOON * 2).await;
    for woken in waiting {
        woken.await.expect("woken");
    }
    assert!(!subject.ok(&brief, Exists {}).await);
    let Levels { free, held, .. } = subject.ok(&seats, Read { limit: 2 }).await;
    assert_eq!((free, held), (1, 1));
    for (key, left) in [(&door, (0, 1)), (&line, (1, 0))] {
        let Holders { holders, waiting, .. } = subject.ok(key, lock::Read {}).await;
        assert_eq!((holders, waiting), left, "{key}");
    }
    assert_eq!(subject.ok(&later, Depth {}).await.ready, 2);
    assert_eq!(subject.ok(&claimed, Depth {}).await.claimed, 1);
}

/// A wait that is given up disturbs nobody.
pub async fn given_up(subject: Subject) {
    let a = key("a");
    let mark = changed(&subject, &a, Mark::NONE).await;
    for _ in 0..100 {
        let mut wait = pin!(subject.engine.changed(&a, mark));
        let polled = wait.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        // A spurious answer is allowed, a hang of the engine is not.
        drop(polled);
    }
    let waiting = {
        let (subject, a) = (subject.clone(), a.clone());
        tokio::spawn(async move { changed(&subject, &a, mark).await })
    };
    tokio::task::yield_now().await;
    subject.ok(&a, Add::by(1)).await;
    assert_ne!(waiting.await.expect("woken"), mark);
}
