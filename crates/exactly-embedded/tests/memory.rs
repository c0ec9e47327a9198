//! What the engine keeps in memory, and for how long.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::future::Future;
use std::num::NonZeroU64;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use exactly_core::operations::capacity::Take;
use exactly_core::operations::counter::{Add, Get};
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
    let session = SessionId::random();
    for sequence in 1..=10_000 {
        let sequence = NonZeroU64::new(sequence).unwrap();
        let token = Token::Session { session, slot: 0, sequence };
        memory.apply(Batch::one(add("a")).named(token)).await.unwrap();
    }
    assert_eq!(memory.usage().tokens, 1);
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
    assert!(reply.only::<Take>().is_ok());
    assert!(wait.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready());
}

#[tokio::test]
async fn the_engine_goes_with_its_last_clone() {
    let (memory, clock) = memory(1 << 20);
    let clone = memory.clone();
    memory.apply(Batch::one(add("a").lifetime(Lifetime::Sliding(HOUR)))).await.unwrap();
    tokio::task::yield_now().await;
    drop(memory);
    assert_eq!(clone.usage().objects, 1);
    drop(clone);
    while Arc::strong_count(&clock) > 1 {
        tokio::task::yield_now().await;
    }
}
