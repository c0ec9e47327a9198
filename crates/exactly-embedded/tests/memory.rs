//! What the engine keeps in memory, and for how long.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::future::Future;
use std::num::NonZeroU64;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use exactly_core::operations::capacity::{Read, Take, Taken};
use exactly_core::operations::counter::{Add, Get};
use exactly_core::operations::key::{Delete, Rename};
use exactly_core::{
    Batch, Engine, HoldId, Key, Lifetime, ManualClock, Mark, Operation, SessionId, Step, Token,
};
use exactly_embedded::{Memory, Options, Usage};

const HOUR: Duration = Duration::from_secs(3600);

fn memory(tokens_max: usize) -> (Memory, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new());
    let options = Options { clock: Arc::clone(&clock) as _, tokens_max, token_window: HOUR };
    (Memory::with(options), clock)
}

fn key(name: &str) -> Key {
    Key::alone("", name).unwrap()
}

fn add(name: &str) -> Step {
    Step::new(key(name), Add::by(1_i64).into_op())
}

/// Resolves once the engine holds this much. The sweeper is a task: it needs its turn, not time.
async fn holds(memory: &Memory, objects: usize, tokens: usize) {
    while memory.usage() != (Usage { objects, tokens, awaited: 0 }) {
        tokio::task::yield_now().await;
    }
}

/// Lets the sweeper come to rest, so that only an alarm can wake it.
async fn idle() {
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
}

#[tokio::test]
async fn expired_state_is_freed_without_being_touched() {
    let (memory, clock) = memory(1 << 20);
    for number in 0..10_000_u32 {
        let ttl = Duration::from_millis(u64::from(number % 100) + 1);
        let lifetime = if number % 2 == 0 { Lifetime::Sliding(ttl) } else { Lifetime::Unchanged };
        let step = add(&number.to_string()).lifetime(lifetime);
        memory.apply(Batch::one(step)).await.unwrap();
    }
    assert_eq!(memory.usage().objects, 10_000);
    clock.advance(Duration::from_millis(50));
    holds(&memory, 7_500, 0).await;
    clock.advance(Duration::from_millis(50));
    holds(&memory, 5_000, 0).await;
}

#[tokio::test]
async fn reading_what_is_missing_leaves_nothing() {
    let (memory, _clock) = memory(1 << 20);
    let get = |name: &str| Step::new(key(name), Get { start: 0_i64 }.into_op());
    memory.apply(Batch::one(get("a"))).await.unwrap();
    memory.apply(Batch::of([get("a"), get("b"), get("c")])).await.unwrap();
    assert_eq!(memory.usage().objects, 0);
}

#[tokio::test]
async fn a_slot_of_a_session_is_one_record_however_long_it_lives() {
    let (memory, clock) = memory(1 << 20);
    idle().await;
    let session = SessionId::random();
    for sequence in 1..=10_000 {
        let sequence = NonZeroU64::new(sequence).unwrap();
        let token = Token::Session { session, slot: 0, sequence };
        memory.apply(Batch::one(add("a")).named(token)).await.unwrap();
    }
    assert_eq!(memory.usage().tokens, 1);
    idle().await;
    clock.advance(HOUR);
    holds(&memory, 1, 0).await;
}

#[tokio::test]
async fn tokens_are_bounded_in_number_and_the_next_is_not_applied() {
    let (memory, clock) = memory(64);
    let named = |id: usize| Token::caller(id.to_string(), HOUR).unwrap();
    let mut refused = 0;
    for id in 0..1_000 {
        let result = memory.apply(Batch::one(add("a")).named(named(id))).await;
        if let Err(fault) = result {
            assert!(fault.is_not_applied() && fault.is_at_capacity(), "{fault}");
            refused += 1;
        }
    }
    let Usage { tokens, .. } = memory.usage();
    assert!(tokens <= 64);
    assert_eq!(refused, 1_000 - tokens);
    let get = Step::new(key("a"), Get { start: 0_i64 }.into_op());
    let value = memory.apply(Batch::one(get)).await.unwrap().only::<Get<i64>>().unwrap();
    assert_eq!(value, tokens as i64, "what was refused had no effect");
    clock.advance(HOUR);
    memory.apply(Batch::one(add("a")).named(named(0))).await.unwrap();
}

#[tokio::test]
async fn a_wait_that_is_given_up_leaves_nothing() {
    let (memory, _clock) = memory(1 << 20);
    let a = key("a");
    let mark = memory.changed(&a, Mark::NONE).await.unwrap();
    assert_eq!(memory.usage().awaited, 0);
    {
        let mut waits: Vec<_> = (0..10).map(|_| memory.changed(&a, mark)).collect();
        for wait in &mut waits {
            let polled = pin!(wait).poll(&mut Context::from_waker(Waker::noop()));
            assert!(polled.is_pending());
        }
        assert_eq!(memory.usage().awaited, 1);
    }
    assert_eq!(memory.usage().awaited, 0);
}

#[tokio::test]
async fn no_mark_of_a_key_comes_twice() {
    let (memory, _clock) = memory(1 << 20);
    let mut marks = Vec::new();
    let others: Vec<_> = (0..100).map(|number| add(&number.to_string())).collect();
    let all = Batch::of(others.into_iter().chain([add("a")]));
    for round in 0..100 {
        // Alone, and with keys that were written less often.
        let batch = if round % 10 == 9 { all.clone() } else { Batch::one(add("a")) };
        memory.apply(batch).await.unwrap();
        let mark = memory.changed(&key("a"), Mark::NONE).await.unwrap();
        assert!(!marks.contains(&mark), "round {round}");
        marks.push(mark);
    }
}

#[tokio::test]
async fn a_batch_on_several_keys_wakes_those_who_wait_for_any_of_them() {
    let (memory, _clock) = memory(1 << 20);
    let names = ["a", "b", "c"].map(key);
    let mut waits = Vec::new();
    for name in &names {
        let mark = memory.changed(name, Mark::NONE).await.unwrap();
        let mut wait = Box::pin(memory.changed(name, mark));
        assert!(wait.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        waits.push(wait);
    }
    memory.apply(Batch::of([add("a"), add("b"), add("c")])).await.unwrap();
    for mut wait in waits {
        assert!(wait.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready());
    }
}

#[tokio::test]
async fn a_reader_who_sees_an_end_first_wakes_those_who_wait_for_it() {
    let [seats, brief] = ["seats", "brief"].map(key);
    let read = Step::new(seats.clone(), Read { limit: 1 }.into_op());
    let get = Step::new(brief.clone(), Get { start: 0_i64 }.into_op());
    let one_by_one = vec![Batch::one(read.clone()), Batch::one(get.clone())];
    for batches in [one_by_one, vec![Batch::of([read, get])]] {
        let (memory, clock) = memory(1 << 20);
        let take = Take { hold: HoldId::unique(), units: 1, lease: HOUR, limit: 1 };
        let take = Step::new(seats.clone(), take.into_op());
        let write = add("brief").lifetime(Lifetime::Sliding(HOUR));
        memory.apply(Batch::of([take, write])).await.unwrap();
        let mut waits = Vec::new();
        for name in [&seats, &brief] {
            let mark = memory.changed(name, Mark::NONE).await.unwrap();
            let mut wait = Box::pin(memory.changed(name, mark));
            assert!(wait.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
            waits.push(wait);
        }
        clock.advance(HOUR);
        // No task ran in between: these batches, not the sweeper, let them end.
        for batch in batches {
            memory.apply(batch).await.unwrap();
        }
        for mut wait in waits {
            assert!(wait.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready());
        }
    }
}

#[tokio::test]
async fn the_sweeper_wakes_those_who_wait_at_each_end() {
    let (memory, clock) = memory(1 << 20);
    let [seats, brief] = ["seats", "brief"].map(key);
    let take = |hours| Take { hold: HoldId::unique(), units: 1, lease: HOUR * hours, limit: 2 };
    let take = |hours| Step::new(seats.clone(), take(hours).into_op());
    let write = add("brief").lifetime(Lifetime::Sliding(HOUR * 3));
    memory.apply(Batch::of([take(1), take(2), write])).await.unwrap();
    for ends in [&seats, &seats, &brief] {
        let mark = memory.changed(ends, Mark::NONE).await.unwrap();
        let mut wait = pin!(memory.changed(ends, mark));
        assert!(wait.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        idle().await;
        clock.advance(HOUR);
        idle().await;
        assert!(wait.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready());
    }
}

#[tokio::test]
async fn an_end_is_told_once_and_one_that_was_put_off_is_not() {
    let (memory, clock) = memory(1 << 20);
    let [seats, sliding] = ["seats", "sliding"].map(key);
    let take = |hours| Take { hold: HoldId::unique(), units: 1, lease: HOUR * hours, limit: 2 };
    let take = |hours| Step::new(seats.clone(), take(hours).into_op());
    let write = add("sliding").lifetime(Lifetime::Sliding(HOUR));
    memory.apply(Batch::of([take(1), take(2), write.clone()])).await.unwrap();
    clock.advance(HOUR / 2);
    memory.apply(Batch::one(write)).await.unwrap();
    idle().await;
    clock.advance(HOUR / 2);
    let read = Step::new(seats.clone(), Read { limit: 2 }.into_op());
    memory.apply(Batch::one(read)).await.unwrap();
    let mut waits = Vec::new();
    for name in [&seats, &sliding] {
        let mark = memory.changed(name, Mark::NONE).await.unwrap();
        waits.push(Box::pin(memory.changed(name, mark)));
    }
    idle().await;
    for mut wait in waits {
        assert!(wait.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
}

#[tokio::test]
async fn what_is_deleted_or_moved_leaves_nothing() {
    let (memory, _clock) = memory(1 << 20);
    let delete = |name| Step::new(key(name), Delete {}.into_op());
    let rename = Rename { to: key("b"), replace: true };
    memory.apply(Batch::of([add("a"), add("b"), add("c")])).await.unwrap();
    memory.apply(Batch::one(Step::new(key("a"), rename.into_op()))).await.unwrap();
    assert_eq!(memory.usage().objects, 2);
    memory.apply(Batch::one(delete("b"))).await.unwrap();
    assert_eq!(memory.usage().objects, 1);
    memory.apply(Batch::of([delete("a"), delete("b"), delete("c")])).await.unwrap();
    assert_eq!(memory.usage().objects, 0);
}

#[tokio::test]
async fn what_a_batch_on_several_keys_lets_expire_is_freed_too() {
    let (memory, clock) = memory(1 << 20);
    idle().await;
    let brief = |name, hours| add(name).lifetime(Lifetime::Sliding(HOUR * hours));
    memory.apply(Batch::of([brief("a", 1), brief("b", 1), brief("c", 2)])).await.unwrap();
    memory.apply(Batch::of([brief("a", 2), add("d")])).await.unwrap();
    assert_eq!(memory.usage().objects, 4);
    idle().await;
    // The engine counts the second batch a moment later, on a clock that stands.
    clock.advance(HOUR);
    holds(&memory, 3, 0).await;
    clock.advance(HOUR + Duration::from_secs(1));
    holds(&memory, 1, 0).await;
}

#[tokio::test]
async fn a_reader_who_sees_a_lease_end_first_wakes_those_who_wait_for_it() {
    let (memory, clock) = memory(1 << 20);
    let seats = key("seats");
    let take = |hold| Take { hold, units: 1, lease: HOUR, limit: 1 };
    let take = || Step::new(seats.clone(), take(HoldId::unique()).into_op()).optional();
    memory.apply(Batch::one(take())).await.unwrap();
    let mark = memory.changed(&seats, Mark::NONE).await.unwrap();
    let mut wait = pin!(memory.changed(&seats, mark));
    assert!(wait.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    clock.advance(HOUR);
    // No task ran in between: this batch, not the sweeper, lets the lease lapse.
    let reply = memory.apply(Batch::one(take())).await.unwrap();
    assert!(matches!(reply.only::<Take>().unwrap(), Taken::Held { .. }));
    assert!(wait.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready());
}

#[tokio::test]
async fn the_engine_goes_with_its_last_clone() {
    let (memory, clock) = memory(1 << 20);
    let clone = memory.clone();
    memory.apply(Batch::one(add("a").lifetime(Lifetime::Sliding(HOUR)))).await.unwrap();
    // Also while the sweeper sleeps and nothing is due.
    idle().await;
    drop(memory);
    assert_eq!(clone.usage().objects, 1);
    drop(clone);
    while Arc::strong_count(&clock) > 1 {
        tokio::task::yield_now().await;
    }
}

#[test]
fn what_ends_by_itself_wakes_also_where_no_sweeper_runs() {
    let (memory, clock) = memory(1 << 20);
    let brief = key("brief");
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        memory.apply(Batch::one(add("brief").lifetime(Lifetime::Sliding(HOUR)))).await.unwrap();
        let mark = memory.changed(&brief, Mark::NONE).await.unwrap();
        let mut wait = pin!(memory.changed(&brief, mark));
        assert!(wait.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        clock.advance(HOUR);
        assert_ne!(wait.await.unwrap(), mark);
        assert_eq!(memory.usage().objects, 0);
    });
}

#[test]
fn where_nothing_ends_by_itself_no_timer_is_needed() {
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(async {
        let memory = Memory::new();
        let a = key("a");
        let mark = memory.changed(&a, Mark::NONE).await.unwrap();
        let waiting = {
            let (memory, a) = (memory.clone(), a.clone());
            tokio::spawn(async move { memory.changed(&a, mark).await })
        };
        tokio::task::yield_now().await;
        memory.apply(Batch::one(add("a"))).await.unwrap();
        assert_ne!(waiting.await.unwrap().unwrap(), mark);
    });
}
