//! Who meets whom is told to the recorder of the program.
#![cfg(feature = "metrics")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::atomic::{AtomicU32, Ordering};

use exactly::{Counter, Fault, Lock, Objects, Store};
use metrics_util::debugging::{DebugValue, DebuggingRecorder, Snapshotter};

#[derive(Objects)]
#[exactly(name = "course")]
struct Course {
    taken: Counter,
}

/// What was recorded under this name, with its labels.
fn recorded(snapshots: &Snapshotter) -> Vec<(String, String, DebugValue)> {
    let entries = snapshots.snapshot().into_vec().into_iter();
    let mut told: Vec<_> = entries
        .map(|(key, _, _, value)| {
            let key = key.key();
            let labels: Vec<_> =
                key.labels().map(|label| format!("{}={}", label.key(), label.value())).collect();
            (key.name().to_owned(), labels.join(" "), value)
        })
        .collect();
    told.sort_by(|one, two| one.0.cmp(&two.0));
    told
}

#[tokio::test]
async fn a_conflict_and_its_attempts() {
    let recorder = DebuggingRecorder::new();
    let snapshots = recorder.snapshotter();
    let _recording = metrics::set_default_local_recorder(&recorder);
    let store = Store::open("memory:").await.unwrap();
    let attempts = AtomicU32::new(0);
    let course = store.atomically(async |tx| {
        let taken = Course::at(&tx, 42).taken;
        let found: i64 = taken.get().await?;
        if attempts.fetch_add(1, Ordering::Relaxed) == 0 {
            let others = Course::at(&store, 42).taken;
            tokio::spawn(async move { others.increment().await }).await.unwrap()?;
        }
        taken.set(found + 1).await?;
        Ok::<_, Fault>(())
    });
    course.await.unwrap();
    let told = recorded(&snapshots);
    let [(attempts, by, tries), (conflicts, at, count)] = &told[..] else { panic!("{told:?}") };
    assert_eq!((attempts.as_str(), by.as_str()), ("exactly_attempts", "by=transaction"));
    assert_eq!(*tries, DebugValue::Histogram(vec![2.0.into()]));
    assert_eq!(conflicts, "exactly_conflicts_total");
    assert_eq!(at, "by=transaction object=course:*:taken");
    assert_eq!(*count, DebugValue::Counter(1));
}

#[tokio::test]
async fn a_wait_for_a_lock() {
    let recorder = DebuggingRecorder::new();
    let snapshots = recorder.snapshotter();
    let _recording = metrics::set_default_local_recorder(&recorder);
    let store = Store::open("memory:").await.unwrap();
    let till = Lock::new(&store, "till");
    let first = till.acquire().await.unwrap().held().unwrap();
    assert_eq!(recorded(&snapshots), [], "a lock that is free is not waited for");
    let (second, ()) = tokio::join!(async { till.acquire().await }, async {
        tokio::task::yield_now().await;
        drop(first);
    });
    assert!(second.unwrap().held().is_some());
    let told = recorded(&snapshots);
    let [(name, labels, DebugValue::Histogram(waits))] = &told[..] else { panic!("{told:?}") };
    assert_eq!((name.as_str(), labels.as_str()), ("exactly_wait_seconds", "for=lock object=till"));
    assert!(matches!(waits[..], [wait] if wait.0 > 0.0));
}

#[tokio::test]
async fn an_update_alone_is_made_at_once() {
    let recorder = DebuggingRecorder::new();
    let snapshots = recorder.snapshotter();
    let _recording = metrics::set_default_local_recorder(&recorder);
    let store = Store::open("memory:").await.unwrap();
    Counter::new(&store, "visits").update(|visits: i64| visits + 1).await.unwrap();
    let told = recorded(&snapshots);
    let [(name, labels, tries)] = &told[..] else { panic!("{told:?}") };
    assert_eq!((name.as_str(), labels.as_str()), ("exactly_attempts", "by=update"));
    assert_eq!(*tries, DebugValue::Histogram(vec![1.0.into()]));
}
