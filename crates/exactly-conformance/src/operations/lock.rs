//! Locks.

use std::time::Duration;

use exactly_core::operations::capacity::LEASE_MAX;
use exactly_core::operations::counter::{Add, Get};
use exactly_core::operations::key::{Delete, Exists, Expire, Life, Rename, Ttl};
use exactly_core::operations::lock::{
    Acquire, Acquired, Extend, Extended, FENCE_KEPT, FENCES_MAX, Holders, Mode, Read, Release,
};
use exactly_core::operations::value;
use exactly_core::{Batch, Condition, HoldId, Key, Refusal, Reply};

use crate::subject::{Subject, key, step};

use Mode::{Exclusive, Shared};

const LONG: Duration = Duration::from_secs(3600);
const SOON: Duration = Duration::from_millis(50);
const MOMENT: Duration = Duration::from_millis(1);

/// Out of turn, for long.
fn barge(owner: HoldId, mode: Mode) -> Acquire {
    Acquire { owner, mode, lease: LONG, line: false, fences: 1 }
}

fn queue(owner: HoldId, mode: Mode) -> Acquire {
    Acquire { line: true, ..barge(owner, mode) }
}

fn owners<const N: usize>() -> [HoldId; N] {
    [(); N].map(|()| HoldId::unique())
}

/// What was told, but for fences and times: who holds it, or how many are ahead.
#[derive(Debug, PartialEq)]
enum Told {
    Held(HoldId),
    Waiting(u64),
    Busy(u64),
}

async fn ask(subject: &Subject, key: &Key, acquire: Acquire) -> Told {
    match subject.ok(key, acquire).await {
        Acquired::Held { owner, .. } => Told::Held(owner),
        Acquired::Waiting { ahead, .. } => Told::Waiting(ahead),
        Acquired::Busy { ahead, .. } => Told::Busy(ahead),
    }
}

async fn fence(subject: &Subject, key: &Key, acquire: Acquire) -> u64 {
    let told = subject.ok(key, acquire).await;
    let Acquired::Held { fence, .. } = told else { panic!("it is free, not {told:?}") };
    fence
}

async fn release(subject: &Subject, key: &Key, owner: HoldId) -> bool {
    subject.ok(key, Release { owner }).await
}

/// One holds it, the others are refused; whoever asks again is answered as before.
pub async fn meaning(subject: Subject) {
    let key = key("door");
    let [one, two] = owners();
    assert_eq!(subject.ok(&key, Read {}).await, Holders::default());
    assert!(!release(&subject, &key, one).await);
    assert!(!subject.ok(&key, Exists {}).await, "reading and releasing make nothing");
    let first = fence(&subject, &key, barge(one, Exclusive)).await;
    assert_eq!(fence(&subject, &key, barge(one, Exclusive)).await, first, "asked again");
    let Acquired::Busy { ahead: 0, left } = subject.ok(&key, barge(two, Exclusive)).await else {
        panic!("it is held")
    };
    assert!(left <= LONG && left > LONG / 2, "{left:?}");
    assert_eq!(ask(&subject, &key, barge(two, Shared)).await, Told::Busy(0));
    let read = subject.ok(&key, Read {}).await;
    assert!(read.left <= LONG && read.left > LONG / 2, "{read:?}");
    let left = read.left;
    let held = Holders { holders: 1, mode: Some(Exclusive), left, waiting: 0, fence: first };
    assert_eq!(read, held);
    assert!(!release(&subject, &key, two).await, "only its own");
    assert_eq!(subject.ok(&key, Extend { owner: two, lease: LONG }).await, Extended::Lost);
    assert_eq!(subject.ok(&key, Extend { owner: one, lease: LONG }).await, Extended::Extended);
    assert!(release(&subject, &key, one).await);
    assert!(!release(&subject, &key, one).await);
    let free = Holders { fence: first, ..Holders::default() };
    assert_eq!(subject.ok(&key, Read {}).await, free, "the fence is remembered");
    assert_eq!(ask(&subject, &key, barge(two, Exclusive)).await, Told::Held(two));
    // Who holds it alone holds more than a share; the other way round it is refused.
    assert_eq!(ask(&subject, &key, barge(two, Shared)).await, Told::Held(two));
    assert!(release(&subject, &key, two).await);
    assert_eq!(ask(&subject, &key, barge(one, Shared)).await, Told::Held(one));
    assert_eq!(ask(&subject, &key, queue(one, Exclusive)).await, Told::Busy(0));
    assert_eq!(subject.ok(&key, Read {}).await.waiting, 0);
}

/// A lease ends by itself: the next gets in, and the late holder is told and disturbs nobody.
pub async fn leases(subject: Subject) {
    let key = key("door");
    let [late, kept, next] = owners();
    subject.ok(&key, Acquire { lease: SOON, ..barge(late, Shared) }).await;
    subject.ok(&key, Acquire { lease: SOON, ..barge(kept, Shared) }).await;
    assert_eq!(subject.ok(&key, Extend { owner: kept, lease: LONG }).await, Extended::Extended);
    subject.pass(SOON * 2).await;
    let Holders { holders, mode, .. } = subject.ok(&key, Read {}).await;
    assert_eq!((holders, mode), (1, Some(Shared)));
    assert_eq!(subject.ok(&key, Extend { owner: late, lease: LONG }).await, Extended::Lost);
    assert!(!release(&subject, &key, late).await);
    assert!(release(&subject, &key, kept).await);
    subject.ok(&key, Acquire { lease: SOON, ..barge(late, Exclusive) }).await;
    subject.pass(SOON * 2).await;
    assert_eq!(ask(&subject, &key, barge(next, Exclusive)).await, Told::Held(next));
    assert!(!release(&subject, &key, late).await);
    assert_eq!(subject.ok(&key, Extend { owner: late, lease: LONG }).await, Extended::Lost);
    assert_eq!(ask(&subject, &key, barge(kept, Exclusive)).await, Told::Busy(0));
}

/// Those in the line go first and in their order; nobody goes out of turn before them.
pub async fn line(subject: Subject) {
    let key = key("door");
    let [one, two, three, four, five] = owners();
    assert_eq!(ask(&subject, &key, queue(one, Exclusive)).await, Told::Held(one));
    for (ahead, owner) in [(0, two), (1, three), (2, four)] {
        assert_eq!(ask(&subject, &key, queue(owner, Exclusive)).await, Told::Waiting(ahead));
        // Asking again at once changes nothing, and keeps the place.
        assert_eq!(ask(&subject, &key, queue(owner, Exclusive)).await, Told::Busy(ahead));
        assert_eq!(ask(&subject, &key, barge(owner, Exclusive)).await, Told::Busy(ahead));
    }
    assert_eq!(ask(&subject, &key, barge(five, Exclusive)).await, Told::Busy(3));
    assert_eq!(subject.ok(&key, Read {}).await.waiting, 3);
    assert!(release(&subject, &key, one).await);
    assert_eq!(ask(&subject, &key, barge(five, Exclusive)).await, Told::Busy(3));
    assert_eq!(ask(&subject, &key, queue(three, Exclusive)).await, Told::Busy(1));
    let Acquired::Busy { left, .. } = subject.ok(&key, queue(three, Exclusive)).await else {
        panic!("it is not its turn")
    };
    assert_eq!(left, Duration::ZERO, "nobody holds it");
    assert_eq!(ask(&subject, &key, barge(two, Exclusive)).await, Told::Held(two));
    assert!(release(&subject, &key, three).await, "a place is given back");
    assert!(release(&subject, &key, two).await);
    assert_eq!(ask(&subject, &key, queue(four, Exclusive)).await, Told::Held(four));
    assert_eq!(ask(&subject, &key, queue(three, Exclusive)).await, Told::Waiting(0));
    assert!(release(&subject, &key, four).await);
    assert_eq!(ask(&subject, &key, queue(three, Exclusive)).await, Told::Held(three));
    assert_eq!(subject.ok(&key, Read {}).await.waiting, 0);
}

/// Who shares it goes with the first of the line, but not past one who wants it alone.
pub async fn sharing(subject: Subject) {
    let key = key("door");
    let [first, a, b, alone, c, late] = owners();
    subject.ok(&key, queue(first, Exclusive)).await;
    for (owner, mode) in [(a, Shared), (b, Shared), (alone, Exclusive), (c, Shared)] {
        subject.ok(&key, queue(owner, mode)).await;
    }
    assert!(release(&subject, &key, first).await);
    assert_eq!(ask(&subject, &key, queue(c, Shared)).await, Told::Busy(3));
    assert_eq!(ask(&subject, &key, queue(b, Shared)).await, Told::Held(b));
    assert_eq!(ask(&subject, &key, queue(a, Shared)).await, Told::Held(a));
    assert_eq!(ask(&subject, &key, barge(late, Shared)).await, Told::Busy(2));
    assert_eq!(ask(&subject, &key, queue(alone, Exclusive)).await, Told::Busy(0));
    let Holders { holders, mode, waiting, .. } = subject.ok(&key, Read {}).await;
    assert_eq!((holders, mode, waiting), (2, Some(Shared), 2));
    for owner in [a, b] {
        assert!(release(&subject, &key, owner).await);
    }
    assert_eq!(ask(&subject, &key, queue(c, Shared)).await, Told::Busy(1));
    assert_eq!(ask(&subject, &key, queue(alone, Exclusive)).await, Told::Held(alone));
    assert!(release(&subject, &key, alone).await);
    assert_eq!(ask(&subject, &key, queue(c, Shared)).await, Told::Held(c));
}

/// A place ends by itself: a dead waiter is in nobody's way.
pub async fn places(subject: Subject) {
    let key = key("door");
    let [holder, dead, alive] = owners();
    subject.ok(&key, barge(holder, Exclusive)).await;
    let brief = |owner| Acquire { lease: SOON, ..queue(owner, Exclusive) };
    assert_eq!(ask(&subject, &key, brief(dead)).await, Told::Waiting(0));
    assert_eq!(ask(&subject, &key, queue(alive, Exclusive)).await, Told::Waiting(1));
    assert!(release(&subject, &key, holder).await);
    subject.pass(SOON * 2).await;
    assert_eq!(subject.ok(&key, Read {}).await.waiting, 1);
    assert_eq!(ask(&subject, &key, queue(alive, Exclusive)).await, Told::Held(alive));
    assert!(!release(&subject, &key, dead).await);
    // Asked for again in its second half, a place runs anew and stays where it is.
    let [patient, behind] = owners();
    let wait = |lease| Acquire { lease, ..queue(patient, Exclusive) };
    assert_eq!(ask(&subject, &key, wait(SOON)).await, Told::Waiting(0));
    assert_eq!(ask(&subject, &key, wait(LONG)).await, Told::Waiting(0));
    assert_eq!(ask(&subject, &key, queue(behind, Exclusive)).await, Told::Waiting(1));
    subject.pass(SOON * 2).await;
    assert_eq!(subject.ok(&key, Read {}).await.waiting, 2);
    assert_eq!(ask(&subject, &key, queue(behind, Exclusive)).await, Told::Busy(1));
}

/// Fences grow, also past a lease that ends, a delete and an expiry.
pub async fn fences(subject: Subject) {
    let key = key("door");
    let mut last = 0;
    let mut grows = |fence: u64| {
        assert!(fence > last, "{fence} after {last}");
        last = fence;
    };
    for _ in 0..3 {
        let owner = HoldId::unique();
        grows(fence(&subject, &key, barge(owner, Exclusive)).await);
        assert!(release(&subject, &key, owner).await);
    }
    // Fences that are taken ahead are nobody else's.
    let many = Acquire { lease: SOON, fences: FENCES_MAX, ..barge(HoldId::unique(), Exclusive) };
    let first = fence(&subject, &key, many).await;
    grows(first);
    grows(first + u64::from(FENCES_MAX) - 1);
    subject.pass(SOON * 2).await;
    grows(fence(&subject, &key, barge(HoldId::unique(), Exclusive)).await);
    for _ in 0..2 {
        assert!(subject.ok(&key, Delete {}).await);
        subject.pass(MOMENT).await;
        grows(fence(&subject, &key, barge(HoldId::unique(), Exclusive)).await);
    }
    subject.ok(&key, Expire { after: MOMENT }).await;
    subject.pass(SOON).await;
    assert!(!subject.ok(&key, Exists {}).await);
    grows(fence(&subject, &key, barge(HoldId::unique(), Shared)).await);
    grows(fence(&subject, &key, barge(HoldId::unique(), Shared)).await);
    assert_eq!(subject.ok(&key, Read {}).await.fence, last);
}

/// A lock is remembered for a while after its last lease, and a new one starts that anew.
pub async fn remembered(subject: Subject) {
    let key = key("door");
    let lives = async |expected: Duration| {
        let Life::Left(left) = subject.ok(&key, Ttl {}).await else { panic!("it has an end") };
        assert!(left <= expected && left > expected - LONG / 2, "{left:?}");
    };
    let [one, two] = owners();
    subject.ok(&key, barge(one, Exclusive)).await;
    lives(LONG + FENCE_KEPT).await;
    subject.ok(&key, Extend { owner: one, lease: LONG * 2 }).await;
    lives(LONG * 2 + FENCE_KEPT).await;
    subject.ok(&key, Acquire { lease: LONG * 9, ..queue(two, Exclusive) }).await;
    assert!(release(&subject, &key, two).await);
    assert!(release(&subject, &key, one).await);
    lives(LONG * 2 + FENCE_KEPT).await;
    // Of several who share it, the last.
    for (owner, lease) in [(one, LONG * 3), (two, LONG)] {
        subject.ok(&key, Acquire { lease, ..barge(owner, Shared) }).await;
    }
    lives(LONG * 3 + FENCE_KEPT).await;
    for owner in [one, two] {
        assert!(release(&subject, &key, owner).await);
    }
    subject.ok(&key, Expire { after: SOON }).await;
    subject.ok(&key, barge(two, Exclusive)).await;
    subject.pass(SOON * 2).await;
    assert_eq!(subject.ok(&key, Read {}).await.holders, 1);
}

/// A batch can require that one holds it: the write of a late holder is refused in the same step.
pub async fn required(subject: Subject) {
    let [door, done, motto] = ["door", "done", "motto"].map(key);
    let [late, next, waiter] = owners();
    let write = |owner| {
        let add = step(&done, Add::by(1));
        Batch::one(add).requiring(door.clone(), Condition::Locks(owner))
    };
    let applied = async |owner| match subject.apply(write(owner)).await {
        Ok(Reply::Applied(_)) => true,
        Ok(reply) => {
            assert_eq!(reply, Reply::Refused(Refusal::Requirement(0)));
            false
        }
        Err(fault) => panic!("{fault}"),
    };
    assert!(!applied(late).await, "nobody holds it");
    subject.ok(&door, Acquire { lease: SOON, ..barge(late, Exclusive) }).await;
    // On a clock that runs by itself the lease may be over by now.
    let in_time = i64::from(applied(late).await);
    subject.pass(SOON * 2).await;
    assert!(!applied(late).await, "late, though nobody else has it yet");
    subject.ok(&door, barge(next, Exclusive)).await;
    subject.ok(&door, queue(waiter, Exclusive)).await;
    assert!(!applied(late).await);
    assert!(!applied(waiter).await, "who waits does not hold it");
    assert!(applied(next).await);
    assert!(release(&subject, &door, next).await);
    assert!(!applied(next).await);
    assert_eq!(subject.ok(&done, Get { start: 0 }).await, in_time + 1);
    let odd = Batch::one(step(&motto, value::Get {})).requiring(done, Condition::Locks(next));
    assert!(subject.apply(odd).await.expect_err("a counter is no lock").is_wrong_type());
}

/// Several are acquired in one change or none; what is undone leaves nobody in and nobody waiting.
pub async fn in_batches(subject: Subject) {
    let [door, window, count] = ["door", "window", "count"].map(key);
    let [one, two, three] = owners();
    let both = |owner| {
        Batch::of([
            step(&door, barge(owner, Exclusive)),
            step(&count, Add::by(1)),
            step(&window, barge(owner, Exclusive)),
        ])
    };
    subject.ok(&window, barge(one, Exclusive)).await;
    let before = subject.ok(&window, Read {}).await.fence;
    let reply = subject.apply(both(two)).await.expect("the engine answers");
    assert!(matches!(reply, Reply::Refused(Refusal::Operation(2, _))), "{reply:?}");
    assert!(!subject.ok(&door, Exists {}).await);
    // Each kind of change is taken back: a place, a lease that ran anew, a hold, one that went.
    subject.ok(&window, queue(three, Shared)).await;
    let undone = Batch::of([
        step(&window, Extend { owner: one, lease: LONG * 2 }),
        step(&window, queue(two, Exclusive)),
        step(&window, Release { owner: three }),
        step(&window, Release { owner: one }),
        step(&window, queue(two, Exclusive)),
        step(&window, barge(three, Shared)),
    ]);
    let reply = subject.apply(undone).await.expect("the engine answers");
    assert!(matches!(reply, Reply::Refused(Refusal::Operation(5, _))), "{reply:?}");
    let Holders { holders, mode, left, waiting, fence } = subject.ok(&window, Read {}).await;
    assert_eq!((holders, mode, waiting, fence), (1, Some(Exclusive), 1, before));
    assert!(left <= LONG, "{left:?}");
    assert_eq!(ask(&subject, &window, queue(three, Shared)).await, Told::Busy(0));
    assert!(release(&subject, &window, one).await);
    assert_eq!(ask(&subject, &window, queue(three, Shared)).await, Told::Held(three));
    assert!(release(&subject, &window, three).await);
    let reply = subject.apply(both(two)).await.expect("the engine answers");
    assert!(matches!(reply, Reply::Applied(_)), "{reply:?}");
    assert_eq!(subject.ok(&count, Get { start: 0 }).await, 1);
    for key in [&door, &window] {
        assert_eq!(ask(&subject, key, barge(one, Exclusive)).await, Told::Busy(0));
    }
}

/// A lock that moves takes those who hold it and wait along; one that is deleted lets them go.
pub async fn moving(subject: Subject) {
    let [door, gate] = ["door", "gate"].map(key);
    let [one, two] = owners();
    subject.ok(&door, barge(one, Exclusive)).await;
    subject.ok(&door, queue(two, Exclusive)).await;
    subject.ok(&door, Rename { to: gate.clone(), replace: false }).await;
    assert_eq!(subject.ok(&door, Read {}).await, Holders::default());
    assert!(!release(&subject, &door, one).await);
    assert!(release(&subject, &gate, one).await);
    assert_eq!(ask(&subject, &gate, queue(two, Exclusive)).await, Told::Held(two));
    assert!(subject.ok(&gate, Delete {}).await);
    assert!(!release(&subject, &gate, two).await);
    assert_eq!(ask(&subject, &gate, barge(one, Exclusive)).await, Told::Held(one));
}

/// A value is no lock, and stays.
pub async fn wrong_type(subject: Subject) {
    let [motto, door] = ["motto", "door"].map(key);
    let owner = HoldId::unique();
    subject.ok(&motto, value::Set { to: "x".into() }).await;
    let fault = subject.run(&motto, barge(owner, Exclusive)).await.expect_err("a value");
    assert!(fault.is_misuse() && fault.is_wrong_type(), "{fault}");
    assert_eq!(fault.key(), Some(&motto));
    assert!(subject.run(&motto, Read {}).await.expect_err("a value").is_wrong_type());
    let extend = Extend { owner, lease: LONG };
    assert!(subject.run(&motto, extend).await.expect_err("a value").is_wrong_type());
    assert!(subject.run(&motto, Release { owner }).await.expect_err("a value").is_wrong_type());
    assert_eq!(subject.ok(&motto, value::Get {}).await, Some("x".into()));
    subject.ok(&door, barge(owner, Exclusive)).await;
    assert!(subject.run(&door, value::Get {}).await.expect_err("a lock").is_wrong_type());
    assert!(subject.run(&door, Add::by(1)).await.expect_err("a lock").is_wrong_type());
    assert_eq!(subject.ok(&door, Read {}).await.holders, 1);
}

/// A lock whose key expires is gone with those who hold it and wait.
pub async fn expiry(subject: Subject) {
    let key = key("door");
    let [one, two] = owners();
    subject.ok(&key, barge(one, Exclusive)).await;
    subject.ok(&key, queue(two, Exclusive)).await;
    subject.ok(&key, Expire { after: SOON }).await;
    subject.pass(SOON * 2).await;
    assert!(!subject.ok(&key, Exists {}).await);
    assert_eq!(subject.ok(&key, Read {}).await, Holders::default());
    assert!(!release(&subject, &key, one).await);
    assert!(!release(&subject, &key, two).await);
}

/// Leases outside what is allowed, and no fence or too many, are misuse.
pub async fn bad_settings(subject: Subject) {
    let key = key("door");
    let good = queue(HoldId::unique(), Exclusive);
    let long = LEASE_MAX + Duration::from_nanos(1);
    for bad in [
        Acquire { lease: Duration::ZERO, ..good.clone() },
        Acquire { lease: long, ..good.clone() },
        Acquire { fences: 0, ..good.clone() },
        Acquire { fences: FENCES_MAX + 1, ..good.clone() },
    ] {
        let fault = subject.run(&key, bad.clone()).await.expect_err("not allowed");
        assert!(fault.is_misuse() && fault.is_bad_setting(), "{bad:?} {fault}");
        assert_eq!(fault.key(), Some(&key));
    }
    assert!(subject.run(&key, Extend { owner: good.owner, lease: long }).await.is_err());
    assert!(!subject.ok(&key, Exists {}).await);
    let most = Acquire { lease: LEASE_MAX, fences: FENCES_MAX, ..good };
    assert_eq!(ask(&subject, &key, most.clone()).await, Told::Held(most.owner));
    let longest = Extend { owner: most.owner, lease: LEASE_MAX };
    assert_eq!(subject.ok(&key, longest).await, Extended::Extended);
}
