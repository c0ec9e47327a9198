//! Callers that go away in the middle of a call, and a runtime that does.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use exactly_conformance::proxy::{Rule, Toward, Which};
use exactly_conformance::servers::Flavour;
use exactly_core::layers::Retry;
use exactly_core::operations::value;
use exactly_core::{Batch, Bytes, Engine};
use exactly_redis::Options;
use tokio::runtime;

use crate::scene::{
    Scene, add, add_at_most_once, added, bounded, crowd, on_every_server, read, run, step, timed,
    value_of,
};

on_every_server! {
    at_every_point, at_every_point_of_a_new_connection, large_batches_give_their_turns_back,
    large_batches_at_random, a_runtime_that_is_gone,
}

/// Polls a call so many times, letting the rest of the world go on in between, and drops it.
async fn dropped_after(polls: usize, call: impl Future) -> bool {
    let mut call = pin!(call);
    for _ in 0..polls {
        if call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready() {
            return true;
        }
        tokio::time::sleep(Duration::from_micros(200)).await;
    }
    false
}

/// Dropped at any point, a call happens once or not at all, and the next one gets its own answer on
/// the same connection.
async fn at_every_point(flavour: Flavour) {
    let scene = Scene::new(flavour).await;
    let engine = scene.engine().await;
    let patient = Retry::new(engine.clone());
    added(&patient, "a").await.unwrap();
    let (mut asked, mut least) = (1, 1);
    for polls in 0..12 {
        for batch in [add("a"), add_at_most_once("a")] {
            asked += 1;
            let finished = dropped_after(polls, patient.apply(batch)).await;
            least += i64::from(finished);
            let told = added(&patient, "a").await.unwrap();
            asked += 1;
            least += 1;
            assert!((least..=asked).contains(&told), "{least} <= {told} <= {asked}");
            assert_eq!(read(&engine, "a").await.unwrap(), told);
            let own: Bytes = format!("{polls} {asked}").into_bytes().into();
            run(&patient, "text", value::Set { to: own.clone() }).await.unwrap();
            assert_eq!(run(&engine, "text", value::Get {}).await.unwrap(), Some(own));
        }
    }
    assert_eq!(scene.proxy.counts().accepted, 1, "no connection was given up over it");
}

/// The same while the connection has to be made: whoever was making it goes, and the next one makes
/// it.
async fn at_every_point_of_a_new_connection(flavour: Flavour) {
    let scene = Scene::new(flavour).await;
    let engine = Arc::new(scene.engine().await);
    let patient = Retry::new(Arc::clone(&engine));
    for polls in 0..12 {
        scene.proxy.cut();
        scene.proxy.until(|counts| counts.open == 0).await;
        scene.proxy.rule(Which::Next, Rule::delay(Toward::Client, Duration::from_millis(1)));
        let waiting = {
            let engine = Arc::clone(&engine);
            tokio::spawn(async move { read(&*engine, "a").await })
        };
        dropped_after(polls, engine.apply(add_at_most_once("a"))).await;
        // What waited behind it, and what comes after it.
        let waited = bounded(waiting).await.unwrap();
        assert!(waited.is_ok() || waited.is_err_and(|fault| fault.is_not_applied()));
        added(&patient, "b").await.unwrap();
        assert_eq!(scene.stored("b").await, polls as i64 + 1);
    }
    assert!(scene.stored("a").await <= 12);
}

fn large(number: usize) -> Batch {
    let text = format!("{number} {}", "x".repeat(200_000));
    Batch::one(step(&format!("large {number}"), value::Set { to: text.into_bytes().into() }))
}

/// Many large batches are dropped while they wait: for an answer, for a connection, for their turn.
/// Their connections are closed, and others get their turn.
async fn large_batches_give_their_turns_back(flavour: Flavour) {
    let scene = Scene::new(flavour).await;
    let engine = Arc::new(scene.engine().await);
    let all = |range: std::ops::Range<usize>| {
        let calls = range.map(|number| {
            let engine = Arc::clone(&engine);
            tokio::spawn(async move { engine.apply(large(number)).await.map(drop) })
        });
        calls.collect::<Vec<_>>()
    };
    for call in all(0..4) {
        bounded(call).await.unwrap().unwrap();
    }
    scene.proxy.rule(Which::All, Rule::swallow(Toward::Client, 0));
    for round in 0..3 {
        let calls = all(round * 10..round * 10 + 10);
        let swallowed = scene.proxy.counts().struck;
        scene.proxy.until(|counts| counts.struck > swallowed).await;
        calls.iter().for_each(tokio::task::JoinHandle::abort);
        for call in calls {
            assert!(bounded(call).await.is_err_and(|end| end.is_cancelled()));
        }
    }
    scene.proxy.pass();
    let (told, took) = timed(crowd(12, |number| {
        let engine = Arc::clone(&engine);
        async move { engine.apply(large(number)).await.map(drop) }
    }))
    .await;
    assert!(told.iter().all(Result::is_ok), "{told:?}");
    assert!(took < Duration::from_secs(5), "{took:?}");
}

async fn large_batches_at_random(flavour: Flavour) {
    let scene = Scene::new(flavour).await;
    let engine = Arc::new(scene.engine().await);
    let mut dice = fastrand::Rng::with_seed(7);
    for round in 0..40 {
        let polls = dice.usize(..8);
        let calls = (0..dice.usize(1..9)).map(|number| large(round * 10 + number));
        let calls: Vec<_> = calls.map(|batch| dropped_after(polls, engine.apply(batch))).collect();
        for call in calls {
            call.await;
        }
    }
    for number in 0..8 {
        engine.apply(large(number)).await.unwrap();
        let found = run(&*engine, &format!("large {number}"), value::Get {}).await.unwrap();
        assert!(found.is_some_and(|text| text.starts_with(format!("{number} ").as_bytes())));
    }
    let open = scene.proxy.until(|counts| counts.open <= 5).await.open;
    assert!(open >= 1, "one for small batches and at most four for large ones");
}

/// The connections of an engine live on the runtime that made them. When that is gone the engine
/// makes others, and knows that nothing was sent on the old ones.
async fn a_runtime_that_is_gone(flavour: Flavour) {
    let scene = Scene::new(flavour).await;
    let (url, options) = (scene.url(), Options::new().connections(2));
    let engine = tokio::task::spawn_blocking(move || {
        let brief = runtime::Builder::new_current_thread().enable_all().build().unwrap();
        brief.block_on(async {
            let engine = exactly_redis::Redis::open(&url, options).await.unwrap();
            added(&engine, "a").await.unwrap();
            engine.apply(large(1)).await.unwrap();
            engine
        })
    });
    let engine = engine.await.unwrap();
    // Also those that may not be sent twice are answered.
    for expected in 2..5 {
        let told = engine.apply(add_at_most_once("a")).await.unwrap();
        assert_eq!(value_of(told).unwrap(), expected);
        engine.apply(large(1)).await.unwrap();
    }
}
