//! Requests and replies that are cut at any byte, or vanish while the connection stays.

use std::sync::Arc;
use std::time::Duration;

use exactly_conformance::proxy::{Rule, Toward, Which};
use exactly_conformance::servers::Flavour;
use exactly_core::operations::value;
use exactly_core::{Batch, Engine, Fault};
use exactly_redis::{Options, Redis};

use crate::scene::{
    PATIENT, Scene, Tally, add, add_at_most_once, added, bounded, crowd, on_every_server, read,
    run, step, value_of,
};

on_every_server! {
    a_reply_is_cut, every_byte_of_a_request_and_its_reply, every_byte_at_most_once,
    every_byte_of_a_script_at_most_once, every_byte_of_a_new_connection, a_reply_is_swallowed,
    a_swallowed_reply_among_many, nobody_is_told_anothers_answer, requests_are_swallowed,
    a_given_connection_is_impatient,
}

const SOON: Duration = Duration::from_secs(1);

/// Executed, and the reply cut off: whoever may ask again is told the first answer, whoever may not
/// is told that it is unknown.
async fn a_reply_is_cut(flavour: Flavour) {
    let scene = Scene::new(flavour).await;
    let patient = scene.patient(Options::new()).await;
    assert_eq!(added(&patient, "a").await.unwrap(), 1);
    for round in 2..10 {
        scene.proxy.rule(Which::Existing, Rule::cut(Toward::Client, 0));
        assert_eq!(added(&patient, "a").await.unwrap(), round);
        assert_eq!(scene.stored("a").await, round);
    }
    scene.proxy.rule(Which::Existing, Rule::cut(Toward::Client, 0));
    let fault = patient.apply(add_at_most_once("b")).await.unwrap_err();
    assert!(fault.is_unknown(), "{fault}");
    assert_eq!(scene.stored("b").await, 1);
    assert_eq!(value_of(patient.apply(add_at_most_once("b")).await.unwrap()).unwrap(), 2);
}

/// Bytes of one call, both ways.
async fn bytes_of(scene: &Scene, engine: &impl Engine, batch: Batch) -> [u64; 2] {
    let before = scene.proxy.counts();
    drop(engine.apply(batch).await.unwrap());
    let after = scene.proxy.counts();
    [after.to_server - before.to_server, after.to_client - before.to_client]
}

/// With a second try there is one effect and the right answer, wherever the first was cut.
async fn every_byte_of_a_request_and_its_reply(flavour: Flavour) {
    let scene = Scene::new(flavour).await;
    let patient = scene.patient(Options::new()).await;
    added(&patient, "a").await.unwrap();
    let [sent, heard] = bytes_of(&scene, &patient, add("a")).await;
    let mut expected = 2;
    for (toward, bytes) in [(Toward::Server, sent), (Toward::Client, heard)] {
        for byte in 0..bytes {
            scene.proxy.rule(Which::Existing, Rule::cut(toward, byte));
            expected += 1;
            assert_eq!(added(&patient, "a").await.unwrap(), expected, "{toward:?} {byte}");
            assert_eq!(scene.stored("a").await, expected, "{toward:?} {byte}");
        }
    }
}

/// Cuts this batch at every byte and holds the engine to what it says: an answer happened, *not
/// applied* did not, *unknown* at most once.
async fn cut_everywhere(scene: &Scene, engine: &Redis, batch: impl Fn(&str) -> Batch) {
    drop(engine.apply(batch("first")).await.unwrap());
    let bytes = bytes_of(scene, engine, batch("length")).await;
    for (toward, bytes) in [Toward::Server, Toward::Client].into_iter().zip(bytes) {
        for byte in 0..bytes {
            let name = format!("{toward:?} {byte}");
            read(engine, "warm").await.or_else(|_| Ok::<_, Fault>(0)).unwrap();
            scene.proxy.rule(Which::Existing, Rule::cut(toward, byte));
            let result = engine.apply(batch(&name)).await;
            let stored = scene.server.raw(&["GET", &format!("{{{}}}", escaped(&name))]).await;
            let effects = if stored == "(nil)" { 0 } else { stored.parse().unwrap() };
            match result {
                Ok(_) => panic!("{name}: an answer that was cut"),
                Err(fault) if fault.is_not_applied() => assert_eq!(effects, 0, "{name}: {fault}"),
                Err(fault) => {
                    assert!(fault.is_unknown(), "{name}: {fault}");
                    assert!(effects <= 1, "{name}: {effects}");
                    // Half a request is none, and a reply comes after the effect.
                    assert_eq!(effects == 1, toward == Toward::Client, "{name}");
                }
            }
        }
    }
}

fn escaped(name: &str) -> String {
    exactly_core::Key::alone("", name).unwrap().as_str().rsplit(':').next().unwrap().to_owned()
}

/// Without a second try the counter is at most one, and what is called *not applied* is not there.
async fn every_byte_at_most_once(flavour: Flavour) {
    let scene = Scene::new(flavour).await;
    let engine = scene.engine().await;
    cut_everywhere(&scene, &engine, add_at_most_once).await;
}

/// The same where the batch goes by a script.
async fn every_byte_of_a_script_at_most_once(flavour: Flavour) {
    let scene = Scene::new(flavour).await;
    let engine = scene.engine().await;
    let set = |name: &str| Batch::one(step(name, value::Set { to: "1".into() }));
    cut_everywhere(&scene, &engine, set).await;
}

/// A connection that breaks off while it is made has carried nothing: *not applied*, and never
/// misuse.
async fn every_byte_of_a_new_connection(flavour: Flavour) {
    let scene = Scene::new(flavour).await;
    let before = scene.proxy.counts();
    let engine = scene.engine().await;
    let after = scene.proxy.counts();
    drop(engine);
    for (toward, bytes) in [
        (Toward::Server, after.to_server - before.to_server),
        // What `INFO` answers differs in length from time to time.
        (Toward::Client, (after.to_client - before.to_client).min(400)),
    ] {
        for byte in 0..bytes {
            scene.proxy.rule(Which::Next, Rule::cut(toward, byte));
            let fault = Redis::open(&scene.url(), Options::new()).await.unwrap_err();
            assert!(fault.is_not_applied(), "{toward:?} {byte}: {fault}");
        }
    }
}

/// Nobody says that the network is gone: the reply's time runs out and the connection is given up.
async fn a_reply_is_swallowed(flavour: Flavour) {
    let scene = Scene::new(flavour).await;
    let engine = scene.engine_with(Options::new().reply_timeout(SOON)).await;
    scene.proxy.rule(Which::Existing, Rule::swallow(Toward::Client, 0));
    let fault = engine.apply(add_at_most_once("a")).await.unwrap_err();
    assert!(fault.is_unknown() && fault.is_timed_out(), "{fault}");
    assert_eq!(scene.stored("a").await, 1);
    // The next one takes another connection and does not wait.
    assert_eq!(added(&engine, "a").await.unwrap(), 2);
    scene.proxy.rule(Which::Existing, Rule::swallow(Toward::Client, 0));
    let fault = read(&engine, "a").await.unwrap_err();
    assert!(fault.is_not_applied() && fault.is_timed_out(), "a read changes nothing: {fault}");
    let patient = scene.patient(Options::new().reply_timeout(SOON)).await;
    scene.proxy.rule(Which::Existing, Rule::swallow(Toward::Client, 0));
    assert_eq!(added(&patient, "a").await.unwrap(), 3);
    assert_eq!(scene.stored("a").await, 3);
}

/// Several batches in flight on one connection, and from some byte on nothing more is heard: each
/// caller gets its own answer, by its token.
async fn a_swallowed_reply_among_many(flavour: Flavour) {
    let scene = Scene::new(flavour).await;
    let patient = scene.patient(Options::new().reply_timeout(SOON)).await;
    for byte in [0, 7, 60, 100] {
        let name = format!("a {byte}");
        added(&patient, "warm").await.unwrap();
        scene.proxy.rule(Which::Existing, Rule::swallow(Toward::Client, byte));
        let answers = crowd(24, |_| {
            let (patient, batch) = (Arc::clone(&patient), add(&name));
            async move { value_of(patient.apply(batch).await?) }
        })
        .await;
        scene.proxy.until(|counts| counts.struck > 0).await;
        let stored = read(&patient, &name).await.unwrap();
        assert_eq!(stored, 24);
        Tally::of(answers).is_exactly(stored);
    }
}

/// Every caller has a key of its own and reads what it wrote there, while connections are cut in
/// the middle of replies: an answer meant for somebody else would show.
async fn nobody_is_told_anothers_answer(flavour: Flavour) {
    let scene = Scene::new(flavour).await;
    let engine = Arc::new(scene.engine().await);
    let callers = crowd(16, |caller| {
        let engine = Arc::clone(&engine);
        async move {
            let name = format!("of {caller}");
            let (mut heard, mut lost) = (0, 0);
            for round in 0..60 {
                let own: exactly_core::Bytes = format!("{caller} {round}").into_bytes().into();
                let set = run(&*engine, &name, value::Set { to: own.clone() }).await;
                match (set, run(&*engine, &name, value::Get {}).await) {
                    (Ok(()), Ok(found)) => {
                        assert_eq!(found, Some(own));
                        heard += 1;
                    }
                    (set, got) => {
                        let faults = [set.err(), got.err()];
                        assert!(faults.iter().flatten().all(|fault| !fault.is_misuse()));
                        lost += 1;
                    }
                }
            }
            (heard, lost)
        }
    });
    let cutting = async {
        for byte in 1..40 {
            scene.proxy.rule(Which::Existing, Rule::cut(Toward::Client, byte * 13));
            tokio::time::sleep(Duration::from_millis(3)).await;
        }
        scene.proxy.pass();
    };
    let (told, ()) = tokio::join!(callers, cutting);
    assert!(told.iter().map(|(heard, _)| heard).sum::<i32>() > 0);
}

/// Requests that vanish on the way, again and again.
async fn requests_are_swallowed(flavour: Flavour) {
    let scene = Scene::new(flavour).await;
    let patient = scene.patient(Options::new().reply_timeout(SOON)).await;
    for byte in [0, 20] {
        added(&patient, "warm").await.unwrap();
        scene.proxy.rule(Which::Existing, Rule::swallow(Toward::Server, byte));
        let answers = crowd(8, |_| {
            let patient = Arc::clone(&patient);
            async move { added(&patient, "a").await }
        });
        assert!(answers.await.iter().all(Result::is_ok));
    }
    assert_eq!(scene.stored("a").await, 16);
}

/// A connection that was given has a patience of its own, which the engine cannot lengthen: what it
/// gives up is *unknown*, and nobody gets the late answer.
async fn a_given_connection_is_impatient(flavour: Flavour) {
    let scene = Scene::new(flavour).await;
    let client = exactly_redis::Client::open(scene.url()).unwrap();
    let given = client.get_multiplexed_async_connection().await.unwrap();
    let engine = Redis::from_connection(given, Options::new()).await.unwrap();
    assert_eq!(added(&engine, "a").await.unwrap(), 1);
    scene.proxy.rule(Which::Existing, Rule::delay(Toward::Client, Duration::from_secs(2)));
    let fault = bounded(engine.apply(add_at_most_once("a"))).await.unwrap_err();
    assert!(fault.is_unknown(), "{fault}");
    scene.proxy.pass();
    // The late answer, 2, is nobody's: each call is told its own.
    let patient = exactly_core::layers::Retry::with_policy(engine, PATIENT);
    for expected in 3..6 {
        assert_eq!(added(&patient, "a").await.unwrap(), expected);
    }
    assert_eq!(scene.stored("a").await, 5);
}
