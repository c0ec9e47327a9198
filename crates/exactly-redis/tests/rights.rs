//! Users of few rights: what they need, and what is said of what they lack.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::time::Duration;

use exactly_conformance::servers::{self, Flavour, flavours, skipped};
use exactly_core::operations::capacity::{Read, Take};
use exactly_core::operations::counter::{Add, Bounds};
use exactly_core::operations::flag::Mark;
use exactly_core::operations::key::{Delete, Exists};
use exactly_core::{
    Batch, Durability, Engine, Fault, HoldId, Key, Listing, Mark as State, Operation, Pattern,
    Reply, Step,
};
use exactly_redis::{Options, RIGHTS, Redis};

/// Rights that are asked for where they are needed.
const WHERE_NEEDED: [&str; 2] = ["+restore", "+scan"];

const KEYS: &str = "~shop:* ~exactly:*";

/// Whether this machine has a server to test with.
fn here() -> bool {
    Flavour::Redis7.missing().is_none_or(|why| skipped(&why))
}

/// A server whose only user has these rights.
async fn limited(rights: &str) -> servers::Redis {
    servers::Redis::builder().user("ann", "pw", rights).start().await
}

async fn open(server: &servers::Redis) -> Result<Redis, Fault> {
    Redis::open(&server.url(), Options::new()).await
}

fn key(name: &str) -> Key {
    Key::in_group("shop", "course", "42", name).unwrap()
}

fn step(key: &Key, operation: impl Operation) -> Step {
    Step::new(key.clone(), operation.into_op())
}

fn take() -> Take {
    Take { hold: HoldId::unique(), units: 1, lease: Duration::from_secs(60), limit: 2 }
}

async fn apply(engine: &Redis, step: Step) -> Result<Reply, Fault> {
    engine.apply(Batch::one(step)).await
}

#[tokio::test]
async fn each_right_that_is_missing_is_named_when_the_store_is_opened() {
    if !here() {
        return;
    }
    let server = limited(&format!("{KEYS} {RIGHTS}")).await;
    open(&server).await.unwrap();
    for right in RIGHTS.split_whitespace().filter(|right| !WHERE_NEEDED.contains(right)) {
        let without = right.replacen('+', "-", 1);
        server.raw(&["ACL", "SETUSER", "ann", &without]).await;
        let fault = open(&server).await.unwrap_err();
        assert!(fault.is_misuse() && fault.is_denied(), "{without}: {fault}");
        let name = right.trim_start_matches('+');
        assert!(fault.to_string().contains(name), "{without}: {fault}");
        server.raw(&["ACL", "SETUSER", "ann", right]).await;
    }
    open(&server).await.unwrap();
}

#[tokio::test]
async fn the_keys_of_the_records_are_missed_when_the_store_is_opened() {
    if !here() {
        return;
    }
    let server = limited(&format!("~shop:* {RIGHTS}")).await;
    let fault = open(&server).await.unwrap_err();
    assert!(fault.is_denied() && fault.to_string().contains("`~exactly:*`"), "{fault}");
    let options = Options::new().records("shop:records");
    Redis::open(&server.url(), options).await.unwrap();
}

#[tokio::test]
async fn a_key_that_is_not_the_users_is_denied_and_nothing_is_changed() {
    if !here() {
        return;
    }
    let server = limited(&format!("{KEYS} {RIGHTS}")).await;
    let engine = open(&server).await.unwrap();
    let theirs = Key::in_group("bank", "course", "42", "taken").unwrap();
    for batch in [
        Batch::one(step(&theirs, Add::by(1))),
        Batch::one(step(&theirs, Exists {})),
        Batch::of([step(&key("taken"), Add::by(1)), step(&theirs, Add::by(1))]),
    ] {
        let fault = engine.apply(batch).await.unwrap_err();
        assert!(fault.is_misuse() && fault.is_denied(), "{fault}");
    }
    assert_eq!(server.raw(&["DBSIZE"]).await, "0");
}

/// What many servers give: all that is not dangerous.
#[tokio::test]
async fn without_the_right_to_restore_only_what_needs_it_is_refused() {
    if !here() {
        return;
    }
    let server = limited("~* &* +@all -@dangerous").await;
    let engine = open(&server).await.unwrap();
    let [seats, once, taken] = ["seats", "once", "taken"].map(key);
    apply(&engine, step(&seats, take())).await.unwrap();
    let mark = Mark { only_if_unmarked: true };
    apply(&engine, step(&once, mark.clone())).await.unwrap();
    // The mark is refused, and the deletion would have to be taken back.
    let both = Batch::of([step(&taken, Add::by(1)), step(&seats, Delete {}), step(&once, mark)]);
    let fault = engine.apply(both).await.unwrap_err();
    assert!(fault.is_not_applied() && fault.to_string().contains("`+restore`"), "{fault}");
    assert_eq!(server.raw(&["EXISTS", "shop:{course:42}:taken"]).await, "0");
    assert_eq!(server.raw(&["HGET", "shop:{course:42}:seats", "held"]).await, "1");
    // Alone it needs nothing to take it back.
    apply(&engine, step(&seats, Delete {})).await.unwrap();
    assert_eq!(server.raw(&["EXISTS", "shop:{course:42}:seats"]).await, "0");
}

#[tokio::test]
async fn without_the_right_to_list_only_listing_is_refused() {
    if !here() {
        return;
    }
    let server = limited(&format!("{KEYS} {RIGHTS} -scan")).await;
    let engine = open(&server).await.unwrap();
    apply(&engine, step(&key("taken"), Add::by(1))).await.unwrap();
    let all = Listing { pattern: Pattern::glob("shop", "*"), after: None, count: 10 };
    let fault = engine.keys(all.clone()).await.unwrap_err();
    assert!(fault.is_denied() && fault.to_string().contains("scan"), "{fault}");
    server.raw(&["ACL", "SETUSER", "ann", "+scan"]).await;
    let page = engine.keys(all).await.unwrap();
    assert!(page.keys == [key("taken")] || page.next.is_some());
}

#[tokio::test]
async fn a_server_that_tells_this_user_nothing_opens_and_is_promised_nothing() {
    for flavour in flavours() {
        for rights in [format!("{KEYS} {RIGHTS}"), "~* &* +@all -info -config -hello".to_owned()] {
            let builder = servers::Redis::builder().flavour(flavour).user("ann", "pw", &rights);
            let server = builder.config("appendonly", "yes").start().await;
            // The user of the tests themselves, who may do everything.
            let all = format!("unix://{}?user=exactly-tester&pass=any", server.socket());
            let told = Redis::open(&all, Options::new()).await.unwrap().profile();
            let profile = open(&server).await.unwrap().profile();
            assert_eq!((profile.name, told.durability), (told.name, Durability::Seconds));
            assert_eq!(profile.durability, Durability::Server, "the least, for it does not tell");
        }
    }
}

#[tokio::test]
async fn a_right_to_a_newer_command_is_not_needed() {
    for flavour in flavours() {
        let rights = format!("{KEYS} {RIGHTS}");
        let server = servers::Redis::builder().flavour(flavour).user("ann", "pw", &rights);
        let server = server.start().await;
        let bounded = Add { bounds: Bounds { min: None, max: Some(30) }, ..Add::by(1) };
        for more in ["+increx", "-increx"] {
            // A server that does not know the command does not know a right to it.
            let _ = server.try_raw(&["ACL", "SETUSER", "ann", more]).await;
            let engine = open(&server).await.unwrap();
            apply(&engine, step(&key("taken"), bounded.clone())).await.unwrap();
        }
        assert_eq!(server.raw(&["GET", "shop:{course:42}:taken"]).await, "2");
    }
}

#[tokio::test]
async fn without_the_right_to_be_told_a_change_is_looked_for() {
    if !here() {
        return;
    }
    let server = limited(&format!("{KEYS} {RIGHTS}")).await;
    let [waiting, writing] = [open(&server).await.unwrap(), open(&server).await.unwrap()];
    let seats = key("seats");
    let mark = waiting.changed(&seats, State::NONE).await.unwrap();
    let woken = tokio::spawn({
        let seats = seats.clone();
        async move { waiting.changed(&seats, mark).await }
    });
    apply(&writing, step(&seats, take())).await.unwrap();
    let next = tokio::time::timeout(Duration::from_secs(30), woken).await.unwrap().unwrap();
    assert_ne!(next.unwrap(), mark);
    apply(&writing, step(&seats, Read { limit: 2 })).await.unwrap();
}
