//! Stores: what they put around an engine, and what they keep apart.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::Duration;

use exactly::core::Mark;
use exactly::layers::{Act, Faults, RetryPolicy};
use exactly::{Counter, Store, Value};
use exactly_embedded::Memory;

fn lossy() -> Arc<Faults<Memory>> {
    Arc::new(Faults::new(Memory::new()))
}

#[tokio::test]
async fn an_engine_that_can_lose_replies_is_asked_again_and_counts_once() {
    let engine = lossy();
    let taken = Counter::new(&Store::new(Arc::clone(&engine)), "taken");
    engine.next([Act::LoseReply, Act::LoseRequest, Act::LoseReply]);
    assert_eq!(taken.increment().await.unwrap(), 1);
    assert_eq!(taken.get().await.unwrap(), 1);
}

#[tokio::test]
async fn who_asks_for_at_most_once_is_told_that_the_outcome_is_unknown() {
    let engine = lossy();
    let taken = Counter::new(&Store::new(Arc::clone(&engine)), "taken");
    engine.next([Act::LoseReply]);
    let fault = taken.increment().at_most_once().await.unwrap_err();
    assert!(fault.is_unknown(), "{fault}");
    assert_eq!(taken.get().await.unwrap(), 1);
}

#[tokio::test]
async fn an_answer_that_is_late_is_asked_for_again_within_the_patience() {
    let engine = lossy();
    let patience = RetryPolicy { attempts_max: 2, ..RetryPolicy::default() };
    let store = Store::builder()
        .timeout(Duration::from_millis(20))
        .retry(patience)
        .build(Arc::clone(&engine));
    let taken = Counter::new(&store, "taken");
    let never = Act::Delay(Duration::from_secs(3600));
    engine.next([never]);
    assert_eq!(taken.increment().await.unwrap(), 1);
    engine.next([never, never]);
    let fault = taken.increment().await.unwrap_err();
    assert!(fault.is_unknown() && fault.is_timed_out(), "{fault}");
    engine.next([never, never]);
    let fault = taken.get().await.unwrap_err();
    assert!(fault.is_not_applied(), "nothing can have been changed by a read: {fault}");
}

#[tokio::test]
async fn namespaces_do_not_meet() {
    let memory = Memory::new();
    let [a, b] = ["a", "b"].map(|name| Store::builder().namespace(name).build(memory.clone()));
    Counter::new(&a, "taken").increment().await.unwrap();
    assert_eq!(Counter::new(&b, "taken").get().await.unwrap(), 0);
    let plain = Store::new(memory);
    assert_eq!(Counter::new(&plain, "taken").get().await.unwrap(), 0);
}

#[tokio::test]
async fn whoever_waits_for_a_key_is_woken_by_a_write() {
    let store = Store::open("memory:").await.unwrap();
    let motto: Value<String> = Value::new(&store, "motto");
    let key = motto.key().unwrap().clone();
    let mark = store.changed(&key, Mark::NONE).await.unwrap();
    assert_eq!(motto.get().await.unwrap(), None);
    let waiting = {
        let store = store.clone();
        tokio::spawn(async move { store.changed(&key, mark).await })
    };
    motto.set("first come").await.unwrap();
    assert_ne!(waiting.await.unwrap().unwrap(), mark);
}
