//! The handle of work that is done once.

use std::marker::PhantomData;
use std::panic::resume_unwind;
use std::pin::pin;
use std::time::Duration;

use exactly_core::codec::Form;
use exactly_core::operations::once::{
    Abandon, Begin, Begun, Continued, Extend, Finish, Progress, Read,
};
use exactly_core::{BoxFuture, Bytes, Fault, HoldId, Mark};
use tokio::time::{Instant, timeout_at};
use tracing::warn;

use super::capacity::LEASE_DEFAULT;
use crate::block::{Verdict, catching, first_of};
use crate::call::Call;
use crate::declare::{Declare, Lease};
use crate::object::{Object, common_verbs};
use crate::store::Store;

/// Work that is done once under an id, and whose answer is kept: a charge, a mail, a shipment.
///
/// The race: two requests see that the order was not charged, and charge it twice. A flag that is
/// marked first ends that, and begins another: the process that marked it dies before it charges,
/// and nobody ever does. The end of both: the work is begun on a lease, and its answer is stored
/// when it is finished. Who comes meanwhile is told that somebody is at it; who comes later gets
/// the answer; and if the worker died, the next one takes over, and knows that somebody had begun.
///
/// ```
/// # use exactly::{Once, Done, Store};
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
/// # let store = Store::open("memory:").await?;
/// # async fn charge() -> Option<String> { Some("receipt 7".to_owned()) }
/// let charged: Once<String> = Once::new(&store, "charge of order 4711");
/// let first = charged.run(async |_attempt| charge().await).await?;
/// assert_eq!(first, Done::Now("receipt 7".to_owned()));
/// // The same request again, from a retry or another process: not run, the first answer.
/// let again = charged.run(async |_attempt| charge().await).await?;
/// assert_eq!(again, Done::Before("receipt 7".to_owned()));
/// # Ok(()) }
/// ```
///
/// What no store can promise: that a worker which died had not done it already, for the world
/// outside has no undo. The block is told the [number of the attempt](Once::run): from the second
/// on it looks there first. Work that is only a change of this store needs none of this: a
/// [token](Call::token) makes it happen once.
#[derive(Debug)]
pub struct Once<T> {
    object: Object,
    lease: Duration,
    keep: Duration,
    form: PhantomData<fn() -> T>,
}

/// How long an answer is kept unless the handle says otherwise: 7 days.
pub const ANSWER_KEPT_DEFAULT: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// How often a lease is extended before it would be over.
const EXTENSIONS: u32 = 3;

common_verbs!(Once<T: Form>);

impl<T: Form> Clone for Once<T> {
    fn clone(&self) -> Self {
        Self { object: self.object.clone(), form: PhantomData, ..*self }
    }
}

/// What became of work that is done once.
#[must_use]
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Done<T, E = ()> {
    /// The block ran now, and this is its answer.
    Now(T),
    /// It was done before, and this was the answer.
    Before(T),
    /// The block ran and gave it up: it is as if nobody had begun.
    GivenUp(E),
    /// Somebody else is at it: the block did not run.
    Running {
        /// How long their lease still runs.
        left: Duration,
    },
    /// The block ran, but its lease was over before it answered, and another may have begun: its
    /// answer is not kept.
    Lost(T),
}

impl<T, E> Done<T, E> {
    /// The answer that is kept, whoever did it.
    pub fn answer(self) -> Option<T> {
        match self {
            Self::Now(answer) | Self::Before(answer) => Some(answer),
            Self::GivenUp(_) | Self::Running { .. } | Self::Lost(_) => None,
        }
    }
}

/// Making one.
impl<T: Form> Once<T> {
    /// Work that stands alone, under this name.
    pub fn new(store: &Store, name: &str) -> Self {
        Self::declare(Object::alone(store, name))
    }

    /// For how long nobody takes over from a worker that is not heard of. While a block runs its
    /// lease is extended, three times in each lease.
    #[must_use]
    pub fn with_lease(mut self, lease: Duration) -> Self {
        self.lease = lease;
        self
    }

    /// How long the answer is kept, and so for how long it is done once.
    #[must_use]
    pub fn kept_for(mut self, keep: Duration) -> Self {
        self.keep = keep;
        self
    }
}

/// Doing it.
impl<T: Form> Once<T> {
    /// Runs `block` unless it was done or somebody is at it. The block is told how many have begun,
    /// itself included: from 2 on somebody died on the job, and may or may not have done it.
    ///
    /// | the block | then |
    /// | --- | --- |
    /// | answers `Some` or `Ok` | the answer is kept |
    /// | answers `None` or `Err` | it is given up: it was not done |
    /// | panics, is dropped, dies | another takes over when the lease is over, and is told |
    ///
    /// # Faults
    /// As the engine says. *Unknown* after the block if it cannot be told whether its answer is
    /// kept. *Misuse* when an answer that is kept cannot be read as `T`.
    pub async fn run<V: Verdict<Kept = T>>(
        &self,
        block: impl AsyncFnOnce(u64) -> V,
    ) -> Result<Done<T, V::Undone>, Fault> {
        match self.begin().await? {
            Begun::Begun { worker, attempt } => self.work(worker, attempt, block).await,
            Begun::Running { left } => Ok(Done::Running { left }),
            Begun::Done { answer } => Ok(Done::Before(self.decode(&answer)?)),
        }
    }

    /// As [`run`](Once::run), and waits while somebody else is at it, at most this long: for their
    /// answer, or to take over when they died.
    ///
    /// # Faults
    /// As [`run`](Once::run).
    pub async fn run_or_wait<V: Verdict<Kept = T>>(
        &self,
        wait: Duration,
        block: impl AsyncFnOnce(u64) -> V,
    ) -> Result<Done<T, V::Undone>, Fault> {
        // None where the wait never ends.
        let until = Instant::now().checked_add(wait);
        let (key, mut mark) = (self.object.key()?, Mark::NONE);
        loop {
            // Asked for before it is looked at, so that no change in between is missed.
            let change = self.object.store().changed(key, mark);
            let changed = match until {
                Some(until) => timeout_at(until, change).await,
                None => Ok(change.await),
            };
            mark = match changed {
                Ok(mark) => mark?,
                Err(_) => mark,
            };
            match self.begin().await? {
                Begun::Begun { worker, attempt } => return self.work(worker, attempt, block).await,
                Begun::Done { answer } => return Ok(Done::Before(self.decode(&answer)?)),
                Begun::Running { left } if until.is_some_and(|until| Instant::now() >= until) => {
                    return Ok(Done::Running { left });
                }
                Begun::Running { .. } => {}
            }
        }
    }

    /// How far it is, and with which answer, in bytes.
    pub fn progress(&self) -> Call<'_, Read> {
        Call::new(&self.object, Read {}, |_, progress: Progress| Ok(progress))
    }

    /// The answer, if it is done.
    ///
    /// # Faults
    /// *Misuse* when it cannot be read as `T`.
    pub async fn answer(&self) -> Result<Option<T>, Fault> {
        match self.progress().await? {
            Progress::Done { answer } => self.decode(&answer).map(Some),
            Progress::New | Progress::Running { .. } | Progress::Crashed { .. } => Ok(None),
        }
    }

    /// Begins it; what begins for a caller who has gone away is given up at once.
    fn begin(&self) -> Call<'_, Begin, Begun> {
        let begin = Begin { worker: HoldId::unique(), lease: self.lease };
        Call::new(&self.object, begin, |_, begun| Ok(begun)).timeless().when_abandoned(
            |object, begun| {
                if let Begun::Begun { worker, .. } = begun {
                    give_up_in_the_background(&object, worker);
                }
            },
        )
    }

    async fn work<V: Verdict<Kept = T>>(
        &self,
        worker: HoldId,
        attempt: u64,
        block: impl AsyncFnOnce(u64) -> V,
    ) -> Result<Done<T, V::Undone>, Fault> {
        let verdict = {
            let running = pin!(catching(block(attempt)));
            let extending = pin!(self.extending(worker));
            first_of(running, extending).await
        };
        match verdict.map(Verdict::verdict) {
            Ok(Ok(answer)) => self.finish(worker, answer).await,
            Ok(Err(undone)) => {
                if let Err(fault) = abandon(&self.object, worker).carried_through().await {
                    warn!(target: "exactly", "giving up work that is done once: {fault}");
                }
                Ok(Done::GivenUp(undone))
            }
            // Nobody knows how far it came: its lease ends it, and the next one is told.
            Err(panic) => resume_unwind(panic),
        }
    }

    async fn finish<E>(&self, worker: HoldId, answer: T) -> Result<Done<T, E>, Fault> {
        let key = self.object.key()?;
        let written = answer.encode().map_err(|why| Fault::unencodable(key, T::NAME, why))?;
        let finish = Finish { worker, answer: written, keep: self.keep };
        let call = Call::new(&self.object, finish, |_, finished| Ok(finished)).timeless();
        Ok(match call.carried_through().await? {
            Continued::Continued => Done::Now(answer),
            Continued::Lost => Done::Lost(answer),
        })
    }

    /// Extends the lease of this worker again and again.
    async fn extending(&self, worker: HoldId) {
        loop {
            tokio::time::sleep(self.lease / EXTENSIONS).await;
            let extend = Extend { worker, lease: self.lease };
            let call = Call::new(&self.object, extend, |_, extended| Ok(extended)).timeless();
            match call.await {
                Ok(Continued::Continued) => {}
                Ok(Continued::Lost) => break,
                Err(fault) => warn!(target: "exactly", "extending the lease of work: {fault}"),
            }
        }
        std::future::pending().await
    }

    fn decode(&self, answer: &Bytes) -> Result<T, Fault> {
        let key = self.object.key()?;
        T::decode(answer).map_err(|source| Fault::undecodable(key, T::NAME, source))
    }
}

fn abandon(object: &Object, worker: HoldId) -> Call<'_, Abandon> {
    Call::new(object, Abandon { worker }, |_, was_its| Ok(was_its)).timeless()
}

fn give_up_in_the_background(object: &Object, worker: HoldId) {
    let giving_up = abandon(object, worker).owned();
    let errand: BoxFuture<'static, ()> = Box::pin(async move {
        if let Err(fault) = giving_up.await {
            warn!(target: "exactly", "giving up work that is done once: {fault}");
        }
    });
    object.store().background().run(errand);
}

impl<T: Form> Declare for Once<T> {
    fn declare(object: Object) -> Self {
        Self { object, lease: LEASE_DEFAULT, keep: ANSWER_KEPT_DEFAULT, form: PhantomData }
    }
}

impl<T: Form> Lease for Once<T> {
    fn lease(self, lease: Duration) -> Self {
        self.with_lease(lease)
    }
}
