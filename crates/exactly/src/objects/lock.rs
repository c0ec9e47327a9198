//! The handle of a lock.

use std::future::IntoFuture;
use std::time::Duration;

use exactly_core::operations::lock::{Holders, Mode, Read};
use exactly_core::{BoxFuture, Fault};
use tokio::time::timeout;
use tracing::warn;

use crate::call::Call;
use crate::declare::{Declare, Lease};
use crate::locking::{LockGuard, Request, Seen, all_held, all_tried};
use crate::object::{Object, common_verbs};
use crate::objects::capacity::LEASE_DEFAULT;
use crate::store::Store;

/// One at a time, in all processes.
///
/// The race: two jobs read a balance, call a bank, and write what is left. Each step may be atomic,
/// the whole is not. A lock mends that only as long as its holder is alive and in time: one that is
/// never released stops everybody, and one that ends by itself lets a second one in while the first
/// still writes. The end of all three: the lock is held on a *lease* that is extended while its
/// holder lives, and whatever is written under it [requires](Call::requiring) it in the same step.
///
/// ```
/// # use exactly::{Counter, Lock, Locked, Store};
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
/// # let store = Store::open("memory:").await?;
/// # let balance = Counter::new(&store, "balance").with_start(100);
/// # async fn pay_out(_: i64) -> i64 { 30 }
/// let account = Lock::new(&store, "account");
///
/// let paid = account
///     .with(async |guard| {
///         let paid = pay_out(balance.get().await?).await;
///         // Refused if the lease was lost in between: nobody is paid by a balance that was old.
///         balance.add(-paid).requiring(guard).await?;
///         Ok::<_, exactly::Fault>(paid)
///     })
///     .await?;
/// assert!(matches!(paid, Locked::Done(Ok(30))));
/// # Ok(()) }
/// ```
///
/// # Who gets it
///
/// Tasks of one process wait for it in their own line; one of them asks the engine, and a lock that
/// is released goes on to the next of them without asking, at most 64 times and for a third of the
/// lease. Processes take turns in the order in which they came. A [fair](Lock::fair) lock goes by
/// the order of all who wait, wherever they are, and costs more. Whoever waits is woken.
///
/// Every acquisition has a [fence](LockGuard::fence) of its own. A process that dies while it holds
/// the lock, or waits for it, is in the others' way for one lease.
///
/// It is stored until a day after its last lease, so that fences grow also where clocks are set
/// back. A time to live of its own it needs none, and takes none: a lock that ended before its
/// lease would let a second holder in.
///
/// Acquiring needs a tokio runtime with its timers enabled.
#[derive(Debug, Clone)]
pub struct Lock {
    object: Object,
    lease: Duration,
    wait: Duration,
    fair: bool,
}

/// How long a lock is waited for unless it says otherwise: a minute, which is longer than a holder
/// that died is in the way.
pub const WAIT_DEFAULT: Duration = Duration::from_secs(60);

common_verbs!(Lock);

/// Making one.
impl Lock {
    /// A lock that stands alone, under this name.
    pub fn new(store: &Store, name: &str) -> Self {
        Self::declare(Object::alone(store, name))
    }

    /// How long it is held without being extended: 30 seconds unless told otherwise. It is extended
    /// three times in each lease, so this is how long one that died is in the way, and how long one
    /// that cannot reach the engine may go on.
    #[must_use]
    pub fn with_lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// How long it is waited for: [`WAIT_DEFAULT`] unless told otherwise.
    #[must_use]
    pub fn with_wait(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }

    /// Goes by the order in which all who wait have come, in whichever process. All handles of one
    /// lock are fair, or none: whoever is not hands it on within its own process first.
    #[must_use]
    pub fn fair(mut self) -> Self {
        self.fair = true;
        self
    }
}

/// Holding it.
impl Lock {
    /// Acquires it, runs `block`, and releases it.
    ///
    /// The outcome says whether the lock was held to the end. A block that panics or is dropped
    /// releases it as well. One that should not go on without the lock asks
    /// [`unless_lost`](LockGuard::unless_lost).
    ///
    /// # Faults
    /// As [`acquire`](Lock::acquire); then the block did not run.
    pub async fn with<T>(
        &self,
        block: impl AsyncFnOnce(&LockGuard) -> T,
    ) -> Result<Locked<T>, Fault> {
        run(self.acquire().await?, block).await
    }

    /// As [`with`](Lock::with), together with all who share it.
    ///
    /// # Faults
    /// As [`acquire`](Lock::acquire); then the block did not run.
    pub async fn with_shared<T>(
        &self,
        block: impl AsyncFnOnce(&LockGuard) -> T,
    ) -> Result<Locked<T>, Fault> {
        run(self.acquire_shared().await?, block).await
    }

    /// Waits until it is free, and holds it: for as long as the lock says, or
    /// [`within`](Acquiring::within) another time.
    ///
    /// A caller that goes away stands in nobody's way: what it would have got is released in the
    /// background.
    ///
    /// # Faults
    /// *Misuse* for a lease outside what is allowed.
    pub fn acquire(&self) -> Acquiring<'_> {
        Acquiring { lock: self, mode: Mode::Exclusive, wait: self.wait }
    }

    /// As [`acquire`](Lock::acquire), together with all who share it: many who read, say, and then
    /// nobody who has it alone.
    pub fn acquire_shared(&self) -> Acquiring<'_> {
        Acquiring { lock: self, mode: Mode::Shared, wait: self.wait }
    }

    /// Holds it if it is free and nobody waits for it.
    ///
    /// # Faults
    /// As [`acquire`](Lock::acquire).
    pub async fn try_acquire(&self) -> Result<Locking, Fault> {
        self.try_in(Mode::Exclusive).await
    }

    /// As [`try_acquire`](Lock::try_acquire), together with all who share it.
    ///
    /// # Faults
    /// As [`acquire`](Lock::acquire).
    pub async fn try_acquire_shared(&self) -> Result<Locking, Fault> {
        self.try_in(Mode::Shared).await
    }

    /// Holds all of these locks of one store, or none: they are acquired in one change, so nobody
    /// holds some of them and waits for the rest, in whatever order they are named. Waits as the
    /// first of them says. The guards come in the order of the keys; a lock that is named twice is
    /// held once.
    ///
    /// It stands in no line: as long as others wait for one of them it gets none.
    ///
    /// ```
    /// # use exactly::{Lock, Locking, Store};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
    /// # let store = Store::open("memory:").await?;
    /// let [from, to] = ["ada", "ben"].map(|name| Lock::new(&store, name));
    /// let Locking::Held(both) = Lock::acquire_all([&from, &to]).await? else { panic!("free") };
    /// assert!(matches!(to.try_acquire().await?, Locking::Busy { .. }));
    /// drop(both);
    /// # Ok(()) }
    /// ```
    pub fn acquire_all<'a>(locks: impl IntoIterator<Item = &'a Self>) -> AcquiringAll<'a> {
        let locks: Vec<_> = locks.into_iter().collect();
        let wait = locks.first().map_or(WAIT_DEFAULT, |lock| lock.wait);
        AcquiringAll { locks, wait }
    }

    /// Who holds it, for how long, and how many wait in the engine's line: one for each process, or
    /// all of them where it is [fair](Lock::fair). All read in one step.
    pub fn holders(&self) -> Call<'_, Read> {
        Call::new(&self.object, Read {}, |_, holders: Holders| Ok(holders))
    }
}

/// Of [`Lock::acquire`] and [`Lock::acquire_all`].
#[must_use = "a guard that is dropped releases its lock"]
#[derive(Debug)]
pub enum Locking<G = LockGuard> {
    /// It is held.
    Held(G),
    /// It was not free in time.
    Busy {
        /// How many stood before the caller, as far as is known.
        ahead: u64,
        /// How long until a lease of its holders is over if it is not extended, as last heard; zero
        /// where only others who wait are in the way.
        left: Duration,
    },
}

impl<G> Locking<G> {
    fn busy(seen: &Seen) -> Self {
        let (ahead, left) = seen.told();
        Self::Busy { ahead, left }
    }

    /// The guard, if it is held.
    pub fn held(self) -> Option<G> {
        match self {
            Self::Held(guard) => Some(guard),
            Self::Busy { .. } => None,
        }
    }
}

/// Of [`Lock::with`].
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Locked<T> {
    /// The block ran, and the lock was held to its end.
    Done(T),
    /// The block ran, but the lock was lost before its end: others may have been in. What it wrote
    /// under the guard while it was lost was refused; what it did elsewhere may have to be undone.
    Lost(T),
    /// The lock was not free in time, and the block did not run.
    Busy {
        /// As in [`Locking::Busy`].
        ahead: u64,
        /// As in [`Locking::Busy`].
        left: Duration,
    },
}

impl<T> Locked<T> {
    /// What the block answered, if the lock was held to its end.
    pub fn done(self) -> Option<T> {
        match self {
            Self::Done(answer) => Some(answer),
            Self::Lost(_) | Self::Busy { .. } => None,
        }
    }
}

async fn run<T>(
    locking: Locking,
    block: impl AsyncFnOnce(&LockGuard) -> T,
) -> Result<Locked<T>, Fault> {
    let guard = match locking {
        Locking::Held(guard) => guard,
        Locking::Busy { ahead, left } => return Ok(Locked::Busy { ahead, left }),
    };
    let answer = block(&guard).await;
    let is_lost = guard.is_lost();
    let was_held = guard.release().await.unwrap_or_else(|fault| {
        warn!(target: "exactly", "the release of a block's lock: {fault}");
        true
    });
    Ok(if was_held && !is_lost { Locked::Done(answer) } else { Locked::Lost(answer) })
}

/// A lock that is waited for when this is awaited.
#[must_use = "a lock is waited for when this is awaited"]
#[derive(Debug, Clone)]
pub struct Acquiring<'a> {
    lock: &'a Lock,
    mode: Mode,
    wait: Duration,
}

impl Acquiring<'_> {
    /// Waits for so long at most: for no time at all as [`try_acquire`](Lock::try_acquire), which
    /// asks once.
    pub fn within(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }
}

impl<'a> IntoFuture for Acquiring<'a> {
    type Output = Result<Locking, Fault>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { lock, mode, wait } = self;
        Box::pin(async move {
            if wait.is_zero() {
                return lock.try_in(mode).await;
            }
            let seen = Seen::default();
            match timeout(wait, lock.request(mode).held(&seen)).await {
                Ok(guard) => guard.map(Locking::Held),
                Err(_) => Ok(Locking::busy(&seen)),
            }
        })
    }
}

/// Several locks that are waited for when this is awaited.
#[must_use = "locks are waited for when this is awaited"]
#[derive(Debug, Clone)]
pub struct AcquiringAll<'a> {
    locks: Vec<&'a Lock>,
    wait: Duration,
}

impl AcquiringAll<'_> {
    /// Waits for so long at most: for no time at all it asks once.
    pub fn within(mut self, wait: Duration) -> Self {
        self.wait = wait;
        self
    }
}

impl<'a> IntoFuture for AcquiringAll<'a> {
    type Output = Result<Locking<Vec<LockGuard>>, Fault>;
    type IntoFuture = BoxFuture<'a, Self::Output>;

    fn into_future(self) -> Self::IntoFuture {
        let Self { locks, wait } = self;
        let requests = locks.into_iter().map(|lock| lock.request(Mode::Exclusive)).collect();
        Box::pin(async move {
            let seen = Seen::default();
            if wait.is_zero() {
                let guards = all_tried(requests, &seen).await?;
                return Ok(guards.map_or_else(|| Locking::busy(&seen), Locking::Held));
            }
            match timeout(wait, all_held(requests, &seen)).await {
                Ok(guards) => guards.map(Locking::Held),
                Err(_) => Ok(Locking::busy(&seen)),
            }
        })
    }
}

impl Lock {
    fn request(&self, mode: Mode) -> Request {
        Request { object: self.object.clone(), mode, lease: self.lease, fair: self.fair }
    }

    async fn try_in(&self, mode: Mode) -> Result<Locking, Fault> {
        Ok(match self.request(mode).tried().await? {
            Ok(guard) => Locking::Held(guard),
            Err(seen) => Locking::busy(&seen),
        })
    }
}

impl Declare for Lock {
    fn declare(object: Object) -> Self {
        Self { object, lease: LEASE_DEFAULT, wait: WAIT_DEFAULT, fair: false }
    }
}

impl Lease for Lock {
    fn lease(self, lease: Duration) -> Self {
        self.with_lease(lease)
    }
}
