//! How long a token is remembered, and what is told after that.

use std::num::NonZeroU64;
use std::time::Duration;

use exactly_conformance::proxy::{Rule, Toward, Which};
use exactly_conformance::servers::Flavour;
use exactly_core::layers::Retry;
use exactly_core::{Batch, Engine, SessionId, Token};
use exactly_redis::Options;

use crate::scene::{PATIENT, Scene, add, added, bounded, on_every_server, read, until, value_of};

on_every_server! {
    a_resend_after_the_record_is_gone, a_record_that_was_deleted,
    a_record_that_was_deleted_in_doubt, a_first_batch_that_comes_late,
    a_clock_that_was_misheard, a_window_that_passes_in_between, records_end_by_themselves,
}

const WINDOW: Duration = Duration::from_millis(200);

/// One place of a session.
struct Lane(SessionId);

impl Lane {
    fn new() -> Self {
        Self(SessionId::random())
    }

    fn add(&self, number: u64) -> Batch {
        let sequence = NonZeroU64::new(number).unwrap();
        add("a").named(Token::Session { session: self.0, slot: 0, sequence })
    }

    fn record(&self) -> String {
        format!("exactly:session:{}:0", self.0)
    }
}

/// The window passes, and the server has dropped the record: its number is *unknown*, and so is the
/// next one.
async fn a_resend_after_the_record_is_gone(flavour: Flavour) {
    let scene = Scene::new(flavour).await;
    let engine = scene.engine_with(Options::new().token_window(Duration::from_secs(10))).await;
    let lane = Lane::new();
    for number in 1..4 {
        let first = engine.apply(lane.add(number)).await.unwrap();
        assert_eq!(engine.apply(lane.add(number)).await.unwrap(), first);
    }
    scene.server.raw(&["PEXPIRE", &lane.record(), "1"]).await;
    until(async || scene.server.raw(&["EXISTS", &lane.record()]).await == "0").await;
    for number in [3, 4, 2] {
        let fault = engine.apply(lane.add(number)).await.unwrap_err();
        assert!(fault.is_unknown() && fault.is_token_forgotten(), "{number}: {fault}");
    }
    assert_eq!(scene.stored("a").await, 3);
}

/// Somebody deletes the records of all sessions in between: whoever retries takes a new place, for
/// nothing of its batch can have happened, and is told nothing of it.
async fn a_record_that_was_deleted(flavour: Flavour) {
    let scene = Scene::new(flavour).await;
    let patient = scene.patient(Options::new()).await;
    for expected in 1..10 {
        assert_eq!(added(&patient, "a").await.unwrap(), expected);
        for key in scene.server.raw(&["KEYS", "exactly:session:*"]).await.lines() {
            scene.server.raw(&["DEL", key]).await;
        }
    }
    assert_eq!(scene.stored("a").await, 9);
}

/// The same while its reply is lost: now it may have happened, and nobody knows any more.
async fn a_record_that_was_deleted_in_doubt(flavour: Flavour) {
    let scene = Scene::new(flavour).await;
    let patient = scene.patient(Options::new().reply_timeout(Duration::from_secs(1))).await;
    // The second of its place: the first would be new to a server that knows nothing.
    added(&patient, "a").await.unwrap();
    scene.proxy.rule(Which::Existing, Rule::swallow(Toward::Client, 0));
    let forgetting = async {
        until(async || scene.stored("a").await == 2).await;
        scene.server.raw(&["DEL", &scene.server.raw(&["KEYS", "exactly:session:*"]).await]).await;
    };
    let (told, ()) = tokio::join!(added(&patient, "a"), forgetting);
    let fault = told.unwrap_err();
    assert!(fault.is_unknown(), "{fault}");
    assert_eq!(scene.stored("a").await, 2);
    assert_eq!(added(&patient, "a").await.unwrap(), 3);
}

/// The first batch of a session, longer on its way than half of the window: it has no predecessor
/// to be missed, so it is refused for its age. That it was not applied is certain.
async fn a_first_batch_that_comes_late(flavour: Flavour) {
    let scene = Scene::new(flavour).await;
    let engine = scene.engine_with(Options::new().token_window(WINDOW)).await;
    read(&engine, "a").await.unwrap();
    scene.proxy.rule(Which::Existing, Rule::delay(Toward::Server, WINDOW));
    let fault = engine.apply(Lane::new().add(1)).await.unwrap_err();
    assert!(fault.is_not_applied() && fault.is_unavailable(), "{fault}");
    assert_eq!(scene.stored("a").await, 0);
    // Where it may be sent again, that is done until it is fast enough.
    let patient = Retry::with_policy(
        scene.engine_with(Options::new().token_window(Duration::from_secs(10))).await,
        PATIENT,
    );
    scene.proxy.pass();
    assert_eq!(added(&patient, "a").await.unwrap(), 1);
}

/// The server's clock was heard late and so taken for one that is behind: found out at the first
/// batch that is called late, or all others would be as well.
async fn a_clock_that_was_misheard(flavour: Flavour) {
    let scene = Scene::new(flavour).await;
    scene.proxy.rule(Which::Next, Rule::delay(Toward::Client, 3 * WINDOW));
    let engine = scene.engine_with(Options::new().token_window(2 * WINDOW)).await;
    scene.proxy.pass();
    let fault = engine.apply(Lane::new().add(1)).await.unwrap_err();
    assert!(fault.is_not_applied(), "{fault}");
    until(async || engine.apply(Lane::new().add(1)).await.is_ok()).await;
    let stored = scene.stored("a").await;
    assert_eq!(stored, 1, "late batches left nothing");
}

/// Calls with pauses longer than the window in between take places that nobody has forgotten.
async fn a_window_that_passes_in_between(flavour: Flavour) {
    let scene = Scene::new(flavour).await;
    let options = Options::new().token_window(Duration::from_secs(2));
    let patient = scene.patient(options).await;
    for expected in 1..4 {
        assert_eq!(added(&patient, "a").await.unwrap(), expected);
        bounded(tokio::time::sleep(Duration::from_millis(1_100))).await;
    }
    assert_eq!(scene.stored("a").await, 3);
}

/// A record has a time to live from the moment it is made, and each batch of its place renews it.
async fn records_end_by_themselves(flavour: Flavour) {
    let scene = Scene::new(flavour).await;
    let window = Duration::from_secs(100);
    let engine = scene.engine_with(Options::new().token_window(window)).await;
    let lane = Lane::new();
    let left = async || scene.server.raw(&["PTTL", &lane.record()]).await.parse::<i64>().unwrap();
    for number in 1..3 {
        assert_eq!(value_of(engine.apply(lane.add(number)).await.unwrap()).unwrap(), number as i64);
        assert!((80_000..=100_000).contains(&left().await));
        scene.server.raw(&["PEXPIRE", &lane.record(), "50000"]).await;
    }
    // Asking again does not: it is remembered from its effect on.
    engine.apply(lane.add(2)).await.unwrap();
    assert!(left().await <= 50_000);
    let named = Token::caller("order", Duration::from_secs(7)).unwrap();
    engine.apply(add("a").named(named)).await.unwrap();
    let record = scene.server.raw(&["KEYS", "exactly:token:*"]).await;
    let left: i64 = scene.server.raw(&["PTTL", &record]).await.parse().unwrap();
    assert!((1..=7_000).contains(&left), "{left}");
}
