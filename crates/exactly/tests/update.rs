//! Updates that come together go together, and each is made once.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;
use std::future::Future;
use std::pin::pin;
use std::task::{Context, Waker};

use exactly::{Counter, Json, Store, Value};
use exactly_conformance::servers::{Flavour, Redis, skipped};
use tokio::task::JoinSet;

async fn in_memory() -> [Store; 2] {
    let store = Store::open("memory:").await.unwrap();
    [store.clone(), store]
}

/// Two stores on one server, as two processes would have them.
async fn on_redis() -> Option<(Redis, [Store; 2])> {
    if let Some(why) = Flavour::Redis7.missing() {
        assert!(!skipped(&why));
        return None;
    }
    let server = Redis::start(Flavour::Redis7).await;
    let [one, two] = [server.url(), server.url()];
    let stores = [Store::open(&one).await.unwrap(), Store::open(&two).await.unwrap()];
    Some((server, stores))
}

/// Each update is made once, on what the one before has left: no result comes twice.
async fn a_crowd_counts(stores: [Store; 2]) {
    let mut crowd = JoinSet::new();
    for number in 0..32 {
        let count = Counter::new(&stores[number % 2], "count");
        crowd.spawn(async move {
            let mut seen = Vec::new();
            for _ in 0..25 {
                seen.push(count.update(|count: i64| count + 1).await.unwrap());
            }
            assert!(seen.is_sorted());
            seen
        });
    }
    let seen: BTreeSet<_> = crowd.join_all().await.concat().into_iter().collect();
    assert!(seen.into_iter().eq(1..=800));
    assert_eq!(Counter::new(&stores[0], "count").get().await.unwrap(), 800);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_counts_in_memory() {
    a_crowd_counts(in_memory().await).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_crowd_counts_on_redis() {
    let Some((_server, stores)) = on_redis().await else { return };
    a_crowd_counts(stores).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_others_write_in_between_is_seen() {
    let Some((_server, [ours, theirs])) = on_redis().await else { return };
    let names: Value<Json<Vec<u32>>> = Value::new(&ours, "names");
    let foreign: Value<Json<Vec<u32>>> = Value::new(&theirs, "names");
    names.update(|names| grown(names, 1)).await.unwrap();
    foreign.set(Json(vec![7])).await.unwrap();
    assert_eq!(names.update(|names| grown(names, 2)).await.unwrap(), Json(vec![7, 2]));
    foreign.delete().await.unwrap();
    assert_eq!(names.update(|names| grown(names, 3)).await.unwrap(), Json(vec![3]));
}

fn grown(names: Option<Json<Vec<u32>>>, name: u32) -> Json<Vec<u32>> {
    let mut names = names.map(|Json(names)| names).unwrap_or_default();
    names.push(name);
    Json(names)
}

#[tokio::test]
async fn a_closure_that_panics_is_as_if_it_had_not_come() {
    let [store, _] = in_memory().await;
    let count = Counter::new(&store, "count");
    let panicking = tokio::spawn({
        let count = count.clone();
        async move { count.update(|_| panic!("out of luck")).await }
    });
    assert!(panicking.await.unwrap_err().is_panic());
    assert_eq!(count.update(|count: i64| count + 1).await.unwrap(), 1);
}

/// Whoever goes away before its turn has made no change; after it, all of it.
#[tokio::test]
async fn a_caller_who_goes_away_leaves_no_half() {
    let Some((_server, [store, _])) = on_redis().await else { return };
    let count = Counter::new(&store, "count");
    for polls in 0..6 {
        let before = count.get().await.unwrap();
        {
            let mut leaving = pin!(count.update(|count: i64| count + 1));
            for _ in 0..polls {
                let mut cx = Context::from_waker(Waker::noop());
                if leaving.as_mut().poll(&mut cx).is_ready() {
                    break;
                }
                // Time for the connection's own task.
                for _ in 0..64 {
                    tokio::task::yield_now().await;
                }
            }
        }
        // Whatever is left of it is made by whoever comes next, or was not made.
        let after = count.update(|count: i64| count + 10).await.unwrap();
        assert!([before + 10, before + 11].contains(&after), "{polls}: {before} {after}");
        assert_eq!(count.get().await.unwrap(), after);
    }
}

#[tokio::test]
async fn bounds_hold_here_as_everywhere() {
    let [store, _] = in_memory().await;
    let seats = Counter::new(&store, "seats").with_start(2).with_bounds(0..);
    assert_eq!(seats.update(|seats| seats - 2).await.unwrap(), 0);
    assert!(seats.update(|seats| seats - 1).await.unwrap_err().is_out_of_bounds());
    assert_eq!(seats.get().await.unwrap(), 0);
    let rate = Counter::float(&store, "rate");
    assert_eq!(rate.update(|rate| rate + 0.5).await.unwrap(), 0.5);
    let text: Value<String> = Value::new(&store, "text");
    text.set("thirty").await.unwrap();
    let fault = Counter::new(&store, "text").update(|n| n).await.unwrap_err();
    assert!(fault.is_undecodable(), "{fault}");
}
