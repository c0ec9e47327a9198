//! Counters and their float twin.

use std::time::Duration;

use exactly_core::operations::capacity::Resize;
use exactly_core::operations::counter::{
    Add, AddTimes, AddUndoable, Added, AddedTimes, AddedUndoable, Bounds, Get, Put, Set, Swap,
    Swapped, Undo, Undone,
};
use exactly_core::operations::key::{Delete, Exists, Expire, Life, Rename, Ttl};
use exactly_core::operations::value;
use exactly_core::{Batch, Epoch, Key, Lifetime, Operation, Reply};

use crate::subject::{Subject, key, step};

const SOON: Duration = Duration::from_millis(50);

fn within(by: i64, min: i64, max: i64) -> Add<i64> {
    Add { by, start: 0, bounds: Bounds { min: Some(min), max: Some(max) } }
}

/// What a step answers, if it is taken.
fn stepped(added: Added<i64>) -> Option<i64> {
    match added {
        Added::Stepped { value } => Some(value),
        Added::OutOfBounds { .. } => None,
    }
}

/// The epoch of a step that nothing refuses.
async fn stepping(subject: &Subject, key: &Key, by: i64) -> Epoch {
    match subject.ok(key, AddUndoable::by(by)).await {
        AddedUndoable::Stepped { epoch, .. } => epoch,
        AddedUndoable::OutOfBounds { .. } => panic!("no bounds"),
    }
}

/// Steps inside, at and outside the bounds.
pub async fn adding(subject: Subject) {
    let key = key("counter");
    // Before, step, after; none where the step refuses and the value stays.
    for (before, add, after) in [
        (0, Add::by(1), Some(1)),
        (0, Add::by(-1), Some(-1)),
        (0, Add::by(0), Some(0)),
        (0, within(1, 0, 3), Some(1)),
        (3, within(1, 0, 3), None),
        (2, within(2, 0, 3), None),
        (0, within(-1, 0, 3), None),
        (3, within(-3, 0, 3), Some(0)),
        (9, within(-1, 0, 3), Some(8)),
        (9, within(1, 0, 3), None),
        (-9, within(1, 0, 3), Some(-8)),
        (0, within(3, 3, 3), Some(3)),
        (i64::MAX - 1, Add::by(1), Some(i64::MAX)),
        (i64::MIN + 1, Add::by(-1), Some(i64::MIN)),
        ((1 << 53) + 1, Add::by(2), Some((1 << 53) + 3)),
    ] {
        subject.ok(&key, Set { to: before, bounds: Bounds::NONE }).await;
        let answer = subject.ok(&key, add.clone()).await;
        if let Added::OutOfBounds { value } = answer {
            assert_eq!(value, before, "{add:?}");
        }
        assert_eq!(stepped(answer), after, "{before} {add:?}");
        let read = subject.ok(&key, Get { start: 0 }).await;
        assert_eq!(read, after.unwrap_or(before), "{before} {add:?}");
    }
}

/// Many steps of the same width are as many single ones, up to the first that refuses.
pub async fn adding_many(subject: Subject) {
    const TOP: i64 = i64::MAX;
    let key = key("counter");
    // Before, the step, how many, how many are taken.
    for (before, add, times, stepped) in [
        (0, Add::by(1), 5, 5),
        (0, Add::by(0), 5, 5),
        (0, within(1, 0, 3), 5, 3),
        (3, within(1, 0, 3), 5, 0),
        (1, within(2, 0, 9), 3, 3),
        (1, within(2, 0, 8), 9, 3),
        (3, within(-2, 0, 3), 5, 1),
        (9, within(-4, 0, 3), 5, 2),
        (-9, within(5, 0, 3), 5, 2),
        (TOP - 2, Add::by(1), 5, 2),
        (-TOP, Add::by(-1), 5, 1),
        ((1 << 53) - 1, Add::by(1), 5, 5),
        (TOP - 9, within(2, 0, TOP - 1), 9, 4),
    ] {
        subject.ok(&key, Set { to: before, bounds: Bounds::NONE }).await;
        let Add { by, start, bounds } = add;
        let added = subject.ok(&key, AddTimes { by, times, start, bounds }).await;
        let value = before + by * i64::from(stepped);
        assert_eq!(added, AddedTimes { stepped, value }, "{before} {by} {times} {bounds}");
        assert_eq!(subject.ok(&key, Get { start: 0 }).await, value, "{before} {by} {times}");
    }
    subject.ok(&key, Delete {}).await;
    let from =
        |start| AddTimes { by: -1, times: 9, start, bounds: Bounds { min: Some(0), max: None } };
    assert_eq!(subject.ok(&key, from(0)).await, AddedTimes { stepped: 0, value: 0 });
    assert!(!subject.ok(&key, Exists {}).await);
    assert_eq!(subject.ok(&key, from(2)).await, AddedTimes { stepped: 2, value: 0 });
    let add = AddTimes { by: 0.1, times: 3, start: 0.0, bounds: Bounds::NONE };
    let real = self::key("real");
    let value = 0.1 + 0.1 + 0.1;
    assert_eq!(subject.ok(&real, add).await, AddedTimes { stepped: 3, value });
}

/// The start is read, not written, and applies again once the counter is gone.
pub async fn start(subject: Subject) {
    let key = key("counter");
    assert_eq!(subject.ok(&key, Get { start: 30 }).await, 30);
    assert!(!subject.ok(&key, Exists {}).await);
    for _ in 0..2 {
        let take = Add { by: -1, start: 30, bounds: Bounds::NONE };
        assert_eq!(stepped(subject.ok(&key, take).await), Some(29));
        subject.ok(&key, Delete {}).await;
    }
    let swap = Swap { to: 5, start: 30, bounds: Bounds::NONE };
    assert_eq!(subject.ok(&key, swap).await, Swapped::Swapped { old: 30 });
}

/// An undo takes back its own step, and only while that is still there.
pub async fn undoing(subject: Subject) {
    let key = key("counter");
    let undo = |epoch| Undo { by: 5, epoch, bounds: Bounds::NONE };
    let epoch = stepping(&subject, &key, 5).await;
    subject.ok(&key, Add::by(2)).await;
    assert_eq!(subject.ok(&key, undo(epoch)).await, Undone::Undone { value: 2 });

    let other = self::key("other");
    let replaced = step(&other, Rename { to: key.clone(), replace: true });
    let reset = step(&key, Set { to: 1, bounds: Bounds::NONE });
    let swap = step(&key, Swap { to: 1, start: 0, bounds: Bounds::NONE });
    let delete = step(&key, Delete {});
    let again = step(&key, Add::by(1));
    let overwritten = step(&key, value::Set { to: "1".into() });
    for changes in [vec![reset], vec![swap], vec![delete, again], vec![overwritten], vec![replaced]]
    {
        subject.ok(&other, Set { to: 1, bounds: Bounds::NONE }).await;
        let epoch = stepping(&subject, &key, 5).await;
        for change in changes {
            subject.apply(Batch::one(change)).await.expect("the engine answers");
        }
        assert_eq!(subject.ok(&key, undo(epoch)).await, Undone::Overwritten);
        assert_eq!(subject.ok(&key, Get { start: 0 }).await, 1);
    }
    subject.ok(&key, Delete {}).await;
    assert_eq!(subject.ok(&key, undo(epoch)).await, Undone::Overwritten);
    assert!(!subject.ok(&key, Exists {}).await);

    let epoch = stepping(&subject, &key, -5).await;
    subject.ok(&key, Add::by(10)).await;
    let bounded = Undo { by: -5, epoch, bounds: Bounds { min: None, max: Some(9) } };
    assert_eq!(subject.ok(&key, bounded).await, Undone::OutOfBounds { value: 5 });
    assert_eq!(subject.ok(&key, Get { start: 0 }).await, 5);
    // From outside the bounds towards them is allowed, as for a step.
    let towards = Undo { by: 1, epoch, bounds: Bounds { min: None, max: Some(3) } };
    assert_eq!(subject.ok(&key, towards).await, Undone::Undone { value: 4 });
    // Nothing left to undo refuses nothing: what else the batch asks is done.
    let gone = step(&key, undo(Epoch::default()));
    let reply = subject.apply(Batch::of([gone, step(&key, Add::by(1))])).await;
    assert!(matches!(reply, Ok(Reply::Applied(_))), "{reply:?}");
    assert_eq!(subject.ok(&key, Get { start: 0 }).await, 5);
}

/// Swapping reads and overwrites in one step, inside the bounds.
pub async fn swapping(subject: Subject) {
    let key = key("counter");
    let bounds = Bounds { min: Some(0), max: Some(9) };
    subject.ok(&key, Add::by(7)).await;
    subject.ok(&key, Expire { after: Duration::from_secs(60) }).await;
    let swap = |to| Swap { to, start: 0, bounds };
    assert_eq!(subject.ok(&key, swap(0)).await, Swapped::Swapped { old: 7 });
    assert_eq!(subject.ok(&key, swap(10)).await, Swapped::OutOfBounds { bounds });
    assert_eq!(subject.ok(&key, Set { to: 9, bounds }).await, Put::Put);
    assert_eq!(subject.ok(&key, Set { to: -1, bounds }).await, Put::OutOfBounds { bounds });
    assert_eq!(subject.ok(&key, Get { start: 0 }).await, 9);
    assert!(matches!(subject.ok(&key, Ttl {}).await, Life::Left(_)), "the time to live stays");
}

/// The float twin: the same verbs on fractions.
pub async fn floats(subject: Subject) {
    let key = key("weight");
    let value = |added| match added {
        Added::Stepped { value } => Some(value),
        Added::OutOfBounds { .. } => None,
    };
    assert_eq!(value(subject.ok(&key, Add::by(1.5)).await), Some(1.5));
    assert_eq!(value(subject.ok(&key, Add::by(0.25)).await), Some(1.75));
    let bounded = Add { by: 0.5, start: 0.0, bounds: Bounds { min: None, max: Some(2.0) } };
    assert_eq!(value(subject.ok(&key, bounded).await), None);
    assert_eq!(value(subject.ok(&key, Add::by(0.25)).await), Some(2.0));
    assert_eq!(value(subject.ok(&key, Add::by(0.1)).await), Some(2.1));
    let swap = Swap { to: 3.0, start: 0.0, bounds: Bounds::NONE };
    assert_eq!(subject.ok(&key, swap).await, Swapped::Swapped { old: 2.1 });
    // A number without a fraction is a whole number.
    assert_eq!(subject.ok(&key, Get { start: 0_i64 }).await, 3);
}

/// Overflow at both ends is misuse, and changes nothing.
pub async fn both_ends(subject: Subject) {
    let key = key("counter");
    for (value, by) in
        [(i64::MAX, 1), (i64::MIN, -1), (1, i64::MAX), (-2, i64::MIN), (i64::MAX, i64::MAX)]
    {
        subject.ok(&key, Set { to: value, bounds: Bounds::NONE }).await;
        let fault = subject.run(&key, Add::by(by)).await.expect_err("does not fit");
        assert!(fault.is_misuse() && fault.is_overflow(), "{value} {by}: {fault}");
        assert_eq!(fault.key(), Some(&key));
        assert_eq!(subject.ok(&key, Get { start: 0 }).await, value);
    }
    subject.ok(&key, Delete {}).await;
    subject.ok(&key, Add::by(f64::MAX)).await;
    let fault = subject.run(&key, Add::by(f64::MAX)).await.expect_err("does not fit");
    assert!(fault.is_overflow(), "{fault}");
}

/// A text that is no number is misuse that names key, expectation and finding.
pub async fn not_a_number(subject: Subject) {
    let key = key("counter");
    for text in ["abc", "", "1.5", "007", "+1", " 1", "9223372036854775808", "1e3"] {
        subject.ok(&key, value::Set { to: text.into() }).await;
        let fault = subject.run(&key, Add::by(1)).await.expect_err("not a whole number");
        assert!(fault.is_misuse() && fault.is_not_a_number(), "{text:?}: {fault}");
        assert_eq!(fault.key(), Some(&key));
        let said = fault.to_string();
        assert!(said.contains("whole number") && said.contains(text), "{said}");
        assert!(subject.run(&key, Get { start: 0_i64 }).await.is_err(), "{text:?}");
        assert_eq!(subject.ok(&key, value::Get {}).await, Some(text.into()));
    }
    subject.ok(&key, value::Set { to: "41".into() }).await;
    let added = subject.ok(&key, Add::by(1)).await;
    assert_eq!(stepped(added), Some(42));
    assert_eq!(subject.ok(&key, value::Get {}).await, Some("42".into()));
}

/// A capacity is no counter, and stays as it is.
pub async fn wrong_type(subject: Subject) {
    let key = key("seats");
    subject.ok(&key, Resize { to: 3 }).await;
    refused(&subject, &key, Get { start: 0 }).await;
    refused(&subject, &key, Add::by(1)).await;
    refused(&subject, &key, Set { to: 1, bounds: Bounds::NONE }).await;
    refused(&subject, &key, Swap { to: 1.5, start: 0.0, bounds: Bounds::NONE }).await;
    assert_eq!(subject.ok(&key, Resize { to: 3 }).await.over, 0);
}

async fn refused<O: Operation<Outcome: std::fmt::Debug>>(subject: &Subject, key: &Key, op: O) {
    let fault = subject.run(key, op).await.expect_err("another kind");
    assert!(fault.is_misuse() && fault.is_wrong_type(), "{fault}");
    assert_eq!(fault.key(), Some(key));
}

/// The time to live comes with the write: from the first, or anew with each.
pub async fn expiry(subject: Subject) {
    let hour = Duration::from_secs(3600);
    for (lifetime, at_start) in
        [(Lifetime::FromFirstWrite(hour), false), (Lifetime::Sliding(hour), true)]
    {
        let key = key(&format!("{lifetime:?}"));
        let add = step(&key, Add::by(1)).lifetime(lifetime);
        subject.apply(Batch::one(add.clone())).await.expect("the engine answers");
        subject.ok(&key, Expire { after: hour / 2 }).await;
        subject.apply(Batch::one(add)).await.expect("the engine answers");
        let Life::Left(left) = subject.ok(&key, Ttl {}).await else { panic!("a life has an end") };
        assert_eq!(left > hour * 3 / 4, at_start, "{lifetime:?} {left:?}");
    }
    let short = key("short");
    let add = step(&short, Add::by(7)).lifetime(Lifetime::FromFirstWrite(SOON));
    subject.apply(Batch::one(add)).await.expect("the engine answers");
    subject.pass(SOON * 2).await;
    assert_eq!(subject.ok(&short, Get { start: 0 }).await, 0);
}

/// Bounds the wrong way round and numbers that are none are misuse; nothing is written.
pub async fn bad_settings(subject: Subject) {
    let key = key("counter");
    let twisted = Bounds { min: Some(3), max: Some(0) };
    for fault in [
        subject.run(&key, Add { by: 1, start: 0, bounds: twisted }).await.expect_err("twisted"),
        subject.run(&key, Set { to: 1, bounds: twisted }).await.expect_err("twisted"),
        subject.run(&key, Swap { to: 1, start: 0, bounds: twisted }).await.expect_err("twisted"),
        subject.run(&key, Get { start: f64::NAN }).await.expect_err("not a number"),
        subject.run(&key, Add::by(f64::NAN)).await.expect_err("not a number"),
        subject.run(&key, Add::by(f64::INFINITY)).await.expect_err("not finite"),
        subject.run(&key, Set { to: f64::NAN, bounds: Bounds::NONE }).await.expect_err("no number"),
    ] {
        assert!(fault.is_misuse() && fault.is_bad_setting(), "{fault}");
        assert_eq!(fault.key(), Some(&key));
    }
    assert!(!subject.ok(&key, Exists {}).await);
}
