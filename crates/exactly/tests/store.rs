//! Stores: what they put around an engine, and what they keep apart.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::future::IntoFuture;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use exactly::core::{
    Answer, Batch, Engine, Key, Listing, Mark, Page, Profile, Rehearsal, Reply, Resolution,
};
use exactly::layers::{Act, CombinePolicy, Faults, RetryPolicy};
use exactly::{Capacity, Counter, Flag, Store, Token, Value};
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

#[tokio::test(start_paused = true)]
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

#[tokio::test]
async fn tokens_of_namespaces_do_not_meet() {
    let memory = Memory::new();
    for (name, id) in [("", "job"), ("a", "job"), ("b", "job"), ("", "a\0job"), ("", "a:job")] {
        let store = Store::builder().namespace(name).build(memory.clone());
        let job = Token::caller(id, Duration::from_secs(60)).unwrap();
        let done = Counter::new(&store, &format!("done {id:?}"));
        assert_eq!(done.increment().token(job).await.unwrap(), 1, "{name:?} {id:?}");
    }
}

#[tokio::test]
async fn a_call_that_is_not_awaited_does_nothing() {
    let store = Store::open("memory:").await.unwrap();
    let taken = Counter::new(&store, "taken");
    let seats = Capacity::new(&store, "seats", 1);
    drop(taken.increment().into_future());
    drop(seats.take(1).into_future());
    store.settle().await;
    assert_eq!(taken.get().await.unwrap(), 0);
    assert!(!seats.exists().await.unwrap());
}

#[tokio::test]
async fn a_caller_that_asks_again_and_again_lets_others_have_their_turn() {
    let store = Store::open("memory:").await.unwrap();
    let flag = Flag::new(&store, "flag");
    let marking = {
        let flag = flag.clone();
        tokio::spawn(async move { flag.mark().await })
    };
    while !flag.is_marked().await.unwrap() {}
    marking.await.unwrap().unwrap();
}

#[tokio::test]
async fn a_handle_shows_what_it_is_and_not_what_is_in_the_store() {
    let store = Store::builder().namespace("shop").open("memory:").await.unwrap();
    let motto: Value<String> = Value::new(&store, "motto");
    motto.set("a secret").await.unwrap();
    let shown = format!("{motto:?} {store:?}");
    assert!(shown.contains("motto") && shown.contains("memory"), "{shown}");
    assert!(!shown.contains("secret"), "{shown}");
}

#[tokio::test]
async fn an_undo_that_cannot_be_sent_says_that_the_step_may_stand() {
    let engine = lossy();
    let once = RetryPolicy { attempts_max: 1, ..RetryPolicy::default() };
    let store = Store::builder().retry(once).build(Arc::clone(&engine));
    let taken = Counter::new(&store, "taken");
    engine.next([Act::Pass, Act::LoseRequest]);
    let fault = taken.increment_with(async |_| None::<()>).await.unwrap_err();
    assert!(fault.is_not_undone() && !fault.is_not_applied(), "{fault}");
}

#[tokio::test]
async fn what_cannot_be_read_when_it_is_swapped_out_is_shown_in_the_fault() {
    let store = Store::open("memory:").await.unwrap();
    Value::<String>::new(&store, "count").set("abc").await.unwrap();
    let count: Value<i64> = Value::new(&store, "count");
    let fault = count.swap(7).await.unwrap_err();
    assert!(fault.is_undecodable() && fault.to_string().contains("abc"), "{fault}");
    assert!(!fault.is_misuse(), "it was overwritten");
    assert_eq!(count.get().await.unwrap(), Some(7));
}

/// Another machine, as far as its profile says.
#[derive(Debug)]
struct Far {
    inner: Faults<Memory>,
    asked: AtomicUsize,
}

impl Far {
    fn new() -> Arc<Self> {
        Arc::new(Self { inner: Faults::late(Memory::new()), asked: AtomicUsize::new(0) })
    }
}

impl Engine for Far {
    fn apply(&self, batch: Batch) -> Answer<'_, Reply> {
        self.asked.fetch_add(1, Ordering::SeqCst);
        self.inner.apply(batch)
    }

    fn changed(&self, key: &Key, since: Mark) -> Answer<'_, Mark> {
        self.inner.changed(key, since)
    }

    fn keys(&self, listing: Listing) -> Answer<'_, Page> {
        self.inner.keys(listing)
    }

    fn resolve(&self, token: &Token) -> Answer<'_, Resolution> {
        self.inner.resolve(token)
    }

    fn rehearse(&self, batch: Batch) -> Answer<'_, Rehearsal> {
        self.inner.rehearse(batch)
    }

    fn profile(&self) -> Profile {
        Profile { far: true, ..self.inner.profile() }
    }
}

async fn crowd(store: &Store) {
    let crowd: Vec<_> = (0..100)
        .map(|_| {
            let taken = Counter::new(store, "taken");
            tokio::spawn(async move { taken.increment().await.unwrap() })
        })
        .collect();
    let mut values = Vec::new();
    for task in crowd {
        values.push(task.await.unwrap());
    }
    values.sort_unstable();
    assert!(values.into_iter().eq(1..=100));
}

#[tokio::test]
async fn callers_of_an_engine_that_is_far_go_together_unless_they_are_told_not_to() {
    let (far, single, near) = (Far::new(), Far::new(), Faults::late(Memory::new()));
    crowd(&Store::new(Arc::clone(&far))).await;
    assert!(far.asked.load(Ordering::SeqCst) < 50);
    crowd(&Store::builder().without_combining().build(Arc::clone(&single))).await;
    assert_eq!(single.asked.load(Ordering::SeqCst), 100);
    crowd(&Store::builder().combine(CombinePolicy::default()).build(near)).await;
}

#[test]
fn a_store_may_outlive_the_runtimes_it_is_used_in() {
    let store = Store::new(Far::new());
    for round in 1..=3 {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        runtime.block_on(async {
            let taken = Counter::new(&store, "taken");
            let (one, two, three) =
                tokio::join!(taken.increment().into_future(), taken.increment(), taken.increment());
            let last = [one, two, three].map(Result::unwrap).into_iter().max();
            assert_eq!(last, Some(3 * round));
        });
    }
}
