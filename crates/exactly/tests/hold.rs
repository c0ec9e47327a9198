//! Holds: confirmed, released, dropped, kept.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::future::{Future, IntoFuture};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Waker};
use std::time::Duration;

use exactly::core::ManualClock;
use exactly::layers::Faults;
use exactly::{Capacity, Confirmed, Extended, GivenBack, Resized, Store, Taking, Token, Used};
use exactly_embedded::{Memory, Options};

const LEASE: Duration = Duration::from_secs(30);

fn seats() -> (Capacity, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new());
    let memory = Memory::with(Options { clock: Arc::clone(&clock) as _, ..Options::default() });
    (Capacity::new(&Store::new(memory), "seats", 3).with_lease(LEASE), clock)
}

async fn levels(seats: &Capacity) -> (u64, u64, u64) {
    let levels = seats.levels().await.unwrap();
    (levels.free, levels.held, levels.confirmed)
}

#[tokio::test]
async fn a_hold_is_confirmed_released_or_dropped() {
    let (seats, _clock) = seats();
    let [one, two, three] = [1, 1, 1].map(|units| seats.take(units));
    let (one, two, three) = (one.await.unwrap(), two.await.unwrap(), three.await.unwrap());
    assert_eq!(levels(&seats).await, (0, 3, 0));
    assert!(matches!(seats.take(1).await.unwrap(), Taking::Full { free: 0, held: 3 }));
    assert_eq!(one.held().unwrap().confirm().await.unwrap(), Confirmed::Confirmed);
    assert!(two.held().unwrap().release().await.unwrap());
    assert_eq!(levels(&seats).await, (1, 1, 1));
    drop(three);
    assert_eq!(levels(&seats).await, (2, 0, 1));
    assert_eq!(seats.free().await.unwrap(), 2);
}

#[tokio::test]
async fn a_late_holder_is_refused_and_an_extended_one_is_not() {
    let (seats, clock) = seats();
    let late = seats.take(1).await.unwrap().held().unwrap();
    let extended = seats.take(1).await.unwrap().held().unwrap();
    clock.advance(LEASE / 2);
    assert_eq!(extended.extend(LEASE).await.unwrap(), Extended::Extended);
    clock.advance(LEASE / 2);
    assert_eq!(levels(&seats).await, (2, 1, 0));
    assert_eq!(late.extend(LEASE).await.unwrap(), Extended::Lapsed);
    assert_eq!(late.confirm().await.unwrap(), Confirmed::Lapsed);
    assert_eq!(extended.confirm().await.unwrap(), Confirmed::Confirmed);
    assert_eq!(levels(&seats).await, (2, 0, 1));
}

#[tokio::test]
async fn a_hold_that_lapsed_and_was_taken_by_another_is_not_released_by_its_old_holder() {
    let (seats, clock) = seats();
    let old = seats.take(3).await.unwrap();
    clock.advance(LEASE);
    let new = seats.take(3).await.unwrap();
    drop(old);
    assert_eq!(levels(&seats).await, (0, 3, 0));
    assert_eq!(new.held().unwrap().confirm().await.unwrap(), Confirmed::Confirmed);
}

#[tokio::test]
async fn a_kept_hold_is_picked_up_by_its_id() {
    let (seats, clock) = seats();
    let id = seats.take_for(2, LEASE * 2).await.unwrap().held().unwrap().keep();
    clock.advance(LEASE);
    assert_eq!(levels(&seats).await, (1, 2, 0));
    assert_eq!(seats.hold(id).confirm().await.unwrap(), Confirmed::Confirmed);
    assert_eq!(levels(&seats).await, (1, 0, 2));
}

#[tokio::test]
async fn confirmed_units_are_given_back_and_the_limit_changes() {
    let (seats, _clock) = seats();
    seats.take(3).await.unwrap().held().unwrap().confirm().await.unwrap();
    assert_eq!(seats.resize(1).await.unwrap(), Resized { over: 2 });
    assert_eq!(seats.give_back(4).await.unwrap(), GivenBack::TooFew { confirmed: 3 });
    assert_eq!(seats.give_back(3).await.unwrap(), GivenBack::GivenBack);
    assert_eq!(levels(&seats).await, (1, 0, 0));
}

#[tokio::test]
async fn what_a_capacity_cannot_be_is_misuse() {
    let (seats, _clock) = seats();
    for fault in [
        seats.take(0).await.unwrap_err(),
        seats.take_for(1, Duration::ZERO).await.unwrap_err(),
        seats.take_for(1, Duration::MAX).await.unwrap_err(),
        seats.resize(u64::MAX).await.unwrap_err(),
        seats.give_back(0).await.unwrap_err(),
    ] {
        assert!(fault.is_misuse() && fault.is_bad_setting(), "{fault}");
        assert!(fault.to_string().contains("seats"), "{fault}");
    }
    assert!(!seats.exists().await.unwrap());
}

fn poll_times(mut future: Pin<&mut impl Future>, polls: usize) {
    for _ in 0..polls {
        if future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready() {
            break;
        }
    }
}

#[tokio::test]
async fn a_take_whose_caller_goes_away_on_its_way_gives_the_units_back() {
    for polls in 0..5 {
        let store = Store::builder().layer(Faults::late).open("memory:").await.unwrap();
        let seats = Capacity::new(&store, "seats", 3).with_lease(LEASE);
        poll_times(pin!(seats.take(1).into_future()), polls);
        store.settle().await;
        assert_eq!(levels(&seats).await, (3, 0, 0), "after {polls} polls");
    }
}

#[tokio::test]
async fn a_confirm_once_begun_is_carried_to_its_end_and_may_be_asked_again() {
    for polls in 0..5 {
        let store = Store::builder().layer(Faults::late).open("memory:").await.unwrap();
        let seats = Capacity::new(&store, "seats", 3).with_lease(LEASE);
        let hold = seats.take(1).await.unwrap().held().unwrap();
        let id = hold.id();
        poll_times(pin!(hold.confirm()), polls);
        store.settle().await;
        let begun = if polls == 0 { (3, 0, 0) } else { (2, 0, 1) };
        assert_eq!(levels(&seats).await, begun, "after {polls} polls");
        let again = seats.hold(id).confirm().await.unwrap();
        assert_eq!(again == Confirmed::Confirmed, polls > 0);
        assert_eq!(levels(&seats).await, begun);
    }
}

#[tokio::test]
async fn a_release_once_begun_is_carried_to_its_end() {
    for polls in 0..5 {
        let store = Store::builder().layer(Faults::late).open("memory:").await.unwrap();
        let seats = Capacity::new(&store, "seats", 3).with_lease(LEASE);
        let hold = seats.take(1).await.unwrap().held().unwrap();
        poll_times(pin!(hold.release()), polls);
        store.settle().await;
        assert_eq!(levels(&seats).await, (3, 0, 0), "after {polls} polls");
    }
}

#[tokio::test]
async fn a_limit_may_be_known_only_at_run_time() {
    let (seats, _clock) = seats();
    assert_eq!(seats.with_limit(7).free().await.unwrap(), 7);
}

#[tokio::test]
async fn dropping_a_picked_up_hold_gives_nothing_back() {
    let (seats, _clock) = seats();
    let id = seats.take(1).await.unwrap().held().unwrap().keep();
    assert_eq!(seats.hold(id).extend(LEASE).await.unwrap(), Extended::Extended);
    drop(seats.hold(id));
    assert_eq!(levels(&seats).await, (2, 1, 0));
    assert!(seats.hold(id).release().await.unwrap());
}

#[tokio::test]
async fn what_a_token_has_taken_is_left_to_its_lease() {
    let store = Store::builder().layer(Faults::late).open("memory:").await.unwrap();
    let seats = Capacity::new(&store, "seats", 3).with_lease(LEASE);
    let order = || Token::caller("order-1", LEASE).unwrap();
    // The client hangs up, at whatever point, and asks again.
    for polls in 0..5 {
        poll_times(pin!(seats.take(1).token(order()).into_future()), polls);
        store.settle().await;
    }
    drop(seats.take(1).token(order()).await.unwrap());
    let hold = seats.take(1).token(order()).await.unwrap().held().unwrap();
    assert_eq!(levels(&seats).await, (2, 1, 0));
    assert_eq!(hold.confirm().await.unwrap(), Confirmed::Confirmed);
}

#[test]
fn a_hold_dropped_outside_any_runtime_is_released_in_that_of_the_store() {
    let runtime =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().unwrap();
    let store = runtime.block_on(async {
        let late = Store::builder().layer(Faults::late).timeout(LEASE);
        late.open("memory:").await.unwrap()
    });
    let seats = Capacity::new(&store, "seats", 3).with_lease(LEASE);
    let hold = runtime.block_on(async { seats.take(1).await.unwrap() });
    drop(hold);
    runtime.block_on(store.settle());
    assert_eq!(runtime.block_on(levels(&seats)), (3, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn leases_go_by_the_time_of_a_test_that_has_paused_it() {
    let seats = Capacity::new(&Store::open("memory:").await.unwrap(), "seats", 3).with_lease(LEASE);
    let hold = seats.take(1).await.unwrap().held().unwrap();
    tokio::time::sleep(LEASE).await;
    assert_eq!(levels(&seats).await, (3, 0, 0));
    assert_eq!(hold.confirm().await.unwrap(), Confirmed::Lapsed);
}

// ===== blocks =====

#[tokio::test]
async fn what_a_block_answers_becomes_of_its_units() {
    let (seats, _clock) = seats();
    let kept = seats.take_with(2, async |hold| Ok::<_, ()>(hold.id())).await.unwrap();
    assert!(matches!(kept, Used::Confirmed(_)));
    assert_eq!(levels(&seats).await, (1, 0, 2));
    let full = seats.take_with(2, async |_| -> Option<()> { panic!("it runs") }).await.unwrap();
    assert_eq!(full, Used::Full { free: 1, held: 0 });
    let undone = seats.take_with(1, async |_| Err::<(), _>("no card")).await.unwrap();
    assert_eq!(undone, Used::Released("no card"));
    assert_eq!(levels(&seats).await, (1, 0, 2));
    assert_eq!(seats.take_with(1, async |_| None::<()>).await.unwrap().confirmed(), None);
    assert_eq!(levels(&seats).await, (1, 0, 2));
}

#[tokio::test]
async fn the_units_of_a_block_that_panics_or_is_dropped_are_free() {
    let (seats, _clock) = seats();
    let panicking = tokio::spawn({
        let seats = seats.clone();
        async move { seats.take_with(3, async |_| -> Option<()> { panic!("a bug") }).await }
    });
    assert!(panicking.await.unwrap_err().is_panic());
    assert_eq!(levels(&seats).await, (3, 0, 0));
    {
        let block = seats.take_with(3, async |_| std::future::pending::<Option<()>>().await);
        let mut block = pin!(block);
        let mut cx = Context::from_waker(Waker::noop());
        assert!(block.as_mut().poll(&mut cx).is_pending());
        assert_eq!(levels(&seats).await, (0, 3, 0));
    }
    assert_eq!(levels(&seats).await, (3, 0, 0));
}

#[tokio::test]
async fn a_block_that_is_late_is_told_so_and_confirms_nothing() {
    let (seats, clock) = seats();
    let late = seats.take_with(3, async |_| {
        clock.advance(LEASE);
        Some("enrolled")
    });
    assert_eq!(late.await.unwrap(), Used::Lapsed("enrolled"));
    assert_eq!(levels(&seats).await, (3, 0, 0));
}

#[tokio::test(start_paused = true)]
async fn a_block_that_is_extended_is_not_late() {
    // Both clocks are tokio's: it stands still but for the sleeps.
    let seats = Capacity::new(&Store::new(Memory::new()), "seats", 3).with_lease(LEASE);
    let slow = async |_: &exactly::Hold| {
        tokio::time::sleep(LEASE * 5).await;
        Some("enrolled")
    };
    assert_eq!(seats.take_with(1, slow).await.unwrap(), Used::Lapsed("enrolled"));
    let extended = seats.clone().with_extension();
    assert_eq!(extended.take_with(1, slow).await.unwrap(), Used::Confirmed("enrolled"));
    assert_eq!(levels(&seats).await, (2, 0, 1));
}
