//! The task that frees what has expired.
//!
//! State whose time is over is never seen, swept or not: this is about memory, and about waking
//! those who wait for it. The task sleeps until the next thing is due, and takes each lock for a
//! few keys at a time.

use std::future::{Future, poll_fn};
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Weak};
use std::task::Poll;

use exactly_core::Timestamp;
use tokio::runtime::Handle;
use tokio::sync::Notify;

use crate::memory::Inner;

/// How many keys are freed under one lock before others get their turn.
const KEYS_PER_LOCK: usize = 128;

/// When the sweeper has to look again.
#[derive(Debug)]
pub(crate) struct Alarm {
    next: AtomicU64,
    earlier: Arc<Notify>,
}

impl Alarm {
    pub(crate) fn new() -> Self {
        Self { next: AtomicU64::new(u64::MAX), earlier: Arc::new(Notify::new()) }
    }

    /// Something will be due at this moment.
    pub(crate) fn set(&self, due: Option<Timestamp>) {
        let Some(due) = due.map(Timestamp::as_nanos) else { return };
        if due < self.next.load(Ordering::Relaxed)
            && due < self.next.fetch_min(due, Ordering::AcqRel)
        {
            self.earlier.notify_one();
        }
    }

    /// Wakes the sweeper, for it to find that the engine is gone.
    pub(crate) fn stop(&self) {
        self.earlier.notify_one();
    }
}

/// Starts the sweeper, if there is a runtime to run it.
pub(crate) fn start(engine: &Arc<Inner>) {
    if let Ok(runtime) = Handle::try_current() {
        runtime.spawn(run(Arc::downgrade(engine), Arc::clone(&engine.alarm.earlier)));
    }
}

async fn run(engine: Weak<Inner>, earlier: Arc<Notify>) {
    loop {
        let Some(inner) = engine.upgrade() else { return };
        let mut next = sweep(&inner).await;
        let clock = Arc::clone(&inner.clock);
        drop(inner);
        while clock.now() < next {
            first_of(earlier.notified(), clock.reached(next)).await;
            let Some(inner) = engine.upgrade() else { return };
            // Most who ring have something due that is waited for already.
            next = next.min(Timestamp::from_nanos(inner.alarm.next.load(Ordering::Acquire)));
        }
    }
}

/// Resolves when either does.
pub(crate) async fn first_of(one: impl Future<Output = ()>, two: impl Future<Output = ()>) {
    let (mut one, mut two) = (pin!(one), pin!(two));
    poll_fn(|cx| match one.as_mut().poll(cx) {
        Poll::Ready(()) => Poll::Ready(()),
        Poll::Pending => two.as_mut().poll(cx),
    })
    .await;
}

/// Frees all that is due, and tells when there will be more.
async fn sweep(engine: &Inner) -> Timestamp {
    engine.alarm.next.store(u64::MAX, Ordering::Release);
    let now = engine.clock.now();
    let mut next: Option<Timestamp> = None;
    for shard in &engine.shards {
        loop {
            let due = {
                let mut shard = shard.lock();
                shard.sweep(now, KEYS_PER_LOCK);
                shard.due()
            };
            tokio::task::yield_now().await;
            if due.is_none_or(|due| due > now) {
                next = next.into_iter().chain(due).min();
                break;
            }
        }
    }
    for ledger in &engine.ledgers {
        let mut ledger = ledger.lock();
        ledger.lapse(now);
        next = next.into_iter().chain(ledger.due()).min();
    }
    // What came in meanwhile has set the alarm itself; what was there before is set here.
    let known = next.map_or(u64::MAX, Timestamp::as_nanos);
    let earliest = engine.alarm.next.fetch_min(known, Ordering::AcqRel).min(known);
    Timestamp::from_nanos(earliest)
}
