//! A server that is not there, goes, comes back, or stands still.

use std::sync::Arc;
use std::time::Duration;

use exactly_conformance::proxy::{Rule, Toward, Which};
use exactly_conformance::servers::Flavour;
use exactly_core::layers::{Retry, RetryPolicy};
use exactly_core::operations::value;
use exactly_core::{Engine, Mark};
use exactly_redis::{Options, Redis};

use crate::scene::{
    PATIENT, Scene, Tally, add_at_most_once, added, crowd, hundreds, key, on_every_server, read,
    run, timed, until,
};

on_every_server! {
    nobody_is_there, a_server_that_says_nothing, it_goes_and_comes_back, few_try_for_many,
    nobody_waits_in_line_for_a_dead_server, large_batches_do_not_wait_for_ever,
    it_stands_still_and_goes_on, connections_are_killed_in_a_crowd, it_goes_while_somebody_waits,
}

/// As long as anything here may take beyond what was asked for, on a machine that has other things
/// to do.
const SLACK: Duration = Duration::from_secs(4);

const SOON: Duration = Duration::from_millis(500);

fn brisk() -> Options {
    Options::new().connect_timeout(SOON).reply_timeout(SOON)
}

fn patience(deadline: Duration) -> RetryPolicy {
    RetryPolicy { deadline, ..PATIENT }
}

async fn nobody_is_there(flavour: Flavour) {
    let scene = Scene::new(flavour).await;
    scene.proxy.refuse(true).await;
    let (opened, took) = timed(Redis::open(&scene.url(), Options::new())).await;
    let fault = opened.unwrap_err();
    assert!(fault.is_not_applied() && fault.is_unavailable(), "{fault}");
    assert!(took < SLACK, "a refusal is not waited for: {took:?}");
    scene.proxy.refuse(false).await;
    assert_eq!(added(&scene.engine().await, "a").await.unwrap(), 1);
}

/// It takes the connection, and then nothing comes: the time for a connection runs out, and nothing
/// was sent.
async fn a_server_that_says_nothing(flavour: Flavour) {
    let scene = Scene::new(flavour).await;
    scene.proxy.rule(Which::All, Rule::swallow(Toward::Client, 0));
    let (opened, took) = timed(Redis::open(&scene.url(), brisk())).await;
    let fault = opened.unwrap_err();
    assert!(fault.is_not_applied() && fault.is_unavailable(), "{fault}");
    assert!(took < SOON + SLACK, "{took:?}");
}

/// A crowd works on while the server is away for a moment, again and again.
async fn it_goes_and_comes_back(flavour: Flavour) {
    let scene = Scene::new(flavour).await;
    let patient = scene.patient(Options::new()).await;
    let callers = crowd(16, |_| {
        let patient = Arc::clone(&patient);
        async move {
            let mut told = Vec::new();
            for _ in 0..40 {
                told.push(added(&patient, "a").await);
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            told
        }
    });
    let outages = async {
        for _ in 0..5 {
            scene.proxy.refuse(true).await;
            scene.proxy.cut();
            until(async || scene.proxy.counts().open == 0).await;
            tokio::time::sleep(Duration::from_millis(20)).await;
            let before = scene.proxy.counts().accepted;
            scene.proxy.refuse(false).await;
            scene.proxy.until(|counts| counts.accepted > before).await;
        }
    };
    // A caller more, lest an outage find nobody who would notice.
    let last = async {
        while scene.proxy.counts().accepted < 6 {
            drop(read(&patient, "a").await);
        }
    };
    let (told, (), ()) = tokio::join!(callers, outages, last);
    Tally::of(told.into_iter().flatten()).is_exactly(scene.stored("a").await);
    assert_eq!(scene.stored("a").await, 640);
}

/// While nobody is there, connections are tried at a pace that does not grow with the callers.
async fn few_try_for_many(flavour: Flavour) {
    const OUTAGE: Duration = Duration::from_millis(500);
    let scene = Scene::new(flavour).await;
    let engine = Arc::new(scene.engine().await);
    scene.server.kill();
    let before = scene.proxy.counts().accepted;
    let (calls, took) = timed(crowd(50, |_| {
        let engine = Arc::clone(&engine);
        async move {
            let (begin, mut calls) = (std::time::Instant::now(), 0);
            while begin.elapsed() < OUTAGE {
                let fault = engine.apply(add_at_most_once("a")).await.unwrap_err();
                assert!(!fault.is_misuse(), "{fault}");
                calls += 1;
            }
            calls
        }
    }))
    .await;
    let (calls, tried) = (calls.iter().sum::<u64>(), scene.proxy.counts().accepted - before);
    // The pause grows to a tenth of a second within a few tries.
    let allowed = 10 + took.as_millis() as u64 / 50;
    assert!(tried <= allowed, "{tried} tries for {calls} calls in {took:?}");
    assert!(calls >= 5 * tried, "{tried} tries for {calls} calls");
}

/// A hundred callers, and a server that takes connections and says nothing: they fail together, and
/// not one after the other.
async fn nobody_waits_in_line_for_a_dead_server(flavour: Flavour) {
    let deadline = Duration::from_secs(1);
    let scene = Scene::new(flavour).await;
    let patient = Retry::with_policy(scene.engine_with(brisk()).await, patience(deadline));
    let patient = Arc::new(patient);
    added(&patient, "a").await.unwrap();
    scene.server.pause();
    let (told, took) = timed(crowd(100, |_| {
        let patient = Arc::clone(&patient);
        async move { added(&patient, "a").await }
    }))
    .await;
    scene.server.resume();
    assert!(told.iter().all(Result::is_err));
    // One attempt may begin at the deadline: a connection that others try, one's own, and a reply.
    assert!(took < deadline + 3 * SOON + SLACK, "{took:?}");
    let tally = Tally::of(told);
    let stored = read(&patient, "a").await.unwrap();
    assert!((1..=1 + tally.unknown as i64).contains(&stored), "{stored}: {tally:?}");
}

/// Large batches share few connections: whoever gets none in time is told so, and nothing was sent.
async fn large_batches_do_not_wait_for_ever(flavour: Flavour) {
    let scene = Scene::new(flavour).await;
    let engine = Arc::new(scene.engine_with(brisk()).await);
    scene.server.pause();
    let (told, took) = timed(crowd(40, |number| {
        let engine = Arc::clone(&engine);
        let large = value::Set { to: vec![b'x'; 100_000].into() };
        async move { run(&*engine, &format!("large {number}"), large).await }
    }))
    .await;
    scene.server.resume();
    let faults: Vec<_> = told.into_iter().map(Result::unwrap_err).collect();
    assert!(faults.iter().any(exactly_core::Fault::is_at_capacity));
    assert!(faults.iter().all(|fault| !fault.is_misuse()));
    assert!(took < 3 * SOON + SLACK, "{took:?}");
    let large = value::Set { to: vec![b'x'; 100_000].into() };
    until(async || run(&*engine, "large", large.clone()).await.is_ok()).await;
}

/// It is stopped in the middle of a crowd and goes on a while later: what was sent before is
/// executed then, and every token settles. What is stored is what was acknowledged.
async fn it_stands_still_and_goes_on(flavour: Flavour) {
    let scene = Scene::new(flavour).await;
    let patient = Retry::with_policy(scene.engine_with(brisk()).await, PATIENT);
    let patient = Arc::new(patient);
    let callers = hundreds(16, &patient);
    let stopping = async {
        for _ in 0..2 {
            let passed = scene.proxy.counts().to_client;
            scene.proxy.until(|counts| counts.to_client > passed + 500).await;
            scene.server.pause();
            // Longer than a reply may take: callers give up connections and come again.
            let accepted = scene.proxy.counts().accepted;
            scene.proxy.until(|counts| counts.accepted > accepted).await;
            scene.server.resume();
        }
    };
    let (told, ()) = tokio::join!(callers, stopping);
    Tally::of(told).is_exactly(scene.stored("a").await);
    assert_eq!(scene.stored("a").await, 1_600);
}

async fn connections_are_killed_in_a_crowd(flavour: Flavour) {
    let scene = Scene::new(flavour).await;
    let patient = scene.patient(Options::new()).await;
    let callers = hundreds(16, &patient);
    let killing = async {
        for _ in 0..20 {
            scene.server.raw(&["CLIENT", "KILL", "TYPE", "normal"]).await;
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let (told, ()) = tokio::join!(callers, killing);
    Tally::of(told).is_exactly(scene.stored("a").await);
    assert_eq!(scene.stored("a").await, 1_600);
}

/// Whoever waits for a change is told, or woken, when the server goes, and misses nothing that
/// happens after it is back.
async fn it_goes_while_somebody_waits(flavour: Flavour) {
    let scene = Scene::new(flavour).await;
    let engine = Arc::new(scene.engine_with(brisk()).await);
    for round in 1..4 {
        let mark = engine.changed(&key("a"), Mark::NONE).await.unwrap();
        let waiting = tokio::spawn({
            let engine = Arc::clone(&engine);
            async move {
                let mut mark = mark;
                loop {
                    // A fault is an answer as well: look again.
                    mark = engine.changed(&key("a"), mark).await.unwrap_or(mark);
                    if read(&*engine, "a").await.is_ok_and(|value| value == round) {
                        return;
                    }
                }
            }
        });
        tokio::task::yield_now().await;
        scene.server.kill();
        scene.server.restart().await;
        scene.server.raw(&["SET", "{a}", &round.to_string()]).await;
        crate::scene::bounded(waiting).await.unwrap();
    }
    // Many who wait for a server that stands still are told together.
    let mark = engine.changed(&key("a"), Mark::NONE).await.unwrap();
    scene.server.pause();
    let (told, took) = timed(crowd(50, |_| {
        let engine = Arc::clone(&engine);
        async move { engine.changed(&key("a"), mark).await }
    }))
    .await;
    scene.server.resume();
    assert!(took < 6 * SOON + SLACK, "{took:?}");
    assert!(told.iter().all(|told| told.as_ref().is_ok_and(|found| *found != mark)
        || told.as_ref().is_err_and(|fault| fault.is_not_applied())));
}
