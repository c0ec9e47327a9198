//! The block form: what keeps a step, and what undoes it.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::pin::pin;
use std::sync::Arc;
use std::task::{Context, Waker};

use exactly::core::Engine;
use exactly::layers::{Act, Faults, Retry};
use exactly::{Counter, Fault, Ran, Store};
use tokio::task::yield_now;

async fn slow_store() -> Store {
    Store::builder().layer(Faults::late).open("memory:").await.unwrap()
}

async fn counter() -> Counter {
    Counter::new(&Store::open("memory:").await.unwrap(), "taken")
}

#[tokio::test]
async fn some_and_ok_keep_none_and_err_undo() {
    let taken = counter().await;
    assert_eq!(taken.increment_with(async |n| Some(n)).await.unwrap(), Ran::Kept(1));
    assert_eq!(taken.increment_with(async |n| Ok::<_, ()>(n)).await.unwrap(), Ran::Kept(2));
    assert_eq!(taken.increment_with(async |_| None::<()>).await.unwrap(), Ran::Undone(()));
    let failed = taken.increment_with(async |_| Err::<(), _>("declined")).await.unwrap();
    assert_eq!(failed, Ran::Undone("declined"));
    assert_eq!(taken.get().await.unwrap(), 2);
}

#[tokio::test]
async fn a_block_may_refuse_by_the_value_it_is_given() {
    let taken = counter().await;
    taken.set(29).await.unwrap();
    let enrol = async || "enrolled";
    let mut enrolled = Vec::new();
    for _ in 0..3 {
        let block = async |taken| if taken <= 30 { Some(enrol().await) } else { None };
        enrolled.push(taken.increment_with(block).await.unwrap().kept());
    }
    assert_eq!(enrolled, [Some("enrolled"), None, None]);
    assert_eq!(taken.get().await.unwrap(), 30);
}

#[tokio::test]
async fn false_and_zero_and_unit_keep_when_they_are_some() {
    let taken = counter().await;
    assert!(taken.increment_with(async |_| Some(false)).await.unwrap().is_kept());
    assert!(taken.increment_with(async |_| Some(())).await.unwrap().is_kept());
    assert_eq!(taken.get().await.unwrap(), 2);
}

#[tokio::test]
async fn the_undo_takes_back_what_was_added_whatever_others_add_meanwhile() {
    let taken = counter().await;
    let meanwhile = async |_| {
        taken.add(100).await.unwrap();
        None::<()>
    };
    assert_eq!(taken.add_with(7, meanwhile).await.unwrap(), Ran::Undone(()));
    assert_eq!(taken.get().await.unwrap(), 100);
    assert_eq!(taken.decrement_with(meanwhile).await.unwrap(), Ran::Undone(()));
    assert_eq!(taken.get().await.unwrap(), 200);
}

#[tokio::test]
async fn nothing_is_undone_of_a_step_that_is_gone() {
    let taken = counter().await;
    let reset = async |_| {
        taken.reset().await.unwrap();
        None::<()>
    };
    assert_eq!(taken.increment_with(reset).await.unwrap(), Ran::Undone(()));
    assert_eq!(taken.get().await.unwrap(), 0);
    let delete_and_count_anew = async |_| {
        taken.delete().await.unwrap();
        taken.increment().await.unwrap();
        None::<()>
    };
    assert_eq!(taken.increment_with(delete_and_count_anew).await.unwrap(), Ran::Undone(()));
    assert_eq!(taken.get().await.unwrap(), 1);
}

#[tokio::test]
async fn a_refused_step_does_not_run_the_block() {
    let left = counter().await.with_bounds(0..);
    let ran = left.decrement_with(async |_| -> Option<()> { panic!("does not run") }).await;
    assert_eq!(ran.unwrap(), Ran::OutOfBounds);
    assert!(!left.exists().await.unwrap());
}

#[tokio::test]
async fn an_undo_that_would_break_the_bounds_is_a_fault_that_says_so() {
    let left = counter().await.with_start(2).with_bounds(0..=2);
    let given_back = async |_| {
        left.increment().await.unwrap();
        None::<()>
    };
    let fault = left.decrement_with(given_back).await.unwrap_err();
    assert!(fault.is_not_undone() && fault.to_string().contains("Capacity"), "{fault}");
    assert_eq!(left.get().await.unwrap(), 2);
}

#[tokio::test]
async fn a_panic_undoes_and_goes_on() {
    for store in [Store::open("memory:").await.unwrap(), slow_store().await] {
        let taken = Counter::new(&store, "taken");
        let task = {
            let taken = taken.clone();
            tokio::spawn(async move {
                let block = async |_| -> Option<()> {
                    yield_now().await;
                    panic!("in the block")
                };
                taken.increment_with(AssertUnwindSafe(block).0).await
            })
        };
        let panic = task.await.unwrap_err().into_panic();
        assert_eq!(panic.downcast_ref::<&str>(), Some(&"in the block"));
        assert_eq!(taken.get().await.unwrap(), 0);
    }
}

#[tokio::test]
async fn a_future_dropped_at_any_point_undoes() {
    let polls_to_the_end = 16;
    let mut dropped_inside = 0;
    for answer in [Some(()), None] {
        for polls in 0..polls_to_the_end {
            let store = slow_store().await;
            let taken = Counter::new(&store, "taken");
            let mut kept = 0;
            {
                let mut block = pin!(taken.increment_with(async |_| {
                    yield_now().await;
                    yield_now().await;
                    answer
                }));
                for _ in 0..polls {
                    let mut context = Context::from_waker(Waker::noop());
                    if let std::task::Poll::Ready(ran) = block.as_mut().poll(&mut context) {
                        kept = i64::from(ran.unwrap().is_kept());
                        break;
                    }
                    dropped_inside += 1;
                }
            }
            store.settle().await;
            assert_eq!(taken.get().await.unwrap(), kept, "dropped after {polls} polls");
        }
    }
    assert!(dropped_inside > polls_to_the_end);
}

#[tokio::test]
async fn the_undo_of_a_dropped_block_keeps_to_the_bounds() {
    // Dropped on the way of the step, and inside the block.
    for polls in [2, 3] {
        let store = slow_store().await;
        let left: Counter = Counter::new(&store, "left").with_start(2).with_bounds(0..=2);
        {
            let mut block =
                pin!(left.decrement_with(async |_| std::future::pending::<Option<()>>().await));
            for _ in 0..polls {
                let mut context = Context::from_waker(Waker::noop());
                assert!(block.as_mut().poll(&mut context).is_pending());
            }
            assert_eq!(left.increment().await.unwrap(), 2, "another gave one back");
        }
        store.settle().await;
        assert_eq!(left.get().await.unwrap(), 2, "dropped after {polls} polls");
    }
}

#[tokio::test]
async fn a_dropped_block_is_undone_at_once_where_the_engine_answers_at_once() {
    let taken = counter().await;
    {
        let mut block =
            pin!(taken.increment_with(async |_| std::future::pending::<Option<()>>().await));
        assert!(block.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        assert_eq!(taken.get().await.unwrap(), 1);
    }
    assert_eq!(taken.get().await.unwrap(), 0);
}

#[test]
fn a_block_dropped_outside_any_runtime_is_undone_by_the_stores_own() {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .worker_threads(1)
        .enable_time()
        .build()
        .unwrap();
    let store = runtime.block_on(slow_store());
    let taken = Counter::new(&store, "taken");
    let mut block =
        Box::pin(taken.increment_with(async |_| std::future::pending::<Option<()>>().await));
    runtime.block_on(async {
        while taken.get().await.unwrap() == 0 {
            assert!(block.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
        }
        assert!(block.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_pending());
    });
    drop(block);
    runtime.block_on(store.settle());
    assert_eq!(runtime.block_on(async { taken.get().await }).unwrap(), 0);
}

#[tokio::test]
async fn an_undo_whose_reply_is_lost_is_sent_again_and_undoes_once() {
    let lossy = Arc::new(Faults::new(exactly_embedded_engine().await));
    let store = Store::builder().build(Retry::new(Arc::clone(&lossy)));
    let taken = Counter::new(&store, "taken");
    taken.set(10).await.unwrap();
    lossy.next([Act::LoseReply, Act::Pass, Act::LoseReply, Act::LoseReply, Act::Pass]);
    assert_eq!(taken.increment_with(async |_| None::<()>).await.unwrap(), Ran::Undone(()));
    assert_eq!(taken.get().await.unwrap(), 10);
}

#[tokio::test]
async fn a_step_of_unknown_outcome_does_not_run_the_block() {
    let lossy = Arc::new(Faults::new(exactly_embedded_engine().await));
    let impatient = exactly::layers::RetryPolicy { attempts_max: 1, ..Default::default() };
    let store = Store::builder().retry(impatient).build(Arc::clone(&lossy));
    let taken = Counter::new(&store, "taken");
    lossy.next([Act::LoseReply]);
    let block = async |_| -> Option<()> { panic!("does not run") };
    let fault: Fault = taken.increment_with(block).await.unwrap_err();
    assert!(fault.is_unknown(), "{fault}");
}

async fn exactly_embedded_engine() -> impl Engine {
    exactly_embedded::Memory::new()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_crowd_that_keeps_fails_panics_and_hangs_up_leaves_exactly_what_was_kept() {
    let store = slow_store().await;
    let taken = Counter::new(&store, "taken");
    let tasks: Vec<_> = (0..400_usize)
        .map(|number| {
            let taken = taken.clone();
            tokio::spawn(async move {
                let block = async |_| {
                    for _ in 0..number % 7 {
                        yield_now().await;
                    }
                    match number % 4 {
                        0 => Some(()),
                        1 => None,
                        2 => panic!("in the block"),
                        _ => std::future::pending().await,
                    }
                };
                taken.increment_with(block).await
            })
        })
        .collect();
    let mut kept = 0;
    for (number, task) in tasks.into_iter().enumerate() {
        match number % 4 {
            0 => kept += i64::from(task.await.unwrap().unwrap().is_kept()),
            1 => assert_eq!(task.await.unwrap().unwrap(), Ran::Undone(())),
            2 => assert!(task.await.unwrap_err().is_panic()),
            _ => {
                task.abort();
                assert!(task.await.unwrap_err().is_cancelled());
            }
        }
    }
    store.settle().await;
    assert_eq!(kept, 100);
    assert_eq!(taken.get().await.unwrap(), kept);
}
