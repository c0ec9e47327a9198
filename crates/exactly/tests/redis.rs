//! A store on Redis: what holds in this process's memory holds there, for several stores at once.
#![cfg(feature = "redis")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::env;
use std::future::pending;
use std::panic::AssertUnwindSafe;
use std::process::Command;
use std::sync::Arc;
use std::time::Duration;

use exactly::core::{Durability, Mark};
use exactly::layers::RetryPolicy;
use exactly::redis::{Client, Options};
use exactly::{
    Capacity, Confirmed, Counter, Extended, Flag, Life, Objects, Ran, Store, Taking, Token, Tried,
    Value,
};
use exactly_conformance::servers::{Flavour, Redis, flavours, has_openssl, skipped};
use tokio::sync::Notify;
use tokio::task::JoinSet;
use tokio::time::timeout;

const PATIENCE: Duration = Duration::from_secs(60);

#[derive(Clone, Objects)]
#[exactly(name = "course")]
struct Course {
    #[exactly(max = 30)]
    slots_taken: Counter,
    #[exactly(limit = 30, lease = "30s")]
    seats: Capacity,
    motto: Value<String>,
    #[exactly(ttl = "1h")]
    closing: Flag,
    #[exactly(global)]
    total_enrolled: Counter,
}

/// Whether this machine has a server to test with.
fn here() -> bool {
    Flavour::Redis7.missing().is_none_or(|why| skipped(&why))
}

/// A private server, and two stores on it that know nothing of each other.
async fn two_stores(flavour: Flavour) -> (Redis, [Store; 2]) {
    let server = Redis::start(flavour).await;
    let url = server.url();
    let stores = [Store::open(&url).await.unwrap(), Store::open(&url).await.unwrap()];
    (server, stores)
}

/// The machine's own server with a store, if it has one.
async fn store() -> Option<(Redis, Store)> {
    if !here() {
        return None;
    }
    let (server, [store, _]) = two_stores(Flavour::Redis7).await;
    Some((server, store))
}

async fn levels(seats: &Capacity) -> (u64, u64, u64) {
    let levels = seats.levels().await.unwrap();
    (levels.free, levels.held, levels.confirmed)
}

// ===== objects =====

#[tokio::test]
async fn a_group_is_shared_by_the_stores_of_one_server() {
    for flavour in flavours() {
        let (_server, stores) = two_stores(flavour).await;
        let [ours, theirs] = [0, 1].map(|store| Course::at(&stores[store], 42));
        assert_eq!(ours.slots_taken.increment().await.unwrap(), 1);
        assert_eq!(theirs.slots_taken.increment().await.unwrap(), 2);
        ours.motto.set("first come").await.unwrap();
        assert_eq!(theirs.motto.get().await.unwrap().as_deref(), Some("first come"));
        assert!(ours.closing.mark_if_unmarked().await.unwrap());
        assert!(!theirs.closing.mark_if_unmarked().await.unwrap());
        assert!(matches!(theirs.closing.ttl().await.unwrap(), Life::Left(_)));
        ours.seats.take(2).await.unwrap().held().unwrap().keep();
        assert_eq!(levels(&theirs.seats).await, (28, 2, 0));
        Course::at(&stores[0], 43).total_enrolled.increment().await.unwrap();
        assert_eq!(theirs.delete_all().await.unwrap(), 4);
        assert_eq!(ours.delete_all().await.unwrap(), 0);
        assert_eq!(theirs.total_enrolled.get().await.unwrap(), 1, "it is everybody's");
        assert_eq!(levels(&ours.seats).await, (30, 0, 0));
    }
}

#[tokio::test]
async fn a_block_keeps_its_step_or_takes_it_back() {
    let Some((_server, store)) = store().await else { return };
    let taken = Course::at(&store, 42).slots_taken;
    assert_eq!(taken.increment_with(async |n| Some(n)).await.unwrap(), Ran::Kept(1));
    assert_eq!(taken.add_with(5, async |_| None::<()>).await.unwrap(), Ran::Undone(()));
    let declined = taken.increment_with(async |_| Err::<(), _>("declined")).await.unwrap();
    assert_eq!(declined, Ran::Undone("declined"));
    assert_eq!(taken.get().await.unwrap(), 1);
    let reset = async |_| {
        taken.reset().await.unwrap();
        None::<()>
    };
    assert_eq!(taken.increment_with(reset).await.unwrap(), Ran::Undone(()));
    assert_eq!(taken.get().await.unwrap(), 0, "of a counter that was reset nothing is undone");
}

#[tokio::test]
async fn a_block_that_panics_or_is_dropped_is_undone_by_the_time_the_store_has_settled() {
    let Some((_server, store)) = store().await else { return };
    let taken = Course::at(&store, 42).slots_taken;
    let panicking = AssertUnwindSafe(taken.clone());
    let panicked = tokio::spawn(async move {
        let block = async |_| -> Option<()> { panic!("the provider is down") };
        drop(panicking.increment_with(block).await);
    });
    assert!(panicked.await.unwrap_err().is_panic());
    let inside = Arc::new(Notify::new());
    let dropped = {
        let (taken, inside) = (taken.clone(), Arc::clone(&inside));
        tokio::spawn(async move {
            let block = async |_| {
                inside.notify_one();
                pending::<Option<()>>().await
            };
            drop(taken.add_with(7, block).await);
        })
    };
    inside.notified().await;
    dropped.abort();
    assert!(dropped.await.unwrap_err().is_cancelled());
    store.settle().await;
    assert_eq!(taken.get().await.unwrap(), 0);
}

#[tokio::test]
async fn a_hold_is_confirmed_released_extended_dropped_or_lapses() {
    let Some((_server, store)) = store().await else { return };
    let seats = Course::at(&store, 42).seats;
    let take = async || seats.take(1).await.unwrap().held().unwrap();
    assert_eq!(take().await.confirm().await.unwrap(), Confirmed::Confirmed);
    assert!(take().await.release().await.unwrap());
    let extended = take().await;
    assert_eq!(extended.extend(Duration::from_secs(60)).await.unwrap(), Extended::Extended);
    assert_eq!(levels(&seats).await, (28, 1, 1));
    let elsewhere = extended.keep();
    assert_eq!(seats.hold(elsewhere).confirm().await.unwrap(), Confirmed::Confirmed);
    assert_eq!(seats.hold(elsewhere).confirm().await.unwrap(), Confirmed::Confirmed);
    drop(take().await);
    store.settle().await;
    assert_eq!(levels(&seats).await, (28, 0, 2));
    let brief = Duration::from_millis(20);
    let lapsed = seats.take_for(1, brief).await.unwrap().held().unwrap().keep();
    let key = seats.key().unwrap();
    let mut mark = store.changed(key, Mark::NONE).await.unwrap();
    while levels(&seats).await.1 == 1 {
        mark = timeout(PATIENCE, store.changed(key, mark)).await.unwrap().unwrap();
    }
    assert_eq!(seats.hold(lapsed).confirm().await.unwrap(), Confirmed::Lapsed);
    assert_eq!(levels(&seats).await, (28, 0, 2));
}

#[tokio::test]
async fn a_token_is_one_effect_for_all_stores() {
    for flavour in flavours() {
        let (_server, stores) = two_stores(flavour).await;
        let job = || Token::caller("job-7", Duration::from_secs(60)).unwrap();
        for store in &stores {
            let course = Course::at(store, 42);
            assert_eq!(course.slots_taken.add(5).token(job()).await.unwrap(), 5);
        }
        let course = Course::at(&stores[1], 42);
        assert_eq!(course.slots_taken.get().await.unwrap(), 5);
        let fault = course.slots_taken.add(6).token(job()).await.unwrap_err();
        assert!(fault.is_token_reused(), "{fault}");
    }
}

// ===== races =====

/// 200 requests, each by one of the two stores: how many were let in.
async fn race<F>(stores: &[Store; 2], enrol: impl Fn(Course) -> F) -> usize
where
    F: Future<Output = bool> + Send + 'static,
{
    let mut crowd = JoinSet::new();
    for number in 0..200 {
        crowd.spawn(enrol(Course::at(&stores[number % 2], 42)));
    }
    let enrolled = timeout(PATIENCE, crowd.join_all()).await.unwrap();
    enrolled.into_iter().filter(|enrolled| *enrolled).count()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn thirty_of_two_hundred_get_a_seat() {
    for flavour in flavours() {
        let (_server, stores) = two_stores(flavour).await;
        let enrolled = race(&stores, |course| async move {
            match course.seats.take(1).await.unwrap() {
                Taking::Held(seat) => seat.confirm().await.unwrap() == Confirmed::Confirmed,
                Taking::Full { .. } => false,
            }
        });
        assert_eq!(enrolled.await, 30);
        assert_eq!(levels(&Course::at(&stores[0], 42).seats).await, (0, 0, 30));
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn thirty_of_two_hundred_take_a_slot_and_some_give_it_back() {
    for flavour in flavours() {
        let (_server, stores) = two_stores(flavour).await;
        let taken = race(&stores, |course| async move {
            match course.slots_taken.try_increment().await.unwrap() {
                Tried::Stepped(value) => (1..=30).contains(&value),
                Tried::OutOfBounds { value } => value != 30,
            }
        });
        assert_eq!(taken.await, 30);
        let undone = race(&stores, |course| async move {
            let ran = course.slots_taken.decrement_with(async |_| None::<()>).await.unwrap();
            ran.is_kept()
        });
        assert_eq!(undone.await, 0);
        assert_eq!(Course::at(&stores[1], 42).slots_taken.get().await.unwrap(), 30);
    }
}

#[tokio::test]
async fn whoever_waits_is_woken_by_a_write_of_another_store() {
    for flavour in flavours() {
        let (_server, [waiting, writing]) = two_stores(flavour).await;
        let motto = Course::at(&writing, 42).motto;
        let key = motto.key().unwrap().clone();
        let mark = waiting.changed(&key, Mark::NONE).await.unwrap();
        let woken = tokio::spawn(async move { waiting.changed(&key, mark).await });
        motto.set("first come").await.unwrap();
        let next = timeout(PATIENCE, woken).await.unwrap().unwrap().unwrap();
        assert_ne!(next, mark);
    }
}

// ===== opening =====

#[tokio::test]
async fn a_builder_puts_namespace_timeout_retry_and_options_around_the_server() {
    let Some((server, plain)) = store().await else { return };
    let store = Store::builder()
        .namespace("shop")
        .timeout(Duration::from_secs(5))
        .retry(RetryPolicy { attempts_max: 3, ..RetryPolicy::default() })
        .redis(Options::new().records("shop-records").connections(1))
        .open(&server.url())
        .await
        .unwrap();
    assert_eq!((store.namespace(), store.profile().name), ("shop", "redis"));
    assert_eq!(store.profile().durability, Durability::Server);
    Course::at(&store, 42).slots_taken.increment().await.unwrap();
    assert_eq!(server.raw(&["GET", "shop:{course:42}:slots_taken"]).await, "1");
    assert!(server.raw(&["KEYS", "*"]).await.contains("shop-records:session:"));
    assert_eq!(Course::at(&plain, 42).slots_taken.get().await.unwrap(), 0);
}

#[tokio::test]
async fn a_store_stands_on_a_client_or_on_a_connection() {
    let Some((server, _)) = store().await else { return };
    let client = || Client::open(server.url()).unwrap();
    let on_client = Store::from_client(client()).await.unwrap();
    let connection = client().get_multiplexed_async_connection().await.unwrap();
    let on_connection = Store::from_connection(connection.clone()).await.unwrap();
    let beside = Store::builder().namespace("shop").on_connection(connection).await.unwrap();
    for (store, value) in [(&on_client, 1), (&on_connection, 2), (&beside, 1)] {
        let taken = Course::at(store, 42).slots_taken;
        assert_eq!(taken.increment().await.unwrap(), value);
    }
    drop(on_connection);
    assert_eq!(Course::at(&beside, 42).slots_taken.get().await.unwrap(), 1, "it is still open");
}

#[tokio::test]
async fn a_store_shows_where_it_is_and_no_password() {
    if !here() {
        return;
    }
    let server = Redis::builder().user("ann", "s3cret", "~* +@all").start().await;
    let store = Store::open(&server.url()).await.unwrap();
    let taken = Counter::new(&store, "taken");
    taken.increment().await.unwrap();
    let url = server.url().replace("s3cret", "s3cret-and-wrong");
    let fault = Store::open(&url).await.unwrap_err();
    assert!(fault.is_denied(), "{fault}");
    let shown = format!("{store:?} {taken:?} {:?} {fault} {fault:?}", store.profile());
    assert!(!shown.contains("s3cret"), "{shown}");
}

// ===== the system's certificates =====

const CASE: &str = "EXACTLY_TEST_CASE";

/// A process has one environment, which its threads share: this half runs in one of its own.
#[tokio::test]
async fn second_process() {
    if env::var_os(CASE).is_none() {
        return;
    }
    match Store::from_env().await {
        Ok(store) => {
            println!("told: {}", Counter::new(&store, "taken").increment().await.unwrap());
        }
        Err(fault) => println!("told: {fault}"),
    }
}

#[tokio::test]
async fn the_certificates_of_the_system_are_those_that_are_trusted() {
    if !here() {
        return;
    }
    if !here() || (!has_openssl() && !skipped("TLS: install openssl")) {
        return;
    }
    let server = Redis::builder().password("s3cret").tls(true).start().await;
    let by_name = server.url().replace("127.0.0.1", "localhost");
    for (url, trusted, says) in
        [(server.url(), true, "1"), (by_name, true, "2"), (server.url(), false, "certificate")]
    {
        let mut process = Command::new(env::current_exe().unwrap());
        process.args(["--exact", "second_process", "--nocapture"]);
        process.env(CASE, "yes").env("EXACTLY_URL", url);
        if trusted {
            process.env("SSL_CERT_FILE", server.ca());
        }
        let output = process.output().unwrap();
        let text = String::from_utf8_lossy(&output.stdout).into_owned();
        let (_, told) = text.split_once("told: ").unwrap();
        let told = told.lines().next().unwrap();
        assert!(told.contains(says) && !text.contains("s3cret"), "{told}");
    }
}

// ===== the examples =====

/// What an example tells of this, run on the server; nothing if it is not built.
fn told_by(example: &str, server: &Redis, of: &str) -> Option<String> {
    let tests = env::current_exe().unwrap();
    let program = tests.ancestors().nth(2).unwrap().join("examples").join(example);
    if !program.is_file() && !skipped("the examples are not built: test the whole package") {
        return None;
    }
    let output = Command::new(&program).env("EXACTLY_URL", server.url()).output().unwrap();
    let page = String::from_utf8_lossy(&output.stdout).into_owned();
    assert!(output.status.success(), "{output:?}");
    let told = page.lines().find_map(|line| line.strip_prefix(of)).unwrap();
    Some(told.trim().to_owned())
}

#[tokio::test]
async fn the_example_of_transfers_makes_no_money_and_loses_none() {
    let Some((server, _store)) = store().await else { return };
    let Some(sum) = told_by("transfer", &server, "in all:") else { return };
    assert_eq!(sum, "400");
}

#[tokio::test]
async fn the_example_of_mails_sends_each_once() {
    let Some((server, _store)) = store().await else { return };
    let Some(sent) = told_by("mails", &server, "sent:") else { return };
    assert_eq!(sent, "100");
}

#[tokio::test]
async fn the_example_never_enrols_more_than_thirty_however_often_it_runs() {
    let Some((server, store)) = store().await else { return };
    let course = Course::at(&store, 42);
    let mut enrolled = 0;
    for _ in 0..3 {
        let Some(told) = told_by("course", &server, "enrolled:") else { return };
        enrolled += told.parse::<u64>().unwrap();
        assert_eq!(levels(&course.seats).await, (30 - enrolled, 0, enrolled));
        assert_eq!(course.total_enrolled.get().await.unwrap(), i64::try_from(enrolled).unwrap());
    }
    assert!(enrolled > 20, "{enrolled}");
}
