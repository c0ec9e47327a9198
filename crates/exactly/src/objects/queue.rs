//! The handle of a queue.

mod claiming;
mod dead;
mod job;
mod pushing;
mod workers;

use std::fmt;
use std::marker::PhantomData;
use std::sync::Arc;
use std::time::Duration;

use exactly_core::HoldId;
use exactly_core::codec::Form;
use exactly_core::operations::queue::Depth;

use crate::call::Call;
use crate::declare::{Declare, Lease, Limit};
use crate::object::{Object, common_verbs};
use crate::objects::capacity::LEASE_DEFAULT;
use crate::store::Store;

pub use dead::{DeadLetter, DeadLetters};
pub use job::{AckedWith, Job};
pub use pushing::Pushing;
pub use workers::{Report, Workers};

/// The name of a job.
pub type JobId = HoldId;

/// How often a job is tried unless the queue says otherwise: 25 times, which takes about half a
/// day.
pub const TRIES_DEFAULT: u32 = 25;
/// How long a [`Job::token`] is remembered unless the queue says otherwise: seven days.
pub const TOKENS_KEPT_DEFAULT: Duration = Duration::from_secs(7 * 24 * 60 * 60);

/// Jobs, each delivered to one worker at a time until it is done.
///
/// The race: two workers take the first job of a list, and both do it; a worker takes one, dies,
/// and nobody does it. The end of both: a job is *claimed* on a lease. Who has done it acknowledges
/// it; who dies loses it when the lease ends, and another gets it; who comes back after that is
/// refused.
///
/// ```
/// # use exactly::{Queue, Store};
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
/// # let store = Store::open("memory:").await?;
/// let mails: Queue<String> = Queue::new(&store, "mails");
/// mails.push("ada").await?;
/// mails.push("ada").unique("welcome ada").await?;
/// mails.push("ada").unique("welcome ada").await?;
///
/// let job = mails.claim().await?.expect("a job is ready");
/// // ... send it; should the worker die here, the job comes back ...
/// job.ack().await?;
/// assert_eq!(mails.depth().await?.ready, 1);
/// # Ok(()) }
/// ```
///
/// # How often a job is done
///
/// At least once, whatever dies. Exactly once, where its effect is in the same store and in one
/// change with the acknowledgement ([`Job::ack_with`]), or carries the job's token
/// ([`Job::token`]): then the job may be delivered again, and its effect does not happen again.
///
/// # Tries
///
/// A try fails when it is answered by [`Job::retry`], when the [`Job`] is dropped without an
/// answer, when the work of a [worker](Queue::work) fails or panics, or when its lease ends. After
/// [`with_max_tries`](Queue::with_max_tries) of them the job is dead: it is kept aside with what is
/// known of its last tries until somebody [revives](Queue::revive) or [discards](Queue::discard)
/// it.
///
/// `T` is any [`Form`]. A queue without any job, dead ones included, is not stored: its time to
/// live ends with its last job.
pub struct Queue<T> {
    object: Object,
    limit: Option<u64>,
    settings: Settings,
    /// Who waits for a job with this handle or a clone of it: one asks for all.
    line: Arc<tokio::sync::Mutex<()>>,
    form: PhantomData<fn() -> T>,
}

/// What a queue says of every job that is claimed with it.
#[derive(Debug, Clone, Copy)]
struct Settings {
    lease: Duration,
    tries_max: u32,
    backoff: Backoff,
    tokens_kept: Duration,
}

/// How long a job waits after a try that failed: twice as long after each, up to a most.
#[derive(Debug, Clone, Copy)]
struct Backoff {
    first: Duration,
    most: Duration,
}

impl Backoff {
    /// How long after this try: between half of it and all, so that what failed together is not
    /// tried again together.
    fn after(self, attempt: u32) -> Duration {
        let doublings = attempt.saturating_sub(1).min(31);
        let longest = self.first.saturating_mul(1 << doublings).min(self.most);
        longest.mul_f64(0.5 + fastrand::f64() / 2.0)
    }
}

common_verbs!(Queue<T: Form>);

impl<T> fmt::Debug for Queue<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Queue").field("object", &self.object).finish_non_exhaustive()
    }
}

impl<T> Clone for Queue<T> {
    fn clone(&self) -> Self {
        let (object, line) = (self.object.clone(), Arc::clone(&self.line));
        Self { object, limit: self.limit, settings: self.settings, line, form: PhantomData }
    }
}

/// Making one.
impl<T: Form> Queue<T> {
    /// A queue that stands alone, under this name.
    pub fn new(store: &Store, name: &str) -> Self {
        Self::declare(Object::alone(store, name))
    }

    /// With at most so many live jobs: ready, delayed or claimed. Dead ones are not counted. Zero
    /// is
    /// *misuse* at the first push.
    ///
    /// Two handles with different limits on one queue each keep their own when they push.
    #[must_use]
    pub fn with_limit(mut self, limit: u64) -> Self {
        self.limit = Some(limit);
        self
    }

    /// How long a job is a worker's without being acknowledged or extended: 30 seconds unless said
    /// otherwise. [Workers](Queue::work) extend it by themselves.
    #[must_use]
    pub fn with_lease(mut self, lease: Duration) -> Self {
        self.settings.lease = lease;
        self
    }

    /// How often a job is tried before it is dead: [`TRIES_DEFAULT`] unless said otherwise. It is
    /// what counts for a job that is claimed with this handle. Zero is *misuse*.
    #[must_use]
    pub fn with_max_tries(mut self, tries: u32) -> Self {
        self.settings.tries_max = tries;
        self
    }

    /// How long a job waits after a try that failed without saying so: `first`, then twice as long
    /// after each, up to `most`. From one second to one hour unless said otherwise. Up to half of
    /// it is left to chance, so that what failed together is not tried again together.
    #[must_use]
    pub fn with_backoff(mut self, first: Duration, most: Duration) -> Self {
        self.settings.backoff = Backoff { first, most };
        self
    }

    /// How long the engine remembers a [`Job::token`]: [`TOKENS_KEPT_DEFAULT`] unless said
    /// otherwise. As long as a job may come back, from its first try on.
    #[must_use]
    pub fn with_tokens_kept(mut self, keep: Duration) -> Self {
        self.settings.tokens_kept = keep;
        self
    }
}

/// Looking.
impl<T: Form> Queue<T> {
    /// How many jobs are ready, delayed, claimed and dead, and for how long the oldest has been
    /// ready: all read in one step.
    ///
    /// ```
    /// # use exactly::{Queue, Store};
    /// # use std::time::Duration;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
    /// # let store = Store::open("memory:").await?;
    /// let mails: Queue<String> = Queue::new(&store, "mails");
    /// mails.push_many(["ada", "grace"]).await?;
    /// mails.push("barbara").delay(Duration::from_secs(60)).await?;
    /// let job = mails.claim().await?;
    /// let depth = mails.depth().await?;
    /// assert_eq!((depth.ready, depth.delayed, depth.claimed, depth.dead), (1, 1, 1, 0));
    /// # drop(job);
    /// # Ok(()) }
    /// ```
    pub fn depth(&self) -> Call<'_, Depth> {
        Call::new(&self.object, Depth {}, |_, depths| Ok(depths))
    }
}

impl<T: Form> Declare for Queue<T> {
    fn declare(object: Object) -> Self {
        let hour = Duration::from_secs(60 * 60);
        let settings = Settings {
            lease: LEASE_DEFAULT,
            tries_max: TRIES_DEFAULT,
            backoff: Backoff { first: Duration::from_secs(1), most: hour },
            tokens_kept: TOKENS_KEPT_DEFAULT,
        };
        Self { object, limit: None, settings, line: Arc::default(), form: PhantomData }
    }
}

impl<T: Form> Limit for Queue<T> {
    fn limit(self, limit: u64) -> Self {
        self.with_limit(limit)
    }
}

impl<T: Form> Lease for Queue<T> {
    fn lease(self, lease: Duration) -> Self {
        self.with_lease(lease)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_after_a_try_doubles_up_to_the_most() {
        let backoff = Backoff { first: Duration::from_secs(1), most: Duration::from_secs(60) };
        for (attempt, longest) in [(0, 1), (1, 1), (2, 2), (3, 4), (6, 32), (7, 60), (u32::MAX, 60)]
        {
            let longest = Duration::from_secs(longest);
            let after = backoff.after(attempt);
            assert!(after >= longest / 2 && after <= longest, "{attempt}: {after:?}");
        }
        let forever = Backoff { first: Duration::MAX, most: Duration::MAX };
        assert!(forever.after(9) >= Duration::MAX / 2 - Duration::from_secs(1));
    }
}
