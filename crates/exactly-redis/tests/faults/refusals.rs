//! A server that answers, but not with what was asked for: each refusal has a name and a fate, and
//! changed nothing.

use std::sync::Arc;
use std::time::Duration;

use exactly_conformance::servers::{self, Builder, Flavour};
use exactly_core::layers::Retry;
use exactly_core::operations::capacity::Resize;
use exactly_core::operations::counter::{Add, Bounds};
use exactly_core::operations::queue::{
    Acknowledge, Bury, Claim, Claimed, Depth, Failed, NewJob, Push, Retried, Settled,
};
use exactly_core::operations::{map, queue, value};
use exactly_core::{Batch, Engine, Fault, HoldId, Token};
use exactly_redis::{Options, Redis};

use crate::scene::{
    PATIENT, Scene, Tally, add, added, bounded, hundreds, on_every_server, read, run, step, until,
};

on_every_server! {
    wrong_password, no_password, no_right_to_a_key, no_right_to_a_command, a_replica,
    a_replica_becomes_the_primary, loading, busy, out_of_memory, jobs_end_without_memory,
    cannot_save, too_few_replicas,
    too_many_clients, misuse_of_what_is_stored, scripts_are_forgotten,
}

fn server(flavour: Flavour) -> Builder {
    servers::Redis::builder().flavour(flavour)
}

const UP_TO_NINE: Bounds<i64> = Bounds { min: None, max: Some(9) };

/// Batches of every way to the server: by a command, by the script for additions, by the others.
fn ways(name: &str) -> Vec<Batch> {
    let token = |id: &str| Token::caller(id, Duration::from_secs(60)).unwrap();
    vec![
        add(name),
        add(name).named(token("one")),
        Batch::apart([step(name, Add::by(1))]).named(token("two")),
        Batch::one(step(name, Add { by: 1, start: 0, bounds: UP_TO_NINE })).named(token("three")),
        Batch::one(step(name, value::Set { to: "1".into() })),
        Batch::of([step(name, Add::by(1)), step("beside", Add::by(1))]),
    ]
}

/// Every way is refused like this, and nothing is stored.
async fn refused(scene: &Scene, engine: &Redis, is: impl Fn(&Fault) -> bool) {
    let before = scene.everything().await;
    for batch in ways("a") {
        let fault = engine.apply(batch.clone()).await.unwrap_err();
        assert!(is(&fault), "{batch:?}: {fault}");
        assert!(!fault.is_unknown(), "it answered: {fault}");
        assert_eq!(before, scene.everything().await, "{batch:?}: {fault}");
    }
}

/// After all that, it works.
async fn well_again(scene: &Scene, engine: &Redis) {
    let before = scene.stored("a").await;
    added(engine, "a").await.unwrap();
    assert_eq!(scene.stored("a").await, before + 1);
}

async fn wrong_password(flavour: Flavour) {
    let scene = Scene::of(server(flavour).password("right-one")).await;
    let url = scene.url().replace("right-one", "wrong-one");
    let fault = Redis::open(&url, Options::new()).await.unwrap_err();
    assert!(fault.is_denied() && fault.is_misuse(), "{fault}");
    assert!(!format!("{fault} {fault:?}").contains("wrong-one"), "{fault}");
    // Changed while it runs: connections that are open stay, new ones are refused.
    let engine = scene.engine().await;
    scene.server.raw(&["CONFIG", "SET", "requirepass", "another"]).await;
    scene.proxy.cut();
    until(async || added(&engine, "a").await.is_err_and(|fault| fault.is_denied())).await;
    scene.server.raw(&["CONFIG", "SET", "requirepass", "right-one"]).await;
    until(async || added(&engine, "a").await.is_ok()).await;
}

async fn no_password(flavour: Flavour) {
    let scene = Scene::of(server(flavour).password("right-one")).await;
    let fault = Redis::open(&scene.url().replace(":right-one@", ""), Options::new()).await;
    let fault = fault.unwrap_err();
    assert!(fault.is_denied() && fault.is_misuse(), "{fault}");
}

async fn no_right_to_a_key(flavour: Flavour) {
    let rights = "~{mine}* ~exactly:* &* +@all";
    let scene = Scene::of(server(flavour).user("app", "pw", rights)).await;
    let engine = scene.engine().await;
    refused(&scene, &engine, |fault| fault.is_denied() && fault.is_misuse()).await;
    added(&engine, "mine").await.unwrap();
    let fault = read(&engine, "a").await.unwrap_err();
    assert!(fault.is_denied(), "{fault}");
}

async fn no_right_to_a_command(flavour: Flavour) {
    let scene = Scene::of(server(flavour).user("app", "pw", "~* &* +@all")).await;
    let engine = scene.engine().await;
    // Taken away later: without them from the beginning the engine would not open.
    scene.server.raw(&["ACL", "SETUSER", "app", "-incrby", "-evalsha", "-eval"]).await;
    refused(&scene, &engine, |fault| fault.is_denied() && fault.is_misuse()).await;
    assert_eq!(read(&engine, "a").await.unwrap(), 0);
}

async fn a_replica(flavour: Flavour) {
    let scene = Scene::new(flavour).await;
    let engine = scene.engine().await;
    added(&engine, "b").await.unwrap();
    scene.server.raw(&["REPLICAOF", "127.0.0.1", "1"]).await;
    refused(&scene, &engine, |fault| fault.is_read_only() && fault.is_not_applied()).await;
    assert_eq!(read(&engine, "b").await.unwrap(), 1);
    // A replica that knows that it is behind may refuse reads as well.
    scene.server.raw(&["CONFIG", "SET", "replica-serve-stale-data", "no"]).await;
    let fault = read(&engine, "b").await.unwrap_err();
    assert!(fault.is_unavailable() && fault.is_not_applied(), "{fault}");
    scene.server.raw(&["CONFIG", "SET", "replica-serve-stale-data", "yes"]).await;
    scene.server.raw(&["REPLICAOF", "NO", "ONE"]).await;
    well_again(&scene, &engine).await;
}

/// After a failover the same address leads to another server: a batch that met a replica makes the
/// engine look again. Small batches, large ones, by commands and by scripts.
async fn a_replica_becomes_the_primary(flavour: Flavour) {
    let scene = Scene::new(flavour).await;
    let large = || value::Set { to: vec![b'x'; 100_000].into() };
    for small in [true, false] {
        let engine = scene.engine().await;
        let write = async || match small {
            true => added(&engine, "a").await.map(drop),
            false => run(&engine, "large", large()).await,
        };
        write().await.unwrap();
        let connected = scene.proxy.counts().accepted;
        scene.server.raw(&["REPLICAOF", "127.0.0.1", "1"]).await;
        let mut calls = 0;
        bounded(async {
            while scene.proxy.counts().accepted < connected + 2 {
                assert!(write().await.unwrap_err().is_read_only());
                calls += 1;
            }
        })
        .await;
        assert!(calls > 2, "not for every call a new connection");
        scene.server.raw(&["REPLICAOF", "NO", "ONE"]).await;
        write().await.unwrap();
    }
}

async fn loading(flavour: Flavour) {
    let builder = server(flavour).config("loading-process-events-interval-bytes", "1024");
    let scene = Arc::new(Scene::of(builder).await);
    let engine = scene.engine().await;
    for number in 0..200 {
        let name = format!("filling {number}");
        scene.server.raw(&["SET", &name, &"x".repeat(1024)]).await;
    }
    scene.server.raw(&["CONFIG", "SET", "key-load-delay", "50000"]).await;
    scene.server.raw(&["CONFIG", "SET", "rdbcompression", "no"]).await;
    let reloading = tokio::spawn({
        let scene = Arc::clone(&scene);
        async move { drop(scene.server.try_raw(&["DEBUG", "RELOAD"]).await) }
    });
    let is_loading = async || scene.server.raw(&["INFO"]).await.contains("loading:1");
    until(is_loading).await;
    let fault = added(&engine, "a").await.unwrap_err();
    assert!(fault.is_loading() && fault.is_not_applied(), "{fault}");
    let script = run(&engine, "a", value::Set { to: "7".into() }).await.unwrap_err();
    assert!(script.is_loading() && script.is_not_applied(), "{script}");
    assert!(read(&engine, "a").await.unwrap_err().is_loading());
    assert!(is_loading().await, "all of that was while it loaded");
    scene.server.raw(&["CONFIG", "SET", "key-load-delay", "0"]).await;
    let patient = Retry::with_policy(engine, PATIENT);
    assert_eq!(added(&patient, "a").await.unwrap(), 1);
    reloading.await.unwrap();
}

async fn busy(flavour: Flavour) {
    let scene = Arc::new(Scene::of(server(flavour).config("lua-time-limit", "10")).await);
    let engine = scene.engine().await;
    added(&engine, "b").await.unwrap();
    let looping = tokio::spawn({
        let scene = Arc::clone(&scene);
        async move { scene.server.try_raw(&["EVAL", "while true do end", "0"]).await }
    });
    let is_busy = async || scene.server.try_raw(&["PING"]).await.is_err();
    until(is_busy).await;
    for batch in ways("a") {
        let fault = engine.apply(batch).await.unwrap_err();
        assert!(fault.is_busy() && fault.is_not_applied(), "{fault}");
    }
    assert!(read(&engine, "b").await.unwrap_err().is_busy());
    let fault = Redis::open(&scene.url(), Options::new()).await.unwrap_err();
    assert!(fault.is_busy() && fault.is_not_applied(), "{fault}");
    scene.server.raw(&["SCRIPT", "KILL"]).await;
    assert!(looping.await.unwrap().is_err());
    assert_eq!(scene.stored("a").await, 0);
    well_again(&scene, &engine).await;
}

async fn out_of_memory(flavour: Flavour) {
    let scene = Scene::new(flavour).await;
    let engine = scene.engine().await;
    added(&engine, "b").await.unwrap();
    let fields = |value: &str| [("a".into(), value.into())].into_iter().collect();
    run(&engine, "map", map::Set { pairs: fields("1"), limit: None }).await.unwrap();
    let map = scene.everything().await;
    scene.server.raw(&["CONFIG", "SET", "maxmemory", "1"]).await;
    refused(&scene, &engine, |fault| fault.is_out_of_memory() && fault.is_not_applied()).await;
    // A counter that begins with a number of its own has to be created by a script.
    let begins = Add { by: 1, start: 5, bounds: Bounds::NONE };
    for fault in [
        run(&engine, "a", begins).await.unwrap_err(),
        run(&engine, "a", Resize { to: 3 }).await.unwrap_err(),
        run(&engine, "map", map::Set { pairs: fields("2"), limit: None }).await.unwrap_err(),
        run(&engine, "map", map::Replace { with: fields("2"), limit: None }).await.unwrap_err(),
    ] {
        assert!(fault.is_out_of_memory() && fault.is_not_applied(), "{fault}");
    }
    assert_eq!(scene.server.raw(&["EXISTS", "{a}"]).await, "0");
    assert_eq!(scene.everything().await, map);
    assert_eq!(read(&engine, "b").await.unwrap(), 1);
    // What frees memory is allowed.
    let removed = map::Remove { fields: ["a".into()].into_iter().collect() };
    assert_eq!(run(&engine, "map", removed).await.unwrap(), 1);
    assert!(run(&engine, "b", exactly_core::operations::key::Delete {}).await.unwrap());
    scene.server.raw(&["CONFIG", "SET", "maxmemory", "0"]).await;
    well_again(&scene, &engine).await;
}

/// A server without memory takes no more jobs, but those that it has are claimed and come to their
/// end, also where a lease has run out meanwhile. Or the memory would never be free again.
async fn jobs_end_without_memory(flavour: Flavour) {
    const LEASE: Duration = Duration::from_millis(20);
    let scene = Scene::new(flavour).await;
    let engine = scene.engine().await;
    let id = HoldId::from_u128;
    let job = |number| NewJob {
        id: id(number),
        payload: "x".into(),
        delay: Duration::ZERO,
        unique: Some(format!("{number}").into()),
    };
    let claim = |delivery, lease| Claim { deliveries: [id(delivery)].into(), lease, tries_max: 2 };
    let push = Push { jobs: (1..=4).map(job).collect(), limit: None };
    run(&engine, "jobs", push).await.unwrap();
    for delivery in 1..=4 {
        let lease = if delivery == 4 { LEASE } else { LEASE * 10_000 };
        run(&engine, "jobs", claim(delivery, lease)).await.unwrap();
    }
    tokio::time::sleep(LEASE * 2).await;
    scene.server.raw(&["CONFIG", "SET", "maxmemory", "1"]).await;
    let depths = run(&engine, "jobs", Depth {}).await.unwrap();
    assert_eq!((depths.ready, depths.claimed), (1, 3), "a lease ran out");
    let push = Push { jobs: vec![job(7)], limit: None };
    let fault = run(&engine, "jobs", push).await.unwrap_err();
    assert!(fault.is_out_of_memory() && fault.is_not_applied(), "{fault}");
    let failed = Box::new(Failed { after: Duration::ZERO, note: "late".into() });
    let [one, two, three] = [1, 2, 3].map(id);
    let retry = queue::Retry { delivery: one, failed };
    assert_eq!(run(&engine, "jobs", retry).await.unwrap(), Retried::Again);
    let done = Acknowledge { delivery: two };
    assert_eq!(run(&engine, "jobs", done).await.unwrap(), Settled::Settled);
    let bury = Bury { delivery: three, note: "no good".into() };
    assert_eq!(run(&engine, "jobs", bury).await.unwrap(), Settled::Settled);
    let Claimed::Claimed { jobs } = run(&engine, "jobs", claim(5, LEASE * 10_000)).await.unwrap()
    else {
        panic!("one is ready")
    };
    assert_eq!((jobs[0].job, jobs[0].attempt), (id(4), 2), "whose lease ran out");
    let depths = run(&engine, "jobs", Depth {}).await.unwrap();
    let counts = (depths.ready, depths.delayed, depths.claimed, depths.dead);
    assert_eq!(counts, (1, 0, 1, 1));
    scene.server.raw(&["CONFIG", "SET", "maxmemory", "0"]).await;
    well_again(&scene, &engine).await;
}

/// A server that cannot save takes no writes: its folder is gone.
async fn cannot_save(flavour: Flavour) {
    let builder = server(flavour).config("enable-protected-configs", "yes");
    let scene = Scene::of(builder.config("save", "86400 1000000")).await;
    let engine = scene.engine().await;
    let folder = scene.server.folder().join("gone");
    std::fs::create_dir(&folder).unwrap();
    scene.server.raw(&["CONFIG", "SET", "dir", folder.to_str().unwrap()]).await;
    std::fs::remove_dir(&folder).unwrap();
    let saved = async |how: &str| {
        let status = format!("rdb_last_bgsave_status:{how}");
        drop(scene.server.try_raw(&["BGSAVE"]).await);
        until(async || {
            let told = scene.server.raw(&["INFO", "persistence"]).await;
            told.contains(&status) && told.contains("rdb_bgsave_in_progress:0")
        })
        .await;
    };
    saved("err").await;
    refused(&scene, &engine, |fault| fault.is_misconfigured() && fault.is_not_applied()).await;
    assert_eq!(read(&engine, "a").await.unwrap(), 0);
    scene.server.raw(&["CONFIG", "SET", "dir", scene.server.folder().to_str().unwrap()]).await;
    saved("ok").await;
    well_again(&scene, &engine).await;
}

async fn too_few_replicas(flavour: Flavour) {
    let scene = Scene::new(flavour).await;
    let engine = scene.engine().await;
    scene.server.raw(&["CONFIG", "SET", "min-replicas-to-write", "1"]).await;
    refused(&scene, &engine, |fault| fault.is_misconfigured() && fault.is_not_applied()).await;
    scene.server.raw(&["CONFIG", "SET", "min-replicas-to-write", "0"]).await;
    well_again(&scene, &engine).await;
}

async fn too_many_clients(flavour: Flavour) {
    let scene = Scene::of(server(flavour).config("maxclients", "2")).await;
    // What the server was asked before may still be connected for a moment.
    let open = async || Redis::open(&scene.url(), Options::new().connections(1)).await;
    let mut engines = Vec::new();
    bounded(async {
        while engines.len() < 2 {
            match open().await {
                Ok(engine) => engines.push(engine),
                Err(fault) => assert!(fault.is_unavailable(), "{fault}"),
            }
        }
    })
    .await;
    let fault = open().await.unwrap_err();
    assert!(fault.is_unavailable() && fault.is_not_applied(), "{fault}");
    assert_eq!(added(&engines[0], "a").await.unwrap(), 1);
    drop(engines.pop());
    until(async || open().await.is_ok()).await;
}

async fn misuse_of_what_is_stored(flavour: Flavour) {
    let scene = Scene::new(flavour).await;
    let engine = scene.engine().await;
    run(&engine, "seats", Resize { to: 3 }).await.unwrap();
    run(&engine, "text", value::Set { to: "no number".into() }).await.unwrap();
    run(&engine, "full", Add::by(i64::MAX)).await.unwrap();
    let before = scene.everything().await;
    type Is = fn(&Fault) -> bool;
    let table: [(&str, Is); 3] = [
        ("seats", Fault::is_wrong_type),
        ("text", Fault::is_not_a_number),
        ("full", Fault::is_overflow),
    ];
    for (name, is) in table {
        for batch in ways(name).into_iter().filter(|batch| !batch.apart) {
            // To set a text is no misuse of one.
            if batch.steps[0].op == step(name, value::Set { to: "1".into() }).op {
                continue;
            }
            let fault = engine.apply(batch).await.unwrap_err();
            assert!(fault.is_misuse() && is(&fault), "{name}: {fault}");
            assert_eq!(fault.key(), Some(&crate::scene::key(name)));
            assert_eq!(before, scene.everything().await, "{name}: {fault}");
        }
    }
}

/// A server forgets its scripts, in between and in the middle of a crowd: nobody notices.
async fn scripts_are_forgotten(flavour: Flavour) {
    let scene = Scene::new(flavour).await;
    let engine = Arc::new(scene.engine().await);
    for _ in 0..5 {
        scene.server.raw(&["SCRIPT", "FLUSH"]).await;
        run(&*engine, "text", value::Set { to: "x".into() }).await.unwrap();
    }
    let patient = Arc::new(Retry::new(Arc::clone(&engine)));
    let callers = hundreds(8, &patient);
    let flushing = async {
        for _ in 0..50 {
            scene.server.raw(&["SCRIPT", "FLUSH"]).await;
        }
    };
    let (told, ()) = tokio::join!(callers, flushing);
    Tally::of(told).is_exactly(scene.stored("a").await);
    assert_eq!(scene.stored("a").await, 800);
    assert_eq!(scene.proxy.counts().accepted, 1, "and no connection was lost over it");
}
