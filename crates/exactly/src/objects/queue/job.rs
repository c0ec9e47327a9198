//! A job in its worker's hands.

use std::fmt;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use exactly_core::operations::queue::{
    Acknowledge, Bury, Delivery, Extend, Failed, NOTE_BYTES_MAX, Release, Retried, Retry, Settled,
};
use exactly_core::{Batch, BoxFuture, Bytes, Fault, HoldId, Operation, Step, Token};
use parking_lot::Mutex;
use tokio::sync::watch;
use tokio::time::Instant;

use super::{JobId, Settings};
use crate::call::Call;
use crate::object::Object;
use crate::together::{Batched, Together, together};

/// A delivery, and what has become of it. Whoever works on the job and whoever looks after its
/// lease share one.
#[derive(Debug)]
pub(super) struct Delivered {
    object: Object,
    settings: Settings,
    pub(super) delivery: HoldId,
    id: JobId,
    attempt: u32,
    /// Whether it has been answered, be the answer heard or not.
    settled: AtomicBool,
    /// Why the change that was to acknowledge it was not made.
    refusal: Mutex<Option<String>>,
    lost: watch::Sender<bool>,
    /// When its lease is known to have run, by this machine's monotonic clock.
    held: Mutex<Instant>,
}

impl Delivered {
    pub(super) fn new(object: &Object, settings: Settings, delivery: &Delivery) -> Arc<Self> {
        let Delivery { id: delivery, job: id, attempt, .. } = *delivery;
        let (settled, lost) = (AtomicBool::new(false), watch::Sender::new(false));
        let (object, refusal) = (object.clone(), Mutex::default());
        let held = Mutex::new(Instant::now());
        Arc::new(Self { object, settings, delivery, id, attempt, settled, refusal, lost, held })
    }

    /// Answers it. Tells whether it had not been answered before.
    pub(super) fn settle(&self) -> bool {
        !self.settled.swap(true, Ordering::AcqRel)
    }

    pub(super) fn is_settled(&self) -> bool {
        self.settled.load(Ordering::Acquire)
    }

    /// What was to acknowledge it was not done, so it is still to be answered. Unless that is done
    /// by name, the try has failed: an effect that was refused must not be taken for one.
    fn reopen(&self, why: String) {
        *self.refusal.lock() = Some(why);
        self.settled.store(false, Ordering::Release);
    }

    /// Why success would be no true answer, if so.
    pub(super) fn refusal(&self) -> Option<String> {
        self.refusal.lock().clone()
    }

    /// Its lease was begun anew by what was sent at this moment.
    pub(super) fn held_since(&self, sent: Instant) {
        *self.held.lock() = sent;
    }

    /// Whether nothing has been heard of its lease for as long as that lasts.
    pub(super) fn is_out_of_hearing(&self, lease: Duration) -> bool {
        self.held.lock().elapsed() >= lease
    }

    /// Its lease is over.
    pub(super) fn lose(&self) {
        if self.is_settled() || self.lost.send_replace(true) {
            return;
        }
        tracing::warn!(target: "exactly", "a job is lost while it is done: its lease is over");
    }

    pub(super) fn acknowledging(&self) -> Call<'_, Acknowledge> {
        let acknowledge = Acknowledge { delivery: self.delivery };
        Call::new(&self.object, acknowledge, |_, settled| Ok(settled)).carried_through()
    }

    /// A failed try, to be tried again after the queue's backoff.
    pub(super) fn failing(&self, note: &str) -> Call<'_, Retry> {
        self.retrying(self.settings.backoff.after(self.attempt), Bytes::from(shortened(note)))
    }

    fn retrying(&self, after: Duration, note: Bytes) -> Call<'_, Retry> {
        let failed = Box::new(Failed { after, note });
        let retry = Retry { delivery: self.delivery, failed };
        Call::new(&self.object, retry, |_, retried| Ok(retried)).carried_through()
    }

    /// Answers it in the background with a failed try.
    pub(super) fn fail(&self, note: &str) {
        if !self.settle() {
            return;
        }
        let failing = self.failing(note).owned();
        let failing: BoxFuture<'static, ()> = Box::pin(async move {
            if let Err(fault) = failing.await {
                tracing::warn!(target: "exactly", "a job that was given back: {fault}");
            }
        });
        self.object.store().background().run(failing);
    }

    /// Lets its lease run anew.
    pub(super) fn extending(&self, lease: Duration) -> Extend {
        Extend { delivery: self.delivery, lease }
    }
}

/// As much of a note as is remembered.
fn shortened(note: &str) -> &str {
    &note[..note.floor_char_boundary(NOTE_BYTES_MAX)]
}

/// A job that was claimed: do it, and say what became of it.
///
/// Dropped without an answer it counts as a failed try, as when its worker returns early or panics:
/// it is tried again after the queue's [backoff](super::Queue::with_backoff), or dead if that was
/// its last try. The answer is handed to a task of the store's; should that not get through either,
/// the lease ends the delivery.
#[must_use = "a job that is dropped counts as a failed try"]
pub struct Job<T> {
    delivered: Arc<Delivered>,
    payload: T,
    /// Whether somebody else answers it when it is dropped.
    attended: bool,
}

impl<T: fmt::Debug> fmt::Debug for Job<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Job")
            .field("id", &self.id())
            .field("attempt", &self.attempt())
            .field("payload", &self.payload)
            .finish_non_exhaustive()
    }
}

/// What is known of it.
impl<T> Job<T> {
    pub(super) fn new(delivered: Arc<Delivered>, payload: T) -> Self {
        Self { delivered, payload, attended: false }
    }

    /// Leaves the answer to whoever shares the delivery, unless it is given before.
    pub(super) fn attended(mut self) -> (Self, Arc<Delivered>) {
        self.attended = true;
        let delivered = Arc::clone(&self.delivered);
        (self, delivered)
    }

    /// What is to be done.
    pub fn payload(&self) -> &T {
        &self.payload
    }

    /// Its name: the same at every delivery.
    pub fn id(&self) -> JobId {
        self.delivered.id
    }

    /// How often it was delivered, this time included: 1 at the first.
    pub fn attempt(&self) -> u32 {
        self.delivered.attempt
    }

    /// Whether it is dead should this try fail.
    pub fn is_last_try(&self) -> bool {
        self.delivered.attempt >= self.delivered.settings.tries_max
    }

    /// The token of the job, the same at every delivery: a call or batch that carries it takes
    /// effect once, however often the job is delivered.
    ///
    /// It names one call or batch. For several there is [`token_for`](Job::token_for).
    ///
    /// ```
    /// # use exactly::{Counter, Queue, Store};
    /// # use std::time::Duration;
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
    /// # let store = Store::open("memory:").await?;
    /// let mails: Queue<String> = Queue::new(&store, "mails");
    /// let sent = Counter::new(&store, "sent");
    /// mails.push("ada").await?;
    /// for _delivery in 0..2 {
    ///     let job = mails.claim().await?.expect("it is ready");
    ///     sent.increment().token(job.token()).await?;
    ///     // The worker dies before it has acknowledged the job, which comes back.
    ///     job.retry(Duration::ZERO).await?;
    /// }
    /// assert_eq!(sent.get().await?, 1);
    /// # Ok(()) }
    /// ```
    pub fn token(&self) -> Token {
        self.token_of(format!("job-{}", self.id()))
    }

    /// The token of one of several things that the job does. What it is called is a part of the
    /// token's id, which has at most 255 bytes: longer ones are *misuse* when it is used.
    pub fn token_for(&self, what: &str) -> Token {
        self.token_of(format!("job-{}-{what}", self.id()))
    }

    fn token_of(&self, id: String) -> Token {
        let keep = self.delivered.settings.tokens_kept;
        // The store fills in its namespace.
        Token::Caller { namespace: String::new(), id, keep }
    }

    /// Resolves when the job is known to be another worker's, or nobody's: its lease ended before
    /// it was extended. Whatever is still done for it may be done twice.
    ///
    /// Known from the first [`extend`](Job::extend) that is refused. [Workers](super::Queue::work)
    /// extend by themselves.
    pub async fn lost(&self) {
        let mut lost = self.delivered.lost.subscribe();
        // The sender lives in the job, so the channel cannot close while we wait.
        let _ = lost.wait_for(|lost| *lost).await;
    }

    /// Whether it is known to be lost: see [`lost`](Job::lost).
    pub fn is_lost(&self) -> bool {
        *self.delivered.lost.borrow()
    }
}

/// Answering. Once begun, an answer is carried to its end, also when the caller goes away.
impl<T> Job<T> {
    /// The job is done. Refused when the lease is over: it is another worker's by now, or will be.
    ///
    /// # Faults
    /// As the engine says; then the lease ends the delivery, unless the answer arrived.
    pub async fn ack(self) -> Result<Settled, Fault> {
        self.delivered.settle();
        self.delivered.acknowledging().await
    }

    /// The job is done, and these calls are made with it as one change: all of it happens, or
    /// nothing. So the effect of a job in the same store happens exactly once, however often the
    /// job is delivered.
    ///
    /// One call, or a tuple, array or `Vec` of them; pushes too, of what is to be done next.
    ///
    /// A job that comes back because a call refused is answered by its verbs. Dropped it is a
    /// failed try, also if the work of a [worker](super::Queue::work) answers `Ok`.
    ///
    /// ```
    /// # use exactly::{AckedWith, Counter, Queue, Store};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
    /// # let store = Store::open("memory:").await?;
    /// let orders: Queue<String> = Queue::new(&store, "orders");
    /// let bills: Queue<String> = Queue::new(&store, "bills");
    /// let shipped = Counter::new(&store, "shipped");
    /// orders.push("4711").await?;
    ///
    /// let order = orders.claim().await?.expect("it is ready");
    /// let bill = bills.push(order.payload().as_str());
    /// let AckedWith::Done((count, _bill)) =
    ///     order.ack_with((shipped.increment(), bill)).await?
    /// else {
    ///     panic!("in time, and nothing refused")
    /// };
    /// assert_eq!(count, 1);
    /// # Ok(()) }
    /// ```
    ///
    /// # Faults
    /// *Misuse* when an object is of another store, or a call has a token of its own or is to be
    /// sent at most once. As the engine says. The try has failed then; of a fault that is *unknown*
    /// the lease ends the delivery, unless the answer arrived.
    pub async fn ack_with<C: Together>(self, calls: C) -> Result<AckedWith<C::Answers, T>, Fault> {
        let changed = self.changing(calls).await;
        let delivered = &self.delivered;
        match changed {
            Ok(Batched::Done(answers)) => Ok(AckedWith::Done(answers)),
            Ok(Batched::Refused { place: 0 }) => Ok(AckedWith::Lapsed),
            Ok(Batched::Refused { place }) => {
                let place = place - 1;
                delivered.reopen(format!("call {place} of its change was refused"));
                Ok(AckedWith::Refused { place, job: self })
            }
            Ok(Batched::Unmet { .. }) => {
                Err(Fault::broken("a change that required nothing was refused for it"))
            }
            Err(fault) => {
                if !fault.is_unknown() {
                    delivered.reopen(fault.to_string());
                }
                Err(fault)
            }
        }
    }

    /// The acknowledgement and these calls on their way.
    async fn changing<C: Together>(&self, calls: C) -> Result<Batched<C::Answers>, Fault> {
        let delivered = &self.delivered;
        let acknowledge = Acknowledge { delivery: delivered.delivery };
        let key = delivered.object.key()?.clone();
        let step = Step::new(key, acknowledge.into_op()).lifetime(delivered.object.lifetime());
        let changing = together(delivered.object.store(), Batch::one(step), calls)?;
        delivered.settle();
        changing.await
    }

    /// The try failed: the job is ready again after this long, or dead if it was its last try.
    ///
    /// # Faults
    /// As [`ack`](Job::ack).
    pub async fn retry(self, after: Duration) -> Result<Retried, Fault> {
        self.retry_with_note(after, "").await
    }

    /// As [`retry`](Job::retry), with what is to be remembered of the try: it is found again with
    /// the job, should it [die](super::Queue::dead). Of a long note the beginning is remembered.
    ///
    /// # Faults
    /// As [`ack`](Job::ack).
    pub async fn retry_with_note(
        self,
        after: Duration,
        note: impl AsRef<str>,
    ) -> Result<Retried, Fault> {
        self.delivered.settle();
        let note = Bytes::from(shortened(note.as_ref()));
        self.delivered.retrying(after, note).await
    }

    /// The job is ready again, at the place it had, as if it had not been claimed: for a worker
    /// that is about to end, and has not begun.
    ///
    /// # Faults
    /// As [`ack`](Job::ack).
    pub async fn release(self) -> Result<Settled, Fault> {
        self.delivered.settle();
        let release = Release { delivery: self.delivered.delivery };
        Call::new(&self.delivered.object, release, |_, settled| Ok(settled)).carried_through().await
    }

    /// The job is dead, however many tries it has left: for what will never succeed. Of a long note
    /// the beginning is remembered.
    ///
    /// # Faults
    /// As [`ack`](Job::ack).
    pub async fn bury(self, note: impl AsRef<str>) -> Result<Settled, Fault> {
        self.delivered.settle();
        let note = Bytes::from(shortened(note.as_ref()));
        let bury = Bury { delivery: self.delivered.delivery, note };
        Call::new(&self.delivered.object, bury, |_, settled| Ok(settled)).carried_through().await
    }

    /// Lets the lease run anew, counted from now, for as long as the queue says. Refused when it is
    /// over: then the job is [lost](Job::lost).
    ///
    /// # Faults
    /// As the engine says.
    pub async fn extend(&self) -> Result<Settled, Fault> {
        self.extend_for(self.delivered.settings.lease).await
    }

    /// As [`extend`](Job::extend), for as long as this.
    ///
    /// # Faults
    /// *Misuse* for a lease outside what is allowed.
    pub async fn extend_for(&self, lease: Duration) -> Result<Settled, Fault> {
        let extend = self.delivered.extending(lease);
        let settled = Call::new(&self.delivered.object, extend, |_, settled| Ok(settled)).await?;
        if settled == Settled::Lapsed {
            self.delivered.lose();
        }
        Ok(settled)
    }
}

impl<T> Drop for Job<T> {
    fn drop(&mut self) {
        if !self.attended {
            let why = self.delivered.refusal();
            self.delivered.fail(why.as_deref().unwrap_or("dropped without an answer"));
        }
    }
}

/// Of [`Job::ack_with`].
#[must_use = "what was refused has not happened"]
#[derive(Debug)]
pub enum AckedWith<A, T> {
    /// The job is done, and the calls with it: what each of them answered.
    Done(A),
    /// One of the calls refused, and nothing was changed. The job is still this worker's, to be
    /// answered.
    Refused {
        /// Which call, from 0 on.
        place: usize,
        /// The job.
        job: Job<T>,
    },
    /// The lease is over, and nothing was changed.
    Lapsed,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_long_note_is_cut_between_characters() {
        let long = "ü".repeat(NOTE_BYTES_MAX);
        assert_eq!(shortened(&long).len(), NOTE_BYTES_MAX);
        assert_eq!(shortened(&format!("x{long}")).len(), NOTE_BYTES_MAX - 1);
        assert_eq!(shortened("short"), "short");
    }
}
