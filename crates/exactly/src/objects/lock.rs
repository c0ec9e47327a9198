//! The handle of a lock.

use std::future::IntoFuture;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use exactly_core::operations::lock::{Acquire, FENCES_MAX, Holders, Mode, Read};
use exactly_core::{BoxFuture, Fault, HoldId, Key, Mark};
use tokio::time::{Instant, sleep, timeout, timeout_at};
use tracing::warn;

use crate::call::Call;
use crate::declare::{Declare, Lease};
use crate::locking::{Claim, Claimed, Grant, Joined, Line, LockGuard, Passed, Turn, Wants};
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
/// Every acquisition has a [fence](LockGuard::fence) of its own. A process that dies, while it holds
/// the lock or waits for it, is in the others' way for one lease.
///
/// Acquiring needs a tokio runtime with its timers enabled.
#[derive(Debug, Clone)]
pub struct Lock {
    object: Object,
    lease: Duration,
    wait: Duration,
    fair: bool,
}

/// How long a lock is waited for unless it says otherwise: a minute, and so for longer than a holder
/// that died is in the way.
pub const WAIT_DEFAULT: Duration = Duration::from_secs(60);

/// How long after it could not be told whether something has changed the engine is asked again.
const LOOK_AGAIN: Duration = Duration::from_millis(100);

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
    /// Waits for so long at most.
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
            let seen = Seen::default();
            match timeout(wait, lock.held(mode, &seen)).await {
                Ok(guard) => guard.map(Locking::Held),
                Err(_) => Ok(seen.busy()),
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
    /// Waits for so long at most.
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
        Box::pin(async move {
            let seen = Seen::default();
            match timeout(wait, all_held(locks, &seen)).await {
                Ok(guards) => guards.map(Locking::Held),
                Err(_) => Ok(seen.busy()),
            }
        })
    }
}

/// What stood in the way when it was last looked at.
#[derive(Debug, Default)]
struct Seen {
    ahead: AtomicU64,
    left_nanos: AtomicU64,
}

impl Seen {
    fn note(&self, ahead: u64, left: Duration) {
        self.ahead.store(ahead, Ordering::Relaxed);
        let nanos = u64::try_from(left.as_nanos()).unwrap_or(u64::MAX);
        self.left_nanos.store(nanos, Ordering::Relaxed);
    }

    fn busy<G>(&self) -> Locking<G> {
        Locking::Busy {
            ahead: self.ahead.load(Ordering::Relaxed),
            left: Duration::from_nanos(self.left_nanos.load(Ordering::Relaxed)),
        }
    }
}

/// Waiting for it.
impl Lock {
    fn claim(&self, mode: Mode, line: bool) -> Claim {
        let (owner, lease) = (HoldId::unique(), self.lease);
        let acquire = Acquire { owner, mode, lease, line, fences: 1 };
        Claim::new(vec![(self.object.clone(), acquire)])
    }

    async fn try_in(&self, mode: Mode) -> Result<Locking, Fault> {
        let mut claim = self.claim(mode, false);
        Ok(match claim.ask().await? {
            Claimed::Held(since, fences) => Locking::Held(self.guard(claim, since, &fences, None)),
            Claimed::Busy { ahead, left, .. } => Locking::Busy { ahead, left },
        })
    }

    /// The guard of what the claim has got.
    fn guard(&self, claim: Claim, since: Instant, fences: &[u64], turn: Option<Turn>) -> LockGuard {
        let mut guards = guards(claim, since, fences, turn);
        guards.remove(0)
    }

    /// Waits until it is held, for ever: whoever is dropped while waiting gives all back.
    async fn held(&self, mode: Mode, seen: &Seen) -> Result<LockGuard, Fault> {
        let line = self.object.store().lines().of(self.object.key()?);
        if self.fair {
            return self.held_fairly(mode, &line, seen).await;
        }
        let wants = match mode {
            Mode::Exclusive => Wants::Lock(self.lease),
            Mode::Shared => Wants::Turn,
        };
        loop {
            let turn = match line.join(wants) {
                Joined::Turn(turn) => turn,
                Joined::Waiting(ticket) => {
                    seen.note(ticket.ahead + 1, Duration::ZERO);
                    match ticket.await {
                        Passed::Turn(turn) => turn,
                        // Lost on its way from hand to hand: nobody's any more.
                        Passed::Lock(guard) if guard.is_lost() => continue,
                        Passed::Lock(guard) => return Ok(guard),
                    }
                }
            };
            let mut claim = self.claim(mode, true);
            let (since, fences) = self.in_turn(&mut claim, mode, &line, seen).await?;
            let turn = Some(turn).filter(|_| mode == Mode::Exclusive);
            return Ok(self.guard(claim, since, &fences, turn));
        }
    }

    /// Asks whenever something has changed, and in time for the place in the line to be kept.
    async fn in_turn(
        &self,
        claim: &mut Claim,
        mode: Mode,
        line: &Line,
        seen: &Seen,
    ) -> Result<(Instant, Vec<u64>), Fault> {
        let mut mark = Mark::NONE;
        loop {
            if mode == Mode::Exclusive && !self.fair {
                let company = u32::try_from(line.waiting()).unwrap_or(u32::MAX);
                claim.with_fences(company.saturating_add(1).min(FENCES_MAX));
            }
            match claim.ask().await? {
                Claimed::Held(since, fences) => return Ok((since, fences)),
                Claimed::Busy { ahead, left, .. } => seen.note(ahead, left),
            }
            mark = changed(&self.object, mark, self.place_kept()).await?;
        }
    }

    /// With a place of its own in the engine's line.
    async fn held_fairly(
        &self,
        mode: Mode,
        line: &Arc<Line>,
        seen: &Seen,
    ) -> Result<LockGuard, Fault> {
        let mut claim = self.claim(mode, true);
        let joined = {
            let _order = line.arrivals.lock().await;
            match claim.ask().await? {
                Claimed::Held(since, fences) => {
                    return Ok(self.guard(claim, since, &fences, None));
                }
                Claimed::Busy { ahead, left, .. } => seen.note(ahead, left),
            }
            line.join(Wants::Turn)
        };
        let _turn = match joined {
            Joined::Turn(turn) => turn,
            Joined::Waiting(mut ticket) => loop {
                match timeout(self.place_kept(), &mut ticket).await {
                    Ok(Passed::Turn(turn)) => break turn,
                    Ok(Passed::Lock(guard)) => return Ok(guard),
                    Err(_) => match claim.ask().await? {
                        Claimed::Held(since, fences) => {
                            return Ok(self.guard(claim, since, &fences, None));
                        }
                        Claimed::Busy { ahead, left, .. } => seen.note(ahead, left),
                    },
                }
            },
        };
        let (since, fences) = self.in_turn(&mut claim, mode, line, seen).await?;
        Ok(self.guard(claim, since, &fences, None))
    }

    /// After how long a place in the line is asked for again: in the second half of its lease.
    fn place_kept(&self) -> Duration {
        self.lease.mul_f64(0.6)
    }
}

/// The guards of what a claim has got.
fn guards(claim: Claim, since: Instant, fences: &[u64], mut turn: Option<Turn>) -> Vec<LockGuard> {
    let wanted = claim.wanted().iter().zip(fences);
    let guards = wanted.map(|((object, acquire), &fence)| {
        let Acquire { owner, lease: length, fences, .. } = *acquire;
        let grant = Grant { owner, length, since, fence, fences, turn: turn.take() };
        LockGuard::new(object.clone(), grant)
    });
    let guards = guards.collect();
    claim.settle();
    guards
}

/// Resolves when something has changed at the key, or after this time.
async fn changed(object: &Object, mark: Mark, within: Duration) -> Result<Mark, Fault> {
    let deadline = Instant::now() + within;
    match timeout_at(deadline, object.store().changed(object.key()?, mark)).await {
        Ok(Ok(mark)) => Ok(mark),
        Ok(Err(fault)) => {
            // Asking will tell what is wrong, if anything still is.
            warn!(target: "exactly", "waiting for a lock: {fault}");
            sleep(LOOK_AGAIN.min(within)).await;
            Ok(mark)
        }
        Err(_) => Ok(mark),
    }
}

async fn all_held(locks: Vec<&Lock>, seen: &Seen) -> Result<Vec<LockGuard>, Fault> {
    let mut sorted = Vec::with_capacity(locks.len());
    for lock in locks {
        sorted.push((lock.object.key()?.clone(), lock));
    }
    sorted.sort_by(|(one, _), (two, _)| one.cmp(two));
    sorted.dedup_by(|(one, _), (two, _)| one == two);
    let strange = |(_, lock): &&(Key, &Lock)| !lock.object.store().is(sorted[0].1.object.store());
    if let Some((key, _)) = sorted.iter().find(strange) {
        return Err(Fault::bad_setting(
            key,
            "is of another store, and locks of two stores are no one change; nothing was \
             acquired: make all handles on one store, or on clones of it",
        ));
    }
    let wanted = sorted.iter().map(|(_, lock)| {
        let (owner, lease, mode) = (HoldId::unique(), lock.lease, Mode::Exclusive);
        (lock.object.clone(), Acquire { owner, mode, lease, line: false, fences: 1 })
    });
    let mut claim = Claim::new(wanted.collect());
    let mut marks = vec![Mark::NONE; sorted.len()];
    loop {
        match claim.ask().await? {
            Claimed::Held(since, fences) => return Ok(guards(claim, since, &fences, None)),
            Claimed::Busy { place, ahead, left } => {
                seen.note(ahead, left);
                let lock = sorted[place].1;
                marks[place] = changed(&lock.object, marks[place], lock.lease).await?;
            }
        }
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
