//! Locks: one at a time, told at once when that is over, and nobody left waiting.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::future::{Future, IntoFuture};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::{Context, Waker};
use std::time::{Duration, UNIX_EPOCH};

use exactly::core::operations::lock::{Acquire, FENCES_MAX, LockOp};
use exactly::core::{Batch, ManualClock, Op, Operation, Refusal, Reply, Step};
use exactly::layers::{Act, Faults, History, Odds, Record};
use exactly::{
    Capacity, Counter, Flag, Holders, Lock, LockGuard, Locked, Locking, Mode, Objects, Store,
    Taking, Token, Value,
};
use exactly_embedded::{Memory, Options};
use tokio::task::JoinSet;
use tokio::time::{Instant, advance, sleep, timeout};

const LEASE: Duration = Duration::from_secs(30);
const MOMENT: Duration = Duration::from_millis(1);

async fn store() -> Store {
    Store::open("memory:").await.unwrap()
}

async fn held(lock: &Lock) -> LockGuard {
    lock.acquire().await.unwrap().held().unwrap()
}

async fn tried(lock: &Lock) -> Option<LockGuard> {
    lock.try_acquire().await.unwrap().held()
}

async fn holders(lock: &Lock) -> (u64, u64) {
    let Holders { holders, waiting, .. } = lock.holders().await.unwrap();
    (holders, waiting)
}

/// Lets all others run for as long as they have something to do at once.
async fn quiet() {
    for _ in 0..1_000 {
        tokio::task::yield_now().await;
    }
}

/// A store that writes down what it asks, and how often it has asked for a lock.
async fn recorded() -> (Store, History) {
    let history = History::default();
    let noted = history.clone();
    let store = Store::builder().layer(move |engine| Record::new(engine, noted));
    (store.open("memory:").await.unwrap(), history)
}

fn acquisitions(history: &History) -> Vec<Acquire> {
    let calls = history.calls().into_iter();
    let steps = calls.flat_map(|call| call.batch.steps);
    let asked = steps.filter_map(|step| {
        let Op::Lock(LockOp::Acquire(acquire)) = step.op else { return None };
        Some(acquire)
    });
    asked.collect()
}

#[tokio::test]
async fn a_block_runs_alone_and_the_lock_is_free_after_it() {
    let store = store().await;
    let lock = Lock::new(&store, "till");
    let ran = lock
        .with(async |guard| {
            assert!(!guard.is_lost());
            assert!(tried(&lock).await.is_none());
            assert_eq!(holders(&lock).await, (1, 0));
            7
        })
        .await;
    assert_eq!(ran.unwrap(), Locked::Done(7));
    assert_eq!(holders(&lock).await, (0, 0));
    assert_eq!(lock.with(async |_| 8).await.unwrap().done(), Some(8));
}

#[tokio::test]
async fn a_block_that_panics_or_is_dropped_releases() {
    let store = store().await;
    let lock = Lock::new(&store, "till");
    let panicking = tokio::spawn({
        let lock = lock.clone();
        async move { lock.with(async |_| panic!("the block")).await.map(|ran: Locked<()>| ran) }
    });
    assert!(panicking.await.unwrap_err().is_panic());
    assert!(tried(&lock).await.is_some());
    {
        let mut block = pin!(lock.with(async |_| std::future::pending::<()>().await));
        assert!(timeout(MOMENT, block.as_mut()).await.is_err());
        assert!(tried(&lock).await.is_none());
    }
    store.settle().await;
    assert!(tried(&lock).await.is_some());
}

#[tokio::test(start_paused = true)]
async fn a_wait_ends_with_its_time_and_says_what_is_in_the_way() {
    let lock = Lock::new(&store().await, "till").with_wait(LEASE * 4);
    let guard = held(&lock).await;
    let began = Instant::now();
    let Locking::Busy { ahead, .. } = lock.acquire().within(MOMENT).await.unwrap() else {
        panic!("it is held")
    };
    assert_eq!(ahead, 1, "its holder, in the same process");
    assert_eq!(began.elapsed(), MOMENT);
    assert!(matches!(lock.with(async |_| ()).await.unwrap(), Locked::Busy { .. }));
    assert_eq!(began.elapsed(), MOMENT + LEASE * 4);
    let Locking::Busy { ahead: 0, left } = lock.try_acquire().await.unwrap() else {
        panic!("it is held")
    };
    assert!(left <= LEASE && left > LEASE / 2, "{left:?}");
    assert_eq!(holders(&lock).await, (1, 0), "nobody is left in the line");
    drop(guard);
    assert!(tried(&lock).await.is_some());
}

#[tokio::test]
async fn whoever_has_no_time_to_wait_is_answered_all_the_same() {
    let store = Store::builder().layer(Faults::late).open("memory:").await.unwrap();
    let [a, b] = ["a", "b"].map(|name| Lock::new(&store, name).with_wait(Duration::ZERO));
    let none = Duration::ZERO;
    let guard = a.acquire().within(none).await.unwrap().held().expect("it is free");
    let Locking::Busy { left, .. } = a.acquire().within(none).await.unwrap() else {
        panic!("it is held")
    };
    assert!(left > LEASE / 2, "{left:?}");
    assert!(matches!(a.with(async |_| ()).await.unwrap(), Locked::Busy { .. }));
    let Locking::Busy { left, .. } = Lock::acquire_all([&a, &b]).within(none).await.unwrap() else {
        panic!("one is held")
    };
    assert!(left > LEASE / 2, "{left:?}");
    guard.release().await.unwrap();
    let both = Lock::acquire_all([&a, &b]).await.unwrap().held().expect("both are free");
    assert_eq!((both.len(), holders(&b).await), (2, (1, 0)));
}

#[tokio::test]
async fn a_time_to_live_ends_no_lock_before_its_lease() {
    let clock = Arc::new(ManualClock::new());
    let memory = Memory::with(Options { clock: Arc::clone(&clock) as _, ..Options::default() });
    let lock = || Lock::new(&Store::new(memory.clone()), "till").with_lease(LEASE);
    for lock in [lock().with_sliding_ttl(LEASE / 4), lock().with_expire_at(UNIX_EPOCH)] {
        let guard = held(&lock).await;
        clock.advance(LEASE / 2);
        assert!(tried(&lock).await.is_none(), "two at once");
        assert!(!guard.is_lost() && guard.release().await.unwrap());
    }
}

#[tokio::test]
async fn those_who_share_it_are_in_together() {
    let store = store().await;
    let lock = Lock::new(&store, "catalogue");
    let one = lock.acquire_shared().await.unwrap().held().unwrap();
    let two = lock.try_acquire_shared().await.unwrap().held().unwrap();
    assert!(two.fence() > one.fence());
    let state = lock.holders().await.unwrap();
    assert_eq!((state.holders, state.mode), (2, Some(Mode::Shared)));
    assert!(tried(&lock).await.is_none());
    let alone = tokio::spawn({
        let lock = lock.clone();
        async move { held(&lock).await.release().await.unwrap() }
    });
    quiet().await;
    assert!(lock.try_acquire_shared().await.unwrap().held().is_none(), "somebody waits");
    assert!(one.release().await.unwrap());
    assert!(two.release().await.unwrap());
    assert!(alone.await.unwrap());
    assert_eq!(lock.with_shared(async |_| 7).await.unwrap(), Locked::Done(7));
}

#[tokio::test(start_paused = true)]
async fn the_lease_is_extended_for_as_long_as_the_guard_lives() {
    let lock = Lock::new(&store().await, "till").with_lease(LEASE);
    let guard = held(&lock).await;
    sleep(LEASE * 100).await;
    assert!(!guard.is_lost());
    assert!(tried(&lock).await.is_none());
    assert!(guard.release().await.unwrap());
    sleep(LEASE * 100).await;
    assert_eq!(holders(&lock).await, (0, 0), "nobody extends what is released");
}

#[tokio::test(start_paused = true)]
async fn a_guard_is_told_when_the_engine_says_that_it_is_lost() {
    let store = store().await;
    let (lock, done) = (Lock::new(&store, "till"), Counter::new(&store, "done"));
    let guard = held(&lock).await;
    let (lost, began) = (guard.lost(), Instant::now());
    let token = guard.lost_token();
    assert!(!token.is_cancelled());
    lock.delete().await.unwrap();
    let next = held(&lock).await;
    assert!(next.fence() > guard.fence());
    let watching = tokio::spawn(async move {
        lost.await;
        Instant::now()
    });
    let told = watching.await.unwrap() - began;
    assert_eq!(told, LEASE / 3, "with the next extension");
    token.cancelled().await;
    assert!(guard.lost_token().is_cancelled());
    assert!(guard.is_lost());
    let fault = done.increment().requiring(&guard).await.unwrap_err();
    assert!(fault.is_lock_lost() && fault.is_not_applied(), "{fault}");
    assert_eq!(fault.key(), Some(lock.key().unwrap()));
    assert_eq!(done.increment().requiring(&next).await.unwrap(), 1);
    assert!(!guard.release().await.unwrap());
    assert_eq!(holders(&lock).await, (1, 0), "the next one's is not released");
}

#[tokio::test(start_paused = true)]
async fn a_guard_is_told_when_nothing_has_been_heard_for_the_length_of_a_lease() {
    let faults = Arc::new(Faults::new(Memory::new()));
    let store = Store::new(Arc::clone(&faults));
    let lock = Lock::new(&store, "till").with_lease(LEASE);
    let guard = held(&lock).await;
    sleep(LEASE).await;
    // The last extension was two thirds of a lease ago at most.
    faults.next([Act::LoseRequest; 1_000]);
    let began = Instant::now();
    let work = guard.unless_lost(async {
        sleep(LEASE * 10).await;
        panic!("nobody works on without the lock");
    });
    assert_eq!(work.await, None::<()>);
    let told = began.elapsed();
    assert!(told <= LEASE && told >= LEASE / 2, "{told:?}");
    assert!(guard.is_lost());
    assert_eq!(guard.unless_lost(async { 7 }).await, None);
}

#[tokio::test(start_paused = true)]
async fn an_extension_that_fails_now_and_then_is_tried_again() {
    let faults = Arc::new(Faults::new(Memory::new()));
    let store = Store::new(Arc::clone(&faults));
    let lock = Lock::new(&store, "till").with_lease(LEASE);
    let guard = held(&lock).await;
    for _ in 0..20 {
        faults.next([Act::LoseRequest, Act::LoseReply, Act::LoseRequest, Act::Pass]);
        sleep(LEASE).await;
        assert!(!guard.is_lost());
    }
    drop(guard);
    store.settle().await;
}

#[tokio::test]
async fn a_holder_whose_lease_is_over_on_the_engines_clock_writes_nothing() {
    let clock = Arc::new(ManualClock::new());
    let memory = Memory::with(Options { clock: Arc::clone(&clock) as _, ..Options::default() });
    let [mine, yours] = [(); 2].map(|()| Store::new(memory.clone()));
    let (lock, done) = (Lock::new(&mine, "till"), Counter::new(&mine, "done"));
    let late = held(&lock).await;
    assert_eq!(done.increment().requiring(&late).await.unwrap(), 1);
    let waiting = tokio::spawn({
        let lock = Lock::new(&yours, "till");
        async move { held(&lock).await }
    });
    quiet().await;
    clock.advance(LEASE);
    let next = waiting.await.unwrap();
    assert!(next.fence() > late.fence());
    assert!(!late.is_lost(), "it cannot know yet; the engine does");
    assert!(done.increment().requiring(&late).await.unwrap_err().is_lock_lost());
    assert!(!late.release().await.unwrap());
    assert!(tried(&lock).await.is_none(), "the next one's stands");
    assert_eq!(done.get().await.unwrap(), 1);
    assert!(next.release().await.unwrap());
}

#[tokio::test]
async fn every_kind_of_call_can_require_a_lock() {
    let store = store().await;
    let lock = Lock::new(&store, "till");
    let (count, seats) = (Counter::new(&store, "count"), Capacity::new(&store, "seats", 3));
    let (motto, flag) = (Value::<String>::new(&store, "motto"), Flag::new(&store, "flag"));
    let guard = held(&lock).await;
    let token_of = |id| Token::caller(id, LEASE).unwrap();
    let token = || token_of("order-1");
    assert_eq!(count.increment().requiring(&guard).await.unwrap(), 1);
    assert_eq!(count.increment().requiring(&guard).token(token()).await.unwrap(), 2);
    assert_eq!(count.increment().requiring(&guard).at_most_once().await.unwrap(), 3);
    assert_eq!(count.get().requiring(&guard).await.unwrap(), 3);
    motto.set("first come").requiring(&guard).await.unwrap();
    let Taking::Held(seat) = seats.take(1).requiring(&guard).await.unwrap() else { panic!() };
    let step = |counter: &Counter| {
        let add = exactly::core::operations::counter::Add::by(1_i64);
        Step::new(counter.key().unwrap().clone(), add.into_op())
    };
    let batch = Batch::of([step(&count), step(&count)]);
    assert!(matches!(guard.apply(batch.clone()).await.unwrap(), Reply::Applied(_)));
    let required = guard.require(batch.clone()).unwrap();
    assert!(matches!(store.apply(required.clone()).await.unwrap(), Reply::Applied(_)));
    assert_eq!(count.get().await.unwrap(), 7);

    lock.delete().await.unwrap();
    assert!(count.increment().requiring(&guard).await.unwrap_err().is_lock_lost());
    assert!(count.get().requiring(&guard).await.unwrap_err().is_lock_lost());
    assert!(motto.set("served").requiring(&guard).await.unwrap_err().is_lock_lost());
    assert!(flag.mark().requiring(&guard).await.unwrap_err().is_lock_lost());
    assert!(seats.take(1).requiring(&guard).await.unwrap_err().is_lock_lost());
    assert!(guard.apply(batch).await.unwrap_err().is_lock_lost());
    let refused = store.apply(required).await.unwrap();
    assert_eq!(refused, Reply::Refused(Refusal::Requirement(0)));
    // Whoever asks what became of it is told the same.
    let late = || count.increment().requiring(&guard).token(token_of("order-2"));
    assert!(late().await.unwrap_err().is_lock_lost());
    assert!(late().resolve().await.unwrap_err().is_lock_lost());
    // What was done before is answered as before.
    assert_eq!(count.increment().requiring(&guard).token(token()).await.unwrap(), 2);
    assert_eq!(count.get().await.unwrap(), 7);
    assert_eq!(motto.get().await.unwrap().as_deref(), Some("first come"));
    assert_eq!(seats.free().await.unwrap(), 2);
    drop(seat);
}

#[tokio::test]
async fn a_job_that_is_run_again_under_the_lock_of_its_next_run_is_the_same_job() {
    let store = store().await;
    let (lock, count) = (Lock::new(&store, "till"), Counter::new(&store, "count"));
    for _ in 0..3 {
        let guard = held(&lock).await;
        let order = Token::caller("order-1", LEASE).unwrap();
        assert_eq!(count.increment().requiring(&guard).token(order).await.unwrap(), 1);
        guard.release().await.unwrap();
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn sixty_four_who_read_and_then_write_lose_nothing() {
    const EACH: usize = 50;
    let store = store().await;
    let fences = Arc::new(Mutex::new(Vec::new()));
    let mut crowd = JoinSet::new();
    for _ in 0..64 {
        let (lock, count) = (Lock::new(&store, "till"), Counter::new(&store, "count"));
        let fences = Arc::clone(&fences);
        crowd.spawn(async move {
            for _ in 0..EACH {
                let add = async |guard: &LockGuard| {
                    fences.lock().unwrap().push(guard.fence());
                    let found = count.get().await.unwrap();
                    tokio::task::yield_now().await;
                    count.set(found + 1).requiring(guard).await.unwrap();
                };
                assert_eq!(lock.with(add).await.unwrap(), Locked::Done(()));
            }
        });
    }
    crowd.join_all().await;
    assert_eq!(Counter::new(&store, "count").get().await.unwrap(), (64 * EACH) as i64);
    let fences = fences.lock().unwrap().clone();
    assert!(fences.windows(2).all(|two| two[0] < two[1]), "in the order of the holds");
    assert_eq!(holders(&Lock::new(&store, "till")).await, (0, 0));
}

#[tokio::test]
async fn a_released_lock_goes_on_within_the_process_without_asking_but_not_for_ever() {
    const WAITERS: usize = 200;
    let (store, history) = recorded().await;
    let lock = Lock::new(&store, "till");
    let first = held(&lock).await;
    let mut crowd = JoinSet::new();
    for _ in 0..WAITERS {
        let lock = lock.clone();
        crowd.spawn(async move { held(&lock).await.fence() });
    }
    quiet().await;
    assert_eq!(acquisitions(&history).len(), 1, "whoever waits does not ask");
    drop(first);
    let mut fences = crowd.join_all().await;
    fences.sort_unstable();
    fences.dedup();
    assert_eq!(fences.len(), WAITERS, "each hold has a fence of its own");
    let asked = acquisitions(&history);
    let most = WAITERS / FENCES_MAX as usize;
    assert!(asked.len() >= most && asked.len() <= most + 3, "asked {} times", asked.len());
    assert_eq!(holders(&lock).await, (0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_lock_that_was_held_for_long_is_given_back_before_the_next_gets_it() {
    let (store, history) = recorded().await;
    let lock = Lock::new(&store, "till").with_lease(LEASE);
    for (time, asks) in [(LEASE / 4, 0), (LEASE / 3, 1)] {
        let first = held(&lock).await;
        let [one, two] = [(); 2].map(|()| {
            let lock = lock.clone();
            tokio::spawn(async move { held(&lock).await })
        });
        quiet().await;
        drop(first);
        let one = one.await.unwrap();
        let before = acquisitions(&history).len();
        sleep(time).await;
        drop(one);
        drop(two.await.unwrap());
        assert_eq!(acquisitions(&history).len() - before, asks, "after {time:?}");
    }
}

#[tokio::test]
async fn a_lock_is_given_back_while_a_call_that_required_it_may_still_arrive() {
    let history = History::default();
    let noted = history.clone();
    let store = Store::builder()
        .layer(move |engine| Faults::late(Record::new(engine, noted)))
        .open("memory:")
        .await
        .unwrap();
    let (lock, count) = (Lock::new(&store, "till"), Counter::new(&store, "count"));
    for dropped in [false, true] {
        let first = held(&lock).await;
        let [one, two] = [(); 2].map(|()| {
            let lock = lock.clone();
            tokio::spawn(async move { held(&lock).await })
        });
        quiet().await;
        drop(first);
        // Two wait, so the first of them has got fences for both.
        let one = one.await.unwrap();
        let before = acquisitions(&history).len();
        {
            let mut call = pin!(count.increment().requiring(&one).into_future());
            if dropped {
                let polled = call.as_mut().poll(&mut Context::from_waker(Waker::noop()));
                assert!(polled.is_pending());
            } else {
                call.await.unwrap();
            }
        }
        drop(one);
        let two = two.await.unwrap();
        let asked = acquisitions(&history).len() - before;
        assert_eq!(asked > 0, dropped, "asked {asked} times");
        two.release().await.unwrap();
        store.settle().await;
    }
}

#[tokio::test]
async fn a_process_with_many_who_wait_does_not_starve_another() {
    let memory = Memory::new();
    let [mine, yours] = [(); 2].map(|()| Store::new(memory.clone()));
    let lock = Lock::new(&mine, "till");
    let first = held(&lock).await;
    let (held_here, held_there) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let mut crowd = JoinSet::new();
    for _ in 0..300 {
        let (lock, held_here) = (lock.clone(), Arc::clone(&held_here));
        crowd.spawn(async move {
            let guard = held(&lock).await;
            held_here.fetch_add(1, Ordering::SeqCst);
            drop(guard);
        });
    }
    quiet().await;
    let other = tokio::spawn({
        let (lock, here) = (Lock::new(&yours, "till"), Arc::clone(&held_here));
        let there = Arc::clone(&held_there);
        async move {
            let guard = held(&lock).await;
            there.store(here.load(Ordering::SeqCst), Ordering::SeqCst);
            drop(guard);
        }
    });
    quiet().await;
    drop(first);
    crowd.join_all().await;
    other.await.unwrap();
    let before = held_there.load(Ordering::SeqCst);
    assert!(before <= FENCES_MAX as usize, "{before} others went before it");
}

#[tokio::test]
async fn a_fair_lock_goes_by_the_order_of_all_who_wait() {
    let memory = Memory::new();
    let stores = [(); 3].map(|()| Store::new(memory.clone()));
    let locks = stores.map(|store| Lock::new(&store, "till").fair());
    let first = held(&locks[0]).await;
    let order = Arc::new(Mutex::new(Vec::new()));
    let mut crowd = JoinSet::new();
    for number in 0..30 {
        let (lock, order) = (locks[number * 7 % 3].clone(), Arc::clone(&order));
        crowd.spawn(async move {
            let guard = held(&lock).await;
            order.lock().unwrap().push((number, guard.fence()));
            tokio::task::yield_now().await;
            assert!(guard.release().await.unwrap());
        });
        quiet().await;
        assert_eq!(holders(&locks[0]).await, (1, number as u64 + 1));
    }
    first.release().await.unwrap();
    crowd.join_all().await;
    let order = order.lock().unwrap().clone();
    assert!(order.iter().map(|(number, _)| *number).eq(0..30), "{order:?}");
    assert!(order.windows(2).all(|two| two[0].1 < two[1].1));
    assert_eq!(holders(&locks[0]).await, (0, 0));
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_long_keeps_the_place() {
    let memory = Memory::new();
    let stores = [(); 2].map(|()| Store::new(memory.clone()));
    for fair in [false, true] {
        let locks = stores.clone().map(|store| {
            let lock = Lock::new(&store, if fair { "fair" } else { "till" });
            let lock = lock.with_lease(LEASE).with_wait(LEASE * 1_000);
            if fair { lock.fair() } else { lock }
        });
        let first = held(&locks[0]).await;
        let waiting = [0, 1, 1].map(|number: usize| {
            let lock = locks[number].clone();
            tokio::spawn(async move { held(&lock).await.release().await.unwrap() })
        });
        for _ in 0..20 {
            sleep(LEASE).await;
            // A process that holds it does not ask again for its next.
            assert_eq!(holders(&locks[0]).await, (1, if fair { 3 } else { 1 }));
        }
        first.release().await.unwrap();
        for waiter in waiting {
            assert!(waiter.await.unwrap());
        }
        assert_eq!(holders(&locks[0]).await, (0, 0));
    }
}

#[tokio::test(start_paused = true)]
async fn a_place_is_kept_however_often_its_owner_is_woken_for_nothing() {
    let memory = Memory::new();
    let [mine, yours] = [(); 2].map(|()| Store::new(memory.clone()));
    // The holder is not heard of for long.
    let first = held(&Lock::new(&mine, "till").with_lease(LEASE * 1_000)).await;
    let lock = Lock::new(&yours, "till").with_lease(LEASE).with_wait(LEASE * 1_000);
    let waiter = tokio::spawn({
        let lock = lock.clone();
        async move { held(&lock).await.release().await.unwrap() }
    });
    for _ in 0..40 {
        sleep(LEASE * 4 / 10).await;
        lock.expire(LEASE * 10_000).await.unwrap();
        sleep(LEASE / 4).await;
        assert_eq!(holders(&lock).await, (1, 1));
    }
    drop(first);
    assert!(waiter.await.unwrap());
}

#[tokio::test]
async fn whoever_goes_away_at_any_point_leaves_nothing_behind() {
    for fair in [false, true] {
        for polls in 0..12 {
            let store = Store::builder().layer(Faults::late).open("memory:").await.unwrap();
            let lock = Lock::new(&store, "till");
            let lock = if fair { lock.fair() } else { lock };
            for is_held in [false, true] {
                let guard = if is_held { Some(held(&lock).await) } else { None };
                {
                    let mut waiting = pin!(lock.acquire().into_future());
                    for _ in 0..polls {
                        let context = &mut Context::from_waker(Waker::noop());
                        if waiting.as_mut().poll(context).is_ready() {
                            break;
                        }
                        quiet().await;
                    }
                }
                store.settle().await;
                let left = if is_held { (1, 0) } else { (0, 0) };
                assert_eq!(holders(&lock).await, left, "{fair} {is_held} after {polls} polls");
                drop(guard);
                store.settle().await;
                assert_eq!(holders(&lock).await, (0, 0));
                drop(held(&lock).await);
                store.settle().await;
            }
        }
    }
}

#[tokio::test]
async fn the_turn_goes_past_those_who_have_left() {
    let store = store().await;
    let lock = Lock::new(&store, "till");
    let first = held(&lock).await;
    let mut gone = Vec::new();
    for _ in 0..10 {
        let mut waiting = Box::pin(lock.acquire().into_future());
        let polled = waiting.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        assert!(polled.is_pending());
        gone.push(waiting);
    }
    let staying = tokio::spawn({
        let lock = lock.clone();
        async move { held(&lock).await.release().await.unwrap() }
    });
    quiet().await;
    // Some leave before it comes to them, and some when it has come and they have not looked.
    gone.truncate(5);
    first.release().await.unwrap();
    quiet().await;
    drop(gone);
    assert!(staying.await.unwrap());
    assert_eq!(holders(&lock).await, (0, 0));
}

#[tokio::test]
async fn through_a_bad_network_nobody_is_left_in_or_let_in_twice() {
    let odds = Odds { lose_request: 0.1, lose_reply: 0.1, ..Odds::default() };
    let memory = Memory::new();
    let inside = Arc::new(AtomicUsize::new(0));
    let mut crowd = JoinSet::new();
    for number in 0..16_u64 {
        let faults = Faults::with_odds(memory.clone(), odds, number);
        let patient = exactly::layers::RetryPolicy {
            pause: Duration::from_micros(10),
            pause_max: Duration::from_micros(100),
            ..Default::default()
        };
        let store = Store::builder().retry(patient).build(faults);
        let (lock, inside) = (Lock::new(&store, "till"), Arc::clone(&inside));
        crowd.spawn(async move {
            for _ in 0..20 {
                let block = async |_: &LockGuard| {
                    assert_eq!(inside.fetch_add(1, Ordering::SeqCst), 0);
                    tokio::task::yield_now().await;
                    inside.fetch_sub(1, Ordering::SeqCst);
                };
                assert!(matches!(lock.with(block).await.unwrap(), Locked::Done(())));
            }
            store.settle().await;
        });
    }
    crowd.join_all().await;
    assert_eq!(holders(&Lock::new(&Store::new(memory), "till")).await, (0, 0));
}

#[tokio::test]
async fn all_or_none_in_whatever_order() {
    let store = store().await;
    let locks = ["a", "b", "c"].map(|name| Lock::new(&store, name));
    let [a, b, c] = &locks;
    let all = Lock::acquire_all([c, a, b, a]).await.unwrap().held().unwrap();
    assert_eq!(all.len(), 3, "a lock that is named twice is held once");
    let busy = Lock::acquire_all([a, b]).within(MOMENT).await.unwrap();
    assert!(matches!(busy, Locking::Busy { .. }));
    drop(all);
    let one = held(b).await;
    assert!(Lock::acquire_all([a, b]).within(MOMENT).await.unwrap().held().is_none());
    assert!(tried(a).await.is_some(), "none is held if one is not");
    drop(one);
    assert_eq!(Lock::acquire_all([]).await.unwrap().held().unwrap().len(), 0);
    let elsewhere = Lock::new(&Store::open("memory:").await.unwrap(), "b");
    assert!(Lock::acquire_all([a, &elsewhere]).await.unwrap_err().is_misuse());
    let count = Counter::new(&store, "count");
    let mut crowd = JoinSet::new();
    for number in 0..16 {
        let (locks, count) = (locks.clone(), count.clone());
        crowd.spawn(async move {
            for round in 0..20 {
                let pair = [&locks[(number + round) % 3], &locks[number % 3]];
                let pair = Lock::acquire_all(pair.into_iter().chain([&locks[2]]));
                let held = pair.await.unwrap().held().unwrap();
                let found = count.get().await.unwrap();
                tokio::task::yield_now().await;
                count.set(found + 1).requiring(&held[0]).await.unwrap();
            }
        });
    }
    crowd.join_all().await;
    assert_eq!(count.get().await.unwrap(), 16 * 20);
}

#[tokio::test]
async fn what_a_lock_cannot_be_is_misuse() {
    let store = store().await;
    for lease in [Duration::ZERO, Duration::MAX] {
        let lock = Lock::new(&store, "till").with_lease(lease);
        let fault = lock.try_acquire().await.unwrap_err();
        assert!(fault.is_misuse() && fault.is_bad_setting(), "{fault}");
        assert!(lock.acquire().await.unwrap_err().is_bad_setting());
        assert!(!lock.exists().await.unwrap());
    }
    assert!(Lock::new(&store, "").acquire().await.unwrap_err().is_bad_name());
    Value::<String>::new(&store, "motto").set("x").await.unwrap();
    assert!(Lock::new(&store, "motto").acquire().await.unwrap_err().is_wrong_type());
    // And the turn has gone on each time.
    assert!(Lock::new(&store, "motto").acquire().await.unwrap_err().is_wrong_type());
}

#[derive(Objects)]
#[exactly(name = "account")]
struct Account {
    #[exactly(lease = "5s")]
    lock: Lock,
    balance: Counter,
}

#[tokio::test(start_paused = true)]
async fn a_lock_is_a_field_of_a_group() {
    let account = Account::at(&store().await, 42);
    let guard = held(&account.lock).await;
    account.balance.add(7).requiring(&guard).await.unwrap();
    let left = account.lock.holders().await.unwrap().left;
    assert!(left <= Duration::from_secs(5), "{left:?}");
    advance(Duration::from_secs(1)).await;
    assert_eq!(account.delete_all().await.unwrap(), 2);
    assert!(account.balance.add(7).requiring(&guard).await.unwrap_err().is_lock_lost());
}
