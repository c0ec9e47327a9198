//! A server that is killed in the middle of a crowd and started again, and what it still knows.
//!
//! | what the server keeps | what its crash may lose | what callers are told |
//! | --- | --- | --- |
//! | a log, synced before it answers | nothing | what is stored is what was acknowledged |
//! | a log, synced each second | what it acknowledged last | nothing takes effect twice |
//! | nothing | everything | whose reply was lost with the records is told *unknown*, nobody else |

use std::num::NonZeroU64;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use exactly_conformance::servers::{self, Builder, Flavour};
use exactly_core::operations::capacity::{Levels, Read, Take, Taken};
use exactly_core::operations::counter::Add;
use exactly_core::{Batch, Engine, Fault, HoldId, SessionId, Token};
use exactly_redis::Options;

use crate::scene::{
    Scene, Tally, add, added, crowd, on_every_server, read, run, step, until, value_of,
};

on_every_server! {
    a_log_synced_always, a_log_synced_each_second, no_log, holds_survive,
    a_token_survives_server_and_engine, a_session_without_its_record_is_unknown,
}

const CALLERS: usize = 16;
const KILLS: usize = 6;
const HOUR: Duration = Duration::from_secs(3600);

fn logging(flavour: Flavour, sync: &str) -> Builder {
    let builder = servers::Redis::builder().flavour(flavour);
    builder.config("appendonly", "yes").config("appendfsync", sync)
}

/// A crowd that adds until the server was killed so many times, and for a moment after that.
async fn killed_in_a_crowd(scene: &Scene) -> Vec<Result<i64, Fault>> {
    let patient = scene.patient(Options::new()).await;
    let kills = Arc::new(AtomicUsize::new(0));
    let answered = Arc::new(AtomicUsize::new(0));
    let callers = crowd(CALLERS, |_| {
        let patient = Arc::clone(&patient);
        let (kills, answered) = (Arc::clone(&kills), Arc::clone(&answered));
        async move {
            let mut told = Vec::new();
            while kills.load(Ordering::SeqCst) < KILLS {
                told.push(added(&patient, "a").await);
                answered.fetch_add(1, Ordering::SeqCst);
            }
            told.push(added(&patient, "a").await);
            told
        }
    });
    let killing = async {
        for _ in 0..KILLS {
            let before = answered.load(Ordering::SeqCst);
            until(async || answered.load(Ordering::SeqCst) > before + 2 * CALLERS).await;
            scene.server.restart().await;
            kills.fetch_add(1, Ordering::SeqCst);
        }
    };
    let (told, ()) = tokio::join!(callers, killing);
    told.into_iter().flatten().collect()
}

async fn a_log_synced_always(flavour: Flavour) {
    let scene = Scene::of(logging(flavour, "always")).await;
    let told = killed_in_a_crowd(&scene).await;
    assert!(told.len() > KILLS * CALLERS);
    Tally::of(told).is_exactly(scene.stored("a").await);
}

/// A server that syncs each second may answer before it has written, while its disk is slow. What
/// it loses then, it loses together with the records; nothing comes twice.
async fn a_log_synced_each_second(flavour: Flavour) {
    let scene = Scene::of(logging(flavour, "everysec")).await;
    let told = killed_in_a_crowd(&scene).await;
    let (calls, stored) = (told.len() as i64, scene.stored("a").await);
    let tally = Tally::of(told);
    assert!(stored <= calls, "{stored} of {calls}");
    if stored == calls {
        tally.explains(stored);
    }
}

/// A server that keeps nothing begins anew each time. A number of a session that it does not know
/// is *unknown* and never new, and no effect of the last life is done again in the next.
async fn no_log(flavour: Flavour) {
    let scene = Scene::new(flavour).await;
    let told = killed_in_a_crowd(&scene).await;
    let stored = scene.stored("a").await;
    let (answers, calls) = (told.iter().filter(|told| told.is_ok()).count(), told.len());
    assert!(stored >= 1 && answers >= KILLS * CALLERS, "{stored} {answers} of {calls}");
    let faults = told.iter().filter_map(|told| told.as_ref().err());
    assert!(faults.clone().all(Fault::is_unknown), "{:?}", faults.collect::<Vec<_>>());
    // Whatever this life counted, somebody of it asked for: the highest number told is no higher.
    let most = told.into_iter().flatten().max().unwrap();
    assert!(most as usize <= calls && stored as usize <= calls);
}

/// Leases and confirmed units are as durable as the log.
async fn holds_survive(flavour: Flavour) {
    let scene = Scene::of(logging(flavour, "always")).await;
    let patient = scene.patient(Options::new()).await;
    let takers = crowd(40, |_| {
        let patient = Arc::clone(&patient);
        async move {
            let hold = HoldId::unique();
            let take = Take { hold, units: 1, lease: HOUR, limit: 30 };
            run(&patient, "seats", take).await.unwrap()
        }
    });
    let killing = async {
        until(async || scene.server.raw(&["EXISTS", "{seats}"]).await == "1").await;
        scene.server.restart().await;
    };
    let (taken, ()) = tokio::join!(takers, killing);
    let held = taken.iter().filter(|taken| matches!(taken, Taken::Held { .. })).count();
    let levels = run(&patient, "seats", Read { limit: 30 }).await.unwrap();
    assert_eq!((held, levels), (30, Levels { limit: 30, free: 0, held: 30, confirmed: 0 }));
}

/// A caller's id outlives the server and the engine it was first used with.
async fn a_token_survives_server_and_engine(flavour: Flavour) {
    let scene = Scene::of(logging(flavour, "always")).await;
    let batch = |id: &str| add("a").named(Token::caller(id, HOUR).unwrap());
    let engine = scene.engine().await;
    let mut first = Vec::new();
    for order in 0..20 {
        first.push(engine.apply(batch(&order.to_string())).await.unwrap());
    }
    drop(engine);
    scene.server.restart().await;
    let other = scene.engine().await;
    for (order, first) in first.iter().enumerate() {
        assert_eq!(other.apply(batch(&order.to_string())).await.unwrap(), *first);
    }
    assert_eq!(scene.stored("a").await, 20);
    // Another batch under the same id is found out by another engine as well.
    let two = Batch::one(step("a", Add::by(2))).named(Token::caller("7", HOUR).unwrap());
    assert!(other.apply(two).await.unwrap_err().is_token_reused());
}

/// What a server without a log is told by a session of before: its next number, and a number that
/// was answered.
async fn a_session_without_its_record_is_unknown(flavour: Flavour) {
    let scene = Scene::new(flavour).await;
    let engine = scene.engine().await;
    let session = SessionId::random();
    let numbered = |number| {
        let sequence = NonZeroU64::new(number).unwrap();
        add("a").named(Token::Session { session, slot: 0, sequence })
    };
    for number in 1..=2 {
        assert_eq!(value_of(engine.apply(numbered(number)).await.unwrap()).unwrap(), number as i64);
    }
    scene.server.restart().await;
    until(async || read(&engine, "a").await.is_ok()).await;
    for number in [2, 3] {
        let fault = engine.apply(numbered(number)).await.unwrap_err();
        assert!(fault.is_unknown() && fault.is_token_forgotten(), "{fault}");
    }
    assert_eq!(scene.stored("a").await, 0);
}
