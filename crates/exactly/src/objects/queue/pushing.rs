//! Putting jobs in.

use std::fmt;
use std::future::IntoFuture;
use std::num::NonZeroU64;
use std::time::Duration;

use exactly_core::codec::Form;
use exactly_core::operations::queue::{NewJob, Push, Pushed, PushedJob};
use exactly_core::{Bytes, Fault, HoldId, Token};

use super::Queue;
use crate::call::{Call, Calling};
use crate::object::Object;

/// Putting in.
impl<T: Form> Queue<T> {
    /// Puts a job in, behind all that are ready: at once, unless a [`delay`](Pushing::delay) is
    /// given; and once, if a [`unique`](Pushing::unique) key is. Answers the name of the job, and
    /// whether it is new.
    ///
    /// ```
    /// # use exactly::{Queue, Store};
    /// # use std::time::Duration;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
    /// # let store = Store::open("memory:").await?;
    /// let bills: Queue<u64> = Queue::new(&store, "bills");
    /// let first = bills.push(42_u64).unique("course 42").delay(Duration::from_secs(60)).await?;
    /// let again = bills.push(42_u64).unique("course 42").await?;
    /// assert_eq!((again.id, again.new), (first.id, false));
    /// # Ok(()) }
    /// ```
    ///
    /// # Faults
    /// *Misuse* when the queue is full: see [`try_push`](Queue::try_push).
    pub fn push(&self, job: impl Into<T>) -> Pushing<'_, PushedJob> {
        self.pushing([job], |object, pushed| {
            let jobs = all_or_full(object, pushed, "try_push")?;
            jobs.into_iter().next().ok_or_else(odd)
        })
    }

    /// Puts several jobs in, in their order and in one step: all of them or none.
    ///
    /// # Faults
    /// *Misuse* when there is no room for all of them: see [`try_push_many`](Queue::try_push_many).
    /// For none, and for more than 4,096: give them in parts.
    pub fn push_many(
        &self,
        jobs: impl IntoIterator<Item = impl Into<T>>,
    ) -> Pushing<'_, Vec<PushedJob>> {
        self.pushing(jobs, |object, pushed| all_or_full(object, pushed, "try_push_many"))
    }

    /// Puts a job in, if the queue is not full.
    ///
    /// ```
    /// # use exactly::{Queue, QueuePushed, Store};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
    /// # let store = Store::open("memory:").await?;
    /// let mails: Queue<String> = Queue::new(&store, "mails").with_limit(1);
    /// assert!(matches!(mails.try_push("ada").await?, QueuePushed::Pushed { .. }));
    /// assert_eq!(mails.try_push("grace").await?, QueuePushed::Full { free: 0 });
    /// # Ok(()) }
    /// ```
    pub fn try_push(&self, job: impl Into<T>) -> Pushing<'_, Pushed> {
        self.pushing([job], |_, pushed| Ok(pushed))
    }

    /// Puts several jobs in, in their order and in one step, if there is room for all of them.
    ///
    /// # Faults
    /// *Misuse* for none, and for more than 4,096: give them in parts.
    pub fn try_push_many(
        &self,
        jobs: impl IntoIterator<Item = impl Into<T>>,
    ) -> Pushing<'_, Pushed> {
        self.pushing(jobs, |_, pushed| Ok(pushed))
    }

    fn pushing<R>(
        &self,
        jobs: impl IntoIterator<Item = impl Into<T>>,
        read: fn(&Object, Pushed) -> Result<R, Fault>,
    ) -> Pushing<'_, R> {
        let jobs = jobs.into_iter().map(|job| self.new_job(&job.into()));
        let push =
            self.room().and_then(|limit| Ok(Push { jobs: jobs.collect::<Result<_, _>>()?, limit }));
        Pushing { object: &self.object, push, token: None, at_most_once: false, read }
    }

    fn new_job(&self, job: &T) -> Result<NewJob, Fault> {
        let key = self.object.key()?;
        let payload = job.encode().map_err(|source| Fault::unencodable(key, T::NAME, source))?;
        Ok(NewJob { id: HoldId::unique(), payload, delay: Duration::ZERO, unique: None })
    }

    fn room(&self) -> Result<Option<NonZeroU64>, Fault> {
        let Some(limit) = self.limit else { return Ok(None) };
        match NonZeroU64::new(limit) {
            Some(limit) => Ok(Some(limit)),
            None => Err(Fault::bad_setting(
                self.object.key()?,
                "a queue has room for at least one job, found the limit 0; nothing was changed",
            )),
        }
    }
}

fn all_or_full(object: &Object, pushed: Pushed, instead: &str) -> Result<Vec<PushedJob>, Fault> {
    match pushed {
        Pushed::Pushed { jobs } => Ok(jobs),
        Pushed::Full { free } => Err(Fault::out_of_bounds(
            object.key()?,
            format!(
                "the queue has room for {free} more; nothing was changed: where that may happen, \
                 call `{instead}`, which answers it"
            ),
        )),
    }
}

fn odd() -> Fault {
    Fault::broken("a job that was put in was not answered")
}

/// Jobs on their way in: sent when it is awaited.
#[must_use = "a push does nothing until it is awaited"]
pub struct Pushing<'a, R> {
    object: &'a Object,
    push: Result<Push, Fault>,
    token: Option<Token>,
    at_most_once: bool,
    read: fn(&Object, Pushed) -> Result<R, Fault>,
}

impl<'a, R> Pushing<'a, R> {
    /// Ready only after this long, by the engine's clock.
    pub fn delay(self, delay: Duration) -> Self {
        self.each(|job| job.delay = delay)
    }

    /// With a key that no two live jobs of the queue share: if one has it already, this one is not
    /// put in, and the answer names that one. Of several pushed together only the first is put in.
    ///
    /// The key is free again when its job is acknowledged or dead.
    pub fn unique(self, key: impl AsRef<[u8]>) -> Self {
        let key = Bytes::from(key.as_ref().to_vec());
        self.each(|job| job.unique = Some(key.clone()))
    }

    /// Under a name of your own, for a push that may be made again from another place or process:
    /// see [`Call::token`].
    pub fn token(mut self, token: Token) -> Self {
        self.token = Some(token);
        self
    }

    /// Without a token: see [`Call::at_most_once`].
    pub fn at_most_once(mut self) -> Self {
        self.at_most_once = true;
        self
    }

    fn each(mut self, change: impl FnMut(&mut NewJob)) -> Self {
        if let Ok(push) = &mut self.push {
            push.jobs.iter_mut().for_each(change);
        }
        self
    }

    /// As any other call.
    pub(crate) fn call(self) -> Call<'a, Push, R> {
        let call = Call::fallible(self.object, self.push, self.read);
        match self.token {
            Some(token) => call.token(token),
            None if self.at_most_once => call.at_most_once(),
            None => call,
        }
    }

    pub(crate) fn as_call(&self) -> Call<'a, Push, R> {
        let Self { object, read, at_most_once, .. } = *self;
        let (push, token) = (self.push.clone(), self.token.clone());
        Self { object, push, token, at_most_once, read }.call()
    }
}

impl<'a, R: 'a> IntoFuture for Pushing<'a, R> {
    type Output = Result<R, Fault>;
    type IntoFuture = Calling<'a, Push, R>;

    fn into_future(self) -> Calling<'a, Push, R> {
        self.call().into_future()
    }
}

impl<R> fmt::Debug for Pushing<'_, R> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let key = self.object.key();
        f.debug_struct("Pushing")
            .field("key", &key)
            .field("push", &self.push)
            .finish_non_exhaustive()
    }
}
