//! Who holds a lock now.

use std::fmt;
use std::sync::Arc;

use exactly_core::{Batch, Condition, Fault, Key, Refusal, Reply};
use tokio_util::sync::CancellationToken;

use super::lease::{Grant, Lease};
use super::line::Turn;
use crate::object::Object;

/// A lock that is held. Dropped, it is released in the background.
///
/// The lease is extended by a task while the guard lives, so it ends only if the process does, is
/// stopped, or cannot reach the engine. Then the guard [tells](LockGuard::lost), others may be in,
/// and what is written [under it](crate::Call::requiring) is refused.
///
/// ```
/// # use exactly::{Counter, Lock, Locking, Store};
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
/// # let store = Store::open("memory:").await?;
/// # let (stock, sold) = (Counter::new(&store, "stock"), Counter::new(&store, "sold"));
/// let till = Lock::new(&store, "till");
/// let Locking::Held(guard) = till.acquire().await? else { panic!("somebody else has it") };
/// if stock.get().await? < 10 {
///     sold.increment().requiring(&guard).await?;
/// }
/// guard.release().await?;
/// # Ok(()) }
/// ```
#[must_use = "a guard that is dropped releases its lock"]
pub struct LockGuard {
    lease: Arc<Lease>,
    fence: u64,
    /// Whether dropping it releases the lock.
    releases: bool,
}

impl fmt::Debug for LockGuard {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("LockGuard")
            .field("key", &self.lease.object().key())
            .field("fence", &self.fence)
            .field("is_lost", &self.is_lost())
            .finish_non_exhaustive()
    }
}

impl LockGuard {
    pub(crate) fn new(object: Object, grant: Grant) -> Self {
        let fence = grant.fence;
        Self { lease: Lease::begin(object, grant), fence, releases: true }
    }

    /// The next guard of a lease that the engine need not hear of.
    pub(crate) fn handed_over(lease: &Arc<Lease>, fence: u64, turn: Turn) -> Self {
        lease.pass_to(fence, turn);
        Self { lease: Arc::clone(lease), fence, releases: true }
    }

    /// The turn of a guard that nobody took.
    pub(crate) fn take_turn(mut self) -> Option<Turn> {
        self.releases = false;
        self.lease.take_turn()
    }

    /// The fence: a number that grows with every acquisition of this lock, for ever, also past a
    /// lease that ends, a delete or a restart.
    ///
    /// What is stored elsewhere is safe from a late holder if it keeps the greatest fence it has
    /// seen and refuses a smaller one. It is about the time in nanoseconds since 1970: a 64-bit
    /// number, to be written as text where JavaScript reads it.
    pub fn fence(&self) -> u64 {
        self.fence
    }

    /// Whether the lock may be another's by now: the engine said so, or the lease has passed on
    /// this machine's monotonic clock without having been confirmed. `false` is true of a moment
    /// ago only; what must not happen late is made to [require](crate::Call::requiring) the lock.
    pub fn is_lost(&self) -> bool {
        !self.lease.stands(self.fence)
    }

    /// Resolves as soon as the lock [is lost](LockGuard::is_lost), or was released. It borrows
    /// nothing, and so can go where the work is done.
    ///
    /// ```
    /// # use exactly::{Lock, Store};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
    /// # let store = Store::open("memory:").await?;
    /// let guard = Lock::new(&store, "till").acquire().await?.held().unwrap();
    /// let lost = guard.lost();
    /// let watching = tokio::spawn(async move { lost.await });
    /// drop(guard);
    /// watching.await.unwrap();
    /// # Ok(()) }
    /// ```
    pub fn lost(&self) -> impl Future<Output = ()> + Send + use<> {
        self.lease.over(self.fence)
    }

    /// A token that is cancelled as soon as the lock [is lost](LockGuard::is_lost), or was
    /// released: for work that takes one, or has children of its own to stop. Each is a new one,
    /// and to cancel it does nothing to the lock. Outside of a tokio runtime, where nobody could
    /// cancel it, it is cancelled already if the lock is not held any more, and never afterwards.
    ///
    /// ```
    /// # use exactly::{Lock, Store};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
    /// # let store = Store::open("memory:").await?;
    /// let guard = Lock::new(&store, "till").acquire().await?.held().unwrap();
    /// let lost = guard.lost_token();
    /// assert!(!lost.is_cancelled());
    /// drop(guard);
    /// lost.cancelled().await;
    /// # Ok(()) }
    /// ```
    pub fn lost_token(&self) -> CancellationToken {
        let token = CancellationToken::new();
        if self.is_lost() {
            token.cancel();
            return token;
        }
        let (lost, told) = (self.lost(), token.clone());
        self.lease.object().store().background().keep(async move {
            lost.await;
            told.cancel();
        });
        token
    }

    /// Runs `work` for as long as the lock is held: answers what it gives, or nothing if the lock
    /// was lost before; then `work` is dropped where it stands.
    pub async fn unless_lost<T>(&self, work: impl Future<Output = T>) -> Option<T> {
        let (mut work, mut lost) = (std::pin::pin!(work), std::pin::pin!(self.lost()));
        std::future::poll_fn(|cx| {
            use std::task::Poll;
            // The loss first: what would be done after it is not done.
            if lost.as_mut().poll(cx).is_ready() {
                return Poll::Ready(None);
            }
            work.as_mut().poll(cx).map(Some)
        })
        .await
    }

    /// Releases it now. Answers whether it was still held. Once begun it is carried to its end.
    ///
    /// # Faults
    /// As the engine says; the lease ends the hold in any case.
    pub async fn release(mut self) -> Result<bool, Fault> {
        self.releases = false;
        let turn = match self.hand_over() {
            Passing::Passed => return Ok(true),
            Passing::Kept(turn) => turn,
        };
        self.lease.end();
        let answer = self.lease.release().carried_through().await;
        // Whoever asks next finds it released.
        drop(turn);
        answer
    }

    /// Applies a batch on condition that the lock is still held, judged by the engine in the same
    /// step.
    ///
    /// # Faults
    /// [Lost](Fault::is_lock_lost) when it is not: nothing was changed. Else as the engine says.
    pub async fn apply(&self, batch: Batch) -> Result<Reply, Fault> {
        let passage = Passage::of(self);
        let place = batch.requirements.len();
        let batch = passage.require(batch)?;
        let reply = self.lease.object().store().apply(batch).await;
        passage.arrived(&reply);
        match reply? {
            Reply::Refused(Refusal::Requirement(refused)) if refused == place => {
                Err(passage.lost())
            }
            reply @ (Reply::Applied(_) | Reply::Refused(_)) => Ok(reply),
        }
    }

    /// The same batch, on condition that the lock is still held, to be applied whenever and by
    /// whoever. [`apply`](LockGuard::apply) is quicker for the others who wait: a lock that was
    /// required by a batch of which the guard loses sight is given back to the engine after it, and
    /// not from hand to hand.
    ///
    /// # Faults
    /// *Misuse* when the lock was made with names that cannot be part of a key.
    pub fn require(&self, batch: Batch) -> Result<Batch, Fault> {
        Passage::of(self).require(batch)
    }

    /// What is told of a call that required it in vain.
    pub(crate) fn lock_lost(&self) -> Fault {
        self.lease.lost()
    }

    /// Passes the lock to the next of this process, if it may be.
    fn hand_over(&self) -> Passing {
        match self.lease.take_turn() {
            Some(turn) if self.lease.stands(self.fence) => match turn.hand_over(&self.lease) {
                None => Passing::Passed,
                kept => Passing::Kept(kept),
            },
            kept => Passing::Kept(kept),
        }
    }
}

/// Whether a lock went on within this process.
enum Passing {
    Passed,
    /// It did not: the turn, if there is one, is still here.
    Kept(Option<Turn>),
}

impl Drop for LockGuard {
    fn drop(&mut self) {
        if !self.releases {
            return;
        }
        if let Passing::Kept(turn) = self.hand_over() {
            self.lease.end();
            self.lease.release_in_background(turn);
        }
    }
}

/// A call that requires a lock, on its way.
#[derive(Debug)]
pub(crate) struct Passage(Arc<Lease>);

impl Passage {
    pub(crate) fn of(guard: &LockGuard) -> Self {
        guard.lease.depart();
        Self(Arc::clone(&guard.lease))
    }

    /// The batch, with the requirement behind those it has.
    pub(crate) fn require(&self, batch: Batch) -> Result<Batch, Fault> {
        let condition = Condition::Locks(self.0.owner());
        Ok(batch.requiring(self.key()?.clone(), condition))
    }

    /// The answer is there. Without this the call is taken for one that may still arrive.
    pub(crate) fn arrived<T>(&self, answer: &Result<T, Fault>) {
        self.0.arrive(answer);
    }

    /// What is told of a call that was refused because of it.
    pub(crate) fn lost(&self) -> Fault {
        self.0.lost()
    }

    fn key(&self) -> Result<&Key, Fault> {
        self.0.object().key()
    }
}
