//! Dead jobs, and their way back.

use std::fmt;
use std::time::Duration;

use exactly_core::codec::Form;
use exactly_core::operations::queue::{
    Chosen, Dead, DeadJob, DeadJobs, Discard, Moved, Revive, Try,
};
use exactly_core::{Bytes, Cursor, Fault, Operation, Place};

use super::{JobId, Queue};
use crate::call::Call;
use crate::object::Object;

/// How many dead jobs are moved in one step where all of them are.
const PAGE: u64 = 1_000;

/// Dead jobs.
impl<T: Form> Queue<T> {
    /// The dead jobs, up to so many, the one that has been dead for the longest first: with what is
    /// known of their last tries. Of many rather [pages](Queue::dead_pages).
    ///
    /// ```
    /// # use exactly::{Queue, Store};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
    /// # let store = Store::open("memory:").await?;
    /// let mails: Queue<String> = Queue::new(&store, "mails");
    /// mails.push("ada").await?;
    /// let job = mails.claim().await?.expect("it is ready");
    /// job.bury("no such address").await?;
    ///
    /// let dead = mails.dead(10).await?;
    /// assert_eq!(dead[0].payload()?, "ada");
    /// assert_eq!(dead[0].note(), "no such address");
    /// assert!(mails.revive(dead[0].id()).await?);
    /// assert_eq!(mails.depth().await?.ready, 1);
    /// # Ok(()) }
    /// ```
    ///
    /// # Faults
    /// *Misuse* for none, and for more than 4,096.
    pub fn dead(&self, most: u64) -> Call<'_, Dead, Vec<DeadLetter<T>>> {
        Call::new(&self.object, Dead { after: None, count: most }, |object, dead| {
            Ok(letters(object, dead))
        })
    }

    /// The dead jobs page by page, in the order in which they died. Whoever is dead from the first
    /// page to the last is on one of them, and on no second.
    ///
    /// # Faults
    /// *Misuse*, at the first page, for pages of no job or of more than 4,096.
    pub fn dead_pages(&self, size: u64) -> DeadLetters<'_, T> {
        DeadLetters { queue: self, size, next: Next::First }
    }

    /// Makes a dead job ready again, as if it were new: behind all that are ready, with all its
    /// tries, and no limit is asked. Answers whether it was dead, and no live job has its unique
    /// key.
    pub fn revive(&self, job: JobId) -> Call<'_, Revive, bool> {
        let revive = Revive { jobs: Chosen::Named(vec![job]) };
        Call::new(&self.object, revive, |_, moved| Ok(moved.jobs == 1))
    }

    /// Makes all dead jobs ready again, a page at a time, and answers how many there were. Those
    /// whose unique key a live job has stay dead.
    ///
    /// # Faults
    /// As the engine says; some may be ready by then.
    pub async fn revive_all(&self) -> Result<u64, Fault> {
        self.all_pages(|jobs| Revive { jobs }).await
    }

    /// Removes a dead job. Answers whether there was one of this name.
    pub fn discard(&self, job: JobId) -> Call<'_, Discard, bool> {
        let discard = Discard { jobs: Chosen::Named(vec![job]) };
        Call::new(&self.object, discard, |_, moved| Ok(moved.jobs == 1))
    }

    /// Removes all dead jobs, a page at a time, and answers how many there were.
    ///
    /// # Faults
    /// As the engine says; some may be gone by then.
    pub async fn discard_all(&self) -> Result<u64, Fault> {
        self.all_pages(|jobs| Discard { jobs }).await
    }

    async fn all_pages<O>(&self, operation: impl Fn(Chosen) -> O) -> Result<u64, Fault>
    where
        O: Operation<Outcome = Moved>,
    {
        let (mut after, mut jobs) = (None, 0);
        loop {
            let page = operation(Chosen::Page { after, count: PAGE });
            let moved = Call::new(&self.object, page, |_, moved| Ok(moved)).await?;
            jobs += moved.jobs;
            match moved.next {
                Some(next) => after = Some(next),
                None => return Ok(jobs),
            }
        }
    }
}

fn letters<T>(object: &Object, dead: DeadJobs) -> Vec<DeadLetter<T>> {
    let letter = |job| DeadLetter { object: object.clone(), job, form: std::marker::PhantomData };
    dead.jobs.into_iter().map(letter).collect()
}

/// A job that is not delivered any more, and what is known of it.
pub struct DeadLetter<T> {
    object: Object,
    job: DeadJob,
    form: std::marker::PhantomData<fn() -> T>,
}

impl<T> fmt::Debug for DeadLetter<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.job.fmt(f)
    }
}

impl<T: Form> DeadLetter<T> {
    /// Its name.
    pub fn id(&self) -> JobId {
        self.job.id
    }

    /// What was to be done.
    ///
    /// # Faults
    /// *Misuse* when it cannot be read as `T`, which may be what it died of.
    pub fn payload(&self) -> Result<T, Fault> {
        T::decode(&self.job.payload).or_else(|source| {
            let (key, place) = (self.object.key()?, Place::Job(self.job.id));
            Err(Fault::undecodable_at(key, &place, T::NAME, source))
        })
    }

    /// What was to be done, as it is stored.
    pub fn payload_bytes(&self) -> &Bytes {
        &self.job.payload
    }

    /// How often it was tried.
    pub fn attempts(&self) -> u32 {
        self.job.attempts
    }

    /// How long ago it was pushed.
    pub fn age(&self) -> Duration {
        self.job.age
    }

    /// For how long it has been dead.
    pub fn since(&self) -> Duration {
        self.job.since
    }

    /// Its last tries, at most ten, the last one last.
    pub fn tries(&self) -> &[Try] {
        &self.job.tries
    }

    /// What is remembered of its last try; empty where its worker died.
    pub fn note(&self) -> String {
        let note = self.job.tries.last().map(|last| last.note.to_vec()).unwrap_or_default();
        String::from_utf8_lossy(&note).into_owned()
    }
}

/// The dead jobs, page by page: see [`Queue::dead_pages`].
#[derive(Debug)]
pub struct DeadLetters<'a, T> {
    queue: &'a Queue<T>,
    size: u64,
    next: Next,
}

#[derive(Debug, Clone, Copy)]
enum Next {
    First,
    After(Cursor),
    Nothing,
}

impl<T: Form> DeadLetters<'_, T> {
    /// The next page; nothing after the last one. A page that failed is asked for again.
    ///
    /// # Faults
    /// As the engine says.
    pub async fn next_page(&mut self) -> Result<Option<Vec<DeadLetter<T>>>, Fault> {
        let after = match self.next {
            Next::First => None,
            Next::After(place) => Some(place),
            Next::Nothing => return Ok(None),
        };
        let dead = Dead { after, count: self.size };
        let page = Call::new(&self.queue.object, dead, |_, dead| Ok(dead)).await?;
        self.next = page.next.map_or(Next::Nothing, Next::After);
        Ok((!page.jobs.is_empty()).then(|| letters(&self.queue.object, page)))
    }
}
