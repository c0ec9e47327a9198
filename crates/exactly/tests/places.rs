//! Where the objects of a group are: under their own keys, outside of it, and in other stores.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::cell::RefCell;
use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::task::{Context, Waker};

use exactly::core::{
    Answer, Batch, Engine, Listing, Mark, Page, Profile, Rehearsal, Reply, Resolution,
};
use exactly::layers::Faults;
use exactly::{Counter, Fault, Flag, Key, Objects, Store, Token, Value};
use exactly_embedded::Memory;

async fn memory() -> Store {
    Store::open("memory:").await.unwrap()
}

#[derive(Objects)]
#[exactly(name = "course")]
struct Course {
    #[exactly(key = "slots_taken")]
    taken: Counter,
    #[exactly(alone = "legacy:{id}:seats", start = 30)]
    seats: Counter,
    #[exactly(alone = "legacy_total", global)]
    total: Counter,
}

#[tokio::test]
async fn an_object_stands_alone_under_a_name_with_its_id() {
    let store = Store::builder().namespace("shop").open("memory:").await.unwrap();
    let course = Course::at(&store, 42);
    assert_eq!(course.taken.key().unwrap().to_string(), "shop:course:42:slots_taken");
    assert_eq!(course.seats.decrement().await.unwrap(), 29);
    course.total.increment().await.unwrap();
    let alone: Counter = Counter::new(&store, "legacy:42:seats");
    assert_eq!(alone.key().unwrap(), course.seats.key().unwrap());
    assert_eq!(alone.get().await.unwrap(), 29);
    assert_eq!(Course::at(&store, 43).seats.get().await.unwrap(), 30, "another id, another object");
    let total: Counter = Counter::new(&store, "legacy_total");
    assert_eq!(total.get().await.unwrap(), 1);
    assert_eq!(course.delete_all().await.unwrap(), 1, "what stands alone is its own, too");
    assert!(!alone.exists().await.unwrap());
    assert_eq!(total.get().await.unwrap(), 1, "what all share stays");
}

#[tokio::test]
async fn no_two_ids_have_one_name_and_what_is_no_id_elsewhere_is_none_here() {
    let store = memory().await;
    let ids = ["1", "1:seats", ":", "legacy:1", "{id}", "1:seats:legacy:1", "%3A", "é"];
    let keys: Vec<_> =
        ids.iter().map(|id| Course::at(&store, *id).seats.key().unwrap().clone()).collect();
    for (at, key) in keys.iter().enumerate() {
        assert!(!keys[..at].contains(key), "{key}");
    }
    let (long, longest) = ("x".repeat(256), "x".repeat(255));
    for id in ["", "a\0b", &long] {
        let fault = Course::at(&store, id).seats.get().await.unwrap_err();
        assert!(fault.is_bad_name() && fault.to_string().contains("a id needs"), "{fault}");
    }
    let fault = Course::at(&store, &*longest).seats.get().await.unwrap_err();
    assert!(fault.is_bad_name() && fault.to_string().contains("268 bytes"), "{fault}");
}

#[derive(Objects)]
#[exactly(name = "course")]
struct Archived {
    taken: Counter,
    #[exactly(store = "archive")]
    ever_taken: Counter,
    motto: Value<String>,
    #[exactly(store = "archive", alone = "mottos:{id}")]
    first_motto: Value<String>,
    #[exactly(store = "archive", global)]
    all_ever: Counter,
}

impl Archived {
    async fn fill(&self) {
        for counter in [&self.taken, &self.ever_taken, &self.all_ever] {
            counter.increment().await.unwrap();
        }
        self.motto.set("a").await.unwrap();
        self.first_motto.set("b").await.unwrap();
    }

    async fn left(&self) -> [bool; 5] {
        [
            self.taken.exists().await.unwrap(),
            self.ever_taken.exists().await.unwrap(),
            self.motto.exists().await.unwrap(),
            self.first_motto.exists().await.unwrap(),
            self.all_ever.exists().await.unwrap(),
        ]
    }
}

#[tokio::test]
async fn a_field_lives_in_the_store_it_names_and_delete_all_finds_it() {
    let archive = Store::builder().namespace("old").open("memory:").await.unwrap();
    let store = Store::builder().beside("archive", archive.clone()).open("memory:").await.unwrap();
    let course = Archived::at(&store, 42);
    course.fill().await;
    assert_eq!(course.ever_taken.key().unwrap().to_string(), "old:course:42:ever_taken");
    assert_eq!(course.first_motto.key().unwrap().to_string(), "old:::mottos%3A42");
    let there: Value<String> = Value::new(&archive, "mottos:42");
    assert_eq!(there.get().await.unwrap().as_deref(), Some("b"));
    assert_eq!(Archived::at(&archive, 42).taken.get().await.unwrap(), 0, "it is not here as well");
    assert_eq!(course.delete_all().await.unwrap(), 4);
    assert_eq!(course.left().await, [false, false, false, false, true]);
    assert_eq!(course.delete_all().await.unwrap(), 0);
}

#[tokio::test]
async fn a_store_that_is_not_there_is_misuse_at_the_first_call_and_nothing_changes() {
    let [other, third] = [memory().await, memory().await];
    for (store, known) in [
        (memory().await, "no store is"),
        (Store::builder().beside("other", other.clone()).build(Memory::new()), "`other` is"),
        (
            Store::builder().beside("a", third).beside("other", other).build(Memory::new()),
            "`a`, `other` are",
        ),
    ] {
        let course = Archived::at(&store, 42);
        let fault = course.ever_taken.increment().await.unwrap_err();
        assert!(fault.is_misuse() && fault.is_bad_setting(), "{fault}");
        let expected = format!("none named `archive` ({known})");
        assert!(fault.to_string().contains(&expected), "{fault}");
        assert_eq!(course.taken.increment().await.unwrap(), 1, "the others are as ever");
        assert!(course.delete_all().await.unwrap_err().is_bad_setting());
        assert_eq!(course.taken.get().await.unwrap(), 1, "nothing was deleted");
    }
}

#[tokio::test]
async fn the_later_store_of_a_name_counts() {
    let [first, second] = [memory().await, memory().await];
    let builder = Store::builder().beside("archive", first).beside("archive", second.clone());
    let store = builder.open("memory:").await.unwrap();
    Archived::at(&store, 42).ever_taken.increment().await.unwrap();
    let there: Counter = Counter::new(&second, "x");
    assert!(!there.exists().await.unwrap());
    let store = Store::builder().beside("archive", second).open("memory:").await.unwrap();
    assert_eq!(Archived::at(&store, 42).ever_taken.get().await.unwrap(), 1);
}

/// An engine that cannot be reached while the door is shut.
#[derive(Debug, Default)]
struct Door {
    inner: Memory,
    shut: AtomicBool,
}

impl Engine for Door {
    fn apply(&self, batch: Batch) -> Answer<'_, Reply> {
        if self.shut.load(Ordering::Relaxed) {
            return Answer::ready(Err(Fault::unavailable("connection refused")));
        }
        self.inner.apply(batch)
    }

    fn changed(&self, key: &Key, since: Mark) -> Answer<'_, Mark> {
        self.inner.changed(key, since)
    }

    fn keys(&self, listing: Listing) -> Answer<'_, Page> {
        self.inner.keys(listing)
    }

    fn resolve(&self, token: &Token) -> Answer<'_, Resolution> {
        self.inner.resolve(token)
    }

    fn rehearse(&self, batch: Batch) -> Answer<'_, Rehearsal> {
        self.inner.rehearse(batch)
    }

    fn profile(&self) -> Profile {
        self.inner.profile()
    }
}

#[tokio::test]
async fn a_deletion_that_fails_in_the_second_store_says_that_it_is_done_in_the_first() {
    let [first, second] = [(); 2].map(|()| Arc::new(Door::default()));
    let archive = Store::new(Arc::clone(&second));
    let store = Store::builder().beside("archive", archive).build(Arc::clone(&first));
    let course = Archived::at(&store, 42);
    course.fill().await;
    first.shut.store(true, Ordering::Relaxed);
    let fault = course.delete_all().await.unwrap_err();
    assert!(fault.is_not_applied() && fault.is_unavailable(), "{fault}");
    first.shut.store(false, Ordering::Relaxed);
    assert_eq!(course.left().await, [true; 5]);
    second.shut.store(true, Ordering::Relaxed);
    let fault = course.delete_all().await.unwrap_err();
    let expected = "unknown: connection refused; in 1 of 2 stores the objects are deleted: delete \
                    again for the rest";
    assert!(fault.is_unavailable());
    assert_eq!(fault.to_string(), expected);
    second.shut.store(false, Ordering::Relaxed);
    assert_eq!(course.left().await, [false, true, false, true, true]);
    assert_eq!(course.delete_all().await.unwrap(), 2);
    assert_eq!(course.left().await, [false, false, false, false, true]);
}

#[tokio::test]
async fn a_deletion_that_has_begun_is_carried_to_its_end_in_all_stores() {
    let late = || Store::builder().build(Faults::late(Memory::new()));
    for polls in 0..12 {
        let store = Store::builder().beside("archive", late()).build(Faults::late(Memory::new()));
        let course = Archived::at(&store, 42);
        course.fill().await;
        let mut context = Context::from_waker(Waker::noop());
        {
            let mut deletion = pin!(course.delete_all());
            for _ in 0..polls {
                if deletion.as_mut().poll(&mut context).is_ready() {
                    break;
                }
                // A moment of the engine's has to pass between two polls.
                tokio::task::yield_now().await;
            }
        }
        store.settle().await;
        let left = if polls == 0 { [true; 5] } else { [false, false, false, false, true] };
        assert_eq!(course.left().await, left, "dropped after {polls} polls");
    }
}

thread_local!(static SECOND: RefCell<Option<Store>> = const { RefCell::new(None) });

fn second() -> Store {
    SECOND.with_borrow(|store| store.clone().unwrap())
}

static ROOMS: AtomicU64 = AtomicU64::new(100);

#[derive(Objects)]
#[exactly(name = "course")]
struct Computed {
    #[exactly(store = second())]
    marked: Flag,
    #[exactly(store = &second(), key = "also")]
    also_marked: Flag,
    #[exactly(default = "none")]
    motto: Value<String>,
    #[exactly(default = ROOMS.fetch_add(Self::STEP, Ordering::Relaxed))]
    room: Value<u64>,
    #[exactly(default = 7)]
    floor: Value<u8>,
}

impl Computed {
    const STEP: u64 = 1;
}

#[tokio::test]
async fn stores_and_defaults_are_any_expression_and_defaults_are_made_for_each_read() {
    let [store, other] = [memory().await, memory().await];
    SECOND.set(Some(other.clone()));
    let course = Computed::at(&store, 42);
    course.marked.mark().await.unwrap();
    course.also_marked.mark().await.unwrap();
    assert!(Computed::at(&other, 42).marked.is_marked().await.unwrap());
    assert_eq!(course.motto.get().await.unwrap().as_deref(), Some("none"));
    let rooms = [course.room.get().await.unwrap(), course.room.get().await.unwrap()];
    assert_eq!(rooms, [Some(100), Some(101)]);
    assert_eq!(course.floor.get().await.unwrap(), Some(7));
    assert!(!course.motto.exists().await.unwrap());
    assert_eq!(course.delete_all().await.unwrap(), 2);
}
