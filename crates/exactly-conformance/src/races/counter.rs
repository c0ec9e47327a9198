//! Counters: the lost update, the last ones, reading and resetting, and blocks that are undone.

use exactly_core::operations::counter::{
    Add, AddUndoable, Added, AddedUndoable, Bounds, Get, Swap, Swapped, Undo, Undone,
};

use crate::subject::{Subject, key};

const ACTORS: usize = 16;
const EACH: usize = 500;

/// Nobody's increment is lost, and every caller gets a value of its own.
pub async fn increments(subject: Subject) {
    let answers = subject
        .crowd(ACTORS, |subject, _| async move {
            let mut values = Vec::new();
            for _ in 0..EACH {
                if let Added::Stepped { value } = subject.ok(&key("hot"), Add::by(1)).await {
                    values.push(value);
                }
            }
            assert!(values.is_sorted(), "a caller's own values grow");
            values
        })
        .await;
    let mut values = answers.concat();
    values.sort_unstable();
    assert!(values.into_iter().eq(1..=(ACTORS * EACH) as i64));
    assert_eq!(subject.ok(&key("hot"), Get { start: 0 }).await, (ACTORS * EACH) as i64);
}

/// Of many who take from what is left, exactly as many get one as there were; the others are told
/// it is over.
pub async fn last_ones(subject: Subject) {
    const LEFT: i64 = 30;
    let bounds = Bounds { min: Some(0), max: None };
    let answers = subject
        .crowd(ACTORS * 4, move |subject, _| async move {
            subject.ok(&key("left"), Add { by: -1, start: LEFT, bounds }).await
        })
        .await;
    let (mut got, mut refused) = (Vec::new(), 0);
    for answer in answers {
        match answer {
            Added::Stepped { value } => got.push(value),
            Added::OutOfBounds { value } => {
                assert_eq!(value, 0);
                refused += 1;
            }
        }
    }
    got.sort_unstable();
    assert!(got.into_iter().eq(0..LEFT));
    assert_eq!(refused, ACTORS * 4 - LEFT as usize);
}

/// What is read by resetting adds up to what was counted: no increment falls between the two.
pub async fn read_and_reset(subject: Subject) {
    let taken = subject
        .crowd(ACTORS, |subject, number| async move {
            let mut taken = 0;
            for _ in 0..EACH {
                if number % 4 != 0 {
                    subject.ok(&key("visits"), Add::by(1)).await;
                    continue;
                }
                let swap = Swap { to: 0, start: 0, bounds: Bounds::NONE };
                if let Swapped::Swapped { old } = subject.ok(&key("visits"), swap).await {
                    taken += old;
                }
            }
            taken
        })
        .await;
    let left = subject.ok(&key("visits"), Get { start: 0 }).await;
    let counted = (0..ACTORS).filter(|number| number % 4 != 0).count() * EACH;
    assert_eq!(taken.into_iter().sum::<i64>() + left, counted as i64);
}

/// Steps that are undone leave nothing behind, whatever others step meanwhile.
pub async fn undone_blocks(subject: Subject) {
    let kept = subject
        .crowd(ACTORS, |subject, number| async move {
            let mut kept = 0;
            for round in 0..EACH {
                let by = (number * 7 + round) as i64 % 5 + 1;
                let AddedUndoable::Stepped { epoch, .. } =
                    subject.ok(&key("hot"), AddUndoable::by(by)).await
                else {
                    panic!("no bounds")
                };
                tokio::task::yield_now().await;
                if round % 3 == 0 {
                    kept += by;
                    continue;
                }
                let undo = Undo { by, epoch, bounds: Bounds::NONE };
                let undone = subject.ok(&key("hot"), undo).await;
                assert!(matches!(undone, Undone::Undone { .. }), "{undone:?}");
            }
            kept
        })
        .await;
    let value = subject.ok(&key("hot"), Get { start: 0 }).await;
    assert_eq!(value, kept.into_iter().sum::<i64>());
}
