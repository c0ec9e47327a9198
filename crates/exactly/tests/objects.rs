//! Handles: what each verb sends is what the handle declares.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::future::{Future, IntoFuture};
use std::ops::Bound::{Excluded, Unbounded};
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use exactly::core::{Engine, ManualClock};
use exactly::layers::{Act, Faults, History, Record};
use exactly::{
    Capacity, Confirmed, Counter, Flag, Life, Objects, Renamed, Store, Tried, UPDATE_ATTEMPTS_MAX,
    Value,
};
use exactly_embedded::{Memory, Options};

const HOUR: Duration = Duration::from_secs(3600);

fn memory() -> (Memory, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new());
    let memory = Memory::with(Options { clock: Arc::clone(&clock) as _, ..Options::default() });
    (memory, clock)
}

fn store() -> (Store, Arc<ManualClock>) {
    let (memory, clock) = memory();
    (Store::new(memory), clock)
}

/// How long it is still stored, but for the moments the engine counts.
fn about(life: Life, time: Duration) -> bool {
    matches!(life, Life::Left(left) if left.abs_diff(time) < Duration::from_secs(1))
}

#[tokio::test]
async fn every_verb_of_a_counter_knows_its_start() {
    let (store, _clock) = store();
    let left: Counter = Counter::new(&store, "left").with_start(30);
    assert_eq!(left.get().await.unwrap(), 30);
    assert_eq!(left.swap(7).await.unwrap(), 30);
    left.reset().await.unwrap();
    assert_eq!(left.get().await.unwrap(), 30);
    left.delete().await.unwrap();
    assert_eq!(left.increment().await.unwrap(), 31);
    left.delete().await.unwrap();
    assert_eq!(left.try_decrement().await.unwrap(), Tried::Stepped(29));
    assert_eq!(left.try_increment().await.unwrap(), Tried::Stepped(30));
}

#[tokio::test]
async fn every_verb_of_a_counter_keeps_to_its_bounds() {
    let (store, _clock) = store();
    let free: Counter = Counter::new(&store, "seats");
    // The bounds, and the least and the greatest value that they allow.
    let table = [
        (free.clone().with_bounds(1..=5), Some(1), Some(5)),
        (free.clone().with_bounds(1..6), Some(1), Some(5)),
        (free.clone().with_bounds((Excluded(0), Excluded(6))), Some(1), Some(5)),
        (free.clone().with_bounds((Excluded(0), Unbounded)), Some(1), None),
        (free.clone().with_bounds(..=5), None, Some(5)),
        (free.clone().with_bounds(..6), None, Some(5)),
    ];
    for (bounded, least, greatest) in table {
        for (end, out) in [(least, -1), (greatest, 1)] {
            let Some(end) = end else { continue };
            bounded.set(end).await.unwrap();
            assert_eq!(bounded.swap(end).await.unwrap(), end);
            assert_eq!(bounded.try_add(out).await.unwrap(), Tried::OutOfBounds { value: end });
            for fault in [
                bounded.add(out).await.unwrap_err(),
                bounded.set(end + out).await.unwrap_err(),
                bounded.swap(end + out).await.unwrap_err(),
            ] {
                assert!(fault.is_out_of_bounds(), "{bounded:?} {fault}");
            }
            assert_eq!(bounded.get().await.unwrap(), end);
        }
    }
}

#[tokio::test]
async fn a_declared_time_to_live_starts_with_the_first_write_or_with_each() {
    let (store, clock) = store();
    let fixed: Counter = Counter::new(&store, "fixed").with_ttl(HOUR);
    let sliding: Counter = Counter::new(&store, "sliding").with_sliding_ttl(HOUR);
    for counter in [&fixed, &sliding] {
        counter.increment().await.unwrap();
    }
    clock.advance(HOUR / 2);
    for counter in [&fixed, &sliding] {
        counter.increment().await.unwrap();
    }
    assert!(about(fixed.ttl().await.unwrap(), HOUR / 2));
    assert!(about(sliding.ttl().await.unwrap(), HOUR));
}

#[tokio::test]
async fn the_verbs_of_a_key_and_what_undoes_leave_the_declared_time_to_live_alone() {
    let (store, clock) = store();
    let sliding: Counter = Counter::new(&store, "sliding").with_sliding_ttl(HOUR);
    sliding.increment().await.unwrap();
    assert!(sliding.expire(HOUR * 3).await.unwrap());
    assert!(about(sliding.ttl().await.unwrap(), HOUR * 3));
    assert!(sliding.persist().await.unwrap());
    assert_eq!(sliding.ttl().await.unwrap(), Life::Persistent);
    let other: Counter = Counter::new(&store, "other");
    let elsewhere = other.clone().with_sliding_ttl(HOUR);
    assert_eq!(sliding.rename_to(&elsewhere).await.unwrap(), Renamed::Renamed);
    assert_eq!(other.ttl().await.unwrap(), Life::Persistent);
    let undone = async |_| {
        clock.advance(HOUR / 2);
        None::<()>
    };
    let _ = sliding.increment_with(undone).await.unwrap();
    assert!(about(sliding.ttl().await.unwrap(), HOUR / 2));

    let seats = Capacity::new(&store, "seats", 3).with_sliding_ttl(HOUR);
    let [released, dropped] = [seats.take(1).await, seats.take(1).await];
    clock.advance(Duration::from_secs(10));
    assert!(released.unwrap().held().unwrap().release().await.unwrap());
    drop(dropped.unwrap());
    assert_eq!(seats.free().await.unwrap(), 3);
    assert!(about(seats.ttl().await.unwrap(), HOUR - Duration::from_secs(10)));
}

#[tokio::test]
async fn a_flag_is_marked_for_a_while() {
    let (store, clock) = store();
    let closing = Flag::new(&store, "closing").with_ttl(HOUR * 9);
    closing.mark_for(HOUR).await.unwrap();
    assert!(about(closing.ttl().await.unwrap(), HOUR));
    assert!(!closing.mark_if_unmarked_for(HOUR * 3).await.unwrap());
    assert!(about(closing.ttl().await.unwrap(), HOUR));
    clock.advance(HOUR);
    assert!(!closing.is_marked().await.unwrap());
    assert!(closing.mark_if_unmarked_for(HOUR * 3).await.unwrap());
    assert!(about(closing.ttl().await.unwrap(), HOUR * 3));
    closing.mark().await.unwrap();
    assert!(closing.clear().await.unwrap());
    assert!(!closing.clear().await.unwrap());
}

#[tokio::test]
async fn a_capacity_lends_for_the_lease_it_declares() {
    let (store, clock) = store();
    let seats = Capacity::new(&store, "seats", 3).with_lease(HOUR);
    let untouched = seats.levels().await.unwrap();
    assert_eq!((untouched.limit, untouched.free), (3, 3));
    seats.take(1).await.unwrap().held().unwrap().keep();
    clock.advance(HOUR - Duration::from_secs(1));
    assert_eq!(seats.levels().await.unwrap().held, 1);
    clock.advance(Duration::from_secs(2));
    assert_eq!(seats.levels().await.unwrap().held, 0);
}

#[tokio::test]
async fn the_verbs_of_a_value_answer_whether_they_wrote() {
    let (store, _clock) = store();
    let motto: Value<String> = Value::new(&store, "motto");
    assert_eq!(motto.get_or("none").await.unwrap(), "none");
    assert!(!motto.exists().await.unwrap(), "a default is not written");
    assert!(motto.set_if_absent("a").await.unwrap());
    assert!(!motto.set_if_absent("b").await.unwrap());
    assert!(!motto.replace_if(&"b".to_owned(), "c").await.unwrap());
    assert!(motto.replace_if(&"a".to_owned(), "b").await.unwrap());
    assert_eq!(motto.swap("c").await.unwrap().as_deref(), Some("b"));
    assert_eq!(motto.take().await.unwrap().as_deref(), Some("c"));
    assert_eq!(motto.take().await.unwrap(), None);
}

#[tokio::test]
async fn an_update_in_whose_way_others_always_are_gives_up_and_writes_nothing() {
    let (memory, _clock) = memory();
    let store = Store::new(memory.clone());
    let sum: Value<i64> = Value::new(&store, "sum");
    let rival = sum.clone();
    let mut calls = 0;
    let fault = sum
        .update(|found| {
            calls += 1;
            // The embedded engine answers at once, so the rival's write is over before this one.
            let mut set = pin!(rival.set(calls).into_future());
            assert!(set.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready());
            found.unwrap_or(0) - 1_000
        })
        .await
        .unwrap_err();
    assert!(fault.is_not_applied() && fault.is_contended(), "{fault}");
    let attempts = i64::from(UPDATE_ATTEMPTS_MAX);
    assert_eq!((calls, sum.get().await.unwrap()), (attempts, Some(attempts)));
}

#[tokio::test]
async fn a_call_that_opts_out_of_its_token_is_sent_once() {
    let (memory, _clock) = memory();
    let lossy = Arc::new(Faults::new(memory.clone()));
    assert!(lossy.profile().loses_replies);
    let store = Store::builder().build(Arc::clone(&lossy));
    let visits: Counter = Counter::new(&store, "visits");
    lossy.next([Act::LoseReply]);
    assert_eq!(visits.increment().await.unwrap(), 1);
    lossy.next([Act::LoseReply]);
    let fault = visits.increment().at_most_once().await.unwrap_err();
    assert!(fault.is_unknown(), "{fault}");
    assert_eq!(visits.get().await.unwrap(), 2);
    assert_eq!(memory.usage().tokens, 1, "it leaves no record");
}

#[derive(Objects)]
#[exactly(name = "course")]
struct Course {
    #[exactly(limit = 3, lease = "1h")]
    seats: Capacity,
    #[exactly(start = 1, min = 1, max = 3)]
    rating: Counter,
}

#[tokio::test]
async fn a_derived_object_is_the_one_it_declares() {
    let (store, clock) = store();
    let course = Course::at(&store, 42);
    course.seats.take(1).await.unwrap().held().unwrap().keep();
    clock.advance(HOUR - Duration::from_secs(1));
    assert_eq!(course.seats.levels().await.unwrap().held, 1);
    clock.advance(Duration::from_secs(1));
    assert_eq!(course.seats.levels().await.unwrap().held, 0);
    for (rating, allowed) in [(0, false), (1, true), (3, true), (4, false)] {
        assert_eq!(course.rating.set(rating).await.is_ok(), allowed, "{rating}");
    }
}

#[tokio::test]
async fn a_hold_that_is_confirmed_released_or_kept_sends_nothing_more() {
    let (memory, _clock) = memory();
    let history = History::default();
    let store = Store::builder().build(Record::new(memory, history.clone()));
    let seats = Capacity::new(&store, "seats", 3);
    let hold = async || seats.take(1).await.unwrap().held().unwrap();
    assert_eq!(hold().await.confirm().await.unwrap(), Confirmed::Confirmed);
    assert!(hold().await.release().await.unwrap());
    hold().await.keep();
    store.settle().await;
    // Three were taken, one confirmed and one released.
    assert_eq!(history.calls().len(), 5);
}
