//! Lost requests, lost replies, delays and dead callers.

use std::sync::Arc;
use std::time::Duration;

use exactly_core::layers::{Act, Faults, Odds, Retry, RetryPolicy, Timeout};
use exactly_core::operations::capacity::{Levels, Read, Take};
use exactly_core::operations::counter::{Add, Added, Get};
use exactly_core::{Batch, Clock, Delivery, Engine, HoldId, ManualClock, Operation, Step};

use crate::subject::{Subject, key, step};

const PATIENT: RetryPolicy = RetryPolicy {
    attempts_max: 64,
    pause: Duration::from_micros(10),
    pause_max: Duration::from_micros(100),
    deadline: Duration::from_secs(60),
    in_flight_max: 8,
};

/// A reply that is lost is asked for again, and the effect is one.
pub async fn lost_replies(subject: Subject) {
    let lossy = Arc::new(Faults::new(Arc::clone(&subject.engine)));
    lossy.next([Act::LoseReply, Act::LoseReply, Act::LoseReply, Act::Pass]);
    let retrying = subject.through(|_| Retry::with_policy(Arc::clone(&lossy), PATIENT));
    let added = retrying.ok(&key("a"), Add::by(1)).await;
    assert!(matches!(added, Added::Stepped { value: 1 }), "{added:?}");
    assert_eq!(subject.ok(&key("a"), Get { start: 0 }).await, 1);
}

/// A request that is lost is sent again; that it may have arrived is not held against it.
pub async fn lost_requests(subject: Subject) {
    let lossy = Arc::new(Faults::new(Arc::clone(&subject.engine)));
    lossy.next([Act::LoseRequest, Act::LoseReply, Act::LoseRequest, Act::Pass]);
    let retrying = subject.through(|_| Retry::with_policy(Arc::clone(&lossy), PATIENT));
    let added = retrying.ok(&key("a"), Add::by(1)).await;
    assert!(matches!(added, Added::Stepped { value: 1 }), "{added:?}");
    assert_eq!(subject.ok(&key("a"), Get { start: 0 }).await, 1);
}

/// Many callers under every fault a network has: each call takes effect once, and each gets its own
/// value.
pub async fn every_fault_at_once(subject: Subject) {
    const EACH: usize = 100;
    let odds = Odds {
        lose_request: 0.15,
        lose_reply: 0.15,
        delay: 0.1,
        delay_max: Duration::from_millis(1),
        ..Odds::default()
    };
    let retrying =
        subject.through(|engine| Retry::with_policy(Faults::with_odds(engine, odds, 7), PATIENT));
    let answers = retrying
        .crowd(16, |subject, _| async move {
            let mut values = Vec::new();
            for _ in 0..EACH {
                if let Added::Stepped { value } = subject.ok(&key("hot"), Add::by(1)).await {
                    values.push(value);
                }
            }
            values
        })
        .await;
    let mut values = answers.concat();
    values.sort_unstable();
    assert!(values.into_iter().eq(1..=16 * EACH as i64));
    assert_eq!(subject.ok(&key("hot"), Get { start: 0 }).await, 16 * EACH as i64);
}

/// Who opts out is never sent again after a lost reply, and is told that the outcome is unknown.
pub async fn at_most_once(subject: Subject) {
    let lossy = Arc::new(Faults::new(Arc::clone(&subject.engine)));
    lossy.next([Act::LoseReply]);
    let retrying = subject.through(|_| Retry::with_policy(Arc::clone(&lossy), PATIENT));
    let raw = Batch::one(step(&key("a"), Add::by(1))).delivery(Delivery::AtMostOnce);
    let fault = retrying.apply(raw).await.expect_err("the reply was lost");
    assert!(fault.is_unknown(), "{fault}");
    assert_eq!(subject.ok(&key("a"), Get { start: 0 }).await, 1);
    // A read has no effect to be in doubt about: it is sent again.
    lossy.next([Act::LoseReply]);
    assert_eq!(retrying.ok(&key("a"), Get { start: 0 }).await, 1);
}

/// What a process held when it died comes back by itself.
pub async fn dead_holders(subject: Subject) {
    const LEASE: Duration = Duration::from_millis(50);
    for (round, act) in [Act::CrashBefore, Act::CrashAfter].into_iter().enumerate() {
        let seats = key(&format!("seats {round}"));
        let process = Arc::new(Faults::new(Arc::clone(&subject.engine)));
        process.next([act]);
        let take = Take { hold: HoldId::unique(), units: 3, lease: LEASE, limit: 3 };
        let dying = {
            let (process, batch) = (Arc::clone(&process), Batch::one(step(&seats, take)));
            tokio::spawn(async move { process.apply(batch).await })
        };
        let held = if act == Act::CrashAfter { 3 } else { 0 };
        loop {
            let levels = subject.ok(&seats, Read { limit: 3 }).await;
            if levels.held == held {
                break;
            }
            tokio::task::yield_now().await;
        }
        subject.pass(LEASE * 2).await;
        let Levels { free, held, .. } = subject.ok(&seats, Read { limit: 3 }).await;
        assert_eq!((free, held), (3, 0), "{act:?}");
        assert!(!dying.is_finished(), "a dead process returns from nothing");
        dying.abort();
    }
}

/// A write without an answer in time is unknown; a read is not applied.
pub async fn deadlines(subject: Subject) {
    let (limit, clock) = (Duration::from_secs(1), Arc::new(ManualClock::new()));
    let slow = Arc::new(Faults::new(Arc::clone(&subject.engine)));
    let timely = subject.through(|_| {
        Timeout::by_clock(Arc::clone(&slow), limit, Arc::clone(&clock) as Arc<dyn Clock>)
    });
    for (operation, unknown) in [(Add::by(1).into_op(), true), (Get { start: 0 }.into_op(), false)]
    {
        slow.next([Act::Delay(Duration::from_secs(3600))]);
        let call = {
            let (timely, step) = (timely.clone(), Step::new(key("a"), operation));
            tokio::spawn(async move { timely.apply(Batch::one(step)).await })
        };
        while !call.is_finished() {
            clock.advance(limit);
            tokio::task::yield_now().await;
        }
        let fault = call.await.expect("no panic").expect_err("no answer in time");
        assert!(fault.is_timed_out(), "{fault}");
        assert_eq!((fault.is_unknown(), fault.is_not_applied()), (unknown, !unknown), "{fault}");
    }
    timely.ok(&key("a"), Add::by(1)).await;
}
