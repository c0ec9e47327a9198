//! Servers that lack a command of the newer ones: the same meaning, by other commands.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::num::NonZeroU64;

use exactly_conformance::servers::{self, Flavour, skipped};
use exactly_core::operations::set::{Add, Added, Contains, Remove};
use exactly_core::{Batch, Bytes, Engine, Key, Operation, Reply, Step};
use exactly_redis::{Options, Redis};

fn these<B: FromIterator<Bytes>>(letters: &str) -> B {
    letters.chars().map(|letter| Bytes::from(letter.to_string())).collect()
}

#[tokio::test]
async fn members_are_asked_for_one_by_one_where_they_cannot_be_at_once() {
    if Flavour::Redis7.missing().is_some_and(|why| !skipped(&why)) {
        return;
    }
    // As before Redis 6.2.
    let builder = servers::Redis::builder().config("rename-command", "SMISMEMBER \"\"");
    let server = builder.start().await;
    let engine = Redis::open(&server.url(), Options::new()).await.unwrap();
    let key = Key::alone("", "set").unwrap();
    let step = |op: exactly_core::Op| Step::new(key.clone(), op);
    let apply = async |steps: Vec<Step>| engine.apply(Batch::of(steps)).await.unwrap();
    let add = |letters, limit| Add { members: these(letters), limit: NonZeroU64::new(limit) };
    let added = apply(vec![step(add("abc", 4).into_op())]).await.only::<Add>().unwrap();
    assert_eq!(added, Added::Added { new: 3 });
    let contains = Contains { members: these("axc") };
    let told = apply(vec![step(contains.into_op())]).await.only::<Contains>().unwrap();
    assert_eq!(told.to_vec(), [true, false, true]);
    let remove = Remove { members: these("axb") };
    let refused = [remove.into_op(), add("xyz", 2).into_op()].map(step);
    let told = apply(refused.to_vec()).await;
    assert!(matches!(told, Reply::Refused(_)), "{told:?}");
    assert_eq!(server.raw(&["SCARD", "{set}"]).await, "3");
}
