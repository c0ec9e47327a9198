//! A batch is one change, or none.

use std::time::Duration;

use exactly_core::operations::capacity::{Levels, Read, Take, Taken};
use exactly_core::operations::counter::{Add, Added, Bounds, Get};
use exactly_core::operations::flag::{IsMarked, Mark, Marked};
use exactly_core::operations::key::{Delete, Exists, Rename};
use exactly_core::operations::lock::{Acquire, Mode};
use exactly_core::operations::value;
use exactly_core::{BATCH_MAX, Batch, Condition, HoldId, Key, Operation, Outcome, Refusal, Reply};

use crate::subject::{Subject, key, step};

const LONG: Duration = Duration::from_secs(3600);

fn up_to(max: i64) -> Add<i64> {
    Add { by: 1, start: 0, bounds: Bounds { min: None, max: Some(max) } }
}

fn outcome<O: Operation>(reply: &Reply, place: usize) -> O::Outcome {
    let Reply::Applied(outcomes) = reply else { panic!("applied, not {reply:?}") };
    O::outcome(outcomes[place].clone()).expect("its own outcome")
}

async fn apply(subject: &Subject, batch: Batch) -> Reply {
    subject.apply(batch).await.expect("the engine answers")
}

/// A refused operation undoes the whole batch and says which one refused.
pub async fn all_or_nothing(subject: Subject) {
    let [a, b, c] = ["a", "b", "c"].map(key);
    subject.ok(&c, Add::by(5)).await;
    let batch = Batch::of([
        step(&a, Add::by(1)),
        step(&b, value::Set { to: "x".into() }),
        step(&c, Delete {}),
        step(&a, up_to(1)),
        step(&b, value::Set { to: "y".into() }),
    ]);
    let Reply::Refused(Refusal::Operation(3, refused)) = apply(&subject, batch.clone()).await
    else {
        panic!("the fourth operation refuses")
    };
    let at_bound = Added::OutOfBounds { value: 1 };
    assert_eq!(Add::<i64>::outcome(refused), Some(at_bound));
    assert!(!subject.ok(&a, Exists {}).await);
    assert!(!subject.ok(&b, Exists {}).await);
    assert_eq!(subject.ok(&c, Get { start: 0 }).await, 5);
    // A move is undone at the key it came from and at the one it went to.
    subject.ok(&a, Add::by(1)).await;
    for to in [&b, &c] {
        let rename = Rename { to: to.clone(), replace: true };
        let reply = apply(&subject, Batch::of([step(&a, rename), step(to, up_to(1))])).await;
        assert!(matches!(reply, Reply::Refused(Refusal::Operation(1, _))), "{reply:?}");
    }
    assert_eq!(subject.ok(&a, Get { start: 0 }).await, 1);
    assert!(!subject.ok(&b, Exists {}).await);
    assert_eq!(subject.ok(&c, Get { start: 0 }).await, 5);
}

/// A fault in the middle undoes what came before it.
pub async fn a_fault_undoes(subject: Subject) {
    let [a, text, max] = ["a", "text", "max"].map(key);
    subject.ok(&text, value::Set { to: "x".into() }).await;
    subject.ok(&max, Add::by(i64::MAX)).await;
    for bad in [step(&text, Add::by(1)), step(&max, Add::by(1)), step(&a, Add::by(f64::NAN))] {
        let batch = Batch::of([step(&a, Add::by(1)), bad, step(&a, Add::by(1))]);
        let fault = subject.apply(batch).await.expect_err("the second operation faults");
        assert!(fault.is_misuse(), "{fault}");
        assert!(!subject.ok(&a, Exists {}).await);
    }
}

/// A refused optional operation leaves the others standing.
pub async fn optional(subject: Subject) {
    let [a, b] = ["a", "b"].map(key);
    subject.ok(&b, Mark { only_if_unmarked: true }).await;
    let batch = Batch::of([
        step(&a, Add::by(1)),
        step(&b, Mark { only_if_unmarked: true }).optional(),
        step(&a, Add::by(1)),
    ]);
    let reply = apply(&subject, batch).await;
    assert_eq!(outcome::<Mark>(&reply, 1), Marked::Already);
    assert_eq!(subject.ok(&a, Get { start: 0 }).await, 2);
    let alone = step(&b, Mark { only_if_unmarked: true });
    let refused = apply(&subject, Batch::one(alone.clone())).await;
    assert!(matches!(refused, Reply::Refused(Refusal::Operation(0, _))), "{refused:?}");
    let reply = apply(&subject, Batch::one(alone.optional())).await;
    assert_eq!(outcome::<Mark>(&reply, 0), Marked::Already);
}

/// Each operation sees what those before it did, also under a new name.
pub async fn order(subject: Subject) {
    let [a, b] = ["a", "b"].map(key);
    let batch = Batch::of([
        step(&a, Add::by(2)),
        step(&a, Rename { to: b.clone(), replace: false }),
        step(&a, Exists {}),
        step(&b, Add::by(3)),
        step(&b, Get { start: 0_i64 }),
        step(&b, value::Get {}),
        step(&b, Delete {}),
        step(&b, Get { start: 9_i64 }),
    ]);
    let reply = apply(&subject, batch).await;
    assert!(!outcome::<Exists>(&reply, 2));
    assert_eq!(outcome::<Get<i64>>(&reply, 4), 5);
    assert_eq!(outcome::<value::Get>(&reply, 5), Some("5".into()));
    assert_eq!(outcome::<Get<i64>>(&reply, 7), 9);
}

/// What a batch requires holds at the moment it is applied, or nothing is.
pub async fn requirements(subject: Subject) {
    let [there, missing, seats, done] = ["there", "missing", "seats", "done"].map(key);
    let (hold, door) = (HoldId::unique(), key("door"));
    subject.ok(&there, Add::by(1)).await;
    subject.ok(&seats, Take { hold, units: 1, lease: LONG, limit: 1 }).await;
    let (mode, owner) = (Mode::Shared, hold);
    subject.ok(&door, Acquire { owner, mode, lease: LONG, line: false, fences: 1 }).await;
    let table: [(&Key, Condition, bool); 12] = [
        (&there, Condition::Exists, true),
        (&there, Condition::Absent, false),
        (&missing, Condition::Exists, false),
        (&missing, Condition::Absent, true),
        (&there, Condition::Equals("1".into()), true),
        (&there, Condition::Equals("01".into()), false),
        (&missing, Condition::Equals("".into()), false),
        (&seats, Condition::Holds(hold), true),
        (&seats, Condition::Holds(HoldId::unique()), false),
        (&door, Condition::Locks(hold), true),
        (&door, Condition::Locks(HoldId::unique()), false),
        (&missing, Condition::Locks(hold), false),
    ];
    let mut applied = 0;
    for (key, condition, met) in table {
        let batch = Batch::one(step(&done, Add::by(1))).requiring(key.clone(), condition.clone());
        let reply = apply(&subject, batch).await;
        let refused = Reply::Refused(Refusal::Requirement(0));
        assert_eq!(reply == refused, !met, "{condition:?}");
        applied += i64::from(met);
        assert_eq!(subject.ok(&done, Get { start: 0 }).await, applied, "{condition:?}");
    }
    let second = Batch::one(step(&done, Add::by(1)))
        .requiring(there.clone(), Condition::Exists)
        .requiring(missing.clone(), Condition::Exists);
    assert_eq!(apply(&subject, second).await, Reply::Refused(Refusal::Requirement(1)));
    assert_eq!(subject.ok(&done, Get { start: 0 }).await, applied);
    let odd = Batch::one(step(&done, Add::by(1))).requiring(seats, Condition::Equals("1".into()));
    assert!(subject.apply(odd).await.expect_err("a capacity has no text").is_wrong_type());
}

/// A refused operation of one kind undoes those of every other kind.
pub async fn across_kinds(subject: Subject) {
    let [count, motto, flag, seats] = ["count", "motto", "flag", "seats"].map(key);
    let take = |units| Take { hold: HoldId::unique(), units, lease: LONG, limit: 3 };
    let batch = |units| {
        Batch::of([
            step(&count, Add::by(1)),
            step(&motto, value::Set { to: "x".into() }),
            step(&flag, Mark { only_if_unmarked: false }),
            step(&seats, take(1)),
            step(&seats, take(units)),
        ])
    };
    let refused = apply(&subject, batch(3)).await;
    assert!(matches!(refused, Reply::Refused(Refusal::Operation(4, _))), "{refused:?}");
    for key in [&count, &motto, &flag, &seats] {
        assert!(!subject.ok(key, Exists {}).await, "{key}");
    }
    let applied = apply(&subject, batch(2)).await;
    assert!(matches!(outcome::<Take>(&applied, 4), Taken::Held { .. }));
    assert_eq!(subject.ok(&count, Get { start: 0 }).await, 1);
    assert!(subject.ok(&flag, IsMarked {}).await);
    let Levels { free, held, .. } = subject.ok(&seats, Read { limit: 3 }).await;
    assert_eq!((free, held), (0, 3));
}

/// More than an engine takes at once is misuse; the most it takes is applied.
pub async fn too_large(subject: Subject) {
    let a = key("a");
    let batch = |size| Batch::of((0..size).map(|_| step(&a, Add::by(1))));
    let fault = subject.apply(batch(BATCH_MAX + 1)).await.expect_err("too large");
    assert!(fault.is_misuse() && fault.is_too_large(), "{fault}");
    assert_eq!(subject.ok(&a, Get { start: 0 }).await, 0);
    apply(&subject, batch(BATCH_MAX)).await;
    assert_eq!(subject.ok(&a, Get { start: 0 }).await, BATCH_MAX as i64);
}

/// A batch of nothing is applied, and answers nothing.
pub async fn empty(subject: Subject) {
    let Reply::Applied(outcomes) = apply(&subject, Batch::of([])).await else { panic!("applied") };
    assert!(outcomes.is_empty());
}

/// Batches that name the same keys in opposite orders do not wait for each other for ever.
pub async fn crossing_pairs(subject: Subject) {
    const EACH: i64 = 300;
    subject
        .crowd(16, |subject, number| async move {
            for round in 0..EACH as usize {
                let first = key(&format!("key {}", (number + round) % 7));
                let second = key(&format!("key {}", (number * 3 + round * 5) % 7));
                let batch = Batch::of([step(&first, Add::by(1)), step(&second, Add::by(-1))]);
                apply(&subject, batch).await;
            }
        })
        .await;
    let mut sum = 0;
    for number in 0..7 {
        sum += subject.ok(&key(&format!("key {number}")), Get { start: 0_i64 }).await;
    }
    assert_eq!(sum, 0);
}

/// Many reads of any kind are answered in order; what cannot be read as asked is a fault that names
/// its key.
pub async fn many_reads(subject: Subject) {
    let [count, ratio, text, mark, seats, gone] =
        ["count", "ratio", "text", "mark", "seats", "gone"].map(key);
    let big = i64::MAX;
    subject.ok(&count, Add::by(big)).await;
    subject.ok(&ratio, Add::by(0.1)).await;
    subject.ok(&text, value::Set { to: "\r\n\u{0}x".into() }).await;
    subject.ok(&mark, Mark { only_if_unmarked: false }).await;
    let hold = HoldId::unique();
    subject.ok(&seats, Take { hold, units: 1, lease: LONG, limit: 3 }).await;
    let reads = [
        step(&count, Get { start: 0 }),
        step(&gone, Get { start: 30 }),
        step(&ratio, Get { start: 0.5 }),
        step(&gone, Get { start: 0.5 }),
        step(&text, value::Get {}),
        step(&gone, value::Get {}),
        step(&count, value::Get {}),
        step(&mark, IsMarked {}),
        step(&gone, IsMarked {}),
    ];
    let levels = step(&seats, Read { limit: 3 });
    // Without the capacity, and with it: other engines may read texts in another way.
    for reads in [reads.to_vec(), [&reads[..], &[levels]].concat()] {
        let told = apply(&subject, Batch::of(reads.clone())).await;
        assert_eq!(outcome::<Get<i64>>(&told, 0), big);
        assert_eq!(outcome::<Get<i64>>(&told, 1), 30);
        assert_eq!(outcome::<Get<f64>>(&told, 2), 0.1);
        assert_eq!(outcome::<Get<f64>>(&told, 3), 0.5);
        assert_eq!(outcome::<value::Get>(&told, 4), Some("\r\n\u{0}x".into()));
        assert_eq!(outcome::<value::Get>(&told, 5), None);
        assert_eq!(outcome::<value::Get>(&told, 6), Some(big.to_string().into()));
        assert!(outcome::<IsMarked>(&told, 7) && !outcome::<IsMarked>(&told, 8));
        if reads.len() == 10 {
            assert_eq!(outcome::<Read>(&told, 9).held, 1);
        }
        for (place, wrong) in [
            (&text, step(&text, Get { start: 0 })),
            (&ratio, step(&ratio, Get { start: 0 })),
            (&seats, step(&seats, Get { start: 0 })),
            (&seats, step(&seats, IsMarked {})),
        ] {
            let batch = Batch::of([&reads[..], &[wrong]].concat());
            let fault = subject.apply(batch).await.expect_err("it cannot be read");
            assert!(fault.is_misuse(), "{fault}");
            assert_eq!(fault.key(), Some(place), "{fault}");
        }
    }
    let most = (0..BATCH_MAX).map(|_| step(&count, Get { start: 0 }));
    let Reply::Applied(told) = apply(&subject, Batch::of(most)).await else { panic!() };
    assert_eq!(told.len(), BATCH_MAX);
}

/// Whoever reads several keys in one batch never sees another batch half done.
pub async fn no_half_is_seen(subject: Subject) {
    let keys = ["a", "b", "c"].map(key);
    let keys = &keys;
    let moves: Vec<_> = (0..3)
        .map(|from| {
            let to = (from + 1) % 3;
            Batch::of([step(&keys[from], Add::by(-7)), step(&keys[to], Add::by(7))])
        })
        .collect();
    let read = Batch::of(keys.iter().map(|key| step(key, Get { start: 0_i64 })));
    subject
        .crowd(16, |subject, number| {
            let (moves, read) = (moves.clone(), read.clone());
            async move {
                for round in 0..200 {
                    if number % 2 == 0 {
                        apply(&subject, moves[(number + round) % 3].clone()).await;
                        continue;
                    }
                    let Reply::Applied(seen) = apply(&subject, read.clone()).await else {
                        panic!()
                    };
                    let value = |outcome: Outcome| Get::<i64>::outcome(outcome).expect("a value");
                    assert_eq!(seen.into_iter().map(value).sum::<i64>(), 0);
                }
            }
        })
        .await;
}
