//! One operation on one object: awaited, it is sent.

use std::cell::Cell;
use std::fmt;
use std::future::{Future, IntoFuture};
use std::pin::Pin;
use std::task::{Context, Poll, Waker, ready};

use exactly_core::{
    Answer, Batch, BoxFuture, Delivery, Fault, Joining, Lifetime, Operation, Refusal, Reply, Step,
    Token,
};
use tokio::task::coop::poll_proceed;
use tracing::warn;

use crate::locking::{LockGuard, Passage};
use crate::object::Object;
use crate::read::{Reads, Told};
use crate::store::Store;

/// An operation that is sent when it is awaited.
///
/// `O` is the operation that travels to the engine, `T` what the caller gets.
///
/// ```
/// # use exactly::{Counter, Store, Token};
/// # use std::time::Duration;
/// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
/// # let store = Store::open("memory:").await?;
/// let sold = Counter::new(&store, "sold");
/// let order = Token::caller("order-4711", Duration::from_secs(3600))?;
/// assert_eq!(sold.increment().token(order.clone()).await?, 1);
/// // The same order again, from a retry or another process: no second effect, the first answer.
/// assert_eq!(sold.increment().token(order).await?, 1);
/// # Ok(()) }
/// ```
#[must_use = "a call does nothing until it is awaited"]
pub struct Call<'a, O: Operation, T = <O as Operation>::Outcome> {
    object: &'a Object,
    operation: Result<O, Fault>,
    lifetime: Lifetime,
    delivery: Delivery,
    reading: Reading<'a, O, T>,
    abandoned: Option<Abandoned<O>>,
    read_named: Option<Read<'a, O, T>>,
    guard: Option<&'a LockGuard>,
    /// Whether, as one of several, it may refuse without the others.
    optional: bool,
}

/// What is left to do about an outcome that nobody is there to hear.
type Abandoned<O> = fn(Object, <O as Operation>::Outcome);

/// From what the engine answered to what the caller gets.
type Read<'a, O, T> = fn(&'a Object, <O as Operation>::Outcome) -> Result<T, Fault>;

/// What the handle makes of what was read, such as its default of nothing.
pub(crate) type Finish<T> = dyn Fn(T) -> T + Send + Sync;

/// As [`Read`], knowing what was asked about, such as a field.
type ReadBy<'a, O, T> =
    Box<dyn Fn(&'a Object, <O as Operation>::Outcome) -> Result<T, Fault> + Send + Sync + 'a>;

/// How the caller's answer is made of the engine's.
pub(crate) struct Reading<'a, O: Operation, T> {
    read: Read<'a, O, T>,
    /// Instead of that, where it takes more to know.
    by: Option<ReadBy<'a, O, T>>,
    finish: Option<&'a Finish<T>>,
}

impl<'a, O: Operation, T> Reading<'a, O, T> {
    #[inline]
    pub(crate) fn of(&self, object: &'a Object, outcome: O::Outcome) -> Result<T, Fault> {
        let read = match &self.by {
            Some(read) => read(object, outcome),
            None => (self.read)(object, outcome),
        };
        match self.finish {
            Some(finish) => read.map(finish),
            None => read,
        }
    }

    fn take(&mut self) -> Self {
        Self { read: self.read, by: self.by.take(), finish: self.finish }
    }
}

impl<'a, O: Operation, T> Call<'a, O, T> {
    pub(crate) fn new(object: &'a Object, operation: O, read: Read<'a, O, T>) -> Self {
        Self::fallible(object, Ok(operation), read)
    }

    pub(crate) fn fallible(
        object: &'a Object,
        operation: Result<O, Fault>,
        read: Read<'a, O, T>,
    ) -> Self {
        let (lifetime, delivery) = (object.lifetime(), Delivery::ExactlyOnce);
        Self {
            object,
            operation,
            lifetime,
            delivery,
            reading: Reading { read, by: None, finish: None },
            abandoned: None,
            read_named: None,
            guard: None,
            optional: false,
        }
    }

    /// A call whose answer is read by what it was about: that goes with the call.
    pub(crate) fn about<A: Send + Sync + 'a>(
        object: &'a Object,
        asked: Result<(O, A), Fault>,
        read: fn(&'a Object, &A, O::Outcome) -> Result<T, Fault>,
    ) -> Self
    where
        O: 'a,
        T: 'a,
    {
        let unread = |_: &'a Object, _| Err(Fault::broken("an answer was read without its call"));
        match asked {
            Ok((operation, about)) => {
                let mut call = Self::new(object, operation, unread);
                call.reading.by =
                    Some(Box::new(move |object, outcome| read(object, &about, outcome)));
                call
            }
            Err(fault) => Self::fallible(object, Err(fault), unread),
        }
    }

    /// Leaves the time to live alone.
    pub(crate) fn timeless(mut self) -> Self {
        self.lifetime = Lifetime::Unchanged;
        self
    }

    /// With this time to live instead of the object's own.
    pub(crate) fn living(mut self, lifetime: Lifetime) -> Self {
        self.lifetime = lifetime;
        self
    }

    /// Under a name of your own, for calls that may be made again from another place or process:
    /// the same token never takes effect twice and gets the first outcome again.
    ///
    /// A refusal is an outcome too, and what the token answers from then on: for another try, take
    /// another token. What a token has taken is not given back because one of its callers went
    /// away, for another may hold it: a lease ends it.
    pub fn token(mut self, token: Token) -> Self {
        self.abandoned = None;
        self.reading.read = self.read_named.unwrap_or(self.reading.read);
        self.delivery = Delivery::Token(Box::new(token));
        self
    }

    /// Without a token: if the reply is lost, the call is not sent again and ends as *unknown*.
    /// Saves the engine the record.
    pub fn at_most_once(mut self) -> Self {
        self.delivery = Delivery::AtMostOnce;
        self
    }

    /// On condition that the lock is still held: the engine judges that in the same step, so a
    /// holder that is late, paused or cut off changes nothing.
    ///
    /// ```
    /// # use exactly::{Counter, Lock, Store};
    /// # #[tokio::main(flavor = "current_thread")] async fn main() -> Result<(), exactly::Fault> {
    /// # let store = Store::open("memory:").await?;
    /// let (till, sold) = (Lock::new(&store, "till"), Counter::new(&store, "sold"));
    /// let guard = till.acquire().await?.held().unwrap();
    /// assert_eq!(sold.increment().requiring(&guard).await?, 1);
    /// till.delete().await?; // Somebody breaks the lock.
    /// assert!(sold.increment().requiring(&guard).await.unwrap_err().is_lock_lost());
    /// # Ok(()) }
    /// ```
    ///
    /// # Faults
    /// [Lost](Fault::is_lock_lost) when it is not held any more: nothing was changed. On a server
    /// with several slots the lock and the object belong to one group.
    pub fn requiring(mut self, guard: &'a LockGuard) -> Self {
        self.guard = Some(guard);
        self
    }

    /// As one of several in a [batch](crate::Store::batch): if it refuses, the others are made all
    /// the same. By itself a call is not changed by it.
    pub fn optional(mut self) -> Self {
        self.optional = true;
        self
    }

    /// Carried to its end in the background when the caller goes away, and then this is done about
    /// the outcome.
    pub(crate) fn when_abandoned(mut self, then: Abandoned<O>) -> Self {
        self.abandoned = Some(then);
        self
    }

    /// Read in this way if the call gets a token.
    pub(crate) fn when_named(mut self, read: Read<'a, O, T>) -> Self {
        self.read_named = Some(read);
        self
    }

    /// What is read goes through this, if there is something.
    pub(crate) fn finished(mut self, finish: Option<&'a Finish<T>>) -> Self {
        self.reading.finish = finish;
        self
    }

    /// Carried to its end in the background when the caller goes away.
    pub(crate) fn carried_through(self) -> Self {
        self.when_abandoned(|_, _| {})
    }

    /// Names its operation as one of several that are read together.
    pub(crate) fn ask(self, reads: &mut Reads<'_>) {
        match self.operation {
            Ok(operation) => reads.add(self.object, operation),
            Err(fault) => reads.fail(fault),
        }
    }

    /// What its operation was answered, as its caller gets it.
    pub(crate) fn told(self, told: &mut Told) -> Result<T, Fault> {
        self.read(told.outcome::<O>()?)
    }

    /// As one step of a change of several, in this store.
    ///
    /// # Faults
    /// *Misuse* when it is of another store, or has a delivery or a requirement of its own: a
    /// change has one.
    pub(crate) fn step_in(&self, store: &Store) -> Result<Step, Fault> {
        let key = self.object.key()?;
        store.has(self.object)?;
        if self.delivery != Delivery::ExactlyOnce {
            return Err(Fault::bad_setting(
                key,
                "a call that is a part of one change has no token and no delivery of its own; \
                 nothing was changed: leave it out",
            ));
        }
        if self.guard.is_some() {
            return Err(Fault::bad_setting(
                key,
                "a call that is a part of one change cannot require a lock by itself; nothing was \
                 changed: leave the guard out",
            ));
        }
        let (key, op) = (key.clone(), self.operation.clone()?.into_op());
        Ok(Step { key, op, lifetime: self.lifetime, optional: self.optional })
    }

    /// Reads what the engine answered to it.
    pub(crate) fn read(&self, outcome: O::Outcome) -> Result<T, Fault> {
        self.reading.of(self.object, outcome)
    }

    /// What it is about.
    pub(crate) fn object(&self) -> &'a Object {
        self.object
    }

    /// What is told of it where the lock that it requires was not held.
    pub(crate) fn lock_lost(&self) -> Option<Fault> {
        self.guard.map(LockGuard::lock_lost)
    }

    /// The batch that it is, and how the answer is read.
    pub(crate) fn parts(mut self) -> (Result<Batch, Fault>, Reading<'a, O, T>) {
        let (reading, guard) = (self.reading.take(), self.guard);
        let batch = self.batch().and_then(|batch| match guard {
            Some(guard) => guard.require(batch),
            None => Ok(batch),
        });
        (batch, reading)
    }

    fn batch(self) -> Result<Batch, Fault> {
        let (key, op) = (self.object.key()?.clone(), self.operation?.into_op());
        let step = Step { key, op, lifetime: self.lifetime, optional: false };
        Ok(Batch { delivery: self.delivery, ..Batch::one(step) })
    }

    /// Goes along with an equal call that waits already, if there is one: then this waker is woken
    /// when there is something to be polled for. Looked at where it stands, because most calls of a
    /// crowd get no further.
    #[inline]
    fn join(&self, waker: &Waker) -> Option<Answer<'a, Reply>> {
        let (None, None, Ok(key), Ok(operation)) =
            (self.abandoned, self.guard, self.object.key(), self.operation.as_ref())
        else {
            return None;
        };
        let (op, lifetime, delivery) =
            (&operation.clone().into_op(), self.lifetime, &self.delivery);
        self.object.store().join(&Joining { key, op, lifetime, delivery }, waker)
    }

    /// Sends it.
    fn launch(self) -> Flight<'a, O, T> {
        if let Some(abandoned) = self.abandoned {
            return Flight::Owned(self.owned(), abandoned);
        }
        let (store, guard) = (self.object.store(), self.guard);
        let Some(guard) = guard else {
            return Flight::Borrowed(match self.batch() {
                Ok(batch) => store.send(batch),
                Err(fault) => Answer::ready(Err(fault)),
            });
        };
        let passage = Passage::of(guard);
        let batch = self.batch().and_then(|batch| passage.require(batch));
        let answer = match batch {
            Ok(batch) => store.send(batch),
            Err(fault) => Answer::ready(Err(fault)),
        };
        Flight::Required(answer, passage)
    }

    /// The call as a future that owns all it needs, answering what the engine answered.
    pub(crate) fn owned(self) -> Owned<O> {
        let (store, passage) = (self.object.store().clone(), self.guard.map(Passage::of));
        let batch = self.batch();
        Box::pin(async move {
            let Some(passage) = passage else { return store.apply(batch?).await?.only::<O>() };
            let reply = store.apply(passage.require(batch?)?).await;
            required::<O>(reply, &passage)
        })
    }
}

/// A flight that depends on nobody.
type Owned<O> = BoxFuture<'static, Result<<O as Operation>::Outcome, Fault>>;

/// The outcome of a call that required a lock.
fn required<O: Operation>(
    reply: Result<Reply, Fault>,
    passage: &Passage,
) -> Result<O::Outcome, Fault> {
    passage.arrived(&reply);
    match reply? {
        Reply::Refused(Refusal::Requirement(_)) => Err(passage.lost()),
        reply @ (Reply::Applied(_) | Reply::Refused(_)) => reply.only::<O>(),
    }
}

impl<'a, O: Operation, T> IntoFuture for Call<'a, O, T> {
    type Output = Result<T, Fault>;
    type IntoFuture = Calling<'a, O, T>;

    fn into_future(mut self) -> Calling<'a, O, T> {
        let (object, reading) = (self.object, self.reading.take());
        Calling { object, reading, flight: Flight::Waiting(self) }
    }
}

impl<O: Operation, T> fmt::Debug for Call<'_, O, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Call")
            .field("key", &self.object.key())
            .field("operation", &self.operation)
            .field("delivery", &self.delivery)
            .finish_non_exhaustive()
    }
}

/// A [`Call`] on its way.
#[must_use = "a call does nothing until it is awaited"]
pub struct Calling<'a, O: Operation, T> {
    object: &'a Object,
    reading: Reading<'a, O, T>,
    flight: Flight<'a, O, T>,
}

enum Flight<'a, O: Operation, T> {
    /// Not sent yet.
    Waiting(Call<'a, O, T>),
    /// Ends where its caller drops it.
    Borrowed(Answer<'a, Reply>),
    /// As well, and requires a lock.
    Required(Answer<'a, Reply>, Passage),
    /// Goes on without its caller.
    Owned(Owned<O>, Abandoned<O>),
    Landed,
}

// Nothing in it is pinned in place: the answer is not, and the owned flight has its own box.
impl<O: Operation, T> Unpin for Calling<'_, O, T> {}

impl<O: Operation, T> Future for Calling<'_, O, T> {
    type Output = Result<T, Fault>;

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Self::Output> {
        ready!(let_others(cx));
        let this = &mut *self;
        if let Flight::Waiting(call) = &this.flight {
            if let Some(joined) = call.join(cx.waker()) {
                this.flight = Flight::Borrowed(joined);
                return Poll::Pending;
            }
            if let Flight::Waiting(call) = std::mem::replace(&mut this.flight, Flight::Landed) {
                this.flight = call.launch();
            }
        }
        let outcome = match &mut this.flight {
            Flight::Borrowed(answer) => ready!(answer.poll_only::<O>(cx)),
            Flight::Required(answer, passage) => {
                required::<O>(ready!(Pin::new(answer).poll(cx)), passage)
            }
            Flight::Owned(flight, _) => ready!(flight.as_mut().poll(cx)),
            Flight::Waiting(_) | Flight::Landed => {
                panic!("a call was polled after it had answered")
            }
        };
        this.flight = Flight::Landed;
        Poll::Ready(outcome.and_then(|outcome| this.reading.of(this.object, outcome)))
    }
}

/// Lets other tasks have their turn now and then, also where an engine always answers at once. The
/// runtime lets a task go on for 128 such steps; a call is a small one, and counts as a sixteenth.
fn let_others(cx: &mut Context<'_>) -> Poll<()> {
    thread_local!(static CALLS: Cell<u8> = const { Cell::new(0) });
    let calls = CALLS.get().wrapping_add(1);
    CALLS.set(calls);
    if !calls.is_multiple_of(16) {
        return Poll::Ready(());
    }
    poll_proceed(cx).map(|turn| turn.made_progress())
}

impl<O: Operation, T> Drop for Calling<'_, O, T> {
    fn drop(&mut self) {
        if !matches!(self.flight, Flight::Owned(..)) {
            return;
        }
        let flight = std::mem::replace(&mut self.flight, Flight::Landed);
        let Flight::Owned(flight, abandoned) = flight else { return };
        let object = self.object.clone();
        self.object.store().background().run(Box::pin(async move {
            match flight.await {
                Ok(outcome) => abandoned(object, outcome),
                Err(fault) => warn!(target: "exactly", "a call whose caller went away: {fault}"),
            }
        }));
    }
}

impl<O: Operation, T> fmt::Debug for Calling<'_, O, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Calling").field("key", &self.object.key()).finish_non_exhaustive()
    }
}
