//! Work that is done once, whoever asks for it and however often, also when workers die.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::future::{Future, pending};
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Waker};
use std::time::Duration;

use exactly::core::ManualClock;
use exactly::{Done, Once, Progress, Store};
use exactly_embedded::{Memory, Options};
use tokio::task::JoinSet;

const LEASE: Duration = Duration::from_secs(30);

fn charge() -> (Once<String>, Arc<ManualClock>) {
    let clock = Arc::new(ManualClock::new());
    let memory = Memory::with(Options { clock: Arc::clone(&clock) as _, ..Options::default() });
    (Once::new(&Store::new(memory), "charge").with_lease(LEASE), clock)
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn of_many_who_come_at_once_one_does_it_and_all_have_its_answer() {
    let (charge, _clock) = charge();
    let runs = Arc::new(AtomicUsize::new(0));
    let mut crowd = JoinSet::new();
    for number in 0..64 {
        let (charge, runs) = (charge.clone(), Arc::clone(&runs));
        crowd.spawn(async move {
            let block = async |attempt| {
                assert_eq!(attempt, 1);
                runs.fetch_add(1, Ordering::Relaxed);
                tokio::task::yield_now().await;
                Some(format!("receipt of {number}"))
            };
            charge.run_or_wait(Duration::from_secs(60), block).await.unwrap().answer().unwrap()
        });
    }
    let answers = crowd.join_all().await;
    assert_eq!(runs.load(Ordering::Relaxed), 1);
    assert!(answers.iter().all(|answer| *answer == answers[0]));
    assert_eq!(charge.answer().await.unwrap().as_ref(), answers.first());
}

#[tokio::test]
async fn what_is_given_up_was_not_done() {
    let (charge, _clock) = charge();
    let refused = charge.run(async |_| Err::<String, _>("no card")).await.unwrap();
    assert_eq!(refused, Done::GivenUp("no card"));
    assert_eq!(charge.progress().await.unwrap(), Progress::New);
    let done = charge.run(async |attempt| Some(format!("attempt {attempt}"))).await.unwrap();
    assert_eq!(done, Done::Now("attempt 1".to_owned()));
}

#[tokio::test]
async fn a_panic_and_a_dropped_block_are_crashes_that_the_next_one_sees() {
    let (charge, clock) = charge();
    let panicking = tokio::spawn({
        let charge = charge.clone();
        async move { charge.run(async |_| -> Option<String> { panic!("a bug") }).await }
    });
    assert!(panicking.await.unwrap_err().is_panic());
    let meanwhile = charge.run(async |_| -> Option<String> { panic!("it runs") }).await.unwrap();
    assert_eq!(meanwhile, Done::Running { left: LEASE });
    clock.advance(LEASE);
    assert_eq!(charge.progress().await.unwrap(), Progress::Crashed { attempts: 1 });
    {
        let mut dropped = pin!(charge.run(async |_| pending::<Option<String>>().await));
        let mut cx = Context::from_waker(Waker::noop());
        assert!(dropped.as_mut().poll(&mut cx).is_pending());
    }
    clock.advance(LEASE);
    let done = charge.run(async |attempt| Some(format!("attempt {attempt}"))).await.unwrap();
    assert_eq!(done, Done::Now("attempt 3".to_owned()));
}

#[tokio::test]
async fn a_late_worker_is_told_and_its_answer_is_not_kept() {
    let (charge, clock) = charge();
    let late = charge.run(async |_| {
        clock.advance(LEASE);
        let taken_over = charge.run(async |attempt| Some(format!("attempt {attempt}"))).await;
        assert_eq!(taken_over.unwrap(), Done::Now("attempt 2".to_owned()));
        Some("late".to_owned())
    });
    assert_eq!(late.await.unwrap(), Done::Lost("late".to_owned()));
    assert_eq!(charge.answer().await.unwrap().as_deref(), Some("attempt 2"));
}

#[tokio::test(start_paused = true)]
async fn a_lease_is_extended_while_the_block_runs() {
    let charge: Once<u32> = Once::new(&Store::new(Memory::new()), "charge").with_lease(LEASE);
    let slow = charge.run(async |_| {
        tokio::time::sleep(LEASE * 5).await;
        Some(7)
    });
    assert_eq!(slow.await.unwrap(), Done::Now(7));
}

#[tokio::test(start_paused = true)]
async fn whoever_waits_takes_over_from_the_dead_or_goes_when_its_time_is_up() {
    let charge: Once<u32> = Once::new(&Store::new(Memory::new()), "charge").with_lease(LEASE);
    {
        let mut dead = pin!(charge.run(async |_| pending::<Option<u32>>().await));
        assert!(dead.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    }
    let impatient = charge.run_or_wait(LEASE / 2, async |_| Some(1)).await.unwrap();
    assert!(matches!(impatient, Done::Running { .. }), "{impatient:?}");
    let patient = charge.run_or_wait(LEASE, async |attempt| Some(attempt as u32)).await.unwrap();
    assert_eq!(patient, Done::Now(2));
    // However patient: for ever.
    let forever = charge.run_or_wait(Duration::MAX, async |_| Some(3)).await.unwrap();
    assert_eq!(forever, Done::Before(2));
}

#[tokio::test]
async fn an_answer_is_kept_for_as_long_as_was_said() {
    let (charge, clock) = charge();
    let charge = charge.kept_for(LEASE);
    let run = async || charge.run(async |_| Some("again".to_owned())).await.unwrap();
    assert_eq!(run().await, Done::Now("again".to_owned()));
    assert_eq!(run().await, Done::Before("again".to_owned()));
    clock.advance(LEASE);
    assert_eq!(run().await, Done::Now("again".to_owned()));
}
