//! The engine's clock.
//!
//! Time never comes from the caller: leases, expiry and limits are judged by the clock of the
//! engine that holds the state, read inside the atomic step. [`Clock`] is the seam through which an
//! in-process engine is given real time or, in tests, time that stands still until told to move.

use std::fmt;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, Ordering};
use std::task::Poll;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde::{Deserialize, Serialize};
use tokio::sync::watch;
use tokio::time::Instant;

use crate::answer::BoxFuture;

/// A moment of the engine's clock: nanoseconds since the Unix epoch.
#[derive(Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Timestamp(u64);

impl Timestamp {
    /// The beginning: before every moment an engine reports.
    pub const ZERO: Self = Self(0);
    /// The end: after every moment an engine reports.
    pub const MAX: Self = Self(u64::MAX);

    /// The moment this many nanoseconds after the Unix epoch.
    pub const fn from_nanos(nanos: u64) -> Self {
        Self(nanos)
    }

    /// A moment of the wall clock; [`Timestamp::ZERO`] where it lies before the epoch, and
    /// [`Timestamp::MAX`] where it cannot be told any more.
    pub fn of(time: SystemTime) -> Self {
        Self::ZERO.plus(time.duration_since(UNIX_EPOCH).unwrap_or_default())
    }

    /// Nanoseconds since the Unix epoch.
    pub const fn as_nanos(self) -> u64 {
        self.0
    }

    /// The moment `after` this one; [`Timestamp::MAX`] where that cannot be told any more.
    #[must_use]
    pub fn plus(self, after: Duration) -> Self {
        let nanos = u64::try_from(after.as_nanos()).unwrap_or(u64::MAX);
        Self(self.0.saturating_add(nanos))
    }

    /// How long until `later`; zero when it has passed.
    pub fn until(self, later: Self) -> Duration {
        Duration::from_nanos(later.0.saturating_sub(self.0))
    }
}

/// When a batch is applied: at what time, and after which others.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Moment {
    /// The time by the engine's clock. Batches may share one.
    pub now: Timestamp,
    /// Greater than that of any earlier step on the same keys. A batch takes one for each of its
    /// steps, from this one on.
    pub order: u64,
}

impl fmt::Debug for Timestamp {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}ns", self.0)
    }
}

/// Where an in-process engine reads the time and waits for it to pass.
pub trait Clock: fmt::Debug + Send + Sync + 'static {
    /// The present moment. Never goes back.
    fn now(&self) -> Timestamp;

    /// Resolves when [`now`](Clock::now) has reached `moment`.
    fn reached(&self, moment: Timestamp) -> BoxFuture<'_, ()>;
}

/// What `future` gives, if it does so before the clock has reached `moment`.
pub(crate) async fn before<T>(
    clock: &dyn Clock,
    moment: Timestamp,
    future: impl Future<Output = T>,
) -> Option<T> {
    let mut future = pin!(future);
    let mut over = clock.reached(moment);
    poll_fn(|cx| {
        // The future first: what is there in time counts, however late it is looked at.
        if let Poll::Ready(output) = future.as_mut().poll(cx) {
            return Poll::Ready(Some(output));
        }
        over.as_mut().poll(cx).map(|()| None)
    })
    .await
}

/// Real time: the wall clock when made, carried on by tokio's monotonic clock, so that it never
/// goes back, and stands still where a test has paused tokio's time.
#[derive(Debug, Clone)]
pub struct SystemClock {
    started: Instant,
    epoch: Timestamp,
}

impl SystemClock {
    /// A clock that starts from the machine's wall clock.
    pub fn new() -> Self {
        Self { started: Instant::now(), epoch: Timestamp::of(SystemTime::now()) }
    }
}

impl Default for SystemClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for SystemClock {
    fn now(&self) -> Timestamp {
        self.epoch.plus(self.started.elapsed())
    }

    fn reached(&self, moment: Timestamp) -> BoxFuture<'_, ()> {
        if moment == Timestamp::MAX {
            // The end never comes, and needs no timer to wait for.
            return Box::pin(std::future::pending());
        }
        Box::pin(async move {
            // tokio's timer counts milliseconds and may fire within one of them too early.
            while self.now() < moment {
                tokio::time::sleep(self.now().until(moment)).await;
            }
        })
    }
}

/// Time for tests: stands still until [`advance`](ManualClock::advance) moves it.
///
/// ```
/// # use exactly_core::{Clock, ManualClock};
/// # use std::time::Duration;
/// let clock = ManualClock::new();
/// let before = clock.now();
/// clock.advance(Duration::from_secs(30));
/// assert_eq!(before.until(clock.now()), Duration::from_secs(30));
/// ```
#[derive(Debug)]
pub struct ManualClock {
    now: AtomicU64,
    moved: watch::Sender<()>,
}

impl ManualClock {
    /// A clock that stands at one second after the Unix epoch.
    pub fn new() -> Self {
        Self { now: AtomicU64::new(1_000_000_000), moved: watch::Sender::new(()) }
    }

    /// Lets time pass and wakes everyone who waited for it.
    pub fn advance(&self, by: Duration) {
        let nanos = u64::try_from(by.as_nanos()).unwrap_or(u64::MAX);
        let later = |now: u64| Some(now.saturating_add(nanos));
        // The closure always answers, so the update cannot fail.
        let _ = self.now.fetch_update(Ordering::SeqCst, Ordering::SeqCst, later);
        self.moved.send_replace(());
    }
}

impl Default for ManualClock {
    fn default() -> Self {
        Self::new()
    }
}

impl Clock for ManualClock {
    fn now(&self) -> Timestamp {
        Timestamp(self.now.load(Ordering::SeqCst))
    }

    fn reached(&self, moment: Timestamp) -> BoxFuture<'_, ()> {
        Box::pin(async move {
            let mut moved = self.moved.subscribe();
            while self.now() < moment {
                // The sender lives in `self`, so the channel cannot close while we wait.
                let _ = moved.changed().await;
            }
        })
    }
}
