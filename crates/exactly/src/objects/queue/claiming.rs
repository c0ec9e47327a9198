//! Taking jobs on a lease.

use std::time::Duration;

use exactly_core::codec::Form;
use exactly_core::operations::queue::{Claim, Claimed, Delivery, Release};
use exactly_core::{BATCH_MAX, Batch, BoxFuture, Fault, HoldId, Operation, Place, Step};
use tokio::time::{Instant, timeout_at};

use super::job::Delivered;
use super::{Job, Queue};
use crate::call::Call;
use crate::object::Object;
use crate::wait::Wait;

/// Claiming.
///
/// If the caller goes away while a claim is on its way, what it takes is given back in the
/// background at once, at its place, as if it had never been claimed.
impl<T: Form> Queue<T> {
    /// Takes the job that has been ready for the longest, on the queue's lease, if any is ready.
    ///
    /// ```
    /// # use exactly::{Queue, Store};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
    /// # let store = Store::open("memory:").await?;
    /// let mails: Queue<String> = Queue::new(&store, "mails");
    /// mails.push_many(["ada", "grace"]).await?;
    /// let job = mails.claim().await?.expect("two are ready");
    /// assert_eq!((job.payload().as_str(), job.attempt()), ("ada", 1));
    /// job.ack().await?;
    /// # Ok(()) }
    /// ```
    ///
    /// # Faults
    /// *Misuse* when the job cannot be read as `T`: that try has failed, and the job is tried again
    /// later, perhaps by a worker that knows its form. For a lease or a number of tries outside
    /// what is allowed.
    pub async fn claim(&self) -> Result<Option<Job<T>>, Fault> {
        Ok(self.claim_many(1).await?.pop())
    }

    /// Takes up to so many jobs in one step, the one that has been ready for the longest first.
    ///
    /// # Faults
    /// As [`claim`](Queue::claim), if none of the jobs can be read; of some that cannot, the others
    /// are answered. *Misuse* for none, and for more than 4,096.
    pub async fn claim_many(&self, most: usize) -> Result<Vec<Job<T>>, Fault> {
        let deliveries = (0..most).map(|_| HoldId::unique()).collect();
        let (lease, tries_max) = (self.settings.lease, self.settings.tries_max);
        let claim = Claim { deliveries, lease, tries_max };
        let call = Call::new(&self.object, claim, |_, claimed| Ok(claimed));
        match call.when_abandoned(|object, claimed| give_back(&object, claimed)).await? {
            Claimed::Claimed { jobs } => self.read(jobs),
            Claimed::Empty { .. } => Ok(Vec::new()),
        }
    }

    /// Takes a job, and waits for one if none is ready: at most this long.
    ///
    /// The waiting costs the engine nothing: the caller is woken when the queue changes, when a
    /// delay is over, or when a lease ends. Of many who wait with one handle or clones of it, one
    /// asks for all, and they get their jobs in the order in which they came. It may be given up at
    /// any point, as the loser of a `select!` or of a timeout: no job is lost, and none is left to
    /// its lease.
    ///
    /// ```
    /// # use exactly::{Queue, Store};
    /// # use std::time::Duration;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
    /// # let store = Store::open("memory:").await?;
    /// let mails: Queue<String> = Queue::new(&store, "mails");
    /// let worker = tokio::spawn({
    ///     let mails = mails.clone();
    ///     async move { mails.claim_wait(Duration::from_secs(60)).await }
    /// });
    /// mails.push("ada").await?;
    /// let job = worker.await.expect("no panic")?.expect("one came in time");
    /// job.ack().await?;
    /// assert!(mails.claim_wait(Duration::ZERO).await?.is_none());
    /// # Ok(()) }
    /// ```
    ///
    /// # Faults
    /// As [`claim`](Queue::claim); *not applied* when the engine is not there to wait for.
    pub async fn claim_wait(&self, within: Duration) -> Result<Option<Job<T>>, Fault> {
        let until = Instant::now().checked_add(within);
        let mut wait = Wait::within(within);
        if let Some(job) = self.claim().await? {
            return Ok(Some(job));
        }
        let turn = self.line.lock();
        let _turn = match until {
            Some(until) => match timeout_at(until, turn).await {
                Ok(turn) => turn,
                Err(_) => return Ok(None),
            },
            None => turn.await,
        };
        loop {
            if !wait.another_look(&self.object).await? {
                return Ok(None);
            }
            if let Some(job) = self.claim().await? {
                return Ok(Some(job));
            }
        }
    }

    /// The jobs of these deliveries. A try whose job cannot be read has failed.
    fn read(&self, deliveries: Vec<Delivery>) -> Result<Vec<Job<T>>, Fault> {
        let mut jobs = Vec::with_capacity(deliveries.len());
        let mut unread = None;
        for delivery in deliveries {
            let delivered = Delivered::new(&self.object, self.settings, &delivery);
            match T::decode(&delivery.payload) {
                Ok(payload) => jobs.push(Job::new(delivered, payload)),
                Err(source) => {
                    let (key, place) = (self.object.key()?, Place::Job(delivery.job));
                    let fault = Fault::undecodable_at(key, &place, T::NAME, source);
                    tracing::warn!(target: "exactly", "a job that was claimed: {fault}");
                    delivered.fail(&fault.to_string());
                    unread = Some(fault);
                }
            }
        }
        match unread {
            Some(fault) if jobs.is_empty() => Err(fault),
            Some(_) | None => Ok(jobs),
        }
    }
}

/// Gives back what was claimed for a caller that has gone away.
fn give_back(object: &Object, claimed: Claimed) {
    let Claimed::Claimed { jobs } = claimed else { return };
    for part in jobs.chunks(BATCH_MAX) {
        let deliveries: Vec<_> = part.iter().map(|delivery| delivery.id).collect();
        let (store, key) = (object.store().clone(), object.key().cloned());
        let releasing: BoxFuture<'static, Result<(), Fault>> = Box::pin(async move {
            let key = key?;
            let release = |delivery| Step::new(key.clone(), Release { delivery }.into_op());
            store.apply(Batch::apart(deliveries.into_iter().map(release))).await.map(drop)
        });
        object.store().background().run(Box::pin(async move {
            if let Err(fault) = releasing.await {
                tracing::warn!(target: "exactly", "a claim whose caller went away: {fault}");
            }
        }));
    }
}
