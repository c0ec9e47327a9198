//! Locks: what is not atomic by itself, made so; and holders who are late.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicUsize, Ordering};
use std::time::Duration;

use exactly_core::operations::counter::{Add, Bounds, Get, Set, Swap, Swapped};
use exactly_core::operations::lock::{Acquire, Acquired, Extend, Extended, Mode, Read, Release};
use exactly_core::{Batch, Condition, HoldId, Key, Mark, Refusal, Reply};

use crate::subject::{Subject, key, step};

use Mode::{Exclusive, Shared};

const ACTORS: usize = 16;
const LONG: Duration = Duration::from_secs(3600);

fn acquire(mode: Mode) -> Acquire {
    Acquire { owner: HoldId::unique(), mode, lease: LONG, line: false, fences: 1 }
}

/// Waits until it is held: asks, and asks again whenever something has changed.
async fn held(subject: &Subject, key: &Key, acquire: &Acquire) -> u64 {
    let mut mark = Mark::NONE;
    loop {
        if let Acquired::Held { fence, .. } = subject.ok(key, acquire.clone()).await {
            return fence;
        }
        mark = subject.engine.changed(key, mark).await.expect("the engine answers");
    }
}

/// Adds one in three steps, of which each may be another's turn.
async fn read_then_write(subject: &Subject, key: &Key) {
    let found = subject.ok(key, Get { start: 0_i64 }).await;
    tokio::task::yield_now().await;
    subject.ok(key, Set { to: found + 1, bounds: Bounds::NONE }).await;
}

/// Sixteen who read and then write lose nothing under the lock, whether they barge or wait in line,
/// and every fence is greater than that of the one before.
pub async fn one_at_a_time(subject: Subject) {
    const EACH: usize = 20;
    subject
        .crowd(ACTORS, |subject, number| async move {
            let [door, count, last] = ["door", "count", "last"].map(key);
            for _ in 0..EACH {
                let acquire = Acquire { line: number % 2 == 0, ..acquire(Exclusive) };
                let fence = held(&subject, &door, &acquire).await as i64;
                assert!(subject.ok(&last, Get { start: 0 }).await < fence, "fences grow");
                subject.ok(&last, Set { to: fence, bounds: Bounds::NONE }).await;
                read_then_write(&subject, &count).await;
                assert!(subject.ok(&door, Release { owner: acquire.owner }).await);
            }
        })
        .await;
    assert_eq!(subject.ok(&key("count"), Get { start: 0 }).await, (ACTORS * EACH) as i64);
    let read = subject.ok(&key("door"), Read {}).await;
    assert_eq!((read.holders, read.waiting), (0, 0));
}

/// Those who share it are in together, and never with one who has it alone.
pub async fn shared_or_alone(subject: Subject) {
    let inside = Arc::new(AtomicI64::new(0));
    let most = Arc::new(AtomicI64::new(0));
    subject
        .crowd(ACTORS, |subject, number| {
            let (inside, most) = (Arc::clone(&inside), Arc::clone(&most));
            async move {
                for _ in 0..20 {
                    let mode = if number % 4 == 0 { Exclusive } else { Shared };
                    let acquire = Acquire { line: true, ..acquire(mode) };
                    held(&subject, &key("door"), &acquire).await;
                    let weight = if mode == Shared { 1 } else { 1_000 };
                    let found = inside.fetch_add(weight, Ordering::SeqCst);
                    assert!(found < 1_000 && (mode == Shared || found == 0), "with {found}");
                    most.fetch_max(found + weight, Ordering::SeqCst);
                    // Everybody has had a turn before it is released.
                    subject.ok(&key("door"), Read {}).await;
                    tokio::task::yield_now().await;
                    inside.fetch_sub(weight, Ordering::SeqCst);
                    assert!(subject.ok(&key("door"), Release { owner: acquire.owner }).await);
                }
            }
        })
        .await;
    assert_eq!(inside.load(Ordering::SeqCst), 0);
    assert!(most.load(Ordering::SeqCst) >= 1_000, "somebody had it alone");
}

/// Whoever came first goes first, however many wake at once.
pub async fn in_order(subject: Subject) {
    let door = key("door");
    let first = acquire(Exclusive);
    held(&subject, &door, &first).await;
    let line: Vec<_> = (0..ACTORS).map(|_| Acquire { line: true, ..acquire(Exclusive) }).collect();
    for (place, waiter) in line.iter().enumerate() {
        let told = subject.ok(&door, waiter.clone()).await;
        assert!(matches!(told, Acquired::Waiting { ahead, .. } if ahead == place as u64));
    }
    let next = Arc::new(AtomicUsize::new(0));
    let line = Arc::new(line);
    let waiting = {
        let (next, line, subject) = (Arc::clone(&next), Arc::clone(&line), subject.clone());
        tokio::spawn(async move {
            subject
                .crowd(ACTORS, |subject, number| {
                    let (next, line) = (Arc::clone(&next), Arc::clone(&line));
                    async move {
                        held(&subject, &key("door"), &line[number]).await;
                        assert_eq!(next.fetch_add(1, Ordering::SeqCst), number);
                        let owner = line[number].owner;
                        assert!(subject.ok(&key("door"), Release { owner }).await);
                    }
                })
                .await;
        })
    };
    assert!(subject.ok(&door, Release { owner: first.owner }).await);
    waiting.await.expect("everybody had a turn");
    assert_eq!(next.load(Ordering::SeqCst), ACTORS);
}

/// The lock of a well-known library ends after a second by default, is deleted by whoever is done,
/// and lets a third one in: here the late one writes nothing and frees nothing.
pub async fn late_holders(subject: Subject) {
    const LEASE: Duration = Duration::from_millis(30);
    let [door, done] = ["door", "done"].map(key);
    let write = |owner| {
        let add = step(&done, Add::by(1));
        Batch::one(add).requiring(door.clone(), Condition::Locks(owner))
    };
    for round in 0..5 {
        let [late, next, third] =
            [LEASE, LONG, LONG].map(|lease| Acquire { lease, ..acquire(Exclusive) });
        let fence = held(&subject, &door, &late).await;
        let waiting = {
            let (subject, door, next) = (subject.clone(), door.clone(), next.clone());
            tokio::spawn(async move { held(&subject, &door, &next).await })
        };
        subject.pass(LEASE * 2).await;
        assert!(waiting.await.expect("the lease is over") > fence);
        let refused = subject.apply(write(late.owner)).await.expect("the engine answers");
        assert_eq!(refused, Reply::Refused(Refusal::Requirement(0)));
        assert!(!subject.ok(&door, Release { owner: late.owner }).await);
        let extend = Extend { owner: late.owner, lease: LONG };
        assert_eq!(subject.ok(&door, extend).await, Extended::Lost);
        let told = subject.ok(&door, third).await;
        assert!(matches!(told, Acquired::Busy { .. }), "the next one's stands: {told:?}");
        let written = subject.apply(write(next.owner)).await.expect("the engine answers");
        assert!(matches!(written, Reply::Applied(_)));
        assert!(subject.ok(&door, Release { owner: next.owner }).await);
        assert_eq!(subject.ok(&done, Get { start: 0 }).await, round + 1);
    }
}

/// Many whose leases end while they write: each write that got through was that of the holder of
/// its time, so fences never go back.
pub async fn only_the_holder_writes(subject: Subject) {
    const LEASE: Duration = Duration::from_millis(3);
    let written = Arc::new(AtomicUsize::new(0));
    subject
        .crowd(ACTORS, |subject, number| {
            let written = Arc::clone(&written);
            async move {
                let [door, last] = ["door", "last"].map(key);
                for _ in 0..10 {
                    let acquire = Acquire { lease: LEASE, ..acquire(Exclusive) };
                    let fence = held(&subject, &door, &acquire).await as i64;
                    if number % 3 == 0 {
                        subject.pass(LEASE).await;
                    }
                    let swap = Swap { to: fence, start: 0, bounds: Bounds::NONE };
                    let batch = Batch::one(step(&last, swap));
                    let batch = batch.requiring(door.clone(), Condition::Locks(acquire.owner));
                    let reply = subject.apply(batch).await.expect("the engine answers");
                    if reply != Reply::Refused(Refusal::Requirement(0)) {
                        match reply.only::<Swap<i64>>().expect("its own outcome") {
                            Swapped::Swapped { old } => assert!(old < fence, "{fence} after {old}"),
                            Swapped::OutOfBounds { .. } => panic!("it has no bounds"),
                        }
                        written.fetch_add(1, Ordering::SeqCst);
                    }
                    subject.ok(&door, Release { owner: acquire.owner }).await;
                }
            }
        })
        .await;
    assert!(written.load(Ordering::SeqCst) > 0, "some were in time");
}

/// Two locks in one change, named in both orders: nobody holds one and waits for the other.
pub async fn both_or_none(subject: Subject) {
    subject
        .crowd(ACTORS, |subject, number| async move {
            let [door, window, count] = ["door", "window", "count"].map(key);
            let keys = if number % 2 == 0 { [&door, &window] } else { [&window, &door] };
            for _ in 0..10 {
                let [one, two] = [acquire(Exclusive), acquire(Exclusive)];
                let batch = Batch::of([step(keys[0], one.clone()), step(keys[1], two.clone())]);
                let mut marks = [Mark::NONE; 2];
                loop {
                    let place = match subject.apply(batch.clone()).await.expect("it answers") {
                        Reply::Applied(_) => break,
                        Reply::Refused(Refusal::Operation(place, _)) => place,
                        Reply::Refused(Refusal::Requirement(_) | Refusal::Changed(_)) => {
                            panic!("nothing is required")
                        }
                    };
                    let changed = subject.engine.changed(keys[place], marks[place]).await;
                    marks[place] = changed.expect("the engine answers");
                }
                read_then_write(&subject, &count).await;
                for (key, owner) in [(keys[0], one.owner), (keys[1], two.owner)] {
                    assert!(subject.ok(key, Release { owner }).await);
                }
            }
        })
        .await;
    assert_eq!(subject.ok(&key("count"), Get { start: 0 }).await, (ACTORS * 10) as i64);
}
