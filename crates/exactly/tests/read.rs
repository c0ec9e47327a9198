//! Reading many objects at once.
#![cfg(feature = "memory")]
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::sync::Arc;
use std::time::Duration;

use exactly::core::layers::{Call, History, Record};
use exactly::core::{BATCH_MAX, Engine};
use exactly::{
    Capacity, Counter, Fault, Flag, Json, List, Map, Objects, Set, SortedSet, Store, Value,
};
use exactly_embedded::Memory;

#[derive(Objects, Clone)]
#[exactly(name = "course")]
struct Course {
    #[exactly(start = 30)]
    available: Counter,
    rating: Counter<f64>,
    #[exactly(limit = 30)]
    seats: Capacity,
    motto: Value<String>,
    days: Value<Json<Vec<u8>>>,
    closed: Flag,
}

/// A store that writes down what its engine is asked.
fn recorded() -> (Store, History) {
    let history = History::default();
    let engine: Arc<dyn Engine> = Arc::new(Record::new(Memory::new(), history.clone()));
    (Store::new(engine), history)
}

#[tokio::test]
async fn a_whole_group_is_read_in_one_call_each_field_as_what_it_is() -> Result<(), Fault> {
    let (store, history) = recorded();
    let course = Course::at(&store, 42);
    course.rating.add(4.5).await?;
    course.motto.set("exactly 30").await?;
    course.days.set(Json(vec![1, 3])).await?;
    course.closed.mark().await?;
    let before = history.calls().len();
    let Course { available, rating, seats, motto, days, closed } = &course;
    let read = store.read((available, rating, seats, motto, days, closed)).await?;
    let (available, rating, levels, motto, Some(Json(days)), closed) = read else { panic!() };
    assert_eq!((available, rating, levels.free, closed), (30, 4.5, 30, true));
    assert_eq!((motto.as_deref(), days), (Some("exactly 30"), vec![1, 3]));
    let calls: Vec<Call> = history.calls();
    assert_eq!(calls.len(), before + 1);
    assert_eq!(calls[before].batch.steps.len(), 6);
    assert!(!calls[before].batch.apart, "it is of one moment");
    Ok(())
}

#[tokio::test]
async fn the_same_field_of_many_things_is_one_call_for_each_thousand() -> Result<(), Fault> {
    const THINGS: usize = BATCH_MAX + 1;
    let (store, history) = recorded();
    Course::at(&store, 7).available.decrement().await?;
    let before = history.calls().len();
    let available = store.read_all((0..100).map(|id| Course::at(&store, id).available)).await?;
    assert_eq!((available.len(), available[7], available[8]), (100, 29, 30));
    assert_eq!(history.calls().len(), before + 1);
    let all: Vec<_> = (0..THINGS).map(|id| Course::at(&store, id).available).collect();
    assert_eq!(store.read(&all).await?.len(), THINGS);
    assert_eq!(history.calls().len(), before + 3);
    // Of nothing, nothing is asked.
    assert_eq!(store.read(Vec::<Counter>::new()).await?, Vec::<i64>::new());
    assert_eq!(history.calls().len(), before + 3);
    Ok(())
}

#[tokio::test]
async fn collections_and_defaults_are_read_as_their_handles_read_them() -> Result<(), Fault> {
    let store = Store::open("memory:").await?;
    let waiting: List<String> = List::new(&store, "waiting");
    let tags: Set<String> = Set::new(&store, "tags");
    let scores: SortedSet<String> = SortedSet::new(&store, "scores");
    let rooms: Map<String, u8> = Map::new(&store, "rooms");
    let nothing = store.read((&waiting, &tags, &scores, &rooms)).await?;
    assert_eq!(nothing, (vec![], vec![], vec![], vec![]));
    waiting.push_back("Ada").await?;
    tags.add("rust").await?;
    scores.add_to("Ada", 1.5).await?;
    rooms.set("mon", 7_u8).await?;
    let all = store.read((&waiting, &tags, &scores, &rooms)).await?;
    let [ada, rust, mon] = ["Ada", "rust", "mon"].map(str::to_owned);
    assert_eq!(all, (vec![ada.clone()], vec![rust], vec![(ada, 1.5)], vec![(mon, 7)]));
    let numbers: List<u8> = List::new(&store, "waiting");
    let fault = store.read((&rooms, &numbers)).await.unwrap_err();
    assert!(fault.is_misuse() && fault.key() == Some(numbers.key()?), "{fault}");
    Ok(())
}

#[tokio::test]
async fn what_is_read_may_be_made_of_anything_that_can_be_read() -> Result<(), Fault> {
    let store = Store::open("memory:").await?;
    let [a, b] = ["a", "b"].map(|name| Counter::new(&store, name));
    let flag = Flag::new(&store, "flag");
    a.increment().await?;
    let pair = (a.clone(), &flag);
    let read = store.read((&pair, vec![&a, &b], [(&a, &b)], &[flag.clone()][..])).await?;
    assert_eq!(read, ((1, false), vec![1, 0], [(1, 0)], vec![false]));
    let twelve = (&a, &b, &a, &b, &a, &b, &a, &b, &a, &b, &a, &flag);
    assert_eq!(store.read(twelve).await?, (1, 0, 1, 0, 1, 0, 1, 0, 1, 0, 1, false));
    let (task, other) = (store.clone(), a.clone());
    assert_eq!(tokio::spawn(async move { task.read([other]).await }).await.unwrap()?, [1]);
    Ok(())
}

#[tokio::test]
async fn what_cannot_be_read_is_misuse_that_names_its_key() -> Result<(), Fault> {
    let (store, other) = (Store::open("memory:").await?, Store::open("memory:").await?);
    let course = Course::at(&store, 42);
    Value::<String>::new(&store, "odd").set("no number").await?;
    let odd = Counter::new(&store, "odd");
    let fault = store.read((&course.seats, &odd)).await.unwrap_err();
    assert!(fault.is_misuse() && fault.is_not_a_number(), "{fault}");
    assert_eq!(fault.key(), Some(odd.key()?));
    let odd: Value<u8> = Value::new(&store, "odd");
    let fault = store.read((&course.seats, &odd)).await.unwrap_err();
    assert!(fault.is_misuse() && fault.is_undecodable(), "{fault}");
    assert_eq!(fault.key(), Some(odd.key()?));
    let elsewhere = Counter::new(&other, "elsewhere");
    let fault = store.read((&course.seats, &elsewhere)).await.unwrap_err();
    assert!(fault.is_misuse() && fault.to_string().contains("another store"), "{fault}");
    assert_eq!(fault.key(), Some(elsewhere.key()?));
    let nameless = Counter::new(&store, "");
    assert!(store.read([nameless]).await.unwrap_err().is_bad_name());
    Ok(())
}

#[tokio::test]
async fn what_moves_from_one_to_the_other_is_never_seen_twice_or_not_at_all() -> Result<(), Fault> {
    use exactly::core::operations::{Operation, counter::Add};
    use exactly::core::{Batch, Step};
    let store = Store::builder().timeout(Duration::from_secs(30)).build(Memory::new());
    let [a, b] = ["a", "b"].map(|name| Counter::new(&store, name));
    let mover = tokio::spawn({
        let (store, a, b) = (store.clone(), a.clone(), b.clone());
        async move {
            for _ in 0..500 {
                let add = |counter: &Counter, by: i64| {
                    Step::new(counter.key().unwrap().clone(), Add::by(by).into_op())
                };
                store.apply(Batch::of([add(&a, -1), add(&b, 1)])).await.unwrap();
                tokio::task::yield_now().await;
            }
        }
    });
    while !mover.is_finished() {
        let (a, b) = store.read((&a, &b)).await?;
        assert_eq!(a + b, 0);
        tokio::task::yield_now().await;
    }
    mover.await.unwrap();
    Ok(())
}
