//! A caller that goes away leaves nothing half done.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicI64, Ordering};
use std::task::{Context, Waker};

use exactly_core::operations::counter::{Add, Get};
use exactly_core::{Batch, Operation, Reply};

use crate::subject::{Subject, key, step};

fn transfer() -> Batch {
    Batch::of([step(&key("a"), Add::by(-1)), step(&key("b"), Add::by(1))])
}

async fn balance(subject: &Subject) -> (i64, i64) {
    let read = Batch::of(["a", "b"].map(|name| step(&key(name), Get { start: 0_i64 })));
    let Reply::Applied(outcomes) = subject.apply(read).await.expect("the engine answers") else {
        panic!("a read is not refused")
    };
    let value = |place: usize| Get::<i64>::outcome(outcomes[place].clone()).expect("a value");
    (value(0), value(1))
}

/// Dropped after any number of polls, a batch happens whole or not at all, and the engine goes on.
pub async fn whole_or_nothing(subject: Subject) {
    for polls in 0..20 {
        {
            let mut call = pin!(subject.apply(transfer()));
            for _ in 0..polls {
                if call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready() {
                    break;
                }
            }
        }
        let (a, b) = balance(&subject).await;
        assert_eq!(a + b, 0);
        assert!((0..=polls + 1).contains(&b));
    }
    let (_, before) = balance(&subject).await;
    subject.apply(transfer()).await.expect("the engine goes on");
    assert_eq!(balance(&subject).await.1, before + 1);
}

/// Callers aborted at random: what they were answered happened, and nothing happened that nobody
/// asked for.
pub async fn many_at_once(subject: Subject) {
    let (asked, answered) = (Arc::new(AtomicI64::new(0)), Arc::new(AtomicI64::new(0)));
    let callers: Vec<_> = (0..200)
        .map(|_| {
            let (subject, asked, answered) =
                (subject.clone(), Arc::clone(&asked), Arc::clone(&answered));
            tokio::spawn(async move {
                for _ in 0..50 {
                    asked.fetch_add(1, Ordering::SeqCst);
                    subject.apply(transfer()).await.expect("the engine answers");
                    answered.fetch_add(1, Ordering::SeqCst);
                    tokio::task::yield_now().await;
                }
            })
        })
        .collect();
    for (number, caller) in callers.iter().enumerate() {
        if number % 3 != 0 {
            tokio::task::yield_now().await;
            caller.abort();
        }
    }
    for caller in callers {
        let ended = caller.await;
        assert!(ended.is_ok() || ended.is_err_and(|error| error.is_cancelled()));
    }
    let (a, b) = balance(&subject).await;
    assert_eq!(a + b, 0);
    let happened = answered.load(Ordering::SeqCst)..=asked.load(Ordering::SeqCst);
    assert!(happened.contains(&b), "{b} of {happened:?}");
}
